import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isRefusal, keptTasks, type Law, type Work, waveBoundaries } from '../model/index.js'
import { gaussLegendre, integrate, Rng } from '../num/index.js'
import type { ServiceLaw } from './law.js'
import {
  chainFromMatrices,
  chainMoments,
  concatenateChains,
  matricesOfChain,
  mixtureChain,
  phasesAt,
  seriesChain,
} from './phase-chain.js'
import {
  exponentialMoment,
  lawQuantile,
  mixtureLaw,
  phaseTypeLaw,
  phaseTypeOf,
  scvOf,
  serviceLaw,
  twoMomentChain,
} from './service-law.js'
import { fluidBalanceTimeout, meanOvershoot, sprintLaw } from './sprint-law.js'
import { listMakespan, stagesServiceLaw, waveLevelChain } from './waves.js'

const laws: Law[] = [
  { kind: 'constant', seconds: 2 },
  { kind: 'exponential', meanSeconds: 2 },
  { kind: 'erlang', shape: 4, meanSeconds: 2 },
  {
    kind: 'hyper-erlang',
    branches: [
      { probability: 0.3, shape: 1, ratePerSecond: 0.2 },
      { probability: 0.7, shape: 3, ratePerSecond: 2 },
    ],
  },
  {
    kind: 'phase-type',
    initial: [0.5, 0.5],
    generator: [
      [-2, 1],
      [0.5, -1],
    ],
  },
  { kind: 'lognormal', meanSeconds: 2, scv: 3 },
  { kind: 'lognormal', meanSeconds: 2, scv: 0.05 },
  { kind: 'lognormal', meanSeconds: 2, scv: 30 },
  { kind: 'uniform', lowSeconds: 1, highSeconds: 5 },
  { kind: 'bounded-pareto', shape: 1.5, lowSeconds: 0.5, highSeconds: 500 },
  { kind: 'bounded-pareto', shape: 2, lowSeconds: 0.5, highSeconds: 50 },
  { kind: 'empirical', seconds: [1, 1.5, 2, 8] },
]

describe('service laws', () => {
  for (const law of laws) {
    const service = serviceLaw(law)
    const name = `${service.name} (mean ${service.mean.toPrecision(3)}, scv ${scvOf(service).toPrecision(3)})`

    it(`${name}: the transform’s slope and curvature at 0 are the moments`, () => {
      // Central differences at a step that keeps rounding and truncation near 1e-6 of the value; the transform is real on the axis.
      const h = 1e-3 / service.mean
      if (law.kind === 'lognormal') {
        // Of a lognormal, E e^{−sX} exists for s ≥ 0 only: one-sided.
        const [a, b, c] = [0, h, 2 * h].map((s) => service.lst(s, 0).re)
        expect((3 * a! - 4 * b! + c!) / (2 * h) / service.mean).toBeCloseTo(1, scvOf(service) > 10 ? 0 : 3)
        return
      }
      const [below, at, above] = [-h, 0, h].map((s) => service.lst(s, 0).re)
      expect(at).toBeCloseTo(1, 9)
      const size = (service.thirdMoment * h * h) / service.mean
      expect(Math.abs((below! - above!) / (2 * h) / service.mean - 1)).toBeLessThan(1e-6 + size)
      expect(Math.abs((below! - 2 * at! + above!) / (h * h) / service.secondMoment - 1)).toBeLessThan(
        1e-3 + (service.fourthMoment * h * h) / service.secondMoment,
      )
    })

    it(`${name}: the transform on a complex line is the integral of e^{−st} over the tail`, () => {
      const survival = service.survival!
      const rule = gaussLegendre(20)
      const points = [service.shift, ...(law.kind === 'empirical' ? [1, 1.5, 2, 8] : []), ...(law.kind === 'uniform' ? [5] : [])]
      for (const [re, im] of [
        [0.3, 0.7],
        [1, 4],
        [2, -9],
      ] as const) {
        // E e^{−sX} = 1 − s ∫ e^{−st} P(X > t) dt.
        const far = 30 / re
        const edges = [...new Set([0, ...points, far])].filter((t) => t <= far).sort((a, b) => a - b)
        let sumRe = 0
        let sumIm = 0
        for (let k = 0; k + 1 < edges.length; k++) {
          sumRe += integrate((t) => Math.exp(-re * t) * Math.cos(im * t) * survival(t), edges[k]!, edges[k + 1]!, rule, 400)
          sumIm -= integrate((t) => Math.exp(-re * t) * Math.sin(im * t) * survival(t), edges[k]!, edges[k + 1]!, rule, 400)
        }
        const value = service.lst(re, im)
        expect(Math.abs(value.re - (1 - (re * sumRe - im * sumIm)))).toBeLessThan(3e-6)
        expect(Math.abs(value.im + (re * sumIm + im * sumRe))).toBeLessThan(3e-6)
      }
    })

    it(`${name}: quantiles invert the tail`, () => {
      for (const p of [0.1, 0.5, 0.95, 0.99]) {
        const t = lawQuantile(service, p)
        expect(service.survival!(t * (1 + 1e-5))).toBeLessThanOrEqual(1 - p + 1e-5)
        expect(service.survival!(t * (1 - 1e-5))).toBeGreaterThanOrEqual(1 - p - 1e-5)
      }
    })
  }

  it('a law as sharp as an Erlang of 10,000 phases keeps its quantiles', () => {
    const service = serviceLaw({ kind: 'erlang', shape: 10_000, meanSeconds: 1 })
    // Cornish–Fisher: 1 + z/√k + (z² − 1)/(3k), next term of order k^{−3/2}.
    for (const [p, z] of [
      [0.5, 0],
      [0.95, 1.6448536],
      [0.99, 2.3263479],
    ] as const)
      expect(Math.abs(lawQuantile(service, p) - (1 + z / 100 + (z * z - 1) / 30_000))).toBeLessThan(3e-6)
  })

  it('a mixture has the mixed moments and transform', () => {
    const a = serviceLaw({ kind: 'exponential', meanSeconds: 1 })
    const b = serviceLaw({ kind: 'erlang', shape: 2, meanSeconds: 5 })
    const mixed = mixtureLaw([
      { weight: 3, law: a },
      { weight: 1, law: b },
    ])
    expect(mixed.mean).toBeCloseTo(2, 12)
    expect(mixed.secondMoment).toBeCloseTo(0.75 * 2 + 0.25 * 37.5, 12)
    expect(mixed.lst(1, 0).re).toBeCloseTo(0.75 / 2 + 0.25 / 3.5 ** 2, 12)
  })

  it('exponential moments: 1/(1 − θm) of an exponential, divergent at and beyond its rate', () => {
    const law = serviceLaw({ kind: 'exponential', meanSeconds: 2 })
    expect(exponentialMoment(law, 0.25)).toBeCloseTo(2, 12)
    expect(exponentialMoment(law, 0.5)).toBe(Number.POSITIVE_INFINITY)
    expect(exponentialMoment(serviceLaw({ kind: 'lognormal', meanSeconds: 1, scv: 1 }), 0.01)).toBe(Number.POSITIVE_INFINITY)
  })

  it('dense and sparse phase-type laws agree: a generator with a zero-rate arrow backwards', () => {
    const sparse = phaseTypeLaw({
      initial: [0.4, 0.6],
      generator: [
        [-3, 2],
        [0, -1],
      ],
    })
    const dense = phaseTypeLaw({
      initial: [0.6, 0.4],
      generator: [
        [-1, 0],
        [2, -3],
      ],
    })
    expect(
      chainFromMatrices({
        initial: [0.6, 0.4],
        generator: [
          [-1, 0],
          [2, -3],
        ],
      }),
    ).toBeUndefined()
    expect(dense.fourthMoment).toBeCloseTo(sparse.fourthMoment, 9)
    expect(dense.lst(0.3, 2).im).toBeCloseTo(sparse.lst(0.3, 2).im, 12)
    expect(dense.survival!(1.7)).toBeCloseTo(sparse.survival!(1.7), 10)
    expect(dense.decayRate).toBeCloseTo(1, 9)
  })

  it('two-moment chains have their two moments, from scv 0.02 to 20', () => {
    for (const scv of [0.02, 0.1, 0.3, 0.5, 0.77, 1, 1.5, 4, 20]) {
      const [, m1, m2] = chainMoments(twoMomentChain(7, scv), 2)
      expect(m1).toBeCloseTo(7, 9)
      expect(m2! / 49 - 1).toBeCloseTo(scv, 9)
    }
  })
})

describe('phase chains', () => {
  it('concatenation adds means and variances; a mixture mixes raw moments', () => {
    const a = mixtureChain([
      { probability: 0.3, chain: seriesChain([1, 2]) },
      { probability: 0.7, chain: seriesChain([5]) },
    ])
    const b = seriesChain([0.5, 0.25])
    const [, ma, sa] = chainMoments(a, 2)
    const [, mb, sb] = chainMoments(b, 2)
    const [, m, s] = chainMoments(concatenateChains(a, b), 2)
    expect(m).toBeCloseTo(ma! + mb!, 12)
    expect(s! - m! ** 2).toBeCloseTo(sa! - ma! ** 2 + sb! - mb! ** 2, 10)
    expect(ma).toBeCloseTo(0.3 * 1.5 + 0.7 * 0.2, 12)
  })

  it('matrices and back change nothing', () => {
    const chain = concatenateChains(
      mixtureChain([
        { probability: 0.3, chain: seriesChain([1, 2]) },
        { probability: 0.7, chain: seriesChain([5]) },
      ]),
      seriesChain([3]),
    )
    const again = chainFromMatrices(matricesOfChain(chain))!
    expect(chainMoments(again, 4)).toEqual(chainMoments(chain, 4))
  })

  it('phases occupied at t: an Erlang stage has Poisson terms', () => {
    const at = phasesAt(seriesChain([2, 2, 2]), 1.5)
    expect(at[0]).toBeCloseTo(Math.exp(-3), 10)
    expect(at[1]).toBeCloseTo(3 * Math.exp(-3), 10)
    expect(at[2]).toBeCloseTo(4.5 * Math.exp(-3), 10)
    // The path by inversion, taken for long horizons, gives the same.
    const long = seriesChain(new Float64Array(2000).fill(2000))
    const probability = phasesAt(long, 1).reduce((sum, p) => sum + p, 0)
    // P(Poisson(2000) < 2000): by the normal law with continuity correction and skewness ½ + 1/(6√(2πn))… = 0.5 − 1/(3√(2π·2000)).
    expect(Math.abs(probability - (0.5 - 1 / (3 * Math.sqrt(2 * Math.PI * 2000))))).toBeLessThan(2e-5)
  })
})

describe('waves', () => {
  it('keeps ⌈n(1 − θ)⌉ whatever the rounding: 50 × 0.8 is 40, 1000 × 0.93 is 930', () => {
    expect(keptTasks(50, 0.2)).toBe(40)
    expect(keptTasks(1000, 0.07)).toBe(930)
    expect(keptTasks(50, 0.1)).toBe(45)
    expect(keptTasks(1, 0.99)).toBe(1)
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100_000 }), fc.integer({ min: 0, max: 99 }), (n, percent) => {
        // In whole numbers: ⌈n(100 − p)/100⌉.
        expect(keptTasks(n, percent / 100)).toBe(Math.max(1, Math.floor((n * (100 - percent) + 99) / 100)))
      }),
    )
  })

  it('a wave is lost at 1 − wC/n: 50 tasks on 20 slots at 0.2 and 0.6', () => {
    const found = waveBoundaries(50, 20, 0.9)
    expect(found[0]).toBeCloseTo(0.2, 12)
    expect(found[1]).toBeCloseTo(0.6, 12)
    expect(waveBoundaries(50, 20, 0.4)).toHaveLength(1)
  })

  const stage = (
    taskTime: Law,
    tasks: Work extends { stages: infer _ } ? never : number | { counts: number[]; probabilities: number[] },
  ): Work => ({
    kind: 'stages',
    stages: [{ name: 'map', tasks, taskTime, droppable: true }],
  })
  const lawOf = (work: Work, slots: number, drop = 0): ServiceLaw => {
    const law = stagesServiceLaw(work, slots, drop)
    if (isRefusal(law)) throw new Error(law.message)
    return law
  }

  it('E3: exponential tasks take ((n − C)/C + H_C)/μ', () => {
    let harmonic = 0
    for (let i = 1; i <= 20; i++) harmonic += 1 / i
    expect(lawOf(stage({ kind: 'exponential', meanSeconds: 20 }, 50), 20).mean).toBeCloseTo(20 * (30 / 20 + harmonic), 9)
  })

  it('E3: a random number of tasks mixes the fixed ones, in every moment and in the transform', () => {
    const mixed = lawOf(stage({ kind: 'exponential', meanSeconds: 3 }, { counts: [4, 9, 30], probabilities: [0.2, 0.5, 0.3] }), 8)
    const parts = [4, 9, 30].map((n) => lawOf(stage({ kind: 'exponential', meanSeconds: 3 }, n), 8))
    const mix = (of: (law: ServiceLaw) => number) => 0.2 * of(parts[0]!) + 0.5 * of(parts[1]!) + 0.3 * of(parts[2]!)
    expect(mixed.mean).toBeCloseTo(
      mix((law) => law.mean),
      9,
    )
    expect(mixed.thirdMoment / mix((law) => law.thirdMoment)).toBeCloseTo(1, 9)
    expect(mixed.lst(0.1, 0.4).im).toBeCloseTo(
      mix((law) => law.lst(0.1, 0.4).im),
      9,
    )
  })

  it('constant tasks gain nothing between wave boundaries', () => {
    const at = (drop: number) => lawOf(stage({ kind: 'constant', seconds: 7 }, 50), 20, drop).mean
    expect(at(0)).toBe(21)
    expect(at(0.19)).toBe(21)
    expect(at(0.2)).toBe(14)
    expect(at(0.59)).toBe(14)
    expect(at(0.6)).toBe(7)
  })

  it('the makespan of one wave is exact: max of 8 uniforms is 8/9, max of 5 exponentials H_5', () => {
    const uniform = listMakespan(serviceLaw({ kind: 'uniform', lowSeconds: 0, highSeconds: 1 }), 8, 20)
    expect(uniform.mean).toBeCloseTo(8 / 9, 6)
    expect(uniform.variance).toBeCloseTo(8 / (81 * 10), 6)
    const exponential = listMakespan(serviceLaw({ kind: 'exponential', meanSeconds: 1 }), 5, 5)
    expect(exponential.mean).toBeCloseTo(137 / 60, 6)
  })

  it('sampled makespans agree with the exact chain of exponential tasks within four standard errors', () => {
    const exact = lawOf(stage({ kind: 'exponential', meanSeconds: 1 }, 50), 20)
    const sampled = listMakespan(serviceLaw({ kind: 'exponential', meanSeconds: 1 }), 50, 20)
    expect(Math.abs(sampled.mean - exact.mean)).toBeLessThan(4 * sampled.standardError)
    expect(sampled.standardError / sampled.mean).toBeLessThan(0.02)
    // Above 20,000 tasks by formula: exact for exponential tasks.
    const long = listMakespan(serviceLaw({ kind: 'exponential', meanSeconds: 1 }), 30_000, 20)
    const chain = lawOf(stage({ kind: 'exponential', meanSeconds: 1 }, 30_000), 20)
    expect(long.mean / chain.mean).toBeCloseTo(1, 5)
  })

  it('E4: waves with a barrier add up: mean W·m, variance W·σ²; random counts branch at the ends of waves', () => {
    const wave = { mean: 10, scv: 0.05 }
    const [, mean, second] = chainMoments(waveLevelChain(50, 20, wave), 2)
    expect(mean).toBeCloseTo(30, 9)
    expect(second! - mean! ** 2).toBeCloseTo(3 * 5, 9)
    const [, mixed] = chainMoments(waveLevelChain({ counts: [15, 40, 50], probabilities: [0.2, 0.3, 0.5] }, 20, wave), 1)
    expect(mixed).toBeCloseTo(0.2 * 10 + 0.3 * 20 + 0.5 * 30, 9)
    const [, partial] = chainMoments(
      waveLevelChain({ counts: [15, 40, 50], probabilities: [0.2, 0.3, 0.5] }, 20, wave, { mean: 8, scv: 0.05 }),
      1,
    )
    expect(partial).toBeCloseTo(0.2 * 8 + 0.3 * 20 + 0.5 * 28, 9)
  })

  it('a law as matrices: itself where it has few phases, else phases with its two moments and a caveat', () => {
    const exact = phaseTypeOf(serviceLaw({ kind: 'erlang', shape: 3, meanSeconds: 6 }))
    expect(exact.caveats).toEqual([])
    expect(exact.matrices.generator[0]).toEqual([-0.5, 0.5, 0])
    const fitted = phaseTypeOf(serviceLaw({ kind: 'lognormal', meanSeconds: 2, scv: 3 }))
    expect(fitted.caveats.map((one) => one.code)).toEqual(['phases-fitted'])
    const again = phaseTypeLaw(fitted.matrices)
    expect(again.mean).toBeCloseTo(2, 12)
    expect(scvOf(again)).toBeCloseTo(3, 9)
    expect(scvOf(phaseTypeLaw(phaseTypeOf(serviceLaw({ kind: 'constant', seconds: 2 }), 10).matrices))).toBeCloseTo(0.1, 9)
  })

  it('other task times are fitted and say so', () => {
    const law = lawOf(stage({ kind: 'lognormal', meanSeconds: 5, scv: 0.5 }, 50), 20)
    expect(law.caveats.map((one) => one.code)).toContain('stage-makespan-fitted')
    // Between perfect packing (50 × 5/20) and no overlap of waves at all.
    expect(law.mean).toBeGreaterThan(12.5)
    expect(law.mean).toBeLessThan(3 * 5 * 4)
    expect(law.survival!(law.mean * 3)).toBeLessThan(0.01)
  })

  it('refuses work without stages', () => {
    const found = stagesServiceLaw({ kind: 'gang', slots: 1, runTime: { kind: 'constant', seconds: 1 }, divisible: false }, 4)
    expect(isRefusal(found)).toBe(true)
  })
})

describe('the sprint timer from dispatch (E8)', () => {
  const base = serviceLaw({ kind: 'erlang', shape: 3, meanSeconds: 6 })

  it('has the moments of min(S, T) + (S − T)^+/φ, by sampling on a named stream', () => {
    const sprinted = sprintLaw(base, { timeoutSeconds: 4, speed: 2.5 })
    const rng = new Rng(3, 'sprint')
    let [m1, m2, count] = [0, 0, 0]
    for (let i = 0; i < 200_000; i++) {
      const s = 2 * (rng.exponential() + rng.exponential() + rng.exponential())
      const t = Math.min(s, 4) + Math.max(0, s - 4) / 2.5
      m1 += t
      m2 += t * t
      count++
    }
    expect(Math.abs(m1 / count / sprinted.mean - 1)).toBeLessThan(0.005)
    expect(Math.abs(m2 / count / sprinted.secondMoment - 1)).toBeLessThan(0.01)
  })

  it('ends: T = 0 is the law at φ times the speed, T far out and φ = 1 are the law itself', () => {
    expect(sprintLaw(base, { timeoutSeconds: 0, speed: 2 }).thirdMoment).toBeCloseTo(base.thirdMoment / 8, 9)
    expect(sprintLaw(base, { timeoutSeconds: 1e4, speed: 2 }).mean).toBeCloseTo(base.mean, 9)
    expect(sprintLaw(base, { timeoutSeconds: 3, speed: 1 })).toBe(base)
  })

  it('the mean rises with T and falls with φ', () => {
    let last = 0
    for (const timeout of [0, 1, 2, 5, 10, 20]) {
      const { mean } = sprintLaw(base, { timeoutSeconds: timeout, speed: 2 })
      expect(mean).toBeGreaterThan(last)
      last = mean
    }
    expect(sprintLaw(base, { timeoutSeconds: 2, speed: 3 }).mean).toBeLessThan(
      sprintLaw(base, { timeoutSeconds: 2, speed: 2 }).mean,
    )
  })

  it('the transform’s slope is the mean, and the constant part may hold the timer’s end', () => {
    const stages: Work = {
      kind: 'stages',
      stages: [
        {
          name: 'a',
          setup: { kind: 'exponential', meanSeconds: 3 },
          tasks: 4,
          taskTime: { kind: 'constant', seconds: 10 },
          droppable: true,
        },
      ],
    }
    for (const timeout of [4, 10, 12]) {
      const law = stagesServiceLaw(stages, 4, 0, { timeoutSeconds: timeout, speed: 2 })
      if (isRefusal(law)) throw new Error(law.message)
      const h = 1e-4
      expect((law.lst(-h, 0).re - law.lst(h, 0).re) / (2 * h)).toBeCloseTo(law.mean, 5)
      // S = 10 + E, E exponential of mean 3: E min(S,T) + E(S−T)^+/2.
      const over = timeout <= 10 ? 13 - timeout : 3 * Math.exp(-(timeout - 10) / 3)
      expect(law.mean).toBeCloseTo(13 - over / 2, 9)
    }
  })

  it('E9: at the fluid-balance timeout the sprint seconds equal the refill', () => {
    const timeout = fluidBalanceTimeout({ classes: [{ arrivalRate: 0.1, law: base }], speed: 2.5, refillPerSecond: 0.05 })
    if (isRefusal(timeout)) throw new Error(timeout.message)
    expect((0.1 * meanOvershoot(base, timeout)) / 2.5).toBeCloseTo(0.05, 8)
    expect(fluidBalanceTimeout({ classes: [{ arrivalRate: 0.1, law: base }], speed: 2.5, refillPerSecond: 0.9 })).toBe(0)
    expect(isRefusal(fluidBalanceTimeout({ classes: [{ arrivalRate: 0.1, law: base }], speed: 2.5, refillPerSecond: 0 }))).toBe(
      true,
    )
  })

  it('a law that is not phases is fitted first, with a caveat', () => {
    const law = sprintLaw(serviceLaw({ kind: 'lognormal', meanSeconds: 5, scv: 2 }), { timeoutSeconds: 4, speed: 2 })
    expect(law.caveats.map((one) => one.code)).toContain('sprint-fitted')
  })
})

it('the quantile of a sprinted chain is where its tail says, before and after the timeout', () => {
  const law = serviceLaw({ kind: 'erlang', shape: 6, meanSeconds: 60 })
  const sprinted = sprintLaw(law, { timeoutSeconds: 50, speed: 2.5 })
  // the quantile is found by inverting the transform, to about six digits of the tail
  for (const p of [0.1, 0.5, 0.95, 0.999]) expect(sprinted.survival!(lawQuantile(sprinted, p)) / (1 - p)).toBeCloseTo(1, 4)
})
