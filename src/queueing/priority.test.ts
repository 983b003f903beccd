import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isRefusal, type Law, type Refusal } from '../model/index.js'
import { mmc } from './mmc.js'
import type { PriorityDiscipline, StationAnswer, StationClass } from './priority.js'
import { fcfsStation, priorityStation } from './priority.js'
import { mixtureLaw, scaleLaw, serviceLaw } from './service-law.js'

function answered(answer: StationAnswer | Refusal): StationAnswer {
  if (isRefusal(answer)) throw new Error(answer.message)
  return answer
}

function value(quantile: number | Refusal): number {
  if (isRefusal(quantile)) throw new Error(quantile.message)
  return quantile
}

const law: fc.Arbitrary<Law> = fc.oneof(
  fc.record({ kind: fc.constant('exponential' as const), meanSeconds: fc.double({ min: 0.1, max: 10, noNaN: true }) }),
  fc.record({
    kind: fc.constant('erlang' as const),
    shape: fc.integer({ min: 1, max: 20 }),
    meanSeconds: fc.double({ min: 0.1, max: 10, noNaN: true }),
  }),
  fc.record({ kind: fc.constant('constant' as const), seconds: fc.double({ min: 0.1, max: 10, noNaN: true }) }),
  fc.record({
    kind: fc.constant('lognormal' as const),
    meanSeconds: fc.double({ min: 0.1, max: 10, noNaN: true }),
    scv: fc.double({ min: 0.1, max: 10, noNaN: true }),
  }),
  fc
    .record({
      p: fc.double({ min: 0.05, max: 0.95, noNaN: true }),
      a: fc.double({ min: 0.1, max: 5, noNaN: true }),
      b: fc.double({ min: 0.1, max: 5, noNaN: true }),
    })
    .map(({ p, a, b }) => ({
      kind: 'hyper-erlang' as const,
      branches: [
        { probability: p, shape: 1, ratePerSecond: a },
        { probability: 1 - p, shape: 3, ratePerSecond: b },
      ],
    })),
)

/** 1 to 5 classes with total utilisation from 0.05 to 0.99. */
const station: fc.Arbitrary<StationClass[]> = fc
  .record({
    classes: fc.array(fc.record({ law, weight: fc.double({ min: 0.05, max: 1, noNaN: true }) }), { minLength: 1, maxLength: 5 }),
    load: fc.double({ min: 0.05, max: 0.99, noNaN: true }),
  })
  .map(({ classes, load }) => {
    const total = classes.reduce((sum, { weight }) => sum + weight, 0)
    return classes.map((one) => {
      const service = serviceLaw(one.law)
      return { service, arrivalRate: (load * one.weight) / total / service.mean }
    })
  })

const disciplines: PriorityDiscipline[] = ['non-preemptive', 'preemptive-resume']
const runs = { numRuns: 60, seed: 7 }

describe('M/G/1 with priorities', () => {
  it('one exponential class is M/M/1, in moments and in distribution', () => {
    const answer = answered(
      priorityStation([{ arrivalRate: 0.8, service: serviceLaw({ kind: 'exponential', meanSeconds: 1 }) }], 'non-preemptive'),
    )
    const { wait, response } = answer.classes[0]!
    // R is exponential of rate 0.2; P(W = 0) = 0.2.
    expect(response.mean).toBeCloseTo(5, 12)
    expect(response.secondMoment).toBeCloseTo(50, 10)
    expect(response.thirdMoment).toBeCloseTo(750, 8)
    for (const t of [0.1, 1, 5, 30]) expect(Math.abs(response.cdf(t) - (1 - Math.exp(-0.2 * t)))).toBeLessThan(1e-9)
    for (const p of [0.5, 0.95, 0.99, 0.999]) expect(value(response.quantile(p)) / (-Math.log(1 - p) / 0.2)).toBeCloseTo(1, 5)
    expect(value(wait.quantile(0.1))).toBe(0)
    expect(wait.cdf(0)).toBeCloseTo(0.2, 12)
  })

  it('M/D/1 waits as Erlang’s series says: P(W ≤ t) = (1 − λ) Σ_k e^{λ(t−k)} (−λ(t−k))^k/k!', () => {
    const rate = 0.7
    const answer = answered(fcfsStation([{ arrivalRate: rate, service: serviceLaw({ kind: 'constant', seconds: 1 }) }]))
    for (const t of [0.3, 0.8, 1.5, 2.5, 4.5]) {
      let sum = 0
      let factorial = 1
      for (let k = 0; k <= Math.floor(t); k++) {
        if (k > 0) factorial *= k
        sum += (Math.exp(rate * (t - k)) * (-rate * (t - k)) ** k) / factorial
      }
      expect(Math.abs(answer.classes[0]!.wait.cdf(t) - (1 - rate) * sum)).toBeLessThan(1e-4)
      expect(Math.abs(answer.classes[0]!.response.cdf(t + 1) - (1 - rate) * sum)).toBeLessThan(1e-4)
    }
  })

  it('Cobham’s means come out of the series of the transforms, at every load to 0.99', () => {
    fc.assert(
      fc.property(station, (classes) => {
        for (const discipline of disciplines)
          if (discipline === 'non-preemptive') expect(answered(priorityStation(classes, discipline)).residual).toBeLessThan(1e-9)
      }),
      runs,
    )
  })

  it('conservation: Σ ρ_k W_k is that of FCFS under any non-preemptive ranking', () => {
    fc.assert(
      fc.property(station, (classes) => {
        const invariant = (answer: StationAnswer) => answer.classes.reduce((sum, one) => sum + one.utilisation * one.wait.mean, 0)
        const first = invariant(answered(fcfsStation(classes)))
        const ranked = invariant(answered(priorityStation(classes, 'non-preemptive')))
        const reversed = invariant(
          answered(
            priorityStation(
              classes.map((one, i) => ({ ...one, priority: classes.length - i })),
              'non-preemptive',
            ),
          ),
        )
        expect(ranked / first).toBeCloseTo(1, 9)
        expect(reversed / first).toBeCloseTo(1, 9)
      }),
      runs,
    )
  })

  it('the top class fares no worse with preemption, and moments are those of a time: m2 ≥ m1², m1·m3 ≥ m2²', () => {
    fc.assert(
      fc.property(station, (classes) => {
        const resume = answered(priorityStation(classes, 'preemptive-resume'))
        const plain = answered(priorityStation(classes, 'non-preemptive'))
        expect(resume.classes[0]!.response.mean).toBeLessThanOrEqual(plain.classes[0]!.response.mean * (1 + 1e-9))
        for (const one of [...resume.classes, ...plain.classes])
          for (const time of [one.wait, one.response]) {
            expect(time.secondMoment).toBeGreaterThanOrEqual(time.mean ** 2 * (1 - 1e-9))
            expect(time.mean * time.thirdMoment).toBeGreaterThanOrEqual(time.secondMoment ** 2 * (1 - 1e-9))
          }
      }),
      runs,
    )
  })

  it('quantiles rise with p, are inverse to the distribution function and scale with the unit of time', () => {
    fc.assert(
      fc.property(station, fc.constantFrom(...disciplines), (classes, discipline) => {
        const seconds = answered(priorityStation(classes, discipline))
        const hours = answered(
          priorityStation(
            classes.map((one) => ({ arrivalRate: one.arrivalRate * 3600, service: scaleLaw(one.service, 1 / 3600) })),
            discipline,
          ),
        )
        // A sum of constants jumps, so that a quantile may fall into a jump.
        const kinked = classes.some(({ service }) => !service.smooth || service.mean === service.shift)
        seconds.classes.forEach((one, k) => {
          expect(hours.classes[k]!.response.mean * 3600).toBeCloseTo(one.response.mean, 6)
          const [low, middle, high] = [0.5, 0.95, 0.99].map((p) => value(one.response.quantile(p)))
          expect(low!).toBeLessThanOrEqual(middle!)
          expect(middle!).toBeLessThanOrEqual(high!)
          expect(value(hours.classes[k]!.response.quantile(0.95)) * 3600).toBeCloseTo(middle!, 5)
          if (!kinked) expect(Math.abs(one.response.cdf(middle!) - 0.95)).toBeLessThan(1e-5)
        })
      }),
      { numRuns: 25, seed: 11 },
    )
  })

  it('classes of equal priority share one first-come queue: all wait alike', () => {
    const short = serviceLaw({ kind: 'exponential', meanSeconds: 1 })
    const long = serviceLaw({ kind: 'erlang', shape: 2, meanSeconds: 4 })
    const answer = answered(
      priorityStation(
        [
          { arrivalRate: 0.2, service: short, priority: 2 },
          { arrivalRate: 0.1, service: long, priority: 2 },
          { arrivalRate: 0.1, service: short, priority: 1 },
        ],
        'non-preemptive',
      ),
    )
    expect(answer.classes[0]!.wait.mean).toBeCloseTo(answer.classes[1]!.wait.mean, 12)
    const merged = answered(
      priorityStation(
        [
          { arrivalRate: 0.1, service: short },
          {
            arrivalRate: 0.3,
            service: mixtureLaw([
              { weight: 0.2, law: short },
              { weight: 0.1, law: long },
            ]),
          },
        ],
        'non-preemptive',
      ),
    )
    expect(answer.classes[0]!.wait.thirdMoment).toBeCloseTo(merged.classes[1]!.wait.thirdMoment, 6)
  })

  it('preemptive resume: the top class sees M/G/1 without the others; two exponential classes have the textbook mean', () => {
    const service = serviceLaw({ kind: 'exponential', meanSeconds: 1 })
    const answer = answered(
      priorityStation(
        [
          { arrivalRate: 0.3, service },
          { arrivalRate: 0.4, service },
        ],
        'preemptive-resume',
      ),
    )
    expect(answer.classes[0]!.response.mean).toBeCloseTo(1 / 0.7, 12)
    // E S/(1−ρ₁) + (λ₁+λ₂) E S²/2 /((1−ρ₁)(1−ρ)) = 1/0.7 + 0.7/(0.7·0.3).
    expect(answer.classes[1]!.response.mean).toBeCloseTo(1 / 0.7 + 0.7 / 0.21, 10)
    // Both classes together are M/M/1 with respect to the number: L = ρ/(1 − ρ).
    expect(answer.classes[0]!.meanNumber + answer.classes[1]!.meanNumber).toBeCloseTo(0.7 / 0.3, 10)
  })

  it('preemptive resume of constants: those who neither wait nor are interrupted take the constant itself', () => {
    const service = serviceLaw({ kind: 'constant', seconds: 2 })
    const answer = answered(
      priorityStation(
        [
          { arrivalRate: 0.1, service },
          { arrivalRate: 0.2, service },
        ],
        'preemptive-resume',
      ),
    )
    // (1 − ρ) e^{−λ₁·2}, continuous from the right.
    const atom = 0.4 * Math.exp(-0.2)
    expect(answer.classes[1]!.response.cdf(2)).toBeCloseTo(atom, 10)
    expect(Math.abs(answer.classes[1]!.response.cdf(2.001) - atom)).toBeLessThan(1e-3)
    expect(answer.classes[1]!.response.quantile(0.3)).toBe(2)
    expect(answer.classes[0]!.response.cdf(2)).toBeCloseTo(0.8, 10)
  })

  it('services eight orders of magnitude apart lose no digits: what a tiny job is made of does not matter to its p99', () => {
    const large = { arrivalRate: 1.3e-4, service: serviceLaw({ kind: 'lognormal', meanSeconds: 2828, scv: 44 }) }
    const p99 = (['constant', 'exponential', 'lognormal'] as const).map((kind) => {
      const law: Law =
        kind === 'constant'
          ? { kind, seconds: 1e-3 }
          : kind === 'exponential'
            ? { kind, meanSeconds: 1e-3 }
            : { kind, meanSeconds: 1e-3, scv: 0.0155 }
      const small = { arrivalRate: 370, service: serviceLaw(law) }
      const { response } = answered(priorityStation([large, small], 'preemptive-resume')).classes[1]!
      const quantile = value(response.quantile(0.99))
      expect(Math.abs(response.cdf(quantile) - 0.99)).toBeLessThan(1e-6)
      return quantile
    })
    expect(p99[1]! / p99[0]!).toBeCloseTo(1, 5)
    expect(p99[2]! / p99[0]!).toBeCloseTo(1, 5)
  })

  it('the number of each class is a distribution with its mean and second moment', () => {
    const classes = [
      { arrivalRate: 0.3, service: serviceLaw({ kind: 'erlang', shape: 2, meanSeconds: 1 }) },
      { arrivalRate: 0.3, service: serviceLaw({ kind: 'constant', seconds: 1 }) },
    ]
    for (const discipline of disciplines)
      for (const one of answered(priorityStation(classes, discipline)).classes) {
        const p = one.numberProbabilities!(100)
        expect(p.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 6)
        expect(p.reduce((sum, value, n) => sum + n * value, 0)).toBeCloseTo(one.meanNumber, 4)
        expect(p.reduce((sum, value, n) => sum + n * n * value, 0)).toBeCloseTo(one.numberSecondMoment, 2)
      }
  })

  it('refuses at and above full load, with the utilisation', () => {
    const service = serviceLaw({ kind: 'exponential', meanSeconds: 2 })
    for (const rate of [0.5, 0.6]) {
      const answer = priorityStation([{ arrivalRate: rate, service }], 'non-preemptive')
      if (!isRefusal(answer)) throw new Error('expected a refusal')
      expect(answer.code).toBe('unstable')
      expect(answer.numbers!['utilisation']).toBeCloseTo(2 * rate, 12)
    }
  })

  it('an empty station answers its service: wait → 0 as ρ → 0', () => {
    const service = serviceLaw({ kind: 'lognormal', meanSeconds: 3, scv: 2 })
    const answer = answered(fcfsStation([{ arrivalRate: 1e-9, service }]))
    expect(answer.classes[0]!.response.mean).toBeCloseTo(3, 6)
    const markov = mmc({ arrivalRate: 1e-9, serviceRate: 1, servers: 1 })
    if (isRefusal(markov)) throw new Error(markov.message)
    expect(markov.meanWait).toBeLessThan(1e-8)
  })
})
