import type { Split, Table } from '../learn/index.js'
import { columnOf } from './white.js'

/**
 * Splits that ask about what is larger than anything learned from: rows up to some size are learned from, all larger ones tested. Cut after each of the sizes
 * but the largest, as long as at least `leastRows` rows and two sizes remain to learn from; the last `most` such cuts.
 *
 * An unseen configuration is foreseen this way, so this is the test for those who want to extrapolate; random folds flatter them.
 */
export function growingSplits(table: Table, column: string, { most = 3, leastRows = 10 } = {}): Split[] {
  const sizes = columnOf(table, column)
  const levels = [...new Set(sizes)].sort((a, b) => a - b)
  const splits: Split[] = []
  for (let k = 1; k < levels.length - 1; k++) {
    const cut = levels[k]
    const rows = Array.from(sizes.keys())
    const train = Int32Array.from(rows.filter((i) => sizes[i] <= cut))
    if (train.length < leastRows) continue
    splits.push({ train, test: Int32Array.from(rows.filter((i) => sizes[i] > cut)) })
  }
  return splits.slice(-most)
}
