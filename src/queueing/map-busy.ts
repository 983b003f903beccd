/**
 * Time, and the arrival chain, seen through the busy periods of some classes.
 *
 * While work x drains at unit speed and arrivals of the classes in a set H add their service to it, the arrival chain watched only at the
 * successive lowest levels of the work is itself Markov. Its (transform) generator U is the minimal solution of
 *
 *   U = Q + Σ_{j∈H} D_j φ_j[U],     φ_j[U] = ∫ dF_j(y) e^{Uy}
 *
 * with Q = D − Σ_{j∈H} D_j − sI for the transform of time, or Q = D − Σ D_j + (ζ−1) D_k for the generating function of class-k arrivals.
 * Then e^{Ux} is the transform, with the chain, of the time to drain work x: everything a queue needs, in matrices of the order N of the
 * arrival chain only; the phases of service enter through scalar functions of U.
 *
 * Method: U is kept in Schur form U = WTW*. With service in triangular coordinates (alpha, Θ, a) the blocks X_i = g_i(U) of
 * (−(Θ ⊕ U))⁻¹ a are functions of U, found column by column on T. Newton's step solves, also column by column,
 *
 *   L(−t_c) δ_c = known,     L(z) = I − Σ_j D_j Σ_i y_{j,i}(z) X_{j,i},   y_j(z) = alpha_j (zI − Θ_j)⁻¹,
 *
 * which is nonsingular for Re z ≥ 0: quadratic convergence, O(N³) a step for each phase, to rounding. The derivatives of U with respect to s
 * or ζ solve the same equation with other right-hand sides.
 *
 * Sources: the functional equation is Neuts (1989), Structured Stochastic Matrices of M/G/1 Type, chapter 5, and Takine & Hasegawa (1994);
 * the Schur–Newton solution and the factor L are derived here from it.
 */
import {
  type ComplexMatrix,
  complexMultiply,
  complexMultiplyAdd,
  complexSchur,
  complexSolveInPlace,
  complexZero,
  type SchurForm,
} from '../num/index.js'
import type { PhaseKernel } from './phase-kernel.js'
import { phaseRow } from './phase-kernel.js'

/** One class as the kernels see it. */
export interface ClassKernel {
  readonly rate: number
  /** D_k, N × N row by row. */
  readonly arrivals: Float64Array
  readonly service: PhaseKernel
}

/** U in Schur form, with the functions g_i(T) of each class that was asked for. */
export interface BusySolution {
  readonly generator: ComplexMatrix
  readonly schur: SchurForm
  /** Largest entry of Q + Σ D_j φ_j[U] − U over the largest of Q. */
  readonly residual: number
  readonly steps: number
}

/** The blocks g_i(T), i < order, upper triangular, one after another: entry (i, r, c) at (i·N + r)·N + c. */
export interface Blocks {
  readonly re: Float64Array
  readonly im: Float64Array
}

/** g_i(T) = ((−ΘI − T)⁻¹ a)_i: what remains of a service in phase i, run through the chain in Schur coordinates. */
export function serviceBlocks(k: PhaseKernel, t: ComplexMatrix): Blocks {
  const N = t.n
  const { order, band, thetaRe, thetaIm } = k
  const re = new Float64Array(order * N * N)
  const im = new Float64Array(order * N * N)
  for (let c = 0; c < N; c++) {
    const tcr = t.re[c * N + c]
    const tci = t.im[c * N + c]
    for (let i = order - 1; i >= 0; i--) {
      const dr = thetaRe[i * order + i] + tcr
      const di = thetaIm[i * order + i] + tci
      const d = 1 / (dr * dr + di * di)
      const end = Math.min(order - 1, i + band)
      for (let r = 0; r <= c; r++) {
        let sr = r === c ? -k.exitRe[i] : 0
        let si = r === c ? -k.exitIm[i] : 0
        const row = (i * N + r) * N
        for (let m = r; m < c; m++) {
          const ur = t.re[m * N + c]
          const ui = t.im[m * N + c]
          sr -= re[row + m] * ur - im[row + m] * ui
          si -= re[row + m] * ui + im[row + m] * ur
        }
        for (let m = i + 1; m <= end; m++) {
          const p = (m * N + r) * N + c
          const hr = thetaRe[i * order + m]
          const hi = thetaIm[i * order + m]
          sr -= hr * re[p] - hi * im[p]
          si -= hr * im[p] + hi * re[p]
        }
        re[row + c] = (sr * dr + si * di) * d
        im[row + c] = (si * dr - sr * di) * d
      }
    }
  }
  return { re, im }
}

/** Σ_i w_i B_i for a weight row w, into `out` (N × N, added). */
export function addWeighted(
  blocks: Blocks,
  N: number,
  order: number,
  wr: Float64Array,
  wi: Float64Array,
  outRe: Float64Array,
  outIm: Float64Array,
): void {
  const size = N * N
  for (let i = 0; i < order; i++) {
    const a = wr[i]
    const b = wi[i]
    if (a === 0 && b === 0) continue
    for (let p = 0, q = i * size; p < size; p++, q++) {
      outRe[p] += a * blocks.re[q] - b * blocks.im[q]
      outIm[p] += a * blocks.im[q] + b * blocks.re[q]
    }
  }
}

/** A real matrix in Schur coordinates: W* D W. */
export function inSchur(data: Float64Array, w: ComplexMatrix): ComplexMatrix {
  const n = w.n
  const dw = complexZero(n)
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < n; k++) {
      const x = data[i * n + k]
      if (x === 0) continue
      for (let j = 0; j < n; j++) {
        dw.re[i * n + j] += x * w.re[k * n + j]
        dw.im[i * n + j] += x * w.im[k * n + j]
      }
    }
  }
  return complexMultiply(w, dw, 'left')
}

/**
 * The linearised equation at (U, X) in Schur coordinates: given right-hand sides, finds Δ and the δX_i with
 *   Δ − Σ_j D_j Σ_i α_i δX_i = rhs,   Θ δX + δX T + G Δ + extra = 0.
 * `extra` (per class, blocks) is added to; pass zero blocks for Newton's step.
 */
function linearised(
  t: ComplexMatrix,
  classes: readonly ClassKernel[],
  hats: readonly ComplexMatrix[],
  blocks: readonly Blocks[],
  rhs: ComplexMatrix,
  extra: readonly Blocks[] | undefined,
): { delta: ComplexMatrix; moved: Blocks[] } {
  const N = t.n
  const size = N * N
  const delta = complexZero(N)
  const moved = classes.map((k) => ({
    re: new Float64Array(k.service.order * size),
    im: new Float64Array(k.service.order * size),
  }))
  const hRe = classes.map((k) => new Float64Array(k.service.order * N))
  const hIm = classes.map((k) => new Float64Array(k.service.order * N))
  const largest = classes.reduce((m, k) => Math.max(m, k.service.order), 1)
  const yr = new Float64Array(largest)
  const yi = new Float64Array(largest)
  const lr = new Float64Array(size)
  const li = new Float64Array(size)
  const br = new Float64Array(N)
  const bi = new Float64Array(N)
  const sr = new Float64Array(size)
  const si = new Float64Array(size)
  const vr = new Float64Array(N)
  const vi = new Float64Array(N)
  for (let c = 0; c < N; c++) {
    const zr = -t.re[c * N + c]
    const zi = -t.im[c * N + c]
    lr.fill(0)
    li.fill(0)
    for (let r = 0; r < N; r++) {
      lr[r * N + r] = 1
      br[r] = rhs.re[r * N + c]
      bi[r] = rhs.im[r * N + c]
    }
    for (let j = 0; j < classes.length; j++) {
      const k = classes[j]
      const { order } = k.service
      const hat = hats[j]
      const g = blocks[j]
      const out = moved[j]
      const hr = hRe[j]
      const hi = hIm[j]
      phaseRow(k.service, zr, zi, yr, yi)
      sr.fill(0)
      si.fill(0)
      addWeighted(g, N, order, yr, yi, sr, si)
      vr.fill(0)
      vi.fill(0)
      for (let i = 0; i < order; i++) {
        for (let r = 0; r < N; r++) {
          let xr = 0
          let xi = 0
          const row = (i * N + r) * N
          for (let m = 0; m < c; m++) {
            const ur = t.re[m * N + c]
            const ui = t.im[m * N + c]
            xr += out.re[row + m] * ur - out.im[row + m] * ui
            xi += out.re[row + m] * ui + out.im[row + m] * ur
          }
          if (extra) {
            xr += extra[j].re[row + c]
            xi += extra[j].im[row + c]
          }
          hr[i * N + r] = xr
          hi[i * N + r] = xi
          vr[r] += yr[i] * xr - yi[i] * xi
          vi[r] += yr[i] * xi + yi[i] * xr
        }
      }
      // L −= D̂ · S (S upper triangular), rhs += D̂ · v.
      for (let r = 0; r < N; r++) {
        for (let m = 0; m < N; m++) {
          const ar = hat.re[r * N + m]
          const ai = hat.im[r * N + m]
          br[r] += ar * vr[m] - ai * vi[m]
          bi[r] += ar * vi[m] + ai * vr[m]
          for (let q = m; q < N; q++) {
            const xr = sr[m * N + q]
            const xi = si[m * N + q]
            lr[r * N + q] -= ar * xr - ai * xi
            li[r * N + q] -= ar * xi + ai * xr
          }
        }
      }
    }
    complexSolveInPlace(N, lr, li, br, bi)
    for (let r = 0; r < N; r++) {
      delta.re[r * N + c] = br[r]
      delta.im[r * N + c] = bi[r]
    }
    for (let j = 0; j < classes.length; j++) {
      const { order, band, thetaRe, thetaIm } = classes[j].service
      const g = blocks[j]
      const out = moved[j]
      for (let i = order - 1; i >= 0; i--) {
        const dr = thetaRe[i * order + i] - zr
        const di = thetaIm[i * order + i] - zi
        const d = 1 / (dr * dr + di * di)
        const end = Math.min(order - 1, i + band)
        for (let r = 0; r < N; r++) {
          let xr = -hRe[j][i * N + r]
          let xi = -hIm[j][i * N + r]
          const row = (i * N + r) * N
          for (let m = r; m < N; m++) {
            xr -= g.re[row + m] * br[m] - g.im[row + m] * bi[m]
            xi -= g.re[row + m] * bi[m] + g.im[row + m] * br[m]
          }
          for (let m = i + 1; m <= end; m++) {
            const p = (m * N + r) * N + c
            const hr = thetaRe[i * order + m]
            const hi = thetaIm[i * order + m]
            xr -= hr * out.re[p] - hi * out.im[p]
            xi -= hr * out.im[p] + hi * out.re[p]
          }
          out.re[row + c] = (xr * dr + xi * di) * d
          out.im[row + c] = (xi * dr - xr * di) * d
        }
      }
    }
  }
  return { delta, moved }
}

function size(m: { readonly re: Float64Array; readonly im: Float64Array }): number {
  let best = 0
  for (let i = 0; i < m.re.length; i++) best = Math.max(best, Math.abs(m.re[i]) + Math.abs(m.im[i]))
  return best
}

/**
 * The minimal solution U of U = Q + Σ D_j φ_j[U] by Newton's method from `start` (default Q, from which it rises monotonically when Q is a
 * real sub-generator). The caller judges `residual`; below 1e-10 is a solution to rounding, 60 steps are the most taken.
 */
export function solveBusy(q: ComplexMatrix, classes: readonly ClassKernel[], start: ComplexMatrix = q): BusySolution {
  const N = q.n
  const scale = size(q)
  let u: ComplexMatrix = { n: N, re: start.re.slice(), im: start.im.slice() }
  if (classes.length === 0) return { generator: q, schur: complexSchur(q), residual: 0, steps: 0 }
  let best: BusySolution | undefined
  for (let steps = 0; ; steps++) {
    const schur = complexSchur(u)
    const { unitary: w, triangular: t } = schur
    const hats = classes.map((k) => inSchur(k.arrivals, w))
    const blocks = classes.map((k) => serviceBlocks(k.service, t))
    // F = Q̂ + Σ D̂_j φ_j(T) − T in Schur coordinates.
    const f = complexMultiply(w, complexMultiply(q, w), 'left')
    classes.forEach((k, j) => {
      const phi = complexZero(N)
      addWeighted(blocks[j], N, k.service.order, k.service.alphaRe, k.service.alphaIm, phi.re, phi.im)
      complexMultiplyAdd(N, hats[j], 0, phi, 0, f, 0)
    })
    for (let p = 0; p < N * N; p++) {
      f.re[p] -= t.re[p]
      f.im[p] -= t.im[p]
    }
    const residual = size(f) / scale
    const now: BusySolution = { generator: u, schur, residual, steps }
    // Rounding level reached: the residual no longer falls.
    if (best !== undefined && best.residual < 1e-11 && residual >= best.residual / 4) return residual < best.residual ? now : best
    if (residual < 3e-15 || steps >= 60 || !Number.isFinite(residual))
      return best !== undefined && !(residual < best.residual) ? best : now
    if (best === undefined || residual < best.residual) best = now
    const { delta } = linearised(t, classes, hats, blocks, f, undefined)
    const step = complexMultiply(complexMultiply(w, delta), w, 'right')
    const next = complexZero(N)
    for (let p = 0; p < N * N; p++) {
      next.re[p] = u.re[p] + step.re[p]
      next.im[p] = u.im[p] + step.im[p]
    }
    u = next
  }
}

/**
 * U(ε) = U_0 + U_1 ε + … when Q(ε) = Q + ε C: the coefficients in the Schur coordinates of U_0, T first.
 */
export function busyExpansion(
  solution: BusySolution,
  classes: readonly ClassKernel[],
  direction: Float64Array,
  count: number,
): ComplexMatrix[] {
  const { unitary: w, triangular: t } = solution.schur
  const N = t.n
  const out: ComplexMatrix[] = [t]
  const c = inSchur(direction, w)
  const hats = classes.map((k) => inSchur(k.arrivals, w))
  const zeroth = classes.map((k) => serviceBlocks(k.service, t))
  const series: Blocks[][] = [zeroth]
  for (let m = 1; m <= count; m++) {
    const rhs = m === 1 ? c : complexZero(N)
    if (classes.length === 0) {
      out.push(rhs)
      continue
    }
    // extra = Σ_{0<l<m} X^(l) U_{m−l}
    const extra = classes.map((k, j) => {
      const sum = { re: new Float64Array(k.service.order * N * N), im: new Float64Array(k.service.order * N * N) }
      for (let l = 1; l < m; l++) addBlockProduct(series[l][j], out[m - l], k.service.order, sum)
      return sum
    })
    const { delta, moved } = linearised(t, classes, hats, zeroth, rhs, extra)
    out.push(delta)
    series.push(moved)
  }
  return out
}

/** sum_i += blocks_i · m for every i. */
export function addBlockProduct(blocks: Blocks, m: ComplexMatrix, order: number, sum: Blocks): void {
  const N = m.n
  for (let row = 0; row < order * N; row++) {
    const base = row * N
    for (let k = 0; k < N; k++) {
      const xr = blocks.re[base + k]
      const xi = blocks.im[base + k]
      if (xr === 0 && xi === 0) continue
      for (let c = 0, p = k * N, o = base; c < N; c++, p++, o++) {
        sum.re[o] += xr * m.re[p] - xi * m.im[p]
        sum.im[o] += xr * m.im[p] + xi * m.re[p]
      }
    }
  }
}
