import type { Characterisation, Skew } from '../model/index.js'
import { gini, lorenz, sortAscending, topShare } from '../num/index.js'
import { countByLabel, type Rows, sumByLabel } from './rows.js'

/** How unevenly amounts (≥ 0) are spread over their holders; null where there is none. Sorts a copy. */
export function skewOf(amounts: Float64Array): Skew | null {
  return skewOfSorted(sortAscending(amounts.slice()))
}

/** The same of ascending amounts. */
export function skewOfSorted(sorted: Float64Array): Skew | null {
  const n = sorted.length
  if (n === 0) return null
  let total = 0
  for (let i = 0; i < n; i++) total += sorted[i]!
  const orNull = (value: number) => (Number.isFinite(value) ? Math.min(1, value) : null)
  return {
    holders: n,
    gini: orNull(gini(sorted)),
    topOne: orNull(topShare(sorted, 0.01)),
    topFive: orNull(topShare(sorted, 0.05)),
    topTen: orNull(topShare(sorted, 0.1)),
    largest: orNull(total > 0 ? sorted[n - 1]! / total : Number.NaN),
    lorenz: lorenz(sorted),
  }
}

/** Skew of users by rows and by resource-time (users with rows; rows without a user are left out), and of rows by resource-time. */
export function skew(rows: Rows, sortedResource: Float64Array): Characterisation['skew'] {
  const { user } = rows.jobs
  const rowsOf = user && countByLabel(user)
  const present = (_: number, code: number) => rowsOf![code]! > 0
  return {
    usersByRows: user ? skewOf(rowsOf!.filter(present)) : null,
    usersByResource: user ? skewOf(sumByLabel(user, rows.resource).filter(present)) : null,
    rowsByResource: skewOfSorted(sortedResource),
  }
}
