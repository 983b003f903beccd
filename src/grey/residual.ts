import {
  type Learner,
  type RegressionModel,
  type Regressor,
  type Samples,
  type SavedModel,
  sameColumns,
  savedArray,
  savedNumber,
  type Table,
} from '../learn/index.js'
import { type Caveat, isRefusal } from '../model/index.js'
import { type CalibrateOptions, calibrate } from './calibrate.js'
import { nested, partOf } from './nested.js'
import { outside, type Seen, seenOf } from './outside.js'
import type { WhiteModel } from './white.js'

export interface ResidualOptions extends CalibrateOptions {
  /**
   * Over what distance beyond the data the learned correction fades to none, in widths of the data: at distance d it counts exp(−d/fade). ∞ never fades, 0
   * keeps the white model alone outside. Default 1.
   */
  readonly fade?: number
}

/** What is corrected: a calibrated white model, or anything else that foresees positive numbers. */
export type Base = RegressionModel & { holds?(table: Table): Uint8Array }

/** A white model with a learned correction. */
export interface Corrected extends RegressionModel {
  readonly white: Base
  readonly correction: RegressionModel
  readonly fade: number
  /** 1 for each row with an answer; `predict` gives 0 for the others. */
  holds(table: Table): Uint8Array
}

/**
 * A calibrated white model times what a learner found that it misses:
 *
 *   ŷ(x) = white(x) · exp(w(x) · g(x)),   g fitted to log(y / white),   w = exp(−distance beyond the data / fade)
 *
 * By factors, since times are positive and errors of times are relative. Outside the data the correction fades, since there the learner has seen nothing.
 * When it loses: where the white model is wrong beyond the data and the learner would have been right (all but flat), and where rows are too few to learn from.
 * Where the white model has no answer (unstable), there is none.
 *
 * Where physics says which way the answer goes (`white.monotone`: load up, wait never down), hand a function from those constraints to a learner that keeps them: `(monotone) => forest({ monotone })`.
 * Along such columns the correction then does not fade but stays as it was at the edge, so the product of two that rise, rises: everywhere, exactly.
 */
export function residual(
  white: WhiteModel | Regressor,
  learner: Regressor | ((monotone: Readonly<Record<string, 1 | -1>>) => Regressor),
  options: ResidualOptions = {},
): Learner<Corrected> {
  const base: Regressor = 'fit' in white ? white : calibrate(white, options)
  const fade = options.fade ?? 1
  const monotone = typeof learner === 'function' && 'columns' in white ? (white.monotone ?? {}) : {}
  const corrector = typeof learner === 'function' ? learner(monotone) : learner
  const name = `${base.name} × ${corrector.name}`
  return {
    name,
    fit(samples, { rng, progress }) {
      const calibrated = base.fit(samples, { rng: rng.stream('white') })
      if (isRefusal(calibrated)) return calibrated
      progress?.(0.5)
      const target = logErrors(calibrated, samples)
      const { measured: _, ...rest } = samples
      const correction = corrector.fit({ ...rest, target }, { rng: rng.stream('residual') })
      if (isRefusal(correction)) return correction
      progress?.(1)
      return correctedModel(
        name,
        calibrated,
        correction,
        fade,
        boundless(seenOf(samples.features), samples.features.names, monotone),
      )
    },
  }
}

/** The model that `save` wrote; `loadPart` loads the two inside it. */
export function loadResidual(saved: SavedModel, loadPart: (saved: SavedModel) => RegressionModel): Corrected {
  const seen = { low: savedArray(saved, 'low', Float64Array), high: savedArray(saved, 'high', Float64Array) }
  const fade = saved.settings['endless'] === true ? Number.POSITIVE_INFINITY : savedNumber(saved, 'fade', 0)
  const [white, correction] = ['white', 'correction'].map((name) => loadPart(partOf(saved, name)))
  return correctedModel(saved.learner, white, correction, fade, seen)
}

/** The box without walls along the columns named: no distance is counted there. */
function boundless({ low, high }: Seen, names: readonly string[], columns: Readonly<Record<string, unknown>>): Seen {
  const free = (c: number): boolean => Object.hasOwn(columns, names[c])
  return {
    low: low.map((value, c) => (free(c) ? -Number.MAX_VALUE : value)),
    high: high.map((value, c) => (free(c) ? Number.MAX_VALUE : value)),
  }
}

/** log(observed / foreseen) a row; 0 where the white model has no answer. */
export function logErrors(model: { predict(table: Table): Float64Array }, { features, target }: Samples): Float64Array {
  const answers = model.predict(features)
  return target.map((value, i) => (answers[i] > 0 ? Math.log(value / answers[i]) : 0))
}

function correctedModel(learner: string, white: Base, correction: RegressionModel, fade: number, seen: Seen): Corrected {
  const caveats: Caveat[] = [
    ...white.caveats,
    ...correction.caveats.filter(({ code }) => !white.caveats.some((one) => one.code === code)),
  ]
  const model: Corrected = {
    task: 'regression',
    learner,
    names: white.names,
    caveats,
    white,
    correction,
    fade,
    predict(table) {
      sameColumns(model, table)
      const out = white.predict(table)
      const logs = correction.predict(table)
      const distance = outside(seen, table)
      for (let i = 0; i < out.length; i++) out[i] *= Math.exp(faded(distance[i], fade) * logs[i])
      return out
    },
    holds: (table) => white.holds?.(table) ?? new Uint8Array(table.rows).fill(1),
    save: (): SavedModel =>
      nested(
        model,
        { white, correction },
        // a saved number is finite
        { grey: 'residual', ...(Number.isFinite(fade) ? { fade } : { endless: true }) },
        { low: seen.low, high: seen.high },
      ),
  }
  return model
}

/** exp(−distance / fade), 1 inside the data. */
export function faded(distance: number, fade: number): number {
  if (distance <= 0) return 1
  return fade <= 0 ? 0 : Math.exp(-distance / fade)
}
