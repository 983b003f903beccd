/**
 * A cluster in virtual time: the scheduler of the embedded cluster, with tasks that take as long as they are known to. At equal times ends of tasks
 * go before ends of setups, those before arrivals; ties among jobs go by order of arrival, as in the simulator.
 */
import { type Discipline, isRefusal, type Refusal, refuse, speedUnderSprint } from '../../model/index.js'
import {
  type Decision,
  isSchedulerDiscipline,
  SCHEDULER_DISCIPLINES,
  Scheduler,
  type SchedulerNode,
  type Taken,
  type TaskRef,
} from '../scheduler/index.js'
import { VirtualClock } from './clock.js'
import { type Ending, EventHeap } from './events.js'
import type { ReplayJob, ReplayStage } from './jobs.js'

export interface ReplaySettings {
  readonly nodes: readonly SchedulerNode[]
  readonly discipline?: Discipline
  readonly engine?: 'shared' | 'exclusive'
  /** In order of submission; asked for one by one, as time comes to them. */
  readonly jobs?: Iterable<ReplayJob>
  /** Jobs that are over and still told of, the latest so many. Default 100,000. */
  readonly endedAtMost?: number
}

/** An attempt of a task that has begun. */
interface Attempt extends Ending {
  readonly task: TaskRef
  readonly stage: ReplayStage
  left: number
  rate: number
  since: number
  slotSpeed: number
  suspended: boolean
}

export class ReplayCluster {
  readonly clock: VirtualClock
  readonly scheduler: Scheduler
  private readonly ends = new EventHeap<Attempt>()
  private readonly attempts = new Map<string, Map<string, Attempt>>()
  private readonly known = new Map<string, ReplayJob>()
  private readonly coming: Iterator<ReplayJob>
  private nextJob: ReplayJob | undefined

  private constructor(settings: ReplaySettings, discipline: (typeof SCHEDULER_DISCIPLINES)[number]) {
    const { nodes, engine = 'shared', jobs = [], endedAtMost } = settings
    this.scheduler = new Scheduler({ nodes, discipline, engine, ...(endedAtMost === undefined ? {} : { endedAtMost }) })
    this.clock = new VirtualClock((to) => this.runUntil(to))
    this.coming = jobs[Symbol.iterator]()
    this.nextJob = this.pull()
    // what comes at time 0 is there from the beginning
    this.runUntil(0)
  }

  /** A cluster at time 0, or why there is none. */
  static open(settings: ReplaySettings): ReplayCluster | Refusal {
    const { discipline = 'fcfs' } = settings
    if (!isSchedulerDiscipline(discipline))
      return refuse('unsupported', `a replayed cluster knows ${SCHEDULER_DISCIPLINES.join(', ')}, not ${discipline}`)
    return new ReplayCluster(settings, discipline)
  }

  /** When the next thing happens by itself; infinity once nothing is left. */
  get nextSeconds(): number {
    return Math.min(this.ends.first?.at ?? Number.POSITIVE_INFINITY, this.nextJob?.submitSeconds ?? Number.POSITIVE_INFINITY)
  }

  /** Makes all happen that happens until `time`, that instant included. */
  runUntil(time: number): void {
    for (;;) {
      const ending = this.ends.first
      const arrival = this.nextJob
      const at = this.nextSeconds
      if (!(at <= time)) return
      this.clock.reach(at)
      if (ending !== undefined && ending.at <= at) this.ended(ending)
      else {
        this.nextJob = this.pull()
        this.submit(arrival!)
      }
    }
  }

  /** Takes a job now; its own time of submission says nothing here. */
  submit(job: ReplayJob): Taken | Refusal {
    const taken = this.scheduler.submit(withSetups(job), this.clock.now())
    if (isRefusal(taken)) return taken
    if (!this.known.has(taken.jobId!) && this.scheduler.job(taken.jobId!)?.end === undefined) this.known.set(taken.jobId!, job)
    this.enact(taken.decisions)
    return taken
  }

  /** Does what the scheduler decided. */
  enact(decisions: readonly Decision[]): void {
    const gone: TaskRef[] = []
    for (const decision of decisions) {
      if (decision.kind === 'start') this.start(decision)
      else if (decision.kind === 'continue') this.goOn(decision)
      else if (decision.kind === 'suspend') this.suspend(this.attempt(decision.task))
      else if (decision.kind === 'stop') {
        this.drop(this.attempt(decision.task))
        gone.push(decision.task)
      } else if (decision.kind === 'speed') this.setSpeed(decision.job, decision.speed)
      else if (decision.kind === 'over') {
        this.attempts.delete(decision.job)
        this.known.delete(decision.job)
      }
    }
    // a task in virtual time is gone as soon as it is asked to
    for (const task of gone) this.enact(this.scheduler.taskStopped(task, this.clock.now()))
  }

  private pull(): ReplayJob | undefined {
    const { done, value } = this.coming.next()
    return done === true ? undefined : value
  }

  private ended(attempt: Attempt): void {
    this.drop(attempt)
    this.enact(this.scheduler.taskEnded(attempt.task, { result: 'complete' }, this.clock.now()))
  }

  private start({ task, speed, slotSpeed }: Extract<Decision, { kind: 'start' | 'continue' }>): void {
    const stage = this.known.get(task.job)!.stages[task.stage]!
    const attempt: Attempt = {
      task,
      stage,
      left: workOf(stage, task.task),
      rate: 0,
      since: 0,
      slotSpeed,
      suspended: true,
      at: Number.POSITIVE_INFINITY,
      order: [task.task < 0 ? 1 : 0, Number(task.job.slice(1)), task.task],
      place: -1,
    }
    const of = this.attempts.get(task.job)
    if (of === undefined) this.attempts.set(task.job, new Map([[nameOf(task), attempt]]))
    else of.set(nameOf(task), attempt)
    this.run(attempt, speed)
  }

  private goOn({ task, speed, slotSpeed }: Extract<Decision, { kind: 'start' | 'continue' }>): void {
    const attempt = this.attempt(task)
    attempt.slotSpeed = slotSpeed
    this.run(attempt, speed)
  }

  /** On its slots, or at another speed there. */
  private run(attempt: Attempt, speed: number): void {
    const now = this.clock.now()
    this.book(attempt, now)
    attempt.suspended = false
    attempt.rate = attempt.slotSpeed * speedUnderSprint(attempt.stage.processorBound ?? 1, speed)
    attempt.since = now
    attempt.at = now + attempt.left / attempt.rate
    this.ends.put(attempt)
  }

  private suspend(attempt: Attempt): void {
    this.book(attempt, this.clock.now())
    attempt.suspended = true
    this.ends.remove(attempt)
  }

  /** What it did until now is done. */
  private book(attempt: Attempt, now: number): void {
    if (!attempt.suspended) attempt.left = Math.max(0, attempt.left - (now - attempt.since) * attempt.rate)
  }

  private drop(attempt: Attempt): void {
    this.ends.remove(attempt)
    this.attempts.get(attempt.task.job)!.delete(nameOf(attempt.task))
  }

  private setSpeed(job: string, speed: number): void {
    for (const attempt of this.attempts.get(job)?.values() ?? []) if (!attempt.suspended) this.run(attempt, speed)
  }

  private attempt(task: TaskRef): Attempt {
    return this.attempts.get(task.job)!.get(nameOf(task))!
  }
}

function nameOf({ stage, task }: TaskRef): string {
  return `${stage}/${task}`
}

function workOf(stage: ReplayStage, task: number): number {
  if (task < 0) return stage.setupSeconds ?? 0
  return typeof stage.workSeconds === 'number' ? stage.workSeconds : stage.workSeconds[task]!
}

function withSetups(job: ReplayJob): ReplayJob {
  if (!job.stages.some(({ setupSeconds }) => setupSeconds !== undefined && setupSeconds > 0)) return job
  return { ...job, stages: job.stages.map((stage) => ({ ...stage, setup: (stage.setupSeconds ?? 0) > 0 })) }
}
