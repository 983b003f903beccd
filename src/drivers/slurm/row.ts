/** A line of Slurm’s queue, however it was read: a job, a task of an array, or the tasks of an array that are still to start. */
export interface QueueRow {
  /** Differs between the tasks of an array. */
  readonly jobId: number
  /** Of the array; the job’s own where it is none. */
  readonly arrayId: number
  /** Absent for a job that is no array, and for the line of those that are still to start. */
  readonly task?: number
  /** Those still to start, in Slurm’s writing; it may be cut. */
  readonly waiting?: string
  readonly name: string
  readonly user: string
  readonly queue: string
  readonly qos: string
  /** Slurm’s word: PENDING, RUNNING, COMPLETED, … */
  readonly state: string
  readonly reason: string
  readonly priority: number
  readonly nice: number
  readonly submitSeconds: number
  /** Absent where it has not begun. */
  readonly startSeconds?: number
  /** Absent where it has not ended. */
  readonly endSeconds?: number
  readonly limitSeconds?: number
  readonly processors: number
  readonly nodes: string
  readonly restarts: number
}

/** A node of Slurm’s. */
export interface NodeRow {
  readonly name: string
  readonly processors: number
  readonly busyProcessors: number
  /** Slurm’s words in small letters, flags included: `idle`, `mixed+drain`, `down*`. */
  readonly state: string
  readonly reason?: string
  /** Host on which its slurmd runs, where that was read. */
  readonly host?: string
}

const WAITING = new Set(['PENDING', 'CONFIGURING', 'REQUEUED', 'REQUEUE_HOLD', 'REQUEUE_FED', 'SPECIAL_EXIT', 'RESV_DEL_HOLD'])
const RUNNING = new Set(['RUNNING', 'COMPLETING', 'RESIZING', 'STAGE_OUT', 'SIGNALING', 'STOPPED'])

export type RowPhase = 'waiting' | 'running' | 'suspended' | 'ended'

export function phaseOf({ state }: Pick<QueueRow, 'state'>): RowPhase {
  if (WAITING.has(state)) return 'waiting'
  if (RUNNING.has(state)) return 'running'
  return state === 'SUSPENDED' ? 'suspended' : 'ended'
}

export const isHeld = (row: QueueRow): boolean =>
  phaseOf(row) === 'waiting' &&
  (/^JobHeld(User|Admin)$/.test(row.reason) || row.priority === 0 || row.state === 'REQUEUE_HOLD' || row.state === 'SPECIAL_EXIT')

/** What Slurm's commands call the job, task or tasks of a line. */
export function targetOf({ arrayId, task, waiting }: QueueRow): string {
  if (task !== undefined) return `${arrayId}_${task}`
  const list = waiting?.replace(/%.*$/, '')
  return list === undefined || list.includes('...') ? `${arrayId}` : `${arrayId}_[${list}]`
}

/** How a job or task that ended did so. */
export function endOf({ state }: Pick<QueueRow, 'state'>): 'complete' | 'fail' | 'cancel' | 'timeout' | 'lost' {
  switch (state) {
    case 'COMPLETED':
      return 'complete'
    case 'CANCELLED':
    case 'REVOKED':
      return 'cancel'
    case 'TIMEOUT':
    case 'DEADLINE':
      return 'timeout'
    case 'NODE_FAIL':
    case 'PREEMPTED':
      return 'lost'
    default:
      return 'fail'
  }
}
