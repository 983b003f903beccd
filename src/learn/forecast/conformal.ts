import { type Caveat, caveat, isRefusal } from '../../model/index.js'
import { normalQuantile } from '../../num/index.js'
import { bandQuantile, bandsFrom, collectBands, savedBands } from './errorBands.js'
import type { FittedForecaster, Forecaster, ForecastRequest, SavedForecaster } from './forecaster.js'
import { bounded, checkRequest, withNoSteps } from './outlook.js'
import { rollOrigins } from './rolling.js'
import { saver } from './stored.js'

export interface ConformalSettings {
  /** Steps ahead that are calibrated; further ones take what the last have. By default the shortest season, or 24. */
  readonly steps?: number
  /** Forecasts that are made and compared within the series; by default 8. */
  readonly origins?: number
  /** Share of the series that is not used for it, at its beginning; by default a half. */
  readonly kept?: number
}

/** Level at which a forecaster is asked how wide it thinks its errors are. */
const [LOW, HIGH] = [0.1, 0.9]
const WIDTH = normalQuantile(HIGH) - normalQuantile(LOW)

/**
 * The quantiles of any forecaster, set right by its own forecasts from earlier origins: it is fitted to the series up to each of some origins, its errors on what
 * came next are divided by the spread that it gave, and their quantiles — by how far ahead: 1, 2, 3–4, 5–8 … steps — replace the shape that it assumed.
 *
 *   q_p(h) = median(h) + s(h) · Q_p{ (x − median)/s at earlier origins, as far ahead }
 *
 * A p-interval covers p as far as errors to come are like those that came (exchangeable); where the series changes its ways, nothing can promise that. Costs one
 * fit an origin beside the fit. Mean and median stay. Where the series is too short for any origin the quantiles are left alone (caveat `not-calibrated`).
 * Source: Vovk, Gammerman and Shafer (2005), split conformal prediction; errors over their foreseen spread: Lei et al. (2018), §5.2.
 */
export function conformalForecaster(inner: Forecaster, settings: ConformalSettings = {}): Forecaster {
  const { origins = 8, kept = 0.5 } = settings
  const name = `conformal ${inner.name}`
  return {
    name,
    fit(series, options) {
      const model = inner.fit(series, { rng: options.rng.stream('all') })
      if (isRefusal(model)) return model
      const count = series.values.length
      const steps = Math.max(1, Math.min(settings.steps ?? series.periods[0] ?? 24, Math.floor(count / 4)))
      const first = Math.max(1, Math.floor(count * kept))
      const every = Math.max(1, Math.floor((count - steps - first) / Math.max(1, origins - 1)))
      const errors = collectBands()
      let done = 0
      for (const { origin, answer } of rollOrigins(series, inner, { steps, first, every, levels: [LOW, HIGH] }, options.rng)) {
        options.progress?.(++done / (origins + 1))
        if (isRefusal(answer)) continue
        for (let h = 0; h < steps; h++) {
          const error = series.values[origin + h] - answer.median[h]
          const spread = (answer.quantiles[2 * h + 1] - answer.quantiles[2 * h]) / WIDTH
          if (Number.isNaN(error)) continue
          // where no spread was foreseen only an error of 0 says something
          if (spread > 0) errors.add(origin, h, error / spread)
          else if (error === 0) errors.add(origin, h, 0)
        }
      }
      const bands = errors.close()
      const caveats: Caveat[] = [...model.caveats]
      if (errors.size === 0)
        caveats.push(
          caveat('not-calibrated', 'the series is too short to compare earlier forecasts: its quantiles are as assumed'),
        )
      return fittedConformal(
        {
          schema: 'halftone/forecaster/1',
          forecaster: name,
          caveats,
          settings: { bands: bands.bands.length },
          arrays: savedBands(bands),
          parts: [model.save()],
        },
        model,
      )
    },
  }
}

/** The model of saved numbers around the model whose quantiles it sets right. */
export function fittedConformal(saved: SavedForecaster, inner: FittedForecaster): FittedForecaster {
  const bands = bandsFrom(saved)
  return {
    forecaster: saved.forecaster,
    caveats: saved.caveats,
    forecast(request: ForecastRequest) {
      checkRequest(request)
      const { steps, levels = [], bounds } = request
      const caveats = steps === 0 ? withNoSteps(saved.caveats) : saved.caveats
      if (bands.bands.length === 0) return { ...inner.forecast(request), caveats }
      const { mean, median, quantiles: width } = inner.forecast({ steps, levels: [LOW, HIGH] })
      const quantiles = new Float64Array(steps * levels.length)
      for (let h = 0; h < steps; h++) {
        const spread = (width[2 * h + 1] - width[2 * h]) / WIDTH
        for (let l = 0; l < levels.length; l++)
          quantiles[h * levels.length + l] = median[h] + spread * bandQuantile(bands, h, levels[l])
      }
      return bounded({ mean, median, levels, quantiles, caveats }, bounds)
    },
    save: saver(saved),
  }
}
