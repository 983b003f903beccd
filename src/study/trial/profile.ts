/**
 * What the task types of a trial take on this very cluster: jobs of each class run alone, one after another, at normal speed and at sprint speed; then some of all classes at
 * once, which shows how long a slot stands empty between two tasks. Nothing is assumed of a machine that can be measured.
 */
import {
  type ClassProfile,
  type Driver,
  isRefusal,
  type JobSpec,
  LIVE_STATES,
  type ObservedJob,
  type Refusal,
  refuse,
  type StageProfile,
} from '../../model/index.js'
import { meanEstimateOf, meanOf } from './figures.js'

export interface ProfileRequest {
  readonly driver: Driver
  /** The n-th profiling job of a class; with no more tasks of its first stage than asked for, where that may drop some. */
  readonly spec: (className: string, nth: number, tasksAtMost?: number) => JobSpec
  readonly classes: readonly string[]
  readonly slots: number
  /** Jobs of each class at normal speed. */
  readonly jobs: number
  /** Speed of a sprint and the classes that are to be measured at it. */
  readonly sprint?: { readonly speed: number; readonly classes: readonly string[]; readonly jobs: number }
  /** Also measure how long a job that is begun anew is held back, */
  readonly restarts: boolean
  /** and how long it takes a job of the first class to get slots that are full of jobs of the second: both are put under preemption for that. */
  readonly evicts?: { readonly urgent: string; readonly patient: string }
  readonly everySeconds: number
  readonly jobAtMostSeconds: number
  readonly progress?: (share: number, said: string) => void
  readonly signal?: AbortSignal
}

/** Times of one stage over all the jobs that were run, in seconds. */
export interface StageTimes {
  readonly name: string
  readonly tasksPerJob: number
  readonly task: readonly number[]
  readonly setup: readonly number[]
  readonly sprinted: readonly number[]
}

export interface Profiled {
  readonly classes: readonly { readonly name: string; readonly jobs: number; readonly stages: readonly StageTimes[] }[]
  /** Gaps between the end of a task and the start of the next on full slots. */
  readonly turnaround: readonly number[]
  /** From taking a job off its slots to its next start, with all slots free. */
  readonly restart: readonly number[]
  /** From the arrival of an urgent job to the start of its tasks in the place of others, beyond what it takes on free slots. */
  readonly eviction: readonly number[]
  readonly tookSeconds: number
}

/** Jobs that are begun anew to see how long that takes. */
const RESTARTS = 2

/** Runs the profiling jobs; refuses where one does not come to its end as it should. */
export async function profile(request: ProfileRequest): Promise<Profiled | Refusal> {
  const { driver, classes, jobs, sprint, progress } = request
  const began = driver.clock.monotonic()
  const out: Profiled['classes'][number][] = []
  const rounds = (name: string): number => jobs + (sprint?.classes.includes(name) ? sprint.jobs : 0)
  const total = classes.reduce((sum, name) => sum + rounds(name), 0) + 1
  let done = 0
  for (const name of classes) {
    const normal: ObservedJob[] = []
    const sprinted: ObservedJob[] = []
    for (let nth = 0; nth < rounds(name); nth++) {
      const fast = nth >= jobs
      const ended = await runAlone(request, request.spec(name, nth), fast ? sprint!.speed : 1)
      if (isRefusal(ended)) return ended
      ;(fast ? sprinted : normal).push(ended)
      progress?.(++done / total, `profiling ${name}`)
    }
    out.push({ name, jobs: normal.length, stages: stageTimes(normal, sprinted) })
  }
  const crowd = await runTogether(
    request,
    classes.flatMap((name) => [0, 1].map((nth) => request.spec(name, rounds(name) + nth))),
  )
  if (isRefusal(crowd)) return crowd
  progress?.(1, 'profiling all together')
  const restart: number[] = []
  for (let nth = 0; request.restarts && nth < RESTARTS; nth++) {
    const name = classes[classes.length - 1]
    const seconds = await restartOf(request, request.spec(name, rounds(name) + 2 + nth, request.slots))
    if (isRefusal(seconds)) return seconds
    restart.push(seconds)
  }
  const eviction: number[] = []
  if (request.evicts) {
    const seconds = await evictionOf(request, request.evicts, rounds(request.evicts.patient) + 2 + RESTARTS)
    if (isRefusal(seconds)) return seconds
    const alone = out.find(({ name }) => name === request.evicts!.urgent)!.stages[0].setup
    eviction.push(...seconds.map((one) => Math.max(0, one - meanOf(alone))))
  }
  const setupMean = (job: ObservedJob, stage: number): number =>
    meanOf(out.find(({ name }) => name === job.className)?.stages[stage]?.setup ?? [0])
  return {
    classes: out,
    turnaround: gapsOf(crowd, request.slots, setupMean),
    restart,
    eviction,
    tookSeconds: driver.clock.monotonic() - began,
  }
}

/** Submits a job, raises its speed, and waits until it has ended. */
async function runAlone(request: ProfileRequest, spec: JobSpec, speed: number): Promise<ObservedJob | Refusal> {
  const watched = await submit(request, spec)
  if (isRefusal(watched)) return watched
  const { driver } = request
  if (speed !== 1) {
    const sprinting = await driver.enact({ kind: 'sprint', job: watched.id, speed })
    if (isRefusal(sprinting)) return watched.giveUp(sprinting)
  }
  const job = await watched.until(({ state }) => !LIVE_STATES.has(state))
  if (isRefusal(job) || job.state === 'complete') return job
  return refuse('no-data', `profiling job ${spec.key} ended as ${job.state}${job.reason ? ` (${job.reason})` : ''}`)
}

/** Submits jobs at once, so that no slot need be free until the last tasks begin, and waits until all have ended. */
async function runTogether(request: ProfileRequest, specs: readonly JobSpec[]): Promise<ObservedJob[] | Refusal> {
  const all: Watched[] = []
  for (const spec of specs) {
    const watched = await submit(request, spec)
    if (isRefusal(watched)) return watched
    all.push(watched)
  }
  const ended: ObservedJob[] = []
  for (const watched of all) {
    const job = await watched.until(({ state }) => !LIVE_STATES.has(state))
    if (isRefusal(job)) return job
    ended.push(job)
  }
  return ended
}

/** Takes a running job off its slots and waits until a task that ran runs again. */
async function restartOf(request: ProfileRequest, spec: JobSpec): Promise<number | Refusal> {
  const watched = await submit(request, spec)
  if (isRefusal(watched)) return watched
  const { driver } = request
  const running = await watched.until(({ stages }) => (stages ?? []).some((stage) => stage.running > 0))
  if (isRefusal(running)) return running
  const taken = driver.clock.now()
  const requeued = await driver.enact({ kind: 'requeue', job: watched.id })
  if (isRefusal(requeued)) return watched.giveUp(requeued)
  const ran = new Set(running.stages?.[0]?.each?.filter(({ state }) => state === 'running').map(({ index }) => index))
  const again = await watched.until((job) => startedAfter(job, taken, ran).length > 0)
  if (isRefusal(again)) return again
  await driver.enact({ kind: 'cancel', job: watched.id })
  const gone = await watched.until(({ state }) => !LIVE_STATES.has(state))
  return isRefusal(gone) ? gone : Math.min(...startedAfter(again, taken, ran)) - taken
}

/** Submits an urgent job to slots that are full of a patient one, and waits until it has ended: when its first tasks started, since its submission. */
async function evictionOf(
  request: ProfileRequest,
  { urgent, patient }: NonNullable<ProfileRequest['evicts']>,
  nth: number,
): Promise<number[] | Refusal> {
  const { driver, slots } = request
  const before = await driver.observe()
  if (isRefusal(before)) return before
  const set = await driver.enact({ kind: 'discipline', discipline: 'priority-preemptive-restart' })
  if (isRefusal(set)) return set
  try {
    const low = await submit(request, request.spec(patient, nth))
    if (isRefusal(low)) return low
    const full = await low.until(({ stages }) => (stages ?? []).reduce((sum, { running }) => sum + running, 0) >= slots)
    if (isRefusal(full)) return full
    const high = await submit(request, request.spec(urgent, nth))
    if (isRefusal(high)) return high
    const ended = await high.until(({ state }) => !LIVE_STATES.has(state))
    await driver.enact({ kind: 'cancel', job: low.id })
    const gone = await low.until(({ state }) => !LIVE_STATES.has(state))
    if (isRefusal(ended)) return ended
    if (isRefusal(gone)) return gone
    return times(ended.stages?.[0]?.each, 'startSeconds')
      .slice(0, slots)
      .map((start) => start - ended.submitSeconds)
  } finally {
    if (before.discipline !== undefined) await driver.enact({ kind: 'discipline', discipline: before.discipline })
  }
}

/** When those of the tasks started that did so after an instant, or at it as another attempt. */
function startedAfter({ stages }: ObservedJob, instant: number, tasks: ReadonlySet<number>): number[] {
  const again = stages?.[0]?.each?.filter(
    ({ index, state, restarts = 0, startSeconds = 0 }) =>
      tasks.has(index) && state !== 'pending' && (startSeconds > instant || (restarts > 0 && startSeconds === instant)),
  )
  return times(again, 'startSeconds')
}

/** A job that was submitted to be looked at. */
interface Watched {
  readonly id: string
  /** Looks until something holds of the job; gives the job up when it takes too long. */
  until(holds: (job: ObservedJob) => boolean): Promise<ObservedJob | Refusal>
  giveUp(why: Refusal): Promise<Refusal>
}

async function submit(
  { driver, everySeconds, jobAtMostSeconds, signal }: ProfileRequest,
  spec: JobSpec,
): Promise<Watched | Refusal> {
  const began = driver.clock.monotonic()
  const since = driver.clock.now() - 1
  const submitted = await driver.enact({ kind: 'submit', spec })
  if (isRefusal(submitted)) return submitted
  const id = submitted.jobId
  if (id === undefined) return refuse('no-data', `the cluster did not say which job ${spec.key} is`)
  const giveUp = async (why: Refusal): Promise<Refusal> => {
    await driver.enact({ kind: 'cancel', job: id })
    return why
  }
  const until = async (holds: (job: ObservedJob) => boolean): Promise<ObservedJob | Refusal> => {
    for (;;) {
      const waited = driver.clock.monotonic() - began
      if (signal?.aborted) return giveUp(refuse('no-data', 'the trial was stopped while it was profiling'))
      if (waited > jobAtMostSeconds)
        return giveUp(refuse('no-data', `profiling job ${spec.key} was not done after ${waited.toFixed(0)} s`, { waited }))
      const seen = await driver.observe({ tasks: true, endedSince: since })
      const job = isRefusal(seen) ? undefined : seen.jobs.find((one) => one.id === id)
      if (job && holds(job)) return job
      await driver.clock.sleep(everySeconds, signal)
    }
  }
  return { id, until, giveUp }
}

function stageTimes(normal: readonly ObservedJob[], sprinted: readonly ObservedJob[]): StageTimes[] {
  return (normal[0].stages ?? []).map((stage, s) => ({
    name: stage.name,
    tasksPerJob: stage.tasks,
    task: normal.flatMap((job) => taskTimes(job, s)),
    setup: normal.flatMap((job) => setupOf(job, s)),
    sprinted: sprinted.flatMap((job) => taskTimes(job, s)),
  }))
}

function taskTimes({ stages }: ObservedJob, stage: number): number[] {
  return (stages?.[stage]?.each ?? []).flatMap(({ startSeconds, endSeconds, state }) =>
    state === 'complete' && startSeconds !== undefined && endSeconds !== undefined ? [endSeconds - startSeconds] : [],
  )
}

/** From the end of the stage before (of the submission, for the first) to the start of the first task, in a cluster with nothing else to do. */
function setupOf({ stages, submitSeconds }: ObservedJob, stage: number): number[] {
  const starts = times(stages?.[stage]?.each, 'startSeconds')
  const before = stage === 0 ? [submitSeconds] : times(stages?.[stage - 1]?.each, 'endSeconds')
  return starts.length > 0 && before.length > 0 ? [Math.max(0, Math.min(...starts) - Math.max(...before))] : []
}

/**
 * What a slot stands empty between two tasks: the k-th start after the slots were full follows the k-th end. It counts where the task that was started could have
 * started before that end: its job was there and the stage before was over for longer than a setup takes.
 */
function gapsOf(jobs: readonly ObservedJob[], slots: number, setup: (job: ObservedJob, stage: number) => number): number[] {
  const ends = times(
    jobs.flatMap(({ stages }) => (stages ?? []).flatMap(({ each }) => each ?? [])),
    'endSeconds',
  )
  const starts = jobs.flatMap((job) =>
    (job.stages ?? []).flatMap(({ each }, s) => {
      const before = s === 0 ? job.submitSeconds : Math.max(...times(job.stages![s - 1].each, 'endSeconds'))
      return times(each, 'startSeconds').map((start) => ({ start, ready: before + setup(job, s) }))
    }),
  )
  return starts
    .sort((a, b) => a.start - b.start)
    .slice(slots)
    .flatMap(({ start, ready }, k) => (ready <= ends[k] ? [Math.max(0, start - ends[k])] : []))
}

function times(
  each: readonly { startSeconds?: number; endSeconds?: number }[] | undefined,
  key: 'startSeconds' | 'endSeconds',
): number[] {
  return (each ?? []).flatMap((task) => (task[key] === undefined ? [] : [task[key]])).sort((a, b) => a - b)
}

/** What was measured of a class, in the words of a report. `speed` is that of the sprinted jobs. */
export function classProfile({ name, jobs, stages }: Profiled['classes'][number], speed: number | undefined): ClassProfile {
  return {
    name,
    jobs,
    stages: stages.map((stage): StageProfile => {
      const task = meanEstimateOf(stage.task)
      const up = speed === undefined ? undefined : speedUpOf(stage)
      return {
        name: stage.name,
        tasks: stage.task.length,
        taskSeconds: task,
        cv: variation(stage.task),
        setupSeconds: meanEstimateOf(stage.setup),
        ...(up ? { speedUp: up, processorBound: processorBoundOf(up.value, speed!) } : {}),
      }
    }),
  }
}

/** Mean task time at normal speed over that at sprint speed, with the interval of both by the delta method. */
function speedUpOf({ task, sprinted }: StageTimes): StageProfile['speedUp'] {
  if (sprinted.length === 0 || task.length === 0) return undefined
  const [normal, fast] = [meanEstimateOf(task), meanEstimateOf(sprinted)]
  const value = normal.value / fast.value
  const relative = Math.hypot((normal.high - normal.low) / (2 * normal.value), (fast.high - fast.low) / (2 * fast.value))
  return { value, low: value * Math.max(0, 1 - relative), high: value * (1 + relative), confidence: normal.confidence }
}

/** The share of the work that a sprint speeds up, from the speed-up that was measured: 1/((1 − f) + f/s) solved for f, within 0 and 1 (E10). */
export function processorBoundOf(speedUp: number, speed: number): number {
  return Math.min(1, Math.max(0, (1 - 1 / speedUp) / (1 - 1 / speed)))
}

function variation(values: readonly number[]): number {
  if (values.length < 2) return 0
  const mean = meanOf(values)
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1)) / mean
}
