/**
 * The clock of an embedded cluster: seconds since 1970 as the machine said when the cluster was first started since boot, and from then on by a clock
 * that nobody can set. So no job has a negative age when the machine’s clock jumps, and a daemon that was started again goes on in the same time.
 */
import { readFileSync } from 'node:fs'
import type { Clock } from '../../model/index.js'
import { systemClock } from '../clock.js'

/** Ties the machine’s two clocks together, for one boot of it. */
export interface Anchor {
  readonly boot: string
  readonly epochSeconds: number
  readonly monotonicSeconds: number
}

/** The time goes on from `notBefore` at the earliest, should the machine’s clock have been set back since. */
export function anchorHere(notBefore: number): Anchor {
  return { boot: bootId(), epochSeconds: Math.max(notBefore, Date.now() / 1000), monotonicSeconds: monotonic() }
}

/** Changes with every start of the machine; empty where the machine does not say. */
export function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch {
    return ''
  }
}

export function anchoredClock({ epochSeconds, monotonicSeconds }: Anchor): Clock {
  return { now: () => epochSeconds + (monotonic() - monotonicSeconds), monotonic, sleep: systemClock.sleep }
}

/** Seconds since the machine was started, the same for all its processes. */
export function monotonic(): number {
  return Number(process.hrtime.bigint()) / 1e9
}
