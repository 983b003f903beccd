/**
 * The Slurm driver against real daemons: what a look at a queue of other people’s jobs takes, by the tools and through slurmrestd, with the processor
 * time of halftone’s own; how long submitting and withdrawing take; and which share of a processor a task really gets at each speed by quota,
 * measured by its own processor time. Needs Slurm installed, and control groups of version 1 for the speeds.
 */
import { existsSync, mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { type SlurmDriver, type SlurmSettings, slurmDriver, systemClock } from 'halftone/drivers'
import { type ClusterAction, type Enacted, isRefusal, JobSpec } from 'halftone/model'
import { quantile } from 'halftone/num'
import { type SlurmCluster, slurmIsMissing, startSlurm } from '../../test/support/slurm/cluster.js'
import { until } from '../../test/support/slurm/daemons.js'
import { save } from '../save.js'

const SMALL = process.argv.includes('--small')
const LOOKS = SMALL ? 5 : 30
const NORMAL_SHARE = 0.4

const median = (values: readonly number[]): number => Number(quantile(Float64Array.from(values).sort(), 0.5).toFixed(1))

function open(cluster: SlurmCluster, more: Partial<SlurmSettings> = {}): SlurmDriver {
  return slurmDriver({ clock: systemClock, conf: cluster.conf, spool: mkdtempSync(join(cluster.directory, 'spool-')), ...more })
}

async function act(driver: SlurmDriver, action: ClusterAction): Promise<Enacted> {
  const answer = await driver.enact(action)
  if (isRefusal(answer)) throw new Error(answer.message)
  return answer
}

/** Milliseconds of each call, and of processor time of this process. */
async function timed(times: number, work: (turn: number) => Promise<unknown>) {
  const took: number[] = []
  const before = process.cpuUsage()
  for (let turn = 0; turn < times; turn++) {
    const began = performance.now()
    await work(turn)
    took.push(performance.now() - began)
  }
  const { user, system } = process.cpuUsage(before)
  return {
    'ms p50': median(took),
    'ms max': Number(Math.max(...took).toFixed(1)),
    'ms of CPU': Number(((user + system) / 1000 / times).toFixed(1)),
  }
}

const spec = (key: string, command: string[], tasks: number): JobSpec =>
  JobSpec.parse({ key, className: 'bench', priority: 1, stages: [{ name: 'map', tasks, command }] })

async function looks(cluster: SlurmCluster): Promise<Record<string, unknown>[]> {
  const rows: Record<string, unknown>[] = []
  let waiting = 0
  for (const jobs of SMALL ? [100] : [100, 1_000]) {
    while (waiting < jobs) {
      await Promise.all(
        Array.from({ length: 10 }, () => cluster.command('sbatch', '--hold', '--output=/dev/null', '--chdir=/', '--wrap=true')),
      )
      waiting += 10
    }
    for (const way of ['tools', 'slurmrestd'] as const) {
      const driver = open(cluster, way === 'tools' ? {} : { rest: cluster.rest })
      await driver.observe()
      rows.push({ what: 'look', way, 'jobs in the queue': jobs, ...(await timed(LOOKS, () => driver.observe())) })
    }
  }
  return rows
}

async function actions(cluster: SlurmCluster): Promise<Record<string, unknown>[]> {
  const rows: Record<string, unknown>[] = []
  await cluster.command('scancel', '--user=root', '--state=pending')
  for (const way of ['tools', 'slurmrestd'] as const) {
    const driver = open(cluster, way === 'tools' ? {} : { rest: cluster.rest })
    const ids: string[] = []
    const submit = async (turn: number): Promise<void> => {
      ids.push((await act(driver, { kind: 'submit', spec: spec(`${way}-${turn}`, ['sleep', '600'], 20) })).jobId!)
    }
    rows.push({ what: 'submit 20 tasks', way, ...(await timed(LOOKS, submit)) })
    const drop = (turn: number): Promise<unknown> =>
      act(driver, { kind: 'deflate', job: ids[turn]!, stage: 'map', tasks: [15, 16, 17, 18, 19] })
    rows.push({ what: 'withdraw 5 tasks', way, ...(await timed(LOOKS, drop)) })
    for (const job of ids) await act(driver, { kind: 'cancel', job })
  }
  return rows
}

/** Share of a processor that a task gets at a speed, by the processor time that its script noted as it ended. */
async function speeds(cluster: SlurmCluster): Promise<Record<string, unknown>[]> {
  if (!existsSync('/sys/fs/cgroup/cpu/cpu.shares')) return []
  const driver = open(cluster, { quota: { normalShare: NORMAL_SHARE } })
  const rows: Record<string, unknown>[] = []
  const seconds = SMALL ? 3 : 10
  for (const speed of [1, 1.5, 2, 2.5]) {
    const key = `speed-${speed}`
    const command = ['bash', '-c', `while ((SECONDS < ${seconds})); do :; done`]
    const { jobId } = await act(driver, { kind: 'submit', spec: spec(key, command, 1) })
    await act(driver, { kind: 'sprint', job: jobId!, speed })
    let share = Number.NaN
    await until(`${key} has ended`, 60, async () => {
      const seen = await driver.observe({ endedSince: 0 })
      const job = isRefusal(seen) ? undefined : seen.jobs.find((one) => one.key === key && one.state === 'complete')
      if (job === undefined) return false
      share = job.cpuSeconds! / (job.endSeconds! - job.startSeconds!)
      return true
    })
    rows.push({
      what: 'share of a processor',
      speed,
      quota: Number((NORMAL_SHARE * speed).toFixed(2)),
      measured: Number(share.toFixed(3)),
    })
  }
  await driver.close()
  return rows
}

const missing = slurmIsMissing({ rest: true })
if (missing !== undefined) console.log(`not measured: ${missing}`)
else {
  const cluster = await startSlurm({ rest: true })
  try {
    const groups = [await looks(cluster), await actions(cluster), await speeds(cluster)]
    for (const rows of groups) console.table(rows)
    save('runs/slurm', groups.flat(), { looks: LOOKS })
  } finally {
    await cluster.stop()
  }
}
