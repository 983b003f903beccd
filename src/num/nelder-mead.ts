/** A function to make small within a box. */
export interface BoundedProblem {
  readonly cost: (x: Float64Array) => number
  readonly start: ArrayLike<number>
  readonly low: ArrayLike<number>
  readonly high: ArrayLike<number>
  /** First edge of the simplex as a share of the width of the box. */
  readonly edge?: number
  readonly evaluations?: number
  /** Ends when the costs at the corners differ by less than this, relative to the smallest. */
  readonly tolerance?: number
}

export interface Minimum {
  readonly x: Float64Array
  /** At most the cost of the start. */
  readonly cost: number
  readonly evaluations: number
  readonly converged: boolean
}

/**
 * The simplex search of Nelder and Mead in a box: no derivatives, so a cost may have kinks and cliffs (a simulation, an absolute error). Points
 * outside are moved onto the bound; costs that are not finite count as the largest number. For up to a dozen or so parameters.
 *
 * Factors grow with the dimension (Gao and Han 2012: expansion 1 + 2/n, contraction 3/4 − 1/(2n), shrink 1 − 1/n), which keeps the simplex from
 * collapsing. A collapsed simplex is rebuilt once around the best point.
 *
 * Source: Nelder and Mead (1965); Gao and Han, Computational Optimization and Applications 51 (2012).
 */
export function nelderMead(problem: BoundedProblem): Minimum {
  const n = problem.start.length
  const budget = problem.evaluations ?? 200 * Math.max(n, 1)
  const first = simplex(problem, problem.start, problem.edge ?? 0.1, budget)
  if (first.evaluations >= budget) return first
  const again = simplex(problem, first.x, (problem.edge ?? 0.1) / 4, budget - first.evaluations)
  return { ...(again.cost <= first.cost ? again : first), evaluations: first.evaluations + again.evaluations }
}

function simplex(
  { cost, low, high, tolerance = 1e-9 }: BoundedProblem,
  start: ArrayLike<number>,
  edge: number,
  budget: number,
): Minimum {
  const n = start.length
  const clip = (value: number, i: number): number => Math.min(high[i], Math.max(low[i], value))
  let evaluations = 0
  const valued = (x: Float64Array): Corner => {
    evaluations++
    const value = cost(x)
    return { x, cost: Number.isFinite(value) ? value : Number.MAX_VALUE }
  }
  const origin = Float64Array.from(start, clip)
  const corners: Corner[] = [valued(origin)]
  for (let i = 0; i < n; i++) {
    const width = high[i] - low[i]
    if (!(width > 0)) continue
    const x = origin.slice()
    const size = edge * (Number.isFinite(width) ? width : Math.max(1, Math.abs(origin[i])))
    x[i] = origin[i] + size <= high[i] ? origin[i] + size : clip(origin[i] - size, i)
    corners.push(valued(x))
  }
  const m = corners.length - 1
  if (m === 0) return { ...corners[0], evaluations, converged: true }
  const dimension = Math.max(m, 2)
  const expansion = 1 + 2 / dimension
  const contraction = 0.75 - 1 / (2 * dimension)
  const shrink = 1 - 1 / dimension
  const centre = new Float64Array(n)
  const along = (from: Float64Array, factor: number): Corner => valued(centre.map((c, i) => clip(c + factor * (c - from[i]), i)))
  let converged = false
  while (evaluations < budget) {
    corners.sort((a, b) => a.cost - b.cost)
    const best = corners[0]
    const worst = corners[m]
    if (worst.cost - best.cost <= tolerance * (Math.abs(best.cost) + tolerance)) {
      converged = true
      break
    }
    centre.fill(0)
    for (let k = 0; k < m; k++) for (let i = 0; i < n; i++) centre[i] = centre[i] + corners[k].x[i] / m
    const reflected = along(worst.x, 1)
    if (reflected.cost < best.cost) {
      const expanded = along(worst.x, expansion)
      corners[m] = expanded.cost < reflected.cost ? expanded : reflected
    } else if (reflected.cost < corners[m - 1].cost) {
      corners[m] = reflected
    } else {
      const contracted = reflected.cost < worst.cost ? along(worst.x, contraction) : along(worst.x, -contraction)
      if (contracted.cost < Math.min(reflected.cost, worst.cost)) corners[m] = contracted
      else
        for (let k = 1; k <= m; k++) corners[k] = valued(corners[k].x.map((value, i) => best.x[i] + shrink * (value - best.x[i])))
    }
  }
  corners.sort((a, b) => a.cost - b.cost)
  return { ...corners[0], evaluations, converged }
}

interface Corner {
  readonly x: Float64Array
  readonly cost: number
}
