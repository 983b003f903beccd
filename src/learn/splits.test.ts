import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Rng } from '../num/index.js'
import { groupedFold, holdOut, kFold, leaveGroupOut, type Split, stratifiedFold, timeFold } from './splits.js'

/** Nothing learned from is tested; each row is tested once where `all` are to be. */
function sound(splits: readonly Split[], rows: number, all: boolean): void {
  const tested = new Int32Array(rows)
  for (const { train, test } of splits) {
    const known = new Set(train)
    for (const row of test) {
      expect(known.has(row)).toBe(false)
      tested[row]++
    }
    for (const rowsOf of [train, test]) expect(rowsOf).toEqual(rowsOf.slice().sort())
    if (all) expect(train.length + test.length).toBe(rows)
  }
  if (all) expect(tested.every((count) => count === 1)).toBe(true)
}

describe('splits', () => {
  it('test each row once, in parts of one size', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 60 }), fc.integer({ min: 2, max: 10 }), fc.integer(), (rows, wanted, seed) => {
        const folds = Math.min(rows, wanted)
        const splits = kFold(rows, folds, new Rng(seed))
        sound(splits, rows, true)
        const sizes = splits.map(({ test }) => test.length)
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1)
      }),
      { numRuns: 60 },
    )
  })

  it('keep the shares of classes', () => {
    const target = Float64Array.from({ length: 100 }, (_, i) => (i < 20 ? 1 : 0))
    const splits = stratifiedFold(target, 5, new Rng(1))
    sound(splits, 100, true)
    for (const { test } of splits) expect(test.reduce((sum, row) => sum + target[row], 0)).toBe(4)
  })

  it('never part a group', () => {
    const rng = new Rng(3, 'groups')
    const groups = Float64Array.from({ length: 90 }, () => rng.below(11))
    for (const splits of [groupedFold(groups, 4, rng), leaveGroupOut(groups)]) {
      sound(splits, 90, true)
      for (const { train, test } of splits) {
        const known = new Set(Array.from(train, (row) => groups[row]))
        for (const row of test) expect(known.has(groups[row])).toBe(false)
      }
    }
    expect(leaveGroupOut(groups)).toHaveLength(11)
  })

  it('never learn from the future, however times are ordered and tied', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 30 }), { minLength: 3, maxLength: 60 }),
        fc.integer({ min: 1, max: 5 }),
        fc.option(fc.integer({ min: 1, max: 20 }), { nil: 'expanding' as const }),
        fc.integer({ min: 0, max: 4 }),
        (times, wanted, window, gap) => {
          const folds = Math.min(wanted, times.length - 1)
          const splits = timeFold(times, { folds, window, gap })
          sound(splits, times.length, false)
          for (const { train, test } of splits) {
            const first = Math.min(...Array.from(test, (row) => times[row]))
            for (const row of train) expect(times[row]).toBeLessThan(first)
            if (window !== 'expanding') expect(train.length).toBeLessThanOrEqual(window)
          }
        },
      ),
      { numRuns: 200 },
    )
  })

  it('expanding windows grow, rolling ones stay, a gap is kept', () => {
    const times = Array.from({ length: 60 }, (_, i) => i)
    expect(timeFold(times, { folds: 3, test: 10 }).map(({ train }) => train.length)).toEqual([30, 40, 50])
    expect(timeFold(times, { folds: 3, test: 10, window: 15, gap: 5 }).map(({ train }) => [train[0], train.length])).toEqual([
      [10, 15],
      [20, 15],
      [30, 15],
    ])
  })

  it('hold out a share, at least one row on each side', () => {
    const { train, test } = holdOut(10, 0.3, new Rng(1))
    expect([train.length, test.length]).toEqual([7, 3])
    expect(holdOut(2, 0.01, new Rng(1)).test).toHaveLength(1)
  })
})
