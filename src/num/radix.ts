/** True where this machine keeps the least significant byte of a number first. */
export const littleEndian = (): boolean => new Uint8Array(new Uint16Array([1]).buffer)[0] === 1

/** What a radix sort of doubles needs for one digit of 16 bits. */
export const RADIX = 65536

/**
 * For every value of a digit, how many keys have a smaller one: where its keys begin in the sorted order. `digits` holds four to a double; `offset` says
 * which. Fills `starts` (of `RADIX`); false when all keys have the same digit, so that nothing moves.
 */
export function digitStarts(digits: Uint16Array, offset: number, starts: Int32Array): boolean {
  starts.fill(0)
  for (let i = offset; i < digits.length; i += 4) starts[digits[i]!]!++
  if (starts[digits[offset]!]! === digits.length / 4) return false
  let sum = 0
  for (let d = 0; d < RADIX; d++) {
    const c = starts[d]!
    starts[d] = sum
    sum += c
  }
  return true
}
