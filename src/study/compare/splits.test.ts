import { describe, expect, it } from 'vitest'
import { tableOf } from '../../learn/index.js'
import { Rng } from '../../num/index.js'
import type { Observed } from './observed.js'
import { plannedSplits, type SplitPlan } from './splits.js'

const rows = 120
const load = Float64Array.from({ length: rows }, (_, i) => [0.3, 0.5, 0.7, 0.8, 0.9][i % 5]!)
const gpus = Float64Array.from({ length: rows }, (_, i) => 1 + (i % 16))
const workload = Float64Array.from({ length: rows }, (_, i) => i % 3)
const observed: Observed = {
  path: 'made.csv',
  name: 'y',
  samples: {
    features: tableOf({ load, gpus, workload }, { workload: ['a', 'b', 'c'] }),
    target: Float64Array.from({ length: rows }, (_, i) => 1 + i),
  },
  groups: { column: 'workload', codes: Int32Array.from(workload), names: ['a', 'b', 'c'] },
  ordered: true,
  caveats: [],
}
const plans = plannedSplits(
  observed,
  { load: 'load', configuration: { column: 'gpus', above: 12 }, points: [30, 0.5], repeats: 3 },
  new Rng(1),
)
const of = (kind: SplitPlan['kind']): SplitPlan => plans.find((plan) => plan.kind === kind)!

describe('splits', () => {
  it('never judge on a row that was learned from, nor name a row twice', () => {
    for (const { repeats } of plans)
      for (const { train, test } of repeats) {
        expect(new Set([...train, ...test]).size).toBe(train.length + test.length)
        expect(Math.max(...train, ...test)).toBeLessThan(rows)
      }
    expect(plans.every(({ refusal, repeats }) => refusal === undefined && repeats.length > 0)).toBe(true)
  })

  it.each([
    ['unseen-load', load],
    ['unseen-configuration', gpus],
  ] as const)('%s: everything judged on is larger than anything learned from', (kind, column) => {
    for (const { train, test } of of(kind).repeats)
      expect(Math.min(...Array.from(test, (row) => column[row]!))).toBeGreaterThan(
        Math.max(...Array.from(train, (row) => column[row]!)),
      )
  })

  it('unseen load takes whole values, here the largest alone: a fifth of the rows, two fifths would be too much', () => {
    expect(of('unseen-load').name).toBe('unseen load: load above 0.8')
    expect(of('unseen-load').repeats[0]!.test).toHaveLength(rows / 5)
  })

  it('unseen workload holds each out once, whole', () => {
    expect(of('unseen-workload').repeats.map(({ test }) => [...new Set(Array.from(test, (row) => workload[row]))])).toEqual([
      [0],
      [1],
      [2],
    ])
    for (const { train, test } of of('unseen-workload').repeats) expect(train.length + test.length).toBe(rows)
  })

  it('later judges on the last third and learns from what came before', () => {
    for (const { train, test } of of('later').repeats) {
      expect(Math.min(...test)).toBe(80)
      expect(Math.max(...train)).toBeLessThan(80)
    }
  })

  it('random ones have the number of rows asked for, or the share, and differ from draw to draw', () => {
    const random = plans.filter(({ kind }) => kind === 'random')
    expect(random.map(({ repeats }) => repeats.map(({ train }) => train.length))).toEqual([
      [30, 30, 30],
      [60, 60, 60],
    ])
    expect([...random[0]!.repeats[0]!.train]).not.toEqual([...random[0]!.repeats[1]!.train])
  })
})
