/**
 * A history gone through in the order of time: every end is told before whatever happens at or after that instant. What is learned so at a moment was
 * known then.
 */
import type { History } from './history.js'
import type { JobTraits } from './similar.js'

export function traitsOf(history: History, row: number): JobTraits {
  return {
    user: history.user[row]!,
    name: history.name[row]!,
    queue: history.queue[row]!,
    slots: history.slots[row]!,
    limitSeconds: history.limitSeconds[row]!,
  }
}

export function runSecondsOf(history: History, row: number): number {
  return history.endSeconds[row]! - history.startSeconds[row]!
}

/** Rows whose jobs ended (after they had started), in the order of their ends. */
export function endsInOrder({ count, startSeconds, endSeconds }: History): Int32Array {
  const rows: number[] = []
  for (let i = 0; i < count; i++) if (endSeconds[i]! >= startSeconds[i]!) rows.push(i)
  return Int32Array.from(rows).sort((a, b) => endSeconds[a]! - endSeconds[b]! || a - b)
}

/** The earlier share of the history is learned from, the rest judged on; but what a cluster did longer ago than this says little of its policy now. */
const LEARNED_SHARE = 0.6
const LOOK_BACK_SECONDS = 45 * 86_400

/** When learning how long jobs run ends, and judging begins: that itself, and what forecasts lead to at past moments. The history has a job. */
export function learnedUntil({ count, submitSeconds }: History): number {
  return Math.max(submitSeconds[Math.floor(count * LEARNED_SHARE)]!, submitSeconds[count - 1]! - LOOK_BACK_SECONDS)
}

/** Ends before the first moment that are gone through: what ended before these says little that the later ones do not. */
export const REMEMBERED = 60_000

/** Calls `at` for each moment (ascending) once `ended` was called for every job that ended before it, the last of them before the first moment. */
export function throughTime(
  history: History,
  moments: ArrayLike<number>,
  ended: (row: number) => void,
  at: (moment: number, nth: number) => void,
): void {
  const ends = endsInOrder(history)
  const first = ends.findIndex((row) => history.endSeconds[row]! >= moments[0]!)
  let next = Math.max(0, (first < 0 ? ends.length : first) - REMEMBERED)
  for (let m = 0; m < moments.length; m++) {
    while (next < ends.length && history.endSeconds[ends[next]!]! < moments[m]!) ended(ends[next++]!)
    at(moments[m]!, m)
  }
}
