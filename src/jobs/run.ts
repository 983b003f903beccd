import type { BundledJob } from './bundled-job.js'
import { bundledJob } from './catalogue.js'
import { type DataOptions, type DataSet, readDataSet, readFiles, writeDataSet } from './data-set.js'
import { found, type Outcome, wrong } from './files.js'
import { type JobAnswer, type ReadPart, readParts, writeAnswer, writePart } from './results.js'

/** Generates the data of a job into a directory. Same options, same bytes. */
export async function generateData(directory: string, options: DataOptions): Promise<Outcome<DataSet>> {
  for (const name of ['partitions', 'size'] as const)
    if (!Number.isSafeInteger(options[name]) || options[name] < 1)
      return wrong('out-of-range', `--${name}`, 'is not a whole number of at least 1')
  const { Rng } = await import('../num/index.js')
  const job = await bundledJob(options.job)
  const { partitions, size, seed } = options
  return writeDataSet(directory, options, job.generate({ rng: new Rng(seed, options.job), partitions, size }))
}

/** Where a job reads and writes, and of how many map tasks it is. */
export interface JobPlace {
  readonly data: string
  /** Shared by the tasks of the job. */
  readonly directory: string
  readonly tasks: number
}

/** Runs one map task: reads its share of the data, writes what it found. */
export async function runMap({ data: from, directory, tasks }: JobPlace, task: number): Promise<Outcome<undefined>> {
  const data = dataOf(from, tasks)
  if (!data.ok) return data
  if (!(Number.isSafeInteger(task) && task >= 0 && task < tasks))
    return wrong('out-of-range', 'HALFTONE_TASK', `is not the number of a task: 0 to ${tasks - 1}`)
  const job = await bundledJob(data.value.job)
  const share = { task, tasks }
  const files = readFiles(data.value, job.inputs(share))
  if (!files.ok) return files
  writePart(directory, data.value, tasks, task, job.map(files.value, share))
  return found(undefined)
}

/**
 * Runs the reduce: puts together what the kept tasks found, scaled up to all of them, and writes the answer. `fraction` says how many parts there must be; one that was
 * written just before its task was withdrawn is used as well.
 */
export async function runReduce(place: JobPlace, fraction: number): Promise<Outcome<JobAnswer>> {
  const opened = await openParts(place)
  if (!opened.ok) return opened
  const { parts } = opened.value
  const kept = Math.round(fraction * place.tasks)
  if (parts.length < kept)
    return wrong(
      'missing',
      place.directory,
      `holds the results of ${parts.length} tasks where ${kept} of ${place.tasks} were kept`,
    )
  const answer = await opened.value.reduce(parts)
  if (answer.ok) writeAnswer(place.directory, answer.value)
  return answer
}

/** The parts in a directory, with what turns any of them into an answer. */
export interface OpenedParts {
  readonly job: BundledJob<unknown, unknown>
  readonly parts: readonly ReadPart[]
  reduce(parts: readonly ReadPart[]): Promise<Outcome<JobAnswer>>
}

export async function openParts({ data: from, directory, tasks }: JobPlace): Promise<Outcome<OpenedParts>> {
  const data = dataOf(from, tasks)
  if (!data.ok) return data
  const job = await bundledJob(data.value.job)
  const files = readFiles(data.value, job.reduceInputs)
  if (!files.ok) return files
  const read = readParts(directory, data.value, job, tasks)
  if (!read.ok) return read
  const { estimateTop, estimateTotal } = await import('../model/index.js')
  const needs = { files: files.value, estimateTop, estimateTotal }
  const { job: name, fingerprint } = data.value
  const reduce = async (parts: readonly ReadPart[]): Promise<Outcome<JobAnswer>> => {
    const answer = job.reduce(
      parts.map(({ part }) => part),
      tasks,
      needs,
    )
    return isRefused(answer)
      ? wrong(answer.code, directory, answer.message)
      : found({ job: name, fingerprint, tasks, kept: parts.length, answer })
  }
  return found({ job, parts: read.value, reduce })
}

function isRefused(answer: unknown): answer is { readonly kind: 'refusal'; readonly code: string; readonly message: string } {
  return typeof answer === 'object' && answer !== null && (answer as { kind?: unknown }).kind === 'refusal'
}

/** The data set of a job of so many tasks. */
function dataOf(directory: string, tasks: number): Outcome<DataSet> {
  const data = readDataSet(directory)
  if (!data.ok) return data
  const { partitions } = data.value
  return Number.isSafeInteger(tasks) && tasks >= 1 && tasks <= partitions
    ? data
    : wrong(
        'out-of-range',
        '--tasks',
        `is not a number of tasks that a job on these ${partitions} partitions can have: 1 to ${partitions}`,
      )
}
