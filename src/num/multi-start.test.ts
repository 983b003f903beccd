import { describe, expect, it } from 'vitest'
import { latinHypercube, multiStart } from './multi-start.js'
import { nelderMead } from './nelder-mead.js'
import { Rng } from './rng.js'

describe('latinHypercube', () => {
  it('puts exactly one point into each slice of each side', () => {
    const points = latinHypercube([0, -10], [1, 10], 20, new Rng(1, 'starts'))
    for (const [side, low, width] of [
      [0, 0, 1],
      [1, -10, 20],
    ] as const) {
      const slices = points.map((point) => Math.floor(((point[side] - low) / width) * 20)).sort((a, b) => a - b)
      expect(slices).toEqual(Array.from({ length: 20 }, (_, i) => i))
    }
  })
})

describe('multiStart', () => {
  it('finds the lowest of Rastrigin’s valleys, where one search from a corner does not', () => {
    const rastrigin = (x: Float64Array): number => x.reduce((sum, v) => sum + v * v - 10 * Math.cos(2 * Math.PI * v) + 10, 0)
    const box = { low: [-4.2, -4.2], high: [5.1, 5.1] }
    const search = (start: Float64Array) => nelderMead({ cost: rastrigin, start, ...box, edge: 0.05, tolerance: 1e-12 })
    expect(search(Float64Array.of(4, 4)).cost).toBeGreaterThan(1)
    const starts = [Float64Array.of(4, 4), ...latinHypercube(box.low, box.high, 800, new Rng(3, 'starts'))]
    const { best, searches } = multiStart(starts, rastrigin, search, { searches: 40 })
    expect(best.cost).toBeLessThan(1e-6) // 0 at the origin
    expect(searches).toBe(40)
  })
})
