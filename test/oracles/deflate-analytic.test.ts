/**
 * The analytic numbers of the deflation notes (DiAS rebuilt, section 1.9): REF-A, C = 20; high class: setup Exp(5 s), 50 map tasks of mean 20 s, shuffle Exp(5 s), 20 reduce tasks of
 * mean 10 s; low class: the same with task and shuffle means × 2.36; Poisson arrivals; sprint speed 2.5. Tolerances are half a unit of the last printed digit, or the simulation's ±1 %.
 */
import { describe, expect, it } from 'vitest'
import { isRefusal, type Work } from '../../src/model/index.js'
import type { PriorityDiscipline, ServiceLaw } from '../../src/queueing/index.js'
import { fluidBalanceTimeout, priorityStation, restartStation, sprintLaw, stagesServiceLaw } from '../../src/queueing/index.js'

type Tasks = 'exponential' | 'constant'

function taskTime(tasks: Tasks, seconds: number) {
  return tasks === 'exponential'
    ? ({ kind: 'exponential', meanSeconds: seconds } as const)
    : ({ kind: 'constant', seconds } as const)
}

function work(factor: number, tasks: Tasks): Work {
  return {
    kind: 'stages',
    stages: [
      {
        name: 'map',
        setup: { kind: 'exponential', meanSeconds: 5 },
        tasks: 50,
        taskTime: taskTime(tasks, 20 * factor),
        droppable: true,
      },
      {
        name: 'reduce',
        setup: { kind: 'exponential', meanSeconds: 5 * factor },
        tasks: 20,
        taskTime: taskTime(tasks, 10 * factor),
        droppable: false,
      },
    ],
  }
}

function law(factor: number, tasks: Tasks, dropRatio = 0): ServiceLaw {
  const found = stagesServiceLaw(work(factor, tasks), 20, dropRatio)
  if (isRefusal(found)) throw new Error(found.message)
  return found
}

/** Rates at which the load is `load` with nothing dropped, a share `high` of the jobs being of the high class. */
function rates(load: number, high: number, tasks: Tasks): [number, number] {
  const rate = load / (high * law(1, tasks).mean + (1 - high) * law(2.36, tasks).mean)
  return [rate * high, rate * (1 - high)]
}

function solved(
  of: readonly [number, number],
  high: ServiceLaw,
  low: ServiceLaw,
  discipline: PriorityDiscipline = 'non-preemptive',
) {
  const answer = priorityStation(
    [
      { arrivalRate: of[0], service: high },
      { arrivalRate: of[1], service: low },
    ],
    discipline,
  )
  if (isRefusal(answer)) throw new Error(answer.message)
  return answer
}

function quantile(answer: ReturnType<typeof solved>, k: number, p: number): number {
  const value = answer.classes[k]!.response.quantile(p)
  if (isRefusal(value)) throw new Error(value.message)
  return value
}

/** Mean and p95 of the response of the high class, then of the low, each off by less than `share` of what is published. */
function expectWithin(answer: ReturnType<typeof solved>, wanted: readonly number[], share: number): void {
  const own = [0, 1].flatMap((k) => [answer.classes[k]!.response.mean, quantile(answer, k, 0.95)])
  expect(wanted).toHaveLength(own.length)
  own.forEach((value, i) => {
    expect(Math.abs(value / wanted[i]! - 1)).toBeLessThan(share)
  })
}

describe('DiAS by analysis: REF-A', () => {
  it('mean job times: 147.93 and 342.3 s with exponential tasks, 80 and 182 s with constant ones', () => {
    expect(law(1, 'exponential').mean).toBeCloseTo(147.93, 2)
    expect(law(2.36, 'exponential').mean).toBeCloseTo(342.3, 1)
    // 5 + 3 × 20 + 5 + 1 × 10; 5 + 3 × 47.2 + 11.8 + 23.6.
    expect(law(1, 'constant').mean).toBeCloseTo(80, 10)
    expect(law(2.36, 'constant').mean).toBeCloseTo(182, 10)
  })

  it('NP, load 0.8, mix 10/90, exponential tasks: means 292.0 and 1062.7; p50/p95/p99 277.6/514.7/606.4 and 799.3/2748.8/4111.2', () => {
    const answer = solved(rates(0.8, 0.1, 'exponential'), law(1, 'exponential'), law(2.36, 'exponential'))
    expect(answer.classes[0]!.response.mean).toBeCloseTo(292.0, 1)
    expect(answer.classes[1]!.response.mean).toBeCloseTo(1062.7, 1)
    ;[277.6, 514.7, 606.4].forEach((wanted, i) => {
      expect(Math.abs(quantile(answer, 0, [0.5, 0.95, 0.99][i]!) - wanted)).toBeLessThan(0.06)
    })
    ;[799.3, 2748.8, 4111.2].forEach((wanted, i) => {
      expect(Math.abs(quantile(answer, 1, [0.5, 0.95, 0.99][i]!) - wanted)).toBeLessThan(0.06)
    })
    expect(answer.utilisation).toBeCloseTo(0.8, 12)
    expect(answer.residual).toBeLessThan(1e-12)
  })

  it('DA(0,20): means 273.9 and 817.3, p95 490.8 and 2043.5, utilisation 0.747', () => {
    const answer = solved(rates(0.8, 0.1, 'exponential'), law(1, 'exponential'), law(2.36, 'exponential', 0.2))
    expect(answer.classes[0]!.response.mean).toBeCloseTo(273.9, 1)
    expect(answer.classes[1]!.response.mean).toBeCloseTo(817.3, 1)
    expect(Math.abs(quantile(answer, 0, 0.95) - 490.8)).toBeLessThan(0.06)
    expect(Math.abs(quantile(answer, 1, 0.95) - 2043.5)).toBeLessThan(0.06)
    expect(answer.utilisation).toBeCloseTo(0.747, 3)
  })

  it('simulated rows DA(0,10), DA(0,40), NPS and DiAS(0,20) within 1.5 %', () => {
    const of = rates(0.8, 0.1, 'exponential')
    const high = law(1, 'exponential')
    const quick = sprintLaw(high, { timeoutSeconds: 0, speed: 2.5 })
    const rows: [ServiceLaw, ServiceLaw, number[]][] = [
      [high, law(2.36, 'exponential', 0.1), [283.1, 503.3, 921.7, 2336]],
      [high, law(2.36, 'exponential', 0.4), [257.1, 467.3, 652.2, 1575]],
      [quick, law(2.36, 'exponential'), [198.0, 414.9, 967.5, 2454]],
      [quick, law(2.36, 'exponential', 0.2), [179.6, 390.8, 756.2, 1849]],
    ]
    for (const [h, l, wanted] of rows) expectWithin(solved(of, h, l), wanted, 0.015)
  })

  it('E7: P has ρ 0.8348, waste 0.0416 and 0.0887 evictions per low job; means 151.1 and 1387.6 as simulated', () => {
    const of = rates(0.8, 0.1, 'exponential')
    const answer = restartStation(
      { arrivalRate: of[0], service: law(1, 'exponential') },
      { arrivalRate: of[1], service: law(2.36, 'exponential') },
    )
    if (isRefusal(answer)) throw new Error(answer.message)
    expect(answer.utilisation).toBeCloseTo(0.8348, 3)
    expect(Math.abs(answer.utilisation - 0.8348)).toBeLessThan(6e-5)
    expect(Math.abs(answer.waste - 0.0416)).toBeLessThan(6e-5)
    expect(Math.abs(answer.evictionsPerLowJob - 0.0887)).toBeLessThan(6e-5)
    expect(Math.abs(answer.high.response.mean / 151.1 - 1)).toBeLessThan(0.01)
    expect(Math.abs(answer.low!.meanResponse / 1387.6 - 1)).toBeLessThan(0.01)
  })

  it('E7: at load 0.5 and 90 % high P wastes 0.124 and answers in 199.1 and 1430.7 s as simulated', () => {
    const of = rates(0.5, 0.9, 'exponential')
    const answer = restartStation(
      { arrivalRate: of[0], service: law(1, 'exponential') },
      { arrivalRate: of[1], service: law(2.36, 'exponential') },
    )
    if (isRefusal(answer)) throw new Error(answer.message)
    expect(answer.waste).toBeCloseTo(0.124, 3)
    expect(Math.abs(answer.high.response.mean / 199.1 - 1)).toBeLessThan(0.01)
    expect(Math.abs(answer.low!.meanResponse / 1430.7 - 1)).toBeLessThan(0.01)
  })

  it('E7: P is unstable at nominal load 0.8 with 50 % or 90 % high: ρ 1.001 and 1.034', () => {
    for (const [share, wanted] of [
      [0.5, 1.001],
      [0.9, 1.034],
    ] as const) {
      const of = rates(0.8, share, 'exponential')
      const answer = restartStation(
        { arrivalRate: of[0], service: law(1, 'exponential') },
        { arrivalRate: of[1], service: law(2.36, 'exponential') },
      )
      if (!isRefusal(answer)) throw new Error('expected a refusal')
      expect(answer.code).toBe('unstable')
      expect(answer.numbers!['utilisation']).toBeCloseTo(wanted, 3)
    }
  })

  it('E8: DiAS(0,20), load 0.8, mix 90/10, unlimited budget: T = 0: 103.8/393.9, 60: 171.7/493.3, 120: 271.6/810.2', () => {
    const of = rates(0.8, 0.9, 'exponential')
    for (const [timeout, high, low] of [
      [0, 103.8, 393.9],
      [60, 171.7, 493.3],
      [120, 271.6, 810.2],
    ] as const) {
      const answer = solved(
        of,
        sprintLaw(law(1, 'exponential'), { timeoutSeconds: timeout, speed: 2.5 }),
        law(2.36, 'exponential', 0.2),
      )
      expect(Math.abs(answer.classes[0]!.response.mean - high)).toBeLessThan(0.06)
      expect(Math.abs(answer.classes[1]!.response.mean - low)).toBeLessThan(0.06)
    }
  })

  it('E9: the fluid-balance timeout of a refill of 0.1 is near 90 s', () => {
    const of = rates(0.8, 0.9, 'exponential')
    const timeout = fluidBalanceTimeout({
      classes: [{ arrivalRate: of[0], law: law(1, 'exponential') }],
      speed: 2.5,
      refillPerSecond: 0.1,
    })
    if (isRefusal(timeout)) throw new Error(timeout.message)
    expect(Math.abs(timeout - 90)).toBeLessThan(5)
  })

  it('load 0.5, mix 90/10: NP 229.4/505.0, DA(0,20) 225.1/469.2, DiAS(0,20) unlimited 84.0/351.4 as simulated', () => {
    const of = rates(0.5, 0.9, 'exponential')
    const high = law(1, 'exponential')
    const rows: [ServiceLaw, ServiceLaw, number, number][] = [
      [high, law(2.36, 'exponential'), 229.4, 505.0],
      [high, law(2.36, 'exponential', 0.2), 225.1, 469.2],
      [sprintLaw(high, { timeoutSeconds: 0, speed: 2.5 }), law(2.36, 'exponential', 0.2), 84.0, 351.4],
    ]
    for (const [h, l, wantedHigh, wantedLow] of rows) {
      const answer = solved(of, h, l)
      expect(Math.abs(answer.classes[0]!.response.mean / wantedHigh - 1)).toBeLessThan(0.01)
      expect(Math.abs(answer.classes[1]!.response.mean / wantedLow - 1)).toBeLessThan(0.01)
    }
  })

  it('constant tasks: NP = DA(0,10) (same wave count), DA(0,20) = DA(0,40) (both two waves), and the simulated rows within 1 %', () => {
    const of = rates(0.8, 0.1, 'constant')
    const high = law(1, 'constant')
    const plain = solved(of, high, law(2.36, 'constant'))
    const none = solved(of, high, law(2.36, 'constant', 0.1))
    expect(none.classes[1]!.response.mean).toBe(plain.classes[1]!.response.mean)
    expect(law(2.36, 'constant', 0.2).mean).toBe(law(2.36, 'constant', 0.4).mean)
    const quick = (timeout: number) => sprintLaw(high, { timeoutSeconds: timeout, speed: 2.5 })
    const rows: [ServiceLaw, ServiceLaw, number[]][] = [
      [high, law(2.36, 'constant'), [154.1, 253.9, 550.8, 1407]],
      [high, law(2.36, 'constant', 0.2), [121.5, 207.0, 238.5, 530.8]],
      [quick(0), law(2.36, 'constant', 0.2), [71.4, 155.8, 227.7, 494.1]],
      [quick(65), law(2.36, 'constant', 0.2), [112.1, 196.6, 236.2, 522.8]],
    ]
    for (const [h, l, wanted] of rows) expectWithin(solved(of, h, l), wanted, 0.01)
  })
})
