import { z } from 'zod'

/** How a job (or task attempt, or request) ended. The position in this list is the code in the `outcome` column. */
export const OUTCOMES = ['unknown', 'complete', 'fail', 'cancel', 'evict', 'lost', 'timeout', 'running', 'pending'] as const
export type Outcome = (typeof OUTCOMES)[number]

/** The columns of `JobColumns` that hold numbers, and those that hold labels; besides them there are `outcome` and `leftTruncated`. */
export const NUMBER_COLUMNS = [
  'submitSeconds',
  'startSeconds',
  'endSeconds',
  'runSeconds',
  'slots',
  'slotShare',
  'priority',
  'estimateSeconds',
  'attempts',
  'cpu',
  'memory',
] as const
export const LABEL_COLUMNS = ['id', 'user', 'queue', 'group', 'name', 'machine', 'slotType'] as const

/** A column of labels: a code a row (−1: missing), and the label of each code. */
export interface LabelColumn {
  readonly codes: Int32Array
  readonly labels: readonly string[]
}

/**
 * Jobs (or task attempts, or requests) as columns of equal length, in the order of the file. Times in seconds from the trace’s origin.
 * A missing number is NaN, a missing label −1; a column that the trace does not have at all is absent.
 */
export interface JobColumns {
  readonly count: number
  readonly submitSeconds: Float64Array
  readonly startSeconds?: Float64Array
  readonly endSeconds?: Float64Array
  /** Time from start to end as the trace has it; where the trace gives only start and end, their difference. */
  readonly runSeconds: Float64Array
  /** GPUs where the trace has GPUs, processors or tasks otherwise; `Trace.slotUnit` says which. */
  readonly slots?: Float64Array
  /** Part of each slot that the job holds, 0 to 1, where slots are shared; absent: whole slots. The slots a job holds: `slots × slotShare`. */
  readonly slotShare?: Float64Array
  readonly outcome?: Uint8Array
  /** As the trace has it; `Trace.priorityOrder` says whether a larger number goes first. */
  readonly priority?: Float64Array
  readonly estimateSeconds?: Float64Array
  readonly attempts?: Float64Array
  readonly cpu?: Float64Array
  readonly memory?: Float64Array
  /** 1: the job came before the trace began. Its submit and start are the first instant of the trace, its wait and run lower bounds. */
  readonly leftTruncated?: Uint8Array
  readonly id?: LabelColumn
  readonly user?: LabelColumn
  readonly queue?: LabelColumn
  /** A second way in which the trace groups jobs: QOS (Slurm), group (SWF), scheduling class (Google task attempts). */
  readonly group?: LabelColumn
  readonly name?: LabelColumn
  readonly machine?: LabelColumn
  readonly slotType?: LabelColumn
}

const Named = z.strictObject({ code: z.string(), message: z.string(), numbers: z.record(z.string(), z.number()).optional() })

/**
 * A trace without its columns: where it came from, what a row is, its clock and units, what was wrong with the file. What a stored trace carries beside
 * its table of jobs (docs/formats.md).
 */
export const TraceHeader = z
  .strictObject({
    schema: z.literal('halftone/trace/1'),
    source: z.strictObject({
      path: z.string(),
      format: z.string(),
      rows: z.int().min(0).meta({ description: 'Rows of the file, bad ones included.' }),
      used: z.int().min(0).meta({ description: 'Rows that became jobs.' }),
      bytes: z.number().min(0),
    }),
    unit: z.enum(['job', 'task-attempt', 'request']).meta({ description: 'What a row is.' }),
    slotUnit: z.enum(['GPU', 'processor', 'task', 'node', 'request']),
    clock: z
      .discriminatedUnion('kind', [
        z.strictObject({ kind: z.literal('unix'), originUnixSeconds: z.number(), timeZone: z.string() }),
        z.strictObject({ kind: z.literal('relative') }),
      ])
      .meta({
        description:
          '`unix`: `originUnixSeconds` is the instant of second 0 (local clock times are read in `timeZone`); `relative`: the trace does not say.',
      }),
    cpuUnit: z.string().optional().meta({ description: 'What one of `jobs.cpu` is: `core`, `share of the largest machine`.' }),
    memoryUnit: z.string().optional().meta({ description: 'What one of `jobs.memory` is: `MiB`.' }),
    priorityOrder: z.enum(['larger-first', 'smaller-first']).optional(),
    issues: z.strictObject({
      counts: z.array(
        z.strictObject({ code: z.string(), severity: z.enum(['error', 'warning']), count: z.int().min(0), message: z.string() }),
      ),
      kept: z.array(
        z.strictObject({
          code: z.string(),
          severity: z.enum(['error', 'warning']),
          place: z.string(),
          message: z.string(),
          value: z.string().optional(),
        }),
      ),
    }),
    notes: z
      .array(Named)
      .meta({ description: 'What a reader of any figure from this trace should know: left-truncated, filtered, censored.' }),
  })
  .meta({ id: 'Trace', description: 'A trace without its columns.' })
export type TraceHeader = Frozen<z.infer<typeof TraceHeader>>

/** A trace: who asked for what, when, and how it went. Built by a reader; what was wrong with the file travels with it. */
export type Trace = TraceHeader & { readonly jobs: JobColumns }

type Frozen<T> = T extends readonly (infer E)[]
  ? readonly Frozen<E>[]
  : T extends object
    ? { readonly [K in keyof T]: Frozen<Exclude<T[K], undefined>> }
    : T
