import { caveat, type Issue, shown } from '../model/index.js'
import { type Classes, type ClassWeights, classesOf, classIssues, classWeighted } from './classes.js'
import { encode, encodingOf, widthIssues } from './encode.js'
import { minimise } from './lbfgs.js'
import { type FitOptions, type Learner, type Unfit, unfit } from './learner.js'
import { type LinearClassModel, linearClasses } from './linear-classes.js'
import { heapOf, padded } from './multiply.js'
import { presentRows, rowWeights, sampleCaveats } from './prepare.js'
import { standardiseInPlace, standardOf } from './standardise.js'
import type { Samples } from './table.js'

export interface LogisticOptions {
  /** λ ≥ 0 of the objective below. Default 1 / rows. */
  readonly penalty?: number
  readonly classWeights?: ClassWeights
}

/**
 * Logistic regression (two classes) or softmax regression (more):
 *
 *   min −Σ w ln P(class | x) / Σw + λ|B|²/2,  P(k | x) ∝ exp(b₀ₖ + xBₖ)
 *
 * on standardised columns, intercepts free, categories one-hot, by L-BFGS. With two classes one sum is the difference of both. λ > 0 keeps coefficients
 * finite where a line parts the classes. At most 20,000 numbers in B. Scikit-learn’s `LogisticRegression` on standardised data has C = 1 / (λ·Σw).
 */
export function logistic(options: LogisticOptions = {}): Learner<LinearClassModel> {
  return { name: 'logistic', fit: (samples, fit) => fitLogistic(samples, options, fit) }
}

const COEFFICIENTS_AT_MOST = 20_000

function fitLogistic(all: Samples, options: LogisticOptions, { progress }: FitOptions): LinearClassModel | Unfit {
  const found = classesOf(all.target)
  const outputs = found === undefined || found.codes.length <= 2 ? 1 : found.codes.length
  const issues: Issue[] = [
    ...widthIssues(all.features, COEFFICIENTS_AT_MOST / outputs),
    ...classIssues(all, options.classWeights),
  ]
  const { penalty } = options
  if (penalty !== undefined && !(penalty >= 0 && Number.isFinite(penalty)))
    issues.push({
      code: 'setting',
      severity: 'error',
      place: 'penalty',
      message: 'is not a finite number at or above 0',
      value: shown(String(penalty)),
    })
  const bad = unfit(all, issues)
  if (bad) return bad
  const samples = presentRows(all)
  const { features } = samples
  const classes = classesOf(samples.target) as Classes
  const plain = rowWeights(samples)
  const weights = classWeighted(plain, classes, options.classWeights)
  const encoding = encodingOf(features)
  const { width } = encoding
  const caveats = sampleCaveats(samples, 'class')
  const count = classes.codes.length
  const data = encode(encoding, features)
  const standard = standardOf(data, features.rows, width, plain)
  standardiseInPlace(data, standard)
  const offsets = new Float64Array(count)
  const coefficients = new Float64Array(width * count)
  if (count > 1) {
    const lambda = penalty ?? 1 / features.rows
    const vectors = count === 2 ? 1 : count
    const evaluate = objective(data, width, classes.indices, vectors, weights, lambda)
    const { x, gradient, iterations } = minimise(new Float64Array((width + 1) * vectors), evaluate, {
      precision: 1e-8,
      iterations: 2_000,
      ...(progress ? { progress } : {}),
    })
    // rounding keeps the gradient of many rows from reaching the precision asked for: that is no fault of the answer
    if (gradient > 1e-6)
      caveats.push(
        caveat('not-converged', 'the minimum was not reached: a larger penalty makes it easier to find', {
          numbers: { gradient, iterations },
        }),
      )
    for (let k = 0; k < vectors; k++) {
      const to = count === 2 ? 1 : k
      offsets[to] = x[width * vectors + k]
      for (let j = 0; j < width; j++)
        if (standard.scales[j] > 0) coefficients[j * count + to] = x[j * vectors + k] / standard.scales[j]
    }
  }
  progress?.(1)
  return linearClasses('logistic', encoding, classes.codes, { offsets, centres: standard.means, coefficients }, caveats)
}

/** Rows whose sums are taken at once: their numbers stay in the processor’s cache. */
const BLOCK = 256

/**
 * Value and gradient of the mean weighted log loss plus penalty. Parameters: width × vectors coefficients, then intercepts. Block by block of rows, sums and gradient
 * are products of matrices: S = X·B and Xᵀ·(P − Y), with a column of ones in X for the intercepts.
 */
function objective(
  data: Float64Array,
  width: number,
  indices: Int32Array,
  vectors: number,
  weights: Float64Array,
  lambda: number,
): (x: Float64Array, gradient: Float64Array) => number {
  const rows = indices.length
  const share = 1 / weights.reduce((sum, w) => sum + w, 0)
  const [wide, columns] = [padded(width + 1), padded(vectors)]
  const design = new Float64Array(rows * wide)
  for (let i = 0; i < rows; i++) {
    design.set(data.subarray(i * width, (i + 1) * width), i * wide)
    design[i * wide + width] = 1
  }
  const block = Math.min(BLOCK, padded(rows))
  const small = rows * wide * columns < 20_000
  const heap = heapOf(block * (wide + columns) + 2 * wide * columns, small)
  const [some, sums, b, slope] = [block * wide, block * columns, wide * columns, wide * columns].map((size) => heap.take(size))
  const s = sums.numbers
  return (x, gradient) => {
    gradient.fill(0)
    // both layouts hold a row of vectors for each column, intercepts last
    for (let j = 0; j <= width; j++) for (let k = 0; k < vectors; k++) b.numbers[j * columns + k] = x[j * vectors + k]
    let loss = 0
    for (let from = 0; from < rows; from += block) {
      const count = Math.min(block, rows - from)
      some.numbers.set(design.subarray(from * wide, (from + count) * wide))
      heap.product(some.at, wide, 1, b.at, sums.at, padded(count), columns, wide)
      for (let r = 0, p = 0; r < count; r++, p += columns) {
        const w = weights[from + r] * share
        loss += w * (vectors === 1 ? twoClasses(s, p, indices[from + r], w) : manyClasses(s, p, vectors, indices[from + r], w))
      }
      heap.product(some.at, 1, wide, sums.at, slope.at, wide, columns, count)
      for (let j = 0; j <= width; j++)
        for (let k = 0; k < vectors; k++) gradient[j * vectors + k] += slope.numbers[j * columns + k]
    }
    for (let q = 0; q < width * vectors; q++) {
      loss += 0.5 * lambda * x[q] * x[q]
      gradient[q] += lambda * x[q]
    }
    return loss
  }
}

/** The log loss of a row whose sum is at `p`, which is replaced by its slope times `w`: ln(1 + e^−margin) without overflow, slope −1/(1 + e^margin). */
function twoClasses(s: Float64Array, p: number, index: number, w: number): number {
  const sign = index === 1 ? 1 : -1
  const margin = sign * s[p]
  const small = Math.exp(-Math.abs(margin))
  s[p] = (-sign * w * (margin > 0 ? small : 1)) / (1 + small)
  return Math.log1p(small) + (margin < 0 ? -margin : 0)
}

/** The log loss of a row whose sums begin at `p`, which are replaced by their slopes times `w`: probability, less 1 for the class that came. */
function manyClasses(s: Float64Array, p: number, vectors: number, index: number, w: number): number {
  let most = s[p]
  for (let k = 1; k < vectors; k++) if (s[p + k] > most) most = s[p + k]
  const right = s[p + index]
  let sum = 0
  for (let k = 0; k < vectors; k++) sum += s[p + k] = Math.exp(s[p + k] - most)
  const factor = w / sum
  for (let k = 0; k < vectors; k++) s[p + k] *= factor
  s[p + index] -= w
  return Math.log(sum) + most - right
}
