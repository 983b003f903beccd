import { describe, expect, it } from 'vitest'
import { isRefusal } from '../model/index.js'
import { Rng } from '../num/index.js'
import { nearest, nearestClassifier } from './neighbours.js'
import { scanIndex, treeIndex } from './neighbours-index.js'
import { tableOf } from './table.js'

describe('k-d tree', () => {
  it('finds the very rows that looking at every one finds, duplicates and grids too', () => {
    const rng = new Rng(1, 'points')
    for (const width of [1, 2, 5, 9])
      for (const draw of [() => rng.normal(), () => rng.below(3), () => 1]) {
        const points = Float64Array.from({ length: 700 * width }, draw)
        const [tree, scan] = [treeIndex(points, width), scanIndex(points, width)]
        for (let q = 0; q < 40; q++) {
          const point = Float64Array.from({ length: width }, () => 2 * draw() - 0.5 * rng.below(2))
          const answers = [tree, scan].map((index) => {
            const [rows, squares] = [new Int32Array(12), new Float64Array(12)]
            index.nearest(point, 12, rows, squares)
            return { rows, squares }
          })
          expect(answers[0]).toEqual(answers[1])
          expect(answers[0].squares).toEqual(answers[0].squares.slice().sort())
        }
      }
  })
})

describe('nearest neighbours', () => {
  const x = [0, 1, 2, 10, 11, 12]
  const samples = { features: tableOf({ x }), target: Float64Array.of(1, 2, 3, 40, 50, 60) }
  const fitted = (options = {}) => {
    const model = nearest({ neighbours: 2, ...options }).fit(samples, { rng: new Rng(1) })
    if (isRefusal(model)) throw new Error(model.message)
    return model
  }

  it('answer with the mean of the nearest rows; by distance, nearer ones count more', () => {
    expect(fitted().predict(tableOf({ x: [0.4] }))[0]).toBeCloseTo(1.5, 12)
    // 1/0.4 and 1/0.6: weights 0.6 and 0.4
    expect(fitted({ weighting: 'distance' }).predict(tableOf({ x: [0.4] }))[0]).toBeCloseTo(1.4, 12)
    expect(fitted({ weighting: 'distance' }).predict(tableOf({ x: [11] }))[0]).toBe(50)
  })

  it('take two different categories to be 1 apart', () => {
    const table = tableOf({ user: [0, 1, 2], x: [0, 0.9, 0.9] }, { user: ['ann', 'bob', 'cy'] })
    const spread = Math.sqrt((2 / 3) * (1 / 3)) * 0.9
    const model = nearest({ neighbours: 1 }).fit({ features: table, target: Float64Array.of(5, 6, 7) }, { rng: new Rng(1) })
    if (isRefusal(model)) throw new Error(model.message)
    // from (ann, x): distance to ann is x/spread; to bob √(1 + ((0.9 − x)/spread)²)
    const even = (spread * spread + 0.81) / 1.8
    const levels = { user: ['ann', 'bob', 'cy'] }
    expect(Array.from(model.predict(tableOf({ user: [0, 0], x: [even - 0.01, even + 0.01] }, levels)))).toEqual([5, 6])
  })

  it('share votes among classes', () => {
    const model = nearestClassifier({ neighbours: 3 }).fit(
      { features: tableOf({ x }), target: Float64Array.of(0, 0, 1, 1, 1, 1) },
      { rng: new Rng(1) },
    )
    if (isRefusal(model)) throw new Error(model.message)
    const [no, yes] = model.probabilities(tableOf({ x: [0] }))
    expect(no).toBeCloseTo(2 / 3, 12)
    expect(yes).toBeCloseTo(1 / 3, 12)
  })
})
