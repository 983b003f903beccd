/**
 * Replay with placement: 10⁶ jobs on 32 nodes × 8 GPUs (gangs of 1 to 64, packed) at load 0.85, under several disciplines; and the same in
 * a pool that knows no nodes. Jobs a second of processor time (others share the machine), peak memory a job (all of the process beyond an idle
 * one, trace included), and what placement does to the mean wait. At this load strict order is unstable once gangs must fit on nodes: its wait
 * then grows with the length of the trace.
 */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { isRefusal, type Policy, type ReplayJobs, validate } from 'halftone/model'
import { Rng } from 'halftone/num'
import { compileScenario, replayedJobs, runJobs } from 'halftone/simulate'
import { save } from '../save.js'

const JOBS = 1_000_000

/** A synthetic trace with the sizes of the public GPU traces: most jobs take one GPU, most GPU time goes to gangs of 8 and more. */
function trace(count: number): ReplayJobs {
  const rng = new Rng(4, 'replay bench')
  const widths = [1, 2, 4, 8, 16, 32, 64]
  const ends = [0.8, 0.87, 0.92, 0.975, 0.992, 0.998, 1]
  const run = new Float64Array(count)
  const slots = new Int32Array(count)
  const estimate = new Float64Array(count)
  let work = 0
  for (let i = 0; i < count; i++) {
    const u = rng.uniform()
    slots[i] = widths[ends.findIndex((end) => u < end)]
    run[i] = Math.min(200_000, Math.exp(6.5 + 1.6 * rng.normal()))
    estimate[i] = run[i] * (1 + 3 * rng.uniform())
    work += run[i] * slots[i]
  }
  const gap = work / count / 256 / 0.85
  const submit = new Float64Array(count)
  let now = 0
  for (let i = 0; i < count; i++) {
    submit[i] = now
    now += rng.exponential() * gap
  }
  return { count, submitSeconds: submit, runSeconds: run, slots, classIndex: new Uint16Array(count), estimateSeconds: estimate }
}

/** One discipline and placement, alone in its process so that the peak of its memory is its own. */
function measure(discipline: Policy['discipline'], placement: Policy['placement']): Record<string, number> {
  const before = process.memoryUsage().rss
  const replay = trace(JOBS)
  const read = validate('scenario', {
    schema: 'halftone/scenario/1',
    name: 'replay',
    workload: {
      schema: 'halftone/workload/1',
      name: 'replay',
      trace: { path: 'none.csv', classes: { by: 'all' } },
      classes: [{ name: 'all', priority: 1, arrival: { kind: 'replay' }, work: { kind: 'replay' } }],
    },
    cluster: { schema: 'halftone/cluster/1', name: '32 × 8', nodes: [{ name: 'node', count: 32, slots: 8 }] },
    policy: { schema: 'halftone/policy/1', name: discipline, discipline, placement },
  })
  if (!read.ok) throw new Error(JSON.stringify(read.issues))
  const compiled = compileScenario(read.value, replay)
  if (isRefusal(compiled)) throw new Error(compiled.message)
  const start = process.cpuUsage()
  const run = runJobs(compiled, replayedJobs(compiled, replay))
  const { user, system } = process.cpuUsage(start)
  const took = (user + system) / 1e6
  if (run.state.some((state) => state !== 3)) throw new Error('a job was lost')
  let wait = 0
  for (let i = 0; i < JOBS; i++) wait += run.response[i] - run.held[i]
  const peak = process.resourceUsage().maxRSS * 1024 - before
  return { jobsPerSecond: Math.round(JOBS / took), meanWait: Math.round(wait / JOBS), bytesPerJob: Math.round(peak / JOBS) }
}

const asked = process.argv.indexOf('--measure')
if (asked >= 0) {
  const [discipline, placement] = process.argv.slice(asked + 1) as [Policy['discipline'], Policy['placement']]
  process.stdout.write(JSON.stringify(measure(discipline, placement)))
} else {
  const rows: Record<string, string | number>[] = []
  for (const discipline of ['fcfs', 'sjf', 'srtf', 'easy-backfill', 'las']) {
    const row: Record<string, string | number> = { discipline }
    for (const placement of ['packed', 'pool']) {
      const child = spawnSync(
        process.execPath,
        [...process.execArgv, fileURLToPath(import.meta.url), '--measure', discipline, placement],
        {
          encoding: 'utf8',
        },
      )
      if (child.status !== 0) throw new Error(child.stderr)
      const { jobsPerSecond, meanWait, bytesPerJob } = JSON.parse(child.stdout) as Record<string, number>
      row[`${placement}: jobs/s`] = jobsPerSecond
      row[`${placement}: mean wait s`] = meanWait
      row[`${placement}: peak bytes a job`] = bytesPerJob
    }
    rows.push(row)
  }
  console.table(rows)
  save('runs/replay', rows)
}
