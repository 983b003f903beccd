import { describe, expect, it } from 'vitest'
import { minimise } from './lbfgs.js'

describe('L-BFGS', () => {
  it('finds the end of Rosenbrock’s valley, (1, …, 1)', () => {
    const { x, gradient, iterations } = minimise(
      Float64Array.of(-1.2, 1, -1.2, 1),
      (at, g) => {
        let value = 0
        for (let i = 0; i < 4; i += 2) {
          const [a, b] = [at[i], at[i + 1]]
          value += 100 * (b - a * a) ** 2 + (1 - a) ** 2
          g[i] = -400 * a * (b - a * a) - 2 * (1 - a)
          g[i + 1] = 200 * (b - a * a)
        }
        return value
      },
      { precision: 1e-9, iterations: 500 },
    )
    for (const value of x) expect(value).toBeCloseTo(1, 8)
    expect(gradient).toBeLessThan(1e-9)
    expect(iterations).toBeLessThan(100)
  })

  it('stays where it is already least, and stops when told to', () => {
    const bowl = (at: Float64Array, g: Float64Array): number => {
      g[0] = 2 * at[0]
      return at[0] * at[0]
    }
    expect(minimise(Float64Array.of(0), bowl, { precision: 1e-12, iterations: 9 })).toMatchObject({ iterations: 0, value: 0 })
    const quartic = (at: Float64Array, g: Float64Array): number => {
      g[0] = 4 * at[0] ** 3
      return at[0] ** 4
    }
    expect(minimise(Float64Array.of(5), quartic, { precision: 1e-30, iterations: 3 }).iterations).toBe(3)
  })
})
