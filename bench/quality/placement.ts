/**
 * What fitting on nodes does to the wait. It has been reported that 10,000 jobs on 32 nodes × 8 GPUs wait 31 s on average under strict first come first served in a
 * pool that knows no nodes, and about 1,900 s once gangs must fit on nodes (two simulators agreed); the workload was not said. So: for several plausible readings of
 * it, the load at which the pool’s mean wait is 31 s, and the wait of the same jobs packed on nodes at that load, strictly and with EASY backfill. Ten traces each;
 * one trace says little, as the range shows.
 */
import { isRefusal, type Policy, validate } from 'halftone/model'
import { compileScenario, drawJobs, runJobs } from 'halftone/simulate'
import { save } from '../save.js'

const JOBS = 10_000
const TRACES = 10
const POOL_WAIT = 31

interface Reading {
  readonly counts: number[]
  readonly probabilities: number[]
  readonly meanSeconds: number
  readonly scv: number
}

const READINGS: Record<string, Reading> = {
  '85 % one GPU, 5 % each 2, 4, 8': { counts: [1, 2, 4, 8], probabilities: [0.85, 0.05, 0.05, 0.05], meanSeconds: 3600, scv: 4 },
  'the same, heavier tail': { counts: [1, 2, 4, 8], probabilities: [0.85, 0.05, 0.05, 0.05], meanSeconds: 3600, scv: 12 },
  '70 % one GPU, 10 % each 2, 4, 8': { counts: [1, 2, 4, 8], probabilities: [0.7, 0.1, 0.1, 0.1], meanSeconds: 3600, scv: 12 },
  '1, 2, 4, 8 alike': { counts: [1, 2, 4, 8], probabilities: [0.25, 0.25, 0.25, 0.25], meanSeconds: 3600, scv: 12 },
  'up to 32 GPUs': {
    counts: [1, 2, 4, 8, 16, 32],
    probabilities: [0.7, 0.1, 0.08, 0.07, 0.03, 0.02],
    meanSeconds: 3600,
    scv: 12,
  },
}

/** Mean wait of each trace. */
function waits(
  { counts, probabilities, meanSeconds, scv }: Reading,
  load: number,
  policy: Pick<Policy, 'discipline' | 'placement'>,
): number[] {
  const slots = counts.reduce((sum, count, i) => sum + count * probabilities[i], 0)
  const read = validate('scenario', {
    schema: 'halftone/scenario/1',
    name: 'placement',
    workload: {
      schema: 'halftone/workload/1',
      name: 'gangs',
      classes: [
        {
          name: 'all',
          priority: 1,
          arrival: { kind: 'poisson', ratePerSecond: (load * 256) / (slots * meanSeconds) },
          work: { kind: 'gang', slots: { counts, probabilities }, runTime: { kind: 'lognormal', meanSeconds, scv } },
        },
      ],
    },
    cluster: { schema: 'halftone/cluster/1', name: '32 × 8', nodes: [{ name: 'node', count: 32, slots: 8 }] },
    policy: { schema: 'halftone/policy/1', name: 'p', ...policy },
  })
  if (!read.ok) throw new Error(JSON.stringify(read.issues))
  const compiled = compileScenario(read.value)
  if (isRefusal(compiled)) throw new Error(compiled.message)
  return Array.from({ length: TRACES }, (_, trace) => {
    const run = runJobs(compiled, drawJobs(compiled, 1, trace, JOBS))
    return run.response.reduce((sum, response, i) => sum + response - run.held[i], 0) / JOBS
  })
}

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length

const rows = Object.entries(READINGS).map(([name, reading]) => {
  let low = 0.3
  let high = 1
  for (let i = 0; i < 14; i++) {
    const middle = (low + high) / 2
    if (mean(waits(reading, middle, { discipline: 'fcfs', placement: 'pool' })) < POOL_WAIT) low = middle
    else high = middle
  }
  const packed = waits(reading, low, { discipline: 'fcfs', placement: 'packed' })
  return {
    reading: name,
    'mean run s, scv': `${reading.meanSeconds}, ${reading.scv}`,
    load: Number(low.toFixed(3)),
    'pool s': Math.round(mean(waits(reading, low, { discipline: 'fcfs', placement: 'pool' }))),
    'packed s': Math.round(mean(packed)),
    'least and most of ten traces': `${Math.round(Math.min(...packed))} … ${Math.round(Math.max(...packed))}`,
    'packed, EASY s': Math.round(mean(waits(reading, low, { discipline: 'easy-backfill', placement: 'packed' }))),
    'reported: pool, packed s': '31, 1900',
  }
})
console.table(rows)
save('quality/placement', rows)
