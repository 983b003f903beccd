/**
 * Runs tasks as processes: has the keeper start them, gives them their share of a processor, ends them with all that they started, and says how they
 * ended. A task is over only once none of its processes lives: those of its process group, of its control group, and those that left both but
 * still carry its mark in their environment.
 */

import { type ProcessIdentity, stillRuns } from '../ledger/process.js'
import type { TaskEnd, TaskRef } from '../scheduler/index.js'
import type { KeeperNews, KeptEnd, KeptTask } from './keeper.js'
import { type KeeperLine, openKeeper } from './keeper-client.js'
import { groupIsThere, groupMembers, marked, signal } from './processes.js'
import type { SpeedControl } from './speed.js'

/** In the environment of every task, and so of every process that it starts: cluster and attempt. */
const MARK = 'HALFTONE_ATTEMPT'
/** How often one looks whether a process that was told to end has done so. */
const LOOK_MS = 20
/** Processes that were left behind by tasks which ended by themselves are looked for at most so often. */
const STRAY_MS = 1_000

/** How an attempt came to its end. `stopped`: it was told to. */
export type Outcome =
  | { readonly kind: 'ended'; readonly end: TaskEnd }
  | { readonly kind: 'stopped'; readonly cpuSeconds: number }
  | { readonly kind: 'lost'; readonly reason: string }

export interface RunnerEvents {
  started(task: TaskRef, process: ProcessIdentity): void
  over(task: TaskRef, outcome: Outcome): void
}

export interface RunnerSettings {
  readonly cluster: string
  readonly keeperSocket: string
  /** Niceness of tasks. */
  readonly niceness: number
  readonly control: SpeedControl
  /** Between being asked to end and being ended. */
  readonly graceSeconds: number
}

export interface StartOrder {
  readonly task: TaskRef
  readonly command: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  readonly directory: string
  readonly output: string
  readonly errors: string
  readonly share: number
  readonly limitSeconds: number | undefined
}

interface Attempt {
  readonly task: TaskRef
  readonly name: string
  readonly limitSeconds: number | undefined
  share: number
  /** The process that the keeper started: its number is that of its group. */
  leader: ProcessIdentity | undefined
  paused: boolean
  /** Why it is being ended, if it is: told to, or by a rule. */
  ending:
    | { readonly kind: 'stop' }
    | { readonly kind: 'rule'; readonly end: TaskEnd }
    | { readonly kind: 'lost'; readonly reason: string }
    | undefined
  /** What the keeper said of its end. */
  exit: KeptEnd | undefined
  /** The end has been begun. */
  isEnding: boolean
  /** Looks at once whether anything of it is left. */
  wake: (() => void) | undefined
  /** Time on slots before `ranSince`, for the limit. */
  ranMs: number
  ranSince: number
  timer: NodeJS.Timeout | undefined
}

export function nameOf({ job, stage, task, attempt }: TaskRef): string {
  return `${job}/${stage}/${task}/${attempt}`
}

export class TaskRunner {
  private readonly attempts = new Map<string, Attempt>()
  private keeper: KeeperLine | undefined
  private unsaid: Parameters<KeeperLine['tell']>[0][] = []
  private strays: NodeJS.Timeout | undefined
  private closed = false

  constructor(
    private readonly settings: RunnerSettings,
    private readonly events: RunnerEvents,
  ) {}

  /** Opens the line to the keeper; returns what it knew. */
  async open(): Promise<ReadonlyMap<string, KeptTask>> {
    const keeper = await openKeeper(
      this.settings.keeperSocket,
      this.settings.niceness,
      (news) => this.hear(news),
      () => this.keeperLost(),
    )
    this.keeper = keeper
    for (const order of this.unsaid.splice(0)) keeper.tell(order)
    return new Map(keeper.known.map((task) => [task.name, task]))
  }

  get running(): number {
    return this.attempts.size
  }

  start(order: StartOrder): void {
    const { command, environment, directory, output, errors } = order
    const attempt = this.add(order)
    const marks = { ...environment, [MARK]: this.mark(attempt.name) }
    this.tell({ order: 'start', name: attempt.name, command, environment: marks, directory, output, errors })
  }

  /** Takes on what a daemon before this one had started: running still, or ended in the meantime. */
  adopt(order: Pick<StartOrder, 'task' | 'share' | 'limitSeconds'>, kept: KeptTask, paused: boolean): void {
    const attempt = this.add(order)
    attempt.leader = kept.process
    if (kept.end !== undefined) {
      attempt.exit = kept.end
      this.finish(attempt)
    } else if (kept.process !== undefined) {
      this.settings.control.begin(attempt.name, kept.process.process, attempt.share)
      this.arm(attempt)
      if (paused) this.pause(order.task)
    }
  }

  /** An attempt of which the keeper knows nothing, though it had begun: what may be left of it is ended, and it is lost. */
  lose(order: Pick<StartOrder, 'task' | 'share' | 'limitSeconds'>, process: ProcessIdentity | undefined, reason: string): void {
    const attempt = this.add(order)
    attempt.leader = runsStill(process)
    attempt.exit = {}
    this.endNow(attempt, { kind: 'lost', reason })
  }

  /** The keeper need not remember an attempt that is over. */
  forget(name: string): void {
    this.tell({ order: 'forget', name })
  }

  pause(task: TaskRef): void {
    const attempt = this.attempts.get(nameOf(task))
    if (attempt === undefined || attempt.paused) return
    attempt.paused = true
    this.disarm(attempt)
    this.settings.control.pause(attempt.name)
  }

  goOn(task: TaskRef, share: number): void {
    const attempt = this.attempts.get(nameOf(task))
    if (attempt === undefined) return
    this.setShareOf(attempt, share)
    if (!attempt.paused) return
    attempt.paused = false
    this.settings.control.goOn(attempt.name)
    if (attempt.leader !== undefined) this.arm(attempt)
  }

  setShare(job: string, share: number): void {
    for (const attempt of this.attempts.values()) if (attempt.task.job === job) this.setShareOf(attempt, share)
  }

  /** Ends an attempt with all its processes: asked first, ended after the grace. */
  stop(task: TaskRef): void {
    const attempt = this.attempts.get(nameOf(task))
    if (attempt !== undefined) this.endNow(attempt, { kind: 'stop' })
  }

  /** Ends an attempt because it broke a rule. */
  endFor(task: TaskRef, end: TaskEnd): void {
    const attempt = this.attempts.get(nameOf(task))
    if (attempt !== undefined && attempt.ending === undefined) this.endNow(attempt, { kind: 'rule', end })
  }

  /** Tasks that run or are set aside. */
  get tasks(): readonly TaskRef[] {
    return [...this.attempts.values()].map(({ task }) => task)
  }

  cpuSeconds(task: TaskRef): number | undefined {
    return this.settings.control.cpuSeconds(nameOf(task))
  }

  /** Ends all processes of this cluster that belong to no attempt. */
  endStrays(): number {
    let ended = 0
    for (const [pid, name] of this.marks()) if (!this.attempts.has(name) && signal(pid, 'SIGKILL')) ended++
    return ended
  }

  /** Lets go of the tasks; they run on. With `quit`, the keeper ends too. */
  close(quit: boolean): void {
    this.closed = true
    clearTimeout(this.strays)
    for (const attempt of this.attempts.values()) this.disarm(attempt)
    if (quit) this.keeper?.tell({ order: 'quit' })
  }

  // ---- what the keeper says

  private hear(news: KeeperNews): void {
    if (news.news === 'known') return
    const attempt = this.attempts.get(news.name)
    if (attempt === undefined) return
    if (news.news === 'ended') {
      attempt.exit = news.end
      if (attempt.isEnding) attempt.wake?.()
      else this.finish(attempt)
      return
    }
    attempt.leader = news.process
    this.events.started(attempt.task, news.process)
    this.settings.control.begin(attempt.name, news.process.process, attempt.share)
    if (attempt.paused) this.settings.control.pause(attempt.name)
    else this.arm(attempt)
  }

  private keeperLost(): void {
    this.keeper = undefined
    if (this.closed) return
    for (const attempt of [...this.attempts.values()]) {
      attempt.exit ??= {}
      attempt.leader = runsStill(attempt.leader)
      this.endNow(attempt, attempt.ending ?? { kind: 'lost', reason: 'the process that kept the tasks was gone' })
    }
    void this.open()
  }

  private tell(order: Parameters<KeeperLine['tell']>[0]): void {
    if (this.keeper === undefined) this.unsaid.push(order)
    else this.keeper.tell(order)
  }

  // ---- ends

  /** It has ended by itself; nothing that it started lives on. */
  private finish(attempt: Attempt): void {
    const { name, leader, exit } = attempt
    if ((leader !== undefined && groupIsThere(leader.process)) || this.settings.control.members(name).length > 0) {
      this.endNow(attempt, attempt.ending ?? { kind: 'rule', end: endOf(exit!) })
      return
    }
    this.over(attempt)
    this.strays ??= setTimeout(() => {
      this.strays = undefined
      this.endStrays()
    }, STRAY_MS)
  }

  private endNow(attempt: Attempt, why: NonNullable<Attempt['ending']>): void {
    attempt.ending ??= why
    if (attempt.isEnding) return
    attempt.isEnding = true
    this.disarm(attempt)
    // what its task left behind has had its time
    void this.end(attempt, attempt.exit === undefined ? this.settings.graceSeconds * 1000 : 0)
  }

  private async end(attempt: Attempt, graceMs: number): Promise<void> {
    const deadline = performance.now() + graceMs
    let asked = false
    for (;;) {
      const left = attempt.leader === undefined && attempt.exit === undefined ? [] : this.survivors(attempt)
      if (left.length === 0 && attempt.exit !== undefined) break
      const late = performance.now() >= deadline
      if (late) for (const pid of left) signal(pid, 'SIGKILL')
      else if (!asked && left.length > 0) {
        asked = true
        for (const pid of left) signal(pid, 'SIGTERM')
        // who is stopped does not hear that it is to end
        this.settings.control.goOn(attempt.name)
      }
      await new Promise<void>((resolve) => {
        attempt.wake = resolve
        setTimeout(resolve, LOOK_MS)
      })
      if (this.closed) return
    }
    this.over(attempt)
  }

  private survivors({ name, leader }: Attempt): number[] {
    const found = new Set(this.settings.control.members(name))
    for (const pid of leader === undefined ? [] : groupMembers(leader.process)) found.add(pid)
    for (const [pid, of] of this.marks()) if (of === name) found.add(pid)
    return [...found]
  }

  private over(attempt: Attempt): void {
    const { name, task, ending, exit } = attempt
    const cpuSeconds = this.settings.control.cpuSeconds(name) ?? 0
    this.disarm(attempt)
    this.settings.control.end(name)
    this.attempts.delete(name)
    if (ending?.kind === 'stop') this.events.over(task, { kind: 'stopped', cpuSeconds })
    else if (ending?.kind === 'lost') this.events.over(task, ending)
    else this.events.over(task, { kind: 'ended', end: { ...(ending?.end ?? endOf(exit!)), cpuSeconds } })
    // only now is its end written down
    this.forget(name)
  }

  // ---- shares and limits

  private add({ task, share, limitSeconds }: Pick<StartOrder, 'task' | 'share' | 'limitSeconds'>): Attempt {
    const attempt: Attempt = {
      task,
      name: nameOf(task),
      limitSeconds,
      share,
      leader: undefined,
      paused: false,
      ending: undefined,
      exit: undefined,
      isEnding: false,
      wake: undefined,
      ranMs: 0,
      ranSince: 0,
      timer: undefined,
    }
    this.attempts.set(attempt.name, attempt)
    return attempt
  }

  private setShareOf(attempt: Attempt, share: number): void {
    attempt.share = share
    this.settings.control.setShare(attempt.name, share)
  }

  private arm(attempt: Attempt): void {
    attempt.ranSince = performance.now()
    const { limitSeconds } = attempt
    if (limitSeconds === undefined) return
    const reason = `ran longer than its limit of ${limitSeconds} s`
    const leftMs = Math.max(0, limitSeconds * 1000 - attempt.ranMs)
    // a timer takes no more than some weeks
    attempt.timer = setTimeout(() => this.endFor(attempt.task, { result: 'timeout', reason }), Math.min(leftMs, 2 ** 31 - 1))
  }

  private disarm(attempt: Attempt): void {
    clearTimeout(attempt.timer)
    if (attempt.leader !== undefined && attempt.ranSince > 0) attempt.ranMs += performance.now() - attempt.ranSince
    attempt.ranSince = 0
  }

  // ---- marks

  private mark(name: string): string {
    return `${this.settings.cluster}:${name}`
  }

  /** Processes of this cluster by the attempt that they belong to. */
  private marks(): [number, string][] {
    const own = `${this.settings.cluster}:`
    return [...marked(MARK)].filter(([, mark]) => mark.startsWith(own)).map(([pid, mark]) => [pid, mark.slice(own.length)])
  }
}

/** Nobody keeps the number of a process that has no parent of ours any more: it may be somebody else’s by now. */
function runsStill(leader: ProcessIdentity | undefined): ProcessIdentity | undefined {
  return leader !== undefined && stillRuns(leader) ? leader : undefined
}

function endOf({ code, signal: by, failure }: KeptEnd): TaskEnd {
  if (code === 0) return { result: 'complete' }
  const reason =
    failure !== undefined ? `could not be started: ${failure}` : by !== undefined ? `ended by ${by}` : `exit code ${code}`
  return { result: 'fail', reason }
}
