import { describe, expect, it } from 'vitest'
import {
  erlangLaw,
  exponentialLaw,
  fitFiveMoments,
  fitThreeMoments,
  fitTwoMoments,
  fitTwoMomentsAcyclic,
  hyperErlangLaw,
  maximumOf,
  minimumOf,
  mixtureOf,
  type PhaseType,
  phaseType,
  phaseTypeCdf,
  phaseTypeDefects,
  phaseTypeDensity,
  phaseTypeMean,
  phaseTypeMoments,
  phaseTypeQuantile,
  phaseTypeSampler,
  phaseTypeScv,
  phaseTypeSurvival,
  phaseTypeTransform,
  reducedLaw,
  residualLaw,
  stretched,
  sumOf,
  withoutRedundantPhases,
} from './index.js'
import { Rng } from './rng.js'

const cyclic: PhaseType = {
  alpha: [0.6, 0.4],
  generator: [
    [-3, 1],
    [2, -4],
  ],
}

describe('phase-type laws', () => {
  it('Erlang moments are those of the gamma law: k(k+1)…/rate^n', () => {
    expect(phaseTypeMoments(erlangLaw(3, 2), 3)).toEqual([
      expect.closeTo(3 / 2, 12),
      expect.closeTo(12 / 4, 12),
      expect.closeTo(60 / 8, 12),
    ])
  })

  it('survival, density and transform of the Erlang law are the closed forms', () => {
    const law = erlangLaw(2, 3)
    for (const t of [0.01, 0.5, 2, 50, 400]) {
      expect(phaseTypeSurvival(law, t)).toBeCloseTo(Math.exp(-3 * t) * (1 + 3 * t), 13)
      expect(phaseTypeDensity(law, t)).toBeCloseTo(9 * t * Math.exp(-3 * t), 12)
    }
    expect(phaseTypeTransform(law, 1.5)).toBeCloseTo((3 / 4.5) ** 2, 13)
  })

  it('a quantile put into the distribution function gives back the probability, for regular and for wild laws', () => {
    for (const law of [
      erlangLaw(20, 20),
      cyclic,
      hyperErlangLaw([
        { probability: 0.99, shape: 1, rate: 10 },
        { probability: 0.01, shape: 3, rate: 0.001 },
      ]),
    ]) {
      for (const p of [1e-3, 0.05, 0.5, 0.95, 0.99, 0.9999])
        expect(phaseTypeCdf(law, phaseTypeQuantile(law, p))).toBeCloseTo(p, 10)
    }
  })

  it('means and variances of independent times add under the sum', () => {
    const law = sumOf(erlangLaw(2, 1), cyclic, exponentialLaw(5))
    const [m1, m2] = phaseTypeMoments(law, 2)
    const parts = [erlangLaw(2, 1), cyclic, exponentialLaw(5)].map((l) => phaseTypeMoments(l, 2))
    expect(m1).toBeCloseTo(
      parts.reduce((s, [a]) => s + a, 0),
      12,
    )
    expect(m2 - m1 * m1).toBeCloseTo(
      parts.reduce((s, [a, b]) => s + b - a * a, 0),
      12,
    )
  })

  it('the survival of the minimum is the product, the distribution of the maximum is the product', () => {
    const other = erlangLaw(3, 2)
    for (const t of [0.1, 0.7, 2]) {
      expect(phaseTypeSurvival(minimumOf(cyclic, other), t)).toBeCloseTo(
        phaseTypeSurvival(cyclic, t) * phaseTypeSurvival(other, t),
        12,
      )
      expect(phaseTypeCdf(maximumOf(cyclic, other), t)).toBeCloseTo(phaseTypeCdf(cyclic, t) * phaseTypeCdf(other, t), 12)
      expect(phaseTypeCdf(mixtureOf([0.3, 0.7], [cyclic, other]), t)).toBeCloseTo(
        0.3 * phaseTypeCdf(cyclic, t) + 0.7 * phaseTypeCdf(other, t),
        12,
      )
    }
  })

  it('the mean of the residual law is E X² / 2 E X', () => {
    const [m1, m2] = phaseTypeMoments(cyclic, 2)
    expect(phaseTypeMean(residualLaw(cyclic))).toBeCloseTo(m2 / (2 * m1), 12)
  })

  it('stretching time by three stretches the mean by three and leaves the SCV', () => {
    expect(phaseTypeMean(stretched(cyclic, 3))).toBeCloseTo(3 * phaseTypeMean(cyclic), 12)
    expect(phaseTypeScv(stretched(cyclic, 3))).toBeCloseTo(phaseTypeScv(cyclic), 12)
  })

  it('removing redundant phases does not change the law', () => {
    const doubled = mixtureOf([0.4, 0.6], [erlangLaw(4, 2), erlangLaw(4, 2)])
    const lean = withoutRedundantPhases({
      alpha: [...doubled.alpha, 0],
      generator: [...doubled.generator.map((r) => [...r, 0]), [...new Array(8).fill(0), -1]],
    })
    expect(lean.alpha.length).toBe(4)
    for (const t of [0.5, 2, 5]) expect(phaseTypeSurvival(lean, t)).toBeCloseTo(phaseTypeSurvival(erlangLaw(4, 2), t), 12)
  })

  it('a lower order keeps the mean and says how far its distribution is off', () => {
    const law = sumOf(
      erlangLaw(10, 1),
      hyperErlangLaw([
        { probability: 0.3, shape: 1, rate: 0.2 },
        { probability: 0.7, shape: 1, rate: 2 },
      ]),
    )
    const small = reducedLaw(law, 6)
    expect(small.law.alpha.length).toBeLessThanOrEqual(6)
    expect(phaseTypeMean(small.law)).toBeCloseTo(phaseTypeMean(law), 9)
    expect(small.cdfGap).toBeGreaterThan(0)
    expect(small.caveats.map((c) => c.code)).toContain('order-reduced')
    expect(Math.abs(phaseTypeCdf(small.law, 11) - phaseTypeCdf(law, 11))).toBeLessThan(small.cdfGap + 0.01)
  })

  it('the sampler draws the law: mean and a percentile inside five standard errors', () => {
    const draw = phaseTypeSampler(cyclic)
    const rng = new Rng(4, 'sampler')
    const n = 40_000
    const [m1, m2] = phaseTypeMoments(cyclic, 2)
    const t = phaseTypeQuantile(cyclic, 0.9)
    let sum = 0
    let above = 0
    for (let i = 0; i < n; i++) {
      const x = draw(rng)
      sum += x
      if (x > t) above++
    }
    expect(Math.abs(sum / n - m1)).toBeLessThan(5 * Math.sqrt((m2 - m1 * m1) / n))
    expect(Math.abs(above / n - 0.1)).toBeLessThan(5 * Math.sqrt(0.09 / n))
  })

  it('names every defect of a law with its place', () => {
    expect(
      phaseTypeDefects({
        alpha: [0.5, 0.7],
        generator: [
          [-1, 2],
          [0, 0],
        ],
      }).map((d) => d.path),
    ).toEqual(['alpha', 'generator[0]', 'generator[1][1]'])
    expect(
      phaseTypeDefects({
        alpha: [1, 0],
        generator: [
          [-1, 1],
          [1, -1],
        ],
      }).length,
    ).toBe(2)
    expect(() => phaseType([1], [[Number.NaN]])).toThrow(/generator/)
  })
})

describe('phase-type laws from moments', () => {
  it('two moments are met exactly over the whole range of SCV that 200 phases reach', () => {
    for (const c2 of [0.005, 0.1, 0.34, 0.5, 0.99, 1, 1.01, 4, 100]) {
      for (const fit of [fitTwoMoments(3, 9 * (1 + c2)), fitTwoMomentsAcyclic(3, 9 * (1 + c2))]) {
        expect(Math.max(...fit.momentErrors)).toBeLessThan(1e-9)
        expect(fit.caveats).toEqual([])
        expect(phaseTypeDefects(fit.law)).toEqual([])
      }
    }
  })

  it('an SCV too small for 200 phases is said to be missed', () => {
    expect(fitTwoMoments(1, 1.001).caveats.map((c) => c.code)).toEqual(['order-limit', 'moment-missed'])
  })

  it('three moments are met where a law exists, by two phases when two do', () => {
    for (const [m1, m2, m3, order] of [
      [10, 160, 3500, 2],
      [10, 260, 13500, 2],
      [10, 125, 8400, 6],
      [1, 1.5, 3.2, 4],
      [1, 2, 7, 3],
      [1, 2, 6, 1],
    ]) {
      const fit = fitThreeMoments(m1, m2, m3)
      expect(Math.max(...fit.momentErrors)).toBeLessThan(1e-9)
      expect(fit.law.alpha.length).toBe(order)
      expect(phaseTypeDefects(fit.law)).toEqual([])
    }
  })

  it('five moments of a lognormal law are met', () => {
    for (const s2 of [0.2, 0.5, 1, 2]) {
      const moments = [1, 2, 3, 4, 5].map((k) => Math.exp((k * k * s2) / 2 - (k * s2) / 2))
      const fit = fitFiveMoments(moments)
      expect(Math.max(...fit.momentErrors)).toBeLessThan(1e-9)
      expect(fit.caveats).toEqual([])
    }
  })

  it('moments that no law has are refused by throwing', () => {
    expect(() => fitTwoMoments(2, 3)).toThrow(/second moment/)
    expect(() => fitThreeMoments(1, 3, 8)).toThrow(/third moment/)
    expect(() => fitFiveMoments([1, 2])).toThrow(/five/)
  })
})
