import { chmodSync, mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type SlurmDriver, type SlurmSettings, slurmDriver, systemClock } from '../../src/drivers/index.js'
import { type Clock, isRefusal, JobSpec, type Observation, type Refusal } from '../../src/model/index.js'
import { type SlurmCluster, slurmIsMissing, startSlurm } from '../support/slurm/cluster.js'
import { until } from '../support/slurm/daemons.js'
import { handsOn, isComplete, isRunning, keyed } from '../support/slurm/hands.js'

const missing = slurmIsMissing({ rest: true })

describe.skipIf(missing !== undefined)(`Slurm under faults${missing === undefined ? '' : ` (skipped: ${missing})`}`, () => {
  let cluster: SlurmCluster
  let spool: string
  let driver: SlurmDriver
  let skipped = 0
  let count = 0

  /** Real time, of which a test may skip some. */
  const clock: Clock = { ...systemClock, monotonic: () => systemClock.monotonic() + skipped }
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
  const { act, look, reaches } = handsOn(() => driver)
  /** What a look says of slurmrestd: nothing where it is well. */
  const troubleOf = ({ missing = [] }: Observation): string[] => missing.filter((line) => line.startsWith('slurmrestd'))
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
      await reaches('job runs', keyed(one.key), isRunning(2))
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
      const job = await reaches('job is complete', keyed(one.key), isComplete)
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
      const job = await reaches('job is complete', keyed(one.key), isComplete)
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
      driver = open()
      expect((await act({ kind: 'submit', spec: one })).jobId).toBe(jobId)
      expect((await arraysNamed(one.key)).length).toBe(2)
      await reaches('job is complete', keyed(one.key), isComplete)
      expect(begun(one.key)).toBe(3)
    })

    it('after it let a job go and before that was written down does no harm when the key is submitted again', async () => {
      const one = spec(2, 1)
      const { jobId } = await act({ kind: 'submit', spec: one })
      await reaches('job is complete', keyed(one.key), isComplete)
      const path = join(spool, `job.${one.key}`, 'record.json')
      const { ended, ...record } = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>
      expect(ended).toBeDefined()
      writeFileSync(path, JSON.stringify({ ...record, released: false }))
      driver = open()
      expect((await act({ kind: 'submit', spec: one })).jobId).toBe(jobId)
      await reaches('job is complete', keyed(one.key), isComplete)
      expect([begun(one.key), (await arraysNamed(one.key)).length]).toEqual([3, 2])
    })

    it('leaves what was withdrawn known: Slurm itself has forgotten those tasks', async () => {
      const blocker = spec(cluster.slots, 60)
      await act({ kind: 'submit', spec: blocker })
      await reaches('job runs', keyed(blocker.key), isRunning(cluster.slots))
      const one = spec(6, 1)
      const { jobId } = await act({ kind: 'submit', spec: one })
      await act({ kind: 'deflate', job: jobId!, stage: 'map', tasks: [1, 3, 5] })
      driver = open()
      expect((await look()).jobs.find(keyed(one.key))!.stages![0]).toMatchObject({ tasks: 6, withdrawn: 3 })
      await act({ kind: 'cancel', job: (await look()).jobs.find(keyed(blocker.key))!.id })
      const { stages, state } = await reaches('job has ended', keyed(one.key), (job) => job.endSeconds !== undefined)
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
      const { stages } = await reaches('job fills the cluster', keyed(one.key), isRunning(cluster.slots))
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
      await reaches('job is complete', keyed(one.key), isComplete)
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
      const seen = await handsOn(() => by).look()
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
        return troubleOf(await handsOn(() => by).look()).some((line) => line.includes('ran out'))
      })
      writeFileSync(tokenFile, await cluster.token(600), { mode: 0o600 })
      skipped += 60
      expect(troubleOf(await handsOn(() => by).look())).toEqual([])
    })

    it('is not asked with a token that others can read', async () => {
      const tokenFile = join(spool, 'token')
      writeFileSync(tokenFile, await cluster.token(600))
      chmodSync(tokenFile, 0o640)
      const by = open({ rest: { ...cluster.rest, tokenFile } })
      expect(troubleOf(await handsOn(() => by).look())).toEqual([expect.stringContaining('chmod 600')])
    })
  })
})
