import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isRefusal, type Refusal } from '../model/index.js'
import { asymptoticBounds, balancedBounds } from './bounds.js'
import type { ClosedAnswer, ClosedNetwork } from './closed.js'
import { closedNetwork } from './closed.js'
import type { ClosedClasses, ClosedClassesAnswer } from './closed-classes.js'
import { approximateClosedClasses, closedClasses } from './closed-classes.js'
import { mixedNetwork, openNetwork, visitsFromRouting } from './open.js'

function answered<T extends object>(answer: T | Refusal): T {
  if (isRefusal(answer)) throw new Error(answer.message)
  return answer
}

const time = fc.double({ min: 0.05, max: 3, noNaN: true })

describe('closed networks of one class', () => {
  const network: fc.Arbitrary<ClosedNetwork> = fc
    .array(fc.record({ serviceTime: time, visits: time, servers: fc.constantFrom(1, 1, 2, 3, 8, -1) }), {
      minLength: 1,
      maxLength: 5,
    })
    .chain((stations) =>
      fc
        .record({ thinkTime: fc.double({ min: 0, max: 20, noNaN: true }), population: fc.integer({ min: 1, max: 120 }) })
        .map((rest) => ({
          serviceTimes: stations.map((one) => one.serviceTime),
          visits: stations.map((one) => one.visits),
          servers: stations.map((one) => one.servers),
          ...rest,
        })),
    )

  it('Little’s law and the population: Σ Q + X·Z = N; no server is busier than always; more jobs, more throughput', () => {
    fc.assert(
      fc.property(network, (one) => {
        const answer = answered<ClosedAnswer>(closedNetwork(one))
        expect(answer.residual).toBeLessThan(1e-9)
        answer.utilisation.forEach((u, i) => {
          if (one.servers[i]! > 0) expect(u).toBeLessThanOrEqual(1 + 1e-9)
          expect(answer.queue[i]!).toBeGreaterThanOrEqual(0)
          expect(answer.responsePerVisit[i]!).toBeGreaterThanOrEqual(one.serviceTimes[i]! * (1 - 1e-9))
        })
        const more = answered<ClosedAnswer>(closedNetwork({ ...one, population: one.population + 1 }))
        expect(more.throughput).toBeGreaterThanOrEqual(answer.throughput * (1 - 1e-12))
      }),
      { numRuns: 150, seed: 5 },
    )
  })

  it('a machine repairman is the birth–death chain: 3 repairmen, 12 machines', () => {
    const answer = answered<ClosedAnswer>(
      closedNetwork({ serviceTimes: [2], visits: [1], servers: [3], thinkTime: 10, population: 12 }),
    )
    // p_n with birth (12 − n)/10 and death min(n, 3)/2.
    const p = [1]
    for (let n = 1; n <= 12; n++) p.push((p[n - 1]! * ((12 - n + 1) / 10)) / (Math.min(n, 3) / 2))
    const total = p.reduce((sum, value) => sum + value, 0)
    const throughput = p.reduce((sum, value, n) => sum + (value / total) * (Math.min(n, 3) / 2), 0)
    const queue = p.reduce((sum, value, n) => sum + (value / total) * n, 0)
    expect(answer.throughput).toBeCloseTo(throughput, 12)
    expect(answer.queue[0]).toBeCloseTo(queue, 11)
  })

  it('bounds hold, and the balanced ones lie inside the asymptotic ones', () => {
    fc.assert(
      fc.property(
        fc.array(time, { minLength: 1, maxLength: 6 }),
        fc.double({ min: 0, max: 20, noNaN: true }),
        fc.integer({ min: 1, max: 200 }),
        (demands, thinkTime, population) => {
          const { throughput } = answered<ClosedAnswer>(
            closedNetwork({
              serviceTimes: demands,
              visits: demands.map(() => 1),
              servers: demands.map(() => 1),
              thinkTime,
              population,
            }),
          )
          const wide = asymptoticBounds({ demands, thinkTime, population })
          const tight = balancedBounds({ demands, thinkTime, population })
          const slack = 1 + 1e-9
          expect(wide.throughput[0]).toBeLessThanOrEqual(tight.throughput[0] * slack)
          expect(tight.throughput[0]).toBeLessThanOrEqual(throughput * slack)
          expect(throughput).toBeLessThanOrEqual(tight.throughput[1] * slack)
          expect(tight.throughput[1]).toBeLessThanOrEqual(wide.throughput[1] * slack)
        },
      ),
      { numRuns: 100, seed: 9 },
    )
  })

  it('ten thousand jobs: throughput is the bottleneck’s, with and without multi-server stations', () => {
    const one = answered<ClosedAnswer>(
      closedNetwork({ serviceTimes: [0.4, 0.6, 0.2], visits: [1, 0.7, 2], servers: [1, 1, 1], thinkTime: 5, population: 10_000 }),
    )
    expect(one.throughput).toBeCloseTo(1 / 0.42, 9)
    const many = answered<ClosedAnswer>(
      closedNetwork({ serviceTimes: [0.4, 0.6, 0.2], visits: [1, 0.7, 2], servers: [1, 4, 2], thinkTime: 5, population: 5_000 }),
    )
    expect(many.throughput).toBeCloseTo(2.5, 9)
    // The others are then open stations offered 2.5 jobs a second: M/M/4 at load 1.05 and M/M/2 at load 1 (L = 4/3).
    expect(many.queue[2]).toBeCloseTo(4 / 3, 9)
  })
})

describe('closed networks of several classes', () => {
  const network: fc.Arbitrary<ClosedClasses> = fc
    .record({ classes: fc.integer({ min: 1, max: 3 }), stations: fc.integer({ min: 1, max: 4 }) })
    .chain(({ classes, stations }) =>
      fc.record({
        serviceTimes: fc.array(fc.array(time, { minLength: stations, maxLength: stations }), {
          minLength: classes,
          maxLength: classes,
        }),
        visits: fc.array(fc.array(time, { minLength: stations, maxLength: stations }), {
          minLength: classes,
          maxLength: classes,
        }),
        population: fc.array(fc.integer({ min: 1, max: 6 }), { minLength: classes, maxLength: classes }),
        thinkTime: fc.array(fc.double({ min: 0, max: 10, noNaN: true }), { minLength: classes, maxLength: classes }),
      }),
    )

  it('every class keeps its jobs, and the Linearizer is nearer the exact throughput than 3 %', () => {
    let worst = 0
    fc.assert(
      fc.property(network, (one) => {
        const exact = answered<ClosedClassesAnswer>(closedClasses(one))
        expect(exact.exact).toBe(true)
        expect(exact.residual).toBeLessThan(1e-9)
        const near = answered<ClosedClassesAnswer>(approximateClosedClasses(one, 'linearizer'))
        near.throughput.forEach((x, r) => {
          worst = Math.max(worst, Math.abs(x / exact.throughput[r]! - 1))
        })
      }),
      { numRuns: 80, seed: 3 },
    )
    expect(worst).toBeLessThan(0.03)
  })

  it('convolution and recursion agree: a second server that is never needed changes nothing but its own name', () => {
    const base = {
      serviceTimes: [
        [0.2, 0.5],
        [0.3, 0.1],
      ],
      visits: [
        [1, 2],
        [2, 1],
      ],
      population: [3, 4],
      thinkTime: [1, 2],
    }
    const one = answered<ClosedClassesAnswer>(closedClasses(base))
    // With several servers the convolution is used; splitting a class in two equal ones keeps the sums.
    const many = answered<ClosedClassesAnswer>(closedClasses({ ...base, servers: [2, 1] }))
    const split = answered<ClosedClassesAnswer>(
      closedClasses({
        serviceTimes: [
          [0.2, 0.5],
          [0.2, 0.5],
          [0.3, 0.1],
        ],
        visits: [
          [1, 2],
          [1, 2],
          [2, 1],
        ],
        population: [1, 2, 4],
        thinkTime: [1, 1, 2],
        servers: [2, 1],
      }),
    )
    expect(split.throughput[0]! + split.throughput[1]!).toBeCloseTo(many.throughput[0]!, 10)
    expect(many.throughput[0]!).toBeGreaterThan(one.throughput[0]!)
    expect(many.method).toContain('convolution')
    expect(many.residual).toBeLessThan(1e-12)
  })

  it('classes that are alike are one class: the multi-class recursion gives the single-class one', () => {
    const single = answered<ClosedAnswer>(
      closedNetwork({ serviceTimes: [0.3, 0.2], visits: [1, 2], servers: [1, 1], thinkTime: 4, population: 9 }),
    )
    const split = answered<ClosedClassesAnswer>(
      closedClasses({
        serviceTimes: [
          [0.3, 0.2],
          [0.3, 0.2],
        ],
        visits: [
          [1, 2],
          [1, 2],
        ],
        population: [4, 5],
        thinkTime: [4, 4],
      }),
    )
    expect(split.throughput[0]! + split.throughput[1]!).toBeCloseTo(single.throughput, 12)
  })

  it('a lattice too large for the exact recursion is approximated, and says so', () => {
    const large = answered<ClosedClassesAnswer>(
      closedClasses({
        serviceTimes: [
          [0.02, 0.05, 0.1],
          [0.04, 0.05, 0.03],
          [0.01, 0.02, 0.03],
        ],
        visits: [
          [1, 1, 1],
          [1, 1, 1],
          [1, 1, 1],
        ],
        population: [1000, 1000, 1000],
        thinkTime: [1, 2, 3],
      }),
    )
    expect(large.exact).toBe(false)
    expect(large.caveats.map((one) => one.code)).toContain('approximate-mva')
    expect(large.residual).toBeLessThan(1e-9)
  })
})

describe('open and mixed networks', () => {
  it('routing gives visits: a loop taken again with probability ¼ is visited 4/3 times', () => {
    const visits = visitsFromRouting(
      [1, 0],
      [
        [0.25, 0.5],
        [0, 0],
      ],
    )
    if (isRefusal(visits)) throw new Error(visits.message)
    expect(visits[0]).toBeCloseTo(4 / 3, 12)
    expect(visits[1]).toBeCloseTo(2 / 3, 12)
    expect(
      isRefusal(
        visitsFromRouting(
          [1, 0],
          [
            [0, 1],
            [1, 0],
          ],
        ),
      ),
    ).toBe(true)
  })

  it('refuses the station that saturates, with its utilisation', () => {
    const answer = openNetwork({ arrivalRates: [3], serviceTimes: [[0.1, 0.2]], visits: [[1, 2]], servers: [1, 1] })
    if (!isRefusal(answer)) throw new Error('expected a refusal')
    expect(answer.numbers!['utilisation']).toBeCloseTo(1.2, 12)
  })

  it('mixed: with almost no open work the closed classes are alone, and the other way round', () => {
    const closed = { serviceTimes: [[0.3, 0.2]], visits: [[1, 1]], population: [5], thinkTime: [2] }
    const open = (rate: number) => ({ arrivalRates: [rate], serviceTimes: [[0.1, 0.4]], visits: [[1, 1]], servers: [1, 1] })
    const alone = answered<ClosedClassesAnswer>(closedClasses(closed))
    const mixed = mixedNetwork(open(1e-9), closed)
    if (isRefusal(mixed)) throw new Error(mixed.message)
    expect(mixed.closed.throughput[0]).toBeCloseTo(alone.throughput[0]!, 6)
    const busy = mixedNetwork(open(1.5), closed)
    if (isRefusal(busy)) throw new Error(busy.message)
    expect(busy.closed.throughput[0]!).toBeLessThan(alone.throughput[0]!)
    // Station 2 serves 1.5·0.4 = 0.6 open and X·0.2 closed work: not more than all.
    expect(0.6 + busy.closed.throughput[0]! * 0.2).toBeLessThan(1)
    const rare = mixedNetwork(open(1.5), { ...closed, thinkTime: [1e9] })
    const only = openNetwork(open(1.5))
    if (isRefusal(rare) || isRefusal(only)) throw new Error('expected answers')
    expect(rare.open.systemResponse[0]).toBeCloseTo(only.systemResponse[0]!, 6)
  })
})
