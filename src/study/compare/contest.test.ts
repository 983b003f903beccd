import { describe, expect, it } from 'vitest'
import type { Regressor } from '../../learn/index.js'
import { type Attempt, CHOSEN, type Contender, choice, edges, foldsFor } from './contest.js'

const never: Regressor = {
  name: 'never',
  fit: () => {
    throw new Error('not asked')
  },
}
const contender = (name: string, more: Partial<Contender> = {}): Contender => ({
  name,
  kind: 'grey',
  what: name,
  beyond: true,
  make: () => never,
  ...more,
})
const attempt = (name: string, heldOutError: number, heldOutMean: number): Attempt => ({
  contender: name,
  foreseen: new Float64Array(0),
  heldOutError,
  heldOutMean,
  caveats: [],
})
const chosenOf = (attempts: readonly Attempt[], contenders: readonly Contender[], beyond: boolean): string | undefined =>
  choice(attempts, contenders, beyond, 4)?.caveats.at(-1)

describe('the grey model that is chosen', () => {
  const contenders = [
    contender('residual'),
    contender('KNN selection', { beyond: false }),
    contender('blend', { preferredBeyond: true }),
  ]

  it('is inside the data the one with the least held-out median', () => {
    expect(chosenOf([attempt('residual', 3, 9), attempt('KNN selection', 2, 9), attempt('blend', 4, 1)], contenders, false)).toBe(
      'chosen:KNN selection',
    )
  })

  it('is beyond the data the blend, unless another errs less by more than a quarter in the mean', () => {
    expect(chosenOf([attempt('residual', 1, 8), attempt('KNN selection', 1, 1), attempt('blend', 9, 10)], contenders, true)).toBe(
      'chosen:blend',
    )
    expect(chosenOf([attempt('residual', 1, 7), attempt('KNN selection', 1, 1), attempt('blend', 9, 10)], contenders, true)).toBe(
      'chosen:residual',
    )
  })

  it('is never one that refused, nor one that is not grey', () => {
    const refused = { ...attempt('blend', 0, 0), refusal: 'no' }
    expect(chosenOf([attempt('residual', 5, 5), attempt('KNN selection', 1, 1), refused], contenders, true)).toBe(
      'chosen:residual',
    )
    expect(choice([attempt('white', 0, 0)], [contender('white', { kind: 'white' })], false, 4)).toBeUndefined()
    expect(choice([attempt('residual', 0, 0)], [contender('residual')], false, 4)?.contender).toBe(CHOSEN)
  })
})

describe('training rows held out beyond the others', () => {
  const otherwise = [{ train: Int32Array.of(0), test: Int32Array.of(1) }]

  it('are of a column of few values the largest, the two largest, the three largest, with two values left to learn from', () => {
    const values = Float64Array.from([1, 2, 3, 4, 5].flatMap((value) => Array<number>(5).fill(value)))
    const held = edges(values, otherwise).map(({ train, test }) => [
      Math.max(...Array.from(train, (i) => values[i]!)),
      test.length,
    ])
    expect(held).toEqual([
      [2, 15],
      [3, 10],
      [4, 5],
    ])
  })

  it('are of a column that varies about two fifths and about a fifth of the rows, each beyond all that is learned from', () => {
    const values = Float64Array.from({ length: 50 }, (_, i) => (i * 37) % 50)
    const splits = edges(values, otherwise)
    expect(splits.map(({ test }) => test.length)).toEqual([20, 10])
    for (const { train, test } of splits)
      expect(Math.min(...Array.from(test, (i) => values[i]!))).toBeGreaterThan(Math.max(...Array.from(train, (i) => values[i]!)))
  })

  it('are random folds where the values cannot be told apart', () => {
    expect(edges(new Float64Array(20).fill(3), otherwise)).toBe(otherwise)
  })
})

it('few rows are held out in many folds, unless the white model is dear to ask', () => {
  expect(foldsFor(30, false)).toBeGreaterThan(foldsFor(300, false))
  expect(foldsFor(30, true)).toBe(foldsFor(300, true))
})
