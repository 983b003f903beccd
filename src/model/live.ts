/** What somebody who watches a live cluster sees: who waits and runs, how jobs fared against what was predicted, what was done and held back. */
import type { ClusterAction } from './driver.js'

export interface LiveClass {
  readonly name: string
  readonly waiting: number
  readonly running: number
  /** Jobs that ended with a result since the watch began; mean and quantile of the last ones. */
  readonly ended: number
  readonly meanResponseSeconds?: number
  readonly p95ResponseSeconds?: number
  readonly predictedMeanSeconds?: number
  readonly predictedP95Seconds?: number
}

export interface LiveAction {
  readonly atSeconds: number
  readonly action: ClusterAction
  readonly reason: string
  /** `would`: a dry run, or nothing to be done yet. */
  readonly outcome: 'done' | 'kept' | 'undone' | 'refused' | 'undo-failed' | 'would' | 'held-back'
  readonly guard?: string
  readonly note?: string
}

export interface LiveStatus {
  readonly schema: 'halftone/live/1'
  readonly atSeconds: number
  readonly driver: string
  readonly policy: string
  readonly commit: boolean
  readonly nodes: number
  readonly slots: number
  readonly busySlots: number
  readonly discipline?: string
  readonly classes: readonly LiveClass[]
  /** Jobs of no class of the policy: never touched. */
  readonly others: { readonly waiting: number; readonly running: number }
  readonly budget?: {
    readonly unit: 'seconds' | 'joules'
    readonly level: number
    readonly size: number
    readonly overdrawn: number
  }
  /** Steps that are done and would be taken back now. */
  readonly openSteps: number
  /** Decisions of this look, done or not. */
  readonly wanted: number
  /** The last actions, the latest last. */
  readonly actions: readonly LiveAction[]
  readonly heldBack: readonly { readonly guard: string; readonly reason: string }[]
  readonly handsOff?: string
  /** Why the cluster could not be seen. */
  readonly blind?: string
}
