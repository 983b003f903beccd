import { describe, expect, it } from 'vitest'
import type { Law } from './law.js'
import { lawMoments } from './law-moments.js'
import { stretchedLaw, withLoadFactor } from './load-factor.js'
import type { Scenario } from './scenario.js'
import { validate } from './validate.js'

const LAWS: Law[] = [
  { kind: 'constant', seconds: 3 },
  { kind: 'exponential', meanSeconds: 3 },
  { kind: 'erlang', shape: 4, meanSeconds: 3 },
  {
    kind: 'hyper-erlang',
    branches: [
      { probability: 0.3, shape: 1, ratePerSecond: 2 },
      { probability: 0.7, shape: 3, ratePerSecond: 0.5 },
    ],
  },
  {
    kind: 'phase-type',
    initial: [0.4, 0.6],
    generator: [
      [-2, 1],
      [0, -0.5],
    ],
  },
  { kind: 'lognormal', meanSeconds: 3, scv: 2 },
  { kind: 'uniform', lowSeconds: 1, highSeconds: 4 },
  { kind: 'bounded-pareto', shape: 1.4, lowSeconds: 1, highSeconds: 50 },
  { kind: 'empirical', seconds: [1, 2, 7] },
]

describe('a stretched law', () => {
  it.each(LAWS)('$kind: mean by the factor, second moment by its square', (law) => {
    const [before, after] = [lawMoments(law), lawMoments(stretchedLaw(law, 2.5))]
    expect(after.mean / before.mean).toBeCloseTo(2.5, 9)
    expect(after.second / before.second).toBeCloseTo(6.25, 9)
  })
})

describe('a load factor', () => {
  const arrivals = [
    { kind: 'poisson', ratePerSecond: 0.1 },
    { kind: 'renewal', interarrival: { kind: 'erlang', shape: 2, meanSeconds: 10 } },
    {
      kind: 'map',
      d0: [
        [-2, 1],
        [0.5, -0.6],
      ],
      d1: [
        [1, 0],
        [0, 0.1],
      ],
    },
    { kind: 'time-of-day', ratePerSecond: [0.1, 0.3], periodSeconds: 100 },
  ]
  const valid = validate('scenario', {
    schema: 'halftone/scenario/1',
    name: 's',
    workload: {
      schema: 'halftone/workload/1',
      name: 'w',
      classes: arrivals.map((arrival, i) => ({
        name: `c${i}`,
        priority: 1,
        arrival,
        work: { kind: 'gang', slots: 1, runTime: { kind: 'exponential', meanSeconds: 1 } },
      })),
    },
    cluster: { schema: 'halftone/cluster/1', name: 'c', nodes: [{ name: 'n', count: 1, slots: 8 }] },
    policy: { schema: 'halftone/policy/1', name: 'p', discipline: 'fcfs' },
  })
  const scenario = (valid as { value: Scenario }).value

  it('of 1 changes nothing, and the result is a scenario like any other', () => {
    expect(withLoadFactor(scenario, 1).scenario).toEqual(scenario)
    expect(validate('scenario', withLoadFactor(scenario, 1.7).scenario).ok).toBe(true)
  })

  it('makes jobs come so many times as often, by every law, with a day that stays a day', () => {
    const [poisson, renewal, map, day] = withLoadFactor(scenario, 2).scenario.workload.classes.map(({ arrival }) => arrival)
    expect(poisson).toMatchObject({ ratePerSecond: 0.2 })
    expect(renewal).toMatchObject({ interarrival: { shape: 2, meanSeconds: 5 } })
    expect(map).toMatchObject({
      d0: [
        [-4, 2],
        [1, -1.2],
      ],
      d1: [
        [2, 0],
        [0, 0.2],
      ],
    })
    expect(day).toMatchObject({ ratePerSecond: [0.2, 0.6], periodSeconds: 100 })
  })

  it('shortens the gaps of a replay', () => {
    const replay = {
      count: 2,
      submitSeconds: Float64Array.of(0, 30),
      runSeconds: Float64Array.of(5, 5),
      slots: Int32Array.of(1, 1),
      classIndex: Uint16Array.of(0, 0),
    }
    const faster = withLoadFactor(scenario, 1.5, replay).replay!
    expect([...faster.submitSeconds]).toEqual([0, 20])
    expect(faster.runSeconds).toBe(replay.runSeconds)
  })
})
