/**
 * Submits a job so that it runs once, whatever dies in between. The record is on disk before the first array is handed to Slurm; every array is
 * handed over held, and let go only once its number stands in the record. A copy whose answer was lost is found by its name when the key
 * is submitted again; one that turns up later still is held for good and never runs.
 */
import { mkdirSync, statSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import { type Enacted, isRefusal, type JobSpec, type Refusal, refuse } from '../../model/index.js'
import { formatArrayTasks } from './array.js'
import { isUnanswered, type SlurmCommands } from './command.js'
import type { Gateway } from './gateway.js'
import { stageName } from './name.js'
import { type JobRecord, keptTasks, type Spool } from './record.js'
import { taskScript } from './script.js'
import type { PriorityLevel, SlurmSettings } from './settings.js'

export interface Submitter {
  readonly commands: SlurmCommands
  readonly gateway: Gateway
  readonly spool: Spool
  readonly settings: SlurmSettings
  readonly maxArraySize: number
  /** Called once the record is there, before a task can start. */
  prepared(record: JobRecord): void
}

/** The number by which a job is known: that of its first array. */
export function idOf({ spec, arrays }: Pick<JobRecord, 'spec' | 'arrays'>): string | undefined {
  const first = spec.stages.flatMap(({ name }) => arrays[name] ?? [])[0]
  return first === undefined ? undefined : String(first)
}

export async function submitJob(submitter: Submitter, spec: JobSpec, level: PriorityLevel): Promise<Enacted | Refusal> {
  const { spool, settings } = submitter
  const known = spool.read(spec.key)
  if (isRefusal(known)) return known
  if (known?.released) return { kind: 'enacted', jobId: idOf(known)!, note: 'was submitted before' }
  const wrong = refusesSpec(spec, submitter.maxArraySize)
  if (wrong !== undefined) return wrong
  const fresh: JobRecord = known ?? {
    schema: 'halftone/slurm-job/1',
    spec,
    submitSeconds: settings.clock.now(),
    priority: spec.priority,
    speed: 1,
    processors: settings.processorsPerTask ?? 1,
    arrays: {},
    withdrawn: Object.fromEntries(Object.entries(spec.withdrawn ?? {}).map(([stage, tasks]) => [stage, ascending(tasks)])),
    released: false,
    cancelled: false,
  }
  const record = await adopted(submitter, fresh)
  if (isRefusal(record)) return record
  spool.write(record)
  mkdirSync(directoryOf(spool, record.spec), { recursive: true })
  submitter.prepared(record)
  const queued = await queueStages(submitter, record, level)
  if (!isRefusal(queued)) return release(submitter, queued)
  // An answer that did not come may yet have been a yes: then the record stays, for whoever submits the key again.
  if (!isUnanswered(queued)) await takeBack(submitter, spec.key)
  return queued
}

/** Submits one array of a stage, held. */
export function submitArray(
  { gateway, spool, settings }: Pick<Submitter, 'gateway' | 'spool' | 'settings'>,
  record: JobRecord,
  at: number,
  tasks: readonly number[],
  level: PriorityLevel,
): Promise<number | Refusal> {
  const { spec } = record
  const stage = spec.stages[at]!
  const before = at === 0 ? [] : (record.arrays[spec.stages[at - 1]!.name] ?? [])
  const directory = directoryOf(spool, spec)
  const script = taskScript({ spec, stage, spool: spool.directoryOf(spec.key), directory })
  const { memoryPerTaskMiB: memoryMiB, partition, account } = settings
  return gateway.submit({
    name: stageName(spec, stage.name),
    array: formatArrayTasks(tasks),
    script,
    after: before,
    directory,
    output: `${join(spool.directoryOf(spec.key), stage.name).replaceAll('%', '%%')}-%a.out`,
    processors: record.processors,
    ...(memoryMiB === undefined ? {} : { memoryMiB }),
    ...(spec.limitSeconds === undefined ? {} : { limitMinutes: Math.max(1, Math.ceil(spec.limitSeconds / 60)) }),
    ...(partition === undefined ? {} : { partition }),
    ...(account === undefined ? {} : { account }),
    ...level,
  })
}

/** Lets arrays go that are held since they were submitted; one that was let go before, and has ended since, is none the worse for it. */
export async function releaseArrays(commands: SlurmCommands, arrays: readonly number[]): Promise<Refusal | undefined> {
  for (const array of arrays) {
    const said = await commands.run('scontrol', ['release', String(array)])
    if (isRefusal(said) && !/already finished/i.test(said.message)) return said
  }
  return undefined
}

export function directoryOf(spool: Spool, spec: JobSpec): string {
  return spec.directory ?? join(spool.directoryOf(spec.key), 'work')
}

export const ascending = (tasks: Iterable<number>): number[] => [...new Set(tasks)].sort((a, b) => a - b)

function refusesSpec(spec: JobSpec, maxArraySize: number): Refusal | undefined {
  for (const [at, { name, tasks, droppable }] of spec.stages.entries()) {
    if (tasks > maxArraySize)
      return refuse('unsupported', `stage ${name} has ${tasks} tasks; arrays end below ${maxArraySize} here (MaxArraySize)`, {
        maxArraySize,
      })
    const gone = spec.withdrawn?.[name] ?? []
    if (gone.length > 0 && !droppable) return refuse('unsupported', `stage ${name} may not drop tasks`)
    const outside = gone.find((task) => task >= tasks)
    if (outside !== undefined) return refuse('unsupported', `stage ${name} has no task ${outside}: it has ${tasks}, from 0`)
    if (keptTasks({ spec, withdrawn: { [name]: [...gone] } }, at).length === 0)
      return refuse('unsupported', `no task of stage ${name} would be left`)
    if (spec.stages.findIndex((other) => other.name === name) !== at)
      return refuse('unsupported', `two stages are called ${name}`)
  }
  const missing = Object.keys(spec.withdrawn ?? {}).find((name) => !spec.stages.some((stage) => stage.name === name))
  if (missing !== undefined) return refuse('unsupported', `there is no stage ${missing} to withdraw tasks of`)
  if (spec.directory !== undefined && !isAbsolute(spec.directory))
    return refuse('unsupported', `the directory ${spec.directory} is not absolute`)
  if (spec.directory !== undefined && !statSync(spec.directory, { throwIfNoEntry: false })?.isDirectory())
    return refuse('no-data', `the directory ${spec.directory} is not there`)
  return undefined
}

/** The record with the arrays of this key that stand in Slurm’s queue already, further copies of which are cancelled. */
async function adopted({ commands, gateway, spool }: Submitter, record: JobRecord): Promise<JobRecord | Refusal> {
  const names = new Map(record.spec.stages.map(({ name }) => [stageName(record.spec, name), name]))
  const rows = await gateway.queue()
  if (isRefusal(rows)) return rows
  const found = new Map<string, number[]>()
  for (const { name, arrayId } of rows) {
    const stage = names.get(name)
    if (stage !== undefined) found.set(stage, ascending([...(found.get(stage) ?? []), arrayId]))
  }
  const arrays = { ...record.arrays }
  for (const [stage, [first, ...copies]] of found) {
    if (arrays[stage] !== undefined) continue
    arrays[stage] = [first!]
    for (const copy of copies) await commands.run('scancel', [String(copy)])
  }
  const whole = { ...record, arrays }
  if (found.size > 0) spool.write(whole)
  return whole
}

async function queueStages(submitter: Submitter, record: JobRecord, level: PriorityLevel): Promise<JobRecord | Refusal> {
  let queued = record
  for (const [at, { name }] of record.spec.stages.entries()) {
    if (queued.arrays[name] !== undefined) continue
    const id = await submitArray(submitter, queued, at, keptTasks(queued, at), level)
    if (isRefusal(id)) return id
    queued = { ...queued, arrays: { ...queued.arrays, [name]: [id] } }
    submitter.spool.write(queued)
  }
  return queued
}

async function release({ commands, spool }: Submitter, record: JobRecord): Promise<Enacted | Refusal> {
  const failed = await releaseArrays(commands, Object.values(record.arrays).flat())
  if (failed !== undefined) return failed
  spool.write({ ...record, released: true })
  return { kind: 'enacted', jobId: idOf(record)! }
}

/** Undoes a submission that Slurm said no to: what it took of it is held still. */
async function takeBack({ commands, spool }: Submitter, key: string): Promise<void> {
  const record = spool.read(key)
  const arrays = isRefusal(record) ? [] : Object.values(record?.arrays ?? {}).flat()
  if (arrays.length > 0 && isRefusal(await commands.run('scancel', arrays.map(String)))) return
  spool.remove(key)
}
