/**
 * Forecasters against each other and against statsmodels (where python3 has it; Debian: python3-statsmodels): error, coverage of intervals, CPU time a series.
 *
 * 1. Made series: daily wave and half-day wave with amplitudes drawn per series, and AR(1) noise with coefficient 0.8 and standard deviation 3.33; 5 days of
 *    15-minute samples, the next 96 forecast. A model that knew all but the noise to come would have a mean absolute error of 2.66.
 * 2. Bitbrains: CPU % of 500 VMs, 15 minutes; a week, then the day after it; three origins. The seasonal-naive forecast is today's values again. Rates,
 *    thresholds and rounds of the forecasters were chosen looking at the CPUs of August; July and the memory were measured once, after that (`fresh`).
 * 3. PlanetLab: CPU % of VMs every 5 minutes, one day each; 16 hours, then the next two, three origins. No season is seen twice: nothing to win but the level.
 *
 * `npm run bench -- quality/forecast`; needs ../shared/data for 2 and 3.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import {
  automaticForecaster,
  autoregressiveForecaster,
  conformalForecaster,
  type Forecaster,
  forest,
  harmonicForecaster,
  laggedForecaster,
  net,
  quantileForest,
  rollOrigins,
  type Series,
  scoresOf,
  seasonalNaiveForecaster,
  smoothingForecaster,
} from 'halftone/learn'
import { Rng } from 'halftone/num'
import { save } from '../save.js'
import { middle } from '../timing.js'

const LEVELS = [0.05, 0.1, 0.9, 0.95]
const forecasters: readonly (readonly [string, Forecaster, number])[] = [
  // name, forecaster, every how many series it is tried on: the slow ones on fewer
  ['seasonal-naive', seasonalNaiveForecaster(), 1],
  ['smoothing', smoothingForecaster(), 1],
  ['smoothing by AICc', smoothingForecaster({ choice: 'aicc' }), 1],
  ['autoregressive', autoregressiveForecaster(), 1],
  ['harmonic', harmonicForecaster(), 1],
  ['harmonic, conformal', conformalForecaster(harmonicForecaster()), 4],
  ['automatic', automaticForecaster(), 4],
  ['lagged forest', laggedForecaster({ learner: forest({ trees: 40, rowsPerLeaf: 20 }) }), 40],
  [
    'lagged quantile forest',
    laggedForecaster({
      learner: quantileForest({ trees: 40, rowsPerLeaf: 20, levels: [0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95] }),
    }),
    40,
  ],
  ['lagged net', laggedForecaster({ learner: net({ hidden: [16], epochs: 40, weightDecay: 0.01 }) }), 40],
]

interface Case {
  readonly series: Series
  readonly settings: { steps: number; first: number; every: number; window: number; bounds?: { low: number; high: number } }
}

interface Row {
  readonly set: string
  readonly forecaster: string
  readonly series: number
  readonly forecasts: number
  readonly meanAbsoluteError: number
  /** Of the seasonal-naive forecaster on the same series. */
  readonly naiveError: number
  /** Median over series of the error over that of the seasonal-naive forecaster. */
  readonly medianRatio: number | null
  /** Share of series on which it is closer than the seasonal-naive forecaster. */
  readonly better: number | null
  readonly coverage80: number | null
  readonly coverage90: number | null
  readonly peakError: number | null
  readonly millisecondsASeries: number
}

const rows: Row[] = []
const peak = 60

function measure(set: string, cases: readonly Case[], slowest = Number.POSITIVE_INFINITY): void {
  const naive = cases.map(({ series, settings }) =>
    scoresOf(series, rollOrigins(series, seasonalNaiveForecaster(), settings, new Rng(1))),
  )
  for (const [name, forecaster, stride] of forecasters) {
    if (stride > slowest) continue
    const some = cases.map((one, i) => ({ ...one, naive: naive[i]! })).filter((_, i) => i % stride === 0)
    for (const { series, settings } of some.slice(0, stride > 4 ? 1 : 200))
      [...rollOrigins(series, forecaster, settings, new Rng(1))]
    let [values, error, naiveError, inside80, inside90, peaks, peakError, forecasts] = [0, 0, 0, 0, 0, 0, 0, 0]
    const ratios: number[] = []
    let micros = 0
    for (const { series, settings, naive: baseline } of some) {
      const start = process.cpuUsage().user
      const rolled = [...rollOrigins(series, forecaster, { ...settings, levels: LEVELS }, new Rng(1, 'bench'))]
      micros += process.cpuUsage().user - start
      const scores = scoresOf(series, rolled, { peak })
      forecasts += scores.forecasts
      if (scores.meanAbsoluteError === undefined || baseline.meanAbsoluteError === undefined) continue
      values += scores.values
      error += scores.values * scores.meanAbsoluteError
      naiveError += scores.values * baseline.meanAbsoluteError
      if (baseline.meanAbsoluteError > 0) ratios.push(scores.meanAbsoluteError / baseline.meanAbsoluteError)
      for (const { nominal, coverage } of scores.intervals) {
        if (Math.abs(nominal - 0.8) < 1e-6) inside80 += scores.values * coverage
        if (Math.abs(nominal - 0.9) < 1e-6) inside90 += scores.values * coverage
      }
      if (scores.peaks?.meanAbsoluteError === undefined) continue
      peaks += scores.peaks.values
      peakError += scores.peaks.values * scores.peaks.meanAbsoluteError
    }
    rows.push({
      set,
      forecaster: name,
      series: some.length,
      forecasts,
      meanAbsoluteError: error / values,
      naiveError: naiveError / values,
      medianRatio: middle(ratios),
      better: ratios.filter((ratio) => ratio < 1).length / ratios.length,
      coverage80: inside80 / values,
      coverage90: inside90 / values,
      peakError: peaks === 0 ? null : peakError / peaks,
      millisecondsASeries: micros / 1000 / forecasts,
    })
  }
}

const made = Array.from({ length: 200 }, (_, s): Float64Array => {
  const rng = new Rng(s, 'made series')
  const [day, halfDay] = [10 + 20 * rng.uniform(), 3 + 7 * rng.uniform()]
  const [phase, other] = [2 * Math.PI * rng.uniform(), 2 * Math.PI * rng.uniform()]
  let noise = 3.33 * rng.normal()
  return Float64Array.from({ length: 576 }, (_, i) => {
    noise = 0.8 * noise + 3.33 * 0.6 * rng.normal()
    return 50 + day * Math.sin((2 * Math.PI * i) / 96 + phase) + halfDay * Math.sin((4 * Math.PI * i) / 96 + other) + noise
  })
})
const madeCases = made.map((values) => ({
  series: { values, periods: [96] },
  settings: { steps: 96, first: 480, every: 96, window: 480 },
}))
measure('made', madeCases)

// what the rivals are asked
measure('made, first 20', madeCases.slice(0, 20), 1)
// the same first 20 series by statsmodels
const script = fileURLToPath(new URL('../rivals/forecasts.py', import.meta.url))
const asked = { period: 96, steps: 96, series: made.slice(0, 20).map((values) => Array.from(values.subarray(0, 480))) }
const python = ['python3', '/usr/bin/python3'].find((one) => spawnSync(one, ['-c', 'import statsmodels']).status === 0)
const oneThread = { OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1' }
const rival =
  python === undefined
    ? undefined
    : spawnSync(python, [script], {
        input: JSON.stringify(asked),
        encoding: 'utf8',
        maxBuffer: 1 << 26,
        env: { ...process.env, ...oneThread },
      })
if (rival?.status === 0) {
  const found = JSON.parse(rival.stdout) as Record<string, { milliseconds: number; medians: number[][] }>
  for (const [name, { milliseconds, medians }] of Object.entries(found)) {
    const sum = (of: (s: number, h: number) => number): number =>
      medians.reduce((all, one, s) => all + one.reduce((part, _, h) => part + Math.abs(made[s]![480 + h]! - of(s, h)), 0), 0)
    rows.push({
      set: 'made, first 20',
      forecaster: `statsmodels: ${name}`,
      series: medians.length,
      forecasts: medians.length,
      meanAbsoluteError: sum((s, h) => medians[s]![h]!) / medians.length / 96,
      naiveError: sum((s, h) => made[s]![384 + h]!) / medians.length / 96,
      medianRatio: null,
      better: null,
      coverage80: null,
      coverage90: null,
      peakError: null,
      millisecondsASeries: milliseconds,
    })
  }
} else console.log('statsmodels: not measured, no python3 here has it')

const data = '../shared/data'
const bounds = { low: 0, high: 100 }
const table = (path: string): string[][] =>
  gunzipSync(readFileSync(path))
    .toString()
    .trim()
    .split('\n')
    .map((line) => line.split(','))
const figureOf = (text: string): number => (text === '' ? Number.NaN : Number(text))

if (existsSync(`${data}/bitbrains`)) {
  for (const [set, file, slowest] of [
    ['Bitbrains', 'cpu_pct_15min_2013-08', 40],
    ['Bitbrains CPU, July, fresh', 'cpu_pct_15min_2013-07', 4],
    ['Bitbrains RAM, August, fresh', 'ram_pct_15min_2013-08', 4],
  ] as const) {
    const cells = table(`${data}/bitbrains/${file}.csv.gz`)
    const machines = cells[0]!.slice(1).map((_, c) => Float64Array.from(cells.slice(1), (row) => figureOf(row[c + 1]!)))
    const settings = { steps: 96, first: 96 * 14, every: 96 * 7, window: 96 * 7, bounds }
    measure(
      set,
      machines.map((values) => ({ series: { values, periods: [96] }, settings })),
      slowest,
    )
  }
} else console.log('Bitbrains: not measured, ../shared/data is not there')

if (existsSync(`${data}/planetlab`)) {
  const [file] = readdirSync(`${data}/planetlab`).sort()
  const machines = table(`${data}/planetlab/${file}`)
    .slice(1)
    .filter((_, i) => i % 4 === 0)
    .map((row) => Float64Array.from(row.slice(2), figureOf))
  measure(
    'PlanetLab',
    machines.map((values) => ({
      series: { values, periods: [288] },
      settings: { steps: 24, first: 192, every: 32, window: 288, bounds },
    })),
  )
} else console.log('PlanetLab: not measured, ../shared/data is not there')

console.table(
  rows.map((row) => ({
    set: row.set,
    forecaster: row.forecaster,
    series: row.series,
    MAE: row.meanAbsoluteError.toFixed(3),
    naive: row.naiveError.toFixed(3),
    'median ratio': row.medianRatio?.toFixed(3) ?? '',
    better: row.better?.toFixed(2) ?? '',
    '80 %': row.coverage80?.toFixed(3) ?? '',
    '90 %': row.coverage90?.toFixed(3) ?? '',
    [`error above ${peak}`]: row.set.startsWith('made') ? '' : (row.peakError?.toFixed(1) ?? ''),
    'ms a fit': row.millisecondsASeries.toFixed(3),
  })),
)
save('quality/forecast', rows, {
  levels: LEVELS,
  peak,
  quoted:
    'quoted from earlier measurements of the same kind of series, not measured here: R forecast Fourier+ARIMA 172 ms, MAE 2.97; STL+ARIMA 80 ms, 3.11; @bsull/augurs 8.4 ms, 3.65',
})
