/** Nodes and weights of a quadrature rule on [−1, 1]. */
export interface QuadratureRule {
  readonly nodes: Float64Array
  readonly weights: Float64Array
}

/** Gauss–Legendre rule with `n` nodes: exact for polynomials of degree 2n − 1. Newton on the Legendre recurrence. */
export function gaussLegendre(n: number): QuadratureRule {
  const nodes = new Float64Array(n)
  const weights = new Float64Array(n)
  for (let i = 0; i < (n + 1) >> 1; i++) {
    let x = Math.cos((Math.PI * (i + 0.75)) / (n + 0.5))
    let slope = 0
    for (let step = 0; step < 100; step++) {
      let previous = 1
      let value = x
      for (let k = 2; k <= n; k++) {
        const next = ((2 * k - 1) * x * value - (k - 1) * previous) / k
        previous = value
        value = next
      }
      if (n === 1) previous = 1
      slope = (n * (x * value - previous)) / (x * x - 1)
      const move = value / slope
      x -= move
      if (Math.abs(move) < 1e-16) break
    }
    const weight = 2 / ((1 - x * x) * slope * slope)
    nodes[i] = -x
    nodes[n - 1 - i] = x
    weights[i] = weight
    weights[n - 1 - i] = weight
  }
  return { nodes, weights }
}

/** ∫ f over [low, high] by the rule, in `panels` equal pieces. */
export function integrate(f: (x: number) => number, low: number, high: number, rule: QuadratureRule, panels = 1): number {
  const half = (high - low) / panels / 2
  let sum = 0
  for (let p = 0; p < panels; p++) {
    const middle = low + (2 * p + 1) * half
    for (let i = 0; i < rule.nodes.length; i++) sum += rule.weights[i]! * f(middle + half * rule.nodes[i]!)
  }
  return sum * half
}
