import { type Caveat, type Issue, type Refusal, refuse } from '../model/index.js'
import type { Rng } from '../num/index.js'
import { type Samples, samplesIssues, type Table } from './table.js'

/** What a fit may use besides the samples. */
export interface FitOptions {
  /** Randomness: same samples, same stream, same model, byte for byte. */
  readonly rng: Rng
  /** Called now and then with the share done, 0 to 1. */
  readonly progress?: (share: number) => void
}

/** A refusal to fit with all that is wrong about the samples. */
export interface Unfit extends Refusal {
  readonly issues: readonly Issue[]
}

/** What every fitted model is: it answers for tables with the same columns in the same order, and can be saved. */
export interface FittedModel {
  /** The learner that made it, by name. */
  readonly learner: string
  /** The columns it was fitted on, in order. */
  readonly names: readonly string[]
  /** What to keep in mind about it: `constant-target`, `constant-feature`, `few-rows` … */
  readonly caveats: readonly Caveat[]
  /** The model as numbers and typed arrays, which `save.ts` writes as JSON or bytes and loads again. */
  save(): SavedModel
}

/** Predicts a number a row. */
export interface RegressionModel extends FittedModel {
  readonly task: 'regression'
  predict(table: Table): Float64Array
}

/** Predicts a class a row. */
export interface ClassificationModel extends FittedModel {
  readonly task: 'classification'
  /** Codes of the classes, ascending. */
  readonly classes: Float64Array
  /** The code of the likeliest class of each row. */
  predict(table: Table): Float64Array
  /** Row-major, rows × classes; each row sums to 1. */
  probabilities(table: Table): Float64Array
}

/** Predicts quantiles of a number a row. */
export interface QuantileModel extends FittedModel {
  readonly task: 'quantile'
  /** Levels in (0, 1), ascending. */
  readonly levels: readonly number[]
  /** Row-major, rows × levels; ascending within a row. */
  quantiles(table: Table): Float64Array
}

/** A fitted model without behaviour. `arrays` hold the bulk, `settings` the rest; all finite. */
export interface SavedModel {
  readonly schema: 'halftone/learned/1'
  readonly learner: string
  readonly task: 'regression' | 'classification' | 'quantile'
  readonly names: readonly string[]
  readonly caveats: readonly Caveat[]
  readonly settings: Readonly<Record<string, unknown>>
  readonly arrays: Readonly<Record<string, Float64Array | Float32Array | Int32Array | Uint8Array>>
}

/**
 * One contract for all that learn from samples: settings are given when the learner is made, `fit` is a function of samples and randomness.
 * The laws that hold for every learner are in `test/contracts/learners`.
 */
export interface Learner<Model extends FittedModel = FittedModel> {
  readonly name: string
  fit(samples: Samples, options: FitOptions): Model | Unfit
}

export type Regressor = Learner<RegressionModel>
export type Classifier = Learner<ClassificationModel>
export type QuantileRegressor = Learner<QuantileModel>

/** The refusal for samples that cannot be learned from, with all issues; undefined where there is none. */
export function unfit(samples: Samples, more: readonly Issue[] = []): Unfit | undefined {
  const issues = [...samplesIssues(samples), ...more]
  if (issues.length === 0) return undefined
  const first = issues[0]!
  const others = issues.length > 1 ? ` (and ${issues.length - 1} more)` : ''
  return { ...refuse('no-data', `${first.place}: ${first.message}${others}`), issues }
}

/** Throws a fault when a table is not of the columns that the model was fitted on: a bug of the caller, not of the data. */
export function sameColumns(model: Pick<FittedModel, 'learner' | 'names'>, table: Table): void {
  const same = table.names.length === model.names.length && table.names.every((name, c) => name === model.names[c])
  if (!same)
    throw new Error(`${model.learner}: fitted on columns ${model.names.join(', ')}; asked about ${table.names.join(', ')}`)
}
