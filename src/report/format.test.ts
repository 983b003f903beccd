import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  bytes,
  change,
  compact,
  count,
  counted,
  duration,
  energy,
  instant,
  interval,
  NONE,
  number,
  percent,
  plusMinus,
  power,
  type Quantity,
  rate,
  roundDuration,
  value,
  withPlusMinus,
} from './format.js'

const bad = /NaN|Infinity|undefined|null|\[object/
const anything = fc.oneof(fc.double(), fc.double({ min: -1e6, max: 1e6 }), fc.integer())
const positive = fc.oneof(fc.double({ min: 1e-6, max: 1e12, noNaN: true }), fc.double({ min: 0.5, max: 2000, noNaN: true }))

/** Reads a shown number back: separators, minus and prefixes undone. */
const read = (text: string): number => Number(text.replaceAll(',', '').replaceAll('−', '-'))

describe('number', () => {
  it('keeps three significant digits: what is read back is within half a unit of the third digit', () => {
    fc.assert(
      fc.property(positive, (x) => {
        expect(Math.abs(read(number(x)) / x - 1)).toBeLessThanOrEqual(0.005 + 1e-12)
      }),
    )
  })

  it('puts separators between thousands, drops zeros at the end, and goes to powers of ten where zeros would be counted', () => {
    expect([0, 0.0123456, 4.5, 292.3, 12345, 1234567, 1.2345e15, 1.2e-7, -0.5].map((x) => number(x))).toEqual([
      '0',
      '0.0123',
      '4.5',
      '292',
      '12,300',
      '1,230,000',
      '1.23e15',
      '1.2e−7',
      '−0.5',
    ])
  })

  it('carries a rounding up into the next power: 999.6 is 1,000 and 9.996 is 10', () => {
    expect(number(999.6)).toBe('1,000')
    expect(number(9.996)).toBe('10')
  })
})

describe('count', () => {
  it('shows every digit of a whole number', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e14 }), (n) => {
        expect(read(count(n))).toBe(n)
      }),
    )
    expect(count(490845)).toBe('490,845')
    expect([counted(1, 'job'), counted(2, 'job'), counted(0, 'class', 'classes')]).toEqual(['1 job', '2 jobs', '0 classes'])
  })
})

describe('percent', () => {
  it('never calls nearly all all, nor nearly nothing nothing', () => {
    expect(percent(0.999999)).toBe('99.999 %')
    expect(percent(1)).toBe('100 %')
    expect(percent(1e-9)).toBe('< 0.001 %')
    expect(percent(0)).toBe('0 %')
    expect(percent(0.0416)).toBe('4.16 %')
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, noNaN: true, minExcluded: true, maxExcluded: true }), (x) => {
        expect(percent(x)).not.toBe('100 %')
        expect(percent(x)).not.toBe('0 %')
      }),
    )
  })
})

describe('duration', () => {
  const seconds: Record<string, number> = { µs: 1e-6, ms: 1e-3, s: 1, min: 60, h: 3600, d: 86400 }

  it('says the same time in every unit it chooses', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-6, max: 1e9, noNaN: true }), (x) => {
        const [digits, symbol] = duration(x).split(' ') as [string, string]
        expect(Math.abs((read(digits) * seconds[symbol]!) / x - 1)).toBeLessThanOrEqual(0.005 + 1e-9)
      }),
    )
  })

  it('chooses the unit that people use', () => {
    expect([0, 0.85, 12.4, 292, 606, 1064.2, 5.1 * 3600, 2.3 * 86400].map((x) => duration(x))).toEqual([
      '0 s',
      '850 ms',
      '12.4 s',
      '292 s',
      '10.1 min',
      '17.7 min',
      '5.1 h',
      '2.3 d',
    ])
    expect([10, 60, 600, 3600, 21600, 90 * 60, 7 * 86400].map(roundDuration)).toEqual([
      '10 s',
      '1 min',
      '10 min',
      '1 h',
      '6 h',
      '90 min',
      '7 d',
    ])
  })
})

describe('estimates', () => {
  const around = (x: number, half: number) => ({ value: x, low: x - half, high: x + half, confidence: 0.95 })

  it('shows value and interval in one unit, with enough digits that the interval does not vanish', () => {
    expect(interval(around(292.3, 4), 'duration')).toBe('292 s [288, 296]')
    expect(interval(around(1064.2, 15), 'duration')).toBe('17.7 min [17.5, 18.0]')
    expect(interval(around(0.8, 0.0004), 'share')).toBe('80.00 % [79.96, 80.04]')
    expect(interval(around(292.3, 0), 'duration')).toBe('292 s')
  })

  it('shows half the interval as a share of the value, the wider side of it', () => {
    expect(withPlusMinus({ value: 100, low: 90, high: 105, confidence: 0.95 }, 'number')).toBe('100 ± 10 %')
    expect(plusMinus({ value: 5, low: 5, high: 5, confidence: 1 })).toBe('')
    expect(plusMinus({ value: 0, low: 0, high: 0.5, confidence: 0.95 })).toBe('[0, 0.5]')
  })
})

describe('change', () => {
  it('is signed, a factor from tenfold on, and said to be from 0 where there is no base', () => {
    expect([change(100, 150), change(200, 100), change(5, 5), change(0, 3), change(1, 300), change(1e-9, 1e9)]).toEqual([
      '+50 %',
      '−50 %',
      '0 %',
      'from 0',
      '×300',
      '×1e18',
    ])
  })
})

describe('units', () => {
  it('powers, energies, rates and bytes take the prefix that keeps them short', () => {
    expect([
      power(270),
      power(1.25e6),
      energy(22_000),
      energy(5.04e6),
      rate(3.2),
      rate(0.0022),
      rate(1 / 86400),
      bytes(7_940_000),
      compact(26.2e6),
      compact(43_800),
    ]).toEqual(['270 W', '1.25 MW', '22 kJ', '1.4 kWh', '3.20 /s', '7.92 /h', '1.00 /d', '7.94 MB', '26.2 M', '43,800'])
  })

  it('an instant is written in the time zone asked for', () => {
    expect(instant(0)).toBe('1970-01-01 00:00')
    expect(instant(0, 'Asia/Tokyo')).toBe('1970-01-01 09:00')
    expect(instant(0, 'No/Where')).toBe('1970-01-01 00:00 UTC')
  })
})

it('no number at all, finite or not, comes out as NaN, Infinity, undefined or null', () => {
  const quantities: Quantity[] = ['duration', 'share', 'rate', 'power', 'energy', 'number']
  fc.assert(
    fc.property(anything, anything, anything, (x, low, high) => {
      const estimate = { value: x, low, high, confidence: 0.95 }
      const all = [
        ...[number, count, percent, duration, roundDuration, rate, power, energy, bytes, compact, instant].map((f) => f(x)),
        change(x, low),
        ...quantities.flatMap((q) => [value(estimate, q), interval(estimate, q), withPlusMinus(estimate, q)]),
      ]
      for (const text of all) {
        expect(text).not.toMatch(bad)
        expect(text.length).toBeGreaterThan(0)
        expect(text.length).toBeLessThan(80)
      }
    }),
  )
  expect([number(undefined), percent(null), duration(Number.NaN), count(Number.POSITIVE_INFINITY)]).toEqual([
    NONE,
    NONE,
    NONE,
    NONE,
  ])
})
