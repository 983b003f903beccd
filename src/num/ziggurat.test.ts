import { describe, expect, it } from 'vitest'
import { Rng } from './rng.js'
import { fillExponential, zigguratExponential } from './ziggurat.js'

describe('ziggurat exponentials', () => {
  it('fill gives the same numbers as single calls', () => {
    const one = new Rng(7, 'ziggurat')
    const many = new Rng(7, 'ziggurat')
    const out = new Float64Array(200_000)
    fillExponential(many, out, 0, out.length, 2.5)
    for (let i = 0; i < out.length; i++) if (out[i] !== zigguratExponential(one) * 2.5) throw new Error(`differs at ${i}`)
    expect([...many.state]).toEqual([...one.state])
  })

  it('follows 1 − e^(−x): the Kolmogorov distance of 400,000 is below its 0.1 % point', () => {
    const n = 400_000
    const out = new Float64Array(n)
    fillExponential(new Rng(11, 'ks'), out, 0, n, 1)
    out.sort()
    let distance = 0
    for (let i = 0; i < n; i++) {
      const f = -Math.expm1(-out[i]!)
      distance = Math.max(distance, Math.abs(f - i / n), Math.abs(f - (i + 1) / n))
    }
    // P(sup |F_n − F| > 1.949 / √n) = 0.001 (Kolmogorov)
    expect(distance).toBeLessThan(1.949 / Math.sqrt(n))
    // The tail beyond the last layer: e^(−7.697) n ≈ 181.6 expected, standard deviation 13.5.
    const beyond = out.filter((x) => x > 7.69711747013105).length
    expect(Math.abs(beyond - n * Math.exp(-7.69711747013105))).toBeLessThan(4 * 13.5)
  })
})
