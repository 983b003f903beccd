import { describe, expect, it } from 'vitest'
import {
  arrivalAutocorrelation,
  arrivalDefects,
  arrivalMoments,
  arrivalRate,
  arrivalSampler,
  composedArrivals,
  dispersionOfCounts,
  erlangLaw,
  fitArrivals,
  fitArrivalsOrderTwo,
  fitArrivalsTakingTurns,
  jointArrivalMoment,
  markedArrivalDefects,
  markedArrivalRates,
  markedAtRandom,
  markedDispersion,
  markedGapMoments,
  markedJointMoment,
  markedSampler,
  markedSuperposition,
  markTransition,
  modulatedPoissonArrivals,
  phaseTypeMoments,
  poissonArrivals,
  poissonStreams,
  renewalArrivals,
  streamOf,
  streamsSideBySide,
  stretchedArrivals,
  superpositionOf,
  thinnedArrivals,
  thinnedStreams,
  unmarked,
} from './index.js'
import { Rng } from './rng.js'

const bursty = modulatedPoissonArrivals(
  [
    [-0.01, 0.01],
    [0.04, -0.04],
  ],
  [0.4, 2.2],
)

describe('arrival processes', () => {
  it('Poisson arrivals have exponential, uncorrelated gaps and dispersion one in every window', () => {
    const p = poissonArrivals(2)
    expect(arrivalMoments(p, 3)).toEqual([expect.closeTo(0.5, 13), expect.closeTo(0.5, 13), expect.closeTo(0.75, 13)])
    expect(arrivalAutocorrelation(p, 2)).toEqual([expect.closeTo(0, 13), expect.closeTo(0, 13)])
    for (const w of [0.1, 10, Number.POSITIVE_INFINITY]) expect(dispersionOfCounts(p, w)).toBeCloseTo(1, 12)
  })

  it('renewal arrivals have the gaps of their law; the dispersion tends to its SCV', () => {
    const law = erlangLaw(3, 2)
    const p = renewalArrivals(law)
    phaseTypeMoments(law, 3).forEach((m, i) => {
      expect(arrivalMoments(p, 3)[i]).toBeCloseTo(m, 12)
    })
    expect(dispersionOfCounts(p, Number.POSITIVE_INFINITY)).toBeCloseTo(1 / 3, 12)
    expect(dispersionOfCounts(p, 1e5)).toBeCloseTo(1 / 3, 4)
  })

  it('the limit of the dispersion is c²(1 + 2Σρ_k)', () => {
    const [m1, m2] = arrivalMoments(bursty, 2)
    const sum = arrivalAutocorrelation(bursty, 20_000).reduce((s, x) => s + x, 0)
    expect(dispersionOfCounts(bursty, Number.POSITIVE_INFINITY)).toBeCloseTo((m2 / (m1 * m1) - 1) * (1 + 2 * sum), 6)
  })

  it('the joint moment at lag k gives the autocorrelation', () => {
    const [m1, m2] = arrivalMoments(bursty, 2)
    const rho = (jointArrivalMoment(bursty, 1, 1, 3) - m1 * m1) / (m2 - m1 * m1)
    expect(rho).toBeCloseTo(arrivalAutocorrelation(bursty, 3)[2], 12)
  })

  it('rates add under superposition, shrink under thinning and stretching', () => {
    const rate = arrivalRate(bursty)
    expect(rate).toBeCloseTo(0.4 * 0.8 + 2.2 * 0.2, 12)
    expect(arrivalRate(superpositionOf(bursty, poissonArrivals(3)))).toBeCloseTo(rate + 3, 12)
    expect(arrivalRate(thinnedArrivals(bursty, 0.25))).toBeCloseTo(rate / 4, 12)
    expect(arrivalRate(stretchedArrivals(bursty, 10))).toBeCloseTo(rate / 10, 12)
  })

  it('thinning brings the dispersion towards one: D − 1 shrinks by the share kept', () => {
    const d = dispersionOfCounts(bursty, 50)
    expect(dispersionOfCounts(thinnedArrivals(bursty, 0.3), 50) - 1).toBeCloseTo(0.3 * (d - 1), 9)
  })

  it('the composition multiplies moments over k! and combines correlations by the KPC rule', () => {
    const a = fitArrivalsOrderTwo(2, 16, 260, 0.1).process
    const h2 = {
      D0: [
        [-2, 0],
        [0, -0.5],
      ],
      D1: [
        [2 * 0.9, 0.2],
        [0.5 * 0.2, 0.4],
      ],
    }
    const c = composedArrivals(a, h2)
    expect(arrivalDefects(c)).toEqual([])
    const factorial = [1, 2, 6]
    const ma = arrivalMoments(a, 3)
    const mb = arrivalMoments(h2, 3)
    arrivalMoments(c, 3).forEach((m, i) => {
      expect(m / ((ma[i] * mb[i]) / factorial[i])).toBeCloseTo(1, 10)
    })
    const scv = (m: number[]) => m[1] / m[0] ** 2 - 1
    const [ca, cb, cc] = [ma, mb, arrivalMoments(c, 2)].map(scv)
    const [ra, rb, rc] = [a, h2, c].map((p) => arrivalAutocorrelation(p, 2)[1])
    expect(cc * rc).toBeCloseTo(ca * ra + cb * rb + ca * cb * ra * rb, 10)
    expect(() => composedArrivals(a, a)).toThrow(/diagonal/)
  })

  it('the walker draws the process: mean gap and lag-1 correlation inside five standard errors', () => {
    const fast = fitArrivalsTakingTurns(1, 3, 0.2).process
    const next = arrivalSampler(fast, new Rng(5, 'map'))
    const n = 60_000
    const x = Float64Array.from({ length: n }, () => next())
    const m = x.reduce((s, v) => s + v, 0) / n
    let cov = 0
    for (let i = 0; i + 1 < n; i++) cov += (x[i] - m) * (x[i + 1] - m)
    const d = dispersionOfCounts(fast, Number.POSITIVE_INFINITY)
    expect(Math.abs(m - 1)).toBeLessThan(5 * Math.sqrt(d / n))
    expect(Math.abs(cov / n / 2 - 0.2)).toBeLessThan(0.05)
  })

  it('names defects: signs, row sums, states apart, no arrivals', () => {
    expect(arrivalDefects({ D0: [[-1]], D1: [[2]] })[0].message).toMatch(/sums to/)
    expect(arrivalDefects({ D0: [[-1]], D1: [[-1]] })[0].message).toMatch(/negative/)
    expect(
      arrivalDefects({
        D0: [
          [-1, 0],
          [0, -1],
        ],
        D1: [
          [1, 0],
          [0, 1],
        ],
      })[0].message,
    ).toMatch(/reach/)
    expect(
      arrivalDefects({
        D0: [
          [-1, 1],
          [1, -1],
        ],
        D1: [
          [0, 0],
          [0, 0],
        ],
      })[0].message,
    ).toMatch(/no arrivals/)
    expect(markedArrivalDefects({ D0: [[-1]], D: [] })[0].path).toBe('D')
  })
})

describe('marked arrivals', () => {
  it('classes marked at random split the rate and follow one another independently', () => {
    const m = markedAtRandom(bursty, [0.3, 0.7])
    expect(markedArrivalRates(m)[0]).toBeCloseTo(0.3 * arrivalRate(bursty), 12)
    expect(markTransition(m, 0, 1)).toBeCloseTo(0.7, 12)
    expect(markTransition(m, 1, 1, 4)).toBeCloseTo(0.7, 12)
  })

  it('streams side by side keep each stream as it is', () => {
    const m = streamsSideBySide([bursty, renewalArrivals(erlangLaw(2, 3)), poissonArrivals(0.5)])
    expect(markedArrivalDefects(m)).toEqual([])
    expect(arrivalMoments(streamOf(m, 0), 2)[1]).toBeCloseTo(arrivalMoments(bursty, 2)[1], 9)
    expect(arrivalMoments(streamOf(m, 1), 2)[1]).toBeCloseTo(6 / 9, 9)
    expect(markedArrivalRates(m)[2]).toBeCloseTo(0.5, 12)
  })

  it('gap moments by class sum to those of all gaps; admission thins one class only', () => {
    const m = poissonStreams([1, 2])
    const g = markedGapMoments(m, 2)
    expect(g[0][0] + g[1][0]).toBeCloseTo(1 / 3, 12)
    const thin = thinnedStreams(m, [1, 0.5])
    expect(markedArrivalRates(thin)).toEqual([expect.closeTo(1, 12), expect.closeTo(1, 12)])
    expect(arrivalRate(unmarked(thin))).toBeCloseTo(2, 12)
  })

  it('a superposition adds the rates of each class, and Poisson streams stay Poisson in it', () => {
    const both = markedSuperposition(poissonStreams([1, 2]), markedAtRandom(bursty, [0.25, 0.75]))
    expect(markedArrivalDefects(both)).toEqual([])
    const rate = arrivalRate(bursty)
    expect(markedArrivalRates(both)).toEqual([expect.closeTo(1 + rate / 4, 12), expect.closeTo(2 + 0.75 * rate, 12)])
    // Variances of independent counts add: what exceeds Poisson's is the bursty part's alone.
    const [burstyPart, whole] = [markedAtRandom(bursty, [0.25, 0.75]), 1 + rate / 4]
    expect(whole * (markedDispersion(both, 0, 30) - 1)).toBeCloseTo((rate / 4) * (markedDispersion(burstyPart, 0, 30) - 1), 10)
  })

  it('one class of Poisson streams has dispersion 1 and gaps that do not depend on one another', () => {
    const m = poissonStreams([1, 2])
    expect(markedDispersion(m, 1, 7)).toBeCloseTo(1, 12)
    expect(markedDispersion(m, 1, Number.POSITIVE_INFINITY)).toBeCloseTo(1, 12)
    // E X² · E Y = 2/λ² · 1/λ with λ = 2
    expect(markedJointMoment(m, 1, 2, 1, 3)).toBeCloseTo(1 / 4, 12)
  })

  it('the walker marks arrivals in proportion to the rates', () => {
    const next = markedSampler(poissonStreams([1, 3]), new Rng(6, 'marks'))
    let first = 0
    for (let i = 0; i < 20_000; i++) if (next().mark === 0) first++
    expect(Math.abs(first / 20_000 - 0.25)).toBeLessThan(5 * Math.sqrt((0.25 * 0.75) / 20_000))
  })
})

describe('arrival processes fitted', () => {
  it('order 2 meets three moments and lag 1, of either sign', () => {
    for (const [m1, m2, m3, lag] of [
      [1, 5, 60, 0.2],
      [1, 5, 60, 0.35],
      [1, 5, 60, -0.03],
      [0.05, 0.0054, 0.00095, 0.02],
    ]) {
      const fit = fitArrivalsOrderTwo(m1, m2, m3, lag)
      expect(Math.max(...fit.momentErrors, fit.lag1Error)).toBeLessThan(1e-9)
      expect(arrivalDefects(fit.process)).toEqual([])
    }
  })

  it('a correlation beyond reach is cut, and said to be', () => {
    const fit = fitArrivalsOrderTwo(1, 3, 16, 0.3)
    expect(fit.caveats.map((c) => c.code)).toContain('correlation-missed')
    expect(Math.max(...fit.momentErrors)).toBeLessThan(1e-5)
  })

  it('laws taking turns meet two moments and lag 1, with correlations that alternate when negative', () => {
    for (const [m2, lag] of [
      [6.05 / 1.21, -0.17],
      [2.5, -0.2],
      [2.5, 0.2],
      [1.1, -0.3],
    ]) {
      const fit = fitArrivalsTakingTurns(1, m2, lag)
      expect(Math.max(...fit.momentErrors, fit.lag1Error)).toBeLessThan(1e-9)
      expect(Math.sign(arrivalAutocorrelation(fit.process, 2)[1])).toBe(1)
    }
  })

  it('recovers a composed process from its own moments and correlations', () => {
    const h2 = (fast: number, slow: number, g: number) => ({
      D0: [
        [-fast, 0],
        [0, -slow],
      ],
      D1: [
        [fast * (g + (1 - g) * 0.7), fast * (1 - g) * 0.3],
        [slow * (1 - g) * 0.7, slow * (g + (1 - g) * 0.3)],
      ],
    })
    const truth = composedArrivals(h2(2, 0.5, 0.3), h2(3, 0.4, 0.99))
    const lags = [1, 2, 3, 5, 10, 20, 50, 100, 200, 400]
    const acf = arrivalAutocorrelation(truth, 400)
    const fit = fitArrivals({ moments: arrivalMoments(truth, 3), lags, autocorrelation: lags.map((l) => acf[l - 1]) })
    expect(fit.factors).toBe(2)
    expect(fit.autocorrelationError).toBeLessThan(1e-4)
    expect(Math.max(...fit.momentErrors)).toBeLessThan(1e-6)
    expect(Math.abs(fit.dispersion / dispersionOfCounts(truth, Number.POSITIVE_INFINITY) - 1)).toBeLessThan(0.02)
  })

  it('correlations within noise give independent gaps', () => {
    const fit = fitArrivals({ moments: [1, 3, 18], lags: [1, 2, 5], autocorrelation: [0.01, -0.005, 0.002], samples: 10_000 })
    expect(fit.factors).toBe(0)
  })
})
