import { codesOf, type Encoding, finite } from './encode.js'
import type { Table } from './table.js'

/**
 * One or several weighted sums a row: offsetₖ + Σ coefficientⱼₖ · (featureⱼ − centreⱼ), which loses no digits where features are large and vary little.
 * `coefficients` is row-major, width × outputs.
 */
export interface LinearScores {
  readonly offsets: Float64Array
  readonly centres: Float64Array
  readonly coefficients: Float64Array
}

/** The sums of each row of a table, rows × outputs, column by column without encoding it. */
export function scoresOf(encoding: Encoding, { offsets, centres, coefficients }: LinearScores, table: Table): Float64Array {
  const outputs = offsets.length
  const out = new Float64Array(table.rows * outputs)
  for (let p = 0; p < out.length; p += outputs) out.set(offsets, p)
  const codes = codesOf(encoding, table)
  const none = new Float64Array(outputs)
  table.columns.forEach((column, c) => {
    const start = encoding.starts[c]
    const words = encoding.levels[c]
    if (words === undefined) {
      const centre = centres[start]
      const from = start * outputs
      for (let i = 0, p = 0; i < table.rows; i++) {
        const x = finite(column[i], encoding.names[c], i) - centre
        for (let k = 0; k < outputs; k++, p++) out[p] += coefficients[from + k] * x
      }
      return
    }
    none.fill(0)
    for (let j = start; j < start + words.length; j++)
      for (let k = 0; k < outputs; k++) none[k] -= coefficients[j * outputs + k] * centres[j]
    const map = codes[c]
    for (let i = 0, p = 0; i < table.rows; i++) {
      const code = map === undefined ? column[i] : map[column[i]]
      const from = code >= 0 && code < words.length ? (start + code) * outputs : -1
      for (let k = 0; k < outputs; k++, p++) out[p] += from < 0 ? none[k] : none[k] + coefficients[from + k]
    }
  })
  return out
}

/** The sums where all features are 0. */
export function interceptsOf({ offsets, centres, coefficients }: LinearScores): Float64Array {
  const outputs = offsets.length
  const out = offsets.slice()
  for (let p = 0; p < coefficients.length; p++) out[p % outputs] -= coefficients[p] * centres[Math.floor(p / outputs)]
  return out
}
