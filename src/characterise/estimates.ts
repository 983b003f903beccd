import type { Characterisation } from '../model/index.js'
import { countAtMost, sortAscending } from '../num/index.js'
import { ascending, describe } from './distribution.js'
import type { Rows } from './rows.js'

/** How good the users’ own run-time estimates are. Null where there are none. */
export function estimates(rows: Rows): Characterisation['estimates'] {
  const column = rows.jobs.estimateSeconds
  if (!column) return null
  const given = ascending(column, Number.MIN_VALUE)
  const estimateSeconds = describe(given)
  if (!estimateSeconds) return null
  const ratios = new Float64Array(rows.count)
  let n = 0
  for (let i = 0; i < rows.count; i++) {
    if (column[i]! > 0 && column[i]! < Number.POSITIVE_INFINITY && rows.duration[i]! >= 0)
      ratios[n++] = rows.duration[i]! / column[i]!
  }
  const sorted = sortAscending(ratios.subarray(0, n))
  let distinct = 0
  for (let i = 0; i < given.length; i++) if (i === 0 || given[i] !== given[i - 1]) distinct++
  let below = 0
  while (below < n && sorted[below]! < 0.9) below++
  return {
    estimateSeconds,
    accuracy: describe(sorted),
    overrunShare: n > 0 ? 1 - countAtMost(sorted, 1) / n : null,
    withinTenPercentShare: n > 0 ? (countAtMost(sorted, 1.1) - below) / n : null,
    distinct,
  }
}
