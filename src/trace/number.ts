/**
 * A decimal number from bytes, correctly rounded, without making a string of it.
 *
 * Returns NaN for whatever is not a finite decimal number: empty, text, `NaN`, `Infinity`, `1e999`, `0x1f`, `1,000`. Blanks around it are
 * skipped. Up to 15 digits m and 22 decimals k the answer is m / 10^k, which is exact rounding because both are exact doubles (Clinger,
 * 1990); longer ones and those with an exponent go through `Number`.
 */
export function parseNumber(bytes: Uint8Array, from: number, to: number): number {
  let start = from
  let end = to
  while (start < end && isBlank(bytes[start]!)) start++
  while (end > start && isBlank(bytes[end - 1]!)) end--
  let i = start
  const sign = bytes[i]
  if (sign === MINUS || sign === PLUS) i++
  let mantissa = 0
  let digits = 0
  let decimals = 0
  let pointSeen = false
  for (; i < end; i++) {
    const digit = bytes[i]! - ZERO
    if (digit >= 0 && digit <= 9) {
      mantissa = mantissa * 10 + digit
      digits++
      if (pointSeen) decimals++
    } else if (bytes[i] === POINT && !pointSeen) pointSeen = true
    else return parseSlowly(bytes, start, end)
  }
  if (digits === 0) return Number.NaN
  if (digits > 15) return parseSlowly(bytes, start, end)
  const value = decimals === 0 ? mantissa : mantissa / POWERS[decimals]!
  return sign === MINUS ? -value : value
}

const ZERO = 48
const PLUS = 43
const MINUS = 45
const POINT = 46
const POWERS = Array.from({ length: 16 }, (_, power) => 10 ** power)

function isBlank(byte: number): boolean {
  return byte === 32 || byte === 9
}

const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/

function parseSlowly(bytes: Uint8Array, start: number, end: number): number {
  if (end - start > 400) return Number.NaN
  let text = ''
  for (let i = start; i < end; i++) text += String.fromCharCode(bytes[i]!)
  if (!DECIMAL.test(text)) return Number.NaN
  const value = Number(text)
  return Number.isFinite(value) ? value : Number.NaN
}
