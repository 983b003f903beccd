/**
 * Early termination on a live cluster: the work after which an attempt of a gang, a task of an array, or a job of stages in all its tasks, is
 * stopped for good. Work is slot time of running tasks (of a gang: time since it started), a sprint’s seconds counted at its speed, added up
 * from look to look; what a job of stages did before it was first seen counts where its tasks are told one by one.
 */
import type { ObservedJob, ObservedStage, Work } from '../model/index.js'
import type { Decision } from './decision.js'
import { busySlotsOf } from './sprinting.js'

interface Worker {
  work: number
  restarts: number
}

export interface SavedStopping {
  readonly atSeconds?: number
  readonly workers: readonly (readonly [job: string, worker: Worker])[]
}

export class Stopping {
  nextSeconds: number | undefined
  private readonly workers = new Map<string, Worker>()
  private at: number | undefined

  constructor(
    private readonly limits: Readonly<Record<string, number>>,
    private readonly workOf: ReadonlyMap<string, Work | undefined>,
  ) {}

  decide(now: number, live: readonly (readonly [ObservedJob, string])[]): Decision[] {
    const from = this.at ?? now
    this.at = Math.max(from, now)
    const seconds = this.at - from
    const decisions: Decision[] = []
    const present = new Set<string>()
    let next = Number.POSITIVE_INFINITY
    const due = (at: number): void => {
      next = Math.min(next, at)
    }
    for (const [job, className] of live) {
      const limit = this.limits[className]
      if (limit === undefined) continue
      const reason = `class ${className}: stopped after ${limit} s of work`
      if (this.workOf.get(className)?.kind === 'array') {
        for (const stage of job.stages ?? []) decisions.push(...overdueTasks(job, stage, limit, now, reason, due))
        continue
      }
      present.add(job.id)
      const rate = rateOf(job)
      const worker = this.see(job, rate, now, seconds)
      if (worker.work >= limit - 1e-6) decisions.push({ action: { kind: 'cancel', job: job.id }, reason })
      else if (rate > 0) due(now + (limit - worker.work) / rate)
    }
    for (const id of this.workers.keys()) if (!present.has(id)) this.workers.delete(id)
    this.nextSeconds = next === Number.POSITIVE_INFINITY ? undefined : next
    return decisions
  }

  save(): SavedStopping {
    return {
      ...(this.at === undefined ? {} : { atSeconds: this.at }),
      workers: [...this.workers].map(([job, worker]) => [job, { ...worker }]),
    }
  }

  restore(saved: SavedStopping): void {
    this.at = saved.atSeconds
    for (const [job, worker] of saved.workers) this.workers.set(job, { ...worker })
  }

  private see(job: ObservedJob, rate: number, now: number, seconds: number): Worker {
    const restarts = job.restarts ?? 0
    const before = this.workers.get(job.id)
    if (before !== undefined && (job.stages !== undefined || before.restarts === restarts)) {
      before.work += rate * seconds
      before.restarts = restarts
      return before
    }
    const worker = { work: before === undefined ? workBefore(job, now) : 0, restarts }
    this.workers.set(job.id, worker)
    return worker
  }
}

/** Work a second: a gang is one piece of work however many slots it holds. */
function rateOf(job: ObservedJob): number {
  if (job.state !== 'running') return 0
  return (job.stages ? busySlotsOf(job) : 1) * job.speed
}

/** What the job did before it was first seen, as far as the look tells. */
function workBefore(job: ObservedJob, now: number): number {
  if (job.stages === undefined)
    return job.startSeconds === undefined || (job.restarts ?? 0) > 0 ? 0 : Math.max(0, now - job.startSeconds)
  const spans = job.stages.flatMap(({ each = [] }) =>
    each.map(({ startSeconds, endSeconds }) => (startSeconds === undefined ? 0 : (endSeconds ?? now) - startSeconds)),
  )
  return spans.reduce((sum, span) => sum + span, 0)
}

function overdueTasks(
  job: ObservedJob,
  stage: ObservedStage,
  limit: number,
  now: number,
  reason: string,
  due: (at: number) => void,
): Decision[] {
  const tasks: number[] = []
  for (const { index, state, startSeconds } of stage.each ?? []) {
    if (state !== 'running' || startSeconds === undefined) continue
    if (now - startSeconds >= limit - 1e-6) tasks.push(index)
    else due(startSeconds + limit)
  }
  return tasks.length === 0 ? [] : [{ action: { kind: 'deflate', job: job.id, stage: stage.name, tasks }, reason }]
}
