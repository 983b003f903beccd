import { type FitOptions, type Samples, takeRows, takeSamples, type Unfit } from '../learn/index.js'
import { type Caveat, caveat, type Refusal } from '../model/index.js'
import { columnOf, type WhiteModel } from './white.js'

/** What a model missed at the smallest value of a column when it was fitted to the larger ones only. */
export interface Below {
  readonly column: string
  readonly lowest: number
  /** Mean of log(foreseen / observed) over the rows there. */
  readonly missed: number
}

/**
 * The error of the step that a question below the data would take, taken inside them: the rows at the smallest value of the column that the white model `shrinks` along are left out, foreseen from the others and compared. Nothing where fewer than
 * four values or `leastRows` rows would remain.
 */
export function missedBelow(
  white: WhiteModel,
  samples: Samples,
  refit: (train: Samples, options: FitOptions) => { predict(table: Samples['features']): Float64Array } | Refusal | Unfit,
  options: FitOptions,
  leastRows = 4,
): Below | undefined {
  const column = white.shrinks
  if (column === undefined) return undefined
  const values = columnOf(samples.features, column)
  const lowest = values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY)
  const rows = Array.from(values.keys())
  const train = rows.filter((i) => values[i] > lowest)
  const test = rows.filter((i) => values[i] === lowest)
  if (train.length < leastRows || new Set(train.map((i) => values[i])).size < 4) return undefined
  const model = refit(takeSamples(samples, train), options)
  if (!('predict' in model)) return undefined
  const answers = model.predict(takeRows(samples.features, test))
  if (answers.some((value) => !(value > 0))) return undefined
  return {
    column,
    lowest,
    missed: answers.reduce((sum, value, i) => sum + Math.log(value / samples.target[test[i]]), 0) / test.length,
  }
}

/** The caveat `steep-below` where such steps missed by more than 6 % (the median size over groups): twice what answers between known caps are held to, and the next step down misses by more. */
export function caveatBelow(found: readonly (Below | undefined)[]): Caveat[] {
  const known = found.filter((one) => one !== undefined)
  if (known.length === 0) return []
  const sizes = known.map(({ missed }) => Math.exp(Math.abs(missed)) - 1).sort((a, b) => a - b)
  const typical = sizes[sizes.length >> 1]
  if (typical <= 0.06) return []
  const { column, lowest } = known.reduce((a, b) => (b.lowest < a.lowest ? b : a))
  return [
    caveat(
      'steep-below',
      `below ${column} ${lowest} do not trust the answer: fitted without its lowest value, the model missed that one by ${Math.round(100 * typical)} %`,
    ),
  ]
}
