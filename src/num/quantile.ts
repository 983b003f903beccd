/**
 * Quantile of a sorted sample by linear interpolation between order statistics.
 *
 *   h = (n−1)p,  Q(p) = x⌊h⌋ + (h − ⌊h⌋)(x⌊h⌋₊₁ − x⌊h⌋),  x₀ ≤ … ≤ xₙ₋₁
 *
 * Type 7 of Hyndman and Fan (1996); the default of R and NumPy, `quantile_cont` of SQL. `sorted` ascends, has at least one value and no NaN;
 * 0 ≤ p ≤ 1.
 */
export function quantile(sorted: ArrayLike<number>, p: number): number {
  const last = sorted.length - 1
  const h = last * p
  const below = Math.min(Math.floor(h), last)
  const low = sorted[below]!
  const high = sorted[Math.min(below + 1, last)]!
  return low + (h - below) * (high - low)
}

/** How many of the ascending values are at most `value`. O(log n). */
export function countAtMost(sorted: ArrayLike<number>, value: number): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (sorted[middle]! <= value) low = middle + 1
    else high = middle
  }
  return low
}

/**
 * At most `points` points of the empirical distribution function of an ascending sample: `shares[i]` = share of the sample ≤ `values[i]`, exact at
 * each point. Four fifths of the points lie at equal steps of probability, the rest crowd into the last percents where tails live; the first and
 * the last value are always there; values that repeat give one point.
 */
export function empiricalCdf(sorted: ArrayLike<number>, points = 200): { values: number[]; shares: number[] } {
  const n = sorted.length
  const values: number[] = []
  const shares: number[] = []
  const even = Math.max(2, Math.floor(points * 0.8))
  const tail = points - even
  const at: number[] = []
  for (let i = 0; i < even; i++) at.push(Math.round((i / (even - 1)) * (n - 1)))
  // from p = 0.99 on, ever closer to 1: 1 − p = 10⁻² … 1/n
  const decades = Math.max(0, Math.log10(n) - 2)
  for (let i = 0; i < tail; i++) at.push(Math.round((1 - 10 ** (-2 - (decades * i) / tail)) * (n - 1)))
  at.sort((a, b) => a - b)
  for (const index of at) {
    const value = sorted[index]!
    if (values.length > 0 && value === values[values.length - 1]) continue
    values.push(value)
    shares.push(countAtMost(sorted, value) / n)
  }
  return { values, shares }
}
