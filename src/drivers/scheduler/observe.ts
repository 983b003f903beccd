/**
 * What a scheduler’s jobs look like from outside. An observed job is made anew only after it was said to have changed, and its rank only where
 * the queue moved, so that looking at ten thousand jobs of which few changed costs little.
 */
import type { ObservedJob, ObservedStage, ObservedTask, TaskState } from '../../model/index.js'
import {
  COMPLETE,
  FAILED,
  type Job,
  RUNNING,
  STOPPING,
  type Stage,
  stateOf,
  type TaskRef,
  type TaskRun,
  WITHDRAWN,
} from './job.js'
import type { OrderedQueue } from './queue.js'

/** Processor seconds of an attempt that runs, where they can be read. */
export type CpuSecondsOf = (task: TaskRef) => number | undefined

interface Look {
  readonly slots: number
  readonly exclusive: boolean
  readonly tasks: boolean
  readonly cpuSecondsOf?: CpuSecondsOf
}

export class Observer {
  private readonly seen = new WeakMap<Job, ObservedJob>()
  /** The queue as it was last, in order: nearly in order still when it is asked for again. */
  private ranked: Job[] = []

  /** Something about the job is to be told anew. */
  changed(job: Job): void {
    this.seen.delete(job)
  }

  jobs(told: readonly Job[], queue: OrderedQueue<Job>, look: Look): readonly ObservedJob[] {
    this.rank(queue)
    return told.map((job) => {
      // what runs uses processor time all along
      const moves = look.cpuSecondsOf !== undefined && job.running > 0
      if (look.tasks || moves) return observed(job, rankOf(job), look)
      const before = this.seen.get(job)
      const rank = rankOf(job)
      if (before !== undefined && before.rank === rank) return before
      const now = before !== undefined && rank !== undefined ? { ...before, rank } : observed(job, rank, look)
      this.seen.set(job, now)
      return now
    })
  }

  private rank(queue: OrderedQueue<Job>): void {
    const still: Job[] = []
    for (const job of this.ranked)
      if (job.place >= 0) still.push(job)
      else job.rank = -1
    for (const job of queue.members) if (job.rank < 0) still.push(job)
    this.ranked = still.sort((a, b) => (queue.precedes(a, b) ? -1 : 1))
    still.forEach((job, rank) => {
      job.rank = rank
    })
  }
}

function rankOf({ place, rank }: Job): number | undefined {
  return place < 0 ? undefined : rank
}

function observed(job: Job, rank: number | undefined, { slots, exclusive, tasks, cpuSecondsOf }: Look): ObservedJob {
  const { spec } = job
  const cpu = cpuSecondsOf && secondsUsed(job, cpuSecondsOf)
  const nodes = nodesOf(job)
  return {
    id: job.id,
    key: spec.key,
    className: spec.className,
    state: stateOf(job),
    priority: job.priority,
    submitSeconds: job.submitSeconds,
    slots: exclusive ? slots : mostSlots(job, slots),
    speed: job.speed,
    wastedSeconds: job.wastedSeconds,
    restarts: job.restarts,
    stages: job.stages.map((stage) => observedStage(stage, tasks, cpuSecondsOf)),
    ...(spec.name === undefined ? {} : { name: spec.name }),
    ...(spec.user === undefined ? {} : { user: spec.user }),
    ...(spec.queue === undefined ? {} : { queue: spec.queue }),
    ...(rank === undefined ? {} : { rank }),
    ...(job.startSeconds === undefined ? {} : { startSeconds: job.startSeconds }),
    ...(job.endSeconds === undefined ? {} : { endSeconds: job.endSeconds }),
    ...(spec.limitSeconds === undefined ? {} : { limitSeconds: spec.limitSeconds }),
    ...(cpu === undefined ? {} : { cpuSeconds: cpu }),
    ...(nodes.length === 0 ? {} : { nodes }),
    ...(job.reason === undefined ? {} : { reason: job.reason }),
  }
}

/** Slots that the widest stage could hold at once. */
function mostSlots(job: Job, slots: number): number {
  let most = 0
  for (const { tasks, withdrawn, slotsPerTask } of job.stages) {
    const abreast = Math.min(tasks - withdrawn, Math.floor(slots / slotsPerTask))
    most = Math.max(most, abreast * slotsPerTask)
  }
  return most
}

function secondsUsed(job: Job, cpuSecondsOf: CpuSecondsOf): number {
  let sum = 0
  for (const stage of job.stages) for (const run of stage.runs) if (run) sum += usedBy(run, cpuSecondsOf)
  return sum
}

function usedBy(run: TaskRun, cpuSecondsOf: CpuSecondsOf): number {
  const { job, stage, index, attempt } = run
  const state = stage.state[index]
  const running =
    state === COMPLETE || state === FAILED ? undefined : cpuSecondsOf({ job: job.id, stage: stage.index, task: index, attempt })
  return run.cpuSeconds + (running ?? 0)
}

function nodesOf(job: Job): string[] {
  if (job.running === 0) return []
  const stage = job.stages[job.stageAt]
  const names = new Set<string>()
  for (const run of stage?.runs ?? []) if (run?.node !== undefined && stage!.state[run.index] === RUNNING) names.add(run.node)
  return [...names]
}

function observedStage(stage: Stage, tasks: boolean, cpuSecondsOf: CpuSecondsOf | undefined): ObservedStage {
  const { name, droppable, withdrawn, ended, running } = stage
  const counts = { name, tasks: stage.tasks, droppable, withdrawn, ended, running }
  if (!tasks) return counts
  return { ...counts, each: Array.from(stage.state, (state, index) => observedTask(stage, index, state, cpuSecondsOf)) }
}

function observedTask(stage: Stage, index: number, state: number, cpuSecondsOf: CpuSecondsOf | undefined): ObservedTask {
  const run = stage.runs[index]
  if (run === undefined) return { index, state: taskState(state) }
  const told = taskState(state === STOPPING && run.becomes === WITHDRAWN ? WITHDRAWN : state)
  const begun = told !== 'pending' || run.restarts > 0
  return {
    index,
    state: told,
    ...(begun ? { startSeconds: run.startSeconds } : {}),
    ...(run.endSeconds === undefined ? {} : { endSeconds: run.endSeconds }),
    ...(run.node === undefined ? {} : { node: run.node }),
    restarts: run.restarts,
    wastedSeconds: run.wastedSeconds,
    ...(cpuSecondsOf === undefined ? {} : { cpuSeconds: usedBy(run, cpuSecondsOf) }),
  }
}

function taskState(state: number): TaskState {
  if (state === COMPLETE) return 'complete'
  if (state === FAILED) return 'fail'
  if (state === WITHDRAWN) return 'withdrawn'
  return state === RUNNING || state === STOPPING ? 'running' : 'pending'
}
