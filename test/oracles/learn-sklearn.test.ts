/** Learners against scikit-learn and SciPy on the same rows: numbers kept in support/learners.json with the script that made them (support/learners.py). */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import {
  type ClassificationModel,
  elasticNet,
  type FittedModel,
  type Learner,
  linearDiscriminant,
  logistic,
  nearest,
  nearestClassifier,
  nonNegativeLeastSquares,
  quadraticDiscriminant,
  type RegressionModel,
  ridge,
  type Table,
  tableOf,
} from '../../src/learn/index.js'
import { isRefusal } from '../../src/model/index.js'
import { Rng } from '../../src/num/index.js'

const kept = JSON.parse(readFileSync(new URL('support/learners.json', import.meta.url), 'utf8')) as {
  readonly columns: number[][]
  readonly target: number[]
  readonly demand: number[]
  readonly weights: number[]
  readonly classes: number[]
  readonly asked: number[][]
  readonly answers: Readonly<Record<string, number[]>>
}
const table = (columns: number[][]): Table => tableOf(Object.fromEntries(columns.map((column, j) => [`x${j}`, column])))
const features = table(kept.columns)
const asked = table(kept.asked)
const target = Float64Array.from(kept.target)
const three = Float64Array.from(kept.classes)
const two = three.map((code) => (code === 2 ? 1 : 0))
const rows = target.length

function agrees(name: string, found: ArrayLike<number>, tolerance: number): void {
  const due = kept.answers[name]
  expect(found.length).toBe(due.length)
  due.forEach((value, i) => {
    expect(Math.abs(found[i] - value)).toBeLessThan(tolerance * Math.max(1, Math.abs(value)))
  })
}

function numbers(learner: Learner<RegressionModel>, weights?: Float64Array): Float64Array {
  return fitted(learner, target, weights).predict(asked)
}

function shares(learner: Learner<ClassificationModel>, codes: Float64Array): Float64Array {
  return fitted(learner, codes).probabilities(asked)
}

function fitted<M extends FittedModel>(learner: Learner<M>, codes: Float64Array, weights?: Float64Array): M {
  const model = learner.fit({ features, target: codes, ...(weights ? { weights } : {}) }, { rng: new Rng(1) })
  if (isRefusal(model)) throw new Error(model.message)
  return model
}

describe('scikit-learn and SciPy', () => {
  it('agree on ridge, with and without weights', () => {
    for (const penalty of [0.001, 0.3]) agrees(`ridge ${penalty}`, numbers(ridge({ penalty })), 1e-10)
    agrees('ridge weighted 0.1', numbers(ridge({ penalty: 0.1 }), Float64Array.from(kept.weights)), 1e-10)
  })

  it('agree on elastic net and lasso', () => {
    for (const penalty of [0.001, 0.3])
      for (const absoluteShare of [0.5, 1]) {
        const name = `elastic net ${penalty} ${absoluteShare === 1 ? '1.0' : absoluteShare}`
        agrees(name, numbers(elasticNet({ penalty, absoluteShare })), 1e-8)
      }
  })

  it('agree on non-negative least squares', () => {
    const width = kept.columns.length
    const design = Float64Array.from({ length: rows * width }, (_, p) => Math.abs(kept.columns[p % width][Math.floor(p / width)]))
    const solution = nonNegativeLeastSquares(design, width, Float64Array.from(kept.demand))
    if (isRefusal(solution)) throw new Error(solution.message)
    agrees('nnls', solution.coefficients, 1e-9)
    agrees('nnls residual', [solution.residualNorm], 1e-9)
    expect(kept.answers['nnls'].map((b) => b > 0)).toEqual([true, false, true, true])
  })

  it('agree on logistic and softmax regression to the precision that theirs is iterated to', () => {
    for (const penalty of [1 / rows, 0.5]) {
      const name = String(Math.round(penalty * 1e4) / 1e4)
      agrees(`logistic ${name}`, shares(logistic({ penalty }), two), 1e-6)
      agrees(`softmax ${name}`, shares(logistic({ penalty }), three), 1e-6)
    }
    agrees('logistic balanced', shares(logistic({ penalty: 0.1, classWeights: 'balanced' }), two), 1e-6)
  })

  it('agree on linear and quadratic discriminants', () => {
    for (const shrinkage of [0, 0.2]) {
      const name = shrinkage === 0 ? '0.0' : '0.2'
      agrees(`lda ${name}`, shares(linearDiscriminant({ shrinkage }), three), 1e-9)
      agrees(`qda ${name}`, shares(quadraticDiscriminant({ shrinkage }), three), 1e-9)
    }
  })

  it('agree on nearest neighbours, uniform and by distance', () => {
    for (const neighbours of [1, 5])
      for (const weighting of ['uniform', 'distance'] as const) {
        agrees(`nearest ${neighbours} ${weighting}`, numbers(nearest({ neighbours, weighting })), 1e-10)
        agrees(`nearest classes ${neighbours} ${weighting}`, shares(nearestClassifier({ neighbours, weighting }), three), 1e-10)
      }
  })
})
