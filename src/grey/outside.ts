import type { Table } from '../learn/index.js'

/** The box that samples span: the smallest and largest value of each column. */
export interface Seen {
  readonly low: Float64Array
  readonly high: Float64Array
}

/** The box that the rows of a table span. */
export function seenOf(table: Table): Seen {
  const low = Float64Array.from(table.columns, (column) => column.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY))
  const high = Float64Array.from(table.columns, (column) => column.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY))
  return { low, high }
}

/**
 * How far each row lies beyond the data: 0 inside the box, else the Euclidean length of what sticks out, each column in widths of the box. A column
 * that never varied counts as one of width 1, or of its own size where that is larger.
 */
export function outside({ low, high }: Seen, table: Table): Float64Array {
  const out = new Float64Array(table.rows)
  table.columns.forEach((column, c) => {
    const width = high[c] > low[c] ? high[c] - low[c] : Math.max(1, Math.abs(high[c]))
    for (let i = 0; i < column.length; i++) {
      const beyond = Math.max(0, column[i] - high[c], low[c] - column[i]) / width
      out[i] += beyond * beyond
    }
  })
  return out.map(Math.sqrt)
}
