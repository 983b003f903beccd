/**
 * One server, classes of phase-type service, arrivals from one marked arrival process: first come first served, non-preemptive and
 * preemptive-resume priority, as one family of problems.
 *
 *   discipline            work A found by class k       blocked by (vacations)   interrupted by H   own service
 *   first come            all classes                   —                        —                  apart
 *   non-preemptive        classes ≤ k                   services of classes > k  classes < k        apart
 *   preemptive-resume     classes ≤ k                   —                        classes < k        inside the work
 *
 * Class k's time is the time to drain the work found while H interrupts: ∫ W_k(dx) D_k e^{U_H(s) x} 1 / λ_k (then times φ_k(s) where the own
 * service is apart). Class k's number just after a departure counts the class-k arrivals in that time: the same with U_H(ζ). The number at any
 * moment follows from the flow balance n(ζ)(D + (ζ−1)D_k) = (ζ−1) d(ζ). Services of class l start, under non-preemptive priority, in the
 * states of r_l = ∫ W_l(dx) D_l e^{U_{<l}x}: solved from the lowest class up.
 */
import {
  type ComplexMatrix,
  complexFromReal,
  complexMultiply,
  complexSchur,
  complexSolveInPlace,
  factorise,
  type Inverter,
  type MarkedArrivals,
  type PhaseType,
  solveFactored,
  stationaryVector,
} from '../num/index.js'
import { type BusySolution, busyExpansion, type ClassKernel, inSchur, solveBusy } from './map-busy.js'
import { makeSweep, type Sweep, type SweepTarget } from './map-sweep.js'
import { argumentBlocks, argumentTransform, idlePhases, makeLevel, type Row, throughWork } from './map-workload.js'
import { phaseKernel } from './phase-kernel.js'

export type SingleServerDiscipline = 'first-come' | 'non-preemptive' | 'preemptive-resume'

/** A solved station, ready for questions. */
export interface SolvedQueue {
  readonly n: number
  readonly discipline: SingleServerDiscipline
  readonly classes: readonly ClassKernel[]
  readonly utilisation: number
  readonly classUtilisation: readonly number[]
  readonly serviceMoments: readonly (readonly number[])[]
  /** D = D0 + ΣD_k and its stationary vector. */
  readonly generator: Float64Array
  readonly phases: Float64Array
  readonly targets: readonly SweepTarget[]
  /** Busy solution of the classes that interrupt class k. */
  readonly interruptions: readonly BusySolution[]
  /** Largest residual of the defining equations: of U, and of the balance of service starts. */
  readonly residual: number
}

/** Why a station could not be solved. */
export type Unsolved =
  | { readonly reason: 'unstable'; readonly utilisation: number }
  | { readonly reason: 'not-converged'; readonly residual: number }

function add(a: Float64Array, b: Float64Array, factor: number): Float64Array {
  return a.map((x, i) => x + factor * b[i])
}

/**
 * A generator has the eigenvalue 0 exactly; rounding leaves 1e-16 of the fastest rate, which long busy periods would multiply. Put it right in the
 * Schur form, in place.
 */
function pinZero(busy: BusySolution): void {
  const { n, re, im } = busy.schur.triangular
  let at = 0
  for (let i = 1; i < n; i++) {
    if (Math.hypot(re[i * n + i], im[i * n + i]) < Math.hypot(re[at * n + at], im[at * n + at])) at = i
  }
  re[at * n + at] = 0
  im[at * n + at] = 0
}

/** True when U is what it should be: solved to rounding, no eigenvalue on the right, no negative rate. */
function isGenerator(busy: BusySolution): boolean {
  const { n, re } = busy.generator
  const { re: t } = busy.schur.triangular
  let scale = 0
  for (let i = 0; i < n; i++) scale = Math.max(scale, Math.abs(re[i * n + i]))
  if (!(busy.residual < 1e-11)) return false
  for (let i = 0; i < n; i++) {
    if (t[i * n + i] > 1e-9 * scale) return false
    for (let j = 0; j < n; j++) if (j !== i && re[i * n + j] < -1e-9 * scale) return false
  }
  return true
}

/** The station's figures that do not depend on what is asked. Inputs are valid (checked by the public doors). */
export function solveQueue(
  arrivals: MarkedArrivals,
  services: readonly PhaseType[],
  serviceMoments: readonly (readonly number[])[],
  discipline: SingleServerDiscipline,
): SolvedQueue | Unsolved {
  const n = arrivals.D0.length
  const marked = arrivals.D.map((m) => Float64Array.from(m.flat()))
  let generator: Float64Array = Float64Array.from(arrivals.D0.flat())
  for (const m of marked) generator = add(generator, m, 1)
  const phases = stationaryVector({ rows: n, columns: n, data: generator })!
  // The diagonal again from the rest, so that rows sum to zero exactly.
  for (let i = 0; i < n; i++) {
    let s = 0
    for (let j = 0; j < n; j++) if (j !== i) s += generator[i * n + j]
    generator[i * n + i] = -s
  }
  const classes: ClassKernel[] = marked.map((m, k) => {
    let rate = 0
    for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) rate += phases[i] * m[i * n + j]
    return { rate, arrivals: m, service: phaseKernel(services[k]) }
  })
  const classUtilisation = classes.map((c, k) => c.rate * serviceMoments[k][0])
  const utilisation = classUtilisation.reduce((s, x) => s + x, 0)
  if (!(utilisation < 1)) return { reason: 'unstable', utilisation }
  const K = classes.length
  let residual = 0
  const without = (count: number) => classes.slice(0, count).reduce((q, c) => add(q, c.arrivals, -1), generator)
  const undisturbed = complexFromReal(n, generator)
  const solve = (count: number): BusySolution => {
    const silent = complexFromReal(n, without(count))
    // From D the steps are few but may end at a solution of no meaning (an eigenvalue on the right); from Q they rise to the minimal one.
    const quick = solveBusy(silent, classes.slice(0, count), undisturbed)
    const busy = isGenerator(quick) ? quick : solveBusy(silent, classes.slice(0, count))
    residual = Math.max(residual, busy.residual)
    pinZero(busy)
    return busy
  }
  const noneBusy: BusySolution = { generator: undisturbed, schur: complexSchur(undisturbed), residual: 0, steps: 0 }
  pinZero(noneBusy)
  const targets: SweepTarget[] = new Array(K)
  const interruptions: BusySolution[] = new Array(K)
  if (discipline === 'first-come') {
    const busy = solve(K)
    if (!(residual < 1e-8)) return { reason: 'not-converged', residual }
    const idle = idlePhases(busy)
    if (!idle) return { reason: 'not-converged', residual: 1 }
    const level = makeLevel(
      classes,
      busy,
      idle.map((p) => p * (1 - utilisation)),
      [],
    )
    classes.forEach((own, k) => {
      targets[k] = { own, level, interrupters: [], undisturbed: generator, silent: without(K), serviceInside: false }
      interruptions[k] = noneBusy
    })
  } else {
    const busy = classes.map((_, k) => solve(k + 1))
    if (!(residual < 1e-8)) return { reason: 'not-converged', residual }
    const inside = discipline === 'preemptive-resume'
    const lowest = idlePhases(busy[K - 1])
    if (!lowest) return { reason: 'not-converged', residual: 1 }
    const vacations: { service: ClassKernel['service']; starts: Float64Array }[] = []
    for (let k = K - 1; k >= 0; k--) {
      let idle = lowest.map((p) => p * (1 - utilisation))
      if (inside) {
        const own = idlePhases(busy[k])
        if (!own) return { reason: 'not-converged', residual: 1 }
        const load = classUtilisation.slice(0, k + 1).reduce((s, x) => s + x, 0)
        idle = own.map((p) => p * (1 - load))
      }
      const level = makeLevel(classes.slice(0, k + 1), busy[k], idle, inside ? [] : vacations)
      const interrupt = k === 0 ? noneBusy : busy[k - 1]
      targets[k] = {
        own: classes[k],
        level,
        interrupters: classes.slice(0, k),
        undisturbed: without(k),
        silent: without(k + 1),
        serviceInside: inside,
      }
      interruptions[k] = interrupt
      if (!inside && k > 0) {
        const row = inChain(
          throughWork(level, [interrupt.schur.triangular], [onSchur(classes[k].arrivals, interrupt)], 0)[0],
          interrupt,
        )
        const starts = row.re.map((x) => Math.max(0, x))
        const total = starts.reduce((s, x) => s + x, 0)
        residual = Math.max(residual, Math.abs(total / classes[k].rate - 1))
        vacations.unshift({ service: classes[k].service, starts: starts.map((x) => (x * classes[k].rate) / total) })
      }
    }
    if (!(residual < 1e-4)) return { reason: 'not-converged', residual }
  }
  return {
    n,
    discipline,
    classes,
    utilisation,
    classUtilisation,
    serviceMoments,
    generator,
    phases,
    targets,
    interruptions,
    residual,
  }
}

/** A real matrix with its columns in the Schur coordinates of a busy solution: D W. */
function onSchur(data: Float64Array, busy: BusySolution): ComplexMatrix {
  return complexMultiply(complexFromReal(busy.generator.n, data), busy.schur.unitary)
}

/** A row out of Schur coordinates: row · W*. */
function inChain(row: Row, busy: BusySolution): Row {
  const { unitary: w } = busy.schur
  const n = w.n
  const re = new Float64Array(n)
  const im = new Float64Array(n)
  for (let r = 0; r < n; r++) {
    for (let c = 0; c < n; c++) {
      re[r] += row.re[c] * w.re[r * n + c] + row.im[c] * w.im[r * n + c]
      im[r] += row.im[c] * w.re[r * n + c] - row.re[c] * w.im[r * n + c]
    }
  }
  return { re, im }
}

/** ∫ W_k(dx) D_k [φ_k] e^{U(ε)x} as rows over the chain, coefficients 0..count of ε. */
function expand(queue: SolvedQueue, k: number, direction: Float64Array, count: number): Row[] {
  const { own, level, interrupters, serviceInside } = queue.targets[k]
  const busy = queue.interruptions[k]
  const n = queue.n
  const g = busyExpansion(busy, interrupters, direction, count)
  const d = onSchur(own.arrivals, busy)
  let start: ComplexMatrix[] = [d]
  if (serviceInside) {
    start = argumentTransform(own.service, argumentBlocks(own.service, g, count), n).map((phi) => complexMultiply(d, phi))
  }
  return throughWork(level, g, start, count).map((row) => inChain(row, busy))
}

/**
 * Raw moments 1..count of the drain time of class k: the response where the own service is inside the work, the wait where it is apart.
 */
export function drainMoments(queue: SolvedQueue, k: number, count: number): number[] {
  const n = queue.n
  const clock = new Float64Array(n * n)
  for (let i = 0; i < n; i++) clock[i * n + i] = -1
  const rows = expand(queue, k, clock, count)
  const out: number[] = []
  let factor = 1
  for (let m = 1; m <= count; m++) {
    factor *= -m
    out.push((factor * rows[m].re.reduce((s, x) => s + x, 0)) / queue.classes[k].rate)
  }
  return out
}

/** Raw moments of the sum of two independent times. */
export function momentsOfSum(a: readonly number[], b: readonly number[]): number[] {
  return a.map((_, i) => {
    const m = i + 1
    let total = 0
    let choose = 1
    for (let j = 0; j <= m; j++) {
      total += choose * (j === 0 ? 1 : a[j - 1]) * (j === m ? 1 : b[m - j - 1])
      choose = (choose * (m - j)) / (j + 1)
    }
    return total
  })
}

/** Rows d^(m): the chain at departures of class k, with the m-th factorial moment (over m!) of the class-k jobs left behind; rate included. */
function departures(queue: SolvedQueue, k: number, count: number): Float64Array[] {
  const { own, serviceInside } = queue.targets[k]
  const rows = expand(queue, k, own.arrivals, count)
  if (serviceInside) return rows.map((row) => row.re)
  const n = queue.n
  // Nothing interrupts the highest class: its busy solution is D itself.
  const busy = queue.interruptions[0]
  const hat = inSchur(own.arrivals, busy.schur.unitary)
  const g = [busy.schur.triangular, hat]
  const phi = argumentTransform(own.service, argumentBlocks(own.service, g, count), n)
  // Into the Schur coordinates of D, through the own service, and back.
  const { unitary: w } = busy.schur
  const inside = rows.map((row) => {
    const re = new Float64Array(n)
    const im = new Float64Array(n)
    for (let r = 0; r < n; r++) {
      for (let c = 0; c < n; c++) {
        re[c] += row.re[r] * w.re[r * n + c] - row.im[r] * w.im[r * n + c]
        im[c] += row.re[r] * w.im[r * n + c] + row.im[r] * w.re[r * n + c]
      }
    }
    return { re, im }
  })
  return rows.map((_, m) => {
    const re = new Float64Array(n)
    const im = new Float64Array(n)
    for (let l = 0; l <= m; l++) {
      const p = phi[m - l]
      for (let r = 0; r < n; r++) {
        for (let c = 0; c < n; c++) {
          re[c] += inside[l].re[r] * p.re[r * n + c] - inside[l].im[r] * p.im[r * n + c]
          im[c] += inside[l].re[r] * p.im[r * n + c] + inside[l].im[r] * p.re[r * n + c]
        }
      }
    }
    return inChain({ re, im }, busy).re
  })
}

/** Raw moments 1..count of the number of class-k jobs in the station at a moment in time. */
export function numberMoments(queue: SolvedQueue, k: number, count: number): number[] {
  const n = queue.n
  const { own } = queue.targets[k]
  const d = departures(queue, k, count)
  // n_m D = d_{m−1} − n_{m−1} D_k with n_m D_k 1 = d_m 1. Solve with D − 1π in the place of D (same solution up to a multiple of π).
  const shifted = new Float64Array(n * n)
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) shifted[j * n + i] = queue.generator[i * n + j] - queue.phases[j]
  const factors = factorise({ rows: n, columns: n, data: shifted })
  const rowSum = new Float64Array(n)
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) rowSum[i] += own.arrivals[i * n + j]
  let now: Float64Array = queue.phases.slice()
  const factorial: number[] = []
  let f = 1
  for (let m = 1; m <= count; m++) {
    const right = d[m - 1].slice()
    for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) right[j] -= now[i] * own.arrivals[i * n + j]
    const x = solveFactored(factors, { rows: n, columns: 1, data: right }).data
    let flow = 0
    let wanted = 0
    for (let i = 0; i < n; i++) {
      flow += x[i] * rowSum[i]
      wanted += d[m][i]
    }
    const lift = (wanted - flow) / own.rate
    now = x.map((v, i) => v + lift * queue.phases[i])
    f *= m
    factorial.push(f * now.reduce((s, v) => s + v, 0))
  }
  return rawFromFactorial(factorial)
}

/** Raw moments from factorial moments by the Stirling numbers of the second kind. */
export function rawFromFactorial(factorial: readonly number[]): number[] {
  let stirling = [1]
  return factorial.map((_, i) => {
    const m = i + 1
    const next = new Array<number>(m + 1).fill(0)
    for (let j = 1; j <= m; j++) next[j] = (stirling[j - 1] ?? 0) + j * (stirling[j] ?? 0)
    stirling = next
    let total = 0
    for (let j = 1; j <= m; j++) total += next[j] * factorial[j - 1]
    return total
  })
}

/** The sweep of class k. */
export function sweepOf(queue: SolvedQueue, k: number): Sweep {
  return makeSweep(queue.targets[k])
}

/** E ζ^N of class k at |ζ| < 1 into out[0], out[1]: n(ζ)(D + (ζ−1) D_k) = (ζ−1) d(ζ), d the chain at departures. */
export function numberTransform(queue: SolvedQueue, k: number): (zr: number, zi: number, out: Float64Array) => void {
  const n = queue.n
  const { own, serviceInside } = queue.targets[k]
  const sweep = sweepOf(queue, k)
  const re = new Float64Array(n)
  const im = new Float64Array(n)
  const lr = new Float64Array(n * n)
  const li = new Float64Array(n * n)
  return (zr, zi, out) => {
    sweep.marks(zr, zi, re, im)
    if (!serviceInside) afterService(queue, own, zr, zi, re, im)
    // Transposed, so that the row is solved for as a column.
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        lr[j * n + i] = queue.generator[i * n + j] + (zr - 1) * own.arrivals[i * n + j]
        li[j * n + i] = zi * own.arrivals[i * n + j]
      }
    }
    for (let i = 0; i < n; i++) {
      const a = re[i]
      const b = im[i]
      re[i] = (zr - 1) * a - zi * b
      im[i] = (zr - 1) * b + zi * a
    }
    complexSolveInPlace(n, lr, li, re, im)
    out[0] = 0
    out[1] = 0
    for (let i = 0; i < n; i++) {
      out[0] += re[i]
      out[1] += im[i]
    }
  }
}

/**
 * P(N_k = i), i < count, at a moment in time: generating function on a circle inside the unit disc, inverted by a discrete Fourier sum of
 * at least 2·count points; for counts up to some thousands. Absolute error about 1e-10. Source: Abate and Whitt (1992).
 */
export function numberProbabilities(queue: SolvedQueue, k: number, count: number): Float64Array {
  const value = numberTransform(queue, k)
  let length = 32
  while (length < 2 * count) length *= 2
  const radius = 10 ** (-10.5 / length)
  const half = length / 2
  const valueRe = new Float64Array(half + 1)
  const valueIm = new Float64Array(half + 1)
  const cosine = new Float64Array(length)
  const sine = new Float64Array(length)
  const out = new Float64Array(2)
  for (let h = 0; h < length; h++) {
    cosine[h] = Math.cos((2 * Math.PI * h) / length)
    sine[h] = Math.sin((2 * Math.PI * h) / length)
  }
  for (let h = 0; h <= half; h++) {
    value(radius * cosine[h], radius * sine[h], out)
    valueRe[h] = out[0]
    valueIm[h] = out[1]
  }
  const probabilities = new Float64Array(count)
  let power = 1
  for (let i = 0; i < count; i++) {
    // Real sequence: the lower half circle is the conjugate of the upper.
    let s = valueRe[0] + (i % 2 === 0 ? valueRe[half] : -valueRe[half])
    for (let h = 1, angle = i % length; h < half; h++) {
      s += 2 * (valueRe[h] * cosine[angle] + valueIm[h] * sine[angle])
      angle += i
      if (angle >= length) angle -= length
    }
    probabilities[i] = Math.max(0, s / (length * power))
    power *= radius
  }
  return probabilities
}

/**
 * P(N_k > i) for a large i (64 or more), in 47 evaluations whatever i: the coefficient of ζ^i of (1 − E ζ^N)/(1 − ζ) by the Fourier sum at
 * ζ = e^{−s}, s on the nodes of a Laplace inversion at t = i, with Euler summation. Source: Choudhury and Lucantoni (1996).
 */
export function numberTail(transform: (zr: number, zi: number, out: Float64Array) => void, i: number, rule: Inverter): number {
  const out = new Float64Array(2)
  const size = Math.exp(-rule.re / i)
  let sum = 0
  for (let h = 0; h < rule.im.length; h++) {
    const angle = rule.im[h] / i
    const zr = size * Math.cos(angle)
    const zi = size * Math.sin(angle)
    transform(zr, zi, out)
    const ar = 1 - out[0]
    const ai = -out[1]
    const br = 1 - zr
    const bi = -zi
    sum += (rule.weight[h] * (ar * br + ai * bi)) / (br * br + bi * bi)
  }
  return Math.min(1, Math.max(0, sum / i))
}

/** row ← row · φ_k[D + (ζ−1) D_k]: the chain, with class-k arrivals marked, over the own uninterrupted service. */
function afterService(queue: SolvedQueue, own: ClassKernel, zr: number, zi: number, re: Float64Array, im: Float64Array): void {
  const n = queue.n
  const { service } = own
  const { order, band } = service
  const rowsRe = new Float64Array(order * n)
  const rowsIm = new Float64Array(order * n)
  const lr = new Float64Array(n * n)
  const li = new Float64Array(n * n)
  const br = new Float64Array(n)
  const bi = new Float64Array(n)
  const outRe = new Float64Array(n)
  const outIm = new Float64Array(n)
  for (let i = 0; i < order; i++) {
    const ar = service.alphaRe[i]
    const ai = service.alphaIm[i]
    for (let c = 0; c < n; c++) {
      br[c] = -(ar * re[c] - ai * im[c])
      bi[c] = -(ar * im[c] + ai * re[c])
    }
    for (let q = Math.max(0, i - band); q < i; q++) {
      const hr = service.thetaRe[q * order + i]
      const hi = service.thetaIm[q * order + i]
      if (hr === 0 && hi === 0) continue
      for (let c = 0; c < n; c++) {
        br[c] -= rowsRe[q * n + c] * hr - rowsIm[q * n + c] * hi
        bi[c] -= rowsRe[q * n + c] * hi + rowsIm[q * n + c] * hr
      }
    }
    for (let r = 0; r < n; r++) {
      for (let c = 0; c < n; c++) {
        lr[c * n + r] = queue.generator[r * n + c] + (zr - 1) * own.arrivals[r * n + c]
        li[c * n + r] = zi * own.arrivals[r * n + c]
      }
      lr[r * n + r] += service.thetaRe[i * order + i]
      li[r * n + r] += service.thetaIm[i * order + i]
    }
    complexSolveInPlace(n, lr, li, br, bi)
    for (let c = 0; c < n; c++) {
      rowsRe[i * n + c] = br[c]
      rowsIm[i * n + c] = bi[c]
      outRe[c] += br[c] * service.exitRe[i] - bi[c] * service.exitIm[i]
      outIm[c] += br[c] * service.exitIm[i] + bi[c] * service.exitRe[i]
    }
  }
  re.set(outRe)
  im.set(outIm)
}
