import { type Caveat, caveat } from '../model/index.js'
import { type Samples, takeSamples } from './table.js'

/** The rows of samples that weigh something, in order: a row of weight 0 is as absent as one that was never there. The same samples where none weighs 0. */
export function presentRows(samples: Samples): Samples {
  const { weights } = samples
  if (weights === undefined || weights.every((weight) => weight > 0)) return samples
  const rows: number[] = []
  for (let i = 0; i < weights.length; i++) if (weights[i] > 0) rows.push(i)
  return takeSamples(samples, rows)
}

/** One weight a row, scaled to a mean of 1, so that only their ratios matter. All 1 where samples have none. */
export function rowWeights({ features, weights }: Samples): Float64Array {
  const out = new Float64Array(features.rows).fill(1)
  if (weights === undefined) return out
  // divided by the largest first: sums of huge weights would overflow
  let largest = 0
  for (const weight of weights) if (weight > largest) largest = weight
  let sum = 0
  for (let i = 0; i < out.length; i++) sum += out[i] = weights[i] / largest
  const factor = out.length / sum
  for (let i = 0; i < out.length; i++) out[i] *= factor
  return out
}

/** True where all values are the same number. */
export function isConstant(values: ArrayLike<number>): boolean {
  for (let i = 1; i < values.length; i++) if (values[i] !== values[0]) return false
  return true
}

/**
 * What every learner says about samples that pass, but from which little can be learned: `constant-target` (for classes: `one-class`), `constant-feature`
 * for each column that is the same in every row, `few-rows` where there are no more rows than columns. `samples` has its rows of weight 0 taken out.
 */
export function sampleCaveats({ features, target }: Samples, task: 'number' | 'class'): Caveat[] {
  const caveats: Caveat[] = []
  if (isConstant(target)) {
    const value = target[0]
    caveats.push(
      task === 'number'
        ? caveat('constant-target', `the target is ${value} in every row: so is every prediction`, { numbers: { value } })
        : caveat('one-class', `every row is of class ${value}: so is every prediction`, { numbers: { class: value } }),
    )
  }
  features.columns.forEach((column, c) => {
    if (!isConstant(column)) return
    const path = `features.${features.names[c]}`
    caveats.push(caveat('constant-feature', `${features.names[c]} is the same in every row and tells nothing`, { path }))
  })
  const columns = features.columns.length
  if (features.rows <= columns)
    caveats.push(
      caveat('few-rows', `${features.rows} rows for ${columns} columns: much of what was learned is chance`, {
        numbers: { rows: features.rows, columns },
      }),
    )
  return caveats
}
