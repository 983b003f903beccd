import type { DisciplineRule, JobTable, WaitingQueue } from '../discipline.js'
import { LaneQueue } from '../queues.js'

/**
 * Fair share: the owner (user, or class where no user is known) who has used the fewest slot-seconds goes next; use fades with the given
 * half-life, as in Slurm’s multifactor priority (seven days there by default). First come, first served for each owner; never interrupts.
 * The head blocks when it does not fit. O(owners who wait) a decision.
 */
export function fairShare(halfLifeSeconds = 604_800): DisciplineRule {
  return { name: 'fair-share', interrupts: 'never', queue: (jobs) => new OwnerQueue(jobs, Math.LN2 / halfLifeSeconds) }
}

class OwnerQueue implements WaitingQueue {
  private readonly lanes: LaneQueue
  private readonly firstOf: Int32Array
  private readonly waiting: Int32Array
  /** Owners with waiting jobs, in no order; `place` is where each stands, −1 if it does not. */
  private readonly active: Int32Array
  private readonly place: Int32Array
  private activeCount = 0
  private readonly used: Float64Array
  private readonly running: Float64Array
  private readonly since: Float64Array

  constructor(
    private readonly jobs: JobTable,
    private readonly decay: number,
  ) {
    const n = jobs.owners
    this.lanes = new LaneQueue(jobs, n, (job) => jobs.owner[job])
    this.firstOf = this.lanes.heads
    this.waiting = new Int32Array(n)
    this.active = new Int32Array(n)
    this.place = new Int32Array(n).fill(-1)
    this.used = new Float64Array(n)
    this.running = new Float64Array(n)
    this.since = new Float64Array(n)
  }

  get length(): number {
    return this.lanes.length
  }

  add(job: number): void {
    const owner = this.jobs.owner[job]
    this.lanes.add(job)
    if (this.waiting[owner]++ === 0) {
      this.place[owner] = this.activeCount
      this.active[this.activeCount++] = owner
    }
  }

  head(now: number): number {
    let best = -1
    let least = Number.POSITIVE_INFINITY
    for (let i = 0; i < this.activeCount; i++) {
      const owner = this.active[i]
      const job = this.firstOf[owner]
      const use = this.useOf(owner, now)
      if (use < least || (use === least && job < best)) {
        least = use
        best = job
      }
    }
    return best
  }

  take(job: number): void {
    const owner = this.jobs.owner[job]
    this.lanes.take(job)
    if (--this.waiting[owner] === 0) {
      const last = this.active[--this.activeCount]
      this.active[this.place[owner]] = last
      this.place[last] = this.place[owner]
      this.place[owner] = -1
    }
  }

  usage(owner: number, slots: number, now: number): void {
    this.used[owner] = this.useOf(owner, now)
    this.since[owner] = now
    this.running[owner] += slots
  }

  save(): Float64Array {
    const n = this.jobs.owners
    const out = new Float64Array(3 * n)
    out.set(this.used, 0)
    out.set(this.running, n)
    out.set(this.since, 2 * n)
    return out
  }

  restore(saved: Float64Array): void {
    const n = this.jobs.owners
    this.used.set(saved.subarray(0, n))
    this.running.set(saved.subarray(n, 2 * n))
    this.since.set(saved.subarray(2 * n, 3 * n))
  }

  /** Faded use as of now: what was used fades, what runs adds slots · (1 − e^(−δt)) / δ. */
  private useOf(owner: number, now: number): number {
    const fade = Math.exp(-this.decay * (now - this.since[owner]))
    return this.used[owner] * fade + (this.running[owner] * (1 - fade)) / this.decay
  }
}
