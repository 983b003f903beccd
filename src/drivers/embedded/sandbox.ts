/** The working directory of a job, what its tasks print, and how much of the disk both may take. */
import { mkdirSync, rmSync, statSync } from 'node:fs'
import { lstat, readdir } from 'node:fs/promises'
import { isAbsolute, join } from 'node:path'
import { type JobSpec, type Refusal, refuse } from '../../model/index.js'
import type { TaskRef } from '../scheduler/index.js'
import type { Place } from './place.js'

/** Refuses a directory of the submitter’s that no task could work in. */
export function refusesDirectory({ key, directory }: JobSpec): Refusal | undefined {
  if (directory === undefined) return undefined
  if (!isAbsolute(directory)) return refuse('unsupported', `the directory of job ${key} must be absolute: ${directory}`)
  const stat = statSync(directory, { throwIfNoEntry: false })
  return stat?.isDirectory() ? undefined : refuse('no-data', `the directory of job ${key} is not there: ${directory}`)
}

export class Sandboxes {
  constructor(private readonly place: Place) {}

  /** Where the job’s tasks work: the submitter’s directory, or one that is made for it. */
  open(job: string, spec: JobSpec): string {
    mkdirSync(this.outputOf(job), { recursive: true, mode: 0o700 })
    if (spec.directory !== undefined) return spec.directory
    const path = join(this.place.sandboxes, job)
    mkdirSync(path, { recursive: true, mode: 0o700 })
    return path
  }

  /** What was made for the job is removed; what its tasks printed is kept. */
  remove(job: string): void {
    rmSync(join(this.place.sandboxes, job), { recursive: true, force: true })
  }

  /** What the tasks of the job printed, once it is old, is removed as well. */
  forget(job: string): void {
    rmSync(this.outputOf(job), { recursive: true, force: true })
  }

  filesOf({ job, stage, task }: TaskRef): { readonly output: string; readonly errors: string } {
    const path = join(this.outputOf(job), `${stage}-${task}`)
    return { output: `${path}.out`, errors: `${path}.err` }
  }

  /** Removes what a task did not print. */
  tidy(task: TaskRef): void {
    const { output, errors } = this.filesOf(task)
    for (const path of [output, errors]) if (statSync(path, { throwIfNoEntry: false })?.size === 0) rmSync(path, { force: true })
  }

  /** Bytes that a task has printed, of the larger of its two files. */
  printed(task: TaskRef): number {
    const { output, errors } = this.filesOf(task)
    return Math.max(...[output, errors].map((path) => statSync(path, { throwIfNoEntry: false })?.size ?? 0))
  }

  /** Bytes on disk below the directory that was made for the job; 0 where it has one of its own. */
  used(job: string): Promise<number> {
    return bytesBelow(join(this.place.sandboxes, job))
  }

  private outputOf(job: string): string {
    return join(this.place.outputs, job)
  }
}

/** Bytes on disk of all files below a directory; what vanishes meanwhile counts as nothing. */
async function bytesBelow(path: string): Promise<number> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => [])
  let sum = 0
  for (const entry of entries) {
    const below = join(path, entry.name)
    if (entry.isDirectory()) sum += await bytesBelow(below)
    else sum += 512 * ((await lstat(below).catch(() => undefined))?.blocks ?? 0)
  }
  return sum
}
