/**
 * What a history says of a queue: how long jobs run, which discipline is in force, how far forecasts of this kind were off. Learned once, then asked for
 * the queue of now.
 */
import {
  type Caveat,
  caveat,
  type Discipline,
  type DisciplineScore,
  type Policy,
  type Refusal,
  refuse,
} from '../../model/index.js'
import { quantile, Rng } from '../../num/index.js'
import { type Correction, type CorrectionScore, learnCorrection, type PastWait, type Widths } from './correct.js'
import { inferDiscipline } from './discipline.js'
import { featuresOfQueue } from './features.js'
import { type Futures, jobsOf, playFutures, RANGE_LEVELS } from './futures.js'
import type { History } from './history.js'
import type { RunTimeLaw } from './law.js'
import { type PastMoment, pastMoments } from './moments.js'
import { Player, type Plays, policyNamed } from './play.js'
import type { Queue } from './queue.js'
import { learnRunTimes, type RunTimesLearned } from './run-times.js'
import { type SeenJobs, SimilarJobs } from './similar.js'
import { runSecondsOf, throughTime, traitsOf } from './stream.js'

export interface LearnOptions {
  /** Where it is known: told, or seen. */
  readonly discipline?: { readonly name: Discipline; readonly from: 'given' | 'observed' }
  /** Copy later arrivals from the history; true unless said. */
  readonly arrivals?: boolean
  /** Learn a correction from past moments; true unless said. */
  readonly correct?: boolean
  readonly seed: number
  readonly progress?: ((share: number) => void) | undefined
}

/** What was learned, ready to be asked about the queue at `atSeconds`. */
export interface QueueModel {
  readonly history: History
  readonly atSeconds: number
  readonly runTimes: RunTimesLearned
  /** All that had ended by now. */
  readonly seen: SeenJobs
  readonly discipline: {
    readonly name: Discipline
    readonly from: 'given' | 'observed' | 'inferred' | 'assumed'
    readonly tried?: readonly DisciplineScore[]
    readonly jobs?: number
  }
  readonly arrivals: 'history' | 'none' | 'no-matter'
  readonly limitsHold: boolean
  readonly longestSeconds: number
  readonly correction: Correction
  readonly corrected: {
    readonly moments: number
    readonly waits: number
    readonly scores: readonly CorrectionScore[]
    readonly widths: Widths
  }
  readonly seed: number
  readonly caveats: readonly Caveat[]
}

/** Moments of the past that the queue is asked about, waits taken of each, and futures played there: what learning costs. */
const MOMENTS = 40
const WAITS_OF_A_MOMENT = 60
const FUTURES = 15
/** Moments that disciplines are tried at. */
const TRIED_AT = 12
/** What most batch schedulers do, taken where nobody says and too little is recorded to tell. */
const ASSUMED: Discipline = 'easy-backfill'
/** A discipline that misses recorded starts by more than this factor is not all that is in force. */
const NEAR = 1.5

/** Learns from a history as known at `atSeconds`, of a cluster of so many slots. Refuses where no job of it has ended. */
export function learnQueue(history: History, atSeconds: number, slots: number, options: LearnOptions): QueueModel | Refusal {
  const { seed, progress } = options
  const rng = new Rng(seed, 'eta')
  const facts = factsOf(history)
  if (facts.ended === 0)
    return refuse(
      'no-data',
      'no job that ended is known: how long jobs run can be foreseen only from jobs that ran (--history: sacct, SWF or another trace)',
    )
  const runTimes = learnRunTimes(history, rng, (share) => progress?.(0.1 * share))
  const correct = options.correct ?? true
  const wanted = correct ? MOMENTS : options.discipline ? 0 : TRIED_AT
  const moments = wanted === 0 ? [] : pastMoments(history, atSeconds, slots, wanted)
  const discipline = disciplineOf(options, history, moments, facts.longestSeconds, (share) => progress?.(0.1 + 0.2 * share))
  const arrivals: QueueModel['arrivals'] =
    discipline.name === 'fcfs' ? 'no-matter' : options.arrivals === false ? 'none' : 'history'
  const { limitsHold, longestSeconds } = facts
  const seen = new SimilarJobs()
  const model = { history, atSeconds, runTimes, seen, discipline, arrivals, limitsHold, longestSeconds, seed }
  const waits: PastWait[] = []
  const asked = correct ? moments : []
  throughTime(
    history,
    [...asked.map((moment) => moment.atSeconds), atSeconds],
    (row) => seen.add(traitsOf(history, row), runSecondsOf(history, row)),
    (_, nth) => {
      if (nth < asked.length && seen.count > 0) waits.push(...foreseen(model, asked[nth]!))
      progress?.(0.3 + (0.65 * (nth + 1)) / (asked.length + 1))
    },
  )
  const { correction, scores, widths } = learnCorrection(waits, rng)
  progress?.(1)
  const corrected = { moments: asked.length, waits: waits.length, scores, widths }
  return { ...model, correction, corrected, caveats: caveatsOf(model, corrected, correct) }
}

function factsOf(history: History) {
  let [ended, longestSeconds, over, limited] = [0, 1, 0, 0]
  for (let row = 0; row < history.count; row++) {
    const limit = history.limitSeconds[row]!
    const run = runSecondsOf(history, row)
    if (limit > longestSeconds) longestSeconds = limit
    if (!(run >= 0)) continue
    ended++
    if (run > longestSeconds) longestSeconds = run
    if (!(limit > 0)) continue
    limited++
    // schedulers look at limits now and then: a minute or two over is no offence
    if (run > 1.02 * limit + 120) over++
  }
  return { ended, longestSeconds, limitsHold: limited > 0 && over <= 0.02 * limited }
}

function disciplineOf(
  { discipline }: LearnOptions,
  history: History,
  moments: readonly PastMoment[],
  longestSeconds: number,
  progress: (share: number) => void,
): QueueModel['discipline'] {
  if (discipline !== undefined) return discipline
  const every = Math.max(1, moments.length / TRIED_AT)
  const some = Array.from({ length: Math.min(TRIED_AT, moments.length) }, (_, k) => moments[Math.floor(k * every)]!)
  const inferred = inferDiscipline(history, some, longestSeconds, progress)
  return inferred === undefined
    ? { name: ASSUMED, from: 'assumed' }
    : { name: inferred.tried[0]!.discipline, from: 'inferred', tried: inferred.tried, jobs: inferred.jobs }
}

/** Laws of all jobs of a queue at its moment. */
export function lawsFor(model: Pick<QueueModel, 'runTimes' | 'seen'>, queue: Queue): Map<string, RunTimeLaw> {
  const jobs = jobsOf(queue)
  const laws = model.runTimes.method.laws(
    model.seen,
    jobs.map(({ traits }) => traits),
    queue.atSeconds,
  )
  return new Map(jobs.map(({ seen }, i) => [seen.id, laws[i]!]))
}

/** A way to run a queue by what was learned of it. */
export function playerFor(model: Pick<QueueModel, 'history' | 'longestSeconds'>, queue: Queue, policy: Policy): Plays {
  const { labels } = model.history
  return new Player(queue, policy, { longestSeconds: model.longestSeconds, queueLabels: labels.queue, users: labels.user.length })
}

/** Played quantiles of the times to start of the waiting jobs, at the levels of a range. */
export function playedStarts(queue: Queue, { starts }: Futures): number[][] {
  return queue.waiting.map((_, w) => {
    const sorted = starts[queue.running.length + w]!.slice().sort()
    return RANGE_LEVELS.map((level) => quantile(sorted, level))
  })
}

/** Features of the waiting jobs of a queue under futures that were played. */
export function featuresFor(
  history: History,
  queue: Queue,
  laws: ReadonlyMap<string, RunTimeLaw>,
  played: readonly (readonly number[])[],
): number[][] {
  return featuresOfQueue(
    queue,
    history,
    laws,
    played.map((quantiles) => [quantiles[0]!, quantiles[2]!, quantiles[4]!]),
  )
}

/** A past moment asked about as now is: what would have been foreseen, and what came. */
function foreseen(model: Omit<QueueModel, 'caveats' | 'correction' | 'corrected'>, moment: PastMoment): PastWait[] {
  const { queue, waits, atSeconds } = moment
  const known = moment.known()
  const laws = lawsFor(model, queue)
  const player = playerFor(model, queue, policyNamed(model.discipline.name))
  const [futures] = playFutures(
    {
      ids: jobsOf(queue).map(({ seen }) => seen.id),
      laws,
      limitsHold: model.limitsHold,
      together: model.runTimes.together,
      ...(model.arrivals === 'history' ? { arrivals: known } : {}),
      futures: FUTURES,
      seed: model.seed,
    },
    [{ queue, player }],
  )
  const played = playedStarts(queue, futures!)
  const features = featuresFor(known, queue, laws, played)
  const every = Math.max(1, waits.length / WAITS_OF_A_MOMENT)
  return Array.from({ length: Math.min(waits.length, WAITS_OF_A_MOMENT) }, (_, k) => {
    const i = Math.floor(k * every)
    return {
      moment: atSeconds,
      played: played[i]!,
      features: features[i]!,
      wait: waits[i]!,
      open: atSeconds + waits[i]! >= moment.untilSeconds,
    }
  })
}

function caveatsOf(
  { discipline, arrivals, history }: Pick<QueueModel, 'discipline' | 'arrivals' | 'history'>,
  { moments, scores }: QueueModel['corrected'],
  correct: boolean,
): Caveat[] {
  const out: Caveat[] = []
  const best = discipline.tried?.[0]
  if (discipline.from === 'assumed')
    out.push(
      caveat(
        'discipline-assumed',
        `nobody says which discipline is in force and too little is recorded to tell: ${discipline.name} is assumed (--discipline says it)`,
      ),
    )
  else if (best !== undefined && best.medianFactor > NEAR)
    out.push(
      caveat(
        'discipline-unclear',
        `${discipline.name} is the nearest of the disciplines that were tried, and given what jobs really took it still misses recorded starts by a factor of ${best.medianFactor.toFixed(1)} in the median: this scheduler has rules that are not known here`,
        { numbers: { medianFactor: best.medianFactor } },
      ),
    )
  if (arrivals === 'none')
    out.push(
      caveat(
        'no-arrivals',
        `nobody is taken to come later, though under ${discipline.name} those who come may go before those who wait`,
      ),
    )
  if (correct && scores.length === 0)
    out.push(
      caveat('not-checked', 'intervals are as played: the history has too few past waits to check them on', {
        numbers: { moments },
      }),
    )
  if (history.count < 100)
    out.push(caveat('short-history', `only ${history.count} jobs are known from before: run times are guessed from few`))
  return out
}
