import { describe, expect, it } from 'vitest'
import { isRefusal, type Policy, type Prediction, validate } from '../model/index.js'
import { comparePolicies } from './compare.js'
import { simulateScenario } from './predictor.js'

function scenario(gang: number[], rate: number, slots = 8) {
  const read = validate('scenario', {
    schema: 'halftone/scenario/1',
    name: 's',
    workload: {
      schema: 'halftone/workload/1',
      name: 'w',
      classes: [
        {
          name: 'a',
          priority: 1,
          arrival: { kind: 'poisson', ratePerSecond: rate },
          work: {
            kind: 'gang',
            slots: { counts: gang, probabilities: gang.map(() => 1 / gang.length) },
            runTime: { kind: 'exponential', meanSeconds: 1 },
          },
        },
      ],
    },
    cluster: { schema: 'halftone/cluster/1', name: 'c', nodes: [{ name: 'n', count: 1, slots }] },
    policy: { schema: 'halftone/policy/1', name: 'p', discipline: 'fcfs' },
  })
  if (!read.ok) throw new Error(JSON.stringify(read.issues))
  return read.value
}

describe('policies on the same luck', () => {
  it('a policy against itself differs by nothing, and paired intervals are far narrower than separate ones', () => {
    const question = scenario([1], 6.4)
    const fcfs = question.policy
    const sjf: Policy = { ...fcfs, name: 'sjf', discipline: 'sjf' }
    const [first, same, other] = comparePolicies(question, [fcfs, { ...fcfs, name: 'again' }, sjf], {
      seed: 1,
      replications: 12,
      jobsPerReplication: 5000,
    })
    expect(first.against).toBeUndefined()
    expect(same.against![0].response.mean).toEqual({ value: 0, low: 0, high: 0, confidence: 0.95 })
    const difference = other.against![0].response.mean
    expect(difference.high).toBeLessThan(0)
    const [a, b] = [first.outcome as Prediction, other.outcome as Prediction]
    const width = (e: { low: number; high: number }) => e.high - e.low
    expect(width(difference)).toBeLessThan(width(a.classes[0].response.mean) + width(b.classes[0].response.mean))
    expect(difference.value).toBeCloseTo(b.classes[0].response.mean.value - a.classes[0].response.mean.value, 2)
  })
})

describe('a queue that grows below a load of 1', () => {
  it('is refused when gangs of 5 of 8 slots leave three idle in strict order, and played when a horizon is given', () => {
    // one at a time runs at most: 0.625 of the slots; asked for 0.75
    const question = scenario([5], 1.2)
    const answer = simulateScenario(question, { seed: 1 })
    expect(answer).toMatchObject({ kind: 'refusal', code: 'unstable' })
    const played = simulateScenario(question, { seed: 1, horizonSeconds: 500, replications: 4 })
    expect(isRefusal(played)).toBe(false)
  })

  it('is not seen where a large cluster only fills up', () => {
    const answer = simulateScenario(scenario([1], 500, 1000), { seed: 1, jobsAtMost: 8000 })
    expect(isRefusal(answer)).toBe(false)
  })
})
