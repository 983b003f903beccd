import { describe, expect, it } from 'vitest'
import { dispersion } from './dispersion.js'
import { Rng } from './rng.js'

describe('index of dispersion for counts', () => {
  it('is 0 for a clock and exactly computable for a pattern', () => {
    const ticks = Array.from({ length: 1001 }, (_, i) => i)
    expect(dispersion(ticks, 10)).toMatchObject({ windows: 100, mean: 10, idc: 0 })
    // windows of 10 with 4 and 0 by turns, n = 10: mean 2, variance 10·4/9, from the first time on
    const bursts = Array.from({ length: 5 }, (_, i) => [0, 1, 2, 3].map((x) => 20 * i + x)).flat()
    const found = dispersion([...bursts, 100], 10)!
    expect(found.windows).toBe(10)
    expect(found.mean).toBe(2)
    expect(found.idc).toBeCloseTo((10 * 4) / 9 / 2, 12)
  })

  it('is 1 for a Poisson process at every window', () => {
    const rng = new Rng(3, 'poisson')
    const times = new Float64Array(200_000)
    for (let i = 1; i < times.length; i++) times[i] = times[i - 1]! + rng.exponential()
    // standard error of the variance ratio with K windows is about √(2/K): 0.01 and 0.03 here, four of them allowed
    expect(Math.abs(dispersion(times, 10)!.idc - 1)).toBeLessThan(0.04)
    expect(Math.abs(dispersion(times, 100)!.idc - 1)).toBeLessThan(0.13)
  })

  it('without the period sees through a rate that follows the clock', () => {
    const rng = new Rng(5, 'clock')
    // 200 periods of 24 windows; rate 20 in the first half of the period, 2 in the second: Poisson about that
    const times: number[] = []
    let t = 0
    while (t < 4800) {
      t += rng.exponential() / 20
      if (t % 24 < 12 || rng.uniform() < 0.1) times.push(t)
    }
    const { idc, idcWithoutPeriod } = dispersion(times, 1, 24)!
    expect(idc).toBeGreaterThan(6) // 1 + 9²/11
    // standard error √(2/4600) = 0.02
    expect(Math.abs(idcWithoutPeriod! - 1)).toBeLessThan(0.12)
  })

  it('needs two whole windows, and three periods for the clock to be taken out', () => {
    expect(dispersion([0, 5], 10)).toBeUndefined()
    expect(dispersion([], 10)).toBeUndefined()
    expect(dispersion([0, 1, 2, 3, 4, 5], 1, 4)!.idcWithoutPeriod).toBeUndefined()
  })
})
