import { GOOGLE_END_EVENTS, googleHooks } from './google-jobs.js'
import type { TableFormat } from './table.js'

/**
 * Google cluster of May 2011, one row an attempt to run a task (reshaped from `task_events`).
 *
 * One slot an attempt. `id` is the job, so attempts of one job can be found together; end event −1 is censored (still alive at the end of the
 * segment). Requests are shares of the largest machine.
 */
export const googleTasks: TableFormat = {
  name: 'google-tasks',
  title: 'Google ClusterData2011, one row a task attempt',
  needs: ['job_id', 'task', 'attempt', 'priority', 'submit_s', 'schedule_s', 'end_s', 'end_event'],
  delimiter: ',',
  quotes: true,
  unit: 'task-attempt',
  slotUnit: 'task',
  clock: 'relative',
  priorityOrder: 'larger-first',
  cpuUnit: 'share of the largest machine',
  memoryUnit: 'share of the largest machine',
  numbers: [
    { field: 'submit', column: 'submit_s' },
    { field: 'start', column: 'schedule_s' },
    { field: 'end', column: 'end_s' },
    { field: 'priority', column: 'priority' },
    { field: 'attempts', column: 'attempt' },
    { field: 'cpu', column: 'cpu_req', optional: true },
    { field: 'memory', column: 'mem_req', optional: true },
  ],
  labels: [
    { field: 'id', column: 'job_id' },
    { field: 'user', column: 'user', optional: true },
    { field: 'group', column: 'sched_class', optional: true },
    { field: 'name', column: 'task' },
    { field: 'machine', column: 'machine_id', optional: true },
  ],
  outcome: {
    column: 'end_event',
    of: (text) => (text === '-1' ? 'running' : GOOGLE_END_EVENTS[text]),
    empty: 'running',
  },
  constants: { slots: 1 },
  missing: [],
  uniqueIds: false,
  hooks: () => ({
    ...googleHooks(),
    notes: () => [
      {
        code: 'unit',
        message:
          'a row is one attempt to run one task and holds one slot; id is its job, name its index, attempts the number of the attempt',
      },
    ],
  }),
}
