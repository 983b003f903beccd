/**
 * Which discipline is in force? Where nobody says, several are tried: at past moments the recorded queue is played forward under each, on what jobs
 * really took and who really came, so that all that is wrong about the starts is the discipline’s fault. The one that is nearest in the median is taken.
 */
import type { Discipline, DisciplineScore } from '../../model/index.js'
import { quantile } from '../../num/index.js'
import type { History } from './history.js'
import { cameAfter, type PastMoment } from './moments.js'
import { Player, policyNamed } from './play.js'
import { runSecondsOf } from './stream.js'

export const CANDIDATES = [
  'fcfs',
  'easy-backfill',
  'conservative-backfill',
  'fair-share',
] as const satisfies readonly Discipline[]

/** Promises that conservative backfill makes while it is tried, and comers that are played at most: bounds of the cost. */
const PROMISES = 64
const COMERS = 2000
/** Fewer waits than this choose nothing. */
const WAITS_AT_LEAST = 20

export interface DisciplineInferred {
  /** Nearest first. */
  readonly tried: readonly DisciplineScore[]
  readonly jobs: number
}

/** Undefined where the history has too few waits to tell. */
export function inferDiscipline(
  history: History,
  moments: readonly PastMoment[],
  longestSeconds: number,
  progress?: (share: number) => void,
): DisciplineInferred | undefined {
  const errors = CANDIDATES.map((): number[] => [])
  moments.forEach((moment, m) => {
    const { queue, rows, waits } = moment
    const runs = rows.map((row, i) => {
      const run = runSecondsOf(history, row)
      const ran = i < queue.running.length ? queue.running[i]!.ranSeconds! : 0
      return run >= 0 ? Math.max(run, ran + 1e-3) : Math.max(history.limitSeconds[row]! || 0, 2 * ran, 1)
    })
    CANDIDATES.forEach((discipline, d) => {
      const policy = { ...policyNamed(discipline), backfill: { promisesAtMost: PROMISES } }
      const player = new Player(queue, policy, {
        longestSeconds,
        queueLabels: history.labels.queue,
        users: history.labels.user.length,
      })
      const sizes = Float64Array.from(runs)
      const later = cameAfter(history, moment, 2 * player.backlogSeconds(sizes), COMERS)
      const { start } = player.play(sizes, later)
      waits.forEach((wait, i) => {
        const played = start[queue.running.length + i]!
        // of a wait that has not ended only so much is known: that it is no shorter
        const open = moment.atSeconds + wait >= moment.untilSeconds
        if (open && played >= wait) return
        errors[d]!.push(Math.abs(Math.log1p(played / LEAST_SECONDS) - Math.log1p(wait / LEAST_SECONDS)))
      })
    })
    progress?.((m + 1) / moments.length)
  })
  const jobs = errors[0]!.length
  if (jobs < WAITS_AT_LEAST) return undefined
  const tried = CANDIDATES.map((discipline, d): DisciplineScore => {
    const sorted = Float64Array.from(errors[d]!).sort()
    return {
      discipline,
      medianFactor: Math.exp(quantile(sorted, 0.5)),
      within2: sorted.filter((error) => error <= Math.LN2).length / jobs,
    }
  })
  return { tried: tried.sort((a, b) => a.medianFactor - b.medianFactor), jobs }
}

/** Waits below a minute are alike: factors are of the wait and a minute. */
export const LEAST_SECONDS = 60
