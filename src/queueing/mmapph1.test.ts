import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isRefusal } from '../model/index.js'
import {
  erlangLaw,
  exponentialLaw,
  hyperErlangLaw,
  type MarkedArrivals,
  markedArrivalRates,
  markedAtRandom,
  modulatedPoissonArrivals,
  type PhaseType,
  phaseTypeCdf,
  phaseTypeMean,
  phaseTypeMoments,
  phaseTypeQuantile,
  poissonArrivals,
  poissonStreams,
  Rng,
  renewalArrivals,
  streamsSideBySide,
  stretched,
} from '../num/index.js'
import type { QueueFigures, QueueQuestion } from './map-figures.js'
import { mapPh1 } from './mapph1.js'
import { mmapPh1FirstCome } from './mmapph1-fcfs.js'
import { mmapPh1Priority } from './mmapph1-priority.js'

type Discipline = 'non-preemptive' | 'preemptive-resume'

function solved(
  arrivals: MarkedArrivals,
  services: readonly PhaseType[],
  discipline: Discipline,
  question?: QueueQuestion,
): QueueFigures {
  const answer = mmapPh1Priority({ arrivals, services, discipline }, question)
  if (isRefusal(answer)) throw new Error(answer.message)
  return answer
}

const h2 = hyperErlangLaw([
  { probability: 0.9, shape: 1, rate: 1.8 },
  { probability: 0.1, shape: 1, rate: 0.2 },
])
const cyclic: PhaseType = {
  alpha: [0.5, 0.3, 0.2],
  generator: [
    [-3, 1, 0.5],
    [0.2, -2, 1],
    [1, 0.3, -2.5],
  ],
}
const bursty = modulatedPoissonArrivals(
  [
    [-0.1, 0.1],
    [0.3, -0.3],
  ],
  [0.2, 1.1],
)

/** A random law of a given order: Erlang, acyclic or with returns, or with rates decades apart. */
function randomLaw(order: number, rng: Rng): PhaseType {
  const kind = rng.below(4)
  if (kind === 0) return erlangLaw(order, order * (0.2 + 3 * rng.uniform()))
  const alpha = Array.from({ length: order }, (_, i) => (i === 0 ? 0.01 : 0) + (rng.uniform() < 0.5 ? rng.uniform() : 0))
  const total = alpha.reduce((s, p) => s + p, 0)
  const generator = Array.from({ length: order }, (_, i) => {
    let out = 0.01 + rng.uniform() * (kind === 3 ? 0.1 : 1)
    const row = Array.from({ length: order }, (__, j) => {
      if (i === j || (kind === 1 && j < i) || rng.uniform() < 0.5) return 0
      const x = rng.uniform() * 10 ** (2 * rng.uniform() - 1)
      out += x
      return x
    })
    row[i] = -out
    return row
  })
  return { alpha: alpha.map((p) => p / total), generator }
}

function randomArrivals(order: number, classes: number, rng: Rng): MarkedArrivals {
  const D = Array.from({ length: classes }, () =>
    Array.from({ length: order }, (_, i) =>
      Array.from({ length: order }, (__, j) => (i === j ? 0.02 : 0) + (rng.uniform() < 0.4 ? rng.uniform() : 0)),
    ),
  )
  const D0 = Array.from({ length: order }, (_, i) => {
    const row = Array.from({ length: order }, (__, j) =>
      i === j
        ? 0
        : (j === (i + 1) % order ? 0.05 : 0) + (rng.uniform() < 0.5 ? rng.uniform() * 10 ** (2 * rng.uniform() - 1.5) : 0),
    )
    row[i] = -row.reduce((s, x) => s + x, 0) - D.reduce((s, d) => s + d[i].reduce((a, x) => a + x, 0), 0)
    return row
  })
  return { D0, D }
}

/** A random stable model: arrival order 1..5, classes 1..3, service order 1..20, utilisation up to 0.99. */
const model = fc
  .record({
    seed: fc.integer({ min: 0, max: 1 << 30 }),
    order: fc.integer({ min: 1, max: 5 }),
    classes: fc.integer({ min: 1, max: 3 }),
    phases: fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 6, max: 20 })),
    load: fc.oneof(fc.double({ min: 0.05, max: 0.95, noNaN: true }), fc.constant(0.99)),
  })
  .map(({ seed, order, classes, phases, load }) => {
    const rng = new Rng(seed, 'model')
    const arrivals = randomArrivals(order, classes, rng)
    const laws = Array.from({ length: classes }, () => randomLaw(1 + rng.below(phases), rng))
    const rho = markedArrivalRates(arrivals).reduce((s, r, k) => s + r * phaseTypeMean(laws[k]), 0)
    return { arrivals, services: laws.map((law) => stretched(law, load / rho)), load }
  })

describe('priority queues with marked arrivals', () => {
  it('Poisson arrivals give the Cobham means, non-preemptive', () => {
    const rates = [0.15, 0.3, 0.4]
    const services = [erlangLaw(2, 2), cyclic, h2]
    const scaled = services.map((s) => stretched(s, 0.9 / phaseTypeMean(s)))
    const moments = scaled.map((s) => phaseTypeMoments(s, 2))
    const residual = rates.reduce((s, r, k) => s + (r * moments[k][1]) / 2, 0)
    let above = 0
    solved(poissonStreams(rates), scaled, 'non-preemptive').classes.forEach((c, k) => {
      const here = above + rates[k] * moments[k][0]
      expect(c.wait.moments[0] / (residual / ((1 - above) * (1 - here)))).toBeCloseTo(1, 10)
      above = here
    })
  })

  it('Poisson arrivals give the preemptive-resume means E S/(1−σ) + Σλ E S²/2/((1−σ)(1−σ′))', () => {
    const rates = [0.15, 0.3, 0.4]
    const services = [erlangLaw(2, 2), exponentialLaw(1), h2]
    const moments = services.map((s) => phaseTypeMoments(s, 2))
    let above = 0
    let residual = 0
    solved(poissonStreams(rates), services, 'preemptive-resume').classes.forEach((c, k) => {
      residual += (rates[k] * moments[k][1]) / 2
      const here = above + rates[k] * moments[k][0]
      expect(c.response.moments[0] / (moments[k][0] / (1 - above) + residual / ((1 - above) * (1 - here)))).toBeCloseTo(1, 10)
      above = here
    })
  })

  it('Poisson arrivals obey the distributional law: E N(N−1) = λ² E T² for every class, both disciplines', () => {
    const rates = [0.15, 0.3, 0.4]
    for (const discipline of ['non-preemptive', 'preemptive-resume'] as const) {
      solved(poissonStreams(rates), [erlangLaw(2, 2), exponentialLaw(1), h2], discipline).classes.forEach((c, k) => {
        const [m1, m2] = c.number.moments
        expect((m2 - m1) / (rates[k] ** 2 * c.response.moments[1])).toBeCloseTo(1, 9)
      })
    }
  })

  it('one class is MAP/PH/1, whatever the discipline', () => {
    const one = mapPh1({ arrivals: bursty, service: h2 }, { percentiles: [0.5, 0.99] })
    if (isRefusal(one)) throw new Error(one.message)
    for (const discipline of ['non-preemptive', 'preemptive-resume'] as const) {
      const [c] = solved(markedAtRandom(bursty, [1]), [h2], discipline, { percentiles: [0.5, 0.99] }).classes
      c.response.moments.forEach((m, i) => {
        expect(m / one.response.moments[i]).toBeCloseTo(1, 10)
      })
      expect(c.response.percentiles!['0.99'] / one.response.percentiles!['0.99']).toBeCloseTo(1, 6)
      c.number.moments.forEach((m, i) => {
        expect(m / one.number.moments[i]).toBeCloseTo(1, 10)
      })
    }
  })

  it('equal exponential classes: the mean number of all is that of one queue, and the work is conserved', () => {
    const marked = markedAtRandom(bursty, [0.3, 0.3, 0.4])
    const services = [exponentialLaw(1), exponentialLaw(1), exponentialLaw(1)]
    const one = mapPh1({ arrivals: bursty, service: exponentialLaw(1) })
    if (isRefusal(one)) throw new Error(one.message)
    for (const discipline of ['non-preemptive', 'preemptive-resume'] as const) {
      const sum = solved(marked, services, discipline).classes.reduce((s, c) => s + c.number.moments[0], 0)
      expect(sum / one.number.moments[0]).toBeCloseTo(1, 10)
    }
  })

  it('Σ ρ_k W_k does not depend on the order of service among non-preemptive disciplines', () => {
    const arrivals = streamsSideBySide([renewalArrivals(erlangLaw(2, 0.5)), bursty, poissonArrivals(0.1)])
    const services = [h2, erlangLaw(3, 6), cyclic]
    const work = (figures: QueueFigures) => figures.classes.reduce((s, c) => s + c.utilisation * c.wait.moments[0], 0)
    const first = mmapPh1FirstCome({ arrivals, services })
    if (isRefusal(first)) throw new Error(first.message)
    const orders = [
      [0, 1, 2],
      [2, 1, 0],
      [1, 2, 0],
    ]
    for (const order of orders) {
      const permuted = { D0: arrivals.D0, D: order.map((k) => arrivals.D[k]) }
      expect(
        work(
          solved(
            permuted,
            order.map((k) => services[k]),
            'non-preemptive',
          ),
        ) / work(first),
      ).toBeCloseTo(1, 9)
    }
  })

  it('a class without higher arrivals in the way has, at no load, its service as its response', () => {
    const law = erlangLaw(20, 20)
    const [, c] = solved(poissonStreams([1e-9, 1e-9]), [h2, law], 'non-preemptive', {
      cdfAt: [0.5, 0.9, 1, 1.2, 3],
      percentiles: [0.05, 0.5, 0.99],
    }).classes
    c.response.cdf!.F.forEach((f, i) => {
      expect(Math.abs(f - phaseTypeCdf(law, c.response.cdf!.t[i]))).toBeLessThan(1e-7)
    })
    for (const p of [0.05, 0.5, 0.99]) expect(c.response.percentiles![String(p)] / phaseTypeQuantile(law, p)).toBeCloseTo(1, 5)
  })

  it('M/M/1 in closed form: response exponential of rate μ − λ, number geometric, at load 0.5 and 0.999', () => {
    for (const rho of [0.5, 0.999]) {
      const r = mapPh1(
        { arrivals: poissonArrivals(rho), service: exponentialLaw(1) },
        { percentiles: [0.5, 0.99], waitPercentiles: [0.4, 0.99], numberPercentiles: [0.5, 0.99], numberProbabilities: 4 },
      )
      if (isRefusal(r)) throw new Error(r.message)
      for (const p of [0.5, 0.99]) {
        expect((r.response.percentiles![String(p)] * (1 - rho)) / -Math.log(1 - p)).toBeCloseTo(1, 6)
        expect(r.number.percentiles![String(p)]).toBe(Math.ceil(Math.log(1 - p) / Math.log(rho) - 1))
      }
      expect(r.wait.percentiles!['0.4']).toBeCloseTo(rho === 0.5 ? 0 : -Math.log(0.6 / rho) / (1 - rho), 3)
      r.number.probabilities!.forEach((x, n) => {
        expect(x).toBeCloseTo((1 - rho) * rho ** n, 9)
      })
      expect(r.caveats.map((c) => c.code)).toEqual(rho > 0.95 ? ['near-saturation'] : [])
    }
  })

  it('hours for seconds changes nothing but the unit', () => {
    const arrivals = markedAtRandom(bursty, [0.4, 0.6])
    const services = [erlangLaw(2, 2), h2]
    const slow = (m: readonly (readonly number[])[]) => m.map((row) => row.map((x) => x / 3600))
    const stretchedArrivals = { D0: slow(arrivals.D0), D: arrivals.D.map(slow) }
    for (const discipline of ['non-preemptive', 'preemptive-resume'] as const) {
      const a = solved(arrivals, services, discipline, { percentiles: [0.95] })
      const b = solved(
        stretchedArrivals,
        services.map((s) => stretched(s, 3600)),
        discipline,
        { percentiles: [0.95] },
      )
      a.classes.forEach((c, k) => {
        expect(b.classes[k].response.moments[2] / c.response.moments[2] / 3600 ** 3).toBeCloseTo(1, 9)
        expect(b.classes[k].response.percentiles!['0.95'] / c.response.percentiles!['0.95'] / 3600).toBeCloseTo(1, 6)
        expect(b.classes[k].number.moments[1] / c.number.moments[1]).toBeCloseTo(1, 9)
      })
    }
  })

  it('correlated arrivals in two like states are the same as in one', () => {
    // Two indistinguishable states: roots of the busy equation nearly meet, and the answer must not notice.
    const twin = modulatedPoissonArrivals(
      [
        [-1, 1],
        [1, -1],
      ],
      [0.6, 0.6],
    )
    const twins = solved(markedAtRandom(twin, [0.5, 0.5]), [h2, erlangLaw(2, 2)], 'preemptive-resume', {
      percentiles: [0.5, 0.99],
    })
    const plain = solved(poissonStreams([0.3, 0.3]), [h2, erlangLaw(2, 2)], 'preemptive-resume', { percentiles: [0.5, 0.99] })
    twins.classes.forEach((c, k) => {
      for (const p of ['0.5', '0.99'])
        expect(c.response.percentiles![p] / plain.classes[k].response.percentiles![p]).toBeCloseTo(1, 6)
    })
  })

  it('random stable models: figures finite and ordered, residual small, the top class never worse when it may preempt', () => {
    fc.assert(
      fc.property(model, ({ arrivals, services, load }) => {
        const question = { percentiles: [0.5, 0.95, 0.99] }
        const np = solved(arrivals, services, 'non-preemptive', question)
        const pr = solved(arrivals, services, 'preemptive-resume', question)
        for (const answer of [np, pr]) {
          expect(answer.utilisation).toBeCloseTo(load, 9)
          expect(answer.residual).toBeLessThan(1e-7)
          answer.classes.forEach((c, k) => {
            const q = c.response.percentiles!
            expect(q['0.5']).toBeGreaterThan(0)
            expect(q['0.95']).toBeGreaterThan(q['0.5'])
            expect(q['0.99']).toBeGreaterThan(q['0.95'])
            expect(c.response.moments[0]).toBeGreaterThanOrEqual(phaseTypeMean(services[k]) * (1 - 1e-9))
            expect(c.response.moments[1]).toBeGreaterThan(c.response.moments[0] ** 2)
            // Markov's inequality with the third moment bounds every percentile.
            expect(q['0.99'] ** 3 * 0.01).toBeLessThanOrEqual(c.response.moments[2] * (1 + 1e-6))
          })
        }
        expect(pr.classes[0].response.moments[0]).toBeLessThanOrEqual(np.classes[0].response.moments[0] * (1 + 1e-9))
        const first = mmapPh1FirstCome({ arrivals, services })
        if (isRefusal(first)) throw new Error(first.message)
        const work = (f: QueueFigures) => f.classes.reduce((s, c) => s + c.utilisation * c.wait.moments[0], 0)
        expect(Math.abs(work(np) / work(first) - 1)).toBeLessThan(1e-6)
      }),
      { numRuns: 60, seed: 20190209 },
    )
  })

  it('more load never shortens a response', () => {
    let last = [0, 0]
    for (const load of [0.1, 0.3, 0.5, 0.7, 0.9, 0.97]) {
      const arrivals = markedAtRandom(
        modulatedPoissonArrivals(
          [
            [-0.1, 0.1],
            [0.3, -0.3],
          ],
          [0.5 * load, 2.5 * load],
        ),
        [0.5, 0.5],
      )
      const now = solved(arrivals, [exponentialLaw(1), exponentialLaw(1)], 'non-preemptive', { percentiles: [0.95] }).classes.map(
        (c) => c.response.percentiles!['0.95'],
      )
      now.forEach((x, k) => {
        expect(x).toBeGreaterThan(last[k])
      })
      last = now
    }
  })

  it('refuses what has no steady state, with the utilisation, and what is no queue, with every place', () => {
    const over = mmapPh1Priority({
      arrivals: poissonStreams([0.7, 0.5]),
      services: [exponentialLaw(1), exponentialLaw(1)],
      discipline: 'non-preemptive',
    })
    expect(over).toMatchObject({ kind: 'refusal', code: 'unstable', numbers: { utilisation: expect.closeTo(1.2, 12) } })
    const wrong = mmapPh1Priority({
      arrivals: { D0: [[-1]], D: [[[0.5]], [[0.4]]] },
      services: [
        {
          alpha: [0.5, 0.4],
          generator: [
            [-1, 0],
            [0, 1],
          ],
        },
      ],
      discipline: 'preemptive-resume',
    })
    expect(wrong).toMatchObject({ kind: 'refusal', code: 'unsupported' })
    expect((wrong as { message: string }).message).toMatch(/arrivals\.D0\[0\].*services\[0\]\.generator\[1\]\[1\].*alpha sums/)
    expect(mapPh1({ arrivals: poissonArrivals(1), service: exponentialLaw(1) })).toMatchObject({ code: 'unstable' })
  })
})
