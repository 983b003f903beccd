/**
 * Trees as flat arrays. Node i is two integers: `nodes[2i]` is `column · 256 + bin` and `nodes[2i + 1]` the node to go to when the row's code in that column is at
 * most `bin`; the next one otherwise. A leaf sends every row to itself (bin 255), so that rows can be walked down side by side without asking at each step whether one
 * has arrived. `values[i]` is what node i says.
 */
import { type Bins, type Coder, coderOf, encodeInto } from './bins.js'
import type { Table } from './table.js'

export interface Tree {
  readonly nodes: Int32Array
  readonly values: Float64Array
  /** The longest way from the root to a leaf. */
  readonly depth: number
}

/** The leaf of one row whose code in column c is at `at + c · step`. */
export function leafOf(nodes: Int32Array, codes: Uint8Array, at: number, step: number): number {
  let i = 0
  for (;;) {
    const left = nodes[2 * i + 1]
    if (left === i) return i
    const split = nodes[2 * i]
    i = codes[at + (split >>> 8) * step] <= (split & 255) ? left : left + 1
  }
}

/** Rows a block of which is walked down all trees before the next. */
const BLOCK = 65536

/** Calls `use` for blocks of rows: their codes row after row, the first row and how many. */
export function forBlocks(bins: Bins, table: Table, use: (codes: Uint8Array, from: number, rows: number) => void): void {
  const columns = bins.length
  const coders: Coder[] = bins.map((bin) => coderOf(bin, table.rows))
  const codes = new Uint8Array(Math.min(BLOCK, table.rows) * columns)
  // few rows at a time while they are laid out row by row, so that their codes stay in the cache
  const strip = Math.max(256, Math.floor(65536 / columns))
  for (let from = 0; from < table.rows; from += BLOCK) {
    const to = Math.min(table.rows, from + BLOCK)
    for (let first = from; first < to; first += strip)
      for (let c = 0; c < columns; c++)
        encodeInto(coders[c], table.columns[c], first, Math.min(to, first + strip), codes, (first - from) * columns + c, columns)
    use(codes, from, to - from)
  }
}

/**
 * A tree to walk many rows down: a node is one integer, from the lowest bit the bin (8 bits), the column (as many as are needed) and how far on the left child is.
 * Absent where a tree is too large for that.
 */
interface PackedTree {
  readonly words: Int32Array
  readonly mask: number
  readonly shift: number
}

function packed({ nodes, values }: Tree, columns: number): PackedTree | undefined {
  const bits = 32 - Math.clz32(columns - 1)
  const shift = 8 + bits
  const most = 2 ** (32 - shift)
  const words = new Int32Array(values.length)
  for (let i = 0; i < words.length; i++) {
    const jump = nodes[2 * i + 1] - i
    if (jump >= most) return undefined
    words[i] = nodes[2 * i] | (jump << shift)
  }
  return { words, mask: 2 ** bits - 1, shift }
}

/**
 * What walks rows of row-major codes down trees: `walk(t, codes, rows, leaves)` writes the leaf of each row in tree t into `leaves`. Eight rows go down side by side,
 * each waiting for its memory and not for that of the others.
 */
export function walkerOf(
  trees: readonly Tree[],
  columns: number,
  rowsAtAll: number,
): (t: number, codes: Uint8Array, rows: number, leaves: Int32Array) => void {
  const worth = rowsAtAll >= 1024
  const quick = trees.map((tree) => (worth ? packed(tree, columns) : undefined))
  return (t, codes, rows, leaves) => {
    const one = quick[t]
    const done = one === undefined ? 0 : walkDown(one, codes, columns, rows, leaves)
    const { nodes } = trees[t]
    for (let row = done; row < rows; row++) leaves[row] = leafOf(nodes, codes, row * columns, 1)
  }
}

/** Walks rows down, eight at a time; returns how many. */
function walkDown(
  { words, mask, shift }: PackedTree,
  codes: Uint8Array,
  columns: number,
  rows: number,
  leaves: Int32Array,
): number {
  let row = 0
  for (; row + 8 <= rows; row += 8) {
    const a0 = row * columns

    const a1 = a0 + columns
    const a2 = a1 + columns
    const a3 = a2 + columns
    const a4 = a3 + columns
    const a5 = a4 + columns
    const a6 = a5 + columns
    const a7 = a6 + columns
    let i0 = 0
    let i1 = 0
    let i2 = 0
    let i3 = 0
    let i4 = 0
    let i5 = 0
    let i6 = 0
    let i7 = 0
    for (;;) {
      // two levels before asking whether all have arrived: a leaf sends a row to itself
      {
        // bin − code is negative, so its sign bit is 1, where the code is greater: the node after the left one
        const s0 = words[i0]
        const n0 = i0 + (s0 >>> shift) + (((s0 & 255) - codes[a0 + ((s0 >>> 8) & mask)]) >>> 31)
        const s1 = words[i1]
        const n1 = i1 + (s1 >>> shift) + (((s1 & 255) - codes[a1 + ((s1 >>> 8) & mask)]) >>> 31)
        const s2 = words[i2]
        const n2 = i2 + (s2 >>> shift) + (((s2 & 255) - codes[a2 + ((s2 >>> 8) & mask)]) >>> 31)
        const s3 = words[i3]
        const n3 = i3 + (s3 >>> shift) + (((s3 & 255) - codes[a3 + ((s3 >>> 8) & mask)]) >>> 31)
        const s4 = words[i4]
        const n4 = i4 + (s4 >>> shift) + (((s4 & 255) - codes[a4 + ((s4 >>> 8) & mask)]) >>> 31)
        const s5 = words[i5]
        const n5 = i5 + (s5 >>> shift) + (((s5 & 255) - codes[a5 + ((s5 >>> 8) & mask)]) >>> 31)
        const s6 = words[i6]
        const n6 = i6 + (s6 >>> shift) + (((s6 & 255) - codes[a6 + ((s6 >>> 8) & mask)]) >>> 31)
        const s7 = words[i7]
        const n7 = i7 + (s7 >>> shift) + (((s7 & 255) - codes[a7 + ((s7 >>> 8) & mask)]) >>> 31)
        i0 = n0
        i1 = n1
        i2 = n2
        i3 = n3
        i4 = n4
        i5 = n5
        i6 = n6
        i7 = n7
      }
      const s0 = words[i0]
      const n0 = i0 + (s0 >>> shift) + (((s0 & 255) - codes[a0 + ((s0 >>> 8) & mask)]) >>> 31)
      const s1 = words[i1]
      const n1 = i1 + (s1 >>> shift) + (((s1 & 255) - codes[a1 + ((s1 >>> 8) & mask)]) >>> 31)
      const s2 = words[i2]
      const n2 = i2 + (s2 >>> shift) + (((s2 & 255) - codes[a2 + ((s2 >>> 8) & mask)]) >>> 31)
      const s3 = words[i3]
      const n3 = i3 + (s3 >>> shift) + (((s3 & 255) - codes[a3 + ((s3 >>> 8) & mask)]) >>> 31)
      const s4 = words[i4]
      const n4 = i4 + (s4 >>> shift) + (((s4 & 255) - codes[a4 + ((s4 >>> 8) & mask)]) >>> 31)
      const s5 = words[i5]
      const n5 = i5 + (s5 >>> shift) + (((s5 & 255) - codes[a5 + ((s5 >>> 8) & mask)]) >>> 31)
      const s6 = words[i6]
      const n6 = i6 + (s6 >>> shift) + (((s6 & 255) - codes[a6 + ((s6 >>> 8) & mask)]) >>> 31)
      const s7 = words[i7]
      const n7 = i7 + (s7 >>> shift) + (((s7 & 255) - codes[a7 + ((s7 >>> 8) & mask)]) >>> 31)
      if (((i0 ^ n0) | (i1 ^ n1) | (i2 ^ n2) | (i3 ^ n3) | (i4 ^ n4) | (i5 ^ n5) | (i6 ^ n6) | (i7 ^ n7)) === 0) break
      i0 = n0
      i1 = n1
      i2 = n2
      i3 = n3
      i4 = n4
      i5 = n5
      i6 = n6
      i7 = n7
    }
    leaves[row + 0] = i0
    leaves[row + 1] = i1
    leaves[row + 2] = i2
    leaves[row + 3] = i3
    leaves[row + 4] = i4
    leaves[row + 5] = i5
    leaves[row + 6] = i6
    leaves[row + 7] = i7
  }
  return row
}

/** Adds what trees say of each row of a table: `out[k]` gets Σ over the trees of group k of the value of the row’s leaf. */
export function sumOfTrees(groups: readonly (readonly Tree[])[], bins: Bins, table: Table, out: readonly Float64Array[]): void {
  const leaves = new Int32Array(Math.min(BLOCK, table.rows))
  const walks = groups.map((trees) => walkerOf(trees, bins.length, table.rows))
  forBlocks(bins, table, (codes, from, rows) => {
    groups.forEach((trees, k) => {
      const sums = out[k]
      for (let t = 0; t < trees.length; t++) {
        walks[k](t, codes, rows, leaves)
        addValues(sums, from, trees[t].values, leaves, rows)
      }
    })
  })
}

function addValues(sums: Float64Array, from: number, values: Float64Array, leaves: Int32Array, rows: number): void {
  for (let i = 0; i < rows; i++) sums[from + i] = sums[from + i] + values[leaves[i]]
}

/** Codes of a table row after row. */
export function encodeRows(bins: Bins, table: Table): Uint8Array {
  const out = new Uint8Array(table.rows * bins.length)
  forBlocks(bins, table, (codes, from, rows) => {
    out.set(codes.subarray(0, rows * bins.length), from * bins.length)
  })
  return out
}
