import { join } from 'node:path'
import type { BundledJob } from './bundled-job.js'
import type { DataSet } from './data-set.js'
import { found, type Outcome, readNames, readTagged, writeWhole, wrong } from './files.js'

const PART = 'halftone/job-part/1'
const ANSWER = 'halftone/job-answer/1'
const ANSWER_FILE = 'answer.json'
const PART_FILE = /^result-(\d{5,})\.json$/

/** What a job answered, and from how many of its tasks. */
export interface JobAnswer {
  readonly job: string
  readonly fingerprint: number
  readonly tasks: number
  readonly kept: number
  readonly answer: unknown
}

/** Writes what a map task found into the directory of its job. */
export function writePart(directory: string, data: DataSet, tasks: number, task: number, part: unknown): void {
  const { user, system } = process.cpuUsage()
  const value = {
    schema: PART,
    job: data.job,
    fingerprint: data.fingerprint,
    tasks,
    task,
    cpuSeconds: (user + system) / 1e6,
    part,
  }
  writeWhole(join(directory, `result-${String(task).padStart(5, '0')}.json`), JSON.stringify(value))
}

/** A part as it stands in its file. */
export interface ReadPart {
  readonly task: number
  /** Processor time of the process that found it, start to end. */
  readonly cpuSeconds: number
  readonly part: unknown
}

/** The parts in the directory of a job, by task. Those of other data, of another number of tasks, cut short or changed are issues, all of them at once. */
export function readParts(
  directory: string,
  data: DataSet,
  job: Pick<BundledJob<unknown, unknown>, 'isPart'>,
  tasks: number,
): Outcome<ReadPart[]> {
  const names = readNames(directory)
  if (!names.ok) return names
  const outcomes = names.value
    .filter((name) => PART_FILE.test(name))
    .map((name) => readPart(join(directory, name), Number(PART_FILE.exec(name)![1]), data, job, tasks))
  const issues = outcomes.flatMap((outcome) => (outcome.ok ? [] : outcome.issues))
  if (issues.length > 0) return { ok: false, issues }
  return found(outcomes.flatMap((outcome) => (outcome.ok ? [outcome.value] : [])))
}

function readPart(
  path: string,
  task: number,
  data: DataSet,
  { isPart }: Pick<BundledJob<unknown, unknown>, 'isPart'>,
  tasks: number,
): Outcome<ReadPart> {
  const read = readTagged(path, PART)
  if (!read.ok) return read
  const { job, fingerprint, part, cpuSeconds } = read.value
  if (job !== data.job || fingerprint !== data.fingerprint) return wrong('other-data', path, 'was found in other data')
  if (read.value['tasks'] !== tasks) return wrong('other-tasks', path, `is of ${read.value['tasks']} tasks, not of ${tasks}`)
  if (read.value['task'] !== task || task >= tasks || typeof cpuSeconds !== 'number' || !isPart(part))
    return wrong('bad-part', path, 'is not what a task of this job finds')
  return found({ task, cpuSeconds, part })
}

export function writeAnswer(directory: string, answer: JobAnswer): void {
  writeWhole(join(directory, ANSWER_FILE), `${JSON.stringify({ schema: ANSWER, ...answer }, null, 1)}\n`)
}

/** What the job that ran in a directory answered. */
export function readAnswer(directory: string): Outcome<JobAnswer> {
  const path = join(directory, ANSWER_FILE)
  const read = readTagged(path, ANSWER)
  if (!read.ok) return read
  const { job, fingerprint, tasks, kept, answer } = read.value
  const right = typeof job === 'string' && [fingerprint, tasks, kept].every(Number.isSafeInteger) && typeof answer === 'object'
  return right && answer !== null
    ? found({ job, fingerprint, tasks, kept, answer } as JobAnswer)
    : wrong('bad-answer', path, 'is not the answer of a job')
}
