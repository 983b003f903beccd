import { describe, expect, it } from 'vitest'
import { quantile, Rng } from '../num/index.js'
import { meanEstimate, quantiles, ratioEstimate } from './estimates.js'

describe('quantiles without sorting', () => {
  it.each([1, 2, 3, 100, 19_999, 20_000, 150_000])('of %i values are those of the sorted sample', (n) => {
    const rng = new Rng(n, 'quantiles')
    for (const draw of [() => rng.exponential(), () => rng.below(3), () => Math.exp(8 * rng.normal()), () => 0]) {
      const values = Float64Array.from({ length: n }, draw)
      const sorted = values.slice().sort()
      const probabilities = [0, 0.5, 0.95, 0.99, 1]
      expect(quantiles(values, n, probabilities)).toEqual(probabilities.map((p) => quantile(sorted, p)))
    }
  })
})

describe('estimates', () => {
  it('a ratio of sums with equal counts is the mean with the Student interval', () => {
    // mean 3, s = √2.5, t₄ = 2.7764: half-width 2.7764 · √(2.5/5)
    const estimate = ratioEstimate([1, 2, 3, 4, 5], [1, 1, 1, 1, 1])
    expect(estimate.value).toBe(3)
    expect(estimate.high - 3).toBeCloseTo(2.7764 * Math.sqrt(0.5), 3)
    expect(meanEstimate([1, 2, 3, 4, 5])).toEqual(estimate)
  })

  it('one replication has no interval, and says so', () => {
    expect(ratioEstimate([4], [2])).toEqual({ value: 2, low: 2, high: 2, confidence: 0 })
  })
})
