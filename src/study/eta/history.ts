/**
 * Jobs that were seen before, as the forecasts of a queue need them: columns in the order of submission, on the clock of the observation.
 *
 * From a trace (sacct, SWF …) or from the ended jobs of an observation. Nothing that happened at or after a moment may be used at that moment: who asks
 * looks at `endSeconds` (a run time is known once the job ended) and `submitSeconds` (that there is such a job).
 */
import { type Observation, OUTCOMES, type Trace } from '../../model/index.js'

export interface History {
  readonly count: number
  /** Ascending. NaN where a time is not known: a job that has not started, or not ended. */
  readonly submitSeconds: Float64Array
  readonly startSeconds: Float64Array
  readonly endSeconds: Float64Array
  readonly slots: Int32Array
  /** NaN where none was asked for. */
  readonly limitSeconds: Float64Array
  /** Codes of the labels below; −1 where the history does not say. */
  readonly user: Int32Array
  readonly name: Int32Array
  readonly queue: Int32Array
  readonly labels: { readonly user: readonly string[]; readonly name: readonly string[]; readonly queue: readonly string[] }
  readonly id?: readonly string[]
}

/** One job as a row, before it is a column. */
export interface PastJob {
  readonly id?: string | undefined
  readonly user?: string | undefined
  readonly name?: string | undefined
  readonly queue?: string | undefined
  readonly slots: number
  readonly limitSeconds?: number | undefined
  readonly submitSeconds: number
  readonly startSeconds?: number | undefined
  readonly endSeconds?: number | undefined
}

/**
 * The jobs of a trace. Those that came before the trace began, those without a submission or a size, and those that left without ever starting (nobody
 * knows when) are left out. A trace on the wall clock is put on it (seconds since 1970), as observations of live clusters are; another keeps its own.
 */
export function historyOfTrace({ jobs, clock }: Trace): History {
  const origin = clock.kind === 'unix' ? clock.originUnixSeconds : 0
  const rows: number[] = []
  for (let row = 0; row < jobs.count; row++) {
    if (jobs.leftTruncated?.[row] === 1) continue
    if (!Number.isFinite(jobs.startSeconds?.[row]) && !LIVE.has(jobs.outcome?.[row] ?? -1)) continue
    if (Number.isFinite(jobs.submitSeconds[row]!) && (jobs.slots === undefined || jobs.slots[row]! > 0)) rows.push(row)
  }
  rows.sort((a, b) => jobs.submitSeconds[a]! - jobs.submitSeconds[b]! || a - b)
  const seconds = (column: ((row: number) => number) | undefined): Float64Array =>
    Float64Array.from(rows, (row) => column?.(row) ?? Number.NaN)
  const codes = (column: { codes: Int32Array } | undefined): Int32Array =>
    Int32Array.from(rows, (row) => column?.codes[row] ?? -1)
  const start = (row: number): number => jobs.startSeconds?.[row] ?? Number.NaN
  const end = (row: number): number => jobs.endSeconds?.[row] ?? start(row) + jobs.runSeconds[row]!
  return {
    count: rows.length,
    submitSeconds: seconds((row) => jobs.submitSeconds[row]! + origin),
    startSeconds: seconds((row) => start(row) + origin),
    endSeconds: seconds((row) => (Number.isNaN(jobs.runSeconds[row]!) ? Number.NaN : end(row) + origin)),
    slots: Int32Array.from(rows, (row) => Math.ceil(jobs.slots?.[row] ?? 1)),
    limitSeconds: seconds(
      jobs.estimateSeconds && ((row) => (jobs.estimateSeconds![row]! > 0 ? jobs.estimateSeconds![row]! : Number.NaN)),
    ),
    user: codes(jobs.user),
    name: codes(jobs.name),
    queue: codes(jobs.queue),
    labels: { user: jobs.user?.labels ?? [], name: jobs.name?.labels ?? [], queue: jobs.queue?.labels ?? [] },
    ...(jobs.id ? { id: rows.map((row) => jobs.id!.labels[jobs.id!.codes[row]!] ?? '') } : {}),
  }
}

/** Codes of outcomes of jobs that have not left. */
const LIVE: ReadonlySet<number> = new Set([OUTCOMES.indexOf('running'), OUTCOMES.indexOf('pending')])

/** A history from rows, in any order. */
export function historyOfJobs(jobs: readonly PastJob[]): History {
  const sorted = [...jobs].sort((a, b) => a.submitSeconds - b.submitSeconds)
  const coded = (field: 'user' | 'name' | 'queue') => {
    const labels = [...new Set(sorted.flatMap((job) => job[field] ?? []))]
    const code = new Map(labels.map((label, i) => [label, i]))
    return { labels, codes: Int32Array.from(sorted, (job) => code.get(job[field] ?? '') ?? -1) }
  }
  const [user, name, queue] = [coded('user'), coded('name'), coded('queue')]
  return {
    count: sorted.length,
    submitSeconds: Float64Array.from(sorted, (job) => job.submitSeconds),
    startSeconds: Float64Array.from(sorted, (job) => job.startSeconds ?? Number.NaN),
    endSeconds: Float64Array.from(sorted, (job) => job.endSeconds ?? Number.NaN),
    slots: Int32Array.from(sorted, (job) => job.slots),
    limitSeconds: Float64Array.from(sorted, (job) => job.limitSeconds ?? Number.NaN),
    user: user.codes,
    name: name.codes,
    queue: queue.codes,
    labels: { user: user.labels, name: name.labels, queue: queue.labels },
    id: sorted.map((job) => job.id ?? ''),
  }
}

/** A history as rows again. */
export function pastJobs(history: History): PastJob[] {
  const known = (x: number): number | undefined => (Number.isNaN(x) ? undefined : x)
  return Array.from({ length: history.count }, (_, i) => ({
    id: history.id?.[i],
    user: history.labels.user[history.user[i]!],
    name: history.labels.name[history.name[i]!],
    queue: history.labels.queue[history.queue[i]!],
    slots: history.slots[i]!,
    limitSeconds: known(history.limitSeconds[i]!),
    submitSeconds: history.submitSeconds[i]!,
    startSeconds: known(history.startSeconds[i]!),
    endSeconds: known(history.endSeconds[i]!),
  }))
}

/** The jobs of an observation that ran to some end, as history. */
export function endedJobs({ jobs }: Observation): PastJob[] {
  return jobs.filter(({ startSeconds, endSeconds }) => startSeconds !== undefined && endSeconds !== undefined)
}

/** A history with the ended jobs of an observation put to it, each job once. */
export function withEnded(history: History | undefined, observation: Observation): History {
  const seen = endedJobs(observation)
  if (history !== undefined && seen.length === 0) return history
  const known = new Set(history?.id ?? [])
  return historyOfJobs([...(history ? pastJobs(history) : []), ...seen.filter(({ id }) => id === undefined || !known.has(id))])
}

/** What of a history was known at a moment: jobs submitted before it, times that lie at or after it unknown. */
export function asKnownAt(history: History, atSeconds: number): History {
  let count = 0
  while (count < history.count && history.submitSeconds[count]! < atSeconds) count++
  const past = (column: Float64Array): Float64Array => column.slice(0, count).map((x) => (x < atSeconds ? x : Number.NaN))
  return {
    ...history,
    count,
    submitSeconds: history.submitSeconds.slice(0, count),
    startSeconds: past(history.startSeconds),
    endSeconds: past(history.endSeconds),
  }
}

/** The cluster as it was at a moment by what was recorded: who waited, who ran. Jobs wait in the order in which they were submitted. */
export function recordedAt(
  history: History,
  atSeconds: number,
  slots: number,
): { readonly observation: Observation; readonly rows: readonly number[] } {
  const rows: number[] = []
  let busySlots = 0
  const jobs: Observation['jobs'][number][] = []
  for (let i = 0; i < history.count && history.submitSeconds[i]! < atSeconds; i++) {
    const start = history.startSeconds[i]!
    const end = history.endSeconds[i]!
    if (end <= atSeconds) continue
    const running = start < atSeconds
    if (running) busySlots += history.slots[i]!
    const { user, name, queue } = history.labels
    const label = (field: string, value: string | undefined) => (value === undefined ? {} : { [field]: value })
    rows.push(i)
    jobs.push({
      id: history.id?.[i] || String(i),
      state: running ? 'running' : 'pending',
      submitSeconds: history.submitSeconds[i]!,
      ...(running ? { startSeconds: start } : {}),
      slots: history.slots[i]!,
      speed: 1,
      ...(Number.isNaN(history.limitSeconds[i]!) ? {} : { limitSeconds: history.limitSeconds[i]! }),
      ...label('user', user[history.user[i]!]),
      ...label('name', name[history.name[i]!]),
      ...label('queue', queue[history.queue[i]!]),
    })
  }
  const nodes = [{ name: 'all', slots: Math.max(slots, busySlots), busySlots, state: 'up' as const }]
  return { observation: { atSeconds, nodes, jobs }, rows }
}
