import {
  type FitOptions,
  type Learner,
  type RegressionModel,
  type Samples,
  type SavedModel,
  sameColumns,
  type Table,
  takeRows,
  type Unfit,
  unfit,
} from '../learn/index.js'
import { type Caveat, caveat, type Issue, isRefusal, shown } from '../model/index.js'
import { latinHypercube, levenbergMarquardt, type Matrix, multiStart, type Rng, zeroMatrix } from '../num/index.js'
import { type Below, caveatBelow, missedBelow } from './below.js'
import { groupsOf } from './groups.js'
import type { Parameter, WhiteModel } from './white.js'

export interface CalibrateOptions {
  /** Beyond how many standard deviations an error counts by its size rather than its square; ∞ is plain least squares. Default 1. */
  readonly robustFrom?: number
  /** Starting points that are looked at besides the prior; default 40. */
  readonly starts?: number
  /** From how many of them a search is run; default 4. */
  readonly searches?: number
  /** Errors are never taken to be smaller than this share of the answer, so that priors keep their say where few rows fit too well; default 0.02. */
  readonly leastScatter?: number
  /**
   * Columns that name a configuration of which several rows were measured (nodes and GPUs, with several batch sizes): rows of one configuration share what
   * the model misses, so they count as fewer, by their correlation. Absent: every row counts.
   */
  readonly configuration?: readonly string[]
  /** Whether `Samples.measured` is used where the white model foresees it; default true. */
  readonly useMeasured?: boolean
}

/** What the data say about one parameter. */
export interface ParameterEstimate {
  readonly name: string
  readonly value: number
  /** A 90 % interval from the curvature at the optimum, prior included, within the bounds. */
  readonly low: number
  readonly high: number
  /** True where the data, not the prior or the bounds, hold the parameter: they bring more than half of what is known about it. */
  readonly identified: boolean
}

/** A white model with its parameters set. */
export interface Calibrated extends RegressionModel {
  readonly white: WhiteModel
  readonly parameters: Float64Array
  readonly estimates: readonly ParameterEstimate[]
  /** Standard deviation of log(observed / foreseen) over the samples, freedom of the parameters taken off. */
  readonly scatter: number
  /** What the step below the data missed, tested on the lowest value; absent where the white model names no such column, too few rows were there, or the model was loaded. */
  readonly below?: Below
  /** 1 for each row with an answer; `predict` gives 0 for the others. */
  holds(table: Table): Uint8Array
}

/** A learner whose models are white models with parameters. */
export type CalibratedLearner = Learner<Calibrated>

/**
 * A white model whose parameters are set by samples: the parameters with the least of
 *
 *   Σ wᵢ ρ(log(yᵢ/ŷᵢ)/σ) + Σ ((p − p₀)/s)²
 *
 * with ρ soft beyond `robustFrom` and σ the scatter, found in turns with the parameters. Positive parameters are searched on a logarithmic scale. The search
 * is bounded Levenberg–Marquardt from the prior and from the best points of a Latin hypercube; since it only takes steps that lower the cost and
 * never leaves the bounds, it cannot diverge. Where the model has none (an unstable queue) a row counts as an error of a factor of 20.
 *
 * Refuses samples with a target at or below 0, or without a column that the model reads. Caveats: `not-identified` (parameters that the data do not
 * hold: curvature), `at-bound`, `not-converged`, `few-rows` (fewer rows than parameters), `steep-below` (the model fitted without the lowest cap or clock missed it by more than 6 %).
 *
 * Cost: about searches × 30 × (parameters + 2) evaluations of the model on all rows.
 */
export function calibrate(white: WhiteModel, options: CalibrateOptions = {}): CalibratedLearner {
  return {
    name: `white ${white.name}`,
    fit(samples, fitOptions) {
      const bad = unfit(samples, whiteIssues(white, samples))
      if (bad !== undefined) return bad
      const model = fitted(white, samples, options, fitOptions)
      if (isRefusal(model)) return model
      const below = missedBelow(
        white,
        samples,
        (train, own) => fitted(white, train, { ...options, starts: 0, searches: 1 }, own),
        { rng: fitOptions.rng.stream('below') },
      )
      if (below === undefined) return model
      const { names, parameters, estimates, scatter, caveats } = model
      return calibratedModel(white, names, parameters, estimates, scatter, [...caveats, ...caveatBelow([below])], below)
    },
  }
}

/** What of samples a white model cannot be calibrated to: columns that it reads and are not there, targets that are not positive. */
export function whiteIssues(white: WhiteModel, { features, target }: Samples): Issue[] {
  const issues: Issue[] = []
  for (const name of white.columns)
    if (!features.names.includes(name))
      issues.push({
        code: 'no-column',
        severity: 'error',
        place: `features.${name}`,
        message: `${white.name} reads a column ${name}, which is not among ${features.names.join(', ')}`,
      })
  const wrong = target.findIndex((value) => value <= 0)
  if (wrong >= 0)
    issues.push({
      code: 'not-positive',
      severity: 'error',
      place: `target[${wrong}]`,
      message: `${white.name} foresees positive numbers only`,
      value: shown(String(target[wrong])),
    })
  return issues
}

const NO_ANSWER = Math.log(20)
const Z90 = 1.6448536269514722

function fitted(
  white: WhiteModel,
  samples: Samples,
  options: CalibrateOptions,
  { rng, progress }: FitOptions,
): Calibrated | Unfit {
  const { robustFrom = 1, starts = 40, searches = 4, leastScatter = 0.02, configuration, useMeasured = true } = options
  const parameters = white.scaled?.(samples) ?? white.parameters
  const n = parameters.length
  const low = Float64Array.from(parameters, (p) => scale(p, p.low))
  const high = Float64Array.from(parameters, (p) => scale(p, p.high))
  const centre = Float64Array.from(parameters, (p) => scale(p, p.prior))
  const observations = observationsOf(white, n, samples, useMeasured)
  const rows = observations.reduce((sum, one) => sum + one.rows.length, 0)
  const priors = parameters.flatMap((p, i) => (p.spread === undefined ? [] : [{ i, spread: p.spread }]))
  const natural = new Float64Array(n)
  const rootWeights = Float64Array.from(observations.flatMap((one) => Array.from(one.weights, Math.sqrt)))
  // one scatter for each kind of observation: a side answer that fits badly speaks softly
  const scatters = new Float64Array(observations.length).fill(0.2)
  let shares = 1

  const errors = (z: Float64Array, out: Float64Array): void => {
    for (let i = 0; i < n; i++) natural[i] = unscale(parameters[i], z[i])
    let at = 0
    for (const one of observations) {
      const answers = one.predict(one.table, natural)
      for (let k = 0; k < one.rows.length; k++, at++) {
        const answer = answers[k]
        out[at] = answer > 0 && Number.isFinite(answer) ? one.logs[k] - Math.log(answer) : NO_ANSWER
      }
    }
  }
  const residuals = (z: Float64Array, out: Float64Array): void => {
    errors(z, out)
    let at = 0
    observations.forEach((one, kind) => {
      const factor = shares / scatters[kind]
      for (let k = 0; k < one.rows.length; k++, at++) out[at] *= rootWeights[at] * factor
    })
    priors.forEach(({ i, spread }, k) => {
      out[rows + k] = (z[i] - centre[i]) / spread
    })
  }
  const search = (start: Float64Array) =>
    levenbergMarquardt({
      residuals,
      rows: rows + priors.length,
      start,
      low,
      high,
      robustRows: rows,
      tolerance: 1e-8,
      iterations: 60,
      ...(Number.isFinite(robustFrom) ? { robustFrom } : {}),
    })
  const buffer = new Float64Array(rows + priors.length)
  const costAt = (z: Float64Array): number => {
    residuals(z, buffer)
    let sum = 0
    for (let k = 0; k < rows; k++) sum += Math.abs(buffer[k])
    return sum
  }
  const points = startingPoints(parameters, low, high, centre, starts, rng.stream('starts'))
  let { best, agreeing, searches: run } = multiStart([centre, ...points], costAt, search, { searches })
  progress?.(0.6)
  // scatter and parameters in turns: the priors weigh against errors of the size that there really are
  const groups = configuration === undefined ? undefined : groupsOf(samples.features, configuration)
  const log = new Float64Array(rows)
  for (let turn = 0; turn < 5; turn++) {
    errors(best.x, log)
    const before = scatters[0]
    let at = 0
    observations.forEach((one, kind) => {
      const end = at + one.rows.length
      scatters[kind] = Math.max(leastScatter, scatterOf(log.subarray(at, end), rootWeights.subarray(at, end), n))
      at = end
    })
    if (groups !== undefined) shares = Math.sqrt(1 / designEffect(log.subarray(0, samples.target.length), groups))
    best = search(best.x)
    if (Math.abs(scatters[0] / before - 1) < 0.01) break
  }
  progress?.(1)
  errors(best.x, log)
  const scatter = scatterOf(log.subarray(0, samples.target.length), rootWeights.subarray(0, samples.target.length), n)
  for (let i = 0; i < n; i++) natural[i] = unscale(parameters[i], best.x[i])
  const estimates = estimatesOf(parameters, best.x, best.jacobian, rows, low, high)
  return calibratedModel(white, samples.features.names, natural.slice(), estimates, scatter, [
    ...caveatsOf(parameters, best.x, estimates, low, high),
    ...(samples.target.length < n
      ? [caveat('few-rows', `${samples.target.length} rows for ${n} parameters: the priors fill in`)]
      : []),
    ...(best.converged ? [] : [caveat('not-converged', `the search stopped after ${best.iterations} steps`)]),
    ...(run > 2 && agreeing === 1
      ? [caveat('many-optima', `${run} searches ended at different parameters; the best was taken`)]
      : []),
  ])
}

/** A calibrated model from its parts: after a fit, or loaded. */
function calibratedModel(
  white: WhiteModel,
  names: readonly string[],
  parameters: Float64Array,
  estimates: readonly ParameterEstimate[],
  scatter: number,
  caveats: readonly Caveat[],
  below?: Below,
): Calibrated {
  const learner = `white ${white.name}`
  const model: Calibrated = {
    task: 'regression',
    learner,
    names,
    caveats,
    white,
    parameters,
    estimates,
    scatter,
    ...(below === undefined ? {} : { below }),
    predict(table) {
      sameColumns(model, table)
      return white.predict(table, parameters)
    },
    holds(table) {
      sameColumns(model, table)
      return white.holds?.(table, parameters) ?? new Uint8Array(table.rows).fill(1)
    },
    save: () => ({
      schema: 'halftone/learned/1',
      learner,
      task: 'regression',
      names,
      caveats,
      settings: { grey: 'calibrated', white: white.name, estimates, scatter },
      arrays: { parameters },
    }),
  }
  return model
}

/** The calibrated model that was saved, given the white model that it stands on. Throws a fault where it stands on another. */
export function loadCalibrated(white: WhiteModel, saved: SavedModel): Calibrated {
  if (saved.settings['white'] !== white.name)
    throw new Error(`a calibrated ${String(saved.settings['white'])} was saved, not a ${white.name}`)
  return calibratedModel(
    white,
    saved.names,
    Float64Array.from(saved.arrays['parameters']),
    saved.settings['estimates'] as readonly ParameterEstimate[],
    saved.settings['scatter'] as number,
    saved.caveats,
  )
}

interface Observations {
  readonly table: Table
  readonly rows: Int32Array
  readonly logs: Float64Array
  readonly weights: Float64Array
  predict(table: Table, parameters: Float64Array): Float64Array
}

function observationsOf(white: WhiteModel, parameters: number, samples: Samples, useMeasured: boolean): Observations[] {
  const { features, target, weights, measured } = samples
  const of = (values: Float64Array, weight: number, predict: Observations['predict']): Observations => {
    const rows = Int32Array.from(Array.from(values.keys()).filter((i) => values[i] > 0))
    return {
      table: rows.length === features.rows ? features : takeRows(features, rows),
      rows,
      logs: Float64Array.from(rows, (i) => Math.log(values[i])),
      weights: Float64Array.from(rows, (i) => weight * (weights?.[i] ?? 1)),
      predict,
    }
  }
  const out = [of(target, 1, (table, parameters) => white.predict(table, parameters))]
  if (!useMeasured || measured === undefined) return out
  for (const side of white.side ?? []) {
    const at = measured.names.indexOf(side.column)
    if (at < 0) continue
    // all together they count as few rows: they settle what the target leaves open and do not argue with it
    const share = Math.min(1, parameters / target.length)
    out.push(of(measured.columns[at], share * (side.weight ?? 1), (table, p) => side.predict(table, p)))
  }
  return out
}

function scale({ positive }: Parameter, value: number): number {
  return positive === true ? Math.log(value) : value
}

function unscale({ positive, low, high }: Parameter, z: number): number {
  return Math.min(high, Math.max(low, positive === true ? Math.exp(z) : z))
}

/** Points over the box, drawn towards the prior where there is one: within three spreads of it. */
function startingPoints(
  parameters: readonly Parameter[],
  low: Float64Array,
  high: Float64Array,
  centre: Float64Array,
  count: number,
  rng: Rng,
): Float64Array[] {
  const reach = (i: number): number => (parameters[i].spread === undefined ? Number.POSITIVE_INFINITY : 3 * parameters[i].spread)
  const from = low.map((value, i) => Math.max(value, centre[i] - reach(i)))
  const to = high.map((value, i) => Math.min(value, centre[i] + reach(i)))
  return latinHypercube(from, to, count, rng)
}

/** Root mean square of the errors, wild ones cut at three times the median size, divided by the freedom left. */
function scatterOf(errors: Float64Array, rootWeights: Float64Array, parameters: number): number {
  const sizes = Float64Array.from(errors, Math.abs).sort()
  const cut = 4.5 * Math.max(sizes[sizes.length >> 1], 1e-9)
  let sum = 0
  let weights = 0
  for (let i = 0; i < errors.length; i++) {
    const w = rootWeights[i] ** 2
    sum += w * Math.min(Math.abs(errors[i]), cut) ** 2
    weights += w
  }
  const rows = errors.length
  const freedom = Math.max(rows - parameters, Math.min(rows, 1) * 0.5 * Math.min(rows, parameters + 1) * 0.5)
  return Math.sqrt((sum / Math.max(weights, 1e-300)) * (rows / Math.max(freedom, 0.5)))
}

/**
 * By how much rows that share a configuration count less: 1 + (m − 1)·c with m their mean number and c their correlation, from the variance between and
 * within groups (Kish 1965).
 */
function designEffect(errors: Float64Array, groups: Int32Array): number {
  const count = 1 + groups.reduce((a, b) => Math.max(a, b), 0)
  if (count < 2 || errors.length <= count) return 1
  const sums = new Float64Array(count)
  const sizes = new Float64Array(count)
  errors.forEach((value, i) => {
    sums[groups[i]] += value
    sizes[groups[i]]++
  })
  let within = 0
  let all = 0
  let squares = 0
  errors.forEach((value, i) => {
    within += (value - sums[groups[i]] / sizes[groups[i]]) ** 2
    all += value * value
  })
  for (const size of sizes) squares += size * size
  within /= errors.length - count
  const m = squares / errors.length
  const between = Math.max(0, all / errors.length - within)
  const correlation = between / Math.max(between + within, 1e-300)
  return 1 + (m - 1) * correlation
}

/** Curvature at the optimum: information of the data JᵀJ, of data and priors together, and what each parameter gets of either. */
function estimatesOf(
  parameters: readonly Parameter[],
  z: Float64Array,
  jacobian: Float64Array,
  rows: number,
  low: Float64Array,
  high: Float64Array,
): ParameterEstimate[] {
  const n = parameters.length
  const information = zeroMatrix(n, n)
  for (let k = 0; k < rows; k++)
    for (let a = 0; a < n; a++)
      for (let b = 0; b < n; b++) information.data[a * n + b] += jacobian[k * n + a] * jacobian[k * n + b]
  const prior = parameters.map((p, i) => {
    // no prior: the bounds say as much as a uniform law between them
    const width = Math.max(high[i] - low[i], 1e-12)
    return 1 / Math.min(p.spread ?? Number.POSITIVE_INFINITY, width / Math.sqrt(12)) ** 2
  })
  for (let i = 0; i < n; i++) information.data[i * n + i] += prior[i]
  const variances = inverseDiagonal(information)
  return parameters.map((p, i) => {
    const deviation = Math.sqrt(Math.max(variances[i], 0))
    const width = high[i] - low[i]
    const identified = width <= 0 || variances[i] * prior[i] < 0.5 // a parameter that is given is held
    return {
      name: p.name,
      value: unscale(p, z[i]),
      low: unscale(p, Math.max(low[i], z[i] - Z90 * deviation)),
      high: unscale(p, Math.min(high[i], z[i] + Z90 * deviation)),
      identified,
    }
  })
}

function inverseDiagonal({ rows: n, data }: Matrix): Float64Array {
  const a = data.slice()
  const inverse = new Float64Array(n * n)
  for (let i = 0; i < n; i++) inverse[i * n + i] = 1
  // symmetric and positive definite: no pivoting needed
  for (let k = 0; k < n; k++) {
    const pivot = a[k * n + k]
    for (let j = 0; j < n; j++) {
      a[k * n + j] /= pivot
      inverse[k * n + j] /= pivot
    }
    for (let i = 0; i < n; i++) {
      const factor = a[i * n + k]
      if (i === k || factor === 0) continue
      for (let j = 0; j < n; j++) {
        a[i * n + j] -= factor * a[k * n + j]
        inverse[i * n + j] -= factor * inverse[k * n + j]
      }
    }
  }
  return Float64Array.from({ length: n }, (_, i) => inverse[i * n + i])
}

function caveatsOf(
  parameters: readonly Parameter[],
  z: Float64Array,
  estimates: readonly ParameterEstimate[],
  low: Float64Array,
  high: Float64Array,
): Caveat[] {
  const caveats: Caveat[] = []
  const loose = estimates.filter(({ identified }) => !identified)
  if (loose.length > 0)
    caveats.push(
      caveat(
        'not-identified',
        `the data do not hold ${loose.map(({ name }) => name).join(', ')}: ${loose.length === 1 ? 'it stays' : 'they stay'} near the prior`,
        { numbers: Object.fromEntries(loose.map(({ name, value }) => [name, value])) },
      ),
    )
  parameters.forEach((p, i) => {
    const width = high[i] - low[i]
    if (width > 0 && estimates[i].identified && Math.min(z[i] - low[i], high[i] - z[i]) < 1e-6 * width)
      caveats.push(caveat('at-bound', `${p.name} ended at its bound ${estimates[i].value}`, { path: p.name }))
  })
  return caveats
}
