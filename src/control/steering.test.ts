import { describe, expect, it } from 'vitest'
import { keptTasks, type Observation, type ObservedJob, type ObservedStage, Policy } from '../model/index.js'
import { Rng } from '../num/index.js'
import { beyondReach, type SteeringSettings, steer } from './steering.js'

const classes = [
  { name: 'high', priority: 1 },
  { name: 'low', priority: 2 },
]
const policy = (given: Record<string, unknown>): Policy =>
  Policy.parse({ schema: 'halftone/policy/1', name: 'p', discipline: 'priority-nonpreemptive', ...given })
const settings = (given: Record<string, unknown>): SteeringSettings => ({ policy: policy(given), classes, slots: 4 })
const job = (id: string, given: Partial<ObservedJob> = {}): ObservedJob => ({
  id,
  className: 'high',
  state: 'running',
  priority: 1,
  submitSeconds: 0,
  startSeconds: 0,
  slots: 1,
  speed: 1,
  ...given,
})
const look = (atSeconds: number, ...jobs: ObservedJob[]): Observation => ({ atSeconds, nodes: [], jobs })
const stage = (tasks: number, given: Partial<ObservedStage> = {}): ObservedStage => ({
  name: 'map',
  tasks,
  withdrawn: 0,
  ended: 0,
  running: 0,
  ...given,
})

describe('priorities and discipline', () => {
  it('gives waiting jobs the priority of their class, and running ones where the discipline interrupts', () => {
    const seen = look(
      0,
      job('a', { state: 'pending', priority: 5 }),
      job('b', { priority: 5 }),
      job('c', { className: 'foreign', state: 'pending', priority: 5 }),
      job('d', { className: 'low', state: 'pending', priority: 2 }),
    )
    const jobsOf = (discipline: string) =>
      steer(settings({ discipline }))
        .decide(seen)
        .map(({ action }) => action)
    expect(jobsOf('priority-nonpreemptive')).toEqual([{ kind: 'prioritise', job: 'a', priority: 1 }])
    expect(jobsOf('priority-preemptive-resume')).toHaveLength(2)
    expect(jobsOf('fcfs')).toEqual([])
  })

  it('sets the discipline where the cluster has another, and not where it has none to set', () => {
    const one = steer(settings({ discipline: 'sjf' }))
    expect(one.decide({ ...look(0), discipline: 'fcfs' }).map(({ action }) => action)).toEqual([
      { kind: 'discipline', discipline: 'sjf' },
    ])
    expect(one.decide({ ...look(1), discipline: 'sjf' })).toEqual([])
    expect(one.decide(look(2))).toEqual([])
  })
})

describe('dropping', () => {
  const withdrawn = (given: Record<string, unknown>, one: ObservedStage, choice: 'random' | 'even' = 'random') =>
    steer({ ...settings(given), choice, seed: 3 })
      .decide(look(0, job('j', { stages: [one] })))
      .flatMap(({ action }) => (action.kind === 'deflate' ? [action.tasks] : []))

  it('keeps the ceiling of n (1 − θ) of a stage, whichever way tasks are chosen', () => {
    for (const choice of ['random', 'even'] as const)
      for (const [tasks, ratio] of [
        [50, 0.2],
        [7, 0.5],
        [3, 0.9],
        [1, 0.5],
        [1000, 0.333],
      ] as const) {
        const chosen = withdrawn({ drop: { high: ratio } }, stage(tasks), choice).flat()
        expect(tasks - chosen.length).toBe(keptTasks(tasks, ratio))
        expect(new Set(chosen).size).toBe(chosen.length)
        expect(chosen.every((index) => index >= 0 && index < tasks)).toBe(true)
      }
  })

  it('spreads an even choice: no stretch of a stage loses two tasks more than another of its length', () => {
    const chosen = new Set(withdrawn({ drop: { high: 0.3 } }, stage(100), 'even').flat())
    const tenths = Array.from(
      { length: 10 },
      (_, i) => Array.from({ length: 10 }, (_, k) => chosen.has(10 * i + k)).filter(Boolean).length,
    )
    expect(Math.max(...tenths) - Math.min(...tenths)).toBeLessThanOrEqual(1)
  })

  it('withdraws none that has begun, and leaves a stage alone that has begun beyond what is kept', () => {
    expect(
      withdrawn({ drop: { high: 0.5 } }, stage(10, { running: 4 }))
        .flat()
        .every((index) => index >= 4),
    ).toBe(true)
    expect(withdrawn({ drop: { high: 0.5 } }, stage(10, { running: 3, ended: 3 }))).toEqual([])
    const each = Array.from({ length: 4 }, (_, index) => ({
      index,
      state: index === 3 ? ('running' as const) : ('pending' as const),
    }))
    expect(withdrawn({ drop: { high: 0.75 } }, stage(4, { running: 1, each }))).toEqual([[0, 1, 2]])
  })

  it('leaves alone the stages that may not be dropped, by the cluster’s word or the scenario’s', () => {
    expect(withdrawn({ drop: { high: 0.5 } }, stage(10, { droppable: false }))).toEqual([])
    expect(withdrawn({ drop: { high: { reduce: 0.5 } } }, stage(10))).toEqual([])
    expect(withdrawn({ drop: { high: { map: 0.5 } } }, stage(10))).toHaveLength(1)
  })

  it('proposes until it is seen done, and never again, also not when somebody puts the tasks back', () => {
    const one = steer(settings({ drop: { high: 0.5 } }))
    const first = one.decide(look(0, job('j', { stages: [stage(10)] })))
    expect(one.decide(look(1, job('j', { stages: [stage(10)] })))).toEqual(first)
    expect(one.decide(look(2, job('j', { stages: [stage(10, { withdrawn: 5 })] })))).toEqual([])
    expect(one.decide(look(3, job('j', { stages: [stage(10)] })))).toEqual([])
  })
})

describe('sprinting', () => {
  const sprint = { speed: 2, timeoutSeconds: { high: 10 } }
  const speeds = (decisions: readonly { readonly action: unknown }[]) =>
    decisions.map(({ action }) => action as { kind: string; job: string; speed: number }).map(({ job, speed }) => [job, speed])

  it('starts timers at dispatch or at arrival, and says when the next is due', () => {
    const waited = job('j', { submitSeconds: 0, startSeconds: 8 })
    const dispatch = steer(settings({ sprint }))
    expect(speeds(dispatch.decide(look(12, waited)))).toEqual([])
    expect(dispatch.nextSeconds).toBe(18)
    expect(speeds(dispatch.decide(look(18, waited)))).toEqual([['j', 2]])
    const arrival = steer(settings({ sprint: { ...sprint, origin: 'arrival' } }))
    expect(speeds(arrival.decide(look(12, waited)))).toEqual([['j', 2]])
    expect(speeds(arrival.decide(look(13, job('k', { state: 'pending' }))))).toEqual([])
    expect(speeds(arrival.decide(look(14, job('l', { className: 'low' }))))).toEqual([])
  })

  it('raises the speed by steps of the time since the timer ran out', () => {
    const one = steer(settings({ sprint: { ...sprint, steps: [{ afterSeconds: 5, speed: 3 }] } }))
    expect(speeds(one.decide(look(10, job('j'))))).toEqual([['j', 2]])
    expect(speeds(one.decide(look(14, job('j', { speed: 2 }))))).toEqual([])
    expect(one.nextSeconds).toBe(15)
    expect(speeds(one.decide(look(15, job('j', { speed: 2 }))))).toEqual([['j', 3]])
  })

  it('drains a second a second from a job that is seen to sprint and nothing from one that is not, and ends all when empty', () => {
    const one = steer(settings({ sprint: { ...sprint, budget: { seconds: 6, refillPerSecond: 0 } } }))
    one.decide(look(10, job('a'), job('b')))
    expect(one.decide(look(11, job('a'), job('b'))).length).toBe(2) // held back: asked for again, not charged
    expect(one.budget?.level).toBe(6)
    one.decide(look(12, job('a', { speed: 2 }), job('b')))
    expect(one.budget?.level).toBe(5)
    one.decide(look(14, job('a', { speed: 2 }), job('b', { speed: 2 })))
    expect(one.budget?.level).toBe(1)
    expect(one.nextSeconds).toBe(14.5)
    const ends = one.decide(look(14.5, job('a', { speed: 2 }), job('b', { speed: 2 })))
    expect(ends.map(({ restores }) => restores)).toEqual([true, true])
    expect(speeds(ends)).toEqual([
      ['a', 1],
      ['b', 1],
    ])
    expect(one.budget).toEqual({ unit: 'seconds', size: 6, level: 0, overdrawn: 0 })
  })

  it('sprints again at the threshold where it is to resume, and never where it is to stop', () => {
    for (const [afterExhaustion, again] of [
      ['resume', [['a', 2]]],
      ['stop', []],
    ] as const) {
      const budget = { seconds: 2, refillPerSecond: 0.5, onThresholdSeconds: 1 }
      const one = steer(settings({ sprint: { ...sprint, afterExhaustion, budget } }))
      one.decide(look(10, job('a')))
      // net drain ½ a second: empty after 4
      expect(speeds(one.decide(look(14, job('a', { speed: 2 }))))).toEqual([['a', 1]])
      expect(speeds(one.decide(look(15, job('a'))))).toEqual([])
      if (afterExhaustion === 'resume') expect(one.nextSeconds).toBe(16)
      expect(speeds(one.decide(look(16, job('a'))))).toEqual(again)
    }
  })

  it('fills the bucket of a window all at once, at its end', () => {
    const one = steer(settings({ sprint: { ...sprint, budget: { seconds: 3, refillPerSecond: 0, windowSeconds: 20 } } }))
    one.decide(look(0, job('a')))
    one.decide(look(10, job('a')))
    one.decide(look(12, job('a', { speed: 2 })))
    expect(one.budget?.level).toBe(1)
    one.decide(look(19, job('a')))
    expect(one.budget?.level).toBe(1)
    one.decide(look(20, job('a')))
    expect(one.budget?.level).toBe(3)
  })

  it('drains joules by the share of all slots that is kept busy', () => {
    const one = steer({
      ...settings({ sprint: { ...sprint, budget: { joules: 1000, refillWatts: 0 } } }),
      power: { idleWatts: 10, busyWatts: 100, sprintWatts: 180 },
    })
    one.decide(look(10, job('a', { slots: 2 })))
    one.decide(look(15, job('a', { slots: 2, speed: 2 })))
    expect(one.budget?.level).toBe(1000 - 5 * 80 * (2 / 4))
  })

  it('charges by processor time where it is measured: a sprint that got nothing costs nothing, half a sprint half', () => {
    const level = (cpuAWhileSprinting: number): number => {
      const one = steer(settings({ sprint: { ...sprint, budget: { seconds: 100, refillPerSecond: 0 } } }))
      one.decide(look(0, job('a', { cpuSeconds: 0 })))
      one.decide(look(10, job('a', { cpuSeconds: 5 }))) // half a processor at normal speed
      one.decide(look(20, job('a', { cpuSeconds: 5 + cpuAWhileSprinting, speed: 2 })))
      return one.budget!.level
    }
    expect(level(10)).toBe(90)
    expect(level(5)).toBe(100)
    expect(level(7.5)).toBe(95)
    expect(level(30)).toBe(90)
  })

  it('ends the sprint of a job that left its slots and starts its timer anew when it runs again', () => {
    const one = steer(settings({ sprint }))
    one.decide(look(10, job('a')))
    expect(speeds(one.decide(look(11, job('a', { state: 'pending', speed: 2 }))))).toEqual([['a', 1]])
    expect(speeds(one.decide(look(20, job('a', { restarts: 1 }))))).toEqual([])
    expect(one.nextSeconds).toBe(30)
  })

  it('leaves alone a job that somebody else sped up', () => {
    expect(steer(settings({ sprint })).decide(look(50, job('a', { speed: 1.5 })))).toEqual([])
  })
})

describe('early termination', () => {
  it('cancels a job once its work reaches the limit, sprinted seconds counted at their speed', () => {
    const one = steer(settings({ stopAfterSeconds: { high: 30 } }))
    expect(one.decide(look(10, job('a')))).toEqual([])
    expect(one.nextSeconds).toBe(30)
    expect(one.decide(look(19, job('a', { speed: 2 })))).toEqual([])
    expect(one.decide(look(20, job('a', { speed: 2 }))).map(({ action }) => action)).toEqual([{ kind: 'cancel', job: 'a' }])
  })
})

it('answers twice alike to the same look, and goes on the same from its saved state', () => {
  const given = {
    drop: { low: 0.3 },
    sprint: { speed: 2, timeoutSeconds: { high: 3, low: 6 }, budget: { seconds: 5, refillPerSecond: 0.2 } },
    stopAfterSeconds: { low: 40 },
  }
  const rng = new Rng(11, 'looks')
  let one = steer(settings(given))
  let other = steer(settings(given))
  let asked = new Map<string, number>()
  for (let at = 0; at < 60; at++) {
    const jobs = Array.from({ length: 8 }, (_, i) =>
      job(`j${i}`, {
        className: i % 2 ? 'low' : 'high',
        state: rng.uniform() < 0.8 ? 'running' : 'pending',
        startSeconds: 0,
        priority: 1 + rng.below(2),
        speed: asked.get(`j${i}`) ?? 1,
        ...(i % 2 ? { stages: [stage(10, { running: 1 })] } : {}),
      }),
    )
    const seen = look(at, ...jobs)
    const decided = one.decide(seen)
    expect(other.decide(seen)).toEqual(decided)
    expect(one.decide(seen)).toEqual(decided)
    for (const { action } of decided) if (action.kind === 'sprint') asked.set(action.job, action.speed)
    other = steer({ ...settings(given), saved: JSON.parse(JSON.stringify(one.save())) })
    if (at === 30) [one, other, asked] = [other, one, new Map(asked)]
  }
})

it('says what of a policy a cluster cannot be made to do', () => {
  const yes = { permitted: true } as const
  const no = { permitted: false, reason: 'not here' } as const
  const actions = Object.fromEntries(
    [
      'submit',
      'prioritise',
      'deflate',
      'inflate',
      'sprint',
      'hold',
      'release',
      'requeue',
      'cancel',
      'discipline',
      'drain',
      'resume',
    ].map((kind) => [kind, kind === 'sprint' || kind === 'discipline' ? no : yes]),
  ) as Parameters<typeof beyondReach>[2]['actions']
  const said = beyondReach(policy({ discipline: 'sjf', sprint: { speed: 2, timeoutSeconds: {} } }), 'fcfs', {
    driver: 'test',
    through: [],
    actions,
  })
  expect(said).toEqual(['discipline sjf: not here', 'sprinting: not here'])
})
