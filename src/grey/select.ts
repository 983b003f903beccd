import {
  kFold,
  type RegressionModel,
  type Regressor,
  type Samples,
  type Split,
  sameColumns,
  type Table,
  takeSamples,
  unfit,
} from '../learn/index.js'
import { isRefusal } from '../model/index.js'
import { notPositive } from './log-scale.js'
import { nested } from './nested.js'

export interface SelectOptions {
  /** How many of the nearest judged rows have a say; default 5. */
  readonly neighbours?: number
  /** Every row is judged by a model that did not see it, in this many folds; default 5. */
  readonly folds?: number
}

/**
 * KNN selection: several models, white and black, of which each query takes the one that did best on the rows near it.
 *
 * The errors are those of held-out folds, |log(y/ŷ)|, averaged over the k nearest rows in standardised columns; the models are then fitted to all rows. Outside the data it
 * takes what was best at the edge. When it loses: with few rows the errors near a query are luck (a large k then amounts to picking one model for all).
 *
 * Source: Didona, Quaglia, Romano and Torre, ICPE 2015 (there with a validation set of its own).
 */
export function selectByNeighbours(learners: readonly Regressor[], { neighbours = 5, folds = 5 }: SelectOptions = {}): Regressor {
  const name = `nearest best of ${learners.map((one) => one.name).join(', ')}`
  return {
    name,
    fit(samples, { rng, progress }) {
      const bad = unfit(samples, notPositive(samples.target))
      if (bad !== undefined) return bad
      const rows = samples.features.rows
      const splits = rows < 4 ? [] : kFold(rows, Math.min(folds, rows), rng.stream('folds'))
      const models: RegressionModel[] = []
      const errors: Float64Array[] = []
      for (const [k, learner] of learners.entries()) {
        const model = learner.fit(samples, { rng: rng.stream(`model${k}`) })
        if (isRefusal(model)) return model
        models.push(model)
        errors.push(heldOutErrors(learner, samples, splits, rng.stream(`held${k}`)).map(Math.abs))
        progress?.((k + 1) / learners.length)
      }
      const standard = standardOf(samples.features)
      const points = placed(samples.features, standard)
      const model: RegressionModel = {
        task: 'regression',
        learner: name,
        names: samples.features.names,
        caveats: models.flatMap((one) => one.caveats),
        predict(table) {
          sameColumns(model, table)
          const answers = models.map((one) => one.predict(table))
          const queries = placed(table, standard)
          return Float64Array.from({ length: table.rows }, (_, i) => {
            const near = nearest(points, queries[i], neighbours)
            let best = 0
            let least = Number.POSITIVE_INFINITY
            errors.forEach((error, m) => {
              const sum = near.reduce((total, row) => total + error[row], 0)
              if (sum < least && answers[m][i] > 0) {
                least = sum
                best = m
              }
            })
            return answers[best][i]
          })
        },
        save: () =>
          nested(
            model,
            Object.fromEntries(models.map((one, k) => [`model${k}`, one])),
            { neighbours, models: models.length },
            {
              centre: standard.centre,
              spread: standard.spread,
              points: Float64Array.from(points.flatMap((point) => Array.from(point))),
              errors: Float64Array.from(errors.flatMap((error) => Array.from(error))),
            },
          ),
      }
      return model
    },
  }
}

/**
 * log(observed / foreseen) of each row by a model that did not see it; rows that no split tests, or for which there is no answer, count as an error by a
 * factor of 20, so that a model that cannot answer is not chosen.
 */
export function heldOutErrors(
  learner: Regressor,
  samples: Samples,
  splits: readonly Split[],
  rng: { stream(name: string): import('../num/index.js').Rng },
): Float64Array {
  const out = new Float64Array(samples.features.rows).fill(Math.log(20))
  splits.forEach(({ train, test }, k) => {
    const model = learner.fit(takeSamples(samples, train), { rng: rng.stream(`fold${k}`) })
    if (isRefusal(model)) return
    const tested = takeSamples(samples, test)
    const answers = model.predict(tested.features)
    test.forEach((row, i) => {
      if (answers[i] > 0) out[row] = Math.log(tested.target[i] / answers[i])
    })
  })
  return out
}

interface Standard {
  readonly centre: Float64Array
  readonly spread: Float64Array
}

function standardOf({ columns }: Table): Standard {
  const centre = Float64Array.from(columns, (column) => column.reduce((a, b) => a + b, 0) / column.length)
  const spread = Float64Array.from(columns, (column, c) => {
    const variance = column.reduce((sum, value) => sum + (value - centre[c]) ** 2, 0) / column.length
    return variance > 0 ? Math.sqrt(variance) : 1
  })
  return { centre, spread }
}

function placed({ rows, columns }: Table, { centre, spread }: Standard): Float64Array[] {
  return Array.from({ length: rows }, (_, i) => Float64Array.from(columns, (column, c) => (column[i] - centre[c]) / spread[c]))
}

function nearest(points: readonly Float64Array[], query: Float64Array, count: number): number[] {
  const distances = Float64Array.from(points, (point) => point.reduce((sum, value, c) => sum + (value - query[c]) ** 2, 0))
  return Array.from(distances.keys())
    .sort((a, b) => distances[a] - distances[b] || a - b)
    .slice(0, count)
}
