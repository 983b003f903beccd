import { describe, expect, it } from 'vitest'
import { compensatedSum, moments, rawMoment } from './moments.js'

describe('moments', () => {
  it('of two points at 0 and a with probability p of a: mean pa, variance p(1−p)a², skewness (1−2p)/√(p(1−p))', () => {
    const values = Float64Array.from({ length: 1000 }, (_, i) => (i % 10 === 0 ? 7 : 0))
    const p = 0.1
    const { mean, variance, scv, skewness, sum } = moments(values)
    expect(sum).toBe(700)
    expect(mean).toBeCloseTo(7 * p, 12)
    expect(variance).toBeCloseTo(49 * p * (1 - p), 10)
    expect(scv).toBeCloseTo((1 - p) / p, 10)
    expect(skewness).toBeCloseTo((1 - 2 * p) / Math.sqrt(p * (1 - p)), 10)
  })

  it('keeps the variance of values that are far from zero', () => {
    // 10⁹ + {0, 1}: variance 1/4 exactly; the difference of raw moments would lose it
    const values = Float64Array.from({ length: 10_000 }, (_, i) => 1e9 + (i % 2))
    expect(moments(values).variance).toBeCloseTo(0.25, 8)
    expect(moments(values).skewness).toBeCloseTo(0, 6)
  })

  it('of equal values has no spread and no skewness, of zeros no scv', () => {
    expect(moments(new Float64Array(1000).fill(0.1))).toMatchObject({ variance: 0, scv: 0, skewness: undefined })
    expect(moments([0, 0])).toMatchObject({ mean: 0, variance: 0, scv: undefined })
  })

  it('adds without losing small terms among large ones', () => {
    expect(compensatedSum([1e16, 1, -1e16, 1])).toBe(2)
    expect(moments([1e16, 1, -1e16, 1]).sum).toBe(2)
  })

  it('gives raw moments as means of powers', () => {
    expect([1, 2, 3].map((k) => rawMoment([1, 2, 3], k))).toEqual([2, 14 / 3, 12])
  })
})
