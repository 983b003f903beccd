/** Thousands of series, forecast or judged on several threads: the same answers as on one. */
import { inSharedMemory, openThreads } from '../drivers/index.js'
import type {
  Forecast,
  ForecasterName,
  ForecastRequest,
  ForecastScores,
  RollingSettings,
  ScoreSettings,
  Series,
  Unfit,
} from '../learn/index.js'
import { type ForecastThreadAnswer, type ForecastThreadPiece, type ForecastThreadSetup, forecastWork } from './forecast-work.js'

export interface ManyOptions {
  readonly forecaster: ForecasterName
  readonly seed: number
  /** 1 unless said. */
  readonly threads?: number
  /** Called now and then with the share of the series that is done, 0 to 1. */
  readonly progress?: (share: number) => void
}

const THREAD = new URL('./forecast-thread.js', import.meta.url)
/** Series a piece: some milliseconds of work. */
const PIECE = 8

/** How the forecaster would have done on each series at earlier origins: `rollingOrigin` of each. */
export function judgeMany(
  series: readonly Series[],
  settings: RollingSettings & ScoreSettings,
  options: ManyOptions,
): Promise<ForecastScores[]> {
  return many(series, { kind: 'judge', settings }, options) as Promise<ForecastScores[]>
}

/** The forecast of each series from its end, or why there is none. */
export function forecastMany(
  series: readonly Series[],
  request: ForecastRequest,
  options: ManyOptions,
): Promise<(Forecast | Unfit)[]> {
  return many(series, { kind: 'forecast', request }, options) as Promise<(Forecast | Unfit)[]>
}

async function many(
  series: readonly Series[],
  task: ForecastThreadSetup['task'],
  { forecaster, seed, threads = 1, progress }: ManyOptions,
): Promise<ForecastThreadAnswer> {
  const starts = new Float64Array(series.length + 1)
  series.forEach(({ values }, s) => {
    starts[s + 1] = starts[s] + values.length
  })
  const values = new Float64Array(starts[series.length])
  series.forEach((one, s) => {
    values.set(one.values, starts[s])
  })
  const pieces = Array.from({ length: Math.ceil(series.length / PIECE) }, (_, p) => ({
    from: p * PIECE,
    to: Math.min(series.length, (p + 1) * PIECE),
  }))
  const size = Math.max(1, Math.min(threads, pieces.length))
  const columns = size > 1 ? inSharedMemory({ values, starts }) : { values, starts }
  const pool = openThreads<ForecastThreadSetup, ForecastThreadPiece, ForecastThreadAnswer>(
    THREAD,
    { ...columns, periods: series.map(({ periods }) => periods), forecaster, seed, task },
    size,
    forecastWork,
  )
  try {
    return (await pool.map(pieces, (done) => progress?.(done / pieces.length))).flat()
  } finally {
    await pool.close()
  }
}
