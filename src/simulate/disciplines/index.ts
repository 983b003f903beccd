import type { Policy } from '../../model/index.js'
import type { DisciplineRule } from '../discipline.js'
import { conservativeBackfill, easyBackfill } from './backfill.js'
import { fairShare } from './fairshare.js'
import { fcfs } from './fcfs.js'
import { leastAttainedService } from './las.js'
import { priorityNonPreemptive, priorityPreemptiveRestart, priorityPreemptiveResume } from './priority.js'
import { shortestJobFirst, shortestRemainingFirst } from './shortest.js'

export { conservativeBackfill, easyBackfill } from './backfill.js'
export { fairShare } from './fairshare.js'
export { fcfs } from './fcfs.js'
export { leastAttainedService, TIRESIAS_LEVELS } from './las.js'
export { priorityNonPreemptive, priorityPreemptiveRestart, priorityPreemptiveResume } from './priority.js'
export { shortestJobFirst, shortestRemainingFirst } from './shortest.js'

/** The rule that a policy names. */
export function disciplineRule(policy: Policy): DisciplineRule {
  switch (policy.discipline) {
    case 'fcfs':
      return fcfs
    case 'priority-nonpreemptive':
      return priorityNonPreemptive
    case 'priority-preemptive-resume':
      return priorityPreemptiveResume
    case 'priority-preemptive-restart':
      return priorityPreemptiveRestart
    case 'sjf':
      return shortestJobFirst
    case 'srtf':
      return shortestRemainingFirst
    case 'las':
      return leastAttainedService(policy.las?.thresholdsSlotSeconds)
    case 'fair-share':
      return fairShare(policy.fairShare?.halfLifeSeconds)
    case 'easy-backfill':
      return easyBackfill
    case 'conservative-backfill':
      return conservativeBackfill
  }
}
