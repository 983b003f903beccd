/**
 * The daemon of an embedded cluster: writes down what it is asked and what happens, tells its scheduler, and has done what the scheduler decides. It
 * serves several clients on a private socket; it goes on without any, and one that was killed is taken over by the next from the journal.
 */
import { existsSync, rmSync, statSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import {
  ACTION_KINDS,
  type ActionKind,
  type Capabilities,
  ClusterAction,
  type Enacted,
  isRefusal,
  type JobSpec,
  type Permission,
  type Refusal,
  refuse,
} from '../../model/index.js'
import type { Decision, Taken, TaskRef } from '../scheduler/index.js'
import type { Calibration } from './calibrate.js'
import { type Anchor, anchoredClock, monotonic } from './clock.js'
import type { ClusterShape, Journal, JournalEntry } from './journal.js'
import type { KeptTask } from './keeper.js'
import { steers } from './lease.js'
import type { Mechanism } from './mechanism.js'
import type { Place } from './place.js'
import type { Answers, EmbeddedStatus, Request } from './protocol.js'
import { nameOf, type Outcome, TaskRunner } from './runner.js'
import { refusesDirectory, Sandboxes } from './sandbox.js'
import type { EmbeddedSettings } from './settings.js'
import type { ClusterState, OpenAttempt } from './state.js'

/** How often disk and lease are looked at. */
const WATCH_MS = 250
/** Jobs whose printed output is kept after they are over. */
const OUTPUTS_KEPT = 1_000
const MEBIBYTE = 1024 * 1024

export interface DaemonParts {
  readonly place: Place
  readonly settings: EmbeddedSettings
  readonly shape: ClusterShape
  readonly state: ClusterState
  readonly journal: Journal
  readonly anchor: Anchor
  readonly mechanism: Mechanism
  readonly calibration: Calibration | undefined
  /** Of tasks. */
  readonly niceness: number
  /** Gives the lock of the directory back. */
  readonly unlock: () => void
}

export class Daemon {
  private readonly clock
  private readonly runner: TaskRunner
  private readonly sandboxes: Sandboxes
  private readonly begunAt = monotonic()
  private readonly overJobs: string[] = []
  private watch: NodeJS.Timeout | undefined
  private watching = false
  private closing: 'no' | 'once idle' | 'yes' = 'no'
  private whenIdle: (() => void) | undefined

  constructor(private readonly parts: DaemonParts) {
    const { place, settings, mechanism } = parts
    this.clock = anchoredClock(parts.anchor)
    this.sandboxes = new Sandboxes(place)
    this.runner = new TaskRunner(
      {
        cluster: place.id,
        keeperSocket: place.keeperSocket,
        niceness: parts.niceness,
        control: mechanism.control,
        graceSeconds: settings.graceSeconds,
      },
      {
        started: (task, process) => this.happens({ entry: 'started', at: this.clock.now(), task, process }),
        over: (task, outcome) => this.taskOver(task, outcome),
      },
    )
  }

  /** Takes over what a daemon before this one left: tasks that run, that ended in between, that were never started, and what belongs to nobody. */
  async takeOver(): Promise<void> {
    const { state, mechanism } = this.parts
    const left = [...state.attempts.values()]
    mechanism.removeStrangers((name) => state.attempts.has(name))
    const known = await this.runner.open()
    for (const attempt of left) this.resume(attempt, known.get(nameOf(attempt.task)))
    for (const name of known.keys()) if (!state.attempts.has(name)) this.runner.forget(name)
    this.runner.endStrays()
    this.watch = setInterval(() => void this.look(), WATCH_MS)
  }

  /** Answers a client; `controller` is the one that asks. */
  answer<Call extends Request['call']>(request: Extract<Request, { call: Call }>, controller: string): Answers[Call]
  answer(request: Request, controller: string): Answers[Request['call']] {
    this.parts.state.lease.heard(controller, monotonic())
    switch (request.call) {
      case 'hello':
        return { anchor: this.parts.anchor }
      case 'capabilities':
        return this.capabilities()
      case 'observe':
        return this.parts.state.scheduler.observe(this.clock.now(), request.options, (task) => this.runner.cpuSeconds(task))
      case 'enact':
        return this.enact(request.action, controller)
      case 'status':
        return this.status()
      case 'release':
        return { released: this.release(controller, 'given back') }
      case 'stop':
        return this.askToStop(request.cancel)
    }
  }

  /** Resolves once the daemon was asked to stop and no task is left. */
  stopped(): Promise<void> {
    return new Promise((resolve) => {
      this.whenIdle = resolve
    })
  }

  /** Lets go: normal speeds, tasks run on. With `forGood` the keeper ends and nothing is left but the journal. */
  close(reason: string, forGood: boolean): void {
    this.closing = 'yes'
    clearInterval(this.watch)
    const { holder } = this.parts.state.lease
    if (holder !== undefined) this.release(holder, 'lapsed')
    this.runner.close(forGood)
    if (forGood || this.parts.mechanism.control.mechanism.startsWith('duty')) this.parts.mechanism.control.close()
    this.parts.journal.write({ entry: 'closed', at: this.clock.now(), reason })
    this.parts.journal.close()
    rmSync(this.parts.place.socket, { force: true })
    this.parts.unlock()
  }

  // ---- what is asked

  private enact(raw: unknown, controller: string): Enacted | Refusal {
    const parsed = ClusterAction.safeParse(raw)
    if (!parsed.success) return refuse('unsupported', `this is no action: ${parsed.error.issues[0]?.message}`)
    const action = parsed.data
    if (this.closing !== 'no' && action.kind === 'submit') return refuse('unsupported', 'the cluster is being stopped')
    const refusal = this.refuses(action) ?? this.takeLease(action.kind, controller)
    if (refusal) return refusal
    const at = this.clock.now()
    const taken =
      action.kind === 'submit'
        ? this.happens({ entry: 'submit', at, spec: action.spec }, true)
        : this.happens({ entry: 'act', at, action, by: controller }, true)
    if (taken === undefined || isRefusal(taken)) return taken ?? refuse('unsupported', 'nothing was done')
    const { jobId, note } = taken
    return { kind: 'enacted', ...(jobId === undefined ? {} : { jobId }), ...(note === undefined ? {} : { note }) }
  }

  private refuses(action: ClusterAction): Refusal | undefined {
    if (action.kind === 'submit') return refusesDirectory(action.spec)
    const most = 1 / this.parts.settings.normalShare
    if (action.kind === 'sprint' && action.speed > most * (1 + 1e-9))
      return refuse('unsupported', 'a whole processor is the most that a task can have', { speed: action.speed, most })
    return undefined
  }

  private takeLease(kind: ActionKind, controller: string): Refusal | undefined {
    if (!steers(kind)) return undefined
    const { lease } = this.parts.state
    const { taken, otherHolder } = lease.take(controller, monotonic())
    if (otherHolder !== undefined)
      return refuse('unsupported', `controller ${otherHolder} steers this cluster: only one may at a time`, {
        leaseSecondsLeft: lease.left(monotonic()),
      })
    if (taken) this.parts.journal.write({ entry: 'lease', at: this.clock.now(), what: 'taken', by: controller })
    return undefined
  }

  /** Ends the lease of its holder: speeds go to normal; the discipline goes back where the holder fell silent and cannot have meant to leave it. */
  private release(controller: string, what: 'given back' | 'lapsed'): boolean {
    const { state, journal } = this.parts
    if (state.lease.holder !== controller) return false
    const former = state.lease.end()
    const at = this.clock.now()
    journal.write({ entry: 'lease', at, what, by: controller }, true)
    for (const { id, speed } of [...state.scheduler.present])
      if (speed !== 1) this.happens({ entry: 'act', at, action: { kind: 'sprint', job: id, speed: 1 } })
    if (what === 'lapsed' && former !== undefined && former !== state.scheduler.disciplineInForce)
      this.happens({ entry: 'act', at, action: { kind: 'discipline', discipline: former } })
    return true
  }

  private askToStop(cancel: boolean): Answers['stop'] {
    const { scheduler } = this.parts.state
    if (scheduler.liveJobs > 0 && !cancel)
      return refuse('unsupported', 'jobs live in this cluster; they are cancelled only where that is asked for', {
        jobs: scheduler.liveJobs,
      })
    this.closing = 'once idle'
    for (const { id } of [...scheduler.present])
      this.happens({ entry: 'act', at: this.clock.now(), action: { kind: 'cancel', job: id } })
    this.idle()
    return { stopping: true }
  }

  private capabilities(): Capabilities {
    const { settings, mechanism, calibration } = this.parts
    const actions = Object.fromEntries(ACTION_KINDS.map((kind) => [kind, { permitted: true }])) as Record<ActionKind, Permission>
    const { mechanism: name } = mechanism.control
    const processors = availableParallelism()
    const through = [name, ...(mechanism.note === undefined ? [] : [mechanism.note])]
    if (settings.slots > processors)
      through.push(`${processors} processors for ${settings.slots} slots: no more tasks than that run at full speed at once`)
    return {
      driver: 'embedded',
      through,
      actions,
      speeds: {
        least: Math.min(1, 0.05 / settings.normalShare),
        most: Number((calibration?.speedUp ?? 1 / settings.normalShare).toFixed(3)),
        mechanism: calibration === undefined ? `${name}, not measured` : `${name}, measured when the cluster was started`,
      },
    }
  }

  private status(): EmbeddedStatus {
    const { place, settings, state, mechanism, calibration, shape } = this.parts
    const { lease, scheduler } = state
    return {
      process: process.pid,
      directory: place.directory,
      upSeconds: monotonic() - this.begunAt,
      slots: settings.slots,
      nodes: shape.nodes.length,
      engine: shape.engine,
      discipline: scheduler.disciplineInForce,
      liveJobs: scheduler.liveJobs,
      runningTasks: this.runner.running,
      mechanism: mechanism.control.mechanism,
      ...(mechanism.note === undefined ? {} : { mechanismNote: mechanism.note }),
      normalShare: settings.normalShare,
      ...(calibration === undefined ? {} : { calibration }),
      ...(lease.holder === undefined ? {} : { lease: { holder: lease.holder, secondsLeft: lease.left(monotonic()) } }),
      journalBytes: statSync(place.journal).size,
    }
  }

  // ---- what happens

  /** Writes it down, tells the scheduler, and has done what that decides. */
  private happens(entry: JournalEntry, durable = false): Taken | Refusal | undefined {
    this.parts.journal.write(entry, durable)
    const taken = this.parts.state.take(entry, monotonic())
    if (taken !== undefined && !isRefusal(taken)) for (const decision of taken.decisions) this.carryOut(decision)
    return taken
  }

  private taskOver(task: TaskRef, outcome: Outcome): void {
    if (this.closing === 'yes') return
    const at = this.clock.now()
    if (outcome.kind === 'ended') this.happens({ entry: 'ended', at, task, end: outcome.end })
    else if (outcome.kind === 'stopped') this.happens({ entry: 'stopped', at, task, cpuSeconds: outcome.cpuSeconds })
    else this.happens({ entry: 'lost', at, task, reason: outcome.reason })
    this.sandboxes.tidy(task)
    this.idle()
  }

  private carryOut(decision: Decision): void {
    const { runner } = this
    if (decision.kind === 'start') this.start(decision, this.parts.state.specs.get(decision.task.job)!)
    else if (decision.kind === 'continue') runner.goOn(decision.task, this.shareAt(decision.speed))
    else if (decision.kind === 'suspend') runner.pause(decision.task)
    else if (decision.kind === 'stop') runner.stop(decision.task)
    else if (decision.kind === 'speed') runner.setShare(decision.job, this.shareAt(decision.speed))
    else if (decision.kind === 'over') this.jobOver(decision.job)
  }

  private start(decision: Extract<Decision, { kind: 'start' | 'continue' }>, spec: JobSpec): void {
    const { task, speed, samplingFraction } = decision
    const stage = spec.stages[task.stage]!
    const directory = this.sandboxes.open(task.job, spec)
    this.runner.start({
      task,
      command: stage.command,
      directory,
      ...this.sandboxes.filesOf(task),
      share: this.shareAt(speed),
      limitSeconds: spec.limitSeconds,
      environment: {
        ...inherited(),
        TMPDIR: directory,
        HALFTONE_JOB: spec.key,
        HALFTONE_STAGE: stage.name,
        HALFTONE_TASK: String(task.task),
        HALFTONE_TASKS: String(stage.tasks),
        HALFTONE_SAMPLING_FRACTION: String(samplingFraction),
        HALFTONE_DIRECTORY: directory,
        HALFTONE_SPEED: String(speed),
      },
    })
  }

  private jobOver(job: string): void {
    this.sandboxes.remove(job)
    this.overJobs.push(job)
    if (this.overJobs.length > OUTPUTS_KEPT) this.sandboxes.forget(this.overJobs.shift()!)
  }

  private shareAt(speed: number): number {
    return Math.min(1, speed * this.parts.settings.normalShare)
  }

  /** Goes on with an attempt that a daemon before this one had begun. */
  private resume(attempt: OpenAttempt, kept: KeptTask | undefined): void {
    const { task, start, process, suspended, stopping } = attempt
    const spec = this.parts.state.specs.get(task.job)
    const share = this.shareAt(this.parts.state.scheduler.job(task.job)?.speed ?? 1)
    const order = { task, share, limitSeconds: spec?.limitSeconds }
    if (kept !== undefined) {
      this.runner.adopt(order, kept, suspended)
      if (stopping) this.runner.stop(task)
    } else if (process !== undefined || stopping || spec === undefined)
      this.runner.lose(order, process, 'it was gone when the daemon was started again')
    else this.start(start, spec)
  }

  private idle(): void {
    if (this.closing === 'once idle' && this.runner.running === 0) this.whenIdle?.()
  }

  // ---- what is looked at from time to time

  private async look(): Promise<void> {
    const { lease } = this.parts.state
    if (lease.lapsed(monotonic())) this.release(lease.holder!, 'lapsed')
    // whoever removed the directory wants nothing of the cluster any more
    if (this.closing === 'no' && !existsSync(this.parts.place.lock)) this.askToStop(true)
    if (this.watching) return
    this.watching = true
    try {
      await this.lookAtDisk()
    } finally {
      this.watching = false
    }
  }

  private async lookAtDisk(): Promise<void> {
    const { outputMiB, diskMiB } = this.parts.settings
    const { tasks } = this.runner
    // where processor time can be read of living processes only, the last that was seen counts
    for (const task of tasks) this.runner.cpuSeconds(task)
    for (const task of tasks)
      if (this.sandboxes.printed(task) > outputMiB * MEBIBYTE)
        this.runner.endFor(task, { result: 'fail', reason: `printed more than ${outputMiB} MiB` })
    for (const job of new Set(tasks.map(({ job: id }) => id))) {
      if ((await this.sandboxes.used(job)) <= diskMiB * MEBIBYTE) continue
      const reason = `the directory of the job holds more than ${diskMiB} MiB`
      for (const task of this.runner.tasks) if (task.job === job) this.runner.endFor(task, { result: 'fail', reason })
    }
  }
}

/** What a task gets of the daemon’s own environment: nothing that could be a secret. */
function inherited(): Record<string, string> {
  const names = ['PATH', 'HOME', 'USER', 'LANG', 'LC_ALL', 'TZ']
  return Object.fromEntries(names.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]!]])))
}
