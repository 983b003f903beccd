/**
 * The value that would be at `rank` if the first `count` were sorted; reorders them. No NaN. Expected O(n): Hoare's quickselect, pivot the middle of three.
 */
export function selectInPlace(values: Float64Array, count: number, rank: number): number {
  let left = 0
  let right = count - 1
  while (left < right) {
    const [a, b, c] = [values[left], values[(left + right) >> 1], values[right]]
    const pivot = Math.max(Math.min(a, b), Math.min(Math.max(a, b), c))
    let i = left
    let j = right
    while (i <= j) {
      while (values[i] < pivot) i++
      while (values[j] > pivot) j--
      if (i > j) break
      const swap = values[i]
      values[i++] = values[j]
      values[j--] = swap
    }
    if (rank <= j) right = j
    else if (rank >= i) left = i
    else return values[rank]
  }
  return values[rank]
}
