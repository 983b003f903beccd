import { describe, expect, it } from 'vitest'
import { isRefusal } from '../model/index.js'
import { Rng } from '../num/index.js'
import { linearDiscriminant, quadraticDiscriminant } from './discriminant.js'
import type { ClassificationModel, Learner } from './learner.js'
import { type Samples, tableOf } from './table.js'

function fitted<M extends ClassificationModel>(learner: Learner<M>, samples: Samples): M {
  const model = learner.fit(samples, { rng: new Rng(1) })
  if (isRefusal(model)) throw new Error(model.message)
  return model
}

/** Two classes on a line: 0, 2 and 4 of class 1, 9 and 11 of class 7. */
const line: Samples = { features: tableOf({ x: [0, 2, 4, 9, 11] }), target: Float64Array.of(1, 1, 1, 7, 7) }

describe('linear discriminant', () => {
  it('is the rule of two normal laws of one spread, worked by hand', () => {
    // means 2 and 10, squares within 8 + 2 = 10, variance 10/5 = 2; shares 3/5 and 2/5
    const model = fitted(linearDiscriminant({ shrinkage: 0 }), line)
    const at = (x: number): number => {
      const one = 0.6 * Math.exp(-((x - 2) ** 2) / 4)
      const seven = 0.4 * Math.exp(-((x - 10) ** 2) / 4)
      return seven / (one + seven)
    }
    for (const x of [4, 5.9, 6, 6.2, 8]) expect(model.probabilities(tableOf({ x: [x] }))[1]).toBeCloseTo(at(x), 10)
  })

  it('refuses columns that depend on each other when told not to shrink, and says when it shrank by itself', () => {
    const rng = new Rng(2, 'twice')
    const a = Float64Array.from({ length: 40 }, () => rng.normal())
    const samples = { features: tableOf({ a, twice: a.map((x) => 2 * x) }), target: a.map((x) => (x + rng.normal() > 0 ? 1 : 0)) }
    const strict = linearDiscriminant({ shrinkage: 0 }).fit(samples, { rng })
    expect(isRefusal(strict) && strict.issues[0].code).toBe('singular')
    expect(fitted(linearDiscriminant(), samples).caveats.map(({ code }) => code)).toEqual(['shrunk'])
  })

  it('takes factors on classes as odds beforehand', () => {
    const plain = fitted(linearDiscriminant({ shrinkage: 0 }), line)
    const favoured = fitted(linearDiscriminant({ shrinkage: 0, classWeights: [[7, 5]] }), line)
    const odds = ([no, yes]: Float64Array): number => yes / no
    const x = tableOf({ x: [6] })
    expect(odds(favoured.probabilities(x)) / odds(plain.probabilities(x))).toBeCloseTo(5, 9)
  })
})

describe('quadratic discriminant', () => {
  it('is the rule of two normal laws of their own spreads, worked by hand', () => {
    // unbiased variances 8/2 = 4 and 2/1 = 2; shares 3/5 and 2/5
    const model = fitted(quadraticDiscriminant({ shrinkage: 0 }), line)
    const density = (x: number, mean: number, variance: number): number =>
      Math.exp(-((x - mean) ** 2) / (2 * variance)) / Math.sqrt(variance)
    for (const x of [-20, 4, 6, 6.5, 7, 30]) {
      const [one, seven] = [0.6 * density(x, 2, 4), 0.4 * density(x, 10, 2)]
      expect(model.probabilities(tableOf({ x: [x] }))[1]).toBeCloseTo(seven / (one + seven), 10)
    }
  })

  it('refuses a class without spread when told not to shrink, and answers with it otherwise', () => {
    const samples = { features: tableOf({ x: [1, 2, 3, 9] }), target: Float64Array.of(0, 0, 0, 1) }
    const strict = quadraticDiscriminant({ shrinkage: 0 }).fit(samples, { rng: new Rng(1) })
    expect(isRefusal(strict) && strict.issues[0].code).toBe('singular')
    const model = fitted(quadraticDiscriminant(), samples)
    expect(Array.from(model.predict(tableOf({ x: [2, 9] })))).toEqual([0, 1])
    expect(model.caveats.map(({ code }) => code)).toEqual(['few-rows'])
  })
})
