import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isotonic } from './isotonic.js'

describe('isotonic regression', () => {
  it('pools neighbours that fall, by weight', () => {
    expect([...isotonic([1, 3, 2, 4])]).toEqual([1, 2.5, 2.5, 4])
    expect([...isotonic([3, 1], [1, 3])]).toEqual([1.5, 1.5]) // (3 + 3 × 1)/4
  })

  it('never falls, keeps the weighted sum, and no other never-falling sequence is nearer', () => {
    const problem = fc.array(
      fc.tuple(fc.double({ min: -5, max: 5, noNaN: true }), fc.double({ min: 0.1, max: 4, noNaN: true })),
      {
        minLength: 1,
        maxLength: 8,
      },
    )
    fc.assert(
      fc.property(
        problem,
        fc.array(fc.double({ min: -6, max: 6, noNaN: true }), { minLength: 8, maxLength: 8 }),
        (pairs, other) => {
          const values = pairs.map(([value]) => value)
          const weights = pairs.map(([, weight]) => weight)
          const fit = isotonic(values, weights)
          const away = (x: ArrayLike<number>): number => values.reduce((sum, v, i) => sum + weights[i]! * (v - x[i]!) ** 2, 0)
          for (let i = 1; i < fit.length; i++) expect(fit[i]!).toBeGreaterThanOrEqual(fit[i - 1]!)
          expect(fit.reduce((sum, x, i) => sum + weights[i]! * x, 0)).toBeCloseTo(
            values.reduce((sum, x, i) => sum + weights[i]! * x, 0),
            9,
          )
          const rival = [...other].slice(0, values.length).sort((a, b) => a - b)
          expect(away(fit)).toBeLessThanOrEqual(away(rival) + 1e-9)
        },
      ),
    )
  })
})
