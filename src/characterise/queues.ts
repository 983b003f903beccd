import type { Characterisation } from '../model/index.js'
import { quantile } from '../num/index.js'
import { type Sorted, splitSorted } from './distribution.js'
import { countByLabel, groupByLabel, type Rows, shareOf, sumByLabel } from './rows.js'
import { skewOf } from './skew.js'

const MOST_QUEUES = 50

/** Queues (virtual clusters, partitions) and how unevenly they are used. Null where the trace has none. */
export function queues(rows: Rows, run: Sorted, wait: Sorted | undefined): Characterisation['queues'] {
  const { queue, user, slots } = rows.jobs
  if (!queue) return null
  const counts = countByLabel(queue)
  const held = sumByLabel(queue, rows.resource)
  const present = (_: number, code: number) => counts[code]! > 0
  const byRows = skewOf(counts.filter(present))
  if (!byRows) return null

  const groups = groupByLabel(queue, MOST_QUEUES)
  const most = Math.min(groups.labels.length, MOST_QUEUES)
  const codeOf = new Map(queue.labels.map((label, code) => [label, code]))
  const median = (parts: Float64Array[] | undefined, g: number) => (parts?.[g]?.length ? quantile(parts[g], 0.5) : null)
  const runs = splitSorted(run, groups)
  const waits = wait && splitSorted(wait, groups)
  const usersOf = user && groups.labels.map(() => new Set<number>())
  const width = new Float64Array(groups.labels.length)
  const widths = new Int32Array(groups.labels.length)
  for (let i = 0; i < rows.count; i++) {
    const g = groups.of[i]!
    if (g < 0) continue
    if (usersOf && user.codes[i]! >= 0) usersOf[g]!.add(user.codes[i]!)
    if (slots && slots[i]! >= 0) {
      width[g] = width[g]! + slots[i]!
      widths[g]!++
    }
  }
  return {
    rows: groups.labels.slice(0, most).map((label, g) => {
      const code = codeOf.get(label)!
      return {
        label,
        rows: counts[code]!,
        share: counts[code]! / rows.count,
        resourceSeconds: held[code]!,
        resourceShare: shareOf(held[code]!, rows.totalResource),
        users: usersOf ? usersOf[g]!.size : null,
        meanSlots: widths[g]! > 0 ? width[g]! / widths[g]! : null,
        medianRunSeconds: median(runs, g),
        medianWaitSeconds: median(waits, g),
      }
    }),
    distinct: byRows.holders,
    byRows,
    byResource: skewOf(held.filter(present)),
    largestToMean: byRows.largest! * byRows.holders,
  }
}
