import { describe, expect, it } from 'vitest'
import { levenbergMarquardt, solveCholesky } from './levenberg-marquardt.js'

const open = [-1e6, -1e6]
const wide = [1e6, 1e6]

describe('levenbergMarquardt', () => {
  it('finds the certified values of NIST’s Misra1a from both of its starting points', () => {
    const x = [77.6, 114.9, 141.1, 190.8, 239.9, 289, 332.8, 378.4, 434.8, 477.3, 536.8, 593.1, 689.1, 760]
    const y = [10.07, 14.73, 17.94, 23.93, 29.61, 35.18, 40.02, 44.82, 50.76, 55.05, 61.01, 66.4, 75.47, 81.78]
    for (const start of [
      [500, 1e-4],
      [250, 5e-4],
    ]) {
      const fit = levenbergMarquardt({
        residuals: (b, out) => {
          for (let i = 0; i < x.length; i++) out[i] = y[i] - b[0] * (1 - Math.exp(-b[1] * x[i]))
        },
        rows: x.length,
        start,
        low: [0, 0],
        high: [1e4, 1],
        tolerance: 1e-14,
      })
      // www.itl.nist.gov/div898/strd/nls/data/misra1a.shtml: b1, b2, residual sum of squares
      expect(fit.x[0] / 2.3894212918e2).toBeCloseTo(1, 6)
      expect(fit.x[1] / 5.5015643181e-4).toBeCloseTo(1, 6)
      expect((2 * fit.cost) / 1.2455138894e-1).toBeCloseTo(1, 8)
    }
  })

  it('walks the valley of Rosenbrock to its end, and stops at the wall where a bound is in the way', () => {
    const residuals = (x: Float64Array, out: Float64Array): void => {
      out[0] = 10 * (x[1] - x[0] ** 2)
      out[1] = 1 - x[0]
    }
    const free = levenbergMarquardt({ residuals, rows: 2, start: [-1.2, 1], low: open, high: wide })
    expect(free.x[0]).toBeCloseTo(1, 6)
    expect(free.x[1]).toBeCloseTo(1, 6)
    // x₀ ≤ ½: then x₁ = x₀² and cost (1 − ½)²/2
    const bounded = levenbergMarquardt({ residuals, rows: 2, start: [-1.2, 1], low: open, high: [0.5, 1e6] })
    expect(bounded.x[0]).toBe(0.5)
    expect(bounded.x[1]).toBeCloseTo(0.25, 6)
    expect(bounded.cost).toBeCloseTo(0.125, 8)
  })

  it('a soft loss lets one wild row out of nine hardly move a mean', () => {
    const values = [1, 1.1, 0.9, 1.05, 0.95, 1, 1.02, 0.98, 50]
    const of = (robustFrom?: number): number =>
      levenbergMarquardt({
        residuals: (x, out) => {
          for (let i = 0; i < values.length; i++) out[i] = values[i] - x[0]
        },
        rows: values.length,
        start: [0],
        low: [-100],
        high: [100],
        ...(robustFrom === undefined ? {} : { robustFrom }),
      }).x[0]
    expect(of()).toBeCloseTo(58 / 9, 6) // the plain mean
    expect(Math.abs(of(0.1) - 1)).toBeLessThan(0.05)
  })

  it('never ends above the cost of its start, even where residuals blow up', () => {
    const fit = levenbergMarquardt({
      residuals: (x, out) => {
        out[0] = Math.exp(800 * x[0]) - 2
      },
      rows: 1,
      start: [0.5],
      low: [-5],
      high: [5],
    })
    expect(fit.cost).toBeLessThanOrEqual(Math.min(Number.MAX_VALUE, (Math.exp(400) - 2) ** 2 / 2))
    expect(fit.x[0]).toBeGreaterThanOrEqual(-5)
    expect(fit.x[0]).toBeLessThanOrEqual(5)
  })

  it('a prior as a row of its own pulls by its precision', () => {
    // (x − 1)²/0.1² + (x − 3)²/0.2² is least at (100·1 + 25·3)/125
    const fit = levenbergMarquardt({
      residuals: (x, out) => {
        out[0] = (x[0] - 1) / 0.1
        out[1] = (x[0] - 3) / 0.2
      },
      rows: 2,
      start: [0],
      low: [-10],
      high: [10],
    })
    expect(fit.x[0]).toBeCloseTo(1.4, 6)
  })
})

describe('solveCholesky', () => {
  it('solves a positive definite system and says when there is none', () => {
    const b = Float64Array.of(10, 9)
    expect(solveCholesky(Float64Array.of(4, 0, 2, 3), b, 2)).toBe(true)
    // 4x + 2y = 10, 2x + 3y = 9: x = 1.5, y = 2
    expect(b[0]).toBeCloseTo(1.5, 12)
    expect(b[1]).toBeCloseTo(2, 12)
    expect(solveCholesky(Float64Array.of(1, 0, 2, 1), Float64Array.of(1, 1), 2)).toBe(false)
  })
})
