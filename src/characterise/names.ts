import type { Characterisation } from '../model/index.js'
import { countByLabel, type Rows } from './rows.js'
import { skewOf } from './skew.js'

/** How often names come back. Null where the trace has no names, or where names are those of tasks within a job. */
export function names(rows: Rows): Characterisation['names'] {
  const { name } = rows.jobs
  if (!name || rows.trace.unit === 'task-attempt') return null
  const counts = countByLabel(name).filter((count) => count > 0)
  const spread = skewOf(counts)
  if (!spread) return null
  let named = 0
  let recurring = 0
  let fiveTimes = 0
  let recurringNames = 0
  for (let i = 0; i < counts.length; i++) {
    const count = counts[i]!
    named += count
    if (count >= 2) {
      recurring += count
      recurringNames++
    }
    if (count >= 5) fiveTimes += count
  }
  return {
    distinct: counts.length,
    named,
    recurringShare: recurring / named,
    fiveTimesShare: fiveTimes / named,
    namesRecurringShare: recurringNames / counts.length,
    skew: spread,
  }
}
