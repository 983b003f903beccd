import { mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type SlurmDriver, slurmDriver, systemClock } from '../../src/drivers/index.js'
import { isRefusal, JobSpec } from '../../src/model/index.js'
import { readTrace } from '../../src/trace/index.js'
import { type SlurmCluster, slurmIsMissing, startSlurm } from '../support/slurm/cluster.js'
import { until } from '../support/slurm/daemons.js'
import { handsOn, isComplete, isRunning, keyed } from '../support/slurm/hands.js'

const missing = slurmIsMissing({ accounting: true })

describe.skipIf(missing !== undefined)(`Slurm with accounts${missing === undefined ? '' : ` (skipped: ${missing})`}`, () => {
  let cluster: SlurmCluster
  let driver: SlurmDriver
  let spool: string

  beforeAll(async () => {
    cluster = await startSlurm({ accounting: true })
    spool = mkdtempSync(join(cluster.directory, 'spool-'))
    driver = slurmDriver({
      clock: systemClock,
      spool,
      conf: cluster.conf,
      classOf: ({ name, qos }) => (name.startsWith('train') ? `training ${qos}` : undefined),
    })
  }, 120_000)
  afterAll(async () => cluster?.stop())

  const spec = (key: string, priority: number, tasks: number, seconds: number): JobSpec =>
    JobSpec.parse({ key, className: 'c', priority, stages: [{ name: 'map', tasks, command: ['sleep', String(seconds)] }] })
  const { act, look, reaches } = handsOn(() => driver)

  it('finds the qualities of service that preempt, and offers the discipline that they make', async () => {
    const { actions, through } = await driver.capabilities()
    expect(actions.discipline).toMatchObject({ permitted: true, note: expect.stringContaining('priority-preemptive-restart') })
    expect(through).toContain('accounts of slurmdbd')
    expect((await look()).discipline).toBe('priority-nonpreemptive')
    expect(await driver.enact({ kind: 'discipline', discipline: 'srtf' })).toMatchObject({
      message: expect.stringContaining('not to be had here'),
    })
  })

  it('lets a job of high priority take the slots of a low one, which begins anew, and counts what that wasted', async () => {
    await act({ kind: 'discipline', discipline: 'priority-preemptive-restart' })
    await act({ kind: 'submit', spec: spec('low', 2, cluster.slots, 4) })
    await reaches('the low job runs', keyed('low'), isRunning(cluster.slots))
    const { jobId } = await act({ kind: 'submit', spec: spec('high', 1, cluster.slots, 2) })
    const high = await reaches('the high job is complete', keyed('high'), isComplete)
    const low = await reaches('the low job is complete', keyed('low'), isComplete)
    expect(high.id).toBe(jobId)
    expect(low.restarts).toBe(1)
    // each of its tasks ran for a while before it was evicted, and not as long as it lasts
    expect(low.wastedSeconds!).toBeGreaterThan(0)
    expect(low.wastedSeconds!).toBeLessThan(cluster.slots * 4.5)
    expect(low.startSeconds!).toBeGreaterThan(high.startSeconds!)
    await act({ kind: 'discipline', discipline: 'priority-nonpreemptive' })
  })

  it('reads its history as a trace, an evicted attempt beside the one that ended where it is asked for', async () => {
    let text = ''
    // accounts lag behind the controller
    await until('the accounts have every task', 40, async () => {
      const history = await driver.history({ sinceSeconds: Date.now() / 1000 - 3_600, attempts: true })
      if (isRefusal(history)) throw new Error(history.message)
      text = history.text
      const count = (state: string): number => text.split('\n').filter((line) => line.includes(`|${state}|`)).length
      return count('COMPLETED') === 2 * cluster.slots && count('PREEMPTED') === cluster.slots
    })
    const history = await driver.history({ sinceSeconds: Date.now() / 1000 - 3_600 })
    if (isRefusal(history)) throw new Error(history.message)
    expect(history.source).toBe('sacct')
    const path = join(spool, 'history.txt')
    writeFileSync(path, history.text)
    const reading = await readTrace(path, { format: 'sacct' })
    if (!reading.ok) throw new Error(JSON.stringify(reading.issues))
    const { jobs, clock } = reading.trace
    expect(jobs.count).toBe(2 * cluster.slots)
    const origin = clock.kind === 'unix' ? clock.originUnixSeconds : Number.NaN
    expect(Math.abs(origin + jobs.endSeconds!.at(-1)! - Date.now() / 1000)).toBeLessThan(300)
  })

  it('sees and steers what others submitted: class, rank, hold, priority, and no dropping of their tasks', async () => {
    const submit = (...more: string[]): Promise<string> =>
      cluster.command('sbatch', '--parsable', '--output=/dev/null', '--chdir=/', ...more, '--wrap=sleep 60')
    const blockers = (await submit('--job-name=block', `--array=0-${cluster.slots - 1}`)).trim()
    const first = (await submit('--job-name=train|a', '--qos=low', '--time=5')).trim()
    const second = (await submit('--job-name=train b', '--array=0-5%2')).trim()
    const job = await reaches(
      'they wait',
      ({ id }) => id === first,
      ({ rank }) => rank !== undefined,
    )
    expect(job).toMatchObject({
      name: 'train|a',
      className: 'training low',
      user: 'root',
      state: 'pending',
      limitSeconds: 300,
      priority: 1,
    })
    // quality normal weighs more than low
    const array = await reaches(
      'the array waits',
      ({ id }) => id === second,
      ({ rank }) => rank !== undefined,
    )
    expect(array).toMatchObject({ slots: 2, className: 'training normal' })
    expect(array.rank!).toBeLessThan(job.rank!)
    expect(await driver.enact({ kind: 'deflate', job: second, stage: 'array', tasks: [0] })).toMatchObject({
      message: expect.stringContaining('not submitted by halftone'),
    })
    await act({ kind: 'hold', job: second })
    await reaches(
      'the array is held',
      ({ id }) => id === second,
      ({ state }) => state === 'held',
    )
    await act({ kind: 'release', job: second })
    await act({ kind: 'prioritise', job: first, priority: 3 })
    await reaches(
      'its priority is 3',
      ({ id }) => id === first,
      ({ priority }) => priority === 3,
    )
    await act({ kind: 'prioritise', job: first, priority: 1 })
    await reaches(
      'its priority is 1 again',
      ({ id }) => id === first,
      ({ priority }) => priority === 1,
    )
    for (const id of [second, first, blockers]) await act({ kind: 'cancel', job: id })
    await until(
      'they are gone',
      30,
      async () => (await driver.observe()) && (await cluster.command('squeue', '--noheader')) === '',
    )
  })
})
