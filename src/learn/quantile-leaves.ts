/** Quantiles from the rows that share leaves with a row (Meinshausen 2006). */
import type { Bins } from './bins.js'
import type { GrownTree } from './grow.js'
import type { Table } from './table.js'
import { forBlocks, type Tree, walkerOf } from './tree.js'

/** Rows in the leaves of all trees, as ranks of their targets. */
export interface RankedTrees {
  /** Targets ascending: what a rank stands for. */
  readonly targets: Float64Array
  readonly trees: readonly LeafRows[]
}

export interface LeafRows {
  /** Leaf i holds `ranks` from `firsts[i]` to `firsts[i] + counts[i]`. */
  readonly ranks: Int32Array
  /** Its weight over that of its leaf. */
  readonly shares: Float64Array
  readonly firsts: Int32Array
  readonly counts: Int32Array
}

export function ranked(trees: readonly GrownTree[], target: Float64Array): RankedTrees {
  const order = Int32Array.from({ length: target.length }, (_, i) => i).sort((a, b) => target[a] - target[b] || a - b)
  const rankOf = new Int32Array(target.length)
  order.forEach((row, rank) => {
    rankOf[row] = rank
  })
  return {
    targets: Float64Array.from(order, (row) => target[row]),
    trees: trees.map(({ members, memberWeights, firsts, counts, nodes }) => {
      const shares = new Float64Array(members!.length)
      for (let node = 0; node < counts!.length; node++) {
        if (nodes[2 * node + 1] !== node) continue
        const from = firsts![node]
        const to = from + counts![node]
        let mass = 0
        for (let i = from; i < to; i++) mass += memberWeights![i]
        for (let i = from; i < to; i++) shares[i] = memberWeights![i] / mass
      }
      return { ranks: Int32Array.from(members!, (row) => rankOf[row]), shares, firsts: firsts!, counts: counts! }
    }),
  }
}

export function quantilesOfLeaves(
  trees: readonly Tree[],
  { targets, trees: rows }: RankedTrees,
  bins: Bins,
  table: Table,
  levels: readonly number[],
): Float64Array {
  const out = new Float64Array(table.rows * levels.length)
  const mass = new Float64Array(targets.length)
  const marks = new Int32Array((targets.length >> 5) + 1)
  const walk = walkerOf(trees, bins.length, table.rows)
  let leaves = new Int32Array(0)
  const one = new Int32Array(table.rows)
  forBlocks(bins, table, (codes, from, count) => {
    if (leaves.length < trees.length * count) leaves = new Int32Array(trees.length * count)
    trees.forEach((_, t) => {
      walk(t, codes, count, one)
      for (let i = 0; i < count; i++) leaves[i * trees.length + t] = one[i]
    })
    for (let i = 0; i < count; i++) {
      for (let t = 0; t < trees.length; t++) {
        const { ranks, shares, firsts, counts } = rows[t]
        const leaf = leaves[i * trees.length + t]
        const first = firsts[leaf]
        for (let j = first; j < first + counts[leaf]; j++) {
          const rank = ranks[j]
          marks[rank >> 5] = marks[rank >> 5] | (1 << (rank & 31))
          mass[rank] = mass[rank] + shares[j]
        }
      }
      // up the targets that share a leaf, until each level is reached
      let reached = 0
      let level = 0
      let target = 0
      const at = (from + i) * levels.length
      for (let word = 0; word < marks.length; word++) {
        let bits = marks[word]
        marks[word] = 0
        while (bits !== 0) {
          const bit = bits & -bits
          bits ^= bit
          const rank = (word << 5) + 31 - Math.clz32(bit)
          reached += mass[rank]
          mass[rank] = 0
          target = targets[rank]
          // a billionth of slack for the rounding of the sum
          while (level < levels.length && reached >= trees.length * (levels[level] - 1e-9)) out[at + level++] = target
        }
      }
      while (level < levels.length) out[at + level++] = target
    }
  })
  return out
}
