import { describe, expect, it } from 'vitest'
import { isRefusal } from '../model/index.js'
import { Rng } from '../num/index.js'
import { type NonNegativeSolution, nonNegative, nonNegativeLeastSquares } from './nnls.js'
import { tableOf } from './table.js'

function solved(design: Float64Array, width: number, target: Float64Array, weights?: Float64Array): NonNegativeSolution {
  const solution = nonNegativeLeastSquares(design, width, target, weights)
  if (isRefusal(solution)) throw new Error(solution.message)
  return solution
}

describe('non-negative least squares', () => {
  it('satisfies the conditions of Karush, Kuhn and Tucker on random designs, wide ones and ill-scaled ones too', () => {
    const rng = new Rng(1, 'nnls')
    for (let trial = 0; trial < 60; trial++) {
      const rows = 1 + rng.below(40)
      const width = 1 + rng.below(30)
      const scale = Float64Array.from({ length: width }, () => 10 ** (6 * rng.uniform() - 3))
      const design = Float64Array.from({ length: rows * width }, (_, p) => scale[p % width] * rng.normal())
      const target = Float64Array.from({ length: rows }, () => 50 * rng.normal())
      const { coefficients, optimality, residualNorm } = solved(design, width, target)
      // the gradient, computed here from the answer alone
      const residual = target.map((y, i) => coefficients.reduce((left, b, j) => left - b * design[i * width + j], y))
      expect(Math.hypot(...residual)).toBeCloseTo(residualNorm, 8)
      const norm = Math.hypot(...target)
      coefficients.forEach((b, j) => {
        expect(b).toBeGreaterThanOrEqual(0)
        let gradient = 0
        let length = 0
        for (let i = 0; i < rows; i++) {
          gradient += design[i * width + j] * residual[i]
          length += design[i * width + j] ** 2
        }
        const relative = gradient / Math.sqrt(length) / norm
        expect(b > 0 ? Math.abs(relative) : relative).toBeLessThan(1e-10)
      })
      expect(optimality).toBeLessThan(1e-10)
    }
  })

  it('is ordinary least squares where that is positive', () => {
    // y = 2a + 3b exactly
    const design = Float64Array.of(1, 0, 1, 1, 1, 2, 1, 5)
    const { coefficients, residualNorm } = solved(design, 2, Float64Array.of(2, 5, 8, 17))
    expect(coefficients[0]).toBeCloseTo(2, 12)
    expect(coefficients[1]).toBeCloseTo(3, 12)
    expect(residualNorm).toBeLessThan(1e-12)
  })

  it('gives a column that only hurts nothing', () => {
    const { coefficients } = solved(Float64Array.of(1, -1, 2, -2.5, 3, -3), 2, Float64Array.of(1, 2, 3))
    expect(coefficients[1]).toBe(0)
    expect(coefficients[0]).toBeCloseTo(1, 12) // Σxy/Σx² = 14/14
  })

  it('a row of weight 2 counts as two rows', () => {
    const rng = new Rng(2, 'w')
    const rows = Array.from({ length: 12 }, () => [rng.uniform(), rng.uniform(), rng.normal()])
    const flat = (some: number[][]): Float64Array => Float64Array.from(some.flatMap((row) => row.slice(0, 2)))
    const y = (some: number[][]): Float64Array => Float64Array.from(some, ([, , t]) => t + 1)
    const twice = solved(flat([...rows, rows[3]]), 2, y([...rows, rows[3]]))
    const weighed = solved(
      flat(rows),
      2,
      y(rows),
      Float64Array.from(rows, (_, i) => (i === 3 ? 2 : 1)),
    )
    weighed.coefficients.forEach((b, j) => {
      expect(b).toBeCloseTo(twice.coefficients[j], 12)
    })
  })

  it('says when columns cannot be told apart, and still explains the target', () => {
    const rng = new Rng(3, 'same')
    const a = Float64Array.from({ length: 20 }, () => rng.uniform())
    const model = nonNegative({ intercept: 'none' }).fit(
      { features: tableOf({ a, twice: a.map((x) => 2 * x) }), target: a.map((x) => 3 * x) },
      { rng },
    )
    if (isRefusal(model)) throw new Error(model.message)
    expect(model.coefficients[0] + 2 * model.coefficients[1]).toBeCloseTo(3, 10)
    expect(model.caveats.map(({ code }) => code)).toEqual(['collinear'])
  })
})

describe('service demands from utilisation', () => {
  it('come out of utilisation = Σ throughput · demand + background', () => {
    const rng = new Rng(4, 'demand')
    const x = (): Float64Array => Float64Array.from({ length: 200 }, () => 5 + 20 * rng.uniform())
    const [search, buy, browse] = [x(), x(), x()]
    const target = search.map((s, i) => 0.05 + 0.004 * s + 0.011 * buy[i] + 1e-4 * rng.normal())
    for (const intercept of ['free', 'non-negative'] as const) {
      const model = nonNegative({ intercept }).fit({ features: tableOf({ search, buy, browse }), target }, { rng })
      if (isRefusal(model)) throw new Error(model.message)
      // standard errors: 1e-4 / (spread 5.8 · √200) = 1.2e-6 a coefficient, and 4e-5 for the intercept
      expect(Math.abs(model.coefficients[0] - 0.004)).toBeLessThan(6e-6)
      expect(Math.abs(model.coefficients[1] - 0.011)).toBeLessThan(6e-6)
      expect(model.coefficients[2]).toBeLessThan(6e-6)
      expect(Math.abs(model.intercept - 0.05)).toBeLessThan(2e-4)
    }
  })
})
