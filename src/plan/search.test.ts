import { describe, expect, it } from 'vitest'
import {
  exactly,
  isRefusal,
  lossOf,
  type OpenRace,
  type Prediction,
  type Predictor,
  refuse,
  type Scenario,
  validate,
} from '../model/index.js'
import { candidatePolicies, dropRatios, largestDrop } from './candidates.js'
import { searchPlan } from './search.js'

const scenario = (goal?: Record<string, unknown>, levers?: Record<string, unknown>): Scenario => {
  const stages = [{ name: 'map', tasks: 50, taskTime: { kind: 'constant', seconds: 20 } }]
  const valid = validate('scenario', {
    schema: 'halftone/scenario/1',
    name: 'test',
    workload: {
      schema: 'halftone/workload/1',
      name: 'w',
      classes: [
        { name: 'high', priority: 1, arrival: { kind: 'poisson', ratePerSecond: 0.001 }, work: { kind: 'stages', stages } },
        {
          name: 'low',
          priority: 2,
          arrival: { kind: 'poisson', ratePerSecond: 0.002 },
          work: { kind: 'stages', stages },
          accuracy: { source: 'measured', points: [{ dropRatio: 0.5, loss: 0.1 }] },
        },
      ],
    },
    cluster: { schema: 'halftone/cluster/1', name: 'c', nodes: [{ name: 'n', count: 1, slots: 20 }] },
    policy: { schema: 'halftone/policy/1', name: 'P', discipline: 'priority-preemptive-restart', engine: 'exclusive' },
    ...(goal ? { goal: { schema: 'halftone/goal/1', ...goal } } : {}),
    ...(levers ? { levers } : {}),
  })
  if (!valid.ok) throw new Error(JSON.stringify(valid.issues))
  return valid.value
}

/** A world with a known best policy: dropping helps low linearly, sprinting helps high least at 30 s, restarts hurt low threefold. */
const world: Predictor = {
  kind: 'analytic',
  name: 'a world made for this test',
  refuses: () => undefined,
  predict: ({ policy, workload }): Prediction => {
    const ratio = policy.drop['low']
    const theta = typeof ratio === 'number' ? ratio : 0
    const timeout = policy.sprint?.timeoutSeconds['high']
    const high = timeout === undefined ? 100 : 60 + Math.abs(timeout - 30)
    const low = (policy.discipline === 'priority-preemptive-restart' ? 900 : 300) * (1 - theta)
    const times = (value: number) => ({ mean: exactly(value), p95: exactly(3 * value) })
    return {
      schema: 'halftone/prediction/1',
      predictor: { kind: 'analytic', name: 'world', method: 'made up' },
      cost: { wallSeconds: 0 },
      classes: workload.classes.map((jobClass, i) => ({
        name: jobClass.name,
        arrivalsPerSecond: 1,
        throughputPerSecond: exactly(1),
        response: times(i === 0 ? high : low),
        wait: times(1),
        service: times(40),
        accuracyLoss: lossOf(jobClass.accuracy, i === 0 ? 0 : theta),
      })),
      cluster: { utilisation: exactly(0.5), waste: exactly(policy.discipline === 'priority-preemptive-restart' ? 0.04 : 0) },
      caveats: [],
    }
  },
}

const levers = {
  disciplines: ['priority-preemptive-restart', 'priority-nonpreemptive'],
  dropRatioAtMost: { low: 0.4 },
  sprint: { speed: 2, classes: ['high'] },
}

describe('candidates', () => {
  it('drop nothing where the goal bears no loss, and never more than the floor or the lever allows', () => {
    const free = scenario({ classes: { low: {} } }, levers)
    expect(dropRatios(free, free.workload.classes[1]!)).toEqual([0])
    const bounded = scenario({ classes: { low: { accuracyLossAtMost: 0.05 } } }, levers)
    const ratios = dropRatios(bounded, bounded.workload.classes[1]!)
    expect(Math.max(...ratios)).toBeCloseTo(0.25, 3) // loss 0.1 at 0.5, a straight line: 0.05 at 0.25
    expect(ratios).toContain(0.2) // 50 tasks on 20 slots: 40 tasks are two full waves
  })

  it('take the waves of an array: those of the whole cluster where a job has it, those of its own limit everywhere', () => {
    const bounded = scenario({ classes: { low: { accuracyLossAtMost: 0.05 } } }, levers)
    const low = bounded.workload.classes[1]!
    const ratios = (engine: 'exclusive' | 'shared', limit: object, droppable = true) =>
      dropRatios(
        { ...bounded, policy: { ...bounded.policy, engine } },
        {
          ...low,
          work: { kind: 'array', tasks: 23, taskTime: { kind: 'constant', seconds: 5 }, slotsPerTask: 2, droppable, ...limit },
        },
      ).filter((ratio) => ratio % 0.05 > 1e-3 && ratio % 0.05 < 0.049)
    // 20 slots are ten tasks at once: 23 tasks lose a wave at 20; with a limit of seven at 21
    expect(ratios('exclusive', {})).toEqual([3 / 23])
    expect(ratios('exclusive', { runningAtMost: 7 })).toEqual([2 / 23])
    expect(ratios('shared', { runningAtMost: 7 })).toEqual([2 / 23])
    // tasks of others come and go between its own
    expect(ratios('shared', {})).toEqual([])
    expect(ratios('exclusive', {}, false)).toEqual([])
  })

  it('the largest drop under a loss is where the curve crosses it', () => {
    expect(largestDrop({ source: 'measured', points: [{ dropRatio: 0.4, loss: 0.2 }] }, 0.1)).toBeCloseTo(0.2, 3)
    expect(largestDrop(undefined, 0.1)).toBe(0)
  })

  it('are every combination of discipline, drop and sprint', () => {
    const asked = scenario({ classes: { low: { accuracyLossAtMost: 0.05 } } }, levers)
    const drops = dropRatios(asked, asked.workload.classes[1]!).length
    expect(candidatePolicies(asked, new Map([['high', 40]]))).toHaveLength(2 * drops * 6)
  })
})

describe('a plan', () => {
  it('meets the targets at the least accuracy loss', () => {
    const asked = scenario(
      { classes: { low: { meanResponseSeconds: 290, accuracyLossAtMost: 0.08 }, high: { meanResponseSeconds: 75 } } },
      levers,
    )
    const plan = searchPlan(asked, { confirm: world, seed: 1 })
    if (isRefusal(plan)) throw new Error(plan.message)
    expect(plan.meetsGoals).toBe(true)
    expect(plan.chosen.policy.discipline).toBe('priority-nonpreemptive')
    expect(plan.chosen.policy.drop).toEqual({ low: 0.05 }) // 300 · 0.95 = 285 is the first grid value under 290
    expect(plan.chosen.policy.sprint?.timeoutSeconds['high']).toBeGreaterThanOrEqual(15)
    expect(plan.chosen.price.accuracyLoss).toBeCloseTo(0.005, 6) // (0 + 0.05 · 0.2) / 2 classes of equal rate
    expect(plan.undo).toEqual(asked.policy)
    expect(plan.inForce!.prediction.classes[1]!.response.mean.value).toBe(900)
  })

  it('refines the sprint timeout beyond the grid', () => {
    const asked = scenario({ minimise: 'response', classes: {} }, { ...levers, disciplines: ['priority-nonpreemptive'] })
    const plan = searchPlan(asked, { confirm: world, seed: 1 })
    if (isRefusal(plan)) throw new Error(plan.message)
    // the grid has 20 and 40 s, each 10 s from the best; 40 · 0.75 is the best itself
    expect(plan.chosen.policy.sprint?.timeoutSeconds['high']).toBe(30)
  })

  it('that cannot meet the goals says so and names the binding target', () => {
    const asked = scenario({ classes: { high: { meanResponseSeconds: 10 }, low: { meanResponseSeconds: 400 } } }, levers)
    const plan = searchPlan(asked, { confirm: world, seed: 1 })
    if (isRefusal(plan)) throw new Error(plan.message)
    expect(plan.meetsGoals).toBe(false)
    expect(plan.reason).toContain('binding target is classes.high.meanResponseSeconds')
  })

  it('keeps the policy in force where nothing does better', () => {
    const asked = scenario(undefined, { disciplines: ['priority-preemptive-restart'] })
    const plan = searchPlan(asked, { confirm: world, seed: 1 })
    if (isRefusal(plan)) throw new Error(plan.message)
    expect(plan.chosen.policy.name).toBe('P')
    expect(plan.reason).toContain('Keep the policy in force')
  })

  it('is refused, with the numbers, where no candidate is stable', () => {
    const unstable: Predictor = { ...world, predict: () => refuse('unstable', 'utilisation 1.2', { utilisation: 1.2 }) }
    const plan = searchPlan(scenario(undefined, levers), { confirm: unstable, seed: 1 })
    expect(isRefusal(plan) && [plan.code, plan.numbers]).toEqual(['infeasible', { utilisation: 1.2 }])
  })

  it('compares with a policy in force that has no steady state by its refusal', () => {
    const half: Predictor = {
      ...world,
      predict: (asked, options) =>
        asked.policy.discipline === 'priority-preemptive-restart'
          ? refuse('unstable', 'utilisation 1.03', { utilisation: 1.03 })
          : world.predict(asked, options),
    }
    const plan = searchPlan(scenario(undefined, levers), { confirm: half, seed: 1 })
    if (isRefusal(plan)) throw new Error(plan.message)
    expect(plan.inForce).toBeUndefined()
    expect(plan.inForceRefusal?.code).toBe('unstable')
    expect(plan.chosen.policy.discipline).toBe('priority-nonpreemptive')
  })
})

describe('a plan whose finalists are played on the same luck', () => {
  const asked = scenario(
    { classes: { low: { meanResponseSeconds: 290, accuracyLossAtMost: 0.08 }, high: { meanResponseSeconds: 75 } } },
    levers,
  )
  const opened: { field: readonly string[]; sharpened: [readonly number[], number][]; known: string | undefined }[] = []
  /** The world of this test as a race: differences are those of its exact means, within a second. */
  const race: OpenRace = (of, policies, { known, ...options }) => {
    const sharpened: [readonly number[], number][] = []
    opened.push({ field: policies.map(({ name }) => name), sharpened, known: known?.policy.name })
    const answers = policies.map((policy) => world.predict({ ...of, policy }, options) as Prediction)
    return {
      sharpen: (places, precision) => void sharpened.push([places, precision]),
      prediction: (place) => answers[place]!,
      difference: (place, from) =>
        answers[place]!.classes.map(({ name, response }, k) => {
          const value = response.mean.value - answers[from]!.classes[k]!.response.mean.value
          return { name, response: { mean: { value, low: value - 1, high: value + 1, confidence: 0.95 } } }
        }),
    }
  }
  const plan = searchPlan(asked, { screen: world, confirm: world, race, seed: 1, precision: 0.01 })
  if (isRefusal(plan)) throw new Error(plan.message)
  const [one] = opened

  it('says its differences from the policy in force and from the runner-up', () => {
    expect(plan.differences!.map(({ against, policy }) => [against, policy])).toEqual([
      ['in force', 'P'],
      ['runner-up', plan.runnersUp[0]!.policy.name],
    ])
    // 300 · 0.95 under the plan, 900 in force
    expect(plan.differences![0]!.classes[1]!.response.mean.value).toBeCloseTo(285 - 900, 9)
    const valid = validate('plan', plan)
    expect(valid.ok ? [] : valid.issues).toEqual([])
  })

  it('takes all of them to 3 % and only the best two and the policy in force beyond', () => {
    const [coarse, fine] = one!.sharpened
    expect(coarse).toEqual([one!.field.map((_, place) => place), 0.03])
    expect(fine![1]).toBe(0.01)
    expect(fine![0].length).toBeLessThanOrEqual(3)
    expect(fine![0].map((place) => one!.field[place])).toEqual(expect.arrayContaining(['P', plan.chosen.policy.name]))
  })

  it('hands the race a policy that the formula knows without error', () => {
    expect(one!.known).toBe('priority-nonpreemptive')
  })
})

describe('the margin of a replayed plan', () => {
  it('ends where its jobs bring more work than the slots can do, though a replay as such never says that it is unstable', () => {
    // 101 jobs of 150 slot-seconds over 1000 s on 20 slots: load 0.7575, so the border lies at 1/0.7575 = 1.32
    const count = 101
    const replay = {
      count,
      submitSeconds: Float64Array.from({ length: count }, (_, i) => 10 * i),
      runSeconds: new Float64Array(count).fill(150),
      slots: new Int32Array(count).fill(1),
      classIndex: new Uint16Array(count),
    }
    const plan = searchPlan(scenario(), { confirm: world, seed: 1, replay })
    if (isRefusal(plan)) throw new Error(plan.message)
    expect(plan.sensitivity!.margin!.atLeast).toBe(false)
    expect(Math.abs(plan.sensitivity!.margin!.loadFactor * 0.7575 - 1)).toBeLessThan(0.04)
  })
})
