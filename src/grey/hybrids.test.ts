import { describe, expect, it } from 'vitest'
import { forest, nearestClassifier, type RegressionModel, type Regressor, ridge, type Samples, tableOf } from '../learn/index.js'
import { isRefusal } from '../model/index.js'
import { Rng } from '../num/index.js'
import { blend } from './blend.js'
import { bootstrapping } from './bootstrapping.js'
import { calibrate } from './calibrate.js'
import { growingSplits } from './growing.js'
import { hyBoost } from './hyboost.js'
import { onLogScale } from './log-scale.js'
import { openQueueModel } from './open-queue.js'
import { probing } from './probing.js'
import { residual } from './residual.js'
import { selectByNeighbours } from './select.js'
import { columnOf, type WhiteModel } from './white.js'

/** y = a·x: right about x, blind to `kind`. */
const proportional: WhiteModel = {
  name: 'proportional',
  columns: ['x'],
  parameters: [{ name: 'a', low: 1e-3, high: 1e3, prior: 1, spread: 3, positive: true }],
  predict: (table, [a]) => columnOf(table, 'x').map((x) => a * x),
  grows: ['x'],
}

/** y = 2x, half as much again where kind is 1: theory knows x, only data know kind. */
function drawn(rows: number, rng: Rng, from = 1, to = 10): Samples {
  const x = Float64Array.from({ length: rows }, () => from + (to - from) * rng.uniform())
  const kind = x.map(() => rng.below(2))
  return {
    features: tableOf({ x, kind }),
    target: x.map((value, i) => 2 * value * (kind[i] === 1 ? 1.5 : 1) * Math.exp(0.03 * rng.normal())),
  }
}

function fitted(learner: Regressor, samples: Samples): RegressionModel {
  const model = learner.fit(samples, { rng: new Rng(1, 'fit') })
  if (isRefusal(model)) throw new Error(model.message)
  return model
}

function error(model: RegressionModel, { features, target }: Samples): number {
  const answers = model.predict(features)
  return target.reduce((sum, value, i) => sum + Math.abs(Math.log(value / answers[i])), 0) / target.length
}

const trees = () => forest({ trees: 30, columnsPerSplit: 2 })
const train = drawn(80, new Rng(1, 'train'))
const inside = drawn(300, new Rng(2, 'test'))
const beyond = drawn(300, new Rng(3, 'far'), 20, 40)
const hybrids: Record<string, Regressor> = {
  residual: residual(proportional, trees(), { fade: 5 }),
  hyBoost: hyBoost(proportional, [ridge(), trees()], { fade: 5 }),
  selectByNeighbours: selectByNeighbours([
    calibrate(proportional),
    onLogScale(trees()),
    residual(proportional, trees(), { fade: 5 }),
  ]),
  probing: probing(proportional, trees(), nearestClassifier(), { tolerance: 0.1 }),
  bootstrapping: bootstrapping(proportional, trees()),
  blend: blend(proportional, [trees()]),
}

describe('hybrids', () => {
  const white = error(fitted(calibrate(proportional), train), inside)
  const black = error(fitted(onLogScale(trees()), train), inside)

  it('the parents err where each is blind', () => {
    // ±√1.5 around the middle: |log error| ½·log 1.5 = 0.2
    expect(white).toBeGreaterThan(0.15)
    expect(error(fitted(onLogScale(trees()), train), beyond)).toBeGreaterThan(0.7) // flat at 10, asked at 20 to 40
    expect(black).toBeLessThan(0.15)
  })

  for (const [name, learner] of Object.entries(hybrids))
    it(`${name}: inside the data no worse than 1.2 times the better parent`, () => {
      expect(error(fitted(learner, train), inside)).toBeLessThan(1.2 * Math.min(white, black))
    })

  for (const name of ['residual', 'hyBoost', 'blend'])
    it(`${name}: beyond the data it keeps the theory's slope`, () => {
      expect(error(fitted(hybrids[name], train), beyond)).toBeLessThan(0.25)
    })

  it('a residual that fades at once is the white model outside the data and a corrected one inside', () => {
    const model = fitted(residual(proportional, trees(), { fade: 0 }), train)
    const plain = fitted(calibrate(proportional), train)
    expect(Array.from(model.predict(beyond.features))).toEqual(Array.from(plain.predict(beyond.features)))
    expect(error(model, inside)).toBeLessThan(0.5 * error(plain, inside))
  })

  it('a residual of a learner that finds nothing is the white model', () => {
    const nothing: Regressor = {
      name: 'nothing',
      fit: ({ features }) => ({
        task: 'regression',
        learner: 'nothing',
        names: features.names,
        caveats: [],
        predict: (table) => new Float64Array(table.rows),
        save: () => {
          throw new Error('not saved')
        },
      }),
    }
    const model = fitted(residual(proportional, nothing), train)
    expect(Array.from(model.predict(inside.features))).toEqual(
      Array.from(fitted(calibrate(proportional), train).predict(inside.features)),
    )
  })

  it('probing leaves all to the white model where it errs nowhere', () => {
    const x = Float64Array.from({ length: 30 }, (_, i) => 1 + i)
    const right: Samples = { features: tableOf({ x }), target: x.map((value) => 2 * value) }
    const model = fitted(probing(proportional, trees(), nearestClassifier()), right)
    expect(model.predict(tableOf({ x: [100] }))[0]).toBeCloseTo(200, 2) // the prior pulls a little
  })

  it('bootstrapping gives synthetic rows the less say the more real ones weigh', () => {
    // a row that theory gets wrong by 1.5: with weight the forest follows the row
    const at = (weight: number): number => {
      const model = fitted(bootstrapping(proportional, trees(), { weight, update: 'merge', synthetic: 500 }), train)
      return error(model, inside)
    }
    expect(at(50)).toBeLessThan(at(0.1))
  })

  it('blend says how each candidate did and weighs the better one more, inside and beyond', () => {
    const model = blend(proportional, [trees()]).fit(train, { rng: new Rng(1, 'fit') })
    if (isRefusal(model)) throw new Error(model.message)
    const [theory, learned, both] = model.judged
    expect(both.inside).toBeLessThan(theory.inside)
    expect(both.weightInside).toBeGreaterThan(0.5)
    expect(learned.beyond!).toBeGreaterThan(both.beyond!)
    for (const key of ['weightInside', 'weightBeyond'] as const)
      expect(model.judged.reduce((sum, one) => sum + one[key], 0)).toBeCloseTo(1, 12)
  })

  it('load up, wait never down; unstable is no answer, whatever was learned', () => {
    const rate = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.1, 0.3, 0.5, 0.7, 0.2]
    const rng = new Rng(9, 'noise')
    const samples: Samples = {
      features: tableOf({ arrivalRatePerSecond: rate }),
      target: Float64Array.from(rate, (value) => (1 / (1 - value)) * Math.exp(0.1 * rng.normal())),
    }
    const rising = forest({ trees: 30, monotone: { arrivalRatePerSecond: 1 } })
    const rates = Array.from({ length: 140 }, (_, i) => 0.01 * (i + 1))
    for (const learner of [residual(openQueueModel({ servers: 1 }), rising), blend(openQueueModel({ servers: 1 }), [rising])]) {
      const model = learner.fit(samples, { rng: new Rng(1, 'fit') })
      if (isRefusal(model)) throw new Error(model.message)
      const query = tableOf({ arrivalRatePerSecond: rates })
      const held = model.holds(query)
      const answers = model.predict(query)
      expect(held[69]).toBe(1) // 0.7, seen
      expect(held[139]).toBe(0) // 1.4
      for (let i = 0; i < rates.length; i++) expect(answers[i] > 0).toBe(held[i] === 1)
    }
    // the product of two rising factors rises, inside the data and beyond, up to saturation
    const model = residual(openQueueModel({ servers: 1 }), (monotone) => forest({ trees: 30, monotone })).fit(samples, {
      rng: new Rng(1, 'fit'),
    })
    if (isRefusal(model)) throw new Error(model.message)
    const query = tableOf({ arrivalRatePerSecond: rates })
    const held = model.holds(query)
    const answers = model.predict(query)
    for (let i = 1; i < answers.length && held[i] === 1; i++) expect(answers[i]).toBeGreaterThanOrEqual(answers[i - 1])
    expect(held[80]).toBe(1) // 0.81, beyond the data
  })

  it('refuses what has no logarithm', () => {
    const bad: Samples = { ...train, target: train.target.map((value, i) => (i === 3 ? 0 : value)) }
    for (const learner of Object.values(hybrids)) {
      const answer = learner.fit(bad, { rng: new Rng(1, 'fit') })
      expect(isRefusal(answer) && 'issues' in answer && answer.issues.map(({ place }) => place)).toEqual(['target[3]'])
    }
  })
})

describe('growingSplits', () => {
  it('learns from the smaller and tests on the larger, nothing in common', () => {
    const table = tableOf({ gpus: [1, 1, 2, 2, 3, 3, 4, 4, 4, 1, 2, 3] })
    const splits = growingSplits(table, 'gpus', { leastRows: 3 })
    expect(splits.map(({ train, test }) => [train.length, test.length])).toEqual([
      [6, 6],
      [9, 3],
    ])
    for (const { train, test } of splits) {
      const largest = Math.max(...Array.from(train, (i) => table.columns[0][i]))
      for (const i of test) expect(table.columns[0][i]).toBeGreaterThan(largest)
    }
  })
})
