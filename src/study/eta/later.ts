/**
 * Who will come: the arrivals of an earlier stretch of the history at the same hour of the day, copied as they were, so that batches, quiet nights and the
 * sizes of jobs stay as this cluster’s users make them. Which day, is drawn.
 */
import type { Rng } from '../../num/index.js'
import type { History } from './history.js'

/** Jobs that come later, in the order of their arrival. Seconds from now. */
export interface Later {
  readonly count: number
  readonly arrival: Float64Array
  readonly runSeconds: Float64Array
  readonly slots: Int32Array
  readonly limitSeconds: Float64Array
  /** Codes of the history; −1 unknown. */
  readonly user: Int32Array
  readonly queue: Int32Array
}

export const NOBODY: Later = {
  count: 0,
  arrival: new Float64Array(0),
  runSeconds: new Float64Array(0),
  slots: new Int32Array(0),
  limitSeconds: new Float64Array(0),
  user: new Int32Array(0),
  queue: new Int32Array(0),
}

const DAY = 86_400
/** Days back that a copy may come from. */
const DAYS = 28

/** The arrivals of the coming `seconds`, drawn; nobody where the history does not go back so far. Jobs larger than `slots` are left out. */
export function drawLater(history: History, atSeconds: number, seconds: number, slots: number, rng: Rng): Later {
  const first = history.count === 0 ? atSeconds : history.submitSeconds[0]!
  const least = Math.max(1, Math.ceil(seconds / DAY))
  const most = Math.min(DAYS, Math.floor((atSeconds - first) / DAY))
  if (most < least) return stretch(history, atSeconds, first, seconds, slots, rng)
  return copied(history, atSeconds - DAY * (least + rng.below(most - least + 1)), seconds, slots, atSeconds)
}

/** Of a history shorter than a day: any stretch of it. */
function stretch(history: History, atSeconds: number, first: number, seconds: number, slots: number, rng: Rng): Later {
  const room = atSeconds - first - seconds
  return room < 0 ? NOBODY : copied(history, first + rng.uniform() * room, seconds, slots, atSeconds)
}

function copied(history: History, from: number, seconds: number, slots: number, atSeconds: number): Later {
  const { submitSeconds, startSeconds, endSeconds, limitSeconds } = history
  const begin = lowerBound(submitSeconds, history.count, from)
  const most = lowerBound(submitSeconds, history.count, from + seconds) - begin
  const [arrival, runSeconds, limits] = [new Float64Array(most), new Float64Array(most), new Float64Array(most)]
  const [width, user, queue] = [new Int32Array(most), new Int32Array(most), new Int32Array(most)]
  let count = 0
  for (let row = begin; row < begin + most; row++) {
    if (history.slots[row]! > slots) continue
    arrival[count] = Math.max(Number.MIN_VALUE, submitSeconds[row]! - from)
    const known = endSeconds[row]! - startSeconds[row]!
    runSeconds[count] = known >= 0 ? known : unendedRun(startSeconds[row]!, limitSeconds[row]!, atSeconds)
    limits[count] = limitSeconds[row]!
    width[count] = history.slots[row]!
    user[count] = history.user[row]!
    queue[count] = history.queue[row]!
    count++
  }
  return { count, arrival, runSeconds, slots: width, limitSeconds: limits, user, queue }
}

/** Of a job of then that has not ended by now: it has run so long at least. */
function unendedRun(startSeconds: number, limitSeconds: number, atSeconds: number): number {
  const soFar = startSeconds < atSeconds ? atSeconds - startSeconds : 0
  return Math.max(soFar, limitSeconds > 0 ? limitSeconds : 2 * soFar, 1)
}

/** The first of `count` ascending values that is at least `value`. */
export function lowerBound(values: Float64Array, count: number, value: number): number {
  let low = 0
  let high = count
  while (low < high) {
    const middle = (low + high) >>> 1
    if (values[middle]! < value) low = middle + 1
    else high = middle
  }
  return low
}
