import { describe, expect, it } from 'vitest'
import { matrixFromRows, multiplyMatrices, Rng } from '../num/index.js'
import { heapOf } from './multiply.js'

function filled(plain: boolean, m: number, n: number, k: number) {
  const rng = new Rng(1, 'product')
  const heap = heapOf(m * k + k * n + m * n + 16, plain)
  const a = heap.take(m * k)
  const b = heap.take(k * n)
  const c = heap.take(m * n)
  for (let i = 0; i < a.numbers.length; i++) a.numbers[i] = rng.normal()
  for (let i = 0; i < b.numbers.length; i++) b.numbers[i] = rng.normal()
  return { heap, a, b, c }
}

describe('product', () => {
  it('is the matrix product, by rows and by columns of A, in vectors and in plain TypeScript, to the last bit', () => {
    for (const [m, n, k] of [
      [4, 4, 1],
      [8, 12, 5],
      [200, 64, 32],
    ] as const) {
      const [fast, slow] = [filled(false, m, n, k), filled(true, m, n, k)]
      for (const { heap, a, b, c } of [fast, slow]) heap.product(a.at, k, 1, b.at, c.at, m, n, k)
      expect(fast.c.numbers).toEqual(slow.c.numbers)
      const rows = (from: Float64Array, width: number): Float64Array[] =>
        Array.from({ length: from.length / width }, (_, i) => from.slice(i * width, (i + 1) * width))
      const due = multiplyMatrices(matrixFromRows(rows(slow.a.numbers, k)), matrixFromRows(rows(slow.b.numbers, n))).data
      due.forEach((value, p) => {
        expect(fast.c.numbers[p]).toBeCloseTo(value, 10)
      })
      // Aᵀ read where it lies: A is k × m, entry (i, l) at l·m + i
      for (const { heap, a, b, c } of [fast, slow]) heap.product(a.at, 1, m, b.at, c.at, m, n, k)
      expect(fast.c.numbers).toEqual(slow.c.numbers)
      let sum = 0
      for (let l = 0; l < k; l++) sum += fast.a.numbers[l * m + 1] * fast.b.numbers[l * n + 2]
      expect(fast.c.numbers[n + 2]).toBeCloseTo(sum, 10)
    }
  })

  it('and the sums, cuts and masks beside it are the same bytes in vectors and in plain TypeScript', () => {
    const [fast, slow] = [filled(false, 12, 8, 20), filled(true, 12, 8, 20)]
    for (const { heap, a, b, c } of [fast, slow]) {
      b.numbers[3] = -0
      heap.rectify(a.at, b.at, 20, 12)
      heap.mask(b.at, a.at, 100)
      heap.columnSums(a.at, c.at, 20, 11)
    }
    for (const part of ['a', 'b', 'c'] as const) expect(fast[part].numbers).toEqual(slow[part].numbers)
    const { a, b, c } = fast
    expect(a.numbers.every((value) => value >= 0)).toBe(true)
    expect(b.numbers.slice(0, 100).every((value, p) => value === 0 || a.numbers[p] > 0)).toBe(true)
    expect(a.numbers.filter((value) => value === 0).length).toBeGreaterThan(50)
    let sum = 0
    for (let r = 0; r < 11; r++) sum += a.numbers[20 * r + 7]
    expect(c.numbers[7]).toBe(sum)
  })
})
