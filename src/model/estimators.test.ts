import { describe, expect, it } from 'vitest'
import { Rng } from '../num/index.js'
import { estimateMean, estimatePatterns, estimateTop, estimateTotal } from './estimators.js'
import { isRefusal } from './refusal.js'

/** Every way to keep `n` of the indices 0 … N−1. */
function subsets(N: number, n: number, from = 0): number[][] {
  if (n === 0) return [[]]
  const out: number[][] = []
  for (let i = from; i <= N - n; i++) for (const rest of subsets(N, n - 1, i + 1)) out.push([i, ...rest])
  return out
}

function value<T>(answer: T): Exclude<T, { kind: 'refusal' }> {
  if (isRefusal(answer)) throw new Error(answer.message)
  return answer as Exclude<T, { kind: 'refusal' }>
}

const TOTALS = [3, 7, 1, 12, 6, 4, 9]
const all = TOTALS.reduce((sum, x) => sum + x, 0)

describe('totals from kept partitions', () => {
  it('are unbiased: their mean over every possible choice is the total', () => {
    const choices = subsets(7, 3).map((kept) => value(estimateTotal({ partitions: 7, totals: kept.map((i) => TOTALS[i]!) })))
    expect(choices.reduce((sum, { value }) => sum + value, 0) / choices.length).toBeCloseTo(all, 10)
  })

  it('have an error bar whose square is unbiased: its mean over every choice is the variance of the estimates', () => {
    // Student’s t for 2 degrees at 0.95 is 4.3027 (any table)
    const estimates = subsets(7, 3).map((kept) => value(estimateTotal({ partitions: 7, totals: kept.map((i) => TOTALS[i]!) })))
    const variance = estimates.reduce((sum, { value }) => sum + (value - all) ** 2, 0) / estimates.length
    const stated = estimates.reduce((sum, { value, high }) => sum + ((high - value) / 4.30265) ** 2, 0) / estimates.length
    expect(stated / variance).toBeCloseTo(1, 4)
  })

  it('are exact when nothing was dropped', () => {
    expect(estimateTotal({ partitions: 7, totals: TOTALS })).toEqual({ value: all, low: all, high: all, confidence: 1 })
  })

  it('are refused from one partition of several and from none', () => {
    expect(estimateTotal({ partitions: 7, totals: [3] })).toMatchObject({ kind: 'refusal', code: 'no-data' })
    expect(estimateTotal({ partitions: 7, totals: [] })).toMatchObject({ kind: 'refusal', code: 'no-data' })
  })

  it('hold the truth about as often as they say', () => {
    const rng = new Rng(1)
    let held = 0
    for (let round = 0; round < 2_000; round++) {
      const population = Array.from({ length: 50 }, () => 100 + 20 * rng.normal())
      const truth = population.reduce((sum, x) => sum + x, 0)
      const { low, high } = value(estimateTotal({ partitions: 50, totals: population.slice(0, 40) }))
      if (low <= truth && truth <= high) held++
    }
    // binomial: 0.95 ± 3.3 standard deviations of sqrt(.95 × .05 / 2000)
    expect(held / 2_000).toBeGreaterThan(0.934)
    expect(held / 2_000).toBeLessThan(0.966)
  })
})

describe('means from kept partitions', () => {
  it('weigh partitions by their records', () => {
    // 30 over 10 records and 10 over 10: 40/20
    expect(value(estimateMean({ partitions: 4, totals: [30, 10], records: [10, 10] })).value).toBe(2)
  })

  it('have no error where every partition has the same mean', () => {
    const { value: mean, low, high } = value(estimateMean({ partitions: 9, totals: [10, 20, 40], records: [5, 10, 20] }))
    expect([mean, low, high]).toEqual([2, 2, 2])
  })
})

describe('top keys from kept partitions', () => {
  it('are the largest, and sure where their interval clears the next', () => {
    const kept = [1, 2, 3, 4].map(
      (i) =>
        new Map([
          ['the', 100 + i],
          ['of', 60 + i],
          ['and', 10 + 18 * i],
          ['rare', i === 1 ? 1 : 0],
        ]),
    )
    const top = value(estimateTop(2, 5, kept))
    expect(top.map(({ key }) => key)).toEqual(['the', 'of'])
    expect(top.map(({ sure }) => sure)).toEqual([true, false])
    expect(top[0]!.total.value).toBeCloseTo((410 * 5) / 4, 10)
  })
})

describe('patterns from kept partitions', () => {
  it('scale by the chance that all their pieces were kept, so that the mean over every choice is the count', () => {
    // triangles over three different edge partitions each
    const triangles = [
      [0, 1, 2],
      [0, 3, 4],
      [1, 4, 5],
      [2, 3, 5],
      [0, 1, 5],
    ]
    const choices = subsets(6, 4).map((kept) => {
      const count = triangles.filter((pieces) => pieces.every((piece) => kept.includes(piece))).length
      return value(estimatePatterns({ partitions: 6, kept: 4, parts: 3, count })).value
    })
    expect(choices.reduce((sum, x) => sum + x, 0) / choices.length).toBeCloseTo(triangles.length, 10)
  })

  it('get an error bar from leaving each kept partition out, of the size of their spread', () => {
    const rng = new Rng(2)
    const [partitions, kept, edges] = [40, 30, 4_000]
    const triangles = Array.from({ length: edges }, () => [rng.below(partitions), rng.below(partitions), rng.below(partitions)])
    const distinct = triangles.filter(([a, b, c]) => a !== b && b !== c && a !== c)
    const count = (set: ReadonlySet<number>): number =>
      distinct.filter((pieces) => pieces.every((piece) => set.has(piece))).length
    let held = 0
    for (let round = 0; round < 60; round++) {
      const order = Array.from({ length: partitions }, (_, i) => i)
      for (let i = partitions - 1; i > 0; i--) {
        const j = rng.below(i + 1)
        ;[order[i], order[j]] = [order[j]!, order[i]!]
      }
      const set = order.slice(0, kept)
      const withoutEach = set.map((out) => count(new Set(set.filter((one) => one !== out))))
      const { low, high } = value(estimatePatterns({ partitions, kept, parts: 3, count: count(new Set(set)), withoutEach }))
      if (low <= distinct.length && distinct.length <= high) held++
    }
    expect(held / 60).toBeGreaterThan(0.85)
  })

  it('cannot be counted from fewer partitions than they have pieces', () => {
    expect(estimatePatterns({ partitions: 9, kept: 2, parts: 3, count: 4 })).toMatchObject({ code: 'no-data' })
  })
})
