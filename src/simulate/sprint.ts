/**
 * The sprinter's book-keeping: who may sprint when, and what is left in the bucket. The engine asks it for the time of its next event and
 * tells it about starts, ends and evictions; it answers by changing the speed of jobs through `setFactor`.
 *
 * Bucket: d(budget)/dt = refill − (jobs that sprint now), within 0 … size; it starts full. A sprint starts only with `onThreshold` in it.
 *
 * Two rules for a job whose sprint the empty bucket ended, each from the work that its timer's origin comes from:
 * `arrival`  — it does not sprint again (specs/sprint.md 2.3, 2.8);
 * `dispatch` — it sprints again as soon as the bucket holds the threshold (specs/deflate.md 1.3).
 */

export interface SprintSettings {
  readonly origin: 'arrival' | 'dispatch'
  readonly speed: number
  /** By class index; infinite for a class that never sprints. */
  readonly timeoutSeconds: Float64Array
  readonly budget?: { readonly seconds: number; readonly refillPerSecond: number; readonly onThresholdSeconds: number }
  readonly toggleDelaySeconds: number
}

const NOT_YET = 0
/** The timer has run out: sprints as soon as it runs and the bucket allows. */
const ARMED = 1
/** Was told to go faster; the switch takes effect after the toggle delay. */
const SWITCHING = 2
const SPRINTING = 3
const SPENT = 4

export interface SprintHost {
  readonly classIndex: Uint16Array
  isRunning(job: number): boolean
  startedAt(job: number): number
  /** The job goes at `factor` times its speed from now on. */
  setFactor(job: number, factor: number, now: number): void
}

export class Sprinter {
  /** Time of the next event of the sprinter, Infinity for none. */
  next = Number.POSITIVE_INFINITY
  private readonly state: Uint8Array
  private readonly timers: TimerRing[]
  private readonly switches = new TimerRing()
  /** Jobs that sprint, and jobs that run armed and wait for the bucket. */
  private readonly sprinting: number[] = []
  private readonly hungry: number[] = []
  private level: number
  private levelAt = 0
  private bucketEvent = Number.POSITIVE_INFINITY
  private readonly size: number
  private readonly refill: number
  private readonly threshold: number
  /** Least level that was ever seen. */
  lowest: number

  constructor(
    private readonly settings: SprintSettings,
    private readonly host: SprintHost,
    jobs: number,
  ) {
    this.state = new Uint8Array(jobs)
    this.timers = Array.from(settings.timeoutSeconds, () => new TimerRing())
    const budget = settings.budget
    this.size = budget ? budget.seconds : Number.POSITIVE_INFINITY
    this.refill = budget ? budget.refillPerSecond : 0
    // Re-arming with a threshold of nothing would switch on and off without end, so for `dispatch` it is at least a thousandth of the bucket.
    const least = settings.origin === 'dispatch' ? 1e-3 : 1e-9
    this.threshold = budget ? Math.min(Math.max(budget.onThresholdSeconds, least * budget.seconds), budget.seconds) : 0
    this.level = this.size
    this.lowest = this.size
  }

  get sprintingJobs(): readonly number[] {
    return this.sprinting
  }

  budgetAt(now: number): number {
    this.settle(now)
    return this.level
  }

  onArrival(job: number, now: number): void {
    if (this.settings.origin === 'arrival') this.startTimer(job, now)
  }

  onStart(job: number, now: number): void {
    if (this.settings.origin === 'dispatch') {
      this.state[job] = NOT_YET
      this.startTimer(job, now)
    } else if (this.state[job] === ARMED) this.ask(job, now)
  }

  /** The job left its slots: it ended or was evicted. */
  onStop(job: number, now: number): void {
    const state = this.state[job]
    if (state === SPRINTING) {
      this.settle(now)
      remove(this.sprinting, job)
      this.state[job] = ARMED
      this.plan(now)
    } else if (state === ARMED && remove(this.hungry, job)) this.plan(now)
    else if (state === SWITCHING) this.state[job] = ARMED
  }

  onEnd(job: number): void {
    this.state[job] = SPENT
  }

  /** Handles everything that is due at `now` (which must be `next`). */
  fire(now: number): void {
    if (this.bucketEvent <= now) this.bucketFires(now)
    else if (this.switches.time() <= now) {
      const job = this.switches.shift()
      if (this.state[job] === SWITCHING && this.host.isRunning(job)) {
        this.state[job] = ARMED
        this.begin(job, now)
      }
    } else {
      for (let k = 0; k < this.timers.length; k++) {
        const ring = this.timers[k]
        if (ring.time() > now) continue
        const due = ring.time()
        const job = ring.shift()
        const running = this.host.isRunning(job)
        if (this.state[job] !== NOT_YET) break
        if (this.settings.origin === 'dispatch') {
          // a timer of an earlier dispatch says nothing about this one
          if (!running || this.host.startedAt(job) + this.settings.timeoutSeconds[k] !== due) break
        }
        this.state[job] = ARMED
        if (running) this.ask(job, now)
        break
      }
    }
    this.plan(now)
  }

  private startTimer(job: number, now: number): void {
    const k = this.host.classIndex[job]
    const timeout = this.settings.timeoutSeconds[k]
    if (timeout === Number.POSITIVE_INFINITY) return
    if (timeout === 0) {
      this.state[job] = ARMED
      if (this.host.isRunning(job)) this.ask(job, now)
      return
    }
    this.timers[k].push(now + timeout, job)
    this.plan(now)
  }

  /** A running, armed job: begin now, or after the toggle delay. */
  private ask(job: number, now: number): void {
    const delay = this.settings.toggleDelaySeconds
    if (delay === 0) this.begin(job, now)
    else {
      this.state[job] = SWITCHING
      this.switches.push(now + delay, job)
      this.plan(now)
    }
  }

  private begin(job: number, now: number): void {
    this.settle(now)
    if (this.level >= this.threshold) {
      this.state[job] = SPRINTING
      this.sprinting.push(job)
      this.host.setFactor(job, this.settings.speed, now)
    } else this.hungry.push(job)
    this.plan(now)
  }

  private bucketFires(now: number): void {
    this.settle(now)
    if (this.sprinting.length > 0 && this.sprinting.length > this.refill) {
      this.level = 0
      this.lowest = 0
      const again = this.settings.origin === 'dispatch'
      for (const job of this.sprinting) {
        this.state[job] = again ? ARMED : SPENT
        this.host.setFactor(job, 1, now)
        if (again) this.hungry.push(job)
      }
      this.sprinting.length = 0
    } else {
      this.level = Math.max(this.level, this.threshold)
      const ready = this.hungry.splice(0).sort((a, b) => a - b)
      for (const job of ready) this.ask(job, now)
    }
  }

  /** Brings the bucket up to now. */
  private settle(now: number): void {
    const dt = now - this.levelAt
    if (dt > 0 && this.size !== Number.POSITIVE_INFINITY) {
      this.level = Math.min(this.size, Math.max(0, this.level + (this.refill - this.sprinting.length) * dt))
      if (this.level < this.lowest) this.lowest = this.level
    }
    this.levelAt = now
  }

  private plan(now: number): void {
    this.bucketEvent = Number.POSITIVE_INFINITY
    if (this.size !== Number.POSITIVE_INFINITY) {
      this.settle(now)
      const slope = this.refill - this.sprinting.length
      if (slope < 0) this.bucketEvent = now + this.level / -slope
      else if (this.hungry.length > 0 && slope > 0) this.bucketEvent = now + Math.max(0, this.threshold - this.level) / slope
    }
    let next = Math.min(this.bucketEvent, this.switches.time())
    for (let k = 0; k < this.timers.length; k++) next = Math.min(next, this.timers[k].time())
    this.next = next
  }

  save(): SavedSprinter {
    return {
      state: this.state.slice(),
      timers: this.timers.map((ring) => ring.save()),
      switches: this.switches.save(),
      sprinting: [...this.sprinting],
      hungry: [...this.hungry],
      level: this.level,
      levelAt: this.levelAt,
      lowest: this.lowest,
    }
  }

  restore(saved: SavedSprinter): void {
    this.state.set(saved.state)
    saved.timers.forEach((timer, k) => {
      this.timers[k].restore(timer)
    })
    this.switches.restore(saved.switches)
    this.sprinting.splice(0, Number.POSITIVE_INFINITY, ...saved.sprinting)
    this.hungry.splice(0, Number.POSITIVE_INFINITY, ...saved.hungry)
    this.level = saved.level
    this.levelAt = saved.levelAt
    this.lowest = saved.lowest
    this.plan(saved.levelAt)
  }
}

export interface SavedSprinter {
  readonly state: Uint8Array
  readonly timers: readonly SavedRing[]
  readonly switches: SavedRing
  readonly sprinting: readonly number[]
  readonly hungry: readonly number[]
  readonly level: number
  readonly levelAt: number
  readonly lowest: number
}

function remove(list: number[], job: number): boolean {
  const at = list.indexOf(job)
  if (at < 0) return false
  list[at] = list[list.length - 1]
  list.length--
  return true
}

interface SavedRing {
  readonly times: Float64Array
  readonly jobs: Int32Array
}

/** Timers of equal length come due in the order in which they were set: a ring, no heap. */
class TimerRing {
  private times = new Float64Array(16)
  private jobs = new Int32Array(16)
  private head = 0
  private count = 0

  time(): number {
    return this.count > 0 ? this.times[this.head] : Number.POSITIVE_INFINITY
  }

  push(time: number, job: number): void {
    const size = this.times.length
    if (this.count === size) {
      const { times, jobs } = this.save()
      this.times = new Float64Array(2 * size)
      this.jobs = new Int32Array(2 * size)
      this.times.set(times)
      this.jobs.set(jobs)
      this.head = 0
    }
    const at = (this.head + this.count++) & (this.times.length - 1)
    this.times[at] = time
    this.jobs[at] = job
  }

  shift(): number {
    const job = this.jobs[this.head]
    this.head = (this.head + 1) & (this.times.length - 1)
    this.count--
    return job
  }

  save(): SavedRing {
    const times = new Float64Array(this.count)
    const jobs = new Int32Array(this.count)
    for (let i = 0; i < this.count; i++) {
      const at = (this.head + i) & (this.times.length - 1)
      times[i] = this.times[at]
      jobs[i] = this.jobs[at]
    }
    return { times, jobs }
  }

  restore({ times, jobs }: SavedRing): void {
    this.head = 0
    this.count = 0
    for (let i = 0; i < times.length; i++) this.push(times[i], jobs[i])
  }
}
