/**
 * What a controller that died left behind, put in order before anybody acts again: every open step of the ledger is taken back, the last
 * first; a step of a kind that was to be kept is completed where the cluster shows it done. Doing it twice is the same as once: what was put
 * in order is journalled as such, and each action is looked at before it is done.
 */
import { type Driver, isRefusal, LIVE_STATES, type Observation, type Refusal } from '../model/index.js'
import { effectOf } from './effect.js'
import type { Journal } from './journal.js'
import { openSteps, type Step } from './steps.js'
import { undoStep } from './undo.js'

export interface Recovered {
  readonly step: string
  readonly outcome: 'undone' | 'kept' | 'never-happened' | 'undo-failed'
  readonly note?: string
}

export interface RecoverSettings {
  readonly journal: Journal
  readonly driver: Driver
}

/** Returns what became of each open step; a refusal where the cluster does not answer, which leaves all of them open. */
export async function recover({ journal, driver }: RecoverSettings): Promise<Recovered[] | Refusal> {
  const open = openSteps(journal.before).reverse()
  if (open.length === 0) return []
  const observation = await driver.observe({ tasks: true })
  if (isRefusal(observation)) return observation
  const outcomes: Recovered[] = []
  for (const step of open) outcomes.push(await settle(step, observation, { journal, driver }))
  return outcomes
}

async function settle(step: Step, observation: Observation, { journal, driver }: RecoverSettings): Promise<Recovered> {
  const stays = step.keep || 'irreversible' in step.undo || step.action.kind === 'submit'
  if (stays) {
    if (step.done || effectOf(step.action, observation) === 'seen') {
      const jobId = step.action.kind === 'submit' ? idOf(step.action.spec.key, observation) : undefined
      await journal.write(
        ...(step.done ? [] : [{ kind: 'done' as const, step: step.id, ...(jobId === undefined ? {} : { jobId }) }]),
        { kind: 'kept', step: step.id, reason: 'found done after its controller was gone', stays: true },
      )
      return { step: step.id, outcome: 'kept' }
    }
    const note = 'not seen to have happened'
    await journal.write({ kind: 'refused', step: step.id, reason: note })
    return { step: step.id, outcome: 'never-happened', note }
  }
  const undone = await undoStep(step, 'its controller was gone', {
    driver,
    write: (...lines) => journal.write(...lines),
    observation,
  })
  if (!undone.ok) return { step: step.id, outcome: 'undo-failed', note: undone.reason }
  return { step: step.id, outcome: 'undone', ...(undone.note === undefined ? {} : { note: undone.note }) }
}

function idOf(key: string, { jobs }: Observation): string | undefined {
  const found = jobs.filter((job) => job.key === key)
  return (found.find(({ state }) => LIVE_STATES.has(state)) ?? found[0])?.id
}
