/**
 * Marked Markovian arrival processes: one chain, arrivals of several classes. D0 holds the moves without arrival, D[k] those with an arrival
 * of class k; D0 + ΣD[k] is a generator. Rates per unit of time.
 *
 * Source: He, Neuts (1998), "Markov chains with marked transitions".
 */
import {
  type ArrivalProcess,
  dispersionOfCounts,
  generatorDefects,
  jointArrivalMoment,
  markedWalker,
  stationaryPhases,
} from './map.js'
import {
  dot,
  factorise,
  identityMatrix,
  kronecker,
  kroneckerSum,
  type Matrix,
  matrixFromRows,
  matrixRows,
  rowSums,
  rowTimes,
  scaleMatrix,
  solveFactored,
  timesColumn,
} from './matrix.js'
import type { Defect } from './phasetype.js'
import type { Rng } from './rng.js'

/** A marked arrival process as plain data: `D[k]` marks arrivals of class k. */
export interface MarkedArrivals {
  readonly D0: readonly (readonly number[])[]
  readonly D: readonly (readonly (readonly number[])[])[]
}

/** Everything that keeps (D0, D…) from being a marked arrival process; empty when it is one. */
export function markedArrivalDefects(process: MarkedArrivals): Defect[] {
  if (!Array.isArray(process.D) || process.D.length === 0) return [{ path: 'D', message: 'must list one matrix for each class' }]
  return generatorDefects(process.D0, process.D, ['D0', ...process.D.map((_, k) => `D[${k}]`)])
}

/** The process, checked: throws a RangeError that names the first defect. */
export function markedArrivals(D0: MarkedArrivals['D0'], D: MarkedArrivals['D']): MarkedArrivals {
  const process = { D0, D }
  const [first] = markedArrivalDefects(process)
  if (first) throw new RangeError(`${first.path} ${first.message}`)
  return process
}

/** Independent Poisson streams, one rate for each class. */
export function poissonStreams(rates: readonly number[]): MarkedArrivals {
  const total = rates.reduce((s, r) => s + r, 0)
  return markedArrivals(
    [[-total]],
    rates.map((r) => [[r]]),
  )
}

/** Arrivals of one process, each of class k with probability `probabilities[k]` on its own: D[k] = p_k D1. */
export function markedAtRandom(process: ArrivalProcess, probabilities: readonly number[]): MarkedArrivals {
  return { D0: process.D0, D: probabilities.map((p) => process.D1.map((row) => row.map((x) => p * x))) }
}

/** Independent processes side by side, one class for each. Order: the product of orders. */
export function streamsSideBySide(processes: readonly ArrivalProcess[]): MarkedArrivals {
  const orders = processes.map((p) => p.D0.length)
  const silent = processes.map((p) => matrixFromRows(p.D0)).reduce((a, b) => kroneckerSum(a, b))
  const D = processes.map((p, k) => {
    const before = orders.slice(0, k).reduce((a, b) => a * b, 1)
    const after = orders.slice(k + 1).reduce((a, b) => a * b, 1)
    return matrixRows(kronecker(kronecker(identityMatrix(before), matrixFromRows(p.D1)), identityMatrix(after)))
  })
  return { D0: matrixRows(silent), D }
}

/** Two marked processes with the same classes, together. Order: the product. */
export function markedSuperposition(a: MarkedArrivals, b: MarkedArrivals): MarkedArrivals {
  const sum = (x: MarkedArrivals['D0'], y: MarkedArrivals['D0']) => matrixRows(kroneckerSum(matrixFromRows(x), matrixFromRows(y)))
  return { D0: sum(a.D0, b.D0), D: a.D.map((m, k) => sum(m, b.D[k])) }
}

/** Admission: an arrival of class k is let in with probability `admitted[k]`, else it is as if it had not come. */
export function thinnedStreams(process: MarkedArrivals, admitted: readonly number[]): MarkedArrivals {
  return {
    D0: process.D0.map((row, i) => row.map((x, j) => x + process.D.reduce((s, m, k) => s + (1 - admitted[k]) * m[i][j], 0))),
    D: process.D.map((m, k) => m.map((row) => row.map((x) => admitted[k] * x))),
  }
}

/** All classes together, marks forgotten. */
export function unmarked(process: MarkedArrivals): ArrivalProcess {
  return { D0: process.D0, D1: process.D0.map((row, i) => row.map((_, j) => process.D.reduce((s, m) => s + m[i][j], 0))) }
}

/** The arrivals of one class; the others become silent moves. */
export function streamOf(process: MarkedArrivals, mark: number): ArrivalProcess {
  return {
    D0: process.D0.map((row, i) => row.map((x, j) => x + process.D.reduce((s, m, k) => s + (k === mark ? 0 : m[i][j]), 0))),
    D1: process.D[mark],
  }
}

/** Stationary state probabilities of the chain. */
function markedStationaryPhases(process: MarkedArrivals): Float64Array {
  return stationaryPhases(unmarked(process))
}

/** Mean arrivals of each class per unit of time: π D[k] 1. */
export function markedArrivalRates(process: MarkedArrivals): number[] {
  const pi = markedStationaryPhases(process)
  return process.D.map((m) => dot(pi, rowSums(matrixFromRows(m))))
}

/**
 * Raw moments 1..count of the gap (whatever class began it) that ends with an arrival of class k, times the probability of that:
 * E[X^i; class k] = i! · start (−D0)^−(i+1) D_k 1 for all arrivals together. Row k: the class that ends the gap.
 */
export function markedGapMoments(process: MarkedArrivals, count: number): number[][] {
  const all = unmarked(process)
  const pi = stationaryPhases(all)
  const D1 = matrixFromRows(all.D1)
  const flow = rowTimes(pi, D1)
  const rate = flow.reduce((s, x) => s + x, 0)
  const f = factorise(scaleMatrix(matrixFromRows(process.D0), -1))
  return process.D.map((m) => {
    let x: Matrix = solveFactored(f, { rows: pi.length, columns: 1, data: rowSums(matrixFromRows(m)) })
    const out: number[] = []
    let factorial = 1
    for (let i = 1; i <= count; i++) {
      x = solveFactored(f, x)
      factorial *= i
      out.push((factorial * dot(flow, x.data)) / rate)
    }
    return out
  })
}

/** Probability that an arrival of class `first` is followed, `lag` arrivals later (1 = next), by one of class `second`. */
export function markTransition(process: MarkedArrivals, first: number, second: number, lag = 1): number {
  const f = factorise(scaleMatrix(matrixFromRows(process.D0), -1))
  const D1 = matrixFromRows(unmarked(process).D1)
  const n = D1.rows
  const start = rowTimes(markedStationaryPhases(process), matrixFromRows(process.D[first]))
  const rate = start.reduce((s, x) => s + x, 0)
  let x = solveFactored(f, { rows: n, columns: 1, data: rowSums(matrixFromRows(process.D[second])) })
  for (let k = 1; k < lag; k++) x = solveFactored(f, { rows: n, columns: 1, data: timesColumn(D1, x.data) })
  return dot(start, x.data) / rate
}

/** Index of dispersion of counts of one class in a window (Infinity for the limit). */
export function markedDispersion(process: MarkedArrivals, mark: number, window: number): number {
  return dispersionOfCounts(streamOf(process, mark), window)
}

/** Joint moments E[X_0^i X_lag^j] of the gaps of one class's own stream. */
export function markedJointMoment(process: MarkedArrivals, mark: number, i: number, j: number, lag: number): number {
  return jointArrivalMoment(streamOf(process, mark), i, j, lag)
}

/** A walker along the process from a stationary start: each call gives the next gap and the class of the arrival that ends it. */
export function markedSampler(process: MarkedArrivals, rng: Rng): () => { gap: number; mark: number } {
  return markedWalker(process.D0, process.D, markedStationaryPhases(process), rng)
}
