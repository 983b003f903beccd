/**
 * MAP/PH/c: correlated arrivals of one class, phase-type service, c equal servers, one first-come queue.
 *
 * Level: jobs in the station; phase: state of the arrival chain and how many busy servers are in each service phase. From c jobs on the blocks
 * repeat (a quasi-birth-death process). Below c, levels are removed one by one from the top (block elimination without subtractions).
 * The wait is a sum of K exponential steps of one rate q (uniformisation): P(K > k) is a sequence found once, from which the distribution at
 * any time, the percentiles and, convolved with the service's own sequence, the response follow exactly.
 *
 * Returns utilisation, number, wait and response. Holds for an irreducible arrival chain, independent phase-type services, ρ < 1. The number of
 * phases is N·C(c + m − 1, m − 1) for m service phases; beyond `largest` (400) the answer is refused as `unsupported`.
 * Sources: Neuts (1981), chapter 3; Ramaswami, Lucantoni (1985) for counting servers by phase.
 */
import { type Caveat, isRefusal, type Refusal, refuse } from '../model/index.js'
import {
  type ArrivalProcess,
  addMatrices,
  dot,
  factorise,
  identityMatrix,
  kronecker,
  type Matrix,
  matrixFromRows,
  multiplyMatrices,
  type PhaseType,
  phaseTypeMoments,
  rowSums,
  rowTimes,
  scaleMatrix,
  solveFactored,
  stationaryVector,
  transposeMatrix,
  zeroMatrix,
} from '../num/index.js'
import { refuseInput, type TimeFigures } from './map-figures.js'
import { nearSaturation, unstable } from './priority.js'
import { solveQbd } from './qbd.js'

export interface MapPhC {
  readonly arrivals: ArrivalProcess
  readonly service: PhaseType
  readonly servers: number
}

export interface MapPhCQuestion {
  /** Times at which P(wait ≤ t) and P(response ≤ t) are wanted. */
  readonly cdfAt?: readonly number[]
  /** Probabilities of which the percentiles of wait and response are wanted. */
  readonly percentiles?: readonly number[]
  /** P(number = 0), …, this many (c + 8). */
  readonly numberProbabilities?: number
  /** Most phases of a repeating level (400). */
  readonly largest?: number
}

export interface MapPhCFigures {
  /** Share of the servers that is busy: λ E[S] / c. */
  readonly utilisation: number
  readonly arrivalRate: number
  /** Probability that an arrival finds all servers busy. */
  readonly waitProbability: number
  readonly wait: TimeFigures
  readonly response: TimeFigures
  readonly number: { readonly moments: readonly number[]; readonly probabilities: readonly number[] }
  /** Largest of: residual of the QBD equation, and of Little's law between the number and the wait. */
  readonly residual: number
  /** Phases of a repeating level. */
  readonly phases: number
  readonly caveats: readonly Caveat[]
}

/** All ways to put `count` servers into `order` phases, and the index of each. */
function occupancies(count: number, order: number): { list: number[][]; index: Map<string, number> } {
  const list: number[][] = []
  const build = (left: number, at: number, now: number[]) => {
    if (at === order - 1) {
      list.push([...now, left])
      return
    }
    for (let k = left; k >= 0; k--) build(left - k, at + 1, [...now, k])
  }
  build(count, 0, [])
  return { list, index: new Map(list.map((x, i) => [x.join(','), i])) }
}

function choose(n: number, k: number): number {
  let out = 1
  for (let i = 1; i <= k; i++) out = (out * (n - k + i)) / i
  return out
}

/** Solves the station above. Refuses `unstable` (with ρ), `not-converged` (with the residual), `unsupported`. */
export function mapPhC({ arrivals, service, servers: c }: MapPhC, question: MapPhCQuestion = {}): MapPhCFigures | Refusal {
  const bad = refuseInput({ D0: arrivals.D0, D: [arrivals.D1] }, [service])
  if (bad) return bad
  if (!Number.isInteger(c) || c < 1) return refuse('unsupported', `servers must be a whole number of at least 1, is ${c}`)
  const D0 = matrixFromRows(arrivals.D0)
  const D1 = matrixFromRows(arrivals.D1)
  const N = D0.rows
  const m = service.alpha.length
  const chain = stationaryVector(addMatrices(D0, D1))!
  const rate = dot(chain, rowSums(D1))
  const serviceMoments = phaseTypeMoments(service, 3)
  const utilisation = (rate * serviceMoments[0]) / c
  if (!(utilisation < 1)) return unstable(utilisation, c)
  const phases = N * choose(c + m - 1, m - 1)
  if (phases > (question.largest ?? 400)) {
    return refuse('unsupported', `${phases} phases in a level: fewer servers or service phases, or simulation`, { phases })
  }
  const A = service.generator
  const exits = A.map((row) => Math.max(0, -row.reduce((s, x) => s + x, 0)))
  const sets = Array.from({ length: c + 1 }, (_, n) => occupancies(n, m))
  const moved = (x: readonly number[], from: number, to: number) => {
    const y = [...x]
    if (from >= 0) y[from]--
    if (to >= 0) y[to]++
    return y.join(',')
  }
  // Moves of the service phases inside level n, completions, and admissions.
  const inside = sets.map(({ list, index }) => {
    const out = zeroMatrix(list.length, list.length)
    list.forEach((x, p) => {
      for (let i = 0; i < m; i++) {
        if (x[i] === 0) continue
        for (let j = 0; j < m; j++) {
          if (A[i][j] === 0) continue
          const q = i === j ? p : index.get(moved(x, i, j))!
          out.data[p * list.length + q] += x[i] * A[i][j]
        }
      }
    })
    return out
  })
  const complete = sets.map(({ list }, n) => {
    if (n === 0) return zeroMatrix(1, 1)
    const below = sets[n - 1]
    const out = zeroMatrix(list.length, below.list.length)
    list.forEach((x, p) => {
      for (let i = 0; i < m; i++) {
        if (x[i] > 0 && exits[i] > 0) out.data[p * below.list.length + below.index.get(moved(x, i, -1))!] += x[i] * exits[i]
      }
    })
    return out
  })
  const admit = sets.slice(0, c).map(({ list }, n) => {
    const above = sets[n + 1]
    const out = zeroMatrix(list.length, above.list.length)
    list.forEach((x, p) => {
      for (let i = 0; i < m; i++) {
        if (service.alpha[i] > 0) out.data[p * above.list.length + above.index.get(moved(x, -1, i))!] += service.alpha[i]
      }
    })
    return out
  })
  const M = sets[c].list.length
  // A completion with jobs waiting: one leaves, the next enters service.
  const replace = multiplyMatrices(complete[c], admit[c - 1])
  const local = (n: number) => {
    const size = sets[n].list.length
    return addMatrices(kronecker(D0, identityMatrix(size)), kronecker(identityMatrix(N), inside[n]))
  }
  const up = kronecker(D1, identityMatrix(M))
  const qbd = solveQbd({ up, local: local(c), down: kronecker(identityMatrix(N), replace) })
  if (isRefusal(qbd)) return qbd
  const { G, R } = qbd
  // Censor the levels from c down to 0: π_n = π_{n−1} · rises[n].
  let current = addMatrices(local(c), multiplyMatrices(up, G))
  const rises: Matrix[] = []
  for (let n = c; n >= 1; n--) {
    const into = kronecker(D1, admit[n - 1])
    const f = factorise(transposeMatrix(scaleMatrix(current, -1)))
    const rise = transposeMatrix(solveFactored(f, transposeMatrix(into)))
    rises[n] = rise
    current = addMatrices(local(n - 1), multiplyMatrices(rise, kronecker(identityMatrix(N), complete[n])))
  }
  const bottom = stationaryVector(current)
  if (!bottom) return refuse('not-converged', 'the empty station could not be balanced', { residual: 1 })
  const levels: Float64Array[] = [bottom]
  for (let n = 1; n <= c; n++) levels.push(rowTimes(levels[n - 1], rises[n]))
  const NM = N * M
  const kernel = factorise(transposeMatrix(addMatrices(identityMatrix(NM), R, -1)))
  const through = (v: Float64Array) => solveFactored(kernel, { rows: NM, columns: 1, data: v }).data
  const sum = (v: Float64Array) => v.reduce((s, x) => s + x, 0)
  const tailOnce = through(levels[c]) // π_c (I − R)⁻¹
  const total = levels.slice(0, c).reduce((s, v) => s + sum(v), 0) + sum(tailOnce)
  for (const v of levels) for (let i = 0; i < v.length; i++) v[i] /= total
  const first = through(levels[c])
  const second = through(rowTimes(first, R)) // Σ k R^k
  const third = through(rowTimes(second, R)) // Σ k(k−1)/2 R^k
  let m1 = 0
  let m2 = 0
  for (let n = 0; n < c; n++) {
    m1 += n * sum(levels[n])
    m2 += n * n * sum(levels[n])
  }
  const s0 = sum(first)
  const s1 = sum(second)
  const s2 = sum(second) + 2 * sum(third)
  m1 += c * s0 + s1
  m2 += c * c * s0 + 2 * c * s1 + s2
  const probabilities: number[] = []
  let level = levels[c]
  for (let n = 0; n < (question.numberProbabilities ?? c + 8); n++) {
    if (n < c) probabilities.push(sum(levels[n]))
    else {
      probabilities.push(sum(level))
      level = rowTimes(level, R)
    }
  }
  // The wait: arrivals that find c + k jobs wait for k + 1 completions.
  const arriving = rowSums(D1)
  const start = zeroMatrix(NM, M)
  for (let i = 0; i < N; i++) for (let x = 0; x < M; x++) start.data[(i * M + x) * M + x] = arriving[i]
  let q = 0
  for (let p = 0; p < M; p++) q = Math.max(q, -inside[c].data[p * M + p])
  for (const [i, row] of A.entries()) q = Math.max(q, -row[i])
  const stay = addMatrices(identityMatrix(M), inside[c], 1 / q)
  const leave = scaleMatrix(replace, 1 / q)
  let Y = solveFactored(factorise(addMatrices(identityMatrix(NM), R, -1)), start)
  const waitProbability = sum(rowTimes(levels[c], Y)) / rate
  const beyond: number[] = []
  for (let k = 0; ; k++) {
    const now = sum(rowTimes(levels[c], Y)) / rate
    beyond.push(now)
    const size = beyond.length
    if (now < 1e-13 * Math.max(1e-300, beyond[0]) || k >= 200_000) break
    if (size > 50) {
      // The tail has become geometric: go on without matrices.
      const r1 = beyond[size - 1] / beyond[size - 2]
      const r2 = beyond[size - 21] / beyond[size - 22]
      if (Math.abs(r1 - r2) < 1e-13 && r1 < 1) {
        while (beyond[beyond.length - 1] > 1e-14 * beyond[0] && beyond.length < 4_000_000)
          beyond.push(beyond[beyond.length - 1] * r1)
        break
      }
    }
    Y = addMatrices(multiplyMatrices(Y, stay), multiplyMatrices(multiplyMatrices(R, Y), leave))
  }
  const wait = Float64Array.from(beyond)
  const response = plusService(wait, service, q)
  const waitMoments = stepMoments(wait, q)
  const responseMoments = stepMoments(response, q)
  const littles = Math.abs((rate * responseMoments[0]) / m1 - 1)
  const residual = Math.max(qbd.residual, littles)
  if (!(residual < 1e-6)) return refuse('not-converged', "the figures contradict Little's law", { residual })
  const figures = (tails: Float64Array, moments: readonly number[]): TimeFigures => ({
    moments,
    ...(question.cdfAt === undefined
      ? {}
      : { cdf: { t: question.cdfAt, F: question.cdfAt.map((t) => (t < 0 ? 0 : 1 - stepTail(tails, q * t))) } }),
    ...(question.percentiles === undefined
      ? {}
      : { percentiles: Object.fromEntries(question.percentiles.map((p) => [String(p), stepQuantile(tails, q, p)])) }),
  })
  return {
    utilisation,
    arrivalRate: rate,
    waitProbability,
    wait: figures(wait, waitMoments),
    response: figures(response, responseMoments),
    number: { moments: [m1, m2], probabilities },
    residual,
    phases,
    caveats: nearSaturation(utilisation),
  }
}

/** P(K > k) of K steps plus those of a service: the sum of two discrete laws. */
function plusService(tails: Float64Array, service: PhaseType, q: number): Float64Array {
  const a = matrixFromRows(service.generator)
  const p = addMatrices(identityMatrix(a.rows), a, 1 / q)
  const serviceTail: number[] = []
  let v: Float64Array = Float64Array.from(service.alpha)
  for (let k = 0; k < 1_000_000; k++) {
    const t = v.reduce((s, x) => s + x, 0)
    serviceTail.push(t)
    if (t < 1e-16) break
    v = rowTimes(v, p)
  }
  // P(K + L > k) = P(L > k) + Σ_j P(L = j) P(K > k − j).
  const out = new Float64Array(tails.length + serviceTail.length)
  for (let k = 0; k < out.length; k++) out[k] = serviceTail[k] ?? 0
  for (let j = 0; j < serviceTail.length; j++) {
    const mass = (j === 0 ? 1 : serviceTail[j - 1]) - serviceTail[j]
    if (mass <= 0) continue
    for (let k = 0; k < tails.length; k++) out[k + j] += mass * tails[k]
  }
  return out
}

/** Raw moments 1..3 of K exponential steps of rate q: E[K], E[K(K+1)], E[K(K+1)(K+2)] over powers of q. */
function stepMoments(tails: Float64Array, q: number): number[] {
  let s1 = 0
  let s2 = 0
  let s3 = 0
  for (let k = tails.length - 1; k >= 0; k--) {
    s1 += tails[k]
    s2 += 2 * (k + 1) * tails[k]
    s3 += 3 * (k + 1) * (k + 2) * tails[k]
  }
  return [s1 / q, s2 / (q * q), s3 / (q * q * q)]
}

/** P(time > t) with q·t given: Poisson mixture of the sequence. */
function stepTail(tails: Float64Array, load: number): number {
  if (load === 0) return tails[0]
  const spread = 9 * Math.sqrt(load + 1) + 12
  const low = Math.max(0, Math.floor(load - spread))
  const high = Math.min(tails.length - 1, Math.ceil(load + spread))
  if (low >= tails.length) return 0
  const middle = Math.floor(load)
  let peak = -load + middle * Math.log(load)
  for (let i = 2; i <= middle; i++) peak -= Math.log(i)
  let w = Math.exp(peak)
  let s = 0
  for (let k = middle; k <= high; k++) {
    s += w * tails[k]
    w *= load / (k + 1)
  }
  w = Math.exp(peak)
  for (let k = middle; k > low; ) {
    w *= k / load
    k--
    if (k < tails.length) s += w * tails[k]
  }
  return Math.min(1, s)
}

function stepQuantile(tails: Float64Array, q: number, p: number): number {
  const target = 1 - p
  if (tails[0] <= target) return 0
  let low = 0
  let high = 1 / q
  while (stepTail(tails, q * high) > target) {
    low = high
    high *= 2
  }
  for (let i = 0; i < 100 && high - low > 1e-11 * high; i++) {
    const middle = (low + high) / 2
    if (stepTail(tails, q * middle) > target) low = middle
    else high = middle
  }
  return (low + high) / 2
}
