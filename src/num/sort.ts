import { digitStarts, littleEndian, RADIX } from './radix.js'

/**
 * Sorts numbers ≥ 0 in place, ascending, and returns them: a radix sort on the bits of the doubles, O(n), two to three times as fast as
 * `Float64Array.sort` from some thousands on. Falls back on that where there are negative numbers or few. No NaN.
 */
export function sortAscending(values: Float64Array): Float64Array {
  const n = values.length
  let sorted = true
  let least = 0
  for (let i = 0; i < n; i++) {
    const value = (values[i] = values[i]! + 0) // −0 has the sign bit set
    if (i > 0 && value < values[i - 1]!) sorted = false
    if (value < least) least = value
  }
  if (sorted) return values
  if (n < 4096 || least < 0) return values.sort()

  // bits of doubles ≥ 0 order like unsigned integers: four digits of 16 bits, the least first
  const little = littleEndian()
  let from = values
  let to = new Float64Array(n)
  const starts = new Int32Array(RADIX)
  for (let digit = 0; digit < 4; digit++) {
    const offset = little ? digit : 3 - digit
    const digits = new Uint16Array(from.buffer, from.byteOffset, 4 * n)
    if (!digitStarts(digits, offset, starts)) continue
    for (let i = 0; i < n; i++) to[starts[digits[4 * i + offset]!]!++] = from[i]!
    const swap = from
    from = to as Float64Array<ArrayBuffer>
    to = swap as Float64Array<ArrayBuffer>
  }
  if (from !== values) values.set(from)
  return values
}
