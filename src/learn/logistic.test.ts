import { describe, expect, it } from 'vitest'
import { isRefusal } from '../model/index.js'
import { Rng } from '../num/index.js'
import { logistic } from './logistic.js'
import { tableOf } from './table.js'

function fitted(options: Parameters<typeof logistic>[0], columns: Record<string, Float64Array>, target: Float64Array) {
  const model = logistic(options).fit({ features: tableOf(columns), target }, { rng: new Rng(1) })
  if (isRefusal(model)) throw new Error(model.message)
  return model
}

describe('logistic regression', () => {
  it('on one category each gives the observed shares, without a penalty', () => {
    // 3 of 10 and 8 of 10: log odds −ln(7/3) and ln 4
    const x = Float64Array.from({ length: 20 }, (_, i) => (i < 10 ? 0 : 1))
    const target = Float64Array.from({ length: 20 }, (_, i) => (i < 10 ? (i < 3 ? 1 : 0) : i < 18 ? 1 : 0))
    const p = fitted({ penalty: 0 }, { x }, target).probabilities(tableOf({ x: [0, 1] }))
    expect(p[1]).toBeCloseTo(0.3, 8)
    expect(p[3]).toBeCloseTo(0.8, 8)
  })

  it('has residuals that sum to 0 in each class, since intercepts are free', () => {
    const rng = new Rng(3, 'soft')
    const column = (): Float64Array => Float64Array.from({ length: 300 }, () => rng.normal())
    const [a, b] = [column(), column()]
    const target = a.map((x, i) => (x + rng.normal() > 0.5 ? 2 : b[i] + rng.normal() > 0 ? 5 : 9))
    const model = fitted({ penalty: 0.01 }, { a, b }, target)
    const p = model.probabilities(tableOf({ a, b }))
    for (const [k, code] of [2, 5, 9].entries()) {
      let sum = 0
      target.forEach((value, i) => {
        sum += p[i * 3 + k] - (value === code ? 1 : 0)
      })
      expect(sum).toBeCloseTo(0, 6)
    }
  })

  it('balanced class weights are factors that make both classes weigh the same', () => {
    const rng = new Rng(4, 'rare')
    const x = Float64Array.from({ length: 400 }, () => rng.normal())
    const target = x.map((v) => (v + rng.normal() > 2 ? 1 : 0))
    const ones = target.reduce((sum, v) => sum + v, 0)
    const balanced = fitted({ classWeights: 'balanced', penalty: 0.01 }, { x }, target)
    const by = fitted({ classWeights: [[1, (400 - ones) / ones]], penalty: 0.01 }, { x }, target)
    expect(balanced.coefficients[1]).toBeCloseTo(by.coefficients[1], 8)
    // at the free intercept the weighted share of ones foreseen is the weighted share there is: a half
    const p = balanced.probabilities(tableOf({ x }))
    let sum = 0
    target.forEach((v, i) => {
      sum += (v === 1 ? 0.5 / ones : 0.5 / (400 - ones)) * p[2 * i + 1]
    })
    expect(sum).toBeCloseTo(0.5, 6)
  })

  it('stays finite where a line parts the classes', () => {
    const x = Float64Array.of(1, 2, 3, 7, 8, 9)
    const model = fitted({}, { x }, Float64Array.of(0, 0, 0, 1, 1, 1))
    expect(Array.from(model.predict(tableOf({ x: [0, 10] })))).toEqual([0, 1])
    expect(Math.abs(model.coefficients[1])).toBeLessThan(20)
  })
})
