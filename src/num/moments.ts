/** Moments of a sample as an empirical law: divisor n throughout. */
export interface Moments {
  readonly count: number
  readonly sum: number
  readonly mean: number
  /** Σ(x − mean)² / n. */
  readonly variance: number
  /** Variance / mean²; undefined where the mean is 0. */
  readonly scv: number | undefined
  /** Third central moment / variance^1.5; undefined where the variance is 0. */
  readonly skewness: number | undefined
}

/**
 * Mean, variance and skewness in one pass; the sum is compensated (Neumaier), the central moments are updated, never differences of large powers.
 *
 *   δ = x − mean;  mean += δ/n;  M3 += δ³(n−1)(n−2)/n² − 3δM2/n;  M2 += δ²(n−1)/n
 *
 * `values` has at least one value, all finite. Source: Terriberry (2007), after Welford (1962).
 */
export function moments(values: ArrayLike<number>): Moments {
  const n = values.length
  let mean = 0
  let m2 = 0
  let m3 = 0
  let sum = 0
  let lost = 0
  for (let i = 0; i < n; i++) {
    const x = values[i]!
    const t = sum + x
    lost += Math.abs(sum) >= Math.abs(x) ? sum - t + x : x - t + sum
    sum = t
    const delta = x - mean
    const step = delta / (i + 1)
    const term = delta * step * i
    mean += step
    m3 += term * step * (i - 1) - 3 * step * m2
    m2 += term
  }
  const total = sum + lost
  const variance = n > 0 ? m2 / n : 0
  // values that are all equal leave rounding dust, not a spread
  const flat = variance <= Number.EPSILON * Number.EPSILON * total * total
  const average = total / n
  return {
    count: n,
    sum: total,
    mean: average,
    variance: flat ? 0 : variance,
    scv: average === 0 ? undefined : flat ? 0 : variance / (average * average),
    skewness: flat ? undefined : m3 / n / variance ** 1.5,
  }
}

/** Σ values, compensated: the error does not grow with their number. Source: Neumaier (1974). */
export function compensatedSum(values: ArrayLike<number>): number {
  let sum = 0
  let lost = 0
  for (let i = 0; i < values.length; i++) {
    const x = values[i]!
    const t = sum + x
    lost += Math.abs(sum) >= Math.abs(x) ? sum - t + x : x - t + sum
    sum = t
  }
  return sum + lost
}

/** The raw moment Σ xᵏ / n of a sample with at least one value. Overflows to infinity where xᵏ does. */
export function rawMoment(values: ArrayLike<number>, power: number): number {
  let sum = 0
  let lost = 0
  for (let i = 0; i < values.length; i++) {
    const v = values[i]!
    let x = v
    for (let k = 1; k < power; k++) x *= v
    const t = sum + x
    lost += Math.abs(sum) >= Math.abs(x) ? sum - t + x : x - t + sum
    sum = t
  }
  return (sum + lost) / values.length
}
