/**
 * The sprinter’s book-keeping: who may sprint when, how fast, and what is left in the bucket. The engine asks it for the time of its next
 * event and tells it about starts, ends and evictions; it answers by setting the sprint speed of jobs through `setSpeed`.
 *
 * Bucket: d(level)/dt = refill − drain, within 0 … size; it starts full. With a window nothing is refilled in between and the level is the
 * size again at the end of each. What a sprint drains:
 *
 *   in seconds   1 for each sprinting job
 *   in joules    (watts at the sprint speed − busyWatts) · (slots that the job keeps busy) / (all slots)
 *
 * so that the joules drained are exactly the energy that E11 charges for sprinting beyond normal speed. A sprint starts only with the
 * threshold in the bucket, and with what ending it will take: `toggleOffDelaySeconds` before a sprint is over its job is told to end it,
 * when the bucket holds just so much as that delay will drain. A job that leaves its slots ends its sprint at once.
 *
 * Two rules for a job whose sprint the empty bucket ended; each is the default of the origin whose work it comes from:
 * `stop`   — it does not sprint again (specs/sprint.md 2.3, 2.8; timers from arrival);
 * `resume` — it sprints again as soon as the bucket holds the threshold (specs/deflate.md 1.3; timers from dispatch).
 */
import type { SprintBudget } from '../model/index.js'

export interface SprintSettings {
  readonly origin: 'arrival' | 'dispatch'
  readonly speed: number
  /** By class index; infinite for a class that never sprints. */
  readonly timeoutSeconds: Float64Array
  /** Speeds of a job that goes on, by seconds since its timer ran out; ascending. */
  readonly steps?: readonly { readonly afterSeconds: number; readonly speed: number }[]
  readonly budget?: SprintBudget
  readonly afterExhaustion?: 'stop' | 'resume'
  readonly toggleDelaySeconds: number
  readonly toggleOffDelaySeconds?: number
  /** Watts beyond normal speed of all `slots` sprinting at a speed; needed for joules. */
  readonly power?: { readonly extraWatts: (speed: number) => number; readonly slots: number }
}

const NOT_YET = 0
/** The timer has run out: sprints as soon as it runs and the bucket allows. */
const ARMED = 1
/** Was told to go faster; the switch takes effect after the toggle delay. */
const SWITCHING = 2
const SPRINTING = 3
const SPENT = 4
/** Was told to end its sprint; goes on until the switch takes effect. */
const ENDING = 5

export interface SprintHost {
  readonly classIndex: Uint16Array
  isRunning(job: number): boolean
  startedAt(job: number): number
  /** Slots that the running job keeps busy. */
  slotsOf(job: number): number
  /** The job sprints at this speed from now on; 1: it does not sprint. */
  setSpeed(job: number, speed: number, now: number): void
}

/** What the next event of the bucket is. */
const EMPTY = 1
const ENOUGH = 2
const FILLED = 3

export class Sprinter {
  /** Time of the next event of the sprinter, Infinity for none. */
  next = Number.POSITIVE_INFINITY
  private readonly state: Uint8Array
  /** The step of speed that each job sprints at, and the one that its timers have reached. */
  private readonly step: Uint8Array
  private readonly reached: Uint8Array
  /** When a job’s last switch takes effect: an older one in the ring says nothing. */
  private readonly switchAt: Float64Array
  /** One a class and step. */
  private readonly timers: TimerRing[]
  private readonly offsets: Float64Array
  private readonly speeds: readonly number[]
  private readonly extra: readonly number[]
  private readonly ons = new TimerRing()
  private readonly offs = new TimerRing()
  /** Jobs that sprint (some of them to end it soon), and jobs that run armed and wait for the bucket. */
  private readonly sprinting: number[] = []
  private readonly hungry: number[] = []
  private ending = 0
  /** Drawn beyond normal speed: by each sprinting job, by all, and all so far in joules. */
  private readonly wattsOf: Float64Array
  private watts = 0
  private joules = 0
  private level: number
  private levelAt = 0
  private filledAt: number
  private windows = 0
  private bucketEvent = Number.POSITIVE_INFINITY
  private bucketKind = 0
  private enough = 0
  private serving = false
  private readonly size: number
  private readonly refill: number
  private readonly window: number
  private readonly threshold: number
  private readonly inJoules: boolean
  private readonly resumes: boolean
  private readonly offDelay: number
  /** Least level that was ever seen. */
  lowest: number

  constructor(
    private readonly settings: SprintSettings,
    private readonly host: SprintHost,
    jobs: number,
  ) {
    const { budget, power, steps = [] } = settings
    this.state = new Uint8Array(jobs)
    this.step = new Uint8Array(jobs)
    this.reached = new Uint8Array(jobs)
    this.switchAt = new Float64Array(jobs)
    this.wattsOf = new Float64Array(jobs)
    this.speeds = [settings.speed, ...steps.map(({ speed }) => speed)]
    const each = steps.length + 1
    this.timers = Array.from({ length: each * settings.timeoutSeconds.length }, () => new TimerRing())
    this.offsets = Float64Array.from(
      this.timers,
      (_, ring) =>
        settings.timeoutSeconds[Math.floor(ring / each)] + (ring % each === 0 ? 0 : steps[(ring % each) - 1].afterSeconds),
    )
    this.extra = this.speeds.map((speed) => (power ? power.extraWatts(speed) / power.slots : 0))
    this.resumes = settings.afterExhaustion ? settings.afterExhaustion === 'resume' : settings.origin === 'dispatch'
    this.offDelay = settings.toggleOffDelaySeconds ?? 0
    this.inJoules = budget !== undefined && 'joules' in budget
    if (this.inJoules && power === undefined) throw new Error('a budget in joules needs to know what a sprint draws')
    const [size, refill, wanted] =
      budget === undefined
        ? [Number.POSITIVE_INFINITY, 0, 0]
        : 'joules' in budget
          ? [budget.joules, budget.refillWatts, budget.onThresholdJoules ?? 0.5 * power!.extraWatts(settings.speed)]
          : [budget.seconds, budget.refillPerSecond, budget.onThresholdSeconds]
    this.size = size
    this.window = budget?.windowSeconds ?? Number.POSITIVE_INFINITY
    this.refill = this.window === Number.POSITIVE_INFINITY ? refill : 0
    this.filledAt = this.window
    // Sprinting again with a threshold of nothing would switch on and off without end, so then it is at least a thousandth of the bucket.
    const least = this.resumes ? 1e-3 : 1e-9
    this.threshold = budget ? Math.min(Math.max(wanted, least * size), size) : 0
    this.level = size
    this.lowest = size
  }

  get sprintingJobs(): readonly number[] {
    return this.sprinting
  }

  budgetAt(now: number): number {
    this.settle(now)
    return this.level
  }

  /** Joules drawn beyond normal speed until now; 0 where nothing is known of power. */
  joulesAt(now: number): number {
    this.settle(now)
    return this.joules
  }

  /** The job arrives, or is found to have arrived at `since`. */
  onArrival(job: number, now: number, since = now): void {
    if (this.settings.origin === 'arrival') this.startTimer(job, now, since)
  }

  /** The job gets its slots, or is found to have had them since. */
  onStart(job: number, now: number, since = now): void {
    if (this.settings.origin === 'dispatch') {
      this.state[job] = NOT_YET
      this.reached[job] = 0
      this.startTimer(job, now, since)
    } else if (this.state[job] === ARMED) this.ask(job, now)
  }

  /** The job left its slots: it ended or was evicted. */
  onStop(job: number, now: number): void {
    const state = this.state[job]
    if (state === SPRINTING || state === ENDING) {
      this.endSprint(job, now)
      this.state[job] = state === SPRINTING || this.resumes ? ARMED : SPENT
      this.plan(now)
    } else if (state === ARMED && remove(this.hungry, job)) this.plan(now)
    else if (state === SWITCHING) this.state[job] = ARMED
  }

  onEnd(job: number): void {
    this.state[job] = SPENT
  }

  /** The job keeps more or fewer slots busy from now on (by so many): called before it does. */
  onWidth(job: number, slots: number, now: number): void {
    const state = this.state[job]
    if (state !== SPRINTING && state !== ENDING) return
    this.settle(now)
    this.charge(job, slots * this.extra[this.step[job]])
    if (this.inJoules) this.plan(now)
  }

  /** Handles everything that is due at `now` (which must be `next`). */
  fire(now: number): void {
    if (this.bucketEvent <= now) this.bucketFires(now)
    else if (this.offs.time() <= now) {
      const due = this.offs.time()
      const job = this.offs.shift()
      if (this.state[job] === ENDING && this.switchAt[job] === due) this.slowDown(job, now)
    } else if (this.ons.time() <= now) {
      const due = this.ons.time()
      const job = this.ons.shift()
      if (this.state[job] === SWITCHING && this.switchAt[job] === due) {
        this.state[job] = ARMED
        if (this.host.isRunning(job)) this.begin(job, now)
      } else if (this.state[job] === SPRINTING && this.switchAt[job] === due) this.goFaster(job, now)
    } else this.timerFires(now)
    this.plan(now)
  }

  private timerFires(now: number): void {
    for (let ring = 0; ring < this.timers.length; ring++) {
      const due = this.timers[ring].time()
      if (due > now) continue
      const job = this.timers[ring].shift()
      const running = this.host.isRunning(job)
      const step = ring % this.speeds.length
      // a timer of an earlier dispatch says nothing about this one
      if (this.settings.origin === 'dispatch' && (!running || this.host.startedAt(job) + this.offsets[ring] !== due)) return
      if (step === 0) {
        if (this.state[job] !== NOT_YET) return
        this.state[job] = ARMED
        if (running) this.ask(job, now)
      } else if (this.state[job] !== SPENT) this.reach(job, step, now)
      return
    }
  }

  private startTimer(job: number, now: number, since: number): void {
    const first = this.host.classIndex[job] * this.speeds.length
    if (this.offsets[first] === Number.POSITIVE_INFINITY) return
    for (let ring = first; ring < first + this.speeds.length; ring++) {
      const due = since + this.offsets[ring]
      if (due > now) this.timers[ring].push(due, job)
      else if (ring > first) this.reached[job] = ring - first
    }
    if (since + this.offsets[first] <= now) {
      this.state[job] = ARMED
      if (this.host.isRunning(job)) this.ask(job, now)
      if (this.speeds.length === 1) return
    }
    let { next } = this
    for (let ring = first; ring < first + this.speeds.length; ring++) next = Math.min(next, this.timers[ring].time())
    this.next = next
  }

  /** The next step of speed is due. */
  private reach(job: number, step: number, now: number): void {
    this.reached[job] = step
    // whoever is about to end its sprint ends it at the speed that it has
    if (this.state[job] !== SPRINTING) return
    const delay = this.settings.toggleDelaySeconds
    if (delay === 0) this.goFaster(job, now)
    else {
      this.switchAt[job] = now + delay
      this.ons.push(now + delay, job)
    }
  }

  /** A sprinting job goes on at the step that it has reached. */
  private goFaster(job: number, now: number): void {
    this.settle(now)
    const before = this.extra[this.step[job]]
    const step = this.reached[job]
    this.step[job] = step
    this.charge(job, this.host.slotsOf(job) * (this.extra[step] - before))
    this.host.setSpeed(job, this.speeds[step], now)
  }

  /** A running, armed job: begin now, or after the toggle delay. */
  private ask(job: number, now: number): void {
    const delay = this.settings.toggleDelaySeconds
    if (delay === 0) this.begin(job, now)
    else {
      this.state[job] = SWITCHING
      this.switchAt[job] = now + delay
      this.ons.push(now + delay, job)
      this.plan(now)
    }
  }

  private begin(job: number, now: number): void {
    this.settle(now)
    // whoever waits already and is about to be served goes before a newcomer
    const after = !this.serving && this.hungry.length > 0 && this.bucketKind !== EMPTY && this.bucketEvent <= now
    if (!after && this.level >= this.needs(job)) {
      this.state[job] = SPRINTING
      this.step[job] = this.reached[job]
      this.sprinting.push(job)
      this.charge(job, this.host.slotsOf(job) * this.extra[this.step[job]])
      this.host.setSpeed(job, this.speeds[this.step[job]], now)
    } else this.hungry.push(job)
    this.plan(now)
  }

  /** What the bucket must hold for a job to begin: the threshold, and what ending all sprints will take. */
  private needs(job: number): number {
    if (this.offDelay === 0 || this.size === Number.POSITIVE_INFINITY) return this.threshold
    const drain = this.drain() + (this.inJoules ? this.host.slotsOf(job) * this.extra[this.reached[job]] : 1)
    return Math.max(this.threshold, (drain - this.refill) * this.offDelay)
  }

  private drain(): number {
    return this.inJoules ? this.watts : this.sprinting.length
  }

  private charge(job: number, watts: number): void {
    if (watts === 0) return
    this.wattsOf[job] += watts
    this.watts += watts
  }

  private endSprint(job: number, now: number): void {
    this.settle(now)
    if (this.state[job] === ENDING) this.ending--
    remove(this.sprinting, job)
    if (this.watts === 0) return
    // sums of watts that come and go keep no crumbs
    this.watts = this.sprinting.length === 0 ? 0 : this.watts - this.wattsOf[job]
    this.wattsOf[job] = 0
  }

  /** The empty bucket's doing: back to normal speed. */
  private slowDown(job: number, now: number): void {
    this.endSprint(job, now)
    this.state[job] = this.resumes ? ARMED : SPENT
    this.host.setSpeed(job, 1, now)
    if (this.resumes) this.hungry.push(job)
  }

  private bucketFires(now: number): void {
    const kind = this.bucketKind
    this.settle(now)
    if (kind === EMPTY) {
      const told = this.sprinting.length > this.ending
      if (told && this.offDelay > 0 && this.level > 0) {
        for (const job of this.sprinting) {
          if (this.state[job] !== SPRINTING) continue
          this.state[job] = ENDING
          this.ending++
          this.switchAt[job] = now + this.offDelay
          this.offs.push(now + this.offDelay, job)
        }
      } else {
        this.level = 0
        this.lowest = 0
        if (this.sprinting.length === 1) this.slowDown(this.sprinting[0], now)
        else for (const job of this.sprinting.slice()) this.slowDown(job, now)
      }
    } else {
      // what was waited for is there, but for the last digit
      if (kind === ENOUGH) this.level = Math.max(this.level, this.enough)
      const ready = this.hungry.splice(0).sort((a, b) => a - b)
      this.serving = true
      for (const job of ready) this.ask(job, now)
      this.serving = false
    }
  }

  /** Brings the bucket up to now. */
  private settle(now: number): void {
    if (now <= this.levelAt) return
    this.joules += this.watts * (now - this.levelAt)
    if (this.size !== Number.POSITIVE_INFINITY) {
      while (this.filledAt <= now) {
        this.pour(this.filledAt - this.levelAt)
        this.level = this.size
        this.levelAt = this.filledAt
        this.windows = Math.max(this.windows + 1, Math.floor(now / this.window) - 1)
        this.filledAt = (this.windows + 1) * this.window
      }
      this.pour(now - this.levelAt)
    }
    this.levelAt = now
  }

  private pour(seconds: number): void {
    this.level = Math.min(this.size, Math.max(0, this.level + (this.refill - this.drain()) * seconds))
    if (this.level < this.lowest) this.lowest = this.level
  }

  private plan(now: number): void {
    this.bucketEvent = Number.POSITIVE_INFINITY
    if (this.size !== Number.POSITIVE_INFINITY) {
      this.settle(now)
      const net = this.drain() - this.refill
      this.bucketKind = EMPTY
      if (this.sprinting.length > 0 && net > 0) {
        const ends = this.sprinting.length > this.ending ? net * this.offDelay : 0
        this.bucketEvent = now + Math.max(0, this.level - ends) / net
      }
      if (this.hungry.length > 0) {
        let least = Number.POSITIVE_INFINITY
        if (this.offDelay === 0) least = this.threshold
        else for (const job of this.hungry) least = Math.min(least, this.needs(job))
        if (least <= this.size) {
          const lacks = Math.max(0, least - this.level)
          const at = lacks === 0 ? now : net < 0 ? now - lacks / net : Number.POSITIVE_INFINITY
          if (at < this.bucketEvent) {
            this.enough = least
            this.bucketEvent = at
            this.bucketKind = ENOUGH
          }
        }
      }
      if (this.sprinting.length + this.hungry.length > 0 && this.filledAt <= this.bucketEvent) {
        this.bucketEvent = this.filledAt
        this.bucketKind = FILLED
      }
    }
    let next = Math.min(this.bucketEvent, this.ons.time(), this.offs.time())
    for (let ring = 0; ring < this.timers.length; ring++) next = Math.min(next, this.timers[ring].time())
    this.next = next
  }

  save(): SavedSprinter {
    return {
      columns: this.columns().map((column) => column.slice()),
      timers: [...this.timers, this.ons, this.offs].map((ring) => ring.save()),
      sprinting: [...this.sprinting],
      hungry: [...this.hungry],
      numbers: Object.fromEntries(NUMBERS.map((name) => [name, this.own[name]])) as SavedSprinter['numbers'],
    }
  }

  restore(saved: SavedSprinter): void {
    this.columns().forEach((column, i) => {
      column.set(saved.columns[i])
    })
    ;[...this.timers, this.ons, this.offs].forEach((ring, i) => {
      ring.restore(saved.timers[i])
    })
    this.sprinting.splice(0, Number.POSITIVE_INFINITY, ...saved.sprinting)
    this.hungry.splice(0, Number.POSITIVE_INFINITY, ...saved.hungry)
    for (const name of NUMBERS) this.own[name] = saved.numbers[name]
  }

  private columns() {
    return [this.state, this.step, this.reached, this.switchAt, this.wattsOf]
  }

  private get own(): Record<(typeof NUMBERS)[number], number> {
    return this as unknown as Record<(typeof NUMBERS)[number], number>
  }
}

const NUMBERS = [
  'ending',
  'watts',
  'joules',
  'level',
  'levelAt',
  'filledAt',
  'windows',
  'lowest',
  // not planned anew, which would round otherwise
  'next',
  'bucketEvent',
  'bucketKind',
  'enough',
] as const

export interface SavedSprinter {
  readonly columns: readonly (Uint8Array | Float64Array)[]
  readonly timers: readonly SavedRing[]
  readonly sprinting: readonly number[]
  readonly hungry: readonly number[]
  readonly numbers: Readonly<Record<(typeof NUMBERS)[number], number>>
}

function remove(list: number[], job: number): boolean {
  const at = list.indexOf(job)
  if (at < 0) return false
  const last = list.pop()!
  if (at < list.length) list[at] = last
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
    const last = this.times.length - 1
    let at = (this.head + this.count++) & last
    // only timers that are set in the midst of things, for a start in the past, can be due before others
    for (let before = (at - 1) & last; at !== this.head && this.times[before] > time; before = (at - 1) & last) {
      this.times[at] = this.times[before]
      this.jobs[at] = this.jobs[before]
      at = before
    }
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
