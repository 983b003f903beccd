/** Responses of the jobs that ended while somebody watched, by class: how many, their mean and quantiles over the last ones. */
import type { ObservedJob } from '../model/index.js'
import { quantile } from '../num/index.js'

export interface Score {
  /** Of all that ended so far. */
  readonly jobs: number
  /** Over the last `kept` of them. */
  readonly meanSeconds: number
  readonly p95Seconds: number
  /** Of those that lost work: share of slot time that was thrown away. */
  readonly wastedSeconds: number
}

export class Scores {
  private readonly classes = new Map<string, { jobs: number; wasted: number; last: number[] }>()

  constructor(private readonly kept = 200) {}

  /** A job that ended with a result. */
  add(className: string, job: ObservedJob): void {
    if (job.state !== 'complete' || job.endSeconds === undefined) return
    let one = this.classes.get(className)
    if (one === undefined) {
      one = { jobs: 0, wasted: 0, last: [] }
      this.classes.set(className, one)
    }
    one.wasted += job.wastedSeconds ?? 0
    one.last[one.jobs++ % this.kept] = Math.max(0, job.endSeconds - job.submitSeconds)
  }

  of(className: string): Score | undefined {
    const one = this.classes.get(className)
    if (one === undefined) return undefined
    const { jobs, wasted, last } = one
    return {
      jobs,
      meanSeconds: last.reduce((sum, seconds) => sum + seconds, 0) / last.length,
      p95Seconds: quantile(Float64Array.from(last).sort(), 0.95),
      wastedSeconds: wasted,
    }
  }
}
