import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type SlurmDriver, type SlurmSettings, slurmDriver, systemClock } from '../../src/drivers/index.js'
import { isRefusal, JobSpec } from '../../src/model/index.js'
import { readTrace } from '../../src/trace/index.js'
import { type SlurmCluster, slurmIsMissing, startSlurm } from '../support/slurm/cluster.js'
import { until } from '../support/slurm/daemons.js'
import { handsOn, isComplete, isRunning, keyed } from '../support/slurm/hands.js'

const missing = slurmIsMissing()

describe.skipIf(missing !== undefined)(`Slurm’s nodes${missing === undefined ? '' : ` (skipped: ${missing})`}`, () => {
  let cluster: SlurmCluster
  let spool: string
  let driver: SlurmDriver
  let count = 0

  const open = (change: Partial<SlurmSettings> = {}): SlurmDriver =>
    slurmDriver({ clock: systemClock, spool, conf: cluster.conf, timeoutSeconds: 5, ...change })
  const { act, look, reaches } = handsOn(() => driver)

  beforeAll(async () => {
    cluster = await startSlurm()
  })
  afterAll(async () => cluster?.stop())
  beforeEach(() => {
    spool = mkdtempSync(join(cluster.directory, 'spool-'))
    driver = open()
  })
  afterEach(async () => {
    await cluster.command('scancel', '--user=root')
    await until('the queue is empty', 30, async () => (await cluster.command('squeue', '--noheader')) === '')
  })

  const spec = (tasks: number, seconds: number, more: Partial<JobSpec> = {}): JobSpec =>
    JobSpec.parse({
      key: `node-${count++}`,
      className: 'low',
      priority: 2,
      stages: [
        { name: 'map', tasks, command: ['sleep', String(seconds)] },
        { name: 'reduce', tasks: 1, command: ['true'], droppable: false },
      ],
      ...more,
    })

  describe('a node', () => {
    it('whose slurmd dies is seen down, its jobs begun anew elsewhere, and up again when it is back', async () => {
      const one = spec(cluster.slots, 4)
      await act({ kind: 'submit', spec: one })
      await reaches('job runs', keyed(one.key), isRunning(cluster.slots))
      const [node] = cluster.nodes
      await cluster.kill(node!)
      const stateOf = async (): Promise<string> => (await look()).nodes.find(({ name }) => name === node)!.state
      await until('the node is down', 50, async () => (await stateOf()) === 'down')
      await cluster.start(node!)
      await until('the node is up', 30, async () => (await stateOf()) === 'up')
      const job = await reaches('job has ended', keyed(one.key), ({ endSeconds }) => endSeconds !== undefined)
      expect(job.state).toBe('complete')
    })
  })

  describe('history', () => {
    it('is read from the completion log where there are no accounts, as a trace', async () => {
      const one = spec(3, 1)
      await act({ kind: 'submit', spec: one })
      await reaches('job is complete', keyed(one.key), isComplete)
      await until('the log has it', 20, async () => {
        const history = await driver.history({ sinceSeconds: 0 })
        return !isRefusal(history) && history.text.split('\n').filter((line) => line.includes(`:${one.key}:`)).length === 4
      })
      const history = await driver.history({ sinceSeconds: 0 })
      if (isRefusal(history)) throw new Error(history.message)
      expect(history.source).toBe('jobcomp')
      const path = join(spool, 'history.txt')
      writeFileSync(path, history.text)
      const read = await readTrace(path, { format: 'sacct' })
      if (!read.ok) throw new Error(JSON.stringify(read))
      expect(read.trace.jobs.count).toBeGreaterThanOrEqual(4)
    })
  })

  describe('speed by quota', () => {
    const mount = ['/sys/fs/cgroup/cpu', '/sys/fs/cgroup/cpu,cpuacct'].find((path) => existsSync(join(path, 'cpu.shares')))
    it.skipIf(mount === undefined)(
      'holds each task to its share from its start, lifts it, and leaves no group behind (needs cgroup v1)',
      async () => {
        driver = open({ quota: { normalShare: 0.4 } })
        const directory = mkdtempSync(join(cluster.directory, 'work-'))
        const command = [
          'bash',
          '-c',
          'echo $$ >pid.$HALFTONE_TASK; echo $HALFTONE_SPEED >speed.$HALFTONE_TASK; while :; do :; done',
        ]
        const one = spec(1, 0, { directory, stages: [{ name: 'map', tasks: 2, command, droppable: true }] })
        const { jobId } = await act({ kind: 'submit', spec: one })
        await until('both tasks run', 20, () => existsSync(join(directory, 'speed.0')) && existsSync(join(directory, 'speed.1')))
        const pid = readFileSync(join(directory, 'pid.0'), 'utf8').trim()
        const group = /:cpu(?:,cpuacct)?:(.*)/.exec(readFileSync(`/proc/${pid}/cgroup`, 'utf8'))![1]!
        const at = join(mount!, group)
        expect(group).toMatch(new RegExp(`/halftone-slurm-[0-9a-f]{12}/${one.key}\\.map\\.0$`))
        const quota = (): number => Number(readFileSync(join(at, 'cpu.cfs_quota_us'), 'utf8'))
        expect(quota()).toBe(40_000)
        const used = (): number =>
          Number(/ (\d+) (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ').slice(12, 15).join(' '))?.[1] ?? 0)
        const [ticks, began] = [used(), performance.now()]
        await systemClock.sleep(2)
        // 100 ticks a second of processor time; the quota is given in whole periods
        expect((used() - ticks) / ((performance.now() - began) / 10)).toBeLessThan(0.55)
        await act({ kind: 'sprint', job: jobId!, speed: 2 })
        expect([quota(), (await look()).jobs.find(keyed(one.key))!.speed]).toEqual([80_000, 2])
        expect(await driver.enact({ kind: 'sprint', job: jobId!, speed: 3 })).toMatchObject({
          message: expect.stringContaining('2.50'),
        })

        // the controller dies while the job sprints: whoever comes after puts it back
        driver = open({ quota: { normalShare: 0.4 } })
        expect(await driver.restore()).toEqual([`job ${jobId}: speed 2 back to 1`])
        expect([quota(), (await look()).jobs.find(keyed(one.key))!.speed]).toEqual([40_000, 1])
        await act({ kind: 'cancel', job: jobId! })
        await until('its groups are gone', 20, async () => {
          await look()
          return !existsSync(at)
        })
        await driver.close()
        expect(readdirSync(mount!)).not.toContain(group.split('/')[1])
      },
    )
  })
})
