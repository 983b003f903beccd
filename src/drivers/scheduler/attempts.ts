/**
 * Attempts of tasks: how they go on slots and off them, what each has held and wasted, and what is decided by it. Which task goes next, and who has to
 * make room, is for others to say.
 */
import type { Decision, StopReason } from './decision.js'
import {
  COMPLETE,
  FAILED,
  type Job,
  nextTask,
  PENDING,
  RUNNING,
  STOPPING,
  type Stage,
  SUSPENDED,
  samplingFraction,
  type TaskRef,
  type TaskRun,
} from './job.js'
import type { Observer } from './observe.js'
import type { Slots } from './slots.js'

export class Attempts {
  /** Tasks on their way out, and slots that come free once they are gone. */
  leaving = 0
  coming = 0
  private readonly onSlots = new Set<TaskRun>()
  private decisions: Decision[] = []

  /** `countsWaste`: what is thrown away is charged to the job task by task. */
  constructor(
    private readonly slots: Slots,
    private readonly observer: Observer,
    private readonly countsWaste: boolean,
  ) {}

  /** What was decided since this was asked last. */
  take(): readonly Decision[] {
    const { decisions } = this
    this.decisions = []
    return decisions
  }

  decide(decision: Decision): void {
    this.decisions.push(decision)
  }

  /** The attempt that is meant, if it is the task’s latest. */
  find(job: Job | undefined, { stage, task, attempt }: TaskRef): TaskRun | undefined {
    const at = job?.stages[stage]
    const run = task < 0 ? at?.setup : at?.runs[task]
    return run?.attempt === attempt ? run : undefined
  }

  /** Attempts of the job that are under way: on slots, or set aside. */
  under(job: Job): TaskRun[] {
    const found: TaskRun[] = []
    if (job.running === 0 && job.suspended === 0) return found
    for (const stage of job.stages) {
      if (stage.setup && isUnderWay(stage.setupState)) found.push(stage.setup)
      if (stage.running > 0 || job.suspended > 0)
        for (const run of stage.runs) if (run && isUnderWay(stage.state[run.index]!)) found.push(run)
    }
    return found
  }

  /** Tasks on slots of strictly lower priority, whose slots would come free: in the order in which they have to go. */
  lessUrgent(priority: number): TaskRun[] {
    const found: TaskRun[] = []
    for (const run of this.onSlots)
      if (run.job.priority > priority && stateOf(run) === RUNNING && this.givesBack(run) > 0) found.push(run)
    return found.sort(
      (a, b) =>
        b.job.priority - a.job.priority ||
        b.job.sequence - a.job.sequence ||
        b.onSlotsSince - a.onSlotsSince ||
        b.index - a.index,
    )
  }

  /** Slots of the task that will be given to others. */
  givesBack({ slots }: TaskRun): number {
    return slots.reduce((count, slot) => count + (this.slots.gives(slot) ? 1 : 0), 0)
  }

  /** A node gives slots again, or no more. */
  nodesChanged(): void {
    this.coming = 0
    for (const run of this.onSlots) if (stateOf(run) === STOPPING) this.coming += this.givesBack(run)
  }

  /** The next waiting task of the stage goes on slots, which must be free. */
  startNext(job: Job, stage: Stage, now: number): void {
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

  startSetup(job: Job, stage: Stage, now: number): void {
    stage.setup ??= newRun(job, stage, -1)
    this.begin(stage.setup, stage.setupState, [], now)
  }

  /** Off its slots at once; its work is kept, and it waits to go on. */
  suspend(run: TaskRun, now: number): void {
    this.leaveSlots(run, now)
    setState(run, SUSPENDED)
    run.job.suspended++
    putBack(run)
    this.decide({ kind: 'suspend', task: refOf(run) })
  }

  /** The attempt ended by itself; false where it was not under way. */
  end(run: TaskRun, completes: boolean, now: number): boolean {
    const state = stateOf(run)
    // a process that was suspended may still be found to have ended just before
    if (state === SUSPENDED) leaveSuspension(run)
    else if (state === RUNNING) this.leaveSlots(run, now)
    else return false
    run.endSeconds = now
    setState(run, completes ? COMPLETE : FAILED)
    if (completes && run.index >= 0) run.stage.ended++
    return true
  }

  /** Asks for the end of an attempt (without `why`: it is known to be gone); `becomes` is the state that the task takes then. */
  stop(run: TaskRun, becomes: number, why: StopReason | undefined, now: number): void {
    const { job, stage } = run
    if (stateOf(run) === SUSPENDED) leaveSuspension(run)
    else {
      run.heldSeconds += (now - run.onSlotsSince) * run.slots.length
      job.running--
      if (run.index >= 0) stage.running--
    }
    run.onSlotsSince = now
    run.becomes = becomes
    setState(run, STOPPING)
    job.stopping++
    this.leaving++
    this.coming += this.givesBack(run)
    this.observer.changed(job)
    if (why !== undefined) this.decide({ kind: 'stop', task: refOf(run), why })
  }

  /** An attempt that was to stop is gone: its slots are free; of a job that lives, its time was wasted and it waits again or is withdrawn. */
  gone(run: TaskRun, now: number): void {
    const { job } = run
    this.coming -= this.givesBack(run)
    this.leaving--
    job.stopping--
    run.heldSeconds += (now - run.onSlotsSince) * run.slots.length
    this.slots.give(run.slots)
    this.onSlots.delete(run)
    run.slots = []
    run.endSeconds = now
    setState(run, run.becomes)
    this.observer.changed(job)
    if (job.end !== undefined) return
    this.throwAway(run)
    if (run.becomes === PENDING) putBack(run)
  }

  /** What the attempt did is waste. */
  throwAway(run: TaskRun): void {
    run.restarts++
    run.wastedSeconds += run.heldSeconds
    if (this.countsWaste) run.job.wastedSeconds += run.heldSeconds
    run.heldSeconds = 0
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
    setState(run, RUNNING)
    job.running++
    job.startSeconds ??= now
    this.observer.changed(job)
    this.decide({
      kind: was === SUSPENDED ? 'continue' : 'start',
      task: refOf(run),
      slots,
      node: run.node,
      speed: job.speed,
      slotSpeed: slots.length === 0 ? this.slots.topSpeed : this.slots.speed(slots),
      samplingFraction: samplingFraction(job, stage),
    })
  }

  private leaveSlots(run: TaskRun, now: number): void {
    const { job, stage, slots } = run
    run.heldSeconds += (now - run.onSlotsSince) * slots.length
    this.slots.give(slots)
    this.onSlots.delete(run)
    run.slots = []
    job.running--
    if (run.index >= 0) stage.running--
    this.observer.changed(job)
  }
}

/** The state of the task, or of the setup. */
export function stateOf({ stage, index }: TaskRun): number {
  return index < 0 ? stage.setupState : stage.state[index]!
}

function setState({ stage, index }: TaskRun, state: number): void {
  if (index < 0) stage.setupState = state
  else stage.state[index] = state
}

/** The task waits again, before those that have not begun. */
function putBack({ stage, index }: TaskRun): void {
  if (index < 0) return
  stage.waiting++
  stage.next = Math.min(stage.next, index)
}

function leaveSuspension({ job, stage, index }: TaskRun): void {
  job.suspended--
  if (index >= 0) stage.waiting--
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
