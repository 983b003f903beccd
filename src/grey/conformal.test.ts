import { describe, expect, it } from 'vitest'
import { forest, nearest, ridge, type Samples, tableOf } from '../learn/index.js'
import { isRefusal } from '../model/index.js'
import { Rng } from '../num/index.js'
import { type ConformalOptions, conformal, conformalQuantile } from './conformal.js'
import { onLogScale } from './log-scale.js'

/** y = (1 + x) e^{noise}, noise of size 0.05 + 0.25 x: larger where x is. */
function drawn(rows: number, rng: Rng): Samples {
  const x = Float64Array.from({ length: rows }, () => rng.uniform())
  return {
    features: tableOf({ x, other: Float64Array.from(x, () => rng.uniform()) }),
    target: x.map((value) => (1 + value) * Math.exp((0.05 + 0.25 * value) * rng.normal())),
  }
}

/** Share of new rows covered over many samples, and that share among the rows with x < 0.2 and x > 0.8, with mean widths (log). */
function coverage(learner: Parameters<typeof conformal>[0], options: ConformalOptions, rows: number, repeats: number) {
  const counts = { all: 0, low: 0, high: 0, n: 0, nLow: 0, nHigh: 0, width: 0 }
  for (let k = 0; k < repeats; k++) {
    const model = conformal(learner, options).fit(drawn(rows, new Rng(k, 'train')), { rng: new Rng(k, 'fit') })
    if (isRefusal(model)) throw new Error(model.message)
    const fresh = drawn(200, new Rng(k, 'test'))
    const { low, high } = model.interval(fresh.features)
    fresh.target.forEach((y, i) => {
      const x = fresh.features.columns[0][i]
      const inside = y >= low[i] && y <= high[i] ? 1 : 0
      counts.n++
      counts.all += inside
      counts.width += Math.log(high[i] / low[i])
      if (x < 0.2) {
        counts.nLow++
        counts.low += inside
      }
      if (x > 0.8) {
        counts.nHigh++
        counts.high += inside
      }
    })
  }
  return {
    all: counts.all / counts.n,
    low: counts.low / counts.nLow,
    high: counts.high / counts.nHigh,
    width: counts.width / counts.n,
  }
}

describe('conformalQuantile', () => {
  it('is the ⌈(n + 1)·level⌉-th smallest, and there is none where that is beyond the last', () => {
    const scores = Float64Array.of(3, 1, 2, 9, 5, 4, 8, 7, 6)
    expect(conformalQuantile(scores, 0.9)).toBe(9) // ⌈10 · 0.9⌉ = 9
    expect(conformalQuantile(scores, 0.5)).toBe(5)
    expect(conformalQuantile(scores.subarray(1), 0.9)).toBeUndefined() // ⌈9 · 0.9⌉ = 9 > 8
  })
})

describe('conformal', () => {
  // over 100 samples the mean coverage of split has a standard error of about 0.006: sd of the coverage given the sample ≈ √(0.9·0.1/50) = 0.04, and of 200 new rows 0.02
  it('split covers what it says, whatever the learner', () => {
    for (const learner of [ridge({ penalty: 0 }), nearest({ neighbours: 5 })]) {
      const { all } = coverage(learner, { method: 'split', heldOut: 0.5 }, 100, 100)
      expect(all).toBeGreaterThan(0.88)
      expect(all).toBeLessThan(0.94) // level + 1/(50 + 1) + 3 standard errors
    }
  })

  it('cv+ and jackknife+ cover what they say with all rows in the fit', () => {
    for (const method of ['cv+', 'jackknife+'] as const) {
      const { all } = coverage(ridge({ penalty: 0 }), { method }, 60, 100)
      expect(all).toBeGreaterThan(0.87)
      expect(all).toBeLessThan(0.93)
    }
  })

  it('a learned spread covers alike where errors are small and where they are large, and is narrower on average', () => {
    const plain = coverage(ridge({ penalty: 0 }), { method: 'cv+' }, 200, 30)
    const scaled = coverage(ridge({ penalty: 0 }), { method: 'cv+', spread: nearest({ neighbours: 25 }) }, 200, 30)
    expect(plain.low).toBeGreaterThan(0.97)
    expect(plain.high).toBeLessThan(0.84)
    expect(scaled.low).toBeLessThan(plain.low)
    expect(scaled.high).toBeGreaterThan(plain.high + 0.03)
    expect(scaled.all).toBeGreaterThan(0.87)
    expect(scaled.all).toBeLessThan(0.93)
    expect(scaled.width).toBeLessThan(plain.width)
  })

  it('covers new configurations only when whole configurations are held out', () => {
    // 12 rows of each of 25 configurations, whose own factor is twice the noise: random folds see the factor, a new configuration does not
    const make = (rng: Rng, count: number, first: number): Samples => {
      const code: number[] = []
      const x: number[] = []
      const y: number[] = []
      for (let c = 0; c < count; c++) {
        const own = 0.2 * rng.normal()
        for (let k = 0; k < 12; k++) {
          const value = rng.uniform()
          code.push(first + c)
          x.push(value)
          y.push((1 + value) * Math.exp(own + 0.05 * rng.normal()))
        }
      }
      return { features: tableOf({ code, x }), target: Float64Array.from(y) }
    }
    const covered = (configuration?: readonly string[]): number => {
      let inside = 0
      let all = 0
      for (let k = 0; k < 20; k++) {
        const options = configuration === undefined ? {} : { configuration }
        const model = conformal(forest({ trees: 10, columnsPerSplit: 2 }), { method: 'cv+', ...options }).fit(
          make(new Rng(k, 'train'), 25, 0),
          { rng: new Rng(k, 'fit') },
        )
        if (isRefusal(model)) throw new Error(model.message)
        const fresh = make(new Rng(k, 'test'), 25, 0)
        const { low, high } = model.interval(fresh.features)
        fresh.target.forEach((value, i) => {
          all++
          if (value >= low[i] && value <= high[i]) inside++
        })
      }
      return inside / all
    }
    expect(covered()).toBeLessThan(0.75)
    expect(covered(['code'])).toBeGreaterThan(0.85)
  })

  it('refuses where too few rows are held out for a finite interval', () => {
    const answer = conformal(ridge(), { method: 'cv+' }).fit(drawn(8, new Rng(1, 'x')), { rng: new Rng(1, 'fit') })
    expect(isRefusal(answer) && answer.code).toBe('no-data')
    expect(isRefusal(answer) && answer.numbers).toEqual({ heldOut: 8, level: 0.9 })
  })

  it('the interval holds the answer and is wider beyond the data once growing splits were seen', () => {
    const samples = (() => {
      const rng = new Rng(4, 'grow')
      const size = Float64Array.from({ length: 120 }, (_, i) => 1 + (i % 6))
      return { features: tableOf({ size }), target: size.map((value) => value ** 2 * Math.exp(0.05 * rng.normal())) }
    })()
    const fitted = (grows?: string) => {
      const model = conformal(onLogScale(ridge()), { ...(grows === undefined ? {} : { grows }) }).fit(samples, {
        rng: new Rng(1, 'fit'),
      })
      if (isRefusal(model)) throw new Error(model.message)
      return model
    }
    const query = tableOf({ size: [3, 12] })
    const plain = fitted().interval(query)
    const wide = fitted('size').interval(query)
    expect(wide.high[0] / wide.low[0]).toBeCloseTo(plain.high[0] / plain.low[0], 10)
    expect(wide.high[1] / wide.low[1]).toBeGreaterThan(1.2 * (plain.high[1] / plain.low[1]))
    fitted('size')
      .predict(query)
      .forEach((value, i) => {
        expect(value).toBeGreaterThanOrEqual(wide.low[i])
        expect(value).toBeLessThanOrEqual(wide.high[i])
      })
  })
})
