import { describe, expect, it } from 'vitest'
import { isRefusal } from '../model/index.js'
import {
  addMatrices,
  erlangLaw,
  exponentialLaw,
  hyperErlangLaw,
  matrixFromRows,
  maxAbs,
  modulatedPoissonArrivals,
  multiplyMatrices,
  phaseTypeQuantile,
  poissonArrivals,
  renewalArrivals,
} from '../num/index.js'
import { mapPh1 } from './mapph1.js'
import { mapPhC } from './mapphc.js'
import { mmc } from './mmc.js'
import { solveQbd } from './qbd.js'

const bursty = modulatedPoissonArrivals(
  [
    [-0.1, 0.1],
    [0.1, -0.1],
  ],
  [0.3, 1.2],
)
const h2 = hyperErlangLaw([
  { probability: 0.9, shape: 1, rate: 1.8 },
  { probability: 0.1, shape: 1, rate: 0.2 },
])

describe('quasi-birth-death processes', () => {
  it('G and R satisfy their equations and G is stochastic', () => {
    const up = matrixFromRows([
      [0.3, 0.1],
      [0, 0.5],
    ])
    const down = matrixFromRows([
      [1, 0],
      [0.4, 0.9],
    ])
    const local = matrixFromRows([
      [-1.6, 0.2],
      [0.3, -2.1],
    ])
    const q = solveQbd({ up, local, down })
    if (isRefusal(q)) throw new Error(q.message)
    expect(q.residual).toBeLessThan(1e-14)
    const { G, R } = q
    expect(G.data[0] + G.data[1]).toBeCloseTo(1, 12)
    const rest = addMatrices(addMatrices(up, multiplyMatrices(R, local)), multiplyMatrices(multiplyMatrices(R, R), down))
    expect(maxAbs(rest)).toBeLessThan(1e-13)
  })

  it('refuses a drift upwards with the ratio of rates', () => {
    const one = (x: number) => matrixFromRows([[x]])
    expect(solveQbd({ up: one(2), local: one(-3), down: one(1) })).toMatchObject({
      code: 'unstable',
      numbers: { utilisation: 2 },
    })
  })
})

describe('MAP/PH/c', () => {
  it('is Erlang C for Poisson arrivals and exponential service', () => {
    const a = mapPhC({ arrivals: poissonArrivals(2.8), service: exponentialLaw(1), servers: 4 }, { percentiles: [0.95, 0.99] })
    const b = mmc({ arrivalRate: 2.8, serviceRate: 1, servers: 4 })
    if (isRefusal(a) || isRefusal(b)) throw new Error('refused')
    expect(a.waitProbability).toBeCloseTo(b.waitProbability, 12)
    expect(a.wait.moments[0]).toBeCloseTo(b.meanWait, 12)
    expect(a.number.moments[0]).toBeCloseTo(b.meanNumber, 11)
    // Given a wait, it is exponential of rate cμ − λ = 1.2.
    for (const p of [0.95, 0.99])
      expect(a.wait.percentiles![String(p)]).toBeCloseTo(Math.log(b.waitProbability / (1 - p)) / 1.2, 8)
  })

  it('with one server is MAP/PH/1, found by another method', () => {
    const question = { percentiles: [0.5, 0.95, 0.99], cdfAt: [0.5, 5] }
    for (const service of [h2, erlangLaw(3, 4)]) {
      const a = mapPhC({ arrivals: bursty, service, servers: 1 }, question)
      const b = mapPh1(
        { arrivals: bursty, service },
        { ...question, waitPercentiles: question.percentiles, numberProbabilities: 9 },
      )
      if (isRefusal(a) || isRefusal(b)) throw new Error('refused')
      a.response.moments.forEach((m, i) => {
        expect(m / b.response.moments[i]).toBeCloseTo(1, 9)
      })
      for (const p of ['0.5', '0.95', '0.99']) {
        expect(a.response.percentiles![p] / b.response.percentiles![p]).toBeCloseTo(1, 5)
        expect(a.wait.percentiles![p] / b.wait.percentiles![p]).toBeCloseTo(1, 5)
      }
      a.response.cdf!.F.forEach((f, i) => {
        expect(f).toBeCloseTo(b.response.cdf!.F[i], 7)
      })
      b.number.probabilities!.forEach((p, n) => {
        expect(p).toBeCloseTo(a.number.probabilities[n], 9)
      })
      expect(a.number.moments[1] / b.number.moments[1]).toBeCloseTo(1, 9)
    }
  })

  it('with servers to spare nobody waits: the response is the service', () => {
    const a = mapPhC({ arrivals: renewalArrivals(erlangLaw(2, 0.2)), service: h2, servers: 8 }, { percentiles: [0.5, 0.99] })
    if (isRefusal(a)) throw new Error(a.message)
    expect(a.waitProbability).toBeLessThan(1e-6)
    for (const p of [0.5, 0.99]) expect(a.response.percentiles![String(p)] / phaseTypeQuantile(h2, p)).toBeCloseTo(1, 4)
  })

  it('Little and utilisation hold: the residual compares the number with the wait', () => {
    const a = mapPhC({
      arrivals: modulatedPoissonArrivals(
        [
          [-0.1, 0.1],
          [0.1, -0.1],
        ],
        [1, 5],
      ),
      service: erlangLaw(3, 3),
      servers: 4,
    })
    if (isRefusal(a)) throw new Error(a.message)
    expect(a.residual).toBeLessThan(1e-10)
    expect(a.utilisation).toBeCloseTo(0.75, 12)
    expect(a.number.moments[0]).toBeCloseTo(a.arrivalRate * (a.wait.moments[0] + 1), 9)
  })

  it('refuses more phases than it is given, and more work than the servers do', () => {
    expect(mapPhC({ arrivals: bursty, service: erlangLaw(10, 10), servers: 8 })).toMatchObject({
      code: 'unsupported',
      numbers: { phases: 48620 },
    })
    expect(mapPhC({ arrivals: poissonArrivals(3), service: exponentialLaw(1), servers: 2 })).toMatchObject({ code: 'unstable' })
    expect(mapPhC({ arrivals: poissonArrivals(3), service: exponentialLaw(1), servers: 0 })).toMatchObject({
      code: 'unsupported',
    })
  })
})
