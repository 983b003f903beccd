import type { TaskRef } from './job.js'

/** Why a task is stopped for good: the attempt is thrown away. */
export type StopReason = 'evicted' | 'requeued' | 'withdrawn' | 'cancelled' | 'failed beside it'

/**
 * What a scheduler wants done, in this order. A task that is to stop keeps its slots until `taskStopped` says that it is gone; a suspended one gives
 * them back at once.
 */
export type Decision =
  | {
      /** `continue`: the attempt was suspended and goes on where it was. */
      readonly kind: 'start' | 'continue'
      readonly task: TaskRef
      /** None for a setup. */
      readonly slots: readonly number[]
      readonly node: string | undefined
      /** Of the job, and of the slots against the reference node. */
      readonly speed: number
      readonly slotSpeed: number
      readonly samplingFraction: number
    }
  | { readonly kind: 'suspend'; readonly task: TaskRef }
  | { readonly kind: 'stop'; readonly task: TaskRef; readonly why: StopReason }
  /** Tasks of the job that run go at this speed from now on. */
  | { readonly kind: 'speed'; readonly job: string; readonly speed: number }
  /** The job is over and none of its tasks is left. */
  | { readonly kind: 'over'; readonly job: string }
