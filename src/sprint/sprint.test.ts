import { describe, expect, it } from 'vitest'
import { Rng } from '../num/index.js'
import {
  annealingSearch,
  balancedTimeout,
  burstableSprint,
  computeShare,
  halvingSearch,
  marginalSpeed,
  speedOfFrequency,
  speedTable,
  sprintAbility,
  sprintRivals,
  T2,
  trialSearch,
} from './index.js'

describe('speed-up', () => {
  it('follows Amdahl: 0.8 to 2.4 GHz makes 2.5 of a nine-tenths compute-bound job, 3 of a wholly compute-bound one', () => {
    expect(speedOfFrequency(0.9, 3)).toBeCloseTo(2.5, 12) // specs/deflate.md E10
    expect(speedOfFrequency(1, 3)).toBeCloseTo(3, 12)
    expect(computeShare(2.5, 3)).toBeCloseTo(0.9, 12)
  })

  it('is marginal over a whole execution: half the work at twice the speed makes 4/3', () => {
    expect(marginalSpeed(0.5, 2)).toBeCloseTo(4 / 3, 12)
  })
})

describe('speed tables', () => {
  const caps = [
    { setting: 100, seconds: 11.1, watts: 91 },
    { setting: 150, seconds: 8.2, watts: 130 },
    { setting: 250, seconds: 7.4, watts: 195 },
  ]

  it('state speed and energy against the base', () => {
    const table = speedTable(caps)
    if (!table.ok) throw new Error(table.issues[0]!.message)
    expect(table.levels.map(({ setting }) => setting)).toEqual([100, 150, 250])
    expect(table.levels[2]!.speed).toBeCloseTo(11.1 / 7.4, 12)
    expect(table.levels[2]!.energy).toBeCloseTo((195 * 7.4) / (91 * 11.1), 12)
    expect(table.caveats).toEqual([])
  })

  it('pool what noise made slower at more power, and leave such a level out', () => {
    const table = speedTable([...caps, { setting: 275, seconds: 7.5, watts: 210 }])
    expect(table).toMatchObject({ ok: true, caveats: [{ code: 'pooled' }] })
    if (table.ok) expect(table.levels.map(({ setting }) => setting)).toEqual([100, 150, 250])
  })

  it('are refused where more power is slower for certain, every bad row named', () => {
    const table = speedTable([...caps, { setting: 275, seconds: 9, watts: 210 }, { setting: 300, seconds: 12, watts: 220 }])
    expect(table).toMatchObject({
      ok: false,
      issues: [
        { code: 'slower-at-higher-power', place: 'settings[3]' },
        { code: 'slower-at-higher-power', place: 'settings[4]' },
      ],
    })
    const bad = speedTable([{ setting: 1, seconds: -1, watts: Number.NaN }])
    if (!bad.ok) expect(bad.issues.map(({ place }) => place)).toEqual(['settings', 'settings[0].seconds', 'settings[0].watts'])
    expect(bad.ok).toBe(false)
  })
})

describe('burstable instances', () => {
  it('are a bucket of credits: t2.small runs five times its baseline, from 288 core-minutes refilled at its baseline', () => {
    const sprint = burstableSprint(T2[1]!, { web: 0 })
    expect(sprint.speed).toBeCloseTo(5, 12)
    expect(sprint.budget).toMatchObject({ seconds: 288 * 60, refillPerSecond: 0.2 })
  })
})

describe('timeouts', () => {
  it('balance at the least T whose use is the inflow', () => {
    // use e^{−T}/2: equals 0.1 at ln 5
    expect(balancedTimeout((t) => Math.exp(-t) / 2, 0.1, 20) / Math.log(5)).toBeCloseTo(1, 2)
    expect(balancedTimeout((t) => Math.exp(-t) / 2, 0.6, 20)).toBe(0)
    expect(balancedTimeout(() => 1, 0.1, 20)).toBe(20)
  })

  it('are found where the price is least, by halving in fewer and cheaper steps than by annealing', () => {
    const price = (t: number): number => 1 + Math.log((t + 0.3) / 7.3) ** 2
    const halved = halvingSearch(price, { shortest: 0.1, longest: 100 })
    const annealed = annealingSearch(price, { start: 30, longest: 100, rng: new Rng(1) })
    expect(halved.price).toBeLessThan(1.001)
    expect(annealed.price).toBeLessThan(1.01)
    expect(halved.evaluations).toBeLessThan(annealed.evaluations)
  })

  it('may be 0: at once is tried, and stays when nothing is better', () => {
    expect(halvingSearch((t) => 1 + t, { shortest: 0.1, longest: 100 }).timeoutSeconds).toBe(0)
  })

  it('of rivals follow from how queries fare unsprinted', () => {
    const sprint = burstableSprint(T2[1]!, { web: 3, batch: 3 })
    const rivals = sprintRivals(sprint, { meanServiceSeconds: 2, responseQuantile: (p) => 10 * p }, 4)
    expect(rivals.map(({ name, sprint: s }) => [name, s?.timeoutSeconds['batch']])).toEqual([
      ['none', undefined],
      ['big burst', 0],
      ['tail only', 9.5],
      ['few to many', 2],
      ['fluid balance', 4],
    ])
  })

  it('have the ability 1 when they are the best', () => {
    expect(sprintAbility(2, 2)).toBe(1)
    expect(sprintAbility(4, 2)).toBe(0.5)
  })
})

describe('trials', () => {
  /** The real response: a valley at 4. */
  const real = (timeout: number): number => 2 + Math.log((timeout + 0.1) / 4.1) ** 2
  const play = (timeouts: readonly number[]): number[] => timeouts.map(real)
  const foreseen = (price: (timeout: number) => number): Map<number, number> =>
    new Map([0, 0.5, 1, 1.4, 2, 2.8, 4, 5.6, 8, 11].map((timeout) => [timeout, price(timeout)]))

  it('leave the valley that a model is wrong about for the one that the real system has, in five timeouts', () => {
    // the model sees a valley at 1 and a lesser one at 5.6
    const model = foreseen((timeout) => Math.min(Math.abs(timeout - 1), 0.1 + Math.abs(timeout - 5.6)))
    const { timeoutSeconds, tried } = trialSearch(1, model, play, 1)
    expect(tried).toHaveLength(5)
    expect(timeoutSeconds).toBeCloseTo(5.6 / 1.35, 12)
  })

  it('try timeouts that differ by half or more first, then both sides of the best', () => {
    const rounds: number[][] = []
    const noted = (timeouts: readonly number[]): number[] => {
      rounds.push([...timeouts])
      return play(timeouts)
    }
    trialSearch(4, foreseen(real), noted, 1)
    const [first, second] = rounds
    for (const a of first!) for (const b of first!) if (a < b) expect((b + 0.1) / (a + 0.1)).toBeGreaterThan(1.5)
    expect(second).toEqual([4, 4 / 1.35, 4 * 1.35])
  })

  it('from 0 go up, since nothing lies below', () => {
    const { timeoutSeconds, tried } = trialSearch(
      0,
      foreseen((timeout) => timeout),
      (some) => some.map((timeout) => timeout),
      2,
    )
    expect(timeoutSeconds).toBe(0)
    expect(tried).toEqual(expect.arrayContaining([0, 0.6, 1.4]))
  })
})
