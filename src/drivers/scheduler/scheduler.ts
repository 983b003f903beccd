/**
 * A scheduler as a state machine in no time at all: it is told what happened and when, and answers with what is to be done. It starts no process and
 * reads no clock, so the same calls give the same decisions, in virtual time, on this machine, or read again from a journal.
 *
 * On a *shared* cluster the first job in order starts tasks as long as they fit, what is left goes to the next; a head whose task does not fit
 * blocks everybody behind it. On an *exclusive* one a single job has all slots from its first task to its last. Preemption lets a waiting job take
 * slots of strictly lower priority, the lowest first, of equals the later job’s, of that the task started last: only as many as let the task in, none
 * if that is not enough. Under restart what an evicted task did is waste and it goes back before the tasks of its job that have not begun; under
 * resume it goes on later. An exclusive job is evicted as a whole, and under restart begins again with its first stage. Ties go by order of arrival.
 *
 * These are the rules of `docs/simulate.md`, so a simulation foretells what this scheduler does (a test compares them job by job).
 */
import {
  type ClusterAction,
  type Discipline,
  type Observation,
  type ObserveOptions,
  type Refusal,
  refuse,
} from '../../model/index.js'
import type { Decision, StopReason } from './decision.js'
import {
  COMPLETE,
  createJob,
  FAILED,
  type Job,
  nextTask,
  PENDING,
  RUNNING,
  type SchedulerJob,
  STOPPING,
  type Stage,
  SUSPENDED,
  samplingFraction,
  stageIsOver,
  type TaskRef,
  type TaskRun,
  WITHDRAWN,
} from './job.js'
import { type CpuSecondsOf, Observer } from './observe.js'
import { OrderedQueue } from './queue.js'
import { type SchedulerNode, Slots } from './slots.js'

/** Disciplines that this scheduler knows, and what becomes of running tasks under them. */
const INTERRUPTS = {
  fcfs: 'never',
  'priority-nonpreemptive': 'never',
  'priority-preemptive-restart': 'restart',
  'priority-preemptive-resume': 'resume',
} as const satisfies Partial<Record<Discipline, string>>
export type SchedulerDiscipline = keyof typeof INTERRUPTS
export const SCHEDULER_DISCIPLINES = Object.keys(INTERRUPTS) as readonly SchedulerDiscipline[]

export function isSchedulerDiscipline(discipline: Discipline): discipline is SchedulerDiscipline {
  return discipline in INTERRUPTS
}

export interface SchedulerSettings {
  readonly nodes: readonly SchedulerNode[]
  readonly discipline: SchedulerDiscipline
  readonly engine: 'shared' | 'exclusive'
  /** Jobs that are over and still told of, the latest so many. Default 100,000. */
  readonly endedAtMost?: number
}

/** A call was taken: what is to be done now. */
export interface Taken {
  readonly kind: 'taken'
  readonly decisions: readonly Decision[]
  readonly jobId?: string
  readonly note?: string
}

/** How a task ended by itself. */
export interface TaskEnd {
  readonly result: 'complete' | 'fail' | 'timeout'
  readonly cpuSeconds?: number
  readonly reason?: string
}

export class Scheduler {
  readonly engine: 'shared' | 'exclusive'
  private discipline: SchedulerDiscipline
  private readonly slots: Slots
  private readonly live = new Map<string, Job>()
  private readonly ended: Job[] = []
  private readonly over = new Map<string, Job>()
  private readonly idOfKey = new Map<string, string>()
  private readonly queue: OrderedQueue<Job>
  private readonly onSlots = new Set<TaskRun>()
  private readonly observer = new Observer()
  private readonly endedAtMost: number
  /** Of an exclusive cluster: who has it. */
  private holder: Job | undefined
  /** Tasks on their way out, and slots that come free once they are gone. */
  private leaving = 0
  private coming = 0
  private jobs = 0
  private decisions: Decision[] = []

  constructor(settings: SchedulerSettings) {
    this.engine = settings.engine
    this.discipline = settings.discipline
    this.slots = new Slots(settings.nodes)
    this.endedAtMost = settings.endedAtMost ?? 100_000
    this.queue = new OrderedQueue(orderOf(settings.discipline))
  }

  /** Takes a job, once per key. */
  submit(spec: SchedulerJob, now: number): Taken | Refusal {
    const known = this.idOfKey.get(spec.key)
    if (known !== undefined) return this.taken({ jobId: known, note: `job ${known} was submitted with this key before` })
    const refusal = this.refusesJob(spec)
    if (refusal) return refusal
    const job = createJob(`j${++this.jobs}`, this.jobs, spec, now)
    this.idOfKey.set(spec.key, job.id)
    this.live.set(job.id, job)
    this.ready(job, now)
    this.dispatch(now)
    return this.taken({ jobId: job.id })
  }

  /** Does one action, or refuses it with the reason and changes nothing. */
  act(action: Exclude<ClusterAction, { kind: 'submit' }>, now: number): Taken | Refusal {
    switch (action.kind) {
      case 'discipline':
        return this.changeDiscipline(action.discipline, now)
      case 'drain':
      case 'resume':
        return this.changeNode(action, now)
    }
    const job = this.live.get(action.job)
    if (job === undefined) return this.actOnAbsent(action.kind, action.job)
    switch (action.kind) {
      case 'prioritise':
        return this.prioritise(job, action.priority, now)
      case 'sprint':
        return this.sprint(job, action.speed)
      case 'deflate':
        return this.deflate(job, action.stage, action.tasks, now)
      case 'inflate':
        return this.inflate(job, action.stage, action.tasks, now)
      case 'hold':
        return this.hold(job, now)
      case 'release':
        return this.release(job, now)
      case 'requeue':
        return this.requeue(job, now)
      case 'cancel':
        this.finish(job, 'cancel', 'cancelled', now)
        this.dispatch(now)
        return this.taken()
    }
  }

  /** A task (or a setup) has ended by itself. Of an attempt that was given up in the meantime it only means that it is gone. */
  taskEnded(ref: TaskRef, end: TaskEnd, now: number): readonly Decision[] {
    const run = this.runOf(ref)
    if (run === undefined) return []
    const { job, stage } = run
    run.cpuSeconds += end.cpuSeconds ?? 0
    const state = this.stateOfRun(run)
    if (state === STOPPING) return this.taskStopped(ref, now)
    if (state !== RUNNING && state !== SUSPENDED) return []
    // a process that was suspended may still be found to have ended just before
    if (state === SUSPENDED) this.leavesSuspension(run)
    else this.leavesSlots(run, now)
    run.endSeconds = now
    this.setState(run, end.result === 'complete' ? COMPLETE : FAILED)
    if (end.result !== 'complete') {
      const at = run.index < 0 ? `the setup of ${stage.name}` : `task ${run.index} of ${stage.name}`
      this.finish(job, end.result, `${at}: ${end.reason ?? end.result}`, now)
    } else {
      if (run.index >= 0) stage.ended++
      this.advance(job, now)
    }
    this.dispatch(now)
    return this.take()
  }

  /** A task that was to stop is gone. */
  taskStopped(ref: TaskRef, now: number, cpuSeconds = 0): readonly Decision[] {
    const run = this.runOf(ref)
    if (run === undefined || this.stateOfRun(run) !== STOPPING) return []
    run.cpuSeconds += cpuSeconds
    this.isGone(run, now)
    this.dispatch(now)
    return this.take()
  }

  /** An attempt is gone and nobody knows how it ended: it is thrown away and begins again. */
  taskLost(ref: TaskRef, now: number): readonly Decision[] {
    const run = this.runOf(ref)
    if (run === undefined) return []
    const state = this.stateOfRun(run)
    if (state === RUNNING || state === SUSPENDED) {
      run.job.restarts++
      this.stop(run, PENDING, undefined, now)
    }
    return this.taskStopped(ref, now)
  }

  observe(now: number, options: ObserveOptions = {}, cpuSecondsOf?: CpuSecondsOf): Observation {
    const since = options.endedSince
    const told = [...this.live.values()]
    if (since !== undefined) {
      let from = this.ended.length
      while (from > 0 && this.ended[from - 1]!.endSeconds! >= since) from--
      for (const job of this.ended.slice(from)) told.push(job)
    }
    return {
      atSeconds: now,
      nodes: this.slots.observe(),
      jobs: this.observer.jobs(told, this.queue, {
        slots: this.slots.total,
        exclusive: this.engine === 'exclusive',
        tasks: options.tasks === true,
        ...(cpuSecondsOf === undefined ? {} : { cpuSecondsOf }),
      }),
      discipline: this.discipline,
    }
  }

  get disciplineInForce(): SchedulerDiscipline {
    return this.discipline
  }

  /** Jobs that live. */
  get liveJobs(): number {
    return this.live.size
  }

  /** A job that lives, or that is over and still told of. */
  job(id: string): Job | undefined {
    return this.live.get(id) ?? this.over.get(id)
  }

  /** Jobs that live, in order of arrival. */
  get present(): Iterable<Job> {
    return this.live.values()
  }

  // ---- jobs

  private refusesJob({ key, stages, withdrawn = {} }: SchedulerJob): Refusal | undefined {
    const names = new Map(stages.map((stage) => [stage.name, stage]))
    if (names.size < stages.length) return refuse('unsupported', `two stages of job ${key} have the same name`)
    for (const { name, slotsPerTask = 1 } of stages) {
      if (slotsPerTask > this.slots.total)
        return refuse('infeasible', `a task of stage ${name} of job ${key} needs more slots than there are`, {
          needed: slotsPerTask,
          slots: this.slots.total,
        })
    }
    for (const [name, tasks] of Object.entries(withdrawn)) {
      const stage = names.get(name)
      if (stage === undefined) return refuse('no-data', `job ${key} has no stage ${name} to withdraw tasks of`)
      if (stage.droppable === false && tasks.length > 0) return refuse('unsupported', `stage ${name} drops no tasks`)
      const outside = tasks.find((task) => task >= stage.tasks)
      if (outside !== undefined) return refuse('no-data', `stage ${name} has no task ${outside}`)
      if (new Set(tasks).size >= stage.tasks) return refuse('infeasible', `no task of stage ${name} would be left`)
    }
    return undefined
  }

  /** Lets a job that lives wait for slots if it has something to start, and starts a setup that is due. */
  private ready(job: Job, now: number): void {
    const stage = job.stages[job.stageAt]
    const shared = this.engine === 'shared'
    if (shared && stage !== undefined && job.end === undefined && !job.held && stage.setupState === PENDING)
      this.startSetup(job, stage, now)
    const waits =
      job.end === undefined &&
      !job.held &&
      (shared ? stage !== undefined && stage.setupState === COMPLETE && stage.waiting > 0 : job !== this.holder)
    if (waits) this.queue.add(job)
    else this.queue.remove(job)
  }

  /** On to the next stage as long as the one at hand is over. */
  private advance(job: Job, now: number): void {
    while (job.stageAt < job.stages.length && stageIsOver(job.stages[job.stageAt]!)) job.stageAt++
    if (job.stageAt === job.stages.length) this.finish(job, 'complete', undefined, now)
    else this.ready(job, now)
  }

  /** The job is over; what still runs of it is stopped. */
  private finish(job: Job, end: NonNullable<Job['end']>, reason: string | undefined, now: number): void {
    if (job.end !== undefined) return
    job.end = end
    job.reason = reason
    job.endSeconds = now
    this.queue.remove(job)
    const why = end === 'cancel' ? 'cancelled' : 'failed beside it'
    for (const run of this.begun(job)) this.stop(run, PENDING, why, now)
    if (this.holder === job) this.holder = undefined
    this.live.delete(job.id)
    this.over.set(job.id, job)
    this.ended.push(job)
    this.observer.changed(job)
    if (this.ended.length > 2 * this.endedAtMost)
      for (const { id } of this.ended.splice(0, this.ended.length - this.endedAtMost)) this.over.delete(id)
    if (job.stopping === 0) this.decisions.push({ kind: 'over', job: job.id })
  }

  /** Attempts of the job that are under way: on slots, or set aside. */
  private begun(job: Job): TaskRun[] {
    const found: TaskRun[] = []
    if (job.running === 0 && job.suspended === 0) return found
    for (const stage of job.stages) {
      if (stage.setup && isUnderWay(stage.setupState)) found.push(stage.setup)
      if (stage.running > 0 || job.suspended > 0)
        for (const run of stage.runs) if (run && isUnderWay(stage.state[run.index]!)) found.push(run)
    }
    return found
  }

  /** All that the job did is thrown away; it begins again with its first stage. */
  private beginAnew(job: Job, why: StopReason, now: number): void {
    for (const run of this.begun(job)) this.stop(run, PENDING, why, now)
    for (const stage of job.stages.slice(0, job.stageAt + 1)) {
      if (stage.hasSetup && stage.setupState === COMPLETE) stage.setupState = PENDING
      for (const run of stage.runs) {
        if (run === undefined || stage.state[run.index] !== COMPLETE) continue
        this.throwAway(run)
        stage.state[run.index] = PENDING
        stage.waiting++
      }
      stage.ended = 0
      stage.next = 0
    }
    job.stageAt = 0
    if (this.engine === 'exclusive') {
      this.letGo(job, now)
      job.wastedSeconds += job.heldSlotSeconds
      job.heldSlotSeconds = 0
    }
    job.restarts++
    this.observer.changed(job)
  }

  // ---- actions

  private actOnAbsent(kind: string, id: string): Taken | Refusal {
    const job = this.over.get(id)
    if (job === undefined) return refuse('no-data', `there is no job ${id}`)
    if (kind === 'cancel' && job.end === 'cancel') return this.taken({ note: `job ${id} was cancelled before` })
    return refuse('infeasible', `job ${id} is over (${job.end})`)
  }

  private prioritise(job: Job, priority: number, now: number): Taken {
    job.priority = priority
    this.queue.settle(job)
    this.observer.changed(job)
    this.dispatch(now)
    return this.taken(this.discipline === 'fcfs' ? { note: 'fcfs does not look at priorities' } : {})
  }

  private sprint(job: Job, speed: number): Taken {
    if (job.speed === speed) return this.taken()
    job.speed = speed
    this.observer.changed(job)
    this.decisions.push({ kind: 'speed', job: job.id, speed })
    return this.taken()
  }

  private hold(job: Job, now: number): Taken {
    job.held = true
    this.observer.changed(job)
    this.ready(job, now)
    this.dispatch(now)
    return this.taken(job.running > 0 ? { note: 'tasks that run are let run; no other is started' } : {})
  }

  private release(job: Job, now: number): Taken {
    job.held = false
    this.observer.changed(job)
    this.ready(job, now)
    this.dispatch(now)
    return this.taken()
  }

  private requeue(job: Job, now: number): Taken {
    if (job.startSeconds === undefined) return this.taken({ note: `job ${job.id} has not begun` })
    this.beginAnew(job, 'requeued', now)
    if (this.holder === job) this.holder = undefined
    this.ready(job, now)
    this.dispatch(now)
    return this.taken()
  }

  private deflate(job: Job, name: string, tasks: readonly number[], now: number): Taken | Refusal {
    const stage = this.stageFor(job, name, tasks)
    if ('kind' in stage) return stage
    if (!stage.droppable) return refuse('unsupported', `stage ${name} of job ${job.id} drops no tasks`)
    const fresh = [...new Set(tasks)].filter((task) => !isWithdrawn(stage, task))
    const open = fresh.filter((task) => stage.state[task] !== COMPLETE)
    if (fresh.length > 0 && open.length === 0) return refuse('infeasible', `these tasks of stage ${name} have ended already`)
    if (stage.withdrawn + open.length >= stage.tasks) return refuse('infeasible', `no task of stage ${name} would be left`)
    for (const task of open) this.withdraw(job, stage, task, now)
    this.observer.changed(job)
    if (job.stageAt === stage.index) this.advance(job, now)
    this.dispatch(now)
    const ended = fresh.length - open.length
    return this.taken(ended > 0 ? { note: `${ended} of these tasks had ended already and count` } : {})
  }

  private withdraw(job: Job, stage: Stage, task: number, now: number): void {
    stage.withdrawn++
    const run = stage.runs[task]
    const state = stage.state[task]
    if (state === PENDING) {
      stage.waiting--
      stage.state[task] = WITHDRAWN
    } else if (state === STOPPING) run!.becomes = WITHDRAWN
    else this.stop(run!, WITHDRAWN, 'withdrawn', now)
    this.observer.changed(job)
  }

  private inflate(job: Job, name: string, tasks: readonly number[], now: number): Taken | Refusal {
    const stage = this.stageFor(job, name, tasks)
    if ('kind' in stage) return stage
    if (stage.index < job.stageAt) return refuse('infeasible', `stage ${name} of job ${job.id} is over`)
    for (const task of new Set(tasks)) {
      if (!isWithdrawn(stage, task)) continue
      stage.withdrawn--
      if (stage.state[task] === STOPPING) stage.runs[task]!.becomes = PENDING
      else {
        stage.state[task] = PENDING
        stage.waiting++
        stage.next = Math.min(stage.next, task)
      }
    }
    this.observer.changed(job)
    this.ready(job, now)
    this.dispatch(now)
    return this.taken()
  }

  private stageFor(job: Job, name: string, tasks: readonly number[]): Stage | Refusal {
    const stage = job.stages.find((one) => one.name === name)
    if (stage === undefined) return refuse('no-data', `job ${job.id} has no stage ${name}`)
    const outside = tasks.find((task) => task >= stage.tasks)
    return outside === undefined ? stage : refuse('no-data', `stage ${name} of job ${job.id} has no task ${outside}`)
  }

  private changeDiscipline(discipline: Discipline, now: number): Taken | Refusal {
    if (!isSchedulerDiscipline(discipline))
      return refuse('unsupported', `${discipline} is none of ${SCHEDULER_DISCIPLINES.join(', ')}`)
    if (discipline === this.discipline) return this.taken()
    this.discipline = discipline
    this.queue.reorder(orderOf(discipline))
    this.dispatch(now)
    return this.taken()
  }

  private changeNode(action: Extract<ClusterAction, { kind: 'drain' | 'resume' }>, now: number): Taken | Refusal {
    const was = action.kind === 'drain' ? this.slots.drain(action.node, action.reason) : this.slots.resume(action.node)
    if (was === 'unknown') return refuse('no-data', `there is no node ${action.node}`)
    this.coming = 0
    for (const run of this.onSlots) if (this.stateOfRun(run) === STOPPING) this.coming += this.givesBack(run)
    this.dispatch(now)
    return this.taken(action.kind === 'drain' ? { note: 'tasks that run there are let run' } : {})
  }

  // ---- slots

  private dispatch(now: number): void {
    if (this.engine === 'exclusive') this.dispatchWhole(now)
    else this.dispatchTasks(now)
  }

  private dispatchTasks(now: number): void {
    for (let job = this.queue.head; job !== undefined; job = this.queue.head) {
      const stage = job.stages[job.stageAt]!
      if (stage.slotsPerTask > this.slots.free && !this.makeRoom(job, stage, now)) return
      this.startNext(job, stage, now)
      this.ready(job, now)
    }
  }

  /** One job has the whole cluster; the next gets it once nothing of the last one is left. */
  private dispatchWhole(now: number): void {
    for (;;) {
      const next = this.queue.head
      const { holder } = this
      if (holder !== undefined) {
        const evicts = INTERRUPTS[this.discipline] !== 'never' && next !== undefined && next.priority < holder.priority
        if (!evicts && !(holder.held && holder.running === 0)) {
          this.fill(holder, now)
          return
        }
        this.holder = undefined
        if (evicts) this.evictWhole(holder, now)
        else this.letGo(holder, now)
        this.ready(holder, now)
        continue
      }
      if (next === undefined || this.leaving > 0) return
      this.queue.remove(next)
      this.holder = next
      next.holdsSince = now
    }
  }

  private evictWhole(job: Job, now: number): void {
    if (INTERRUPTS[this.discipline] === 'restart') this.beginAnew(job, 'evicted', now)
    else for (const run of this.begun(job)) this.suspend(run, now)
    this.letGo(job, now)
  }

  /** The job has the cluster no more; what it held is on its account. */
  private letGo(job: Job, now: number): void {
    if (job.holdsSince === undefined) return
    job.heldSlotSeconds += (now - job.holdsSince) * this.slots.total
    job.holdsSince = undefined
  }

  /** Starts what the job that has the cluster can start. */
  private fill(job: Job, now: number): void {
    if (job.held) return
    const stage = job.stages[job.stageAt]!
    if (stage.setupState === PENDING || stage.setupState === SUSPENDED) this.startSetup(job, stage, now)
    if (stage.setupState !== COMPLETE) return
    while (stage.waiting > 0 && stage.slotsPerTask <= this.slots.free) this.startNext(job, stage, now)
  }

  /**
   * Evicts to let waiting tasks of the job in; true when slots for the next are free at once. Under resume they are, so it is done task by task;
   * under restart slots come free once who holds them is gone, so it is done for all tasks at once.
   */
  private makeRoom(job: Job, stage: Stage, now: number): boolean {
    if (INTERRUPTS[this.discipline] === 'never') return false
    const need = stage.slotsPerTask
    const wanted = INTERRUPTS[this.discipline] === 'restart' ? stage.waiting : 1
    const victims = this.lessUrgent(job)
    let room = this.slots.free + this.coming
    let evicted = 0
    for (let tasks = 1; tasks <= wanted; tasks++) {
      let [could, until] = [room, evicted]
      while (could < tasks * need && until < victims.length) could += this.givesBack(victims[until++]!)
      if (could < tasks * need) break
      for (; evicted < until; evicted++) this.evict(victims[evicted]!, now)
      room = could
    }
    return need <= this.slots.free
  }

  /** Running tasks of strictly lower priority whose slots would come free: in the order in which they have to go. */
  private lessUrgent(job: Job): TaskRun[] {
    const found: TaskRun[] = []
    for (const run of this.onSlots)
      if (run.job.priority > job.priority && this.stateOfRun(run) === RUNNING && this.givesBack(run) > 0) found.push(run)
    return found.sort(
      (a, b) =>
        b.job.priority - a.job.priority ||
        b.job.sequence - a.job.sequence ||
        b.onSlotsSince - a.onSlotsSince ||
        b.index - a.index,
    )
  }

  private givesBack({ slots }: TaskRun): number {
    return slots.reduce((count, slot) => count + (this.slots.gives(slot) ? 1 : 0), 0)
  }

  private evict(run: TaskRun, now: number): void {
    if (INTERRUPTS[this.discipline] === 'restart') {
      run.job.restarts++
      this.stop(run, PENDING, 'evicted', now)
    } else {
      this.suspend(run, now)
      this.ready(run.job, now)
    }
  }

  // ---- tasks

  private startNext(job: Job, stage: Stage, now: number): void {
    const index = nextTask(stage)
    stage.runs[index] ??= newRun(job, stage, index)
    stage.waiting--
    stage.running++
    const run = stage.runs[index]!
    const slots = this.slots.take(stage.slotsPerTask)
    run.node = this.slots.node(slots[0]!)
    this.onSlots.add(run)
    this.begin(run, stage.state[index]!, slots, now)
  }

  private startSetup(job: Job, stage: Stage, now: number): void {
    stage.setup ??= newRun(job, stage, -1)
    this.begin(stage.setup, stage.setupState, [], now)
  }

  private begin(run: TaskRun, was: number, slots: readonly number[], now: number): void {
    const { job, stage } = run
    run.slots = slots
    run.onSlotsSince = now
    if (was === SUSPENDED) job.suspended--
    else {
      run.attempt++
      run.startSeconds = now
      run.endSeconds = undefined
      run.heldSeconds = 0
    }
    this.setState(run, RUNNING)
    job.running++
    job.startSeconds ??= now
    this.observer.changed(job)
    this.decisions.push({
      kind: was === SUSPENDED ? 'continue' : 'start',
      task: refOf(run),
      slots,
      node: run.node,
      speed: job.speed,
      slotSpeed: slots.length === 0 ? this.slots.topSpeed : this.slots.speed(slots),
      samplingFraction: samplingFraction(job, stage),
    })
  }

  /** Off its slots at once, its work is kept. */
  private suspend(run: TaskRun, now: number): void {
    this.leavesSlots(run, now)
    this.setState(run, SUSPENDED)
    run.job.suspended++
    if (run.index >= 0) {
      run.stage.waiting++
      run.stage.next = Math.min(run.stage.next, run.index)
    }
    this.decisions.push({ kind: 'suspend', task: refOf(run) })
  }

  private leavesSuspension({ job, stage, index }: TaskRun): void {
    job.suspended--
    if (index >= 0) stage.waiting--
  }

  private leavesSlots(run: TaskRun, now: number): void {
    const { job, stage, slots } = run
    run.heldSeconds += (now - run.onSlotsSince) * slots.length
    this.slots.give(slots)
    this.onSlots.delete(run)
    run.slots = []
    job.running--
    if (run.index >= 0) stage.running--
    this.observer.changed(job)
  }

  /** Asks for the end of an attempt (without `why`: it is known to be gone); `becomes` is the state that the task takes then. */
  private stop(run: TaskRun, becomes: number, why: StopReason | undefined, now: number): void {
    const { job, stage } = run
    if (this.stateOfRun(run) === SUSPENDED) this.leavesSuspension(run)
    else {
      run.heldSeconds += (now - run.onSlotsSince) * run.slots.length
      job.running--
      if (run.index >= 0) stage.running--
    }
    run.onSlotsSince = now
    run.becomes = becomes
    this.setState(run, STOPPING)
    job.stopping++
    this.leaving++
    this.coming += this.givesBack(run)
    this.observer.changed(job)
    if (why !== undefined) this.decisions.push({ kind: 'stop', task: refOf(run), why })
  }

  /** An attempt that was to stop is gone: its slots are free, its time was wasted, and it waits again or is withdrawn. */
  private isGone(run: TaskRun, now: number): void {
    const { job, stage } = run
    this.coming -= this.givesBack(run)
    this.leaving--
    job.stopping--
    run.heldSeconds += (now - run.onSlotsSince) * run.slots.length
    this.slots.give(run.slots)
    this.onSlots.delete(run)
    run.slots = []
    run.endSeconds = now
    this.setState(run, run.becomes)
    this.observer.changed(job)
    if (job.end !== undefined) {
      if (job.stopping === 0) this.decisions.push({ kind: 'over', job: job.id })
      return
    }
    this.throwAway(run)
    if (run.becomes === PENDING && run.index >= 0) {
      stage.waiting++
      stage.next = Math.min(stage.next, run.index)
    }
    this.ready(job, now)
  }

  private throwAway(run: TaskRun): void {
    const { job } = run
    run.restarts++
    run.wastedSeconds += run.heldSeconds
    if (this.engine === 'shared') job.wastedSeconds += run.heldSeconds
    run.heldSeconds = 0
  }

  private runOf({ job: id, stage, task, attempt }: TaskRef): TaskRun | undefined {
    const at = this.job(id)?.stages[stage]
    const run = task < 0 ? at?.setup : at?.runs[task]
    return run?.attempt === attempt ? run : undefined
  }

  private stateOfRun({ stage, index }: TaskRun): number {
    return index < 0 ? stage.setupState : stage.state[index]!
  }

  private setState({ stage, index }: TaskRun, state: number): void {
    if (index < 0) stage.setupState = state
    else stage.state[index] = state
  }

  // ---- answers

  private take(): readonly Decision[] {
    const { decisions } = this
    this.decisions = []
    return decisions
  }

  private taken(also: { readonly jobId?: string; readonly note?: string } = {}): Taken {
    return { kind: 'taken', decisions: this.take(), ...also }
  }
}

function orderOf(discipline: SchedulerDiscipline): (a: Job, b: Job) => boolean {
  if (discipline === 'fcfs') return (a, b) => a.sequence < b.sequence
  return (a, b) => a.priority < b.priority || (a.priority === b.priority && a.sequence < b.sequence)
}

function newRun(job: Job, stage: Stage, index: number): TaskRun {
  return {
    job,
    stage,
    index,
    attempt: 0,
    becomes: PENDING,
    slots: [],
    node: undefined,
    startSeconds: 0,
    onSlotsSince: 0,
    endSeconds: undefined,
    heldSeconds: 0,
    restarts: 0,
    wastedSeconds: 0,
    cpuSeconds: 0,
  }
}

function refOf({ job, stage, index, attempt }: TaskRun): TaskRef {
  return { job: job.id, stage: stage.index, task: index, attempt }
}

function isUnderWay(state: number): boolean {
  return state === RUNNING || state === SUSPENDED
}

function isWithdrawn(stage: Stage, task: number): boolean {
  const state = stage.state[task]
  return state === WITHDRAWN || (state === STOPPING && stage.runs[task]!.becomes === WITHDRAWN)
}
