/**
 * Bounds of closed networks of single servers with one class: asymptotic (ABA) and balanced-system (BSB). Demands D_i seconds, think time Z, N jobs.
 *
 *   ABA   N/(N·D + Z) ≤ X ≤ min(N/(D + Z), 1/D_max),     max(D, N·D_max − Z) ≤ R ≤ N·D
 *   BSB   N/(D + Z + D_max (N−1)·a) ≤ X ≤ min(1/D_max, N/(D + Z + D_ave (N−1)·b)),   a = N·D/(N·D + Z), b = D/(D + Z)
 *
 * Sources: P. J. Denning, J. P. Buzen (1978); J. Zahorjan et al., "Balanced job bound analysis of queueing networks", CACM 25 (1982).
 */
export interface ClosedBounds {
  /** [lower, upper], jobs per second. */
  readonly throughput: readonly [number, number]
  /** [lower, upper], seconds, without the think time. */
  readonly response: readonly [number, number]
}

interface ClosedQuestion {
  readonly demands: readonly number[]
  readonly thinkTime: number
  readonly population: number
}

/** Asymptotic bounds. */
export function asymptoticBounds({ demands, thinkTime, population }: ClosedQuestion): ClosedBounds {
  const total = demands.reduce((sum, d) => sum + d, 0)
  const most = Math.max(...demands)
  return {
    throughput: [population / (population * total + thinkTime), Math.min(population / (total + thinkTime), 1 / most)],
    response: [Math.max(total, population * most - thinkTime), population * total],
  }
}

/** Balanced-system bounds: tighter than the asymptotic ones. */
export function balancedBounds({ demands, thinkTime, population }: ClosedQuestion): ClosedBounds {
  const total = demands.reduce((sum, d) => sum + d, 0)
  const most = Math.max(...demands)
  const mean = total / demands.length
  const others = population - 1
  const slow = total + (others * most) / (1 + thinkTime / (population * total))
  const quick = total + (others * mean) / (1 + thinkTime / total)
  return {
    throughput: [population / (thinkTime + slow), Math.min(1 / most, population / (thinkTime + quick))],
    response: [Math.max(population * most - thinkTime, quick), slow],
  }
}
