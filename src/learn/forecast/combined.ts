import { type Caveat, caveat, isRefusal } from '../../model/index.js'
import { normalQuantile } from '../../num/index.js'
import type { Unfit } from '../learner.js'
import { bandQuantile, bandsFrom, collectBands, type ErrorBands, savedBands } from './errorBands.js'
import type { FittedForecaster, Forecast, Forecaster, ForecastRequest, SavedForecaster } from './forecaster.js'
import { bounded, checkRequest, withNoSteps } from './outlook.js'
import { rollOrigins } from './rolling.js'
import { saver, stored } from './stored.js'

export interface CombinedSettings {
  readonly candidates: readonly Forecaster[]
  /** Steps ahead by which candidates are judged; by default the shortest season, or 24. */
  readonly steps?: number
  /** Forecasts within the series by which they are judged, by default 4: the last ones that fit into its second half. */
  readonly origins?: number
  /** `weighted`, the default: all, by how small their errors were; `best`: the one with the least. */
  readonly how?: 'weighted' | 'best'
  /** Weights are errors to the minus this; by default 6. */
  readonly sharpness?: number
}

const [LOW, HIGH] = [0.1, 0.9]
const WIDTH = normalQuantile(HIGH) - normalQuantile(LOW)

/**
 * Several forecasters, judged on the series itself: each is fitted to what came before some earlier origins and compared with what came after; then all are
 * fitted to the whole and either the best answers or all do, weighted by (mean absolute error)^−6. No origin sees what comes after it.
 *
 * Quantiles are those of the weighted middle, set right by its errors at those origins as `conformalForecaster` does. Where the series is too short to judge, all
 * count the same (caveat `not-judged`). Source: Bates and Granger (1969); Stock and Watson (2004) on why weights should not be estimated more finely than this.
 */
export function combinedForecaster(settings: CombinedSettings): Forecaster {
  const { candidates, origins = 4, how = 'weighted', sharpness = 6 } = settings
  if (candidates.length === 0) throw new RangeError('combinedForecaster: no candidate was given')
  return {
    name: how,
    fit(series, options) {
      const count = series.values.length
      const steps = Math.max(1, Math.min(settings.steps ?? series.periods[0] ?? 24, Math.floor(count / 4)))
      const first = Math.max(Math.floor(count / 2), count - steps * origins, 1)
      const every = Math.max(1, Math.floor((count - steps - first) / Math.max(1, origins - 1)))
      const models: FittedForecaster[] = []
      const kept: number[] = []
      let refusal: Unfit | undefined
      candidates.forEach((candidate, c) => {
        const model = candidate.fit(series, { rng: options.rng.stream(`all/${c}`) })
        if (isRefusal(model)) refusal ??= model
        else {
          models.push(model)
          kept.push(c)
        }
      })
      if (models.length === 0) return refusal!

      // what each said at each origin
      const said = kept.map((c, k) => {
        const answers = [
          ...rollOrigins(series, candidates[c], { steps, first, every, levels: [LOW, HIGH] }, options.rng.stream(`judge/${c}`)),
        ]
        options.progress?.((k + 1) / kept.length)
        return answers
      })
      const errors = said.map((answers) => {
        let sum = 0
        let compared = 0
        for (const { origin, answer } of answers) {
          for (let h = 0; h < steps; h++) {
            const value = series.values[origin + h]
            if (Number.isNaN(value)) continue
            if (isRefusal(answer)) return Number.POSITIVE_INFINITY
            sum += Math.abs(value - answer.median[h])
            compared++
          }
        }
        return compared === 0 ? Number.NaN : sum / compared
      })
      const least = Math.min(...errors)
      const judged = Number.isFinite(least)
      let weights = errors.map((error) =>
        !judged
          ? 1
          : how === 'best'
            ? Number(error === least)
            : error === least
              ? 1
              : least === 0
                ? 0
                : (least / error) ** sharpness,
      )
      // of several that are equally good, the first
      if (judged && how === 'best') weights = weights.map((weight, k) => (k === weights.indexOf(1) ? weight : 0))
      const total = weights.reduce((a, b) => a + b, 0)
      weights = weights.map((weight) => weight / total)

      const collected = collectBands()
      if (judged) {
        for (let o = 0; o < said[0].length; o++) {
          const { origin } = said[0][o]
          const answers = said.map((all) => all[o].answer)
          for (let h = 0; h < steps; h++) {
            const value = series.values[origin + h]
            if (Number.isNaN(value)) continue
            let middle = 0
            let spread = 0
            answers.forEach((answer, k) => {
              if (weights[k] === 0 || isRefusal(answer)) return
              middle += weights[k] * answer.median[h]
              spread += (weights[k] * (answer.quantiles[2 * h + 1] - answer.quantiles[2 * h])) / WIDTH
            })
            const error = value - middle
            if (spread > 0) collected.add(origin, h, error / spread)
            else if (error === 0) collected.add(origin, h, 0)
          }
        }
      }
      const bands = collected.close()
      const caveats: Caveat[] = []
      for (const model of models)
        for (const one of model.caveats) if (!caveats.some(({ code }) => code === one.code)) caveats.push(one)
      if (!judged)
        caveats.push(caveat('not-judged', 'the series is too short to compare earlier forecasts: all candidates count the same'))
      const taken = models.map((_, k) => k).filter((k) => weights[k] > 0)
      return fittedCombination(
        {
          schema: 'halftone/forecaster/1',
          forecaster: how,
          caveats,
          settings: {
            bands: bands.bands.length,
            names: taken.map((k) => candidates[kept[k]].name),
            // what each of all candidates scored, for whoever asks why
            judged: judged
              ? kept.map((c, k) => ({
                  name: candidates[c].name,
                  meanAbsoluteError: Number.isFinite(errors[k]) ? errors[k] : null,
                  weight: weights[k],
                }))
              : [],
          },
          arrays: { ...savedBands(bands), weights: Float64Array.from(taken, (k) => weights[k]) },
          parts: taken.map((k) => models[k].save()),
        },
        taken.map((k) => models[k]),
      )
    },
  }
}

/** The model of saved numbers and of the models that it weighs. */
export function fittedCombination(saved: SavedForecaster, models: readonly FittedForecaster[]): FittedForecaster {
  const bands: ErrorBands = bandsFrom(saved)
  const weights = stored(saved).array('weights', models.length)
  return {
    forecaster: saved.forecaster,
    caveats: saved.caveats,
    forecast(request: ForecastRequest): Forecast {
      checkRequest(request)
      const { steps, levels = [], bounds } = request
      const calibrated = bands.bands.length > 0
      const asked = calibrated ? [LOW, HIGH] : levels
      const mean = new Float64Array(steps)
      const median = new Float64Array(steps)
      const theirs = new Float64Array(steps * asked.length)
      models.forEach((model, k) => {
        const one = model.forecast({ steps, levels: asked })
        for (let h = 0; h < steps; h++) {
          mean[h] += weights[k] * one.mean[h]
          median[h] += weights[k] * one.median[h]
        }
        for (let i = 0; i < theirs.length; i++) theirs[i] += weights[k] * one.quantiles[i]
      })
      let quantiles = theirs
      if (calibrated) {
        quantiles = new Float64Array(steps * levels.length)
        for (let h = 0; h < steps; h++) {
          const spread = (theirs[2 * h + 1] - theirs[2 * h]) / WIDTH
          for (let l = 0; l < levels.length; l++)
            quantiles[h * levels.length + l] = median[h] + spread * bandQuantile(bands, h, levels[l])
        }
      }
      const caveats = steps === 0 ? withNoSteps(saved.caveats) : saved.caveats
      return bounded({ mean, median, levels, quantiles, caveats }, bounds)
    },
    save: saver(saved),
  }
}
