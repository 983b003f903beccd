/** Forecasts of some of many series, on whichever thread. */
import {
  type Forecast,
  type ForecasterName,
  type ForecastRequest,
  type ForecastScores,
  forecasterNamed,
  type RollingSettings,
  rollingOrigin,
  type ScoreSettings,
  type Unfit,
} from '../learn/index.js'
import { isRefusal } from '../model/index.js'
import { Rng } from '../num/index.js'

/** What every thread is given once: all series one after another, in memory that all see. */
export interface ForecastThreadSetup {
  readonly values: Float64Array
  /** Where each series begins, and where the last one ends. */
  readonly starts: Float64Array
  readonly periods: readonly (readonly number[])[]
  readonly forecaster: ForecasterName
  readonly seed: number
  /** To be judged at earlier origins, or to be forecast from the end. */
  readonly task:
    | { readonly kind: 'judge'; readonly settings: RollingSettings & ScoreSettings }
    | { readonly kind: 'forecast'; readonly request: ForecastRequest }
}

/** Series from … to − 1. */
export interface ForecastThreadPiece {
  readonly from: number
  readonly to: number
}

export type ForecastThreadAnswer = (ForecastScores | Forecast | Unfit)[]

/** Does pieces one after another with one forecaster, whose memory is used again. Each series has its own stream of randomness. */
export function forecastWork(setup: ForecastThreadSetup): (piece: ForecastThreadPiece) => ForecastThreadAnswer {
  const { values, starts, periods, seed, task } = setup
  const forecaster = forecasterNamed(setup.forecaster)
  return ({ from, to }) =>
    Array.from({ length: to - from }, (_, k) => {
      const s = from + k
      const series = { values: values.subarray(starts[s], starts[s + 1]), periods: periods[s] }
      const rng = new Rng(seed, `series ${s}`)
      if (task.kind === 'judge') return rollingOrigin(series, forecaster, task.settings, rng)
      const model = forecaster.fit(series, { rng })
      return isRefusal(model) ? model : model.forecast(task.request)
    })
}
