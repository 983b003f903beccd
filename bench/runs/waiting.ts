/**
 * Cost of an event against how many jobs wait: so many gangs of 1 to 8 slots of a hundred users arrive within the first second at 32 nodes of 8
 * slots, and all are run to their ends. Nanoseconds of processor time an event, the better of two runs (one for a million jobs). The event
 * count of disciplines that interrupt holds each return to the queue. Conservative backfill makes its promises anew whenever a job ends, to as many
 * waiting jobs as it is told (256 unless said): second table, on a trace of 30,000 jobs at a load of 0.85, with what more promises are worth.
 */
import { isRefusal, type Policy, type ReplayJobs, validate } from 'halftone/model'
import { Rng } from 'halftone/num'
import { type CompiledScenario, compileScenario, replayedJobs, runJobs } from 'halftone/simulate'
import { save } from '../save.js'

const DISCIPLINES: readonly Policy['discipline'][] = [
  'fcfs',
  'sjf',
  'priority-nonpreemptive',
  'priority-preemptive-resume',
  'srtf',
  'las',
  'fair-share',
  'easy-backfill',
  'conservative-backfill',
]
const COUNTS = [1_000, 10_000, 100_000, 1_000_000]
/** Longer than this is left out. */
const SECONDS_AT_MOST = 20

function jobsOf(count: number, load: number | undefined): ReplayJobs {
  const rng = new Rng(7, 'waiting bench')
  const widths = [1, 1, 1, 2, 4, 8]
  const run = Float64Array.from({ length: count }, () => Math.min(200_000, Math.exp(6.5 + 1.6 * rng.normal())))
  const slots = Int32Array.from({ length: count }, () => widths[rng.below(widths.length)]!)
  const work = run.reduce((sum, seconds, i) => sum + seconds * slots[i]!, 0)
  const gap = load === undefined ? 1 / count : work / count / 256 / load
  let now = 0
  return {
    count,
    submitSeconds: Float64Array.from({ length: count }, () => {
      now += rng.exponential() * gap
      return now
    }),
    runSeconds: run,
    slots,
    classIndex: Uint16Array.from({ length: count }, () => rng.below(3)),
    userIndex: Int32Array.from({ length: count }, () => rng.below(100)),
    estimateSeconds: run.map((seconds) => seconds * (1 + 3 * rng.uniform())),
  }
}

function compiled(discipline: Policy['discipline'], replay: ReplayJobs, promisesAtMost?: number): CompiledScenario {
  const read = validate('scenario', {
    schema: 'halftone/scenario/1',
    name: 'waiting',
    workload: {
      schema: 'halftone/workload/1',
      name: 'waiting',
      trace: { path: 'none.csv', classes: { by: 'all' } },
      classes: [1, 2, 3].map((priority) => ({
        name: `class ${priority}`,
        priority,
        arrival: { kind: 'replay' },
        work: { kind: 'replay' },
      })),
    },
    cluster: { schema: 'halftone/cluster/1', name: '32 × 8', nodes: [{ name: 'node', count: 32, slots: 8 }] },
    policy: {
      schema: 'halftone/policy/1',
      name: discipline,
      discipline,
      placement: 'packed',
      ...(promisesAtMost ? { backfill: { promisesAtMost } } : {}),
    },
  })
  if (!read.ok) throw new Error(JSON.stringify(read.issues))
  const scenario = compileScenario(read.value, replay)
  if (isRefusal(scenario)) throw new Error(scenario.message)
  return scenario
}

interface Measured {
  readonly seconds: number
  readonly events: number
  readonly meanWait: number
}

function measure(discipline: Policy['discipline'], replay: ReplayJobs, promises?: number): Measured {
  const scenario = compiled(discipline, replay, promises)
  const jobs = replayedJobs(scenario, replay)
  const before = process.cpuUsage()
  const { state, response, held, events } = runJobs(scenario, jobs)
  const { user, system } = process.cpuUsage(before)
  if (state.some((one) => one !== 3)) throw new Error('a job was lost')
  const wait = response.reduce((sum, time, i) => sum + time - held[i]!, 0)
  return { seconds: (user + system) / 1e6, events, meanWait: wait / replay.count }
}

const rows: Record<string, string | number>[] = []
for (const discipline of DISCIPLINES) {
  const row: Record<string, string | number> = { discipline }
  // the compiler warms up on what is not counted
  measure(discipline, jobsOf(2000, undefined))
  let last = 0
  for (const count of COUNTS) {
    const column = `ns an event, ${count.toLocaleString('en-US')} waiting`
    if (last * 10 > SECONDS_AT_MOST) {
      row[column] = 'left out'
      continue
    }
    const replay = jobsOf(count, undefined)
    const times = Array.from({ length: count >= 1_000_000 ? 1 : 2 }, () => measure(discipline, replay))
    const best = times.reduce((a, b) => (a.seconds <= b.seconds ? a : b))
    last = best.seconds
    row[column] = Math.round((best.seconds / best.events) * 1e9)
  }
  rows.push(row)
}
console.table(rows)

const trace = jobsOf(30_000, 0.85)
const easy = measure('easy-backfill', trace)
const depths: Record<string, string | number>[] = [
  { promises: 'EASY: the head alone', 'jobs/s': Math.round(30_000 / easy.seconds), 'mean wait s': Math.round(easy.meanWait) },
]
for (const promises of [16, 64, 256, 1024, 4096]) {
  const one = measure('conservative-backfill', trace, promises)
  depths.push({ promises, 'jobs/s': Math.round(30_000 / one.seconds), 'mean wait s': Math.round(one.meanWait) })
}
console.table(depths)
save('runs/waiting', rows, { depths })
