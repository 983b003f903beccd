import { isRefusal } from '../../model/index.js'
import { type Autoregression, autocovariances, growth, longRunVariance, predicted, yuleWalker } from './autoregression.js'
import type { FittedForecaster, Forecaster, SavedForecaster } from './forecaster.js'
import { HarmonicBasis } from './harmonicBasis.js'
import { answer, type Outlook, type Shape, shapeOf } from './outlook.js'
import { atLeast, prepare } from './prepare.js'
import { selectInPlace } from './select.js'
import { saver, stored } from './stored.js'

export interface HarmonicSettings {
  /** Most frequencies a season; by default 48: down to half an hour of a day in quarters of an hour. */
  readonly harmonicsAtMost?: number
  /** Highest order of the autoregression; by default 12. */
  readonly orderAtMost?: number
  /**
   * How far a frequency must stand out of the noise: one with g times the noise's power is kept with weight 1 − caution/g, and left out below. Under pure
   * noise g passes 4, the default, with probability e^(−2).
   */
  readonly caution?: number
  /** Whether outliers are held back: residuals beyond 1.48 median absolute residuals count as that large (Huber). By default true. */
  readonly robust?: boolean
  /** Whether the level may wander where the series says so; by default true. */
  readonly drifting?: boolean
}

/** Rounds of holding outliers back, at most. */
const ROBUST_ROUNDS = 6
/** Shares of a residual that move the level. */
const LEVEL_RATES = [0.01, 0.03, 0.1, 0.3]
/** A wandering level must be closer than a constant by this factor: a constant was fitted to the very values it is compared with. */
const CLEARLY = 0.95
/** Fewest errors some way ahead that anything is told from. */
const FEW_AHEAD = 20
/** Standard deviations from the median of its phase beyond which a value is brought closer before the first fit. */
const FAR = 3
/** Standard deviation of a normal law over its median absolute deviation. */
const NORMAL_SPREAD = 1.4826

/**
 * Harmonic regression with autoregressive residuals: a constant and the waves of each season, and an autoregression of what they leave.
 *
 *   x(t) = c + Σ_f w_f (a_f cos 2πft + b_f sin 2πft) + u(t),   u(t) = Σ φⱼ u(t − j) + ε(t)
 *
 * - Least squares on all frequencies of the seasons, which is asymptotically as good as generalised least squares whatever the autoregression (Grenander).
 * - Noise: autoregression of the residuals by Yule and Walker, order by AICc; what the regression took of the noise at its frequencies is given back.
 * - Each frequency is weighed by how far its power stands out of the noise's spectrum there (a positive-part James–Stein factor), and fitted again.
 * - Missing values are filled with the fit until that settles: least squares on the measured ones. Outliers are held back in the same way.
 * - The spread h steps ahead is that of the autoregression and of the estimated coefficients; its shape that of the residuals.
 *
 * Holds for series whose seasons keep their shape and whose rest has a constant mean. O(n · order + seasons' steps × frequencies) a series.
 * Source: Grenander and Rosenblatt (1957); Brockwell and Davis (1991), §5.2, §10; Huber (1981), §7.8, modified residuals.
 */
export function harmonicForecaster(settings: HarmonicSettings = {}): Forecaster {
  const { harmonicsAtMost = 48, orderAtMost = 12, caution = 4, robust = true, drifting = true } = settings
  const bases = new Map<string, HarmonicBasis>()
  let scratch: Float64Array = new Float64Array(0)
  let filled: Float64Array = new Float64Array(0)
  let residuals: Float64Array = new Float64Array(0)
  let errors: Float64Array = new Float64Array(0)
  let curve: Float64Array = new Float64Array(0)
  let work: Float64Array = new Float64Array(0)
  const lags = Array.from({ length: orderAtMost }, (_, j) => j + 1)
  const covariances = new Float64Array(orderAtMost + 1)
  const corrected = new Float64Array(orderAtMost + 1)

  /** The same for all series of a length: what it costs is paid once. */
  const basisOf = (count: number, periods: readonly number[], most: number): HarmonicBasis => {
    const key = `${count}/${periods.join()}/${most}`
    const known = bases.get(key)
    if (known !== undefined) return known
    if (bases.size >= 8) bases.delete(bases.keys().next().value!)
    const basis = new HarmonicBasis(count, periods, most, orderAtMost)
    bases.set(key, basis)
    return basis
  }

  return {
    name: 'harmonic',
    fit(series) {
      const count = series.values.length
      scratch = atLeast(scratch, count)
      const prepared = prepare(series, scratch)
      if (isRefusal(prepared)) return prepared
      const { values, measured, centre, scale, caveats, periods } = prepared
      const basis = basisOf(count, periods, Math.min(harmonicsAtMost, Math.floor(measured / 8)))
      const K = basis.frequencies.length
      filled = atLeast(filled, count)
      residuals = atLeast(residuals, count)
      errors = atLeast(errors, count)
      curve = atLeast(curve, count)
      work = atLeast(work, Math.max(count, (K + 2) * (K + 2)))
      const profiles = periods.map((period) => new Float64Array(period))
      const missing = measured < count
      const order = Math.min(orderAtMost, Math.floor(measured / 4))

      const fitAll = (): void => basis.fit(filled)
      // all frequencies first: what they leave is noise, from which those that stand out are told
      for (let i = 0; i < count; i++) filled[i] = !Number.isNaN(values[i]) ? values[i] : 0
      if (robust) screen()
      regress(fitAll)
      if (robust) for (let i = 0; i < count; i++) if (!Number.isNaN(values[i])) residuals[i] = filled[i] - curve[i]
      let noise = noiseOf(Array.from({ length: K }, (_, k) => k))
      const weights = new Float64Array(K)
      const chosen: number[] = []
      for (let k = 0; k < K; k++) {
        const power = (measured / 2) * (basis.a[k + 1] ** 2 + basis.b[k] ** 2)
        const weight = 1 - caution / (power / basis.spectrum(noise, k))
        if (!(weight > 0)) continue
        weights[k] = weight
        chosen.push(k)
      }
      const fitChosen = (): void => {
        basis.fitSome(filled, chosen, work)
        for (const k of chosen) {
          basis.a[k + 1] *= weights[k]
          basis.b[k] *= weights[k]
        }
      }
      regress(fitChosen)
      if (robust) holdBack(fitChosen)
      const drift = drifting ? followLevel() : undefined
      noise = noiseOf(chosen)

      // one step ahead: the errors, and what stands in for missing residuals
      let squares = 0
      let seen = 0
      for (let i = 0; i < count; i++) {
        const expected = predicted(residuals, i, lags, noise.coefficients, noise.order)
        const error = residuals[i] - expected
        errors[i] = error
        if (Number.isNaN(error)) residuals[i] = expected
        else if (i >= noise.order) {
          squares += error * error
          seen++
        }
      }
      const free = Math.max(seen - noise.order - 1 - 2 * chosen.length, seen / 2)
      const innovation = Math.max(noise.innovation, free > 0 ? squares / free : 0)
      const near = shapeOf(errors, count, work)
      for (let i = 0; i < count; i++) filled[i] = !Number.isNaN(errors[i]) ? residuals[i] : Number.NaN
      const far = drift?.shape ?? shapeOf(filled, count, work)
      // what the level adds to the variance a step, from what was measured some way ahead
      const span = drift?.span ?? 1
      const explained =
        innovation * growth(lags.slice(0, noise.order), noise.coefficients.subarray(0, noise.order), span)[span - 1]
      const levelVariance = drift === undefined ? 0 : Math.max(0, drift.variance - explained) / span
      let seasonalVariance = 0
      for (const k of chosen) seasonalVariance += (2 * weights[k] * basis.spectrum(noise, k)) / measured
      const numbers = {
        count,
        centre,
        scale,
        constant: basis.a[0] + (drift?.level ?? 0),
        innovation,
        seasonalVariance,
        levelVariance,
      }
      return fittedHarmonic({
        schema: 'halftone/forecaster/1',
        forecaster: 'harmonic',
        caveats,
        settings: {
          ...numbers,
          constantVariance: drift === undefined ? Math.min(longRunVariance(noise) / measured, 1) : 0,
          seasons: periods.length,
          levelRate: drift?.rate ?? 0,
        },
        arrays: {
          ...Object.fromEntries(profiles.map((profile, s) => [`profile${s}`, profile])),
          coefficients: noise.coefficients.slice(0, noise.order),
          tail: residuals.slice(count - noise.order, count),
          ...(near === undefined ? {} : { near }),
          ...(far === undefined ? {} : { far }),
        },
      })

      /** Fits; fills what is missing by what was fitted, and fits again until that settles. Leaves the residuals, NaN where missing. */
      function regress(solve: () => void): void {
        for (let round = 0; round < 20; round++) {
          solve()
          draw()
          if (!missing) break
          let change = 0
          for (let i = 0; i < count; i++) {
            if (!Number.isNaN(values[i])) continue
            const value = curve[i]
            change = Math.max(change, Math.abs(value - filled[i]))
            filled[i] = value
          }
          if (change < 1e-6) break
        }
        for (let i = 0; i < count; i++) residuals[i] = values[i] - curve[i]
      }

      /** Brings values far from the median of their phase to within some typical distances of it: the first fit should not have to get over them. */
      function screen(): void {
        const [period = 1] = periods
        const middles = errors
        let seen = 0
        for (let phase = 0; phase < period; phase++) {
          let m = 0
          for (let i = phase; i < count; i += period) if (!Number.isNaN(values[i])) work[m++] = values[i]
          if (m === 0) continue
          const middle = (selectInPlace(work, m, m >> 1) + selectInPlace(work, m, (m - 1) >> 1)) / 2
          for (let i = phase; i < count; i += period) middles[i] = middle
          seen += m
        }
        let m = 0
        for (let i = 0; i < count; i++) if (!Number.isNaN(values[i])) work[m++] = Math.abs(values[i] - middles[i])
        const most = FAR * NORMAL_SPREAD * selectInPlace(work, m, m >> 1) * Math.sqrt(seen / Math.max(seen - period, seen / 2))
        if (!(most > 1e-9)) return
        for (let i = 0; i < count; i++)
          if (!Number.isNaN(values[i])) filled[i] = middles[i] + Math.max(-most, Math.min(most, values[i] - middles[i]))
      }

      /** 1.48 median absolute residuals: the standard deviation of normal ones. */
      function typicalResidual(): number {
        let m = 0
        for (let i = 0; i < count; i++) if (!Number.isNaN(residuals[i])) work[m++] = Math.abs(residuals[i])
        return NORMAL_SPREAD * selectInPlace(work, m, m >> 1)
      }

      /** Fits again and again with residuals beyond the typical one counted as that large, until that settles. */
      function holdBack(solve: () => void): void {
        let before = Number.POSITIVE_INFINITY
        for (let round = 0; round < ROBUST_ROUNDS; round++) {
          const most = typicalResidual()
          // settled, or all but a few are met exactly
          if (!(most < 0.98 * before) || most < 1e-9) break
          before = most
          for (let i = 0; i < count; i++) {
            const residual = residuals[i]
            if (!Number.isNaN(residual)) filled[i] = curve[i] + Math.max(-most, Math.min(most, residual))
          }
          regress(solve)
        }
      }

      /**
       * Whether the level wanders: the residuals some way ahead are compared with their exponential means at several rates and with 0. Where a mean is clearly
       * closer, it is taken out of the residuals, and the last one is the level of the forecasts.
       */
      function followLevel(): Drift | undefined {
        const span = Math.min(Math.ceil(0.38 * (periods[0] ?? 64)), Math.floor(count / 4))
        if (span < 1 || measured < 4 * FEW_AHEAD) return undefined
        const distanceOf = (rate: number): number => {
          let level = 0
          let sum = 0
          let pairs = 0
          for (let i = 0; i + span < count; i++) {
            const residual = residuals[i]
            if (!Number.isNaN(residual)) level += rate * (residual - level)
            const error = residuals[i + span] - level
            errors[i] = error
            if (Number.isNaN(error)) continue
            sum += Math.abs(error)
            pairs++
          }
          return pairs < FEW_AHEAD ? Number.POSITIVE_INFINITY : sum / pairs
        }
        let rate = 0
        let least = CLEARLY * distanceOf(0)
        for (const one of LEVEL_RATES) {
          const distance = distanceOf(one)
          if (!(distance < least)) continue
          least = distance
          rate = one
        }
        if (rate === 0) return undefined
        distanceOf(rate)
        let squares = 0
        let pairs = 0
        for (let i = 0; i + span < count; i++) {
          if (Number.isNaN(errors[i])) continue
          squares += errors[i] * errors[i]
          pairs++
        }
        const shape = shapeOf(errors, count - span, work)
        let level = 0
        for (let i = 0; i < count; i++) {
          if (Number.isNaN(residuals[i])) continue
          level += rate * (residuals[i] - level)
          residuals[i] -= level
        }
        return { rate, level, span, variance: squares / pairs, shape }
      }

      /** The fit at every step. */
      function draw(): void {
        basis.profiles(profiles)
        curve.fill(basis.a[0], 0, count)
        for (const profile of profiles) {
          const period = profile.length
          for (let start = 0; start < count; start += period) {
            const end = Math.min(period, count - start)
            for (let i = 0; i < end; i++) curve[start + i] += profile[i]
          }
        }
      }

      function noiseOf(used: readonly number[]): Autoregression {
        autocovariances(residuals, count, order, missing, covariances)
        let found = yuleWalker(covariances, order, measured, 1 + 2 * used.length)
        for (let round = 0; round < 2; round++) {
          // each coefficient took with it the noise at its frequency, S(f)/n
          const level = Math.min(longRunVariance(found) / measured, covariances[0])
          for (let j = 0; j <= order; j++) corrected[j] = covariances[j] + level
          for (const k of used) basis.addWave(corrected, order, k, (2 * basis.spectrum(found, k)) / measured)
          found = yuleWalker(corrected, order, measured, 1 + 2 * used.length)
        }
        return found
      }
    },
  }
}

interface Drift {
  readonly rate: number
  readonly level: number
  /** Steps ahead at which the variance and the shape of errors were measured. */
  readonly span: number
  readonly variance: number
  readonly shape: Shape | undefined
}

/** The model of saved numbers. */
export function fittedHarmonic(saved: SavedForecaster): FittedForecaster {
  const { number, array, shape } = stored(saved)
  const count = number('count', 0)
  const [centre, scale] = [number('centre'), number('scale', 0)]
  const constant = number('constant')
  const innovation = number('innovation', 0)
  const constantVariance = number('constantVariance', 0)
  const seasonalVariance = number('seasonalVariance', 0)
  const levelVariance = number('levelVariance', 0)
  const coefficients = array('coefficients')
  const order = coefficients.length
  const tail = array('tail', order)
  const [near, far] = [shape('near'), shape('far')]
  const profiles = Array.from({ length: number('seasons', 0) }, (_, s) => array(`profile${s}`))
  const lags = Array.from({ length: order }, (_, j) => j + 1)
  const outlook = (steps: number): Outlook => {
    const path = new Float64Array(order + steps)
    path.set(tail)
    // what a wrong constant would still do after the autoregression has pulled towards it
    const ones = new Float64Array(order + steps).fill(1, 0, order)
    const grown = growth(lags, coefficients, steps)
    const most = growth(lags, coefficients, Math.max(steps, 200))[Math.max(steps, 200) - 1]
    const middle = new Float64Array(steps)
    const spread = new Float64Array(steps)
    const farness = new Float64Array(steps)
    for (let h = 0; h < steps; h++) {
      const at = order + h
      path[at] = predicted(path, at, lags, coefficients, order)
      ones[at] = predicted(ones, at, lags, coefficients, order)
      let value = constant + path[at]
      for (const profile of profiles) value += profile[(count + h) % profile.length]
      middle[h] = centre + scale * value
      const pulled = 1 - ones[at]
      spread[h] =
        scale * Math.sqrt(innovation * grown[h] + constantVariance * pulled * pulled + seasonalVariance + levelVariance * (h + 1))
      farness[h] = most > 1 ? (grown[h] - 1) / (most - 1) : 0
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
