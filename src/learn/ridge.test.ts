import { describe, expect, it } from 'vitest'
import { isRefusal } from '../model/index.js'
import { Rng } from '../num/index.js'
import type { LinearModel } from './linear-model.js'
import { elasticNet, ridge } from './ridge.js'
import { type Samples, tableOf } from './table.js'

function fitted(samples: Samples, learner = ridge()): LinearModel {
  const model = learner.fit(samples, { rng: new Rng(1, 'fit') })
  if (isRefusal(model)) throw new Error(model.message)
  return model
}

function line(rows: number, noise: number, seed = 1): Samples {
  const rng = new Rng(seed, 'line')
  const column = (): Float64Array => Float64Array.from({ length: rows }, () => rng.normal())
  const [a, b, idle] = [column(), column(), column()]
  const target = a.map((x, i) => 4 + 3 * x - 2 * b[i] + noise * rng.normal())
  return { features: tableOf({ a, b, idle }), target }
}

describe('ridge', () => {
  it('without a penalty finds an exact line', () => {
    const model = fitted(line(50, 0), ridge({ penalty: 0 }))
    for (const [j, due] of [3, -2, 0].entries()) expect(model.coefficients[j]).toBeCloseTo(due, 12)
    expect(model.intercept).toBeCloseTo(4, 12)
  })

  it('shrinks one standardised column by 1 / (1 + λ)', () => {
    const x = Float64Array.of(1, 2, 3, 4, 9)
    const model = fitted({ features: tableOf({ x }), target: x.map((v) => 5 * v) }, ridge({ penalty: 0.25 }))
    expect(model.coefficients[0]).toBeCloseTo(5 / 1.25, 12)
  })

  it('chooses a small penalty where data are plain and a large one where they are noise', () => {
    expect(fitted(line(300, 0.1)).penalty).toBeLessThan(0.01)
    const rng = new Rng(5, 'noise')
    const wide = Object.fromEntries(
      Array.from({ length: 30 }, (_, j) => [`x${j}`, Float64Array.from({ length: 60 }, () => rng.normal())]),
    )
    const noise = fitted({ features: tableOf(wide), target: Float64Array.from({ length: 60 }, () => rng.normal()) })
    expect(noise.penalty).toBeGreaterThan(1)
  })

  it('learns an offset for each category', () => {
    const rng = new Rng(6, 'levels')
    const user = Float64Array.from({ length: 300 }, () => rng.below(3))
    const samples = { features: tableOf({ user }, { user: ['ann', 'bob', 'cy'] }), target: user.map((u) => [10, 20, 70][u]) }
    const model = fitted(samples, ridge({ penalty: 1e-9 }))
    expect(model.features).toEqual(['user=ann', 'user=bob', 'user=cy'])
    const asked = tableOf({ user: [0, 1, 2] }, { user: ['cy', 'ann', 'stranger'] })
    // words, not codes, are what categories mean; a stranger is like nobody
    const [cy, ann] = model.predict(asked)
    expect(cy).toBeCloseTo(70, 5)
    expect(ann).toBeCloseTo(10, 5)
  })

  it('has a gradient of 0 at its answer', () => {
    const samples = line(80, 1)
    const model = fitted(samples, ridge({ penalty: 0.3 }))
    const predicted = model.predict(samples.features)
    // d/dβ of the objective in raw units: Σ(x−x̄)(y−ŷ)/n = λ β sx²
    samples.features.columns.forEach((x, j) => {
      const mean = x.reduce((s, v) => s + v, 0) / 80
      const spread = x.reduce((s, v) => s + (v - mean) ** 2, 0) / 80
      const gradient = x.reduce((s, v, i) => s + (v - mean) * (samples.target[i] - predicted[i]), 0) / 80
      expect(gradient).toBeCloseTo(0.3 * model.coefficients[j] * spread, 10)
    })
  })
})

describe('elastic net', () => {
  it('leaves columns without effect out', () => {
    const model = fitted(line(200, 0.5), elasticNet({ absoluteShare: 1, penalty: 0.1 }))
    expect(model.coefficients[2]).toBe(0)
    expect(Math.abs(model.coefficients[0])).toBeGreaterThan(2)
  })

  it('soft-thresholds one standardised column: S(r, λα) / (1 + λ(1−α))', () => {
    const x = Float64Array.of(1, 2, 3, 4, 9)
    const model = fitted(
      { features: tableOf({ x }), target: x.map((v) => 5 * v) },
      elasticNet({ penalty: 0.5, absoluteShare: 0.4 }),
    )
    expect(model.coefficients[0]).toBeCloseTo((5 * (1 - 0.5 * 0.4)) / (1 + 0.5 * 0.6), 10)
  })

  it('finds the few columns of many that matter, with more columns than rows', () => {
    const rng = new Rng(8, 'sparse')
    const columns = Object.fromEntries(
      Array.from({ length: 120 }, (_, j) => [`x${j}`, Float64Array.from({ length: 60 }, () => rng.normal())]),
    )
    const target = columns['x3'].map((v, i) => 5 * v - 4 * columns['x77'][i] + 0.1 * rng.normal())
    const model = fitted({ features: tableOf(columns), target }, elasticNet({ absoluteShare: 1 }))
    const order = Array.from(model.coefficients.keys()).sort(
      (a, b) => Math.abs(model.coefficients[b]) - Math.abs(model.coefficients[a]),
    )
    expect(order.slice(0, 2)).toEqual([3, 77])
    expect(model.coefficients[3]).toBeCloseTo(5, 0)
  })
})
