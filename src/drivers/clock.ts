import { setTimeout as wait } from 'node:timers/promises'
import type { Clock } from '../model/index.js'

/** The clock of this machine: it may be set while it is used. */
export const systemClock: Clock = {
  now: () => Date.now() / 1000,
  monotonic: () => performance.now() / 1000,
  async sleep(seconds, signal) {
    if (!(seconds > 0) || signal?.aborted) return
    const own = new AbortController()
    const abort = (): void => own.abort()
    signal?.addEventListener('abort', abort)
    try {
      await wait(seconds * 1000, undefined, { signal: own.signal })
    } catch (error) {
      if (!own.signal.aborted) throw error
    } finally {
      signal?.removeEventListener('abort', abort)
    }
  },
}
