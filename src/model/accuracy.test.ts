import { describe, expect, it } from 'vitest'
import { accuracyLoss } from './accuracy.js'

const curve = {
  source: 'measured' as const,
  points: [
    { dropRatio: 0.1, loss: 0.02, halfWidth: 0.004 },
    { dropRatio: 0.3, loss: 0.1, halfWidth: 0.02 },
  ],
}

describe('accuracy loss', () => {
  it('is 0 where nothing is dropped and the measured value at a measured point', () => {
    expect(accuracyLoss(curve, 0)).toEqual({ value: 0, low: 0, high: 0, confidence: 1 })
    const { value, low, high } = accuracyLoss(curve, 0.1)
    expect([value, low, high].map((x) => Number(x.toFixed(12)))).toEqual([0.02, 0.016, 0.024])
  })

  it('follows straight lines between points, from 0 at 0', () => {
    expect(accuracyLoss(curve, 0.05).value).toBeCloseTo(0.01, 12)
    expect(accuracyLoss(curve, 0.2).value).toBeCloseTo(0.06, 12)
  })

  it('goes on with the last slope beyond the last point, up to a loss of 1', () => {
    expect(accuracyLoss(curve, 0.5).value).toBeCloseTo(0.18, 12) // slope 0.08 / 0.2
    const steep = { source: 'assumed' as const, points: [{ dropRatio: 0.1, loss: 0.5 }] }
    expect(accuracyLoss(steep, 0.9).value).toBe(1)
  })
})
