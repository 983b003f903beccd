/** Forests and boosted trees as flat arrays, and back. */
import type { Caveat } from '../model/index.js'
import type { Bins, ColumnBins } from './bins.js'
import type { GrownTree } from './grow.js'
import type { SavedModel } from './learner.js'
import type { LeafRows, RankedTrees } from './quantile-leaves.js'
import { levelsFrom, savedLevels } from './saved.js'

type Arrays = Record<string, Float64Array | Float32Array | Int32Array | Uint8Array>

/** Bins as arrays: edges after one another, categories likewise; starts say where each column's begin. */
export function packBins(bins: Bins): Arrays {
  const edges = joined(bins.map((bin) => bin.edges))
  const categories = bins.map((bin) => bin.categories ?? new Uint8Array(0))
  const all = new Uint8Array(categories.reduce((sum, one) => sum + one.length, 0))
  let at = 0
  for (const one of categories) {
    all.set(one, at)
    at += one.length
  }
  return {
    codes: Int32Array.from(bins, (bin) => bin.codes),
    edges,
    edgeStarts: starts(bins.map((bin) => bin.edges.length)),
    categories: all,
    categoryStarts: starts(categories.map((one) => one.length)),
  }
}

export function unpackBins(saved: SavedModel): Bins {
  const { arrays } = saved
  const levels = levelsFrom(saved, 'words')
  const edges = arrays['edges'] as Float64Array
  const categories = arrays['categories'] as Uint8Array
  const edgeStarts = arrays['edgeStarts']
  const categoryStarts = arrays['categoryStarts']
  return Array.from(arrays['codes'], (codes, c): ColumnBins => {
    const some = categories.slice(categoryStarts[c], categoryStarts[c + 1])
    const bin = { codes, edges: edges.slice(edgeStarts[c], edgeStarts[c + 1]) }
    const words = levels[c]
    return words === undefined ? bin : { ...bin, categories: some, words }
  })
}

interface PlainTree {
  readonly nodes: Int32Array
  readonly values: Float64Array
  readonly depth: number
}

export function packTrees(trees: readonly PlainTree[]): Arrays {
  return {
    nodes: joinedInts(trees.map((tree) => tree.nodes)),
    values: joined(trees.map((tree) => tree.values)),
    treeStarts: starts(trees.map((tree) => tree.values.length)),
    depths: Int32Array.from(trees, (tree) => tree.depth),
  }
}

export function unpackTrees(arrays: SavedModel['arrays']): PlainTree[] {
  const nodes = arrays['nodes'] as Int32Array
  const values = arrays['values'] as Float64Array
  const from = arrays['treeStarts']
  return Array.from(arrays['depths'], (depth, t) => ({
    nodes: nodes.slice(2 * from[t], 2 * from[t + 1]),
    values: values.slice(from[t], from[t + 1]),
    depth,
  }))
}

/** A fitted forest as values: what is saved and loaded. */
export interface ForestParts {
  readonly learner: 'forest' | 'extra-trees' | 'quantile-forest'
  readonly task: SavedModel['task']
  readonly names: readonly string[]
  readonly caveats: readonly Caveat[]
  readonly bins: Bins
  readonly trees: readonly Pick<GrownTree, 'nodes' | 'values' | 'depth' | 'shares'>[]
  /** The least and the greatest target. */
  readonly low: number
  readonly high: number
  readonly classes: Float64Array
  readonly levels: readonly number[]
  readonly gainShares: Float64Array
  readonly leaves?: RankedTrees
}

export function packForest(parts: ForestParts): SavedModel {
  const { learner, task, names, caveats, trees, classes, levels, low, high, gainShares, leaves } = parts
  const shares = trees.map((tree) => tree.shares ?? new Float64Array(0))
  return {
    schema: 'halftone/learned/1',
    learner,
    task,
    names,
    caveats,
    settings: { low, high, levels, words: savedLevels(parts.bins.map((bin) => bin.words)) },
    arrays: {
      ...packBins(parts.bins),
      ...packTrees(trees),
      classes,
      gainShares,
      shares: joined(shares),
      shareStarts: starts(shares.map((one) => one.length)),
      ...(leaves === undefined
        ? {}
        : {
            targets: leaves.targets,
            ranks: joinedInts(leaves.trees.map((one) => one.ranks)),
            rankShares: joined(leaves.trees.map((one) => one.shares)),
            rankStarts: starts(leaves.trees.map((one) => one.ranks.length)),
            leafFirsts: joinedInts(leaves.trees.map((one) => one.firsts)),
            leafCounts: joinedInts(leaves.trees.map((one) => one.counts)),
          }),
    },
  }
}

export function unpackForest(saved: SavedModel): ForestParts {
  const { arrays, settings } = saved
  const trees = unpackTrees(arrays)
  const shares = arrays['shares'] as Float64Array
  const shareStarts = arrays['shareStarts']
  const classes = arrays['classes'] as Float64Array
  const treeStarts = arrays['treeStarts']
  const rankStarts = arrays['rankStarts']
  return {
    learner: saved.learner as ForestParts['learner'],
    task: saved.task,
    names: saved.names,
    caveats: saved.caveats,
    bins: unpackBins(saved),
    trees: trees.map((tree, t) =>
      classes.length > 2 ? { ...tree, shares: shares.slice(shareStarts[t], shareStarts[t + 1]) } : tree,
    ),
    low: settings['low'] as number,
    high: settings['high'] as number,
    levels: settings['levels'] as number[],
    classes,
    gainShares: arrays['gainShares'] as Float64Array,
    ...(rankStarts === undefined
      ? {}
      : {
          leaves: {
            targets: arrays['targets'] as Float64Array,
            trees: trees.map(
              (_, t): LeafRows => ({
                ranks: (arrays['ranks'] as Int32Array).slice(rankStarts[t], rankStarts[t + 1]),
                shares: (arrays['rankShares'] as Float64Array).slice(rankStarts[t], rankStarts[t + 1]),
                firsts: (arrays['leafFirsts'] as Int32Array).slice(treeStarts[t], treeStarts[t + 1]),
                counts: (arrays['leafCounts'] as Int32Array).slice(treeStarts[t], treeStarts[t + 1]),
              }),
            ),
          },
        }),
  }
}

function starts(lengths: readonly number[]): Int32Array {
  const out = new Int32Array(lengths.length + 1)
  lengths.forEach((length, k) => {
    out[k + 1] = out[k] + length
  })
  return out
}

function joined(parts: readonly Float64Array[]): Float64Array {
  const out = new Float64Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}

function joinedInts(parts: readonly Int32Array[]): Int32Array {
  const out = new Int32Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}
