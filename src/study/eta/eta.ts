/**
 * When will the jobs of a queue start and end? Run times are forecast from history, the queue is played forward on many draws of them, what that misses is
 * corrected by how such forecasts fared at past moments.
 */
import {
  type Caveat,
  caveat,
  type Discipline,
  type Eta,
  type EtaJob,
  type EtaRange,
  isRefusal,
  type Observation,
  type ObservedJob,
  type Refusal,
  refuse,
} from '../../model/index.js'
import { NO_CORRECTION, quantileAt } from './correct.js'
import { type Futures, jobsOf, playFutures, rangeOf } from './futures.js'
import { asKnownAt, type History, historyOfJobs, withEnded } from './history.js'
import { featuresFor, type LearnOptions, lawsFor, learnQueue, playedStarts, playerFor, type QueueModel } from './learn.js'
import { policyNamed } from './play.js'
import { type Queue, queueOf } from './queue.js'

export interface EtaAsked {
  readonly observation: Observation
  /** Jobs that ran before; those that ended in the observation are put to them. */
  readonly history?: History
  /** Ids to answer for; all where absent. */
  readonly jobs?: readonly string[]
  /** Said by who asks: goes before what was observed. */
  readonly discipline?: Discipline
  /** Later arrivals are copied from the history: true unless said. */
  readonly arrivals?: boolean
  /** Forecasts are checked at past moments and corrected: true unless said. */
  readonly correct?: boolean
  /** 200 unless said. */
  readonly futures?: number
  /** 1 unless said. */
  readonly seed?: number
  readonly progress?: (share: number) => void
}

const FUTURES = 200
/** Share of the work that learning takes, for the progress shown. */
const LEARNING = 0.7

/** What is known by now, and what was learned from it. Refuses an empty history and a queue without nodes. */
export function learnFor(asked: EtaAsked): { readonly queue: Queue; readonly model: QueueModel } | Refusal {
  const { observation } = asked
  const all = withEnded(asked.history ?? historyOfJobs([]), observation)
  const history = asKnownAt(all, observation.atSeconds)
  const queue = queueOf(observation, history)
  if (isRefusal(queue)) return queue
  const model = learnQueue(history, observation.atSeconds, queue.slots, { ...optionsOf(asked), seed: asked.seed ?? 1 })
  return isRefusal(model) ? model : { queue, model }
}

function optionsOf({ discipline, observation, arrivals, correct, progress }: EtaAsked): Omit<LearnOptions, 'seed'> {
  const known: LearnOptions['discipline'] = discipline
    ? { name: discipline, from: 'given' }
    : observation.discipline && { name: observation.discipline, from: 'observed' }
  return {
    ...(known ? { discipline: known } : {}),
    ...(arrivals === undefined ? {} : { arrivals }),
    ...(correct === undefined ? {} : { correct }),
    progress: progress && ((share) => progress(LEARNING * share)),
  }
}

/**
 * The answer for every job of the queue, or for those asked about. Refuses ids that are not there and, where a job was asked for by its id, one that can
 * never start.
 */
export function eta(asked: EtaAsked): Eta | Refusal {
  const begun = performance.now()
  const wrong = unknownJobs(asked)
  if (wrong) return wrong
  const learned = learnFor(asked)
  if (isRefusal(learned)) return learned
  const learnSeconds = (performance.now() - begun) / 1000
  return answerEta(asked, learned.queue, learned.model, { begun, learnSeconds })
}

/** The answer by a model that was learned before. */
export function answerEta(
  asked: EtaAsked,
  queue: Queue,
  model: QueueModel,
  { begun, learnSeconds }: { readonly begun: number; readonly learnSeconds: number },
): Eta | Refusal {
  const never = asked.jobs && queue.never.find(({ job, why }) => why.code === 'too-large' && asked.jobs!.includes(job.id))
  if (never)
    return refuse('infeasible', `job ${never.job.id} can start ${never.why.message}`, {
      slotsNeeded: never.job.slots,
      slots: queue.slots,
    })
  const laws = lawsFor(model, queue)
  const futures = asked.futures ?? FUTURES
  const [played] = playFutures(
    {
      ...{ ids: jobsOf(queue).map(({ seen }) => seen.id), laws, futures, seed: model.seed },
      ...{ limitsHold: model.limitsHold, together: model.runTimes.together },
      ...(model.arrivals === 'history' ? { arrivals: model.history } : {}),
    },
    [{ queue, player: playerFor(model, queue, policyNamed(model.discipline.name)) }],
    asked.progress && ((share) => asked.progress!(LEARNING + (1 - LEARNING) * share)),
  )
  const { starts, ends, events } = corrected(model, queue, laws, played!)
  const jobs = [
    ...jobsOf(queue).map((job, i) =>
      etaOf(job.seen, queue.atSeconds, i < queue.running.length ? undefined : rangeOf(starts[i]!), rangeOf(ends[i]!)),
    ),
    ...queue.never.map(({ job, why }): EtaJob => ({ ...whoIs(job, queue.atSeconds), never: why })),
  ]
  const { runTimes, corrected: past } = model
  return {
    schema: 'halftone/eta/1',
    atSeconds: queue.atSeconds,
    cluster: { slots: queue.slots, busySlots: queue.busySlots, slotsAway: queue.slotsAway },
    discipline: disciplineOf(model),
    runTimes: {
      name: runTimes.method.name,
      jobs: model.seen.count,
      ...(runTimes.tested > 0 ? { tested: runTimes.tested, scores: [...runTimes.scores], together: runTimes.together } : {}),
    },
    arrivals: { from: model.arrivals, ...(model.arrivals === 'history' ? { perHour: perHour(model) } : {}) },
    correction: {
      name: model.correction.name,
      ...(past.scores.length > 0
        ? { moments: past.moments, waits: past.waits, scores: [...past.scores], widened: past.widths }
        : {}),
    },
    jobs: asked.jobs ? jobs.filter(({ id }) => asked.jobs!.includes(id)) : jobs,
    seed: model.seed,
    cost: { wallSeconds: (performance.now() - begun) / 1000, futures, events, learnSeconds },
    caveats: [...model.caveats, ...queue.caveats, ...ofObservation(asked.observation, model, queue)],
  }
}

function unknownJobs({ jobs, observation }: EtaAsked): Refusal | undefined {
  const live = new Map(observation.jobs.map((job) => [job.id, job]))
  for (const id of jobs ?? []) {
    const job = live.get(id)
    if (job === undefined) return refuse('no-data', `there is no job ${id} in the queue, nor among the jobs that run`)
    if (job.endSeconds !== undefined) return refuse('no-data', `job ${id} has ended already (${job.state})`)
  }
  return undefined
}

/** Times to start moved to the corrected quantiles, each future keeping its place among the others; ends move along. Jobs that wait for others are left as played. */
function corrected(model: QueueModel, queue: Queue, laws: ReturnType<typeof lawsFor>, futures: Futures): Futures {
  if (queue.waiting.length === 0 || model.correction === NO_CORRECTION) return futures
  const played = playedStarts(queue, futures)
  const quantiles = model.correction.apply(played, featuresFor(model.history, queue, laws, played))
  const starts = [...futures.starts]
  const ends = [...futures.ends]
  queue.waiting.forEach((job, w) => {
    if (job.after.length > 0) return
    const i = queue.running.length + w
    const moved = movedTo(futures.starts[i]!, quantiles[w]!)
    starts[i] = moved
    ends[i] = moved.map((start, k) => start + futures.ends[i]![k]! - futures.starts[i]![k]!)
  })
  return { ...futures, starts, ends }
}

/** Values with the ranks that they have, at the quantiles given at the levels of a range. */
export function movedTo(values: Float64Array, quantiles: readonly number[]): Float64Array {
  const order = Array.from(values.keys()).sort((a, b) => values[a]! - values[b]! || a - b)
  const out = new Float64Array(values.length)
  order.forEach((at, rank) => {
    out[at] = quantileAt(quantiles, (rank + 0.5) / values.length)
  })
  return out
}

function whoIs(job: ObservedJob, now: number): Omit<EtaJob, 'start' | 'end' | 'never'> {
  const { id, name, user, queue, slots, state, limitSeconds, after } = job
  return {
    id,
    ...(name === undefined ? {} : { name }),
    ...(user === undefined ? {} : { user }),
    ...(queue === undefined ? {} : { queue }),
    slots,
    state: state as EtaJob['state'],
    ...(state === 'running' ? { ranSeconds: now - (job.startSeconds ?? now) } : { waitedSeconds: now - job.submitSeconds }),
    ...(limitSeconds === undefined ? {} : { limitSeconds }),
    ...(after?.length ? { after: [...after] } : {}),
  }
}

function etaOf(job: ObservedJob, now: number, start: EtaRange | undefined, end: EtaRange | undefined): EtaJob {
  return { ...whoIs(job, now), ...(start ? { start } : {}), ...(end ? { end } : {}) }
}

function disciplineOf({ discipline: { tried, ...rest } }: QueueModel): Eta['discipline'] {
  return { ...rest, ...(tried ? { tried: [...tried] } : {}) }
}

function perHour({ history, atSeconds }: QueueModel): number {
  const span = atSeconds - (history.submitSeconds[0] ?? atSeconds)
  return span > 0 ? (3600 * history.count) / span : 0
}

function ofObservation({ missing = [] }: Observation, model: QueueModel, queue: Queue): Caveat[] {
  const out = missing.map((what) => caveat('not-seen', what))
  const strangers = queue.waiting.filter(({ traits }) => traits.user < 0).length
  if (strangers > 0 && model.history.labels.user.length > 0)
    out.push(
      caveat(
        'strangers',
        `${strangers} of ${queue.waiting.length} waiting jobs are of users of whom no job has ended: they are taken to be like the others`,
        {
          numbers: { jobs: strangers },
        },
      ),
    )
  if (model.discipline.name === 'sjf' || model.discipline.name === 'srtf')
    out.push(caveat('sizes-known', `under ${model.discipline.name} the scheduler is taken to know how long each job will run`))
  return out
}
