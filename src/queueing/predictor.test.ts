import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { isRefusal, type Policy, type Prediction, parseNoun, type Scenario } from '../model/index.js'
import { analyticPredictor } from './predictor.js'

const dias = (): Scenario => {
  const valid = parseNoun(readFileSync('examples/dias.yaml', 'utf8'), 'examples/dias.yaml', 'scenario')
  if (!valid.ok) throw new Error(JSON.stringify(valid.issues))
  return valid.value
}
const under = (policy: Partial<Policy>, scenario = dias()): Prediction => {
  const prediction = analyticPredictor.predict(
    { ...scenario, policy: { ...scenario.policy, discipline: 'priority-nonpreemptive', ...policy } },
    { seed: 1 },
  )
  if (isRefusal(prediction)) throw new Error(prediction.message)
  return prediction
}
const means = (prediction: Prediction): number[] => prediction.classes.map(({ response }) => response.mean.value)

describe('the analytic predictor on the reference configuration', () => {
  it('gives the published analytic means and tails of non-preemptive priority (specs 1.9)', () => {
    const prediction = under({})
    expect(means(prediction)[0]).toBeCloseTo(292.0, 0)
    expect(Math.abs(means(prediction)[1]! - 1062.7)).toBeLessThan(0.5)
    expect(prediction.classes[0]!.response.p95?.value).toBeCloseTo(514.7, 0)
    expect(Math.abs(prediction.classes[1]!.response.p95!.value - 2748.8)).toBeLessThan(1.5)
    expect(prediction.cluster.utilisation.value).toBeCloseTo(0.8, 6)
  })

  it('gives those of dropping 20 % of the low class’s map tasks', () => {
    // the published rows drop map tasks only on this model: 273.9 and 817.3
    const [high, low] = means(under({ drop: { low: 0.2 } }))
    expect(Math.abs(high! / 273.9 - 1)).toBeLessThan(0.005)
    expect(Math.abs(low! / 817.3 - 1)).toBeLessThan(0.005)
  })

  it('charges sprinting to the power of the cluster', () => {
    const sprint = { origin: 'dispatch' as const, speed: 2.5, timeoutSeconds: { high: 0 }, toggleDelaySeconds: 0 }
    const prediction = under({ sprint })
    // high: 0.1 λ jobs, each 147.93 / 2.5 s, all of it sprinting
    const scenario = dias()
    const rates = scenario.workload.classes.map(({ arrival }) => (arrival.kind === 'poisson' ? arrival.ratePerSecond : 0))
    const sprinting = rates[0]! * (147.932 / 2.5)
    const busy = sprinting + rates[1]! * 342.319
    const watts = 90 * (1 - busy) + 180 * (busy - sprinting) + 270 * sprinting
    expect(prediction.cluster.utilisation.value).toBeCloseTo(busy, 4)
    expect(prediction.cluster.powerWatts!.value).toBeCloseTo(watts, 1)
    expect(prediction.cluster.energyPerJobJoules!.value).toBeCloseTo(watts / (rates[0]! + rates[1]!), -2)
  })

  it('refuses what only a simulation knows: jobs that fail, are stopped, drop their stragglers or share storage', () => {
    const scenario = dias()
    const refused = (change: (one: Scenario) => Scenario): string | undefined => {
      const base = { ...scenario, policy: { ...scenario.policy, discipline: 'priority-nonpreemptive' as const } }
      return analyticPredictor.refuses(change(base))?.message
    }
    const each = (more: object) => (one: Scenario) => ({
      ...one,
      workload: { ...one.workload, classes: one.workload.classes.map((jobClass) => ({ ...jobClass, ...more })) },
    })
    const policy = (more: Partial<Policy>) => (one: Scenario) => ({ ...one, policy: { ...one.policy, ...more } })
    expect(refused((one) => one)).toBeUndefined()
    expect(refused(each({ failures: { ratePerRunningSecond: 1e-4, retriesAtMost: 3 } }))).toContain('fail')
    expect(refused(policy({ stopAfterSeconds: { low: 100 } }))).toContain('stopped')
    expect(
      refused(policy({ discipline: 'priority-preemptive-resume', preemption: { restartDelaySeconds: 5, evictionSeconds: 0 } })),
    ).toContain('evicted')
    expect(refused(policy({ dropping: 'straggler', drop: { low: 0.2 } }))).toContain('last tasks')
    const stored = each({ data: { bytes: 1e9, bytesPerSecond: 1e8 } })
    expect(refused(stored)).toBeUndefined()
    expect(
      refused((one) => ({ ...stored(one), cluster: { ...one.cluster, storage: { bytesPerSecond: 1e8, cacheBytes: 0 } } })),
    ).toContain('storage')
  })

  it('refuses what it has no formula for, and load of 1 or above with the number', () => {
    const refusal = (policy: Partial<Policy>, change: (scenario: Scenario) => Scenario = (s) => s) => {
      const scenario = change(dias())
      const answer = analyticPredictor.predict(
        { ...scenario, policy: { ...scenario.policy, discipline: 'priority-nonpreemptive', ...policy } },
        { seed: 1 },
      )
      return isRefusal(answer) ? answer : undefined
    }
    expect(refusal({ discipline: 'priority-preemptive-restart' })?.code).toBe('unsupported')
    expect(refusal({ engine: 'shared' })?.code).toBe('unsupported')
    const budget = { seconds: 100, refillPerSecond: 0.1, onThresholdSeconds: 0.5 }
    expect(
      refusal({ sprint: { origin: 'dispatch', speed: 2, timeoutSeconds: { high: 0 }, toggleDelaySeconds: 0, budget } })?.code,
    ).toBe('unsupported')
    const overload = refusal({}, (scenario) => ({
      ...scenario,
      workload: {
        ...scenario.workload,
        classes: scenario.workload.classes.map((c) => ({ ...c, arrival: { kind: 'poisson', ratePerSecond: 0.0025 } })),
      },
    }))
    expect(overload?.code).toBe('unstable')
    expect(overload?.numbers?.['utilisation']).toBeCloseTo(0.0025 * (147.932 + 342.319), 3)
  })
})

describe('the analytic predictor on gangs that share a cluster', () => {
  const gangs = (slots: number, size: number, discipline: Policy['discipline']): Scenario => {
    const work = {
      kind: 'gang' as const,
      slots: size,
      runTime: { kind: 'exponential' as const, meanSeconds: 100 },
      divisible: false,
    }
    return {
      ...dias(),
      workload: {
        schema: 'halftone/workload/1',
        name: 'gangs',
        classes: [
          { name: 'a', priority: 1, arrival: { kind: 'poisson', ratePerSecond: 0.012 }, work },
          { name: 'b', priority: 2, arrival: { kind: 'poisson', ratePerSecond: 0.02 }, work },
        ],
      },
      cluster: { schema: 'halftone/cluster/1', name: 'c', nodes: [{ name: 'n', count: 1, slots, speed: 1 }] },
      policy: { schema: 'halftone/policy/1', name: 'p', discipline, engine: 'shared', placement: 'pool', drop: {} },
    }
  }

  it('is M/M/c where gangs are equal and exponential: 16 slots, gangs of 4 (Erlang C)', () => {
    const prediction = analyticPredictor.predict(gangs(16, 4, 'fcfs'), { seed: 1 })
    if (isRefusal(prediction)) throw new Error(prediction.message)
    // M/M/4 at load 3.2: Erlang C = (3.2⁴/24)/(1 − 0.8) / (Σ_{k<4} 3.2ᵏ/k! + …) ; wait = C · 100 / (4 − 3.2)
    const terms = [1, 3.2, 3.2 ** 2 / 2, 3.2 ** 3 / 6]
    const last = 3.2 ** 4 / 24 / 0.2
    const wait = ((last / (terms.reduce((a, b) => a + b, 0) + last)) * 100) / 0.8
    for (const jobClass of prediction.classes) expect(Math.abs(jobClass.wait.mean.value / wait - 1)).toBeLessThan(1e-9)
  })

  it('conserves the mean wait over classes of equal service when priorities reorder them', () => {
    const fcfs = analyticPredictor.predict(gangs(16, 4, 'fcfs'), { seed: 1 })
    const priority = analyticPredictor.predict(gangs(16, 4, 'priority-nonpreemptive'), { seed: 1 })
    if (isRefusal(fcfs) || isRefusal(priority)) throw new Error('refused')
    const overall = ({ classes }: Prediction): number =>
      (0.012 * classes[0]!.wait.mean.value + 0.02 * classes[1]!.wait.mean.value) / 0.032
    expect(overall(priority) / overall(fcfs)).toBeCloseTo(1, 6)
    expect(priority.classes[0]!.wait.mean.value).toBeLessThan(priority.classes[1]!.wait.mean.value)
  })
})
