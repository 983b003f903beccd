import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { QuantileSketch } from './sketch.js'

const times = fc.array(fc.oneof(fc.double({ min: 1e-9, max: 1e9, noNaN: true }), fc.constant(0)), {
  minLength: 1,
  maxLength: 300,
})
const PROBABILITIES = [0, 0.25, 0.5, 0.95, 0.99, 1]

describe('quantile sketch', () => {
  it('is within its accuracy of the exact quantile', () => {
    fc.assert(
      fc.property(times, (values) => {
        const sketch = new QuantileSketch(0.01)
        for (const value of values) sketch.add(value)
        const sorted = Float64Array.from(values).sort()
        for (const p of PROBABILITIES) {
          const exact = sorted[Math.floor(p * (values.length - 1))]
          expect(Math.abs(sketch.quantile(p)! - exact)).toBeLessThanOrEqual(0.01 * exact * (1 + 1e-9))
        }
      }),
    )
  })

  it('merged is the sketch of all values, in any order and through JSON', () => {
    fc.assert(
      fc.property(times, times, (a, b) => {
        const of = (values: number[]) => {
          const sketch = new QuantileSketch()
          for (const value of values) sketch.add(value)
          return QuantileSketch.restore(JSON.parse(JSON.stringify(sketch.save())))
        }
        const both = of([...a, ...b])
        const ab = of(a)
        ab.merge(of(b))
        const ba = of(b)
        ba.merge(of(a))
        for (const p of PROBABILITIES) {
          expect(ab.quantile(p)).toBe(both.quantile(p))
          expect(ba.quantile(p)).toBe(both.quantile(p))
        }
        expect(ab.count).toBe(a.length + b.length)
      }),
    )
  })

  it('refuses what is no time', () => {
    expect(() => new QuantileSketch().add(-1)).toThrow('not -1')
    expect(() => new QuantileSketch().add(Number.NaN)).toThrow('not NaN')
    expect(new QuantileSketch().quantile(0.5)).toBeUndefined()
  })
})
