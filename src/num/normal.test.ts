import { describe, expect, it } from 'vitest'
import { erfc, normalCdf } from './normal.js'

describe('the normal law', () => {
  it('agrees with tabulated values (Abramowitz and Stegun, tables 7.1 and 26.1)', () => {
    expect(erfc(0)).toBeCloseTo(1, 12)
    expect(erfc(1)).toBeCloseTo(0.15729920705, 10)
    expect(erfc(-0.5)).toBeCloseTo(1.5204998778, 9)
    expect(erfc(2)).toBeCloseTo(0.004677734981, 11)
    expect(normalCdf(1.959963985)).toBeCloseTo(0.975, 9)
  })

  it('is symmetric', () => {
    for (const z of [0.1, 0.7, 1.3, 2.9]) expect(normalCdf(z) + normalCdf(-z)).toBeCloseTo(1, 14)
  })
})
