/**
 * How long will a job run? Four ways to say it from the history, each scored on its later part as if asked when the jobs were submitted, the best one
 * taken:
 *
 * similar   the runs of the most similar jobs (`similar.ts`)
 * forest    a quantile forest on what is known at submission and on what similar jobs did
 * last-two  mean of the user’s last two runs, a point (Tsafrir, Etsion and Feitelson 2007)
 * limit     the limit that was asked for, a point: what schedulers themselves plan with
 *
 * The score is the CRPS of the logarithm of the run time: a factor counts the same for short and long jobs, and an interval that is honest about its
 * width beats a point.
 */

import { type QuantileModel, quantileForest, type Table, tableOf } from '../../learn/index.js'
import { isRefusal, type RunTimeScore } from '../../model/index.js'
import { normalQuantile, quantile, type Rng } from '../../num/index.js'
import type { History } from './history.js'
import { certain, crpsOfLog, lawOf, quantileOfLaw, type RunTimeLaw, shareUpTo } from './law.js'
import { type JobTraits, type SeenJobs, SimilarJobs } from './similar.js'
import { learnedUntil, REMEMBERED, runSecondsOf, throughTime, traitsOf } from './stream.js'

export type RunTimeMethodName = 'similar' | 'forest' | 'last-two' | 'limit'

/** A way to forecast: the laws of jobs at a moment, from what had been seen by then. Nothing may be asked before the first job ended. */
export interface RunTimeMethod {
  readonly name: RunTimeMethodName
  laws(seen: SeenJobs, jobs: readonly JobTraits[], atSeconds: number): RunTimeLaw[]
}

export interface RunTimesLearned {
  readonly method: RunTimeMethod
  readonly scores: readonly RunTimeScore[]
  /** Jobs that the methods were tested on. */
  readonly tested: number
  /** Correlation of the luck (normal scores) of successive jobs of one user, 0 to 1. */
  readonly together: number
}

const similar: RunTimeMethod = {
  name: 'similar',
  laws: (seen, jobs) => eachKind(jobs, (kinds) => kinds.map((job) => seen.law(job)!)),
}

const lastTwo: RunTimeMethod = {
  name: 'last-two',
  laws: (seen, jobs) =>
    jobs.map((job) => {
      const mean = seen.lastTwo(job) ?? job.limitSeconds
      return certain(within(Number.isNaN(mean) ? seen.longest : mean, job))
    }),
}

const limit: RunTimeMethod = {
  name: 'limit',
  laws: (seen, jobs) => jobs.map((job) => certain(within(Number.isNaN(job.limitSeconds) ? seen.longest : job.limitSeconds, job))),
}

const within = (seconds: number, { limitSeconds }: JobTraits): number =>
  Math.max(1, limitSeconds > 0 ? Math.min(seconds, limitSeconds) : seconds)

const LEVELS = Array.from({ length: 25 }, (_, i) => (i + 0.5) / 25)
/** Rows that the forest learns from, and blocks of successive jobs that all are tested on. */
const ROWS = 3000
const BLOCKS = 40
const IN_A_BLOCK = 40
/** Fewer tested jobs than this choose nothing. */
const TESTED_AT_LEAST = 30

/** Learns from what has ended by now; `history` must not know more. */
export function learnRunTimes(history: History, rng: Rng, progress?: (share: number) => void): RunTimesLearned {
  const ended = Array.from({ length: history.count }, (_, i) => i).filter((row) => runSecondsOf(history, row) >= 0)
  const border = learnedUntil(history)
  const firstTest = ended.filter((row) => history.submitSeconds[row]! < border).length
  const tests = blocks(ended.slice(firstTest))
  if (tests.length < TESTED_AT_LEAST) return { method: similar, scores: [], tested: 0, together: 0 }
  const training = spread(ended.slice(Math.max(Math.floor(firstTest / 6), firstTest - REMEMBERED), firstTest), ROWS)
  // one walk through time gives the features of all rows, and the laws that need no fitting
  const rows = [...training, ...tests].sort((a, b) => history.submitSeconds[a]! - history.submitSeconds[b]! || a - b)
  const features = new Map<number, readonly number[]>()
  const simple = [similar, lastTwo, limit]
  const laws = new Map<number, RunTimeLaw[]>()
  const isTest = new Set(tests)
  const seen = new SimilarJobs()
  throughTime(
    history,
    Float64Array.from(rows, (row) => history.submitSeconds[row]!),
    (row) => seen.add(traitsOf(history, row), runSecondsOf(history, row)),
    (moment, nth) => {
      const row = rows[nth]!
      if (seen.count === 0) return
      const job = traitsOf(history, row)
      features.set(row, featuresOf(seen, job, moment))
      if (isTest.has(row))
        laws.set(
          row,
          simple.flatMap((method) => method.laws(seen, [job], moment)),
        )
      progress?.((0.6 * nth) / rows.length)
    },
  )
  const judged = tests.filter((row) => laws.has(row))
  if (judged.length < TESTED_AT_LEAST) return { method: similar, scores: [], tested: 0, together: 0 }
  const actual = judged.map((row) => runSecondsOf(history, row))
  const model = fitForest(
    history,
    training.filter((row) => features.has(row)),
    features,
    rng,
  )
  const candidates: { method: RunTimeMethod; laws: RunTimeLaw[] }[] = simple.map((method, m) => ({
    method,
    laws: judged.map((row) => laws.get(row)![m]!),
  }))
  if (model !== undefined) {
    const answers = lawsOfForest(
      model,
      judged.map((row) => features.get(row)!),
      judged.map((row) => traitsOf(history, row)),
    )
    candidates.splice(1, 0, { method: forestMethod(model), laws: answers })
  }
  progress?.(1)
  const scored = candidates.map((one) => ({ ...one, score: scoreOf(one.method.name, one.laws, actual) }))
  // a point cannot be drawn from: futures of it would all be the same
  const able = scored.filter(({ method }) => method.name === 'similar' || method.name === 'forest')
  const best = able.reduce((a, b) => (b.score.crps < a.score.crps ? b : a))
  return {
    method: best.method,
    scores: scored.map(({ score }) => score),
    tested: judged.length,
    together: alikeness(history, judged, best.laws, actual),
  }
}

/** Answers for jobs, asked once for all that are of one kind: batches of a hundred are. */
function eachKind(jobs: readonly JobTraits[], answer: (kinds: readonly JobTraits[]) => readonly RunTimeLaw[]): RunTimeLaw[] {
  const place = new Map<string, number>()
  const kinds: JobTraits[] = []
  const of = jobs.map((job) => {
    const key = `${job.user} ${job.name} ${job.queue} ${job.slots} ${job.limitSeconds}`
    if (!place.has(key)) place.set(key, kinds.push(job) - 1)
    return place.get(key)!
  })
  const laws = kinds.length === 0 ? [] : answer(kinds)
  return of.map((kind) => laws[kind]!)
}

/** At most `most` rows, evenly spread. */
function spread(rows: readonly number[], most: number): number[] {
  const step = Math.max(1, rows.length / most)
  return Array.from({ length: Math.min(rows.length, most) }, (_, i) => rows[Math.floor(i * step)]!)
}

/** Blocks of successive rows, evenly spread: batches of one user stay together, which the alikeness of their jobs is read from. */
function blocks(rows: readonly number[]): number[] {
  if (rows.length <= BLOCKS * IN_A_BLOCK) return [...rows]
  return Array.from({ length: BLOCKS }, (_, b) => Math.floor((b * (rows.length - IN_A_BLOCK)) / (BLOCKS - 1))).flatMap((from) =>
    rows.slice(from, from + IN_A_BLOCK),
  )
}

const FEATURES = ['slots', 'limit', 'hour', 'last alike', 'seen alike', 'last two', 'low', 'middle', 'high']
const UNKNOWN = -1

function featuresOf(seen: SeenJobs, job: JobTraits, atSeconds: number): number[] {
  const alike = seen.lastAlike(job)
  const law = seen.law(job)
  const log = (x: number | undefined): number => (x === undefined || Number.isNaN(x) ? UNKNOWN : Math.log1p(x))
  return [
    Math.log2(job.slots),
    log(job.limitSeconds),
    (atSeconds / 3600) % 24,
    log(alike?.seconds),
    alike?.seen ?? 0,
    log(seen.lastTwo(job)),
    ...[0.25, 0.5, 0.75].map((level) => log(law && quantileOfLaw(law, level))),
  ]
}

function tableFrom(rows: readonly (readonly number[])[]): Table {
  return tableOf(Object.fromEntries(FEATURES.map((name, c) => [name, rows.map((row) => row[c]!)])))
}

function fitForest(
  history: History,
  training: readonly number[],
  features: ReadonlyMap<number, readonly number[]>,
  rng: Rng,
): QuantileModel | undefined {
  if (training.length < 200) return undefined
  const model = quantileForest({ trees: 40, rowsPerLeaf: 10, levels: LEVELS }).fit(
    {
      features: tableFrom(training.map((row) => features.get(row)!)),
      target: Float64Array.from(training, (row) => Math.log1p(runSecondsOf(history, row))),
    },
    { rng: rng.stream('run times') },
  )
  return isRefusal(model) ? undefined : model
}

function lawsOfForest(model: QuantileModel, rows: readonly (readonly number[])[], jobs: readonly JobTraits[]): RunTimeLaw[] {
  const logs = model.quantiles(tableFrom(rows))
  return jobs.map((job, i) => lawOf(LEVELS.map((_, k) => within(Math.expm1(logs[i * LEVELS.length + k]!), job))))
}

function forestMethod(model: QuantileModel): RunTimeMethod {
  return {
    name: 'forest',
    laws: (seen, jobs, atSeconds) =>
      eachKind(jobs, (kinds) =>
        lawsOfForest(
          model,
          kinds.map((job) => featuresOf(seen, job, atSeconds)),
          kinds,
        ),
      ),
  }
}

function scoreOf(name: string, laws: readonly RunTimeLaw[], actual: readonly number[]): RunTimeScore {
  let [crps, half, most] = [0, 0, 0]
  const factors = laws.map((law, i) => {
    const came = actual[i]!
    crps += crpsOfLog(law, came)
    if (came >= quantileOfLaw(law, 0.25) && came <= quantileOfLaw(law, 0.75)) half++
    if (came >= quantileOfLaw(law, 0.05) && came <= quantileOfLaw(law, 0.95)) most++
    return Math.exp(Math.abs(Math.log1p(quantileOfLaw(law, 0.5)) - Math.log1p(came)))
  })
  const n = actual.length
  return {
    name,
    crps: crps / n,
    medianFactor: quantile(Float64Array.from(factors).sort(), 0.5),
    covered50: half / n,
    covered90: most / n,
  }
}

/**
 * How much the luck of successive jobs of one user goes together: the mean product of the normal scores of their places in their laws, over the mean
 * square. 0 where nobody has two jobs among those tested. Without it, the errors of a batch of a hundred jobs would average out, and the time at which they are all done would seem sure.
 */
function alikeness(history: History, rows: readonly number[], laws: readonly RunTimeLaw[], actual: readonly number[]): number {
  const last = new Map<number, number>()
  let [products, squares, pairs] = [0, 0, 0]
  rows.forEach((row, i) => {
    const law = laws[i]!
    // the middle of the step that the value stands on: laws of few values have high steps
    const place = (shareUpTo(law, actual[i]!) + shareUpTo(law, actual[i]! * (1 - 1e-9))) / 2
    const score = normalQuantile(Math.min(0.99, Math.max(0.01, place)))
    const user = history.user[row]!
    const before = user < 0 ? undefined : last.get(user)
    if (before !== undefined) {
      products += before * score
      squares += (before * before + score * score) / 2
      pairs++
    }
    if (user >= 0) last.set(user, score)
  })
  return pairs < 20 || squares === 0 ? 0 : Math.min(0.95, Math.max(0, products / squares))
}
