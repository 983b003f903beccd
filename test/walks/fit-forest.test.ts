/** A forest on threads is the forest on one, to the last byte. */
import { existsSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

describe.skipIf(!existsSync('dist/study/fit-forest-thread.js'))('a forest on threads', () => {
  it('is the same bytes on one, two and three, for numbers, classes and quantiles, and as its learner fits it', async () => {
    const { forest, tableOf, toBytes } = await import('halftone/learn')
    const { isRefusal } = await import('halftone/model')
    const { Rng } = await import('halftone/num')
    const { fitForest } = await import('halftone/study')
    const rng = new Rng(1, 'rows')
    const x = Float64Array.from({ length: 400 }, () => rng.uniform())
    const y = Float64Array.from({ length: 400 }, () => rng.uniform())
    const numbers = { features: tableOf({ x, y }), target: x.map((value, i) => value * y[i] + 0.1 * rng.normal()) }
    const classes = { ...numbers, target: numbers.target.map((value) => (value < 0.1 ? 0 : value < 0.3 ? 1 : 2)) }
    const ask = async (task: 'regression' | 'classification' | 'quantile', threads: number): Promise<Buffer> => {
      const kind = task === 'quantile' ? 'quantile-forest' : 'forest'
      const samples = task === 'classification' ? classes : numbers
      const model = await fitForest({ kind, task, trees: 18 }, samples, { rng: new Rng(5, 'fit'), threads })
      if (isRefusal(model)) throw new Error(model.message)
      return Buffer.from(toBytes(model))
    }
    for (const task of ['regression', 'classification', 'quantile'] as const) {
      const one = await ask(task, 1)
      for (const threads of [2, 3]) expect(one.equals(await ask(task, threads))).toBe(true)
    }
    const plain = forest({ trees: 18 }).fit(numbers, { rng: new Rng(5, 'fit') })
    expect(!isRefusal(plain) && Buffer.from(toBytes(plain)).equals(await ask('regression', 2))).toBe(true)
  })

  it('is refused as its learner refuses, before any thread starts', async () => {
    const { tableOf } = await import('halftone/learn')
    const { isRefusal } = await import('halftone/model')
    const { Rng } = await import('halftone/num')
    const { fitForest } = await import('halftone/study')
    const samples = { features: tableOf({ x: [1, Number.NaN] }), target: Float64Array.of(1, 2) }
    const model = await fitForest({ kind: 'forest', task: 'regression' }, samples, { rng: new Rng(1), threads: 2 })
    expect(isRefusal(model) && model.issues[0].place).toBe('features.x[1]')
  })
})
