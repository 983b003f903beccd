/**
 * What holds an action back that the steering wants: each guard says no with its reason, which goes to the ledger.
 *
 *   rate          more actions in the last minute than allowed
 *   blast-radius  a larger share of the live jobs (or nodes) touched within the window than allowed
 *   stale         the look that the decision stands on is too old
 *   clock-jump    the machine’s clock was set: times of looks and jobs do not go together; held for as long as a look may be old
 *   model-error   jobs end so differently from what was predicted that the plan no longer stands on anything
 *   irreversible  what cannot be undone needs leave, by kind
 *
 * What only takes back an earlier action is never held back.
 */
import { type ActionKind, type Clock, type ClusterAction, LIVE_STATES, type Observation, type Undo } from '../model/index.js'
import type { Decision } from './decision.js'
import type { Scores } from './scores.js'

export interface GuardSettings {
  readonly actionsPerMinute: number
  /** At most this share of the live jobs, and of the nodes, is touched within the window; `always` many jobs may be. */
  readonly blast: { readonly share: number; readonly windowSeconds: number; readonly always: number }
  readonly staleAfterSeconds: number
  readonly clockJumpSeconds: number
  /** Relative error of the mean response of a class, of at least so many ended jobs (the last 200), beyond which nothing is done. */
  readonly modelError: { readonly atMost: number; readonly jobsAtLeast: number }
  /** Kinds that may be done although nothing takes them back. */
  readonly irreversible: readonly ActionKind[]
}

export const GUARD_DEFAULTS: GuardSettings = {
  actionsPerMinute: 120,
  blast: { share: 0.5, windowSeconds: 60, always: 20 },
  staleAfterSeconds: 10,
  clockJumpSeconds: 5,
  modelError: { atMost: 0.5, jobsAtLeast: 30 },
  irreversible: [],
}

export type GuardName = 'rate' | 'blast-radius' | 'stale' | 'clock-jump' | 'model-error' | 'irreversible'

export interface Held {
  readonly guard: GuardName
  readonly reason: string
  /** It holds back all that is wanted now, not this action alone. */
  readonly all: boolean
}

/** Mean responses that the plan stands on, by class. */
export type Predicted = Readonly<Record<string, number>>

export class Guard {
  /** Instants of the actions of the last minute, on the monotonic clock. */
  private times: number[] = []
  /** When each job or node was last touched. */
  private readonly touched = new Map<string, number>()
  private offset: number | undefined
  private jump: { readonly seconds: number; readonly until: number } | undefined

  constructor(
    private readonly settings: GuardSettings,
    private readonly clock: Clock,
    private readonly scores: Scores,
    private readonly predicted: Predicted = {},
  ) {}

  /** To be told at each look: compares the machine’s clock with the one that nobody sets. */
  look(): void {
    const monotonic = this.clock.monotonic()
    const offset = this.clock.now() - monotonic
    const seconds = offset - (this.offset ?? offset)
    this.offset = offset
    if (Math.abs(seconds) > this.settings.clockJumpSeconds)
      this.jump = { seconds, until: monotonic + this.settings.staleAfterSeconds }
    else if (this.jump && monotonic >= this.jump.until) this.jump = undefined
  }

  /** Why the action is not to be done now; undefined: it may be. */
  holds({ action, restores }: Decision, observation: Observation, undo: Undo): Held | undefined {
    if (restores) return undefined
    return this.world(observation) ?? this.allowance(action, observation) ?? this.leave(action, undo)
  }

  /** To be told of each action that is done. */
  enacted(action: ClusterAction): void {
    const now = this.clock.monotonic()
    this.times.push(now)
    const target = targetOf(action)
    if (target !== undefined) this.touched.set(target, now)
  }

  private world(observation: Observation): Held | undefined {
    const { staleAfterSeconds, modelError } = this.settings
    if (this.jump) {
      const reason = `the clock was set ${this.jump.seconds > 0 ? 'forward' : 'back'} by ${round(Math.abs(this.jump.seconds))} s`
      return { guard: 'clock-jump', reason, all: true }
    }
    const age = this.clock.now() - observation.atSeconds
    if (age > staleAfterSeconds)
      return { guard: 'stale', reason: `the look is ${round(age)} s old, at most ${staleAfterSeconds} s are allowed`, all: true }
    for (const [name, predicted] of Object.entries(this.predicted)) {
      const score = this.scores.of(name)
      if (score === undefined || score.jobs < modelError.jobsAtLeast) continue
      const error = score.meanSeconds / predicted - 1
      if (Math.abs(error) <= modelError.atMost) continue
      const reason = `class ${name}: mean response ${round(score.meanSeconds)} s where ${round(predicted)} s was predicted (${score.jobs} jobs)`
      return { guard: 'model-error', reason, all: true }
    }
    return undefined
  }

  private allowance(action: ClusterAction, { jobs, nodes }: Observation): Held | undefined {
    const { actionsPerMinute, blast } = this.settings
    const now = this.clock.monotonic()
    this.times = this.times.filter((time) => time > now - 60)
    if (this.times.length >= actionsPerMinute)
      return { guard: 'rate', reason: `${actionsPerMinute} actions in the last minute`, all: true }
    const target = targetOf(action)
    if (target === undefined || this.touched.has(target)) return undefined
    const kind = target[0]!
    for (const [one, time] of this.touched) if (time <= now - blast.windowSeconds) this.touched.delete(one)
    let already = 0
    for (const one of this.touched.keys()) if (one[0] === kind) already++
    const present = kind === 'n' ? nodes.length : jobs.filter(({ state }) => LIVE_STATES.has(state)).length
    const allowed = Math.max(kind === 'n' ? 1 : blast.always, Math.floor(blast.share * present))
    if (already < allowed) return undefined
    const what = kind === 'n' ? 'nodes' : 'live jobs'
    const reason = `${already} of ${present} ${what} were touched in the last ${blast.windowSeconds} s, at most ${allowed} are allowed`
    return { guard: 'blast-radius', reason, all: true }
  }

  private leave(action: ClusterAction, undo: Undo): Held | undefined {
    if (undo.kind === 'undo' || this.settings.irreversible.includes(action.kind)) return undefined
    return { guard: 'irreversible', reason: `${action.kind} needs leave: ${undo.reason}`, all: false }
  }
}

function targetOf(action: ClusterAction): string | undefined {
  if ('job' in action) return `j ${action.job}`
  return 'node' in action ? `n ${action.node}` : undefined
}

const round = (x: number): number => Number(x.toPrecision(3))
