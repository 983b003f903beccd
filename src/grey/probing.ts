import {
  type ClassificationModel,
  type Classifier,
  type RegressionModel,
  type Regressor,
  type Samples,
  sameColumns,
  takeSamples,
} from '../learn/index.js'
import { isRefusal } from '../model/index.js'
import { type CalibratedLearner, type CalibrateOptions, calibrate } from './calibrate.js'
import { onLogScale } from './log-scale.js'
import { nested } from './nested.js'
import { logErrors } from './residual.js'
import type { WhiteModel } from './white.js'

export interface ProbingOptions extends CalibrateOptions {
  /** A white model is good enough at a row where it is off by less than this share; default 0.15. Swept from 0.1 to 0.3 where it matters. */
  readonly tolerance?: number
  /** Fewer rows than this on either side are not learned from: then one model answers for all. Default 5. */
  readonly leastRows?: number
}

/**
 * Probing: where is the white model good enough? A classifier learns it from the rows, a learner is fitted to the rows where it is not, and each query goes to the one or the other.
 *
 * The learner sees few rows and only the hard ones, so it is small; it is fitted on the logarithm of the target. Where the white model errs nowhere it answers alone, where it errs
 * everywhere the learner does. When it loses: where the white model is off by about the tolerance everywhere, the border is noise; a residual uses what the white model knows there, this does not.
 *
 * Source: Didona, Quaglia, Romano and Torre, ICPE 2015.
 */
export function probing(
  white: WhiteModel | CalibratedLearner,
  learner: Regressor,
  classifier: Classifier,
  options: ProbingOptions = {},
): Regressor {
  const base = 'fit' in white ? white : calibrate(white, options)
  const { tolerance = 0.15, leastRows = 5 } = options
  const black = onLogScale(learner)
  const name = `probing ${base.name}, else ${learner.name}`
  return {
    name,
    fit(samples, { rng, progress }) {
      const calibrated = base.fit(samples, { rng: rng.stream('white') })
      if (isRefusal(calibrated)) return calibrated
      progress?.(0.3)
      const answers = calibrated.predict(samples.features)
      const errors = logErrors(calibrated, samples)
      const bad = Array.from(errors.keys()).filter((i) => !(answers[i] > 0) || Math.abs(errors[i]) > Math.log1p(tolerance))
      if (bad.length < leastRows) return routed(name, calibrated, undefined, undefined, samples)
      const few = samples.features.rows - bad.length < leastRows
      const hard = black.fit(few ? samples : takeSamples(samples, bad), { rng: rng.stream('learner') })
      if (isRefusal(hard)) return hard
      progress?.(0.7)
      if (few) return routed(name, undefined, hard, undefined, samples)
      const wrong = new Float64Array(samples.features.rows)
      for (const i of bad) wrong[i] = 1
      const gate = classifier.fit({ features: samples.features, target: wrong }, { rng: rng.stream('classifier') })
      if (isRefusal(gate)) return gate
      progress?.(1)
      return routed(name, calibrated, hard, gate, samples)
    },
  }
}

/** A gate of class 0 sends rows to the white model, of class 1 to the learner; without a gate there is one of the two. */
function routed(
  learner: string,
  white: RegressionModel | undefined,
  hard: RegressionModel | undefined,
  gate: ClassificationModel | undefined,
  { features }: Samples,
): RegressionModel {
  const model: RegressionModel = {
    task: 'regression',
    learner,
    names: features.names,
    caveats: [...(white?.caveats ?? []), ...(hard?.caveats ?? [])],
    predict(table) {
      sameColumns(model, table)
      if (white === undefined || hard === undefined || gate === undefined) return (white ?? hard)!.predict(table)
      const out = white.predict(table)
      const others = hard.predict(table)
      // where the white model has no answer there is none: a learner does not make a queue stable
      gate.predict(table).forEach((wrong, i) => {
        if (wrong === 1 && out[i] > 0) out[i] = others[i]
      })
      return out
    },
    save: () =>
      nested(model, {
        ...(white === undefined ? {} : { white }),
        ...(hard === undefined ? {} : { hard }),
        ...(gate === undefined ? {} : { gate }),
      }),
  }
  return model
}
