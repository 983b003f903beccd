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

  // A double’s bits order like an unsigned integer once negative ones are inverted and the sign bit of the others is set.
  const high = new Uint32Array(n)
  const low = new Uint32Array(n)
  const word = new Float64Array(1)
  const halves = new Uint32Array(word.buffer)
  word[0] = 1 // 0x3ff00000_00000000: tells which half comes first on this machine
  const top = halves[1] === 0x3ff00000 ? 1 : 0
  for (let i = 0; i < n; i++) {
    word[0] = values[rows[i]!]! + 0
    const h = halves[top]!
    if (h & 0x80000000) {
      high[i] = ~h
      low[i] = ~halves[1 - top]!
    } else {
      high[i] = h | 0x80000000
      low[i] = halves[1 - top]!
    }
  }

  let from = new Int32Array(n)
  for (let i = 0; i < n; i++) from[i] = i
  let to = new Int32Array(n)
  const starts = new Int32Array(65536)
  for (let digit = 0; digit < 4; digit++) {
    const keys = digit < 2 ? low : high
    const shift = digit % 2 === 0 ? 0 : 16
    starts.fill(0)
    for (let i = 0; i < n; i++) starts[(keys[i]! >>> shift) & 0xffff]!++
    if (starts[(keys[0]! >>> shift) & 0xffff] === n) continue // all equal in this digit
    let sum = 0
    for (let d = 0; d < 65536; d++) {
      const c = starts[d]!
      starts[d] = sum
      sum += c
    }
    for (let i = 0; i < n; i++) {
      const at = from[i]!
      to[starts[(keys[at]! >>> shift) & 0xffff]!++] = at
    }
    const swap = from
    from = to
    to = swap
  }
  for (let i = 0; i < n; i++) to[i] = rows[from[i]!]!
  return to
}
