import { type Caveat, caveat, type Issue, shown } from '../model/index.js'
import { type Classes, classesOf, classIssues, likeliest } from './classes.js'
import { type Encoding, encode, encodingOf, widthIssues } from './encode.js'
import {
  type ClassificationModel,
  type Classifier,
  type RegressionModel,
  type Regressor,
  type SavedModel,
  sameColumns,
  type Unfit,
  unfit,
} from './learner.js'
import { type NeighbourIndex, neighbourIndex } from './neighbours-index.js'
import { presentRows, rowWeights, sampleCaveats } from './prepare.js'
import { levelsFrom, savedArray, savedLevels, savedNumber, savedWord } from './saved.js'
import { type Standard, standardiseInPlace, standardOf } from './standardise.js'
import type { Samples, Table } from './table.js'

export interface NeighbourOptions {
  /** How many rows answer. Default 5; where there are fewer rows, all of them. */
  readonly neighbours?: number
  /** `uniform`: all count the same; `distance`: each by 1 / distance, rows at distance 0 alone where there are any. Default `uniform`. */
  readonly weighting?: 'uniform' | 'distance'
}

/**
 * The mean of the rows that are nearest, by Euclidean distance between standardised columns; two different categories are 1 apart. Of equally near rows the
 * first count. Weights of rows multiply their say. By a k-d tree where that pays (more than 256 rows, at most 16 columns), else by looking at every row:
 * both find the same rows.
 */
export function nearest(options: NeighbourOptions = {}): Regressor {
  return { name: 'nearest', fit: (samples) => fitNearest(samples, options, 'number') as RegressionModel | Unfit }
}

/** As `nearest`, for classes: the probability of a class is its share of the neighbours. */
export function nearestClassifier(options: NeighbourOptions = {}): Classifier {
  return { name: 'nearest', fit: (samples) => fitNearest(samples, options, 'class') as ClassificationModel | Unfit }
}

const WIDTH_AT_MOST = 20_000

interface Memory {
  readonly encoding: Encoding
  readonly standard: Standard
  /** Standardised rows. */
  readonly points: Float64Array
  readonly target: Float64Array
  readonly weights: Float64Array
  readonly count: number
  readonly weighting: 'uniform' | 'distance'
  readonly caveats: readonly Caveat[]
}

function fitNearest(
  all: Samples,
  options: NeighbourOptions,
  kind: 'number' | 'class',
): RegressionModel | ClassificationModel | Unfit {
  const wanted = options.neighbours ?? 5
  const issues: Issue[] = [...widthIssues(all.features, WIDTH_AT_MOST), ...(kind === 'class' ? classIssues(all) : [])]
  if (!(Number.isInteger(wanted) && wanted >= 1))
    issues.push({
      code: 'setting',
      severity: 'error',
      place: 'neighbours',
      message: 'is not a whole number of at least 1',
      value: shown(String(wanted)),
    })
  const bad = unfit(all, issues)
  if (bad) return bad
  const samples = presentRows(all)
  const weights = rowWeights(samples)
  const encoding = encodingOf(samples.features)
  const points = encode(encoding, samples.features)
  const standard = categoriesApart(standardOf(points, weights.length, encoding.width, weights), encoding)
  const caveats = sampleCaveats(samples, kind)
  const count = Math.min(wanted, weights.length)
  if (count < wanted)
    caveats.push(
      caveat('few-rows', `${count} rows answer where ${wanted} neighbours were asked for`, { numbers: { rows: count } }),
    )
  const memory: Memory = {
    encoding,
    standard,
    points: standardiseInPlace(points, standard),
    target: samples.target,
    weights,
    count,
    weighting: options.weighting ?? 'uniform',
    caveats,
  }
  return kind === 'number' ? regression(memory) : classification(memory)
}

/** Columns of categories are not standardised: two entries differ where two categories do, by 1/√2 each, which makes a distance of 1. */
function categoriesApart({ means, scales }: Standard, { levels, starts }: Encoding): Standard {
  levels.forEach((words, c) => {
    words?.forEach((_, k) => {
      means[starts[c] + k] = 0
      scales[starts[c] + k] = Math.SQRT2
    })
  })
  return { means, scales }
}

/** Calls `take` with the neighbours of each row of a table and what each of them has to say. */
function ask(
  { encoding, standard, weights, count, weighting }: Memory,
  index: NeighbourIndex,
  table: Table,
  take: (row: number, neighbours: Int32Array, says: Float64Array) => void,
): void {
  const data = standardiseInPlace(encode(encoding, table), standard)
  const rows = new Int32Array(count)
  const squares = new Float64Array(count)
  const says = new Float64Array(count)
  const width = encoding.width
  for (let i = 0; i < table.rows; i++) {
    index.nearest(data.subarray(i * width, (i + 1) * width), count, rows, squares)
    const here = squares[0] === 0
    for (let k = 0; k < count; k++) {
      const by = weighting === 'uniform' ? 1 : here ? (squares[k] === 0 ? 1 : 0) : Math.sqrt(squares[0] / squares[k])
      says[k] = by * weights[rows[k]]
    }
    take(i, rows, says)
  }
}

function regression(memory: Memory): RegressionModel {
  const { target } = memory
  let index: NeighbourIndex | undefined
  const model: RegressionModel = {
    task: 'regression',
    learner: 'nearest',
    names: memory.encoding.names,
    caveats: memory.caveats,
    predict: (table) => {
      sameColumns(model, table)
      index ??= neighbourIndex(memory.points, memory.encoding.width)
      const out = new Float64Array(table.rows)
      ask(memory, index, table, (i, rows, says) => {
        // around the first, so that equal targets give exactly themselves
        const around = target[rows[0]]
        let [sum, weight] = [0, 0]
        for (let k = 0; k < rows.length; k++) {
          sum += says[k] * (target[rows[k]] - around)
          weight += says[k]
        }
        out[i] = around + sum / weight
      })
      return out
    },
    save: () => saved(memory, 'regression'),
  }
  return model
}

function classification(memory: Memory): ClassificationModel {
  const { codes, indices } = classesOf(memory.target) as Classes
  let index: NeighbourIndex | undefined
  const model: ClassificationModel = {
    task: 'classification',
    learner: 'nearest',
    names: memory.encoding.names,
    caveats: memory.caveats,
    classes: codes,
    probabilities: (table) => {
      sameColumns(model, table)
      index ??= neighbourIndex(memory.points, memory.encoding.width)
      const out = new Float64Array(table.rows * codes.length)
      ask(memory, index, table, (i, rows, says) => {
        let weight = 0
        for (let k = 0; k < rows.length; k++) {
          out[i * codes.length + indices[rows[k]]] += says[k]
          weight += says[k]
        }
        for (let k = 0; k < codes.length; k++) out[i * codes.length + k] /= weight
      })
      return out
    },
    predict: (table) => likeliest(model.probabilities(table), codes),
    save: () => saved(memory, 'classification'),
  }
  return model
}

function saved(memory: Memory, task: SavedModel['task']): SavedModel {
  const { encoding, standard, points, target, weights, count, weighting, caveats } = memory
  return {
    schema: 'halftone/learned/1',
    learner: 'nearest',
    task,
    names: encoding.names,
    caveats,
    settings: { neighbours: count, weighting, levels: savedLevels(encoding.levels) },
    arrays: { points, target, weights, means: standard.means, scales: standard.scales },
  }
}

/** Nearest neighbours that were saved. */
export function nearestFrom(from: SavedModel): RegressionModel | ClassificationModel {
  const encoding = encodingOf({ names: from.names, levels: levelsFrom(from) })
  const target = savedArray(from, 'target', Float64Array)
  const memory: Memory = {
    encoding,
    target,
    standard: {
      means: savedArray(from, 'means', Float64Array, encoding.width),
      scales: savedArray(from, 'scales', Float64Array, encoding.width),
    },
    points: savedArray(from, 'points', Float64Array, target.length * encoding.width),
    weights: savedArray(from, 'weights', Float64Array, target.length),
    count: savedNumber(from, 'neighbours', 1, target.length),
    weighting: savedWord(from, 'weighting', ['uniform', 'distance']),
    caveats: from.caveats,
  }
  return from.task === 'classification' ? classification(memory) : regression(memory)
}
