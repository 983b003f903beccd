/**
 * A phase-type law in the coordinates in which its transform is cheapest at complex arguments: upper triangular, with as narrow a band as
 * its structure allows, or diagonal when the eigenvectors are well conditioned.
 *
 * The law of (alpha, A) does not change under alpha → alpha·V, A → V⁻¹AV, a → V⁻¹a. Acyclic chains (Erlang, Coxian, hyper-Erlang) need
 * only an order of the phases; others a Schur form (V unitary, so nothing is lost). Cost of one transform: O(order · band).
 */
import { complexFromReal, complexSchur, exitRates, type PhaseType } from '../num/index.js'

export interface PhaseKernel {
  readonly order: number
  /** Entries above the diagonal reach at most this far. 0: diagonal. */
  readonly band: number
  /** Upper triangular generator Θ, row by row. */
  readonly thetaRe: Float64Array
  readonly thetaIm: Float64Array
  /** Initial row vector. */
  readonly alphaRe: Float64Array
  readonly alphaIm: Float64Array
  /** Absorption column. */
  readonly exitRe: Float64Array
  readonly exitIm: Float64Array
}

/** The kernel of a valid law without an atom at zero. */
export function phaseKernel(law: PhaseType): PhaseKernel {
  const n = law.alpha.length
  const exits = exitRates(law)
  const order = acyclicOrder(law)
  let kernel: PhaseKernel
  if (order) {
    const theta = new Float64Array(n * n)
    let band = 0
    order.forEach((p, i) => {
      order.forEach((q, j) => {
        const x = law.generator[p][q]
        theta[i * n + j] = x
        if (x !== 0 && j - i > band) band = j - i
      })
    })
    kernel = {
      order: n,
      band,
      thetaRe: theta,
      thetaIm: new Float64Array(n * n),
      alphaRe: Float64Array.from(order, (p) => law.alpha[p]),
      alphaIm: new Float64Array(n),
      exitRe: Float64Array.from(order, (p) => exits[p]),
      exitIm: new Float64Array(n),
    }
  } else {
    const { unitary: q, triangular: t } = complexSchur(complexFromReal(n, law.generator.flat()))
    const alphaRe = new Float64Array(n)
    const alphaIm = new Float64Array(n)
    const exitRe = new Float64Array(n)
    const exitIm = new Float64Array(n)
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        alphaRe[j] += law.alpha[i] * q.re[i * n + j]
        alphaIm[j] += law.alpha[i] * q.im[i * n + j]
        exitRe[j] += exits[i] * q.re[i * n + j]
        exitIm[j] -= exits[i] * q.im[i * n + j]
      }
    }
    kernel = { order: n, band: n - 1, thetaRe: t.re, thetaIm: t.im, alphaRe, alphaIm, exitRe, exitIm }
  }
  return kernel.band > 1 ? (diagonalised(kernel) ?? kernel) : kernel
}

/** An order of the phases in which every move goes forward, chains kept together; undefined when phases can return. */
function acyclicOrder(law: PhaseType): number[] | undefined {
  const n = law.alpha.length
  const state = new Int8Array(n)
  const finished: number[] = []
  const visit = (i: number): boolean => {
    state[i] = 1
    for (let j = n - 1; j >= 0; j--) {
      if (j === i || law.generator[i][j] === 0 || state[j] === 2) continue
      if (state[j] === 1 || !visit(j)) return false
    }
    state[i] = 2
    finished.push(i)
    return true
  }
  for (let i = n - 1; i >= 0; i--) {
    // Start from phases nothing leads to first, so that a chain is finished as one run.
    if (state[i] === 0 && !law.generator.some((row, k) => k !== i && row[i] !== 0) && !visit(i)) return undefined
  }
  for (let i = n - 1; i >= 0; i--) if (state[i] === 0 && !visit(i)) return undefined
  return finished.reverse()
}

/** Diagonal coordinates, or undefined when the eigenvectors are so ill-conditioned that digits would be lost (a factor 1e3 or more). */
function diagonalised(k: PhaseKernel): PhaseKernel | undefined {
  const n = k.order
  const { thetaRe: tr, thetaIm: ti } = k
  // V: columns are eigenvectors, unit diagonal, by back substitution; then alpha·V, and V⁻¹·exit by another back substitution.
  const vr = new Float64Array(n * n)
  const vi = new Float64Array(n * n)
  for (let c = 0; c < n; c++) {
    vr[c * n + c] = 1
    for (let r = c - 1; r >= 0; r--) {
      let sr = 0
      let si = 0
      for (let m = r + 1; m <= c; m++) {
        sr += tr[r * n + m] * vr[m * n + c] - ti[r * n + m] * vi[m * n + c]
        si += tr[r * n + m] * vi[m * n + c] + ti[r * n + m] * vr[m * n + c]
      }
      const dr = tr[c * n + c] - tr[r * n + r]
      const di = ti[c * n + c] - ti[r * n + r]
      const d = dr * dr + di * di
      if (sr === 0 && si === 0) continue
      if (d === 0) return undefined
      vr[r * n + c] = (sr * dr + si * di) / d
      vi[r * n + c] = (si * dr - sr * di) / d
    }
  }
  const alphaRe = new Float64Array(n)
  const alphaIm = new Float64Array(n)
  for (let c = 0; c < n; c++) {
    for (let r = 0; r <= c; r++) {
      alphaRe[c] += k.alphaRe[r] * vr[r * n + c] - k.alphaIm[r] * vi[r * n + c]
      alphaIm[c] += k.alphaRe[r] * vi[r * n + c] + k.alphaIm[r] * vr[r * n + c]
    }
  }
  const exitRe = k.exitRe.slice()
  const exitIm = k.exitIm.slice()
  for (let r = n - 1; r >= 0; r--) {
    for (let m = r + 1; m < n; m++) {
      exitRe[r] -= vr[r * n + m] * exitRe[m] - vi[r * n + m] * exitIm[m]
      exitIm[r] -= vr[r * n + m] * exitIm[m] + vi[r * n + m] * exitRe[m]
    }
  }
  const thetaRe = new Float64Array(n * n)
  const thetaIm = new Float64Array(n * n)
  let size = 0
  for (let i = 0; i < n; i++) {
    thetaRe[i * n + i] = tr[i * n + i]
    thetaIm[i * n + i] = ti[i * n + i]
    size += (Math.hypot(alphaRe[i], alphaIm[i]) * Math.hypot(exitRe[i], exitIm[i])) / Math.hypot(tr[i * n + i], ti[i * n + i])
  }
  return size < 1e3 ? { order: n, band: 0, thetaRe, thetaIm, alphaRe, alphaIm, exitRe, exitIm } : undefined
}

/** The row y = alpha (zI − Θ)⁻¹ into `re`, `im` from `at` on. */
export function phaseRow(k: PhaseKernel, zr: number, zi: number, re: Float64Array, im: Float64Array, at = 0): void {
  const { order: n, band, thetaRe: tr, thetaIm: ti } = k
  for (let i = 0; i < n; i++) {
    let sr = k.alphaRe[i]
    let si = k.alphaIm[i]
    for (let m = i > band ? i - band : 0; m < i; m++) {
      const yr = re[at + m]
      const yi = im[at + m]
      const p = m * n + i
      sr += yr * tr[p] - yi * ti[p]
      si += yr * ti[p] + yi * tr[p]
    }
    const dr = zr - tr[i * n + i]
    const di = zi - ti[i * n + i]
    const d = 1 / (dr * dr + di * di)
    re[at + i] = (sr * dr + si * di) * d
    im[at + i] = (si * dr - sr * di) * d
  }
}

/**
 * φ(z) = alpha (zI − Θ)⁻¹ a into out[0], out[1], and φ′(z) = −alpha (zI − Θ)⁻² a into out[2], out[3]. `work` holds 2·order numbers.
 */
export function phaseTransform(k: PhaseKernel, zr: number, zi: number, work: Float64Array, out: Float64Array): void {
  const { order: n, band, thetaRe: tr, thetaIm: ti } = k
  let fr = 0
  let fi = 0
  let gr = 0
  let gi = 0
  if (band === 0) {
    for (let i = 0; i < n; i++) {
      const dr = zr - tr[i * n + i]
      const di = zi - ti[i * n + i]
      const d = 1 / (dr * dr + di * di)
      const cr = k.alphaRe[i] * k.exitRe[i] - k.alphaIm[i] * k.exitIm[i]
      const ci = k.alphaRe[i] * k.exitIm[i] + k.alphaIm[i] * k.exitRe[i]
      const xr = (cr * dr + ci * di) * d
      const xi = (ci * dr - cr * di) * d
      fr += xr
      fi += xi
      gr -= (xr * dr + xi * di) * d
      gi -= (xi * dr - xr * di) * d
    }
  } else {
    // x = (zI − Θ)⁻¹ a from the last phase back; then y = alpha (zI − Θ)⁻¹ forward, and φ′ = −y·x.
    for (let i = n - 1; i >= 0; i--) {
      let sr = k.exitRe[i]
      let si = k.exitIm[i]
      const end = Math.min(i + band, n - 1)
      for (let m = i + 1, p = i * n + i + 1; m <= end; m++, p++) {
        const xr = work[2 * m]
        const xi = work[2 * m + 1]
        sr += tr[p] * xr - ti[p] * xi
        si += tr[p] * xi + ti[p] * xr
      }
      const dr = zr - tr[i * n + i]
      const di = zi - ti[i * n + i]
      const d = 1 / (dr * dr + di * di)
      const xr = (sr * dr + si * di) * d
      const xi = (si * dr - sr * di) * d
      work[2 * i] = xr
      work[2 * i + 1] = xi
      fr += k.alphaRe[i] * xr - k.alphaIm[i] * xi
      fi += k.alphaRe[i] * xi + k.alphaIm[i] * xr
    }
    // (zI − Θ)⁻¹ x, again from the last phase back, in place.
    for (let i = n - 1; i >= 0; i--) {
      let sr = work[2 * i]
      let si = work[2 * i + 1]
      const end = Math.min(i + band, n - 1)
      for (let m = i + 1, p = i * n + i + 1; m <= end; m++, p++) {
        const xr = work[2 * m]
        const xi = work[2 * m + 1]
        sr += tr[p] * xr - ti[p] * xi
        si += tr[p] * xi + ti[p] * xr
      }
      const dr = zr - tr[i * n + i]
      const di = zi - ti[i * n + i]
      const d = 1 / (dr * dr + di * di)
      const xr = (sr * dr + si * di) * d
      const xi = (si * dr - sr * di) * d
      work[2 * i] = xr
      work[2 * i + 1] = xi
      gr -= k.alphaRe[i] * xr - k.alphaIm[i] * xi
      gi -= k.alphaRe[i] * xi + k.alphaIm[i] * xr
    }
  }
  out[0] = fr
  out[1] = fi
  out[2] = gr
  out[3] = gi
}
