/**
 * A plan beside what came of it: `halftone trial` of examples/trial.yaml on worker processes of this machine and on a Slurm of four virtual nodes with one processor each, NP, P and the plan
 * without preemption, at two loads. The model is calibrated by a few jobs run alone, then foresees the mean and the 95th percentile of every class under every policy for the
 * very arrivals that come; measured is what the real jobs took.
 *
 * Aim: means within 10 %, 95th percentiles within 20 %; the low class much faster under the plan than under P, without waste, the high class no worse.
 *
 * Needs a quiet machine: other work takes the processors that a task was promised. `--minutes=N` for each trial (default 12), `--on=embedded` or `--on=slurm` for one of the two, `--loads=.6,.8`.
 * Slurm is left out, and said so, where it is not installed. Every run is one sample of the luck: rows say how wide.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { isRefusal, type Scenario, type TrialReport } from 'halftone/model'
import { trialText } from 'halftone/report'
import { openDriver, ownCluster, readScenario, runTrial, type TrialedCluster } from 'halftone/study'
import { slurmIsMissing, startSlurm } from '../../test/support/slurm/cluster.js'
import { save } from '../save.js'

const argument = (name: string): string | undefined => process.argv.find((one) => one.startsWith(`--${name}=`))?.split('=')[1]
const MINUTES = Number(argument('minutes') ?? 12)
const LOADS = (argument('loads') ?? '0.6,0.8').split(',').map(Number)
const POLICIES = ['P', 'NP', 'DiAS:plan']
const NORMAL_SHARE = 0.225

const reading = await readScenario('examples/trial.yaml')
if (!reading.ok) throw new Error('examples/trial.yaml cannot be read')
/** Half the work a task, so that twice as many jobs fit into the time. */
const TASK_SCALE = 0.5
const scenario = halved(reading.question.scenario)

function halved(whole: Scenario): Scenario {
  const classes = whole.workload.classes.map((one) =>
    one.run?.kind === 'bundled' ? { ...one, run: { ...one.run, taskSeconds: one.run.taskSeconds * TASK_SCALE } } : one,
  )
  return { ...whole, workload: { ...whole.workload, classes } }
}

/** Opens a fresh cluster; `directory` is the trial’s own. */
const clusters: Record<string, (directory: string) => Promise<TrialedCluster>> = {
  embedded: async (directory) => {
    const own = await ownCluster(scenario, {
      directory: join(directory, 'cluster'),
      slots: 4,
      processors: availableParallelism(),
    })
    if (isRefusal(own)) throw new Error(own.message)
    return own
  },
  slurm: async (directory) => {
    const cluster = await startSlurm({ nodes: 4, processors: 1, accounting: true })
    const driver = await openDriver({
      on: 'slurm',
      conf: cluster.conf,
      spool: join(directory, 'spool'),
      normalShare: NORMAL_SHARE,
    })
    if (isRefusal(driver)) throw new Error(driver.message)
    return {
      driver,
      leave: async () => {
        await driver.close()
        await cluster.stop()
      },
    }
  },
}

function rowsOf(cluster: string, { load, policies, profile }: TrialReport) {
  return policies.flatMap(({ policy, classes, measured, predicted, tookSeconds }) =>
    classes.map((one) => ({
      cluster,
      load,
      policy: policy.name,
      drop: policy.drop,
      class: one.name,
      jobs: one.jobs,
      unfinished: one.unfinished,
      meanMeasured: one.measured.mean,
      meanForeseen: one.predicted?.mean,
      meanOff: one.predicted && one.predicted.mean.value / one.measured.mean.value - 1,
      p95Measured: one.measured.p95,
      p95Foreseen: one.predicted?.p95,
      p95Off: one.predicted && one.predicted.p95.value / one.measured.p95.value - 1,
      accuracyLost: one.accuracyLoss.measured?.value,
      accuracyForeseen: one.accuracyLoss.predicted?.value,
      waste: measured.waste,
      wasteForeseen: predicted?.waste,
      busy: measured.utilisation,
      busyForeseen: predicted?.utilisation,
      energyJoules: measured.energyJoules,
      seconds: tookSeconds,
      preemption: profile.scenario.policy.preemption,
    })),
  )
}

type Row = ReturnType<typeof rowsOf>[number]

for (const name of (argument('on') ?? 'embedded,slurm').split(',')) {
  const missing = name === 'slurm' ? slurmIsMissing({ accounting: true }) : undefined
  if (missing !== undefined) {
    console.log(`slurm left out: ${missing}`)
    continue
  }
  const rows: Row[] = []
  for (const load of LOADS) rows.push(...(await tried(name, load)))
  const summary = summaryOf(rows)
  console.log(name, summary)
  save(`quality/trial-${name}`, rows, summary)
}

/** One trial at one load, on a cluster of its own. */
async function tried(name: string, load: number): Promise<Row[]> {
  const directory = mkdtempSync(join(tmpdir(), 'halftone-trial-'))
  try {
    const answer = await runTrial({
      scenario,
      cluster: () => clusters[name]!(directory),
      policies: POLICIES,
      forSeconds: MINUTES * 60,
      load,
      seed: 1,
      profileJobs: 6,
      everySeconds: name === 'slurm' ? 0.5 : 0.1,
      directory,
      resume: false,
    })
    if (isRefusal(answer)) throw new Error(answer.message)
    if (!answer.ok) throw new Error(JSON.stringify(answer.issues))
    console.log(trialText(answer.report, { colour: false, width: 120 }))
    return rowsOf(name, answer.report)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

/** How many of the means came within 10 %, of the 95th percentiles within 20 %, and the median errors. */
function summaryOf(rows: readonly Row[]) {
  const errors = (key: 'meanOff' | 'p95Off'): number[] =>
    rows.flatMap((row) => (row[key] === undefined ? [] : [Math.abs(row[key])])).sort((a, b) => a - b)
  const median = (values: readonly number[]): number => values[Math.floor(values.length / 2)] ?? 0
  const share = (values: readonly number[], within: number): number =>
    values.filter((value) => value <= within).length / values.length
  const [means, p95s] = [errors('meanOff'), errors('p95Off')]
  return {
    figures: means.length,
    medianMeanOff: median(means),
    meansWithinTenPercent: share(means, 0.1),
    medianP95Off: median(p95s),
    p95sWithinTwentyPercent: share(p95s, 0.2),
  }
}
