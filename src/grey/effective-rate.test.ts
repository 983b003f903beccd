import { describe, expect, it } from 'vitest'
import { type Learner, type RegressionModel, tableOf } from '../learn/index.js'
import { isRefusal } from '../model/index.js'
import { Rng } from '../num/index.js'
import { calibrateEffectiveRate, effectiveRate, sprintQueueModel } from './effective-rate.js'
import { sprintCurves } from './sprint-curves.js'
import { type SprintCondition, sprintCapacity, sprintPaths } from './sprint-paths.js'

const condition = (over: Partial<SprintCondition> = {}): SprintCondition => ({
  arrivalRatePerSecond: 0.75,
  serviceRatePerSecond: 1,
  serviceScv: 1,
  timeoutSeconds: 2,
  budgetSeconds: 20,
  windowSeconds: 200,
  ...over,
})
const paths = sprintPaths({ rng: new Rng(3, 'test') })
const curves = sprintCurves({ seed: 3 })
const free = { budgetSeconds: Number.POSITIVE_INFINITY, windowSeconds: Number.POSITIVE_INFINITY }

/** A learner of one number: the weighted mean. */
const meanOnly: Learner<RegressionModel> = {
  name: 'mean',
  fit({ features, target, weights }) {
    let [sum, all] = [0, 0]
    target.forEach((y, i) => {
      sum += y * (weights?.[i] ?? 1)
      all += weights?.[i] ?? 1
    })
    const model: RegressionModel = {
      task: 'regression',
      learner: 'mean',
      names: features.names,
      caveats: [],
      predict: (table) => new Float64Array(table.rows).fill(sum / all),
      save: () => ({
        schema: 'halftone/learned/1',
        learner: 'mean',
        task: 'regression',
        names: features.names,
        caveats: [],
        settings: { value: sum / all },
        arrays: {},
      }),
    }
    return model
  },
}

describe('mean response on common paths', () => {
  // specs/sprint.md 2.9: λ 0.75, speed 1.5, exponential work, timer from arrival
  it.each([
    [0, Number.POSITIVE_INFINITY, 1 / (1.5 - 0.75)],
    [2, Number.POSITIVE_INFINITY, 1.968],
    [1e9, Number.POSITIVE_INFINITY, 1 / (1 - 0.75)],
    [6, 5, 3.601],
    [4, 20, 2.766],
    [1, 60, 1.8],
  ])('T %d s, B %d s: within 2 %% of the golden number', (timeoutSeconds, budgetSeconds, golden) => {
    const window = budgetSeconds === Number.POSITIVE_INFINITY ? free : { budgetSeconds, windowSeconds: 200 }
    const mean = paths.meanResponseSeconds(condition({ timeoutSeconds, ...window }), 1.5)
    expect(Math.abs(mean / golden - 1)).toBeLessThan(0.02)
  })

  it.each([0, 0.3, 0.5, 1, 4])('without a sprint, SCV %d: Pollaczek–Khinchine', (serviceScv) => {
    const mean = paths.meanResponseSeconds(condition({ serviceScv, timeoutSeconds: 1e9, ...free }), 1)
    expect(mean).toBeCloseTo(1 + (0.75 * (1 + serviceScv)) / (2 * 0.25), 9)
  })

  it('changes only its unit with the unit of time', () => {
    const slow = condition({
      arrivalRatePerSecond: 0.75 / 60,
      serviceRatePerSecond: 1 / 60,
      timeoutSeconds: 120,
      budgetSeconds: 1200,
      windowSeconds: 12_000,
    })
    expect(paths.meanResponseSeconds(slow, 1.7) / 60).toBeCloseTo(paths.meanResponseSeconds(condition(), 1.7), 6)
  })

  it('never rises with the speed', () => {
    const means = [1, 1.2, 1.5, 2, 3, 5].map((speed) => paths.meanResponseSeconds(condition(), speed))
    for (let i = 1; i < means.length; i++) expect(means[i]).toBeLessThan(means[i - 1]!)
  })
})

describe('response curves', () => {
  it('differ from the simulation at that very speed by less than 0.3 %, but for a kink', () => {
    const drawn = sprintPaths({ rng: new Rng(3, 'sprint paths'), queries: 20_000 })
    const short = sprintCurves({ seed: 3, queries: 20_000 })
    const errors: number[] = []
    for (const timeoutSeconds of [0, 2, 8])
      for (const budgetSeconds of [5, 20, 60])
        for (const speed of [1.03, 1.17, 1.37, 1.52, 1.71, 2.6]) {
          const at = condition({ timeoutSeconds, budgetSeconds })
          errors.push(Math.abs(short.responseSeconds(at, speed) / drawn.meanResponseSeconds(at, speed) - 1))
        }
    errors.sort((x, y) => x - y)
    expect(errors.at(-1)).toBeLessThan(0.03)
    expect(errors[Math.floor(errors.length * 0.95)]).toBeLessThan(0.003)
  })
})

describe('calibration', () => {
  it.each([1.2, 1.5, 2.4])('gives back the speed %d behind a response of the simulator itself', (speed) => {
    const observed = curves.responseSeconds(condition({ timeoutSeconds: 1, budgetSeconds: 60 }), speed)
    const { ratio, weight, verdict } = calibrateEffectiveRate(
      condition({ timeoutSeconds: 1, budgetSeconds: 60 }),
      1.5,
      observed,
      curves,
    )
    expect(verdict).toBe('identified')
    expect(weight).toBeGreaterThan(0.9)
    expect(Math.abs((ratio * 1.5) / speed - 1)).toBeLessThan(0.02)
  })

  it('finds speeds beyond three times the marginal one: the bracket grows', () => {
    const at = condition({ timeoutSeconds: 0, ...free })
    const observed = curves.responseSeconds(at, 9)
    expect(calibrateEffectiveRate(at, 1.5, observed, curves).ratio * 1.5).toBeGreaterThan(8)
  })

  it('stays at the marginal rate where almost nothing is sprinted', () => {
    const rare = condition({ arrivalRatePerSecond: 0.3, timeoutSeconds: 30 })
    const observed = curves.responseSeconds(rare, 2)
    const { ratio, weight } = calibrateEffectiveRate(rare, 1.5, observed, curves)
    expect(weight).toBeLessThan(0.1)
    expect(ratio).toBeGreaterThan(0.95)
    expect(ratio).toBeLessThan(1.1)
  })

  it('says so when the response is above the one without any sprint', () => {
    expect(calibrateEffectiveRate(condition(), 1.5, 10, curves)).toEqual({ ratio: 1, weight: 0, verdict: 'above-no-sprint' })
  })
})

const table = tableOf({
  arrivalRatePerSecond: [0.5, 0.6, 0.7, 0.8],
  serviceRatePerSecond: [1, 1, 1, 1],
  marginalRatePerSecond: [1.5, 1.5, 1.5, 1.5],
  timeoutSeconds: [1, 1, 1, 1],
  budgetSeconds: [60, 60, 60, 60],
  windowSeconds: [200, 200, 200, 200],
})

describe('effective rate as a learner', () => {
  it('predicts, from one learned ratio, responses of a server of that speed at loads that it was not shown', () => {
    const truth = sprintQueueModel({ seed: 9 }).predict(table, Float64Array.of(1.3))
    const model = effectiveRate({ inner: meanOnly, queries: 30_000 }).fit({ features: table, target: truth }, { rng: new Rng(1) })
    if (isRefusal(model)) throw new Error(model.message)
    const unseen = tableOf({
      ...Object.fromEntries(table.names.map((name, c) => [name, table.columns[c]!])),
      arrivalRatePerSecond: [0.4, 0.55, 0.85, 0.9],
    })
    const [predicted, real] = [model.predict(unseen), sprintQueueModel({ seed: 9 }).predict(unseen, Float64Array.of(1.3))]
    for (let row = 0; row < 4; row++) expect(Math.abs(predicted[row]! / real[row]! - 1)).toBeLessThan(0.03)
  })

  it('has no answer, 0, for a load that sprinting cannot carry for ever', () => {
    const white = sprintQueueModel()
    const over = tableOf({
      ...Object.fromEntries(table.names.map((name, c) => [name, table.columns[c]!])),
      arrivalRatePerSecond: [0.5, 1.1, 1.2, 2],
    })
    // B/R = 0.3 of the time at speed 1.5: 1.15 a second
    expect(sprintCapacity(condition({ budgetSeconds: 60 }), 1.5)).toBeCloseTo(1.15, 12)
    expect([...white.holds!(over, Float64Array.of(1))]).toEqual([1, 1, 0, 0])
    expect([...white.predict(over, Float64Array.of(1))].map((x) => x > 0)).toEqual([true, true, false, false])
  })

  it('refuses a table without its columns and a response of 0, each with its place', () => {
    const learner = effectiveRate({ inner: meanOnly })
    const lacking = learner.fit(
      { features: tableOf({ timeoutSeconds: [1, 2] }), target: Float64Array.of(1, 0) },
      { rng: new Rng(1) },
    )
    expect(isRefusal(lacking) && 'issues' in lacking && lacking.issues.map(({ place, code }) => `${code} ${place}`)).toEqual([
      'missing-column features',
      'missing-column features',
      'missing-column features',
      'out-of-range target[1]',
    ])
  })
})
