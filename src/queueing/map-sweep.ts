/**
 * The transform of one class's time, and the generating function of its number, at many complex arguments in a row.
 *
 * At one argument U = V diag(u) V⁻¹ is found by its eigenpairs: (u, v) is one when M(−u) v = 0 with
 *   M(z) = Q_H + zI + Σ_{j∈H} D_j φ_j(z),
 * N roots z = −u in Re z > 0, followed from argument to argument by Newton's method (nonlinear inverse iteration). The work then enters
 * only through its transform W(z) at these z, one N × N solve each. N distinct roots on the right are all there are, so the outcome checks
 * itself; where roots meet or are missed, the Schur–Newton solution of map-busy takes over for that argument.
 */
import { type ComplexMatrix, complexSolveInPlace, complexZero } from '../num/index.js'
import { type ClassKernel, solveBusy } from './map-busy.js'
import { argumentBlocks, argumentTransform, type Level, throughWork } from './map-workload.js'
import { phaseRow, phaseTransform } from './phase-kernel.js'

/** What is needed of one class: its work, who interrupts it, and whether its own service can be interrupted. */
export interface SweepTarget {
  readonly own: ClassKernel
  readonly level: Level
  /** Classes that interrupt: H. */
  readonly interrupters: readonly ClassKernel[]
  /** Q_H = D − Σ_{j∈H} D_j, N × N. */
  readonly undisturbed: Float64Array
  /** Q_A = D − Σ_{j∈A} D_j. */
  readonly silent: Float64Array
  /** True when the own service is part of the work that higher classes push back. */
  readonly serviceInside: boolean
}

/** A walker over arguments; not to be shared between callers. */
export interface Sweep {
  /** E e^{−sX}, Re s > 0: X the response where the service is inside, the wait before service where not. Into out[0], out[1]. */
  time(sr: number, si: number, out: Float64Array): void
  /**
   * Row over the chain of E[ζ^(class arrivals during X)] · rate, |ζ| < 1, into `re`, `im`.
   */
  marks(zr: number, zi: number, re: Float64Array, im: Float64Array): void
  /** How many arguments needed the slow path, and the largest residual seen there. */
  readonly counts: { arguments: number; slow: number; residual: number }
}

/** A sweep for the target. */
export function makeSweep(target: SweepTarget): Sweep {
  const { own, level, interrupters, undisturbed, silent, serviceInside } = target
  const N = level.n
  const NN = N * N
  const base = complexZero(N)
  const counts = { arguments: 0, slow: 0, residual: 0 }
  const rootRe = new Float64Array(N)
  const rootIm = new Float64Array(N)
  const lastRe = new Float64Array(N)
  const lastIm = new Float64Array(N)
  const vecRe = new Float64Array(NN) // row i: eigenvector i
  const vecIm = new Float64Array(NN)
  const mRe = new Float64Array(NN)
  const mIm = new Float64Array(NN)
  const bRe = new Float64Array(N)
  const bIm = new Float64Array(N)
  const valueRe = new Float64Array(N)
  const valueIm = new Float64Array(N)
  const order = Math.max(1, ...level.classes.map((k) => k.service.order), ...level.vacations.map((v) => v.service.order))
  const work = new Float64Array(2 * order)
  const phi = new Float64Array(4)
  const rowRe = new Float64Array(order)
  const rowIm = new Float64Array(order)
  const edgeRe = Float64Array.from({ length: N }, (_, i) => -level.busy.schur.triangular.re[i * N + i])
  const edgeIm = Float64Array.from({ length: N }, (_, i) => -level.busy.schur.triangular.im[i * N + i])
  const scale = silent.reduce((m, x) => Math.max(m, Math.abs(x)), 0)
  const ownIndex = level.classes.indexOf(own)
  const single = interrupters.length === 0
  /** Component of each eigenvector that is held at 1, so that eigenvectors are smooth in the argument and can be extrapolated. */
  const held = new Int32Array(N)
  const olderRe = new Float64Array(N)
  const olderIm = new Float64Array(N)
  const lastVecRe = new Float64Array(NN)
  const lastVecIm = new Float64Array(NN)
  let steady = 0
  const anchorRe = new Float64Array(N)
  const anchorIm = new Float64Array(N)
  const anchorVecRe = new Float64Array(NN)
  const anchorVecIm = new Float64Array(NN)
  let anchorS = 0
  let anchored = false
  let known = false
  let lastS = 0
  let lastSi = 0
  let haveStep = false
  let mode = ''

  function multiplyIntoM(arrivals: Float64Array, fr: number, fi: number): void {
    for (let p = 0; p < NN; p++) {
      const x = arrivals[p]
      if (x === 0) continue
      mRe[p] += x * fr
      mIm[p] += x * fi
    }
  }

  /** Newton on eigenpair i; false when it did not settle. */
  function refine(i: number): boolean {
    let zr = rootRe[i]
    let zi = rootIm[i]
    const at = i * N
    for (let step = 0; step < 20; step++) {
      mRe.set(base.re)
      mIm.set(base.im)
      for (let r = 0; r < N; r++) {
        mRe[r * N + r] += zr
        mIm[r * N + r] += zi
        bRe[r] = vecRe[at + r]
        bIm[r] = vecIm[at + r]
      }
      for (let j = 0; j < interrupters.length; j++) {
        const { arrivals, service } = interrupters[j]
        phaseTransform(service, zr, zi, work, phi)
        const fr = phi[0]
        const fi = phi[1]
        const gr = phi[2]
        const gi = phi[3]
        for (let r = 0, p = 0; r < N; r++) {
          let xr = 0
          let xi = 0
          for (let c = 0; c < N; c++, p++) {
            const d = arrivals[p]
            if (d === 0) continue
            mRe[p] += d * fr
            mIm[p] += d * fi
            xr += d * vecRe[at + c]
            xi += d * vecIm[at + c]
          }
          bRe[r] += xr * gr - xi * gi
          bIm[r] += xr * gi + xi * gr
        }
      }
      if (N === 1) {
        // Plain Newton: z − M/M′ with v = 1.
        const d = bRe[0] * bRe[0] + bIm[0] * bIm[0]
        const sr = (mRe[0] * bRe[0] + mIm[0] * bIm[0]) / d
        const si = (mIm[0] * bRe[0] - mRe[0] * bIm[0]) / d
        zr -= sr
        zi -= si
        if (Math.abs(sr) + Math.abs(si) <= 1e-8 * (Math.abs(zr) + Math.abs(zi))) {
          rootRe[i] = zr
          rootIm[i] = zi
          return zr > 0
        }
        continue
      }
      const pivot = complexSolveInPlace(N, mRe, mIm, bRe, bIm)
      if (pivot === 0) break // exactly on the root
      // μ = v*x / v*v; z ← z − 1/μ; v ← x / |x|.
      let ur = 0
      let ui = 0
      let vv = 0
      let largest = 0
      let widest = 0
      for (let r = 0; r < N; r++) {
        const a = vecRe[at + r]
        const b = vecIm[at + r]
        ur += a * bRe[r] + b * bIm[r]
        ui += a * bIm[r] - b * bRe[r]
        vv += a * a + b * b
        const size = Math.abs(bRe[r]) + Math.abs(bIm[r])
        if (size > largest) {
          largest = size
          widest = r
        }
      }
      const d = vv / (ur * ur + ui * ui)
      const sr = ur * d
      const si = -ui * d
      if (!(largest > 0 && Number.isFinite(sr) && Number.isFinite(si))) return false
      zr -= sr
      zi -= si
      if (Math.abs(bRe[held[i]]) + Math.abs(bIm[held[i]]) < 0.05 * largest) {
        held[i] = widest
        steady = 0
      }
      const hr = bRe[held[i]]
      const hi = bIm[held[i]]
      const h = 1 / (hr * hr + hi * hi)
      for (let r = 0; r < N; r++) {
        vecRe[at + r] = (bRe[r] * hr + bIm[r] * hi) * h
        vecIm[at + r] = (bIm[r] * hr - bRe[r] * hi) * h
      }
      if (Math.abs(sr) + Math.abs(si) <= 2e-7 * (Math.abs(zr) + Math.abs(zi))) {
        rootRe[i] = zr
        rootIm[i] = zi
        return zr > 0
      }
    }
    rootRe[i] = zr
    rootIm[i] = zi
    return false
  }

  /** W(z) D_k v [φ_k(z)] into value[i], for eigenpair i. */
  function through(i: number, zr: number, zi: number): void {
    const at = i * N
    let near = Number.POSITIVE_INFINITY
    for (let r = 0; r < N; r++) near = Math.min(near, Math.abs(zr - edgeRe[r]) + Math.abs(zi - edgeIm[r]))
    for (let r = 0; r < N; r++) {
      let xr = 0
      let xi = 0
      for (let c = 0, p = r * N; c < N; c++, p++) {
        const d = own.arrivals[p]
        xr += d * vecRe[at + c]
        xi += d * vecIm[at + c]
      }
      bRe[r] = xr
      bIm[r] = xi
    }
    let ownRe = 1
    let ownIm = 0
    let sumRe = 0
    let sumIm = 0
    if (near > 1e-4 * (scale + Math.abs(zr) + Math.abs(zi))) {
      // W(z) = [z w + Σ r_l (1 − φ_l(z))] (zI + D_A(z))⁻¹, away from its removable singularities.
      for (let p = 0; p < NN; p++) {
        mRe[p] = silent[p]
        mIm[p] = 0
      }
      for (let r = 0; r < N; r++) {
        mRe[r * N + r] += zr
        mIm[r * N + r] += zi
      }
      for (let j = 0; j < level.classes.length; j++) {
        phaseTransform(level.classes[j].service, zr, zi, work, phi)
        multiplyIntoM(level.classes[j].arrivals, phi[0], phi[1])
        if (j === ownIndex && serviceInside) {
          ownRe = phi[0]
          ownIm = phi[1]
        }
      }
      complexSolveInPlace(N, mRe, mIm, bRe, bIm)
      for (let r = 0; r < N; r++) {
        const wr = zr * level.idle[r]
        const wi = zi * level.idle[r]
        sumRe += wr * bRe[r] - wi * bIm[r]
        sumIm += wr * bIm[r] + wi * bRe[r]
      }
      for (let l = 0; l < level.vacations.length; l++) {
        const { service, starts } = level.vacations[l]
        phaseTransform(service, zr, zi, work, phi)
        let xr = 0
        let xi = 0
        for (let r = 0; r < N; r++) {
          xr += starts[r] * bRe[r]
          xi += starts[r] * bIm[r]
        }
        sumRe += xr * (1 - phi[0]) + xi * phi[1]
        sumIm += xi * (1 - phi[0]) - xr * phi[1]
      }
    } else {
      // W(z) = [w + Σ r_l Φ_l(z)] L(z)⁻¹.
      mRe.fill(0)
      mIm.fill(0)
      for (let r = 0; r < N; r++) mRe[r * N + r] = 1
      for (let j = 0; j < level.classes.length; j++) {
        const { service } = level.classes[j]
        const ladder = level.ladders[j]
        phaseRow(service, zr, zi, rowRe, rowIm)
        for (let q = 0, p = 0; q < service.order; q++) {
          const yr = rowRe[q]
          const yi = rowIm[q]
          for (let e = 0; e < NN; e++, p++) {
            mRe[e] -= ladder.re[p] * yr - ladder.im[p] * yi
            mIm[e] -= ladder.re[p] * yi + ladder.im[p] * yr
          }
        }
        if (j === ownIndex && serviceInside) {
          phaseTransform(service, zr, zi, work, phi)
          ownRe = phi[0]
          ownIm = phi[1]
        }
      }
      complexSolveInPlace(N, mRe, mIm, bRe, bIm)
      for (let r = 0; r < N; r++) {
        sumRe += level.idle[r] * bRe[r]
        sumIm += level.idle[r] * bIm[r]
      }
      for (let l = 0; l < level.vacations.length; l++) {
        const { service, rowsRe, rowsIm } = level.vacations[l]
        phaseRow(service, zr, zi, rowRe, rowIm)
        for (let q = 0; q < service.order; q++) {
          let xr = 0
          let xi = 0
          for (let r = 0, p = q * N; r < N; r++, p++) {
            xr += rowsRe[p] * bRe[r] - rowsIm[p] * bIm[r]
            xi += rowsRe[p] * bIm[r] + rowsIm[p] * bRe[r]
          }
          sumRe += xr * rowRe[q] - xi * rowIm[q]
          sumIm += xr * rowIm[q] + xi * rowRe[q]
        }
      }
    }
    valueRe[i] = sumRe * ownRe - sumIm * ownIm
    valueIm[i] = sumRe * ownIm + sumIm * ownRe
  }

  /** All eigenpairs at the base set, or false. Guesses must be in place. */
  function follow(): boolean {
    for (let i = 0; i < N; i++) if (!refine(i)) return false
    return true
  }

  /** V (columns: eigenvectors) into m; transposed when asked. */
  function loadVectors(transposed: boolean): void {
    for (let i = 0; i < N; i++) {
      for (let r = 0; r < N; r++) {
        const p = transposed ? i * N + r : r * N + i
        mRe[p] = vecRe[i * N + r]
        mIm[p] = vecIm[i * N + r]
      }
    }
  }

  /** The slow, sure path: U by Schur–Newton; leaves fresh eigenpairs behind and returns the row in chain coordinates. */
  function slowly(): { re: Float64Array; im: Float64Array } {
    counts.slow++
    const solution = solveBusy(base, interrupters)
    if (solution.residual > counts.residual) counts.residual = solution.residual
    const { unitary: w, triangular: t } = solution.schur
    const start = complexZero(N)
    for (let r = 0; r < N; r++) {
      for (let q = 0; q < N; q++) {
        const d = own.arrivals[r * N + q]
        if (d === 0) continue
        for (let c = 0; c < N; c++) {
          start.re[r * N + c] += d * w.re[q * N + c]
          start.im[r * N + c] += d * w.im[q * N + c]
        }
      }
    }
    let begin: ComplexMatrix = start
    if (serviceInside) {
      const own_ = argumentTransform(own.service, argumentBlocks(own.service, [t], 0), N)[0]
      begin = complexZero(N)
      for (let r = 0; r < N; r++) {
        for (let q = 0; q < N; q++) {
          const xr = start.re[r * N + q]
          const xi = start.im[r * N + q]
          for (let c = 0; c < N; c++) {
            begin.re[r * N + c] += xr * own_.re[q * N + c] - xi * own_.im[q * N + c]
            begin.im[r * N + c] += xr * own_.im[q * N + c] + xi * own_.re[q * N + c]
          }
        }
      }
    }
    const [row] = throughWork(level, [t], [begin], 0)
    const re = new Float64Array(N)
    const im = new Float64Array(N)
    for (let r = 0; r < N; r++) {
      for (let c = 0; c < N; c++) {
        // row · W*
        re[r] += row.re[c] * w.re[r * N + c] + row.im[c] * w.im[r * N + c]
        im[r] += row.im[c] * w.re[r * N + c] - row.re[c] * w.im[r * N + c]
      }
    }
    eigenpairs(t, w)
    known = true
    haveStep = false
    return { re, im }
  }

  /** Eigenvectors of the triangular T by back substitution, turned into chain coordinates; roots are −t_i. */
  function eigenpairs(t: ComplexMatrix, w: ComplexMatrix): void {
    const xr = new Float64Array(N)
    const xi = new Float64Array(N)
    for (let c = 0; c < N; c++) {
      rootRe[c] = -t.re[c * N + c]
      rootIm[c] = -t.im[c * N + c]
      xr.fill(0)
      xi.fill(0)
      xr[c] = 1
      for (let r = c - 1; r >= 0; r--) {
        let sr = 0
        let si = 0
        for (let q = r + 1; q <= c; q++) {
          sr += t.re[r * N + q] * xr[q] - t.im[r * N + q] * xi[q]
          si += t.re[r * N + q] * xi[q] + t.im[r * N + q] * xr[q]
        }
        let dr = t.re[c * N + c] - t.re[r * N + r]
        const di = t.im[c * N + c] - t.im[r * N + r]
        if (Math.abs(dr) + Math.abs(di) < 1e-12 * scale) dr += 1e-12 * scale
        const d = dr * dr + di * di
        xr[r] = (sr * dr + si * di) / d
        xi[r] = (si * dr - sr * di) / d
      }
      for (let r = 0; r < N; r++) {
        let sr = 0
        let si = 0
        for (let q = 0; q <= c; q++) {
          sr += w.re[r * N + q] * xr[q] - w.im[r * N + q] * xi[q]
          si += w.re[r * N + q] * xi[q] + w.im[r * N + q] * xr[q]
        }
        vecRe[c * N + r] = sr
        vecIm[c * N + r] = si
      }
      held[c] = 0
      for (let r = 1; r < N; r++) {
        const size = Math.abs(vecRe[c * N + r]) + Math.abs(vecIm[c * N + r])
        if (size > Math.abs(vecRe[c * N + held[c]]) + Math.abs(vecIm[c * N + held[c]])) held[c] = r
      }
      const hr = vecRe[c * N + held[c]]
      const hi = vecIm[c * N + held[c]]
      const h = 1 / (hr * hr + hi * hi)
      for (let r = 0; r < N; r++) {
        const a = vecRe[c * N + r]
        const b = vecIm[c * N + r]
        vecRe[c * N + r] = (a * hr + b * hi) * h
        vecIm[c * N + r] = (b * hr - a * hi) * h
      }
    }
  }

  /** Remembers the eigenpairs at a real argument. */
  function anchor(sr: number): void {
    anchorRe.set(rootRe)
    anchorIm.set(rootIm)
    anchorVecRe.set(vecRe)
    anchorVecIm.set(vecIm)
    anchorS = sr
    anchored = true
  }

  /** First guesses for the next argument, from the last ones. */
  function guess(sr: number, si: number, kind: string): void {
    if (!known || mode !== kind) {
      known = false
      mode = kind
      return
    }
    const newLine = kind === 'time' && (sr !== lastS || si < lastSi)
    if (newLine && anchored) {
      // A new line begins: start from where the last one began.
      rootRe.set(anchorRe)
      rootIm.set(anchorIm)
      vecRe.set(anchorVecRe)
      vecIm.set(anchorVecIm)
      for (let i = 0; i < N; i++) rootRe[i] += sr - anchorS
      haveStep = false
      steady = 0
      return
    }
    const line = haveStep && !newLine
    for (let i = 0; i < N; i++) {
      const zr = rootRe[i]
      const zi = rootIm[i]
      if (line && steady >= 2) {
        // Quadratic through the last three roots of the line.
        rootRe[i] = 3 * (zr - lastRe[i]) + olderRe[i]
        rootIm[i] = 3 * (zi - lastIm[i]) + olderIm[i]
      } else if (line) {
        rootRe[i] = 2 * zr - lastRe[i]
        rootIm[i] = 2 * zi - lastIm[i]
      } else if (kind === 'time') {
        rootRe[i] = zr + (sr - lastS)
        rootIm[i] = zi + (si - lastSi)
      }
      olderRe[i] = lastRe[i]
      olderIm[i] = lastIm[i]
      lastRe[i] = zr
      lastIm[i] = zi
    }
    for (let p = 0; p < NN; p++) {
      const vr = vecRe[p]
      const vi = vecIm[p]
      if (line && steady >= 1) {
        vecRe[p] = 2 * vr - lastVecRe[p]
        vecIm[p] = 2 * vi - lastVecIm[p]
      }
      lastVecRe[p] = vr
      lastVecIm[p] = vi
    }
    steady = line ? steady + 1 : 0
  }

  return {
    counts,
    time(sr, si, out) {
      counts.arguments++
      if (single) {
        // No interruptions: e^{(D − sI)x} 1 = e^{−sx} 1.
        for (let r = 0; r < N; r++) {
          vecRe[r] = 1
          vecIm[r] = 0
        }
        through(0, sr, si)
        out[0] = valueRe[0] / own.rate
        out[1] = valueIm[0] / own.rate
        return
      }
      for (let p = 0; p < NN; p++) {
        base.re[p] = undisturbed[p]
        base.im[p] = 0
      }
      for (let r = 0; r < N; r++) {
        base.re[r * N + r] -= sr
        base.im[r * N + r] -= si
      }
      guess(sr, si, 'time')
      let sumRe = 0
      let sumIm = 0
      let good = known && follow()
      if (good) {
        loadVectors(false)
        bRe.fill(1)
        bIm.fill(0)
        good = N === 1 || complexSolveInPlace(N, mRe, mIm, bRe, bIm) > 1e-7
      }
      if (good) {
        const weightRe = bRe.slice()
        const weightIm = bIm.slice()
        if (N === 1) {
          weightRe[0] = 1
          weightIm[0] = 0
          vecRe[0] = 1
          vecIm[0] = 0
        }
        for (let i = 0; i < N; i++) {
          through(i, rootRe[i], rootIm[i])
          sumRe += valueRe[i] * weightRe[i] - valueIm[i] * weightIm[i]
          sumIm += valueRe[i] * weightIm[i] + valueIm[i] * weightRe[i]
        }
        // Extrapolate only along one line of equally spaced arguments.
        haveStep = sr === lastS && si > lastSi && lastSi >= 0
        if (si === 0) anchor(sr)
      } else {
        const row = slowly()
        if (si === 0) anchor(sr)
        for (let r = 0; r < N; r++) {
          sumRe += row.re[r]
          sumIm += row.im[r]
        }
      }
      lastS = sr
      lastSi = si
      out[0] = sumRe / own.rate
      out[1] = sumIm / own.rate
    },
    marks(zr, zi, re, im) {
      counts.arguments++
      for (let p = 0; p < NN; p++) {
        base.re[p] = undisturbed[p] + (zr - 1) * own.arrivals[p]
        base.im[p] = zi * own.arrivals[p]
      }
      guess(zr, zi, 'marks')
      let good = known && follow()
      if (good) {
        for (let i = 0; i < N; i++) through(i, rootRe[i], rootIm[i])
        loadVectors(true)
        bRe.set(valueRe)
        bIm.set(valueIm)
        good = complexSolveInPlace(N, mRe, mIm, bRe, bIm) > 1e-7
      }
      if (good) {
        re.set(bRe)
        im.set(bIm)
        haveStep = true
      } else {
        const row = slowly()
        re.set(row.re)
        im.set(row.im)
      }
    },
  }
}
