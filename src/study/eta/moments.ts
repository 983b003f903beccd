/**
 * Moments of the past, with the queue as it was recorded then: to ask about them as one would have, and see what came.
 */
import { isRefusal } from '../../model/index.js'
import { asKnownAt, type History, recordedAt } from './history.js'
import { type Later, lowerBound } from './later.js'
import { type Queue, queueOf } from './queue.js'
import { learnedUntil } from './stream.js'

export interface PastMoment {
  readonly atSeconds: number
  readonly queue: Queue
  /** What was known of the history then. */
  readonly known: () => History
  /** Rows of the history: of those that ran, then of those that waited, in the order of the queue. */
  readonly rows: readonly number[]
  /** By waiting job: seconds from then to its start; `untilSeconds − atSeconds` at least where it had not started by then. */
  readonly waits: Float64Array
  /** When looking ended: a wait that long has not ended. */
  readonly untilSeconds: number
}

/** Moments that are looked at for each one wanted: some have nobody waiting. */
const TRIES = 3

/**
 * At most `count` moments before `untilSeconds` at which somebody waited, evenly spread over what was recorded after the share that run times are learned
 * from. `slots`: of the cluster.
 */
export function pastMoments(history: History, untilSeconds: number, slots: number, count: number): PastMoment[] {
  if (history.count < 2) return []
  const from = learnedUntil(history)
  const step = (untilSeconds - from) / (count * TRIES)
  const all = Array.from({ length: count * TRIES }, (_, k) => from + k * step).flatMap(
    (at) => momentAt(history, at, untilSeconds, slots) ?? [],
  )
  const every = Math.max(1, all.length / count)
  return Array.from({ length: Math.min(count, all.length) }, (_, k) => all[Math.floor(k * every)]!)
}

/** The moment `atSeconds` as recorded; undefined where nobody waited. */
export function momentAt(history: History, atSeconds: number, untilSeconds: number, slots: number): PastMoment | undefined {
  const { observation, rows } = recordedAt(history, atSeconds, slots)
  const queue = queueOf(observation, history)
  if (isRefusal(queue) || queue.waiting.length === 0) return undefined
  const rowOf = new Map(observation.jobs.map((job, i) => [job, rows[i]!]))
  return {
    atSeconds,
    untilSeconds,
    queue,
    known: () => asKnownAt(history, atSeconds),
    rows: [...queue.running, ...queue.waiting].map(({ seen }) => rowOf.get(seen)!),
    waits: Float64Array.from(queue.waiting, ({ seen }) => {
      const start = history.startSeconds[rowOf.get(seen)!]!
      return (Number.isNaN(start) ? untilSeconds : Math.min(start, untilSeconds)) - atSeconds
    }),
  }
}

/** Who really came after a moment, within `seconds`, and how long they really ran; at most `most` of them. */
export function cameAfter(history: History, { atSeconds, queue }: PastMoment, seconds: number, most: number): Later {
  const begin = lowerBound(history.submitSeconds, history.count, atSeconds)
  const rows: number[] = []
  for (let row = begin; row < history.count && rows.length < most && history.submitSeconds[row]! < atSeconds + seconds; row++) {
    const run = history.endSeconds[row]! - history.startSeconds[row]!
    if (run >= 0 && history.slots[row]! <= queue.slots) rows.push(row)
  }
  return {
    count: rows.length,
    arrival: Float64Array.from(rows, (row) => Math.max(Number.MIN_VALUE, history.submitSeconds[row]! - atSeconds)),
    runSeconds: Float64Array.from(rows, (row) => history.endSeconds[row]! - history.startSeconds[row]!),
    slots: Int32Array.from(rows, (row) => history.slots[row]!),
    limitSeconds: Float64Array.from(rows, (row) => history.limitSeconds[row]!),
    user: Int32Array.from(rows, (row) => history.user[row]!),
    queue: Int32Array.from(rows, (row) => history.queue[row]!),
  }
}
