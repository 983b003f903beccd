/**
 * Lines of Slurm’s queue folded into jobs. The arrays of one halftone job (a map, the reduce that waits for it, tasks that were put back) are one
 * job; an array of anybody else’s is one job with one stage.
 */
import type { JobState, ObservedJob, ObservedStage, ObservedTask, TaskState } from '../../model/index.js'
import { parseArrayTasks } from './array.js'
import { type Attempt, type Attempts, attemptKey } from './attempts.js'
import { type JobRecord, keptTasks, withdrawnOf } from './record.js'
import { endOf, isHeld, phaseOf, type QueueRow } from './row.js'

/** What is known of the scheduler’s order, for jobs that wait. */
export interface Order {
  /** Rank by array id. */
  readonly ranks: ReadonlyMap<number, number>
}

/** What Slurm says of one task. */
interface SeenTask {
  readonly row: QueueRow
  readonly waits: boolean
}

export interface OwnJob {
  readonly record: JobRecord
  readonly id: string
  /** All lines that belong to its arrays. */
  readonly rows: readonly QueueRow[]
  readonly attempts: Attempts
  /** True: Slurm knows nothing of it any more, so what was not noted as ended is lost. */
  readonly forgotten: boolean
}

/** A job that halftone submitted. `each`: tell of every task. */
export function foldOwn({ record, id, rows, attempts, forgotten }: OwnJob, order: Order, each: boolean): ObservedJob {
  const byArray = new Map<number, QueueRow[]>()
  for (const row of rows) byArray.set(row.arrayId, [...(byArray.get(row.arrayId) ?? []), row])
  const stages = record.spec.stages.map((_, at) => foldStage(record, at, byArray, attempts, forgotten))
  const all = stages.flatMap(({ tasks }) => tasks)
  const kept = all.filter(({ state }) => state !== 'withdrawn')
  const live = kept.filter(({ state }) => state === 'pending' || state === 'running')
  const state = record.ended?.state ?? stateOf(record, rows, kept, live.length > 0)
  const ran = all.filter(({ startSeconds }) => startSeconds !== undefined)
  const starts = ran.map(({ startSeconds }) => startSeconds!)
  const ends = ran.flatMap(({ endSeconds }) => endSeconds ?? [])
  const ended = state !== 'pending' && state !== 'held' && state !== 'running' && state !== 'suspended'
  const waiting = rows.filter((row) => phaseOf(row) === 'waiting')
  const restarts = Math.max(0, ...all.map((task) => task.restarts ?? 0))
  const wasted = all.reduce((sum, task) => sum + (task.wastedSeconds ?? 0), 0) * record.processors
  const rank = Math.min(...waiting.flatMap(({ arrayId }) => order.ranks.get(arrayId) ?? []))
  const nodes = [...new Set(all.flatMap(({ state, node }) => (state === 'running' && node !== undefined ? [node] : [])))]
  const begun = all.filter(({ startSeconds, restarts = 0 }) => startSeconds !== undefined || restarts > 0)
  const cpus = begun.flatMap(({ cpuSeconds }) => cpuSeconds ?? [])
  const { spec } = record
  return {
    id,
    key: spec.key,
    name: spec.key,
    className: spec.className,
    state,
    priority: record.priority,
    ...(Number.isFinite(rank) && !ended ? { rank } : {}),
    submitSeconds: record.submitSeconds,
    ...(starts.length === 0 ? {} : { startSeconds: Math.min(...starts) }),
    ...(ended ? { endSeconds: record.ended?.endSeconds ?? Math.max(record.submitSeconds, ...ends, ...starts) } : {}),
    slots: Math.max(...spec.stages.map((_, at) => keptTasks(record, at).length)) * record.processors,
    ...(spec.limitSeconds === undefined ? {} : { limitSeconds: spec.limitSeconds }),
    speed: record.speed,
    ...(restarts > 0 ? { restarts, wastedSeconds: wasted } : {}),
    ...(begun.length > 0 && cpus.length === begun.length ? { cpuSeconds: cpus.reduce((sum, one) => sum + one, 0) } : {}),
    stages: stages.map(({ stage, tasks }) => (each ? { ...stage, each: tasks } : stage)),
    ...(nodes.length === 0 ? {} : { nodes }),
    ...(rows[0] === undefined ? {} : { user: rows[0].user, queue: rows[0].queue }),
    ...(waiting[0] === undefined || ended ? {} : { reason: waiting[0].reason }),
  }
}

function foldStage(
  record: JobRecord,
  at: number,
  byArray: ReadonlyMap<number, readonly QueueRow[]>,
  attempts: Attempts,
  forgotten: boolean,
): { readonly stage: ObservedStage; readonly tasks: readonly ObservedTask[] } {
  const { name, tasks: count } = record.spec.stages[at]!
  const seen = new Map<number, SeenTask>()
  // a task that was put back stands in a later array as well, which is the one that counts
  for (const array of record.arrays[name] ?? [])
    for (const row of byArray.get(array) ?? []) {
      if (row.task !== undefined) seen.set(row.task, { row, waits: phaseOf(row) === 'waiting' })
      else
        for (const task of parseArrayTasks(row.waiting ?? '')?.tasks ?? keptTasks(record, at))
          if (!seen.has(task) || row.waiting) seen.set(task, { row, waits: true })
    }
  const gone = new Set(withdrawnOf(record, name))
  // Slurm lists whatever of an array waits or runs; a task that it does not list beside others has ended
  const listed = forgotten || (record.arrays[name] ?? []).some((array) => byArray.has(array))
  const tasks = Array.from({ length: count }, (_, task) =>
    foldTask(task, gone.has(task), seen.get(task), attempts.get(attemptKey(name, task)) ?? [], listed, record.submitSeconds),
  )
  const how = (state: TaskState): number => tasks.filter((task) => task.state === state).length
  const stage = { name, tasks: count, withdrawn: gone.size, ended: how('complete') + how('fail'), running: how('running') }
  return { stage, tasks }
}

function foldTask(
  index: number,
  withdrawn: boolean,
  seen: SeenTask | undefined,
  attempts: readonly Attempt[],
  listed: boolean,
  submitted: number,
): ObservedTask {
  const last = attempts.at(-1)
  const row = seen?.row
  const state = withdrawn ? 'withdrawn' : taskState(seen, last, listed)
  // An attempt that Slurm took back into the queue is thrown away, and so are all before the last.
  const thrown = state === 'pending' ? attempts : attempts.slice(0, -1)
  const restarts = Math.max(row?.restarts ?? 0, thrown.length)
  // Where the script could not note the end (it was killed at once), Slurm took the task back when it says it was submitted.
  const wasted = thrown.reduce(
    (sum, { startSeconds, endSeconds }) => sum + Math.max(0, (endSeconds ?? row?.submitSeconds ?? startSeconds) - startSeconds),
    0,
  )
  const current = state === 'pending' ? undefined : last
  const start = current?.startSeconds ?? (state === 'pending' ? undefined : row?.startSeconds)
  const over = state === 'complete' || state === 'fail' || (state === 'withdrawn' && start !== undefined)
  const end = over ? (current?.endSeconds ?? row?.endSeconds) : undefined
  const cpuSeconds = cpuOf(attempts)
  const node = current?.node ?? (row !== undefined && !seen!.waits && row.nodes !== '' ? row.nodes : undefined)
  return {
    index,
    state,
    // Slurm’s whole seconds may lie before the instant at which the job was handed to it
    ...(start === undefined ? {} : { startSeconds: Math.max(start, submitted) }),
    ...(end === undefined ? {} : { endSeconds: Math.max(end, start ?? end, submitted) }),
    ...(node === undefined ? {} : { node }),
    ...(restarts > 0 ? { restarts, wastedSeconds: wasted } : {}),
    ...(cpuSeconds === undefined ? {} : { cpuSeconds }),
  }
}

/** Processor time of attempts, where each of them has been measured: those that run, or were killed at once, have not. */
function cpuOf(attempts: readonly Attempt[]): number | undefined {
  const all = attempts.flatMap(({ cpuSeconds }) => cpuSeconds ?? [])
  return attempts.length > 0 && all.length === attempts.length ? all.reduce((sum, one) => sum + one, 0) : undefined
}

function taskState(seen: SeenTask | undefined, last: Attempt | undefined, listed: boolean): TaskState {
  if (seen === undefined) {
    // Slurm has forgotten it: what its script noted is what is left
    if (last?.exitCode !== undefined) return last.exitCode === 0 ? 'complete' : 'fail'
    return listed || last !== undefined ? 'fail' : 'pending'
  }
  if (seen.waits) return 'pending'
  const phase = phaseOf(seen.row)
  if (phase === 'running' || phase === 'suspended') return 'running'
  return endOf(seen.row) === 'complete' ? 'complete' : 'fail'
}

function stateOf(record: JobRecord, rows: readonly QueueRow[], kept: readonly ObservedTask[], live: boolean): JobState {
  const phases = new Set(rows.map(phaseOf))
  if (phases.has('running')) return 'running'
  if (phases.has('suspended')) return 'suspended'
  if (live && !record.cancelled) {
    const waiting = rows.filter((row) => phaseOf(row) === 'waiting')
    if (waiting.length > 0 && waiting.every(isHeld)) return 'held'
    if (waiting.length > 0 || rows.length === 0)
      return kept.some(({ startSeconds }) => startSeconds !== undefined) ? 'running' : 'pending'
  }
  if (record.cancelled) return phases.has('waiting') ? 'pending' : 'cancel'
  const ends = rows.filter((row) => phaseOf(row) === 'ended' && !isWithdrawn(record, row)).map(endOf)
  for (const end of ['timeout', 'lost', 'fail', 'cancel'] as const) if (ends.includes(end)) return end
  return kept.every(({ state }) => state === 'complete')
    ? 'complete'
    : kept.some(({ state }) => state === 'fail')
      ? 'fail'
      : 'lost'
}

function isWithdrawn(record: JobRecord, row: QueueRow): boolean {
  const stage = Object.keys(record.arrays).find((name) => record.arrays[name]!.includes(row.arrayId))
  return stage !== undefined && row.task !== undefined && withdrawnOf(record, stage).includes(row.task)
}

/** What the driver adds to a job that is not its own. */
export interface ForeignLabels {
  readonly className?: string
  readonly priority?: number
}

/** A job of anybody else’s, from the lines of its array or its one line. */
export function foldForeign(rows: readonly QueueRow[], labels: ForeignLabels, order: Order, each: boolean): ObservedJob {
  const [first] = rows as [QueueRow, ...QueueRow[]]
  const isArray = rows.some(({ task, waiting }) => task !== undefined || waiting !== undefined)
  const tasks = isArray ? rows.flatMap(foreignTasks) : []
  const live = rows.filter((row) => phaseOf(row) !== 'ended')
  const starts = rows.flatMap(({ startSeconds }) => startSeconds ?? [])
  const ends = rows.flatMap(({ endSeconds }) => endSeconds ?? [])
  const waiting = live.filter((row) => phaseOf(row) === 'waiting')
  const restarts = Math.max(...rows.map((row) => row.restarts))
  const atOnce = Math.min(...rows.flatMap(({ waiting }) => parseArrayTasks(waiting ?? '')?.atOnce ?? []))
  const width = isArray ? Math.max(1, tasks.filter(({ state }) => state === 'pending' || state === 'running').length) : 1
  const nodes = [...new Set(live.flatMap((row) => (phaseOf(row) === 'waiting' || row.nodes === '' ? [] : [row.nodes])))]
  const rank = order.ranks.get(first.arrayId)
  const stage: ObservedStage = {
    name: 'array',
    tasks: tasks.length,
    withdrawn: 0,
    ended: tasks.filter(({ state }) => state === 'complete' || state === 'fail').length,
    running: tasks.filter(({ state }) => state === 'running').length,
  }
  return {
    id: String(first.arrayId),
    name: first.name,
    user: first.user,
    queue: first.queue,
    ...labels,
    state: foreignState(rows, live),
    ...(rank === undefined ? {} : { rank }),
    submitSeconds: Math.min(...rows.map(({ submitSeconds }) => submitSeconds)),
    ...(starts.length === 0 ? {} : { startSeconds: Math.min(...starts) }),
    ...(live.length > 0 || ends.length === 0 ? {} : { endSeconds: Math.max(...ends) }),
    slots: first.processors * Math.min(width, atOnce),
    ...(first.limitSeconds === undefined ? {} : { limitSeconds: first.limitSeconds }),
    speed: 1,
    ...(restarts > 0 ? { restarts } : {}),
    ...(isArray ? { stages: [each ? { ...stage, each: tasks } : stage] } : {}),
    ...(nodes.length === 0 ? {} : { nodes }),
    ...(waiting[0] === undefined ? {} : { reason: waiting[0].reason }),
  }
}

function foreignTasks(row: QueueRow): ObservedTask[] {
  if (row.task === undefined)
    return (parseArrayTasks(row.waiting ?? '')?.tasks ?? []).map((index) => ({ index, state: 'pending' }))
  const phase = phaseOf(row)
  const state: TaskState =
    phase === 'waiting' ? 'pending' : phase === 'ended' ? (endOf(row) === 'complete' ? 'complete' : 'fail') : 'running'
  return [
    {
      index: row.task,
      state,
      ...(row.startSeconds === undefined ? {} : { startSeconds: row.startSeconds }),
      ...(row.endSeconds === undefined ? {} : { endSeconds: row.endSeconds }),
      ...(row.nodes === '' ? {} : { node: row.nodes }),
      ...(row.restarts > 0 ? { restarts: row.restarts } : {}),
    },
  ]
}

function foreignState(rows: readonly QueueRow[], live: readonly QueueRow[]): JobState {
  const phases = new Set(live.map(phaseOf))
  if (phases.has('running')) return 'running'
  if (phases.has('suspended')) return 'suspended'
  if (live.length > 0) return live.every(isHeld) ? 'held' : 'pending'
  const ends = rows.map(endOf)
  return (['timeout', 'lost', 'fail', 'cancel'] as const).find((end) => ends.includes(end)) ?? 'complete'
}
