/** A job as the scheduler keeps it: stages of tasks, each of which waits, runs, was set aside, is being stopped, or is over. */
import type { JobState } from '../../model/index.js'
import type { Queued } from './queue.js'

/** What a scheduler is told of a stage. */
export interface SchedulerStage {
  readonly name: string
  readonly tasks: number
  /** May tasks of it be withdrawn? Yes where absent. */
  readonly droppable?: boolean
  /** Slots that each task holds from start to end, all or none; 1 where absent. */
  readonly slotsPerTask?: number
  /** Something that holds no slot goes before the tasks (a shuffle): it is started, and ends, as task −1. */
  readonly setup?: boolean
}

/** What a scheduler is told of a job: a `JobSpec` is one. */
export interface SchedulerJob {
  readonly key: string
  readonly className: string
  readonly priority: number
  readonly stages: readonly SchedulerStage[]
  readonly withdrawn?: Readonly<Record<string, readonly number[]>> | undefined
  readonly limitSeconds?: number | undefined
  readonly name?: string
  readonly user?: string
  readonly queue?: string
}

/** One attempt of one task; `attempt` grows whenever the task begins anew, so that what is said of an earlier attempt is told apart. */
export interface TaskRef {
  readonly job: string
  readonly stage: number
  /** −1: the setup of the stage. */
  readonly task: number
  readonly attempt: number
}

/** States of a task. A suspended one has begun, holds no slot, and goes on where it was; a stopping one holds its slots until it is gone. */
export const PENDING = 0
export const RUNNING = 1
export const SUSPENDED = 2
export const STOPPING = 3
export const COMPLETE = 4
export const FAILED = 5
export const WITHDRAWN = 6

/** What is kept of a task that has begun at least once. */
export interface TaskRun {
  readonly job: Job
  readonly stage: Stage
  readonly index: number
  attempt: number
  /** State that it takes once it is gone, while it is being stopped. */
  becomes: number
  slots: readonly number[]
  node: string | undefined
  /** Of its last attempt. */
  startSeconds: number
  /** When it last went on slots. */
  onSlotsSince: number
  endSeconds: number | undefined
  /** Slot time of this attempt before `onSlotsSince`. */
  heldSeconds: number
  restarts: number
  wastedSeconds: number
  cpuSeconds: number
}

export interface Stage {
  readonly index: number
  readonly name: string
  readonly tasks: number
  readonly droppable: boolean
  readonly slotsPerTask: number
  readonly hasSetup: boolean
  readonly state: Uint8Array
  readonly runs: (TaskRun | undefined)[]
  setup: TaskRun | undefined
  setupState: number
  /** No task before it waits. */
  next: number
  /** Tasks that wait for slots (pending or suspended), hold some, have ended, are withdrawn. */
  waiting: number
  running: number
  ended: number
  withdrawn: number
}

export interface Job extends Queued {
  readonly id: string
  readonly sequence: number
  readonly spec: SchedulerJob
  readonly stages: readonly Stage[]
  readonly submitSeconds: number
  priority: number
  speed: number
  held: boolean
  /** The stage at hand. */
  stageAt: number
  /** Set once it is over. */
  end: Extract<JobState, 'complete' | 'fail' | 'cancel' | 'timeout' | 'lost'> | undefined
  reason: string | undefined
  startSeconds: number | undefined
  endSeconds: number | undefined
  /** Tasks that hold slots, setups that run, tasks on their way out. */
  running: number
  stopping: number
  /** Tasks whose work is kept without a slot. */
  suspended: number
  restarts: number
  wastedSeconds: number
  /** Place in the order of those that wait, when it was last asked for; −1: it did not wait then. */
  rank: number
  /** Of an exclusive engine: since when it has the cluster, and for how many slot-seconds of this attempt it had it before. */
  holdsSince: number | undefined
  heldSlotSeconds: number
}

export function createJob(id: string, sequence: number, spec: SchedulerJob, now: number): Job {
  return {
    id,
    sequence,
    spec,
    stages: spec.stages.map((stage, index) => createStage(stage, index, spec.withdrawn?.[stage.name] ?? [])),
    submitSeconds: now,
    priority: spec.priority,
    speed: 1,
    held: false,
    stageAt: 0,
    end: undefined,
    reason: undefined,
    startSeconds: undefined,
    endSeconds: undefined,
    running: 0,
    stopping: 0,
    suspended: 0,
    restarts: 0,
    wastedSeconds: 0,
    holdsSince: undefined,
    heldSlotSeconds: 0,
    place: -1,
    rank: -1,
  }
}

function createStage(spec: SchedulerStage, index: number, withdrawn: readonly number[]): Stage {
  const state = new Uint8Array(spec.tasks)
  for (const task of withdrawn) state[task] = WITHDRAWN
  const left = new Set(withdrawn).size
  return {
    index,
    name: spec.name,
    tasks: spec.tasks,
    droppable: spec.droppable ?? true,
    slotsPerTask: spec.slotsPerTask ?? 1,
    hasSetup: spec.setup ?? false,
    state,
    runs: [],
    setup: undefined,
    setupState: spec.setup === true ? PENDING : COMPLETE,
    next: 0,
    waiting: spec.tasks - left,
    running: 0,
    ended: 0,
    withdrawn: left,
  }
}

/** The next task of the stage that waits: the one of the lowest number. */
export function nextTask(stage: Stage): number {
  const { state } = stage
  while (state[stage.next] !== PENDING && state[stage.next] !== SUSPENDED) stage.next++
  return stage.next
}

/** Tasks of the stage that will not end anymore: none is left to run, and none runs whose result counts. */
export function stageIsOver(stage: Stage): boolean {
  return stage.setupState === COMPLETE && stage.ended + stage.withdrawn >= stage.tasks
}

/**
 * The kept share of the tasks: of the job’s stage, or, for a stage that drops nothing, of the one before it, which is the share of the data that
 * it gets to see.
 */
export function samplingFraction(job: Job, stage: Stage): number {
  const of = stage.withdrawn === 0 && stage.index > 0 ? job.stages[stage.index - 1]! : stage
  return (of.tasks - of.withdrawn) / of.tasks
}

export function stateOf(job: Job): JobState {
  if (job.end !== undefined) return job.end
  if (job.running > 0) return 'running'
  if (job.held) return 'held'
  return job.suspended > 0 ? 'suspended' : 'pending'
}
