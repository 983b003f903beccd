import { isRefusal } from '../../model/index.js'
import { nelderMead } from '../../num/index.js'
import { criterion } from './autoregression.js'
import type { FittedForecaster, Forecaster, SavedForecaster } from './forecaster.js'
import { answer, type Outlook, shapeOf } from './outlook.js'
import { atLeast, prepare } from './prepare.js'
import { saver, stored } from './stored.js'

export type Trend = 'none' | 'damped' | 'additive'

export interface SmoothingSettings {
  /** Trends that may be chosen; by default none and damped. */
  readonly trends?: readonly Trend[]
  /** Whether there may be, or must be, a season; by default it is chosen. */
  readonly season?: 'none' | 'additive' | 'choose'
  /**
   * What the parts are chosen by: `ahead`, the default: the mean absolute error 0.38 of a season ahead (without seasons: up to 25 steps); `aicc`: the corrected Akaike
   * criterion of the errors one step ahead.
   */
  readonly choice?: 'ahead' | 'aicc'
  /** Smoothing parameters that are given rather than searched. */
  readonly level?: number
}

/** Search of the smoothing parameters ends after so many passes over the series a model. */
const PASSES = 120

/** How a series is smoothed: which parts there are and how quickly each follows. */
interface Smoothing {
  readonly trend: Trend
  readonly period: number
  /** α: share of an error that moves the level. */
  readonly level: number
  /** β: share of an error that moves the trend, at most α. */
  readonly slope: number
  /** γ: share of an error that moves the season, at most 1 − α. */
  readonly season: number
  /** φ: what is left of the trend after a step. */
  readonly damping: number
}

/**
 * Exponential smoothing (Holt and Winters) with additive errors: a level, a trend that may fade, a season that may be there.
 *
 *   x̂(t) = ℓ + φb + s(t − m),   e = x(t) − x̂(t)
 *   ℓ ← ℓ + φb + αe,   b ← φb + βe,   s(t) ← s(t − m) + γe
 *
 * The season begins as the mean of each phase over the whole series, the level as the mean of the first season without it; α, β, γ, φ by a bounded search for
 * the least Σe². A missing value moves nothing. Of several seasons the shortest is taken. The spread h steps ahead is σ²(1 + Σ cⱼ²), cⱼ = α + β(φ + … + φʲ) +
 * γ·[m divides j], scaled to what was measured 0.38 of a season ahead, and that of the season's start.
 *
 * AICc looks one step ahead and counts a parameter for each phase: it all but never takes a season of 96 steps, since a level that follows quickly is as good one
 * step ahead, and forecasts of a day without it are far off. Hence the choice by errors further ahead unless asked otherwise.
 *
 * O(n) a pass, about 100 passes a model. Source: Hyndman, Koehler, Ord and Snyder (2008), ch. 2, 5, 6: ETS(A,N,N), (A,A,N), (A,Ad,N), (A,N,A), (A,A,A), (A,Ad,A).
 */
export function smoothingForecaster(settings: SmoothingSettings = {}): Forecaster {
  const { trends = ['none', 'damped'], season = 'choose', choice = 'ahead', level } = settings
  let scratch: Float64Array = new Float64Array(0)
  let errors: Float64Array = new Float64Array(0)
  let work: Float64Array = new Float64Array(0)
  let seasonal: Float64Array = new Float64Array(0)
  let first: Float64Array = new Float64Array(0)
  let ahead: Float64Array = new Float64Array(0)
  return {
    name: 'smoothing',
    fit(series) {
      const count = series.values.length
      scratch = atLeast(scratch, count)
      errors = atLeast(errors, count)
      work = atLeast(work, count)
      ahead = atLeast(ahead, count)
      const prepared = prepare(series, scratch)
      if (isRefusal(prepared)) return prepared
      const { values, measured, centre, scale, caveats, periods } = prepared
      const shortest = season === 'none' ? 0 : (periods[0] ?? 0)
      seasonal = atLeast(seasonal, Math.max(shortest, 1))
      first = atLeast(first, Math.max(shortest, 1))
      // the distance at which seasons are told from levels and the spread far ahead is measured: no simple part of a season, where one of its waves would
      // be back where it was and a level would pass for a season
      const span = Math.min(Math.ceil(0.38 * (periods[0] ?? 64)), Math.floor(count / 4))
      const candidates = season === 'choose' && shortest > 0 ? [0, shortest] : [shortest]

      const state = { level: 0, slope: 0 }
      const start = { level: 0 }
      /** Runs through the series, leaves the states of the end and, where asked, the errors one step and `span` steps ahead; returns Σe². */
      const pass = (how: Smoothing, keep: boolean): number => {
        const { period, level: alpha, slope: beta, season: gamma, damping } = how
        const trend = how.trend !== 'none'
        let l = start.level
        let b = 0
        let sum = 0
        if (period > 0) seasonal.set(first.subarray(0, period))
        const reach = damping === 1 ? span : (damping * (1 - damping ** span)) / (1 - damping)
        if (keep) ahead.fill(Number.NaN, 0, Math.min(count, span))
        for (let i = 0, p = 0; i < count; i++) {
          const base = trend ? l + damping * b : l
          const value = values[i]
          const error = value - (period > 0 ? base + seasonal[p] : base)
          if (Number.isNaN(error)) {
            l = base
            if (trend) b *= damping
          } else {
            sum += error * error
            l = base + alpha * error
            if (trend) b = damping * b + beta * error
            if (period > 0) seasonal[p] += gamma * error
          }
          if (keep) {
            errors[i] = error
            if (i + span < count)
              ahead[i + span] = values[i + span] - l - reach * b - (period > 0 ? seasonal[(i + span) % period] : 0)
          }
          if (++p === period) p = 0
        }
        state.level = l
        state.slope = b
        return sum
      }

      let how: Smoothing | undefined
      let least = Number.POSITIVE_INFINITY
      for (const period of candidates) {
        begin(period)
        for (const trend of trends) {
          const found = search(trend, period)
          const sum = pass(found, choice === 'ahead')
          const parts = (trend === 'none' ? 1 : trend === 'damped' ? 4 : 3) + period
          const value =
            choice === 'ahead'
              ? meanSize(ahead, count) * Math.sqrt(optimism(measured, period))
              : criterion(Math.max(sum / measured, 1e-28), 0, measured, parts)
          if (how !== undefined && !(value < least)) continue
          how = found
          least = value
        }
      }
      if (how === undefined) throw new RangeError('smoothing: no trend to choose from')
      begin(how.period)
      const sum = pass(how, true)
      const parameters = how.trend === 'none' ? 1 : 3
      const innovation = sum / Math.max(measured - parameters - how.period, measured / 2)
      const near = shapeOf(errors, count, work)
      const far = shapeOf(ahead, count, work)
      let squares = 0
      let seen = 0
      for (let i = 0; i < count; i++) {
        if (Number.isNaN(ahead[i])) continue
        squares += ahead[i] * ahead[i]
        seen++
      }
      return fittedSmoothing({
        schema: 'halftone/forecaster/1',
        forecaster: 'smoothing',
        caveats,
        settings: {
          trend: how.trend,
          period: how.period,
          count,
          centre,
          scale,
          alpha: how.level,
          beta: how.slope,
          gamma: how.season,
          damping: how.damping,
          level: state.level,
          slope: state.slope,
          innovation,
          span,
          // measured where there are enough; else what the model says of itself
          distant: seen >= 20 ? (squares / seen) * optimism(measured, how.period) : -1,
          // each phase of the season began as a mean of so many values
          seasonVariance: how.period > 0 ? (innovation * how.period) / measured : 0,
        },
        arrays: {
          season: seasonal.slice(0, how.period),
          ...(near === undefined ? {} : { near }),
          ...(far === undefined ? {} : { far }),
        },
      })

      /** The states before the first value. */
      function begin(period: number): void {
        if (period > 0) {
          first.fill(0, 0, period)
          let all = 0
          for (let phase = 0; phase < period; phase++) {
            let total = 0
            let seen = 0
            for (let i = phase; i < count; i += period) {
              if (Number.isNaN(values[i])) continue
              total += values[i]
              seen++
            }
            first[phase] = seen > 0 ? total / seen : 0
            all += first[phase] / period
          }
          for (let phase = 0; phase < period; phase++) first[phase] -= all
        }
        let total = 0
        let seen = 0
        const span = period > 0 ? period : 8
        for (let i = 0; i < count && (i < span || seen === 0); i++) {
          if (Number.isNaN(values[i])) continue
          total += values[i] - (period > 0 ? first[i % period] : 0)
          seen++
        }
        start.level = total / seen
      }

      function search(trend: Trend, period: number): Smoothing {
        const smoothing = (x: ArrayLike<number>): Smoothing => {
          const alpha = level ?? x[0]
          return {
            trend,
            period,
            level: alpha,
            slope: trend === 'none' ? 0 : alpha * x[1],
            season: period > 0 ? (1 - alpha) * x[2] : 0,
            damping: trend === 'damped' ? x[3] : 1,
          }
        }
        const found = nelderMead({
          cost: (x) => pass(smoothing(x), false),
          start: [0.3, 0.05, 0.05, 0.95],
          low: [1e-4, 1e-4, 1e-4, 0.8].map((low, i) => (free(i) ? low : [0.3, 0.05, 0.05, 0.95][i])),
          high: [0.9999, 0.9999, 0.9999, 0.98].map((high, i) => (free(i) ? high : [0.3, 0.05, 0.05, 0.95][i])),
          edge: 0.2,
          evaluations: PASSES,
          tolerance: 1e-5,
        })
        return smoothing(found.x)
        function free(i: number): boolean {
          return i === 0 ? level === undefined : i === 1 ? trend !== 'none' : i === 2 ? period > 0 : trend === 'damped'
        }
      }
    },
  }
}

function meanSize(errors: Float64Array, count: number): number {
  let sum = 0
  let seen = 0
  for (let i = 0; i < count; i++) {
    if (Number.isNaN(errors[i])) continue
    sum += Math.abs(errors[i])
    seen++
  }
  return seen === 0 ? 0 : sum / seen
}

/** Each phase of a season begins as the mean of so many values, the one looked at among them: by how much errors are larger on values that were not. */
function optimism(measured: number, period: number): number {
  if (period === 0) return 1
  const seasons = measured / period
  return (seasons + 1) / Math.max(seasons - 1, 0.5)
}

/** The model of saved numbers. */
export function fittedSmoothing(saved: SavedForecaster): FittedForecaster {
  const { number, array, shape } = stored(saved)
  const period = number('period', 0)
  const count = number('count', 0)
  const [centre, scale] = [number('centre'), number('scale', 0)]
  const [alpha, beta, gamma, damping] = [number('alpha'), number('beta'), number('gamma'), number('damping', 0, 1)]
  const [level, slope] = [number('level'), number('slope')]
  const [innovation, seasonVariance] = [number('innovation', 0), number('seasonVariance', 0)]
  const season = array('season', period)
  const [near, far] = [shape('near'), shape('far')]
  const [span, distant] = [number('span', 0), number('distant')]
  /** Variance h = 1, 2 … steps ahead over that of one. */
  const growth = (steps: number): Float64Array => {
    const out = new Float64Array(steps)
    let sum = 1
    let reach = 0
    let power = 1
    for (let h = 0; h < steps; h++) {
      out[h] = sum
      power *= damping
      reach += power
      const effect = alpha + beta * reach + (period > 0 && (h + 1) % period === 0 ? gamma : 0)
      sum += effect * effect
    }
    return out
  }
  const outlook = (steps: number): Outlook => {
    const middle = new Float64Array(steps)
    const spread = new Float64Array(steps)
    const farness = new Float64Array(steps)
    const grown = growth(Math.max(steps, span))
    // the growth that was measured over the span, where it was
    const atSpan = span > 0 ? grown[span - 1] : 1
    const scaled = distant >= 0 && atSpan > 1 ? Math.max(0, distant / Math.max(innovation, 1e-300) - 1) / (atSpan - 1) : 1
    let reach = 0
    let power = 1
    for (let h = 0; h < steps; h++) {
      power *= damping
      reach += power
      const value = level + reach * slope + (period > 0 ? season[(count + h) % period] : 0)
      middle[h] = centre + scale * value
      spread[h] = scale * Math.sqrt(innovation * (1 + (grown[h] - 1) * scaled) + seasonVariance)
      farness[h] = atSpan > 1 ? Math.min(1, (grown[h] - 1) / (atSpan - 1)) : 1 - 1 / grown[h]
    }
    return { centre: middle, spread, near, far, farness }
  }
  return {
    forecaster: saved.forecaster,
    caveats: saved.caveats,
    forecast: (request) => answer(request, saved.caveats, outlook),
    save: saver(saved),
  }
}
