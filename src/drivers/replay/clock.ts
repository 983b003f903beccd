/**
 * A clock of virtual time: whoever sleeps makes time pass, at once. Of several that sleep, the one that is to wake first is woken first, and time
 * stands still until it has had its turn; so a controller and whoever submits jobs can both sleep on it.
 */
import type { Clock, StopSignal } from '../../model/index.js'

interface Sleeper {
  readonly wakesAt: number
  readonly wake: () => void
}

export class VirtualClock implements Clock {
  private time = 0
  private readonly sleepers: Sleeper[] = []
  private turning = false

  /** `pass` is called before the time becomes `to`: it makes happen what happens until then. */
  constructor(private readonly pass: (to: number) => void) {}

  now(): number {
    return this.time
  }

  monotonic(): number {
    return this.time
  }

  /** Sets the time of what is happening now; never back. */
  reach(time: number): void {
    this.time = Math.max(this.time, time)
  }

  sleep(seconds: number, signal?: StopSignal): Promise<void> {
    if (!(seconds > 0) || signal?.aborted) return Promise.resolve()
    return new Promise((resolve) => {
      const sleeper: Sleeper = {
        wakesAt: this.time + seconds,
        wake: () => {
          signal?.removeEventListener('abort', abort)
          resolve()
        },
      }
      const abort = (): void => {
        const at = this.sleepers.indexOf(sleeper)
        if (at >= 0) this.sleepers.splice(at, 1)
        sleeper.wake()
      }
      signal?.addEventListener('abort', abort)
      let at = this.sleepers.length
      while (at > 0 && this.sleepers[at - 1]!.wakesAt > sleeper.wakesAt) at--
      this.sleepers.splice(at, 0, sleeper)
      this.turn()
    })
  }

  /** Wakes the first sleeper, once everybody who is awake has had a turn. */
  private turn(): void {
    if (this.turning || this.sleepers.length === 0) return
    this.turning = true
    setImmediate(() => {
      this.turning = false
      const first = this.sleepers.shift()
      if (first === undefined) return
      this.pass(first.wakesAt)
      this.reach(first.wakesAt)
      first.wake()
      this.turn()
    })
  }
}
