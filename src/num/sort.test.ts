import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sortAscending } from './sort.js'

describe('sortAscending', () => {
  it('sorts like Float64Array.sort, whatever the doubles, short or long, in a view too', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ noNaN: true }), { minLength: 1, maxLength: 40 }),
        fc.boolean(),
        fc.boolean(),
        (few, long, positive) => {
          const length = long ? 5000 : few.length
          // from the second element on: a view that does not begin where its buffer does
          const values = Float64Array.from({ length: length + 1 }, (_, i) =>
            positive ? Math.abs(few[(i * 7919) % few.length]!) * (1 + i / 3) : few[i % few.length]!,
          ).subarray(1)
          const expected = values.map((value) => value + 0).sort()
          expect(sortAscending(values)).toEqual(expected)
        },
      ),
      { numRuns: 150 },
    )
  })
})
