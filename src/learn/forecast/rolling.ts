import { isRefusal } from '../../model/index.js'
import type { Rng } from '../../num/index.js'
import type { Unfit } from '../learner.js'
import type { Bounds, Forecast, Forecaster, ForecastRequest, Series } from './forecaster.js'

export interface RollingSettings {
  /** Steps ahead of each forecast. */
  readonly steps: number
  /** How many values come before the first forecast. */
  readonly first: number
  /** Values from one forecast to the next; by default `steps`, so that every value is forecast once. */
  readonly every?: number
  /** Most values that each fit sees, the last ones; by default all. */
  readonly window?: number
  readonly levels?: readonly number[]
  readonly bounds?: Bounds
}

/** A forecast made where only the values before `origin` were known. */
export interface RolledForecast {
  /** Index of the first value that was forecast. */
  readonly origin: number
  readonly answer: Forecast | Unfit
}

/**
 * Forecasts of a series from one origin after another, each fitted to what came before it and to nothing else: what a forecaster would have said at the time.
 * The last origin leaves `steps` values to be judged by. Each origin has its own stream of randomness.
 */
export function* rollOrigins(
  series: Series,
  forecaster: Forecaster,
  settings: RollingSettings,
  rng: Rng,
): Generator<RolledForecast> {
  const { steps, first, every = steps, window = Number.POSITIVE_INFINITY, levels, bounds } = settings
  if (!(Number.isInteger(first) && first >= 1)) throw new RangeError(`first is no whole number from 1 on: ${first}`)
  if (!(Number.isInteger(every) && every >= 1)) throw new RangeError(`every is no whole number from 1 on: ${every}`)
  if (!(window >= 1)) throw new RangeError(`window is not at least 1: ${window}`)
  const request: ForecastRequest = {
    steps,
    ...(levels === undefined ? {} : { levels }),
    ...(bounds === undefined ? {} : { bounds }),
  }
  for (let origin = first; origin + steps <= series.values.length; origin += every) {
    const values = series.values.subarray(Math.max(0, origin - window), origin)
    const fitted = forecaster.fit({ values, periods: series.periods }, { rng: rng.stream(`origin ${origin}`) })
    yield { origin, answer: isRefusal(fitted) ? fitted : fitted.forecast(request) }
  }
}

export interface ScoreSettings {
  /** Values above this are peaks, such as a ticket threshold. */
  readonly peak?: number
}

/** How forecasts compare with what came. Absent where there was nothing to compare. */
export interface ForecastScores {
  /** Forecasts made, and origins at which none could be. */
  readonly forecasts: number
  readonly refused: number
  /** Values compared: those that were measured. */
  readonly values: number
  /** Mean absolute error of the median. */
  readonly meanAbsoluteError?: number
  /** Root mean square error of the mean. */
  readonly rootMeanSquareError?: number
  /** Mean over forecast − value, of the mean: above 0 where too much is foreseen. */
  readonly bias?: number
  /**
   * Mean absolute error over that of the seasonal-naive forecast one season ahead on the values before the origin; the mean over origins (MASE of Hyndman and
   * Koehler, 2006). Origins before which nothing changed are left out.
   */
  readonly scaledError?: number
  /** Of each level: the share of values at or below its quantile, and the mean pinball loss. */
  readonly levels: readonly { readonly level: number; readonly below: number; readonly pinballLoss: number }[]
  /** Of pairs of levels that lie symmetric around a half: the share of values between them. */
  readonly intervals: readonly { readonly nominal: number; readonly coverage: number; readonly meanWidth: number }[]
  readonly peaks?: PeakScores
}

/** How values above a threshold were foreseen. */
export interface PeakScores {
  readonly threshold: number
  readonly values: number
  readonly meanAbsoluteError?: number
  /** Share of them at which the median was above the threshold too. */
  readonly foreseen?: number
  /** Of the steps at which the median was above the threshold: the share at which the value was not. */
  readonly falseAlarms?: number
}

/** Scores of forecasts of one series. `periods[0]`, or 1, is the season of the scaled error. */
export function scoresOf(series: Series, rolled: Iterable<RolledForecast>, { peak }: ScoreSettings = {}): ForecastScores {
  const { values } = series
  const season = series.periods[0] ?? 1
  let forecasts = 0
  let refused = 0
  let count = 0
  let absolute = 0
  let square = 0
  let signed = 0
  let scaled = 0
  let scaledOrigins = 0
  let levels: readonly number[] = []
  let below: number[] = []
  let loss: number[] = []
  let pairs: { low: number; high: number }[] = []
  let inside: number[] = []
  let width: number[] = []
  const peaks = { values: 0, absolute: 0, hits: 0, alarms: 0 }
  for (const { origin, answer } of rolled) {
    if (isRefusal(answer)) {
      refused++
      continue
    }
    if (forecasts++ === 0) {
      levels = answer.levels
      below = levels.map(() => 0)
      loss = levels.map(() => 0)
      pairs = levels.flatMap((level, low) => {
        const high = levels.findIndex((other) => Math.abs(other - (1 - level)) < 1e-9)
        return level < 0.5 && high >= 0 ? [{ low, high }] : []
      })
      inside = pairs.map(() => 0)
      width = pairs.map(() => 0)
    }
    let here = 0
    let compared = 0
    for (let h = 0; h < answer.median.length; h++) {
      const value = values[origin + h]
      if (Number.isNaN(value)) continue
      compared++
      const error = Math.abs(value - answer.median[h])
      here += error
      square += (value - answer.mean[h]) ** 2
      signed += answer.mean[h] - value
      const row = h * levels.length
      for (let l = 0; l < levels.length; l++) {
        const difference = value - answer.quantiles[row + l]
        if (difference <= 0) below[l]++
        loss[l] += difference * (levels[l] - (difference < 0 ? 1 : 0))
      }
      pairs.forEach(({ low, high }, p) => {
        const [from, to] = [answer.quantiles[row + low], answer.quantiles[row + high]]
        if (value >= from && value <= to) inside[p]++
        width[p] += to - from
      })
      if (peak === undefined) continue
      const alarm = answer.median[h] > peak
      if (alarm) peaks.alarms++
      if (!(value > peak)) continue
      peaks.values++
      peaks.absolute += error
      if (alarm) peaks.hits++
    }
    count += compared
    absolute += here
    const scale = naiveError(values, origin, season)
    if (compared > 0 && scale > 0) {
      scaled += here / compared / scale
      scaledOrigins++
    }
  }
  return {
    forecasts,
    refused,
    values: count,
    ...(count === 0
      ? {}
      : { meanAbsoluteError: absolute / count, rootMeanSquareError: Math.sqrt(square / count), bias: signed / count }),
    ...(scaledOrigins === 0 ? {} : { scaledError: scaled / scaledOrigins }),
    levels: count === 0 ? [] : levels.map((level, l) => ({ level, below: below[l] / count, pinballLoss: loss[l] / count })),
    intervals:
      count === 0
        ? []
        : pairs.map(({ low, high }, p) => ({
            nominal: levels[high] - levels[low],
            coverage: inside[p] / count,
            meanWidth: width[p] / count,
          })),
    ...(peak === undefined
      ? {}
      : {
          peaks: {
            threshold: peak,
            values: peaks.values,
            ...(peaks.values === 0
              ? {}
              : { meanAbsoluteError: peaks.absolute / peaks.values, foreseen: peaks.hits / peaks.values }),
            ...(peaks.alarms === 0 ? {} : { falseAlarms: 1 - peaks.hits / peaks.alarms }),
          },
        }),
  }
}

/** Mean absolute difference one season apart among the first `end` values; 0 where there is no pair. */
function naiveError(values: Float64Array, end: number, season: number): number {
  let sum = 0
  let pairs = 0
  for (let i = season; i < end; i++) {
    const difference = Math.abs(values[i] - values[i - season])
    if (Number.isNaN(difference)) continue
    sum += difference
    pairs++
  }
  return pairs === 0 ? 0 : sum / pairs
}

/** Rolling-origin evaluation of one forecaster on one series: the scores of what it would have said at each origin. */
export function rollingOrigin(
  series: Series,
  forecaster: Forecaster,
  settings: RollingSettings & ScoreSettings,
  rng: Rng,
): ForecastScores {
  return scoresOf(series, rollOrigins(series, forecaster, settings, rng), settings)
}
