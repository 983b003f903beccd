import { describe, expect, it } from 'vitest'
import { Rng } from '../num/index.js'
import { numberErrors } from './metrics.js'
import { nearest } from './neighbours.js'
import { ridge } from './ridge.js'
import { kFold } from './splits.js'
import { tableOf } from './table.js'
import { crossValidate, learningCurve } from './validate.js'

const rng = new Rng(1, 'cv')
const x = Float64Array.from({ length: 200 }, () => rng.uniform())
const samples = { features: tableOf({ x }), target: x.map((v) => 5 + 10 * v) }

describe('cross-validation', () => {
  it('asks about rows that were not learned from: the nearest row is never the row itself', () => {
    const { actual, predicted, refused } = crossValidate(
      nearest({ neighbours: 1 }),
      samples,
      kFold(200, 5, new Rng(2)),
      new Rng(3),
    )
    expect(refused).toEqual([])
    expect(actual).toHaveLength(200)
    expect(predicted.some((value, i) => value === actual[i])).toBe(false)
  })

  it('finds an exact line exact, and reports splits that could not be learned from', () => {
    const splits = kFold(200, 4, new Rng(2))
    const { actual, predicted, refused, folds } = crossValidate(
      ridge({ penalty: 0 }),
      samples,
      [...splits, { train: new Int32Array(0), test: Int32Array.of(1) }],
      new Rng(3),
    )
    expect(numberErrors(actual, predicted).rmse).toBeLessThan(1e-12)
    expect(folds).toHaveLength(4)
    expect(refused.map(({ refusal }) => refusal.issues[0].code)).toEqual(['no-rows'])
  })

  it('learning curves fall with rows', () => {
    const curve = learningCurve(nearest({ neighbours: 1 }), samples, {
      sizes: [5, 20, 100, 500],
      test: 50,
      repeats: 5,
      score: (actual, predicted) => numberErrors(actual, predicted).mae,
      rng: new Rng(4),
    })
    expect(curve.map(({ rows, scores }) => [rows, scores.length])).toEqual([
      [5, 5],
      [20, 5],
      [100, 5],
    ])
    const means = curve.map(({ scores }) => scores.reduce((sum, score) => sum + score, 0) / scores.length)
    expect(means[1]).toBeLessThan(means[0])
    expect(means[2]).toBeLessThan(means[1])
  })
})
