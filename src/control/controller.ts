/**
 * The controller: observe, decide on a copy, guard, journal the intent, enact one step, journal the outcome, observe again, and keep or undo.
 *
 * One step is under way at a time: nothing new is begun until a look shows its effect, or until it had long enough and is taken back. What only
 * takes back an earlier step (the end of a sprint) is done at once. Every line of the ledger is on disk before what it announces; where the
 * ledger cannot be written, nothing is done. A class that fares worse than before the controller began makes it take back all that it did and
 * keep its hands off from then on. `stop` takes back what is not to stay.
 */
import {
  type ActionKind,
  type Capabilities,
  type ClusterAction,
  type Driver,
  isRefusal,
  LIVE_STATES,
  type Observation,
  type StopSignal,
  type Undo,
  undoOf,
} from '../model/index.js'
import type { Decision } from './decision.js'
import { effectOf } from './effect.js'
import { GUARD_DEFAULTS, Guard, type GuardSettings, type Predicted } from './guard.js'
import type { Journal, LedgerBody } from './journal.js'
import { leverOf, sameAction, undoFor } from './levers.js'
import { jobLine, observedLine } from './look-lines.js'
import { OpenSteps } from './open-steps.js'
import { PutOff } from './put-off.js'
import { Scores } from './scores.js'
import type { Steering } from './steering.js'
import type { Step } from './steps.js'
import { type UndoOutcome, undoStep } from './undo.js'

export interface ControllerSettings {
  readonly driver: Driver
  /** Names this run in the ledger. */
  readonly journal: Journal
  readonly steering: Steering
  readonly policy: string
  /** False: a dry run, which looks and decides and does nothing. */
  readonly commit: boolean
  readonly process?: number
  readonly everySeconds?: number
  /** An effect that no look shows by then is taken back. */
  readonly effectWithinSeconds?: number
  /** Kinds that stay when the controller ends; dropped tasks always do, as the kept ones were told. */
  readonly keep?: readonly ActionKind[]
  readonly guard?: Partial<GuardSettings>
  /** Mean responses that the plan promises, by class: for the guard against model error. */
  readonly predicted?: Predicted
  /** Mean responses before, of the classes that must not fare worse. */
  readonly before?: Predicted
  readonly onLook?: (look: Look, controller: Controller) => void
}

/** What became of an action: done, seen and kept, taken back, or not done. */
export interface Report {
  readonly action: ClusterAction
  readonly reason: string
  readonly outcome: 'done' | 'kept' | 'undone' | 'refused' | 'undo-failed' | 'would' | 'held-back'
  readonly note?: string
  readonly guard?: string
}

/** One round. */
export interface Look {
  readonly atSeconds: number
  readonly observation?: Observation
  /** Why the cluster could not be seen. */
  readonly blind?: string
  /** What the steering wants, done or not. */
  readonly wanted: readonly Decision[]
  readonly reports: readonly Report[]
  /** Why nothing more will be done. */
  readonly handsOff?: string
  /** More is to be done, or seen, at once. */
  readonly again: boolean
}

const KEPT_ALWAYS: readonly ActionKind[] = ['deflate', 'submit']
const WORSE = 1.1

export class Controller {
  readonly scores = new Scores()
  private readonly journal: Journal
  private readonly guard: Guard
  private readonly keep: ReadonlySet<ActionKind>
  private readonly open = new OpenSteps()
  private underWay: { readonly step: Step; readonly reason: string; readonly until: number } | undefined
  private readonly failed: PutOff
  /** What was said to be held back and by whom, so that the ledger is told once. */
  private told = new Set<string>()
  private readonly endedTold = new Set<string>()
  private capabilities: Capabilities | undefined
  private hands: string | undefined
  private lookedAt: number | undefined
  private savedAt = Number.NEGATIVE_INFINITY
  private steps = 0
  private blind = false

  constructor(private readonly settings: ControllerSettings) {
    const { journal, driver } = settings
    this.journal = journal
    this.failed = new PutOff(driver.clock)
    this.guard = new Guard({ ...GUARD_DEFAULTS, ...settings.guard }, driver.clock, this.scores, settings.predicted)
    this.keep = new Set([...KEPT_ALWAYS, ...(settings.keep ?? [])])
    for (const entry of journal.before) if (entry.kind === 'job') this.endedTold.add(entry.job)
  }

  /** The first line of this run, and what the cluster permits. */
  async begin(): Promise<void> {
    const { driver, commit, policy, process } = this.settings
    this.capabilities = await driver.capabilities()
    const line = { kind: 'opened' as const, driver: driver.name, commit, policy, keeps: [...this.keep] }
    await this.journal.write({ ...line, ...(process === undefined ? {} : { process }) })
  }

  /** Looks and acts until the signal, or until so much time has passed; then `stop` is still to be called. */
  async run(signal: StopSignal, forSeconds = Number.POSITIVE_INFINITY): Promise<void> {
    const { driver, everySeconds = 1, steering } = this.settings
    const { clock } = driver
    const end = clock.monotonic() + forSeconds
    let pause = 0
    while (!signal.aborted && clock.monotonic() < end) {
      const look = await this.look()
      this.settings.onLook?.(look, this)
      // whatever was done shows in the next look, at once or soon after
      pause = look.again ? Math.min(everySeconds, pause === 0 ? LEAST_PAUSE : 2 * pause) : 0
      const due = steering.nextSeconds === undefined ? everySeconds : Math.max(LEAST_PAUSE, steering.nextSeconds - clock.now())
      await clock.sleep(look.again ? pause - LEAST_PAUSE : Math.min(everySeconds, due, end - clock.monotonic()), signal)
    }
  }

  /** One round of the loop. */
  async look(): Promise<Look> {
    const { steering } = this.settings
    this.guard.look()
    const seen = await this.observe()
    if (typeof seen === 'string') return this.blindLook(seen)
    this.blind = false
    const reports: Report[] = []
    this.noteEnded(seen)
    this.forgetGone(seen)
    await this.judgeUnderWay(seen, reports)
    this.judgeAll()
    if (this.hands !== undefined) await this.withdraw(this.hands, seen, reports)
    const wanted = steering.decide(seen)
    await this.restore(wanted, seen, reports)
    if (this.underWay === undefined) await this.enactFirst(wanted, seen, reports)
    await this.noteLook(seen)
    const again = this.underWay !== undefined || reports.some(({ outcome }) => outcome === 'undone')
    const hands = this.hands === undefined ? {} : { handsOff: this.hands }
    return { atSeconds: seen.atSeconds, observation: seen, wanted, reports, again, ...hands }
  }

  /** Takes back what is not to stay, the last first, and writes the last line; returns what could not be taken back. */
  async stop(reason: string): Promise<Report[]> {
    const reports: Report[] = []
    const seen = await this.observe()
    const observation = typeof seen === 'string' ? undefined : seen
    await this.withdraw(reason, observation, reports)
    const failed = reports.filter(({ outcome }) => outcome === 'undo-failed')
    // without its last line the ledger says that somebody has to put things in order
    if (failed.length === 0) await this.write({ kind: 'closed', reason })
    return failed
  }

  /** Steps that are not taken back yet. */
  get openSteps(): readonly Step[] {
    return this.open.all
  }

  private async observe(): Promise<Observation | string> {
    const { driver, steering } = this.settings
    const tasks = steering.needsTasks || this.underWay?.step.action.kind === 'deflate'
    const options = { tasks, ...(this.lookedAt === undefined ? {} : { endedSince: this.lookedAt - OVERLAP_SECONDS }) }
    try {
      const seen = await driver.observe(options)
      if (isRefusal(seen)) return seen.message
      this.lookedAt = seen.atSeconds
      return seen
    } catch (error) {
      return messageOf(error)
    }
  }

  private async blindLook(reason: string): Promise<Look> {
    if (!this.blind) await this.write({ kind: 'note', message: `the cluster could not be seen: ${reason}` })
    this.blind = true
    return { atSeconds: this.settings.driver.clock.now(), blind: reason, wanted: [], reports: [], again: false }
  }

  /** Jobs that ended: to the scores, and to the ledger, which is a trace of them. */
  private noteEnded({ jobs }: Observation): void {
    for (const job of jobs) {
      if (LIVE_STATES.has(job.state) || this.endedTold.has(job.id)) continue
      this.endedTold.add(job.id)
      const className = this.settings.steering.classOf(job) ?? job.className
      if (className !== undefined) this.scores.add(className, job)
      this.journal.later(jobLine(job, className))
    }
  }

  /** Of a job that ended nothing is left to take back. */
  private forgetGone(seen: Observation): void {
    if (this.open.count === 0) return
    const live = new Set<string>()
    for (const { id, state } of seen.jobs) if (LIVE_STATES.has(state)) live.add(id)
    for (const step of this.open.all) {
      if (!('job' in step.action) || live.has(step.action.job) || step === this.underWay?.step) continue
      this.journal.later({ kind: 'undone', step: step.id, note: 'the job is gone' })
      this.close(step)
    }
  }

  /** Keeps the step that is under way once its effect is seen, and takes it back once it had long enough. */
  private async judgeUnderWay(seen: Observation, reports: Report[]): Promise<void> {
    if (this.underWay === undefined) return
    const { step, reason, until } = this.underWay
    const effect = effectOf(step.action, seen)
    if (effect === 'seen' || effect === 'gone') {
      this.underWay = undefined
      const stays = this.keep.has(step.action.kind) || 'irreversible' in step.undo
      if (!step.done) this.journal.later({ kind: 'done', step: step.id })
      step.done = true
      this.journal.later({
        kind: 'kept',
        step: step.id,
        reason: effect === 'seen' ? 'its effect is seen' : 'the job is gone',
        stays,
      })
      if (stays) this.close(step)
      reports.push({ action: step.action, reason, outcome: 'kept' })
    } else if (this.settings.driver.clock.monotonic() >= until) {
      this.underWay = undefined
      const message = 'its effect was not seen in time'
      this.failed.add(step.action, message)
      reports.push(await this.takeBack(step, message, seen))
    }
  }

  /** Where a class fares worse than before: hands off. */
  private judgeAll(): void {
    if (this.hands !== undefined || !this.settings.commit || this.settings.before === undefined) return
    const { jobsAtLeast } = { ...GUARD_DEFAULTS, ...this.settings.guard }.modelError
    for (const [name, before] of Object.entries(this.settings.before)) {
      const score = this.scores.of(name)
      if (score === undefined || score.jobs < jobsAtLeast || score.meanSeconds <= WORSE * before) continue
      this.hands = `class ${name} fares worse: ${round(score.meanSeconds)} s where it was ${round(before)} s (${score.jobs} jobs)`
      this.journal.later({ kind: 'held-back', guard: 'worse', reason: this.hands })
    }
  }

  /** Decisions that only take back: by undoing the step that they take back, or as a step of their own where there is none. */
  private async restore(wanted: readonly Decision[], seen: Observation, reports: Report[]): Promise<void> {
    for (const decision of wanted) {
      if (!decision.restores) break
      if (!this.settings.commit) {
        reports.push({ ...decision, outcome: 'would' })
        continue
      }
      const step = this.open.on(decision.action)
      if (step) reports.push(await this.takeBack(step, decision.reason, seen))
      else if (this.failed.reasonFor(decision.action) === undefined)
        await this.enact(decision, undoOf(decision.action, seen), reports)
    }
  }

  /** Enacts the first decision that nothing holds back; notes what is held back, once. */
  private async enactFirst(wanted: readonly Decision[], seen: Observation, reports: Report[]): Promise<void> {
    const told = new Set<string>()
    const holds = async (decision: Decision, guard: string, reason: string, all: boolean): Promise<void> => {
      const key = all ? guard : `${guard} ${leverOf(decision.action)}`
      told.add(key)
      reports.push({ ...decision, outcome: 'held-back', guard, note: reason })
      if (!this.told.has(key))
        this.journal.later({ kind: 'held-back', guard, reason, ...(all ? {} : { action: decision.action }) })
    }
    for (const decision of wanted) {
      const { action, restores } = decision
      if (restores) continue
      if (this.hands !== undefined) break
      const permission = this.capabilities?.actions[action.kind]
      const mine = this.open.on(action)
      if (permission?.permitted === false) {
        await holds(decision, 'not-permitted', permission.reason, false)
        continue
      }
      if (mine && sameAction(mine.action, action)) {
        await holds(decision, 'contested', 'it was done and seen before, and somebody took it back', false)
        continue
      }
      const putOff = this.failed.reasonFor(action)
      if (putOff !== undefined) {
        await holds(decision, 'no-effect', putOff, false)
        continue
      }
      const undo = undoFor(action, mine, seen)
      const held = this.guard.holds(decision, seen, undo)
      if (held) {
        await holds(decision, held.guard, held.reason, held.all)
        if (held.all) break
        continue
      }
      if (!this.settings.commit) {
        reports.push({ ...decision, outcome: 'would' })
        continue
      }
      await this.enact(decision, undo, reports, mine)
      break
    }
    this.told = told
  }

  /** Intent to disk, the action, its outcome to disk. `replaces`: an open step on the same lever, whose undo this one inherits. */
  private async enact({ action, reason }: Decision, undo: Undo, reports: Report[], replaces?: Step): Promise<void> {
    const { driver, effectWithinSeconds = 10 } = this.settings
    const id = `${this.journal.controller}-${this.steps++}`
    const undoField = undo.kind === 'undo' ? [...undo.actions] : { irreversible: undo.reason }
    if (!(await this.write({ kind: 'intent', step: id, action, undo: undoField, reason }))) return
    const step: Step = {
      id,
      controller: this.journal.controller,
      action,
      undo: undoField,
      atSeconds: driver.clock.now(),
      done: false,
      keep: this.keep.has(action.kind),
    }
    this.open.open(step)
    this.guard.enacted(action)
    const answer = await driver.enact(action).catch((error: unknown) => ({ kind: 'fault' as const, message: messageOf(error) }))
    if (isRefusal(answer)) {
      await this.write({ kind: 'refused', step: id, reason: answer.message })
      this.open.close(step)
      if (replaces) this.open.open(replaces)
      this.failed.add(action, answer.message)
      reports.push({ action, reason, outcome: 'refused', note: answer.message })
      return
    }
    const bodies: LedgerBody[] = []
    if (answer.kind === 'fault')
      bodies.push({ kind: 'note', message: `step ${id}: ${answer.message}; whether it was done is for the next look` })
    else {
      step.done = true
      const { jobId, note } = answer
      bodies.push({ kind: 'done', step: id, ...(jobId === undefined ? {} : { jobId }), ...(note === undefined ? {} : { note }) })
    }
    if (replaces) {
      bodies.push({ kind: 'undone', step: replaces.id, note: `step ${id} took its place, with its undo` })
      this.close(replaces)
    }
    this.underWay = { step, reason, until: driver.clock.monotonic() + effectWithinSeconds }
    await this.write(...bodies)
    reports.push({ action, reason, outcome: 'done' })
  }

  private async takeBack(step: Step, reason: string, observation: Observation | undefined): Promise<Report> {
    if (this.underWay?.step === step) this.underWay = undefined
    const { driver } = this.settings
    const outcome: UndoOutcome = await undoStep(step, reason, {
      driver,
      write: (...lines) => this.write(...lines),
      ...(observation ? { observation } : {}),
    })
    if (!outcome.ok) return { action: step.action, reason, outcome: 'undo-failed', note: outcome.reason }
    this.close(step)
    return { action: step.action, reason, outcome: 'undone', ...(outcome.note === undefined ? {} : { note: outcome.note }) }
  }

  /** Takes back all that is open and not to stay, the last first. */
  private async withdraw(reason: string, observation: Observation | undefined, reports: Report[]): Promise<void> {
    for (const step of [...this.open.all].reverse()) {
      if (step.keep && step.done) {
        this.journal.later({ kind: 'kept', step: step.id, reason: 'to stay', stays: true })
        this.close(step)
      } else reports.push(await this.takeBack(step, reason, observation))
    }
  }

  /** True once the lines are on disk. A ledger that cannot be written ends all acting: what is done is taken back, unwritten if need be. */
  private async write(...bodies: readonly LedgerBody[]): Promise<boolean> {
    try {
      await this.journal.write(...bodies)
      return true
    } catch (error) {
      this.hands ??= `the ledger cannot be written: ${messageOf(error)}`
      return false
    }
  }

  /** From time to time a line about the whole; more often while something would have to be taken back. */
  private async noteLook(seen: Observation): Promise<void> {
    const { steering, commit } = this.settings
    const since = Math.abs(seen.atSeconds - this.savedAt)
    if (since >= (this.open.count > 0 ? 10 : 60)) {
      this.savedAt = seen.atSeconds
      this.journal.later(observedLine(seen, steering, commit))
    }
    await this.write()
  }

  private close(step: Step): void {
    this.open.close(step)
    if (this.underWay?.step === step) this.underWay = undefined
  }
}

const LEAST_PAUSE = 1e-3
/** Ends that a cluster tells of late are asked for again. */
const OVERLAP_SECONDS = 30

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
const round = (x: number): number => Number(x.toPrecision(3))
