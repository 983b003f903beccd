/**
 * The event engine: gangs of slots on a pool or on nodes, any discipline, with interruption, backfilling, sprinting and failures.
 *
 * A job needs `slots` slots from start to end, all or none, and `size` seconds on them at speed 1. The exclusive engine is the same thing
 * with one slot: a job there is one whole stay on the cluster.
 *
 * Events are arrivals (read off a sorted column, never in the heap), ends and other appointments of running jobs (a 4-ary heap) and the
 * sprinter's. At equal times ends go first, then the sprinter, then arrivals; ties among jobs go by order of arrival. Nothing is
 * allocated per event; memory is about 100 bytes a job.
 *
 * Exact identities that hold at any time and are tested: jobs in = jobs out + present; ∫ jobs present dt = Σ times in system so far;
 * slot-seconds busy = slot-seconds of work done / speed + slot-seconds lost.
 */
import type { Refusal } from '../model/index.js'
import type { BackfillQueue } from './backfillQueue.js'
import type { DisciplineRule, JobTable, WaitingQueue } from './discipline.js'
import { countedShare, type JobNeeds } from './nodePool.js'
import type { Pool, SavedPool } from './pool.js'
import { fairFactors, type RateSettings } from './rates.js'
import { fingerprint, refusesState, type SavedUnder } from './saved.js'
import { type SavedSprinter, Sprinter, type SprintSettings } from './sprint.js'
import { Workspace } from './workspace.js'

/** The jobs of a run: columns of equal length in order of arrival. Times in seconds. */
export interface RunJobs {
  readonly count: number
  /** Ascending. */
  readonly arrival: Float64Array
  /** Time on its slots at speed 1, after deflation. */
  readonly size: Float64Array
  readonly slots: Int32Array
  readonly classIndex: Uint16Array
  /** What backfill plans with; the size where absent or NaN. */
  readonly estimate?: Float64Array
  readonly owner?: Int32Array
  /** CPUs, memory and parts of slots; slots alone where absent. */
  readonly needs?: JobNeeds
  /**
   * Work at speed 1 after which the attempts of job i fail: `after[first[i] … first[i + 1] − 1]`. The job begins anew after each, or is given up
   * with the last: see `failures.ts`.
   */
  readonly failures?: { readonly first: Int32Array; readonly after: Float64Array; readonly givenUp: Uint8Array }
}

export interface EngineSettings {
  readonly jobs: RunJobs
  /** By class index, 1 is the highest. */
  readonly classPriority: Int32Array
  readonly owners: number
  readonly rule: DisciplineRule
  readonly pool: Pool
  readonly sprint?: SprintSettings
  /** Totals are noted whenever so many more jobs have arrived. */
  readonly markEvery?: number
  /** How the work of each job answers a sprint; all of it by the sprint’s speed where absent. */
  readonly phases?: WorkPhases
  /** What slows running jobs down. */
  readonly rates?: RateSettings
  /** Start in the midst instead of empty: see `InTheMidst`. */
  readonly start?: InTheMidst
  /** How many waiting jobs conservative backfill makes promises to; 256 unless said. */
  readonly promises?: number
}

/**
 * Who is there at time 0: the first `running` jobs of the run have been on their slots for `ranSeconds` each (of their `size`), the next
 * `waiting` ones wait in this order. All of them arrived at or before 0.
 */
export interface InTheMidst {
  readonly running: number
  readonly waiting: number
  readonly ranSeconds: Float64Array
  /** By job: where those made of tasks stand (the engine of tasks). */
  readonly tasks?: readonly (Standing | undefined)[]
}

/** Where a job of tasks stands: which stage, how many of its tasks have ended, how long each running one has run (seconds). */
export interface Standing {
  readonly stage: number
  readonly ended: number
  readonly ran: readonly number[]
}

/** What `Engine.save` writes. */
export const ENGINE_STATE = 'halftone/engine-state/1'

/**
 * An engine between two events, as plain values and columns (what `structuredClone` and messages between threads carry): for `Engine.restore` with the same settings, here or
 * elsewhere.
 */
export interface EngineState extends SavedUnder {
  readonly numbers: Readonly<Record<(typeof NUMBERS)[number], number>>
  readonly columns: readonly (Float64Array | Int32Array | Uint8Array | Uint16Array | undefined)[]
  readonly marks: readonly Totals[]
  readonly pool: SavedPool
  readonly queue: Float64Array | undefined
  readonly sprinter: SavedSprinter | undefined
}

const NUMBERS = [
  'now',
  'events',
  'arrived',
  'finished',
  'evictions',
  'failed',
  'nextMark',
  'busy',
  'sprinting',
  'lost',
  'present',
  'busySlots',
  'sprintingSlots',
  'running',
  'blocked',
  'promisedTo',
  'promisedAt',
  'unpromised',
] as const

/** What conservative backfill looks at unless told otherwise: `bench/runs/waiting` has what more cost and bring. */
export const PROMISES = 256

export const WAITING = 1
export const RUNNING = 2
export const DONE = 3

/** The work of jobs in parts, in order. Source of the speeds: E10. */
export interface WorkPhases {
  /** Parts of the job’s work; 0 where all of it goes at the sprint’s speed. */
  count(job: number): number
  /** Work done when part i is over. */
  endOf(job: number, i: number): number
  /** Speed of part i under a sprint. */
  speedOf(job: number, i: number, sprint: number): number
}

/** Totals up to a time. Slot-seconds. */
export interface Totals {
  time: number
  busy: number
  sprinting: number
  lost: number
  /** ∫ jobs in the system dt. */
  present: number
  /** Joules drawn by sprinting beyond normal speed, where the sprinter knows of power. */
  sprintJoules?: number
}

export class Engine implements JobTable {
  readonly count: number
  readonly classIndex: Uint16Array
  readonly size: Float64Array
  readonly slots: Int32Array
  readonly estimate: Float64Array
  readonly owner: Int32Array | Uint16Array
  readonly classPriority: Int32Array
  readonly owners: number

  now = 0
  events = 0
  arrived = 0
  finished = 0
  evictions = 0
  /** Events at which more jobs waited than conservative backfill makes promises to. */
  unpromised = 0
  failed = 0
  /** Time in system and time on slots of each job that ended. */
  readonly response: Float64Array
  readonly held: Float64Array
  readonly state: Uint8Array
  /** Totals when job i · markEvery arrived, i = 0, 1, …; and after the last event. */
  readonly marks: Totals[] = []
  private readonly markEvery: number
  private nextMark = 0

  private busy = 0
  private sprinting = 0
  private lost = 0
  private present = 0
  private busySlots = 0
  private sprintingSlots = 0

  /** Slots that each job really holds: its slots, or the parts of them that it needs. */
  readonly width: Int32Array | Float64Array
  private readonly left: Float64Array
  private readonly rate: Float64Array
  private readonly baseRate: Float64Array | undefined
  /** Speed of the sprint that each job is in, 1 for none. */
  private readonly sprintSpeed: Float64Array | undefined
  /** φ of each running job, and who is on each node. */
  private readonly phi: Float64Array | undefined
  private readonly onNode: number[][] = []
  /** What storage gives each class of what it asks for, and how many of it run. */
  private readonly fed: Float64Array | undefined
  private readonly fedBefore: Float64Array | undefined
  private readonly runningOf: Int32Array | undefined
  private readonly since: Float64Array
  private readonly started: Float64Array
  private readonly heapKey: Float64Array
  private readonly heapJob: Int32Array
  private readonly heapPlace: Int32Array
  private running = 0
  private readonly queue: WaitingQueue
  private blocked = -1
  private readonly pool: Pool
  private readonly rule: DisciplineRule
  private readonly sprinter: Sprinter | undefined
  private readonly attempts: Uint16Array | undefined
  /** Time on slots before the attempt at hand. */
  private readonly heldBefore: Float64Array | undefined
  private readonly candidates: number[] = []
  private readonly candidateUrgency: number[] = []
  /** EASY: running jobs by expected end, and what the blocked head was promised. */
  private readonly endOrder: Int32Array | undefined
  private readonly endTimes: Float64Array | undefined
  private promisedTo = -1
  private promisedAt = 0
  /** Conservative backfill: free slots from each time on, promises taken off; how many were made, and whether they still hold for a newcomer. Made anew after a restore. */
  private readonly profileTimes: number[] = []
  private readonly profileFree: number[] = []
  private promised = 0
  private profileHolds = false

  /** `space` lends the columns; what this engine returns is overwritten by the next one that borrows from it. */
  constructor(
    private readonly settings: EngineSettings,
    space = new Workspace(),
  ) {
    const { jobs, rule, pool } = settings
    const n = jobs.count
    this.count = n
    this.classIndex = jobs.classIndex
    this.size = jobs.size
    this.slots = jobs.slots
    const share = jobs.needs?.share
    this.width = share ? Float64Array.from(jobs.slots, (k, job) => k * countedShare(share[job] ?? 1)) : jobs.slots
    this.estimate = jobs.estimate ?? jobs.size
    this.owner = jobs.owner ?? jobs.classIndex
    this.classPriority = settings.classPriority
    this.owners = settings.owners
    this.rule = rule
    this.pool = pool
    this.response = space.float64('response', n).fill(0)
    this.held = space.float64('held', n).fill(0)
    this.state = space.uint8('state', n).fill(0)
    this.left = space.float64('left', n)
    this.left.set(jobs.size)
    this.rate = space.float64('rate', n)
    this.since = space.float64('since', n)
    this.started = space.float64('started', n)
    const most = Math.min(n, pool.mostAtOnce) + 1
    this.heapKey = new Float64Array(most)
    this.heapJob = new Int32Array(most)
    if (rule.backfill === 'easy') {
      this.endOrder = new Int32Array(most)
      this.endTimes = new Float64Array(most)
    }
    this.heapPlace = space.int32('heap place', n)
    this.markEvery = settings.markEvery ?? Number.POSITIVE_INFINITY
    this.attempts = jobs.failures ? new Uint16Array(n) : undefined
    this.heldBefore = jobs.failures ? new Float64Array(n) : undefined
    this.queue = rule.queue(this)
    if (settings.sprint || settings.rates) {
      this.baseRate = new Float64Array(n)
      this.sprintSpeed = new Float64Array(n).fill(1)
    }
    if (settings.rates?.beside) this.phi = new Float64Array(n).fill(1)
    if (settings.rates?.demand) {
      this.fed = new Float64Array(settings.rates.classes).fill(1)
      this.fedBefore = new Float64Array(settings.rates.classes)
      this.runningOf = new Int32Array(settings.rates.classes)
    }
    if (settings.sprint) {
      this.sprinter = new Sprinter(
        settings.sprint,
        {
          classIndex: jobs.classIndex,
          isRunning: (job) => this.state[job] === RUNNING,
          startedAt: (job) => this.started[job],
          slotsOf: (job) => this.width[job],
          setSpeed: (job, speed, now) => this.setSpeed(job, speed, now),
        },
        n,
      )
    }
    if (settings.start) this.beginInTheMidst(settings.start)
  }

  /** The engine as it stands. */
  save(): EngineState {
    const own = this as unknown as Record<string, number>
    return {
      schema: ENGINE_STATE,
      of: fingerprintOf(this.settings),
      numbers: Object.fromEntries(NUMBERS.map((name) => [name, own[name]])) as EngineState['numbers'],
      columns: this.stateColumns().map((column) => column?.slice()),
      marks: [...this.marks],
      pool: this.pool.save(),
      queue: this.queue.save?.(),
      sprinter: this.sprinter?.save(),
    }
  }

  /** An engine that goes on from a state that was saved under the same settings, with the same bytes; refuses a state of others. `settings.pool` must be fresh. */
  static restore(settings: EngineSettings, state: EngineState): Engine | Refusal {
    const { start: _, ...afresh } = settings
    const refusal = refusesState(state, ENGINE_STATE, fingerprintOf(afresh))
    if (refusal) return refusal
    const engine = new Engine(afresh)
    const own = engine as unknown as Record<string, number>
    for (const name of NUMBERS) own[name] = state.numbers[name]
    engine.stateColumns().forEach((column, i) => {
      if (column !== undefined) column.set(state.columns[i]!)
    })
    engine.marks.push(...state.marks)
    engine.pool.restore(state.pool)
    // the waiting jobs, in order of arrival, say all that a queue knows, but for what it saved itself
    for (let job = 0; job < engine.arrived; job++) if (engine.state[job] === WAITING) engine.queue.add(job, engine.now)
    if (settings.rates !== undefined) {
      for (let i = 0; i < engine.running; i++) {
        const job = engine.heapJob[i]
        if (engine.runningOf !== undefined) engine.runningOf[engine.classIndex[job]]++
        if (engine.phi !== undefined) for (const { node } of engine.pool.held(job)) (engine.onNode[node] ??= []).push(job)
      }
    }
    if (state.queue !== undefined) engine.queue.restore?.(state.queue)
    if (state.sprinter !== undefined) engine.sprinter?.restore(state.sprinter)
    return engine
  }

  private stateColumns() {
    const { state, response, held, left, rate, baseRate, since, started, heapKey, heapJob, heapPlace, attempts, heldBefore } =
      this
    return [
      state,
      response,
      held,
      left,
      rate,
      baseRate,
      since,
      started,
      heapKey,
      heapJob,
      heapPlace,
      attempts,
      heldBefore,
      this.sprintSpeed,
      this.phi,
      this.fed,
      this.endOrder,
      this.endTimes,
    ]
  }

  private beginInTheMidst({ running, waiting, ranSeconds }: InTheMidst): void {
    this.arrived = running + waiting
    for (let job = 0; job < running; job++) {
      this.sprinter?.onArrival(job, 0, this.settings.jobs.arrival[job])
      this.start(job, 0, -ranSeconds[job])
    }
    if (this.endOrder !== undefined) {
      const order = Array.from({ length: running }, (_, job) => job).sort(
        (a, b) => this.expectedEnd(a) - this.expectedEnd(b) || a - b,
      )
      order.forEach((job, i) => {
        this.endOrder![i] = job
        this.endTimes![i] = this.expectedEnd(job)
      })
    }
    for (; this.nextMark < this.arrived || this.marks.length === 0; this.nextMark += this.markEvery)
      this.marks.push(this.totals())
    for (let job = running; job < running + waiting; job++) {
      this.state[job] = WAITING
      this.queue.add(job, 0)
      this.sprinter?.onArrival(job, 0, this.settings.jobs.arrival[job])
    }
    this.dispatch(0, -1)
  }

  remaining(job: number, now: number): number {
    if (this.state[job] !== RUNNING) return this.left[job]
    return Math.max(0, this.left[job] - (now - this.since[job]) * this.rate[job])
  }

  attained(job: number, now: number): number {
    const held = this.state[job] === RUNNING ? this.held[job] + (now - this.started[job]) : this.held[job]
    return held * this.width[job]
  }

  get waiting(): number {
    return this.queue.length
  }

  get runningJobs(): number {
    return this.running
  }

  /** The k-th running job, in no order. */
  runningJob(k: number): number {
    return this.heapJob[k]
  }

  startedAt(job: number): number {
    return this.started[job]
  }

  /** Seconds of sprint left in the bucket; undefined without one. */
  budget(): number | undefined {
    return this.settings.sprint?.budget ? this.sprinter?.budgetAt(this.now) : undefined
  }

  get lowestBudget(): number | undefined {
    return this.settings.sprint?.budget ? this.sprinter?.lowest : undefined
  }

  totals(): Totals {
    const { now: time, busy, sprinting, lost, present, sprinter } = this
    const totals = { time, busy, sprinting, lost, present }
    return this.settings.sprint?.power ? { ...totals, sprintJoules: sprinter!.joulesAt(time) } : totals
  }

  /** Runs until nothing is left to do, or to the time given (events at exactly that time included). Returns true when nothing is left. */
  run(until = Number.POSITIVE_INFINITY): boolean {
    const { arrival } = this.settings.jobs
    const { heapKey, heapJob, count, sprinter } = this
    for (;;) {
      const tArrival = this.arrived < count ? arrival[this.arrived] : Number.POSITIVE_INFINITY
      const tHeap = this.running > 0 ? heapKey[0] : Number.POSITIVE_INFINITY
      const tSprint = sprinter === undefined ? Number.POSITIVE_INFINITY : sprinter.next
      let t = Math.min(tHeap, tArrival)
      if (tSprint < t) t = tSprint
      if (t > until || (t === tSprint && this.finished === count)) {
        if (until !== Number.POSITIVE_INFINITY && until > this.now) this.advance(until)
        return this.finished === count
      }
      if (t === Number.POSITIVE_INFINITY) return true
      this.advance(t)
      this.events++
      if (tHeap <= t) this.appointment(heapJob[0], t)
      else if (tSprint <= t) sprinter!.fire(t)
      else this.arrive(this.arrived++, t)
    }
  }

  private advance(t: number): void {
    const dt = t - this.now
    if (dt > 0) {
      this.busy += dt * this.busySlots
      this.sprinting += dt * this.sprintingSlots
      this.present += dt * (this.arrived - this.finished)
      this.now = t
    }
  }

  private arrive(job: number, t: number): void {
    if (job === this.nextMark) {
      this.marks.push(this.totals())
      this.nextMark += this.markEvery
    }
    this.state[job] = WAITING
    this.queue.add(job, t)
    this.sprinter?.onArrival(job, t)
    this.dispatch(t, job)
  }

  /** A running job's appointment: its end, a failure, or a threshold of attained service. */
  private appointment(job: number, t: number): void {
    const left = this.left[job] - (t - this.since[job]) * this.rate[job]
    const fails = this.failureAt(job)
    if (fails >= 0 && left - fails <= 1e-9 * this.size[job]) {
      this.failed++
      const { first, givenUp } = this.settings.jobs.failures!
      const last = first[job] + ++this.attempts![job] === first[job + 1]
      this.stop(job, t)
      // all that this attempt held, interrupted or not
      this.lost += (this.held[job] - this.heldBefore![job]) * this.width[job]
      this.heldBefore![job] = this.held[job]
      if (last && givenUp[job] === 1) this.leave(job, t)
      else {
        this.left[job] = this.size[job]
        this.state[job] = WAITING
        this.queue.add(job, t)
      }
    } else if (this.settings.phases !== undefined && this.sprintSpeed![job] !== 1 && this.endOf(job) > t) {
      this.setRate(job, t)
    } else if (this.rule.levels !== undefined && this.endOf(job) > t) {
      this.schedule(job, t)
    } else {
      this.stop(job, t)
      this.leave(job, t)
    }
    this.blocked = -1
    this.promisedTo = -1
    this.dispatch(t, -1)
  }

  private leave(job: number, t: number): void {
    this.left[job] = 0
    this.state[job] = DONE
    this.response[job] = t - this.settings.jobs.arrival[job]
    this.finished++
    this.sprinter?.onEnd(job)
  }

  /** Work left at which this attempt fails, −1 for never. */
  private failureAt(job: number): number {
    if (this.attempts === undefined) return -1
    const { first, after } = this.settings.jobs.failures!
    const at = first[job] + this.attempts[job]
    return at < first[job + 1] ? Math.max(0, this.size[job] - after[at]) : -1
  }

  private endOf(job: number): number {
    return this.since[job] + this.left[job] / this.rate[job]
  }

  private start(job: number, t: number, since = t): void {
    const k = this.slots[job]
    const speed = this.pool.take(job, k, job)
    this.busySlots += this.width[job]
    this.state[job] = RUNNING
    this.rate[job] = speed
    if (since !== t) this.left[job] = Math.max(0, this.size[job] - (t - since) * speed)
    if (this.baseRate !== undefined) {
      this.baseRate[job] = speed
      this.sprintSpeed![job] = 1
    }
    this.since[job] = t
    this.started[job] = since
    this.queue.usage?.(this.owner[job], this.width[job], t)
    const key = this.nextAppointment(job, t)
    this.siftUp(this.running++, key, job)
    if (this.endOrder !== undefined) this.expect(job)
    if (this.settings.rates !== undefined) this.settle(job, t, 1)
    this.sprinter?.onStart(job, t, since)
  }

  /** Takes a running job off its slots and books what it did. */
  private stop(job: number, t: number): void {
    const k = this.slots[job]
    // sprinting first: it looks at the job while it still runs
    if (this.sprinter !== undefined) {
      if (this.sprintSpeed![job] !== 1) this.sprintingSlots -= this.width[job]
      this.sprinter.onStop(job, t)
    }
    this.left[job] = Math.max(0, this.left[job] - (t - this.since[job]) * this.rate[job])
    this.held[job] += t - this.started[job]
    this.busySlots -= this.width[job]
    this.removeFromHeap(job)
    if (this.settings.rates !== undefined) this.settle(job, t, -1)
    this.pool.give(job, k)
    if (this.endOrder !== undefined) this.forget(job)
    this.queue.usage?.(this.owner[job], -this.width[job], t)
  }

  private setSpeed(job: number, speed: number, t: number): void {
    const was = this.sprintSpeed![job] !== 1
    const is = speed !== 1
    this.sprintSpeed![job] = speed
    this.sprintingSlots += (is ? this.width[job] : 0) - (was ? this.width[job] : 0)
    this.setRate(job, t)
  }

  /** The rate that a running job now has; its appointment moves with it. */
  private setRate(job: number, t: number): void {
    const left = Math.max(0, this.left[job] - (t - this.since[job]) * this.rate[job])
    let factor = this.sprintSpeed![job]
    if (factor !== 1) factor = this.answerTo(factor, job, left)
    if (this.phi !== undefined) factor *= this.phi[job]
    if (this.fed !== undefined) factor = Math.min(factor, this.fed[this.classIndex[job]])
    const rate = this.baseRate![job] * factor
    if (rate === this.rate[job] && this.settings.phases === undefined) return
    this.left[job] = left
    this.since[job] = t
    this.rate[job] = rate
    this.schedule(job, t)
  }

  /** How fast a sprint makes the work at hand. */
  private answerTo(sprint: number, job: number, left: number): number {
    const { phases } = this.settings
    if (phases === undefined || phases.count(job) === 0) return sprint
    return phases.speedOf(job, this.phaseAt(job, left), sprint)
  }

  /** The part of the work that is at hand; at its very end, the next. */
  private phaseAt(job: number, left: number): number {
    const phases = this.settings.phases!
    const done = this.size[job] * (1 + 1e-9) - left
    const last = phases.count(job) - 1
    let i = 0
    while (i < last && phases.endOf(job, i) <= done) i++
    return i
  }

  /** A job came to its nodes (1) or leaves them (−1): its neighbours and all who read from storage go on at other rates. */
  private settle(job: number, t: number, sign: 1 | -1): void {
    if (this.phi !== undefined) {
      const touched = new Set<number>()
      for (const { node } of this.pool.held(job)) {
        const here = (this.onNode[node] ??= [])
        for (const other of here) if (other !== job) touched.add(other)
        if (sign === 1) here.push(job)
        else here.splice(here.indexOf(job), 1)
      }
      if (sign === 1) touched.add(job)
      for (const one of touched) {
        this.phi[one] = this.worstNeighbour(one)
        this.setRate(one, t)
      }
    }
    const { fed, fedBefore, runningOf } = this
    if (fed === undefined) return
    const { demand, bytesPerSecond } = this.settings.rates!
    const mine = this.classIndex[job]
    runningOf![mine] += sign
    if (demand![mine] === 0) return
    fedBefore!.set(fed)
    fairFactors(demand!, runningOf!, bytesPerSecond, fed)
    const changed = this.heapJob.slice(0, this.running).filter((one) => {
      const k = this.classIndex[one]
      return fed[k] !== fedBefore![k] || one === job
    })
    for (const one of changed) this.setRate(one, t)
  }

  private worstNeighbour(job: number): number {
    const { beside, classes } = this.settings.rates!
    const row = this.classIndex[job] * classes
    let worst = 1
    for (const { node } of this.pool.held(job))
      for (const other of this.onNode[node]) if (other !== job) worst = Math.min(worst, beside![row + this.classIndex[other]])
    return worst
  }

  private nextAppointment(job: number, t: number): number {
    let at = this.endOf(job)
    const fails = this.failureAt(job)
    if (fails >= 0) at = Math.min(at, this.since[job] + Math.max(0, this.left[job] - fails) / this.rate[job])
    const { levels } = this.rule
    const { phases } = this.settings
    if (phases !== undefined && this.sprintSpeed![job] !== 1 && phases.count(job) > 1) {
      // always called with the work left as of now
      const phase = this.phaseAt(job, this.left[job])
      if (phase < phases.count(job) - 1) {
        const until = phases.endOf(job, phase) - (this.size[job] - this.left[job])
        // at least so much later that the clock moves
        const since = this.since[job]
        at = Math.min(at, since + Math.max(until / this.rate[job], 4e-16 * since))
      }
    }
    if (levels !== undefined) {
      const k = this.width[job]
      const attained = this.attained(job, t)
      for (const level of levels) {
        if (attained < level * (1 - 1e-9)) {
          at = Math.min(at, t + (level - attained) / k)
          break
        }
      }
    }
    return at
  }

  private schedule(job: number, t: number): void {
    const at = this.heapPlace[job]
    const key = this.nextAppointment(job, t)
    const parent = (at - 1) >> 2
    if (at > 0 && (key < this.heapKey[parent] || (key === this.heapKey[parent] && job < this.heapJob[parent])))
      this.siftUp(at, key, job)
    else this.siftDown(at, key, job)
  }

  private dispatch(t: number, newcomer: number): void {
    const { queue, pool, slots, rule } = this
    for (;;) {
      const job = queue.head(t)
      if (job < 0) return
      if (job === this.blocked) {
        if (rule.backfill !== undefined && newcomer >= 0) this.backfill(job, t, newcomer)
        return
      }
      if (pool.fits(slots[job], job)) {
        queue.take(job, t)
        this.start(job, t)
      } else if (rule.interrupts !== 'never' && this.makeRoom(job, t)) {
        this.start(job, t)
      } else {
        this.blocked = job
        if (rule.backfill !== undefined) this.backfill(job, t, -1)
        return
      }
    }
  }

  /**
   * Evicts the least urgent running jobs, only as many as let `job` in and none when that is not enough. Takes `job` off the queue. Who found no room is looked at again when
   * somebody ends and when somebody is evicted: a gang may give up more slots than `job` takes, and the next in order gets what is left over, for which it needs to evict nobody.
   */
  private makeRoom(job: number, t: number): boolean {
    const { rule, pool, slots, heapJob, candidates, candidateUrgency } = this
    const urgency = rule.urgency!
    const mine = urgency(this, job, t)
    const need = slots[job]
    const wants = this.width[job]
    candidates.length = 0
    candidateUrgency.length = 0
    let could = pool.free
    for (let i = 0; i < this.running; i++) {
      const other = heapJob[i]
      const theirs = urgency(this, other, t)
      if (theirs > mine) {
        candidates.push(other)
        candidateUrgency.push(theirs)
        could += this.width[other]
      }
    }
    if (could < wants - 1e-9) return false
    pool.trialBegin(need, job)
    let evict = 0
    while (!pool.trialFits) {
      if (evict === candidates.length) return false
      this.leastUrgentTo(evict)
      pool.trialGive(candidates[evict], slots[candidates[evict]])
      evict++
    }
    this.queue.take(job, t)
    // what is left over of their slots may be room for whoever was blocked
    this.blocked = -1
    for (let i = 0; i < evict; i++) {
      const other = candidates[i]
      this.stop(other, t)
      if (rule.interrupts === 'restart') {
        this.lost += (t - this.started[other]) * this.width[other]
        this.left[other] = this.size[other]
        if (this.heldBefore !== undefined) this.heldBefore[other] = this.held[other]
      }
      this.state[other] = WAITING
      this.evictions++
      this.queue.add(other, t)
    }
    return true
  }

  /** Brings the least urgent of the candidates from `at` on (of equals the latest) to that place: few are evicted, so few are ever put in order. */
  private leastUrgentTo(at: number): void {
    const { candidates, candidateUrgency } = this
    let least = at
    for (let i = at + 1; i < candidates.length; i++) {
      const more = candidateUrgency[i] - candidateUrgency[least]
      if (more > 0 || (more === 0 && candidates[i] > candidates[least])) least = i
    }
    const [job, theirs] = [candidates[least], candidateUrgency[least]]
    candidates[least] = candidates[at]
    candidateUrgency[least] = candidateUrgency[at]
    candidates[at] = job
    candidateUrgency[at] = theirs
  }

  private backfill(head: number, t: number, newcomer: number): void {
    if (this.pool.full) return
    if (this.rule.backfill === 'easy') this.backfillEasy(head, t, newcomer)
    else this.backfillConservative(t, newcomer)
  }

  /** When a running job should be over by its estimate. Backfilling disciplines never interrupt, so it started with all of its work. */
  private expectedEnd(job: number): number {
    return this.started[job] + this.estimate[job] / this.rate[job]
  }

  /** Keeps the running jobs in order of their expected ends, for EASY. */
  private expect(job: number): void {
    const end = this.expectedEnd(job)
    const order = this.endOrder!
    const ends = this.endTimes!
    const n = this.running - 1
    let low = 0
    let high = n
    while (low < high) {
      const middle = (low + high) >> 1
      if (ends[middle] <= end) low = middle + 1
      else high = middle
    }
    order.copyWithin(low + 1, low, n)
    ends.copyWithin(low + 1, low, n)
    order[low] = job
    ends[low] = end
  }

  private forget(job: number): void {
    const order = this.endOrder!
    const ends = this.endTimes!
    const n = this.running + 1
    const end = this.expectedEnd(job)
    let low = 0
    let high = n
    while (low < high) {
      const middle = (low + high) >> 1
      if (ends[middle] < end) low = middle + 1
      else high = middle
    }
    while (low < n && order[low] !== job) low++
    // sprinting changes rates and with them the ends looked for
    if (low === n) low = order.indexOf(job)
    order.copyWithin(low, low + 1, n)
    ends.copyWithin(low, low + 1, n)
  }

  private backfillEasy(head: number, t: number, newcomer: number): void {
    const { pool, slots, estimate } = this
    const queue = this.queue as BackfillQueue
    const need = slots[head]
    // While the promise holds, jobs that could not slip in before cannot now: only the newcomer is looked at.
    const holds = this.promisedTo === head && this.promisedAt >= t
    if (holds && newcomer >= 0 && !pool.fits(slots[newcomer], newcomer)) return
    let from = holds && newcomer >= 0 ? newcomer : head + 1
    if (queue.find(from, pool.free, Number.POSITIVE_INFINITY, -1) < 0) return
    if (!holds) {
      // The head’s promise holds until somebody ends (jobs slipped in since then do not move it) or until it is broken by a job that
      // takes longer than was said; whoever is over time is then expected to end at once.
      const order = this.endOrder!
      const ends = this.endTimes!
      pool.trialBegin(need, head)
      let i = 0
      for (; i < this.running && !pool.trialFits; i++) pool.trialGive(order[i], slots[order[i]])
      this.promisedAt = i > 0 ? Math.max(t, ends[i - 1]) : t
      for (; i < this.running && ends[i] <= this.promisedAt; i++) pool.trialGive(order[i], slots[order[i]])
      this.promisedTo = head
    }
    const shadow = this.promisedAt
    const window = (shadow - t) * pool.topSpeed
    while (!pool.full) {
      const job = queue.find(from, pool.free, window, pool.trialFree - this.width[head])
      if (job < 0) return
      from = job + 1
      if (!pool.fits(slots[job], job)) continue
      queue.take(job)
      this.start(job, t)
      // A job that will still hold its slots then may start only if the head fits beside it.
      if (t + estimate[job] / this.rate[job] > shadow && !pool.trialTake(job, slots[job])) this.unstart(job, t)
    }
  }

  /** Takes back a start at the same instant. */
  private unstart(job: number, t: number): void {
    this.stop(job, t)
    this.state[job] = WAITING
    this.queue.add(job, t)
  }

  /**
   * Promises in order of arrival on a profile of free slots over time; starts whoever is promised now. Promises are made anew when somebody ends, in the same order, so that
   * they only ever move forward. Counts slots; with nodes a job whose turn has come waits until it fits.
   *
   * A newcomer is last in order. While nothing that the profile foresaw has come due (an end, over time or not, or a promised start), the promises of the others made anew would
   * be the same: free slots are the same from now to the next of these, so that who could not begin then cannot begin now. So only the newcomer is looked at.
   */
  private backfillConservative(t: number, newcomer: number): void {
    const { pool, slots, estimate, profileTimes: times } = this
    const queue = this.queue as BackfillQueue
    const most = this.settings.promises ?? PROMISES
    const holds = newcomer >= 0 && this.profileHolds && (times.length === 1 || times[1] > t)
    if (holds) times[0] = t
    else this.beginProfile(t)
    let job = holds ? newcomer : queue.find(0, 0x7ffffffe, Number.POSITIVE_INFINITY, 0x7ffffffe)
    let started = 0
    for (; job >= 0 && !pool.full; this.promised++) {
      if (this.promised === most) {
        this.unpromised++
        // those who began leave room for as many promises more
        if (started > 0) this.profileHolds = false
        return
      }
      const now = this.promise(this.width[job], estimate[job] / pool.topSpeed)
      const after = job + 1
      if (now && pool.fits(slots[job], job)) {
        queue.take(job)
        this.start(job, t)
        started++
        // whoever got slower slots than was thought ends later than is written
        if (this.rate[job] !== pool.topSpeed) this.profileHolds = false
      } else if (now) this.profileHolds = false
      job = queue.find(after, 0x7ffffffe, Number.POSITIVE_INFINITY, 0x7ffffffe)
    }
    this.promised -= started
    if (job >= 0) this.profileHolds = false
  }

  /** The profile without promises. The first entry is now; jobs over their time are expected to end at once, which is an entry of its own, at the same time. */
  private beginProfile(t: number): void {
    const { heapJob, profileTimes: times, profileFree: free } = this
    times.length = 0
    free.length = 0
    times.push(t)
    free.push(this.pool.free)
    const ends: { time: number; slots: number }[] = []
    for (let i = 0; i < this.running; i++)
      ends.push({ time: Math.max(t, this.expectedEnd(heapJob[i])), slots: this.width[heapJob[i]] })
    ends.sort((a, b) => a.time - b.time)
    for (const end of ends) {
      if (times.length === 1 || end.time > times[times.length - 1]) {
        times.push(end.time)
        free.push(free[free.length - 1])
      }
      free[free.length - 1] += end.slots
    }
    this.promised = 0
    // what changes rates changes when jobs are expected to end
    this.profileHolds = this.settings.sprint === undefined && this.settings.rates === undefined
  }

  /** Promises the earliest entry from which `need` slots are free for `length`. Returns whether that is now. */
  private promise(need: number, length: number): boolean {
    const { profileTimes: times, profileFree: free } = this
    let at = 0
    for (let k = 0; k < times.length && times[k] < times[at] + length; k++) {
      if (k >= at && free[k] < need - 1e-9) at = k + 1
    }
    const end = times[at] + length
    let k = at
    while (k < times.length && times[k] < end) k++
    if ((k === times.length || times[k] > end) && length > 0) {
      times.splice(k, 0, end)
      free.splice(k, 0, free[k - 1])
    }
    for (let i = at; i < k; i++) free[i] -= need
    return at === 0
  }

  private siftUp(from: number, key: number, job: number): void {
    const { heapKey, heapJob, heapPlace } = this
    let at = from
    while (at > 0) {
      const parent = (at - 1) >> 2
      const k = heapKey[parent]
      if (k < key || (k === key && heapJob[parent] < job)) break
      heapKey[at] = k
      heapJob[at] = heapJob[parent]
      heapPlace[heapJob[at]] = at
      at = parent
    }
    heapKey[at] = key
    heapJob[at] = job
    heapPlace[job] = at
  }

  private siftDown(from: number, key: number, job: number): void {
    const { heapKey, heapJob, heapPlace, running } = this
    let at = from
    for (;;) {
      const first = 4 * at + 1
      if (first >= running) break
      const end = Math.min(first + 4, running)
      let best = first
      for (let child = first + 1; child < end; child++) {
        const k = heapKey[child]
        if (k < heapKey[best] || (k === heapKey[best] && heapJob[child] < heapJob[best])) best = child
      }
      const k = heapKey[best]
      if (k > key || (k === key && heapJob[best] > job)) break
      heapKey[at] = k
      heapJob[at] = heapJob[best]
      heapPlace[heapJob[at]] = at
      at = best
    }
    heapKey[at] = key
    heapJob[at] = job
    heapPlace[job] = at
  }

  private removeFromHeap(job: number): void {
    const at = this.heapPlace[job]
    const last = --this.running
    if (at === last) return
    const key = this.heapKey[last]
    const moved = this.heapJob[last]
    const parent = (at - 1) >> 2
    if (at > 0 && (key < this.heapKey[parent] || (key === this.heapKey[parent] && moved < this.heapJob[parent])))
      this.siftUp(at, key, moved)
    else this.siftDown(at, key, moved)
  }
}

/** Of all that is data in the settings; of rules and pools what they are called and how large they are. */
function fingerprintOf({ jobs, rule, pool, sprint, rates, owners, classPriority, promises }: EngineSettings): string {
  const { arrival, size, slots, classIndex, estimate, owner, needs, failures } = jobs
  const { timeoutSeconds, ...plain } = sprint ?? {}
  const { name, interrupts, levels, backfill } = rule
  return fingerprint([
    JSON.stringify([jobs.count, name, interrupts, levels, backfill, pool.inWords, owners, promises, plain]),
    ...[classPriority, timeoutSeconds, rates?.beside, rates?.demand],
    ...[arrival, size, slots, classIndex, estimate, owner, needs?.cpus, needs?.memoryMib, needs?.share],
    ...[failures?.first, failures?.after, failures?.givenUp],
  ])
}

export type { SavedSprinter }
