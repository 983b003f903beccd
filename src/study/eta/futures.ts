/**
 * Many futures of a queue: run times and arrivals are drawn, the queue is played forward on each, and what came out is kept by job.
 *
 * A run time is drawn by inversion of its law at Φ(√ρ · z(user) + √(1 − ρ) · z(job)): jobs of one user share their luck as much as they did in the history.
 * Luck belongs to a job’s id and not to its place, so that two ways to run the same queue can be compared future by future.
 */
import type { EtaRange } from '../../model/index.js'
import { normalCdf, quantile, Rng } from '../../num/index.js'
import type { History } from './history.js'
import { drawLater, type Later, NOBODY } from './later.js'
import { quantileBeyond, type RunTimeLaw } from './law.js'
import type { Plays } from './play.js'
import type { Queue, QueueJob } from './queue.js'

export interface FuturesAsked {
  /** Every job that may be in the queue, by id, in an order that does not depend on what is changed. */
  readonly ids: readonly string[]
  readonly laws: ReadonlyMap<string, RunTimeLaw>
  /** Does the scheduler end jobs at their limits? */
  readonly limitsHold: boolean
  readonly together: number
  /** Whose arrivals are copied; absent: nobody comes. */
  readonly arrivals?: History
  readonly futures: number
  readonly seed: number
}

/** What becomes of the jobs: by job (those that run, then those that wait) and future. Seconds from now. */
export interface Futures {
  readonly starts: readonly Float64Array[]
  readonly ends: readonly Float64Array[]
  readonly events: number
}

/** Arrivals are drawn for this many times as long as the backlog takes. */
const AHEAD = 1.5

/** Plays the same futures on each of several ways to run a queue. */
export function playFutures(
  asked: FuturesAsked,
  ways: readonly { readonly queue: Queue; readonly player: Plays }[],
  progress?: (share: number) => void,
): Futures[] {
  const users = new Map<string, string>()
  for (const { queue } of ways) for (const job of jobsOf(queue)) users.set(job.seen.id, job.seen.user ?? '')
  const out = ways.map(({ queue }) => {
    const columns = (): Float64Array[] => jobsOf(queue).map(() => new Float64Array(asked.futures))
    return { starts: columns(), ends: columns(), events: 0 }
  })
  for (let k = 0; k < asked.futures; k++) {
    const rng = new Rng(asked.seed, `future ${k}`)
    const luck = luckOf(asked, users, rng)
    const runs = ways.map(({ queue }) => Float64Array.from(jobsOf(queue), (job) => runOf(asked, job, luck.get(job.seen.id)!)))
    const later = comers(asked, ways, runs, rng.stream('arrivals'))
    ways.forEach(({ player }, w) => {
      const future = player.play(runs[w]!, later)
      const into = out[w]!
      into.events += future.events
      for (let i = 0; i < into.starts.length; i++) {
        into.starts[i]![k] = future.start[i]!
        into.ends[i]![k] = future.end[i]!
      }
    })
    progress?.((k + 1) / asked.futures)
  }
  return out
}

export function jobsOf({ running, waiting }: Queue): readonly QueueJob[] {
  return [...running, ...waiting]
}

function luckOf({ ids, together }: FuturesAsked, users: ReadonlyMap<string, string>, rng: Rng): Map<string, number> {
  const [own, shared] = [rng.stream('jobs'), rng.stream('users')]
  const ofUser = new Map<string, number>()
  const [a, b] = [Math.sqrt(together), Math.sqrt(1 - together)]
  return new Map(
    ids.map((id) => {
      const user = users.get(id) ?? ''
      if (!ofUser.has(user)) ofUser.set(user, shared.normal())
      return [id, normalCdf(a * ofUser.get(user)! + b * own.normal())]
    }),
  )
}

function runOf({ laws, limitsHold }: FuturesAsked, { seen, ranSeconds = 0 }: QueueJob, level: number): number {
  const limit = limitsHold && seen.limitSeconds !== undefined ? seen.limitSeconds : Number.POSITIVE_INFINITY
  // at least a moment more: a job that runs has not ended
  return Math.max(quantileBeyond(laws.get(seen.id)!, level, ranSeconds, limit), ranSeconds + 1e-3)
}

function comers(
  asked: FuturesAsked,
  ways: readonly { queue: Queue; player: Plays }[],
  runs: readonly Float64Array[],
  rng: Rng,
): Later {
  if (asked.arrivals === undefined) return NOBODY
  const ahead = AHEAD * Math.max(...ways.map(({ player }, w) => player.backlogSeconds(runs[w]!)), 600)
  const slots = Math.max(...ways.map(({ queue }) => queue.slots))
  return drawLater(asked.arrivals, ways[0]!.queue.atSeconds, ahead, slots, rng)
}

/** Levels of a range, in its order. */
export const RANGE_LEVELS = [0.05, 0.25, 0.5, 0.75, 0.95] as const

/** The range of drawn values; undefined where any of them never comes. */
export function rangeOf(values: Float64Array): EtaRange | undefined {
  const sorted = values.slice().sort()
  if (!Number.isFinite(sorted[sorted.length - 1]!)) return undefined
  return rangeFrom(RANGE_LEVELS.map((level) => quantile(sorted, level)))
}

/** A range from its values in the order of the levels. */
export function rangeFrom(values: readonly number[]): EtaRange {
  const [p5, p25, p50, p75, p95] = values as [number, number, number, number, number]
  return { p5, p25, p50, p75, p95 }
}
