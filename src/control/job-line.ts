import type { ObservedJob } from '../model/index.js'
import type { LedgerBody } from './journal.js'

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
