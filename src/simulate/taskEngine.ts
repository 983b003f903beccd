/**
 * The event engine for jobs of stages that share the slots task by task.
 *
 * A job’s stage begins with its setup, which holds no slot; then its tasks take slots one each as the discipline gives them, in order;
 * when the last of them ends the next stage begins. The first job in the discipline’s order takes as many slots as it has tasks to run,
 * what is left goes to the next. Interruption works on tasks: the least urgent job’s latest task makes room; with restart the task begins
 * anew and what it had done is waste.
 *
 * A job’s time on slots (`held`) is the time during which it is in a setup or has a task on a slot; the rest of its response is wait.
 * Backfilling has no meaning here: a job of tasks never blocks.
 *
 * The same identities as the gang engine’s; a slot-second sprinted is one of a task of a sprinting job, the bucket drains by job.
 */
import { keptTasks } from '../model/index.js'
import { Rng } from '../num/index.js'
import type { CompiledScenario } from './compile.js'
import type { DisciplineRule, JobTable, WaitingQueue } from './discipline.js'
import type { RunJobs, Totals } from './engine.js'
import { StageStreams, taskStream } from './jobs.js'
import type { SlotPool } from './pool.js'
import { Sprinter } from './sprint.js'
import { TimeHeap } from './timeHeap.js'

const WAITING = 1
const RUNNING = 2
const DONE = 3

export interface TaskJobs extends RunJobs {
  /** The job’s number in its class: with it go its task times. */
  readonly ordinal: Int32Array
}

/** Numbers the jobs class by class. */
export function withOrdinals(jobs: RunJobs, classes: number): TaskJobs {
  const seen = new Int32Array(classes)
  const ordinal = new Int32Array(jobs.count)
  for (let i = 0; i < jobs.count; i++) ordinal[i] = seen[jobs.classIndex[i]]++
  return { ...jobs, ordinal }
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
  readonly marks: Totals[] = []
  now = 0
  events = 0
  arrived = 0
  finished = 0
  evictions = 0

  private readonly stage: Int32Array
  /** Tasks of the stage at hand: not yet drawn, and not yet ended. */
  private readonly toDraw: Int32Array
  private readonly open: Int32Array
  private readonly onSlots: Int32Array
  private readonly inSetup: Uint8Array
  /** Where each job’s generator stands in its task times. */
  private readonly words: Int32Array
  private readonly activeSince: Float64Array
  private readonly factor: Float64Array
  private readonly work: Float64Array
  private readonly startedAt: Float64Array
  private readonly queued: Uint8Array
  /** Evicted tasks to be taken up again, a list a job. */
  private readonly returned: Map<number, number[]> = new Map()

  private readonly taskJob: Int32Array
  private readonly taskLeft: Float64Array
  private readonly taskFull: Float64Array
  private readonly taskRate: Float64Array
  private readonly taskBase: Float64Array
  private readonly taskSince: Float64Array
  private readonly taskStart: Float64Array
  private readonly spare: Int32Array
  private spareCount: number
  private readonly ends: TimeHeap
  private readonly setups: TimeHeap

  private readonly queue: WaitingQueue
  private readonly sprinter: Sprinter | undefined
  private readonly pool: SlotPool
  private readonly rule: DisciplineRule
  private readonly streams: (StageStreams | undefined)[]
  private readonly rng = new Rng(0)
  private readonly buffer = new Float64Array(1)
  private busy = 0
  private sprinting = 0
  private lost = 0
  private present = 0
  private busySlots = 0
  private sprintingSlots = 0
  private nextMark = 0
  private idle = -1

  constructor(
    private readonly compiled: CompiledScenario,
    private readonly jobs: TaskJobs,
    seed: number,
    replication: number,
    private readonly markEvery: number,
  ) {
    const n = jobs.count
    this.count = n
    this.classIndex = jobs.classIndex
    this.classPriority = compiled.classPriority
    this.slots = jobs.slots
    this.owner = Int32Array.from(jobs.classIndex)
    this.owners = compiled.classes.length
    this.response = new Float64Array(n)
    this.held = new Float64Array(n)
    this.state = new Uint8Array(n)
    this.stage = new Int32Array(n)
    this.toDraw = new Int32Array(n)
    this.open = new Int32Array(n)
    this.onSlots = new Int32Array(n)
    this.inSetup = new Uint8Array(n)
    this.words = new Int32Array(4 * n)
    this.activeSince = new Float64Array(n)
    this.factor = new Float64Array(n).fill(1)
    this.work = new Float64Array(n)
    this.startedAt = new Float64Array(n)
    this.queued = new Uint8Array(n)
    const c = compiled.capacity
    this.pool = compiled.pool(c)
    this.taskJob = new Int32Array(c)
    this.taskLeft = new Float64Array(c)
    this.taskFull = new Float64Array(c)
    this.taskRate = new Float64Array(c)
    this.taskBase = new Float64Array(c)
    this.taskSince = new Float64Array(c)
    this.taskStart = new Float64Array(c)
    this.spare = Int32Array.from({ length: c }, (_, i) => c - 1 - i)
    this.spareCount = c
    this.ends = new TimeHeap(c)
    this.setups = new TimeHeap(n)
    this.rule = compiled.rule
    this.streams = compiled.classes.map(
      (one) => one.stages && new StageStreams(one.stages, taskStream(one.name, seed, replication)),
    )
    // Disciplines that go by size need it when the job comes: all of its kept tasks together.
    this.size = new Float64Array(n)
    if (this.rule.name === 'sjf' || this.rule.name === 'srtf') for (let j = 0; j < n; j++) this.size[j] = this.wholeWork(j)
    this.estimate = this.size
    this.queue = this.rule.queue(this)
    if (compiled.sprint) {
      this.sprinter = new Sprinter(
        compiled.sprint,
        {
          classIndex: jobs.classIndex,
          isRunning: (job) => this.state[job] === RUNNING,
          startedAt: (job) => this.startedAt[job],
          setFactor: (job, factor, now) => this.setFactor(job, factor, now),
        },
        n,
      )
    }
  }

  remaining(job: number, now: number): number {
    return Math.max(0, this.size[job] - this.workDone(job, now))
  }

  attained(job: number, now: number): number {
    return this.workDone(job, now)
  }

  get lowestBudget(): number | undefined {
    return this.compiled.sprint?.budget ? this.sprinter?.lowest : undefined
  }

  totals(): Totals {
    return { time: this.now, busy: this.busy, sprinting: this.sprinting, lost: this.lost, present: this.present }
  }

  run(until = Number.POSITIVE_INFINITY): boolean {
    const { arrival } = this.jobs
    for (;;) {
      const tArrival = this.arrived < this.count ? arrival[this.arrived] : Number.POSITIVE_INFINITY
      const tEnd = this.ends.time()
      const tSetup = this.setups.time()
      const tSprint = this.sprinter?.next ?? Number.POSITIVE_INFINITY
      const t = Math.min(tArrival, tEnd, tSetup, tSprint)
      if (t > until || this.finished === this.count) {
        if (until !== Number.POSITIVE_INFINITY && until > this.now) this.advance(until)
        return this.finished === this.count
      }
      if (t === Number.POSITIVE_INFINITY) return true
      this.advance(t)
      this.events++
      if (tEnd <= t) this.taskEnds(this.ends.top(), t)
      else if (tSetup <= t) {
        const job = this.setups.top()
        this.setups.remove(job)
        this.inSetup[job] = 0
        this.tasksBegin(job, t)
      } else if (tSprint <= t) this.sprinter!.fire(t)
      else {
        const job = this.arrived++
        if (job === this.nextMark) {
          this.marks.push(this.totals())
          this.nextMark += this.markEvery
        }
        this.state[job] = WAITING
        this.sprinter?.onArrival(job, t)
        this.stageBegins(job, t)
      }
      this.dispatch(t)
      // whoever ended something just now and was given nothing new holds nothing
      const job = this.idle
      if (job >= 0) {
        if (this.onSlots[job] === 0 && this.inSetup[job] === 0 && this.state[job] !== DONE) this.deactivate(job, t)
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

  private stageOf(job: number) {
    return this.compiled.classes[this.classIndex[job]].stages![this.stage[job]]
  }

  private stageBegins(job: number, t: number): void {
    const stage = this.stageOf(job)
    const { rng, buffer } = this
    this.streams[this.classIndex[job]]!.seed(rng, this.jobs.ordinal[job], this.stage[job])
    let setup = 0
    if (stage.setup !== undefined) {
      stage.setup(rng, buffer, 0, 1)
      setup = buffer[0]
    }
    const drawn = stage.tasks(rng)
    const kept = keptTasks(drawn, stage.dropRatio)
    this.toDraw[job] = stage.cutsStragglers ? drawn : kept
    this.open[job] = kept
    this.words.set(rng.state, 4 * job)
    if (setup > 0) {
      this.activate(job, t)
      this.inSetup[job] = 1
      this.setups.add(t + setup / this.pool.topSpeed / this.factor[job], job)
    } else this.tasksBegin(job, t)
  }

  private tasksBegin(job: number, t: number): void {
    this.queued[job] = 1
    this.queue.add(job, t)
    this.idle = job
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
    this.factor[job] = 1
    this.state[job] = WAITING
  }

  private taskEnds(task: number, t: number): void {
    const job = this.taskJob[task]
    this.leaveSlot(task, t)
    this.work[job] += this.taskFull[task]
    if (--this.open[job] > 0) {
      this.idle = job
      return
    }
    const stages = this.compiled.classes[this.classIndex[job]].stages!
    if (stages[this.stage[job]].cutsStragglers) this.cutStragglers(job, t)
    if (++this.stage[job] < stages.length) {
      this.stageBegins(job, t)
      return
    }
    this.deactivate(job, t)
    this.state[job] = DONE
    this.response[job] = t - this.jobs.arrival[job]
    this.finished++
    this.sprinter?.onEnd(job)
  }

  /** Enough tasks of the stage have ended: what still runs is cut and wasted, what waits is forgotten. */
  private cutStragglers(job: number, t: number): void {
    for (let i = this.ends.length - 1; i >= 0; i--) {
      const task = this.ends.at(i)
      if (this.taskJob[task] !== job) continue
      this.lost += t - this.taskStart[task]
      this.leaveSlot(task, t)
      i = this.ends.length
    }
    this.toDraw[job] = 0
    this.returned.delete(job)
    if (this.queued[job] === 1) {
      this.queue.take(job, t)
      this.queued[job] = 0
    }
  }

  private leaveSlot(task: number, t: number): void {
    const job = this.taskJob[task]
    this.ends.remove(task)
    this.pool.give(task, 1)
    this.busySlots--
    if (this.factor[job] !== 1) this.sprintingSlots--
    this.onSlots[job]--
    this.queue.usage?.(this.owner[job], -1, t)
    this.spare[this.spareCount++] = task
  }

  private dispatch(t: number): void {
    const { queue, pool, rule } = this
    for (;;) {
      const job = queue.head(t)
      if (job < 0) return
      if (pool.free === 0 && (rule.interrupts === 'never' || !this.makeRoom(job, t))) return
      this.startTask(job, t)
      if (this.toDraw[job] === 0 && (this.returned.get(job)?.length ?? 0) === 0) {
        queue.take(job, t)
        this.queued[job] = 0
      }
    }
  }

  private startTask(job: number, t: number): void {
    this.activate(job, t)
    const task = this.spare[--this.spareCount]
    const list = this.returned.get(job)
    if (list !== undefined && list.length > 0) {
      this.taskFull[task] = list.pop()!
      this.taskLeft[task] = list.pop()!
      if (list.length === 0) this.returned.delete(job)
    } else {
      const { rng, buffer } = this
      for (let i = 0; i < 4; i++) rng.state[i] = this.words[4 * job + i]
      this.stageOf(job).taskTime(rng, buffer, 0, 1)
      this.words.set(rng.state, 4 * job)
      this.toDraw[job]--
      this.taskLeft[task] = buffer[0]
      this.taskFull[task] = buffer[0]
    }
    this.taskJob[task] = job
    this.taskBase[task] = this.pool.take(task, 1)
    this.taskRate[task] = this.taskBase[task] * this.factor[job]
    this.taskSince[task] = t
    this.taskStart[task] = t
    this.busySlots++
    if (this.factor[job] !== 1) this.sprintingSlots++
    this.onSlots[job]++
    this.queue.usage?.(this.owner[job], 1, t)
    this.ends.add(t + this.taskLeft[task] / this.taskRate[task], task)
  }

  /** Evicts one task of the least urgent job that is less urgent than this one; the latest started of it. */
  private makeRoom(job: number, t: number): boolean {
    const urgency = this.rule.urgency!
    let worst = urgency(this, job, t)
    let victim = -1
    for (let i = 0; i < this.ends.length; i++) {
      const task = this.ends.at(i)
      const u = urgency(this, this.taskJob[task], t)
      if (u < worst || (u === worst && victim < 0)) continue
      if (u > worst || this.later(task, victim)) {
        worst = u
        victim = task
      }
    }
    if (victim < 0) return false
    const other = this.taskJob[victim]
    const left = Math.max(0, this.taskLeft[victim] - (t - this.taskSince[victim]) * this.taskRate[victim])
    const full = this.taskFull[victim]
    const restart = this.rule.interrupts === 'restart'
    if (restart) this.lost += t - this.taskStart[victim]
    this.leaveSlot(victim, t)
    this.evictions++
    let list = this.returned.get(other)
    if (list === undefined) {
      list = []
      this.returned.set(other, list)
    }
    list.push(restart ? full : left, full)
    if (this.onSlots[other] === 0) this.deactivate(other, t)
    if (this.queued[other] === 0) {
      this.queued[other] = 1
      this.queue.add(other, t)
    }
    return true
  }

  private later(task: number, than: number): boolean {
    return (
      this.taskStart[task] > this.taskStart[than] ||
      (this.taskStart[task] === this.taskStart[than] && this.taskJob[task] > this.taskJob[than])
    )
  }

  private setFactor(job: number, factor: number, t: number): void {
    if (factor === this.factor[job]) return
    this.sprintingSlots += (factor !== 1 ? this.onSlots[job] : 0) - (this.factor[job] !== 1 ? this.onSlots[job] : 0)
    if (this.inSetup[job] === 1) this.setups.move(job, t + ((this.setups.timeOf(job) - t) * this.factor[job]) / factor)
    this.factor[job] = factor
    for (let i = 0; i < this.spare.length; i++) {
      if (this.ends.holds(i) && this.taskJob[i] === job) {
        this.taskLeft[i] = Math.max(0, this.taskLeft[i] - (t - this.taskSince[i]) * this.taskRate[i])
        this.taskSince[i] = t
        this.taskRate[i] = this.taskBase[i] * factor
        this.ends.move(i, t + this.taskLeft[i] / this.taskRate[i])
      }
    }
  }

  /** Work of ended tasks, and of running and evicted ones as far as they are. O(running tasks). */
  private workDone(job: number, now: number): number {
    let done = this.work[job]
    if (this.onSlots[job] > 0) {
      for (let i = 0; i < this.ends.length; i++) {
        const task = this.ends.at(i)
        if (this.taskJob[task] === job)
          done += this.taskFull[task] - Math.max(0, this.taskLeft[task] - (now - this.taskSince[task]) * this.taskRate[task])
      }
    }
    const list = this.returned.get(job)
    if (list !== undefined) for (let i = 0; i < list.length; i += 2) done += list[i + 1] - list[i]
    return done
  }

  private wholeWork(job: number): number {
    const k = this.classIndex[job]
    const { rng, buffer } = this
    let total = 0
    this.compiled.classes[k].stages!.forEach((stage, s) => {
      this.streams[k]!.seed(rng, this.jobs.ordinal[job], s)
      stage.setup?.(rng, buffer, 0, 1)
      const kept = keptTasks(stage.tasks(rng), stage.dropRatio)
      for (let i = 0; i < kept; i++) {
        stage.taskTime(rng, buffer, 0, 1)
        total += buffer[0]
      }
    })
    return total
  }
}
