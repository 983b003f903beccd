import {
  type FitOptions,
  groupedFold,
  holdOut,
  kFold,
  type Learner,
  type RegressionModel,
  type Regressor,
  type Samples,
  type SavedModel,
  type Split,
  sameColumns,
  savedArray,
  savedNumber,
  savedWord,
  type Table,
  takeRows,
  takeSamples,
  type Unfit,
  unfit,
} from '../learn/index.js'
import { type Caveat, caveat, isRefusal, refuse } from '../model/index.js'
import type { Rng } from '../num/index.js'
import { groupsOf } from './groups.js'
import { growingSplits } from './growing.js'
import { nested, partOf } from './nested.js'
import { outside, type Seen, seenOf } from './outside.js'

export type ConformalMethod = 'split' | 'cv' | 'cv+' | 'jackknife+'

export interface ConformalOptions {
  /** Share of new rows that the interval is to cover; default 0.9. */
  readonly level?: number
  /**
   * `cv`: every row is foreseen by a model of the other folds; the interval is those errors around the model of all rows (default below 1,000 rows).
   * `split`: errors on a held-out part, which the model that answers has not seen either (default from 1,000 rows on).
   * `cv+`: as `cv`, but around what the models of the folds say of the new row, with a guarantee and wider; `jackknife+`: cv+ with a fold a row.
   */
  readonly method?: ConformalMethod
  /** Folds of `cv` and `cv+`; default 20: with fewer the models of the folds know less than the one that answers, and intervals come out wide. Share held out by `split`; default 0.25. */
  readonly folds?: number
  readonly heldOut?: number
  /** `factor`: errors of log y, so an interval is ŷ divided and multiplied (default where all targets are positive). `difference`: errors of y. */
  readonly scale?: 'factor' | 'difference'
  /** Learns how large errors are where, so that intervals are wide only where they must be; absent: one width for all. */
  readonly spread?: Regressor
  /** Columns that name a configuration whose rows belong together: held-out parts then hold whole configurations, and the interval is that of a new one. */
  readonly configuration?: readonly string[]
  /** A column of size: rows beyond the data get the errors of growing splits (learned from smaller, tested on larger) where those are larger. */
  readonly grows?: string
}

/** Predicts a number a row and an interval around it. */
export interface IntervalModel extends RegressionModel {
  readonly level: number
  readonly model: RegressionModel
  interval(table: Table): { readonly low: Float64Array; readonly high: Float64Array }
}

/**
 * A learner with intervals that cover what they say they do, whatever the learner: their width comes from its errors on rows that it did not see.
 *
 *   split:  ŷ(x) ± s(x) · q,   q the ⌈(n + 1)·level⌉-th smallest of |yᵢ − ŷ(xᵢ)| / s(xᵢ) over n held-out rows
 *   cv:     the same with the errors of models that did not see row i, around the model of all rows
 *   cv+:    from the ⌈(n + 1)·level⌉-th largest of ŷ₋ᵢ(x) − s(x)Rᵢ to the ⌈(n + 1)·level⌉-th smallest of ŷ₋ᵢ(x) + s(x)Rᵢ, with ŷ₋ᵢ and Rᵢ of the models that did not see row i
 *
 * Holds on average over samples where new rows come like the old ones (exchangeable): split covers at least `level` and at most level + 1/(n + 1). cv covers `level` as far as a model of all rows errs as much as
 * one that lacks a twentieth of them: a little more where rows still teach much, and without a guarantee for learners that jump when one row is left out. cv+ covers at least 2·level − 1 whatever the learner, and too much
 * where the models of the folds differ (few rows a group): its interval holds both their errors and their disagreement, of which those errors are already made.
 * It does not hold beyond the data; `grows` then widens by what growing splits showed, without a promise.
 *
 * Refuses where fewer rows are held out than a finite interval needs: n + 1 ≥ 1/(1 − level), 9 rows for 0.9.
 *
 * Source: Vovk, Gammerman and Shafer (2005); Lei et al. (2018, split, scaled); Barber, Candès, Ramdas and Tibshirani (2021, jackknife, jackknife+, CV+).
 */
export function conformal(learner: Regressor, options: ConformalOptions = {}): Learner<IntervalModel> {
  const { level = 0.9 } = options
  const name = `${learner.name} with ${Math.round(level * 100)} % intervals`
  return { name, fit: (samples, fitOptions) => fitted(name, learner, level, options, samples, fitOptions) }
}

/** The ⌈(n + 1)·level⌉-th smallest of n scores: what the next score stays below with probability `level`; undefined where n is too small for that. */
export function conformalQuantile(scores: Float64Array, level: number): number | undefined {
  const rank = Math.ceil((scores.length + 1) * level - 1e-9)
  return rank > scores.length ? undefined : Float64Array.from(scores).sort()[Math.max(rank, 1) - 1]
}

function fitted(
  name: string,
  learner: Regressor,
  level: number,
  options: ConformalOptions,
  samples: Samples,
  { rng, progress }: FitOptions,
): IntervalModel | Unfit {
  const bad = unfit(samples)
  if (bad !== undefined) return bad
  const rows = samples.features.rows
  const factor = (options.scale ?? (samples.target.every((value) => value > 0) ? 'factor' : 'difference')) === 'factor'
  if (factor && samples.target.some((value) => value <= 0))
    return { ...refuse('unsupported', 'intervals by factors need positive targets'), issues: [] }
  const method = options.method ?? (rows < 1000 ? 'cv' : 'split')
  const groups = options.configuration === undefined ? undefined : groupsOf(samples.features, options.configuration)
  const splits = splitsOf(method, rows, groups, options, rng.stream('splits'))
  const held = splits.reduce((sum, { test }) => sum + test.length, 0)
  if (conformalQuantile(new Float64Array(held), level) === undefined)
    return {
      ...refuse('no-data', `${held} held-out rows are too few for ${level * 100} % intervals`, { heldOut: held, level }),
      issues: [],
    }
  // an answer at or below 0 has no logarithm: it counts as a twentieth of the smallest target
  const floor = factor ? samples.target.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY) / 20 : 0
  const scale = (value: number): number => (factor ? Math.log(Math.max(value, floor)) : value)
  const models: RegressionModel[] = []
  const modelOf = new Int32Array(held)
  const errors = new Float64Array(held)
  const rowOf = new Int32Array(held)
  let at = 0
  for (const [k, { train, test }] of splits.entries()) {
    const model = learner.fit(takeSamples(samples, train), { rng: rng.stream(`fold${k}`) })
    if (isRefusal(model)) return model
    const answers = model.predict(takeRows(samples.features, test))
    test.forEach((row, i) => {
      modelOf[at] = k
      rowOf[at] = row
      errors[at++] = scale(samples.target[row]) - scale(answers[i])
    })
    models.push(model)
    progress?.((0.8 * (k + 1)) / splits.length)
  }
  // split keeps the model of its part; the others fit one to all rows for the middle
  const middle = method === 'split' ? models[0] : learner.fit(samples, { rng: rng.stream('all') })
  if (isRefusal(middle)) return middle
  const spread =
    options.spread === undefined ? undefined : spreadOf(options.spread, samples, rowOf, errors, modelOf, splits.length, rng)
  if (spread !== undefined && isRefusal(spread)) return spread
  const sizes = spread?.sizes ?? new Float64Array(held).fill(1)
  const scores = errors.map((error, i) => Math.abs(error) / sizes[i])
  const beyond = beyondFactor(learner, level, samples, options.grows, scores, scale, rng.stream('beyond'))
  progress?.(1)
  return intervalModel({
    name,
    level,
    factor,
    method,
    middle,
    models: method === 'split' || method === 'cv' ? [] : models,
    modelOf,
    scores,
    spread: spread?.inner,
    seen: seenOf(samples.features),
    beyond,
    floor,
  })
}

function splitsOf(
  method: ConformalMethod,
  rows: number,
  groups: Int32Array | undefined,
  { folds = 20, heldOut = 0.25 }: ConformalOptions,
  rng: Rng,
): Split[] {
  if (rows < 2) return []
  const codes = groups === undefined ? rows : new Set(groups).size
  if (codes < 2) return []
  if (method === 'split') {
    if (groups === undefined) return [holdOut(rows, heldOut, rng)]
    const parts = Math.min(codes, Math.max(2, Math.round(1 / heldOut)))
    return groupedFold(groups, parts, rng).slice(0, 1)
  }
  const count = method === 'jackknife+' ? codes : Math.min(folds, codes)
  return groups === undefined ? kFold(rows, count, rng) : groupedFold(groups, count, rng)
}

/**
 * How large errors are where: a learner of log(|error| + a tenth of the median), asked about each held-out row by a model that did not see its error. Errors of
 * fewer than 40 rows, or of a single split (whose rows would have to be parted once more), are learned with 5 random folds.
 */
function spreadOf(
  learner: Regressor,
  samples: Samples,
  rowOf: Int32Array,
  errors: Float64Array,
  modelOf: Int32Array,
  parts: number,
  rng: Rng,
): { inner: RegressionModel; sizes: Float64Array } | Unfit {
  const absolute = errors.map(Math.abs)
  const floor = Math.max(0.1 * Float64Array.from(absolute).sort()[absolute.length >> 1], 1e-9)
  const table = takeRows(samples.features, rowOf)
  const target = absolute.map((value) => Math.log(value + floor))
  const folds =
    parts >= 3
      ? Array.from({ length: parts }, (_, k) => partition(modelOf, k))
      : kFold(absolute.length, Math.min(5, absolute.length), rng.stream('spread folds'))
  const sizes = new Float64Array(absolute.length).fill(1)
  for (const [k, { train, test }] of folds.entries()) {
    const model = learner.fit(takeSamples({ features: table, target }, train), { rng: rng.stream(`spread${k}`) })
    if (isRefusal(model)) return model
    model.predict(takeRows(table, test)).forEach((value, i) => {
      sizes[test[i]] = Math.exp(value)
    })
  }
  const whole = learner.fit({ features: table, target }, { rng: rng.stream('spread') })
  if (isRefusal(whole)) return whole
  return { inner: whole, sizes }
}

function partition(codes: Int32Array, code: number): Split {
  const rows = Array.from(codes.keys())
  return {
    train: Int32Array.from(rows.filter((i) => codes[i] !== code)),
    test: Int32Array.from(rows.filter((i) => codes[i] === code)),
  }
}

/** By how much wider errors were on rows larger than those learned from, at this level, than on rows like them; at least 1. 0: no such test was possible. */
function beyondFactor(
  learner: Regressor,
  level: number,
  samples: Samples,
  column: string | undefined,
  scores: Float64Array,
  scale: (value: number) => number,
  rng: Rng,
): number {
  if (column === undefined) return 0
  const found: number[] = []
  growingSplits(samples.features, column).forEach(({ train, test }, k) => {
    const model = learner.fit(takeSamples(samples, train), { rng: rng.stream(`${k}`) })
    if (isRefusal(model)) return
    const answers = model.predict(takeRows(samples.features, test))
    for (const [i, row] of test.entries()) found.push(Math.abs(scale(samples.target[row]) - scale(answers[i])))
  })
  const far = conformalQuantile(Float64Array.from(found), level)
  const near = conformalQuantile(scores, level)
  return far === undefined || near === undefined || near <= 0 ? 0 : Math.max(1, far / near)
}

/** The model that `save` wrote; `loadPart` loads the models inside it. */
export function loadConformal(saved: SavedModel, loadPart: (saved: SavedModel) => RegressionModel): IntervalModel {
  const part = (name: string): RegressionModel => loadPart(partOf(saved, name))
  const { factor, spreads } = saved.settings
  return intervalModel({
    name: saved.learner,
    level: savedNumber(saved, 'level', 0, 1),
    factor: factor === true,
    method: savedWord(saved, 'method', ['split', 'cv', 'cv+', 'jackknife+']),
    middle: part('middle'),
    models: Array.from({ length: savedNumber(saved, 'folds', 0) }, (_, k) => part(`fold${k}`)),
    modelOf: savedArray(saved, 'modelOf', Int32Array),
    scores: savedArray(saved, 'scores', Float64Array),
    spread: spreads === true ? part('spread') : undefined,
    seen: { low: savedArray(saved, 'low', Float64Array), high: savedArray(saved, 'high', Float64Array) },
    beyond: savedNumber(saved, 'beyond', 0),
    floor: savedNumber(saved, 'floor'),
  })
}

interface Pieces {
  readonly name: string
  readonly level: number
  readonly factor: boolean
  readonly method: ConformalMethod
  readonly middle: RegressionModel
  readonly models: readonly RegressionModel[]
  readonly modelOf: Int32Array
  readonly scores: Float64Array
  /** Foresees the logarithm of the size of errors. */
  readonly spread: RegressionModel | undefined
  readonly seen: Seen
  readonly beyond: number
  readonly floor: number
}

function intervalModel(pieces: Pieces): IntervalModel {
  const { name, level, factor, method, middle, models, modelOf, scores, spread, seen, beyond, floor } = pieces
  const scale = (value: number): number => (factor ? Math.log(Math.max(value, floor)) : value)
  const back = (value: number): number => (factor ? Math.exp(value) : value)
  const caveats: Caveat[] = [
    ...middle.caveats,
    caveat(
      'interval',
      `intervals from ${scores.length} held-out errors (${method})${beyond > 1 ? `, ${beyond.toPrecision(2)} times as wide beyond the data` : ''}`,
    ),
  ]
  const model: IntervalModel = {
    task: 'regression',
    learner: name,
    names: middle.names,
    caveats,
    level,
    model: middle,
    predict(table) {
      sameColumns(model, table)
      return middle.predict(table)
    },
    interval(table) {
      sameColumns(model, table)
      const n = scores.length
      const rank = Math.min(n, Math.ceil((n + 1) * level - 1e-9))
      const sizes = spread?.predict(table).map(Math.exp) ?? new Float64Array(table.rows).fill(1)
      const far = outside(seen, table)
      const centre = middle.predict(table)
      const answers = models.map((one) => one.predict(table))
      const width = conformalQuantile(scores, level) ?? 0
      const low = new Float64Array(table.rows)
      const high = new Float64Array(table.rows)
      const from = new Float64Array(n)
      const to = new Float64Array(n)
      for (let i = 0; i < table.rows; i++) {
        // no answer, no interval
        if (factor && !(centre[i] > 0)) continue
        const wider = sizes[i] * (far[i] > 0 && beyond > 1 ? beyond : 1)
        if (models.length === 0) {
          low[i] = back(scale(centre[i]) - wider * width)
          high[i] = back(scale(centre[i]) + wider * width)
          continue
        }
        for (let k = 0; k < n; k++) {
          const said = scale(answers[modelOf[k]][i])
          from[k] = said - wider * scores[k]
          to[k] = said + wider * scores[k]
        }
        from.sort()
        to.sort()
        // the interval always holds the answer
        low[i] = Math.min(back(from[n - rank]), centre[i])
        high[i] = Math.max(back(to[rank - 1]), centre[i])
      }
      return { low, high }
    },
    save: () =>
      nested(
        model,
        {
          middle,
          ...Object.fromEntries(models.map((one, k) => [`fold${k}`, one])),
          ...(spread === undefined ? {} : { spread }),
        },
        { grey: 'conformal', level, factor, method, beyond, floor, folds: models.length, spreads: spread !== undefined },
        { scores, modelOf, low: seen.low, high: seen.high },
      ),
  }
  return model
}
