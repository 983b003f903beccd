/** What a policy wants done to a cluster now, and doing it once: all of it, or none. */
import {
  type AppliedStep,
  appliedSteps,
  applyOnce,
  beyondReach,
  type Decision,
  Journal,
  recover,
  type Step,
  steer,
  undoStep,
} from '../../control/index.js'
import { openLedger } from '../../drivers/index.js'
import {
  type ActionKind,
  type ClusterAction,
  type Driver,
  type IssueReport,
  isRefusal,
  type Observation,
  type Refusal,
  undoOf,
} from '../../model/index.js'
import { type SessionRequest, steeringSettings } from './session.js'

export interface ApplyAsked extends Pick<SessionRequest, 'driver' | 'wanted' | 'choice' | 'seed' | 'classBy'> {
  /** Kinds that may be done although nothing takes them back. */
  readonly irreversible?: readonly ActionKind[]
}

export interface Intended {
  readonly decisions: readonly Decision[]
  /** What takes each back. */
  readonly undo: readonly (readonly ClusterAction[] | { readonly irreversible: string })[]
  readonly caveats: readonly string[]
}

/** What would be done now; sprints and early termination are left out, since they need somebody who watches. */
export async function intend(asked: ApplyAsked): Promise<Intended | Refusal> {
  const { driver, wanted } = asked
  const observation = await driver.observe({ tasks: Object.keys(wanted.policy.drop).length > 0 })
  if (isRefusal(observation)) return observation
  const capabilities = await driver.capabilities()
  const steering = steer(steeringSettings(asked, observation, capabilities, undefined))
  const caveats = [...beyondReach(wanted.policy, observation.discipline, capabilities), ...(observation.missing ?? [])]
  const decisions = steering.decide(observation).filter(({ action: { kind } }) => {
    return kind !== 'sprint' && kind !== 'cancel' && capabilities.actions[kind].permitted
  })
  if (wanted.policy.sprint) caveats.push('sprints are timed while somebody watches: halftone watch does them')
  if (wanted.policy.stopAfterSeconds) caveats.push('early termination is timed while somebody watches: halftone watch does it')
  caveats.push(...jobsToCome(wanted.policy))
  return { decisions, undo: decisions.map(({ action }) => undoField(action, observation)), caveats }
}

export type Applied =
  | { readonly ok: true; readonly steps: readonly AppliedStep[]; readonly failure?: string }
  | { readonly ok: false; readonly issues: IssueReport }
  | Refusal

/** Does them once, journalled in the ledger; what a dead controller left open there is put in order first. */
export async function applyIntended(
  { driver, wanted, irreversible = [] }: ApplyAsked,
  { decisions }: Intended,
  ledgerPath: string,
  given: { readonly signal?: AbortSignal; readonly onStep?: (done: number, of: number) => void } = {},
): Promise<Applied> {
  return withJournal(driver, ledgerPath, async (journal) => {
    const { name } = wanted.policy
    const steps = await applyOnce({ driver, journal, decisions, policy: name, process: process.pid, irreversible, ...given })
    const failed = steps.find(({ outcome, note }) => outcome === 'failed' || (outcome !== 'done' && note !== undefined))
    return { ok: true, steps, ...(failed ? { failure: failed.note ?? 'failed' } : {}) }
  })
}

/** The steps that the last run which applied something left, as a dry run sees them. */
export async function takeBackApplied(driver: Driver, ledgerPath: string, commit: boolean): Promise<Applied> {
  return withJournal(driver, ledgerPath, async (journal) => {
    const steps = appliedSteps(journal.before).reverse()
    const observation = await driver.observe({ tasks: true })
    if (isRefusal(observation)) return observation
    const outcomes: AppliedStep[] = []
    for (const step of steps) outcomes.push(await takeBack(step, driver, journal, observation, commit))
    const failed = outcomes.find(({ outcome }) => outcome === 'undo-failed')
    return { ok: true, steps: outcomes, ...(failed ? { failure: failed.note ?? 'failed' } : {}) }
  })
}

async function takeBack(
  step: Step,
  driver: Driver,
  journal: Journal,
  observation: Observation,
  commit: boolean,
): Promise<AppliedStep> {
  const { action, undo } = step
  const reason = 'asked for'
  if (!commit) return { action, undo, reason, outcome: 'not-begun' }
  const undone = await undoStep(step, reason, { driver, write: (...lines) => journal.write(...lines), observation })
  if (!undone.ok) return { action, undo, reason, outcome: 'undo-failed', note: undone.reason }
  return { action, undo, reason, outcome: 'undone', ...(undone.note === undefined ? {} : { note: undone.note }) }
}

async function withJournal(driver: Driver, path: string, work: (journal: Journal) => Promise<Applied>): Promise<Applied> {
  const opening = openLedger(path)
  if (isRefusal(opening) || !opening.ok) return opening
  const { ledger } = opening
  try {
    const journal = new Journal(ledger, driver.clock, `${process.pid}-${Date.now().toString(36)}`)
    if (ledger.torn !== undefined) await journal.write({ kind: 'note', message: `a torn last line was cut off: ${ledger.torn}` })
    const recovered = await recover({ journal, driver })
    return isRefusal(recovered) ? recovered : await work(journal)
  } finally {
    await ledger.close()
  }
}

function undoField(action: ClusterAction, observation: Observation) {
  const undo = undoOf(action, observation)
  return undo.kind === 'undo' ? undo.actions : { irreversible: undo.reason }
}

/** Priorities and drops are for the jobs that are there now. */
function jobsToCome({ drop, discipline }: SessionRequest['wanted']['policy']): string[] {
  const which = [
    ...(discipline.startsWith('priority-') ? ['priorities'] : []),
    ...(Object.keys(drop).length > 0 ? ['drops'] : []),
  ]
  return which.length === 0
    ? []
    : [`${which.join(' and ')} are for the jobs that are there now: halftone watch does them for jobs to come`]
}
