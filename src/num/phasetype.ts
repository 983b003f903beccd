/**
 * Phase-type laws: the time to absorption of a small Markov chain. Exponential, Erlang, hyperexponential, hyper-Erlang and every mixture,
 * sum, minimum and maximum of them are phase-type, and any positive law can be approached by one.
 *
 * A law is the pair (alpha, A): `alpha` the initial phase probabilities (what they lack to one is an atom at zero), `generator` the
 * sub-generator A among the phases; absorption happens at rate a = −A·1. Rates are per unit of time, whatever the unit; times come back
 * in the same unit.
 *
 * Source: Neuts (1981), Matrix-Geometric Solutions in Stochastic Models, chapter 2.
 */
import {
  addMatrices,
  dot,
  factorise,
  identityMatrix,
  kronecker,
  kroneckerSum,
  type Matrix,
  matrixExponential,
  matrixFromRows,
  matrixRows,
  rowSums,
  rowTimes,
  scaleMatrix,
  solveColumn,
  solveFactored,
} from './matrix.js'
import type { Rng } from './rng.js'

/** A phase-type law as plain data; JSON as it stands. */
export interface PhaseType {
  readonly alpha: readonly number[]
  readonly generator: readonly (readonly number[])[]
}

/** What is wrong with a law or a process handed in: a place inside the value and a sentence. */
export interface Defect {
  readonly path: string
  readonly message: string
}

/** A remark on a fit or a figure: the same shape as a model caveat. */
export interface FitCaveat {
  readonly code: string
  readonly message: string
  readonly numbers?: Readonly<Record<string, number>>
}

const SLACK = 1e-9

function isList(value: unknown): boolean {
  return Array.isArray(value) || ArrayBuffer.isView(value)
}

/**
 * Everything that keeps (alpha, generator) from being a phase-type law; empty when it is one. Checks shapes, finiteness, signs
 * (alpha ≥ 0 summing to at most 1, off-diagonal rates ≥ 0, row sums ≤ 0) and that absorption is certain from every phase that can be
 * reached. Slack: 1e-9 of the largest rate.
 */
export function phaseTypeDefects(law: PhaseType): Defect[] {
  const out: Defect[] = []
  const alpha: readonly number[] = law.alpha
  const generator: readonly (readonly number[])[] = law.generator
  if (!isList(alpha) || alpha.length === 0) return [{ path: 'alpha', message: 'must be a non-empty list of probabilities' }]
  const n = alpha.length
  if (!isList(generator) || generator.length !== n) {
    return [{ path: 'generator', message: `must have ${n} rows, one for each entry of alpha` }]
  }
  let sum = 0
  alpha.forEach((p, i) => {
    if (!Number.isFinite(p) || p < -SLACK || p > 1 + SLACK)
      out.push({ path: `alpha[${i}]`, message: `must lie in [0, 1], is ${p}` })
    else sum += p
  })
  if (sum > 1 + SLACK) out.push({ path: 'alpha', message: `sums to ${sum}, more than 1` })
  if (sum <= 0) out.push({ path: 'alpha', message: 'is zero everywhere: the law would always be 0' })
  let largest = 0
  for (const row of generator) if (isList(row)) for (const x of row) if (Math.abs(x) > largest) largest = Math.abs(x)
  generator.forEach((row, i) => {
    if (!isList(row) || row.length !== n) {
      out.push({ path: `generator[${i}]`, message: `must have ${n} entries` })
      return
    }
    let total = 0
    row.forEach((x: number, j: number) => {
      if (!Number.isFinite(x)) out.push({ path: `generator[${i}][${j}]`, message: `must be finite, is ${x}` })
      else if (i !== j && x < -SLACK * largest)
        out.push({ path: `generator[${i}][${j}]`, message: `must not be negative, is ${x}` })
      total += x
    })
    if (total > SLACK * largest) out.push({ path: `generator[${i}]`, message: `sums to ${total}, more than 0` })
    if (!(row[i] < 0)) out.push({ path: `generator[${i}][${i}]`, message: `must be negative, is ${row[i]}` })
  })
  if (out.length > 0) return out
  const leaves = generator.map((row, i) => row.reduce((s, x) => s + x, 0) < -SLACK * Math.abs(row[i]))
  for (let changed = true; changed; ) {
    changed = false
    for (let i = 0; i < n; i++) {
      if (leaves[i] || !generator[i].some((x, j) => j !== i && x > 0 && leaves[j])) continue
      leaves[i] = true
      changed = true
    }
  }
  leaves.forEach((ok, i) => {
    if (!ok) out.push({ path: `generator[${i}]`, message: `phase ${i} never leads to absorption` })
  })
  return out
}

/** The law (alpha, generator), checked: throws a RangeError that names the first defect. */
export function phaseType(alpha: ArrayLike<number>, generator: readonly ArrayLike<number>[]): PhaseType {
  const law = { alpha: Array.from(alpha), generator: generator.map((row) => Array.from(row)) }
  const [first] = phaseTypeDefects(law)
  if (first) throw new RangeError(`${first.path} ${first.message}`)
  return law
}

/** Exponential law of a rate. */
export function exponentialLaw(rate: number): PhaseType {
  return phaseType([1], [[-rate]])
}

/** Sum of `shape` exponential phases of equal rate. */
export function erlangLaw(shape: number, rate: number): PhaseType {
  return hyperErlangLaw([{ probability: 1, shape, rate }])
}

/** One Erlang branch of a hyper-Erlang law: with `probability`, the sum of `shape` phases of `rate`. */
export interface ErlangBranch {
  readonly probability: number
  readonly shape: number
  readonly rate: number
}

/** Mixture of Erlang laws; hyperexponential when every shape is 1. */
export function hyperErlangLaw(branches: readonly ErlangBranch[]): PhaseType {
  const order = branches.reduce((n, b) => n + b.shape, 0)
  const alpha = new Array<number>(order).fill(0)
  const generator = Array.from({ length: order }, () => new Array<number>(order).fill(0))
  let at = 0
  for (const { probability, shape, rate } of branches) {
    alpha[at] = probability
    for (let i = 0; i < shape; i++, at++) {
      generator[at][at] = -rate
      if (i + 1 < shape) generator[at][at + 1] = rate
    }
  }
  return phaseType(alpha, generator)
}

/**
 * Raw moments 1..count: m_k = k! · alpha (−A)^−k 1, in units of time to the k.
 *
 * @example
 * phaseTypeMoments(erlangLaw(2, 2), 2) // [1, 1.5]
 */
export function phaseTypeMoments(law: PhaseType, count: number): number[] {
  const f = factorise(scaleMatrix(matrixFromRows(law.generator), -1))
  let x: Matrix = { rows: law.alpha.length, columns: 1, data: new Float64Array(law.alpha.length).fill(1) }
  const out: number[] = []
  let factorial = 1
  for (let k = 1; k <= count; k++) {
    x = solveFactored(f, x)
    factorial *= k
    out.push(factorial * dot(law.alpha, x.data))
  }
  return out
}

/** Mean. */
export function phaseTypeMean(law: PhaseType): number {
  return phaseTypeMoments(law, 1)[0]
}

/** Squared coefficient of variation: variance / mean². */
export function phaseTypeScv(law: PhaseType): number {
  const [m1, m2] = phaseTypeMoments(law, 2)
  return m2 / (m1 * m1) - 1
}

/** The row vector alpha·e^{At}: phase probabilities at time t. Uniformisation for short times, scaling and squaring for long ones. */
function phasesAt(law: PhaseType, t: number): Float64Array {
  const a = matrixFromRows(law.generator)
  const n = a.rows
  let q = 0
  for (let i = 0; i < n; i++) q = Math.max(q, -a.data[i * n + i])
  const load = q * t
  if (load > 400) return rowTimes(law.alpha, matrixExponential(scaleMatrix(a, t)))
  // e^{At} = Σ Poisson(k; qt) P^k with P = I + A/q: no subtractions.
  const p = addMatrices(identityMatrix(n), a, 1 / q)
  let v: Float64Array = Float64Array.from(law.alpha)
  const out = new Float64Array(n)
  const limit = Math.ceil(load + 9 * Math.sqrt(load + 1) + 20)
  let weight = -load
  for (let k = 0; k <= limit; k++) {
    const w = Math.exp(weight)
    for (let i = 0; i < n; i++) out[i] += w * v[i]
    weight += Math.log(load / (k + 1))
    v = rowTimes(v, p)
  }
  return out
}

/** P(X > t) = alpha e^{At} 1. */
export function phaseTypeSurvival(law: PhaseType, t: number): number {
  if (t < 0) return 1
  if (t === 0)
    return Math.min(
      1,
      law.alpha.reduce((s, p) => s + p, 0),
    )
  return Math.min(
    1,
    Math.max(
      0,
      phasesAt(law, t).reduce((s, p) => s + p, 0),
    ),
  )
}

/** P(X ≤ t) = 1 − alpha e^{At} 1. */
export function phaseTypeCdf(law: PhaseType, t: number): number {
  return 1 - phaseTypeSurvival(law, t)
}

/** Absorption rates a = −A·1. */
export function exitRates(law: PhaseType): Float64Array {
  return rowSums(matrixFromRows(law.generator)).map((x) => Math.max(0, -x))
}

/** Density alpha e^{At} a at t > 0, per unit of time. */
export function phaseTypeDensity(law: PhaseType, t: number): number {
  if (t < 0) return 0
  return Math.max(0, dot(t === 0 ? law.alpha : phasesAt(law, t), exitRates(law)))
}

/** Laplace–Stieltjes transform E[e^{−sX}] = (1 − alpha·1) + alpha (sI − A)^−1 a at a real s ≥ 0. */
export function phaseTypeTransform(law: PhaseType, s: number): number {
  const n = law.alpha.length
  const x = solveColumn(addMatrices(scaleMatrix(identityMatrix(n), s), matrixFromRows(law.generator), -1), exitRates(law))
  return 1 - law.alpha.reduce((a, p) => a + p, 0) + dot(law.alpha, x)
}

/**
 * The smallest t with P(X ≤ t) ≥ probability, 0 < probability < 1: Newton on the logarithm of the survival function, kept inside a
 * bracket. Relative accuracy 1e-12 of t.
 */
export function phaseTypeQuantile(law: PhaseType, probability: number): number {
  if (!(probability > 0 && probability < 1)) throw new RangeError(`probability must lie in (0, 1), is ${probability}`)
  const target = 1 - probability
  const exits = exitRates(law)
  const total = law.alpha.reduce((s, p) => s + p, 0)
  if (total <= target) return 0
  let low = 0
  let high = Number.POSITIVE_INFINITY
  let t = phaseTypeMean(law)
  for (let i = 0; i < 200; i++) {
    const v = phasesAt(law, t)
    const above = v.reduce((s, p) => s + p, 0)
    if (above > target) low = t
    else high = t
    const slope = dot(v, exits)
    let next = slope > 0 && above > 0 ? t + (above * Math.log(above / target)) / slope : Number.NaN
    if (!(next > low && next < high)) next = high === Number.POSITIVE_INFINITY ? 2 * t : (low + high) / 2
    if (Math.abs(next - t) <= 1e-13 * t || (high < Number.POSITIVE_INFINITY && high - low <= 1e-13 * high)) return next
    t = next
  }
  return t
}

/**
 * A sampler of the law: walks the chain with precomputed cumulative rows. Hyper-Erlang and other chains whose phases run in a row cost
 * one exponential a phase.
 */
export function phaseTypeSampler(law: PhaseType): (rng: Rng) => number {
  const n = law.alpha.length
  const exits = exitRates(law)
  const rates = new Float64Array(n)
  const rows: Float64Array[] = []
  for (let i = 0; i < n; i++) {
    const row = law.generator[i]
    rates[i] = 1 / -row[i]
    const cumulative = new Float64Array(n + 1)
    let c = exits[i]
    cumulative[0] = c
    for (let j = 0; j < n; j++) {
      c += j === i ? 0 : row[j]
      cumulative[j + 1] = c
    }
    for (let j = 0; j <= n; j++) cumulative[j] /= c
    rows.push(cumulative)
  }
  const start = new Float64Array(n)
  let c = 0
  for (let i = 0; i < n; i++) {
    c += law.alpha[i]
    start[i] = c
  }
  // Rounding of the sum must not become an atom at zero.
  if (Math.abs(c - 1) < 1e-9) start[n - 1] = 1
  return (rng) => {
    const u = rng.uniform()
    let phase = 0
    while (phase < n && u >= start[phase]) phase++
    let t = 0
    while (phase < n) {
      t += rng.exponential() * rates[phase]
      const row = rows[phase]
      if (row[0] >= 1) break
      const v = rng.uniform()
      let next = 0
      while (next < n && v >= row[next]) next++
      if (next === 0) break
      phase = next - 1
    }
    return t
  }
}

/** The law of factor · X: rates divided by the factor. */
export function stretched(law: PhaseType, factor: number): PhaseType {
  return { alpha: law.alpha, generator: law.generator.map((row) => row.map((x) => x / factor)) }
}

/** Law of the sum of independent times, in the order given. Order: the sum of orders. */
export function sumOf(...laws: readonly PhaseType[]): PhaseType {
  return laws.reduce((first, second) => {
    const n = first.alpha.length
    const m = second.alpha.length
    const exits = exitRates(first)
    const atom = 1 - first.alpha.reduce((s, p) => s + p, 0)
    const generator = Array.from({ length: n + m }, () => new Array<number>(n + m).fill(0))
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) generator[i][j] = first.generator[i][j]
      for (let j = 0; j < m; j++) generator[i][n + j] = exits[i] * second.alpha[j]
    }
    for (let i = 0; i < m; i++) for (let j = 0; j < m; j++) generator[n + i][n + j] = second.generator[i][j]
    return { alpha: [...first.alpha, ...second.alpha.map((p) => (atom > 1e-15 ? p * atom : 0))], generator }
  })
}

/** With probability `weights[i]`, the law `laws[i]`. Order: the sum of orders. */
export function mixtureOf(weights: readonly number[], laws: readonly PhaseType[]): PhaseType {
  const order = laws.reduce((n, law) => n + law.alpha.length, 0)
  const alpha: number[] = []
  const generator: number[][] = []
  let at = 0
  laws.forEach((law, k) => {
    for (let i = 0; i < law.alpha.length; i++) {
      alpha.push(weights[k] * law.alpha[i])
      const row = new Array<number>(order).fill(0)
      for (let j = 0; j < law.alpha.length; j++) row[at + j] = law.generator[i][j]
      generator.push(row)
    }
    at += law.alpha.length
  })
  return { alpha, generator }
}

/** Law of the smaller of two independent times. Order: the product of orders. */
export function minimumOf(x: PhaseType, y: PhaseType): PhaseType {
  const alpha = kronecker(matrixFromRows([x.alpha]), matrixFromRows([y.alpha]))
  return {
    alpha: Array.from(alpha.data),
    generator: matrixRows(kroneckerSum(matrixFromRows(x.generator), matrixFromRows(y.generator))),
  }
}

/** Law of the larger of two independent times. Order: n·m + n + m. */
export function maximumOf(x: PhaseType, y: PhaseType): PhaseType {
  const n = x.alpha.length
  const m = y.alpha.length
  const order = n * m + n + m
  const both = kroneckerSum(matrixFromRows(x.generator), matrixFromRows(y.generator))
  const exitX = exitRates(x)
  const exitY = exitRates(y)
  const atomX = Math.max(0, 1 - x.alpha.reduce((s, p) => s + p, 0))
  const atomY = Math.max(0, 1 - y.alpha.reduce((s, p) => s + p, 0))
  const generator = Array.from({ length: order }, () => new Array<number>(order).fill(0))
  const alpha = new Array<number>(order).fill(0)
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < m; j++) {
      const p = i * m + j
      alpha[p] = x.alpha[i] * y.alpha[j]
      for (let k = 0; k < n * m; k++) generator[p][k] = both.data[p * n * m + k]
      generator[p][n * m + i] = exitY[j]
      generator[p][n * m + n + j] = exitX[i]
    }
  }
  for (let i = 0; i < n; i++) {
    alpha[n * m + i] = x.alpha[i] * atomY
    for (let k = 0; k < n; k++) generator[n * m + i][n * m + k] = x.generator[i][k]
  }
  for (let j = 0; j < m; j++) {
    alpha[n * m + n + j] = y.alpha[j] * atomX
    for (let k = 0; k < m; k++) generator[n * m + n + j][n * m + n + k] = y.generator[j][k]
  }
  return { alpha, generator }
}

/**
 * The same law with fewer phases, exactly: phases that are never visited are removed, and phases with the same future (ordinary
 * lumpability, found by refining the partition by exit rate and by rates into each block) are merged. The law does not change.
 */
export function withoutRedundantPhases(law: PhaseType): PhaseType {
  const n = law.alpha.length
  const visited = law.alpha.map((p) => p > 0)
  for (let changed = true; changed; ) {
    changed = false
    for (let i = 0; i < n; i++) {
      if (!visited[i]) continue
      for (let j = 0; j < n; j++) {
        if (visited[j] || !(law.generator[i][j] > 0)) continue
        visited[j] = true
        changed = true
      }
    }
  }
  const keep = visited.flatMap((v, i) => (v ? [i] : []))
  const exits = exitRates(law)
  const digits = (x: number) => (Math.abs(x) < 1e-300 ? '0' : x.toPrecision(12))
  let block = new Map<number, number>(keep.map((i) => [i, 0]))
  for (let count = 0; ; ) {
    const names = new Map<string, number>()
    const next = new Map<number, number>()
    for (const i of keep) {
      const into = new Map<number, number>()
      for (const j of keep) {
        const b = block.get(j)!
        if (b !== block.get(i)) into.set(b, (into.get(b) ?? 0) + law.generator[i][j])
      }
      const key = [
        block.get(i),
        digits(exits[i]),
        ...[...into]
          .filter(([, x]) => x > 0)
          .sort((p, q) => p[0] - q[0])
          .map(([b, x]) => `${b}:${digits(x)}`),
      ].join(' ')
      if (!names.has(key)) names.set(key, names.size)
      next.set(i, names.get(key)!)
    }
    block = next
    if (names.size === count) break
    count = names.size
  }
  const order = new Set(block.values()).size
  const alpha = new Array<number>(order).fill(0)
  const generator: number[][] = Array.from({ length: order }, () => [])
  for (const i of keep) alpha[block.get(i)!] += law.alpha[i]
  for (const i of keep) {
    const b = block.get(i)!
    if (generator[b].length > 0) continue
    const row = new Array<number>(order).fill(0)
    let out = exits[i]
    for (const j of keep) {
      const c = block.get(j)!
      if (c === b) continue
      row[c] += law.generator[i][j]
      out += law.generator[i][j]
    }
    row[b] = -out
    generator[b] = row
  }
  return { alpha, generator }
}

/** The law of the remaining time at a moment picked at random inside X (equilibrium law): alpha(−A)^−1 / mean as initial vector. */
export function residualLaw(law: PhaseType): PhaseType {
  const n = law.alpha.length
  const f = factorise(scaleMatrix(matrixFromRows(law.generator.map((_, i) => law.generator.map((row) => row[i]))), -1))
  const x = solveFactored(f, { rows: n, columns: 1, data: Float64Array.from(law.alpha) }).data
  const total = x.reduce((s, p) => s + p, 0)
  return { alpha: Array.from(x, (p) => p / total), generator: law.generator }
}
