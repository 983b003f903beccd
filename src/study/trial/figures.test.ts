import { describe, expect, it } from 'vitest'
import { Rng } from '../../num/index.js'
import { meanEstimateOf, measuredFigures, rangeOf } from './figures.js'

describe('figures of measured responses', () => {
  it('hold the true mean of independent responses about as often as they say', () => {
    const rng = new Rng(3, 'figures')
    let held = 0
    const runs = 400
    for (let run = 0; run < runs; run++) {
      const responses = Array.from({ length: 64 }, () => -Math.log(1 - rng.uniform()))
      const { mean } = measuredFigures(responses)!
      if (mean.low <= 1 && 1 <= mean.high) held++
    }
    expect(held / runs).toBeGreaterThan(0.9)
    expect(held / runs).toBeLessThan(0.99)
  })

  it('have a p95 between order statistics, and are absent without a response', () => {
    const { p95 } = measuredFigures(Array.from({ length: 101 }, (_, i) => i))!
    expect(p95.value).toBe(95)
    expect(p95.low).toBeLessThan(95)
    expect(p95.high).toBeGreaterThan(95)
    expect(measuredFigures([])).toBeUndefined()
  })

  it('are wider where neighbours fare alike', () => {
    const alternating = Array.from({ length: 64 }, (_, i) => (i % 2 === 0 ? 1 : 3))
    const inTwoParts = Array.from({ length: 64 }, (_, i) => (i < 32 ? 1 : 3))
    const width = (values: number[]): number => {
      const { mean } = measuredFigures(values)!
      return mean.high - mean.low
    }
    expect(width(inTwoParts)).toBeGreaterThan(5 * width(alternating) + 0.5)
  })

  it('are never below 0, and know nothing of a single value but itself', () => {
    expect(meanEstimateOf([0.1, 5]).low).toBe(0)
    expect(meanEstimateOf([4])).toEqual({ value: 4, low: 4, high: 4, confidence: 0 })
    expect(rangeOf([1, 2, 3]).value).toBe(2)
  })
})
