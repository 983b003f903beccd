/**
 * Markovian arrival processes: arrivals steered by a small Markov chain, so that they may be bursty and correlated. Poisson is order 1;
 * a renewal process with phase-type gaps, an MMPP, and their superpositions are all MAPs.
 *
 * D0 holds the moves without an arrival (and the diagonal), D1 the moves with one; D0 + D1 is a generator. Rates per unit of time.
 *
 * Source: Lucantoni, Meier-Hellstern, Neuts (1990); spec formulas: m_k = k! π(−D0)^−k 1,
 * ρ_k = [π(−D0)⁻¹ P^k (−D0)⁻¹ 1 − m1²]/(m2 − m1²), P = (−D0)⁻¹ D1, πP = π.
 */
import {
  addMatrices,
  dot,
  factorise,
  identityMatrix,
  kroneckerSum,
  type Matrix,
  matrixExponential,
  matrixFromRows,
  matrixRows,
  rowSums,
  rowTimes,
  scaleMatrix,
  solveFactored,
  stationaryVector,
  timesColumn,
  transposeMatrix,
  zeroMatrix,
} from './matrix.js'
import { type Defect, exitRates, type PhaseType } from './phasetype.js'
import type { Rng } from './rng.js'

/** A Markovian arrival process as plain data. */
export interface ArrivalProcess {
  readonly D0: readonly (readonly number[])[]
  readonly D1: readonly (readonly number[])[]
}

/** The checks shared by MAP and MMAP: shapes, signs, zero row sums, one communicating class. */
export function generatorDefects(
  silent: readonly (readonly number[])[],
  marked: readonly (readonly (readonly number[])[])[],
  names: readonly string[],
): Defect[] {
  const list = (v: unknown) => Array.isArray(v) || ArrayBuffer.isView(v)
  if (!list(silent) || silent.length === 0) return [{ path: names[0], message: 'must be a non-empty square matrix' }]
  const n = silent.length
  const out: Defect[] = []
  const parts = [silent, ...marked]
  let largest = 0
  parts.forEach((part, k) => {
    if (!list(part) || part.length !== n) {
      out.push({ path: names[k], message: `must have ${n} rows` })
      return
    }
    part.forEach((row, i) => {
      if (!list(row) || row.length !== n) {
        out.push({ path: `${names[k]}[${i}]`, message: `must have ${n} entries` })
        return
      }
      row.forEach((x, j) => {
        if (!Number.isFinite(x)) out.push({ path: `${names[k]}[${i}][${j}]`, message: `must be finite, is ${x}` })
        else largest = Math.max(largest, Math.abs(x))
      })
    })
  })
  if (out.length > 0) return out
  const total = zeroMatrix(n, n)
  parts.forEach((part, k) => {
    part.forEach((row, i) => {
      row.forEach((x, j) => {
        if ((k > 0 || i !== j) && x < -1e-9 * largest) {
          out.push({ path: `${names[k]}[${i}][${j}]`, message: `must not be negative, is ${x}` })
        }
        total.data[i * n + j] += x
      })
    })
  })
  rowSums(total).forEach((s, i) => {
    if (Math.abs(s) > 1e-7 * Math.max(largest, 1e-300)) {
      out.push({ path: `${names[0]}[${i}]`, message: `with the arrival matrices row ${i} sums to ${s}, not 0` })
    }
  })
  if (out.length > 0) return out
  if (!(largest > 0)) return [{ path: names[0], message: 'has no rates at all' }]
  if (!marked.some((part) => part.some((row) => row.some((x) => x > 0)))) {
    return [{ path: names[1] ?? 'D', message: 'has no arrivals' }]
  }
  if (!communicates(total)) return [{ path: names[0], message: 'splits into states that do not reach one another' }]
  return out
}

/** True when every state reaches every other. */
function communicates(q: Matrix): boolean {
  const n = q.rows
  for (const forward of [true, false]) {
    const seen = new Uint8Array(n)
    const stack = [0]
    seen[0] = 1
    for (let i = stack.pop(); i !== undefined; i = stack.pop()) {
      for (let j = 0; j < n; j++) {
        const x = forward ? q.data[i * n + j] : q.data[j * n + i]
        if (seen[j] || !(x > 0)) continue
        seen[j] = 1
        stack.push(j)
      }
    }
    if (seen.includes(0)) return false
  }
  return true
}

/** Everything that keeps (D0, D1) from being an arrival process whose states all reach one another; empty when it is one. */
export function arrivalDefects(process: ArrivalProcess): Defect[] {
  return generatorDefects(process.D0, [process.D1], ['D0', 'D1'])
}

/** The process (D0, D1), checked: throws a RangeError that names the first defect. */
export function arrivalProcess(D0: readonly (readonly number[])[], D1: readonly (readonly number[])[]): ArrivalProcess {
  const process = { D0, D1 }
  const [first] = arrivalDefects(process)
  if (first) throw new RangeError(`${first.path} ${first.message}`)
  return process
}

/** Poisson arrivals. */
export function poissonArrivals(rate: number): ArrivalProcess {
  return arrivalProcess([[-rate]], [[rate]])
}

/** Independent gaps of one phase-type law. */
export function renewalArrivals(gap: PhaseType): ArrivalProcess {
  const exits = exitRates(gap)
  return arrivalProcess(
    gap.generator,
    gap.generator.map((_, i) => gap.alpha.map((p) => exits[i] * p)),
  )
}

/** Markov-modulated Poisson arrivals: `rates[i]` while the chain of `generator` is in state i. */
export function modulatedPoissonArrivals(generator: readonly (readonly number[])[], rates: readonly number[]): ArrivalProcess {
  return arrivalProcess(
    generator.map((row, i) => row.map((x, j) => (i === j ? x - rates[i] : x))),
    generator.map((row, i) => row.map((_, j) => (i === j ? rates[i] : 0))),
  )
}

/** Arrivals of two independent processes together. Order: the product. */
export function superpositionOf(a: ArrivalProcess, b: ArrivalProcess): ArrivalProcess {
  const sum = (x: readonly (readonly number[])[], y: readonly (readonly number[])[]) =>
    matrixRows(kroneckerSum(matrixFromRows(x), matrixFromRows(y)))
  return { D0: sum(a.D0, b.D0), D1: sum(a.D1, b.D1) }
}

/** Each arrival is kept with probability `keep` on its own. */
export function thinnedArrivals(process: ArrivalProcess, keep: number): ArrivalProcess {
  return {
    D0: process.D0.map((row, i) => row.map((x, j) => x + (1 - keep) * process.D1[i][j])),
    D1: process.D1.map((row) => row.map((x) => keep * x)),
  }
}

/** Time stretched by `factor`: all rates divided by it. */
export function stretchedArrivals(process: ArrivalProcess, factor: number): ArrivalProcess {
  const by = (m: readonly (readonly number[])[]) => m.map((row) => row.map((x) => x / factor))
  return { D0: by(process.D0), D1: by(process.D1) }
}

/** Stationary state probabilities at a moment in time. */
export function stationaryPhases(process: ArrivalProcess): Float64Array {
  const pi = stationaryVector(addMatrices(matrixFromRows(process.D0), matrixFromRows(process.D1)))
  if (!pi) throw new RangeError('D0 splits into states that do not reach one another')
  return pi
}

/** Mean arrivals per unit of time: π D1 1. */
export function arrivalRate(process: ArrivalProcess): number {
  return dot(stationaryPhases(process), rowSums(matrixFromRows(process.D1)))
}

/** State probabilities just after an arrival: π D1 / rate. */
function phasesAfterArrival(process: ArrivalProcess): Float64Array {
  const v = rowTimes(stationaryPhases(process), matrixFromRows(process.D1))
  const rate = v.reduce((s, x) => s + x, 0)
  return v.map((x) => x / rate)
}

/** Raw moments 1..count of the time between arrivals. */
export function arrivalMoments(process: ArrivalProcess, count: number): number[] {
  const f = factorise(scaleMatrix(matrixFromRows(process.D0), -1))
  const start = phasesAfterArrival(process)
  let x: Matrix = { rows: start.length, columns: 1, data: new Float64Array(start.length).fill(1) }
  const out: number[] = []
  let factorial = 1
  for (let k = 1; k <= count; k++) {
    x = solveFactored(f, x)
    factorial *= k
    out.push(factorial * dot(start, x.data))
  }
  return out
}

/**
 * Joint raw moments E[X_0^i X_lag^j] of two gaps `lag` arrivals apart (lag ≥ 1):
 * i! j! · start (−D0)^−i P^lag (−D0)^−j 1.
 */
export function jointArrivalMoment(process: ArrivalProcess, i: number, j: number, lag: number): number {
  const f = factorise(scaleMatrix(matrixFromRows(process.D0), -1))
  const n = process.D0.length
  const D1 = matrixFromRows(process.D1)
  let x: Matrix = { rows: n, columns: 1, data: new Float64Array(n).fill(1) }
  let factor = 1
  for (let k = 1; k <= j; k++) {
    x = solveFactored(f, x)
    factor *= k
  }
  for (let k = 0; k < lag; k++) x = solveFactored(f, { rows: n, columns: 1, data: timesColumn(D1, x.data) })
  for (let k = 1; k <= i; k++) {
    x = solveFactored(f, x)
    factor *= k
  }
  return factor * dot(phasesAfterArrival(process), x.data)
}

/** Autocorrelation of the gaps at lags 1..count. */
export function arrivalAutocorrelation(process: ArrivalProcess, count: number): number[] {
  const [m1, m2] = arrivalMoments(process, 2)
  const n = process.D0.length
  const f = factorise(scaleMatrix(matrixFromRows(process.D0), -1))
  const D1 = matrixFromRows(process.D1)
  const start = phasesAfterArrival(process)
  const left = solveFactored(factorise(scaleMatrix(transposeMatrix(matrixFromRows(process.D0)), -1)), {
    rows: n,
    columns: 1,
    data: start,
  }).data
  let x = solveFactored(f, { rows: n, columns: 1, data: new Float64Array(n).fill(1) })
  const out: number[] = []
  for (let k = 1; k <= count; k++) {
    x = solveFactored(f, { rows: n, columns: 1, data: timesColumn(D1, x.data) })
    out.push((dot(left, x.data) - m1 * m1) / (m2 - m1 * m1))
  }
  return out
}

/**
 * Index of dispersion of counts in a stationary window: Var N(t) / E N(t).
 *   Var N(t) = λt + 2t·(c − λ²) − 2 π D1 (I − e^{Qt}) Γ² D1 1,  Γ = (1π − Q)⁻¹, c = π D1 Γ D1 1
 * `window` Infinity gives the limit, c² (1 + 2 Σ ρ_k) of the gaps.
 */
export function dispersionOfCounts(process: ArrivalProcess, window: number): number {
  const D1 = matrixFromRows(process.D1)
  const q = addMatrices(matrixFromRows(process.D0), D1)
  const n = q.rows
  const pi = stationaryPhases(process)
  const flow = rowTimes(pi, D1)
  const rate = flow.reduce((s, x) => s + x, 0)
  const m = scaleMatrix(q, -1)
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) m.data[i * n + j] += pi[j]
  const f = factorise(m)
  const first = solveFactored(f, { rows: n, columns: 1, data: rowSums(D1) })
  const limit = 1 + (2 * (dot(flow, first.data) - rate * rate)) / rate
  if (window === Number.POSITIVE_INFINITY) return limit
  const second = solveFactored(f, first)
  const gone = addMatrices(identityMatrix(n), matrixExponential(scaleMatrix(q, window)), -1)
  return limit - (2 * dot(flow, timesColumn(gone, second.data))) / (rate * window)
}

/** A walker along the process from a stationary start: each call gives the next gap. */
export function arrivalSampler(process: ArrivalProcess, rng: Rng): () => number {
  const next = markedWalker(process.D0, [process.D1], stationaryPhases(process), rng)
  return () => next().gap
}

/** The walker shared by MAP and MMAP: next gap and the class (0, 1, …) of the arrival that ends it. */
export function markedWalker(
  silent: readonly (readonly number[])[],
  marked: readonly (readonly (readonly number[])[])[],
  start: ArrayLike<number>,
  rng: Rng,
): () => { gap: number; mark: number } {
  const n = silent.length
  const width = n * (marked.length + 1)
  const table = new Float64Array(n * width)
  const meanStay = new Float64Array(n)
  for (let i = 0; i < n; i++) {
    const rate = -silent[i][i]
    meanStay[i] = 1 / rate
    let c = 0
    for (let k = 0; k <= marked.length; k++) {
      for (let j = 0; j < n; j++) {
        if (k === 0) c += j === i ? 0 : silent[i][j]
        else c += marked[k - 1][i][j]
        table[i * width + k * n + j] = c / rate
      }
    }
  }
  let state = 0
  for (let u = rng.uniform(); state < n - 1 && u >= start[state]; state++) u -= start[state]
  return () => {
    let gap = 0
    for (;;) {
      gap += rng.exponential() * meanStay[state]
      const u = rng.uniform() * table[(state + 1) * width - 1]
      const base = state * width
      let low = 0
      let high = width - 1
      while (low < high) {
        const middle = (low + high) >> 1
        if (table[base + middle] > u) high = middle
        else low = middle + 1
      }
      state = low % n
      if (low >= n) return { gap, mark: Math.floor(low / n) - 1 }
    }
  }
}
