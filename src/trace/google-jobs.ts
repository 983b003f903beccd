import type { Outcome } from '../model/index.js'
import { END, SUBMIT } from './builder.js'
import type { TableFormat } from './table.js'

/** Google’s event types as the last event of a job or task. KILL is by the user or because a job that it depends on died, not a program failure. */
export const GOOGLE_END_EVENTS: Readonly<Record<string, Outcome>> = {
  2: 'evict',
  3: 'fail',
  4: 'complete',
  5: 'cancel',
  6: 'lost',
}

/**
 * Google cluster of May 2011, one row a job (reshaped from `job_events` of ClusterData2011_2).
 *
 * Priority is the scheduling class, 0 to 3: 3 is the most sensitive to latency. The table does not say how many tasks a job has, so there are
 * no slots. Jobs that came before the trace have submit time 0: flagged `leftTruncated`.
 */
export const googleJobs: TableFormat = {
  name: 'google-jobs',
  title: 'Google ClusterData2011, one row a job',
  needs: ['job_id', 'sched_class', 'submit_s', 'first_schedule_s', 'end_s', 'end_event'],
  delimiter: ',',
  quotes: true,
  unit: 'job',
  slotUnit: 'task',
  clock: 'relative',
  priorityOrder: 'larger-first',
  numbers: [
    { field: 'submit', column: 'submit_s' },
    { field: 'start', column: 'first_schedule_s' },
    { field: 'end', column: 'end_s' },
    { field: 'priority', column: 'sched_class' },
    { field: 'attempts', column: 'n_schedule', optional: true },
  ],
  labels: [
    { field: 'id', column: 'job_id' },
    { field: 'user', column: 'user', optional: true },
    { field: 'name', column: 'logical_name', optional: true },
  ],
  outcome: { column: 'end_event', of: (text) => GOOGLE_END_EVENTS[text], empty: 'running' },
  missing: [],
  uniqueIds: true,
  hooks: googleHooks,
}

/** Flags jobs that came before the trace began. */
export function googleHooks() {
  return {
    adjust(builder: { numbers: Float64Array; truncated: number }) {
      // Second 0 stands for any time before the trace: real events start 600 s into it.
      if (builder.numbers[SUBMIT] === 0) builder.truncated = 1
      if (builder.numbers[END] === 0) builder.numbers[END] = Number.NaN
    },
  }
}
