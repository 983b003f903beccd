/**
 * Isotonic regression: the never-falling sequence nearest to `values` in weighted squares, by pooling adjacent violators, in one pass.
 * `weights` are positive; absent, all 1. Returns a new array.
 *
 * Source: Ayer, Brunk, Ewing, Reid and Silverman (1955).
 */
export function isotonic(values: ArrayLike<number>, weights?: ArrayLike<number>): Float64Array {
  const n = values.length
  const mean = new Float64Array(n)
  const weight = new Float64Array(n)
  const length = new Int32Array(n)
  let blocks = 0
  for (let i = 0; i < n; i++) {
    mean[blocks] = values[i]!
    weight[blocks] = weights === undefined ? 1 : weights[i]!
    length[blocks] = 1
    blocks++
    while (blocks > 1 && mean[blocks - 2]! > mean[blocks - 1]!) {
      const both = weight[blocks - 2]! + weight[blocks - 1]!
      mean[blocks - 2] = (mean[blocks - 2]! * weight[blocks - 2]! + mean[blocks - 1]! * weight[blocks - 1]!) / both
      weight[blocks - 2] = both
      length[blocks - 2]! += length[blocks - 1]!
      blocks--
    }
  }
  const out = new Float64Array(n)
  for (let block = 0, at = 0; block < blocks; block++) {
    out.fill(mean[block]!, at, at + length[block]!)
    at += length[block]!
  }
  return out
}
