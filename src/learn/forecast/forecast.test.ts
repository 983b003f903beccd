import { describe, expect, it } from 'vitest'
import { isRefusal } from '../../model/index.js'
import { Rng } from '../../num/index.js'
import { growth, isStable, yuleWalker } from './autoregression.js'
import { bandQuantile, collectBands } from './errorBands.js'
import { fillMissing } from './fill.js'
import { HarmonicBasis } from './harmonicBasis.js'
import {
  automaticForecaster,
  autoregressiveForecaster,
  conformalForecaster,
  type FittedForecaster,
  type Forecaster,
  harmonicForecaster,
  type Series,
  seasonalNaiveForecaster,
  smoothingForecaster,
} from './index.js'
import { selectInPlace } from './select.js'

function fitted(forecaster: Forecaster, series: Series): FittedForecaster {
  const model = forecaster.fit(series, { rng: new Rng(1, 'fit') })
  if (isRefusal(model)) throw new Error(model.message)
  return model
}

/** Autoregressive noise of order 1 with standard deviation 1. */
function noise(length: number, coefficient: number, rng: Rng): Float64Array {
  let value = rng.normal()
  const spread = Math.sqrt(1 - coefficient ** 2)
  return Float64Array.from({ length }, () => (value = coefficient * value + spread * rng.normal()))
}

describe('the seasonal-naive forecaster', () => {
  it('is exact on a periodic series, to the last bit', () => {
    const pattern = [0.1, 7.3, -2.2, 5.5, 1e6]
    const values = Float64Array.from({ length: 33 }, (_, i) => pattern[i % 5])
    const { mean, median, quantiles } = fitted(seasonalNaiveForecaster(), { values, periods: [5] }).forecast({
      steps: 12,
      levels: [0.1, 0.9],
    })
    const expected = Array.from({ length: 12 }, (_, h) => pattern[(33 + h) % 5])
    expect([...mean]).toEqual(expected)
    expect([...median]).toEqual(expected)
    expect([...quantiles]).toEqual(expected.flatMap((value) => [value, value]))
  })

  it('takes the value before where the last at a phase is missing, and the last measured one without a season', () => {
    const values = Float64Array.of(1, 2, 3, 4, 5, Number.NaN)
    expect([...fitted(seasonalNaiveForecaster(), { values, periods: [3] }).forecast({ steps: 4 }).median]).toEqual([4, 5, 3, 4])
    expect([...fitted(seasonalNaiveForecaster(), { values, periods: [] }).forecast({ steps: 2 }).median]).toEqual([5, 5])
  })

  it('spreads white noise by √2 of its own standard deviation, however far ahead', () => {
    // the difference of two independent values has twice their variance
    const values = noise(4000, 0, new Rng(4, 'white'))
    const { quantiles } = fitted(seasonalNaiveForecaster(), { values, periods: [4] }).forecast({ steps: 40, levels: [0.1, 0.9] })
    for (const h of [0, 39]) expect((quantiles[2 * h + 1] - quantiles[2 * h]) / 2 / 1.2816).toBeCloseTo(Math.SQRT2, 1)
  })
})

describe('exponential smoothing', () => {
  it('with a level alone and its rate given is the recursion by hand', () => {
    // ℓ begins at the mean of the first eight; then ℓ ← ℓ + 0.3 (x − ℓ), a missing value moving nothing
    const values = Float64Array.of(3, 5, 4, 6, 8, 7, 5, 6, 9, Number.NaN, 7, 8)
    let level = (3 + 5 + 4 + 6 + 8 + 7 + 5 + 6) / 8
    for (const value of values) if (!Number.isNaN(value)) level += 0.3 * (value - level)
    const model = fitted(smoothingForecaster({ trends: ['none'], season: 'none', level: 0.3 }), { values, periods: [] })
    const { settings } = model.save()
    const { centre, scale } = settings as { centre: number; scale: number }
    expect(centre + scale * (settings['level'] as number)).toBeCloseTo(level, 10)
  })

  it('spreads by √(1 + (h − 1)α²) where the errors are as the model says', () => {
    // a level that moves by 0.5 of each error: the model itself
    const rng = new Rng(8, 'level')
    let level = 0
    const values = Float64Array.from({ length: 4000 }, () => {
      const error = rng.normal()
      const value = level + error
      level += 0.5 * error
      return value
    })
    const { quantiles } = fitted(smoothingForecaster({ trends: ['none'] }), { values, periods: [] }).forecast({
      steps: 25,
      levels: [0.1, 0.9],
    })
    for (const h of [0, 4, 24])
      expect((quantiles[2 * h + 1] - quantiles[2 * h]) / 2 / 1.2816 / Math.sqrt(1 + h * 0.25)).toBeCloseTo(1, 0.7)
  })

  it('continues a line where a trend may be chosen', () => {
    const values = Float64Array.from({ length: 100 }, (_, i) => 2 * i + 5)
    const { median } = fitted(smoothingForecaster({ trends: ['none', 'additive'] }), { values, periods: [] }).forecast({
      steps: 10,
    })
    for (let h = 0; h < 10; h++) expect(Math.abs(median[h] - (2 * (100 + h) + 5))).toBeLessThan(0.5)
  })

  it('finds the season by errors further ahead, which AICc one step ahead gives up for a level', () => {
    const rng = new Rng(3, 'days')
    const rest = noise(480, 0.8, rng)
    const values = rest.map((value, i) => 3.3 * value + 8 * Math.sin((2 * Math.PI * i) / 96))
    const periodOf = (choice: 'ahead' | 'aicc'): unknown =>
      fitted(smoothingForecaster({ choice, trends: ['none'] }), { values, periods: [96] }).save().settings['period']
    expect(periodOf('ahead')).toBe(96)
    expect(periodOf('aicc')).toBe(0)
  })
})

describe('autoregression', () => {
  it('one step ahead is the closed form of least squares on an AR(1)', () => {
    const values = noise(300, 0.7, new Rng(2, 'ar')).map((value) => 40 + 5 * value)
    const [x, y] = [values.subarray(0, 299), values.subarray(1)]
    const mean = (a: Float64Array): number => a.reduce((s, v) => s + v, 0) / a.length
    const [mx, my] = [mean(x), mean(y)]
    let [xy, xx] = [0, 0]
    for (let i = 0; i < 299; i++) {
      xy += (x[i] - mx) * (y[i] - my)
      xx += (x[i] - mx) ** 2
    }
    const slope = xy / xx
    const model = fitted(autoregressiveForecaster({ lags: [1], selection: 'all' }), { values, periods: [] })
    expect(model.save().arrays['coefficients'][0]).toBeCloseTo(slope, 10)
    const { settings } = model.save()
    const { centre, scale, constant } = settings as { centre: number; scale: number; constant: number }
    // undo the standardising: x̂ = centre(1 − φ) + scale·c + φ x
    expect(centre * (1 - slope) + scale * constant + slope * values[299]).toBeCloseTo(my - slope * mx + slope * values[299], 8)
  })

  it('selects the lags that a series has', () => {
    const rng = new Rng(6, 'lags')
    const values = new Float64Array(3000)
    for (let i = 0; i < 3000; i++) values[i] = 0.5 * (values[i - 1] ?? 0) + 0.4 * (values[i - 7] ?? 0) + rng.normal()
    const model = fitted(autoregressiveForecaster({ selection: 'bic' }), { values, periods: [7] })
    expect(model.save().settings['lags']).toEqual([1, 7])
    const [first, seventh] = model.save().arrays['coefficients']
    // three standard errors at n = 3000 are 0.05
    expect(Math.abs(first - 0.5)).toBeLessThan(0.05)
    expect(Math.abs(seventh - 0.4)).toBeLessThan(0.05)
  })

  it('says of a polynomial whether its roots are inside the circle', () => {
    expect(isStable([1], [0.99])).toBe(true)
    expect(isStable([1], [1.01])).toBe(false)
    expect(isStable([1], [0.99], 0.95)).toBe(false)
    // the triangle of stable AR(2): φ₂ < 1 − |φ₁|, φ₂ > −1
    expect(isStable([1, 2], [1.2, -0.5])).toBe(true)
    expect(isStable([1, 2], [1.2, -1.01])).toBe(false)
    expect(isStable([1, 2], [0.6, 0.41])).toBe(false)
    expect(isStable([96], [-0.999])).toBe(true)
    expect(isStable([], [])).toBe(true)
  })

  it('grows in variance to 1/(1 − φ²)', () => {
    const grown = growth([1], [0.8], 100)
    expect(grown[0]).toBe(1)
    expect(grown[1]).toBeCloseTo(1 + 0.64, 12)
    expect(grown[99]).toBeCloseTo(1 / (1 - 0.64), 8)
  })

  it('by Yule and Walker gives back the coefficients of exact autocovariances, and picks no order above', () => {
    // AR(2) with φ = (0.5, 0.3): ρ₁ = φ₁/(1 − φ₂), ρₖ = φ₁ρₖ₋₁ + φ₂ρₖ₋₂
    const rho = [1, 0.5 / 0.7]
    for (let k = 2; k <= 6; k++) rho.push(0.5 * rho[k - 1] + 0.3 * rho[k - 2])
    const { order, coefficients } = yuleWalker(Float64Array.from(rho), 6, 500)
    expect(order).toBe(2)
    expect(coefficients[0]).toBeCloseTo(0.5, 12)
    expect(coefficients[1]).toBeCloseTo(0.3, 12)
  })

  it('does not explode on a series that does', () => {
    const values = Float64Array.from({ length: 80 }, (_, i) => 1.2 ** i)
    const model = fitted(autoregressiveForecaster({ lags: [1], selection: 'all' }), { values, periods: [] })
    expect(model.caveats.map(({ code }) => code)).toContain('pulled-inside')
    const { median } = model.forecast({ steps: 1000 })
    expect(Math.max(...median)).toBeLessThan(10 * values[79])
  })
})

describe('harmonic regression', () => {
  it('solves the normal equations: no wave of the basis is left in the residuals, whatever the length', () => {
    for (const [count, period] of [
      [60, 12],
      [61, 12],
      [77, 10],
      [50, 7],
    ]) {
      const rng = new Rng(count, 'basis')
      const values = Float64Array.from({ length: count }, () => rng.normal())
      const basis = new HarmonicBasis(count, [period], 48, 3)
      basis.fit(values)
      const profile = new Float64Array(period)
      basis.profiles([profile])
      const left = values.map((value, i) => value - basis.a[0] - profile[i % period])
      for (let k = 0; k <= period / 2; k++) {
        let [re, im] = [0, 0]
        for (let i = 0; i < count; i++) {
          re += left[i] * Math.cos((2 * Math.PI * k * i) / period)
          im += left[i] * Math.sin((2 * Math.PI * k * i) / period)
        }
        expect(Math.abs(re)).toBeLessThan(1e-9)
        expect(Math.abs(im)).toBeLessThan(1e-9)
      }
    }
  })

  it('on some frequencies and several seasons leaves none of those', () => {
    const rng = new Rng(5, 'seasons')
    const values = Float64Array.from({ length: 403 }, () => rng.normal())
    const basis = new HarmonicBasis(403, [12, 84], 48, 3)
    const chosen = [0, 2, 7, 9]
    basis.fitSome(values, chosen, new Float64Array(1000))
    const profiles = [new Float64Array(12), new Float64Array(84)]
    basis.profiles(profiles)
    const left = values.map((value, i) => value - basis.a[0] - profiles[0][i % 12] - profiles[1][i % 84])
    for (const k of chosen) {
      let [re, im] = [0, 0]
      for (let i = 0; i < 403; i++) {
        re += left[i] * Math.cos(2 * Math.PI * basis.frequencies[k] * i)
        im += left[i] * Math.sin(2 * Math.PI * basis.frequencies[k] * i)
      }
      expect(Math.abs(re)).toBeLessThan(1e-9)
      expect(Math.abs(im)).toBeLessThan(1e-9)
    }
  })

  it('recovers waves and autoregression', () => {
    const rest = noise(4800, 0.8, new Rng(9, 'rest'))
    const values = rest.map(
      (value, i) => 50 + 20 * Math.sin((2 * Math.PI * i) / 96 + 1) + 6 * Math.cos((4 * Math.PI * i) / 96) + value,
    )
    const model = fitted(harmonicForecaster(), { values, periods: [96] })
    const { arrays, settings } = model.save()
    const { centre, scale, constant, innovation } = settings as Record<string, number>
    // standard error of an amplitude: √(2 S(f)/n) = √(2 · 8.3/4800) = 0.06, of the constant √(S(0)/n) = √(9/4800) = 0.043
    expect(Math.abs(centre + scale * constant - 50)).toBeLessThan(0.2)
    for (let i = 0; i < 96; i += 7) {
      const wave = 20 * Math.sin((2 * Math.PI * i) / 96 + 1) + 6 * Math.cos((4 * Math.PI * i) / 96)
      expect(Math.abs(scale * arrays['profile0'][i] - wave)).toBeLessThan(0.35)
    }
    // standard error of φ: √((1 − φ²)/n) = 0.009
    expect(Math.abs(arrays['coefficients'].reduce((a, b) => a + b, 0) - 0.8)).toBeLessThan(0.06)
    expect(Math.abs(scale ** 2 * innovation - 0.36)).toBeLessThan(0.03)
  })

  it('is exact on a periodic series, with values missing or not', () => {
    const pattern = [1, 5, 2, 8, 3, 0, 9, 4, 4, 7, 1, 2]
    for (const gaps of [[], [3, 17, 18, 40, 41, 42, 90]]) {
      const values = Float64Array.from({ length: 120 }, (_, i) => (gaps.includes(i) ? Number.NaN : pattern[i % 12]))
      const { median } = fitted(harmonicForecaster(), { values, periods: [12] }).forecast({ steps: 24 })
      for (let h = 0; h < 24; h++) expect(median[h]).toBeCloseTo(pattern[h % 12], 3)
    }
  })

  it('is all but unmoved by a few wild values', () => {
    const values = noise(480, 0.5, new Rng(7, 'wild')).map((value, i) => value + 10 * Math.sin((2 * Math.PI * i) / 48))
    const wild = values.map((value, i) => (i % 53 === 20 ? value + 500 : value))
    const [tame, hurt] = [values, wild].map(
      (one) => fitted(harmonicForecaster(), { values: one, periods: [48] }).forecast({ steps: 48 }).median,
    )
    let off = 0
    for (let h = 0; h < 48; h++) off += Math.abs(tame[h] - hurt[h]) / 48
    // least squares would be off by about 500/53 = 9
    expect(off).toBeLessThan(2)
  })

  it('follows a level that has moved', () => {
    const values = noise(480, 0.3, new Rng(12, 'moved')).map(
      (value, i) => value + (i < 300 ? 10 : 60) + 3 * Math.sin((2 * Math.PI * i) / 48),
    )
    const { median } = fitted(harmonicForecaster(), { values, periods: [48] }).forecast({ steps: 48 })
    const middle = median.reduce((a, b) => a + b, 0) / 48
    expect(Math.abs(middle - 60)).toBeLessThan(3)
  })
})

describe('intervals', () => {
  /** Share of values between the 10 % and the 90 % quantile, 40 series of 240 values, 24 steps ahead. */
  const coverage = (forecaster: Forecaster, seasonal: boolean): number => {
    let inside = 0
    for (let s = 0; s < 40; s++) {
      const all = noise(264, 0.7, new Rng(s, 'cover')).map(
        (value, i) => value + (seasonal ? 5 * Math.sin((2 * Math.PI * i) / 24) : 0),
      )
      const { quantiles } = fitted(forecaster, { values: all.subarray(0, 240), periods: seasonal ? [24] : [] }).forecast({
        steps: 24,
        levels: [0.1, 0.9],
      })
      for (let h = 0; h < 24; h++) if (all[240 + h] >= quantiles[2 * h] && all[240 + h] <= quantiles[2 * h + 1]) inside++
    }
    return inside / 960
  }

  // 960 values in 40 series whose errors hang together: a standard error of about 0.025
  it.each([
    ['harmonic', harmonicForecaster(), true, 0.07],
    ['harmonic without a season', harmonicForecaster(), false, 0.07],
    ['autoregressive', autoregressiveForecaster({ lags: [1, 2, 3] }), false, 0.07],
    ['seasonal-naive', seasonalNaiveForecaster(), true, 0.07],
    ['conformal', conformalForecaster(harmonicForecaster()), true, 0.1],
    ['automatic', automaticForecaster(), true, 0.12],
  ])('of 80 %% cover about 80 %% of simulated autoregressive series: %s', (_, forecaster, seasonal, within) => {
    expect(Math.abs(coverage(forecaster, seasonal) - 0.8)).toBeLessThan(within)
  })

  it('of errors one after another take the (n + 1)p-th', () => {
    const errors = collectBands()
    // 19 forecasts, one error each: 1 … 19
    for (let i = 1; i <= 19; i++) errors.add(i, 0, i)
    const bands = errors.close()
    expect(bandQuantile(bands, 0, 0.5)).toBe(10)
    expect(bandQuantile(bands, 0, 0.95)).toBeCloseTo(19, 12)
    expect(bandQuantile(bands, 0, 0.05)).toBeCloseTo(1, 12)
    expect(bandQuantile(bands, 9, 0.999)).toBe(19)
  })
})

describe('selection', () => {
  it('finds what sorting finds, at every rank', () => {
    const rng = new Rng(1, 'select')
    for (const n of [1, 2, 3, 10, 57]) {
      const values = Float64Array.from({ length: n }, () => rng.below(20))
      const sorted = values.slice().sort()
      for (let rank = 0; rank < n; rank++) expect(selectInPlace(values.slice(), n, rank)).toBe(sorted[rank])
    }
  })
})

describe('missing values', () => {
  it('are filled from the seasons around, else from the neighbours', () => {
    const fill = (values: number[], period?: number): number[] => {
      const array = Float64Array.from(values)
      fillMissing(array, array.length, period, new Uint8Array(array.length))
      return [...array]
    }
    const hole = Number.NaN
    expect(fill([hole, 2, hole, hole, 8, hole])).toEqual([2, 2, 4, 6, 8, 8])
    expect(fill([1, 5, 2, hole, 3, 7], 2)).toEqual([1, 5, 2, 6, 3, 7])
    expect(fill([1, hole, 1, hole, 1, hole, 1, 9], 2)).toEqual([1, 9, 1, 9, 1, 9, 1, 9].map((v, i) => (i === 1 ? 1 : v)))
  })
})
