import type { Characterisation } from '../model/index.js'
import { sortAscending } from '../num/index.js'
import { ascending, describe, describeGroups, type Sorted } from './distribution.js'
import type { Groupings } from './durations.js'
import { microseconds, type Rows } from './rows.js'
import { busyAt } from './utilisation.js'

/**
 * Waits in seconds: overall and by size, queue and class. Null where no row has both submission and start.
 *
 * With the capacity, waits are split by what the row met at its submission: room for it (held back by fragmentation, quota or order) or none.
 */
export function waiting(
  rows: Rows,
  wait: Sorted,
  groupings: Groupings,
  capacitySlots: number | undefined,
): Characterisation['waiting'] {
  const overall = describe(wait.values)
  if (!overall) return null
  return {
    overall,
    bySize: describeGroups(wait, groupings.size),
    byQueue: describeGroups(wait, groupings.queue),
    classesBy: groupings.classesBy,
    byClass: describeGroups(wait, groupings.classes),
    split: capacitySlots === undefined ? null : split(rows, capacitySlots),
  }
}

function split(rows: Rows, capacitySlots: number): NonNullable<Characterisation['waiting']>['split'] {
  const submit = rows.jobs.submitSeconds
  const { held } = rows
  const waited = new Float64Array(rows.count).fill(Number.NaN)
  for (let i = 0; i < rows.count; i++) if (rows.wait![i]! > 0 && (!held || held[i]! >= 0)) waited[i] = submit[i]!
  const { rows: order, busy } = busyAt(rows, waited)
  let room = 0
  for (let i = 0; i < order.length; i++) if (busy[i]! + (held ? held[order[i]!]! : 1) <= capacitySlots + 1e-9) room++
  const n = order.length
  return n === 0 ? null : { capacitySlots, waitedRows: n, roomShare: room / n, fullShare: (n - room) / n }
}

/** Responses in seconds: end − submission of the rows submitted inside the trace that have both, started or not. Null where there is none. */
export function response(rows: Rows): Characterisation['response'] {
  const end = rows.jobs.endSeconds
  if (!end) return null
  const values = new Float64Array(rows.count)
  for (let i = 0; i < rows.count; i++) values[i] = microseconds(end[i]! - rows.arrival[i]!)
  return describe(ascending(values, 0))
}

/** Bounded slowdown: max(1, (wait + run) / max(run, threshold)). Rows with both a wait and a run time. Source: Feitelson (2001). */
export function slowdown(rows: Rows, thresholdSeconds: number): Characterisation['slowdown'] {
  if (!rows.wait) return null
  const values = new Float64Array(rows.count)
  let n = 0
  for (let i = 0; i < rows.count; i++) {
    const response = rows.wait[i]! + rows.run[i]!
    if (response >= 0) values[n++] = Math.max(1, response / Math.max(rows.run[i]!, thresholdSeconds))
  }
  const bounded = describe(sortAscending(values.subarray(0, n)))
  return bounded && { bounded }
}
