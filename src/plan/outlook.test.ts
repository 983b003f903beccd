import { describe, expect, it } from 'vitest'
import { exactly, lossOf, type Policy, type Prediction, type Refusal, refuse, type Scenario, validate } from '../model/index.js'
import { Rng } from '../num/index.js'
import { anneal } from './anneal.js'
import { candidatePolicies } from './candidates.js'
import { paretoFront } from './front.js'
import { compareCandidates, judge } from './judge.js'
import { sensitivityOf } from './sensitivity.js'

const valid = validate('scenario', {
  schema: 'halftone/scenario/1',
  name: 'one server',
  workload: {
    schema: 'halftone/workload/1',
    name: 'w',
    classes: [
      {
        name: 'job',
        priority: 1,
        arrival: { kind: 'poisson', ratePerSecond: 0.5 },
        work: { kind: 'gang', slots: 1, runTime: { kind: 'exponential', meanSeconds: 1 }, divisible: true },
        accuracy: { source: 'measured', points: [{ dropRatio: 0.5, loss: 0.1 }] },
      },
    ],
  },
  cluster: {
    schema: 'halftone/cluster/1',
    name: 'c',
    nodes: [{ name: 'n', count: 1, slots: 1 }],
    power: { idleWatts: 0, busyWatts: 100, sprintWatts: 300 },
    costPerSlotHour: 2,
    costPerKilowattHour: 10,
  },
  policy: { schema: 'halftone/policy/1', name: 'now', discipline: 'fcfs' },
  goal: { schema: 'halftone/goal/1', classes: { job: { meanResponseSeconds: 4, accuracyLossAtMost: 0.06 } } },
  levers: {
    dropRatioAtMost: { job: 0.3 },
    disciplines: ['fcfs', 'srtf'],
    sprint: {
      speed: 1.5,
      otherSpeeds: [2],
      classes: ['job'],
      budget: { seconds: 10, refillPerSecond: 0.1 },
      otherBudgets: [{ seconds: 40, refillPerSecond: 0.1 }],
    },
  },
})
const scenario = (valid as { value: Scenario }).value

/** M/M/1 with the work shortened by dropping and the server sped up by sprinting from the start. */
function world(policy: Policy, loadFactor = 1): Prediction | Refusal {
  const ratio = policy.drop['job']
  const theta = typeof ratio === 'number' ? ratio : 0
  const mean = (1 - theta) / (policy.sprint?.timeoutSeconds['job'] === 0 ? policy.sprint.speed : 1)
  const rate = 0.5 * loadFactor
  if (rate * mean >= 1) return refuse('unstable', 'too much')
  const times = (value: number) => ({ mean: exactly(value), p95: exactly(value * Math.log(20)) })
  return {
    schema: 'halftone/prediction/1',
    predictor: { kind: 'analytic', name: 'M/M/1', method: 'closed form' },
    cost: { wallSeconds: 0 },
    classes: [
      {
        name: 'job',
        arrivalsPerSecond: rate,
        throughputPerSecond: exactly(rate),
        response: times(1 / (1 / mean - rate)),
        wait: times(0),
        service: times(mean),
        accuracyLoss: lossOf(scenario.workload.classes[0]!.accuracy, theta),
      },
    ],
    cluster: {
      utilisation: exactly(rate * mean),
      waste: exactly(0),
      powerWatts: exactly((policy.sprint ? 300 : 100) * rate * mean),
    },
    caveats: [],
  }
}

const judged = (policy: Policy) => judge(scenario, policy, world(policy) as Prediction, [2])

describe('levers', () => {
  it('name every speed and budget that may be chosen, and candidates try them all', () => {
    const sprints = candidatePolicies(scenario, new Map([['job', 1]]), 1e6).flatMap(({ sprint }) => (sprint ? [sprint] : []))
    expect(new Set(sprints.map(({ speed }) => speed))).toEqual(new Set([1.5, 2]))
    expect(new Set(sprints.map(({ budget }) => (budget as { seconds: number }).seconds))).toEqual(new Set([10, 40]))
    expect(sprints.every((sprint) => validate('policy', { ...scenario.policy, sprint }).ok)).toBe(true)
  })
})

describe('cost', () => {
  it('is slots and energy by the hour', () => {
    // one slot at 2, and 50 W of 100 W at load one half: 0.05 kW at 10
    expect(judged(scenario.policy).price.costPerHour).toBeCloseTo(2 + 0.5, 12)
  })

  it('as an aim needs a price to be held against', () => {
    const { costPerSlotHour: _a, costPerKilowattHour: _b, ...cluster } = scenario.cluster
    const asked = { ...scenario, cluster, goal: { ...scenario.goal!, minimise: 'cost' } }
    expect(validate('scenario', asked)).toMatchObject({ ok: false, issues: [{ code: 'contradiction', place: 'goal.minimise' }] })
  })

  it('of power cannot be capped below what the idle cluster draws', () => {
    const asked = {
      ...scenario,
      cluster: { ...scenario.cluster, power: { idleWatts: 50, busyWatts: 100, sprintWatts: 300 } },
      goal: { ...scenario.goal!, powerWattsAtMost: 40 },
    }
    expect(validate('scenario', asked)).toMatchObject({
      ok: false,
      issues: [{ code: 'contradiction', place: 'goal.powerWattsAtMost' }],
    })
  })
})

describe('the Pareto front', () => {
  const looked = candidatePolicies(scenario, new Map([['job', 1]]), 1e6).map((policy) => ({
    candidate: judged(policy),
    confirmed: true,
  }))
  const front = paretoFront(scenario, looked, [2])

  it('holds no point that another beats, and every point that none beats lies on or behind it', () => {
    const values = (p: { response: number; accuracyLoss: number; powerWatts?: number | undefined }) => [
      p.response,
      p.accuracyLoss,
      p.powerWatts!,
    ]
    for (const a of front)
      for (const b of front) {
        if (a === b) continue
        const [x, y] = [values(a), values(b)]
        expect(x.every((v, i) => v <= y[i]! * 1.0001) && x.some((v, i) => v < y[i]! * 0.998)).toBe(false)
      }
    for (const { candidate } of looked) {
      const point = [
        candidate.prediction.classes[0]!.response.mean.value / 2,
        candidate.price.accuracyLoss,
        candidate.price.powerWatts!,
      ]
      expect(front.some((p) => values(p).every((v, i) => v <= point[i]! * 1.002 + 1e-12))).toBe(true)
    }
  })

  it('ascends in response and falls in price', () => {
    for (let i = 1; i < front.length; i++) expect(front[i]!.response).toBeGreaterThanOrEqual(front[i - 1]!.response)
    expect(front.length).toBeGreaterThan(2)
  })
})

describe('sensitivity', () => {
  it('finds the margin where the goal breaks: 1/(1 − 0.5 f) = 4 at f = 1.5', () => {
    const found = sensitivityOf(scenario, scenario.policy, [2], (factor) => world(scenario.policy, factor))
    expect(found).toMatchObject({ loadFactor: 1.1, holds: true, broken: [] })
    expect(found.margin!.atLeast).toBe(false)
    expect(Math.abs(found.margin!.loadFactor / 1.5 - 1)).toBeLessThan(0.04)
    expect(found.classes![0]!.meanResponseSeconds).toBeCloseTo(1 / (1 - 0.55), 10)
  })

  it('says what breaks at a tenth more, and gives no margin to a plan that does not hold now', () => {
    const tight = { ...scenario, goal: { ...scenario.goal!, classes: { job: { meanResponseSeconds: 2.1, weight: 1 } } } }
    const found = sensitivityOf(tight, scenario.policy, [2], (factor) => world(scenario.policy, factor))
    expect(found).toMatchObject({ holds: false, broken: ['classes.job.meanResponseSeconds'] })
    expect(found.margin!.loadFactor).toBeGreaterThan(1.02)
    expect(found.margin!.loadFactor).toBeLessThan(1.06)
    const missed = { ...scenario, goal: { ...scenario.goal!, classes: { job: { meanResponseSeconds: 1, weight: 1 } } } }
    expect(sensitivityOf(missed, scenario.policy, [2], (factor) => world(scenario.policy, factor)).margin).toBeUndefined()
  })

  it('calls an unstable load one where stability breaks', () => {
    const free = { ...scenario }
    delete (free as { goal?: unknown }).goal
    const found = sensitivityOf(free, scenario.policy, [2], (factor) => world(scenario.policy, factor), 2.5)
    expect(found).toMatchObject({ holds: false, broken: ['stability'] })
    expect(found.classes).toBeUndefined()
  })
})

describe('simulated annealing', () => {
  it('walks from the policy in force to the best of the grid, or nearly, whatever the seed', () => {
    const asked = { ...scenario, goal: { ...scenario.goal!, minimise: 'energy' as const } }
    const judgedBy = (policy: Policy) => judge(asked, policy, world(policy) as Prediction, [2])
    const compare = compareCandidates(asked, [2])
    const best = candidatePolicies(asked, new Map([['job', 1]]), 1e6)
      .map(judgedBy)
      .sort(compare)[0]!
    for (const seed of [1, 2, 3]) {
      const found = anneal(asked, asked.policy, [2], (policy) => world(policy), { rng: new Rng(seed), steps: 400 })
      expect(found.best!.violation).toBe(0)
      expect(found.best!.score / best.score).toBeLessThan(1.02)
    }
  })

  it('walks the same way from the same seed', () => {
    const run = () => anneal(scenario, scenario.policy, [2], (policy) => world(policy), { rng: new Rng(5) })
    expect(run()).toEqual(run())
  })
})
