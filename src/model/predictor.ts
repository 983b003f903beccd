import type { Prediction, QuantileName } from './prediction.js'
import type { Refusal } from './refusal.js'
import type { ReplayJobs } from './replay.js'
import type { Scenario } from './scenario.js'

/** What a predictor may use besides the scenario. All of it is optional but the seed: same scenario, same seed, same answer. */
export interface PredictOptions {
  /** Randomness: predictions with the same seed see the same arrivals and the same task times, whatever the policy. */
  readonly seed: number
  /** The jobs behind `replay` laws; a scenario with such laws and no jobs is refused. */
  readonly replay?: ReplayJobs
  /** Wanted half-width of the interval of each mean, relative to the mean. Default 0.05. */
  readonly precision?: number
  /** A bound on the work: jobs simulated in all replications together. */
  readonly jobsAtMost?: number
  /**
   * The quantiles of responses that are wanted, by class name, of classes not named none. A predictor that pays for each may then leave the others out, and
   * those of waits and services; what it does give is the same as without this. Absent: all that it can give.
   */
  readonly quantiles?: Readonly<Record<string, readonly QuantileName[]>>
  /** Called now and then with the share done, 0 to 1. */
  readonly progress?: (share: number) => void
}

/**
 * One contract for all that can say how a scenario will fare. Laws that hold for every predictor are in `test/contracts`.
 * `refuses` is cheap; `predict` may still refuse.
 */
export interface Predictor {
  readonly kind: Prediction['predictor']['kind']
  readonly name: string
  refuses(scenario: Scenario): Refusal | undefined
  predict(scenario: Scenario, options: PredictOptions): Prediction | Refusal
}
