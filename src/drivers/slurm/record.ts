/**
 * What halftone itself must remember of a job that it submitted, since Slurm does not: tasks that were cancelled while they waited leave no
 * trace there, a requeued job forgets when it was first submitted, and an ended one is forgotten altogether. One directory a job under the
 * spool, readable by every node:
 *
 *   record.json       the specification, the arrays, the withdrawn tasks, priority and speed
 *   command.STAGE     the command, its parts ended by NUL
 *   fraction.STAGE    the share of tasks that is kept, read by each task as it starts
 *   speed             the speed, read likewise
 *   group             the control group that tasks enter as they start, where speed is steered
 *   log               a line as each attempt begins and ends
 *   work/             working directory, where the specification names none
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { z } from 'zod'
import { isRefusal, JobSpec, type Refusal, refuse } from '../../model/index.js'

const JobRecordSchema = z.strictObject({
  schema: z.literal('halftone/slurm-job/1'),
  spec: JobSpec,
  submitSeconds: z.number(),
  priority: z.int().min(1),
  speed: z.number().positive(),
  processors: z.int().min(1),
  /** By stage: Slurm’s array ids, in the order in which they were submitted. */
  arrays: z.record(z.string(), z.array(z.int())),
  /** By stage: tasks that are not to run. */
  withdrawn: z.record(z.string(), z.array(z.int())),
  /** True once every stage is in the queue and was let go. */
  released: z.boolean(),
  cancelled: z.boolean(),
  ended: z
    .strictObject({
      state: z.enum(['complete', 'fail', 'cancel', 'timeout', 'lost']),
      startSeconds: z.number().optional(),
      endSeconds: z.number(),
    })
    .optional(),
})
export type JobRecord = z.infer<typeof JobRecordSchema>

export interface Spool {
  readonly root: string
  directoryOf(key: string): string
  /** The record of a key; undefined where there is none, a refusal where it is damaged. */
  read(key: string): JobRecord | Refusal | undefined
  /** Writes the record, and the files that tasks read when they start. */
  write(record: JobRecord): void
  remove(key: string): void
  keys(): Promise<readonly string[]>
  /** A small setting of the driver itself. */
  readSetting(name: string): string | undefined
  writeSetting(name: string, text: string): void
}

export function openSpool(path: string): Spool {
  const root = resolve(path)
  const kept = new Map<string, { readonly stamp: string; readonly record: JobRecord }>()
  const directoryOf = (key: string): string => join(root, `job.${key}`)
  return {
    root,
    directoryOf,
    read(key) {
      const path = join(directoryOf(key), 'record.json')
      const stamp = stampOf(path)
      if (stamp === undefined) return undefined
      const known = kept.get(key)
      if (known?.stamp === stamp) return known.record
      const record = parseRecord(path)
      if (isRefusal(record)) return record
      kept.set(key, { stamp, record })
      return record
    },
    write(record) {
      const directory = directoryOf(record.spec.key)
      // commands may hold what other users are not to read
      mkdirSync(directory, { recursive: true, mode: 0o700 })
      for (const [at, stage] of record.spec.stages.entries()) {
        writeChanged(join(directory, `command.${stage.name}`), stage.command.map((part) => `${part}\0`).join(''))
        writeChanged(join(directory, `fraction.${stage.name}`), `${keptFraction(record, at)}\n`)
      }
      writeChanged(join(directory, 'speed'), `${record.speed}\n`)
      writeWhole(join(directory, 'record.json'), `${JSON.stringify(record)}\n`)
    },
    remove(key) {
      kept.delete(key)
      rmSync(directoryOf(key), { recursive: true, force: true })
    },
    async keys() {
      const names = existsSync(root) ? await readdir(root) : []
      return names.flatMap((name) => (name.startsWith('job.') ? [name.slice('job.'.length)] : []))
    },
    readSetting(name) {
      const path = join(root, name)
      return stampOf(path) === undefined ? undefined : readFileSync(path, 'utf8').trim()
    },
    writeSetting(name, text) {
      mkdirSync(root, { recursive: true })
      writeWhole(join(root, name), `${text}\n`)
    },
  }
}

export function withdrawnOf({ withdrawn }: Pick<JobRecord, 'withdrawn'>, stage: string): readonly number[] {
  return withdrawn[stage] ?? []
}

/** Tasks of a stage that are to run, in order. */
export function keptTasks(record: Pick<JobRecord, 'spec' | 'withdrawn'>, at: number): number[] {
  const { name, tasks } = record.spec.stages[at]!
  const gone = new Set(withdrawnOf(record, name))
  return Array.from({ length: tasks }, (_, task) => task).filter((task) => !gone.has(task))
}

/** Kept share of the tasks of a stage; of the stage before it where it drops nothing itself. */
export function keptFraction(record: Pick<JobRecord, 'spec' | 'withdrawn'>, at: number): number {
  const { name, tasks } = record.spec.stages[at]!
  const gone = new Set(withdrawnOf(record, name)).size
  if (gone === 0 && at > 0) return keptFraction(record, at - 1)
  return (tasks - gone) / tasks
}

/** Writes a file so that a reader, or whoever comes after a crash, sees the old one or the new one and nothing between. */
function writeWhole(path: string, text: string, durable = true): void {
  const part = `${path}.${process.pid}.part`
  const file = openSync(part, 'w', 0o600)
  try {
    writeSync(file, text)
    if (durable) fsyncSync(file)
  } finally {
    closeSync(file)
  }
  renameSync(part, path)
}

/** Writes what tasks read as they start, unless it stands there; it follows from the record, so it need not be on the disk before it. */
export function writeChanged(path: string, text: string): void {
  if (stampOf(path) === undefined || readFileSync(path, 'utf8') !== text) writeWhole(path, text, false)
}

/** What the file system said when the spool could not be written, as a refusal; any other fault goes on. */
export function spoolRefusal(root: string, cause: unknown): Refusal {
  const { code, syscall } = cause as NodeJS.ErrnoException
  if (code === undefined || syscall === undefined) throw cause
  return refuse('no-data', `the spool ${root} cannot be written (${code})`)
}

function parseRecord(path: string): JobRecord | Refusal {
  try {
    const parsed = JobRecordSchema.safeParse(JSON.parse(readFileSync(path, 'utf8')))
    if (parsed.success) return parsed.data
    const [issue] = parsed.error.issues
    return refuse('no-data', `the record ${path} is damaged: ${issue!.path.join('.')}: ${issue!.message}`)
  } catch (cause) {
    return refuse('no-data', `the record ${path} is damaged: ${(cause as Error).message}`)
  }
}

/** What changes whenever a file is replaced. */
function stampOf(path: string): string | undefined {
  const stat = statSync(path, { throwIfNoEntry: false, bigint: true })
  return stat === undefined ? undefined : `${stat.ino} ${stat.mtimeNs} ${stat.size}`
}
