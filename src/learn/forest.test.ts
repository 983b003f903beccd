import { describe, expect, it } from 'vitest'
import { isRefusal } from '../model/index.js'
import { Rng } from '../num/index.js'
import { forest } from './forest.js'
import type { Samples } from './table.js'
import { tableOf } from './table.js'

/** Friedman’s first function of five columns, noise of standard deviation 1, and columns that tell nothing. */
function friedman(rows: number, seed: number): Samples {
  const rng = new Rng(seed, 'friedman')
  const columns = Object.fromEntries(Array.from({ length: 8 }, (_, c) => [`x${c}`, new Float64Array(rows)]))
  const target = new Float64Array(rows)
  for (let i = 0; i < rows; i++) {
    const x = Array.from({ length: 8 }, (_, c) => (columns[`x${c}`][i] = rng.uniform()))
    target[i] = 10 * Math.sin(Math.PI * x[0] * x[1]) + 20 * (x[2] - 0.5) ** 2 + 10 * x[3] + 5 * x[4] + rng.normal()
  }
  return { features: tableOf(columns), target }
}

describe('a forest', () => {
  it('is the same for the same seed, stays within the targets, and its out-of-bag error is that of rows it never saw', () => {
    const train = friedman(2000, 1)
    const test = friedman(2000, 2)
    const fit = () => {
      const model = forest({ trees: 60 }).fit(train, { rng: new Rng(7, 'a') })
      if (isRefusal(model)) throw new Error(model.message)
      return model
    }
    const model = fit()
    const predictions = model.predict(test.features)
    expect(fit().predict(test.features)).toEqual(predictions)
    expect(Math.min(...predictions)).toBeGreaterThanOrEqual(Math.min(...train.target))
    expect(Math.max(...predictions)).toBeLessThanOrEqual(Math.max(...train.target))
    const error = predictions.reduce((sum, value, i) => sum + (value - test.target[i]) ** 2, 0) / predictions.length
    expect(model.outOfBag!.error / error).toBeGreaterThan(0.85)
    expect(model.outOfBag!.error / error).toBeLessThan(1.2)
  })
})
