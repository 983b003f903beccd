/**
 * Square complex matrices with real and imaginary parts apart: Schur form, linear solves, products. For kernels of order 1 to 60 or so.
 */
export interface ComplexMatrix {
  readonly n: number
  readonly re: Float64Array
  readonly im: Float64Array
}

export function complexZero(n: number): ComplexMatrix {
  return { n, re: new Float64Array(n * n), im: new Float64Array(n * n) }
}

/** A real matrix (row by row) as a complex one. */
export function complexFromReal(n: number, data: ArrayLike<number>): ComplexMatrix {
  return { n, re: Float64Array.from(data), im: new Float64Array(n * n) }
}

/** a · b, optionally with a or b replaced by its conjugate transpose. */
export function complexMultiply(a: ComplexMatrix, b: ComplexMatrix, adjoint: 'none' | 'left' | 'right' = 'none'): ComplexMatrix {
  const n = a.n
  const out = complexZero(n)
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < n; k++) {
      const p = adjoint === 'left' ? k * n + i : i * n + k
      const x = a.re[p]
      const y = adjoint === 'left' ? -a.im[p] : a.im[p]
      if (x === 0 && y === 0) continue
      if (adjoint === 'right') {
        for (let j = 0, q = k, o = i * n; j < n; j++, q += n, o++) {
          out.re[o] += x * b.re[q] + y * b.im[q]
          out.im[o] += y * b.re[q] - x * b.im[q]
        }
      } else {
        for (let j = 0, q = k * n, o = i * n; j < n; j++, q++, o++) {
          out.re[o] += x * b.re[q] - y * b.im[q]
          out.im[o] += x * b.im[q] + y * b.re[q]
        }
      }
    }
  }
  return out
}

/** out += a · b for n × n blocks that begin at the given offsets: no allocation, for inner loops. */
export function complexMultiplyAdd(
  n: number,
  a: { readonly re: Float64Array; readonly im: Float64Array },
  aAt: number,
  b: { readonly re: Float64Array; readonly im: Float64Array },
  bAt: number,
  out: { readonly re: Float64Array; readonly im: Float64Array },
  outAt: number,
): void {
  const ar = a.re
  const ai = a.im
  const br = b.re
  const bi = b.im
  const or = out.re
  const oi = out.im
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < n; k++) {
      const x = ar[aAt + i * n + k]
      const y = ai[aAt + i * n + k]
      if (x === 0 && y === 0) continue
      for (let j = 0, q = bAt + k * n, o = outAt + i * n; j < n; j++, q++, o++) {
        or[o] += x * br[q] - y * bi[q]
        oi[o] += x * bi[q] + y * br[q]
      }
    }
  }
}

/**
 * Solves A·x = b in place by elimination with partial pivoting: `re`, `im` (n × n) are destroyed, `bRe`, `bIm` become x.
 * Returns the smallest pivot over the largest, 0 when singular.
 */
export function complexSolveInPlace(n: number, re: Float64Array, im: Float64Array, bRe: Float64Array, bIm: Float64Array): number {
  let smallest = Number.POSITIVE_INFINITY
  let largest = 0
  for (let k = 0; k < n; k++) {
    let best = k
    let size = Math.abs(re[k * n + k]) + Math.abs(im[k * n + k])
    for (let i = k + 1; i < n; i++) {
      const x = Math.abs(re[i * n + k]) + Math.abs(im[i * n + k])
      if (x > size) {
        size = x
        best = i
      }
    }
    if (size === 0) return 0
    if (size < smallest) smallest = size
    if (size > largest) largest = size
    if (best !== k) {
      for (let j = k, p = k * n + k, q = best * n + k; j < n; j++, p++, q++) {
        let t = re[p]
        re[p] = re[q]
        re[q] = t
        t = im[p]
        im[p] = im[q]
        im[q] = t
      }
      let t = bRe[k]
      bRe[k] = bRe[best]
      bRe[best] = t
      t = bIm[k]
      bIm[k] = bIm[best]
      bIm[best] = t
    }
    const kk = k * n + k
    const d = 1 / (re[kk] * re[kk] + im[kk] * im[kk])
    const pr = re[kk] * d
    const pi = -im[kk] * d
    // The reciprocal pivot is kept for the way back.
    re[kk] = pr
    im[kk] = pi
    for (let i = k + 1; i < n; i++) {
      const ik = i * n + k
      const ar = re[ik]
      const ai = im[ik]
      if (ar === 0 && ai === 0) continue
      const fr = ar * pr - ai * pi
      const fi = ar * pi + ai * pr
      for (let j = k + 1, p = ik + 1, q = kk + 1; j < n; j++, p++, q++) {
        re[p] -= fr * re[q] - fi * im[q]
        im[p] -= fr * im[q] + fi * re[q]
      }
      bRe[i] -= fr * bRe[k] - fi * bIm[k]
      bIm[i] -= fr * bIm[k] + fi * bRe[k]
    }
  }
  for (let i = n - 1; i >= 0; i--) {
    let xr = bRe[i]
    let xi = bIm[i]
    for (let j = i + 1, p = i * n + i + 1; j < n; j++, p++) {
      xr -= re[p] * bRe[j] - im[p] * bIm[j]
      xi -= re[p] * bIm[j] + im[p] * bRe[j]
    }
    const pr = re[i * n + i]
    const pi = im[i * n + i]
    bRe[i] = xr * pr - xi * pi
    bIm[i] = xr * pi + xi * pr
  }
  return smallest / largest
}

/** A = Q·T·Q*, Q unitary, T upper triangular with the eigenvalues on its diagonal. */
export interface SchurForm {
  readonly unitary: ComplexMatrix
  readonly triangular: ComplexMatrix
}

/**
 * Schur form of a complex matrix: Householder reduction to Hessenberg form, then QR steps with Wilkinson shifts (Givens rotations).
 * Backward stable: A + E = QTQ* with |E| a few rounding units of |A|. Throws when 60 steps for one eigenvalue did not do (not seen).
 * Source: Golub and Van Loan, Matrix Computations, chapter 7.
 */
export function complexSchur(a: ComplexMatrix): SchurForm {
  const n = a.n
  const hr = a.re.slice()
  const hi = a.im.slice()
  const qr = new Float64Array(n * n)
  const qi = new Float64Array(n * n)
  for (let i = 0; i < n; i++) qr[i * n + i] = 1
  const done: SchurForm = { unitary: { n, re: qr, im: qi }, triangular: { n, re: hr, im: hi } }
  if (n === 1) return done
  const vr = new Float64Array(n)
  const vi = new Float64Array(n)
  for (let k = 0; k < n - 2; k++) {
    let below = 0
    for (let i = k + 2; i < n; i++) below += hr[i * n + k] ** 2 + hi[i * n + k] ** 2
    if (below === 0) continue
    const x0r = hr[(k + 1) * n + k]
    const x0i = hi[(k + 1) * n + k]
    const first = Math.hypot(x0r, x0i)
    const size = Math.sqrt(below + first * first)
    const ur = first > 0 ? x0r / first : 1
    const ui = first > 0 ? x0i / first : 0
    vr[k + 1] = x0r + ur * size
    vi[k + 1] = x0i + ui * size
    for (let i = k + 2; i < n; i++) {
      vr[i] = hr[i * n + k]
      vi[i] = hi[i * n + k]
    }
    let norm = 0
    for (let i = k + 1; i < n; i++) norm += vr[i] * vr[i] + vi[i] * vi[i]
    const beta = 2 / norm
    for (let j = 0; j < n; j++) {
      let sr = 0
      let si = 0
      for (let i = k + 1; i < n; i++) {
        sr += vr[i] * hr[i * n + j] + vi[i] * hi[i * n + j]
        si += vr[i] * hi[i * n + j] - vi[i] * hr[i * n + j]
      }
      sr *= beta
      si *= beta
      for (let i = k + 1; i < n; i++) {
        hr[i * n + j] -= vr[i] * sr - vi[i] * si
        hi[i * n + j] -= vr[i] * si + vi[i] * sr
      }
    }
    for (let i = 0; i < n; i++) reflectRow(hr, hi, i * n)
    for (let i = 0; i < n; i++) reflectRow(qr, qi, i * n)
    for (let i = k + 2; i < n; i++) {
      hr[i * n + k] = 0
      hi[i * n + k] = 0
    }
    function reflectRow(mr: Float64Array, mi: Float64Array, p: number): void {
      let sr = 0
      let si = 0
      for (let j = k + 1; j < n; j++) {
        sr += mr[p + j] * vr[j] - mi[p + j] * vi[j]
        si += mr[p + j] * vi[j] + mi[p + j] * vr[j]
      }
      sr *= beta
      si *= beta
      for (let j = k + 1; j < n; j++) {
        mr[p + j] -= sr * vr[j] + si * vi[j]
        mi[p + j] -= si * vr[j] - sr * vi[j]
      }
    }
  }
  const cosine = new Float64Array(n)
  const sineR = new Float64Array(n)
  const sineI = new Float64Array(n)
  let scale = 0
  for (let i = 0; i < n * n; i++) scale = Math.max(scale, Math.abs(hr[i]) + Math.abs(hi[i]))
  let high = n - 1
  let steps = 0
  while (high > 0) {
    let low = high
    while (low > 0) {
      const p = low * n + low - 1
      const size = Math.abs(hr[p]) + Math.abs(hi[p])
      const d = low * n + low
      const e = d - n - 1
      const beside = Math.abs(hr[d]) + Math.abs(hi[d]) + Math.abs(hr[e]) + Math.abs(hi[e])
      if (size <= 1.1e-16 * (beside > 0 ? beside : scale)) {
        hr[p] = 0
        hi[p] = 0
        break
      }
      low--
    }
    if (low === high) {
      high--
      steps = 0
      continue
    }
    if (++steps > 60) throw new Error(`Schur form of order ${n}: no convergence`)
    // Wilkinson shift: the eigenvalue of the last 2 × 2 block nearer to its corner.
    const d = high * n + high
    const c = d - n - 1
    let shiftR = hr[d]
    let shiftI = hi[d]
    if (steps % 12 === 0) {
      shiftR += Math.abs(hr[d - 1]) + Math.abs(hi[d - 1])
    } else {
      const tr = (hr[c] - hr[d]) / 2
      const ti = (hi[c] - hi[d]) / 2
      const br = hr[d - n] * hr[d - 1] - hi[d - n] * hi[d - 1]
      const bi = hr[d - n] * hi[d - 1] + hi[d - n] * hr[d - 1]
      const zr = tr * tr - ti * ti + br
      const zi = 2 * tr * ti + bi
      const r = Math.hypot(zr, zi)
      let rootR = Math.sqrt(Math.max(0, (r + zr) / 2))
      let rootI = Math.sqrt(Math.max(0, (r - zr) / 2))
      if (zi < 0) rootI = -rootI
      if (tr * rootR + ti * rootI < 0) {
        rootR = -rootR
        rootI = -rootI
      }
      const wr = tr + rootR
      const wi = ti + rootI
      const w = wr * wr + wi * wi
      if (w > 0) {
        shiftR -= (br * wr + bi * wi) / w
        shiftI -= (bi * wr - br * wi) / w
      }
    }
    for (let i = low; i <= high; i++) {
      hr[i * n + i] -= shiftR
      hi[i * n + i] -= shiftI
    }
    for (let k = low; k < high; k++) {
      const p = k * n + k
      const q = p + n
      const a2 = hr[p] * hr[p] + hi[p] * hi[p]
      const b2 = hr[q] * hr[q] + hi[q] * hi[q]
      const r = Math.sqrt(a2 + b2)
      let co = 0
      let sr = 1
      let si = 0
      if (a2 > 0 && r > 0) {
        // Rotation [c, s; −s̄, c] with c real that sends (h_kk, h_k+1,k) to (·, 0).
        const a1 = Math.sqrt(a2)
        co = a1 / r
        const f = 1 / (a1 * r)
        sr = (hr[p] * hr[q] + hi[p] * hi[q]) * f
        si = (hi[p] * hr[q] - hr[p] * hi[q]) * f
      }
      cosine[k] = co
      sineR[k] = sr
      sineI[k] = si
      for (let j = k, x = p, y = q; j < n; j++, x++, y++) {
        const ar = hr[x]
        const ai = hi[x]
        const br = hr[y]
        const bi = hi[y]
        hr[x] = co * ar + sr * br - si * bi
        hi[x] = co * ai + sr * bi + si * br
        hr[y] = co * br - sr * ar - si * ai
        hi[y] = co * bi - sr * ai + si * ar
      }
    }
    for (let k = low; k < high; k++) {
      const co = cosine[k]
      const sr = sineR[k]
      const si = sineI[k]
      const last = Math.min(k + 1, high)
      for (let i = 0, x = k; i <= last; i++, x += n) rotateColumns(hr, hi, x, co, sr, si)
      for (let i = 0, x = k; i < n; i++, x += n) rotateColumns(qr, qi, x, co, sr, si)
    }
    for (let i = low; i <= high; i++) {
      hr[i * n + i] += shiftR
      hi[i * n + i] += shiftI
    }
  }
  for (let i = 1; i < n; i++) {
    for (let j = 0; j < i; j++) {
      hr[i * n + j] = 0
      hi[i * n + j] = 0
    }
  }
  return done
}

/** Columns k and k+1 of one row times the adjoint of the rotation [c, s; −s̄, c]. */
function rotateColumns(mr: Float64Array, mi: Float64Array, x: number, co: number, sr: number, si: number): void {
  const ar = mr[x]
  const ai = mi[x]
  const br = mr[x + 1]
  const bi = mi[x + 1]
  mr[x] = co * ar + sr * br + si * bi
  mi[x] = co * ai + sr * bi - si * br
  mr[x + 1] = co * br - (sr * ar - si * ai)
  mi[x + 1] = co * bi - (sr * ai + si * ar)
}

/** Eigenvalues of a real square matrix (row by row), by its Schur form. */
export function realEigenvalues(n: number, data: ArrayLike<number>): { re: Float64Array; im: Float64Array } {
  const { triangular: t } = complexSchur(complexFromReal(n, data))
  return {
    re: Float64Array.from({ length: n }, (_, i) => t.re[i * n + i]),
    im: Float64Array.from({ length: n }, (_, i) => t.im[i * n + i]),
  }
}
