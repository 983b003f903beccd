import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { DataFile } from './bundled-job.js'
import { bundledJob, type JobName } from './catalogue.js'
import { writeDataSet } from './data-set.js'
import { found, type Outcome, wrong } from './files.js'
import { openParts } from './run.js'
import { JOB_PROGRAM } from './spec.js'

export interface SizeRequest {
  readonly job: JobName
  readonly partitions: number
  /** Processor seconds that a map task is to take, its start included. */
  readonly seconds: number
  readonly seed: number
}

export interface FoundSize {
  readonly size: number
  /** What a task of this size took when it was measured. */
  readonly seconds: number
}

/** How near to the asked seconds is near enough: a task varies by as much from run to run. */
const NEAR = 0.08
const ROUNDS_AT_MOST = 8
const TASKS_TRIED = 2

/**
 * The size at which a map task takes about so many seconds of processor time on this machine, found by running some: real processes, as a cluster would run
 * them. From two measurements on, time is taken to be a fixed part (the start) plus a part in proportion to size. Refused below what the start takes.
 */
export async function sizeFor({ job, partitions, seconds, seed }: SizeRequest): Promise<Outcome<FoundSize>> {
  if (!(seconds > 0 && seconds <= 3_600)) return wrong('out-of-range', '--seconds', 'is not above 0 and at most 3600')
  let size = (await bundledJob(job)).sizeAtFirst
  const tried: FoundSize[] = []
  for (let round = 0; round < ROUNDS_AT_MOST; round++) {
    const measured = await secondsAt(job, partitions, size, seed)
    if (!measured.ok) return measured
    const now = { size, seconds: measured.value }
    tried.push(now)
    if (Math.abs(now.seconds / seconds - 1) <= NEAR) break
    size = nextSize(tried, seconds)
    if (size === now.size) break
  }
  const best = tried.reduce((a, b) => (off(a, seconds) <= off(b, seconds) ? a : b))
  return off(best, seconds) <= Math.log(2)
    ? found(best)
    : wrong('out-of-range', '--seconds', `no size of ${job} takes ${seconds} s: the nearest took ${best.seconds.toFixed(2)} s`)
}

const off = (tried: FoundSize, seconds: number): number => Math.abs(Math.log(tried.seconds / seconds))

/** The next size to try: on the line through the last two, at most ten times away. */
function nextSize(tried: readonly FoundSize[], seconds: number): number {
  const [before, last] = [tried.at(-2) ?? { size: 0, seconds: 0 }, tried.at(-1)!]
  const slope = (last.seconds - before.seconds) / (last.size - before.size)
  const wanted = slope > 0 ? last.size + (seconds - last.seconds) / slope : last.size * (seconds / last.seconds)
  return Math.max(1, Math.round(Math.min(10 * last.size, Math.max(last.size / 10, wanted))))
}

/** Mean processor time of the first tasks at a size. */
async function secondsAt(job: JobName, partitions: number, size: number, seed: number): Promise<Outcome<number>> {
  const directory = await mkdtemp(join(tmpdir(), 'halftone-size-'))
  try {
    const { Rng } = await import('../num/index.js')
    const bundled = await bundledJob(job)
    const tried = Array.from({ length: Math.min(TASKS_TRIED, partitions) }, (_, task) => task)
    const wanted = new Set(tried.flatMap((task) => bundled.inputs({ task, tasks: partitions })))
    const files = bundled.generate({ rng: new Rng(seed, job), partitions, size })
    const data = writeDataSet(directory, { job, partitions, size, seed }, someOf(files, wanted))
    if (!data.ok) return data
    for (const task of tried)
      await promisify(execFile)(
        process.execPath,
        [JOB_PROGRAM, 'map', '--job', job, '--data', directory, '--tasks', String(partitions)],
        { env: { ...process.env, HALFTONE_TASK: String(task), HALFTONE_DIRECTORY: directory } },
      )
    const opened = await openParts({ data: directory, directory, tasks: partitions })
    if (!opened.ok) return opened
    const { parts } = opened.value
    return found(parts.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0) / parts.length)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

/** The wanted files, until all are there: the rest is not made. */
function* someOf(files: Iterable<DataFile>, wanted: ReadonlySet<string>): Generator<DataFile> {
  const left = new Set(wanted)
  for (const file of files) {
    if (left.delete(file.name)) yield file
    if (left.size === 0) return
  }
}
