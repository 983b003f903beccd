/**
 * The event engine for jobs of tasks beside gangs: stages (map and reduce), arrays and gangs on the same slots, under every discipline.
 *
 * What is started, interrupted, tried again and taken back is a *unit*: one task of a stage or an array, or a gang as a whole. A unit holds its slots from start to
 * end, all or none; the units of a job come and go one by one. A stage begins with its setup, which holds no slot; then its tasks wait for slots, in order; when the
 * last of them ends the next stage begins. An array is one stage without a setup, of which no more than `runningAtMost` tasks run at once; a gang is one unit whose
 * length was drawn beforehand. On gangs alone this engine gives the gang engine’s own numbers (a test compares them).
 *
 * The first job in the discipline’s order starts units as long as they fit, what is left goes to the next; a head whose unit does not fit blocks, but for backfill.
 * A job of an array at its limit does not wait, so it blocks nobody. Interruption evicts units of strictly less urgent jobs: the least urgent job’s, of equals the later
 * job’s, of that job the one started last; only as many as let the unit in, none if that is not enough.
 *
 * A job’s time on slots (`held`) is the time during which it is in a setup or has a unit on slots; the rest of its response is wait.
 *
 * Where the policy says what a restart costs (`preemption.restartDelaySeconds`), an evicted unit waits among the others only after that long; the rest of its job is not held back.
 *
 * Failures are those of units: a failed one begins again with the same work; out of retries a gang or a job of stages is given up, and all that it ever held is waste;
 * the tasks of an array are independent, so there only that task is.
 *
 * The same identities as the gang engine’s; a slot-second sprinted is one of a unit of a sprinting job, the bucket drains by job.
 */
import { keptTasks, type Refusal, speedUnderSprint } from '../model/index.js'
import { Rng, zigguratExponential } from '../num/index.js'
import type { BackfillQueue } from './backfillQueue.js'
import type { CompiledScenario } from './compile.js'
import type { DisciplineRule, JobTable, WaitingQueue } from './discipline.js'
import type { InTheMidst, RunJobs, Totals } from './engine.js'
import { StageStreams, seedFor, taskStream } from './jobs.js'
import { NodePool } from './nodePool.js'
import type { Pool, SavedPool } from './pool.js'
import { fingerprint, refusesState, type SavedUnder } from './saved.js'
import { type SavedSprinter, Sprinter } from './sprint.js'
import { type SavedHeap, TimeHeap } from './timeHeap.js'

const WAITING = 1
const RUNNING = 2
const DONE = 3

/** How an attempt ends: with its work done, with a failure after which it begins again, or for good without a result. */
const COMPLETES = 0
const FAILS = 1
const IS_OVER = 2

/** Tasks of a stage are at most 10⁷ (the count law’s bound). */
const MOST_TASKS = 16_777_216

/** Disciplines that never look at a job’s size, which costs a second drawing of all its tasks. */
const SIZE_BLIND: ReadonlySet<string> = new Set([
  'fcfs',
  'priority-nonpreemptive',
  'priority-preemptive-resume',
  'priority-preemptive-restart',
  'las',
  'fair-share',
  'easy-backfill',
  'conservative-backfill',
])

export interface TaskJobs extends RunJobs {
  /** The job’s number in its class: with it go its task times. */
  readonly ordinal: Int32Array
}

/** Jobs that are there at the start are numbered apart, so that those who come bring what they would have brought. */
const PRESENT = 100_000_000

/** Numbers the jobs class by class; the first `present` of them apart from the others. */
export function withOrdinals(jobs: RunJobs, classes: number, present = 0): TaskJobs {
  const seen = new Int32Array(classes)
  const ordinal = new Int32Array(jobs.count)
  for (let i = 0; i < jobs.count; i++) ordinal[i] = i < present ? PRESENT + i : seen[jobs.classIndex[i]]++
  return { ...jobs, ordinal }
}

/** A task that was taken off its slots and is to be taken up again. */
interface Returned {
  readonly index: number
  readonly full: number
  readonly left: number
  readonly attempt: number
  /** Slot-seconds that this attempt has held. */
  readonly spent: number
}

/** An evicted task that is held back until it may start again. */
interface Withheld {
  readonly until: number
  readonly job: number
  readonly back: Returned
}

/** What `TaskEngine.save` writes. */
export const TASK_ENGINE_STATE = 'halftone/task-engine-state/1'

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
  'blocked',
  'units',
  'spareCount',
] as const

/**
 * An engine of tasks between two events, as plain values and columns (what `structuredClone` and messages between threads carry): for `TaskEngine.restore` with the same
 * scenario, jobs and chance, here or elsewhere.
 */
export interface TaskEngineState extends SavedUnder {
  readonly numbers: Readonly<Record<(typeof NUMBERS)[number], number>>
  readonly jobs: readonly (Float64Array | Int32Array | Uint8Array)[]
  readonly units: readonly (Float64Array | Int32Array | Uint8Array)[]
  /** Tasks that were taken off their slots, by job. */
  readonly returned: readonly (readonly [number, readonly Returned[]])[]
  /** Evicted tasks that may not start again yet. */
  readonly withheld: readonly Withheld[]
  readonly ends: SavedHeap
  readonly setups: SavedHeap
  readonly timers: SavedHeap | undefined
  readonly marks: readonly Totals[]
  readonly pool: SavedPool
  readonly queue: Float64Array | undefined
  readonly sprinter: SavedSprinter | undefined
}

export class TaskEngine implements JobTable {
  readonly count: number
  readonly classIndex: Uint16Array
  readonly classPriority: Int32Array
  readonly size: Float64Array
  readonly slots: Int32Array
  readonly estimate: Float64Array
  readonly owner: Int32Array
  readonly owners: number
  readonly response: Float64Array
  readonly held: Float64Array
  readonly state: Uint8Array
  /** 1: left without a result, or (an array) without that of some task. */
  readonly givenUp: Uint8Array
  /** Slots × seconds that each job held so far (of one that runs: up to its last event), and the most slots that it held at once. */
  readonly slotSeconds: Float64Array
  readonly mostSlots: Int32Array
  readonly marks: Totals[] = []
  now = 0
  events = 0
  arrived = 0
  finished = 0
  evictions = 0
  failed = 0

  private readonly stage: Int32Array
  /** Tasks of the stage at hand: the next one’s number, how many there will be, and how many have not ended. */
  private readonly nextTask: Int32Array
  private readonly lastTask: Int32Array
  private readonly open: Int32Array
  private readonly unitsOf: Int32Array
  private readonly limit: Int32Array
  private readonly inSetup: Uint8Array
  private readonly setupLeft: Float64Array
  /** Where each job’s generator stands in its task times. */
  private readonly words: Int32Array
  private readonly startedAt: Float64Array
  private readonly activeSince: Float64Array
  /** Speed of the sprint that each job is in, 1 for none, and what its stage makes of it. */
  private readonly sprintSpeed: Float64Array
  private readonly factor: Float64Array
  private readonly queued: Uint8Array
  private readonly firstUnit: Int32Array
  private readonly returned: Map<number, Returned[]> = new Map()
  /** In order of time: all are held back for equally long. */
  private withheld: Withheld[] = []
  private readonly restartDelay: number
  private readonly evictionSeconds: number
  /** How long the slots of those who were evicted just now stay taken. */
  private dying = 0
  /** As of `bookedAt`: slot-seconds held, work kept, and how fast both grow. */
  private readonly bookedAt: Float64Array
  private readonly work: Float64Array
  private readonly slotsHeld: Float64Array
  private readonly pace: Float64Array
  private readonly lostOf: Float64Array
  /** For what is left of a job: what was done before this stage (at full width), the work then, and how many tasks can run at once. */
  private readonly doneBefore: Float64Array
  private readonly workBefore: Float64Array
  private readonly abreast: Float64Array

  private unitJob!: Int32Array
  private unitIndex!: Int32Array
  private unitAttempt!: Int32Array
  private unitFate!: Uint8Array
  private unitLeft!: Float64Array
  private unitFull!: Float64Array
  /** Work left at which the attempt ends: 0 unless it fails. */
  private unitStops!: Float64Array
  private unitRate!: Float64Array
  private unitBase!: Float64Array
  private unitSince!: Float64Array
  private unitStart!: Float64Array
  private unitSpent!: Float64Array
  private unitRank!: Float64Array
  private unitNext!: Int32Array
  private unitBack!: Int32Array
  private spare!: Int32Array
  private spareCount = 0
  private units = 0
  private readonly ends: TimeHeap
  private readonly setups: TimeHeap
  private readonly timers: TimeHeap | undefined

  private readonly queue: WaitingQueue
  private readonly sprinter: Sprinter | undefined
  private readonly pool: Pool
  private readonly rule: DisciplineRule
  private readonly streams: (StageStreams | undefined)[]
  private readonly chances: (Int32Array | undefined)[]
  private readonly rng = new Rng(0)
  private readonly chance = new Rng(0)
  private readonly buffer = new Float64Array(1)
  private busy = 0
  private sprinting = 0
  private lost = 0
  private present = 0
  private busySlots = 0
  private sprintingSlots = 0
  private nextMark = 0
  private idle = -1
  private blocked = -1
  private fate = COMPLETES
  private readonly candidates: number[] = []

  constructor(
    private readonly compiled: CompiledScenario,
    private readonly jobs: TaskJobs,
    private readonly seed: number,
    private readonly replication: number,
    private readonly markEvery: number,
    start?: InTheMidst,
  ) {
    const n = jobs.count
    const { classes, rule } = compiled
    this.count = n
    this.classIndex = jobs.classIndex
    this.classPriority = compiled.classPriority
    const { restartDelaySeconds = 0, evictionSeconds = 0 } = compiled.scenario.policy.preemption ?? {}
    this.restartDelay = restartDelaySeconds
    this.evictionSeconds = evictionSeconds
    this.slots = Int32Array.from(jobs.slots)
    this.owner = jobs.owner ?? Int32Array.from(jobs.classIndex)
    this.owners = Math.max(classes.length, ...(jobs.owner ? [jobs.owner.reduce((a, b) => Math.max(a, b), 0) + 1] : []))
    this.response = new Float64Array(n)
    this.held = new Float64Array(n)
    this.state = new Uint8Array(n)
    this.givenUp = new Uint8Array(n)
    this.stage = new Int32Array(n)
    this.nextTask = new Int32Array(n)
    this.lastTask = new Int32Array(n)
    this.open = new Int32Array(n)
    this.unitsOf = new Int32Array(n)
    this.limit = new Int32Array(n)
    this.inSetup = new Uint8Array(n)
    this.setupLeft = new Float64Array(n)
    this.words = new Int32Array(4 * n)
    this.activeSince = new Float64Array(n)
    this.startedAt = new Float64Array(n)
    this.sprintSpeed = new Float64Array(n).fill(1)
    this.factor = new Float64Array(n).fill(1)
    this.queued = new Uint8Array(n)
    this.firstUnit = new Int32Array(n).fill(-1)
    this.bookedAt = new Float64Array(n)
    this.slotSeconds = new Float64Array(n)
    this.mostSlots = new Int32Array(n)
    this.work = new Float64Array(n)
    this.slotsHeld = new Float64Array(n)
    this.pace = new Float64Array(n)
    this.lostOf = new Float64Array(n)
    this.doneBefore = new Float64Array(n)
    this.workBefore = new Float64Array(n)
    this.abreast = new Float64Array(n).fill(1)
    this.pool = compiled.pool(compiled.capacity)
    if (this.pool instanceof NodePool) this.pool.expect(n, this.slots, jobs.needs)
    this.growUnits(Math.min(this.pool.mostAtOnce, 1024))
    this.ends = new TimeHeap(this.units, this.unitRank)
    this.setups = new TimeHeap(n)
    const stopsStages = classes.some((one) => one.stages !== undefined && one.stopAfterSeconds !== Number.POSITIVE_INFINITY)
    if (rule.levels !== undefined || stopsStages) this.timers = new TimeHeap(n)
    this.rule = rule
    this.streams = classes.map((one) => one.stages && new StageStreams(one.stages, taskStream(one.name, seed, replication)))
    this.chances = classes.map((one) =>
      one.stages && one.failures
        ? new Rng(seed, `replication ${replication}/class ${one.name}/task failures`).state.slice()
        : undefined,
    )
    this.size = Float64Array.from(jobs.size)
    if (!SIZE_BLIND.has(rule.name))
      for (let j = 0; j < n; j++) if (classes[jobs.classIndex[j]].stages !== undefined) this.size[j] = this.timeAlone(j)
    this.estimate = Float64Array.from(jobs.estimate ?? jobs.size)
    this.queue = rule.queue(this)
    if (compiled.sprint) {
      this.sprinter = new Sprinter(
        compiled.sprint,
        {
          classIndex: jobs.classIndex,
          isRunning: (job) => this.state[job] === RUNNING,
          startedAt: (job) => this.startedAt[job],
          slotsOf: (job) => this.slotsHeld[job],
          setSpeed: (job, speed, now) => this.setSpeed(job, speed, now),
        },
        n,
      )
    }
    if (start) this.beginInTheMidst(start)
  }

  /** The engine as it stands. */
  save(): TaskEngineState {
    const own = this as unknown as Record<string, number>
    return {
      schema: TASK_ENGINE_STATE,
      of: this.fingerprint(),
      numbers: Object.fromEntries(NUMBERS.map((name) => [name, own[name]])) as TaskEngineState['numbers'],
      jobs: this.jobColumns().map((column) => column.slice()),
      units: this.unitColumns().map((column) => column.slice()),
      returned: [...this.returned].map(([job, list]) => [job, list.map((one) => ({ ...one }))]),
      withheld: this.withheld.map((one) => ({ ...one, back: { ...one.back } })),
      ends: this.ends.save(),
      setups: this.setups.save(),
      timers: this.timers?.save(),
      marks: this.marks.map((totals) => ({ ...totals })),
      pool: this.pool.save(),
      queue: this.queue.save?.(),
      sprinter: this.sprinter?.save(),
    }
  }

  /**
   * An engine that goes on from a state that was saved under the same scenario, jobs, seed, replication and marks, with the same bytes as one that was never stopped there;
   * refuses a state of others.
   */
  static restore(
    compiled: CompiledScenario,
    jobs: TaskJobs,
    chance: { readonly seed: number; readonly replication: number; readonly markEvery: number },
    state: TaskEngineState,
  ): TaskEngine | Refusal {
    const engine = new TaskEngine(compiled, jobs, chance.seed, chance.replication, chance.markEvery)
    const refusal = refusesState(state, TASK_ENGINE_STATE, engine.fingerprint())
    if (refusal) return refusal
    if (state.numbers.units > engine.units) engine.growUnits(state.numbers.units)
    const own = engine as unknown as Record<string, number>
    for (const name of NUMBERS) own[name] = state.numbers[name]
    engine.jobColumns().forEach((column, i) => {
      column.set(state.jobs[i])
    })
    engine.unitColumns().forEach((column, i) => {
      column.set(state.units[i])
    })
    for (const [job, list] of state.returned)
      engine.returned.set(
        job,
        list.map((one) => ({ ...one })),
      )
    engine.withheld = state.withheld.map((one) => ({ ...one, back: { ...one.back } }))
    engine.ends.restore(state.ends)
    engine.setups.restore(state.setups)
    if (state.timers !== undefined) engine.timers?.restore(state.timers)
    engine.marks.push(...state.marks.map((totals) => ({ ...totals })))
    engine.pool.restore(state.pool)
    // the waiting jobs, in order of arrival, say all that a queue knows, but for what it saved itself
    for (let job = 0; job < engine.arrived; job++) if (engine.queued[job] === 1) engine.queue.add(job, engine.now)
    if (state.queue !== undefined) engine.queue.restore?.(state.queue)
    if (state.sprinter !== undefined) engine.sprinter?.restore(state.sprinter)
    return engine
  }

  private fingerprint(): string {
    const { scenario, rule } = this.compiled
    const { count, arrival, size, slots, classIndex, ordinal, estimate, owner, needs, failures } = this.jobs
    const { workload, cluster, policy } = scenario
    const { name, interrupts, levels, backfill } = rule
    return fingerprint([
      JSON.stringify([workload, cluster, policy, count, name, interrupts, levels, backfill]),
      JSON.stringify([this.seed, this.replication, this.markEvery]),
      ...[arrival, size, slots, classIndex, ordinal, estimate, owner, needs?.cpus, needs?.memoryMib, needs?.share],
      ...[failures?.first, failures?.after, failures?.givenUp],
    ])
  }

  private jobColumns() {
    return [
      ...[this.slots, this.estimate, this.response, this.held, this.state, this.givenUp, this.stage, this.nextTask],
      ...[this.lastTask, this.open, this.unitsOf, this.limit, this.inSetup, this.setupLeft, this.words, this.startedAt],
      ...[this.activeSince, this.sprintSpeed, this.factor, this.queued, this.firstUnit, this.bookedAt, this.slotSeconds],
      ...[this.work, this.slotsHeld, this.pace, this.lostOf, this.doneBefore, this.workBefore, this.abreast, this.mostSlots],
    ]
  }

  private unitColumns() {
    return [
      ...[this.unitJob, this.unitIndex, this.unitAttempt, this.unitFate, this.unitLeft, this.unitFull, this.unitStops],
      ...[this.unitRate, this.unitBase, this.unitSince, this.unitStart, this.unitSpent, this.unitRank],
      ...[this.unitNext, this.unitBack, this.spare],
    ]
  }

  /** What is left of the job at full width: a gang’s run time, a job of tasks’ work over the tasks that can run at once. */
  remaining(job: number, now: number): number {
    const done = this.doneBefore[job] + (this.workDone(job, now) - this.workBefore[job]) / this.abreast[job]
    return Math.max(0, this.size[job] - done)
  }

  attained(job: number, now: number): number {
    return this.slotSeconds[job] + this.slotsHeld[job] * (now - this.bookedAt[job])
  }

  get lowestBudget(): number | undefined {
    return this.compiled.sprint?.budget ? this.sprinter?.lowest : undefined
  }

  get waiting(): number {
    return this.queue.length
  }

  /** Units on slots now, and slots that are free. */
  get running(): number {
    return this.ends.length
  }

  get free(): number {
    return this.pool.free
  }

  /** The i-th running unit, in no order: whose it is, and which of its tasks. */
  unitAt(i: number): { readonly job: number; readonly index: number; readonly slots: number } {
    const unit = this.ends.at(i)
    const job = this.unitJob[unit]
    return { job, index: this.unitIndex[unit], slots: this.slots[job] }
  }

  totals(): Totals {
    const { now: time, busy, sprinting, lost, present, sprinter } = this
    const totals = { time, busy, sprinting, lost, present }
    return this.compiled.sprint?.power ? { ...totals, sprintJoules: sprinter!.joulesAt(time) } : totals
  }

  run(until = Number.POSITIVE_INFINITY): boolean {
    const { arrival } = this.jobs
    for (;;) {
      const tArrival = this.arrived < this.count ? arrival[this.arrived] : Number.POSITIVE_INFINITY
      const tEnd = this.ends.time()
      const tSetup = this.setups.time()
      const tTimer = this.timers === undefined ? Number.POSITIVE_INFINITY : this.timers.time()
      const tSprint = this.sprinter?.next ?? Number.POSITIVE_INFINITY
      const tBack = this.withheld.length > 0 ? this.withheld[0].until : Number.POSITIVE_INFINITY
      const t = Math.min(tArrival, tEnd, tSetup, tTimer, tSprint, tBack)
      if (t > until || this.finished === this.count) {
        if (until !== Number.POSITIVE_INFINITY && until > this.now) this.advance(until)
        return this.finished === this.count
      }
      if (t === Number.POSITIVE_INFINITY) return true
      this.advance(t)
      this.events++
      if (tEnd <= t) {
        this.blocked = -1
        this.unitEnds(this.ends.top(), t)
      } else if (tSetup <= t) {
        const job = this.setups.top()
        this.setups.remove(job)
        this.inSetup[job] = 0
        this.doneBefore[job] += this.setupLeft[job]
        this.tasksBegin(job, t)
      } else if (tBack <= t) {
        const { job, back } = this.withheld.shift()!
        this.waitsAgain(job, back, t)
      } else if (tTimer <= t) {
        this.blocked = -1
        this.timerFires(this.timers!.top(), t)
      } else if (tSprint <= t) this.sprinter!.fire(t)
      else {
        const job = this.arrived++
        if (job === this.nextMark) {
          this.marks.push(this.totals())
          this.nextMark += this.markEvery
        }
        this.state[job] = WAITING
        this.bookedAt[job] = t
        this.sprinter?.onArrival(job, t)
        this.begins(job, t)
      }
      this.dispatch(t)
      // whoever ended something just now and was given nothing new holds nothing
      const job = this.idle
      if (job >= 0) {
        if (this.unitsOf[job] === 0 && this.inSetup[job] === 0 && this.state[job] !== DONE) this.deactivate(job, t)
        this.idle = -1
      }
    }
  }

  private advance(t: number): void {
    const dt = t - this.now
    if (dt <= 0) return
    this.busy += dt * this.busySlots
    this.sprinting += dt * this.sprintingSlots
    this.present += dt * (this.arrived - this.finished)
    this.now = t
  }

  private classOf(job: number) {
    return this.compiled.classes[this.classIndex[job]]
  }

  private begins(job: number, t: number): void {
    if (this.classOf(job).stages !== undefined) {
      this.stageBegins(job, t)
      return
    }
    this.lastTask[job] = 1
    this.open[job] = 1
    this.limit[job] = 1
    this.tasksBegin(job, t)
  }

  private stageBegins(job: number, t: number): void {
    const setup = this.drawStage(job)
    // no unit runs between two stages
    this.factor[job] = this.answerOf(job)
    if (setup > 0) {
      this.activate(job, t)
      this.inSetup[job] = 1
      this.setupLeft[job] = setup
      this.setups.add(t + setup / this.pool.topSpeed / this.factor[job], job)
    } else this.tasksBegin(job, t)
  }

  /** Makes the job’s stage ready, its tasks to be drawn one by one; returns the setup. */
  private drawStage(job: number): number {
    const { rng, buffer } = this
    const stage = this.classOf(job).stages![this.stage[job]]
    this.streams[this.classIndex[job]]!.seed(rng, this.jobs.ordinal[job], this.stage[job])
    let setup = 0
    if (stage.setup !== undefined) {
      stage.setup(rng, buffer, 0, 1)
      setup = buffer[0]
    }
    const drawn = stage.tasks(rng)
    const kept = keptTasks(drawn, stage.dropRatio)
    this.nextTask[job] = 0
    this.lastTask[job] = stage.cutsStragglers ? drawn : kept
    this.open[job] = kept
    this.limit[job] = stage.runningAtMost
    this.slots[job] = stage.slotsPerTask
    this.estimate[job] = stage.taskMean
    this.words.set(rng.state, 4 * job)
    this.abreast[job] = this.abreastOf(stage, this.lastTask[job])
    this.workBefore[job] = this.work[job]
    if (this.pool instanceof NodePool) this.pool.setNeeds(job, stage.slotsPerTask, stage.needs)
    return setup
  }

  private abreastOf(stage: { readonly runningAtMost: number; readonly slotsPerTask: number }, tasks: number): number {
    return Math.max(1, Math.min(tasks, stage.runningAtMost, Math.floor(this.compiled.capacity / stage.slotsPerTask)))
  }

  private tasksBegin(job: number, t: number): void {
    this.enqueue(job, t)
    this.idle = job
  }

  private enqueue(job: number, t: number): void {
    if (this.queued[job] === 1) this.queue.take(job, t)
    this.queued[job] = 1
    this.queue.add(job, t)
  }

  private dequeue(job: number, t: number): void {
    if (this.queued[job] === 0) return
    this.queued[job] = 0
    this.queue.take(job, t)
  }

  /** Has the job a unit that may start? */
  private startable(job: number): boolean {
    if (this.unitsOf[job] >= this.limit[job]) return false
    return this.nextTask[job] < this.lastTask[job] || this.returned.has(job)
  }

  private activate(job: number, t: number): void {
    if (this.state[job] === RUNNING) return
    this.state[job] = RUNNING
    this.activeSince[job] = t
    this.startedAt[job] = t
    this.sprinter?.onStart(job, t)
  }

  private deactivate(job: number, t: number): void {
    if (this.state[job] !== RUNNING) return
    this.held[job] += t - this.activeSince[job]
    this.sprinter?.onStop(job, t)
    this.sprintSpeed[job] = 1
    this.factor[job] = 1
    this.state[job] = WAITING
  }

  /** An attempt is over: its work is done, or it fails, or it ends for good without a result. */
  private unitEnds(unit: number, t: number): void {
    const job = this.unitJob[unit]
    const fate = this.unitFate[unit]
    if (fate === FAILS) {
      this.failed++
      this.takeBack(unit, t, true, true)
      return
    }
    const { stages, isArray } = this.classOf(job)
    this.leaveSlots(unit, t)
    if (fate === IS_OVER) {
      this.failed++
      if (!isArray) {
        this.giveUp(job, t)
        return
      }
      this.givenUp[job] = 1
      this.lose(job, this.unitSpent[unit])
    }
    if (--this.open[job] > 0) {
      this.idle = job
      // what orders a job that waits for slots beside its running tasks has moved on, and nobody asks again once none of them runs
      if (this.startable(job) && (this.queued[job] === 0 || this.rule.drifts)) this.enqueue(job, t)
      return
    }
    if (stages !== undefined) {
      if (stages[this.stage[job]].cutsStragglers) this.cutStragglers(job, t)
      this.doneBefore[job] += (this.work[job] - this.workBefore[job]) / this.abreast[job]
      if (++this.stage[job] < stages.length) {
        this.stageBegins(job, t)
        return
      }
    }
    this.leave(job, t)
  }

  private leave(job: number, t: number): void {
    this.deactivate(job, t)
    this.state[job] = DONE
    this.response[job] = t - this.jobs.arrival[job]
    this.finished++
    if (this.timers?.holds(job)) this.timers.remove(job)
    this.sprinter?.onEnd(job)
  }

  /** The job leaves without a result: all that it held and was not lost before is lost now. */
  private giveUp(job: number, t: number): void {
    while (this.firstUnit[job] >= 0) this.leaveSlots(this.firstUnit[job], t)
    this.returned.delete(job)
    this.withheld = this.withheld.filter((one) => one.job !== job)
    this.nextTask[job] = this.lastTask[job]
    this.dequeue(job, t)
    if (this.inSetup[job] === 1) {
      this.inSetup[job] = 0
      this.setups.remove(job)
    }
    this.givenUp[job] = 1
    this.lose(job, this.slotSeconds[job] - this.lostOf[job])
    this.leave(job, t)
  }

  private lose(job: number, slotSeconds: number): void {
    this.lost += slotSeconds
    this.lostOf[job] += slotSeconds
  }

  /** Enough tasks of the stage have ended: what still runs is cut and wasted, what waits is forgotten. */
  private cutStragglers(job: number, t: number): void {
    while (this.firstUnit[job] >= 0) {
      const unit = this.firstUnit[job]
      this.leaveSlots(unit, t)
      this.lose(job, this.unitSpent[unit])
    }
    for (const { spent } of this.returned.get(job) ?? []) this.lose(job, spent)
    for (const { back } of this.withheld.filter((one) => one.job === job)) this.lose(job, back.spent)
    this.nextTask[job] = this.lastTask[job]
    this.returned.delete(job)
    this.withheld = this.withheld.filter((one) => one.job !== job)
    this.dequeue(job, t)
  }

  /** Takes a unit off its slots and books what it did. */
  private leaveSlots(unit: number, t: number): void {
    const job = this.unitJob[unit]
    const k = this.slots[job]
    this.book(job, t)
    this.unitSpent[unit] += k * (t - this.unitStart[unit])
    this.unitLeft[unit] = Math.max(0, this.unitLeft[unit] - (t - this.unitSince[unit]) * this.unitRate[unit])
    this.ends.remove(unit)
    this.pool.give(unit, k)
    this.busySlots -= k
    if (this.sprintSpeed[job] !== 1) {
      this.sprintingSlots -= k
      this.sprinter!.onWidth(job, -k, t)
    }
    this.unitsOf[job]--
    this.slotsHeld[job] -= k
    this.pace[job] = this.unitsOf[job] === 0 ? 0 : this.pace[job] - this.unitRate[unit]
    this.unlink(unit, job)
    this.queue.usage?.(this.owner[job], -k, t)
    this.spare[this.spareCount++] = unit
    this.planTimer(job, t)
  }

  /** A unit goes back among what waits: `afresh` from the beginning, its attempt so far being waste; a `failed` one as the next attempt. */
  private takeBack(unit: number, t: number, afresh: boolean, failed: boolean): void {
    const job = this.unitJob[unit]
    this.leaveSlots(unit, t)
    const full = this.unitFull[unit]
    if (afresh) {
      this.lose(job, this.unitSpent[unit])
      this.work[job] -= full - this.unitLeft[unit]
    }
    const back: Returned = {
      index: this.unitIndex[unit],
      full,
      left: afresh ? full : this.unitLeft[unit],
      attempt: this.unitAttempt[unit] + (failed ? 1 : 0),
      spent: afresh ? 0 : this.unitSpent[unit],
    }
    if (this.unitsOf[job] === 0) this.deactivate(job, t)
    if (failed || this.restartDelay === 0) this.waitsAgain(job, back, t)
    else {
      this.withheld.push({ until: t + this.restartDelay, job, back })
      // those of its tasks that have not run yet are not held back
      if (this.startable(job)) this.enqueue(job, t)
    }
  }

  /** A task that was taken off its slots is among what waits, in its order. */
  private waitsAgain(job: number, back: Returned, t: number): void {
    const list = this.returned.get(job)
    if (list === undefined) this.returned.set(job, [back])
    else {
      let at = list.length
      while (at > 0 && list[at - 1].index < back.index) at--
      list.splice(at, 0, back)
    }
    if (this.startable(job)) this.enqueue(job, t)
  }

  private dispatch(t: number): void {
    const { queue, pool, rule } = this
    if (rule.drifts) {
      // a head that runs some of its tasks has grown more urgent since it found no room
      this.blocked = -1
      this.putInOrder(t)
    }
    for (;;) {
      const job = queue.head(t)
      if (job < 0) return
      if (job !== this.blocked && (pool.fits(this.slots[job], job) || (rule.interrupts !== 'never' && this.makeRoom(job, t)))) {
        this.startNext(job, t)
        continue
      }
      this.blocked = job
      if (rule.backfill === 'easy') this.backfillEasy(job, t)
      else if (rule.backfill === 'conservative') this.backfillConservative(t)
      return
    }
  }

  /** Jobs with units running and others waiting: what orders them has moved on. */
  private putInOrder(t: number): void {
    for (let i = 0; i < this.ends.length; i++) {
      const unit = this.ends.at(i)
      const job = this.unitJob[unit]
      if (this.queued[job] === 1 && this.firstUnit[job] === unit) this.enqueue(job, t)
    }
  }

  /** Starts the job’s next unit, which must fit, and takes the job off the queue when it has no other that may start. */
  private startNext(job: number, t: number): void {
    const unit = this.freeUnit()
    this.begin(unit, job, this.pool.take(unit, this.slots[job], job), t)
  }

  private begin(unit: number, job: number, speed: number, t: number): void {
    this.spareCount--
    this.activate(job, t)
    const list = this.returned.get(job)
    if (list !== undefined) {
      const { index, full, left, attempt, spent } = list.pop()!
      if (list.length === 0) this.returned.delete(job)
      this.describe(unit, job, index, full, left, attempt, spent)
    } else this.describeNext(unit, job)
    this.runs(unit, job, speed, t)
    if (!this.startable(job)) this.dequeue(job, t)
  }

  /** The unit goes on its slots. */
  private runs(unit: number, job: number, speed: number, t: number): void {
    const k = this.slots[job]
    this.book(job, t)
    this.unitJob[unit] = job
    this.unitBase[unit] = speed
    this.unitRate[unit] = speed * this.factor[job]
    // until those who were evicted for it are gone it holds its slots and does nothing
    this.unitSince[unit] = t + this.dying
    this.work[job] -= this.dying * this.unitRate[unit]
    this.unitStart[unit] = t
    this.unitRank[unit] = job * MOST_TASKS + this.unitIndex[unit]
    this.busySlots += k
    if (this.sprintSpeed[job] !== 1) {
      this.sprintingSlots += k
      this.sprinter!.onWidth(job, k, t)
    }
    this.unitsOf[job]++
    this.slotsHeld[job] += k
    if (this.slotsHeld[job] > this.mostSlots[job]) this.mostSlots[job] = this.slotsHeld[job]
    this.pace[job] += this.unitRate[unit]
    this.link(unit, job)
    this.queue.usage?.(this.owner[job], k, t)
    this.ends.add(t + this.dying + (this.unitLeft[unit] - this.unitStops[unit]) / this.unitRate[unit], unit)
    this.dying = 0
    this.planTimer(job, t)
  }

  /** The next task of the job’s stage (a gang’s only unit), drawn now. */
  private describeNext(unit: number, job: number): void {
    const index = this.nextTask[job]++
    const { stages } = this.classOf(job)
    let full = this.size[job]
    if (stages === undefined) full = this.jobs.size[job]
    else {
      const { rng, buffer } = this
      for (let i = 0; i < 4; i++) rng.state[i] = this.words[4 * job + i]
      stages[this.stage[job]].taskTime(rng, buffer, 0, 1)
      this.words.set(rng.state, 4 * job)
      full = buffer[0]
    }
    this.describe(unit, job, index, full, full, 0, 0)
  }

  private describe(unit: number, job: number, index: number, full: number, left: number, attempt: number, spent: number): void {
    this.unitIndex[unit] = index
    this.unitFull[unit] = full
    this.unitLeft[unit] = left
    this.unitAttempt[unit] = attempt
    this.unitSpent[unit] = spent
    const stops =
      this.classOf(job).stages === undefined ? this.gangStops(job, full, attempt) : this.taskStops(job, index, full, attempt)
    // an attempt taken up again has not lost what it did
    this.unitStops[unit] = Math.min(left, stops)
    this.unitFate[unit] = this.fate
  }

  /** Work left at which an attempt of a gang ends, and (in `fate`) how. */
  private gangStops(job: number, full: number, attempt: number): number {
    const { failures } = this.jobs
    this.fate = COMPLETES
    if (failures === undefined) return 0
    const at = failures.first[job] + attempt
    if (at >= failures.first[job + 1]) return 0
    this.fate = at + 1 === failures.first[job + 1] && failures.givenUp[job] === 1 ? IS_OVER : FAILS
    return Math.max(0, full - failures.after[at])
  }

  /** The same of a task: its failures come from a stream of its own, so that every policy meets the same. */
  private taskStops(job: number, index: number, full: number, attempt: number): number {
    const { failures, stopAfterSeconds, isArray, stages } = this.classOf(job)
    this.fate = COMPLETES
    const most = isArray ? stopAfterSeconds : Number.POSITIVE_INFINITY
    let fails = Number.POSITIVE_INFINITY
    if (failures !== undefined) {
      const nth = this.jobs.ordinal[job] * stages!.length + this.stage[job]
      seedFor(this.chance, this.chances[this.classIndex[job]]!, nth * MOST_TASKS + index)
      for (let i = 0; i <= attempt; i++) fails = zigguratExponential(this.chance) / failures.ratePerRunningSecond
    }
    const after = Math.min(fails, most)
    if (after >= full) return 0
    this.fate = most <= fails || attempt >= failures!.retriesAtMost ? IS_OVER : FAILS
    return full - after
  }

  /** Evicts the least urgent running units, only as many as let `job`’s next unit in and none when that is not enough. */
  private makeRoom(job: number, t: number): boolean {
    const { rule, pool, candidates, unitJob, unitStart, unitIndex } = this
    const urgency = rule.urgency!
    const mine = urgency(this, job, t)
    const need = this.slots[job]
    candidates.length = 0
    let could = pool.free
    for (let i = 0; i < this.ends.length; i++) {
      const unit = this.ends.at(i)
      if (urgency(this, unitJob[unit], t) <= mine) continue
      candidates.push(unit)
      could += this.slots[unitJob[unit]]
    }
    if (candidates.length === 0 || could < need) return false
    candidates.sort(
      (a, b) =>
        urgency(this, unitJob[b], t) - urgency(this, unitJob[a], t) ||
        unitJob[b] - unitJob[a] ||
        unitStart[b] - unitStart[a] ||
        unitIndex[b] - unitIndex[a],
    )
    pool.trialBegin(need, job)
    let evict = 0
    for (; !pool.trialFits; evict++) {
      if (evict === candidates.length) return false
      pool.trialGive(candidates[evict], this.slots[unitJob[candidates[evict]]])
    }
    // what is left over of their slots may be room for whoever was blocked (see the gang engine)
    this.blocked = -1
    for (const unit of candidates.slice(0, evict)) {
      this.evictions++
      this.lose(this.unitJob[unit], this.evictionSeconds * this.slots[this.unitJob[unit]])
      this.takeBack(unit, t, rule.interrupts === 'restart', false)
    }
    this.dying = this.evictionSeconds
    return true
  }

  /** EASY: the head is promised the earliest time at which estimates say that its unit fits; units behind it may start now if they do not break that promise. */
  private backfillEasy(head: number, t: number): void {
    const { pool, slots, estimate } = this
    const queue = this.queue as BackfillQueue
    if (pool.full) return
    let job = queue.find(head + 1, pool.free, Number.POSITIVE_INFINITY, -1)
    if (job < 0) return
    const ends = this.expectedEnds()
    const need = slots[head]
    pool.trialBegin(need, head)
    let i = 0
    for (; i < ends.length && !pool.trialFits; i++) pool.trialGive(ends[i].unit, ends[i].slots)
    const shadow = i > 0 ? Math.max(t, ends[i - 1].time) : t
    for (; i < ends.length && ends[i].time <= shadow; i++) pool.trialGive(ends[i].unit, ends[i].slots)
    // a hair wider than the promise: who is let through is looked at again, without the rounding of a difference
    const window = (shadow - t) * pool.topSpeed * (1 + 1e-9)
    let from = head + 1
    while (!pool.full) {
      job = queue.find(from, pool.free, window, pool.trialFree - need)
      if (job < 0) return
      from = job + 1
      while (this.queued[job] === 1 && pool.fits(slots[job], job)) {
        const unit = this.freeUnit()
        const speed = pool.take(unit, slots[job], job)
        // A unit that will still hold its slots then may start only if the head fits beside it.
        if (t + estimate[job] / (speed * this.factor[job]) > shadow && !pool.trialTake(unit, slots[job])) {
          pool.give(unit, slots[job])
          break
        }
        this.begin(unit, job, speed, t)
      }
    }
  }

  /** Promises in order of arrival on a profile of free slots over time; starts whoever is promised now (see the gang engine). */
  private backfillConservative(t: number): void {
    const { pool, slots, estimate } = this
    if (pool.full) return
    const queue = this.queue as BackfillQueue
    const times: number[] = [t]
    const free: number[] = [pool.free]
    for (const end of this.expectedEnds()
      .map(({ time, slots: k }) => ({ time: Math.max(t, time), k }))
      .sort((a, b) => a.time - b.time)) {
      if (times.length === 1 || end.time > times[times.length - 1]) {
        times.push(end.time)
        free.push(free[free.length - 1])
      }
      free[free.length - 1] += end.k
    }
    let job = queue.find(0, 0x7ffffffe, Number.POSITIVE_INFINITY, 0x7ffffffe)
    for (let made = 0; job >= 0 && made < 256 && !pool.full; ) {
      const need = slots[job]
      const length = estimate[job] / pool.topSpeed
      const waiting = this.lastTask[job] - this.nextTask[job] + (this.returned.get(job)?.length ?? 0)
      const units = Math.min(waiting, this.limit[job] - this.unitsOf[job])
      for (let u = 0; u < units && made < 256; u++, made++) {
        // the earliest breakpoint from which `need` slots are free for `length`
        let at = 0
        for (let k = 0; k < times.length && times[k] < times[at] + length; k++) if (k >= at && free[k] < need) at = k + 1
        const end = times[at] + length
        let k = at
        while (k < times.length && times[k] < end) k++
        if ((k === times.length || times[k] > end) && length > 0) {
          times.splice(k, 0, end)
          free.splice(k, 0, free[k - 1])
        }
        for (let i = at; i < k; i++) free[i] -= need
        if (at === 0 && pool.fits(need, job)) this.startNext(job, t)
      }
      job = queue.find(job + 1, 0x7ffffffe, Number.POSITIVE_INFINITY, 0x7ffffffe)
    }
  }

  /** Running units by the time at which they should be over by their estimates. */
  private expectedEnds(): { readonly unit: number; readonly time: number; readonly slots: number }[] {
    return Array.from({ length: this.ends.length }, (_, i) => {
      const unit = this.ends.at(i)
      const job = this.unitJob[unit]
      return { unit, time: this.unitStart[unit] + this.estimate[job] / this.unitRate[unit], slots: this.slots[job] }
    }).sort((a, b) => a.time - b.time || this.unitRank[a.unit] - this.unitRank[b.unit])
  }

  /** How fast the job’s work at hand goes in the sprint that it is in: by its class’s one phase, or by its stage. */
  private answerOf(job: number): number {
    const speed = this.sprintSpeed[job]
    if (speed === 1) return 1
    const { phases, stages } = this.classOf(job)
    return speedUnderSprint(phases?.[0].processorBound ?? stages?.[this.stage[job]].processorBound ?? 1, speed)
  }

  private setSpeed(job: number, speed: number, t: number): void {
    const sprinted = this.sprintSpeed[job] !== 1
    this.sprintingSlots += (speed !== 1 ? this.slotsHeld[job] : 0) - (sprinted ? this.slotsHeld[job] : 0)
    this.sprintSpeed[job] = speed
    const was = this.factor[job]
    const factor = this.answerOf(job)
    if (factor === was) return
    this.book(job, t)
    if (this.inSetup[job] === 1) this.setups.move(job, t + ((this.setups.timeOf(job) - t) * was) / factor)
    this.factor[job] = factor
    this.pace[job] = 0
    for (let unit = this.firstUnit[job]; unit >= 0; unit = this.unitNext[unit]) {
      this.unitLeft[unit] = Math.max(0, this.unitLeft[unit] - (t - this.unitSince[unit]) * this.unitRate[unit])
      this.unitSince[unit] = t
      this.unitRate[unit] = this.unitBase[unit] * factor
      this.pace[job] += this.unitRate[unit]
      this.ends.move(unit, t + Math.max(0, this.unitLeft[unit] - this.unitStops[unit]) / this.unitRate[unit])
    }
    this.planTimer(job, t)
  }

  /** Brings a job’s slot-seconds and work up to now. */
  private book(job: number, t: number): void {
    const dt = t - this.bookedAt[job]
    if (dt > 0) {
      this.slotSeconds[job] += dt * this.slotsHeld[job]
      this.work[job] += dt * this.pace[job]
    }
    this.bookedAt[job] = t
  }

  private workDone(job: number, now: number): number {
    return this.work[job] + this.pace[job] * (now - this.bookedAt[job])
  }

  /** A job’s own appointment: the next threshold of attained service, or (a job of stages) the work after which it is stopped. */
  private planTimer(job: number, t: number): void {
    const { timers } = this
    if (timers === undefined) return
    let at = Number.POSITIVE_INFINITY
    if (this.slotsHeld[job] > 0) {
      const attained = this.attained(job, t)
      const level = this.rule.levels?.find((one) => attained < one * (1 - 1e-9))
      if (level !== undefined) at = t + (level - attained) / this.slotsHeld[job]
      const stop = this.stopOf(job)
      if (stop !== Number.POSITIVE_INFINITY) at = Math.min(at, t + Math.max(0, stop - this.workDone(job, t)) / this.pace[job])
    }
    if (at === Number.POSITIVE_INFINITY) {
      if (timers.holds(job)) timers.remove(job)
    } else if (timers.holds(job)) timers.move(job, at)
    else timers.add(at, job)
  }

  private stopOf(job: number): number {
    const { stages, isArray, stopAfterSeconds } = this.classOf(job)
    return stages !== undefined && !isArray ? stopAfterSeconds : Number.POSITIVE_INFINITY
  }

  private timerFires(job: number, t: number): void {
    const stop = this.stopOf(job)
    if (this.workDone(job, t) >= stop * (1 - 1e-9)) {
      this.failed++
      this.giveUp(job, t)
    } else this.planTimer(job, t)
  }

  /** What the job takes when it has as many slots as it can use at once: setups, and each stage’s kept work over the tasks that run side by side. */
  private timeAlone(job: number): number {
    const k = this.classIndex[job]
    const { rng, buffer } = this
    let total = 0
    this.compiled.classes[k].stages!.forEach((stage, s) => {
      this.streams[k]!.seed(rng, this.jobs.ordinal[job], s)
      if (stage.setup !== undefined) {
        stage.setup(rng, buffer, 0, 1)
        total += buffer[0]
      }
      const drawn = stage.tasks(rng)
      const started = stage.cutsStragglers ? drawn : keptTasks(drawn, stage.dropRatio)
      let work = 0
      for (let i = 0; i < started; i++) {
        stage.taskTime(rng, buffer, 0, 1)
        work += buffer[0]
      }
      total += work / this.abreastOf(stage, started)
    })
    return total
  }

  /** Who is there at time 0: see `start.ts`. */
  private beginInTheMidst({ running, waiting, ranSeconds, tasks }: InTheMidst): void {
    this.arrived = running + waiting
    for (let job = 0; job < running + waiting; job++) {
      this.state[job] = WAITING
      this.sprinter?.onArrival(job, 0)
      const { stages } = this.classOf(job)
      if (stages === undefined) {
        this.lastTask[job] = 1
        this.open[job] = 1
        this.limit[job] = 1
        if (job >= running) {
          this.enqueue(job, 0)
          continue
        }
        const unit = this.freeUnit()
        this.spareCount--
        this.activate(job, 0)
        this.describeNext(unit, job)
        this.resume(unit, job, ranSeconds[job])
      } else {
        const { stage, ended, ran } = tasks?.[job] ?? { stage: 0, ended: 0, ran: [] }
        this.stage[job] = stage
        for (let s = 0; s < stage; s++) this.doneBefore[job] += stages[s].setupMean
        const setup = this.drawStage(job)
        if (job >= running && stage === 0 && ended === 0 && setup > 0) {
          this.activate(job, 0)
          this.inSetup[job] = 1
          this.setupLeft[job] = setup
          this.setups.add(setup / this.pool.topSpeed / this.factor[job], job)
          continue
        }
        this.lastTask[job] = Math.max(this.lastTask[job], ended + ran.length)
        this.open[job] = Math.max(this.open[job] - ended, Math.max(1, ran.length))
        this.nextTask[job] = ended
        if (this.lastTask[job] === ended) this.lastTask[job]++
        for (const seconds of ran) {
          const unit = this.freeUnit()
          this.spareCount--
          this.activate(job, 0)
          this.describeBeyond(unit, job, seconds)
          this.resume(unit, job, seconds)
        }
        if (this.startable(job)) this.enqueue(job, 0)
      }
      if (job < running && this.state[job] === RUNNING) {
        this.activeSince[job] = -ranSeconds[job]
        this.startedAt[job] = -ranSeconds[job]
      }
    }
    for (; this.nextMark < this.arrived || this.marks.length === 0; this.nextMark += this.markEvery)
      this.marks.push(this.totals())
    this.dispatch(0)
  }

  /** A task that has run for so long already: drawn until it is longer. */
  private describeBeyond(unit: number, job: number, ranSeconds: number): void {
    const index = this.nextTask[job]++
    const { rng, buffer } = this
    for (let i = 0; i < 4; i++) rng.state[i] = this.words[4 * job + i]
    const { taskTime } = this.classOf(job).stages![this.stage[job]]
    const done = ranSeconds * this.pool.topSpeed
    buffer[0] = 0
    for (let i = 0; i < 2000 && buffer[0] <= done; i++) taskTime(rng, buffer, 0, 1)
    const full = buffer[0] > done ? buffer[0] : 1.01 * done
    this.words.set(rng.state, 4 * job)
    this.describe(unit, job, index, full, full, 0, 0)
  }

  /** Puts a unit on its slots that has been there for so long. */
  private resume(unit: number, job: number, ranSeconds: number): void {
    const speed = this.pool.take(unit, this.slots[job], job)
    const done = Math.min(ranSeconds * speed, this.unitFull[unit])
    this.unitLeft[unit] -= done
    this.unitStops[unit] = Math.min(this.unitStops[unit], this.unitLeft[unit])
    this.runs(unit, job, speed, 0)
    this.unitStart[unit] = -ranSeconds
    this.work[job] += done
    this.slotSeconds[job] += ranSeconds * this.slots[job]
    this.planTimer(job, 0)
  }

  /** A unit that is free, as the last of the spare ones; it is taken with `spareCount--`. */
  private freeUnit(): number {
    if (this.spareCount === 0) this.growUnits(2 * this.units)
    return this.spare[this.spareCount - 1]
  }

  private growUnits(most: number): void {
    const from = this.units
    const grown = <A extends Int32Array | Float64Array | Uint8Array>(column: A | undefined, fresh: A): A => {
      if (column !== undefined) fresh.set(column)
      return fresh
    }
    this.unitJob = grown(this.unitJob, new Int32Array(most))
    this.unitIndex = grown(this.unitIndex, new Int32Array(most))
    this.unitAttempt = grown(this.unitAttempt, new Int32Array(most))
    this.unitFate = grown(this.unitFate, new Uint8Array(most))
    this.unitLeft = grown(this.unitLeft, new Float64Array(most))
    this.unitFull = grown(this.unitFull, new Float64Array(most))
    this.unitStops = grown(this.unitStops, new Float64Array(most))
    this.unitRate = grown(this.unitRate, new Float64Array(most))
    this.unitBase = grown(this.unitBase, new Float64Array(most))
    this.unitSince = grown(this.unitSince, new Float64Array(most))
    this.unitStart = grown(this.unitStart, new Float64Array(most))
    this.unitSpent = grown(this.unitSpent, new Float64Array(most))
    this.unitRank = grown(this.unitRank, new Float64Array(most))
    this.unitNext = grown(this.unitNext, new Int32Array(most))
    this.unitBack = grown(this.unitBack, new Int32Array(most))
    this.spare = grown(this.spare, new Int32Array(most))
    for (let unit = most - 1; unit >= from; unit--) this.spare[this.spareCount++] = unit
    this.units = most
    // the first call comes before the heap is there
    if (from > 0) this.ends.grow(most, this.unitRank)
  }

  private link(unit: number, job: number): void {
    const after = this.firstUnit[job]
    this.unitNext[unit] = after
    this.unitBack[unit] = -1
    if (after >= 0) this.unitBack[after] = unit
    this.firstUnit[job] = unit
  }

  private unlink(unit: number, job: number): void {
    const after = this.unitNext[unit]
    const before = this.unitBack[unit]
    if (after >= 0) this.unitBack[after] = before
    if (before >= 0) this.unitNext[before] = after
    else this.firstUnit[job] = after
  }
}
