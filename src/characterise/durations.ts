import type { Characterisation } from '../model/index.js'
import { countAtMost } from '../num/index.js'
import { describe, describeGroups, type Sorted } from './distribution.js'
import type { Groups } from './rows.js'

/** The groupings that run times and waits are told apart by; undefined where the trace lacks the column. */
export interface Groupings {
  readonly size: Groups | undefined
  readonly outcome: Groups | undefined
  readonly queue: Groups | undefined
  readonly classes: Groups | undefined
  readonly classesBy: 'priority' | 'queue' | null
}

/** Run times in seconds: overall and by size, outcome and class. Null where none is known. */
export function durations(run: Sorted, groupings: Groupings): Characterisation['durations'] {
  const overall = describe(run.values)
  if (!overall) return null
  const over = (seconds: number) => 1 - countAtMost(run.values, seconds) / overall.count
  return {
    overall,
    lastsOverDayShare: over(86_400),
    lastsOverWeekShare: over(7 * 86_400),
    bySize: describeGroups(run, groupings.size),
    byOutcome: describeGroups(run, groupings.outcome),
    classesBy: groupings.classesBy,
    byClass: describeGroups(run, groupings.classes),
  }
}
