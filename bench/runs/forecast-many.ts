/**
 * Evaluation by rolling origin of all Bitbrains machines of August: a week, then the day after it, from every midnight of the month; one thread and two.
 * The forecasts are counted; the answers of two threads are asserted to be those of one. Needs ../shared/data.
 */
import { existsSync, readFileSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import { gunzipSync } from 'node:zlib'
import { judgeMany } from 'halftone/study'
import { save } from '../save.js'
import { middle } from '../timing.js'

const path = '../shared/data/bitbrains/cpu_pct_15min_2013-08.csv.gz'
if (!existsSync(path)) console.log('not measured, ../shared/data is not there')
else {
  const cells = gunzipSync(readFileSync(path))
    .toString()
    .trim()
    .split('\n')
    .map((line) => line.split(','))
  const series = cells[0]!.slice(1).map((_, c) => ({
    values: Float64Array.from(cells.slice(1), (row) => (row[c + 1] === '' ? Number.NaN : Number(row[c + 1]))),
    periods: [96],
  }))
  const settings = { steps: 96, first: 672, every: 96, window: 672, levels: [0.1, 0.9], bounds: { low: 0, high: 100 }, peak: 60 }
  const rows = []
  for (const forecaster of ['seasonal-naive', 'harmonic'] as const) {
    let first: unknown
    for (const threads of [1, 2]) {
      const start = performance.now()
      const scores = await judgeMany(series, settings, { forecaster, seed: 1, threads })
      const seconds = (performance.now() - start) / 1000
      if (threads === 1) first = scores
      else if (!isDeepStrictEqual(scores, first)) throw new Error('two threads answer otherwise than one')
      const forecasts = scores.reduce((sum, one) => sum + one.forecasts, 0)
      const scaled = scores.flatMap(({ scaledError }) => (scaledError === undefined ? [] : [scaledError]))
      rows.push({
        forecaster,
        threads,
        machines: series.length,
        forecasts,
        seconds,
        forecastsASecond: forecasts / seconds,
        medianScaledError: middle(scaled),
      })
    }
  }
  console.table(
    rows.map((row) => ({
      ...row,
      seconds: row.seconds.toFixed(2),
      forecastsASecond: Math.round(row.forecastsASecond),
      medianScaledError: row.medianScaledError.toFixed(3),
    })),
  )
  save('runs/forecast-many', rows)
}
