import { type RegressionModel, type Regressor, type Samples, sameColumns, type Unfit } from '../learn/index.js'
import { type Caveat, isRefusal } from '../model/index.js'
import { type Calibrated, type CalibratedLearner, calibrate } from './calibrate.js'
import { nested } from './nested.js'
import { outside, seenOf } from './outside.js'
import { faded, logErrors, type ResidualOptions } from './residual.js'
import type { WhiteModel } from './white.js'

/**
 * HyBoost: learners stacked on a white model, each on what the ones before it left over.
 *
 *   log ŷ = log f₀ + w·(f₁ + f₂ + …),   f₀ white,  fᵢ fitted to log(y / what stands so far)
 *
 * With one learner this is `residual`. Stages that see their own leftovers soon have nothing left to learn: put coarse learners first (ridge), fine ones last.
 * `fade` as for `residual`. When it loses: with few rows the later stages learn noise.
 *
 * Source: Didona, Quaglia, Romano and Torre, ICPE 2015.
 */
export function hyBoost(
  white: WhiteModel | CalibratedLearner,
  learners: readonly Regressor[],
  options: ResidualOptions = {},
): Regressor {
  const base = 'fit' in white ? white : calibrate(white, options)
  const fade = options.fade ?? 1
  const name = `hyboost of ${[base, ...learners].map((one) => one.name).join(' + ')}`
  return {
    name,
    fit(samples, { rng, progress }) {
      const calibrated = base.fit(samples, { rng: rng.stream('white') })
      if (isRefusal(calibrated)) return calibrated
      const { measured: _, ...rest } = samples
      const stages: RegressionModel[] = []
      let left = logErrors(calibrated, samples)
      for (const [k, learner] of learners.entries()) {
        const stage = learner.fit({ ...rest, target: left }, { rng: rng.stream(`stage${k}`) })
        if (isRefusal(stage)) return stage
        const said = stage.predict(samples.features)
        left = left.map((value, i) => value - said[i])
        stages.push(stage)
        progress?.((k + 1) / learners.length)
      }
      return stacked(name, calibrated, stages, fade, samples)
    },
  }
}

function stacked(
  learner: string,
  white: Calibrated,
  stages: readonly RegressionModel[],
  fade: number,
  { features }: Samples,
): RegressionModel | Unfit {
  const seen = seenOf(features)
  const caveats: Caveat[] = [...white.caveats, ...stages.flatMap((stage) => stage.caveats)]
  const model: RegressionModel = {
    task: 'regression',
    learner,
    names: white.names,
    caveats: caveats.filter(({ code }, i) => caveats.findIndex((one) => one.code === code) === i),
    predict(table) {
      sameColumns(model, table)
      const out = white.predict(table)
      const distance = outside(seen, table)
      const logs = new Float64Array(table.rows)
      for (const stage of stages) {
        const said = stage.predict(table)
        for (let i = 0; i < logs.length; i++) logs[i] += said[i]
      }
      for (let i = 0; i < out.length; i++) out[i] *= Math.exp(faded(distance[i], fade) * logs[i])
      return out
    },
    save: () =>
      nested(
        model,
        { white, ...Object.fromEntries(stages.map((stage, k) => [`stage${k}`, stage])) },
        { fade, stages: stages.length },
        { low: seen.low, high: seen.high },
      ),
  }
  return model
}
