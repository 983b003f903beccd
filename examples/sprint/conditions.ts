/**
 * The effective-rate experiment: nine workloads, whose queries go faster in a sprint only over a first share of their work, under 810 conditions of load and policy
 * (specification of the experiment: s in 1.5, 2, 3 × p in .4, .6, .8; λ in .3 … .9; T in 0 … 8 s; B in 5, 20, 60 s; R = 200 s; exponential work of mean 1 s).
 */
import { fillExponential, Rng } from 'halftone/num'
import { simulateSprintQueue } from 'halftone/simulate'

export interface Condition {
  readonly workload: string
  readonly arrivalRatePerSecond: number
  readonly serviceRatePerSecond: number
  /** Throughput when whole executions are sprinted: 1/(p/s + 1 − p). */
  readonly marginalRatePerSecond: number
  readonly timeoutSeconds: number
  readonly budgetSeconds: number
  readonly windowSeconds: number
  /** What nobody who only measures would know: speed of the responsive share, and that share. */
  readonly hidden: { readonly speed: number; readonly responsiveShare: number }
}

export interface Grid {
  readonly loads: readonly number[]
  readonly timeouts: readonly number[]
  readonly budgets: readonly number[]
  readonly speeds: readonly number[]
  readonly shares: readonly number[]
}

export const WHOLE_GRID: Grid = {
  loads: [0.3, 0.5, 0.7, 0.8, 0.9],
  timeouts: [0, 0.5, 1, 2, 4, 8],
  budgets: [5, 20, 60],
  speeds: [1.5, 2, 3],
  shares: [0.4, 0.6, 0.8],
}

export function conditions({ loads, timeouts, budgets, speeds, shares }: Grid = WHOLE_GRID): Condition[] {
  return speeds.flatMap((speed) =>
    shares.flatMap((responsiveShare) =>
      loads.flatMap((arrivalRatePerSecond) =>
        timeouts.flatMap((timeoutSeconds) =>
          budgets.map((budgetSeconds) => ({
            workload: `s${speed} p${responsiveShare}`,
            arrivalRatePerSecond,
            serviceRatePerSecond: 1,
            marginalRatePerSecond: 1 / (responsiveShare / speed + 1 - responsiveShare),
            timeoutSeconds,
            budgetSeconds,
            windowSeconds: 200,
            hidden: { speed, responsiveShare },
          })),
        ),
      ),
    ),
  )
}

/** Mean response of the “real” system under a condition, each condition on luck of its own. Seconds. */
export function observe(condition: Condition, seed: number, queries: number): number {
  const { arrivalRatePerSecond, timeoutSeconds, budgetSeconds, windowSeconds, workload, hidden } = condition
  const rng = new Rng(seed, `observed ${workload} ${arrivalRatePerSecond} ${timeoutSeconds} ${budgetSeconds}`)
  const arrivalSeconds = new Float64Array(queries)
  const workSeconds = new Float64Array(queries)
  fillExponential(rng.stream('arrivals'), arrivalSeconds, 0, queries, 1 / arrivalRatePerSecond)
  for (let i = 1; i < queries; i++) arrivalSeconds[i]! += arrivalSeconds[i - 1]!
  fillExponential(rng.stream('work'), workSeconds, 0, queries, 1)
  const policy = { timeoutSeconds, budgetSeconds, windowSeconds, ...hidden }
  return simulateSprintQueue({ arrivalSeconds, workSeconds }, policy).meanResponseSeconds
}
