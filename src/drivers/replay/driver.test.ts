import { describe, expect, it } from 'vitest'
import { type Driver, isRefusal, type Observation, type ObservedJob, type ReplayJobs } from '../../model/index.js'
import type { ReplaySettings } from './cluster.js'
import { type ReplayDriverOptions, replayDriver } from './driver.js'
import { jobsOfReplay, type ReplayJob } from './jobs.js'

const job = (key: string, submitSeconds: number, workSeconds: number | number[], change: object = {}): ReplayJob => {
  const tasks = typeof workSeconds === 'number' ? 1 : workSeconds.length
  const stage = { name: 'map', tasks, workSeconds, ...change }
  return { key, className: 'c', priority: 1, submitSeconds, stages: [stage] }
}

function open(settings: Partial<ReplaySettings> & ReplayDriverOptions): Driver {
  const driver = replayDriver({ nodes: [{ name: 'n', slots: 2 }], ...settings })
  if (isRefusal(driver)) throw new Error(driver.message)
  return driver
}

async function look(driver: Driver): Promise<Observation> {
  const seen = await driver.observe({ endedSince: 0, tasks: true })
  if (isRefusal(seen)) throw new Error(seen.message)
  return seen
}

async function ends(driver: Driver): Promise<Record<string, number | undefined>> {
  const { jobs } = await look(driver)
  return Object.fromEntries(jobs.map(({ key, endSeconds }) => [key, endSeconds]))
}

describe('a cluster in virtual time', () => {
  it('plays the jobs of a trace as gangs on their slots', async () => {
    const replay: ReplayJobs = {
      count: 3,
      submitSeconds: Float64Array.of(0, 1, 2),
      runSeconds: Float64Array.of(10, 5, 5),
      slots: Int32Array.of(1, 2, 1),
      classIndex: Uint16Array.of(0, 0, 0),
    }
    const driver = open({ jobs: jobsOfReplay(replay, [{ name: 'all', priority: 1 }]) })
    await driver.clock.sleep(100)
    // the gang of two blocks the one behind it
    expect(await ends(driver)).toEqual({ 'job-0': 10, 'job-1': 15, 'job-2': 20 })
  })

  it('lets work go as much faster as a job sprints, from then on, and only the part that answers', async () => {
    const jobs = [job('all', 0, 10), job('half', 0, 10, { processorBound: 0.5 })]
    const driver = open({ jobs })
    await driver.clock.sleep(4)
    const { jobs: seen } = await look(driver)
    for (const { id } of seen) await driver.enact({ kind: 'sprint', job: id, speed: 2 })
    await driver.clock.sleep(100)
    // six seconds of work are left: at speed 2, and at 1 / (0.5 + 0.5 / 2)
    expect(await ends(driver)).toEqual({ all: 7, half: 4 + 6 * 0.75 })
  })

  it('passes the setup of a stage without a slot', async () => {
    const driver = open({ jobs: [job('a', 0, [5, 5], { setupSeconds: 3 }), job('b', 0, [2, 2])] })
    await driver.clock.sleep(1)
    expect((await look(driver)).nodes[0]!.busySlots).toBe(2)
    await driver.clock.sleep(100)
    expect(await ends(driver)).toEqual({ a: 8, b: 2 })
  })

  it('withdraws tasks that run or wait, and puts them back', async () => {
    const driver = open({ jobs: [job('a', 0, [10, 10, 10, 10])] })
    await driver.clock.sleep(4)
    await driver.enact({ kind: 'deflate', job: 'j1', stage: 'map', tasks: [1, 2] })
    const [seen] = (await look(driver)).jobs as [ObservedJob]
    expect(seen.stages![0]!.each!.map(({ state }) => state)).toEqual(['running', 'withdrawn', 'withdrawn', 'running'])
    expect(seen.wastedSeconds).toBe(4)
    await driver.enact({ kind: 'inflate', job: 'j1', stage: 'map', tasks: [2] })
    await driver.clock.sleep(100)
    expect(await ends(driver)).toEqual({ a: 20 })
  })

  it('refuses a discipline that it does not know, speeds beyond its own, and jobs of which it does not know how long they take', async () => {
    expect(replayDriver({ nodes: [{ name: 'n', slots: 1 }], discipline: 'srtf' })).toMatchObject({ code: 'unsupported' })
    const driver = open({ jobs: [job('a', 0, 10)], speeds: { least: 0.5, most: 2 } })
    expect(await driver.enact({ kind: 'sprint', job: 'j1', speed: 3 })).toMatchObject({ code: 'unsupported' })
    const spec = {
      key: 'k',
      className: 'c',
      priority: 1,
      stages: [{ name: 's', tasks: 1, command: ['true'], droppable: true }],
    }
    expect(await driver.enact({ kind: 'submit', spec })).toMatchObject({ code: 'unsupported' })
    const knowing = open({ workSeconds: (_spec, { command }) => (command[0] === 'sleep' ? Number(command[1]) : undefined) })
    expect(await knowing.enact({ kind: 'submit', spec })).toMatchObject({ code: 'no-data' })
  })
})
