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
import { Attempts, stateOf } from './attempts.js'
import { refusesJob, stageWith } from './check.js'
import type { Decision, StopReason } from './decision.js'
import {
  COMPLETE,
  createJob,
  type Job,
  PENDING,
  RUNNING,
  type SchedulerJob,
  STOPPING,
  type Stage,
  SUSPENDED,
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
  private readonly attempts: Attempts
  private readonly live = new Map<string, Job>()
  private readonly ended: Job[] = []
  private readonly over = new Map<string, Job>()
  private readonly idOfKey = new Map<string, string>()
  private readonly queue: OrderedQueue<Job>
  private readonly observer = new Observer()
  private readonly endedAtMost: number
  /** Of an exclusive cluster: who has it. */
  private holder: Job | undefined
  private jobs = 0

  constructor(settings: SchedulerSettings) {
    this.engine = settings.engine
    this.discipline = settings.discipline
    this.slots = new Slots(settings.nodes)
    this.attempts = new Attempts(this.slots, this.observer, settings.engine === 'shared')
    this.endedAtMost = settings.endedAtMost ?? 100_000
    this.queue = new OrderedQueue(orderOf(settings.discipline))
  }

  /** Takes a job, once per key. */
  submit(spec: SchedulerJob, now: number): Taken | Refusal {
    const known = this.idOfKey.get(spec.key)
    if (known !== undefined) return this.taken({ jobId: known, note: `job ${known} was submitted with this key before` })
    const refusal = refusesJob(spec, this.slots.total)
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
    const run = this.find(ref)
    if (run === undefined) return []
    if (stateOf(run) === STOPPING) return this.taskStopped(ref, now, end.cpuSeconds)
    if (!this.attempts.end(run, end.result === 'complete', now)) return []
    run.cpuSeconds += end.cpuSeconds ?? 0
    if (end.result === 'complete') this.advance(run.job, now)
    else {
      const at = run.index < 0 ? `the setup of ${run.stage.name}` : `task ${run.index} of ${run.stage.name}`
      this.finish(run.job, end.result, `${at}: ${end.reason ?? end.result}`, now)
    }
    this.dispatch(now)
    return this.attempts.take()
  }

  /** A task that was to stop is gone. */
  taskStopped(ref: TaskRef, now: number, cpuSeconds = 0): readonly Decision[] {
    const run = this.find(ref)
    if (run === undefined || stateOf(run) !== STOPPING) return []
    const { job } = run
    run.cpuSeconds += cpuSeconds
    this.attempts.gone(run, now)
    if (job.end === undefined) this.ready(job, now)
    else if (job.stopping === 0) this.attempts.decide({ kind: 'over', job: job.id })
    this.dispatch(now)
    return this.attempts.take()
  }

  /** An attempt is gone and nobody knows how it ended: it is thrown away and begins again. */
  taskLost(ref: TaskRef, now: number): readonly Decision[] {
    const run = this.find(ref)
    if (run === undefined) return []
    const state = stateOf(run)
    if (state === RUNNING || state === SUSPENDED) {
      run.job.restarts++
      this.attempts.stop(run, PENDING, undefined, now)
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

  private find(ref: TaskRef): TaskRun | undefined {
    return this.attempts.find(this.job(ref.job), ref)
  }

  // ---- jobs

  /** Lets a job that lives wait for slots if it has something to start, and starts a setup that is due. */
  private ready(job: Job, now: number): void {
    const stage = job.stages[job.stageAt]
    const shared = this.engine === 'shared'
    if (shared && stage !== undefined && job.end === undefined && !job.held && stage.setupState === PENDING)
      this.attempts.startSetup(job, stage, now)
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
    for (const run of this.attempts.under(job)) this.attempts.stop(run, PENDING, why, now)
    if (this.holder === job) this.holder = undefined
    this.live.delete(job.id)
    this.over.set(job.id, job)
    this.ended.push(job)
    this.observer.changed(job)
    if (this.ended.length > 2 * this.endedAtMost)
      for (const { id } of this.ended.splice(0, this.ended.length - this.endedAtMost)) this.over.delete(id)
    if (job.stopping === 0) this.attempts.decide({ kind: 'over', job: job.id })
  }

  /** All that the job did is thrown away; it begins again with its first stage. */
  private beginAnew(job: Job, why: StopReason, now: number): void {
    for (const run of this.attempts.under(job)) this.attempts.stop(run, PENDING, why, now)
    for (const stage of job.stages.slice(0, job.stageAt + 1)) {
      if (stage.hasSetup && stage.setupState === COMPLETE) stage.setupState = PENDING
      for (const run of stage.runs) {
        if (run === undefined || stage.state[run.index] !== COMPLETE) continue
        this.attempts.throwAway(run)
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
    this.attempts.decide({ kind: 'speed', job: job.id, speed })
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
    const stage = stageWith(job, name, tasks)
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
    else this.attempts.stop(run!, WITHDRAWN, 'withdrawn', now)
    this.observer.changed(job)
  }

  private inflate(job: Job, name: string, tasks: readonly number[], now: number): Taken | Refusal {
    const stage = stageWith(job, name, tasks)
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
    this.attempts.nodesChanged()
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
      this.attempts.startNext(job, stage, now)
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
      if (next === undefined || this.attempts.leaving > 0) return
      this.queue.remove(next)
      this.holder = next
      next.holdsSince = now
    }
  }

  private evictWhole(job: Job, now: number): void {
    if (INTERRUPTS[this.discipline] === 'restart') this.beginAnew(job, 'evicted', now)
    else for (const run of this.attempts.under(job)) this.attempts.suspend(run, now)
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
    if (stage.setupState === PENDING || stage.setupState === SUSPENDED) this.attempts.startSetup(job, stage, now)
    if (stage.setupState !== COMPLETE) return
    while (stage.waiting > 0 && stage.slotsPerTask <= this.slots.free) this.attempts.startNext(job, stage, now)
  }

  /**
   * Evicts to let waiting tasks of the job in; true when slots for the next are free at once. Under resume they are, so it is done task by task;
   * under restart slots come free once who holds them is gone, so it is done for all tasks at once.
   */
  private makeRoom(job: Job, stage: Stage, now: number): boolean {
    if (INTERRUPTS[this.discipline] === 'never') return false
    const need = stage.slotsPerTask
    const wanted = INTERRUPTS[this.discipline] === 'restart' ? stage.waiting : 1
    const victims = this.attempts.lessUrgent(job.priority)
    let room = this.slots.free + this.attempts.coming
    let evicted = 0
    for (let tasks = 1; tasks <= wanted; tasks++) {
      let [could, until] = [room, evicted]
      while (could < tasks * need && until < victims.length) could += this.attempts.givesBack(victims[until++]!)
      if (could < tasks * need) break
      for (; evicted < until; evicted++) this.evict(victims[evicted]!, now)
      room = could
    }
    return need <= this.slots.free
  }

  private evict(run: TaskRun, now: number): void {
    if (INTERRUPTS[this.discipline] === 'restart') {
      run.job.restarts++
      this.attempts.stop(run, PENDING, 'evicted', now)
    } else {
      this.attempts.suspend(run, now)
      this.ready(run.job, now)
    }
  }

  private taken(also: { readonly jobId?: string; readonly note?: string } = {}): Taken {
    return { kind: 'taken', decisions: this.attempts.take(), ...also }
  }
}

function orderOf(discipline: SchedulerDiscipline): (a: Job, b: Job) => boolean {
  if (discipline === 'fcfs') return (a, b) => a.sequence < b.sequence
  return (a, b) => a.priority < b.priority || (a.priority === b.priority && a.sequence < b.sequence)
}

function isWithdrawn(stage: Stage, task: number): boolean {
  const state = stage.state[task]
  return state === WITHDRAWN || (state === STOPPING && stage.runs[task]!.becomes === WITHDRAWN)
}
