import type { Rng } from '../num/index.js'
import type { ClassificationModel, QuantileModel, RegressionModel } from './learner.js'
import type { Samples, Table } from './table.js'

/** How much worse a model gets when one column no longer belongs to its row. */
export interface ColumnImportance {
  readonly name: string
  /** Mean over repeats of the error with the column shuffled, less the error without. May be a little negative: chance. */
  readonly increase: number
  /** Standard error of that mean over repeats; 0 with one repeat. */
  readonly standardError: number
}

export interface Importance {
  /** Of the model on the samples as they are: mean squared error, share put in a wrong class, or mean pinball loss over levels; weighted as the rows are. */
  readonly error: number
  /** Most important first. */
  readonly columns: readonly ColumnImportance[]
}

/**
 * Permutation importance (Breiman 2001) of any fitted model: each column of `samples` is shuffled among the rows, `repeats` times, and the model asked again.
 * Samples the model has not seen give the importance for foreseeing; those it was fitted on also count what it learned by heart. Columns that go together share
 * their importance, since one stands in for the other. Costs columns · repeats + 1 predictions of all rows.
 */
export function permutationImportance(
  model: RegressionModel | ClassificationModel | QuantileModel,
  samples: Samples,
  { rng, repeats = 5 }: { readonly rng: Rng; readonly repeats?: number },
): Importance {
  const { features } = samples
  const error = errorOf(model, features, samples)
  const columns = features.columns.map((column, c) => {
    const name = features.names[c]
    const chance = rng.stream(`shuffle ${name}`)
    const increases = Array.from({ length: repeats }, () => {
      const shuffled = column.slice()
      for (let i = shuffled.length - 1; i > 0; i--) {
        const j = chance.below(i + 1)
        const value = shuffled[i]
        shuffled[i] = shuffled[j]
        shuffled[j] = value
      }
      const table = { ...features, columns: features.columns.map((other, k) => (k === c ? shuffled : other)) }
      return errorOf(model, table, samples) - error
    })
    const increase = increases.reduce((sum, one) => sum + one, 0) / repeats
    const spread = increases.reduce((sum, one) => sum + (one - increase) ** 2, 0)
    return { name, increase, standardError: repeats > 1 ? Math.sqrt(spread / (repeats - 1) / repeats) : 0 }
  })
  return { error, columns: columns.sort((a, b) => b.increase - a.increase) }
}

function errorOf(
  model: RegressionModel | ClassificationModel | QuantileModel,
  table: Table,
  { target, weights }: Pick<Samples, 'target' | 'weights'>,
): number {
  const levels = model.task === 'quantile' ? model.levels : []
  const answers = model.task === 'quantile' ? model.quantiles(table) : model.predict(table)
  const loss = (row: number): number => {
    if (model.task === 'classification') return answers[row] === target[row] ? 0 : 1
    if (model.task === 'regression') return (answers[row] - target[row]) ** 2
    let sum = 0
    levels.forEach((level, k) => {
      const off = target[row] - answers[row * levels.length + k]
      sum += off >= 0 ? level * off : (level - 1) * off
    })
    return sum / levels.length
  }
  let sum = 0
  let mass = 0
  for (let i = 0; i < target.length; i++) {
    const weight = weights?.[i] ?? 1
    sum += weight * loss(i)
    mass += weight
  }
  return sum / mass
}
