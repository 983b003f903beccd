import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { argsort } from './argsort.js'
import { Rng } from './rng.js'

const all = (n: number) => Int32Array.from({ length: n }, (_, i) => i)

describe('argsort', () => {
  it('orders like a comparison sort and keeps the order of ties, whatever the doubles', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ noNaN: true }), { maxLength: 50 }), fc.integer({ min: 0, max: 1 }), (few, long) => {
        // long ones take the radix path: the same values over and over, so that ties are many
        const values = long
          ? Float64Array.from({ length: 1500 }, (_, i) => few[i % Math.max(1, few.length)] ?? 0)
          : Float64Array.from(few)
        const rows = all(values.length)
        const expected = [...rows].sort((a, b) => (values[a]! < values[b]! ? -1 : values[a]! > values[b]! ? 1 : a - b))
        expect([...argsort(values, rows)]).toEqual(expected)
      }),
      { numRuns: 200 },
    )
  })

  it('takes only the rows it is given and leaves them untouched', () => {
    const rng = new Rng(7, 'argsort')
    const values = Float64Array.from({ length: 5000 }, () => (rng.uniform() < 0.2 ? Number.NaN : rng.normal() * 1e6))
    const rows = all(5000).filter((i) => !Number.isNaN(values[i]!))
    const before = rows.slice()
    const sorted = argsort(values, rows)
    expect(rows).toEqual(before)
    expect(sorted.slice().sort()).toEqual(before)
    for (let i = 1; i < sorted.length; i++) expect(values[sorted[i - 1]!]! <= values[sorted[i]!]!).toBe(true)
  })
})
