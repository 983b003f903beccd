/**
 * What halftone needs of a cluster that it watches or steers: one contract for worker processes on this machine, for Slurm and for a replayed
 * trace. A driver does what it is told and says what it sees; it decides nothing. `test/contracts/driver` holds every driver to the laws below.
 *
 * Laws: an action that is not permitted is refused with the reason and changes nothing; the same action twice is the same as once (a job is
 * submitted once per `key`); an action followed by its `undoOf` leaves what `observe` says of the levers as it was before.
 */
import { z } from 'zod'
import type { Clock } from './clock.js'
import { Discipline } from './policy.js'
import type { Refusal } from './refusal.js'

/** A stage of a job to be run: its tasks start in order as slots are free, once every kept task of the stage before has ended. */
export const StageSpec = z
  .strictObject({
    name: z.string().regex(/^[A-Za-z0-9_-]{1,40}$/),
    tasks: z.int().min(1).max(1_000_000),
    command: z.array(z.string()).min(1).meta({
      description: 'Program and arguments of every task, run without a shell. Which task it is stands in its environment.',
    }),
    droppable: z.boolean().default(true),
  })
  .meta({ id: 'StageSpec' })
export type StageSpec = z.infer<typeof StageSpec>

/**
 * A job to be run. Every task finds in its environment HALFTONE_JOB (the key), HALFTONE_STAGE, HALFTONE_TASK (from 0), HALFTONE_TASKS (of the
 * stage, dropped ones included), HALFTONE_SAMPLING_FRACTION (kept share of the tasks of its stage when it started; for a stage that drops nothing,
 * of the stage before), HALFTONE_DIRECTORY (shared by the tasks of the job, its working directory) and HALFTONE_SPEED (when it started).
 */
export const JobSpec = z
  .strictObject({
    schema: z.literal('halftone/job/1').optional().meta({ description: 'In a file.' }),
    key: z
      .string()
      .regex(/^[A-Za-z0-9._-]{1,80}$/)
      .meta({ description: 'Names the job for good: a second submission of the same key is the same job.' }),
    className: z.string().regex(/^[A-Za-z0-9 ._-]{1,60}$/),
    priority: z.int().min(1).meta({ description: '1 is the highest.' }),
    stages: z.array(StageSpec).min(1),
    limitSeconds: z
      .number()
      .positive()
      .optional()
      .meta({ description: 'What the user asks for; a scheduler may kill beyond it.' }),
    directory: z.string().optional().meta({ description: 'Absolute. Absent: one that the driver makes and removes.' }),
    withdrawn: z
      .record(z.string(), z.array(z.int().min(0)))
      .optional()
      .meta({ description: 'By stage: tasks that are left out from the beginning.' }),
  })
  .meta({ id: 'JobSpec' })
export type JobSpec = z.infer<typeof JobSpec>

const job = z.string().min(1)

/** One thing done to a cluster. `job` is an `ObservedJob.id`. */
export const ClusterAction = z
  .discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('submit'), spec: JobSpec }),
    z.strictObject({ kind: z.literal('prioritise'), job, priority: z.int().min(1).meta({ description: '1 goes first.' }) }),
    z.strictObject({
      kind: z.literal('deflate'),
      job,
      stage: z.string(),
      tasks: z.array(z.int().min(0)).min(1).meta({ description: 'Withdrawn: not started, or stopped where they run.' }),
    }),
    z.strictObject({
      kind: z.literal('inflate'),
      job,
      stage: z.string(),
      tasks: z.array(z.int().min(0)).min(1).meta({ description: 'Withdrawn before, to be run after all.' }),
    }),
    z.strictObject({
      kind: z.literal('sprint'),
      job,
      speed: z.number().positive().max(100).meta({ description: 'Against normal, 1.' }),
    }),
    z.strictObject({ kind: z.literal('hold'), job }),
    z.strictObject({ kind: z.literal('release'), job }),
    z.strictObject({ kind: z.literal('requeue'), job }),
    z.strictObject({ kind: z.literal('cancel'), job }),
    z.strictObject({ kind: z.literal('discipline'), discipline: Discipline }),
    z.strictObject({ kind: z.literal('drain'), node: z.string().min(1), reason: z.string() }),
    z.strictObject({ kind: z.literal('resume'), node: z.string().min(1) }),
  ])
  .meta({ id: 'ClusterAction' })
export type ClusterAction = z.infer<typeof ClusterAction>
export type ActionKind = ClusterAction['kind']

export const ACTION_KINDS = [
  'submit',
  'prioritise',
  'deflate',
  'inflate',
  'sprint',
  'hold',
  'release',
  'requeue',
  'cancel',
  'discipline',
  'drain',
  'resume',
] as const satisfies readonly ActionKind[]

export type TaskState = 'pending' | 'running' | 'complete' | 'fail' | 'withdrawn'
export interface ObservedTask {
  readonly index: number
  readonly state: TaskState
  /** Of its last attempt, in the driver’s clock. */
  readonly startSeconds?: number
  readonly endSeconds?: number
  readonly node?: string
  /** Attempts that were begun and thrown away. */
  readonly restarts?: number
  /** Slot time of the attempts that were thrown away. */
  readonly wastedSeconds?: number
  /** Processor time used, measured, where the driver can. */
  readonly cpuSeconds?: number
}

export interface ObservedStage {
  readonly name: string
  readonly tasks: number
  /** May its tasks be dropped? As its submission said; absent where the cluster does not know. */
  readonly droppable?: boolean
  readonly withdrawn: number
  readonly ended: number
  readonly running: number
  /** One by one, where they were asked for. */
  readonly each?: readonly ObservedTask[]
}

/** How a job is, or how it ended. `held`: it waits and will not start until it is released. */
export type JobState = 'pending' | 'held' | 'running' | 'suspended' | 'complete' | 'fail' | 'cancel' | 'timeout' | 'lost'
export const LIVE_STATES: ReadonlySet<JobState> = new Set(['pending', 'held', 'running', 'suspended'])

export interface ObservedJob {
  readonly id: string
  /** Of a job that was submitted through a driver. */
  readonly key?: string
  readonly name?: string
  readonly user?: string
  readonly queue?: string
  readonly className?: string
  readonly state: JobState
  /** 1 goes first. Absent where the scheduler’s own order cannot be said so. */
  readonly priority?: number
  /** Rank in the queue as the scheduler has it, 0 goes next; absent where it does not say. */
  readonly rank?: number
  readonly submitSeconds: number
  /** Of the first task that ran. */
  readonly startSeconds?: number
  readonly endSeconds?: number
  /** Slots that it holds, or will hold, at once at most. */
  readonly slots: number
  readonly limitSeconds?: number
  /** What was asked for; 1 is normal. */
  readonly speed: number
  /** Slot time thrown away so far: evicted, requeued. */
  readonly wastedSeconds?: number
  readonly restarts?: number
  /** Processor time used so far, measured, where the driver can. */
  readonly cpuSeconds?: number
  readonly stages?: readonly ObservedStage[]
  readonly nodes?: readonly string[]
  /** Why it waits, in the scheduler’s word. */
  readonly reason?: string
  /** Ids of the jobs that it waits for to end, where the scheduler says so. */
  readonly after?: readonly string[]
}

export interface ObservedNode {
  readonly name: string
  readonly slots: number
  readonly busySlots: number
  readonly state: 'up' | 'drained' | 'down'
  readonly reason?: string
}

export interface Observation {
  /** When it was taken, in the driver’s clock. */
  readonly atSeconds: number
  readonly nodes: readonly ObservedNode[]
  /** All that live, and those that ended at or after `endedSince`. */
  readonly jobs: readonly ObservedJob[]
  readonly discipline?: Discipline
  /** Measured power of the cluster, where there is a meter. */
  readonly power?: { readonly watts: number; readonly source: string }
  /** What this look could not see, in words. */
  readonly missing?: readonly string[]
}

export interface ObserveOptions {
  /** Jobs that ended before this instant are left out. Default: only those that live. */
  readonly endedSince?: number
  /** Tell of every task. */
  readonly tasks?: boolean
}

/** What one action may do here: yes, or why not. */
export type Permission =
  | { readonly permitted: true; readonly note?: string }
  | { readonly permitted: false; readonly reason: string }

export interface Capabilities {
  readonly driver: string
  /** What it talks to: `Slurm 22.05.8 through slurmrestd`, `cgroup v1 quota`. */
  readonly through: readonly string[]
  readonly actions: Readonly<Record<ActionKind, Permission>>
  /** Speeds that a job may have, where sprinting is permitted; `mechanism` says how. */
  readonly speeds?: { readonly least: number; readonly most: number; readonly mechanism: string }
}

/** An action was done (or had been done already); `jobId` is that of a submitted job. */
export interface Enacted {
  readonly kind: 'enacted'
  readonly jobId?: string
  /** What was really done, where it differs from what was asked for. */
  readonly note?: string
}

export interface Driver {
  readonly name: string
  readonly clock: Clock
  capabilities(): Promise<Capabilities>
  /** A refusal (`no-data`) where the cluster does not answer. */
  observe(options?: ObserveOptions): Promise<Observation | Refusal>
  /** Does one action, or refuses it with the reason. Returns once the cluster took it, not once its effect is seen. */
  enact(action: ClusterAction): Promise<Enacted | Refusal>
  /** Jobs that have ended since, as a table of text with the columns of `sacct --parsable2`, instants in UTC; absent where the cluster keeps none. */
  history?(options: { readonly sinceSeconds: number }): Promise<{ readonly source: string; readonly text: string } | Refusal>
  /** Lets go of what the driver holds; does not stop the cluster or its jobs. */
  close(): Promise<void>
}

/** What takes an action back, by what was seen before it was done; `irreversible` with the reason where nothing does. */
export type Undo =
  | { readonly kind: 'undo'; readonly actions: readonly ClusterAction[] }
  | { readonly kind: 'irreversible'; readonly reason: string }

/**
 * The actions that take `action` back, given what was observed before it: the former priority, speed or discipline; the withdrawn tasks put
 * back; a job that was submitted here cancelled. A job that was cancelled or begun anew stays so.
 */
export function undoOf(action: ClusterAction, before: Observation, jobId?: string): Undo {
  const undo = (...actions: ClusterAction[]): Undo => ({ kind: 'undo', actions })
  const irreversible = (reason: string): Undo => ({ kind: 'irreversible', reason })
  const seen = 'job' in action ? before.jobs.find(({ id }) => id === action.job) : undefined
  switch (action.kind) {
    case 'submit':
      return jobId === undefined ? irreversible('the id of the submitted job is not known') : undo({ kind: 'cancel', job: jobId })
    case 'prioritise':
      return seen?.priority === undefined
        ? irreversible(`the former priority of job ${action.job} was not seen`)
        : undo({ ...action, priority: seen.priority })
    case 'deflate':
      return undo({ kind: 'inflate', job: action.job, stage: action.stage, tasks: action.tasks })
    case 'inflate':
      return undo({ kind: 'deflate', job: action.job, stage: action.stage, tasks: action.tasks })
    case 'sprint':
      return undo({ ...action, speed: seen?.speed ?? 1 })
    case 'hold':
      return undo({ kind: 'release', job: action.job })
    case 'release':
      return undo({ kind: 'hold', job: action.job })
    case 'requeue':
      return irreversible('what the job had done is lost')
    case 'cancel':
      return irreversible('a cancelled job is gone')
    case 'discipline':
      return before.discipline === undefined
        ? irreversible('the former discipline was not seen')
        : undo({ ...action, discipline: before.discipline })
    case 'drain':
      return undo({ kind: 'resume', node: action.node })
    case 'resume': {
      const node = before.nodes.find(({ name }) => name === action.node)
      return undo({ kind: 'drain', node: action.node, reason: node?.reason ?? 'put back by halftone' })
    }
  }
}
