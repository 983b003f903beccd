/** Every attempt of every task of a run as looks at the cluster show them, put on lanes: what a Gantt chart is drawn from. */
import type { ObservedJob, ObservedTask, TrialTask } from '../../model/index.js'

interface Attempt {
  readonly job: number
  readonly stage: string
  readonly task: number
  readonly node: string
  /** Told more exactly later by clusters that know it in whole seconds first. */
  startSeconds: number
  endSeconds: number | undefined
  /** Thrown away: another attempt of the same task came after it, or the task was withdrawn. */
  lost: boolean
}

export class AttemptLog {
  private readonly attempts: Attempt[] = []
  /** The last attempt of each task, and the restarts before it. */
  private readonly last = new Map<string, { readonly attempt: Attempt; readonly restarts: number }>()

  /** Notes what a look says of a job’s tasks; attempts that began and ended between two looks are seen only where they were the last. */
  note(job: number, { stages, endSeconds }: ObservedJob, lookedAt: number): void {
    for (const stage of stages ?? [])
      for (const task of stage.each ?? []) this.noteTask(job, stage.name, task, { jobEnd: endSeconds, lookedAt })
  }

  private noteTask(
    job: number,
    stage: string,
    seen: ObservedTask,
    { jobEnd, lookedAt }: { readonly jobEnd: number | undefined; readonly lookedAt: number },
  ): void {
    const name = `${job} ${stage} ${seen.index}`
    const before = this.last.get(name)
    const begun = seen.startSeconds !== undefined && seen.state !== 'pending'
    const restarts = seen.restarts ?? 0
    const same = before !== undefined && before.restarts === restarts
    if (before && (!begun || !same) && before.attempt.endSeconds === undefined) {
      // it was taken off its slot between two looks
      before.attempt.endSeconds = begun ? Math.min(seen.startSeconds!, lookedAt) : (seen.endSeconds ?? lookedAt)
      before.attempt.lost = true
    }
    if (!begun) return
    const attempt = same && !before.attempt.lost ? before.attempt : this.open(name, job, stage, seen, restarts)
    attempt.startSeconds = seen.startSeconds!
    attempt.endSeconds = seen.endSeconds ?? (seen.state === 'running' ? undefined : jobEnd)
    attempt.lost = seen.state === 'withdrawn'
  }

  private open(name: string, job: number, stage: string, seen: ObservedTask, restarts: number): Attempt {
    const attempt: Attempt = {
      job,
      stage,
      task: seen.index,
      node: seen.node ?? '',
      startSeconds: seen.startSeconds!,
      endSeconds: undefined,
      lost: false,
    }
    this.attempts.push(attempt)
    this.last.set(name, { attempt, restarts })
    return attempt
  }

  /** All attempts that ended, on lanes: of each node the lowest lane that is free, in order of start. Times since `origin`. */
  tasks(origin: number, classOf: (job: number) => string): TrialTask[] {
    const ended = this.attempts
      .filter((attempt): attempt is Attempt & { endSeconds: number } => attempt.endSeconds !== undefined)
      .sort((a, b) => a.startSeconds - b.startSeconds)
    const freeAt = new Map<string, number[]>()
    return ended.map(({ job, stage, task, node, startSeconds, endSeconds, lost }) => {
      const lanes = freeAt.get(node) ?? []
      freeAt.set(node, lanes)
      let lane = lanes.findIndex((free) => free <= startSeconds + 1e-9)
      if (lane < 0) lane = lanes.length
      lanes[lane] = endSeconds
      const at = { startSeconds: startSeconds - origin, endSeconds: endSeconds - origin }
      return { className: classOf(job), job, stage, task, node, lane, ...at, lost }
    })
  }
}
