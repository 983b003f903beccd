import type { DisciplineRule } from '../discipline.js'
import { RankQueue } from '../queues.js'

/** The shortest run time first, known when the job comes; never interrupted. The head blocks when it does not fit. */
export const shortestJobFirst: DisciplineRule = {
  name: 'sjf',
  interrupts: 'never',
  queue: (jobs) => new RankQueue((job) => jobs.size[job]),
}

/** The shortest remaining run time first: a waiting job evicts running ones that have more left, the longest first; work is kept. */
export const shortestRemainingFirst: DisciplineRule = {
  name: 'srtf',
  interrupts: 'resume',
  drifts: true,
  queue: (jobs) => new RankQueue((job, now) => jobs.remaining(job, now)),
  urgency: (jobs, job, now) => jobs.remaining(job, now),
}
