/**
 * Acyclic phase chains: sums, mixtures and orders of exponential phases, kept sparse.
 *
 * A job of 50 tasks on 20 slots is a chain of 50 phases (E3 of the deflation notes); as a matrix it would be 2,500 numbers, as a chain it is 50
 * rates and 49 arrows. Phases are numbered so that every arrow goes to a higher number, so transforms, moments and transient probabilities are
 * one sweep each: O(phases + arrows).
 */
import type { Inverter, Transform } from '../num/index.js'
import { sharpInverter } from '../num/index.js'

export interface PhaseChain {
  /** Probability of starting in each phase; sums to 1. */
  readonly initial: Float64Array
  /** Rate of leaving each phase, per second. */
  readonly rate: Float64Array
  /** Arrows of phase i: positions first[i] to first[i + 1] of `to` and `probability`. */
  readonly first: Int32Array
  readonly to: Int32Array
  readonly probability: Float64Array
  /** Probability that a phase is the last. */
  readonly exit: Float64Array
}

/** A phase-type law as initial vector and sub-generator, row by row. */
export interface PhaseTypeMatrices {
  readonly initial: number[]
  readonly generator: number[][]
}

/** Exponential phases one after another (hypo-exponential), rates per second. */
export function seriesChain(rates: ArrayLike<number>): PhaseChain {
  const n = rates.length
  const first = new Int32Array(n + 1)
  const to = new Int32Array(n - 1)
  for (let i = 0; i < n; i++) first[i + 1] = Math.min(i + 1, n - 1)
  for (let i = 0; i + 1 < n; i++) to[i] = i + 1
  const initial = new Float64Array(n)
  initial[0] = 1
  const exit = new Float64Array(n)
  exit[n - 1] = 1
  return { initial, rate: Float64Array.from(rates), first, to, probability: new Float64Array(n - 1).fill(1), exit }
}

/** One of several chains, drawn by probability. */
export function mixtureChain(parts: readonly { readonly probability: number; readonly chain: PhaseChain }[]): PhaseChain {
  const phases = parts.reduce((sum, part) => sum + part.chain.rate.length, 0)
  const arrows = parts.reduce((sum, part) => sum + part.chain.to.length, 0)
  const made = emptyChain(phases, arrows)
  let phase = 0
  let arrow = 0
  for (const { probability, chain } of parts) {
    for (let i = 0; i < chain.rate.length; i++) {
      made.initial[phase + i] = probability * chain.initial[i]!
      made.rate[phase + i] = chain.rate[i]!
      made.exit[phase + i] = chain.exit[i]!
      made.first[phase + i] = arrow + chain.first[i]!
    }
    for (let e = 0; e < chain.to.length; e++) {
      made.to[arrow + e] = phase + chain.to[e]!
      made.probability[arrow + e] = chain.probability[e]!
    }
    phase += chain.rate.length
    arrow += chain.to.length
  }
  made.first[phases] = arrows
  return made
}

/** One chain after another: the sum of two independent times. */
export function concatenateChains(a: PhaseChain, b: PhaseChain): PhaseChain {
  const starts: number[] = []
  for (let i = 0; i < b.rate.length; i++) if (b.initial[i]! > 0) starts.push(i)
  const exits = a.exit.reduce((count, exit) => count + (exit > 0 ? 1 : 0), 0)
  const n = a.rate.length
  const made = emptyChain(n + b.rate.length, a.to.length + exits * starts.length + b.to.length)
  let arrow = 0
  for (let i = 0; i < n; i++) {
    made.initial[i] = a.initial[i]!
    made.rate[i] = a.rate[i]!
    made.first[i] = arrow
    for (let e = a.first[i]!; e < a.first[i + 1]!; e++, arrow++) {
      made.to[arrow] = a.to[e]!
      made.probability[arrow] = a.probability[e]!
    }
    if (a.exit[i]! > 0)
      for (const start of starts) {
        made.to[arrow] = n + start
        made.probability[arrow++] = a.exit[i]! * b.initial[start]!
      }
  }
  for (let i = 0; i < b.rate.length; i++) {
    made.rate[n + i] = b.rate[i]!
    made.exit[n + i] = b.exit[i]!
    made.first[n + i] = arrow
    for (let e = b.first[i]!; e < b.first[i + 1]!; e++, arrow++) {
      made.to[arrow] = n + b.to[e]!
      made.probability[arrow] = b.probability[e]!
    }
  }
  made.first[n + b.rate.length] = arrow
  return made
}

function emptyChain(phases: number, arrows: number) {
  return {
    initial: new Float64Array(phases),
    rate: new Float64Array(phases),
    first: new Int32Array(phases + 1),
    to: new Int32Array(arrows),
    probability: new Float64Array(arrows),
    exit: new Float64Array(phases),
  }
}

/** The chain with every time multiplied by `factor`. */
export function scaleChain(chain: PhaseChain, factor: number): PhaseChain {
  return { ...chain, rate: chain.rate.map((rate) => rate / factor) }
}

/**
 * A chain from an upper-triangular sub-generator (phases already in order); undefined where the generator has an arrow backwards.
 */
export function chainFromMatrices({ initial, generator }: PhaseTypeMatrices): PhaseChain | undefined {
  const n = initial.length
  const to: number[] = []
  const probability: number[] = []
  const first = new Int32Array(n + 1)
  const rate = new Float64Array(n)
  const exit = new Float64Array(n)
  for (let i = 0; i < n; i++) {
    rate[i] = -generator[i]![i]!
    let left = 1
    for (let j = 0; j < n; j++) {
      const flow = generator[i]![j]!
      if (j === i || flow === 0) continue
      if (j < i) return undefined
      to.push(j)
      probability.push(flow / rate[i]!)
      left -= flow / rate[i]!
    }
    exit[i] = left < 1e-12 ? 0 : left
    first[i + 1] = to.length
  }
  return {
    initial: Float64Array.from(initial),
    rate,
    first,
    to: Int32Array.from(to),
    probability: Float64Array.from(probability),
    exit,
  }
}

/** The chain as initial vector and sub-generator. */
export function matricesOfChain(chain: PhaseChain): PhaseTypeMatrices {
  const n = chain.rate.length
  const generator = Array.from({ length: n }, () => new Array<number>(n).fill(0))
  for (let i = 0; i < n; i++) {
    generator[i]![i] = -chain.rate[i]!
    for (let e = chain.first[i]!; e < chain.first[i + 1]!; e++)
      generator[i]![chain.to[e]!]! += chain.rate[i]! * chain.probability[e]!
  }
  return { initial: [...chain.initial], generator }
}

/**
 * Raw moments 1 to `count` of the time to the end, from each phase: `result[k][i]` = E[R_i^k], with result[0] = 1.
 *
 *   h_k(i) = k/r_i · h_{k−1}(i) + Σ_j p_ij h_k(j)        (rows of (−A) h_k = k h_{k−1})
 */
export function remainingMoments(chain: PhaseChain, count: number): Float64Array[] {
  const n = chain.rate.length
  const result = [new Float64Array(n).fill(1)]
  for (let k = 1; k <= count; k++) {
    const moment = new Float64Array(n)
    for (let i = n - 1; i >= 0; i--) {
      let sum = (k / chain.rate[i]!) * result[k - 1]![i]!
      for (let e = chain.first[i]!; e < chain.first[i + 1]!; e++) sum += chain.probability[e]! * moment[chain.to[e]!]!
      moment[i] = sum
    }
    result.push(moment)
  }
  return result
}

/** Raw moments [1, E X, E X², …] up to `count`. */
export function chainMoments(chain: PhaseChain, count: number): number[] {
  return remainingMoments(chain, count).map((moment) => dot(chain.initial, moment))
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!
  return sum
}

/** True when the chain is phases one after another, each always followed by the next. */
function isSeries(chain: PhaseChain): boolean {
  const n = chain.rate.length
  if (chain.initial[0] !== 1 || chain.to.length !== n - 1) return false
  for (let i = 0; i + 1 < n; i++) if (chain.to[i] !== i + 1 || chain.first[i] !== i || chain.probability[i] !== 1) return false
  return true
}

/** The transform E e^{−sX}. For phases in series: a product over the distinct rates; else one backward sweep. */
export function chainTransform(chain: PhaseChain): Transform {
  if (isSeries(chain)) return seriesTransform(chain.rate)
  const work = new Float64Array(2 * chain.rate.length)
  return (re, im) => {
    sweepTransform(chain, re, im, work)
    let sumRe = 0
    let sumIm = 0
    for (let i = 0; i < chain.initial.length; i++) {
      sumRe += chain.initial[i]! * work[2 * i]!
      sumIm += chain.initial[i]! * work[2 * i + 1]!
    }
    return { re: sumRe, im: sumIm }
  }
}

/** E e^{−s R_i} of the time to the end from each phase, into `out` (real and imaginary parts in turn). */
function sweepTransform(chain: PhaseChain, re: number, im: number, out: Float64Array): void {
  const { rate, first, to, probability, exit } = chain
  // waves of tasks are runs of equal rates: one division serves a run
  let last = 0
  let d = 0
  let scale = 0
  for (let i = rate.length - 1; i >= 0; i--) {
    let sumRe = exit[i]!
    let sumIm = 0
    for (let e = first[i]!; e < first[i + 1]!; e++) {
      const j = 2 * to[e]!
      sumRe += probability[e]! * out[j]!
      sumIm += probability[e]! * out[j + 1]!
    }
    const r = rate[i]!
    if (r !== last) {
      last = r
      d = re + r
      scale = r / (d * d + im * im)
    }
    out[2 * i] = scale * (sumRe * d + sumIm * im)
    out[2 * i + 1] = scale * (sumIm * d - sumRe * im)
  }
}

function seriesTransform(rates: Float64Array): Transform {
  const times = new Map<number, number>()
  for (const rate of rates) times.set(rate, (times.get(rate) ?? 0) + 1)
  const inverse = Float64Array.from(times.keys(), (rate) => 1 / rate)
  const count = Int32Array.from(times.values())
  return (re, im) => {
    // 1 / Π (1 + s/r)^count; the product is kept near 1 in size only by its factors, so overflow means a transform of zero.
    let productRe = 1
    let productIm = 0
    for (let k = 0; k < inverse.length; k++) {
      let baseRe = 1 + re * inverse[k]!
      let baseIm = im * inverse[k]!
      for (let left = count[k]!; left > 0; left >>= 1) {
        if (left & 1) {
          const next = productRe * baseRe - productIm * baseIm
          productIm = productRe * baseIm + productIm * baseRe
          productRe = next
        }
        if (left > 1) {
          const next = baseRe * baseRe - baseIm * baseIm
          baseIm = 2 * baseRe * baseIm
          baseRe = next
        }
      }
      if (!(Math.abs(productRe) + Math.abs(productIm) <= 1e150)) return { re: 0, im: 0 }
    }
    const size = productRe * productRe + productIm * productIm
    return { re: productRe / size, im: -productIm / size }
  }
}

/**
 * Σ_j weight_j E e^{−s R_j}: the time to the end from phases drawn by `weight`, which need not sum to 1. For phases in series one multiplication a phase
 * (Horner), begun at the first phase of any weight and ended by powers behind the last; weights below 1e-18 count as none.
 */
export function weightedTransform(chain: PhaseChain, weight: Float64Array): Transform {
  const n = chain.rate.length
  if (!isSeries(chain)) {
    const work = new Float64Array(2 * n)
    return (re, im) => {
      sweepTransform(chain, re, im, work)
      let sumRe = 0
      let sumIm = 0
      for (let j = 0; j < n; j++) {
        sumRe += weight[j]! * work[2 * j]!
        sumIm += weight[j]! * work[2 * j + 1]!
      }
      return { re: sumRe, im: sumIm }
    }
  }
  let begin = 0
  while (begin < n && Math.abs(weight[begin]!) < 1e-18) begin++
  let end = n
  while (end > begin && Math.abs(weight[end - 1]!) < 1e-18) end--
  const { rate } = chain
  const behind = seriesTransform(rate.subarray(end))
  return (re, im) => {
    let sumRe = 0
    let sumIm = 0
    let last = 0
    let factorRe = 0
    let factorIm = 0
    for (let j = begin; j < end; j++) {
      const r = rate[j]!
      if (r !== last) {
        // r/(s + r); waves of tasks are runs of equal rates: one division serves a run
        last = r
        const d = re + r
        const scale = r / (d * d + im * im)
        factorRe = scale * d
        factorIm = -scale * im
      }
      const fromRe = sumRe + weight[j]!
      sumRe = fromRe * factorRe - sumIm * factorIm
      sumIm = fromRe * factorIm + sumIm * factorRe
    }
    if (end === n) return { re: sumRe, im: sumIm }
    const rest = behind(re, im)
    return { re: sumRe * rest.re - sumIm * rest.im, im: sumRe * rest.im + sumIm * rest.re }
  }
}

/**
 * Probability of being in each phase at `time` (α e^{A·time}): by uniformisation while that is short, else by inverting the transforms of all
 * phases together, (α_j + Σ_i p_i r_i p_ij)/(s + r_j) in one forward sweep a node.
 */
export function phasesAt(chain: PhaseChain, time: number): Float64Array {
  if (time <= 0) return chain.initial.slice()
  const fastest = chain.rate.reduce((most, rate) => Math.max(most, rate), 0)
  const mean = fastest * time
  const steps = Math.ceil(mean + 8 * Math.sqrt(mean) + 30)
  return steps * (chain.rate.length + chain.to.length) <= 5e7
    ? uniformised(chain, mean, fastest, steps)
    : inverted(chain, time, sharpInverter(1 / Math.sqrt(chain.rate.length), true))
}

function uniformised(chain: PhaseChain, mean: number, fastest: number, steps: number): Float64Array {
  const { rate, first, to, probability } = chain
  const n = rate.length
  let now = chain.initial.slice()
  let next = new Float64Array(n)
  const sum = new Float64Array(n)
  let logFactorial = 0
  for (let k = 0; k <= steps; k++) {
    if (k > 0) logFactorial += Math.log(k)
    const weight = Math.exp(k * Math.log(mean) - mean - logFactorial)
    if (weight > 0) for (let i = 0; i < n; i++) sum[i]! += weight * now[i]!
    next.fill(0)
    for (let i = 0; i < n; i++) {
      const leaving = (now[i]! * rate[i]!) / fastest
      next[i]! += now[i]! - leaving
      for (let e = first[i]!; e < first[i + 1]!; e++) next[to[e]!]! += leaving * probability[e]!
    }
    const spare = now
    now = next
    next = spare
  }
  return sum
}

function inverted(chain: PhaseChain, time: number, rule: Inverter): Float64Array {
  const { rate, first, to, probability } = chain
  const n = rate.length
  const sum = new Float64Array(n)
  const flowRe = new Float64Array(n)
  const flowIm = new Float64Array(n)
  for (let k = 0; k < rule.im.length; k++) {
    const re = rule.re / time
    const im = rule.im[k]! / time
    flowRe.set(chain.initial)
    flowIm.fill(0)
    for (let i = 0; i < n; i++) {
      const d = re + rate[i]!
      const size = d * d + im * im
      const valueRe = (flowRe[i]! * d + flowIm[i]! * im) / size
      const valueIm = (flowIm[i]! * d - flowRe[i]! * im) / size
      sum[i]! += rule.weight[k]! * valueRe
      for (let e = first[i]!; e < first[i + 1]!; e++) {
        const share = probability[e]! * rate[i]!
        flowRe[to[e]!]! += share * valueRe
        flowIm[to[e]!]! += share * valueIm
      }
    }
  }
  return sum.map((value) => Math.max(0, value / time))
}
