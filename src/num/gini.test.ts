import { describe, expect, it } from 'vitest'
import { gini, lorenz, topShare } from './gini.js'

describe('inequality', () => {
  it('is 0 where all have the same and (n−1)/n where one has all', () => {
    expect(gini([3, 3, 3, 3])).toBeCloseTo(0, 12)
    expect(gini([0, 0, 0, 8])).toBeCloseTo(3 / 4, 12)
  })

  it('of 1, 2, …, n is (n−1)/(3n)', () => {
    const n = 100
    const values = Array.from({ length: n }, (_, i) => i + 1)
    expect(gini(values)).toBeCloseTo((n - 1) / (3 * n), 12)
  })

  it('gives the largest their share: the top ⌈f·n⌉ of 1, …, n', () => {
    const values = Array.from({ length: 100 }, (_, i) => i + 1)
    expect(topShare(values, 0.01)).toBeCloseTo(100 / 5050, 12)
    expect(topShare(values, 0.1)).toBeCloseTo(955 / 5050, 12) // 91 + … + 100
    expect(topShare([1, 2, 3], 0.01)).toBe(0.5) // never fewer than one
  })

  it('draws a Lorenz curve whose area gives the Gini coefficient back where every holder is a point', () => {
    const values = [0, 1, 1, 4, 10]
    const { holders, total } = lorenz(values)
    expect(holders).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1])
    expect(total[4]).toBeCloseTo(6 / 16, 12)
    let area = 0
    for (let i = 1; i < holders.length; i++) area += ((total[i]! + total[i - 1]!) / 2) * (holders[i]! - holders[i - 1]!)
    expect(1 - 2 * area).toBeCloseTo(gini(values), 12)
  })

  it('is undefined where there is nothing to share', () => {
    expect(gini([0, 0])).toBeNaN()
    expect(topShare([0, 0], 0.5)).toBeNaN()
  })
})
