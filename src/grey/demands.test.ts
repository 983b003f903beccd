import { describe, expect, it } from 'vitest'
import { isRefusal } from '../model/index.js'
import { Rng } from '../num/index.js'
import { chooseDemands, DEMAND_METHODS, type DemandObservations, demandsByQueueLengths, demandsByUtilisation } from './demands.js'

const DEMANDS = [0.02, 0.05]

/** Windows of an open processor-sharing queue: U = Σ X D + U₀, R = D/(1 − U), A = U/(1 − U). */
function windows(count: number, { noise = 0, idle = 0, rng = new Rng(1, 'windows') } = {}): DemandObservations {
  const x = [0, 1].map(() => Float64Array.from({ length: count }, () => 2 + 10 * rng.uniform()))
  const busy = x[0].map((value, t) => value * DEMANDS[0] + x[1][t] * DEMANDS[1])
  const shaken = (value: number): number => value * Math.exp(noise * rng.normal())
  return {
    classes: ['short', 'long'],
    throughput: x,
    utilisation: busy.map((value) => Math.min(0.99, shaken(value + idle))),
    response: DEMANDS.map((demand) => busy.map((value) => shaken(demand / (1 - value)))),
    found: DEMANDS.map(() => busy.map((value) => shaken(value / (1 - value)))),
  }
}

describe('service demands', () => {
  for (const method of DEMAND_METHODS)
    it(`${method.name}: exact on windows that follow its own law`, () => {
      const found = method.estimate(windows(40))
      if (isRefusal(found)) throw new Error(found.message)
      DEMANDS.forEach((demand, c) => {
        expect(found.seconds[c] / demand).toBeCloseTo(1, 5)
      })
    })

  it('the regression tells what is busy without any job', () => {
    const found = demandsByUtilisation.estimate(windows(40, { idle: 0.1 }))
    if (isRefusal(found)) throw new Error(found.message)
    expect(found.idleUtilisation).toBeCloseTo(0.1, 6)
  })

  it('the choice is the method that foresees held-out windows best, and within noise of the truth', () => {
    // a tenth of the resource busy on its own: only the regression knows it
    const seen = windows(60, { noise: 0.02, idle: 0.1 })
    const { response: _, found: __, ...utilisationOnly } = seen
    const chosen = chooseDemands(utilisationOnly, new Rng(3, 'folds'))
    if (isRefusal(chosen)) throw new Error(chosen.message)
    expect(chosen.demands.method).toBe('utilisation regression')
    expect(chosen.scores.filter(({ refusal }) => refusal !== undefined).map(({ method }) => method)).toEqual([
      'response approximation',
      'arrival regression',
      'response optimisation',
    ])
    DEMANDS.forEach((demand, c) => {
      expect(Math.abs(chosen.demands.seconds[c] / demand - 1)).toBeLessThan(0.1)
    })
  })

  it('refuses when there is nothing to learn from', () => {
    const answer = chooseDemands({ classes: ['a'], throughput: [Float64Array.of(1, 2, 3)] }, new Rng(1, 'folds'))
    expect(isRefusal(answer) && answer.code).toBe('no-data')
  })

  it('closed networks: demands from queue lengths satisfy Bard and Schweitzer’s equations', () => {
    // one class, N = 10, Z = 5 s, demands 0.4 and 0.2 s: iterate R_k = D_k (1 + Q_k (N − 1)/N), X = N/(Z + ΣR), Q_k = X R_k
    const [n, z, demands] = [10, 5, [0.4, 0.2]]
    let q = [1, 1]
    let x = 0
    for (let k = 0; k < 500; k++) {
      const r = demands.map((d, i) => d * (1 + (q[i] * (n - 1)) / n))
      x = n / (z + r[0] + r[1])
      q = r.map((value) => x * value)
    }
    const found = demandsByQueueLengths({
      queues: q.map((value) => Float64Array.of(value)),
      thinking: Float64Array.of(x * z),
      thinkSeconds: Float64Array.of(z),
      jobs: Float64Array.of(n),
    })
    if (isRefusal(found)) throw new Error(found.message)
    expect(found[0][0]).toBeCloseTo(0.4, 9)
    expect(found[1][0]).toBeCloseTo(0.2, 9)
  })
})
