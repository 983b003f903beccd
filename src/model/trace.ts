import type { IssueReport } from './issue.js'

/** How a job (or task attempt, or request) ended. The position in this list is the code in the `outcome` column. */
export const OUTCOMES = ['unknown', 'complete', 'fail', 'cancel', 'evict', 'lost', 'timeout', 'running', 'pending'] as const
export type Outcome = (typeof OUTCOMES)[number]

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

/** A trace: who asked for what, when, and how it went. Built by a reader; what was wrong with the file travels with it. */
export interface Trace {
  readonly schema: 'halftone/trace/1'
  readonly source: {
    readonly path: string
    readonly format: string
    /** Rows of the file, bad ones included. */
    readonly rows: number
    /** Rows that became jobs. */
    readonly used: number
    readonly bytes: number
  }
  /** What a row is. */
  readonly unit: 'job' | 'task-attempt' | 'request'
  readonly slotUnit: 'GPU' | 'processor' | 'task' | 'node' | 'request'
  /** `unix`: `originUnixSeconds` is the instant of second 0 (local clock times are read in `timeZone`); `relative`: the trace does not say. */
  readonly clock:
    | { readonly kind: 'unix'; readonly originUnixSeconds: number; readonly timeZone: string }
    | { readonly kind: 'relative' }
  /** What one of `jobs.cpu` and of `jobs.memory` is: `core`, `MiB`, `share of the largest machine`. */
  readonly cpuUnit?: string
  readonly memoryUnit?: string
  readonly priorityOrder?: 'larger-first' | 'smaller-first'
  readonly jobs: JobColumns
  readonly issues: IssueReport
  /** What a reader of any figure from this trace should know: left-truncated, filtered, censored. */
  readonly notes: readonly {
    readonly code: string
    readonly message: string
    readonly numbers?: Readonly<Record<string, number>>
  }[]
}
