import { describe, expect, it } from 'vitest'
import { Rng } from '../../num/index.js'
import { certain, crpsOfLog, crpsOfLogUpTo, lawOf, quantileBeyond, quantileOfLaw, shareUpTo } from './law.js'

const law = lawOf([10, 20, 30, 40])

describe('the law of a run time', () => {
  it('gives back each value at the share that reaches it', () => {
    expect([0.1, 0.25, 0.26, 0.5, 0.99, 1].map((level) => quantileOfLaw(law, level))).toEqual([10, 10, 20, 20, 40, 40])
    expect([5, 10, 25, 40].map((seconds) => shareUpTo(law, seconds))).toEqual([0, 0.25, 0.5, 1])
  })

  it('weighs values, in any order', () => {
    const weighed = lawOf([40, 10], [3, 1])
    expect(quantileOfLaw(weighed, 0.25)).toBe(10)
    expect(quantileOfLaw(weighed, 0.3)).toBe(40)
  })

  it('of a job that has run for a while gives only what is longer, and no more than the limit', () => {
    const rng = new Rng(1, 'levels')
    for (let i = 0; i < 200; i++) {
      const total = quantileBeyond(law, rng.uniform(), 20, 35)
      expect([30, 35]).toContain(total)
    }
    expect(quantileBeyond(law, 0.5, 20, 15), 'a limit that it has passed binds no more').toBeGreaterThanOrEqual(20)
  })

  it('of a job that outran everything like it doubles at the median', () => {
    expect(quantileBeyond(law, 0.5, 100, Number.POSITIVE_INFINITY)).toBe(200)
    expect(quantileBeyond(law, 0.75, 100, Number.POSITIVE_INFINITY)).toBe(400)
    expect(quantileBeyond(law, 0.75, 100, 150)).toBe(150)
  })

  it('scores a point by its distance and a sure right answer with 0', () => {
    expect(crpsOfLog(certain(99), 9)).toBeCloseTo(Math.log(100) - Math.log(10), 12)
    expect(crpsOfLog(certain(9), 9)).toBe(0)
  })

  it('has the score E|X − y| − ½ E|X − X′|', () => {
    const logs = [10, 20, 30, 40].map((x) => Math.log1p(x))
    const y = Math.log1p(17)
    const near = logs.reduce((sum, x) => sum + Math.abs(x - y), 0) / 4
    const spread = logs.flatMap((a) => logs.map((b) => Math.abs(a - b))).reduce((sum, x) => sum + x, 0) / 16
    expect(crpsOfLog(law, 17)).toBeCloseTo(near - spread / 2, 12)
  })

  it('scores what has not come yet by the chance that was given to what is shorter', () => {
    expect(crpsOfLogUpTo(law, 5)).toBe(0)
    // beyond all values the chance below is 1, and the score grows with the bound as that of a point does
    expect(crpsOfLogUpTo(law, 399) - crpsOfLogUpTo(law, 199)).toBeCloseTo(Math.log(2), 12)
    expect(crpsOfLogUpTo(law, 40)).toBeCloseTo(crpsOfLog(law, 40), 12)
  })
})
