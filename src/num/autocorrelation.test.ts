import { describe, expect, it } from 'vitest'
import { autocorrelation } from './autocorrelation.js'
import { Rng } from './rng.js'

describe('autocorrelation', () => {
  it('of an alternating series of even length n is (−1)^k (n−k)/n', () => {
    const values = Array.from({ length: 100 }, (_, i) => (i % 2 === 0 ? 1 : -1))
    const [one, two, ten] = autocorrelation(values, [1, 2, 10])
    expect(one).toBeCloseTo(-99 / 100, 12)
    expect(two).toBeCloseTo(98 / 100, 12)
    expect(ten).toBeCloseTo(90 / 100, 12)
  })

  it('of an AR(1) series falls geometrically', () => {
    const rng = new Rng(11, 'ar1')
    const values = new Float64Array(200_000)
    for (let i = 1; i < values.length; i++) values[i] = 0.8 * values[i - 1]! + rng.normal()
    for (const [i, k] of [1, 2, 5].entries()) expect(autocorrelation(values, [1, 2, 5])[i]).toBeCloseTo(0.8 ** k, 1)
  })

  it('is undefined for a constant series and for lags beyond its length', () => {
    expect(autocorrelation([2, 2, 2], [1])[0]).toBeNaN()
    expect(autocorrelation([1, 2, 3], [3])[0]).toBeNaN()
  })
})
