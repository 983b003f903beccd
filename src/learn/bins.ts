/**
 * Columns as codes of one byte, which is what trees split on.
 *
 * A column of numbers is cut at up to 254 edges: its code is how many edges lie below the value, so `code ≤ b` says `value ≤ edges[b]`. Up to 255 distinct
 * values get a code each (no split is lost); more are cut into parts of about as many rows each. An edge is halfway between two neighbouring values.
 * A column of categories is ordered by the mean target of each, drawn towards the overall mean where a category has few rows (Fisher 1958: for squares and for
 * two classes a cut of that order is the best of all subsets); a category never seen lies at the overall mean.
 */
import { argsort } from '../num/index.js'
import type { Table } from './table.js'

/** Most codes a column has. */
export const CODES = 255

/** How values of a column become codes. */
export interface ColumnBins {
  /** How many codes there are: 1 for a constant column. */
  readonly codes: number
  /** Of a column of numbers: `codes − 1` edges, ascending. Empty for categories. */
  readonly edges: Float64Array
  /** Of a column of categories: the code of each. */
  readonly categories?: Uint8Array
  /** Of a column of categories: the words that the codes of a table stood for. */
  readonly words?: readonly string[]
}

export type Bins = readonly ColumnBins[]

/** How many rows of the overall mean each category is given besides its own. */
const CATEGORY_PRIOR_ROWS = 10

/** Rows from which the edges of a column of many values are taken, evenly spread over all. */
const SAMPLE = 50_000

/** The bins of a table. `direction` is what categories are ordered by: the target, or a projection of the classes; `weights` have a mean of about 1. */
export function binsOf(table: Table, direction: Float64Array, weights: Float64Array): Bins {
  const step = Math.max(1, Math.floor(table.rows / SAMPLE))
  const some = Int32Array.from({ length: Math.ceil(table.rows / step) }, (_, i) => i * step)
  return table.columns.map((column, c) => {
    const words = table.levels?.[c]
    return words === undefined ? numberBins(column, some) : { ...categoryBins(column, words.length, direction, weights), words }
  })
}

function numberBins(column: Float64Array, some: Int32Array): ColumnBins {
  const few = fewValues(column)
  const edges: number[] = []
  if (few !== undefined) for (let i = 1; i < few.length; i++) edges.push(between(few[i - 1], few[i]))
  else {
    const order = argsort(column, some)
    // equal shares of the rows that are left, so that a value with many rows does not starve the rest
    let left = order.length
    let parts = CODES
    for (let first = 0; first < order.length && parts > 1; ) {
      // the edge is put where the count comes nearest to a share; rows of one value stay together
      let end = Math.min(order.length, first + Math.max(1, Math.round(left / parts)))
      const value = column[order[end - 1]]
      let until = end
      while (until < order.length && column[order[until]] === value) until++
      let since = end - 1
      while (since > first && column[order[since - 1]] === value) since--
      end = until - end > end - since && since > first ? since : until
      if (end >= order.length) break
      edges.push(between(column[order[end - 1]], column[order[end]]))
      left = order.length - end
      first = end
      parts--
    }
  }
  return { codes: edges.length + 1, edges: Float64Array.from(edges) }
}

/** The values of a column, ascending, where there are no more than codes. */
function fewValues(column: Float64Array): Float64Array | undefined {
  const seen = new Set<number>()
  let last = Number.NaN
  for (let i = 0; i < column.length; i++) {
    const value = column[i] + 0
    if (value === last) continue
    last = value
    if (seen.has(value)) continue
    if (seen.size === CODES) return undefined
    seen.add(value)
  }
  return Float64Array.from(seen).sort()
}

/** A number at or above `low` and below `high`, halfway where doubles are fine enough. */
function between(low: number, high: number): number {
  const middle = low / 2 + high / 2
  return middle >= low && middle < high ? middle : low
}

function categoryBins(column: Float64Array, count: number, direction: Float64Array, weights: Float64Array): ColumnBins {
  const sums = new Float64Array(count)
  const mass = new Float64Array(count)
  let sum = 0
  let total = 0
  for (let i = 0; i < column.length; i++) {
    const weight = weights[i]
    const code = column[i]
    sums[code] = sums[code] + weight * direction[i]
    mass[code] = mass[code] + weight
    sum += weight * direction[i]
    total += weight
  }
  const mean = sum / total
  const score = Float64Array.from(sums, (s, k) => (s + CATEGORY_PRIOR_ROWS * mean) / (mass[k] + CATEGORY_PRIOR_ROWS))
  const order = Int32Array.from({ length: count }, (_, k) => k).sort((a, b) => score[a] - score[b] || a - b)
  const codes = new Uint8Array(count)
  if (count <= CODES) {
    order.forEach((category, rank) => {
      codes[category] = rank
    })
    return { codes: count, edges: new Float64Array(0), categories: codes }
  }
  let before = 0
  for (const category of order) {
    codes[category] = Math.min(CODES - 1, Math.floor((before / total) * CODES))
    before += mass[category]
  }
  return { codes: CODES, edges: new Float64Array(0), categories: codes }
}

/** Codes of a table's rows, column after column: the code of row `i` in column `c` is at `c · rows + i`. */
export function encodeColumns(bins: Bins, table: Table): Uint8Array {
  const out = new Uint8Array(bins.length * table.rows)
  bins.forEach((bin, c) => {
    encodeInto(coderOf(bin, table.rows), table.columns[c], 0, table.rows, out, c * table.rows, 1)
  })
  return out
}

/** Writes codes of rows `from` to `to` of one column into `out`, `step` apart from `at` on. */
export function encodeInto(
  { bins, starts, low, scale }: Coder,
  column: Float64Array,
  from: number,
  to: number,
  out: Uint8Array,
  at: number,
  step: number,
): void {
  const { edges, categories } = bins
  if (categories !== undefined) {
    for (let i = from; i < to; i++, at += step) {
      const category = column[i]
      out[at] = category < categories.length ? categories[category] : bins.codes >> 1
    }
    return
  }
  const count = edges.length
  const cells = starts.length - 2
  for (let i = from; i < to; i++, at += step) {
    const value = column[i]
    let least = 0
    let most = count
    if (cells > 0) {
      // the edges are looked up on an even grid first, where most cells hold one or none
      const cell = (value - low) * scale
      const k = cell >= cells ? cells : cell > 0 ? Math.floor(cell) : 0
      least = starts[k]
      most = starts[k + 1]
    }
    while (least < most) {
      const middle = (least + most) >> 1
      if (edges[middle] < value) least = middle + 1
      else most = middle
    }
    out[at] = least
  }
}

/** Bins with a grid over their edges: cell k holds values from `low + k / scale`, whose codes are from `starts[k]` to `starts[k + 1]`. */
export interface Coder {
  readonly bins: ColumnBins
  readonly starts: Uint8Array
  readonly low: number
  readonly scale: number
}

const CELLS = 1024
const NO_GRID = new Uint8Array(0)

/** What turns values of a column into codes; with a grid where many rows are asked about. */
export function coderOf(bins: ColumnBins, rows: number): Coder {
  const { edges } = bins
  const low = edges[0] ?? 0
  const width = edges.length > 0 ? edges[edges.length - 1] - low : 0
  const scale = CELLS / width
  if (rows < CELLS || edges.length < 4 || !(width > 0 && Number.isFinite(scale) && Number.isFinite(width)))
    return { bins, starts: NO_GRID, low: 0, scale: 0 }
  // a value of cell k has a code between those of the cell's two ends; one cell more on either side absorbs rounding
  const starts = new Uint8Array(CELLS + 2)
  let e = 0
  for (let k = 1; k <= CELLS; k++) {
    while (e < edges.length && (edges[e] - low) * scale < k) e++
    starts[k] = e
  }
  starts[CELLS + 1] = edges.length
  return { bins, starts, low, scale }
}
