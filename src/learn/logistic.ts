import { caveat, type Issue, shown } from '../model/index.js'
import { type Classes, type ClassWeights, classesOf, classIssues, classWeighted } from './classes.js'
import { encode, encodingOf, widthIssues } from './encode.js'
import { minimise } from './lbfgs.js'
import { type FitOptions, type Learner, type Unfit, unfit } from './learner.js'
import { type LinearClassModel, linearClasses } from './linear-classes.js'
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
      precision: 1e-10,
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

/** Value and gradient of the mean weighted log loss plus penalty. Parameters: width × vectors coefficients, then intercepts. */
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
  const s = new Float64Array(vectors)
  return (x, gradient) => {
    gradient.fill(0)
    const intercepts = width * vectors
    let loss = 0
    for (let i = 0, p = 0; i < rows; i++, p += width) {
      for (let k = 0; k < vectors; k++) s[k] = x[intercepts + k]
      if (vectors === 1) {
        let sum = s[0]
        for (let j = 0; j < width; j++) sum += data[p + j] * x[j]
        const sign = indices[i] === 1 ? 1 : -1
        const margin = sign * sum
        const w = weights[i] * share
        // ln(1 + e^−margin) without overflow; its slope is −1 / (1 + e^margin)
        const small = Math.exp(-Math.abs(margin))
        loss += w * (Math.log1p(small) + (margin < 0 ? -margin : 0))
        s[0] = (-sign * w * (margin > 0 ? small : 1)) / (1 + small)
        const slope = s[0]
        for (let j = 0; j < width; j++) gradient[j] += slope * data[p + j]
        gradient[intercepts] += slope
        continue
      }
      for (let j = 0; j < width; j++) {
        const v = data[p + j]
        if (v === 0) continue
        for (let k = 0, q = j * vectors; k < vectors; k++, q++) s[k] += v * x[q]
      }
      let most = s[0]
      for (let k = 1; k < vectors; k++) if (s[k] > most) most = s[k]
      const right = s[indices[i]]
      let sum = 0
      for (let k = 0; k < vectors; k++) sum += s[k] = Math.exp(s[k] - most)
      const w = weights[i] * share
      loss += w * (Math.log(sum) + most - right)
      for (let k = 0; k < vectors; k++) s[k] *= w / sum
      s[indices[i]] -= w
      for (let j = 0; j < width; j++) {
        const v = data[p + j]
        if (v === 0) continue
        for (let k = 0, q = j * vectors; k < vectors; k++, q++) gradient[q] += v * s[k]
      }
      for (let k = 0; k < vectors; k++) gradient[intercepts + k] += s[k]
    }
    for (let q = 0; q < intercepts; q++) {
      loss += 0.5 * lambda * x[q] * x[q]
      gradient[q] += lambda * x[q]
    }
    return loss
  }
}
