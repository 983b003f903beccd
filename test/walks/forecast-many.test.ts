/** Many series on threads are forecast as on one, to the last byte. */
import { existsSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

describe.skipIf(!existsSync('dist/study/forecast-thread.js'))('many series on threads', () => {
  it('give the same scores and forecasts on one and two, in the order of the series, refusals among them', async () => {
    const { Rng } = await import('halftone/num')
    const { forecasterNamed, rollingOrigin } = await import('halftone/learn')
    const { isRefusal } = await import('halftone/model')
    const { forecastMany, judgeMany } = await import('halftone/study')
    const series = Array.from({ length: 21 }, (_, s) => {
      const rng = new Rng(s, 'series')
      const values = Float64Array.from({ length: 96 + s }, (_, i) => 10 * Math.sin((2 * Math.PI * i) / 12) + rng.normal())
      return { values: s === 13 ? values.fill(Number.NaN) : values, periods: [12] }
    })
    const settings = { steps: 12, first: 60, levels: [0.1, 0.9], peak: 8 }
    const shares: number[] = []
    const judge = (threads: number) =>
      judgeMany(series, settings, { forecaster: 'harmonic', seed: 4, threads, progress: (share) => shares.push(share) })
    const [one, two] = [await judge(1), await judge(2)]
    expect(two).toEqual(one)
    expect(shares.at(-1)).toBe(1)
    expect(one[3]).toEqual(rollingOrigin(series[3]!, forecasterNamed('harmonic'), settings, new Rng(4, 'series 3')))
    const forecasts = await forecastMany(series, { steps: 5 }, { forecaster: 'harmonic', seed: 4, threads: 2 })
    expect(forecasts).toEqual(await forecastMany(series, { steps: 5 }, { forecaster: 'harmonic', seed: 4 }))
    expect(forecasts.map(isRefusal)).toEqual(series.map((_, s) => s === 13))
    expect(await forecastMany([], { steps: 5 }, { forecaster: 'harmonic', seed: 4, threads: 2 })).toEqual([])
  })
})
