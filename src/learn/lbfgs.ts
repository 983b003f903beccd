/** Where a smooth function is least, as far as it was followed. */
export interface Minimum {
  readonly x: Float64Array
  readonly value: number
  /** Largest entry of the gradient at `x`. */
  readonly gradient: number
  readonly iterations: number
}

export interface MinimiseOptions {
  /** Stops where no entry of the gradient is larger. */
  readonly precision: number
  readonly iterations: number
  readonly progress?: (share: number) => void
}

/**
 * Minimises a smooth function from its value and gradient: L-BFGS with ten corrections and a line search that halves or doubles until the conditions
 * of Wolfe hold. `evaluate` writes the gradient at `x` into `gradient` and returns the value; both finite.
 * Source: Nocedal and Wright, Numerical Optimization (2006), algorithms 7.4 and 7.5.
 */
export function minimise(
  start: Float64Array,
  evaluate: (x: Float64Array, gradient: Float64Array) => number,
  { precision, iterations, progress }: MinimiseOptions,
): Minimum {
  const n = start.length
  let x: Float64Array = start.slice()
  let g: Float64Array = new Float64Array(n)
  let value = evaluate(x, g)
  const steps: Float64Array[] = []
  const changes: Float64Array[] = []
  const scales: number[] = []
  let done = 0
  while (done < iterations && largest(g) > precision) {
    const direction = descent(g)
    let slope = inner(direction, g)
    if (!(slope < 0)) {
      // memory that misleads is dropped
      steps.length = changes.length = scales.length = 0
      for (let i = 0; i < n; i++) direction[i] = -g[i]
      slope = -inner(g, g)
    }
    let [low, high] = [0, Number.POSITIVE_INFINITY]
    let step = steps.length === 0 ? Math.min(1, 1 / Math.sqrt(inner(g, g))) : 1
    let next: Float64Array = new Float64Array(n)
    const nextGradient: Float64Array = new Float64Array(n)
    let nextValue = value
    let found = false
    for (let trial = 0; trial < 40; trial++) {
      next = x.map((at, i) => at + step * direction[i])
      nextValue = evaluate(next, nextGradient)
      // within rounding of the value the gradient alone decides
      const slack = 4 * Number.EPSILON * Math.abs(value)
      if (!(nextValue <= value + 1e-4 * step * slope + slack)) high = step
      else if (inner(nextGradient, direction) < 0.9 * slope) low = step
      else {
        found = true
        break
      }
      step = Number.isFinite(high) ? (low + high) / 2 : 2 * step
    }
    if (!found && !(nextValue < value)) break
    const moved = next.map((at, i) => at - x[i])
    const changed = nextGradient.map((at, i) => at - g[i])
    const curvature = inner(moved, changed)
    if (curvature > 1e-14 * inner(changed, changed)) {
      steps.push(moved)
      changes.push(changed)
      scales.push(1 / curvature)
      if (steps.length > 10) {
        steps.shift()
        changes.shift()
        scales.shift()
      }
    }
    x = next
    g = nextGradient
    value = nextValue
    done++
    progress?.(done / iterations)
  }
  return { x, value, gradient: largest(g), iterations: done }

  /** −H·g by the two-loop recursion. */
  function descent(from: Float64Array): Float64Array {
    const d: Float64Array = from.map((entry) => -entry)
    const alphas = new Float64Array(steps.length)
    for (let k = steps.length - 1; k >= 0; k--) {
      alphas[k] = scales[k] * inner(steps[k], d)
      for (let i = 0; i < n; i++) d[i] -= alphas[k] * changes[k][i]
    }
    if (steps.length > 0) {
      const last = steps.length - 1
      const factor = 1 / (scales[last] * inner(changes[last], changes[last]))
      for (let i = 0; i < n; i++) d[i] *= factor
    }
    for (let k = 0; k < steps.length; k++) {
      const beta = scales[k] * inner(changes[k], d)
      for (let i = 0; i < n; i++) d[i] += (alphas[k] - beta) * steps[k][i]
    }
    return d
  }
}

function inner(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i]
  return sum
}

function largest(values: Float64Array): number {
  let most = 0
  for (const value of values) if (Math.abs(value) > most) most = Math.abs(value)
  return most
}
