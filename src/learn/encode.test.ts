import { describe, expect, it } from 'vitest'
import { encode, encodedNames, encodingOf, inWords, widthIssues } from './encode.js'
import { standardiseInPlace, standardOf } from './standardise.js'
import { tableOf } from './table.js'

const table = tableOf({ load: [0.5, 0.7], user: [1, 0] }, { user: ['ann', 'bob'] })
const encoding = encodingOf(table)

describe('encoding', () => {
  it('leaves numbers as they are and gives each word a column', () => {
    expect(encodedNames(encoding)).toEqual(['load', 'user=ann', 'user=bob'])
    expect(Array.from(encode(encoding, table))).toEqual([0.5, 0, 1, 0.7, 1, 0])
  })

  it('reads a table by its words, and a word it does not know as none', () => {
    const other = tableOf({ load: [0.5, 0.7, 1], user: [0, 2, 1] }, { user: ['bob', 'cy', 'ann'] })
    expect(Array.from(encode(encoding, other))).toEqual([0.5, 0, 1, 0.7, 1, 0, 1, 0, 0])
    expect(Array.from(inWords(encoding.levels, other).columns[1])).toEqual([1, 0, 2])
    expect(inWords(encoding.levels, table)).toBe(table)
  })

  it('takes a number that is not finite for a fault, naming where', () => {
    expect(() => encode(encoding, tableOf({ load: [1, Number.NaN], user: [0, 0] }, { user: ['ann', 'bob'] }))).toThrow(
      'load[1] is NaN',
    )
  })

  it('says when categories make a table too wide', () => {
    const wide = tableOf({ user: [0] }, { user: Array.from({ length: 5_000 }, (_, k) => `u${k}`) })
    expect(widthIssues(wide, 2_000).map(({ code, value }) => [code, value])).toEqual([['too-wide', '5000']])
    expect(widthIssues(table, 3)).toEqual([])
  })
})

describe('standardising', () => {
  it('makes mean 0 and spread 1 of columns far from 0, huge and tiny ones, and 0 of a constant one', () => {
    const rows = 50
    const bases = [1e9, 0, 0, 0.1]
    const units = [1e-3, 1e200, 1e-200, 0]
    const data = Float64Array.from({ length: rows * 4 }, (_, p) => bases[p % 4] + units[p % 4] * Math.sin(p))
    const weights = new Float64Array(rows).fill(1)
    const standard = standardOf(data, rows, 4, weights)
    expect(standard.means[3]).toBe(0.1)
    expect(standard.scales[3]).toBe(0)
    standardiseInPlace(data, standard)
    for (let j = 0; j < 4; j++) {
      const column = Array.from({ length: rows }, (_, i) => data[4 * i + j])
      const mean = column.reduce((sum, x) => sum + x, 0) / rows
      const spread = Math.sqrt(column.reduce((sum, x) => sum + (x - mean) ** 2, 0) / rows)
      // a column at 10⁹ ± 10⁻³ has 10⁻⁷ / 10⁻³ of its spread left as rounding
      expect(Math.abs(mean)).toBeLessThan(1e-3)
      expect(spread).toBeCloseTo(j === 3 ? 0 : 1, 3)
    }
  })
})
