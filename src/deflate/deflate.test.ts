import { describe, expect, it } from 'vitest'
import { accuracyLoss, parseNoun, type Scenario } from '../model/index.js'
import { Rng } from '../num/index.js'
import {
  accuracyProfile,
  askedDrops,
  clusterSamplingCurve,
  deflate,
  dropGains,
  droppingPolicy,
  namedPolicy,
  worthDropping,
} from './index.js'

describe('wave arithmetic', () => {
  // specs/deflate.md, after E4: 50 tasks on 20 slots
  const at = (gains: ReturnType<typeof dropGains>, ratio: number) => gains.find(({ dropRatio }) => dropRatio === ratio)!

  it('gains nothing between wave boundaries with constant tasks', () => {
    const gains = dropGains({ tasks: 50, slots: 20, taskTimeCv: 0 })
    expect(at(gains, 0.1)).toMatchObject({ tasks: 45, waves: 3, saves: 0 })
    expect(at(gains, 0.2)).toMatchObject({ tasks: 40, waves: 2 })
    expect(at(gains, 0.2).saves).toBeCloseTo(1 / 3, 12)
    expect(worthDropping(gains).map(({ dropRatio }) => dropRatio)).toEqual([0.2])
  })

  it('leaves the stragglers’ part alone with exponential tasks: 10 of 102 s for a fifth of the tasks', () => {
    const gains = dropGains({ tasks: 50, slots: 20, taskTimeCv: 1 })
    expect(20 * at(gains, 0).exponentialTasks).toBeCloseTo(101.95, 2) // 20 (30/20 + H₂₀)
    expect(20 * at(gains, 0.2).exponentialTasks).toBeCloseTo(91.95, 2)
    expect(at(gains, 0.2).saves).toBeCloseTo(0.098, 3)
  })

  it('never saves less by dropping more', () => {
    for (const taskTimeCv of [0, 1])
      for (const [tasks, slots] of [
        [7, 3],
        [50, 20],
        [200, 64],
        [5, 20],
      ]) {
        const saves = dropGains({ tasks: tasks!, slots: slots!, taskTimeCv }, 0.9).map((gain) => gain.saves)
        for (let i = 1; i < saves.length; i++) expect(saves[i]!).toBeGreaterThanOrEqual(saves[i - 1]! - 1e-12)
      }
  })
})

describe('accuracy profile', () => {
  it('is the mean loss with its interval, and never falls', () => {
    const rng = new Rng(3)
    const measured = [0.1, 0.2, 0.3, 0.4].map((dropRatio) => ({
      dropRatio,
      losses: Array.from({ length: 12 }, () => Math.abs(0.1 * dropRatio + 0.004 * rng.normal())),
    }))
    const profile = accuracyProfile(measured)
    if (!profile.ok) throw new Error(profile.issues[0]!.message)
    const losses = profile.curve.points.map(({ loss }) => loss)
    for (let i = 1; i < losses.length; i++) expect(losses[i]!).toBeGreaterThanOrEqual(losses[i - 1]!)
    for (const { dropRatio, loss, halfWidth } of profile.curve.points)
      expect(Math.abs(loss - 0.1 * dropRatio)).toBeLessThan(2 * halfWidth!)
    expect(accuracyLoss(profile.curve, 0).value).toBe(0)
  })

  it('pools means that fall within their noise, and says so', () => {
    const profile = accuracyProfile([
      { dropRatio: 0.1, losses: [0.02, 0.04] },
      { dropRatio: 0.2, losses: [0.01, 0.03] },
    ])
    expect(profile).toMatchObject({ ok: true, caveats: [{ code: 'pooled' }] })
    if (profile.ok) expect(profile.curve.points.map(({ loss }) => loss)).toEqual([0.025, 0.025])
  })

  it('is not made of a loss that falls for certain', () => {
    const profile = accuracyProfile([
      { dropRatio: 0.1, losses: [0.2, 0.201, 0.199] },
      { dropRatio: 0.2, losses: [0.01, 0.011, 0.009] },
    ])
    expect(profile).toMatchObject({ ok: false, issues: [{ code: 'not-monotone', place: 'measured[dropRatio 0.2]' }] })
  })

  it('names everything that cannot be right', () => {
    const profile = accuracyProfile([
      { dropRatio: 1, losses: [0.1] },
      { dropRatio: 0.2, losses: [Number.NaN, -1] },
      { dropRatio: 0.2, losses: [] },
      { dropRatio: 0, losses: [0.1] },
    ])
    expect(profile.ok).toBe(false)
    if (!profile.ok)
      expect(profile.issues.map(({ place }) => place)).toEqual([
        'measured[0].dropRatio',
        'measured[1].losses[0]',
        'measured[1].losses[1]',
        'measured[2].dropRatio',
        'measured[2].losses',
        'measured[3].losses[0]',
      ])
  })

  it('agrees with cluster sampling where partitions are independent and alike', () => {
    const rng = new Rng(4)
    const [partitions, cv, kept] = [50, 0.4, 40]
    let error = 0
    for (let round = 0; round < 4_000; round++) {
      const totals = Array.from({ length: partitions }, () => 1 + cv * rng.normal())
      const truth = totals.reduce((sum, x) => sum + x, 0)
      const scaled = (totals.slice(0, kept).reduce((sum, x) => sum + x, 0) * partitions) / kept
      error += Math.abs(scaled / truth - 1)
    }
    const prior = clusterSamplingCurve({ partitions, cv }).points.find(({ dropRatio }) => dropRatio === 0.2)!.loss
    expect(error / 4_000 / prior).toBeGreaterThan(0.95)
    expect(error / 4_000 / prior).toBeLessThan(1.05)
  })
})

describe('named policies', () => {
  const text = `
schema: halftone/scenario/1
name: two classes
workload:
  schema: halftone/workload/1
  name: w
  classes:
    - { name: low, priority: 2, arrival: { kind: poisson, ratePerSecond: 0.1 }, work: { kind: gang, slots: 1, runTime: { kind: exponential, meanSeconds: 4 }, divisible: true } }
    - { name: high, priority: 1, arrival: { kind: poisson, ratePerSecond: 0.1 }, work: { kind: gang, slots: 1, runTime: { kind: exponential, meanSeconds: 1 } } }
cluster: { schema: halftone/cluster/1, name: c, nodes: [{ name: n, count: 1, slots: 1 }] }
policy: { schema: halftone/policy/1, name: now, discipline: fcfs }
levers: { sprint: { speed: 2, classes: [high] } }
`
  const parsed = parseNoun(text, 'scenario.yaml', 'scenario')
  const scenario = (parsed as { value: Scenario }).value

  it('reads ratios in percent from the highest class down', () => {
    const named = namedPolicy('DiAS(0,20)', scenario)
    expect(named).toMatchObject({
      ok: true,
      policy: { discipline: 'priority-nonpreemptive', drop: { low: 0.2 }, sprint: { speed: 2, timeoutSeconds: { high: 0 } } },
    })
    expect(namedPolicy('P', scenario)).toMatchObject({
      ok: true,
      policy: { discipline: 'priority-preemptive-restart', drop: {} },
    })
  })

  it.each(['DA', 'DA(20)', 'DA(0,100)', 'NP(3)', 'XX', 'DA(0,)'])('says what is wrong with %s', (name) => {
    expect(namedPolicy(name, scenario)).toMatchObject({ ok: false, issues: [{ place: name }] })
  })

  it('by class and by stage are read as a policy without preemption, a class name with a dot included', () => {
    const stage = (name: string, droppable: boolean) => ({
      name,
      tasks: 10,
      taskTime: { kind: 'constant' as const, seconds: 1 },
      droppable,
    })
    const [low, high] = scenario.workload.classes
    const classes = [
      { ...low!, name: 'night.batch', work: { kind: 'stages' as const, stages: [stage('map', true), stage('reduce', false)] } },
      high!,
    ]
    const staged: Scenario = {
      ...scenario,
      policy: { ...scenario.policy, engine: 'exclusive' },
      workload: { ...scenario.workload, classes },
    }
    const asked = askedDrops(['night.batch.map=20%'], staged)
    expect(asked).toEqual({ ok: true, drop: { 'night.batch': { map: 0.2 } } })
    if (asked.ok)
      expect(droppingPolicy(staged, asked.drop)).toMatchObject({
        name: 'drop night.batch.map 20 %',
        discipline: 'priority-nonpreemptive',
        drop: { 'night.batch': { map: 0.2 } },
      })
    expect(askedDrops(['low=0.3'], scenario)).toEqual({ ok: true, drop: { low: 0.3 } })
    const wrong = ['night.batch=0.1', 'night.batch.map=0.2', 'night.batch.shuffle=0.1', 'day=0.1', 'high=1', 'high']
    const issues = askedDrops(wrong, staged)
    expect(issues.ok ? [] : issues.issues.map(({ place }) => place)).toEqual(wrong.slice(1).map((text) => `--drop ${text}`))
    expect(askedDrops(['night.batch.reduce=0.1'], staged)).toMatchObject({ ok: false, issues: [{ code: 'not-droppable' }] })
  })

  it('as a change, an empty drop changes nothing and θ = 1 is an issue', () => {
    expect(deflate(scenario, {})).toEqual({ ok: true, scenario })
    expect(deflate(scenario, { low: 1 }).ok).toBe(false)
    expect(deflate(scenario, { nobody: 0.2 }).ok).toBe(false)
  })
})
