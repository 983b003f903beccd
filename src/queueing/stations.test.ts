import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isRefusal } from '../model/index.js'
import { Rng } from '../num/index.js'
import { forkJoin, harmonicNumber } from './forkjoin.js'
import { waitAllenCunneen, waitHeavyTraffic, waitKramerLangenbachBelz, waitMarchal } from './gig1.js'
import { multiServerPriority, multiServerStation, waitKimura, waitLeeLongton, waitWhitt } from './mgc.js'
import { erlangB, erlangC, mmc, mmck } from './mmc.js'
import { fcfsStation, priorityStation } from './priority.js'
import { restartStation } from './restart.js'
import { serviceLaw } from './service-law.js'
import { sizeBasedStation } from './size-based.js'
import { solve } from './solve.js'

describe('Markovian stations', () => {
  it('Erlang C of one server is the load; a million servers keep their digits', () => {
    expect(erlangC(1, 0.7)).toBeCloseTo(0.7, 14)
    expect(erlangB(1, 2)).toBeCloseTo(2 / 3, 14)
    const answer = mmc({ arrivalRate: 999_000, serviceRate: 1, servers: 1_000_000 })
    if (isRefusal(answer)) throw new Error(answer.message)
    // Halfin–Whitt: C ≈ 1/(1 + β Φ(β)/φ(β)), β = (1 − ρ)√c = 1.
    expect(Math.abs(answer.waitProbability - 1 / (1 + 0.8413447 / 0.2419707))).toBeLessThan(1e-3)
  })

  it('c → ∞: nobody waits, the response is the service', () => {
    const answer = mmc({ arrivalRate: 5, serviceRate: 1, servers: 200 })
    if (isRefusal(answer)) throw new Error(answer.message)
    expect(answer.meanWait).toBeLessThan(1e-12)
    expect(answer.responseQuantile(0.95)).toBeCloseTo(-Math.log(0.05), 9)
  })

  it('quantiles invert the tail also where cμ − λ = μ, a removable singularity', () => {
    const answer = mmc({ arrivalRate: 3, serviceRate: 1, servers: 4 })
    if (isRefusal(answer)) throw new Error(answer.message)
    expect(answer.responseTail(answer.responseQuantile(0.9))).toBeCloseTo(0.1, 10)
  })

  it('probabilities of the number sum to 1 and have the mean', () => {
    const answer = mmc({ arrivalRate: 3.2, serviceRate: 1, servers: 4 })
    if (isRefusal(answer)) throw new Error(answer.message)
    let [sum, mean] = [0, 0]
    for (let n = 0; n < 400; n++) {
      sum += answer.numberProbability(n)
      mean += n * answer.numberProbability(n)
    }
    expect(sum).toBeCloseTo(1, 12)
    expect(mean).toBeCloseTo(answer.meanNumber, 9)
  })

  it('M/M/c/K is stable at any load: overload keeps all servers busy', () => {
    const answer = mmck({ arrivalRate: 1000, serviceRate: 1, servers: 3, capacity: 10_000 })
    expect(answer.throughput).toBeCloseTo(3, 9)
    expect(answer.blockProbability).toBeCloseTo(0.997, 9)
    expect(answer.utilisation).toBeCloseTo(1, 12)
    // Room for all is M/M/c.
    const roomy = mmck({ arrivalRate: 2, serviceRate: 1, servers: 3, capacity: 500 })
    const open = mmc({ arrivalRate: 2, serviceRate: 1, servers: 3 })
    if (isRefusal(open)) throw new Error(open.message)
    expect(roomy.meanNumber).toBeCloseTo(open.meanNumber, 10)
  })
})

describe('approximations by two moments', () => {
  it('are exact for M/G/1, and meet in heavy traffic', () => {
    const question = { utilisation: 0.7, serviceMean: 2, arrivalScv: 1, serviceScv: 3 }
    const exact = (0.7 / 0.3) * ((1 + 3) / 2) * 2
    for (const wait of [waitAllenCunneen, waitKramerLangenbachBelz, waitMarchal]) expect(wait(question)).toBeCloseTo(exact, 12)
    const heavy = { utilisation: 0.9999, serviceMean: 1, arrivalScv: 0.5, serviceScv: 2 }
    for (const wait of [waitAllenCunneen, waitKramerLangenbachBelz, waitMarchal])
      expect(wait(heavy) / waitHeavyTraffic(heavy)).toBeCloseTo(1, 3)
  })

  it('M/G/c formulas are exact for M/M/c', () => {
    const question = { servers: 6, utilisation: 0.8, serviceMean: 3, arrivalScv: 1, serviceScv: 1 }
    const answer = mmc({ arrivalRate: 1.6, serviceRate: 1 / 3, servers: 6 })
    if (isRefusal(answer)) throw new Error(answer.message)
    for (const wait of [waitLeeLongton, waitKimura, waitWhitt]) expect(wait(question)).toBeCloseTo(answer.meanWait, 10)
  })

  it('an M/M/c station by the general path has the exact quantiles of M/M/c', () => {
    const answer = multiServerStation([{ arrivalRate: 1.6, service: serviceLaw({ kind: 'exponential', meanSeconds: 3 }) }], 6)
    const exact = mmc({ arrivalRate: 1.6, serviceRate: 1 / 3, servers: 6 })
    if (isRefusal(answer) || isRefusal(exact)) throw new Error('expected answers')
    for (const p of [0.5, 0.95, 0.99])
      expect(Number(answer.classes[0]!.response.quantile(p))).toBeCloseTo(exact.responseQuantile(p), 4)
  })

  it('Kimura’s M/G/4 mean wait is within 8 % of a simulated Kiefer–Wolfowitz recursion (Erlang-4 and H2)', () => {
    for (const [scv, draw] of [
      [0.25, (rng: Rng) => (rng.exponential() + rng.exponential() + rng.exponential() + rng.exponential()) / 4],
      [4, (rng: Rng) => (rng.uniform() < 0.8872983346 ? rng.exponential() / 1.7745966692 : rng.exponential() / 0.2254033308)],
    ] as const) {
      const rng = new Rng(7, 'mgc')
      const free = new Float64Array(4)
      let [now, sum] = [0, 0]
      const jobs = 400_000
      for (let i = 0; i < jobs; i++) {
        now += rng.exponential() / 3.2
        let first = 0
        for (let j = 1; j < 4; j++) if (free[j]! < free[first]!) first = j
        const start = Math.max(now, free[first]!)
        sum += start - now
        free[first] = start + draw(rng)
      }
      const wait = waitKimura({ servers: 4, utilisation: 0.8, serviceMean: 1, arrivalScv: 1, serviceScv: scv })
      expect(Math.abs(wait / (sum / jobs) - 1)).toBeLessThan(0.08)
    }
  })

  it('Bondi–Buzen is the exact station for one server and conserves the mean wait of FCFS for alike classes', () => {
    const service = serviceLaw({ kind: 'exponential', meanSeconds: 1 })
    const classes = [
      { arrivalRate: 1, service },
      { arrivalRate: 2, service },
    ]
    const answer = multiServerPriority(classes, 4, 'non-preemptive')
    const plain = multiServerStation(classes, 4)
    if (isRefusal(answer) || isRefusal(plain)) throw new Error('expected answers')
    expect((answer.classes[0]!.wait.mean + 2 * answer.classes[1]!.wait.mean) / 3).toBeCloseTo(plain.classes[0]!.wait.mean, 10)
    expect(answer.classes[0]!.wait.mean).toBeLessThan(answer.classes[1]!.wait.mean)
    const one = multiServerPriority(
      [
        { arrivalRate: 0.3, service },
        { arrivalRate: 0.3, service },
      ],
      1,
      'preemptive-resume',
    )
    const exact = priorityStation(
      [
        { arrivalRate: 0.3, service },
        { arrivalRate: 0.3, service },
      ],
      'preemptive-resume',
    )
    if (isRefusal(one) || isRefusal(exact)) throw new Error('expected answers')
    expect(one.classes[1]!.response.mean).toBe(exact.classes[1]!.response.mean)
  })
})

describe('disciplines that look at sizes', () => {
  it('no discipline beats SRPT; PS = LAS = FCFS for exponential sizes; LAS > PS > FCFS for less, the reverse for more variable ones', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.05, max: 0.97, noNaN: true }), fc.constantFrom(1, 2, 5), (load, shape) => {
        const answer = sizeBasedStation(load, serviceLaw({ kind: 'erlang', shape, meanSeconds: 1 }))
        if (isRefusal(answer)) throw new Error(answer.message)
        for (const other of [answer.fcfs, answer.ps, answer.sjf, answer.psjf, answer.las])
          expect(answer.srpt).toBeLessThan(other * (1 + 1e-6))
        if (shape === 1) {
          expect(answer.las / answer.ps).toBeCloseTo(1, 6)
          expect(answer.fcfs / answer.ps).toBeCloseTo(1, 9)
        } else {
          expect(answer.las).toBeGreaterThan(answer.ps)
          expect(answer.ps).toBeGreaterThan(answer.fcfs)
        }
        expect(answer.residual).toBeLessThan(1e-6)
      }),
      { numRuns: 20, seed: 2 },
    )
    const wild = sizeBasedStation(0.8, serviceLaw({ kind: 'lognormal', meanSeconds: 1, scv: 8 }))
    if (isRefusal(wild)) throw new Error(wild.message)
    expect(wild.las).toBeLessThan(wild.ps)
    expect(wild.ps).toBeLessThan(wild.fcfs)
  })

  it('SJF with two sizes far apart tends to the two-class priority queue', () => {
    // Uniform on [1, 1.001] with ½ and on [10, 10.001] with ½ has no simple law here; bounded Pareto sharpens to its low end instead: SJF ≥ M/G/1 service.
    const law = serviceLaw({ kind: 'bounded-pareto', shape: 1.5, lowSeconds: 0.3, highSeconds: 1000 })
    const answer = sizeBasedStation(0.8, law)
    if (isRefusal(answer)) throw new Error(answer.message)
    expect(answer.residual).toBeLessThan(1e-8)
    expect(answer.sjf).toBeGreaterThan(law.mean)
    expect(answer.sjf).toBeLessThan(answer.fcfs)
  })

  it('simulated SRPT agrees (exponential sizes, ρ = 0.7)', () => {
    const rng = new Rng(5, 'srpt')
    const left: number[] = []
    let [now, next, area, arrived, finished] = [0, rng.exponential() / 0.7, 0, 0, 0]
    while (finished < 400_000) {
      const smallest = left.length > 0 ? left.reduce((best, x, i) => (x < left[best]! ? i : best), 0) : -1
      const step = smallest < 0 ? next - now : Math.min(next - now, left[smallest]!)
      area += step * left.length
      now += step
      if (smallest >= 0) {
        left[smallest]! -= step
        if (left[smallest]! <= 1e-12) {
          left.splice(smallest, 1)
          finished++
        }
      }
      if (now >= next - 1e-12) {
        left.push(rng.exponential())
        arrived++
        next = now + rng.exponential() / 0.7
      }
    }
    const answer = sizeBasedStation(0.7, serviceLaw({ kind: 'exponential', meanSeconds: 1 }))
    if (isRefusal(answer)) throw new Error(answer.message)
    expect(Math.abs(area / arrived / answer.srpt - 1)).toBeLessThan(0.02)
  })

  it('constant sizes: SRPT and SJF are FCFS; refuses laws with atoms', () => {
    const answer = sizeBasedStation(0.5, serviceLaw({ kind: 'constant', seconds: 1 }))
    if (isRefusal(answer)) throw new Error(answer.message)
    expect(answer.srpt).toBe(answer.fcfs)
    // LAS of equal sizes: all leave when the busy period ends: x/(1−ρ) + λx²/(2(1−ρ)²).
    expect(answer.las).toBeCloseTo(2 + 1, 12)
    expect(isRefusal(sizeBasedStation(0.1, serviceLaw({ kind: 'empirical', seconds: [1, 2] })))).toBe(true)
  })
})

describe('fork-join', () => {
  it('one branch is M/M/1; V_K keeps its digits at 100 branches: bounds hold, light traffic is H_K/μ', () => {
    const one = forkJoin(1, 0.5, 1)
    if (isRefusal(one)) throw new Error(one.message)
    for (const value of [one.exact!, one.nelsonTantawi, one.varmaMakowski, one.varki, one.upperBound])
      expect(value).toBeCloseTo(2, 9)
    for (const branches of [3, 16, 50, 100])
      for (const load of [1e-6, 0.3, 0.9]) {
        const answer = forkJoin(branches, load, 1)
        if (isRefusal(answer)) throw new Error(answer.message)
        for (const value of [answer.nelsonTantawi, answer.varmaMakowski, answer.varki]) {
          expect(value).toBeGreaterThan(answer.lowerBound * (1 - 1e-9))
          expect(value).toBeLessThan(answer.upperBound * (1 + 1e-9))
        }
        if (load < 1e-3) expect(answer.varmaMakowski / harmonicNumber(branches)).toBeCloseTo(1, 4)
      }
  })
})

describe('preemptive restart (E7)', () => {
  it('agrees with a direct simulation of repeat-identical restarts', () => {
    const rng = new Rng(11, 'restart')
    const high = { arrivalRate: 0.2, service: serviceLaw({ kind: 'exponential', meanSeconds: 0.5 }) }
    const low = { arrivalRate: 0.25, service: serviceLaw({ kind: 'erlang', shape: 3, meanSeconds: 1.5 }) }
    const answer = restartStation(high, low)
    if (isRefusal(answer)) throw new Error(answer.message)
    // Low jobs in turn; the high class as the server's interruptions, by its next arrival.
    let [free, arrival, nextHigh, sum, busy, evictions] = [0, 0, rng.exponential() / 0.2, 0, 0, 0]
    const jobs = 300_000
    const highBusy = (from: number): number => {
      let end = from + rng.exponential() * 0.5
      nextHigh += rng.exponential() / 0.2
      while (nextHigh < end) {
        end += rng.exponential() * 0.5
        nextHigh += rng.exponential() / 0.2
      }
      busy += end - from
      return end
    }
    for (let i = 0; i < jobs; i++) {
      arrival += rng.exponential() / 0.25
      let now = free
      while (nextHigh < Math.max(now, arrival)) now = highBusy(nextHigh)
      now = Math.max(now, arrival)
      const work = (rng.exponential() + rng.exponential() + rng.exponential()) * 0.5
      while (nextHigh < now + work) {
        busy += nextHigh - now
        evictions++
        now = highBusy(nextHigh)
      }
      busy += work
      free = now + work
      sum += free - arrival
    }
    expect(Math.abs(sum / jobs / answer.low!.meanResponse - 1)).toBeLessThan(0.02)
    expect(Math.abs(busy / free / answer.utilisation - 1)).toBeLessThan(0.01)
    expect(Math.abs(evictions / jobs / answer.evictionsPerLowJob - 1)).toBeLessThan(0.02)
  })

  it('a job without a finite exponential moment is refused; without a second one its mean response is left out', () => {
    const high = { arrivalRate: 0.6, service: serviceLaw({ kind: 'exponential', meanSeconds: 0.1 }) }
    expect(
      isRefusal(restartStation(high, { arrivalRate: 0.001, service: serviceLaw({ kind: 'exponential', meanSeconds: 2 }) })),
    ).toBe(true)
    const answer = restartStation(high, { arrivalRate: 0.05, service: serviceLaw({ kind: 'exponential', meanSeconds: 1 }) })
    if (isRefusal(answer)) throw new Error(answer.message)
    expect(answer.low).toBeUndefined()
    expect(answer.caveats.map((one) => one.code)).toContain('infinite-mean')
  })

  it('waste vanishes with the high class', () => {
    const low = { arrivalRate: 0.5, service: serviceLaw({ kind: 'exponential', meanSeconds: 1 }) }
    const answer = restartStation({ arrivalRate: 1e-9, service: serviceLaw({ kind: 'exponential', meanSeconds: 1 }) }, low)
    const alone = fcfsStation([low])
    if (isRefusal(answer) || isRefusal(alone)) throw new Error('expected answers')
    expect(answer.waste).toBeLessThan(1e-6)
    expect(answer.low!.meanResponse).toBeCloseTo(alone.classes[0]!.response.mean, 5)
  })
})

describe('solve', () => {
  it('every unstable station is a refusal with its utilisation, never a number', () => {
    for (const model of [
      { arrival_rate: 1, service_rate: 1 },
      { arrival_rate: 17, service_rate: 1, servers: 16 },
      { arrival_rate: 1.1, service: { type: 'deterministic' }, service_moments: [1, 1, 1] },
      { arrival_rate: 1.1, service: { type: 'unheard-of' }, service_moments: [1, 2, 6] },
      { arrival_rate: 1, service: { type: 'PH', alpha: [1], A: [[-1]] } },
      { arrival_rate: 1, service_rate: 1, branches: 4 },
      { arrival_rate: 1, service_rate: 1, ca: 1, cs: 1 },
      { arrival_rate: 6, service_times: [0.2], visits: [1], servers: [1] },
    ]) {
      const result = solve(model)
      if (result.kind !== 'refusal') throw new Error(`expected a refusal of ${JSON.stringify(model)}, got ${result.kind}`)
      expect(result.refusal.code).toBe('unstable')
      expect(result.refusal.numbers!['utilisation']).toBeGreaterThanOrEqual(1)
    }
  })

  it('lists every issue with its place and the value', () => {
    const result = solve({
      arrival_rate: -1,
      service: {
        type: 'PH',
        alpha: [0.5, 0.4],
        A: [
          [-1, 2],
          [-0.1, -1],
        ],
      },
      service_moments: [1, 'two'],
    })
    if (result.kind !== 'issues') throw new Error('expected issues')
    expect(result.issues.map((one) => one.place).sort()).toEqual([
      'arrival_rate',
      'service.A[0]',
      'service.A[1][0]',
      'service.alpha',
      'service_moments[1]',
    ])
    expect(result.issues.find((one) => one.place === 'arrival_rate')!.value).toBe('-1')
  })

  it('wrong shapes are issues: populations, visits, rows that do not sum, infinite and missing numbers', () => {
    const codes = (model: unknown) => {
      const result = solve(model)
      return result.kind === 'issues' ? result.issues.map((one) => `${one.place} ${one.code}`) : [result.kind]
    }
    expect(codes({ population: 5, service_times: [1, 2], visits: [1] })).toEqual(['visits wrong-shape'])
    expect(codes({ population: [5, 1], service_times: [[1, 2]], visits: [[1, 1]] })).toContain('service_times wrong-shape')
    expect(codes({ arrival_rate: Number.NaN, service_rate: 1 })).toEqual(['arrival_rate not-finite'])
    expect(codes({ arrival_rate: 1, service_rate: 2, servers: 1.5 })).toEqual(['servers not-whole'])
    expect(codes({ arrivals: { D0: [[-1]], D1: [[0.5]] }, service: { type: 'PH', alpha: [1], A: [[-2]] } })).toContain(
      'arrivals.D0[0] row-sum',
    )
    expect(codes('text')).toEqual(['(top) wrong-type'])
    expect(codes({ nothing: 1 })).toEqual(['(top) unknown-model'])
  })
})
