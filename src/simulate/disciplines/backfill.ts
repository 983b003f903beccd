import { BackfillQueue } from '../backfillQueue.js'
import type { DisciplineRule } from '../discipline.js'

/**
 * EASY backfill (Lifka 1995): first come, first served, but when the head does not fit it is promised the earliest time at which the
 * users’ estimates say that it will, and jobs behind it may start now if they do not break that promise: they end before it, or use only
 * slots that the head will leave over.
 */
export const easyBackfill: DisciplineRule = {
  name: 'easy-backfill',
  interrupts: 'never',
  queue: (jobs) => new BackfillQueue(jobs),
  backfill: 'easy',
}

/** Conservative backfill: every waiting job is promised a start, in order of arrival; a job starts early only if no promise is broken. */
export const conservativeBackfill: DisciplineRule = {
  name: 'conservative-backfill',
  interrupts: 'never',
  queue: (jobs) => new BackfillQueue(jobs),
  backfill: 'conservative',
}
