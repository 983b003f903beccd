import { caveat, isRefusal, type Refusal, refuse } from '../model/index.js'
import { cholesky, solveCholesky } from './cholesky.js'
import { encode, encodingOf, widthIssues } from './encode.js'
import { type FitOptions, type Learner, type Unfit, unfit } from './learner.js'
import { type LinearModel, linearModel } from './linear-model.js'
import { isConstant, presentRows, rowWeights, sampleCaveats } from './prepare.js'
import type { Samples } from './table.js'

/** The non-negative vector nearest to explaining a target. */
export interface NonNegativeSolution {
  readonly coefficients: Float64Array
  /** ‖√w (y − Xβ)‖. */
  readonly residualNorm: number
  /**
   * How far from optimal, 0 to 1: with gradient g = Xᵀw(y − Xβ), the largest |gⱼ| over variables above 0 and positive gⱼ over those at 0, relative
   * to ‖√w xⱼ‖·‖√w y‖ (Karush, Kuhn and Tucker ask for 0).
   */
  readonly optimality: number
  readonly iterations: number
  /** True where columns depend on each other, so that another solution may explain as much. */
  readonly collinear: boolean
}

/**
 * Non-negative least squares: min Σw(y − Xβ)² with β ≥ 0, by the active set of Lawson and Hanson (1974) on the normal equations of columns scaled
 * to length 1, with one step of refinement on the residuals of the data.
 *
 * `design` is row-major, rows × width; `width` at most a few thousand. Refuses as `not-converged` after 10·width + 100 exchanges.
 */
export function nonNegativeLeastSquares(
  design: Float64Array,
  width: number,
  target: Float64Array,
  weights: Float64Array = new Float64Array(target.length).fill(1),
): NonNegativeSolution | Refusal {
  const rows = target.length
  const lengths = new Float64Array(width)
  let whole = 0
  for (let i = 0, p = 0; i < rows; i++) {
    whole += weights[i] * target[i] * target[i]
    for (let j = 0; j < width; j++, p++) lengths[j] += weights[i] * design[p] * design[p]
  }
  for (let j = 0; j < width; j++) lengths[j] = Math.sqrt(lengths[j])
  const norm = Math.sqrt(whole)
  if (!Number.isFinite(norm) || lengths.some((length) => !Number.isFinite(length)))
    return refuse('unsupported', 'values so large that their squares overflow: use larger units')
  const inverse = lengths.map((length) => (length > 0 ? 1 / length : 0))
  const gram = scaledGram(design, width, weights, inverse)

  const x = new Float64Array(width)
  const residual = new Float64Array(rows)
  let gradient = gradientAt(x)
  const passive: number[] = []
  const inPassive = new Uint8Array(width)
  /** Variables that came in and went out at once: dependent on those inside, or noise about 0. They wait until the solution has moved. */
  const waiting = new Uint8Array(width)
  const tolerance = 1e-12 * norm
  const most = 10 * width + 100
  let iterations = 0
  for (;;) {
    let enter = -1
    for (let j = 0; j < width; j++)
      if (inPassive[j] === 0 && waiting[j] === 0 && gradient[j] > tolerance && (enter < 0 || gradient[j] > gradient[enter]))
        enter = j
    if (enter < 0) break
    if (iterations++ > most) return refuse('not-converged', 'the active set went on exchanging variables', { iterations })
    passive.push(enter)
    inPassive[enter] = 1
    const before = x.slice()
    for (;;) {
      const solved = solvePassive()
      if (solved === undefined) break
      let step = 1
      passive.forEach((j, a) => {
        if (solved[a] <= 0) step = Math.min(step, x[j] > 0 ? x[j] / (x[j] - solved[a]) : 0)
      })
      passive.forEach((j, a) => {
        x[j] += step * (solved[a] - x[j])
      })
      if (step === 1 && passive.every((_, a) => solved[a] > 0)) break
      for (let a = passive.length - 1; a >= 0; a--) {
        const j = passive[a]
        if (x[j] > 1e-15 * norm) continue
        x[j] = 0
        inPassive[j] = 0
        passive.splice(a, 1)
      }
    }
    if (inPassive[enter] === 0 && x.every((value, j) => value === before[j])) waiting[enter] = 1
    else waiting.fill(0)
    gradient = gradientAt(x)
  }
  refine()
  const coefficients = x.map((value, j) => value * inverse[j])
  let optimality = 0
  for (let j = 0; j < width; j++) {
    if (norm === 0) break
    optimality = Math.max(optimality, (x[j] > 0 ? Math.abs(gradient[j]) : gradient[j]) / norm)
  }
  let left = 0
  for (let i = 0; i < rows; i++) left += weights[i] * residual[i] * residual[i]
  const { dropped } = cholesky(gram, width)
  const collinear = dropped.some((yes, j) => yes === 1 && lengths[j] > 0)
  return { coefficients, residualNorm: Math.sqrt(left), optimality, iterations, collinear }

  /** Scaled gradient Xᵀw(y − Xβ) from the data themselves; leaves y − Xβ in `residual`. */
  function gradientAt(at: Float64Array): Float64Array {
    const g = new Float64Array(width)
    for (let i = 0, p = 0; i < rows; i++, p += width) {
      let r = target[i]
      for (let j = 0; j < width; j++) if (at[j] !== 0) r -= design[p + j] * inverse[j] * at[j]
      residual[i] = r
      const wr = weights[i] * r
      for (let j = 0; j < width; j++) g[j] += wr * design[p + j]
    }
    for (let j = 0; j < width; j++) g[j] *= inverse[j]
    return g
  }

  function passiveGram(): Float64Array {
    const n = passive.length
    const some = new Float64Array(n * n)
    for (let a = 0; a < n; a++) for (let b = 0; b < n; b++) some[a * n + b] = gram[passive[a] * width + passive[b]]
    return some
  }

  /** Least squares over the passive variables: the step from where we are, so that its error shrinks with the residual. Undefined where they depend on each other. */
  function solvePassive(): Float64Array | undefined {
    const n = passive.length
    const factors = cholesky(passiveGram(), n, 0, 1e-13)
    if (factors.rank < n) {
      const last = passive.pop()!
      inPassive[last] = 0
      return undefined
    }
    const g = gradientAt(x)
    const step = solveCholesky(
      factors,
      passive.map((j) => g[j]),
    )
    return step.map((value, a) => x[passive[a]] + value)
  }

  function refine(): void {
    if (passive.length === 0) return
    const factors = cholesky(passiveGram(), passive.length, 0, 1e-13)
    if (factors.rank === passive.length) {
      const step = solveCholesky(
        factors,
        passive.map((j) => gradient[j]),
      )
      passive.forEach((j, a) => {
        x[j] = Math.max(0, x[j] + step[a])
      })
    }
    gradient = gradientAt(x)
  }
}

function scaledGram(design: Float64Array, width: number, weights: Float64Array, inverse: Float64Array): Float64Array {
  const gram = new Float64Array(width * width)
  for (let i = 0, p = 0; i < weights.length; i++, p += width) {
    for (let j = 0; j < width; j++) {
      const wx = weights[i] * design[p + j]
      if (wx === 0) continue
      for (let k = j; k < width; k++) gram[j * width + k] += wx * design[p + k]
    }
  }
  for (let j = 0; j < width; j++)
    for (let k = j; k < width; k++) gram[k * width + j] = gram[j * width + k] *= inverse[j] * inverse[k]
  return gram
}

export interface NonNegativeOptions {
  /** `free`: any; `non-negative`: as the coefficients; `none`: the prediction is 0 where all features are. Default `free`. */
  readonly intercept?: 'free' | 'non-negative' | 'none'
}

const WIDTH_AT_MOST = 2_000

/**
 * The learner of sums whose parts cannot be negative, such as busy time by class of job: target = intercept + Σ coefficient · feature with
 * coefficients ≥ 0, least squares (see `nonNegativeLeastSquares`). Categories are one-hot. No penalty; columns that depend on each other
 * are told apart only by their signs (caveat `collinear`).
 */
export function nonNegative(options: NonNegativeOptions = {}): Learner<LinearModel> {
  const intercept = options.intercept ?? 'free'
  return { name: 'non-negative', fit: (samples, _fit: FitOptions) => fitNonNegative(samples, intercept) }
}

function fitNonNegative(all: Samples, intercept: 'free' | 'non-negative' | 'none'): LinearModel | Unfit {
  const bad = unfit(all, widthIssues(all.features, WIDTH_AT_MOST))
  if (bad) return bad
  const samples = presentRows(all)
  const { features, target } = samples
  const weights = rowWeights(samples)
  const encoding = encodingOf(features)
  const { width } = encoding
  const caveats = sampleCaveats(samples, 'number')
  const parts = { learner: 'non-negative', encoding, penalty: 0 }
  const centres = new Float64Array(width)
  const [value] = target
  if (isConstant(target) && (intercept === 'free' || (intercept === 'non-negative' && value >= 0)))
    return linearModel({ ...parts, caveats, offset: value, centres, coefficients: new Float64Array(width) })

  const data = encode(encoding, features)
  let design = data
  let goal = target
  let offset = 0
  if (intercept === 'free') {
    let total = 0
    for (let i = 0, p = 0; i < goal.length; i++) {
      total += weights[i]
      offset += weights[i] * target[i]
      for (let j = 0; j < width; j++, p++) centres[j] += weights[i] * data[p]
    }
    offset /= total
    for (let j = 0; j < width; j++) centres[j] /= total
    // a constant column has nothing to say beside an intercept
    features.columns.forEach((column, c) => {
      const start = encoding.starts[c]
      if (encoding.levels[c] === undefined && isConstant(column)) centres[start] = column[0]
    })
    goal = target.map((y) => y - offset)
    for (let p = 0; p < data.length; p += width) for (let j = 0; j < width; j++) data[p + j] -= centres[j]
  } else if (intercept === 'non-negative') {
    design = new Float64Array(goal.length * (width + 1))
    for (let i = 0; i < goal.length; i++) {
      design.set(data.subarray(i * width, (i + 1) * width), i * (width + 1))
      design[i * (width + 1) + width] = 1
    }
  }
  const solution = nonNegativeLeastSquares(design, intercept === 'non-negative' ? width + 1 : width, goal, weights)
  if (isRefusal(solution)) return { ...solution, issues: [] }
  if (solution.collinear)
    caveats.push(caveat('collinear', 'some columns are sums of others: their shares of the whole cannot be told apart'))
  return linearModel({
    ...parts,
    caveats,
    offset: intercept === 'non-negative' ? solution.coefficients[width] : offset,
    centres,
    coefficients: solution.coefficients.slice(0, width),
  })
}
