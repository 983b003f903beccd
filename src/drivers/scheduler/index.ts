export type { Decision, StopReason } from './decision.js'
export type { SchedulerJob, SchedulerStage, TaskRef } from './job.js'
export { OrderedQueue, type Queued } from './queue.js'
export {
  isSchedulerDiscipline,
  SCHEDULER_DISCIPLINES,
  Scheduler,
  type SchedulerDiscipline,
  type SchedulerSettings,
  type Taken,
  type TaskEnd,
} from './scheduler.js'
export type { SchedulerNode } from './slots.js'
