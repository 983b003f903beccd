import { setTimeout as sleep } from 'node:timers/promises'
import type { Clock } from '../../../src/model/index.js'

/** The clock of the machine. */
export const realClock: Clock = {
  now: () => Date.now() / 1000,
  monotonic: () => performance.now() / 1000,
  async sleep(seconds) {
    if (seconds > 0) await sleep(seconds * 1000)
  },
}
