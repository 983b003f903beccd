/**
 * Trees as flat arrays. Node i is two integers: `nodes[2i]` is `column · 256 + bin` and `nodes[2i + 1]` the node to go to when the row's code in that column is at
 * most `bin`; the next one otherwise. A leaf sends every row to itself (bin 255), so that rows can be walked down side by side without asking whether one has
 * arrived. `values[i]` is what node i says.
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
    const left = nodes[2 * i + 1]!
    if (left === i) return i
    const split = nodes[2 * i]!
    i = codes[at + (split >>> 8) * step]! <= (split & 255) ? left : left + 1
  }
}

/** Rows a block of which is walked down all trees before the next: their codes stay in the cache. */
const BLOCK = 8192

/** Calls `use` for blocks of rows: their codes row after row, the first row and how many. */
export function forBlocks(bins: Bins, table: Table, use: (codes: Uint8Array, from: number, rows: number) => void): void {
  const columns = bins.length
  const coders: Coder[] = bins.map((bin) => coderOf(bin, table.rows))
  const codes = new Uint8Array(Math.min(BLOCK, table.rows) * columns)
  for (let from = 0; from < table.rows; from += BLOCK) {
    const to = Math.min(table.rows, from + BLOCK)
    for (let c = 0; c < columns; c++) encodeInto(coders[c]!, table.columns[c]!, from, to, codes, c, columns)
    use(codes, from, to - from)
  }
}

/**
 * Walks `rows` rows of row-major `codes` down a tree and writes the leaf of each into `leaves`. Eight rows go down side by side: each waits for memory, not
 * for the others.
 */
export function walkDown({ nodes, depth }: Tree, codes: Uint8Array, columns: number, rows: number, leaves: Int32Array): void {
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
    for (let level = 0; level < depth; level++) {
      const s0 = nodes[2 * i0]!
      const s1 = nodes[2 * i1]!
      const s2 = nodes[2 * i2]!
      const s3 = nodes[2 * i3]!
      const s4 = nodes[2 * i4]!
      const s5 = nodes[2 * i5]!
      const s6 = nodes[2 * i6]!
      const s7 = nodes[2 * i7]!
      // bin − code is negative, so its sign bit is 1, where the code is greater: the node after the left one
      const n0 = nodes[2 * i0 + 1]! + (((s0 & 255) - codes[a0 + (s0 >>> 8)]!) >>> 31)
      const n1 = nodes[2 * i1 + 1]! + (((s1 & 255) - codes[a1 + (s1 >>> 8)]!) >>> 31)
      const n2 = nodes[2 * i2 + 1]! + (((s2 & 255) - codes[a2 + (s2 >>> 8)]!) >>> 31)
      const n3 = nodes[2 * i3 + 1]! + (((s3 & 255) - codes[a3 + (s3 >>> 8)]!) >>> 31)
      const n4 = nodes[2 * i4 + 1]! + (((s4 & 255) - codes[a4 + (s4 >>> 8)]!) >>> 31)
      const n5 = nodes[2 * i5 + 1]! + (((s5 & 255) - codes[a5 + (s5 >>> 8)]!) >>> 31)
      const n6 = nodes[2 * i6 + 1]! + (((s6 & 255) - codes[a6 + (s6 >>> 8)]!) >>> 31)
      const n7 = nodes[2 * i7 + 1]! + (((s7 & 255) - codes[a7 + (s7 >>> 8)]!) >>> 31)
      const moved = (i0 ^ n0) | (i1 ^ n1) | (i2 ^ n2) | (i3 ^ n3) | (i4 ^ n4) | (i5 ^ n5) | (i6 ^ n6) | (i7 ^ n7)
      if (moved === 0) break
      i0 = n0
      i1 = n1
      i2 = n2
      i3 = n3
      i4 = n4
      i5 = n5
      i6 = n6
      i7 = n7
    }
    leaves[row] = i0
    leaves[row + 1] = i1
    leaves[row + 2] = i2
    leaves[row + 3] = i3
    leaves[row + 4] = i4
    leaves[row + 5] = i5
    leaves[row + 6] = i6
    leaves[row + 7] = i7
  }
  for (; row < rows; row++) leaves[row] = leafOf(nodes, codes, row * columns, 1)
}

/** Adds what the trees say of each row of a table: Σ over trees of the value of its leaf. */
export function sumOfTrees(trees: readonly Tree[], bins: Bins, table: Table, out: Float64Array): void {
  const leaves = new Int32Array(Math.min(BLOCK, table.rows))
  forBlocks(bins, table, (codes, from, rows) => {
    for (const tree of trees) {
      walkDown(tree, codes, bins.length, rows, leaves)
      const { values } = tree
      for (let i = 0; i < rows; i++) out[from + i] = out[from + i]! + values[leaves[i]!]!
    }
  })
}
