import { describe, expect, it } from 'vitest'
import { Rng } from '../../num/index.js'
import { learnCorrection, type PastWait } from './correct.js'
import { movedTo } from './eta.js'

const FEATURES = 16
const DAY = 86_400 * 10

/** Waits three times as long as played and twice as widely spread, at so many moments. */
function biased(moments: number, ofAMoment: number): PastWait[] {
  const rng = new Rng(3, 'biased')
  return Array.from({ length: moments * ofAMoment }, (_, i) => {
    const middle = 1000 + 20_000 * rng.uniform()
    const wait = 3 * middle * Math.exp(0.6 * rng.normal())
    const played = [-1.645, -0.674, 0, 0.674, 1.645].map((z) => middle * Math.exp(0.3 * z))
    return {
      moment: DAY * Math.floor(i / ofAMoment),
      played,
      wait,
      open: false,
      features: Array.from({ length: FEATURES }, (_, c) => (c < 3 ? Math.log1p(middle / 60) : rng.uniform())),
    }
  })
}

describe('what played futures miss is learned from past moments', () => {
  it('ranges that were off hold about what they say after the correction', () => {
    const { correction, scores } = learnCorrection(biased(40, 30), new Rng(1))
    expect(correction.name).not.toBe('none')
    const raw = scores.find(({ name }) => name === 'none')!
    const chosen = scores.find(({ name }) => name === correction.name)!
    expect(raw.covered90).toBeLessThan(0.3)
    expect(chosen.covered90).toBeGreaterThan(0.83)
    expect(chosen.covered90).toBeLessThan(0.96)
    expect(chosen.crps).toBeLessThan(raw.crps)
  })

  it('takes waits that are open for longer than they have lasted', () => {
    const all = biased(40, 30)
    const bounded = all.map((wait) =>
      wait.moment > 25 * DAY ? { ...wait, wait: Math.min(wait.wait, 20_000), open: wait.wait > 20_000 } : wait,
    )
    const late = all.filter(({ moment }) => moment > 25 * DAY).slice(0, 300)
    const middles = (waits: readonly PastWait[]): number => {
      const { correction } = learnCorrection(waits, new Rng(1))
      const answers = correction.apply(
        late.map(({ played }) => played),
        late.map(({ features }) => features),
      )
      return answers.reduce((sum, quantiles) => sum + Math.log(quantiles[2]!), 0) / answers.length
    }
    const naive = middles(bounded.map((wait) => ({ ...wait, open: false })))
    expect(Math.abs(middles(bounded) - middles(all))).toBeLessThan(Math.abs(naive - middles(all)))
  })

  it('corrects nothing from a handful of moments', () => {
    const { correction, scores } = learnCorrection(biased(4, 100), new Rng(1))
    expect(correction.name).toBe('none')
    expect(scores).toEqual([])
  })
})

it('values moved to other quantiles keep their order and lie at these quantiles', () => {
  const values = Float64Array.from({ length: 1001 }, (_, i) => (i * 7919) % 1001)
  const quantiles = [60, 600, 1200, 3600, 7200]
  const moved = movedTo(values, quantiles)
  const pairs = Array.from(values, (value, i) => [value, moved[i]!] as const).sort((a, b) => a[0] - b[0])
  for (let i = 1; i < pairs.length; i++) expect(pairs[i]![1]).toBeGreaterThanOrEqual(pairs[i - 1]![1])
  expect(pairs[500]![1]).toBeCloseTo(1200, 6)
  expect(pairs[50]![1]).toBeCloseTo(60, -1)
  expect(pairs[950]![1]).toBeCloseTo(7200, -2)
})
