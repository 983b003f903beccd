import type { Characterisation } from '../model/index.js'
import type { Rows } from './rows.js'

type Found = Pick<
  Characterisation,
  | 'arrivals'
  | 'sizes'
  | 'durations'
  | 'waiting'
  | 'outcomes'
  | 'utilisation'
  | 'skew'
  | 'names'
  | 'queues'
  | 'heterogeneity'
  | 'estimates'
  | 'fanOut'
  | 'missing'
>

const WORDS = {
  startSeconds: 'start times',
  slots: 'numbers of slots',
  outcome: 'outcomes',
  attempts: 'counts of attempts',
  user: 'users',
  name: 'names',
  queue: 'queues',
  slotType: 'types of slots',
  machine: 'machines',
  estimateSeconds: 'estimates of run times',
} as const

/** Every line of the checklist that this trace cannot answer, with the reason in words. */
export function notDerivable(rows: Rows, found: Found): Characterisation['notDerivable'] {
  const { trace } = rows
  const lines: { item: string; reason: string }[] = []
  const add = (when: boolean, item: string, reason: string) => {
    if (when) lines.push({ item, reason })
  }
  const without = (column: keyof typeof WORDS) =>
    found.missing.find((line) => line.column === column)?.present
      ? `no row has usable ${WORDS[column]}`
      : `the trace has no ${WORDS[column]}`

  add(!found.arrivals, 'arrivals', 'no row says when it was submitted inside the trace')
  add(
    found.arrivals !== null && trace.clock.kind === 'relative',
    'arrivals by local hour and weekday',
    'the trace does not say which instant its second 0 is: hours and days are counted from there',
  )
  add(
    found.arrivals !== null && found.arrivals.byHour.peakToTrough === null,
    'diurnal peak to trough',
    'the trace is shorter than a day, or an hour of the day has no arrival',
  )
  add(
    found.arrivals !== null && found.arrivals.byWeekday.peakToTrough === null,
    'weekly peak to trough',
    'the trace is shorter than a week, or a weekday has no arrival',
  )
  add(!found.sizes, `${trace.slotUnit}s a ${trace.unit}, slot-time`, `${without('slots')}: resource-time is the run time of rows`)
  add(!found.fanOut && trace.slotUnit !== 'task', 'task fan-out', 'rows are not tasks of jobs')
  add(!found.durations, 'durations', 'no row has a run time')
  add(!found.waiting, 'queueing delay, slowdown', without('startSeconds'))
  add(
    !found.waiting?.split,
    'waits split by fragmentation and fair share',
    found.waiting
      ? 'neither the capacity nor the quotas of the queues are in the trace; give the capacity for a split into "had room" and "full"'
      : without('startSeconds'),
  )
  add(!found.outcomes, 'outcomes, run time to failure, waste', without('outcome'))
  add(found.outcomes !== null && !found.outcomes.attempts, 'attempts', without('attempts'))
  add(!found.outcomes?.runTimeToFailure && found.outcomes !== null, 'run time to failure', 'no failed row has a run time')
  add(true, 'failure taxonomy (user code, framework, infrastructure)', 'the trace says how a row ended, not why')
  add(!found.utilisation, 'busy slots over time', 'no row has both a place in time and a run time')
  add(
    found.utilisation !== null && found.utilisation.capacitySlots === null,
    'utilisation as a share of the cluster',
    'the trace does not say how many slots the cluster has; busy slots are given, and their mean against their peak',
  )
  add(
    true,
    'measured utilisation (GPU, CPU, memory, SM, network), by size and locality',
    'no usage samples in this kind of trace: only what was asked for and for how long',
  )
  add(!found.skew.usersByRows, 'skew of users', without('user'))
  add(
    !found.names,
    'recurrence of names',
    trace.unit === 'task-attempt' && rows.jobs.name ? 'names are those of tasks within a job' : without('name'),
  )
  add(!found.queues, 'imbalance of queues (virtual clusters)', without('queue'))
  add(!found.heterogeneity.slotTypes, 'shares of slot types', without('slotType'))
  add(!found.heterogeneity.machines, 'placement on machines', without('machine'))
  add(true, 'servers per job, locality, relaxation of placement', 'the trace does not list the machines of each gang')
  add(!found.estimates, 'accuracy of run-time estimates', without('estimateSeconds'))
  add(true, 'power and temperature', 'no such samples in this kind of trace')
  return lines
}
