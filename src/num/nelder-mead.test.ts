import { describe, expect, it } from 'vitest'
import { nelderMead } from './nelder-mead.js'

const rosenbrock = (x: Float64Array): number => 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2

describe('nelderMead', () => {
  it('finds the end of Rosenbrock’s valley', () => {
    const found = nelderMead({
      cost: rosenbrock,
      start: [-1.2, 1],
      low: [-5, -5],
      high: [5, 5],
      evaluations: 2000,
      tolerance: 1e-14,
    })
    expect(found.x[0]).toBeCloseTo(1, 4)
    expect(found.x[1]).toBeCloseTo(1, 4)
    expect(found.evaluations).toBeLessThanOrEqual(2010)
  })

  it('finds the minimum on the wall of the box', () => {
    const found = nelderMead({
      cost: rosenbrock,
      start: [-1.2, 1],
      low: [-5, -5],
      high: [0.5, 5],
      evaluations: 2000,
      tolerance: 1e-14,
    })
    expect(found.x[0]).toBeCloseTo(0.5, 4)
    expect(found.cost).toBeCloseTo(0.25, 6)
  })

  it('takes kinks and cliffs', () => {
    const found = nelderMead({
      cost: (x) => (x[0] < 0.2 ? Number.NaN : Math.abs(x[0] - 0.25) + Math.abs(x[1] + 1) + Math.abs(x[2] - 2)),
      start: [1, 1, 1],
      low: [-3, -3, -3],
      high: [3, 3, 3],
      evaluations: 3000,
      tolerance: 1e-12,
    })
    expect(found.cost).toBeLessThan(1e-4)
  })

  it('leaves a parameter alone whose bounds meet', () => {
    const found = nelderMead({ cost: rosenbrock, start: [2, 1], low: [2, -5], high: [2, 5], tolerance: 1e-14 })
    expect(found.x[0]).toBe(2)
    expect(found.x[1]).toBeCloseTo(4, 4)
  })
})
