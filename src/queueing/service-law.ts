/**
 * Service laws: what a station needs to know of a service time, whatever made it.
 *
 * Every station of this folder takes a `ServiceLaw`: a law of a scenario (`serviceLaw`), a job of stages of tasks (`stagesServiceLaw`), a law
 * under a sprint timer (`sprintLaw`), a mixture over classes (`mixtureLaw`). Times in seconds; moments are raw; transforms are E e^{−sX}.
 */
import type { Caveat, Law } from '../model/index.js'
import { caveat } from '../model/index.js'
import type { Transform } from '../num/index.js'
import { gaussLegendre, kinkedInverter, normalCdf, quantileOf, sharpInverter } from '../num/index.js'
import { densePhaseLaw } from './dense-phase.js'
import type { PhasePart, ServiceLaw } from './law.js'
import type { PhaseChain, PhaseTypeMatrices } from './phase-chain.js'
import {
  chainFromMatrices,
  chainMoments,
  chainTransform,
  matricesOfChain,
  mixtureChain,
  phasesAt,
  scaleChain,
  seriesChain,
} from './phase-chain.js'
import { boundedParetoTransform, lognormalTransform } from './transforms.js'

/** Variance over squared mean. */
export function scvOf(law: ServiceLaw): number {
  return Math.max(0, law.secondMoment / (law.mean * law.mean) - 1)
}

/** The service law of a scenario's law. Exact in all moments and in the transform, but for a long empirical table, which is cut to 64 bins. */
export function serviceLaw(law: Law): ServiceLaw {
  switch (law.kind) {
    case 'constant':
      return lawOfParts('constant', [{ probability: 1, shift: law.seconds }])
    case 'exponential':
      return lawOfParts('exponential', [{ probability: 1, shift: 0, chain: seriesChain([1 / law.meanSeconds]) }])
    case 'erlang':
      return lawOfParts('Erlang', [{ probability: 1, shift: 0, chain: erlangChain(law.shape, law.meanSeconds) }])
    case 'hyper-erlang': {
      const total = law.branches.reduce((sum, branch) => sum + branch.probability, 0)
      const chain = mixtureChain(
        law.branches
          .filter((branch) => branch.probability > 0)
          .map((branch) => ({
            probability: branch.probability / total,
            chain: erlangChain(branch.shape, branch.shape / branch.ratePerSecond),
          })),
      )
      return lawOfParts('hyper-Erlang', [{ probability: 1, shift: 0, chain }])
    }
    case 'phase-type':
      return phaseTypeLaw({ initial: law.initial, generator: law.generator })
    case 'lognormal':
      return lognormalLaw(law.meanSeconds, law.scv)
    case 'uniform':
      return uniformLaw(law.lowSeconds, law.highSeconds)
    case 'bounded-pareto':
      return boundedParetoLaw(law.shape, law.lowSeconds, law.highSeconds)
    case 'empirical':
      return empiricalLaw(law.seconds)
  }
}

function erlangChain(shape: number, mean: number): PhaseChain {
  return seriesChain(new Float64Array(shape).fill(shape / mean))
}

/** A phase-type law from its matrices: sparse where the phases only go forward, dense otherwise. */
export function phaseTypeLaw(matrices: PhaseTypeMatrices): ServiceLaw {
  const chain = chainFromMatrices(matrices)
  return chain === undefined
    ? densePhaseLaw(matrices)
    : { ...lawOfParts('phase-type', [{ probability: 1, shift: 0, chain }]), phaseType: () => matrices }
}

/** The law of a mixture of constants plus acyclic chains: exact moments, transform, tail. */
export function lawOfParts(name: string, given: readonly PhasePart[], caveats: readonly Caveat[] = []): ServiceLaw {
  const parts = mergeParts(given)
  const moments = [0, 0, 0, 0, 0]
  for (const { probability, shift, chain } of parts) {
    const of = chain === undefined ? [1, 0, 0, 0, 0] : chainMoments(chain, 4)
    for (let n = 1; n <= 4; n++) moments[n]! += probability * shiftedMoment(of, shift, n)
  }
  const shift = parts.reduce((least, part) => Math.min(least, part.shift), Number.POSITIVE_INFINITY)
  const transforms = parts.map((part) => (part.chain === undefined ? undefined : chainTransform(part.chain)))
  const only = parts.length === 1 ? transforms[0] : undefined
  const rest: Transform =
    parts.length === 1
      ? (only ?? (() => ({ re: 1, im: 0 })))
      : (re, im) => {
          let sumRe = 0
          let sumIm = 0
          for (let k = 0; k < parts.length; k++) {
            const part = parts[k]!
            const lag = part.shift - shift
            const value = transforms[k]?.(re, im) ?? { re: 1, im: 0 }
            const size = part.probability * Math.exp(-re * lag)
            const c = size * Math.cos(im * lag)
            const s = -size * Math.sin(im * lag)
            sumRe += c * value.re - s * value.im
            sumIm += c * value.im + s * value.re
          }
          return { re: sumRe, im: sumIm }
        }
  let decayRate = Number.POSITIVE_INFINITY
  for (const { chain } of parts) if (chain !== undefined) for (const rate of chain.rate) decayRate = Math.min(decayRate, rate)
  const single = parts[0]!
  const phaseTyped = parts.length === 1 && single.shift === 0 && single.chain !== undefined
  return {
    name,
    mean: moments[1]!,
    secondMoment: moments[2]!,
    thirdMoment: moments[3]!,
    fourthMoment: moments[4]!,
    lst: shift === 0 ? rest : delayed(rest, shift),
    shift,
    rest,
    // One constant in front of a chain is smooth once it is taken out; different constants leave kinks.
    smooth: parts.every((part) => part.shift === shift && (part.chain !== undefined || parts.length === 1)),
    decayRate,
    parts,
    ...(phaseTyped ? { phaseType: () => matricesOfChain(single.chain!) } : {}),
    survival: (t) => partsTail(parts, t),
    caveats,
  }
}

function partsTail(parts: readonly PhasePart[], t: number): number {
  let tail = 0
  for (const { probability, shift, chain } of parts)
    if (t < shift) tail += probability
    else if (chain !== undefined)
      tail +=
        probability *
        Math.min(
          1,
          phasesAt(chain, t - shift).reduce((sum, p) => sum + p, 0),
        )
  return tail
}

function mergeParts(parts: readonly PhasePart[]): PhasePart[] {
  const byShift = new Map<number, PhasePart[]>()
  for (const part of parts) if (part.probability > 0) byShift.set(part.shift, [...(byShift.get(part.shift) ?? []), part])
  const merged: PhasePart[] = []
  for (const [shift, group] of byShift) {
    const chains = group.filter((part) => part.chain !== undefined)
    const bare = group.reduce((sum, part) => sum + (part.chain === undefined ? part.probability : 0), 0)
    const weight = chains.reduce((sum, part) => sum + part.probability, 0)
    if (bare > 0) merged.push({ probability: bare, shift })
    if (chains.length === 1) merged.push(chains[0]!)
    else if (chains.length > 1)
      merged.push({
        probability: weight,
        shift,
        chain: mixtureChain(chains.map((part) => ({ probability: part.probability / weight, chain: part.chain! }))),
      })
  }
  return merged
}

/** E[(c + X)^n] from raw moments of X. */
function shiftedMoment(moments: readonly number[], c: number, n: number): number {
  if (c === 0) return moments[n]!
  let sum = 0
  let choose = 1
  for (let j = 0; j <= n; j++) {
    sum += choose * c ** (n - j) * moments[j]!
    choose = (choose * (n - j)) / (j + 1)
  }
  return sum
}

/** e^{−s·shift} · transform. */
function delayed(transform: Transform, shift: number): Transform {
  return (re, im) => {
    const value = transform(re, im)
    const size = Math.exp(-re * shift)
    const c = size * Math.cos(im * shift)
    const s = -size * Math.sin(im * shift)
    return { re: c * value.re - s * value.im, im: c * value.im + s * value.re }
  }
}

function lognormalLaw(mean: number, scv: number): ServiceLaw {
  const variance = Math.log1p(scv)
  const location = Math.log(mean) - variance / 2
  const moment = (n: number) => Math.exp(n * location + (n * n * variance) / 2)
  const spread = Math.sqrt(variance)
  const lst = lognormalTransform(location, spread)
  return {
    name: 'lognormal',
    mean,
    secondMoment: moment(2),
    thirdMoment: moment(3),
    fourthMoment: moment(4),
    lst,
    shift: 0,
    rest: lst,
    smooth: true,
    decayRate: 0,
    survival: (t) => (t <= 0 ? 1 : normalCdf((location - Math.log(t)) / spread)),
    density: (t) =>
      t <= 0 ? 0 : Math.exp(-(((Math.log(t) - location) / spread) ** 2) / 2) / (t * spread * Math.sqrt(2 * Math.PI)),
    caveats: [],
  }
}

function uniformLaw(low: number, high: number): ServiceLaw {
  const width = high - low
  const moment = (n: number) => (high ** (n + 1) - low ** (n + 1)) / ((n + 1) * width)
  const rest: Transform = (re, im) => {
    // (1 − e^{−sw})/(sw), by its series near 0.
    const x = re * width
    const y = im * width
    const size = x * x + y * y
    if (size < 1e-8) return { re: 1 - x / 2 + (x * x - y * y) / 6, im: -y / 2 + (x * y) / 3 }
    const e = Math.exp(-x)
    const a = 1 - e * Math.cos(y)
    const b = e * Math.sin(y)
    return { re: (a * x + b * y) / size, im: (b * x - a * y) / size }
  }
  return {
    name: 'uniform',
    mean: moment(1),
    secondMoment: moment(2),
    thirdMoment: moment(3),
    fourthMoment: moment(4),
    lst: low === 0 ? rest : delayed(rest, low),
    shift: low,
    rest,
    smooth: false,
    decayRate: Number.POSITIVE_INFINITY,
    survival: (t) => (t <= low ? 1 : t >= high ? 0 : (high - t) / width),
    density: (t) => (t < low || t > high ? 0 : 1 / width),
    caveats: [],
  }
}

function boundedParetoLaw(shape: number, low: number, high: number): ServiceLaw {
  const cut = (low / high) ** shape
  const moment = (n: number) =>
    Math.abs(n - shape) < 1e-9
      ? (shape * low ** shape * Math.log(high / low)) / (1 - cut)
      : ((shape / (shape - n)) * (low ** n - low ** shape * high ** (n - shape))) / (1 - cut)
  const rest = boundedParetoTransform(shape, low, high)
  return {
    name: 'bounded Pareto',
    mean: moment(1),
    secondMoment: moment(2),
    thirdMoment: moment(3),
    fourthMoment: moment(4),
    lst: delayed(rest, low),
    shift: low,
    rest,
    smooth: false,
    decayRate: Number.POSITIVE_INFINITY,
    survival: (t) => (t <= low ? 1 : t >= high ? 0 : ((low / t) ** shape - cut) / (1 - cut)),
    density: (t) => (t < low || t > high ? 0 : (shape * low ** shape * t ** (-shape - 1)) / (1 - cut)),
    caveats: [],
  }
}

function empiricalLaw(seconds: readonly number[]): ServiceLaw {
  const sorted = [...seconds].sort((a, b) => a - b)
  const n = sorted.length
  const moment = (k: number) => sorted.reduce((sum, x) => sum + x ** k, 0) / n
  const bins = Math.min(n, 64)
  const points = Array.from({ length: bins }, (_, b) => {
    const from = Math.floor((b * n) / bins)
    const to = Math.floor(((b + 1) * n) / bins)
    let sum = 0
    for (let i = from; i < to; i++) sum += sorted[i]!
    return { probability: (to - from) / n, shift: sum / (to - from) }
  })
  const law = lawOfParts('empirical', points)
  return {
    ...law,
    mean: moment(1),
    secondMoment: moment(2),
    thirdMoment: moment(3),
    fourthMoment: moment(4),
    survival: (t) => {
      let low = 0
      let high = n
      while (low < high) {
        const middle = (low + high) >> 1
        if (sorted[middle]! > t) high = middle
        else low = middle + 1
      }
      return (n - low) / n
    },
    caveats:
      n > bins
        ? [
            caveat('empirical-binned', `the transform of ${n} observed values was taken from ${bins} equally likely bins`, {
              numbers: { values: n, bins },
            }),
          ]
        : [],
  }
}

/** The law of X · factor: the same work at 1/factor of the speed. */
export function scaleLaw(law: ServiceLaw, factor: number): ServiceLaw {
  const { survival, density, phaseType } = law
  const scaled: Transform = (re, im) => law.rest(re * factor, im * factor)
  const parts = law.parts?.map((part) => ({
    probability: part.probability,
    shift: part.shift * factor,
    ...(part.chain === undefined ? {} : { chain: scaleChain(part.chain, factor) }),
  }))
  return {
    name: law.name,
    mean: law.mean * factor,
    secondMoment: law.secondMoment * factor ** 2,
    thirdMoment: law.thirdMoment * factor ** 3,
    fourthMoment: law.fourthMoment * factor ** 4,
    lst: (re, im) => law.lst(re * factor, im * factor),
    shift: law.shift * factor,
    rest: scaled,
    smooth: law.smooth,
    decayRate: law.decayRate / factor,
    ...(parts === undefined ? {} : { parts }),
    ...(survival === undefined ? {} : { survival: (t: number) => survival(t / factor) }),
    ...(density === undefined ? {} : { density: (t: number) => density(t / factor) / factor }),
    ...(phaseType === undefined
      ? {}
      : {
          phaseType: () => {
            const { initial, generator } = phaseType()
            return { initial, generator: generator.map((row) => row.map((rate) => rate / factor)) }
          },
        }),
    caveats: law.caveats,
  }
}

/** One of several laws, drawn by weight (weights need not sum to 1): the service time over all classes together. */
export function mixtureLaw(of: readonly { readonly weight: number; readonly law: ServiceLaw }[]): ServiceLaw {
  if (of.length === 1) return of[0]!.law
  const total = of.reduce((sum, { weight }) => sum + weight, 0)
  const members = of.map(({ weight, law }) => ({ probability: weight / total, law }))
  const mix = (value: (law: ServiceLaw) => number) =>
    members.reduce((sum, { probability, law }) => sum + probability * value(law), 0)
  const combine =
    (transform: (law: ServiceLaw) => Transform): Transform =>
    (re, im) => {
      let sumRe = 0
      let sumIm = 0
      for (const { probability, law } of members) {
        const value = transform(law)(re, im)
        sumRe += probability * value.re
        sumIm += probability * value.im
      }
      return { re: sumRe, im: sumIm }
    }
  const lst = combine((law) => law.lst)
  const parts = members.every(({ law }) => law.parts !== undefined)
    ? mergeParts(
        members.flatMap(({ probability, law }) =>
          law.parts!.map((part) => ({ ...part, probability: part.probability * probability })),
        ),
      )
    : undefined
  const tails = members.every(({ law }) => law.survival !== undefined)
  return {
    name: 'mixture',
    mean: mix((law) => law.mean),
    secondMoment: mix((law) => law.secondMoment),
    thirdMoment: mix((law) => law.thirdMoment),
    fourthMoment: mix((law) => law.fourthMoment),
    lst,
    shift: 0,
    rest: lst,
    smooth: members.every(({ law }) => law.smooth && law.shift === 0),
    decayRate: members.reduce((least, { law }) => Math.min(least, law.decayRate), Number.POSITIVE_INFINITY),
    ...(parts === undefined ? {} : { parts }),
    ...(tails ? { survival: (t: number) => mix((law) => law.survival!(t)) } : {}),
    caveats: members.flatMap(({ law }) => law.caveats),
  }
}

/** Coefficient of variation of X − shift: how sharply the law rises once its constant part is taken out. 1 where nothing is left. */
export function sharpnessOf(law: ServiceLaw): number {
  const rest = law.mean - law.shift
  const variance = law.secondMoment - law.mean * law.mean
  return rest <= 1e-12 * law.mean || variance <= 0 ? 1 : Math.sqrt(variance) / rest
}

/** E e^{θX} for real θ ≥ 0; Infinity where it diverges. */
export function exponentialMoment(law: ServiceLaw, theta: number): number {
  return theta >= law.decayRate ? Number.POSITIVE_INFINITY : law.lst(-theta, 0).re
}

/** The `p` quantile of the law itself: from its tail where that is at hand, else from its transform. */
export function lawQuantile(law: ServiceLaw, p: number): number {
  if (law.quantile) return law.quantile(p)
  const survival = law.survival
  // A chain's tail costs a transient solution each time; its transform is a product.
  if (survival === undefined || (law.smooth && law.parts !== undefined)) {
    if (law.mean - law.shift <= 0) return law.shift
    const rest = quantileOf(
      law.rest,
      p,
      { mean: law.mean - law.shift },
      law.smooth ? sharpInverter(sharpnessOf(law)) : kinkedInverter(),
    )
    if (rest !== undefined || survival === undefined) return law.shift + (rest ?? law.mean - law.shift)
  }
  let low = law.shift
  if (survival(low) <= 1 - p) return low
  let high = Math.max(law.mean, low * 1.5)
  while (survival(high) > 1 - p && high < law.mean * 1e12) {
    low = high
    high *= 2
  }
  for (let step = 0; step < 60 && high - low > 1e-9 * high; step++) {
    const middle = (low + high) / 2
    if (survival(middle) > 1 - p) low = middle
    else high = middle
  }
  return (low + high) / 2
}

/** A time with the given mean and squared coefficient of variation as a chain: mixture of two Erlangs, exponential, or balanced H2 (E4). */
export function twoMomentChain(mean: number, scv: number, phasesAtMost = 1000): PhaseChain {
  if (Math.abs(scv - 1) < 1e-9) return seriesChain([1 / mean])
  if (scv > 1) {
    const p = (1 + Math.sqrt((scv - 1) / (scv + 1))) / 2
    return mixtureChain([
      { probability: p, chain: seriesChain([(2 * p) / mean]) },
      { probability: 1 - p, chain: seriesChain([(2 * (1 - p)) / mean]) },
    ])
  }
  const k = Math.min(phasesAtMost, Math.max(2, Math.ceil(1 / scv - 1e-9)))
  const c2 = Math.max(scv, 1 / k)
  const p = Math.max(0, (k * c2 - Math.sqrt(Math.max(0, k * (1 + c2) - k * k * c2))) / (1 + c2))
  const rate = (k - p) / mean
  // k phases in series; with probability p the first is skipped.
  const chain = seriesChain(new Float64Array(k).fill(rate))
  if (p < 1e-12) return chain
  const initial = new Float64Array(k)
  initial[0] = 1 - p
  initial[1] = p
  return { ...chain, initial }
}

/**
 * The law as initial vector and sub-generator of at most `orderAtMost` phases, for stations that take matrices (MAP/PH/1, MMAP/PH/1): exact where the law is
 * phase-type of that order; else phases with its mean and variance — the variance raised to mean²/orderAtMost where it is smaller — and a caveat.
 */
export function phaseTypeOf(
  law: ServiceLaw,
  orderAtMost = 20,
): { readonly matrices: PhaseTypeMatrices; readonly caveats: readonly Caveat[] } {
  const phases = law.parts?.length === 1 ? (law.parts[0]!.chain?.rate.length ?? 0) : 0
  if (law.phaseType !== undefined && phases <= orderAtMost) {
    const matrices = law.phaseType()
    if (matrices.initial.length <= orderAtMost) return { matrices, caveats: law.caveats }
  }
  const scv = scvOf(law)
  const chain = twoMomentChain(law.mean, scv, orderAtMost)
  const [, , second] = chainMoments(chain, 2)
  return {
    matrices: matricesOfChain(chain),
    caveats: [
      ...law.caveats,
      caveat(
        'phases-fitted',
        `the ${law.name} law was replaced by ${chain.rate.length} phases with its mean${second! / law.secondMoment - 1 > 1e-9 ? '' : ' and variance'}`,
        {
          numbers: { phases: chain.rate.length, scv, fittedScv: second! / law.mean ** 2 - 1 },
        },
      ),
    ],
  }
}

/** Moments of (X − from)^+ from a tail function, by quadrature: E[((X−from)^+)^n] = ∫ n (x − from)^{n−1} P(X > x) dx. */
export function overshootByTail(survival: (t: number) => number, from: number, to: number, n: number): number {
  const rule = gaussLegendre(32)
  let sum = 0
  // Panels that double in width, since tails live on a log scale.
  let left = from
  let width = Math.max((to - from) / 1024, 1e-12)
  while (left < to) {
    const right = Math.min(to, left + width)
    const half = (right - left) / 2
    for (let i = 0; i < rule.nodes.length; i++) {
      const x = left + half * (1 + rule.nodes[i]!)
      sum += half * rule.weights[i]! * n * (x - from) ** (n - 1) * survival(x)
    }
    left = right
    width *= 2
  }
  return sum
}
