/**
 * Actions done once, one after the other: each journalled before it happens and looked for afterwards, and all taken back, the last first, as
 * soon as one is refused or shows no effect. Whoever dies in the middle leaves a ledger from which all of it is taken back.
 */
import {
  type ActionKind,
  type ClusterAction,
  type Driver,
  isRefusal,
  type LedgerEntry,
  type Observation,
  type StopSignal,
  type Undo,
  undoOf,
} from '../model/index.js'
import type { Decision } from './decision.js'
import { effectOf } from './effect.js'
import type { Journal } from './journal.js'
import type { Step } from './steps.js'
import { undoStep } from './undo.js'

export interface ApplyRequest {
  readonly driver: Driver
  readonly journal: Journal
  readonly decisions: readonly Decision[]
  readonly policy: string
  readonly process?: number
  /** An effect that no look shows by then counts as a failure. */
  readonly effectWithinSeconds?: number
  /** Kinds that may be done although nothing takes them back. */
  readonly irreversible?: readonly ActionKind[]
  readonly signal?: StopSignal
  readonly onStep?: (done: number, of: number) => void
}

export interface AppliedStep {
  readonly action: ClusterAction
  readonly reason: string
  readonly outcome: 'done' | 'failed' | 'not-begun' | 'undone' | 'undo-failed'
  readonly note?: string
  /** What takes it back, where it was looked up in a ledger. */
  readonly undo?: Step['undo']
}

type Outcome = Pick<AppliedStep, 'outcome' | 'note'>

interface Failure {
  /** Which decision it was. */
  readonly at: number
  readonly reason: string
}

const APPLIED = 'applied'

export async function applyOnce(request: ApplyRequest): Promise<AppliedStep[]> {
  const { driver, journal, decisions, policy, process, onStep } = request
  await journal.write({
    kind: 'opened',
    driver: driver.name,
    commit: true,
    policy,
    keeps: [],
    ...(process === undefined ? {} : { process }),
  })
  const begun: Step[] = []
  let failure: Failure | undefined
  for (const [at, decision] of decisions.entries()) {
    const reason = await begin(request, decision, begun)
    if (reason !== undefined) {
      failure = { at, reason }
      break
    }
    onStep?.(at + 1, decisions.length)
  }
  const outcomes = failure === undefined ? await keepAll(journal, begun) : await rollBack(request, begun, failure)
  return decisions.map(({ action, reason }, i) => ({ action, reason, ...(outcomes[i] ?? { outcome: 'not-begun' as const }) }))
}

/** The steps of the last run that applied something and that nobody has taken back since, in the order in which they were done. */
export function appliedSteps(entries: readonly LedgerEntry[]): Step[] {
  const run = entries.findLast(
    ({ kind, ...entry }) => kind === 'closed' && 'reason' in entry && entry.reason === APPLIED,
  )?.controller
  const steps = new Map<string, Step>()
  for (const entry of entries) {
    if (entry.kind === 'intent' && entry.controller === run) {
      const { step: id, controller, action, undo, atSeconds } = entry
      steps.set(id, { id, controller, action, undo, atSeconds, done: true, keep: false })
    } else if (entry.kind === 'undone' || entry.kind === 'refused') steps.delete(entry.step)
  }
  return [...steps.values()]
}

/** Does one and waits until it shows; the reason where it failed. Adds it to `begun` unless the cluster refused it. */
async function begin(request: ApplyRequest, { action, reason }: Decision, begun: Step[]): Promise<string | undefined> {
  const { driver, journal, irreversible = [], signal } = request
  if (signal?.aborted) return 'stopped before it was begun'
  const seen = await lookAt(driver)
  if (typeof seen === 'string') return seen
  const undo = undoOf(action, seen)
  if (undo.kind === 'irreversible' && !irreversible.includes(action.kind)) return `${action.kind} needs leave: ${undo.reason}`
  const step: Step = {
    id: `${journal.controller}-${begun.length}`,
    controller: journal.controller,
    action,
    undo: fieldOf(undo),
    atSeconds: driver.clock.now(),
    done: false,
    keep: false,
  }
  await journal.write({ kind: 'intent', step: step.id, action, undo: fieldOf(undo), reason })
  const answer = await driver.enact(action).catch((error: unknown) => messageOf(error))
  if (isRefusal(answer)) {
    await journal.write({ kind: 'refused', step: step.id, reason: answer.message })
    return answer.message
  }
  begun.push(step)
  if (typeof answer === 'string') return answer
  step.done = true
  const { jobId, note } = answer
  await journal.write({
    kind: 'done',
    step: step.id,
    ...(jobId === undefined ? {} : { jobId }),
    ...(note === undefined ? {} : { note }),
  })
  return await shows(request, action)
}

/** Looks until the effect shows; the reason where it does not in time. */
async function shows(
  { driver, effectWithinSeconds = 10, signal }: ApplyRequest,
  action: ClusterAction,
): Promise<string | undefined> {
  const deadline = driver.clock.monotonic() + effectWithinSeconds
  for (let pause = 0.02; ; pause = Math.min(1, 2 * pause)) {
    const seen = await lookAt(driver)
    if (typeof seen !== 'string' && effectOf(action, seen) !== 'not-yet') return undefined
    if (signal?.aborted) return 'stopped before its effect was seen'
    if (driver.clock.monotonic() >= deadline)
      return typeof seen === 'string' ? seen : `its effect was not seen within ${effectWithinSeconds} s`
    await driver.clock.sleep(pause, signal)
  }
}

async function keepAll(journal: Journal, begun: readonly Step[]): Promise<Outcome[]> {
  const kept = begun.map(({ id }) => ({ kind: 'kept' as const, step: id, reason: 'its effect is seen', stays: true }))
  await journal.write(...kept, { kind: 'closed', reason: APPLIED })
  return begun.map(() => ({ outcome: 'done' }))
}

async function rollBack({ driver, journal }: ApplyRequest, begun: readonly Step[], failure: Failure): Promise<Outcome[]> {
  const seen = await lookAt(driver)
  const known = typeof seen === 'string' ? {} : { observation: seen }
  const outcomes: Outcome[] = []
  for (const step of [...begun].reverse()) {
    const undone = await undoStep(step, failure.reason, { driver, write: (...lines) => journal.write(...lines), ...known })
    outcomes.unshift(undone.ok ? { outcome: 'undone' } : { outcome: 'undo-failed', note: undone.reason })
  }
  if (outcomes.every(({ outcome }) => outcome === 'undone'))
    await journal.write({ kind: 'closed', reason: `rolled back: ${failure.reason}` })
  // what the cluster refused left nothing to take back
  outcomes[failure.at] = { outcome: outcomes[failure.at]?.outcome ?? 'failed', note: failure.reason }
  return outcomes
}

async function lookAt(driver: Driver): Promise<Observation | string> {
  try {
    const seen = await driver.observe({ tasks: true })
    return isRefusal(seen) ? seen.message : seen
  } catch (error) {
    return messageOf(error)
  }
}

const fieldOf = (undo: Undo) => (undo.kind === 'undo' ? [...undo.actions] : { irreversible: undo.reason })
const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
