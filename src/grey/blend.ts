import {
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
  type Table,
  takeSamples,
  type Unfit,
  unfit,
} from '../learn/index.js'
import { type Caveat, caveat, isRefusal } from '../model/index.js'
import type { Rng } from '../num/index.js'
import { type Calibrated, type CalibrateOptions, calibrate, whiteIssues } from './calibrate.js'
import { growingSplits } from './growing.js'
import { notPositive, onLogScale } from './log-scale.js'
import { nested, partOf } from './nested.js'
import { outside, seenOf } from './outside.js'
import { type Base, faded, logErrors } from './residual.js'
import type { WhiteModel } from './white.js'

export interface BlendOptions extends CalibrateOptions {
  /** Columns along which one asks beyond what was measured; absent: those of the white model. */
  readonly grows?: readonly string[]
  /** Folds of the test inside the data; default 5. */
  readonly folds?: number
  /** Over what distances a correction may fade, of which the tests on larger rows take one; default 0.5, 1 and 2 widths of the data. */
  readonly fades?: readonly number[]
}

/** How one candidate did on rows that it had not seen, and what it counts. */
export interface Judged {
  readonly name: string
  /** Mean |log(y/ŷ)| over held-out folds, and over rows larger than those learned from; absent where the rows allow no such test. */
  readonly inside: number
  readonly beyond?: number
  /** Its weight inside the data and far outside: each set sums to 1. */
  readonly weightInside: number
  readonly weightBeyond: number
}

export interface Blended<White extends Base = Calibrated> extends RegressionModel {
  readonly white: White
  readonly judged: readonly Judged[]
  /** The fade that did best on larger rows. */
  readonly fade: number
  /** 1 for each row with an answer; `predict` gives 0 for the others. */
  holds(table: Table): Uint8Array
}

/**
 * White, black and grey in one, each by how well it did on rows that it had not seen:
 *
 *   log ŷ(x) = Σ_c w_c(x) log ŷ_c(x),   w_c ∝ (held-out error)⁻⁴,   w(x) = e^(−4d) · w_inside + (1 − e^(−4d)) · w_beyond
 *
 * The candidates are the calibrated white model, each learner on the logarithm of the target, and each residual (white times what that learner found missing). d is the distance of x beyond the data, in widths of
 * it. Inside, the errors come from random folds. Beyond, they come from growing splits: learned from the smaller, tested on the larger, along `grows`, with
 * several fades of the residual, of which the best is kept. Where the rows allow no such test, the learners have no say beyond the data: white and residuals share it.
 *
 * Why: which of the three is right depends on the data, and differs inside and outside of them. Picking one by a noisy test is a gamble, weights in steep proportion to held-out accuracy lose
 * little; and errors of opposite sign (theory grows too fast, a forest stays flat) cancel in a mean of logarithms. The power 4 is between an average (0) and picking (∞): half the error, sixteen times the say.
 *
 * `white` may be a learner as well (`perGroup`): it is then fitted as it stands, and `grows` must be said.
 *
 * When it loses: where the best candidate is much the best and few rows were there to show it. Cost: about (folds + 3) times that of all candidates.
 */
export function blend(white: WhiteModel, learners: readonly Regressor[], options?: BlendOptions): Learner<Blended>
export function blend<White extends Base>(
  white: Learner<White>,
  learners: readonly Regressor[],
  options?: BlendOptions,
): Learner<Blended<White>>
export function blend(
  white: WhiteModel | Learner<Base>,
  learners: readonly Regressor[],
  options: BlendOptions = {},
): Learner<Blended<Base>> {
  const name = `blend of ${[white, ...learners].map((one) => one.name).join(', ')}`
  const base: Learner<Base> = 'fit' in white ? white : calibrate(white, options)
  const { folds = 5, fades = [0.5, 1, 2], grows = 'fit' in white ? [] : (white.grows ?? []) } = options
  const blacks = learners.map(onLogScale)
  const names = [base.name, ...learners.map((one) => one.name), ...learners.map((one) => `${base.name} × ${one.name}`)]
  const fitParts = (samples: Samples, rng: Rng): Parts | Unfit => {
    const calibrated = base.fit(samples, { rng: rng.stream('white') })
    if (isRefusal(calibrated)) return calibrated
    const { measured: _, ...rest } = samples
    const target = logErrors(calibrated, samples)
    const blackModels: RegressionModel[] = []
    const corrections: RegressionModel[] = []
    for (const [k, black] of blacks.entries()) {
      const model = black.fit(rest, { rng: rng.stream(`black${k}`) })
      if (isRefusal(model)) return model
      const correction = learners[k].fit({ ...rest, target }, { rng: rng.stream(`residual${k}`) })
      if (isRefusal(correction)) return correction
      blackModels.push(model)
      corrections.push(correction)
    }
    return { white: calibrated, blacks: blackModels, corrections, seen: seenOf(samples.features) }
  }
  return {
    name,
    fit(samples, { rng, progress }) {
      const bad = unfit(samples, 'fit' in white ? notPositive(samples.target) : whiteIssues(white, samples))
      if (bad !== undefined) return bad
      const parts = fitParts(samples, rng.stream('all'))
      if (isRefusal(parts)) return parts
      const rows = samples.features.rows
      const inner = rows < 8 ? [] : kFold(rows, Math.min(folds, rows), rng.stream('folds'))
      const growing = grows
        .filter((column) => samples.features.names.includes(column))
        .slice(0, 1)
        .flatMap((column) => growingSplits(samples.features, column))
      const tests = inner.length + growing.length
      let done = 0
      const test = (splits: readonly Split[], label: string): Map<number, Float64Array> =>
        judge(samples, splits, fades, names.length, (train, k) => {
          progress?.(++done / (tests + 1))
          return fitParts(train, rng.stream(`${label}${k}`))
        })
      const inside = test(inner, 'fold').get(fades[fades.length - 1])
      const beyond = test(growing, 'grow')
      // among the fades, the one under which the residuals together did best on larger rows
      const residuals = (errors: Float64Array): number => errors.slice(1 + learners.length).reduce((a, b) => a + b, 0)
      const fade = beyond.size === 0 ? 1 : fades.reduce((a, b) => (residuals(beyond.get(b)!) < residuals(beyond.get(a)!) ? b : a))
      const far = beyond.get(fade)
      const weightsInside = inside === undefined ? evenly(names.length, () => true) : weightsOf(inside)
      const weightsBeyond = far === undefined ? evenly(names.length, (k) => k === 0 || k > learners.length) : weightsOf(far)
      const judged = names.map((one, k) => ({
        name: one,
        inside: inside?.[k] ?? 0,
        ...(far === undefined ? {} : { beyond: far[k] }),
        weightInside: weightsInside[k],
        weightBeyond: weightsBeyond[k],
      }))
      const caveats = [
        ...parts.white.caveats,
        ...(inside === undefined
          ? [caveat('not-tested', `${rows} rows are too few to hold some out: all candidates count the same`)]
          : []),
        ...(far === undefined
          ? [
              caveat(
                'not-tested-beyond',
                'no test on rows larger than those learned from was possible: beyond the data trust the theory only',
              ),
            ]
          : []),
      ]
      progress?.(1)
      return blended(name, parts, weightsInside, weightsBeyond, fade, judged, caveats)
    },
  }
}

/** The model that `save` wrote; `loadPart` loads the candidates inside it. */
export function loadBlend(saved: SavedModel, loadPart: (saved: SavedModel) => RegressionModel): Blended<Base> {
  const count = savedNumber(saved, 'learners', 0)
  const numbers = (name: string, length?: number): Float64Array => savedArray(saved, name, Float64Array, length)
  const all = (name: string): RegressionModel[] => Array.from({ length: count }, (_, k) => loadPart(partOf(saved, `${name}${k}`)))
  const parts: Parts = {
    white: loadPart(partOf(saved, 'white')),
    blacks: all('black'),
    corrections: all('correction'),
    seen: { low: numbers('low'), high: numbers('high') },
  }
  const [inside, beyond] = ['inside', 'beyond'].map((name) => numbers(name, 1 + 2 * count))
  const judged = saved.settings['judged'] as readonly Judged[]
  return blended(saved.learner, parts, inside, beyond, savedNumber(saved, 'fade'), judged, saved.caveats)
}

interface Parts {
  readonly white: Base
  readonly blacks: readonly RegressionModel[]
  readonly corrections: readonly RegressionModel[]
  readonly seen: ReturnType<typeof seenOf>
}

/** log ŷ of each candidate at each row; the white model's rows without an answer are −∞ everywhere. */
function logsOf({ white, blacks, corrections, seen }: Parts, table: Table, fade: number): Float64Array[] {
  const theory = white.predict(table).map((value) => (value > 0 ? Math.log(value) : Number.NEGATIVE_INFINITY))
  const distance = outside(seen, table)
  return [
    theory,
    ...blacks.map((model) => model.predict(table).map(Math.log)),
    ...corrections.map((model) => model.predict(table).map((value, i) => theory[i] + faded(distance[i], fade) * value)),
  ]
}

/** Mean |log error| of each candidate over all rows tested, by fade; empty where nothing could be tested. */
function judge(
  samples: Samples,
  splits: readonly Split[],
  fades: readonly number[],
  candidates: number,
  make: (train: Samples, k: number) => Parts | Unfit,
): Map<number, Float64Array> {
  const sums = new Map(fades.map((fade) => [fade, new Float64Array(candidates)]))
  let weight = 0
  splits.forEach(({ train, test }, k) => {
    const parts = make(takeSamples(samples, train), k)
    if (isRefusal(parts)) return
    const tested = takeSamples(samples, test)
    for (const [fade, sum] of sums)
      logsOf(parts, tested.features, fade).forEach((logs, c) => {
        let total = 0
        // an answer off by more than a factor of 20, or none, counts as a factor of 20
        logs.forEach((value, i) => {
          total += Math.min(Math.abs(Math.log(tested.target[i]) - value), Math.log(20))
        })
        sum[c] += total / test.length
      })
    weight++
  })
  if (weight === 0) return new Map()
  for (const sum of sums.values()) for (let c = 0; c < candidates; c++) sum[c] /= weight
  return sums
}

function weightsOf(errors: Float64Array): Float64Array {
  const least = Math.max(
    errors.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY),
    1e-9,
  )
  const raw = errors.map((error) => (least / Math.max(error, least)) ** 4)
  const sum = raw.reduce((a, b) => a + b, 0)
  return raw.map((value) => value / sum)
}

function evenly(count: number, has: (k: number) => boolean): Float64Array {
  const raw = Float64Array.from({ length: count }, (_, k) => (has(k) ? 1 : 0))
  const sum = raw.reduce((a, b) => a + b, 0)
  return raw.map((value) => value / sum)
}

function blended(
  learner: string,
  parts: Parts,
  inside: Float64Array,
  beyond: Float64Array,
  fade: number,
  judged: readonly Judged[],
  caveats: readonly Caveat[],
): Blended<Base> {
  const { white, seen } = parts
  const model: Blended<Base> = {
    task: 'regression',
    learner,
    names: white.names,
    caveats,
    white,
    judged,
    fade,
    predict(table) {
      sameColumns(model, table)
      const logs = logsOf(parts, table, fade)
      const distance = outside(seen, table)
      return Float64Array.from({ length: table.rows }, (_, i) => {
        if (logs[0][i] === Number.NEGATIVE_INFINITY) return 0
        const near = Math.exp(-4 * distance[i])
        let sum = 0
        for (let c = 0; c < logs.length; c++) sum += (near * inside[c] + (1 - near) * beyond[c]) * logs[c][i]
        return Math.exp(sum)
      })
    },
    holds: (table) => white.holds?.(table) ?? new Uint8Array(table.rows).fill(1),
    save: () =>
      nested(
        model,
        {
          white,
          ...Object.fromEntries(parts.blacks.map((one, k) => [`black${k}`, one])),
          ...Object.fromEntries(parts.corrections.map((one, k) => [`correction${k}`, one])),
        },
        { grey: 'blend', learners: parts.blacks.length, fade, judged },
        { inside, beyond, low: seen.low, high: seen.high },
      ),
  }
  return model
}
