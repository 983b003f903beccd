/**
 * Stationary work in front of some classes, jointly with the arrival chain.
 *
 * For the classes of a set A, served without idling except for the services of lower classes l that cannot be interrupted ("vacations",
 * starting at rate vector r_l over the chain), the transform of the work found at a moment is
 *
 *   W(z) = [ w + Σ_l r_l Φ_l(z) ] L(z)⁻¹,    L(z) = I − Σ_{j∈A} D_j Φ_j(z),    Φ(z) = Σ_i y_i(z) X_i
 *
 * with w the probabilities of an idle server, y(z) = alpha (zI − Θ)⁻¹ and X_i = g_i(U_A). It is the Pollaczek–Khinchine geometric sum of
 * ladder heights with matrices for numbers: nothing is subtracted, nothing is singular for Re z ≥ 0, however near saturation.
 * It follows from z w + Σ r_l(1 − φ_l(z)) = W(z)[zI + D_A(z)] because zI + D_A(z) = L(z)(zI + U_A).
 */
import { type ComplexMatrix, complexMultiplyAdd, complexSolveInPlace, complexZero, stationaryVector } from '../num/index.js'
import { addBlockProduct, type Blocks, type BusySolution, type ClassKernel, serviceBlocks } from './map-busy.js'
import type { PhaseKernel } from './phase-kernel.js'

/** A lower class whose services block the classes of the level. */
export interface Vacation {
  readonly service: PhaseKernel
  /** Rate at which its services start, by chain state. */
  readonly starts: Float64Array
  /** starts · X_i, one row a phase. */
  readonly rowsRe: Float64Array
  readonly rowsIm: Float64Array
}

/** The work of the classes in A. */
export interface Level {
  readonly n: number
  readonly classes: readonly ClassKernel[]
  readonly busy: BusySolution
  /** Probability of an idle server by chain state. */
  readonly idle: Float64Array
  /** D_j X_i for each class. */
  readonly ladders: readonly Blocks[]
  readonly vacations: readonly Vacation[]
}

/** X_i = W g_i(T) W* in chain coordinates, times an optional real matrix on the left. */
function chainBlocks(g: Blocks, order: number, busy: BusySolution, left?: Float64Array): Blocks {
  const { unitary: w } = busy.schur
  const n = w.n
  const re = new Float64Array(order * n * n)
  const im = new Float64Array(order * n * n)
  let lw = w
  if (left) {
    const m = complexZero(n)
    for (let i = 0; i < n; i++) {
      for (let k = 0; k < n; k++) {
        const x = left[i * n + k]
        if (x === 0) continue
        for (let j = 0; j < n; j++) {
          m.re[i * n + j] += x * w.re[k * n + j]
          m.im[i * n + j] += x * w.im[k * n + j]
        }
      }
    }
    lw = m
  }
  const adjoint = complexZero(n)
  for (let r = 0; r < n; r++) {
    for (let c = 0; c < n; c++) {
      adjoint.re[c * n + r] = w.re[r * n + c]
      adjoint.im[c * n + r] = -w.im[r * n + c]
    }
  }
  const half = complexZero(n)
  const out = { re, im }
  for (let i = 0; i < order; i++) {
    const at = i * n * n
    half.re.fill(0)
    half.im.fill(0)
    complexMultiplyAdd(n, lw, 0, g, at, half, 0)
    complexMultiplyAdd(n, half, 0, adjoint, 0, out, at)
  }
  return { re, im }
}

/** Probabilities of the chain on the clock that runs only while no work of the level is there: stationary vector of U_A. */
export function idlePhases(busy: BusySolution): Float64Array | undefined {
  return stationaryVector({
    rows: busy.generator.n,
    columns: busy.generator.n,
    data: busy.generator.re.map((x) => Math.max(0, x)),
  })
}

/** The level of the classes in A, given its busy solution, the idle probabilities and the vacations. */
export function makeLevel(
  classes: readonly ClassKernel[],
  busy: BusySolution,
  idle: Float64Array,
  vacations: readonly { service: PhaseKernel; starts: Float64Array }[],
): Level {
  const n = busy.generator.n
  const { triangular: t } = busy.schur
  return {
    n,
    classes,
    busy,
    idle,
    ladders: classes.map((k) => chainBlocks(serviceBlocks(k.service, t), k.service.order, busy, k.arrivals)),
    vacations: vacations.map(({ service, starts }) => {
      const x = chainBlocks(serviceBlocks(service, t), service.order, busy)
      const rowsRe = new Float64Array(service.order * n)
      const rowsIm = new Float64Array(service.order * n)
      for (let i = 0; i < service.order; i++) {
        for (let r = 0; r < n; r++) {
          const p = (i * n + r) * n
          for (let c = 0; c < n; c++) {
            rowsRe[i * n + c] += starts[r] * x.re[p + c]
            rowsIm[i * n + c] += starts[r] * x.im[p + c]
          }
        }
      }
      return { service, starts, rowsRe, rowsIm }
    }),
  }
}

/**
 * Σ_i over phases of ∫ (alpha e^{Θx})_i e^{G(ε)x} dx as a series in ε: Y_i^(m), from Y Θ + Y G = −alpha, G_0 = T upper triangular.
 */
export function argumentBlocks(k: PhaseKernel, g: readonly ComplexMatrix[], count: number): Blocks[] {
  const t = g[0]
  const n = t.n
  const { order, band, thetaRe, thetaIm } = k
  const out: Blocks[] = []
  for (let m = 0; m <= count; m++) {
    const known: Blocks = { re: new Float64Array(order * n * n), im: new Float64Array(order * n * n) }
    for (let l = 0; l < m; l++) if (g[m - l] !== undefined) addBlockProduct(out[l], g[m - l], order, known)
    const re = new Float64Array(order * n * n)
    const im = new Float64Array(order * n * n)
    for (let c = 0; c < n; c++) {
      const tr = t.re[c * n + c]
      const ti = t.im[c * n + c]
      for (let i = 0; i < order; i++) {
        const dr = thetaRe[i * order + i] + tr
        const di = thetaIm[i * order + i] + ti
        const d = 1 / (dr * dr + di * di)
        const from = Math.max(0, i - band)
        const rows = m === 0 ? c : n - 1
        for (let r = 0; r <= rows; r++) {
          const row = (i * n + r) * n
          let sr = -known.re[row + c]
          let si = -known.im[row + c]
          if (m === 0 && r === c) {
            sr -= k.alphaRe[i]
            si -= k.alphaIm[i]
          }
          for (let q = m === 0 ? r : 0; q < c; q++) {
            const ur = t.re[q * n + c]
            const ui = t.im[q * n + c]
            sr -= re[row + q] * ur - im[row + q] * ui
            si -= re[row + q] * ui + im[row + q] * ur
          }
          for (let q = from; q < i; q++) {
            const p = (q * n + r) * n + c
            const hr = thetaRe[q * order + i]
            const hi = thetaIm[q * order + i]
            sr -= hr * re[p] - hi * im[p]
            si -= hr * im[p] + hi * re[p]
          }
          re[row + c] = (sr * dr + si * di) * d
          im[row + c] = (si * dr - sr * di) * d
        }
      }
    }
    out.push({ re, im })
  }
  return out
}

/** φ(G(ε)) as a series: Σ_i Y_i^(m) a_i. */
export function argumentTransform(k: PhaseKernel, blocks: readonly Blocks[], n: number): ComplexMatrix[] {
  return blocks.map((y) => {
    const out = complexZero(n)
    for (let i = 0; i < k.order; i++) {
      for (let p = 0, q = i * n * n; p < n * n; p++, q++) {
        out.re[p] += y.re[q] * k.exitRe[i] - y.im[q] * k.exitIm[i]
        out.im[p] += y.re[q] * k.exitIm[i] + y.im[q] * k.exitRe[i]
      }
    }
    return out
  })
}

/** A row of the series: N complex entries. */
export interface Row {
  readonly re: Float64Array
  readonly im: Float64Array
}

/**
 * ∫ W(dx) B e^{G(ε)x} as a series in ε: what becomes of the work of the level when it is run through another busy generator G(ε).
 *
 * `g` in Schur coordinates (T first), `start` the series of B already in those coordinates on the right. With F = Σ over ladders,
 *   F = B + Σ_j D_j Σ_i X_i F Y_i,  column by column  L(−t_c) F_c = known;  result = w F + Σ_l r_l Σ_i X_i F Y_i.
 */
export function throughWork(level: Level, g: readonly ComplexMatrix[], start: readonly ComplexMatrix[], count: number): Row[] {
  const { n, classes, ladders, vacations, idle } = level
  const arguments_ = classes.map((k) => argumentBlocks(k.service, g, count))
  const f: ComplexMatrix[] = []
  const scratch = complexZero(n)
  const lr = new Float64Array(n * n)
  const li = new Float64Array(n * n)
  const br = new Float64Array(n)
  const bi = new Float64Array(n)
  const vr = new Float64Array(n)
  const vi = new Float64Array(n)
  for (let m = 0; m <= count; m++) {
    const known = complexZero(n)
    if (start[m] !== undefined) {
      known.re.set(start[m].re)
      known.im.set(start[m].im)
    }
    if (m > 0) {
      for (let j = 0; j < classes.length; j++) {
        for (let i = 0; i < classes[j].service.order; i++) {
          const at = i * n * n
          scratch.re.fill(0)
          scratch.im.fill(0)
          for (let l = 0; l < m; l++) complexMultiplyAdd(n, f[l], 0, arguments_[j][m - l], at, scratch, 0)
          complexMultiplyAdd(n, ladders[j], at, scratch, 0, known, 0)
        }
      }
    }
    const now = complexZero(n)
    for (let c = 0; c < n; c++) {
      lr.fill(0)
      li.fill(0)
      for (let r = 0; r < n; r++) {
        lr[r * n + r] = 1
        br[r] = known.re[r * n + c]
        bi[r] = known.im[r * n + c]
      }
      for (let j = 0; j < classes.length; j++) {
        const y = arguments_[j][0]
        const ladder = ladders[j]
        for (let i = 0; i < classes[j].service.order; i++) {
          const base = i * n * n
          const yr = y.re[base + c * n + c]
          const yi = y.im[base + c * n + c]
          for (let r = 0; r < n; r++) {
            let sr = 0
            let si = 0
            for (let q = 0; q < c; q++) {
              const ur = y.re[base + q * n + c]
              const ui = y.im[base + q * n + c]
              sr += now.re[r * n + q] * ur - now.im[r * n + q] * ui
              si += now.re[r * n + q] * ui + now.im[r * n + q] * ur
            }
            vr[r] = sr
            vi[r] = si
          }
          for (let r = 0; r < n; r++) {
            for (let q = 0, p = base + r * n, o = r * n; q < n; q++, p++, o++) {
              const ar = ladder.re[p]
              const ai = ladder.im[p]
              lr[o] -= ar * yr - ai * yi
              li[o] -= ar * yi + ai * yr
              br[r] += ar * vr[q] - ai * vi[q]
              bi[r] += ar * vi[q] + ai * vr[q]
            }
          }
        }
      }
      complexSolveInPlace(n, lr, li, br, bi)
      for (let r = 0; r < n; r++) {
        now.re[r * n + c] = br[r]
        now.im[r * n + c] = bi[r]
      }
    }
    f.push(now)
  }
  const out: Row[] = []
  for (let m = 0; m <= count; m++) {
    const re = new Float64Array(n)
    const im = new Float64Array(n)
    for (let r = 0; r < n; r++) {
      for (let c = 0; c < n; c++) {
        re[c] += idle[r] * f[m].re[r * n + c]
        im[c] += idle[r] * f[m].im[r * n + c]
      }
    }
    out.push({ re, im })
  }
  const rowRe = new Float64Array(n)
  const rowIm = new Float64Array(n)
  for (const vacation of vacations) {
    const { order } = vacation.service
    const y = argumentBlocks(vacation.service, g, count)
    // Rows r_l X_i F^(l), then times Y_i.
    for (let l = 0; l <= count; l++) {
      for (let i = 0; i < order; i++) {
        rowRe.fill(0)
        rowIm.fill(0)
        rowTimesInto(vacation.rowsRe, vacation.rowsIm, i * n, f[l], 0, n, rowRe, rowIm)
        for (let m = l; m <= count; m++) rowTimesInto(rowRe, rowIm, 0, y[m - l], i * n * n, n, out[m].re, out[m].im)
      }
    }
  }
  return out
}

/** out += row (from offset `at`) times the N × N matrix that starts at `base`. */
function rowTimesInto(
  re: Float64Array,
  im: Float64Array,
  at: number,
  m: { readonly re: Float64Array; readonly im: Float64Array },
  base: number,
  n: number,
  outRe: Float64Array,
  outIm: Float64Array,
): void {
  for (let r = 0; r < n; r++) {
    const x = re[at + r]
    const y = im[at + r]
    for (let c = 0, p = base + r * n; c < n; c++, p++) {
      outRe[c] += x * m.re[p] - y * m.im[p]
      outIm[c] += x * m.im[p] + y * m.re[p]
    }
  }
}
