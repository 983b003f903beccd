import { describe, expect, it } from 'vitest'
import {
  type Estimate,
  isRefusal,
  type KnownPolicy,
  type Policy,
  type Prediction,
  type Race,
  type Scenario,
  validate,
} from '../model/index.js'
import { openRace } from './race.js'

/** Two classes of exponential jobs on one slot: load 0.7. */
function scenario(): Scenario {
  const one = (name: string, priority: number, ratePerSecond: number, meanSeconds: number) => ({
    name,
    priority,
    arrival: { kind: 'poisson', ratePerSecond },
    work: { kind: 'gang', slots: 1, runTime: { kind: 'exponential', meanSeconds } },
  })
  const valid = validate('scenario', {
    schema: 'halftone/scenario/1',
    name: 'two classes on one slot',
    workload: { schema: 'halftone/workload/1', name: 'w', classes: [one('high', 1, 0.3, 1), one('low', 2, 0.2, 2)] },
    cluster: { schema: 'halftone/cluster/1', name: 'c', nodes: [{ name: 'n', count: 1, slots: 1 }] },
    policy: { schema: 'halftone/policy/1', name: 'NP', discipline: 'priority-nonpreemptive' },
  })
  if (!valid.ok) throw new Error(JSON.stringify(valid.issues))
  return valid.value
}

const asked = scenario()
const named = (name: string, discipline: Policy['discipline']): Policy => ({ ...asked.policy, name, discipline })
const [NP, PR, SJF] = [asked.policy, named('PR', 'priority-preemptive-resume'), named('SJF', 'sjf')]

/** Cobham: W = Σ λ E[S²]/2 over (1 − ρ_above)(1 − ρ_with it); E[S²] = 2 m². */
const residual = 0.3 * 1 + 0.2 * 4
const exactNP = [residual / 0.7 + 1, residual / (0.7 * 0.3) + 2]
/** Under preemption high sees itself alone; low waits for what is there and is interrupted by 0.3. */
const exactPR = [1 / 0.7, residual / (0.7 * 0.3) + 2 / 0.7]
const exactly = (value: number): Estimate => ({ value, low: value, high: value, confidence: 1 })
const known = (means: readonly number[]): KnownPolicy => ({
  policy: NP,
  response: means.map((mean) => ({ mean: exactly(mean) })),
})

function answerOf(race: Race, place: number): Prediction {
  const answer = race.prediction(place)
  if (isRefusal(answer)) throw new Error(answer.message)
  return answer
}
const meansOf = (race: Race, place: number): Estimate[] => answerOf(race, place).classes.map(({ response }) => response.mean)
const width = ({ low, high }: Estimate): number => high - low

describe('a race', () => {
  it('beside a policy known by formula finds the exact means of another, in intervals a fraction as wide', () => {
    const options = { seed: 3, jobsAtMost: 400_000 }
    const [plain, controlled] = [openRace(asked, [PR], options), openRace(asked, [PR], { ...options, known: known(exactNP) })]
    for (const race of [plain, controlled]) race.sharpen([0], 1e-9)
    meansOf(controlled, 0).forEach((mean, k) => {
      const slack = 1.5 * width(mean)
      expect(Math.abs(mean.value - exactPR[k]!)).toBeLessThan(slack)
    })
    expect(width(meansOf(controlled, 0)[1]!)).toBeLessThan(0.6 * width(meansOf(plain, 0)[1]!))
  })

  it('gives 95 % intervals that hold the exact mean about 95 times in a hundred, with as few as four replications', () => {
    let held = 0
    const races = 120
    for (let seed = 1; seed <= races; seed++) {
      const [, low] = meansOf(openRace(asked, [PR], { seed, jobsAtMost: 16_000, known: known(exactNP) }), 0)
      if (low!.low <= exactPR[1]! && exactPR[1]! <= low!.high) held++
    }
    // binomial(120, .95): three deviations are 7
    expect(held).toBeGreaterThanOrEqual(107)
  })

  it('plays each policy on until it is as sharp as asked, and no other', () => {
    const race = openRace(asked, [PR, SJF], { seed: 1, known: known(exactNP) })
    const before = answerOf(race, 1).cost.jobs
    race.sharpen([0], 0.01)
    for (const { low, value } of meansOf(race, 0)) expect(1 - low / value).toBeLessThanOrEqual(0.01)
    expect(answerOf(race, 0).caveats.map(({ code }) => code)).not.toContain('precision-not-reached')
    expect(answerOf(race, 1).cost.jobs).toBe(before)
  })

  it('leaves out a control that its own simulation contradicts, and says so', () => {
    const race = openRace(asked, [PR], { seed: 1, known: known(exactNP.map((mean) => 1.5 * mean)) })
    race.sharpen([0], 0.02)
    const answer = answerOf(race, 0)
    expect(answer.caveats.map(({ code }) => code)).toContain('control-off')
    expect(Math.abs(answer.classes[1]!.response.mean.value / exactPR[1]! - 1)).toBeLessThan(0.05)
  })

  it('does not correct a policy by itself, under whatever name: its interval is what simulation alone says', () => {
    const single = { ...asked, workload: { ...asked.workload, classes: asked.workload.classes.slice(0, 1) } }
    const fcfs = openRace(single, [named('one class in order', 'fcfs')], { seed: 1, known: known([1 / 0.7]) })
    expect(answerOf(fcfs, 0).predictor.method).not.toContain('corrected')
    expect(width(meansOf(fcfs, 0)[0]!)).toBeGreaterThan(0)
    const race = openRace(asked, [{ ...NP, name: 'the same under another name' }], { seed: 1, known: known(exactNP) })
    const [high] = meansOf(race, 0)
    expect(width(high!)).toBeGreaterThan(0)
    expect(answerOf(race, 0).predictor.method).not.toContain('corrected')
  })

  it('finds differences far sharper than the means they are between, the same in both directions', () => {
    const race = openRace(asked, [NP, PR], { seed: 2, jobsAtMost: 400_000 })
    race.sharpen([0, 1], 1e-9)
    const [there, back] = [race.difference(1, 0)!, race.difference(0, 1)!]
    there.forEach(({ name, response }, k) => {
      expect(back[k]!.name).toBe(name)
      expect(back[k]!.response.mean.value).toBeCloseTo(-response.mean.value, 12)
      expect(width(response.mean)).toBeLessThan(width(meansOf(race, 0)[k]!))
    })
    expect(there[0]!.response.mean.high).toBeLessThan(0)
  })

  it('refuses the policy that has no steady state and runs the others', () => {
    const heavy = {
      ...asked,
      workload: {
        ...asked.workload,
        classes: asked.workload.classes.map((one) => ({ ...one, arrival: { kind: 'poisson' as const, ratePerSecond: 0.4 } })),
      },
    }
    const race = openRace(
      heavy,
      [
        NP,
        {
          ...NP,
          name: 'drop',
          sprint: { origin: 'dispatch', speed: 2, timeoutSeconds: { high: 0, low: 0 }, toggleDelaySeconds: 0 },
        },
      ],
      { seed: 1 },
    )
    expect(race.prediction(0)).toMatchObject({ kind: 'refusal', code: 'unstable' })
    expect(race.difference(1, 0)).toBeUndefined()
    expect(answerOf(race, 1).cluster.utilisation.value).toBeLessThan(0.7)
  })

  it('of a replayed trace gives the differences of the whole runs', () => {
    const count = 4_000
    const replay = {
      count,
      submitSeconds: Float64Array.from({ length: count }, (_, i) => 2 * i + (i % 7)).sort(),
      runSeconds: Float64Array.from({ length: count }, (_, i) => 0.2 + ((i * 37) % 100) / 30),
      slots: new Int32Array(count).fill(1),
      classIndex: Uint16Array.from({ length: count }, (_, i) => i % 2),
    }
    const classes = asked.workload.classes.map((one) => ({
      ...one,
      arrival: { kind: 'replay' as const },
      work: { kind: 'replay' as const, divisible: false },
    }))
    const replayed = { ...asked, workload: { ...asked.workload, classes } }
    expect(openRace(replayed, [NP], { seed: 1 }).prediction(0)).toMatchObject({ kind: 'refusal', code: 'no-data' })
    // jobs that come along with laws are not played
    expect(answerOf(openRace(asked, [NP], { seed: 1, replay }), 0).predictor.method).toContain('replications')
    const race = openRace(replayed, [NP, SJF], { seed: 1, replay })
    const gaps = race.difference(1, 0)!
    gaps.forEach(({ response }, k) => {
      const [np, sjf] = [0, 1].map((place) => answerOf(race, place).classes[k]!.response)
      expect(response.mean.value).toBeCloseTo(sjf!.mean.value - np!.mean.value, 9)
      expect(response.p95!.value).toBeCloseTo(sjf!.p95!.value - np!.p95!.value, 9)
      expect(response.mean.low).toBeLessThan(response.mean.high)
    })
  })

  it('gives the same bytes for the same seed', () => {
    const bytes = (): string => {
      const race = openRace(asked, [PR, SJF], { seed: 5, jobsAtMost: 50_000, known: known(exactNP) })
      race.sharpen([0, 1], 0.02)
      return JSON.stringify([race.prediction(0), race.prediction(1), race.difference(0, 1)])
    }
    expect(bytes()).toBe(bytes())
  })
})
