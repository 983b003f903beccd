/** What a look leaves in the ledger: a line a job that ended, and from time to time one about the whole. */
import type { Observation, ObservedJob } from '../model/index.js'
import type { LedgerBody } from './journal.js'
import { briefly, type Steering } from './steering.js'

/** The line of the ledger about a job that ended: together these lines read as a trace. */
export function jobLine(job: ObservedJob, className: string | undefined): LedgerBody {
  const { id, key, user, queue, state, submitSeconds, startSeconds, endSeconds, slots, stages, restarts, wastedSeconds } = job
  const given = { key, className, user, queue, startSeconds, endSeconds, restarts, wastedSeconds }
  const known = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
  const sums = stages && {
    tasks: stages.reduce((sum, { tasks }) => sum + tasks, 0),
    withdrawn: stages.reduce((sum, { withdrawn }) => sum + withdrawn, 0),
  }
  return { kind: 'job', job: id, state, submitSeconds, slots, ...known, ...sums } as LedgerBody
}

/** The line of the ledger about a whole look; `remembers`: with what a steering that takes over needs to know. */
export function observedLine({ nodes, jobs }: Observation, steering: Steering, remembers: boolean): LedgerBody {
  let [pending, running] = [0, 0]
  for (const { state } of jobs) {
    if (state === 'pending') pending++
    else if (state === 'running') running++
  }
  const { budget } = steering
  return {
    kind: 'observed',
    nodes: nodes.length,
    slots: nodes.reduce((sum, { slots }) => sum + slots, 0),
    busySlots: nodes.reduce((sum, { busySlots }) => sum + busySlots, 0),
    pending,
    running,
    ...(budget ? { [budget.unit === 'seconds' ? 'budgetSeconds' : 'budgetJoules']: budget.level } : {}),
    ...(remembers ? { steering: { ...briefly(steering.save()) } } : {}),
  }
}
