import { describe, expect, it } from 'vitest'
import { countAtMost, empiricalCdf, quantile } from './quantile.js'

describe('quantile', () => {
  it('interpolates linearly between order statistics (type 7)', () => {
    // h = 3p: x = 1 + 3p on equally spaced values
    const values = [1, 2, 3, 4]
    expect(quantile(values, 0)).toBe(1)
    expect(quantile(values, 0.5)).toBe(2.5)
    expect(quantile(values, 0.9)).toBeCloseTo(3.7, 12)
    expect(quantile(values, 1)).toBe(4)
    expect(quantile([42], 0.3)).toBe(42)
  })

  it('of 0, 1, …, 1000 is a thousand times p', () => {
    const values = Float64Array.from({ length: 1001 }, (_, i) => i)
    for (const p of [0.001, 0.01, 0.25, 0.5, 0.95, 0.999]) expect(quantile(values, p)).toBeCloseTo(1000 * p, 9)
  })
})

describe('the empirical distribution function', () => {
  it('counts values at most a bound, ties included', () => {
    expect([0, 1, 1.5, 2, 9].map((x) => countAtMost([1, 2, 2, 2, 3], x))).toEqual([0, 1, 1, 4, 5])
  })

  it('is exact at each of its points, ascends, and holds both ends', () => {
    const values = Float64Array.from({ length: 100_000 }, (_, i) => Math.floor(Math.sqrt(i)))
    const { values: at, shares } = empiricalCdf(values, 200)
    expect(at.length).toBeLessThanOrEqual(200)
    expect(at[0]).toBe(0)
    expect(at.at(-1)).toBe(316)
    expect(shares.at(-1)).toBe(1)
    // ⌊√i⌋ ≤ v for the i below (v+1)²
    for (const [i, v] of at.entries()) expect(shares[i]).toBe(Math.min(100_000, (v + 1) ** 2) / 100_000)
    for (let i = 1; i < at.length; i++) expect(at[i]! > at[i - 1]! && shares[i]! > shares[i - 1]!).toBe(true)
  })

  it('of equal values is one point', () => {
    expect(empiricalCdf([5, 5, 5])).toEqual({ values: [5], shares: [1] })
  })
})
