import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type SlurmDriver, type SlurmSettings, slurmDriver } from '../../src/drivers/index.js'
import {
  type Clock,
  type ClusterAction,
  type Enacted,
  isRefusal,
  JobSpec,
  type Observation,
  type ObservedJob,
  type Refusal,
} from '../../src/model/index.js'
import { readTrace } from '../../src/trace/index.js'
import { realClock } from '../support/slurm/clock.js'
import { type SlurmCluster, slurmIsMissing, startSlurm } from '../support/slurm/cluster.js'
import { until } from '../support/slurm/daemons.js'

const missing = slurmIsMissing({ rest: true })

describe.skipIf(missing !== undefined)(`Slurm under faults${missing === undefined ? '' : ` (skipped: ${missing})`}`, () => {
  let cluster: SlurmCluster
  let spool: string
  let driver: SlurmDriver
  let skipped = 0
  let count = 0

  /** Real time, of which a test may skip some. */
  const clock: Clock = { ...realClock, monotonic: () => realClock.monotonic() + skipped }
  const open = (change: Partial<SlurmSettings> = {}): SlurmDriver =>
    slurmDriver({ clock, spool, conf: cluster.conf, timeoutSeconds: 3, ...change })

  beforeAll(async () => {
    cluster = await startSlurm({ rest: true })
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
      key: `fault-${count++}`,
      className: 'low',
      priority: 2,
      stages: [
        { name: 'map', tasks, command: ['sleep', String(seconds)] },
        { name: 'reduce', tasks: 1, command: ['true'], droppable: false },
      ],
      ...more,
    })
  const act = async (action: ClusterAction, by: SlurmDriver = driver): Promise<Enacted> => {
    const answer = await by.enact(action)
    if (isRefusal(answer)) throw new Error(answer.message)
    return answer
  }
  const look = async (by: SlurmDriver = driver): Promise<Observation> => {
    const seen = await by.observe({ tasks: true, endedSince: 0 })
    if (isRefusal(seen)) throw new Error(seen.message)
    return seen
  }
  const jobOf = async (key: string, by: SlurmDriver = driver): Promise<ObservedJob> => {
    const job = (await look(by)).jobs.find((one) => one.key === key)
    if (job === undefined) throw new Error(`job ${key} is not seen`)
    return job
  }
  /** What a look says of slurmrestd: nothing where it is well. */
  const troubleOf = ({ missing = [] }: Observation): string[] => missing.filter((line) => line.startsWith('slurmrestd'))
  const reaches = async (key: string, what: string, holds: (job: ObservedJob) => boolean, seconds = 40): Promise<ObservedJob> => {
    let job: ObservedJob | undefined
    await until(`job ${key} ${what}`, seconds, async () => holds((job = await jobOf(key))))
    return job!
  }
  const isRunning =
    (tasks: number) =>
    (job: ObservedJob): boolean =>
      job.stages![0]!.running === tasks
  /** How often tasks were begun, by the log of their scripts. */
  const begun = (key: string): number => readFileSync(join(spool, `job.${key}`, 'log'), 'utf8').match(/^begin /gm)?.length ?? 0
  const arraysNamed = async (key: string): Promise<string[]> => {
    const lines = (await cluster.command('squeue', '--states=all', '--noheader', '--format=%F %j')).split('\n')
    return [...new Set(lines.filter((line) => line.includes(`:${key}:`)).map((line) => line.split(' ')[0]!))]
  }

  describe('slurmctld', () => {
    it('that does not answer is refused within the time limit, and seen again once it goes on', async () => {
      await look()
      cluster.signal('slurmctld', 'SIGSTOP')
      const began = performance.now()
      const answer = (await driver.observe()) as Refusal
      const took = performance.now() - began
      cluster.signal('slurmctld', 'SIGCONT')
      expect(answer).toMatchObject({ kind: 'refusal', code: 'no-data' })
      expect(took).toBeLessThan(20_000)
      await until('it is seen again', 20, async () => !isRefusal(await driver.observe()))
    })

    it('that is dead is refused at once; a job outlives it, and nothing of it is lost when it comes back', async () => {
      const one = spec(2, 12)
      await act({ kind: 'submit', spec: one })
      await reaches(one.key, 'runs', isRunning(2))
      // what slurmctld has not saved yet, which it does every few seconds, it forgets when it is killed
      const running = Date.now()
      await until('its state is saved', 20, () => statSync(join(cluster.directory, 'controller', 'job_state')).mtimeMs > running)
      await cluster.kill('slurmctld')
      expect(await driver.observe()).toMatchObject({
        kind: 'refusal',
        code: 'no-data',
        message: expect.stringContaining('slurmctld'),
      })
      expect(await driver.enact({ kind: 'cancel', job: '1' })).toMatchObject({ kind: 'refusal', code: 'no-data' })
      await cluster.start('slurmctld')
      const job = await reaches(one.key, 'is complete', ({ state }) => state === 'complete')
      expect([job.restarts ?? 0, begun(one.key)]).toEqual([0, 3])
    })

    it('whose answer to a submission is lost gets the same key again, and the job runs once', async () => {
      const one = spec(2, 1)
      await look()
      cluster.signal('slurmctld', 'SIGSTOP')
      const lost = await open({ timeoutSeconds: 1 }).enact({ kind: 'submit', spec: one })
      cluster.signal('slurmctld', 'SIGCONT')
      expect(isRefusal(lost)).toBe(true)
      await until('it answers', 20, async () => !isRefusal(await driver.observe()))
      const { jobId } = await act({ kind: 'submit', spec: one })
      expect((await act({ kind: 'submit', spec: one })).jobId).toBe(jobId)
      const job = await reaches(one.key, 'is complete', ({ state }) => state === 'complete')
      expect([job.id, begun(one.key)]).toEqual([jobId, 3])
    })
  })

  describe('a controller that dies', () => {
    it('after Slurm took a job and before its number was written down finds that job by its key', async () => {
      const one = spec(2, 1)
      const { jobId } = await act({ kind: 'submit', spec: one })
      const path = join(spool, `job.${one.key}`, 'record.json')
      const record = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>
      writeFileSync(path, JSON.stringify({ ...record, arrays: {}, released: false }))
      expect((await act({ kind: 'submit', spec: one }, open())).jobId).toBe(jobId)
      expect((await arraysNamed(one.key)).length).toBe(2)
      await reaches(one.key, 'is complete', ({ state }) => state === 'complete')
      expect(begun(one.key)).toBe(3)
    })

    it('leaves what was withdrawn known: Slurm itself has forgotten those tasks', async () => {
      const blocker = spec(cluster.slots, 60)
      await act({ kind: 'submit', spec: blocker })
      await reaches(blocker.key, 'runs', isRunning(cluster.slots))
      const one = spec(6, 1)
      const { jobId } = await act({ kind: 'submit', spec: one })
      await act({ kind: 'deflate', job: jobId!, stage: 'map', tasks: [1, 3, 5] })
      driver = open()
      expect((await jobOf(one.key)).stages![0]).toMatchObject({ tasks: 6, withdrawn: 3 })
      await act({ kind: 'cancel', job: (await jobOf(blocker.key)).id })
      const { stages, state } = await reaches(one.key, 'has ended', (job) => job.endSeconds !== undefined)
      expect([state, stages![0]!.each!.map((task) => task.state)]).toEqual([
        'complete',
        ['complete', 'withdrawn', 'complete', 'withdrawn', 'complete', 'withdrawn'],
      ])
      const tasksOfSlurm = (
        await cluster.command('squeue', '--states=all', '--noheader', '--array', `--job=${jobId}`, '--format=%K')
      )
        .trim()
        .split('\n')
      expect(tasksOfSlurm.length).toBe(3)
    })
  })

  describe('withdrawn tasks', () => {
    it('are gone from the queue while others of their array run, and those that run are stopped', async () => {
      const one = spec(8, 30)
      const { jobId } = await act({ kind: 'submit', spec: one })
      const { stages } = await reaches(one.key, 'fills the cluster', isRunning(cluster.slots))
      const states = stages![0]!.each!.map(({ state }) => state)
      const drop = [states.indexOf('running'), states.indexOf('pending')]
      await act({ kind: 'deflate', job: jobId!, stage: 'map', tasks: drop })
      await until('Slurm has them no more', 20, async () => {
        const left = await cluster.command('squeue', '--noheader', '--array', `--job=${jobId}`, '--format=%K')
        return drop.every((task) => !left.trim().split('\n').includes(String(task)))
      })
      const fraction = readFileSync(join(spool, `job.${one.key}`, 'fraction.map'), 'utf8')
      expect(Number(fraction)).toBe(0.75)
    })
  })

  describe('slurmrestd', () => {
    it('is what is read through while it answers, and the tools are when it is killed', async () => {
      driver = open({ rest: cluster.rest })
      expect((await driver.capabilities()).through[0]).toContain('through slurmrestd v0.0.38')
      const one = spec(2, 1)
      await act({ kind: 'submit', spec: one })
      expect(troubleOf(await look())).toEqual([])
      await cluster.kill('slurmrestd')
      const seen = await look()
      expect(troubleOf(seen)).toEqual([expect.stringContaining('ECONNREFUSED')])
      await reaches(one.key, 'is complete', ({ state }) => state === 'complete')
      await cluster.start('slurmrestd')
      skipped += 60
      expect(troubleOf(await look())).toEqual([])
    })

    const secret = 'aaaa.bbbb.cccc'
    const answers: [string, number, string, string][] = [
      ['fails', 500, '{"errors":[{"error":"broken"}]}', 'answered 500: broken'],
      ['does not accept the token', 401, '{}', 'does not accept the token'],
      ['says an error with a good status', 200, '{"errors":[{"error_number":2,"description":"no such thing"}]}', 'no such thing'],
      ['writes no JSON', 200, `<html>${secret}`, 'answered 200'],
      ['says nothing', 0, '', 'no answer for 1 s'],
    ]
    it.each(answers)('that %s is gone round, and the token is not shown', async (_, status, body, words) => {
      const server = createServer((_request, response) => {
        if (status > 0) response.writeHead(status).end(body)
      })
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      const { port } = server.address() as { port: number }
      const tokenFile = join(spool, 'token')
      writeFileSync(tokenFile, secret, { mode: 0o600 })
      const by = open({ rest: { url: `http://127.0.0.1:${port}`, tokenFile, user: 'root' }, timeoutSeconds: 1 })
      const seen = await look(by)
      expect(seen.nodes.length).toBe(cluster.nodes.length)
      expect(troubleOf(seen)).toEqual([expect.stringContaining(words)])
      expect(JSON.stringify([seen, await by.capabilities()])).not.toContain(secret)
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    })

    it('is not asked with a token that has run out, and is again once the file holds a new one', async () => {
      const tokenFile = join(spool, 'token')
      writeFileSync(tokenFile, await cluster.token(1), { mode: 0o600 })
      const by = open({ rest: { ...cluster.rest, tokenFile } })
      await until('it has run out', 10, async () => {
        skipped += 60
        return troubleOf(await look(by)).some((line) => line.includes('ran out'))
      })
      writeFileSync(tokenFile, await cluster.token(600), { mode: 0o600 })
      skipped += 60
      expect(troubleOf(await look(by))).toEqual([])
    })

    it('is not asked with a token that others can read', async () => {
      const tokenFile = join(spool, 'token')
      writeFileSync(tokenFile, await cluster.token(600))
      chmodSync(tokenFile, 0o640)
      const by = open({ rest: { ...cluster.rest, tokenFile } })
      expect(troubleOf(await look(by))).toEqual([expect.stringContaining('chmod 600')])
    })
  })

  describe('a node', () => {
    it('whose slurmd dies is seen down, its jobs begun anew elsewhere, and up again when it is back', async () => {
      const one = spec(cluster.slots, 4)
      await act({ kind: 'submit', spec: one })
      await reaches(one.key, 'runs', isRunning(cluster.slots))
      const [node] = cluster.nodes
      await cluster.kill(node!)
      const stateOf = async (): Promise<string> => (await look()).nodes.find(({ name }) => name === node)!.state
      await until('the node is down', 50, async () => (await stateOf()) === 'down')
      await cluster.start(node!)
      await until('the node is up', 30, async () => (await stateOf()) === 'up')
      const job = await reaches(one.key, 'has ended', ({ endSeconds }) => endSeconds !== undefined)
      expect(job.state).toBe('complete')
    })
  })

  describe('history', () => {
    it('is read from the completion log where there are no accounts, as a trace', async () => {
      const one = spec(3, 1)
      await act({ kind: 'submit', spec: one })
      await reaches(one.key, 'is complete', ({ state }) => state === 'complete')
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
        await realClock.sleep(2)
        // 100 ticks a second of processor time; the quota is given in whole periods
        expect((used() - ticks) / ((performance.now() - began) / 10)).toBeLessThan(0.55)
        await act({ kind: 'sprint', job: jobId!, speed: 2 })
        expect([quota(), (await jobOf(one.key)).speed]).toEqual([80_000, 2])
        expect(await driver.enact({ kind: 'sprint', job: jobId!, speed: 3 })).toMatchObject({
          message: expect.stringContaining('2.50'),
        })

        // the controller dies while the job sprints: whoever comes after puts it back
        driver = open({ quota: { normalShare: 0.4 } })
        expect(await driver.restore()).toEqual([`job ${jobId}: speed 2 back to 1`])
        expect([quota(), (await jobOf(one.key)).speed]).toEqual([40_000, 1])
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
