import type { Rng } from './rng.js'

/**
 * Starting points that cover a box evenly: a Latin hypercube, so that each of `points` equal slices of every side holds exactly one point.
 *
 * Source: McKay, Beckman and Conover (1979).
 */
export function latinHypercube(low: ArrayLike<number>, high: ArrayLike<number>, points: number, rng: Rng): Float64Array[] {
  const n = low.length
  const out = Array.from({ length: points }, () => new Float64Array(n))
  const order = new Int32Array(points)
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < points; k++) order[k] = k
    for (let k = points - 1; k > 0; k--) {
      const other = rng.below(k + 1)
      const kept = order[k]
      order[k] = order[other]
      order[other] = kept
    }
    for (let k = 0; k < points; k++) out[k][i] = low[i] + ((order[k] + rng.uniform()) / points) * (high[i] - low[i])
  }
  return out
}

export interface MultiStart<Found extends { readonly cost: number }> {
  readonly best: Found
  /** How many of the searches that were run ended within `close` of the best: 1 of many says that the cost has many valleys. */
  readonly agreeing: number
  readonly searches: number
}

/**
 * The best of several local searches: `cost` ranks the starting points, `search` runs from the most promising `searches` of them (the first one
 * given, a prior, always among them), and the lowest end wins.
 */
export function multiStart<Found extends { readonly cost: number }>(
  starts: readonly Float64Array[],
  cost: (x: Float64Array) => number,
  search: (start: Float64Array) => Found,
  { searches = 5, close = 1e-3 }: { readonly searches?: number; readonly close?: number } = {},
): MultiStart<Found> {
  if (starts.length === 0) throw new RangeError('multiStart: there is no starting point')
  const ranked = starts
    .map((start, order) => ({ start, order, cost: order === 0 ? Number.NEGATIVE_INFINITY : cost(start) }))
    .sort((a, b) => a.cost - b.cost || a.order - b.order)
    .slice(0, Math.max(1, searches))
  const found = ranked.map(({ start }) => search(start))
  const best = found.reduce((a, b) => (b.cost < a.cost ? b : a))
  const agreeing = found.filter((one) => one.cost - best.cost <= close * (Math.abs(best.cost) + 1e-12)).length
  return { best, agreeing, searches: found.length }
}
