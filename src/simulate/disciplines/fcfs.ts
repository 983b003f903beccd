import type { DisciplineRule } from '../discipline.js'
import { LaneQueue } from '../queues.js'

/** First come, first served. A gang that does not fit blocks everybody behind it. */
export const fcfs: DisciplineRule = {
  name: 'fcfs',
  interrupts: 'never',
  queue: (jobs) => new LaneQueue(jobs, 1, () => 0),
}
