import { googleHooks } from './google-jobs.js'
import type { TableFormat } from './table.js'

/**
 * Google cluster of May 2011, priority, size and requests of the jobs of the first day. Arrivals and sizes only: no start, end or outcome.
 */
export const googleDay1: TableFormat = {
  name: 'google-day1',
  title: 'Google ClusterData2011, priority and size of the jobs of the first day',
  needs: ['job_id', 'priority', 'first_task_submit_s', 'n_tasks'],
  delimiter: ',',
  quotes: true,
  unit: 'job',
  slotUnit: 'task',
  clock: 'relative',
  priorityOrder: 'larger-first',
  cpuUnit: 'share of the largest machine, mean of the tasks',
  memoryUnit: 'share of the largest machine, mean of the tasks',
  numbers: [
    { field: 'submit', column: 'first_task_submit_s' },
    { field: 'priority', column: 'priority' },
    { field: 'slots', column: 'n_tasks' },
    { field: 'cpu', column: 'mean_cpu_req', optional: true },
    { field: 'memory', column: 'mean_mem_req', optional: true },
  ],
  labels: [
    { field: 'id', column: 'job_id' },
    { field: 'user', column: 'user', optional: true },
    { field: 'group', column: 'sched_class', optional: true },
  ],
  missing: [],
  uniqueIds: true,
  hooks: googleHooks,
}
