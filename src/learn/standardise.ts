/** Mean and spread of each column: x becomes (x − mean) / scale, so that units do not matter. A column without spread has scale 0 and becomes 0. */
export interface Standard {
  readonly means: Float64Array
  readonly scales: Float64Array
}

/**
 * Weighted means and standard deviations (divisor Σw) of the columns of row-major data, in two passes. A column with a single value gets that
 * value as its mean, exactly, and scale 0.
 */
export function standardOf(data: Float64Array, rows: number, width: number, weights: Float64Array): Standard {
  const means = new Float64Array(width)
  const scales = new Float64Array(width)
  const low = data.slice(0, width)
  const high = data.slice(0, width)
  let total = 0
  for (let i = 0, p = 0; i < rows; i++) {
    const w = weights[i]
    total += w
    for (let j = 0; j < width; j++, p++) {
      const x = data[p]
      if (x < low[j]) low[j] = x
      if (x > high[j]) high[j] = x
    }
  }
  // the largest value, as a power of two: squares stay within range, and dividing by it is exact
  const unit = Float64Array.from(low, (x, j) => 2 ** Math.round(Math.log2(Math.max(Math.abs(x), Math.abs(high[j]), 1e-300))))
  for (let i = 0, p = 0; i < rows; i++) {
    const w = weights[i] / total
    for (let j = 0; j < width; j++, p++) means[j] += w * (data[p] / unit[j])
  }
  for (let i = 0, p = 0; i < rows; i++) {
    const w = weights[i] / total
    for (let j = 0; j < width; j++, p++) {
      const d = data[p] / unit[j] - means[j]
      scales[j] += w * d * d
    }
  }
  for (let j = 0; j < width; j++) {
    const flat = low[j] === high[j]
    means[j] = flat ? low[j] : means[j] * unit[j]
    scales[j] = flat ? 0 : Math.sqrt(scales[j]) * unit[j]
    if (!(scales[j] > 0)) scales[j] = 0
  }
  return { means, scales }
}

/** The standard of one column. */
export function standardOfColumn(values: Float64Array, weights: Float64Array): { mean: number; scale: number } {
  const { means, scales } = standardOf(values, values.length, 1, weights)
  return { mean: means[0], scale: scales[0] }
}

/** Replaces row-major data by (x − mean) / scale, 0 where the scale is 0. Returns the data. */
export function standardiseInPlace(data: Float64Array, { means, scales }: Standard): Float64Array {
  const width = means.length
  const inverse = scales.map((scale) => (scale > 0 ? 1 / scale : 0))
  for (let p = 0; p < data.length; p += width) for (let j = 0; j < width; j++) data[p + j] = (data[p + j] - means[j]) * inverse[j]
  return data
}
