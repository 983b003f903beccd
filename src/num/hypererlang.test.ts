import { describe, expect, it } from 'vitest'
import { erlangLaw, fitHyperErlang, fitHyperErlangByBic, phaseTypeMean, phaseTypeSampler } from './index.js'
import { Rng } from './rng.js'

function draws(n: number, draw: (rng: Rng) => number, seed = 1): Float64Array {
  const rng = new Rng(seed, 'draws')
  return Float64Array.from({ length: n }, () => draw(rng))
}

describe('hyper-Erlang fits by EM', () => {
  it('one exponential branch is the maximum-likelihood fit: rate = 1/mean, mean log-likelihood = −1 − ln mean', () => {
    const values = draws(500, (r) => 3 * r.exponential())
    const m = values.reduce((s, x) => s + x, 0) / 500
    const fit = fitHyperErlang({ values }, [1])
    expect(fit.branches[0].rate).toBeCloseTo(1 / m, 12)
    expect(fit.meanLogLikelihood).toBeCloseTo(-1 - Math.log(m), 12)
  })

  it('the mean of the fit is the sample mean after any step', () => {
    const values = draws(2000, (r) => Math.exp(r.normal()))
    const m = values.reduce((s, x) => s + x, 0) / 2000
    for (const iterations of [1, 5, 200]) {
      expect(phaseTypeMean(fitHyperErlang({ values }, [1, 2, 3], { iterations }).law)).toBeCloseTo(m, 9)
    }
  })

  it('more steps never lower the likelihood', () => {
    const values = draws(1000, (r) => Math.exp(r.normal()))
    let last = Number.NEGATIVE_INFINITY
    for (const iterations of [1, 2, 4, 8, 16, 32]) {
      const { meanLogLikelihood } = fitHyperErlang({ values }, [1, 3], { iterations, tolerance: 0 })
      expect(meanLogLikelihood).toBeGreaterThanOrEqual(last - 1e-12)
      last = meanLogLikelihood
    }
  })

  it('a weight of two is a sample seen twice', () => {
    const values = draws(300, (r) => Math.exp(r.normal()))
    const weights = Float64Array.from(values, (_, i) => (i < 100 ? 2 : 1))
    const twice = Float64Array.from([...values.subarray(0, 100), ...values])
    const a = fitHyperErlang({ values, weights }, [1, 2])
    const b = fitHyperErlang({ values: twice }, [1, 2])
    expect(a.meanLogLikelihood).toBeCloseTo(b.meanLogLikelihood, 10)
    expect(a.branches[0].rate).toBeCloseTo(b.branches[0].rate, 6)
  })

  it('with censored samples the exponential rate is events over total time', () => {
    const rng = new Rng(9, 'censor')
    const life = Array.from({ length: 4000 }, () => 5 * rng.exponential())
    const limit = Array.from({ length: 4000 }, () => 6 * rng.exponential())
    const values = life.map((x, i) => Math.min(x, limit[i]))
    const censored = life.map((x, i) => x > limit[i])
    const events = censored.filter((c) => !c).length
    const fit = fitHyperErlang({ values, censored }, [1], {
      tolerance: 1e-14,
      iterations: 2000,
      compressAbove: Number.POSITIVE_INFINITY,
    })
    expect(fit.branches[0].rate).toBeCloseTo(events / values.reduce((s, x) => s + x, 0), 6)
    expect(fit.caveats.map((c) => c.code)).not.toContain('mostly-censored')
  })

  it('leaving running jobs out shortens the fitted mean; counting them as censored does not', () => {
    const draw = phaseTypeSampler(erlangLaw(2, 0.1))
    const life = draws(6000, draw, 3)
    const values = life.map((x) => Math.min(x, 25))
    const fit = fitHyperErlang({ values, censored: Array.from(life, (x) => x > 25) }, [2])
    const naive = fitHyperErlang({ values: values.filter((_, i) => life[i] <= 25) }, [2])
    expect(Math.abs(phaseTypeMean(fit.law) - 20)).toBeLessThan(0.8)
    expect(phaseTypeMean(naive.law)).toBeLessThan(15)
  })

  it('compressed samples give the same likelihood to 1e-6', () => {
    const values = draws(20_000, (r) => Math.exp(r.normal()))
    const whole = fitHyperErlang({ values }, [1, 3], { compressAbove: Number.POSITIVE_INFINITY, iterations: 60 })
    const binned = fitHyperErlang({ values }, [1, 3], { iterations: 60 })
    expect(Math.abs(binned.meanLogLikelihood / whole.meanLogLikelihood - 1)).toBeLessThan(1e-6)
  })

  it('BIC finds the shape of Erlang samples and does not add branches to them', () => {
    const fit = fitHyperErlangByBic({ values: draws(5000, phaseTypeSampler(erlangLaw(4, 2)), 5) })
    expect(fit.branches.map((b) => b.shape)).toEqual([4])
  })

  it('values that cannot be fitted are counted, and too few are said', () => {
    const fit = fitHyperErlang({ values: [1, 2, 0, -1, Number.NaN, 3] }, [1])
    expect(fit.caveats.map((c) => c.code)).toEqual(expect.arrayContaining(['samples-left-out', 'few-samples']))
    expect(() => fitHyperErlang({ values: [0, -1] }, [1])).toThrow(/no finished sample/)
  })
})
