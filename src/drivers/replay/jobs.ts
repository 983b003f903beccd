/** Jobs whose run times are known beforehand, as a replay plays them. */
import type { ReplayJobs } from '../../model/index.js'
import type { SchedulerJob, SchedulerStage } from '../scheduler/index.js'

export interface ReplayStage extends SchedulerStage {
  /** Seconds of work at speed 1 of each task, in order; one for all where it is a number. */
  readonly workSeconds: readonly number[] | number
  /** Seconds that pass before the first task, at speed 1, without a slot. */
  readonly setupSeconds?: number
  /** Share of the work that a faster processor speeds up; all of it where absent. */
  readonly processorBound?: number
}

export interface ReplayJob extends SchedulerJob {
  readonly submitSeconds: number
  readonly stages: readonly ReplayStage[]
}

/** The jobs of a trace: each is one stage of one task that holds all the job’s slots. Keys are `NAME-0`, `NAME-1`, … in order of submission. */
export function* jobsOfReplay(
  replay: ReplayJobs,
  classes: readonly { readonly name: string; readonly priority: number }[],
  name = 'job',
): Iterable<ReplayJob> {
  for (let i = 0; i < replay.count; i++) {
    const { name: className, priority } = classes[replay.classIndex[i]!]!
    const estimate = replay.estimateSeconds?.[i]
    const user = replay.userIndex?.[i]
    yield {
      key: `${name}-${i}`,
      className,
      priority,
      submitSeconds: replay.submitSeconds[i]!,
      stages: [{ name: 'run', tasks: 1, slotsPerTask: replay.slots[i]!, workSeconds: replay.runSeconds[i]! }],
      ...(estimate === undefined || Number.isNaN(estimate) ? {} : { limitSeconds: estimate }),
      ...(user === undefined ? {} : { user: `user-${user}` }),
    }
  }
}
