/**
 * Dense real matrices over one Float64Array, row by row: the small linear algebra that phase-type laws, arrival processes and
 * matrix-analytic queues stand on. Sizes of a few to a few hundred rows.
 *
 * Functions return new matrices unless the name says `InPlace`. Shapes are the caller's duty in the kernels; `matrixFromRows` checks them.
 */
export interface Matrix {
  readonly rows: number
  readonly columns: number
  /** Entry (i, j) is `data[i * columns + j]`. */
  readonly data: Float64Array
}

/** A matrix of zeros. */
export function zeroMatrix(rows: number, columns: number): Matrix {
  return { rows, columns, data: new Float64Array(rows * columns) }
}

/** The identity of order n. */
export function identityMatrix(n: number): Matrix {
  const m = zeroMatrix(n, n)
  for (let i = 0; i < n; i++) m.data[i * n + i] = 1
  return m
}

/** A matrix from its rows. Throws when the rows differ in length. */
export function matrixFromRows(rows: readonly (readonly number[] | Float64Array)[]): Matrix {
  const columns = rows.length === 0 ? 0 : rows[0].length
  const m = zeroMatrix(rows.length, columns)
  rows.forEach((row, i) => {
    if (row.length !== columns) throw new RangeError(`row ${i} has ${row.length} entries, row 0 has ${columns}`)
    m.data.set(row, i * columns)
  })
  return m
}

/** The rows of a matrix as plain arrays. */
export function matrixRows(m: Matrix): number[][] {
  return Array.from({ length: m.rows }, (_, i) => Array.from(m.data.subarray(i * m.columns, (i + 1) * m.columns)))
}

/** a + factor · b. */
export function addMatrices(a: Matrix, b: Matrix, factor = 1): Matrix {
  const data = new Float64Array(a.data.length)
  for (let i = 0; i < data.length; i++) data[i] = a.data[i] + factor * b.data[i]
  return { rows: a.rows, columns: a.columns, data }
}

export function scaleMatrix(a: Matrix, factor: number): Matrix {
  return { rows: a.rows, columns: a.columns, data: a.data.map((x) => x * factor) }
}

export function transposeMatrix(a: Matrix): Matrix {
  const t = zeroMatrix(a.columns, a.rows)
  for (let i = 0; i < a.rows; i++) for (let j = 0; j < a.columns; j++) t.data[j * a.rows + i] = a.data[i * a.columns + j]
  return t
}

/**
 * The product a·b, in 2 × 4 register blocks: eight sums stay in registers while a row pair of `a` and four columns of `b` are read,
 * which is several times faster than the plain triple loop from order 16 or so.
 */
export function multiplyMatrices(a: Matrix, b: Matrix): Matrix {
  const out = zeroMatrix(a.rows, b.columns)
  multiplyInto(a, b, out)
  return out
}

/** As `multiplyMatrices`, into a matrix that already exists (not one of the factors). */
function multiplyInto(a: Matrix, b: Matrix, out: Matrix): void {
  const n = a.rows
  const inner = a.columns
  const m = b.columns
  const A = a.data
  const B = b.data
  const C = out.data
  const n2 = n - (n % 2)
  const m4 = m - (m % 4)
  for (let i = 0; i < n2; i += 2) {
    const r0 = i * inner
    const r1 = r0 + inner
    for (let j = 0; j < m4; j += 4) {
      let c00 = 0
      let c01 = 0
      let c02 = 0
      let c03 = 0
      let c10 = 0
      let c11 = 0
      let c12 = 0
      let c13 = 0
      for (let k = 0, p = j; k < inner; k++, p += m) {
        const x = A[r0 + k]
        const y = A[r1 + k]
        const b0 = B[p]
        const b1 = B[p + 1]
        const b2 = B[p + 2]
        const b3 = B[p + 3]
        c00 += x * b0
        c01 += x * b1
        c02 += x * b2
        c03 += x * b3
        c10 += y * b0
        c11 += y * b1
        c12 += y * b2
        c13 += y * b3
      }
      const o = i * m + j
      C[o] = c00
      C[o + 1] = c01
      C[o + 2] = c02
      C[o + 3] = c03
      C[o + m] = c10
      C[o + m + 1] = c11
      C[o + m + 2] = c12
      C[o + m + 3] = c13
    }
    for (let j = m4; j < m; j++) {
      let c0 = 0
      let c1 = 0
      for (let k = 0, p = j; k < inner; k++, p += m) {
        c0 += A[r0 + k] * B[p]
        c1 += A[r1 + k] * B[p]
      }
      C[i * m + j] = c0
      C[(i + 1) * m + j] = c1
    }
  }
  for (let i = n2; i < n; i++) {
    const r0 = i * inner
    for (let j = 0; j < m; j++) {
      let c0 = 0
      for (let k = 0, p = j; k < inner; k++, p += m) c0 += A[r0 + k] * B[p]
      C[i * m + j] = c0
    }
  }
}

/** Row vector times matrix. */
export function rowTimes(v: ArrayLike<number>, a: Matrix): Float64Array {
  const out = new Float64Array(a.columns)
  const A = a.data
  for (let i = 0, p = 0; i < a.rows; i++) {
    const x = v[i]
    if (x === 0) {
      p += a.columns
      continue
    }
    for (let j = 0; j < a.columns; j++, p++) out[j] += x * A[p]
  }
  return out
}

/** Matrix times column vector. */
export function timesColumn(a: Matrix, v: ArrayLike<number>): Float64Array {
  const out = new Float64Array(a.rows)
  const A = a.data
  for (let i = 0, p = 0; i < a.rows; i++) {
    let s = 0
    for (let j = 0; j < a.columns; j++, p++) s += A[p] * v[j]
    out[i] = s
  }
  return out
}

export function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let s = 0
  for (let i = 0; i < a.length; i++) s += a[i] * b[i]
  return s
}

export function rowSums(a: Matrix): Float64Array {
  return timesColumn(a, new Float64Array(a.columns).fill(1))
}

/** Kronecker product a ⊗ b. */
export function kronecker(a: Matrix, b: Matrix): Matrix {
  const out = zeroMatrix(a.rows * b.rows, a.columns * b.columns)
  const width = out.columns
  for (let i = 0; i < a.rows; i++) {
    for (let j = 0; j < a.columns; j++) {
      const x = a.data[i * a.columns + j]
      if (x === 0) continue
      for (let k = 0; k < b.rows; k++) {
        const p = (i * b.rows + k) * width + j * b.columns
        for (let l = 0; l < b.columns; l++) out.data[p + l] = x * b.data[k * b.columns + l]
      }
    }
  }
  return out
}

/** Kronecker sum a ⊕ b = a ⊗ I + I ⊗ b: two independent chains side by side. Square matrices. */
export function kroneckerSum(a: Matrix, b: Matrix): Matrix {
  return addMatrices(kronecker(a, identityMatrix(b.rows)), kronecker(identityMatrix(a.rows), b))
}

/** A factorisation PA = LU with partial pivoting. `singular` when a pivot vanished. */
export interface Factors {
  readonly n: number
  readonly lu: Float64Array
  readonly pivots: Int32Array
  readonly singular: boolean
}

export function factorise(a: Matrix): Factors {
  const n = a.rows
  const lu = a.data.slice()
  const pivots = new Int32Array(n)
  let singular = false
  for (let k = 0; k < n; k++) {
    let best = k
    let size = Math.abs(lu[k * n + k])
    for (let i = k + 1; i < n; i++) {
      const x = Math.abs(lu[i * n + k])
      if (x > size) {
        size = x
        best = i
      }
    }
    pivots[k] = best
    if (size === 0) {
      singular = true
      continue
    }
    if (best !== k) {
      for (let j = 0; j < n; j++) {
        const x = lu[k * n + j]
        lu[k * n + j] = lu[best * n + j]
        lu[best * n + j] = x
      }
    }
    const inverse = 1 / lu[k * n + k]
    for (let i = k + 1; i < n; i++) {
      const p = i * n
      const f = lu[p + k]
      if (f === 0) continue
      const g = f * inverse
      lu[p + k] = g
      for (let j = k + 1; j < n; j++) lu[p + j] -= g * lu[k * n + j]
    }
  }
  return { n, lu, pivots, singular }
}

/** Solves A·X = B for all columns of B, given A's factors. */
export function solveFactored(f: Factors, b: Matrix): Matrix {
  const { n, lu, pivots } = f
  const m = b.columns
  const x = b.data.slice()
  for (let k = 0; k < n; k++) {
    const p = pivots[k]
    if (p === k) continue
    for (let j = 0; j < m; j++) {
      const t = x[k * m + j]
      x[k * m + j] = x[p * m + j]
      x[p * m + j] = t
    }
  }
  for (let i = 1; i < n; i++) {
    for (let k = 0; k < i; k++) {
      const g = lu[i * n + k]
      if (g === 0) continue
      for (let j = 0; j < m; j++) x[i * m + j] -= g * x[k * m + j]
    }
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++) {
      const g = lu[i * n + k]
      if (g === 0) continue
      for (let j = 0; j < m; j++) x[i * m + j] -= g * x[k * m + j]
    }
    const d = 1 / lu[i * n + i]
    for (let j = 0; j < m; j++) x[i * m + j] *= d
  }
  return { rows: n, columns: m, data: x }
}

/** Solves A·X = B. Throws on a singular matrix: callers check their input first. */
export function solveMatrix(a: Matrix, b: Matrix): Matrix {
  const f = factorise(a)
  if (f.singular) throw new RangeError(`singular matrix of order ${a.rows}`)
  return solveFactored(f, b)
}

/** Solves A·x = b for one column. */
export function solveColumn(a: Matrix, b: ArrayLike<number>): Float64Array {
  return solveMatrix(a, { rows: a.rows, columns: 1, data: Float64Array.from(b) }).data
}

/** Solves x·A = b for one row. */
export function solveRow(a: Matrix, b: ArrayLike<number>): Float64Array {
  return solveColumn(transposeMatrix(a), b)
}

/** Largest absolute row sum. */
function infinityNorm(a: Matrix): number {
  let best = 0
  for (let i = 0; i < a.rows; i++) {
    let s = 0
    for (let j = 0; j < a.columns; j++) s += Math.abs(a.data[i * a.columns + j])
    if (s > best) best = s
  }
  return best
}

/** Largest absolute entry. */
export function maxAbs(a: { readonly data: Float64Array }): number {
  let best = 0
  for (const x of a.data) if (Math.abs(x) > best) best = Math.abs(x)
  return best
}

const PADE = [
  64764752532480000, 32382376266240000, 7771770303897600, 1187353796428800, 129060195264000, 10559470521600, 670442572800,
  33522128640, 1323241920, 40840800, 960960, 16380, 182, 1,
]

/** Matrix exponential by scaling and squaring with the (13, 13) Padé approximant. Source: Higham (2005). */
export function matrixExponential(a: Matrix): Matrix {
  const n = a.rows
  const norm = infinityNorm(a)
  const squarings = Math.max(0, Math.ceil(Math.log2(norm / 5.37)))
  const x = scaleMatrix(a, 2 ** -squarings)
  const x2 = multiplyMatrices(x, x)
  const x4 = multiplyMatrices(x2, x2)
  const x6 = multiplyMatrices(x4, x2)
  const u = zeroMatrix(n, n)
  const v = zeroMatrix(n, n)
  const w = zeroMatrix(n, n)
  const z = zeroMatrix(n, n)
  const c = PADE
  for (let i = 0; i < n * n; i++) {
    const a2 = x2.data[i]
    const a4 = x4.data[i]
    const a6 = x6.data[i]
    w.data[i] = c[13] * a6 + c[11] * a4 + c[9] * a2
    u.data[i] = c[7] * a6 + c[5] * a4 + c[3] * a2
    z.data[i] = c[12] * a6 + c[10] * a4 + c[8] * a2
    v.data[i] = c[6] * a6 + c[4] * a4 + c[2] * a2
  }
  for (let i = 0; i < n; i++) {
    u.data[i * n + i] += c[1]
    v.data[i * n + i] += c[0]
  }
  const odd = multiplyMatrices(x, addMatrices(multiplyMatrices(x6, w), u))
  const even = addMatrices(multiplyMatrices(x6, z), v)
  let r = solveMatrix(addMatrices(even, odd, -1), addMatrices(even, odd))
  for (let i = 0; i < squarings; i++) r = multiplyMatrices(r, r)
  return r
}

/**
 * Stationary row vector of an irreducible generator (or of P − I): x·Q = 0, x·1 = 1, by the elimination of Grassmann, Taksar and Heyman,
 * which subtracts nothing and so keeps full relative accuracy. Only the off-diagonal entries are read.
 * Returns undefined when some state cannot reach the others (the chain is reducible).
 */
export function stationaryVector(q: Matrix): Float64Array | undefined {
  const n = q.rows
  const a = q.data.slice()
  for (let k = n - 1; k > 0; k--) {
    let out = 0
    for (let j = 0; j < k; j++) out += a[k * n + j]
    if (!(out > 0)) return undefined
    for (let i = 0; i < k; i++) {
      const f = a[i * n + k] / out
      a[i * n + k] = f
      if (f === 0) continue
      for (let j = 0; j < k; j++) if (j !== i) a[i * n + j] += f * a[k * n + j]
    }
  }
  const x = new Float64Array(n)
  x[0] = 1
  let total = 1
  for (let k = 1; k < n; k++) {
    let s = 0
    for (let i = 0; i < k; i++) s += x[i] * a[i * n + k]
    x[k] = s
    total += s
  }
  for (let i = 0; i < n; i++) x[i] /= total
  return x
}
