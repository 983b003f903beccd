/**
 * Where the warm-up ends: MSER (White 1997) on a series of batch means, averaged over replications first so that one lucky replication
 * does not cut its own best stretch out.
 *
 *   d* = arg min over d of s²(d) / (n − d),  s²(d) the variance of what is left after d batches
 *
 * Returns a number of batches between `least` and half the series. Where the minimum lies at the half, `settled` is false: the series
 * may not have reached a steady state at all.
 */
export function warmUpBatches(series: readonly (readonly number[])[], least = 4): { batches: number; settled: boolean } {
  const n = series[0].length
  const mean = Array.from({ length: n }, (_, i) => series.reduce((sum, one) => sum + one[i], 0) / series.length)
  const half = Math.floor(n / 2)
  let best = 0
  let bestScore = Number.POSITIVE_INFINITY
  let sum = 0
  let squares = 0
  for (let d = n - 1; d >= 0; d--) {
    sum += mean[d]
    squares += mean[d] * mean[d]
    if (d > half) continue
    const left = n - d
    const score = Math.max(0, squares - (sum * sum) / left) / (left * left)
    if (score <= bestScore) {
      bestScore = score
      best = d
    }
  }
  return { batches: Math.min(half, Math.max(best, least)), settled: best < half }
}
