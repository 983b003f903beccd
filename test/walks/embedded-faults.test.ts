/**
 * What an embedded cluster does when the world breaks, with real processes: daemons and keepers that are killed, tasks that will not end, that hide,
 * hang, or fill the disk, two controllers at once, and one that falls silent.
 */
import { accessSync, constants, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type EmbeddedDriver,
  type EmbeddedOptions,
  embeddedDriver,
  placeAt,
  type StartedCluster,
  startEmbedded,
} from 'halftone/drivers'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type ClusterAction, isRefusal, JobSpec, type ObservedJob } from '../../src/model/index.js'

const PATIENCE_MS = 30_000

let directory = ''
let scratch = ''
let cluster: StartedCluster | undefined
let driver: EmbeddedDriver

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'halftone-faults-'))
  scratch = mkdtempSync(join(tmpdir(), 'halftone-scratch-'))
})
afterEach(async () => {
  await cluster?.stop()
  cluster = undefined
  expect(processesOf(scratch), 'processes that were left').toEqual([])
  for (const path of [directory, scratch]) rmSync(path, { recursive: true, force: true })
})

async function start(options: Partial<EmbeddedOptions> = {}): Promise<EmbeddedDriver> {
  const started = await startEmbedded({
    directory,
    slots: 2,
    normalShare: 0.5,
    calibrate: false,
    graceSeconds: 0.5,
    leaseSeconds: 1,
    ...options,
  })
  if (isRefusal(started)) throw new Error(started.message)
  cluster = started
  driver = started.driver
  return driver
}

/** A task is a program for node that knows `scratch`, in which it may leave notes. */
function job(key: string, program: string, change: Partial<JobSpec> = {}, tasks = 1): JobSpec {
  const command = [process.execPath, '-e', `const scratch = process.argv[1]; ${program}`, scratch]
  return JobSpec.parse({ key, className: 'c', priority: 2, stages: [{ name: 'map', tasks, command }], ...change })
}

/** Writes a line to a file of the task and sleeps. */
const noted = (seconds: number): string => `
  const { appendFileSync } = require('node:fs')
  const note = (what) => appendFileSync(scratch + '/task-' + process.env.HALFTONE_TASK, what + '\\n')
  note('begun')
  setTimeout(() => note('done'), ${seconds * 1000})`

async function act(action: ClusterAction, by = driver): Promise<string> {
  const answer = await by.enact(action)
  if (isRefusal(answer)) throw new Error(answer.message)
  return answer.jobId ?? ''
}
const submit = (spec: JobSpec): Promise<string> => act({ kind: 'submit', spec })

async function seen(id: string): Promise<ObservedJob> {
  const observation = await driver.observe({ tasks: true, endedSince: 0 })
  if (isRefusal(observation)) throw new Error(observation.message)
  return observation.jobs.find((one) => one.id === id)!
}

async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`not seen: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

async function untilState(id: string, state: ObservedJob['state']): Promise<ObservedJob> {
  await until(`job ${id} is ${state}`, async () => (await seen(id)).state === state)
  return seen(id)
}

/** Living processes that were started with this argument. */
function processesOf(argument: string): number[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry) && entry !== String(process.pid))
    .filter((entry) => {
      try {
        const dead = /\) [ZX]/.test(readFileSync(`/proc/${entry}/stat`, 'utf8'))
        return !dead && readFileSync(`/proc/${entry}/cmdline`, 'utf8').includes(argument)
      } catch {
        return false
      }
    })
    .map(Number)
}

function kill(pid: number): void {
  process.kill(pid, 'SIGKILL')
}

const notesOf = (task: number): string[] => {
  const path = join(scratch, `task-${task}`)
  return existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n') : []
}
const journal = (): string => readFileSync(join(directory, 'journal.jsonl'), 'utf8')

describe('an embedded cluster whose daemon is killed', () => {
  it('lets tasks run on, and once started again loses no job and runs none twice', async () => {
    await start()
    const id = await submit(job('one', noted(2), {}, 3))
    await until('two tasks run', () => notesOf(0).length === 1 && notesOf(1).length === 1)
    kill(cluster!.process)
    await until('nobody answers', async () => isRefusal(await driver.observe()))
    // both end while no daemon is there
    await until('both have ended', () => notesOf(0).length === 2 && notesOf(1).length === 2)
    await start()
    const ended = await untilState(id, 'complete')
    expect(ended.restarts).toBe(0)
    expect([0, 1, 2].map(notesOf)).toEqual(Array.from({ length: 3 }, () => ['begun', 'done']))
    expect(await submit(job('one', noted(2), {}, 3))).toBe(id)
  })

  it('loses no task and runs none twice when it is killed at random moments, over and over', async () => {
    await start()
    const tasks = 40
    const { stages } = job('many', noted(0.02), {}, tasks)
    const id = await submit(
      job('many', '', { stages: [...stages, { ...stages[0]!, name: 'reduce', tasks: 1, command: ['true'] }] }),
    )
    for (let kills = 0; kills < 4; kills++) {
      await new Promise((resolve) => setTimeout(resolve, 40 + 400 * Math.random()))
      kill(cluster!.process)
      await start()
    }
    const ended = await untilState(id, 'complete')
    expect(ended.restarts).toBe(0)
    for (let task = 0; task < tasks; task++) expect(notesOf(task), `task ${task}`).toEqual(['begun', 'done'])
  })

  it('takes over tasks that still run, at the times that it knew', async () => {
    await start()
    const id = await submit(job('one', noted(3)))
    await until('it runs', () => notesOf(0).length === 1)
    const before = await seen(id)
    kill(cluster!.process)
    await start()
    const after = await seen(id)
    expect([after.state, after.startSeconds, after.submitSeconds]).toEqual(['running', before.startSeconds, before.submitSeconds])
    const ended = await untilState(id, 'complete')
    expect(notesOf(0)).toEqual(['begun', 'done'])
    expect(ended.endSeconds! - ended.startSeconds!).toBeGreaterThan(2.9)
  })

  it('takes a sprint back when its controller does not come back', async () => {
    await start()
    const id = await submit(job('one', noted(600)))
    await act({ kind: 'sprint', job: id, speed: 2 })
    kill(cluster!.process)
    await start()
    await until('normal speed', async () => (await seen(id)).speed === 1)
    expect(journal()).toContain('"lapsed"')
    await act({ kind: 'cancel', job: id })
  })

  it('reads a journal whose last line was cut short', async () => {
    await start()
    const id = await submit(job('one', noted(0.1)))
    await untilState(id, 'complete')
    kill(cluster!.process)
    writeFileSync(join(directory, 'journal.jsonl'), `${journal()}{"entry":"submit","at":1,"spe`)
    await start()
    expect((await seen(id)).state).toBe('complete')
  })

  it('begins tasks anew, as waste, when their keeper was killed too', async () => {
    await start()
    const id = await submit(job('one', noted(1)))
    await until('it runs', () => notesOf(0).length === 1)
    const [keeper] = processesOf(join(directory, 'keeper.sock'))
    kill(keeper!)
    const ended = await untilState(id, 'complete')
    expect(ended.restarts).toBe(1)
    expect(ended.wastedSeconds!).toBeGreaterThan(0)
    expect(notesOf(0)).toEqual(['begun', 'begun', 'done'])
  })
})

describe('an embedded cluster that evicts', () => {
  it('under resume lets the evicted task go on where it was, once', async () => {
    await start({ slots: 1, discipline: 'priority-preemptive-resume' })
    const low = await submit(job('low', noted(1)))
    await until('it runs', () => notesOf(0).length === 1)
    const high = await submit(job('high', noted(0.5).replace('/task-', '/high-'), { priority: 1 }))
    await untilState(high, 'complete')
    const ended = await untilState(low, 'complete')
    expect(notesOf(0)).toEqual(['begun', 'done'])
    expect([ended.restarts, ended.wastedSeconds]).toEqual([0, 0])
    expect(ended.endSeconds!).toBeGreaterThan((await seen(high)).endSeconds!)
  })

  it('under restart begins the evicted task anew and counts what it had done as waste', async () => {
    await start({ slots: 1, discipline: 'priority-preemptive-restart' })
    const low = await submit(job('low', noted(1)))
    await until('it runs', () => notesOf(0).length === 1)
    const high = await submit(job('high', noted(0.5).replace('/task-', '/high-'), { priority: 1 }))
    const ended = await untilState(low, 'complete')
    expect(notesOf(0)).toEqual(['begun', 'begun', 'done'])
    expect(ended.restarts).toBe(1)
    expect(ended.wastedSeconds!).toBeGreaterThan(0)
    // no slot was given away before its task was gone
    expect((await seen(high)).startSeconds!).toBeLessThan(ended.stages![0]!.each![0]!.startSeconds!)
  })
})

const ownGroup = (): string => join('/sys/fs/cgroup/cpu', `halftone-${placeAt(directory).id}`)
/** Quotas of the tasks that run, in microseconds. */
const quotas = (): number[] =>
  readdirSync(ownGroup(), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => Number(readFileSync(join(ownGroup(), name, 'cpu.cfs_quota_us'), 'utf8')))

describe.skipIf(!v1Writable())('an embedded cluster with control groups (v1 must be writable)', () => {
  it('gives every running task a quota, raises it in a sprint, and leaves no group behind', async () => {
    await start({ normalShare: 0.25, leaseSeconds: 60 })
    const id = await submit(job('one', noted(600), {}, 2))
    await until('both run', () => notesOf(0).length + notesOf(1).length === 2)
    const [normal, other] = quotas()
    expect(other).toBe(normal)
    await act({ kind: 'sprint', job: id, speed: 4 })
    expect(quotas()).toEqual([4 * normal!, 4 * normal!])
    await act({ kind: 'sprint', job: id, speed: 1 })
    expect(quotas()).toEqual([normal, normal])
    await act({ kind: 'cancel', job: id })
    await until('no task has a group', () => quotas().length === 0)
    await driver.stopCluster(true)
    await until('nothing is left', () => !existsSync(ownGroup()))
    cluster = undefined
  })

  it('removes the groups, and ends the processes, that a daemon and a keeper left who were both killed', async () => {
    await start({ leaseSeconds: 60 })
    const id = await submit(job('one', noted(600)))
    await until('it runs', () => notesOf(0).length === 1)
    await act({ kind: 'sprint', job: id, speed: 2 })
    const [task] = processesOf(scratch)
    for (const pid of [cluster!.process, ...processesOf(join(directory, 'keeper.sock'))]) kill(pid)
    rmSync(join(directory, 'journal.jsonl'))
    await start()
    await until('the task of the forgotten job is gone', () => !processesOf(scratch).includes(task!))
    await until('so is its group', () => quotas().length === 0)
  })
})

function v1Writable(): boolean {
  try {
    accessSync('/sys/fs/cgroup/cpu', constants.W_OK)
    return existsSync('/sys/fs/cgroup/cpu/cpu.cfs_period_us')
  } catch {
    return false
  }
}

describe('an embedded cluster with tasks that misbehave', () => {
  it('ends one that does not hear SIGTERM', async () => {
    await start()
    const id = await submit(job('deaf', `process.on('SIGTERM', () => undefined); ${noted(600)}`))
    await until('it runs', () => notesOf(0).length === 1)
    await act({ kind: 'cancel', job: id })
    await until('it is gone', () => processesOf(scratch).length === 0)
    expect((await seen(id)).state).toBe('cancel')
  })

  const hiding = `
    const { spawn } = require('node:child_process')
    const child = spawn(process.execPath, ['-e', 'process.on("SIGTERM", () => 0); setInterval(() => 0, 1e6)', scratch], { detached: true, stdio: 'ignore' })
    child.unref()`

  it.each(['auto', 'never'] as const)(
    'ends children that left their session, on cancelling (control groups: %s)',
    async (cgroups) => {
      await start({ cgroups })
      const id = await submit(job('hiding', `${hiding}; ${noted(600)}`))
      await until('both run', () => processesOf(scratch).length === 2)
      await act({ kind: 'cancel', job: id })
      await until('both are gone', () => processesOf(scratch).length === 0)
    },
  )

  it.each(['auto', 'never'] as const)(
    'ends what a task leaves behind that ends by itself (control groups: %s)',
    async (cgroups) => {
      await start({ cgroups })
      const id = await submit(job('leaving', hiding))
      await untilState(id, 'complete')
      await until('nothing is left', () => processesOf(scratch).length === 0)
    },
  )

  it('ends one that hangs, at its limit, and the job with it', async () => {
    await start()
    const id = await submit(job('hanging', noted(600), { limitSeconds: 0.5 }, 3))
    const ended = await untilState(id, 'timeout')
    expect(ended.reason).toContain('limit of 0.5 s')
    await until('nothing is left', () => processesOf(scratch).length === 0)
  })

  it('ends one that fills its directory, with the reason', async () => {
    await start({ diskMiB: 4 })
    const fill = `const { appendFileSync } = require('node:fs'); setInterval(() => appendFileSync('full', Buffer.alloc(1 << 20)), 20)`
    const id = await submit(job('filling', fill))
    expect((await untilState(id, 'fail')).reason).toContain('more than 4 MiB')
    await until('its directory is gone', () => readdirSync(join(directory, 'jobs')).length === 0)
  })

  it('ends one that prints without end, with the reason', async () => {
    await start({ outputMiB: 1 })
    const id = await submit(job('printing', `setInterval(() => process.stdout.write('x'.repeat(1 << 18)), 20)`))
    expect((await untilState(id, 'fail')).reason).toContain('printed more than 1 MiB')
  })

  it('tells why a job failed: a program that is not there, and one that ends badly', async () => {
    await start()
    const stage = (command: string[]) => ({ stages: [{ name: 'map', tasks: 1, command, droppable: true }] })
    const absent = await submit(job('absent', '', stage(['/no/such/program'])))
    expect((await untilState(absent, 'fail')).reason).toContain('could not be started')
    const bad = await submit(job('bad', 'process.exit(3)'))
    expect((await untilState(bad, 'fail')).reason).toBe('task 0 of map: exit code 3')
  })
})

describe('an embedded cluster and its controllers', () => {
  it('lets one controller steer and refuses a second with the reason, though both may look and submit', async () => {
    await start({ leaseSeconds: 60 })
    const second = await embeddedDriver({ socket: cluster!.socket, controller: 'second' })
    if (isRefusal(second)) throw new Error(second.message)
    const id = await submit(job('one', noted(600)))
    await act({ kind: 'sprint', job: id, speed: 2 })
    const refused = await second.enact({ kind: 'sprint', job: id, speed: 1.5 })
    expect(isRefusal(refused) && refused.message).toContain('only one may at a time')
    expect((await seen(id)).speed).toBe(2)
    expect(isRefusal(await second.observe())).toBe(false)
    await act({ kind: 'submit', spec: job('two', noted(0)) }, second)
    // whoever closes has let go
    await driver.close()
    driver = second
    await until('normal speed', async () => (await seen(id)).speed === 1)
    await act({ kind: 'sprint', job: id, speed: 1.5 })
    await act({ kind: 'cancel', job: id })
  })

  it('takes speeds and discipline back once the controller that set them is silent', async () => {
    await start()
    const watcher = await embeddedDriver({ socket: cluster!.socket })
    if (isRefusal(watcher)) throw new Error(watcher.message)
    const id = await submit(job('one', noted(600)))
    await act({ kind: 'sprint', job: id, speed: 2 })
    await act({ kind: 'discipline', discipline: 'fcfs' })
    driver = watcher
    expect((await seen(id)).speed).toBe(2)
    await until('normal speed', async () => (await seen(id)).speed === 1)
    const after = await watcher.observe()
    expect(!isRefusal(after) && after.discipline).toBe('priority-nonpreemptive')
    await act({ kind: 'cancel', job: id })
  })

  it('refuses a second daemon, a directory that others may enter, and what is no action', async () => {
    await start()
    const second = await startEmbedded({ directory, slots: 2 })
    expect(isRefusal(second) && second.message).toContain('already')
    const open = await startEmbedded({ directory: tmpdir(), slots: 2 })
    expect(isRefusal(open) && open.message).toMatch(/others may enter|belongs to/)
    const wrong = await driver.enact({ kind: 'sprint', job: 'j1', speed: -1 })
    expect(isRefusal(wrong)).toBe(true)
  })
})
