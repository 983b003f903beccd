import { describe, expect, it } from 'vitest'
import { solve } from '../solve.js'

const exponential = { type: 'exponential', rate: 1 }
const phases = { type: 'PH', alpha: [1], A: [[-1]] }

function values(model: unknown): Record<string, unknown> {
  const result = solve(model)
  if (result.kind !== 'answer') throw new Error(JSON.stringify(result))
  return result.answer.values
}

describe('documents of correlated arrivals', () => {
  it('a named law and its phases are one model', () => {
    const arrivals = { D0: [[-0.8]], D: [[[0.3]], [[0.5]]] }
    const discipline = 'non-preemptive'
    expect(values({ discipline, arrivals, services: [exponential, phases] })).toEqual(
      values({ discipline, arrivals, services: [phases, phases] }),
    )
  })

  it('one stream with `servers` is M/M/c when Poisson and exponential: P(wait) = 1/3 for two servers at load ½', () => {
    // Erlang C at c = 2, a = 1: a²/2/(1−a/2) / (1 + a + a²/2/(1−a/2)) = 1/3.
    expect(values({ arrivals: { D0: [[-1]], D1: [[1]] }, service: exponential, servers: 2 })['p_wait']).toBeCloseTo(1 / 3, 12)
  })

  it('unstable, unknown and unreachable are told apart', () => {
    const over = solve({ arrivals: { D0: [[-2]], D1: [[2]] }, service: phases })
    expect(over).toMatchObject({ kind: 'refusal', refusal: { code: 'unstable', numbers: { utilisation: 2 } } })
    const apart = solve({
      arrivals: {
        D0: [
          [-1, 0],
          [0, -1],
        ],
        D1: [
          [1, 0],
          [0, 1],
        ],
      },
      service: phases,
    })
    expect(apart).toMatchObject({ kind: 'refusal', refusal: { code: 'unsupported' } })
    const constant = solve({ arrivals: { D0: [[-0.5]], D1: [[0.5]] }, service: { type: 'deterministic', value: 1 } })
    expect(constant).toMatchObject({ kind: 'refusal', refusal: { code: 'unsupported' } })
    const never = solve({
      discipline: 'preemptive-resume',
      arrivals: { D0: [[-0.5]], D: [[[0]], [[0.5]]] },
      services: [phases, phases],
    })
    expect(never).toMatchObject({
      kind: 'refusal',
      refusal: { code: 'unsupported', message: expect.stringContaining('never arrives') },
    })
  })

  it('times of the distribution are those asked for, by class', () => {
    const result = solve(
      { discipline: 'preemptive-resume', arrivals: { D0: [[-0.8]], D: [[[0.3]], [[0.5]]] }, services: [phases, phases] },
      { cdfAtByClass: [[1], [2, 3]] },
    )
    if (result.kind !== 'answer') throw new Error(JSON.stringify(result))
    const classes = result.answer.values['classes'] as { response_cdf: { t: number[]; F: number[] } }[]
    expect(classes.map((c) => c.response_cdf.t)).toEqual([[1], [2, 3]])
    // The top class is M/M/1 at λ = 0.3.
    expect(classes[0].response_cdf.F[0]).toBeCloseTo(1 - Math.exp(-0.7), 9)
  })
})

describe('documents of fits', () => {
  it('moments no law has are refused with the reason', () => {
    expect(solve({ method: 'PH2From3Moments', moments: [1, 0.5, 1] })).toMatchObject({
      kind: 'refusal',
      refusal: { code: 'unsupported' },
    })
  })

  it('samples may be given as they are', () => {
    const fit = values({ trace: [1, 2, 3, 4], branch_orders: [1] })
    expect((fit['moments'] as number[])[0]).toBeCloseTo(2.5, 12)
    expect(fit['mean_log_likelihood']).toBeCloseTo(-1 - Math.log(2.5), 12)
  })

  it('a correlation at many lags is composed', () => {
    const fit = values({ moments: [1, 5, 60], lag_correlations: [0.3, 0.25, 0.2, 0.17, 0.15, 0.13, 0.11, 0.1] })
    expect((fit['moments'] as number[])[1]).toBeCloseTo(5, 6)
    expect((fit['lag_correlations'] as number[])[0]).toBeCloseTo(0.3, 2)
  })
})
