/** Forests and boosted trees as flat arrays, and back. */
import type { Caveat } from '../model/index.js'
import type { Bins, ColumnBins } from './bins.js'
import type { GrownTree } from './grow.js'
import type { SavedModel } from './learner.js'
import type { LeafRows, RankedTrees } from './quantile-leaves.js'
import { BadModel, levelsFrom, savedArray, savedLevels, savedNumber } from './saved.js'

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
  const levels = levelsFrom(saved, 'words')
  const codes = savedArray(saved, 'codes', Int32Array, saved.names.length)
  const edges = savedParts(saved, 'edges', Float64Array, 'edgeStarts', codes.length)
  const categories = savedParts(saved, 'categories', Uint8Array, 'categoryStarts', codes.length)
  return Array.from(codes, (count, c): ColumnBins => {
    const bin = { codes: count, edges: edges[c] }
    const words = levels[c]
    if (edges[c].length > 254) throw new BadModel('arrays.edgeStarts', `give column ${c} more edges than codes of a byte`)
    if (words === undefined) return bin
    if (categories[c].length !== words.length)
      throw new BadModel('arrays.categories', `are not those of the words of column ${c}`)
    return { ...bin, categories: categories[c], words }
  })
}

/** An array of a saved model that is cut where `starts` says, into `count` parts. */
function savedParts<A extends Float64Array | Int32Array | Uint8Array>(
  saved: SavedModel,
  name: string,
  type: { new (length: number): A },
  starts: string,
  count?: number,
  scale = 1,
): A[] {
  const all = savedArray(saved, name, type)
  const from = savedArray(saved, starts, Int32Array, count === undefined ? undefined : count + 1)
  const ascends = from.every((start, k) => (k === 0 ? start === 0 : start >= from[k - 1]))
  if (!ascends || from.length === 0 || scale * from[from.length - 1] !== all.length)
    throw new BadModel(`arrays.${starts}`, `do not cut ${name} into parts`)
  return Array.from({ length: from.length - 1 }, (_, k) => all.slice(scale * from[k], scale * from[k + 1]) as A)
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

/** Trees of a saved model, each of which every row comes down: children lie behind their parent, and leaves lead nowhere. */
export function unpackTrees(saved: SavedModel): PlainTree[] {
  const depths = savedArray(saved, 'depths', Int32Array)
  const values = savedParts(saved, 'values', Float64Array, 'treeStarts', depths.length)
  const nodes = savedParts(saved, 'nodes', Int32Array, 'treeStarts', depths.length, 2)
  return nodes.map((tree, t) => {
    const count = values[t].length
    let sound = count > 0
    for (let i = 0; i < count && sound; i++) {
      const [split, left] = [tree[2 * i], tree[2 * i + 1]]
      sound = left === i ? split === 255 : left > i && left + 1 < count && split >= 0 && split >>> 8 < saved.names.length
    }
    if (!sound) throw new BadModel('arrays.nodes', `are no tree: number ${t}`)
    return { nodes: tree, values: values[t], depth: depths[t] }
  })
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
  const { arrays } = saved
  const trees = unpackTrees(saved)
  if (trees.length === 0) throw new BadModel('arrays.treeStarts', 'hold no tree')
  const classes = savedArray(saved, 'classes', Float64Array)
  if ((saved.task === 'classification') !== classes.length > 0)
    throw new BadModel('arrays.classes', `are not those of ${saved.task}`)
  const shares = savedParts(saved, 'shares', Float64Array, 'shareStarts', trees.length)
  const many = classes.length > 2
  if (many)
    trees.forEach(({ values }, t) => {
      const most = classes.length + shares[t].length / classes.length
      if (!values.every((value) => Number.isInteger(value) && value >= 0 && value < most))
        throw new BadModel('arrays.values', `of tree ${t} are no classes`)
    })
  return {
    learner: saved.learner as ForestParts['learner'],
    task: saved.task,
    names: saved.names,
    caveats: saved.caveats,
    bins: unpackBins(saved),
    trees: trees.map((tree, t) => (many ? { ...tree, shares: shares[t] } : tree)),
    low: savedNumber(saved, 'low'),
    high: savedNumber(saved, 'high'),
    levels: savedQuantiles(saved),
    classes,
    gainShares: savedArray(saved, 'gainShares', Float64Array, saved.names.length),
    ...(saved.task === 'quantile' || arrays['targets'] !== undefined ? { leaves: unpackLeaves(saved, trees.length) } : {}),
  }
}

/** The levels of a model of quantiles; none of another. */
export function savedQuantiles({ settings, task }: SavedModel): readonly number[] {
  const levels = settings['levels']
  if (!Array.isArray(levels) || levels.some((level) => !(level > 0 && level < 1)) || (task === 'quantile') !== levels.length > 0)
    throw new BadModel('settings.levels', `are no levels of ${task}`)
  return levels as number[]
}

function unpackLeaves(saved: SavedModel, trees: number): RankedTrees {
  const targets = savedArray(saved, 'targets', Float64Array)
  const ranks = savedParts(saved, 'ranks', Int32Array, 'rankStarts', trees)
  const shares = savedParts(saved, 'rankShares', Float64Array, 'rankStarts', trees)
  const firsts = savedParts(saved, 'leafFirsts', Int32Array, 'treeStarts', trees)
  const counts = savedParts(saved, 'leafCounts', Int32Array, 'treeStarts', trees)
  return {
    targets,
    trees: ranks.map((rank, t): LeafRows => {
      const inside = rank.every((one) => one >= 0 && one < targets.length)
      const held = firsts[t].every((first, i) => first >= 0 && counts[t][i] > 0 && first + counts[t][i] <= rank.length)
      if (!inside || !held) throw new BadModel('arrays.ranks', `of tree ${t} are not rows of its leaves`)
      return { ranks: rank, shares: shares[t], firsts: firsts[t], counts: counts[t] }
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
