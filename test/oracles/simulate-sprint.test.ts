/** The golden tables of specs/sprint.md 2.9: one server, λ = 0.75, exponential work of mean 1, speed 1.5, timer from arrival. */
import { describe, expect, it } from 'vitest'
import { isRefusal, type Prediction, validate } from '../../src/model/index.js'
import { simulateScenario } from '../../src/simulate/index.js'

function run(timeout: number | undefined, bucket?: number): Prediction {
  const budget = bucket === undefined ? {} : { budget: { seconds: bucket, refillPerSecond: bucket / 200, onThresholdSeconds: 0 } }
  const sprint =
    timeout === undefined ? {} : { sprint: { origin: 'arrival', speed: 1.5, timeoutSeconds: { query: timeout }, ...budget } }
  const read = validate('scenario', {
    schema: 'halftone/scenario/1',
    name: 'sprint',
    workload: {
      schema: 'halftone/workload/1',
      name: 'queries',
      classes: [
        {
          name: 'query',
          priority: 1,
          arrival: { kind: 'poisson', ratePerSecond: 0.75 },
          work: { kind: 'gang', slots: 1, runTime: { kind: 'exponential', meanSeconds: 1 } },
        },
      ],
    },
    cluster: {
      schema: 'halftone/cluster/1',
      name: 'one',
      nodes: [{ name: 'server', count: 1, slots: 1 }],
      // watts that make power read as the share of time sprinting: idle 0, busy 0, sprint 1
      power: { idleWatts: 0, busyWatts: 0, sprintWatts: 1 },
    },
    policy: { schema: 'halftone/policy/1', name: 'p', discipline: 'fcfs', ...sprint },
  })
  if (!read.ok) throw new Error(JSON.stringify(read.issues))
  const answer = simulateScenario(read.value, { seed: 2018, precision: 0.01, jobsAtMost: 2_400_000 })
  if (isRefusal(answer)) throw new Error(answer.message)
  return answer
}

/** The golden value, give or take its own stated half-width, lies in the 99.9 % interval; the interval is within 2 %. */
function meets(estimate: { value: number; high: number } | undefined, golden: number, own: number): void {
  const { value, high } = estimate!
  expect(Math.abs(value - golden)).toBeLessThanOrEqual(own + 2.3 * (high - value))
  expect(high - value).toBeLessThan(0.02 * value)
}

describe('unlimited budget', () => {
  it.each([
    // T, mean, p95, share of time sprinting
    [0, 1.333, 3.996, 0.5],
    [1, 1.661, 4.396, 0.319],
    [2, 1.968, 4.886, 0.217],
    [4, 2.496, 6.009, 0.113],
    [8, 3.224, 8.499, 0.036],
    [undefined, 4.004, 11.99, 0],
  ])('T = %s', (timeout, mean, tail, share) => {
    const { classes, cluster } = run(timeout)
    meets(classes[0].response.mean, mean, 0.009)
    meets(classes[0].response.p95, tail, 0.01 * tail)
    expect(Math.abs(cluster.powerWatts!.value - share)).toBeLessThan(
      0.0006 + 2.3 * (cluster.powerWatts!.high - cluster.powerWatts!.value),
    )
  })
})

describe('token bucket, B per 200 s', () => {
  it.each([
    [5, 0, 3.79],
    [5, 6, 3.601],
    [20, 1, 3.176],
    [20, 4, 2.766],
    [60, 0, 2.241],
    [60, 1, 1.8],
    [60, 5, 2.717],
  ])('B = %d, T = %d', (bucket, timeout, mean) => {
    meets(run(timeout, bucket).classes[0].response.mean, mean, 0.03)
  })
})
