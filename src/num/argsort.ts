import { digitStarts, littleEndian, RADIX } from './radix.js'

/**
 * Rows in ascending order of their values: a stable radix sort on the bits of the doubles, O(rows).
 *
 * Returns a new array with the entries of `rows` (indices into `values`) such that values[result[i]] ascends; ties keep the order of `rows`.
 * The values at `rows` must be numbers (not NaN); −0 and 0 are equal. Infinities sort to the ends.
 */
export function argsort(values: Float64Array, rows: Int32Array): Int32Array {
  const n = rows.length
  if (n < 1024) return rows.slice().sort((a, b) => values[a]! - values[b]! || 0)
  let sorted = true
  for (let i = 1; i < n && sorted; i++) sorted = values[rows[i - 1]!]! <= values[rows[i]!]!
  if (sorted) return rows.slice()

  // A double ≥ 0 orders like its bits read as an unsigned integer; where there are others, they are inverted and the sign bit of these is set.
  const keys = new Float64Array(n)
  let negative = false
  for (let i = 0; i < n; i++) {
    const value = values[rows[i]!]! + 0
    if (value < 0) negative = true
    keys[i] = value
  }
  const digits = new Uint16Array(keys.buffer)
  const little = littleEndian()
  if (negative) {
    for (let i = little ? 3 : 0; i < digits.length; i += 4) {
      const step = little ? -1 : 1
      if (digits[i]! & 0x8000) for (let d = 0; d < 4; d++) digits[i + d * step] = ~digits[i + d * step]!
      else digits[i] = digits[i]! | 0x8000
    }
  }

  let from = new Int32Array(n)
  for (let i = 0; i < n; i++) from[i] = i
  let to = new Int32Array(n)
  const starts = new Int32Array(RADIX)
  for (let digit = 0; digit < 4; digit++) {
    const offset = little ? digit : 3 - digit
    if (!digitStarts(digits, offset, starts)) continue
    for (let i = 0; i < n; i++) {
      const at = from[i]!
      to[starts[digits[4 * at + offset]!]!++] = at
    }
    const swap = from
    from = to
    to = swap
  }
  for (let i = 0; i < n; i++) to[i] = rows[from[i]!]!
  return to
}
