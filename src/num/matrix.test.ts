import { describe, expect, it } from 'vitest'
import {
  addMatrices,
  complexFromReal,
  complexMultiply,
  complexSchur,
  complexZero,
  identityMatrix,
  kroneckerSum,
  matrixExponential,
  matrixFromRows,
  matrixRows,
  maxAbs,
  multiplyMatrices,
  realEigenvalues,
  solveMatrix,
  stationaryVector,
  zeroMatrix,
} from './index.js'
import { Rng } from './rng.js'

function random(rows: number, columns: number, rng: Rng) {
  const m = zeroMatrix(rows, columns)
  for (let i = 0; i < m.data.length; i++) m.data[i] = rng.normal()
  return m
}

describe('matrices', () => {
  it('the blocked product equals the sum of products entry by entry, for every remainder of the block sizes', () => {
    const rng = new Rng(1, 'product')
    for (const [n, k, m] of [
      [1, 1, 1],
      [2, 3, 4],
      [5, 4, 7],
      [8, 8, 8],
      [9, 2, 6],
    ]) {
      const a = random(n, k, rng)
      const b = random(k, m, rng)
      const c = multiplyMatrices(a, b)
      for (let i = 0; i < n; i++) {
        for (let j = 0; j < m; j++) {
          let s = 0
          for (let l = 0; l < k; l++) s += a.data[i * k + l] * b.data[l * m + j]
          expect(c.data[i * m + j]).toBeCloseTo(s, 12)
        }
      }
    }
  })

  it('a solution put back into its equation leaves nothing', () => {
    const rng = new Rng(2, 'solve')
    for (const n of [1, 2, 5, 20]) {
      const a = random(n, n, rng)
      const b = random(n, 3, rng)
      expect(maxAbs(addMatrices(multiplyMatrices(a, solveMatrix(a, b)), b, -1))).toBeLessThan(1e-10)
    }
  })

  it('refuses a singular system by throwing', () => {
    expect(() =>
      solveMatrix(
        matrixFromRows([
          [1, 2],
          [2, 4],
        ]),
        identityMatrix(2),
      ),
    ).toThrow(/singular/)
  })

  it('the exponential of a rotation generator is the rotation', () => {
    const e = matrixExponential(
      matrixFromRows([
        [0, -3],
        [3, 0],
      ]),
    )
    expect(e.data[0]).toBeCloseTo(Math.cos(3), 13)
    expect(e.data[2]).toBeCloseTo(Math.sin(3), 13)
  })

  it('the exponential of a Kronecker sum is the product of exponentials of independent chains', () => {
    const a = matrixFromRows([
      [-1, 1],
      [2, -2],
    ])
    const b = matrixFromRows([
      [-30, 30],
      [1, -1],
    ])
    const whole = matrixExponential(kroneckerSum(a, b))
    const ea = matrixExponential(a)
    const eb = matrixExponential(b)
    for (let i = 0; i < 2; i++) {
      for (let j = 0; j < 2; j++) {
        for (let k = 0; k < 2; k++) {
          for (let l = 0; l < 2; l++) {
            expect(whole.data[(2 * i + k) * 4 + 2 * j + l]).toBeCloseTo(ea.data[i * 2 + j] * eb.data[k * 2 + l], 12)
          }
        }
      }
    }
  })

  it('the stationary vector of a stiff birth-death chain satisfies detailed balance to full relative accuracy', () => {
    const n = 8
    const q = zeroMatrix(n, n)
    for (let i = 0; i + 1 < n; i++) {
      q.data[i * n + i + 1] = 1
      q.data[(i + 1) * n + i] = 1000
    }
    const x = stationaryVector(q)!
    for (let i = 0; i + 1 < n; i++) expect(x[i + 1] / x[i]).toBeCloseTo(1e-3, 15)
  })

  it('has no stationary vector when a state cannot be left downwards', () => {
    expect(
      stationaryVector(
        matrixFromRows([
          [-1, 1],
          [0, 0],
        ]),
      ),
    ).toBeUndefined()
  })

  it('the Schur form multiplies back to the matrix, with a unitary factor, also for defective matrices', () => {
    const rng = new Rng(3, 'schur')
    for (const n of [1, 2, 3, 6, 15]) {
      for (const defective of [false, true]) {
        const a = complexZero(n)
        for (let i = 0; i < n * n; i++) {
          a.re[i] = defective ? (i % (n + 1) === 0 ? -1 : (i - 1) % (n + 1) === 0 ? 1 : 0) : rng.normal()
          a.im[i] = defective ? 0 : rng.normal()
        }
        const { unitary, triangular } = complexSchur(a)
        const back = complexMultiply(complexMultiply(unitary, triangular), unitary, 'right')
        const one = complexMultiply(unitary, unitary, 'left')
        for (let i = 0; i < n * n; i++) {
          expect(Math.hypot(back.re[i] - a.re[i], back.im[i] - a.im[i])).toBeLessThan(1e-12)
          expect(Math.hypot(one.re[i] - (i % (n + 1) === 0 ? 1 : 0), one.im[i])).toBeLessThan(1e-12)
        }
      }
    }
  })

  it('finds the eigenvalues of a cyclic permutation: the roots of one', () => {
    const { re, im } = realEigenvalues(4, [0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 1, 0, 0, 0])
    const sizes = Array.from(re, (x, i) => Math.hypot(x, im[i]))
    for (const s of sizes) expect(s).toBeCloseTo(1, 12)
    expect(re.reduce((s, x) => s + x, 0)).toBeCloseTo(0, 12)
    expect(matrixRows(matrixFromRows([[1, 2]]))).toEqual([[1, 2]])
    expect(complexFromReal(1, [2]).re[0]).toBe(2)
  })
})
