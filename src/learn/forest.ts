/**
 * Forests: many deep trees, each on its own draw of the rows and its own luck, whose answers are averaged (Breiman 2001); with cuts drawn at random, extremely
 * randomised trees (Geurts, Ernst and Wehenkel 2006); with the rows kept in the leaves, quantile forests (Meinshausen 2006).
 *
 * A tree depends on the samples and on the stream of its own number alone, so a forest is the same bytes on any number of threads.
 */
import { type Caveat, caveat } from '../model/index.js'
import { Rng } from '../num/index.js'
import { type Bins, binsOf, encodeColumns } from './bins.js'
import { classDirection } from './class-direction.js'
import { type ClassWeights, classesOf, classIssues, classWeighted } from './classes.js'
import { inWords } from './encode.js'
import { type Ground, Grower, type GrownTree, type GrowthRules } from './grow.js'
import {
  type ClassificationModel,
  type Classifier,
  type FitOptions,
  type Learner,
  type QuantileModel,
  type QuantileRegressor,
  type RegressionModel,
  type Regressor,
  type SavedModel,
  sameColumns,
  type Unfit,
  unfit,
} from './learner.js'
import { presentRows, rowWeights, sampleCaveats } from './prepare.js'
import { quantilesOfLeaves, ranked } from './quantile-leaves.js'
import { type ForestParts, packForest, unpackForest } from './save-trees.js'
import type { Samples, Table } from './table.js'
import { forBlocks, leafOf, sumOfTrees, walkerOf } from './tree.js'
import { monotoneOf, settingIssues } from './tree-settings.js'

export interface ForestSettings {
  /** 100 unless said. */
  readonly trees?: number
  /** Columns tried at each cut: unless said a third of them, at least 2; for classes the square root. More are tried where none of these can be cut. */
  readonly columnsPerSplit?: number
  /** Rows in a leaf at least, however often drawn: 1 unless said; 5 for quantiles. */
  readonly rowsPerLeaf?: number
  /** Cuts from the root to a leaf at most: unbounded unless said. */
  readonly depthAtMost?: number
  /** Draw rows with replacement for each tree: true unless said, but for extra trees. Without, there is no out-of-bag answer. */
  readonly bootstrap?: boolean
  /** Rows drawn, as a share of all: 1 unless said. */
  readonly sampleShare?: number
  /** By column: 1 where the answer must not fall as the column rises, −1 where it must not rise. For numbers and for two classes (then of the second’s share). */
  readonly monotone?: Readonly<Record<string, 1 | -1>>
}

export interface ClassForestSettings extends ForestSettings {
  /** What rows of each class (by code) count; `balanced`: every class the same in all. */
  readonly classWeights?: ClassWeights
}

export interface QuantileForestSettings extends ForestSettings {
  /** In (0, 1); sorted here. 0.05, 0.5 and 0.95 unless said. */
  readonly levels?: readonly number[]
}

/** What a forest says of rows from the trees that did not see them: an honest error without a second sample. */
export interface OutOfBag {
  /** Rows that at least one tree did not draw, ascending. */
  readonly rows: Int32Array
  /** What those trees say of each; for classes the code of the likeliest. */
  readonly predictions: Float64Array
  /** Mean squared error, or share of rows put in a wrong class; weighted as the rows are. */
  readonly error: number
}

interface ForestDetail {
  /** Absent without a bootstrap, and of a model that was saved and loaded. */
  readonly outOfBag?: OutOfBag
  /** Share of all gain of the cuts that fell to each column; sums to 1, or all 0 where nothing was cut. Favours columns with many values: prefer `permutationImportance`. */
  readonly gainShares: Float64Array
}

export interface ForestModel extends RegressionModel, ForestDetail {}
export interface ForestClassModel extends ClassificationModel, ForestDetail {}
export interface QuantileForestModel extends QuantileModel, ForestDetail {}

/** A random forest that predicts a number: the mean over the trees of the mean target of a row’s leaf. */
export function forest(settings: ForestSettings = {}): Regressor & Learner<ForestModel> {
  return {
    name: 'forest',
    fit: (samples, options) =>
      fitForest({ kind: 'forest', task: 'regression', ...settings }, samples, options) as ForestModel | Unfit,
  }
}

/** Extremely randomised trees that predict a number: one cut a column, drawn at random; every row in every tree. */
export function extraTrees(settings: ForestSettings = {}): Regressor & Learner<ForestModel> {
  return {
    name: 'extra-trees',
    fit: (samples, options) =>
      fitForest({ kind: 'extra-trees', task: 'regression', ...settings }, samples, options) as ForestModel | Unfit,
  }
}

/** A random forest that predicts a class: shares of the classes in a row’s leaf, averaged over the trees. Cuts by Gini’s impurity. */
export function forestClassifier(settings: ClassForestSettings = {}): Classifier & Learner<ForestClassModel> {
  return {
    name: 'forest',
    fit: (samples, options) =>
      fitForest({ kind: 'forest', task: 'classification', ...settings }, samples, options) as ForestClassModel | Unfit,
  }
}

/** Extremely randomised trees that predict a class. */
export function extraTreesClassifier(settings: ClassForestSettings = {}): Classifier & Learner<ForestClassModel> {
  return {
    name: 'extra-trees',
    fit: (samples, options) =>
      fitForest({ kind: 'extra-trees', task: 'classification', ...settings }, samples, options) as ForestClassModel | Unfit,
  }
}

/**
 * A random forest that predicts quantiles: the target’s distribution at a row is that of the samples that share a leaf with it, each weighing its share of the
 * leaf, averaged over the trees. A quantile is the least target at which the distribution reaches the level.
 */
export function quantileForest(settings: QuantileForestSettings = {}): QuantileRegressor & Learner<QuantileForestModel> {
  return {
    name: 'quantile-forest',
    fit: (samples, options) =>
      fitForest({ kind: 'quantile-forest', task: 'quantile', ...settings }, samples, options) as QuantileForestModel | Unfit,
  }
}

/** A forest to fit, as plain values that can be sent to another thread. */
export interface ForestRequest extends ForestSettings {
  readonly kind: 'forest' | 'extra-trees' | 'quantile-forest'
  readonly task: 'regression' | 'classification' | 'quantile'
  readonly classWeights?: ClassWeights
  readonly levels?: readonly number[]
}

/** All that is needed to grow the trees of a forest, and to make a model of them. */
export interface ForestPlan {
  readonly request: ForestRequest
  readonly ground: Ground
  /** Which of the samples the rows are, where some weigh nothing and are left out. */
  readonly rowsOf: Int32Array | undefined
  readonly bins: Bins
  readonly names: readonly string[]
  readonly caveats: readonly Caveat[]
  readonly trees: number
  readonly classes: Float64Array
  readonly levels: readonly number[]
  /** Every tree has the stream of its number in this one. */
  readonly seed: number
  readonly stream: string
}

/** Some trees, and what they say of the rows that they did not draw. */
export interface ForestPiece {
  readonly trees: readonly GrownTree[]
  /** Sums over trees: a number a row, or one a row and class; empty without a bootstrap. */
  readonly sums: Float64Array
  /** How many trees did not draw each row. */
  readonly votes: Int32Array
}

/** Trees of a piece. Sums are rounded piece by piece, so it does not depend on how many threads there are. */
const PIECE = 4

/** The stretches of trees that are grown at once. */
export function forestPieces(plan: ForestPlan): { readonly from: number; readonly to: number }[] {
  return Array.from({ length: Math.ceil(plan.trees / PIECE) }, (_, k) => ({
    from: k * PIECE,
    to: Math.min(plan.trees, (k + 1) * PIECE),
  }))
}

function fitForest(
  request: ForestRequest,
  samples: Samples,
  options: FitOptions,
): RegressionModel | ClassificationModel | QuantileModel | Unfit {
  const plan = planForest(request, samples, options.rng)
  if ('kind' in plan) return plan
  const grow = forestGrower(plan.ground, plan.seed, plan.stream)
  const work = forestPieces(plan)
  const pieces = work.map(({ from, to }) => {
    const piece = grow(from, to)
    options.progress?.(to / plan.trees)
    return piece
  })
  return forestOf(plan, pieces)
}

/** Checks samples and settings and prepares what trees grow on. */
export function planForest(request: ForestRequest, samples: Samples, rng: Rng): ForestPlan | Unfit {
  const classify = request.task === 'classification'
  const quantiles = request.task === 'quantile'
  const levels = quantiles ? [...(request.levels ?? [0.05, 0.5, 0.95])].sort((a, b) => a - b) : []
  const issues = settingIssues(request.kind, samples.features, {
    wholes: {
      trees: request.trees,
      columnsPerSplit: request.columnsPerSplit,
      rowsPerLeaf: request.rowsPerLeaf,
      depthAtMost: request.depthAtMost,
    },
    shares: { sampleShare: request.sampleShare },
    levels: quantiles ? levels : undefined,
    monotone: request.monotone,
  })
  if (classify) issues.push(...classIssues(samples, request.classWeights))
  const refused = unfit(samples, issues)
  if (refused) return refused

  const present = presentRows(samples)
  const { features, target } = present
  const caveats = sampleCaveats(present, classify ? 'class' : 'number')
  const n = features.rows
  const columns = features.columns.length
  let weights = rowWeights(present)
  let classes: Float64Array = new Float64Array(0)
  let learned = target
  let direction = target
  if (classify) {
    const known = classesOf(target)!
    classes = known.codes
    learned = Float64Array.from(known.indices)
    weights = classWeighted(weights, known, request.classWeights)
    direction = classDirection(known, features, weights)
    if (request.monotone !== undefined && classes.length > 2) {
      const message = `holds for numbers and for two classes; there are ${classes.length}`
      return unfit(samples, [{ code: 'setting', severity: 'error', place: `${request.kind}.monotone`, message }])!
    }
  }
  const rowsPerLeaf = request.rowsPerLeaf ?? (quantiles ? 5 : 1)
  if (n < 2 * rowsPerLeaf && rowsPerLeaf > 1)
    caveats.push(
      caveat('few-rows', `${n} rows cannot be cut into leaves of ${rowsPerLeaf}`, { numbers: { rows: n, rowsPerLeaf } }),
    )
  const bins = binsOf(features, direction, weights)
  const usual = classify ? Math.floor(Math.sqrt(columns)) : Math.max(2, Math.ceil(columns / 3))
  const rules: GrowthRules = {
    columnsPerSplit: Math.min(request.columnsPerSplit ?? usual, columns),
    rowsPerLeaf,
    depthAtMost: Math.min(request.depthAtMost ?? DEEPEST, DEEPEST),
    drawn: (request.bootstrap ?? request.kind !== 'extra-trees') ? Math.max(1, Math.round((request.sampleShare ?? 1) * n)) : 0,
    randomCuts: request.kind === 'extra-trees',
    keepRows: quantiles,
  }
  return {
    request,
    ground: {
      rows: n,
      columns,
      codes: encodeColumns(bins, features),
      codesOf: Int32Array.from(bins, ({ codes }) => codes),
      target: learned,
      weights,
      classes: classes.length > 2 ? classes.length : 0,
      monotone: monotoneOf(features, request.monotone),
      rules,
    },
    rowsOf: present === samples ? undefined : presentOf(samples),
    bins,
    names: features.names,
    caveats,
    trees: request.trees ?? 100,
    classes,
    levels,
    seed: rng.seed,
    stream: `${rng.name}/${request.kind}`,
  }
}

/** No bound: rows that differ are apart long before. */
const DEEPEST = 2 ** 30

function presentOf({ weights }: Samples): Int32Array {
  return Int32Array.from(Array.from(weights!, (weight, i) => (weight > 0 ? i : -1)).filter((i) => i >= 0))
}

/** What grows the trees `from` to `to` of a plan; it keeps its working memory between calls. */
export function forestGrower(ground: Ground, seed: number, stream: string): (from: number, to: number) => ForestPiece {
  const grower = new Grower(ground)
  const { rows: n, codes, classes, rules } = ground
  const honest = rules.drawn > 0
  return (from, to) => {
    const sums = new Float64Array(honest ? n * Math.max(1, classes) : 0)
    const votes = new Int32Array(honest ? n : 0)
    const trees: GrownTree[] = []
    for (let t = from; t < to; t++) {
      const tree = grower.grow(new Rng(seed, `${stream}/tree ${t}`))
      trees.push(tree)
      if (!honest) continue
      const { nodes, values, shares } = tree
      const { draws } = grower
      for (let i = 0; i < n; i++) {
        if (draws[i] !== 0) continue
        const value = values[leafOf(nodes, codes, i, n)]
        votes[i] = votes[i] + 1
        if (classes === 0) sums[i] = sums[i] + value
        else if (value < classes) sums[i * classes + value] = sums[i * classes + value] + 1
        else
          for (let k = 0; k < classes; k++)
            sums[i * classes + k] = sums[i * classes + k] + shares![(value - classes) * classes + k]
      }
    }
    return { trees, sums, votes }
  }
}

/** The model of all pieces of a plan, in their order. */
export function forestOf(plan: ForestPlan, pieces: readonly ForestPiece[]): ForestModel | ForestClassModel | QuantileForestModel {
  const { ground, classes, names } = plan
  const trees = pieces.flatMap((piece) => piece.trees)
  const gainShares = new Float64Array(names.length)
  let gain = 0
  for (const tree of trees)
    for (let c = 0; c < names.length; c++) {
      gainShares[c] = gainShares[c] + tree.gains[c]
      gain += tree.gains[c]
    }
  if (gain > 0) for (let c = 0; c < names.length; c++) gainShares[c] = gainShares[c] / gain
  const outOfBag = ground.rules.drawn > 0 ? outOfBagOf(plan, pieces) : undefined
  let low = Number.POSITIVE_INFINITY
  let high = Number.NEGATIVE_INFINITY
  for (const value of ground.target) {
    if (value < low) low = value
    if (value > high) high = value
  }
  const parts: ForestParts = {
    learner: plan.request.kind,
    task: plan.request.task,
    names,
    caveats: plan.caveats,
    bins: plan.bins,
    trees,
    low,
    high,
    classes,
    levels: plan.levels,
    gainShares,
    ...(plan.request.task === 'quantile' ? { leaves: ranked(trees, ground.target) } : {}),
  }
  return modelOf(parts, outOfBag)
}

function outOfBagOf({ ground, classes, rowsOf }: ForestPlan, pieces: readonly ForestPiece[]): OutOfBag | undefined {
  const { rows: n, target, weights } = ground
  const votes = new Int32Array(n)
  for (const piece of pieces) for (let i = 0; i < n; i++) votes[i] = votes[i] + piece.votes[i]
  const rows: number[] = []
  for (let i = 0; i < n; i++) if (votes[i] > 0) rows.push(i)
  if (rows.length === 0) return undefined
  const width = Math.max(1, ground.classes)
  const sums = new Float64Array(n * width)
  for (const piece of pieces) for (let i = 0; i < sums.length; i++) sums[i] = sums[i] + piece.sums[i]
  const predictions = new Float64Array(rows.length)
  let wrong = 0
  let mass = 0
  rows.forEach((row, j) => {
    const weight = weights[row]
    mass += weight
    const mean = sums[row] / votes[row]
    if (classes.length === 0) {
      predictions[j] = mean
      wrong += weight * (mean - target[row]) ** 2
      return
    }
    let likeliest = classes.length === 2 && mean > 0.5 ? 1 : 0
    if (width > 1) for (let k = 1; k < width; k++) if (sums[row * width + k] > sums[row * width + likeliest]) likeliest = k
    predictions[j] = classes[likeliest]
    if (likeliest !== target[row]) wrong += weight
  })
  return { rows: Int32Array.from(rows, (row) => rowsOf?.[row] ?? row), predictions, error: wrong / mass }
}

/** A forest that was saved. */
export function forestFrom(saved: SavedModel): ForestModel | ForestClassModel | QuantileForestModel {
  return modelOf(unpackForest(saved))
}

function modelOf(parts: ForestParts, outOfBag?: OutOfBag): ForestModel | ForestClassModel | QuantileForestModel {
  const { learner, names, caveats, bins, trees, classes, gainShares, low, high } = parts
  const words = bins.map((bin) => bin.words)
  const common = {
    learner,
    names,
    caveats,
    gainShares,
    ...(outOfBag ? { outOfBag } : {}),
    save: () => packForest(parts),
  }
  if (parts.task === 'quantile') {
    const { levels, leaves } = parts
    return {
      ...common,
      task: 'quantile',
      levels,
      quantiles(table) {
        sameColumns(common, table)
        return quantilesOfLeaves(trees, leaves!, bins, inWords(words, table), levels)
      },
    }
  }
  const means = (table: Table): Float64Array => {
    sameColumns(common, table)
    const out = new Float64Array(table.rows)
    sumOfTrees([trees], bins, inWords(words, table), [out])
    // rounding must not carry a mean of targets beyond them
    for (let i = 0; i < out.length; i++) out[i] = Math.min(high, Math.max(low, out[i] / trees.length))
    return out
  }
  if (parts.task === 'regression') return { ...common, task: 'regression', predict: means }
  const probabilities = (table: Table): Float64Array => {
    const count = classes.length
    if (count > 2) {
      sameColumns(common, table)
      return sharesOfTrees(trees, bins, inWords(words, table), count)
    }
    const second = means(table)
    if (count === 1) return new Float64Array(table.rows).fill(1)
    const out = new Float64Array(2 * table.rows)
    second.forEach((share, i) => {
      out[2 * i] = 1 - share
      out[2 * i + 1] = share
    })
    return out
  }
  return {
    ...common,
    task: 'classification',
    classes,
    probabilities,
    predict: (table) => likeliest(classes, probabilities(table), table.rows),
  }
}

/** The code of the likeliest class of each row; the first of equals. */
export function likeliest(classes: Float64Array, probabilities: Float64Array, rows: number): Float64Array {
  const count = classes.length
  const out = new Float64Array(rows)
  for (let i = 0; i < rows; i++) {
    let best = 0
    for (let k = 1; k < count; k++) if (probabilities[i * count + k] > probabilities[i * count + best]) best = k
    out[i] = classes[best]
  }
  return out
}

function sharesOfTrees(trees: ForestParts['trees'], bins: Bins, table: Table, classes: number): Float64Array {
  const out = new Float64Array(table.rows * classes)
  const leaves = new Int32Array(table.rows)
  const walk = walkerOf(trees, bins.length, table.rows)
  forBlocks(bins, table, (codes, from, rows) => {
    for (let t = 0; t < trees.length; t++) {
      walk(t, codes, rows, leaves)
      const { values, shares } = trees[t]
      for (let i = 0; i < rows; i++) {
        const value = values[leaves[i]]
        const at = (from + i) * classes
        if (value < classes) out[at + value] = out[at + value] + 1
        else for (let k = 0, s = (value - classes) * classes; k < classes; k++) out[at + k] = out[at + k] + shares![s + k]
      }
    }
  })
  for (let i = 0; i < out.length; i++) out[i] = out[i] / trees.length
  return out
}
