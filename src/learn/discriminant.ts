import { caveat, type Issue, shown } from '../model/index.js'
import { cholesky, logDeterminant, solveCholesky } from './cholesky.js'
import { type Classes, type ClassWeights, classesOf, classIssues, classWeighted, likeliest, softmaxInPlace } from './classes.js'
import { type Encoding, encode, encodingOf, widthIssues } from './encode.js'
import {
  type ClassificationModel,
  type Classifier,
  type Learner,
  type SavedModel,
  sameColumns,
  type Unfit,
  unfit,
} from './learner.js'
import { type LinearClassModel, linearClasses } from './linear-classes.js'
import { presentRows, rowWeights, sampleCaveats } from './prepare.js'
import { levelsFrom, savedArray, savedLevels } from './saved.js'
import { type Standard, standardiseInPlace, standardOf } from './standardise.js'
import type { Samples } from './table.js'

export interface LinearDiscriminantOptions {
  /**
   * s in [0, 1]: the covariance S is replaced by (1 − s)S + s·tr(S)/columns·I. Unless said 0, or 0.01 with the caveat `shrunk` where columns depend on each other,
   * as the columns of a category do.
   */
  readonly shrinkage?: number
  /** Factors on how likely each class is taken to be beforehand; unless said its share of the rows. */
  readonly classWeights?: ClassWeights
}

export interface QuadraticDiscriminantOptions {
  /** s in [0, 1]: the covariance of each class becomes (1 − s)S + s·I, on standardised columns. 0.1 unless said. */
  readonly shrinkage?: number
  readonly classWeights?: ClassWeights
}

/**
 * Linear discriminant analysis: classes as normal laws with their own means and one covariance,
 *
 *   ln P(k | x) = x′S⁻¹μₖ − μₖ′S⁻¹μₖ/2 + ln πₖ + constant
 *
 * on standardised columns, S the mean of the classes’ covariances (divisor Σw), categories one-hot. At most 2,000 columns.
 * Source: Fisher (1936). As scikit-learn’s `LinearDiscriminantAnalysis(solver='lsqr')` on standardised data.
 */
export function linearDiscriminant(options: LinearDiscriminantOptions = {}): Learner<LinearClassModel> {
  return { name: 'linear-discriminant', fit: (samples) => fitLinear(samples, options) }
}

/**
 * Quadratic discriminant analysis: each class a normal law with a covariance of its own,
 *
 *   ln P(k | x) = −ln|Sₖ|/2 − (x − μₖ)′Sₖ⁻¹(x − μₖ)/2 + ln πₖ + constant
 *
 * on standardised columns; Sₖ unbiased (divisor rows − 1; with weights Σw − Σw²/Σw). At most 500 columns.
 * As scikit-learn’s `QuadraticDiscriminantAnalysis(reg_param=shrinkage)` on standardised data.
 */
export function quadraticDiscriminant(options: QuadraticDiscriminantOptions = {}): Classifier {
  return { name: 'quadratic-discriminant', fit: (samples) => fitQuadratic(samples, options) }
}

interface Ground {
  readonly samples: Samples
  readonly classes: Classes
  readonly weights: Float64Array
  readonly encoding: Encoding
  readonly standard: Standard
  /** Standardised rows. */
  readonly data: Float64Array
  readonly priors: Float64Array
  /** Row-major, classes × columns. */
  readonly means: Float64Array
  /** Σ weights of each class. */
  readonly masses: Float64Array
}

function ground(
  all: Samples,
  shrinkage: number | undefined,
  classWeights: ClassWeights | undefined,
  widthAtMost: number,
): Ground | Unfit {
  const issues: Issue[] = [...widthIssues(all.features, widthAtMost), ...classIssues(all, classWeights)]
  if (shrinkage !== undefined && !(shrinkage >= 0 && shrinkage <= 1))
    issues.push({
      code: 'setting',
      severity: 'error',
      place: 'shrinkage',
      message: 'is not between 0 and 1',
      value: shown(String(shrinkage)),
    })
  const bad = unfit(all, issues)
  if (bad) return bad
  const samples = presentRows(all)
  const rows = samples.features.rows
  const classes = classesOf(samples.target) as Classes
  const weights = rowWeights(samples)
  const encoding = encodingOf(samples.features)
  const { width } = encoding
  const data = encode(encoding, samples.features)
  const standard = standardOf(data, rows, width, weights)
  standardiseInPlace(data, standard)
  const count = classes.codes.length
  const means = new Float64Array(count * width)
  const masses = new Float64Array(count)
  const priors = new Float64Array(count)
  const favoured = classWeighted(weights, classes, classWeights)
  for (let i = 0, p = 0; i < rows; i++) {
    const k = classes.indices[i]
    masses[k] += weights[i]
    priors[k] += favoured[i] / rows
    for (let j = 0; j < width; j++, p++) means[k * width + j] += weights[i] * data[p]
  }
  for (let p = 0; p < means.length; p++) means[p] /= masses[Math.floor(p / width)]
  return { samples, classes, weights, encoding, standard, data, priors, means, masses }
}

/** Adds Σw(x − μₖ)(x − μₖ)′ of the rows of class `only` (all where undefined) to `sums`, symmetric. */
function scatter({ data, encoding, classes, weights, means }: Ground, only?: number): Float64Array {
  const { width } = encoding
  const sums = new Float64Array(width * width)
  const d = new Float64Array(width)
  for (let i = 0, p = 0; i < weights.length; i++, p += width) {
    const k = classes.indices[i]
    if (only !== undefined && k !== only) continue
    for (let j = 0; j < width; j++) d[j] = data[p + j] - means[k * width + j]
    for (let a = 0; a < width; a++) {
      const wd = weights[i] * d[a]
      if (wd === 0) continue
      const row = a * width
      for (let b = a; b < width; b++) sums[row + b] += wd * d[b]
    }
  }
  for (let a = 0; a < width; a++) for (let b = 0; b < a; b++) sums[a * width + b] = sums[b * width + a]
  return sums
}

function singular(all: Samples, what: string): Unfit {
  const issue: Issue = {
    code: 'singular',
    severity: 'error',
    place: 'features',
    message: `${what}: columns depend on each other there; give a shrinkage above 0 or leave columns out`,
  }
  return unfit(all, [issue])!
}

function fitLinear(all: Samples, { shrinkage, classWeights }: LinearDiscriminantOptions): LinearClassModel | Unfit {
  const base = ground(all, shrinkage, classWeights, 2_000)
  if ('kind' in base) return base
  const { samples, classes, encoding, standard, priors, means } = base
  const { width } = encoding
  const count = classes.codes.length
  const caveats = sampleCaveats(samples, 'class')
  const offsets = new Float64Array(count)
  const coefficients = new Float64Array(width * count)
  const scores = { offsets, centres: standard.means, coefficients }
  if (count === 1) return linearClasses('linear-discriminant', encoding, classes.codes, scores, caveats)

  const covariance = scatter(base)
  let trace = 0
  let varying = 0
  for (let p = 0; p < covariance.length; p++) covariance[p] /= samples.features.rows
  for (let j = 0; j < width; j++) {
    trace += covariance[j * width + j]
    if (standard.scales[j] > 0) varying++
  }
  const shrunk = (by: number): Float64Array => {
    const out = covariance.map((value) => (1 - by) * value)
    for (let j = 0; j < width; j++) if (standard.scales[j] > 0) out[j * width + j] += (by * trace) / varying
    return out
  }
  let factors = cholesky(shrunk(shrinkage ?? 0), width)
  if (factors.rank < varying) {
    if (shrinkage !== undefined || trace === 0) return singular(all, 'the covariance within classes is singular')
    factors = cholesky(shrunk(0.01), width)
    caveats.push(
      caveat('shrunk', 'columns depend on each other: the covariance was shrunk by 0.01', { numbers: { shrinkage: 0.01 } }),
    )
  }
  for (let k = 0; k < count; k++) {
    const mean = means.subarray(k * width, (k + 1) * width)
    const beta = solveCholesky(factors, mean)
    offsets[k] = Math.log(priors[k])
    for (let j = 0; j < width; j++) {
      offsets[k] -= 0.5 * mean[j] * beta[j]
      if (standard.scales[j] > 0) coefficients[j * count + k] = beta[j] / standard.scales[j]
    }
  }
  return linearClasses('linear-discriminant', encoding, classes.codes, scores, caveats)
}

interface Quadratic {
  readonly encoding: Encoding
  readonly standard: Standard
  readonly classes: Float64Array
  readonly means: Float64Array
  /** For each class the factor L of S = LL′, row by row. */
  readonly factors: Float64Array
  /** ln π − ln|S|/2. */
  readonly offsets: Float64Array
  readonly caveats: ClassificationModel['caveats']
}

function fitQuadratic(
  all: Samples,
  { shrinkage = 0.1, classWeights }: QuadraticDiscriminantOptions,
): ClassificationModel | Unfit {
  const base = ground(all, shrinkage, classWeights, 500)
  if ('kind' in base) return base
  const { samples, classes, encoding, standard, priors, means, masses, weights } = base
  const { width } = encoding
  const count = classes.codes.length
  const caveats = sampleCaveats(samples, 'class')
  const factors = new Float64Array(count * width * width)
  const offsets = new Float64Array(count)
  let varying = 0
  for (let j = 0; j < width; j++) if (standard.scales[j] > 0) varying++
  const lean: number[] = []
  for (let k = 0; k < count && count > 1; k++) {
    let squares = 0
    let rows = 0
    for (let i = 0; i < weights.length; i++) {
      if (classes.indices[i] !== k) continue
      squares += weights[i] * weights[i]
      rows++
    }
    if (rows <= varying) lean.push(classes.codes[k])
    const divisor = masses[k] - squares / masses[k]
    const covariance = scatter(base, k)
    for (let p = 0; p < covariance.length; p++) covariance[p] = rows > 1 ? ((1 - shrinkage) * covariance[p]) / divisor : 0
    for (let j = 0; j < width; j++) if (standard.scales[j] > 0) covariance[j * width + j] += shrinkage
    const factored = cholesky(covariance, width)
    if (factored.rank < varying) return singular(all, `the covariance of class ${classes.codes[k]} is singular`)
    // a constant column says nothing: 1 on the diagonal adds nothing to the determinant
    for (let j = 0; j < width; j++) if (factored.dropped[j] === 1) factored.lower[j * width + j] = 1
    factors.set(factored.lower, k * width * width)
    offsets[k] = Math.log(priors[k]) - 0.5 * logDeterminant(factored)
  }
  if (lean.length > 0)
    caveats.push(
      caveat('few-rows', `${lean.length} classes have no more rows than columns: their shape is mostly the shrinkage`, {
        numbers: { classes: lean.length },
      }),
    )
  return quadratic({ encoding, standard, classes: classes.codes, means, factors, offsets, caveats })
}

function quadratic(parts: Quadratic): ClassificationModel {
  const { encoding, standard, classes, means, factors, offsets, caveats } = parts
  const { width } = encoding
  const count = classes.length
  const model: ClassificationModel = {
    task: 'classification',
    learner: 'quadratic-discriminant',
    names: encoding.names,
    caveats,
    classes,
    probabilities: (table) => {
      sameColumns(model, table)
      const data = standardiseInPlace(encode(encoding, table), standard)
      const out = new Float64Array(table.rows * count)
      if (count === 1) return out.fill(1)
      const z = new Float64Array(width)
      for (let i = 0; i < table.rows; i++)
        for (let k = 0; k < count; k++) {
          let square = 0
          const lower = k * width * width
          for (let a = 0; a < width; a++) {
            let d = data[i * width + a] - means[k * width + a]
            for (let b = 0; b < a; b++) d -= factors[lower + a * width + b] * z[b]
            z[a] = d / factors[lower + a * width + a]
            square += z[a] * z[a]
          }
          out[i * count + k] = offsets[k] - 0.5 * square
        }
      return softmaxInPlace(out, count)
    },
    predict: (table) => likeliest(model.probabilities(table), classes),
    save: (): SavedModel => ({
      schema: 'halftone/learned/1',
      learner: 'quadratic-discriminant',
      task: 'classification',
      names: encoding.names,
      caveats,
      settings: { levels: savedLevels(encoding.levels) },
      arrays: { classes, means, factors, offsets, columnMeans: standard.means, columnScales: standard.scales },
    }),
  }
  return model
}

/** A quadratic discriminant that was saved. */
export function quadraticFrom(saved: SavedModel): ClassificationModel {
  const encoding = encodingOf({ names: saved.names, levels: levelsFrom(saved) })
  const { width } = encoding
  const classes = savedArray(saved, 'classes', Float64Array)
  const count = classes.length
  return quadratic({
    encoding,
    classes,
    means: savedArray(saved, 'means', Float64Array, count * width),
    factors: savedArray(saved, 'factors', Float64Array, count * width * width),
    offsets: savedArray(saved, 'offsets', Float64Array, count),
    caveats: saved.caveats,
    standard: {
      means: savedArray(saved, 'columnMeans', Float64Array, width),
      scales: savedArray(saved, 'columnScales', Float64Array, width),
    },
  })
}
