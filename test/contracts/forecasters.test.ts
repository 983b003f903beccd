import { describe, expect, it } from 'vitest'
import {
  automaticForecaster,
  autoregressiveForecaster,
  combinedForecaster,
  conformalForecaster,
  type FittedForecaster,
  type Forecast,
  type Forecaster,
  type ForecastRequest,
  forest,
  forestFrom,
  harmonicForecaster,
  laggedForecaster,
  net,
  netFrom,
  type QuantileModel,
  quantileForest,
  type RegressionModel,
  requestIssues,
  restoreForecaster,
  rollOrigins,
  type SavedModel,
  type Series,
  seasonalNaiveForecaster,
  smoothingForecaster,
} from '../../src/learn/index.js'
import { isRefusal } from '../../src/model/index.js'
import { Rng } from '../../src/num/index.js'

interface Case {
  readonly name: string
  readonly make: () => Forecaster
  /** How far forecasts of the same series in another unit may be apart, in standard deviations: rounding moves a cut of a tree or a step of a net. */
  readonly slack?: number
}

const cases: readonly Case[] = [
  { name: 'seasonal-naive', make: () => seasonalNaiveForecaster() },
  { name: 'seasonal-naive, longest season', make: () => seasonalNaiveForecaster({ season: 'longest' }) },
  { name: 'smoothing', make: () => smoothingForecaster() },
  {
    name: 'smoothing by AICc with every trend',
    make: () => smoothingForecaster({ choice: 'aicc', trends: ['none', 'damped', 'additive'] }),
  },
  { name: 'autoregressive', make: () => autoregressiveForecaster() },
  { name: 'autoregressive by BIC', make: () => autoregressiveForecaster({ selection: 'bic' }) },
  { name: 'harmonic', make: () => harmonicForecaster() },
  { name: 'harmonic, plain', make: () => harmonicForecaster({ robust: false, drifting: false }) },
  { name: 'conformal harmonic', make: () => conformalForecaster(harmonicForecaster()) },
  { name: 'automatic', make: () => automaticForecaster(), slack: 1e-5 },
  {
    name: 'best of two',
    make: () => combinedForecaster({ how: 'best', candidates: [seasonalNaiveForecaster(), harmonicForecaster()] }),
  },
  {
    name: 'lagged forest',
    make: () => laggedForecaster({ learner: forest({ trees: 6, rowsPerLeaf: 5 }), rowsAtMost: 300 }),
    slack: 0.3,
  },
  {
    name: 'lagged quantile forest',
    make: () =>
      laggedForecaster({ learner: quantileForest({ trees: 6, levels: [0.05, 0.25, 0.5, 0.75, 0.95] }), rowsAtMost: 300 }),
    slack: 0.3,
  },
  {
    name: 'lagged net',
    make: () => laggedForecaster({ learner: net({ hidden: [6], epochs: 6 }), rowsAtMost: 200 }),
    slack: 0.05,
  },
]

const SEASON = 12
const LEVELS = [0.05, 0.1, 0.5, 0.9, 0.95]

/** Waves of the season and its half, and autoregressive noise of standard deviation 1.5 around 50. */
function wavy(length: number, seed = 1, coefficient = 0.6): Float64Array {
  const rng = new Rng(seed, 'wavy')
  const spread = 1.5 * Math.sqrt(1 - coefficient ** 2)
  let noise = 1.5 * rng.normal()
  return Float64Array.from({ length }, (_, i) => {
    noise = coefficient * noise + spread * rng.normal()
    return 50 + 8 * Math.sin((2 * Math.PI * i) / SEASON) + 3 * Math.cos((4 * Math.PI * i) / SEASON) + noise
  })
}

const withHoles = (values: Float64Array, share: number): Float64Array => {
  const rng = new Rng(3, 'holes')
  return values.map((value) => (rng.uniform() < share ? Number.NaN : value))
}

/** Series that make trouble. */
const awkward: readonly [string, Float64Array][] = [
  ['one value', Float64Array.of(7)],
  ['two values', Float64Array.of(7, 9)],
  ['three values', Float64Array.of(7, 9, 8)],
  ['a season', wavy(SEASON)],
  ['just two seasons', wavy(2 * SEASON)],
  ['constant', new Float64Array(100).fill(0.1)],
  ['constant with holes', withHoles(new Float64Array(100).fill(-3), 0.4)],
  ['idle but for one value', Float64Array.from({ length: 120 }, (_, i) => (i === 70 ? 100 : 0))],
  ['idle with spikes each season', Float64Array.from({ length: 120 }, (_, i) => (i % SEASON === 5 ? 90 : 0.5))],
  ['exactly periodic', Float64Array.from({ length: 120 }, (_, i) => [1, 5, 2, 8, 3, 0, 9, 4, 4, 7, 1, 2][i % SEASON])],
  ['a line', Float64Array.from({ length: 120 }, (_, i) => 3 * i - 20)],
  ['growing without bound', Float64Array.from({ length: 120 }, (_, i) => 1.1 ** i)],
  ['alternating', Float64Array.from({ length: 120 }, (_, i) => (i % 2 === 0 ? 1 : -1))],
  ['a step up', wavy(120).map((value, i) => (i > 90 ? value + 100 : value))],
  ['holes', withHoles(wavy(150), 0.3)],
  ['mostly holes', withHoles(wavy(150), 0.9)],
  ['no value in the last two seasons', wavy(150).map((value, i) => (i >= 150 - 2 * SEASON ? Number.NaN : value))],
  ['no value in the first half', wavy(150).map((value, i) => (i < 75 ? Number.NaN : value))],
  ['one value among holes', new Float64Array(80).fill(Number.NaN).map((value, i) => (i === 33 ? 4 : value))],
  ['a phase that is never measured', wavy(120).map((value, i) => (i % SEASON === 4 ? Number.NaN : value))],
  ['enormous', wavy(120).map((value) => value * 1e147)],
  ['minute', wavy(120).map((value) => value * 1e-160)],
  ['far from 0', wavy(120).map((value) => value + 1e9)],
]

const restoreModel = (saved: SavedModel): RegressionModel | QuantileModel =>
  (saved.learner === 'net' ? netFrom(saved) : forestFrom(saved)) as RegressionModel | QuantileModel

function fitted(forecaster: Forecaster, values: Float64Array, periods: readonly number[] = [SEASON], seed = 1): FittedForecaster {
  const model = forecaster.fit({ values, periods }, { rng: new Rng(seed, 'fit') })
  if (isRefusal(model)) throw new Error(model.message)
  return model
}

const bytes = (forecast: Forecast): string =>
  JSON.stringify([Array.from(forecast.mean), Array.from(forecast.median), Array.from(forecast.quantiles), forecast.caveats])

function expectSound(forecast: Forecast, { steps, levels = [] }: ForecastRequest): void {
  expect([forecast.mean.length, forecast.median.length, forecast.quantiles.length]).toEqual([steps, steps, steps * levels.length])
  for (const values of [forecast.mean, forecast.median, forecast.quantiles]) expect(values.every(Number.isFinite)).toBe(true)
  for (let i = 0; i < forecast.quantiles.length; i++)
    if (i % levels.length > 0) expect(forecast.quantiles[i]).toBeGreaterThanOrEqual(forecast.quantiles[i - 1])
}

describe.each(cases)('the forecaster $name', ({ make, slack = 1e-6 }) => {
  const forecaster = make()

  it.each(awkward)('answers finite numbers, quantiles ascending, for %s', (_, values) => {
    const model = fitted(forecaster, values)
    for (const steps of [1, SEASON, 40]) {
      const request = { steps, levels: LEVELS }
      expectSound(model.forecast(request), request)
    }
    const wide = { steps: 3, levels: LEVELS }
    expectSound(fitted(forecaster, values, []).forecast(wide), wide)
    expectSound(fitted(forecaster, values, [SEASON, 5 * SEASON]).forecast(wide), wide)
  })

  it('says what it is to be taken with: constant, few, missing, a season that was not seen', () => {
    const codes = (values: Float64Array, periods: readonly number[] = [SEASON]): string[] =>
      fitted(forecaster, values, periods).caveats.map(({ code }) => code)
    expect(codes(new Float64Array(60).fill(5))).toContain('constant')
    expect(codes(Float64Array.of(1, 2, 3))).toEqual(expect.arrayContaining(['few-values', 'season-unseen']))
    expect(codes(withHoles(wavy(100), 0.2))).toContain('missing-values')
    expect(codes(wavy(100), [SEASON, 60])).toContain('season-unseen')
  })

  it('forecasts a constant series with that constant and no spread', () => {
    const { mean, median, quantiles } = fitted(forecaster, new Float64Array(100).fill(0.1)).forecast({ steps: 5, levels: LEVELS })
    for (const value of [...mean, ...median, ...quantiles]) expect(value).toBeCloseTo(0.1, 12)
  })

  it('refuses with a located issue each: no value, none measured, infinite values, periods that are none', () => {
    const issues = (series: Series): string[] => {
      const model = forecaster.fit(series, { rng: new Rng(1) })
      return isRefusal(model) ? model.issues.map(({ code, place }) => `${code} ${place}`) : []
    }
    expect(issues({ values: new Float64Array(0), periods: [] })).toEqual(['no-values values'])
    expect(issues({ values: new Float64Array(9).fill(Number.NaN), periods: [] })).toEqual(['no-values values'])
    const values = wavy(60)
    values[17] = Number.POSITIVE_INFINITY
    expect(issues({ values, periods: [1, 2.5, Number.NaN, 12, 12] })).toEqual([
      'not-finite values[17]',
      'period periods[0]',
      'period periods[1]',
      'period periods[2]',
      'period periods[4]',
    ])
  })

  it('answers no step with an empty forecast and a caveat, and throws where a request makes no sense', () => {
    const model = fitted(forecaster, wavy(60))
    const nothing = model.forecast({ steps: 0, levels: LEVELS })
    expectSound(nothing, { steps: 0, levels: LEVELS })
    expect(nothing.caveats.map(({ code }) => code)).toContain('no-steps')
    for (const request of [
      { steps: -1 },
      { steps: 1.5 },
      { steps: Number.NaN },
      { steps: 1, levels: [0] },
      { steps: 1, levels: [0.9, 0.1] },
      { steps: 1, bounds: { low: 2, high: 1 } },
    ]) {
      expect(requestIssues(request)).toHaveLength(1)
      expect(() => model.forecast(request)).toThrow(RangeError)
    }
  })

  it('forecasts the same thing in another unit and from another zero', () => {
    const values = withHoles(wavy(120), 0.1)
    const plain = fitted(forecaster, values).forecast({ steps: 20, levels: LEVELS })
    const other = fitted(
      forecaster,
      values.map((value) => 8 * value - 1000),
    ).forecast({ steps: 20, levels: LEVELS })
    // the standard deviation of the waves and the noise is √(8²/2 + 3²/2 + 1.5²) = 6.2
    const off = (a: Float64Array, b: Float64Array): number =>
      Math.max(...a.map((value, i) => Math.abs((b[i] + 1000) / 8 - value) / 6.2))
    expect(off(plain.mean, other.mean)).toBeLessThan(slack)
    expect(off(plain.median, other.median)).toBeLessThan(slack)
    expect(off(plain.quantiles, other.quantiles)).toBeLessThan(2 * slack)
  })

  it('gives the same bytes for the same seed, whatever it fitted before', () => {
    const request = { steps: 15, levels: LEVELS }
    const [first, second] = [wavy(100, 1), withHoles(wavy(133, 2), 0.2)]
    const once = bytes(fitted(forecaster, first).forecast(request))
    const between = bytes(fitted(forecaster, second).forecast(request))
    expect(bytes(fitted(forecaster, first).forecast(request))).toBe(once)
    expect(bytes(fitted(make(), second).forecast(request))).toBe(between)
  })

  it('leaves the series as it was', () => {
    const values = withHoles(wavy(100), 0.1)
    const before = values.slice()
    fitted(forecaster, values).forecast({ steps: 5 })
    expect(values).toEqual(before)
  })

  it('cuts at bounds only where it is told to', () => {
    const values = wavy(100).map((value) => value - 50)
    const model = fitted(forecaster, values)
    const free = model.forecast({ steps: 24, levels: LEVELS })
    const cut = model.forecast({ steps: 24, levels: LEVELS, bounds: { low: 0 } })
    expect(Math.min(...free.median)).toBeLessThan(-3)
    for (const part of ['mean', 'median', 'quantiles'] as const)
      expect(cut[part]).toEqual(free[part].map((value) => Math.max(0, value)))
  })

  it('forecasts the same bytes after it was saved and restored', () => {
    for (const values of [wavy(120), withHoles(wavy(131), 0.2), Float64Array.of(1, 2)]) {
      const model = fitted(forecaster, values, [SEASON, 36])
      const request = { steps: 30, levels: LEVELS }
      const restored = restoreForecaster(model.save(), restoreModel)
      expect(bytes(restored.forecast(request))).toBe(bytes(model.forecast(request)))
    }
  })

  it('sees nothing of what comes after an origin', () => {
    const values = wavy(120)
    const other = values.map((value, i) => (i >= 84 ? 1000 * i : value))
    const settings = { steps: SEASON, first: 60, every: SEASON, levels: LEVELS }
    const said = (all: Float64Array): string[] =>
      [...rollOrigins({ values: all, periods: [SEASON] }, forecaster, settings, new Rng(5))]
        .filter(({ origin }) => origin <= 84)
        .map(({ answer }) => (isRefusal(answer) ? answer.message : bytes(answer)))
    expect(said(values)).toHaveLength(3)
    expect(said(other)).toEqual(said(values))
  })
})
