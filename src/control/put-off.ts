/** Levers that failed: refused, or without an effect. They are not tried again for a while. */
import type { Clock, ClusterAction } from '../model/index.js'
import { leverOf } from './levers.js'

const RETRY_SECONDS = 60

export class PutOff {
  private readonly levers = new Map<string, { readonly until: number; readonly reason: string }>()

  constructor(private readonly clock: Clock) {}

  add(action: ClusterAction, reason: string): void {
    this.levers.set(leverOf(action), { until: this.clock.monotonic() + RETRY_SECONDS, reason })
  }

  /** Why the action is not tried again yet; undefined: it may be. */
  reasonFor(action: ClusterAction): string | undefined {
    if (this.levers.size === 0) return undefined
    const lever = leverOf(action)
    const one = this.levers.get(lever)
    if (one === undefined) return undefined
    if (one.until > this.clock.monotonic()) return `tried before: ${one.reason}`
    this.levers.delete(lever)
    return undefined
  }
}
