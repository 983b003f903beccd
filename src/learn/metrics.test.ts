import { describe, expect, it } from 'vitest'
import { Rng } from '../num/index.js'
import { accuracy, auc, bootstrapped, classScores, confusion, coverage, logLoss, numberErrors, pinball } from './metrics.js'

describe('errors of numbers', () => {
  it('are what their formulas say', () => {
    const { rmse, mae, r2, relative } = numberErrors([1, 2, 4, 0], [1, 3, 2, 1])
    expect(rmse).toBeCloseTo(Math.sqrt((0 + 1 + 4 + 1) / 4), 12)
    expect(mae).toBe(1)
    // mean 1.75: squares 0.5625 + 0.0625 + 5.0625 + 3.0625 = 8.75
    expect(r2).toBeCloseTo(1 - 6 / 8.75, 12)
    // the row whose actual number is 0 has no relative error: 0, 0.5, 0.5 are left
    expect(relative).toEqual({ rows: 3, mean: 1 / 3, median: 0.5, p90: 0.5, worst: 0.5 })
  })

  it('have no R² where nothing varies and no relative error where all is 0', () => {
    expect(numberErrors([0, 0], [1, 2])).toMatchObject({ r2: undefined, relative: undefined })
  })

  it('pinball loss is least at the quantile', () => {
    const actual = Float64Array.from({ length: 99 }, (_, i) => i + 1)
    const loss = (q: number): number => pinball(actual, new Float64Array(99).fill(q), 0.9)
    for (const other of [50, 80, 95]) expect(loss(90)).toBeLessThan(loss(other))
    expect(pinball([3], [1], 0.9)).toBeCloseTo(1.8, 12)
    expect(pinball([1], [3], 0.9)).toBeCloseTo(0.2, 12)
  })

  it('coverage counts the ends in', () => {
    expect(coverage([1, 2, 3, 4], [1, 3, 1, 1], [2, 4, 3, 3])).toBe(0.5)
  })
})

describe('scores of classes', () => {
  it('are shares of the table of confusion', () => {
    const [actual, predicted] = [Float64Array.of(0, 0, 0, 1, 1, 5), Float64Array.of(0, 0, 1, 1, 0, 1)]
    expect(accuracy(actual, predicted)).toBe(0.5)
    expect(Array.from(confusion(actual, predicted, [0, 1, 5]))).toEqual([2, 1, 0, 1, 1, 0, 0, 1, 0])
    expect(classScores(actual, predicted)).toEqual([
      { code: 0, rows: 3, precision: 2 / 3, recall: 2 / 3, f1: 4 / 6 },
      { code: 1, rows: 2, precision: 1 / 3, recall: 1 / 2, f1: 2 / 5 },
      { code: 5, rows: 1, precision: undefined, recall: 0, f1: 0 },
    ])
  })

  it('log loss is −ln of what was given to what came, and bounded', () => {
    const p = Float64Array.of(0.8, 0.2, 0.5, 0.5, 1, 0)
    expect(logLoss([3, 9, 9], p, [3, 9])).toBeCloseTo((-Math.log(0.8) - Math.log(0.5) - Math.log(1e-15)) / 3, 12)
  })

  it('the area under the curve is the share of pairs in the right order, ties counting half', () => {
    const rng = new Rng(1, 'auc')
    const truth = Float64Array.from({ length: 60 }, () => rng.below(2))
    const scores = truth.map((t) => rng.below(6) + t)
    let [pairs, right] = [0, 0]
    truth.forEach((a, i) => {
      truth.forEach((b, j) => {
        if (a !== 1 || b !== 0) return
        pairs++
        right += scores[i] > scores[j] ? 1 : scores[i] === scores[j] ? 0.5 : 0
      })
    })
    expect(auc(truth, scores)).toBeCloseTo(right / pairs, 12)
    expect(auc([1, 1], [0, 1])).toBeUndefined()
  })
})

describe('bootstrap intervals', () => {
  it('of a mean are as wide as its standard error says', () => {
    const rng = new Rng(2, 'boot')
    const values = Float64Array.from({ length: 400 }, () => 10 + 2 * rng.normal())
    const mean = (rows: Int32Array): number => rows.reduce((sum, row) => sum + values[row], 0) / rows.length
    const { low, high, value } = bootstrapped(400, mean, { rng, draws: 2000 })
    // 90 %: ± 1.645 · 2/√400 = 0.1645, known from 2,000 draws and 400 values to about 8 %
    expect((high - low) / 2).toBeGreaterThan(0.14)
    expect((high - low) / 2).toBeLessThan(0.19)
    expect(value).toBeCloseTo(mean(Int32Array.from({ length: 400 }, (_, i) => i)), 12)
  })
})
