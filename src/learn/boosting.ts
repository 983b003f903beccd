/**
 * Gradient-boosted trees: small trees one after another, each on what the sum of those before it still gets wrong (Friedman 2001), with the second derivative of the
 * loss as the weight of a row (Chen and Guestrin 2016) and histograms of codes (Ke et al. 2017).
 */
import { type Caveat, caveat, type Issue } from '../model/index.js'
import { argsort, type Rng } from '../num/index.js'
import { type Bins, binsOf, encodeColumns } from './bins.js'
import { Booster } from './boost.js'
import { classDirection } from './class-direction.js'
import { type ClassWeights, classesOf, classIssues, classWeighted } from './classes.js'
import { inWords } from './encode.js'
import { likeliest } from './forest.js'
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
import { packBins, packTrees, savedQuantiles, unpackBins, unpackTrees } from './save-trees.js'
import { BadModel, savedArray, savedLevels, savedNumber } from './saved.js'
import type { Samples, Table } from './table.js'
import { encodeRows, leafOf, sumOfTrees, type Tree } from './tree.js'
import { monotoneOf, settingIssues } from './tree-settings.js'

export interface BoostingSettings {
  /** Trees one after another (for more than two classes: of each): 100 unless said; with `heldOut` at most so many. */
  readonly rounds?: number
  /** How much of each tree is added: 0.1 unless said. */
  readonly learningRate?: number
  /** Leaves of a tree at most: 31 unless said. The leaf with the greatest gain is cut next. */
  readonly leaves?: number
  /** Cuts from the root to a leaf at most: unbounded unless said. */
  readonly depthAtMost?: number
  /** Rows in a leaf at least: 20 unless said, or a fiftieth of the rows where that is fewer. */
  readonly rowsPerLeaf?: number
  /** Added to the curvature of a leaf, which draws what it says towards 0: 0 unless said. */
  readonly l2?: number
  /** Share of the rows that each tree is grown on, drawn without replacement: 1 unless said. */
  readonly sampleShare?: number
  /** Stop when the loss on rows kept aside has not fallen for `patience` rounds (10 unless said), and keep the rounds up to its least. */
  readonly heldOut?: {
    /** Share of the rows kept aside: 0.1 unless said. */
    readonly share?: number
    /** `last`: the last rows, for rows in the order of time; else drawn. */
    readonly rows?: 'drawn' | 'last'
    readonly patience?: number
  }
  /** By column: 1 where the answer must not fall as the column rises, −1 where it must not rise. For numbers, quantiles and two classes (then of the second’s share). */
  readonly monotone?: Readonly<Record<string, 1 | -1>>
}

export interface ClassBoostingSettings extends BoostingSettings {
  readonly classWeights?: ClassWeights
}

export interface QuantileBoostingSettings extends BoostingSettings {
  /** In (0, 1); sorted here. 0.05, 0.5 and 0.95 unless said. */
  readonly levels?: readonly number[]
}

interface BoostingDetail {
  /** Rounds that are kept; of quantiles, of the level with most. */
  readonly rounds: number
  /** Mean loss of the rows kept aside at the kept rounds, where some were: half the squared error, −log of the class’s probability, pinball loss (mean over levels). */
  readonly heldOutLoss?: number
  /** Share of all gain of the cuts that fell to each column; sums to 1, or all 0 where nothing was cut. */
  readonly gainShares: Float64Array
}

export interface BoostingModel extends RegressionModel, BoostingDetail {}
export interface BoostingClassModel extends ClassificationModel, BoostingDetail {}
export interface QuantileBoostingModel extends QuantileModel, BoostingDetail {}

/** Boosted trees that predict a number, by squared loss. */
export function boosting(settings: BoostingSettings = {}): Regressor & Learner<BoostingModel> {
  return {
    name: 'boosting',
    fit: (samples, options) => fitBoosting('regression', settings, samples, options) as BoostingModel | Unfit,
  }
}

/** Boosted trees that predict a class: logistic loss for two classes, softmax with a tree a class and round for more. */
export function boostingClassifier(settings: ClassBoostingSettings = {}): Classifier & Learner<BoostingClassModel> {
  return {
    name: 'boosting',
    fit: (samples, options) => fitBoosting('classification', settings, samples, options) as BoostingClassModel | Unfit,
  }
}

/** Boosted trees that predict quantiles by pinball loss, each level for itself; a row’s quantiles are put in order. */
export function quantileBoosting(settings: QuantileBoostingSettings = {}): QuantileRegressor & Learner<QuantileBoostingModel> {
  return {
    name: 'quantile-boosting',
    fit: (samples, options) => fitBoosting('quantile', settings, samples, options) as QuantileBoostingModel | Unfit,
  }
}

type Task = 'regression' | 'classification' | 'quantile'

/** A sum of trees per output: a number, a class’s score, a level. */
interface Output {
  readonly start: number
  readonly trees: readonly Tree[]
}

interface BoostingParts {
  readonly learner: string
  readonly task: Task
  readonly names: readonly string[]
  readonly caveats: readonly Caveat[]
  readonly bins: Bins
  readonly outputs: readonly Output[]
  readonly classes: Float64Array
  readonly levels: readonly number[]
  readonly gainShares: Float64Array
  readonly heldOutLoss: number | undefined
}

function fitBoosting(
  task: Task,
  settings: BoostingSettings & { readonly classWeights?: ClassWeights; readonly levels?: readonly number[] },
  samples: Samples,
  { rng, progress }: FitOptions,
): BoostingModel | BoostingClassModel | QuantileBoostingModel | Unfit {
  const learner = task === 'quantile' ? 'quantile-boosting' : 'boosting'
  const levels = task === 'quantile' ? [...(settings.levels ?? [0.05, 0.5, 0.95])].sort((a, b) => a - b) : []
  const issues: Issue[] = settingIssues(learner, samples.features, {
    wholes: {
      rounds: settings.rounds,
      leaves: settings.leaves,
      depthAtMost: settings.depthAtMost,
      rowsPerLeaf: settings.rowsPerLeaf,
      'heldOut.patience': settings.heldOut?.patience,
    },
    shares: { learningRate: settings.learningRate, sampleShare: settings.sampleShare, 'heldOut.share': settings.heldOut?.share },
    amounts: { l2: settings.l2 },
    levels: task === 'quantile' ? levels : undefined,
    monotone: settings.monotone,
  })
  if (task === 'classification') issues.push(...classIssues(samples, settings.classWeights))
  const refused = unfit(samples, issues)
  if (refused) return refused

  const present = presentRows(samples)
  const { features, target } = present
  const caveats = sampleCaveats(present, task === 'classification' ? 'class' : 'number')
  const n = features.rows
  let weights = rowWeights(present)
  let learned = target
  let direction = target
  let classes: Float64Array = new Float64Array(0)
  if (task === 'classification') {
    const known = classesOf(target)!
    classes = known.codes
    learned = Float64Array.from(known.indices)
    weights = classWeighted(weights, known, settings.classWeights)
    direction = classDirection(known, features, weights)
    if (settings.monotone !== undefined && classes.length > 2) {
      const message = `holds for numbers and for two classes; there are ${classes.length}`
      return unfit(samples, [{ code: 'setting', severity: 'error', place: `${learner}.monotone`, message }])!
    }
  }

  const { train, aside } = keptAside(n, settings.heldOut, rng)
  if (aside.length === 0 && settings.heldOut !== undefined)
    caveats.push(caveat('few-rows', `${n} rows are too few to keep some aside: all rounds are kept`, { numbers: { rows: n } }))
  const rowsPerLeaf = settings.rowsPerLeaf ?? Math.max(1, Math.min(20, Math.floor(train.length / 50)))
  if (train.length < 2 * rowsPerLeaf && rowsPerLeaf > 1)
    caveats.push(
      caveat('few-rows', `${train.length} rows cannot be cut into leaves of ${rowsPerLeaf}`, {
        numbers: { rows: train.length, rowsPerLeaf },
      }),
    )
  const bins = binsOf(features, direction, weights)
  const codes = encodeRows(bins, features)
  const unweighted = weights.every((weight) => weight === 1)
  const booster = new Booster({
    rows: n,
    columns: bins.length,
    codes,
    byColumn: encodeColumns(bins, features),
    codesOf: Int32Array.from(bins, (bin) => bin.codes),
    monotone: monotoneOf(features, settings.monotone),
    rules: {
      leaves: settings.leaves ?? 31,
      rowsPerLeaf,
      depthAtMost: settings.depthAtMost ?? 2 ** 30,
      l2: settings.l2 ?? 0,
      sameCurvature: task !== 'classification' && unweighted,
    },
  })
  const work: Work = {
    booster,
    codes,
    columns: bins.length,
    target: learned,
    weights,
    unweighted,
    train,
    aside,
    rounds: settings.rounds ?? 100,
    learningRate: settings.learningRate ?? 0.1,
    sampleShare: settings.sampleShare ?? 1,
    patience: settings.heldOut?.patience ?? 10,
    rng: rng.stream(learner),
  }
  const tell = (done: number, all: number) => (share: number) => progress?.((done + share) / all)
  const found =
    task === 'quantile'
      ? levels.map((level, k) => boost(work, pinball(level, work), `level ${level}`, tell(k, levels.length)))
      : [boost(work, task === 'regression' ? squares(work) : shares(work, classes.length), 'trees', tell(0, 1))]
  const gains = booster.columnGains
  const gain = gains.reduce((sum, one) => sum + one, 0)
  return modelOf({
    learner,
    task,
    names: features.names,
    caveats,
    bins,
    outputs: found.flatMap((one) => one.outputs),
    classes,
    levels,
    gainShares: gain > 0 ? gains.map((one) => one / gain) : gains,
    heldOutLoss: found[0].loss === undefined ? undefined : found.reduce((sum, one) => sum + one.loss!, 0) / found.length,
  })
}

/** Rows to learn from and rows kept aside, ascending. */
function keptAside(n: number, heldOut: BoostingSettings['heldOut'], rng: Rng): { train: Int32Array; aside: Int32Array } {
  const all = Int32Array.from({ length: n }, (_, i) => i)
  const count = heldOut === undefined ? 0 : Math.round((heldOut.share ?? 0.1) * n)
  if (count === 0 || count >= n) return { train: all, aside: new Int32Array(0) }
  if (heldOut?.rows === 'last') return { train: all.slice(0, n - count), aside: all.slice(n - count) }
  const chance = rng.stream('held out')
  for (let k = 0; k < count; k++) {
    const at = k + chance.below(n - k)
    const row = all[at]
    all[at] = all[k]
    all[k] = row
  }
  return { train: all.slice(count).sort(), aside: all.slice(0, count).sort() }
}

interface Work {
  readonly booster: Booster
  /** Row-major. */
  readonly codes: Uint8Array
  readonly columns: number
  readonly target: Float64Array
  readonly weights: Float64Array
  readonly unweighted: boolean
  readonly train: Int32Array
  readonly aside: Int32Array
  readonly rounds: number
  readonly learningRate: number
  readonly sampleShare: number
  readonly patience: number
  readonly rng: Rng
}

/** A loss of scores (one array an output), its derivatives, and where scores begin. */
interface Loss {
  readonly starts: readonly number[]
  /** What output k must say at first, its gradient and curvature at the rows, given all scores as the round began. */
  slopes(k: number, scores: readonly Float64Array[], rows: Int32Array, gradients: Float64Array, curvatures: Float64Array): void
  /** Called once a round before `slopes`. */
  begin?(scores: readonly Float64Array[], rows: Int32Array): void
  /** What a leaf says, where that is not −G/H. */
  say?(scores: readonly Float64Array[]): (order: Int32Array, from: number, to: number) => number
  /** Weighted mean over rows. */
  mean(scores: readonly Float64Array[], rows: Int32Array): number
}

function boost(
  { booster, codes, columns, train, aside, rounds, learningRate, sampleShare, patience, rng, target }: Work,
  loss: Loss,
  name: string,
  progress: (share: number) => void,
): { outputs: Output[]; loss: number | undefined } {
  const n = target.length
  const scores = loss.starts.map((start) => new Float64Array(n).fill(start))
  const trees: Tree[][] = loss.starts.map(() => [])
  const gradients = new Float64Array(n)
  const curvatures = new Float64Array(n)
  const chance = rng.stream(name)
  let kept = 0
  let least = aside.length > 0 ? loss.mean(scores, aside) : 0
  for (let round = 0; round < rounds && loss.starts.length > 0; round++) {
    const rows = sampleShare < 1 ? some(train, sampleShare, chance) : train
    loss.begin?.(scores, rows)
    const grown = loss.starts.map((_, k) => {
      loss.slopes(k, scores, rows, gradients, curvatures)
      const { nodes, values, depth, order, from, to } = booster.grow(rows, gradients, curvatures, loss.say?.(scores))
      for (let i = 0; i < values.length; i++) values[i] = values[i] * learningRate
      const leaves: { value: number; rows: Int32Array }[] = []
      // scores of other outputs are those from before the round until all have their tree
      for (let node = 0; node < values.length; node++)
        if (nodes[2 * node + 1] === node) leaves.push({ value: values[node], rows: order.slice(from[node], to[node]) })
      trees[k].push({ nodes, values, depth })
      return { nodes, values, leaves }
    })
    grown.forEach(({ nodes, values, leaves }, k) => {
      const score = scores[k]
      if (sampleShare < 1) for (const row of train) score[row] = score[row] + values[leafOf(nodes, codes, row * columns, 1)]
      else
        for (const { value, rows: mine } of leaves) for (let i = 0; i < mine.length; i++) score[mine[i]] = score[mine[i]] + value
      for (const row of aside) score[row] = score[row] + values[leafOf(nodes, codes, row * columns, 1)]
    })
    progress((round + 1) / rounds)
    if (aside.length === 0) {
      kept = round + 1
      if (grown.every(({ values }) => values.length === 1 && values[0] === 0)) break
      continue
    }
    const now = loss.mean(scores, aside)
    if (now < least) {
      least = now
      kept = round + 1
    } else if (round + 1 - kept >= patience) break
  }
  return {
    outputs: loss.starts.map((start, k) => ({ start, trees: trees[k].slice(0, kept) })),
    loss: aside.length > 0 ? least : undefined,
  }
}

/** A share of the rows, drawn without replacement, ascending. */
function some(rows: Int32Array, share: number, rng: Rng): Int32Array {
  const out = new Int32Array(Math.max(1, Math.round(share * rows.length)))
  let taken = 0
  for (let i = 0; i < rows.length && taken < out.length; i++)
    if (rng.uniform() * (rows.length - i) < out.length - taken) out[taken++] = rows[i]
  return out
}

function squares({ target, weights, train, unweighted }: Work): Loss {
  // around one target, so that targets which are all the same have exactly that mean
  const around = target[train[0]]
  let sum = 0
  let mass = 0
  for (const row of train) {
    sum += weights[row] * (target[row] - around)
    mass += weights[row]
  }
  return {
    starts: [around + sum / mass],
    slopes(_, [score], rows, gradients, curvatures) {
      for (let i = 0; i < rows.length; i++) {
        const row = rows[i]
        const off = score![row] - target[row]
        if (unweighted) gradients[row] = off
        else {
          gradients[row] = weights[row] * off
          curvatures[row] = weights[row]
        }
      }
    },
    mean: ([score], rows) => weightedMean(weights, rows, (row) => (score![row] - target[row]) ** 2 / 2),
  }
}

function pinball(level: number, { target, weights, train, unweighted }: Work): Loss {
  const buffer = new Float64Array(train.length)
  return {
    starts: [weightedQuantile(target, weights, train, level)],
    slopes(_, [score], rows, gradients, curvatures) {
      for (let i = 0; i < rows.length; i++) {
        const row = rows[i]
        gradients[row] = weights[row] * (target[row] > score![row] ? -level : 1 - level)
        curvatures[row] = weights[row]
      }
    },
    say:
      ([score]) =>
      (order, from, to) => {
        const n = to - from
        if (!unweighted) {
          const off = Float64Array.from({ length: n }, (_, i) => target[order[from + i]] - score![order[from + i]])
          const mass = Float64Array.from({ length: n }, (_, i) => weights[order[from + i]])
          return weightedQuantile(
            off,
            mass,
            Int32Array.from({ length: n }, (_, i) => i),
            level,
          )
        }
        for (let i = 0; i < n; i++) buffer[i] = target[order[from + i]] - score![order[from + i]]
        const sorted = buffer.subarray(0, n).sort()
        return sorted[Math.min(n - 1, Math.max(0, Math.ceil(level * n - 1e-9) - 1))]
      },
    mean: ([score], rows) =>
      weightedMean(weights, rows, (row) => {
        const off = target[row] - score![row]
        return off >= 0 ? level * off : (level - 1) * off
      }),
  }
}

/** The least value at which the weights of the values up to it reach the level. */
function weightedQuantile(values: Float64Array, weights: Float64Array, rows: Int32Array, level: number): number {
  const order = argsort(values, rows)
  let mass = 0
  for (const row of order) mass += weights[row]
  let reached = 0
  for (const row of order) {
    reached += weights[row]
    if (reached >= mass * (level - 1e-12)) return values[row]
  }
  return values[order[order.length - 1]]
}

function shares(work: Work, classes: number): Loss {
  const { target, weights, train } = work
  const mass = new Float64Array(classes)
  let total = 0
  for (const row of train) {
    mass[target[row]] = mass[target[row]] + weights[row]
    total += weights[row]
  }
  // half a row of each class, so that one that is only among the rows kept aside has a logarithm
  const share = Array.from(mass, (one) => (one + 0.5) / (total + 0.5 * classes))
  if (classes === 1) return { starts: [], slopes: () => {}, mean: () => 0 }
  if (classes === 2) {
    return {
      starts: [Math.log(share[1] / share[0])],
      slopes(_, [score], rows, gradients, curvatures) {
        for (let i = 0; i < rows.length; i++) {
          const row = rows[i]
          const p = 1 / (1 + Math.exp(-score![row]))
          gradients[row] = weights[row] * (p - target[row])
          curvatures[row] = weights[row] * Math.max(1e-12, p * (1 - p))
        }
      },
      mean: ([score], rows) =>
        weightedMean(weights, rows, (row) => {
          const margin = target[row] === 1 ? score![row] : -score![row]
          return margin > 0 ? Math.log1p(Math.exp(-margin)) : Math.log1p(Math.exp(margin)) - margin
        }),
    }
  }
  const normal = { most: new Float64Array(target.length), sum: new Float64Array(target.length) }
  const prepare = (scores: readonly Float64Array[], rows: Int32Array): void => {
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i]
      let most = Number.NEGATIVE_INFINITY
      for (let k = 0; k < classes; k++) most = Math.max(most, scores[k][row])
      let sum = 0
      for (let k = 0; k < classes; k++) sum += Math.exp(scores[k][row] - most)
      normal.most[row] = most
      normal.sum[row] = sum
    }
  }
  return {
    starts: share.map((one) => Math.log(one)),
    begin: prepare,
    slopes(k, scores, rows, gradients, curvatures) {
      const score = scores[k]
      for (let i = 0; i < rows.length; i++) {
        const row = rows[i]
        const p = Math.exp(score[row] - normal.most[row]) / normal.sum[row]
        gradients[row] = weights[row] * (p - (target[row] === k ? 1 : 0))
        curvatures[row] = weights[row] * Math.max(1e-12, p * (1 - p))
      }
    },
    mean(scores, rows) {
      prepare(scores, rows)
      return weightedMean(weights, rows, (row) => normal.most[row] + Math.log(normal.sum[row]) - scores[target[row]][row])
    },
  }
}

function weightedMean(weights: Float64Array, rows: Int32Array, of: (row: number) => number): number {
  let sum = 0
  let mass = 0
  for (const row of rows) {
    sum += weights[row] * of(row)
    mass += weights[row]
  }
  return sum / mass
}

/** Boosted trees that were saved. */
export function boostingFrom(saved: SavedModel): BoostingModel | BoostingClassModel | QuantileBoostingModel {
  const { learner, task, names, caveats, settings } = saved
  const trees = unpackTrees(saved)
  const classes = savedArray(saved, 'classes', Float64Array)
  const levels = savedQuantiles(saved)
  const due = task === 'quantile' ? levels.length : classes.length > 2 ? classes.length : classes.length === 1 ? 0 : 1
  const starts = savedArray(saved, 'starts', Float64Array, due)
  const counts = savedArray(saved, 'treesOf', Int32Array, due)
  if (counts.some((count) => count < 0) || counts.reduce((sum, count) => sum + count, 0) !== trees.length)
    throw new BadModel('arrays.treesOf', 'do not add up to the trees')
  if ((task === 'classification') !== classes.length > 0) throw new BadModel('arrays.classes', `are not those of ${task}`)
  let at = 0
  return modelOf({
    learner,
    task,
    names,
    caveats,
    bins: unpackBins(saved),
    outputs: Array.from(starts, (start, k) => ({ start, trees: trees.slice(at, (at += counts[k])) })),
    classes,
    levels,
    gainShares: savedArray(saved, 'gainShares', Float64Array, names.length),
    heldOutLoss: settings['heldOutLoss'] === null ? undefined : savedNumber(saved, 'heldOutLoss'),
  })
}

function savedOf(parts: BoostingParts): SavedModel {
  const { learner, task, names, caveats, bins, outputs, classes, levels, gainShares, heldOutLoss } = parts
  return {
    schema: 'halftone/learned/1',
    learner,
    task,
    names,
    caveats,
    settings: { levels, heldOutLoss: heldOutLoss ?? null, words: savedLevels(bins.map((bin) => bin.words)) },
    arrays: {
      ...packBins(bins),
      ...packTrees(outputs.flatMap((output) => output.trees)),
      starts: Float64Array.from(outputs, (output) => output.start),
      treesOf: Int32Array.from(outputs, (output) => output.trees.length),
      classes,
      gainShares,
    },
  }
}

function modelOf(parts: BoostingParts): BoostingModel | BoostingClassModel | QuantileBoostingModel {
  const { learner, names, caveats, bins, outputs, classes, levels, gainShares, heldOutLoss } = parts
  const common = {
    learner,
    names,
    caveats,
    gainShares,
    rounds: outputs.reduce((most, { trees }) => Math.max(most, trees.length), 0),
    ...(heldOutLoss === undefined ? {} : { heldOutLoss }),
    save: () => savedOf(parts),
  }
  const scoresOf = (table: Table): Float64Array[] => {
    sameColumns(common, table)
    const scores = outputs.map(({ start }) => new Float64Array(table.rows).fill(start))
    sumOfTrees(
      outputs.map(({ trees }) => trees),
      bins,
      inWords(
        bins.map((bin) => bin.words),
        table,
      ),
      scores,
    )
    return scores
  }
  if (parts.task === 'regression') return { ...common, task: 'regression', predict: (table) => scoresOf(table)[0] }
  if (parts.task === 'quantile') {
    return {
      ...common,
      task: 'quantile',
      levels,
      quantiles(table) {
        const scores = scoresOf(table)
        const out = new Float64Array(table.rows * levels.length)
        for (let i = 0; i < table.rows; i++) {
          const row = out.subarray(i * levels.length, (i + 1) * levels.length)
          for (let k = 0; k < levels.length; k++) row[k] = scores[k][i]
          row.sort()
        }
        return out
      },
    }
  }
  const probabilities = (table: Table): Float64Array => {
    const scores = scoresOf(table)
    const count = classes.length
    const out = new Float64Array(table.rows * count)
    for (let i = 0; i < table.rows; i++) {
      if (count === 1) out[i] = 1
      else if (count === 2) {
        const second = 1 / (1 + Math.exp(-scores[0][i]))
        out[2 * i] = 1 - second
        out[2 * i + 1] = second
      } else {
        let most = Number.NEGATIVE_INFINITY
        for (let k = 0; k < count; k++) most = Math.max(most, scores[k][i])
        let sum = 0
        for (let k = 0; k < count; k++) sum += out[i * count + k] = Math.exp(scores[k][i] - most)
        for (let k = 0; k < count; k++) out[i * count + k] = out[i * count + k] / sum
      }
    }
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
