import { type Characterisation, OUTCOMES, type Outcome } from '../model/index.js'
import { countAtMost } from '../num/index.js'
import { ascending, describe, type Sorted, splitSorted } from './distribution.js'
import { countByGroup, type Groups, type Rows, shareOf } from './rows.js'

/** The outcomes that occur, in the order of `OUTCOMES`; undefined where the trace does not say. */
export function outcomeGroups(outcome: Uint8Array | undefined): Groups | undefined {
  if (!outcome) return undefined
  const counts = new Int32Array(OUTCOMES.length)
  for (let i = 0; i < outcome.length; i++) if (outcome[i]! < counts.length) counts[outcome[i]!]!++
  const group = new Int32Array(256).fill(-1)
  const labels: string[] = []
  for (const [code, label] of OUTCOMES.entries()) if (counts[code]! > 0) group[code] = labels.push(label) - 1
  const of = new Int32Array(outcome.length)
  for (let i = 0; i < of.length; i++) of[i] = group[outcome[i]!]!
  return { of, labels }
}

/** How rows ended: by count, by resource-time; attempts, run time to failure, waste. Null where the trace does not say. */
export function outcomes(rows: Rows, run: Sorted, groups: Groups | undefined): Characterisation['outcomes'] {
  if (!groups || groups.labels.length === 0) return null
  const counts = countByGroup(groups)
  const held = new Float64Array(groups.labels.length)
  const withRun = new Int32Array(groups.labels.length)
  const attempts = new Float64Array(groups.labels.length)
  const attempted = new Int32Array(groups.labels.length)
  const column = rows.jobs.attempts
  for (let i = 0; i < rows.count; i++) {
    const g = groups.of[i]!
    if (g < 0) continue
    if (rows.resource[i]! >= 0) held[g] = held[g]! + rows.resource[i]!
    if (rows.run[i]! >= 0) withRun[g]!++
    if (column && column[i]! >= 0) {
      attempts[g] = attempts[g]! + column[i]!
      attempted[g]!++
    }
  }
  const heldBy = (outcome: Outcome) => held[groups.labels.indexOf(outcome)] ?? 0
  const failed = groups.labels.indexOf('fail')
  const attemptValues = column && ascending(column, 0)
  const distribution = attemptValues ? describe(attemptValues) : null
  return {
    rows: groups.labels.map((outcome, g) => ({
      outcome,
      rows: counts[g]!,
      share: counts[g]! / rows.count,
      resourceSeconds: held[g]!,
      resourceShare: shareOf(held[g]!, rows.totalResource),
      rowsWithoutRunTime: counts[g]! - withRun[g]!,
      attemptsMean: attempted[g]! > 0 ? attempts[g]! / attempted[g]! : null,
    })),
    attempts: distribution && {
      distribution,
      moreThanOneShare: 1 - countAtMost(attemptValues!, 1) / attemptValues!.length,
    },
    runTimeToFailure: failed < 0 ? null : describe(splitSorted(run, groups)[failed]!),
    wasted: {
      failSeconds: heldBy('fail'),
      cancelSeconds: heldBy('cancel'),
      evictSeconds: heldBy('evict'),
      timeoutSeconds: heldBy('timeout'),
      lostSeconds: heldBy('lost'),
      totalSeconds: rows.totalResource,
      failShare: shareOf(heldBy('fail'), rows.totalResource),
      cancelShare: shareOf(heldBy('cancel'), rows.totalResource),
      evictShare: shareOf(heldBy('evict'), rows.totalResource),
    },
  }
}
