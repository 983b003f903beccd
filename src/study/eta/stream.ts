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

/** Calls `at` for each moment (ascending) once `ended` was called for every job that ended before it. */
export function throughTime(
  history: History,
  moments: ArrayLike<number>,
  ended: (row: number) => void,
  at: (moment: number, nth: number) => void,
): void {
  const ends = endsInOrder(history)
  let next = 0
  for (let m = 0; m < moments.length; m++) {
    while (next < ends.length && history.endSeconds[ends[next]!]! < moments[m]!) ended(ends[next++]!)
    at(moments[m]!, m)
  }
}
