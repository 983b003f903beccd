import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { accuracyProfile } from '../../src/deflate/index.js'
import {
  generateData,
  JOB_NAMES,
  type JobAnswer,
  type JobName,
  type JobPlace,
  jobSpec,
  lossAgainst,
  type Outcome,
  profileAccuracy,
  readAnswer,
  sizeFor,
} from '../../src/jobs/index.js'
import { JOB_PROGRAM } from '../../src/jobs/spec.js'
import { Rng } from '../../src/num/index.js'
import { FORBIDDEN } from './cli.js'

const TASKS = 5
const SIZES = { text: 1_500, graph: 2_000, training: 120 }
const root = mkdtempSync(join(tmpdir(), 'halftone-jobs-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

function right<T>(outcome: Outcome<T>): T {
  if (!outcome.ok) throw new Error(JSON.stringify(outcome.issues))
  return outcome.value
}

const dataOf = (job: JobName): string => join(root, 'data', job)

/** Runs one task as a cluster would: the command of the job, and who the task is in its environment. */
function task(stage: 'map' | 'reduce', place: JobPlace & { job: JobName }, environment: Record<string, string> = {}) {
  const { job, data, directory, tasks } = place
  const spec = jobSpec({ job, data, directory, mapTasks: tasks, key: 'job', className: 'class', priority: 1 })
  const [program, ...rest] = spec.stages.find(({ name }) => name === stage)!.command
  const env = { HALFTONE_DIRECTORY: place.directory, HALFTONE_TASK: '0', HALFTONE_SAMPLING_FRACTION: '1', ...environment }
  const { status, stderr } = spawnSync(program!, rest, {
    encoding: 'utf8',
    cwd: place.directory,
    env: { PATH: process.env['PATH'], ...env },
  })
  expect(stderr).not.toMatch(FORBIDDEN)
  return { status, stderr }
}

/** Runs a job whose kept map tasks are named. */
function ran(job: JobName, name: string, kept: readonly number[]): JobPlace & { job: JobName } {
  const place = { job, data: dataOf(job), directory: join(root, name, job), tasks: TASKS }
  mkdirSync(place.directory, { recursive: true })
  const fraction = { HALFTONE_SAMPLING_FRACTION: String(kept.length / TASKS) }
  for (const one of kept)
    expect(task('map', place, { ...fraction, HALFTONE_TASK: String(one) })).toEqual({ status: 0, stderr: '' })
  expect(task('reduce', place, fraction)).toEqual({ status: 0, stderr: '' })
  return place
}

const full = new Map<JobName, JobPlace & { job: JobName }>()
beforeAll(async () => {
  for (const job of JOB_NAMES) {
    right(await generateData(dataOf(job), { job, partitions: TASKS, size: SIZES[job], seed: 7 }))
    full.set(job, ran(job, 'full', [0, 1, 2, 3, 4]))
  }
})

describe.each(JOB_NAMES)('the job %s as processes', (job) => {
  it('answers with what its kept tasks found, and what it lost is what the profile of the full run said of these tasks', async () => {
    const place = ran(job, 'some', [0, 2, 4])
    const whole = right(readAnswer(full.get(job)!.directory))
    const some = right(readAnswer(place.directory))
    expect([whole.kept, whole.tasks, some.kept, some.tasks]).toEqual([5, 5, 3, 5])
    expect(right(await lossAgainst(whole, whole))).toBe(0)
    const loss = right(await lossAgainst(whole, some))
    const samples = right(await profileAccuracy(full.get(job)!, { dropRatios: [0.4], repetitions: 60, rng: new Rng(1) }))
    // ten ways to keep three of five: among sixty draws each one is all but certain
    expect(samples.map((sample) => sample.loss)).toContainEqual(expect.closeTo(loss, 12))
  })

  it('has a measured accuracy profile that is 0 where nothing is dropped, and makes a curve', async () => {
    const dropRatios = [0, 0.2, 0.4, 0.6]
    const samples = right(await profileAccuracy(full.get(job)!, { dropRatios, repetitions: 12, rng: new Rng(3) }))
    expect(samples.length).toBe(48)
    const profile = accuracyProfile(
      dropRatios.map((dropRatio) => ({
        dropRatio,
        losses: samples.filter((sample) => sample.dropRatio === dropRatio).map(({ loss }) => loss),
      })),
    )
    if (!profile.ok) throw new Error(JSON.stringify(profile.issues))
    expect(profile.curve.points[0]!.loss).toBe(0)
    expect(profile.curve.points[3]!.loss).toBeGreaterThan(0)
  })

  it('refuses a partition that is missing, cut short or changed, by its name, and writes nothing', () => {
    for (const [harm, said] of [
      [(path: string) => rmSync(path), 'is not there'],
      [(path: string) => truncateSync(path, 100), 'bytes where the data set lists'],
      [(path: string) => writeFileSync(path, changed(readFileSync(path))), 'checksum'],
    ] as const) {
      const directory = mkdtempSync(join(root, 'harmed-'))
      const data = join(directory, 'data')
      mkdirSync(data)
      for (const name of readdirSync(dataOf(job))) copyFileSync(join(dataOf(job), name), join(data, name))
      const victim = join(data, job === 'graph' ? 'edges.bin' : readdirSync(data).find((name) => name.startsWith('part-00000'))!)
      harm(victim)
      const { status, stderr } = task('map', { job, data, directory, tasks: TASKS })
      expect(status).toBe(1)
      expect(stderr).toContain(`${victim}: `)
      expect(stderr).toContain(said)
      expect(readdirSync(directory)).toEqual(['data'])
    }
  })

  it('refuses results that are missing, cut short or of other data, all of them at once, and writes no answer', async () => {
    const harmed = (): JobPlace & { job: JobName } => {
      const directory = mkdtempSync(join(root, 'results-'))
      for (const name of readdirSync(full.get(job)!.directory))
        if (name.startsWith('result-')) copyFileSync(join(full.get(job)!.directory, name), join(directory, name))
      return { ...full.get(job)!, directory }
    }
    const reduced = (place: JobPlace & { job: JobName }): string => {
      const { status, stderr } = task('reduce', place)
      expect(status).toBe(1)
      expect(readdirSync(place.directory)).not.toContain('answer.json')
      return stderr
    }
    const missing = harmed()
    rmSync(join(missing.directory, 'result-00003.json'))
    writeFileSync(join(missing.directory, 'result-00003.json.77.tmp'), '{"half')
    expect(reduced(missing)).toContain('holds the results of 4 tasks where 5 of 5 were kept')
    const broken = harmed()
    truncateSync(join(broken.directory, 'result-00001.json'), 40)
    writeFileSync(
      join(broken.directory, 'result-00002.json'),
      readFileSync(join(broken.directory, 'result-00002.json'), 'utf8').replace(/"fingerprint":\d+/, '"fingerprint":1'),
    )
    const said = reduced(broken)
    expect(said).toMatch(/result-00001\.json: is not JSON/)
    expect(said).toMatch(/result-00002\.json: was found in other data/)
    const other = { ...(right(readAnswer(full.get(job)!.directory)) as JobAnswer), fingerprint: 1 }
    expect((await lossAgainst(right(readAnswer(full.get(job)!.directory)), other)).ok).toBe(false)
  })
})

function changed(bytes: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(bytes)
  copy[copy.length >> 1]! ^= 1
  return copy
}

describe('the program of the jobs', () => {
  const place = (): JobPlace & { job: JobName } => ({ ...full.get('graph')!, directory: mkdtempSync(join(root, 'asked-')) })

  it('refuses to be a task that is none, with the reason', () => {
    expect(task('map', place(), { HALFTONE_TASK: '5' })).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('HALFTONE_TASK'),
    })
    expect(task('map', place(), { HALFTONE_TASK: 'x' })).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('HALFTONE_TASK'),
    })
    expect(task('reduce', place(), { HALFTONE_SAMPLING_FRACTION: '0' }).stderr).toContain('HALFTONE_SAMPLING_FRACTION')
    expect(task('map', { ...place(), tasks: 6 }).stderr).toContain('--tasks: is not a number of tasks')
    expect(task('map', { ...place(), job: 'text' }).stderr).toContain('holds data of the job graph, not of text')
    expect(task('map', { ...place(), data: join(root, 'nowhere') }).stderr).toContain('is not there')
  })

  it('refuses to generate what makes no sense, and says how it is used where nothing is asked for', () => {
    const ran = (...args: string[]) => spawnSync(process.execPath, [JOB_PROGRAM, ...args], { encoding: 'utf8' })
    const target = ['--job', 'text', '--data', join(root, 'senseless')]
    for (const args of [
      ['--partitions', '4'],
      ['--partitions', '0', '--size', '3'],
      ['--size', '1.5', '--partitions', '4'],
      ['--seconds', 'x', '--partitions', '4'],
    ]) {
      const { status, stderr } = ran('generate', ...target, ...args)
      expect([status, stderr]).toEqual([1, expect.stringMatching(/^--(size|partitions|seconds): is not .*\n$/)])
      expect(stderr).not.toMatch(FORBIDDEN)
    }
    expect(ran('generate', '--job', 'tax', '--data', 'x').stderr).toBe('--job: is not one of text, graph, training\n')
    for (const args of [[], ['dance'], ['map', 'twice'], ['map', '--hat', 'red']])
      expect(ran(...args)).toMatchObject({ status: 2, stderr: expect.stringContaining('usage: main.js generate') })
    expect(readdirSync(root)).not.toContain('senseless')
  })

  it('leaves data alone that were made with other options, and takes the same again calmly', async () => {
    const again = { job: 'graph', partitions: TASKS, size: SIZES.graph, seed: 7 } as const
    const before = readFileSync(join(dataOf('graph'), 'edges.bin'))
    const same = right(await generateData(dataOf('graph'), again))
    const other = await generateData(dataOf('graph'), { ...again, seed: 8 })
    expect(other.ok ? [] : other.issues).toMatchObject([{ code: 'other-data', place: dataOf('graph') }])
    expect(readFileSync(join(dataOf('graph'), 'edges.bin')).equals(before)).toBe(true)
    expect(same.partitions).toBe(TASKS)
  })

  it('finds a size by the processor time of real tasks, and refuses what no size takes', async () => {
    const size = right(await sizeFor({ job: 'text', partitions: 4, seconds: 0.3, seed: 1 }))
    expect(size.size).toBeGreaterThan(100)
    expect(size.seconds).toBeGreaterThan(0.15)
    expect(size.seconds).toBeLessThan(0.6)
    for (const seconds of [0, -1, Number.NaN, 1e9])
      expect((await sizeFor({ job: 'text', partitions: 4, seconds, seed: 1 })).ok).toBe(false)
    // no process starts in a millisecond
    const tooShort = await sizeFor({ job: 'graph', partitions: 4, seconds: 0.001, seed: 1 })
    expect(tooShort.ok ? [] : tooShort.issues).toMatchObject([{ code: 'out-of-range', place: '--seconds' }])
  })
})
