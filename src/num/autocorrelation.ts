/**
 * Autocorrelation of a series at each lag.
 *
 *   ρₖ = Σᵢ (xᵢ − m)(xᵢ₊ₖ − m) / Σᵢ (xᵢ − m)²,  m the mean of the whole series
 *
 * The usual estimator (Box and Jenkins), between −1 and 1. NaN where all values are equal or the lag is not below the length. O(n) a lag.
 */
export function autocorrelation(values: ArrayLike<number>, lags: readonly number[]): number[] {
  const n = values.length
  let sum = 0
  for (let i = 0; i < n; i++) sum += values[i]!
  const mean = sum / n
  const centred = new Float64Array(n)
  let square = 0
  for (let i = 0; i < n; i++) {
    const d = values[i]! - mean
    centred[i] = d
    square += d * d
  }
  return lags.map((lag) => {
    if (lag >= n || square <= 0) return Number.NaN
    let product = 0
    for (let i = lag; i < n; i++) product += centred[i - lag]! * centred[i]!
    return product / square
  })
}
