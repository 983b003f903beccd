import { type Caveat, type Issue, shown } from '../../model/index.js'
import type { FitOptions, SavedModel, Unfit } from '../learner.js'

/** A series of measurements at equal steps of time. */
export interface Series {
  /** One value a step, oldest first. NaN: not measured. Infinite values are an issue. */
  readonly values: Float64Array
  /** Lengths of its seasons in steps, whole numbers from 2 on: `[96]` for days of 15-minute steps, `[96, 672]` for days and weeks, `[]` for none. */
  readonly periods: readonly number[]
}

/** What to forecast. */
export interface ForecastRequest {
  /** Steps ahead; the first is the one right after the last value of the series, measured or not. */
  readonly steps: number
  /** Levels of the quantiles, in (0, 1), ascending. None: only mean and median. */
  readonly levels?: readonly number[]
  /** What the quantity cannot pass, such as `{ low: 0, high: 100 }` for a share in percent. The answer is cut there; without bounds nothing is cut. */
  readonly bounds?: Bounds
}

export interface Bounds {
  readonly low?: number
  readonly high?: number
}

/** A forecast, in the unit of the series. All finite. */
export interface Forecast {
  /** Expected value, one a step ahead: what to add up. */
  readonly mean: Float64Array
  /** As likely passed as not, one a step ahead: what comes closest to most values, and the least mean absolute error. */
  readonly median: Float64Array
  readonly levels: readonly number[]
  /** Row-major, steps × levels; ascending within a row. */
  readonly quantiles: Float64Array
  readonly caveats: readonly Caveat[]
}

/** A forecaster fitted to one series. */
export interface FittedForecaster {
  /** The forecaster that made it, by name. */
  readonly forecaster: string
  /** What to keep in mind: `constant`, `few-values`, `missing-values`, `season-unseen` … */
  readonly caveats: readonly Caveat[]
  /** Throws where `requestIssues` finds anything: what comes from outside is to be checked with it first. */
  forecast(request: ForecastRequest): Forecast
  /** The model as numbers and arrays, which `restoreForecaster` makes a model of again. */
  save(): SavedForecaster
}

/** A fitted forecaster without behaviour. All numbers finite. */
export interface SavedForecaster {
  readonly schema: 'halftone/forecaster/1'
  readonly forecaster: string
  readonly caveats: readonly Caveat[]
  readonly settings: Readonly<Record<string, unknown>>
  readonly arrays: Readonly<Record<string, Float64Array>>
  /** The forecasters that it is made of. */
  readonly parts?: readonly SavedForecaster[]
  /** The learner's model that it is made of. */
  readonly model?: SavedModel
}

/**
 * One contract for all that forecast: `fit` is a function of a series and of randomness. A forecaster may keep scratch memory between fits, so that
 * thousands of series cost no allocation but their answers; answers never depend on it. The laws that hold for each are in `test/contracts/forecasters`.
 */
export interface Forecaster {
  readonly name: string
  fit(series: Series, options: FitOptions): FittedForecaster | Unfit
}

/** Beyond this a square would leave the range of numbers. */
const LARGEST = 1e150

/** What of a series cannot be forecast from: no value at all, infinite or enormous values, periods that are no whole number from 2 on. */
export function seriesIssues({ values, periods }: Series): Issue[] {
  const issues: Issue[] = []
  const error = (code: string, place: string, message: string, value?: unknown): void => {
    issues.push({ code, severity: 'error', place, message, ...(value === undefined ? {} : { value: shown(String(value)) }) })
  }
  let measured = 0
  let infinite = 0
  let first = -1
  for (let i = 0; i < values.length; i++) {
    const value = values[i]
    if (Number.isNaN(value)) continue
    measured++
    if (Math.abs(value) <= LARGEST) continue
    if (first < 0) first = i
    infinite++
  }
  if (infinite > 0)
    error(
      'not-finite',
      `values[${first}]`,
      `${infinite} of ${values.length} values are infinite or beyond ±${LARGEST}`,
      values[first],
    )
  if (values.length === 0) error('no-values', 'values', 'there is no value to forecast from')
  else if (measured === 0) error('no-values', 'values', `all ${values.length} values are missing`)
  periods.forEach((period, i) => {
    if (!(Number.isInteger(period) && period >= 2))
      error('period', `periods[${i}]`, 'is no whole number of steps from 2 on', period)
    else if (periods.indexOf(period) < i) error('period', `periods[${i}]`, 'was given before', period)
  })
  return issues
}

/** What of a request cannot be answered: steps that are no whole number from 0 on, levels outside (0, 1) or not ascending, bounds that cross. */
export function requestIssues({ steps, levels = [], bounds = {} }: ForecastRequest): Issue[] {
  const issues: Issue[] = []
  const error = (code: string, place: string, message: string, value: unknown): void => {
    issues.push({ code, severity: 'error', place, message, value: shown(String(value)) })
  }
  if (!(Number.isInteger(steps) && steps >= 0 && steps <= STEPS_AT_MOST))
    error('steps', 'steps', `is no whole number from 0 to ${STEPS_AT_MOST}`, steps)
  levels.forEach((level, i) => {
    if (!(level > 0 && level < 1)) error('level', `levels[${i}]`, 'is not between 0 and 1', level)
    else if (i > 0 && !(level > levels[i - 1])) error('level', `levels[${i}]`, 'levels must ascend', level)
  })
  for (const side of ['low', 'high'] as const) {
    const bound = bounds[side]
    if (bound !== undefined && !Number.isFinite(bound)) error('bounds', `bounds.${side}`, 'is not a finite number', bound)
  }
  if (bounds.low !== undefined && bounds.high !== undefined && bounds.low > bounds.high)
    error('bounds', 'bounds', 'the low bound is above the high one', `${bounds.low} > ${bounds.high}`)
  return issues
}

/** Most steps that one forecast may have. */
export const STEPS_AT_MOST = 1_000_000
