import type { Estimate } from '../model/index.js'

/**
 * How numbers look, in the terminal and on the page: three significant digits, thousands separators, a unit that keeps the figure short.
 * Every function gives a string for every input: what is missing or not finite is shown as an en dash, never as NaN.
 */

/** What stands where there is no number. */
export const NONE = '–'
const MINUS = '−'

const present = (x: number | null | undefined): x is number => typeof x === 'number' && Number.isFinite(x)

/** The digits of `x` with separators of thousands and `decimals` behind the point; zeros at the end are kept. */
function fixed(x: number, decimals: number): string {
  const text = Math.abs(x).toFixed(Math.min(Math.max(decimals, 0), 20))
  const [whole, part] = text.split('.') as [string, string | undefined]
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',')
  const sign = x < 0 && /[1-9]/.test(text) ? MINUS : ''
  return sign + (part === undefined ? grouped : `${grouped}.${part}`)
}

const trimZeros = (text: string): string => (text.includes('.') ? text.replace(/\.?0+$/, '') : text)

/** Power of ten of the first significant digit once `x` is rounded to `digits`: 999.6 with three digits is 1,000, so 3. */
function exponentOf(x: number, digits: number): number {
  if (x === 0) return 0
  return Number(
    Math.abs(x)
      .toExponential(digits - 1)
      .split('e')[1],
  )
}

function scientific(x: number, digits: number): string {
  const [mantissa, exponent] = Math.abs(x)
    .toExponential(digits - 1)
    .split('e') as [string, string]
  return `${x < 0 ? MINUS : ''}${trimZeros(mantissa)}e${exponent.replace('+', '').replace('-', MINUS)}`
}

/** `x` to so many significant digits: `0.0123`, `4.5`, `292`, `12,300`, `1.23e15`. */
export function number(x: number | null | undefined, digits = 3): string {
  if (!present(x)) return NONE
  if (x === 0) return '0'
  const exponent = exponentOf(x, digits)
  if (exponent < -4 || exponent > 11) return scientific(x, digits)
  return trimZeros(fixed(Number(x.toPrecision(digits)), Math.max(0, digits - 1 - exponent)))
}

/** `x` to three significant digits with the zeros at the end kept: how a measured value is shown, `12.0` and not `12`. */
function significant(x: number): string {
  const exponent = exponentOf(x, 3)
  return x === 0 || exponent < -4 || exponent > 11 ? number(x) : fixed(Number(x.toPrecision(3)), Math.max(0, 2 - exponent))
}

/** A count, every digit of it: `490,845`. */
export function count(n: number | null | undefined): string {
  if (!present(n)) return NONE
  return Math.abs(n) >= 1e15 ? number(n) : fixed(Math.round(n), 0)
}

/** A number with a prefix for thousands of thousands, for tight places: `43,800`, `26.2 M`, `1.2 G`. */
export function compact(x: number | null | undefined): string {
  if (!present(x)) return NONE
  const unit = Math.abs(x) < 0.9995e6 ? { symbol: '', size: 1 } : prefixed(x, '')
  return unit.symbol === '' ? number(x) : `${number(x / unit.size)} ${unit.symbol}`
}

/** A share as a percentage: 0.0416 is `4.16 %`. What is above 0 but rounds to nothing is `< 0.001 %`. */
export function percent(share: number | null | undefined, digits = 3): string {
  if (!present(share)) return NONE
  const x = 100 * share
  if (x > 0 && x < 0.001) return '< 0.001 %'
  // 99.99 % must not be rounded to 100 %: the difference is what is asked about.
  if (x < 100 && x > 99.9) return `${trimZeros(fixed(Math.floor(x * 1000) / 1000, 3))} %`
  return `${number(x, digits)} %`
}

/** A change against a base, with its sign: `+12.3 %`, `−41 %`, `0 %`; `×44.6` from tenfold on; `from 0` where there is no base to compare with. */
export function change(from: number, to: number): string {
  if (!present(from) || !present(to)) return NONE
  if (from === to) return '0 %'
  if (from === 0) return 'from 0'
  const x = (to - from) / Math.abs(from)
  if (!present(x)) return NONE
  if (Math.abs(x) < 0.0005) return '0 %'
  if (x >= 9.995 && from > 0) return `×${number(to / from)}`
  return `${x > 0 ? '+' : MINUS}${number(Math.abs(100 * x), Math.abs(x) < 0.1 ? 2 : 3)} %`
}

/** A unit to show a quantity in: its symbol and how much of the base unit it is. */
export interface Unit {
  readonly symbol: string
  readonly size: number
}

const MICROSECOND: Unit = { symbol: 'µs', size: 1e-6 }
const MILLISECOND: Unit = { symbol: 'ms', size: 1e-3 }
const SECOND: Unit = { symbol: 's', size: 1 }
const MINUTE: Unit = { symbol: 'min', size: 60 }
const HOUR: Unit = { symbol: 'h', size: 3600 }
const DAY: Unit = { symbol: 'd', size: 86400 }

/** The unit that suits a time: ms below 1 s, s below 10 min, min to 3 h, h to 2 d, days beyond. */
export function durationUnit(seconds: number): Unit {
  const x = Math.abs(seconds)
  if (x === 0 || !present(x)) return SECOND
  if (x < 0.9995e-3) return MICROSECOND
  if (x < 0.9995) return MILLISECOND
  if (x < 599.5) return SECOND
  if (x < 3 * 3600) return MINUTE
  if (x < 2 * 86400) return HOUR
  return DAY
}

/** A time: `850 ms`, `12.4 s`, `32 min`, `5.1 h`, `2.3 d`. With a unit given, in that unit. */
export function duration(seconds: number | null | undefined, unit?: Unit): string {
  if (!present(seconds)) return NONE
  const chosen = unit ?? durationUnit(seconds)
  return `${number(seconds / chosen.size)} ${chosen.symbol}`
}

/** A time that somebody chose (a window, a tick): in the largest unit that holds it a whole number of times, `1 min`, `6 h`, `7 d`. */
export function roundDuration(seconds: number): string {
  if (!present(seconds)) return NONE
  for (const [size, symbol] of [
    [365 * 86400, 'a'],
    [86400, 'd'],
    [3600, 'h'],
    [60, 'min'],
  ] as const)
    if (seconds >= size && Number.isInteger(Math.round((seconds / size) * 1e6) / 1e6))
      return `${number(seconds / size)} ${symbol}`
  return duration(seconds)
}

/** A rate per second in the unit of time that makes it readable, or in the one given: `3.2 /s`, `14 /min`, `5.1 /h`, `2 /d`. */
export function rate(perSecond: number | null | undefined, unit?: Unit): string {
  if (!present(perSecond)) return NONE
  const chosen = unit ?? rateUnit(perSecond)
  return `${significant(perSecond / chosen.size)} ${chosen.symbol}`
}

const SCALES: readonly (readonly [number, string])[] = [
  [1e15, 'P'],
  [1e12, 'T'],
  [1e9, 'G'],
  [1e6, 'M'],
  [1e3, 'k'],
]

function prefixed(x: number, symbol: string): Unit {
  const [size, prefix] = SCALES.find(([limit]) => Math.abs(x) >= 0.9995 * limit) ?? [1, '']
  return { symbol: `${prefix}${symbol}`, size }
}

/** A power: `270 W`, `1.2 MW`. */
export function power(watts: number | null | undefined): string {
  if (!present(watts)) return NONE
  const unit = prefixed(watts, 'W')
  return `${number(watts / unit.size)} ${unit.symbol}`
}

/** An energy: joules below 100 kJ, then watt hours with their prefixes: `22 kJ`, `1.4 kWh`. */
export function energy(joules: number | null | undefined): string {
  if (!present(joules)) return NONE
  const unit = energyUnit(joules)
  return `${number(joules / unit.size)} ${unit.symbol}`
}

function energyUnit(joules: number): Unit {
  if (Math.abs(joules) < 1e5) return prefixed(joules, 'J')
  const unit = prefixed(joules / 3600, 'Wh')
  return { symbol: unit.symbol, size: unit.size * 3600 }
}

function powerUnit(watts: number): Unit {
  return prefixed(watts, 'W')
}

/** The unit that suits a rate: so many a second, a minute, an hour or a day. */
function rateUnit(perSecond: number): Unit {
  const x = Math.abs(perSecond)
  const per = x >= 1 || x === 0 ? SECOND : x * 60 >= 1 ? MINUTE : x * 3600 >= 1 ? HOUR : DAY
  return { symbol: `/${per.symbol}`, size: 1 / per.size }
}

/** Bytes in powers of 1000: `7.3 MB`. */
export function bytes(n: number | null | undefined): string {
  if (!present(n)) return NONE
  const unit = prefixed(n, 'B')
  return `${number(n / unit.size)} ${unit.symbol}`
}

const PERCENT: Unit = { symbol: '%', size: 0.01 }

/** Which unit an estimate is to be read in. */
export type Quantity = 'duration' | 'share' | 'rate' | 'power' | 'energy' | 'number'

/** The unit that suits a value of that quantity. */
export function unitOf(quantity: Quantity, value: number): Unit {
  switch (quantity) {
    case 'duration':
      return durationUnit(value)
    case 'share':
      return PERCENT
    case 'rate':
      return rateUnit(value)
    case 'power':
      return powerUnit(value)
    case 'energy':
      return energyUnit(value)
    case 'number':
      return { symbol: '', size: 1 }
  }
}

/** Decimals that show `x` to three digits, and more where the interval is so narrow that it would vanish (at most two more). */
function decimalsFor(x: number, halfWidth: number): number {
  const ofValue = 2 - exponentOf(x, 3)
  const ofInterval = halfWidth > 0 ? -exponentOf(halfWidth, 1) : ofValue
  return Math.min(Math.max(ofValue, Math.min(ofInterval, ofValue + 2)), 12)
}

/** The value alone, in the unit given or in the one that suits it. */
export function value(estimate: Estimate | undefined, quantity: Quantity, unit?: Unit): string {
  if (!estimate || !present(estimate.value)) return NONE
  const point = isPoint(estimate)
  if (quantity === 'share' && (point || estimate.value < 1e-5 || estimate.value > 0.999)) return percent(estimate.value)
  const chosen = unit ?? unitOf(quantity, estimate.value)
  const digits = (point ? number : significant)(estimate.value / chosen.size)
  return chosen.symbol === '' ? digits : `${digits} ${chosen.symbol}`
}

/** True when the estimate is a point: an exact answer, or one for which nobody gave an interval. */
export function isPoint(estimate: Estimate): boolean {
  return estimate.low === estimate.high || !present(estimate.low) || !present(estimate.high)
}

/** The value with its interval in the same unit: `292 s [288, 296]`; a point is shown alone. */
export function interval(estimate: Estimate | undefined, quantity: Quantity, unit?: Unit): string {
  if (!estimate || !present(estimate.value)) return NONE
  if (isPoint(estimate)) return value(estimate, quantity, unit)
  const chosen = unit ?? unitOf(quantity, estimate.value)
  const [x, low, high] = [estimate.value, estimate.low, estimate.high].map((v) => v / chosen.size) as [number, number, number]
  const suffix = chosen.symbol === '' ? '' : ` ${chosen.symbol}`
  const largest = Math.max(Math.abs(low), Math.abs(x), Math.abs(high))
  if (largest === 0 || largest >= 1e9 || largest < 1e-4) return `${number(x)}${suffix} [${number(low)}, ${number(high)}]`
  const decimals = decimalsFor(x === 0 ? largest : x, (high - low) / 2)
  const digits = (v: number): string => (v === 0 ? '0' : fixed(decimals < 0 ? roundTo(v, decimals) : v, decimals))
  return `${digits(x)}${suffix} [${digits(low)}, ${digits(high)}]`
}

const roundTo = (x: number, decimals: number): number => Math.round(x * 10 ** decimals) / 10 ** decimals

/** Half the interval as a share of the value: `± 1.4 %`; nothing for a point, and `[low, high]` where the value is 0. */
export function plusMinus(estimate: Estimate | undefined): string {
  if (!estimate || !present(estimate.value) || isPoint(estimate)) return ''
  const half = Math.max(estimate.high - estimate.value, estimate.value - estimate.low)
  if (estimate.value === 0 || !present(half / estimate.value)) return `[${number(estimate.low)}, ${number(estimate.high)}]`
  const share = Math.abs(half / estimate.value)
  return share > 10 ? '± over 1,000 %' : `± ${number(100 * share, 2)} %`
}

/** The value with the relative half-width: `292 s ± 1.4 %`. */
export function withPlusMinus(estimate: Estimate | undefined, quantity: Quantity, unit?: Unit): string {
  const half = plusMinus(estimate)
  return half === '' || half.startsWith('[') ? interval(estimate, quantity, unit) : `${value(estimate, quantity, unit)} ${half}`
}

/** An instant as people write it, in UTC unless a time zone is given: `2017-10-03 14:05`. */
export function instant(unixSeconds: number | null | undefined, timeZone = 'UTC'): string {
  if (!present(unixSeconds) || Math.abs(unixSeconds) > 8.64e12) return NONE
  const options = {
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    hour12: false,
  } as const
  const date = new Date(unixSeconds * 1000)
  try {
    return new Intl.DateTimeFormat('sv-SE', { ...options, timeZone }).format(date)
  } catch {
    return `${new Intl.DateTimeFormat('sv-SE', { ...options, timeZone: 'UTC' }).format(date)} UTC`
  }
}

/** `1 job`, `2 jobs`: the plural adds an s unless it is given. */
export function counted(n: number, one: string, many = `${one}s`): string {
  return `${count(n)} ${n === 1 ? one : many}`
}
