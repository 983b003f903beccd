/** What is done to jobs and nodes, each action so that doing it twice is doing it once. Changes go through scontrol and scancel. */
import {
  type ClusterAction,
  type Enacted,
  isRefusal,
  LIVE_STATES,
  type ObservedJob,
  type Refusal,
  refuse,
} from '../../model/index.js'
import { formatArrayTasks, parseArrayTasks } from './array.js'
import { isUnanswered, type SlurmCommands } from './command.js'
import type { Gateway } from './gateway.js'
import type { JobRecord, Spool } from './record.js'
import { keptTasks, withdrawnOf } from './record.js'
import type { NodeRow } from './row.js'
import { isHeld, phaseOf, type QueueRow, targetOf } from './row.js'
import type { PriorityLevel, SlurmSettings } from './settings.js'
import { ascending, releaseArrays, submitArray } from './submit.js'

export interface Workshop {
  readonly commands: SlurmCommands
  readonly gateway: Gateway
  readonly spool: Spool
  readonly settings: SlurmSettings
}

/** A job as an action finds it. `record`: it is halftone’s own. */
export interface Subject {
  readonly job: ObservedJob
  readonly rows: readonly QueueRow[]
  readonly record?: JobRecord
}

const DONE: Enacted = { kind: 'enacted' }
const already = (note: string): Enacted => ({ kind: 'enacted', note })

/** Arguments with which many tasks are named stay below what a system call takes. */
const TASKS_A_CALL = 10_000

export async function deflate(
  { commands, spool }: Workshop,
  { job, rows, record }: Subject,
  action: Extract<ClusterAction, { kind: 'deflate' }>,
): Promise<Enacted | Refusal> {
  const at = stageAt(record, action)
  if (isRefusal(at)) return at
  if (!record!.spec.stages[at]!.droppable)
    return refuse('unsupported', `stage ${action.stage} of job ${job.id} may not drop tasks`)
  const gone = new Set(withdrawnOf(record!, action.stage))
  const each = job.stages!.find(({ name }) => name === action.stage)!.each!
  const asked = ascending(action.tasks)
  const ended = asked.filter((task) => ['complete', 'fail'].includes(each[task]!.state))
  const fresh = asked.filter((task) => !gone.has(task) && !ended.includes(task))
  if (keptTasks(record!, at).length - fresh.length < 1)
    return refuse('unsupported', `no task of stage ${action.stage} would be left`)
  if (fresh.length > 0 && !LIVE_STATES.has(job.state)) return refuse('unsupported', `job ${job.id} has ended (${job.state})`)
  const changed = { ...record!, withdrawn: { ...record!.withdrawn, [action.stage]: ascending([...gone, ...fresh]) } }
  if (fresh.length > 0) spool.write(changed)
  const failed = await cancelTasks(
    commands,
    changed,
    rows,
    action.stage,
    asked.filter((task) => !ended.includes(task)),
  )
  if (failed !== undefined) {
    // An answer that did not come may have been a yes; doing it again is safe, and so is putting the tasks back.
    if (!isUnanswered(failed)) spool.write(record!)
    return failed
  }
  return ended.length === 0 ? DONE : already(`had ended before: task${ended.length === 1 ? '' : 's'} ${ended.join(', ')}`)
}

export async function inflate(
  workshop: Workshop,
  { job, rows, record }: Subject,
  action: Extract<ClusterAction, { kind: 'inflate' }>,
  level: PriorityLevel,
): Promise<Enacted | Refusal> {
  const { commands, spool } = workshop
  const at = stageAt(record, action)
  if (isRefusal(at)) return at
  const gone = new Set(withdrawnOf(record!, action.stage))
  const back = ascending(action.tasks).filter((task) => gone.has(task))
  if (back.length === 0) return already('none of these tasks is withdrawn')
  if (!LIVE_STATES.has(job.state)) return refuse('unsupported', `job ${job.id} has ended (${job.state})`)
  const next = record!.spec.stages[at + 1]
  const begun = job.stages!.some(
    ({ name, each }) => name === next?.name && each!.some(({ state }) => state !== 'pending' && state !== 'withdrawn'),
  )
  if (begun) return refuse('unsupported', `stage ${next!.name} has begun without these tasks`)
  // A task whose withdrawal never arrived is still there and needs nothing but to be counted again.
  const live = liveTasks(record!, rows, action.stage)
  const again = back.filter((task) => !live.has(task))
  const withdrawn = { ...record!.withdrawn, [action.stage]: ascending([...gone].filter((task) => !back.includes(task))) }
  if (again.length === 0) {
    spool.write({ ...record!, withdrawn })
    return DONE
  }
  const id = await submitArray(workshop, record!, at, again, level)
  if (isRefusal(id)) return id
  const arrays = { ...record!.arrays, [action.stage]: [...(record!.arrays[action.stage] ?? []), id] }
  for (const later of arrays[next?.name ?? ''] ?? []) {
    const said = await commands.run('scontrol', [
      'update',
      `JobId=${later}`,
      `Dependency=afterany:${arrays[action.stage]!.join(':')}`,
    ])
    if (isRefusal(said)) {
      await commands.run('scancel', [String(id)])
      return said
    }
  }
  spool.write({ ...record!, arrays, withdrawn })
  return job.state === 'held' ? DONE : ((await releaseArrays(commands, [id])) ?? DONE)
}

export async function prioritise(
  { commands, spool }: Workshop,
  { job, rows, record }: Subject,
  priority: number,
  level: PriorityLevel,
): Promise<Enacted | Refusal> {
  if (!LIVE_STATES.has(job.state)) return refuse('unsupported', `job ${job.id} has ended (${job.state})`)
  const waiting = rows.filter((row) => phaseOf(row) === 'waiting')
  const changes = [`Nice=${level.nice ?? 0}`, ...(level.qos === undefined ? [] : [`QOS=${level.qos}`])]
  for (const row of waiting) {
    if (row.nice === (level.nice ?? 0) && row.qos === (level.qos ?? row.qos)) continue
    const said = await commands.run('scontrol', ['update', `JobId=${targetOf(row)}`, ...changes])
    if (isRefusal(said)) return said
  }
  if (record !== undefined) spool.write({ ...record, priority })
  return waiting.length > 0 ? DONE : already('all of it runs already')
}

export async function holdOrRelease(
  { commands }: Workshop,
  { job, rows }: Subject,
  kind: 'hold' | 'release',
): Promise<Enacted | Refusal> {
  if (!LIVE_STATES.has(job.state)) return refuse('unsupported', `job ${job.id} has ended (${job.state})`)
  const waiting = rows.filter((row) => phaseOf(row) === 'waiting')
  if (waiting.length === 0)
    return kind === 'release'
      ? already('it was not held')
      : refuse('unsupported', `nothing of job ${job.id} waits, so there is nothing to hold`)
  for (const row of waiting) {
    if (isHeld(row) === (kind === 'hold')) continue
    const said = await commands.run('scontrol', [kind, targetOf(row)])
    if (isRefusal(said)) return said
  }
  return DONE
}

export async function requeue({ commands }: Workshop, { job, rows }: Subject): Promise<Enacted | Refusal> {
  const running = rows.filter((row) => ['running', 'suspended'].includes(phaseOf(row)))
  if (running.length === 0) return refuse('unsupported', `nothing of job ${job.id} runs (${job.state})`)
  for (const row of running) {
    const said = await commands.run('scontrol', ['requeue', targetOf(row)])
    // it may have ended just now
    if (isRefusal(said) && !/already completing|not running|completed/i.test(said.message)) return said
  }
  return DONE
}

export async function cancel({ commands, spool }: Workshop, { job, rows, record }: Subject): Promise<Enacted | Refusal> {
  if (!LIVE_STATES.has(job.state)) return already(`it had ended (${job.state})`)
  const before = record
  if (record !== undefined) spool.write({ ...record, cancelled: true })
  // Later stages first: they would start when those before them end.
  const stages = record?.spec.stages.map(({ name }) => name).reverse()
  const arrays = stages?.map((name) => record!.arrays[name] ?? []) ?? [[...new Set(rows.map(({ arrayId }) => arrayId))]]
  for (const ids of arrays) {
    if (ids.length === 0) continue
    const said = await commands.run('scancel', ids.map(String))
    if (!isRefusal(said)) continue
    if (before !== undefined && !isUnanswered(said)) spool.write(before)
    return said
  }
  return DONE
}

export async function drain({ commands }: Workshop, node: NodeRow, reason: string): Promise<Enacted | Refusal> {
  if (nodeState(node) === 'drained') return already('it was drained')
  const said = await commands.run('scontrol', [
    'update',
    `NodeName=${node.name}`,
    'State=DRAIN',
    `Reason=${reason === '' ? 'halftone' : reason}`,
  ])
  return isRefusal(said) ? said : DONE
}

export async function resume({ commands, gateway }: Workshop, node: NodeRow): Promise<Enacted | Refusal> {
  if (nodeState(node) === 'up') return already('it was up')
  const said = await commands.run('scontrol', ['update', `NodeName=${node.name}`, 'State=RESUME'])
  if (!isRefusal(said)) return DONE
  // it may have come back by itself since it was looked at
  const now = await gateway.nodes()
  return !isRefusal(now) && now.some((one) => one.name === node.name && nodeState(one) === 'up') ? already('it was up') : said
}

/** A node that only does not respond (`idle*`) is one that Slurm has not given up yet: it says `down` itself once it has. */
export function nodeState({ state }: Pick<NodeRow, 'state'>): 'up' | 'drained' | 'down' {
  if (/down|fail|unknown/.test(state)) return 'down'
  return /drain/.test(state) ? 'drained' : 'up'
}

/** Which stage of the job an action means, or why it means none. */
function stageAt(
  record: JobRecord | undefined,
  { job, stage, tasks }: { job: string; stage: string; tasks: readonly number[] },
): number | Refusal {
  if (record === undefined)
    return refuse('unsupported', `job ${job} was not submitted by halftone, which drops tasks of its own jobs only`)
  const at = record.spec.stages.findIndex(({ name }) => name === stage)
  if (at < 0) return refuse('unsupported', `job ${job} has no stage ${stage}`)
  const count = record.spec.stages[at]!.tasks
  const outside = tasks.find((task) => task >= count)
  return outside === undefined
    ? at
    : refuse('unsupported', `stage ${stage} of job ${job} has no task ${outside}: it has ${count}, from 0`)
}

/** Tasks of a stage that wait or run, with the array that they stand in. */
function liveTasks(record: JobRecord, rows: readonly QueueRow[], stage: string): ReadonlyMap<number, number> {
  const arrays = new Set(record.arrays[stage])
  const live = new Map<number, number>()
  for (const row of rows) {
    if (!arrays.has(row.arrayId) || phaseOf(row) === 'ended' || row.state === 'COMPLETING') continue
    const at = record.spec.stages.findIndex(({ name }) => name === stage)
    const tasks = row.task === undefined ? (parseArrayTasks(row.waiting ?? '')?.tasks ?? keptTasks(record, at)) : [row.task]
    for (const task of tasks) live.set(task, row.arrayId)
  }
  return live
}

async function cancelTasks(
  commands: SlurmCommands,
  record: JobRecord,
  rows: readonly QueueRow[],
  stage: string,
  tasks: readonly number[],
): Promise<Refusal | undefined> {
  const live = liveTasks(record, rows, stage)
  for (const array of new Set(live.values())) {
    const members = tasks.filter((task) => live.get(task) === array)
    for (let from = 0; from < members.length; from += TASKS_A_CALL) {
      const said = await commands.run('scancel', [`${array}_[${formatArrayTasks(members.slice(from, from + TASKS_A_CALL))}]`])
      if (isRefusal(said)) return said
    }
  }
  return undefined
}
