/** The golden tables of specs/deflate.md 1.9 (REF-A), within their stated 1 % and the interval of a short run. */
import { describe, expect, it } from 'vitest'
import { isRefusal, type Policy, type Prediction } from '../../src/model/index.js'
import { comparePolicies, compileScenario, loadOf, simulateScenario } from '../../src/simulate/index.js'
import { type RefA, refA } from './support/deflate.js'

const sprint = (timeout: number): Partial<Policy> => ({
  sprint: { origin: 'dispatch', speed: 2.5, timeoutSeconds: { high: timeout }, toggleDelaySeconds: 0 },
})
const drop = (low: number): Partial<Policy> => ({ drop: { low } })
const preemptive: Partial<Policy> = { discipline: 'priority-preemptive-restart' }

function run(scenario: RefA, precision = 0.03): Prediction {
  const answer = simulateScenario(refA(scenario), { seed: 2019, precision, jobsAtMost: 1_000_000 })
  if (isRefusal(answer)) throw new Error(answer.message)
  return answer
}

/** The golden value ± 1 % must meet the 99.9 % interval, and the interval must be worth something. */
function meets(estimate: { value: number; high: number } | undefined, golden: number, narrow: number): void {
  const { value, high } = estimate!
  // 95 % to 99.9 %: t widens by less than 2.3 from 8 replications on (2.365 → 5.408)
  const halfWidth = 2.3 * (high - value)
  expect(Math.abs(value - golden)).toBeLessThanOrEqual(0.01 * golden + halfWidth)
  expect(high - value).toBeLessThan(narrow * value)
}

describe('REF-A, exponential tasks, 10 % high, load 0.8', () => {
  // policy, H mean, H p95, L mean, L p95, utilisation, waste
  const table: [string, Partial<Policy>, number, number, number, number, number, number][] = [
    ['P', preemptive, 151.1, 212.8, 1387.6, 3737, 0.835, 0.042],
    ['NP', {}, 292.3, 514.9, 1064.2, 2751, 0.8, 0],
    ['DA(0,20)', drop(0.2), 273.8, 490.7, 814.5, 2034, 0.747, 0],
    ['DA(0,40)', drop(0.4), 257.1, 467.3, 652.2, 1575, 0.695, 0],
    ['NPS', sprint(0), 198.0, 414.9, 967.5, 2454, 0.778, 0],
    ['DiAS(0,20)', { ...drop(0.2), ...sprint(0) }, 179.6, 390.8, 756.2, 1849, 0.725, 0],
  ]
  it.each(table)('%s', (_name, policy, highMean, highTail, lowMean, lowTail, utilisation, waste) => {
    const { classes, cluster } = run({ tasks: 'exponential', highShare: 0.1, load: 0.8, policy })
    meets(classes[0].response.mean, highMean, 0.03)
    meets(classes[0].response.p95, highTail, 0.05)
    meets(classes[1].response.mean, lowMean, 0.03)
    meets(classes[1].response.p95, lowTail, 0.08)
    meets(cluster.utilisation, utilisation, 0.02)
    if (waste === 0) expect(cluster.waste.value).toBe(0)
    else meets(cluster.waste, waste, 0.05)
  })
})

describe('REF-A, constant tasks, 10 % high, load 0.8', () => {
  const table: [string, Partial<Policy>, number, number, number, number][] = [
    ['P', preemptive, 81.5, 98.7, 711.7, 1897],
    ['NP', {}, 154.1, 253.9, 550.8, 1407],
    ['DA(0,20)', drop(0.2), 121.5, 207.0, 238.5, 530.8],
    ['DiAS(0,20), T = 0', { ...drop(0.2), ...sprint(0) }, 71.4, 155.8, 227.7, 494.1],
    ['DiAS(0,20), T = 65', { ...drop(0.2), ...sprint(65) }, 112.1, 196.6, 236.2, 522.8],
  ]
  it.each(table)('%s', (_name, policy, highMean, highTail, lowMean, lowTail) => {
    const { classes } = run({ tasks: 'constant', highShare: 0.1, load: 0.8, policy })
    meets(classes[0].response.mean, highMean, 0.03)
    meets(classes[0].response.p95, highTail, 0.05)
    meets(classes[1].response.mean, lowMean, 0.03)
    meets(classes[1].response.p95, lowTail, 0.08)
  })

  it('a drop ratio between wave boundaries changes nothing: 45 tasks are three waves like 50, 30 are two like 40', () => {
    const base = refA({ tasks: 'constant', highShare: 0.1, load: 0.8, policy: {} })
    const policies = [0, 0.1, 0.2, 0.4].map((low): Policy => ({ ...base.policy, name: `drop ${low}`, drop: { low } }))
    const compared = comparePolicies(base, policies, { seed: 1, replications: 2, jobsPerReplication: 3000 })
    const mean = (i: number): number => {
      const { outcome } = compared[i]
      if (isRefusal(outcome)) throw new Error(outcome.message)
      return outcome.classes[1].response.mean.value
    }
    expect(mean(1)).toBe(mean(0))
    expect(mean(3)).toBe(mean(2))
    expect(mean(2)).toBeLessThan(mean(0))
  })
})

describe('REF-A, exponential tasks, 90 % high, load 0.5', () => {
  const table: [string, Partial<Policy>, number, number, number][] = [
    ['P', preemptive, 199.1, 1430.7, 0.124],
    ['NP', {}, 229.4, 505.0, 0],
    ['DA(0,20)', drop(0.2), 225.1, 469.2, 0],
    ['DiAS(0,20)', { ...drop(0.2), ...sprint(0) }, 84.0, 351.4, 0],
  ]
  it.each(table)('%s', (_name, policy, high, low, waste) => {
    const { classes, cluster } = run({ tasks: 'exponential', highShare: 0.9, load: 0.5, policy }, 0.04)
    meets(classes[0].response.mean, high, 0.03)
    meets(classes[1].response.mean, low, 0.05)
    if (waste > 0) meets(cluster.waste, waste, 0.1)
  })
})

describe('REF-A, limited budget (90 % high, load 0.8, DiAS(0,20), refill 0.1, bucket 360 s)', () => {
  it.each([
    [0, 227.6, 677],
    [80, 221.2, 641],
    [160, 328.9, 1122],
  ])('T = %d', (timeout, high, low) => {
    const budget = { seconds: 360, refillPerSecond: 0.1, onThresholdSeconds: 0.5 }
    const policy = { ...drop(0.2), sprint: { ...sprint(timeout).sprint!, budget } }
    const { classes } = run({ tasks: 'exponential', highShare: 0.9, load: 0.8, policy }, 0.04)
    meets(classes[0].response.mean, high, 0.04)
    meets(classes[1].response.mean, low, 0.06)
  })
})

describe('the baseline P by equation E7', () => {
  it('loads as published: 0.8348 at 10 % high; unstable at a nominal 0.8 with 50 % and 90 % high, and refused before it is run', () => {
    const of = (highShare: number) => refA({ tasks: 'exponential', highShare, load: 0.8, policy: preemptive })
    const load = (share: number) => {
      const compiled = compileScenario(of(share))
      if (isRefusal(compiled)) throw new Error(compiled.message)
      return loadOf(compiled).total
    }
    // sizes of staged jobs are sampled, 2,000 a class: 2 %
    expect(load(0.1) / 0.8348).toBeCloseTo(1, 1)
    expect(Math.abs(load(0.5) - 1.001)).toBeLessThan(0.02)
    expect(Math.abs(load(0.9) - 1.034)).toBeLessThan(0.02)
    expect(simulateScenario(of(0.9), { seed: 1 })).toMatchObject({ kind: 'refusal', code: 'unstable' })
  })
})
