import type { Caveat } from './caveat.js'
import type { Estimate } from './estimate.js'
import type { Policy } from './policy.js'
import type { Prediction } from './prediction.js'
import type { Refusal } from './refusal.js'

/** How a class fares under a policy against the first one: its value minus the first one’s, in seconds, on the same luck. */
export interface PairedDifference {
  readonly name: string
  readonly response: { readonly mean: Estimate; readonly p95?: Estimate }
}

/** One policy of several, played on the same arrivals and the same task times as the others. */
export interface ComparedPolicy {
  readonly policy: Policy
  readonly outcome: Prediction | Refusal
  /** What a formula says of it, where one holds. */
  readonly analytic?: Prediction
  /** Best mean response of the classes that this is about, over this policy’s: 1 for the best. */
  readonly ability?: number
  /** Against the first policy; absent for itself, and where either was refused. */
  readonly against?: readonly PairedDifference[]
}

/** What a drop ratio does to one stage of a class. */
export interface StageDrop {
  readonly className: string
  readonly stage: string
  readonly tasks: number
  readonly slots: number
  /** Coefficient of variation of the time of one task. */
  readonly taskTimeCv: number
  /** Ratios that save more than every smaller one, with the share of the stage time saved. */
  readonly worth: readonly {
    readonly dropRatio: number
    readonly tasks: number
    readonly waves: number
    readonly saves: number
  }[]
}

/** Policies side by side on one scenario. */
export interface PolicyComparison {
  readonly schema: 'halftone/policy-comparison/1'
  /** What the comparison answers: “Drop, evict or wait?” */
  readonly question: string
  readonly scenario: string
  readonly seed: number
  /** The classes whose mean response the answer is about. */
  readonly about: readonly string[]
  readonly policies: readonly ComparedPolicy[]
  readonly drops: readonly StageDrop[]
  readonly caveats: readonly Caveat[]
}
