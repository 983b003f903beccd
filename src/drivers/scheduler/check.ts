/** What cannot be asked of a scheduler, whatever its state. */
import { type Refusal, refuse } from '../../model/index.js'
import type { Job, SchedulerJob, Stage } from './job.js'

/** Refuses a job that could never run on so many slots, or withdraws what it has not. */
export function refusesJob({ key, stages, withdrawn = {} }: SchedulerJob, slots: number): Refusal | undefined {
  const names = new Map(stages.map((stage) => [stage.name, stage]))
  if (names.size < stages.length) return refuse('unsupported', `two stages of job ${key} have the same name`)
  for (const { name, slotsPerTask = 1 } of stages) {
    if (slotsPerTask > slots)
      return refuse('infeasible', `a task of stage ${name} of job ${key} needs more slots than there are`, {
        needed: slotsPerTask,
        slots,
      })
  }
  for (const [name, tasks] of Object.entries(withdrawn)) {
    const stage = names.get(name)
    if (stage === undefined) return refuse('no-data', `job ${key} has no stage ${name} to withdraw tasks of`)
    if (stage.droppable === false && tasks.length > 0) return refuse('unsupported', `stage ${name} drops no tasks`)
    const outside = tasks.find((task) => task >= stage.tasks)
    if (outside !== undefined) return refuse('no-data', `stage ${name} has no task ${outside}`)
    if (new Set(tasks).size >= stage.tasks) return refuse('infeasible', `no task of stage ${name} would be left`)
  }
  return undefined
}

/** The stage of that name, refused where there is none or where it lacks one of the tasks. */
export function stageWith(job: Job, name: string, tasks: readonly number[]): Stage | Refusal {
  const stage = job.stages.find((one) => one.name === name)
  if (stage === undefined) return refuse('no-data', `job ${job.id} has no stage ${name}`)
  const outside = tasks.find((task) => task >= stage.tasks)
  return outside === undefined ? stage : refuse('no-data', `stage ${name} of job ${job.id} has no task ${outside}`)
}
