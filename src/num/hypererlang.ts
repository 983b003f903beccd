/**
 * Hyper-Erlang laws by expectation–maximisation: weighted samples, right-censored samples, and the search for the branch shapes.
 *
 *   E step  q_i(x) = b_i erl(x; r_i, λ_i) / Σ_j b_j erl(x; r_j, λ_j)
 *   M step  b_i = Σ w q_i / Σ w,  λ_i = r_i Σ w q_i / Σ w q_i E[X | branch i, seen]
 *
 * A censored sample says only X > c: its responsibility uses the branch's survival function and its conditional mean
 * E[X | X > c] = (r/λ) P(Γ(r+1, λ) > c) / P(Γ(r, λ) > c), so that running jobs neither vanish nor count as finished.
 *
 * Large samples are compressed first: values are sorted into bins of equal width in ln x, each kept with its weight, its mean and its mean
 * logarithm; with 2^−9 wide bins the likelihood changes by less than 1e-6 relative. What is fitted needs Σ w q and Σ w q x only.
 *
 * Source: Thummler, Buchholz, Telek, "A novel approach for phase-type fitting with the EM algorithm", IEEE TDSC 3 (2006); censoring:
 * Olsson, Scandinavian J. Statistics 23 (1996).
 */
import { type Defect, type ErlangBranch, type FitCaveat, hyperErlangLaw, type PhaseType } from './phasetype.js'

/** Samples to be fitted. Values that are not positive and finite are left out, and the fit says how many. */
export interface WeightedSamples {
  readonly values: ArrayLike<number>
  /** Weight of each value; 1 when absent. */
  readonly weights?: ArrayLike<number>
  /** True (or 1) where the value is only a lower bound: the thing measured was still going on. */
  readonly censored?: ArrayLike<number | boolean>
}

export interface HyperErlangOptions {
  /** Most EM steps for one shape vector (200). */
  readonly iterations?: number
  /** Stop when the log-likelihood gains less than this share of itself (1e-7). */
  readonly tolerance?: number
  /** Samples above this count are compressed into logarithmic bins (4,000); Infinity for never. */
  readonly compressAbove?: number
}

export interface HyperErlangFit {
  readonly branches: readonly ErlangBranch[]
  readonly law: PhaseType
  /** Mean log-likelihood per unit of weight, at the samples (bins where compressed). */
  readonly meanLogLikelihood: number
  /** Bayesian information criterion: parameters · ln n − 2 ln likelihood; smaller is better. */
  readonly bic: number
  readonly steps: number
  readonly converged: boolean
  /** How far the law is from the samples: relative errors of mean and SCV (finished samples only), and the largest CDF gap at the bins. */
  readonly error: { readonly mean: number; readonly scv: number; readonly cdf: number }
  readonly caveats: readonly FitCaveat[]
}

/** Data as the kernel wants it: exact points (value, log, weight), then censored points. */
interface Points {
  readonly n: number
  readonly x: Float64Array
  readonly logX: Float64Array
  readonly weight: Float64Array
  readonly censoredAt: Float64Array
  readonly censoredWeight: Float64Array
  readonly total: number
  readonly count: number
  readonly mean: number
  readonly scv: number
  readonly leftOut: number
  readonly compressed: boolean
}

const BIN_WIDTH = 2 ** -9

function gather(samples: WeightedSamples, compressAbove: number): Points {
  const size = samples.values.length
  let exact = 0
  let censored = 0
  let low = Number.POSITIVE_INFINITY
  let high = 0
  for (let i = 0; i < size; i++) {
    const v = samples.values[i]
    const w = samples.weights === undefined ? 1 : samples.weights[i]
    if (!(v > 0 && v < Number.POSITIVE_INFINITY && w > 0)) continue
    if (samples.censored?.[i]) censored++
    else exact++
    if (v < low) low = v
    if (v > high) high = v
  }
  const compressed = exact + censored > compressAbove
  const logLow = Math.log(low)
  const bins = compressed ? Math.floor((Math.log(high) - logLow) / BIN_WIDTH) + 1 : 0
  const sum = new Float64Array(compressed ? bins : exact)
  const logSum = new Float64Array(sum.length)
  const weight = new Float64Array(sum.length)
  const censoredSum = new Float64Array(compressed ? bins : censored)
  const censoredWeight = new Float64Array(censoredSum.length)
  let total = 0
  let m0 = 0
  let m1 = 0
  let m2 = 0
  let at = 0
  let censoredAt = 0
  for (let i = 0; i < size; i++) {
    const v = samples.values[i]
    const w = samples.weights === undefined ? 1 : samples.weights[i]
    if (!(v > 0 && v < Number.POSITIVE_INFINITY && w > 0)) continue
    const l = Math.log(v)
    const bin = compressed ? Math.min(bins - 1, Math.floor((l - logLow) / BIN_WIDTH)) : -1
    total += w
    if (samples.censored?.[i]) {
      const p = bin < 0 ? censoredAt++ : bin
      censoredSum[p] += w * v
      censoredWeight[p] += w
      continue
    }
    m0 += w
    m1 += w * v
    m2 += w * v * v
    const p = bin < 0 ? at++ : bin
    sum[p] += w * v
    logSum[p] += w * l
    weight[p] += w
  }
  const pack = (keep: Float64Array, of: Float64Array) => of.filter((_, i) => keep[i] > 0)
  const w = pack(weight, weight)
  const cw = pack(censoredWeight, censoredWeight)
  const x = pack(weight, sum)
  const logX = pack(weight, logSum)
  for (let i = 0; i < w.length; i++) {
    x[i] /= w[i]
    logX[i] /= w[i]
  }
  const c = pack(censoredWeight, censoredSum)
  for (let i = 0; i < cw.length; i++) c[i] /= cw[i]
  const mean = m1 / m0
  return {
    n: w.length,
    x,
    logX,
    weight: w,
    censoredAt: c,
    censoredWeight: cw,
    total,
    count: exact + censored,
    mean,
    scv: m0 > 0 ? Math.max(0, m2 / m0 / (mean * mean) - 1) : 0,
    leftOut: size - exact - censored,
    compressed,
  }
}

/** ln (r − 1)! for the shapes at hand. */
function logFactorial(n: number): number {
  let s = 0
  for (let i = 2; i <= n; i++) s += Math.log(i)
  return s
}

/** P(Erlang(r, rate) > c) as (largest exponent, scaled sum): e^{−y} Σ_{k<r} y^k/k!, y = rate·c, in logs. */
function logErlangSurvival(shape: number, y: number): number {
  // Σ_{k<r} y^k/k! summed from its largest term down, relative to that term.
  const top = Math.min(shape - 1, Math.floor(y))
  let sum = 1
  let term = 1
  for (let k = top; k > 0; k--) {
    term *= k / y
    sum += term
    if (term < 1e-17 * sum) break
  }
  term = 1
  for (let k = top + 1; k < shape; k++) {
    term *= y / k
    sum += term
    if (term < 1e-17 * sum) break
  }
  return -y + (top > 0 ? top * Math.log(y) - logFactorial(top) : 0) + Math.log(sum)
}

interface Run {
  readonly probability: Float64Array
  readonly rate: Float64Array
  readonly logLikelihood: number
  readonly steps: number
  readonly converged: boolean
}

/** EM for given shapes from given parameters. */
function iterate(
  points: Points,
  shapes: readonly number[],
  start: { b: Float64Array; rate: Float64Array },
  iterations: number,
  tolerance: number,
): Run {
  const { n, x, logX, weight, censoredAt, censoredWeight, total } = points
  const m = shapes.length
  const b = start.b.slice()
  const rate = start.rate.slice()
  const logGamma = Float64Array.from(shapes, (r) => logFactorial(r - 1))
  const offset = new Float64Array(m)
  const shift = Float64Array.from(shapes, (r) => r - 1)
  const terms = new Float64Array(m)
  const mass = new Float64Array(m)
  const time = new Float64Array(m)
  let logLikelihood = Number.NEGATIVE_INFINITY
  let steps = 0
  let converged = false
  for (;;) {
    for (let i = 0; i < m; i++) {
      offset[i] = b[i] > 0 ? Math.log(b[i]) + shapes[i] * Math.log(rate[i]) - logGamma[i] : Number.NEGATIVE_INFINITY
      mass[i] = 0
      time[i] = 0
    }
    let sum = 0
    for (let k = 0; k < n; k++) {
      const v = x[k]
      const l = logX[k]
      let top = Number.NEGATIVE_INFINITY
      for (let i = 0; i < m; i++) {
        const t = offset[i] + shift[i] * l - rate[i] * v
        terms[i] = t
        if (t > top) top = t
      }
      let all = 0
      for (let i = 0; i < m; i++) {
        const d = terms[i] - top
        // e^−40 is below rounding of the sum: skip the exponential.
        const e = d > -40 ? Math.exp(d) : 0
        terms[i] = e
        all += e
      }
      const w = weight[k]
      sum += w * (top + Math.log(all))
      const share = w / all
      for (let i = 0; i < m; i++) {
        const q = share * terms[i]
        mass[i] += q
        time[i] += q * v
      }
    }
    for (let k = 0; k < censoredAt.length; k++) {
      const c = censoredAt[k]
      let top = Number.NEGATIVE_INFINITY
      for (let i = 0; i < m; i++) {
        const t = b[i] > 0 ? Math.log(b[i]) + logErlangSurvival(shapes[i], rate[i] * c) : Number.NEGATIVE_INFINITY
        terms[i] = t
        if (t > top) top = t
      }
      let all = 0
      for (let i = 0; i < m; i++) all += Math.exp(terms[i] - top)
      const w = censoredWeight[k]
      sum += w * (top + Math.log(all))
      for (let i = 0; i < m; i++) {
        const q = (w * Math.exp(terms[i] - top)) / all
        if (q === 0) continue
        mass[i] += q
        const y = rate[i] * c
        time[i] += q * (shapes[i] / rate[i]) * Math.exp(logErlangSurvival(shapes[i] + 1, y) - logErlangSurvival(shapes[i], y))
      }
    }
    const gain = sum - logLikelihood
    logLikelihood = sum
    // One last M step after the gain has become small, judged by one last likelihood.
    if (converged || steps >= iterations) break
    converged = Math.abs(gain) <= tolerance * Math.abs(sum)
    steps++
    for (let i = 0; i < m; i++) {
      b[i] = mass[i] / total
      if (time[i] > 0 && mass[i] > 1e-12 * total) rate[i] = (shapes[i] * mass[i]) / time[i]
      else b[i] = 0
    }
  }
  return { probability: b, rate, logLikelihood, steps, converged }
}

/** First guess: equal weights, branch means in the proportions 1, 1/2, 1/3, …, scaled to the sample mean. */
function spreadStart(points: Points, shapes: readonly number[]): { b: Float64Array; rate: Float64Array } {
  const m = shapes.length
  const about =
    points.n > 0 ? points.mean : points.censoredAt.reduce((s, c, i) => s + c * points.censoredWeight[i], 0) / points.total
  let s = 0
  for (let i = 0; i < m; i++) s += 1 / (i + 1) / m
  return { b: new Float64Array(m).fill(1 / m), rate: Float64Array.from(shapes, (r, i) => (r * (i + 1) * s) / about) }
}

/** First guess from the samples: the range cut into as many groups of equal weight as branches, a branch for each group's mean. */
function groupStart(points: Points, shapes: readonly number[]): { b: Float64Array; rate: Float64Array } | undefined {
  const m = shapes.length
  if (points.n < 2 * m) return undefined
  const order = Array.from(points.x.keys()).sort((p, q) => points.x[q] - points.x[p])
  const all = points.weight.reduce((s, w) => s + w, 0)
  const b = new Float64Array(m)
  const time = new Float64Array(m)
  let seen = 0
  for (const k of order) {
    const g = Math.min(m - 1, Math.floor((seen / all) * m))
    b[g] += points.weight[k]
    time[g] += points.weight[k] * points.x[k]
    seen += points.weight[k]
  }
  if (b.some((w) => w <= 0)) return undefined
  return { b: b.map((w) => w / all), rate: Float64Array.from(shapes, (r, i) => (r * b[i]) / time[i]) }
}

function hyperErlangCdf(branches: readonly ErlangBranch[], t: number): number {
  return 1 - branches.reduce((s, br) => s + br.probability * Math.exp(logErlangSurvival(br.shape, br.rate * t)), 0)
}

function report(points: Points, shapes: readonly number[], run: Run): HyperErlangFit {
  const branches = shapes
    .map((shape, i) => ({ probability: run.probability[i], shape, rate: run.rate[i] }))
    .filter((br) => br.probability > 0)
  const sum = branches.reduce((s, br) => s + br.probability, 0)
  const normal = branches.map((br) => ({ ...br, probability: br.probability / sum }))
  const m1 = normal.reduce((s, br) => s + (br.probability * br.shape) / br.rate, 0)
  const m2 = normal.reduce((s, br) => s + (br.probability * br.shape * (br.shape + 1)) / br.rate ** 2, 0)
  const caveats: FitCaveat[] = []
  let gap = 0
  if (points.censoredAt.length === 0) {
    // Largest gap between the law and the samples' own step function, at (at most 400 of) the points.
    const order = points.compressed ? null : Float64Array.from(points.x.keys()).sort((p, q) => points.x[p] - points.x[q])
    const stride = Math.max(1, Math.floor(points.n / 400))
    let below = 0
    for (let k = 0; k < points.n; k++) {
      const i = order === null ? k : order[k]
      const before = below
      below += points.weight[i] / points.total
      if (k % stride !== 0) continue
      const f = hyperErlangCdf(normal, points.x[i])
      gap = Math.max(
        gap,
        points.compressed ? Math.abs(f - (before + below) / 2) : Math.max(Math.abs(f - before), Math.abs(f - below)),
      )
    }
  }
  const finished = points.n > 0 && points.censoredAt.length === 0
  const error = {
    mean: finished ? Math.abs(m1 / points.mean - 1) : 0,
    scv: finished && points.scv > 0 ? Math.abs((m2 / (m1 * m1) - 1) / points.scv - 1) : 0,
    cdf: gap,
  }
  if (!run.converged) {
    caveats.push({
      code: 'not-converged',
      message: `the likelihood still rose after ${run.steps} steps`,
      numbers: { steps: run.steps },
    })
  }
  if (points.leftOut > 0) {
    caveats.push({
      code: 'samples-left-out',
      message: `${points.leftOut} samples were not positive and finite and were left out`,
      numbers: { leftOut: points.leftOut },
    })
  }
  if (points.count < 100) {
    caveats.push({ code: 'few-samples', message: `fitted on ${points.count} samples`, numbers: { samples: points.count } })
  }
  if (error.cdf > 0.05) {
    caveats.push({
      code: 'fit-cdf-gap',
      message: `the fitted law misses the samples' distribution by up to ${error.cdf.toFixed(3)}`,
      numbers: { gap: error.cdf },
    })
  }
  if (error.scv > 0.1) {
    caveats.push({
      code: 'fit-variance',
      message: `the fitted law has an SCV ${(100 * error.scv).toFixed(0)} % off the samples'`,
      numbers: { relativeError: error.scv, sampleScv: points.scv },
    })
  }
  const censoredShare = points.censoredWeight.reduce((s, w) => s + w, 0) / points.total
  if (censoredShare > 0.5) {
    caveats.push({
      code: 'mostly-censored',
      message: `${(100 * censoredShare).toFixed(0)} % of the samples had not ended: the tail is extrapolated`,
      numbers: { censoredShare },
    })
  }
  return {
    branches: normal,
    law: hyperErlangLaw(normal),
    meanLogLikelihood: run.logLikelihood / points.total,
    bic: (2 * normal.length - 1) * Math.log(points.count) - 2 * run.logLikelihood * (points.count / points.total),
    steps: run.steps,
    converged: run.converged,
    error,
    caveats,
  }
}

/** What keeps samples from being fitted; empty when they can be. */
export function sampleDefects(samples: WeightedSamples): Defect[] {
  let usable = 0
  for (let i = 0; i < samples.values.length; i++) {
    const v = samples.values[i]
    if (v > 0 && v < Number.POSITIVE_INFINITY && !samples.censored?.[i]) usable++
  }
  return usable > 0 ? [] : [{ path: 'values', message: 'has no finished sample that is positive and finite' }]
}

/**
 * The hyper-Erlang law of given branch shapes that makes the samples likeliest (a local maximum, from a spread start).
 * Throws a RangeError when no finished positive sample is there (`sampleDefects` tells before).
 *
 * @example
 * fitHyperErlang({ values: durations }, [1, 1, 3]).law
 */
export function fitHyperErlang(
  samples: WeightedSamples,
  shapes: readonly number[],
  options: HyperErlangOptions = {},
): HyperErlangFit {
  const [defect] = sampleDefects(samples)
  if (defect) throw new RangeError(`${defect.path} ${defect.message}`)
  const points = gather(samples, options.compressAbove ?? 4000)
  const run = iterate(points, shapes, spreadStart(points, shapes), options.iterations ?? 200, options.tolerance ?? 1e-7)
  return report(points, shapes, run)
}

/**
 * The hyper-Erlang law chosen by BIC: shape vectors are searched greedily (add a branch of shape 1, double, halve or step a shape), each
 * judged after a short EM run from two starts; the winner is run to the end. `maximumOrder` bounds the number of phases (20),
 * `maximumBranches` the branches (4).
 */
export function fitHyperErlangByBic(
  samples: WeightedSamples,
  options: HyperErlangOptions & { readonly maximumOrder?: number; readonly maximumBranches?: number } = {},
): HyperErlangFit {
  const [defect] = sampleDefects(samples)
  if (defect) throw new RangeError(`${defect.path} ${defect.message}`)
  const maximumOrder = options.maximumOrder ?? 20
  const maximumBranches = options.maximumBranches ?? 4
  const points = gather(samples, Math.min(options.compressAbove ?? 4000, 4000))
  const perSample = points.count / points.total
  const judged = new Map<string, { shapes: number[]; run: Run; bic: number }>()
  const judge = (given: number[]) => {
    // Largest mean first is where both starts put low indices: small shapes (long tails) come first.
    const shapes = [...given].sort((p, q) => p - q)
    const key = shapes.join(',')
    const known = judged.get(key)
    if (known) return known
    const starts = [spreadStart(points, shapes), groupStart(points, shapes)].filter((s) => s !== undefined)
    const runs = starts.map((s) => iterate(points, shapes, s, 40, 1e-6))
    const run = runs.reduce((best, r) => (r.logLikelihood > best.logLikelihood ? r : best))
    const bic = (2 * shapes.length - 1) * Math.log(points.count) - 2 * run.logLikelihood * perSample
    const entry = { shapes, run, bic }
    judged.set(key, entry)
    return entry
  }
  const erlang = Math.min(maximumOrder, Math.max(1, Math.round(1 / Math.max(points.scv, 1e-9))))
  let best = judge([1])
  if (erlang > 1) {
    const other = judge([erlang])
    if (other.bic < best.bic) best = other
  }
  for (;;) {
    const { shapes } = best
    const tries: number[][] = []
    if (shapes.length < maximumBranches) tries.push([...shapes, 1], [...shapes, 3])
    shapes.forEach((r, i) => {
      for (const next of [r * 2, r + 1, r - 1, Math.floor(r / 2)]) {
        if (next >= 1 && next !== r) tries.push(shapes.map((v, k) => (k === i ? next : v)))
      }
    })
    const before = best
    for (const t of tries) {
      if (t.reduce((s, r) => s + r, 0) > maximumOrder) continue
      const entry = judge(t)
      if (entry.bic < best.bic - 1e-9 * Math.abs(best.bic)) best = entry
    }
    if (best === before) break
  }
  const start = { b: best.run.probability, rate: best.run.rate }
  return report(points, best.shapes, iterate(points, best.shapes, start, options.iterations ?? 200, options.tolerance ?? 1e-7))
}
