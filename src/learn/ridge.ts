import { type Caveat, caveat, type Issue, shown } from '../model/index.js'
import { cholesky, solveCholesky } from './cholesky.js'
import { encode, encodingOf, widthIssues } from './encode.js'
import { addSums, centred, type Sums, squaredError, sumsOf } from './gram.js'
import { type FitOptions, type Learner, type Unfit, unfit } from './learner.js'
import { type LinearModel, linearModel } from './linear-model.js'
import { isConstant, presentRows, rowWeights, sampleCaveats } from './prepare.js'
import { kFold } from './splits.js'
import { standardiseInPlace, standardOf, standardOfColumn } from './standardise.js'
import type { Samples } from './table.js'

export interface RidgeOptions {
  /** λ ≥ 0 of the objective below; `cross-validated` (the default) chooses the one with the least squared error on held-out folds. */
  readonly penalty?: number | 'cross-validated'
  /** Folds of the cross-validation. Default 5. */
  readonly folds?: number
}

export interface ElasticNetOptions extends RidgeOptions {
  /** α, the share of the absolute penalty: 1 is the lasso, 0 is ridge. Default 0.5. */
  readonly absoluteShare?: number
}

/**
 * Linear regression with a squared penalty:
 *
 *   min Σw(y − β₀ − xβ)² / 2Σw + λ|β|²/2
 *
 * over columns and target standardised to mean 0 and spread 1, so that units do not matter; the intercept is free, categories are one-hot.
 * At λ = 0 columns that depend on earlier ones get 0 (caveat `collinear`). Coefficients are given in the units of the data.
 * At most 2,000 columns after encoding. Cost: rows · width² + width³ a penalty tried.
 * Source: Hoerl and Kennard (1970). Scikit-learn’s `Ridge` on standardised data has alpha = λ·Σw.
 */
export function ridge(options: RidgeOptions = {}): Learner<LinearModel> {
  return { name: 'ridge', fit: (samples, fit) => fitPenalised('ridge', samples, 0, options, fit) }
}

/**
 * Linear regression that leaves columns out: as `ridge`, with the penalty
 *
 *   λ (α|β|₁ + (1 − α)|β|²/2)
 *
 * by cyclic coordinate descent on covariances, along a path of falling penalties (Friedman, Hastie, Tibshirani 2010). λ as scikit-learn’s `ElasticNet`
 * on standardised columns and target.
 */
export function elasticNet(options: ElasticNetOptions = {}): Learner<LinearModel> {
  return {
    name: 'elastic-net',
    fit: (samples, fit) => fitPenalised('elastic-net', samples, options.absoluteShare ?? 0.5, options, fit),
  }
}

const WIDTH_AT_MOST = 2_000

function fitPenalised(
  learner: string,
  all: Samples,
  absoluteShare: number,
  { penalty = 'cross-validated', folds = 5 }: RidgeOptions,
  { rng, progress }: FitOptions,
): LinearModel | Unfit {
  const bad = unfit(all, [...settingIssues(absoluteShare, penalty, folds), ...widthIssues(all.features, WIDTH_AT_MOST)])
  if (bad) return bad
  const samples = presentRows(all)
  const { features, target } = samples
  const encoding = encodingOf(features)
  const caveats = sampleCaveats(samples, 'number')
  const zeros = new Float64Array(encoding.width)
  if (isConstant(target)) {
    const nothing = {
      offset: target[0],
      centres: zeros,
      coefficients: zeros,
      penalty: penalty === 'cross-validated' ? 0 : penalty,
    }
    return linearModel({ learner, encoding, caveats, ...nothing })
  }
  const weights = rowWeights(samples)
  const data = encode(encoding, features)
  const standard = standardOf(data, features.rows, encoding.width, weights)
  standardiseInPlace(data, standard)
  const goal = standardOfColumn(target, weights)
  const y = target.map((value) => (value - goal.mean) / goal.scale)

  const solve = absoluteShare === 0 ? solveRidge : solveElasticNet(absoluteShare)
  let chosen = penalty === 'cross-validated' ? 0 : penalty
  let whole: Sums | undefined
  if (penalty === 'cross-validated') {
    const parts = kFold(features.rows, Math.min(folds, features.rows), rng.stream('folds')).map(({ test }) =>
      sumsOf(data, encoding.width, y, weights, test),
    )
    whole = parts.reduce((sum, part) => addSums(sum, part, 1))
    chosen = choosePenalty(whole, parts, penaltiesFor(whole, absoluteShare), solve, caveats, progress)
  }
  const { gram, moment } = centred(whole ?? sumsOf(data, encoding.width, y, weights))
  const beta = solve(gram, moment, chosen, undefined, caveats)
  progress?.(1)
  const coefficients = beta.map((value, j) => (standard.scales[j] > 0 ? (value * goal.scale) / standard.scales[j] : 0))
  return linearModel({ learner, encoding, caveats, offset: goal.mean, centres: standard.means, coefficients, penalty: chosen })
}

function settingIssues(absoluteShare: number, penalty: number | 'cross-validated', folds: number): Issue[] {
  const issues: Issue[] = []
  const wrong = (place: string, message: string, value: number): void => {
    issues.push({ code: 'setting', severity: 'error', place, message, value: shown(String(value)) })
  }
  if (!(absoluteShare >= 0 && absoluteShare <= 1)) wrong('absoluteShare', 'is not between 0 and 1', absoluteShare)
  if (penalty !== 'cross-validated' && !(penalty >= 0 && Number.isFinite(penalty)))
    wrong('penalty', 'is not a finite number at or above 0', penalty)
  if (!(Number.isInteger(folds) && folds >= 2)) wrong('folds', 'is not a whole number of at least 2', folds)
  return issues
}

type Solve = (gram: Float64Array, moment: Float64Array, penalty: number, start?: Float64Array, caveats?: Caveat[]) => Float64Array

const solveRidge: Solve = (gram, moment, penalty, _start, caveats) => {
  const n = moment.length
  const factors = cholesky(gram, n, penalty)
  if (penalty === 0 && caveats) {
    // a constant column is no news here: it has a caveat of its own
    let dependent = 0
    for (let j = 0; j < n; j++) if (factors.dropped[j] === 1 && gram[j * n + j] > 0) dependent++
    if (dependent > 0)
      caveats.push(
        caveat('collinear', `${dependent} columns depend on others and got no coefficient`, { numbers: { columns: dependent } }),
      )
  }
  return solveCholesky(factors, moment)
}

/** Cyclic coordinate descent: βⱼ ← S(gⱼ + Gⱼⱼβⱼ, λα) / (Gⱼⱼ + λ(1−α)), with g = moment − Gβ kept up to date; sweeps over what is not 0 between full sweeps. */
function solveElasticNet(absoluteShare: number): Solve {
  return (gram, moment, penalty, start, caveats) => {
    const n = moment.length
    const beta = start?.slice() ?? new Float64Array(n)
    const gradient = moment.slice()
    for (let j = 0; j < n; j++) if (beta[j] !== 0) for (let k = 0; k < n; k++) gradient[k] -= gram[k * n + j] * beta[j]
    const threshold = penalty * absoluteShare
    const shrink = penalty * (1 - absoluteShare)
    const precision = 1e-10
    const sweep = (onlyActive: boolean): number => {
      let largest = 0
      for (let j = 0; j < n; j++) {
        const before = beta[j]
        if (onlyActive && before === 0) continue
        const diagonal = gram[j * n + j]
        if (!(diagonal > 0)) continue
        const z = gradient[j] + diagonal * before
        const after = (z > threshold ? z - threshold : z < -threshold ? z + threshold : 0) / (diagonal + shrink)
        if (after === before) continue
        const change = after - before
        beta[j] = after
        for (let k = 0, p = j * n; k < n; k++) gradient[k] -= gram[p + k] * change
        const size = Math.abs(change) * Math.sqrt(diagonal)
        if (size > largest) largest = size
      }
      return largest
    }
    let sweeps = 0
    // a path needs less than the last fit, which is asked with a place for its caveats
    const most = caveats === undefined ? 300 : 100_000
    for (;;) {
      if (sweep(false) < precision) break
      while (sweeps++ < most && sweep(true) >= precision);
      if (sweeps >= most) {
        caveats?.push(caveat('not-converged', 'coordinate descent stopped short of its precision', { numbers: { sweeps } }))
        break
      }
    }
    return beta
  }
}

/** Falling penalties. Ridge: from where only a thousandth of a column’s effect is left to where the penalty is dust; else from the least that leaves all out to 1/10,000 of it. */
function penaltiesFor(whole: Sums, absoluteShare: number): number[] {
  const wide = whole.x.length > 300
  if (absoluteShare === 0) {
    const count = wide ? 10 : 28
    return Array.from({ length: count }, (_, k) => 10 ** (3 - (9 * k) / (count - 1)))
  }
  const { moment } = centred(whole)
  const most = moment.reduce((best, value) => Math.max(best, Math.abs(value)), 0) / absoluteShare
  const count = wide ? 25 : 60
  return Array.from({ length: count }, (_, k) => most * 10 ** ((-4 * k) / (count - 1)))
}

function choosePenalty(
  whole: Sums,
  parts: readonly Sums[],
  penalties: readonly number[],
  solve: Solve,
  caveats: Caveat[],
  progress?: (share: number) => void,
): number {
  if (parts.length < 2) return penalties[Math.floor(penalties.length / 2)]
  const errors = new Float64Array(penalties.length)
  parts.forEach((held, f) => {
    const training = addSums(whole, held, -1)
    const { gram, moment } = centred(training)
    let beta: Float64Array | undefined
    penalties.forEach((penalty, k) => {
      beta = solve(gram, moment, penalty, beta)
      let intercept = training.y / training.weight
      for (let j = 0; j < beta.length; j++) intercept -= (beta[j] * training.x[j]) / training.weight
      errors[k] += squaredError(held, intercept, beta)
    })
    progress?.((f + 1) / (parts.length + 1))
  })
  let best = 0
  errors.forEach((error, k) => {
    if (error < errors[best]) best = k
  })
  if (best === 0 && penalties.length > 1)
    caveats.push(caveat('penalty-at-bound', 'the largest penalty tried did best: the columns tell little about the target'))
  return penalties[best]
}
