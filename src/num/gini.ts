/**
 * Gini coefficient of an ascending sample of amounts ≥ 0: 0 where all have the same, (n−1)/n where one has all.
 *
 *   G = 2 Σ i·xᵢ / (n Σ xᵢ) − (n+1)/n,  x₁ ≤ … ≤ xₙ
 *
 * NaN where the total is 0.
 */
export function gini(sorted: ArrayLike<number>): number {
  const n = sorted.length
  let weighted = 0
  let total = 0
  for (let i = 0; i < n; i++) {
    weighted += (i + 1) * sorted[i]!
    total += sorted[i]!
  }
  return total > 0 ? Math.min(1, Math.max(0, (2 * weighted) / (n * total) - (n + 1) / n)) : Number.NaN
}

/** Share of the total held by the ⌈fraction·n⌉ largest of an ascending sample of amounts ≥ 0. NaN where the total is 0. */
export function topShare(sorted: ArrayLike<number>, fraction: number): number {
  const n = sorted.length
  const from = n - Math.min(n, Math.ceil(fraction * n - 1e-9))
  let top = 0
  let rest = 0
  for (let i = 0; i < from; i++) rest += sorted[i]!
  for (let i = from; i < n; i++) top += sorted[i]!
  return top + rest > 0 ? top / (top + rest) : Number.NaN
}

/** Points of the Lorenz curve, from (0, 0) to (1, 1): the poorest `holders[i]` of the holders have `total[i]` of the total. Ascending sample. */
export function lorenz(sorted: ArrayLike<number>, points = 101): { holders: number[]; total: number[] } {
  const n = sorted.length
  const steps = Math.min(points - 1, n)
  let all = 0
  for (let i = 0; i < n; i++) all += sorted[i]!
  const holders = [0]
  const total = [0]
  let sum = 0
  let at = 0
  for (let step = 1; step <= steps; step++) {
    const until = Math.round((step / steps) * n)
    for (; at < until; at++) sum += sorted[at]!
    holders.push(at / n)
    total.push(all > 0 ? Math.min(1, sum / all) : at / n)
  }
  return { holders, total }
}
