/**
 * What an embedded cluster knows: its scheduler and lease, changed only by what is in the journal. Reading a journal back goes the same way as living
 * through it, but that nothing is done: what was decided is only noted, and what is still to be done is found by it afterwards.
 */
import { isRefusal, type JobSpec, type Refusal } from '../../model/index.js'
import type { ProcessIdentity } from '../ledger/process.js'
import { type Decision, Scheduler, type Taken, type TaskRef } from '../scheduler/index.js'
import type { Anchor } from './clock.js'
import type { ClusterShape, JournalEntry } from './journal.js'
import { Lease } from './lease.js'
import { nameOf } from './runner.js'

/** An attempt that the scheduler began and has not been told the end of. */
export interface OpenAttempt {
  readonly task: TaskRef
  readonly start: Extract<Decision, { kind: 'start' | 'continue' }>
  readonly process?: ProcessIdentity
  readonly suspended: boolean
  readonly stopping: boolean
}

export class ClusterState {
  readonly scheduler: Scheduler
  readonly lease: Lease
  readonly specs = new Map<string, JobSpec>()
  readonly attempts = new Map<string, OpenAttempt>()
  /** Of the last daemon that served. */
  anchor: Anchor | undefined

  constructor(shape: ClusterShape, leaseSeconds: number) {
    this.scheduler = new Scheduler(shape)
    this.lease = new Lease(leaseSeconds)
  }

  /** Takes an entry of the journal in; what the scheduler answered, where it was asked. */
  take(entry: JournalEntry, heardAt: number): Taken | Refusal | undefined {
    const { scheduler, lease } = this
    switch (entry.entry) {
      case 'submit': {
        const taken = scheduler.submit(entry.spec, entry.at)
        if (!isRefusal(taken) && scheduler.job(taken.jobId!)?.end === undefined) this.specs.set(taken.jobId!, entry.spec)
        return this.noted(taken)
      }
      case 'act': {
        const before = scheduler.disciplineInForce
        const taken = scheduler.act(entry.action, entry.at)
        if (!isRefusal(taken) && entry.action.kind === 'discipline' && entry.by !== undefined) lease.noteDiscipline(before)
        return this.noted(taken)
      }
      case 'started': {
        const attempt = this.attempts.get(nameOf(entry.task))
        if (attempt) this.attempts.set(nameOf(entry.task), { ...attempt, process: entry.process })
        return undefined
      }
      case 'ended':
        return this.over(entry.task, () => scheduler.taskEnded(entry.task, entry.end, entry.at))
      case 'stopped':
        return this.over(entry.task, () => scheduler.taskStopped(entry.task, entry.at, entry.cpuSeconds))
      case 'lost':
        return this.over(entry.task, () => scheduler.taskLost(entry.task, entry.at))
      case 'lease':
        if (entry.what === 'taken') lease.take(entry.by, heardAt)
        else lease.end()
        return undefined
      case 'opened':
        this.anchor = entry.anchor
        return undefined
      default:
        return undefined
    }
  }

  private over(task: TaskRef, tell: () => readonly Decision[]): Taken {
    this.attempts.delete(nameOf(task))
    return this.noted({ kind: 'taken', decisions: tell() }) as Taken
  }

  private noted(taken: Taken | Refusal): Taken | Refusal {
    if (!isRefusal(taken)) for (const decision of taken.decisions) this.note(decision)
    return taken
  }

  private note(decision: Decision): void {
    if (decision.kind === 'speed') return
    if (decision.kind === 'over') {
      this.specs.delete(decision.job)
      return
    }
    const name = nameOf(decision.task)
    const attempt = this.attempts.get(name)
    if (decision.kind === 'start')
      this.attempts.set(name, { task: decision.task, start: decision, suspended: false, stopping: false })
    else if (attempt === undefined) return
    else if (decision.kind === 'continue') this.attempts.set(name, { ...attempt, suspended: false })
    else if (decision.kind === 'suspend') this.attempts.set(name, { ...attempt, suspended: true })
    else this.attempts.set(name, { ...attempt, stopping: true })
  }
}
