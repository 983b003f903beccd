/**
 * Takes one step back: journalled, then done action by action, leaving out what a look shows to be so already, then journalled as undone. Doing
 * it twice is the same as once, so whoever dies in the middle leaves a step that the next one takes back again.
 */
import { type ClusterAction, type Driver, isRefusal, type Observation } from '../model/index.js'
import { effectOf } from './effect.js'
import type { LedgerBody } from './journal.js'
import type { Step } from './steps.js'

export type UndoOutcome = { readonly ok: true; readonly note?: string } | { readonly ok: false; readonly reason: string }

export interface UndoSettings {
  readonly driver: Driver
  /** Puts lines into the ledger. Going back is safer than staying, so it goes on where they cannot be written. */
  readonly write: (...bodies: readonly LedgerBody[]) => Promise<unknown>
  /** What is known of the cluster, where it answers. */
  readonly observation?: Observation
}

export async function undoStep(step: Step, reason: string, { driver, write, observation }: UndoSettings): Promise<UndoOutcome> {
  if ('irreversible' in step.undo) {
    const message = `cannot be taken back: ${step.undo.irreversible}`
    await write({ kind: 'kept', step: step.id, reason: message, stays: true })
    return { ok: true, note: message }
  }
  const lacking = observation ? step.undo.filter((action) => effectOf(action, observation) === 'not-yet') : step.undo
  // of a step that is not known to be done, the look may be too early to tell
  const actions = step.done || !observation ? lacking : step.undo.filter((action) => effectOf(action, observation) !== 'gone')
  if (actions.length === 0) {
    const note = step.undo.some((action) => observation && effectOf(action, observation) === 'gone')
      ? 'the job is gone'
      : 'as it was before'
    await write({ kind: 'undone', step: step.id, note })
    return { ok: true, note }
  }
  await write({ kind: 'undoing', step: step.id, actions: [...actions], reason })
  for (const action of actions) {
    const failure = await attempt(driver, action)
    if (failure === undefined) continue
    if (observation && runsAlready(action, observation)) {
      const note = `the job runs already, so its place in the queue no longer matters (${failure})`
      await write({ kind: 'undone', step: step.id, note })
      return { ok: true, note }
    }
    await write({ kind: 'undo-failed', step: step.id, reason: failure })
    return { ok: false, reason: failure }
  }
  await write({ kind: 'undone', step: step.id })
  return { ok: true }
}

async function attempt(driver: Driver, action: ClusterAction): Promise<string | undefined> {
  try {
    const answer = await driver.enact(action)
    return isRefusal(answer) ? answer.message : undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

function runsAlready(action: ClusterAction, { jobs }: Observation): boolean {
  return action.kind === 'prioritise' && jobs.some(({ id, state }) => id === action.job && state === 'running')
}
