import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseNumber } from './number.js'

const parse = (text: string): number => {
  const bytes = Buffer.from(`x${text}y`)
  return parseNumber(bytes, 1, bytes.length - 1)
}

describe('parseNumber', () => {
  it('gives the double nearest to the decimal text, as Number does', () => {
    const decimal = fc
      .tuple(fc.constantFrom('', '-', '+'), fc.bigInt({ min: 0n, max: 10n ** 20n }), fc.option(fc.stringMatching(/^\d{0,20}$/)))
      .map(([sign, whole, fraction]) => `${sign}${whole}${fraction === null ? '' : `.${fraction}`}`)
    fc.assert(
      fc.property(decimal, (text) => {
        expect(parse(text)).toBe(Number(text))
      }),
      { numRuns: 2000 },
    )
  })

  it('reads back every finite double from its shortest text', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        expect(parse(String(value))).toBe(Number(String(value)))
      }),
      { numRuns: 2000 },
    )
  })

  it.each([
    '',
    '  ',
    '.',
    '-',
    '+-1',
    '1.2.3',
    '1,000',
    '0x1f',
    'NaN',
    'nan',
    'Infinity',
    '-inf',
    '1e999',
    '-1e400',
    '1e',
    'e5',
    '12a',
    '1 2',
    '١',
  ])('is NaN for %j, which is no finite decimal number', (text) => {
    expect(parse(text)).toBeNaN()
  })

  it('passes over blanks around the number', () => {
    expect(parse(' \t42.5 ')).toBe(42.5)
  })
})
