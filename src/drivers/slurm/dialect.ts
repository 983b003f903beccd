/**
 * How the versions of Slurm’s OpenAPI differ in what halftone reads and writes. v0.0.36 to v0.0.38 (Slurm 21.08 to 22.05 and on to 23.02) were
 * run against; later ones follow the documentation: numbers became `{ set, infinite, number }` and the environment a list with v0.0.39,
 * states became lists and the script part of the job with v0.0.40.
 */
import type { Submission } from './gateway.js'
import type { NodeRow, QueueRow } from './row.js'

export const OLDEST = 36
export const NEWEST = 43

type Json = Readonly<Record<string, unknown>>

export function queueRow(job: Json): QueueRow {
  const array = numberOf(job['array_job_id']) ?? 0
  const id = numberOf(job['job_id']) ?? 0
  const task = numberOf(job['array_task_id'])
  const waiting = textOf(job['array_task_string'])
  const state = stateOf(job['job_state'])
  // a job that was cancelled while it waited is told to have started as it ended
  const started = state !== 'PENDING' && state !== 'CONFIGURING' && textOf(job['nodes']) !== ''
  const minutes = numberOf(job['time_limit'])
  const ended = !['PENDING', 'CONFIGURING', 'RUNNING', 'COMPLETING', 'SUSPENDED'].includes(state)
  return {
    jobId: id,
    arrayId: array === 0 ? id : array,
    ...(task === undefined || array === 0 || waiting !== '' ? {} : { task }),
    ...(waiting === '' ? {} : { waiting }),
    name: textOf(job['name']),
    user: textOf(job['user_name']),
    queue: textOf(job['partition']),
    qos: textOf(job['qos']),
    state,
    reason: textOf(job['state_reason']),
    priority: numberOf(job['priority']) ?? 0,
    nice: numberOf(job['nice']) ?? 0,
    submitSeconds: numberOf(job['submit_time']) ?? 0,
    ...instant('startSeconds', started ? numberOf(job['start_time']) : undefined),
    ...instant('endSeconds', ended ? numberOf(job['end_time']) : undefined),
    ...(minutes === undefined ? {} : { limitSeconds: minutes * 60 }),
    processors: numberOf(job['cpus']) ?? 1,
    nodes: textOf(job['nodes']),
    restarts: numberOf(job['restart_cnt']) ?? 0,
  }
}

export function nodeRow(node: Json): NodeRow {
  const states = [...listOf(node['state']), ...listOf(node['state_flags'])]
  const reason = textOf(node['reason'])
  return {
    name: textOf(node['name']),
    processors: numberOf(node['cpus']) ?? 0,
    busyProcessors: numberOf(node['alloc_cpus']) ?? 0,
    state: states.join('+').toLowerCase(),
    host: textOf(node['address']),
    ...(reason === '' ? {} : { reason }),
  }
}

export function submissionBody(version: number, submission: Submission, environment: Readonly<Record<string, string>>): Json {
  const { name, array, script, after, directory, output, processors, memoryMiB, limitMinutes, qos, nice, partition, account } =
    submission
  const wrapped = (value: number): unknown => (version >= 39 ? { set: true, infinite: false, number: value } : value)
  const job = {
    name,
    array,
    hold: true,
    requeue: true,
    tasks: 1,
    cpus_per_task: processors,
    current_working_directory: directory,
    standard_output: output,
    open_mode: version >= 40 ? ['APPEND'] : 'append',
    environment: version >= 39 ? Object.entries(environment).map(([key, value]) => `${key}=${value}`) : environment,
    ...(after.length === 0 ? {} : { dependency: `afterany:${after.join(':')}` }),
    ...(memoryMiB === undefined ? {} : { memory_per_node: wrapped(memoryMiB) }),
    ...(limitMinutes === undefined ? {} : { time_limit: wrapped(limitMinutes) }),
    ...(qos === undefined ? {} : { qos }),
    ...(nice === undefined ? {} : { nice }),
    ...(partition === undefined ? {} : { partition }),
    ...(account === undefined ? {} : { account }),
  }
  return version >= 40 ? { job: { ...job, script } } : { script, job }
}

/** A number as any version writes it; one that is not set, or has no end, is undefined. */
function numberOf(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined
  if (typeof value === 'string') return /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : undefined
  if (typeof value !== 'object' || value === null) return undefined
  const { set, infinite, number } = value as { set?: unknown; infinite?: unknown; number?: unknown }
  return set === false || infinite === true ? undefined : numberOf(number)
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')
const listOf = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : typeof value === 'string' ? [value] : [])

/** Of a list of state and flags, the one that says most: a job that is completing still holds its slots. */
function stateOf(value: unknown): string {
  const words = listOf(value).flatMap((word) => word.split(' '))
  return words.includes('COMPLETING') ? 'COMPLETING' : (words[0] ?? 'UNKNOWN')
}

function instant<Name extends string>(name: Name, value: number | undefined): { readonly [key in Name]?: number } {
  return (value === undefined || value === 0 ? {} : { [name]: value }) as { readonly [key in Name]?: number }
}
