import { describe, expect, it } from 'vitest'
import { normalCdf } from './normal.js'
import { normalQuantile } from './normal-quantile.js'

describe('the quantile of the normal law', () => {
  it('agrees with the published check values of AS 241 and with the usual tables', () => {
    // Wichura (1988): PPND16(0.25), PPND16(0.001), PPND16(1e-20)
    expect(normalQuantile(0.25)).toBeCloseTo(-0.6744897501960817, 14)
    expect(normalQuantile(0.001)).toBeCloseTo(-3.090232306167814, 14)
    expect(normalQuantile(1e-20)).toBeCloseTo(-9.262340089798409, 13)
    expect(normalQuantile(0.975)).toBeCloseTo(1.959963984540054, 14)
    expect(normalQuantile(0.5)).toBe(0)
  })

  it('inverts the distribution function and is odd around a half', () => {
    for (let p = 0.0005; p < 1; p += 0.0123) {
      expect(Math.abs(normalCdf(normalQuantile(p)) - p)).toBeLessThan(2e-7)
      expect(normalQuantile(1 - p)).toBeCloseTo(-normalQuantile(p), 12)
    }
  })

  it('is infinite at the ends and no number outside them', () => {
    expect(normalQuantile(0)).toBe(Number.NEGATIVE_INFINITY)
    expect(normalQuantile(1)).toBe(Number.POSITIVE_INFINITY)
    expect(normalQuantile(1.5)).toBeNaN()
    expect(normalQuantile(-1)).toBeNaN()
    expect(normalQuantile(Number.NaN)).toBeNaN()
  })
})
