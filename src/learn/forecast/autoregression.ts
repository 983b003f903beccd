/**
 * Autoregression of a series around 0: x(t) = Σ φⱼ x(t − j) + ε(t), with its order chosen, its spectrum, and its forecasts.
 */

/** An autoregression of consecutive lags 1 … order. */
export interface Autoregression {
  readonly order: number
  /** φ₁ … φ_order; longer where scratch. */
  readonly coefficients: Float64Array
  /** Variance of ε. */
  readonly innovation: number
}

/**
 * Autocovariances of values around 0 at lags 0 … `most`, into `out`. NaN: missing. Each is the mean product of the pairs that are both measured, times
 * (n − k)/n, so that without missing values it is the estimator of Box and Jenkins, whose autoregressions are always stable.
 */
export function autocovariances(values: Float64Array, count: number, most: number, missing: boolean, out: Float64Array): void {
  for (let k = 0; k <= most; k++) {
    let sum = 0
    if (!missing) {
      for (let i = k; i < count; i++) sum += values[i - k] * values[i]
      out[k] = sum / count
      continue
    }
    let pairs = 0
    for (let i = k; i < count; i++) {
      const product = values[i - k] * values[i]
      if (Number.isNaN(product)) continue
      sum += product
      pairs++
    }
    out[k] = pairs === 0 ? 0 : ((sum / pairs) * (count - k)) / count
  }
}

/**
 * The autoregression whose autocovariances these are, of the order 0 … `most` that makes the corrected Akaike criterion least:
 *
 *   AICc = n ln σ² + 2k + 2k(k + 1)/(n − k − 1),  k = order + 1 + `others`
 *
 * by the recursion of Levinson and Durbin, O(most²). Stops where a partial autocorrelation reaches 1 in size (the values are predictable without error,
 * or pairs of missing values left no valid autocovariance). Source: Brockwell and Davis (1991), §5.2; Hurvich and Tsai (1989).
 */
export function yuleWalker(covariances: Float64Array, most: number, count: number, others = 0): Autoregression {
  const phi = new Float64Array(most)
  const best = new Float64Array(most)
  const before = new Float64Array(most)
  let variance = covariances[0]
  let order = 0
  let innovation = variance
  if (!(variance > 0)) return { order: 0, coefficients: best, innovation: 0 }
  const floor = variance * 1e-14
  let least = criterion(variance, 0, count, others)
  for (let k = 1; k <= most; k++) {
    let next = covariances[k]
    for (let j = 0; j < k - 1; j++) next -= phi[j] * covariances[k - 1 - j]
    const partial = next / variance
    if (!(Math.abs(partial) < 1)) break
    before.set(phi)
    for (let j = 0; j < k - 1; j++) phi[j] = before[j] - partial * before[k - 2 - j]
    phi[k - 1] = partial
    variance *= 1 - partial * partial
    if (!(variance > floor)) break
    const value = criterion(variance, k, count, others)
    if (value >= least) continue
    least = value
    order = k
    innovation = variance
    best.set(phi)
  }
  for (let j = order; j < most; j++) best[j] = 0
  return { order, coefficients: best, innovation }
}

/** The corrected Akaike criterion of an autoregression with Gaussian innovations. */
export function criterion(variance: number, order: number, count: number, others: number): number {
  const k = order + 1 + others
  return count - k - 1 <= 0 ? Number.POSITIVE_INFINITY : count * Math.log(variance) + 2 * k + (2 * k * (k + 1)) / (count - k - 1)
}

/** Spectral density at frequency 0, scaled so that white noise has its variance: σ² / (1 − Σ φⱼ)². Over n it is the variance of a mean of n values. */
export function longRunVariance({ order, coefficients, innovation }: Autoregression): number {
  let rest = 1
  for (let j = 0; j < order; j++) rest -= coefficients[j]
  return innovation / (rest * rest)
}

/** A value forecast from the values before it at the given lags: x(t) = Σ φⱼ x(t − lagⱼ). Values before the start count as 0. */
export function predicted(
  values: Float64Array,
  at: number,
  lags: ArrayLike<number>,
  phi: ArrayLike<number>,
  terms: number,
): number {
  let sum = 0
  for (let j = 0; j < terms; j++) {
    const from = at - lags[j]
    if (from >= 0) sum += phi[j] * values[from]
  }
  return sum
}

/** Sums of squares of the first weights of the moving average that an autoregression is: the variance h steps ahead over that of ε. 1, 1 + ψ₁², … */
export function growth(lags: ArrayLike<number>, phi: ArrayLike<number>, steps: number): Float64Array {
  const psi = new Float64Array(steps)
  const out = new Float64Array(steps)
  let sum = 0
  for (let h = 0; h < steps; h++) {
    let value = h === 0 ? 1 : 0
    for (let j = 0; j < phi.length; j++) if (h >= lags[j]) value += phi[j] * psi[h - lags[j]]
    psi[h] = value
    sum += value * value
    out[h] = sum
  }
  return out
}

/**
 * True where the autoregression is stable: every root of z^p = Σ φⱼ z^(p − lagⱼ) lies inside the circle of the given radius. By the step-down recursion
 * (Schur and Cohn) on all lags up to the longest, O(p²).
 */
export function isStable(lags: readonly number[], phi: ArrayLike<number>, radius = 1): boolean {
  const p = lags.length === 0 ? 0 : Math.max(...lags)
  let a = new Float64Array(p)
  lags.forEach((lag, j) => {
    a[lag - 1] += phi[j] / radius ** lag
  })
  let b = new Float64Array(p)
  for (let k = p; k > 0; k--) {
    const partial = a[k - 1]
    if (!(Math.abs(partial) < 1)) return false
    if (partial === 0) continue
    const scale = 1 / (1 - partial * partial)
    for (let j = 0; j < k - 1; j++) b[j] = (a[j] + partial * a[k - 2 - j]) * scale
    const swap = a
    a = b
    b = swap
  }
  return true
}
