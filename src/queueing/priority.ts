/**
 * M/G/1 with K priority classes, non-preemptive or preemptive-resume: moments and distributions of wait and response (E5).
 *
 * Class k, with a = the classes above it, Λ_a their rate, S_a their service, B_a(s) the root of B = S_a*(s + Λ_a − Λ_a B), σ = s + Λ_a − Λ_a B_a(s):
 *
 *   non-preemptive      W_k*(s) = [(1 − ρ)σ + Σ_{j below} λ_j (1 − S_j*(σ))] / [s − λ_k + λ_k S_k*(σ)],    response = W_k*(s) S_k*(s)
 *   preemptive-resume   W_k*(s) = (1 − ρ_{≤k}) σ / [s − λ_k + λ_k S_k*(σ)],                                response = W_k*(s) S_k*(σ)
 *
 * (the wait of preemptive-resume ends when the job first gets the server). Means are Cobham's. Holds for Poisson arrivals, independent service times and
 * one server; any service law with a transform. Classes of equal `priority` share one first-come queue. Moments come from power series of the same
 * transforms; distributions from their inversion.
 * Source: A. Cobham (1954); L. Takács, "Priority queues" (1964); H. Takagi, Queueing Analysis 1 (1991).
 */
import type { Caveat, Refusal } from '../model/index.js'
import { caveat, refuse } from '../model/index.js'
import type { Complex, Inverter, Transform } from '../num/index.js'
import { distributionAt, kinkedInverter, quantileOf, sharpInverter } from '../num/index.js'
import type { Series } from './busy-period.js'
import {
  busyPeriodComplement,
  composeSeries,
  delaySeries,
  divideSeries,
  momentsOfSeries,
  multiplySeries,
  seriesOfMoments,
} from './busy-period.js'
import type { ServiceLaw } from './law.js'
import { numberProbabilities } from './number-law.js'
import { sharpnessOf } from './service-law.js'

export interface StationClass {
  /** Jobs per second. */
  readonly arrivalRate: number
  readonly service: ServiceLaw
  /** 1 is the highest; without it classes rank in their order. Classes of equal priority share one first-come queue. */
  readonly priority?: number
}

export type PriorityDiscipline = 'non-preemptive' | 'preemptive-resume'

/** A time at a station: raw moments, and its distribution when asked. Seconds. */
export interface StationTime {
  readonly mean: number
  readonly secondMoment: number
  readonly thirdMoment: number
  /** P(time ≤ t). */
  readonly cdf: (t: number) => number
  /** The p quantile; a refusal where the inversion did not converge. */
  readonly quantile: (p: number) => number | Refusal
}

export interface ClassAtStation {
  readonly utilisation: number
  /** From arrival to the first service. */
  readonly wait: StationTime
  /** From arrival to departure. */
  readonly response: StationTime
  readonly meanNumber: number
  readonly numberSecondMoment: number
  /** P(n jobs of the class at the station), n = 0 … count − 1; absent where only approximations are known. */
  readonly numberProbabilities?: (count: number) => number[]
}

export interface StationAnswer {
  readonly utilisation: number
  readonly classes: readonly ClassAtStation[]
  /** Largest relative gap between the means from the transforms’ series and Cobham’s closed form. */
  readonly residual: number
  readonly method: string
  readonly caveats: readonly Caveat[]
}

/** Solves the station of the head of this file. Refuses `unstable` at ρ ≥ 1, with the utilisation. */
export function priorityStation(classes: readonly StationClass[], discipline: PriorityDiscipline): StationAnswer | Refusal {
  const utilisation = classes.reduce((sum, { arrivalRate, service }) => sum + arrivalRate * service.mean, 0)
  if (utilisation >= 1) return unstable(utilisation)
  const ranks = classes.map((one, i) => one.priority ?? i + 1)
  const answers = new Array<ClassAtStation>(classes.length)
  let residual = 0
  const heard = classes.some(({ service }) => !service.smooth)
  // Kinks of one class reach the others through the wait.
  const sharpest = classes.reduce((least, { service }) => Math.min(least, sharpnessOf(service)), 1)
  const quick = heard ? kinkedInverter() : sharpInverter(sharpest)
  const careful = heard ? kinkedInverter() : sharpInverter(sharpest, true)
  for (const rank of new Set(ranks)) {
    const above = classes.filter((_, i) => ranks[i]! < rank)
    const own = classes.filter((_, i) => ranks[i]! === rank)
    const below = discipline === 'non-preemptive' ? classes.filter((_, i) => ranks[i]! > rank) : []
    const group = solveGroup(above, own, below)
    residual = Math.max(residual, group.residual)
    classes.forEach((one, i) => {
      if (ranks[i] === rank) answers[i] = classAnswer(one, group, discipline, quick, careful)
    })
  }
  return {
    utilisation,
    classes: answers,
    residual,
    method: `${discipline} priority M/G/1: transforms, Euler inversion`,
    caveats: [...nearSaturation(utilisation), ...classes.flatMap(({ service }) => service.caveats)],
  }
}

/** First-come first-served M/G/1 with any number of classes: Pollaczek–Khinchine moments and distributions. */
export function fcfsStation(classes: readonly StationClass[]): StationAnswer | Refusal {
  const answer = priorityStation(
    classes.map((one) => ({ ...one, priority: 1 })),
    'non-preemptive',
  )
  return 'kind' in answer ? answer : { ...answer, method: 'M/G/1: Pollaczek–Khinchine, Euler inversion' }
}

/** The refusal of a station that gets more work than it can do. */
export function unstable(utilisation: number, servers?: number): Refusal {
  return refuse('unstable', `work arrives at ${utilisation.toFixed(4)} of what can be served; a steady state needs less than 1`, {
    utilisation,
    ...(servers === undefined ? {} : { servers }),
  })
}

/** A caveat above utilisation 0.95: there a small error of a rate or a service time is a large error of the wait. */
export function nearSaturation(utilisation: number): Caveat[] {
  return utilisation <= 0.95
    ? []
    : [
        caveat(
          'near-saturation',
          `utilisation ${utilisation.toFixed(3)}: waits grow as 1/(1 − utilisation), so errors of the input grow alike`,
          {
            numbers: { utilisation, amplification: 1 / (1 - utilisation) },
          },
        ),
      ]
}

interface Group {
  readonly wait: Transform
  readonly waitMoments: readonly number[]
  readonly massAtZero: number
  /** Jobs per second of the classes above. */
  readonly rateAbove: number
  /** σ(s) and its series. */
  readonly sigma: Transform
  readonly sigmaSeries: Series
  readonly residual: number
}

function lawSeries(law: ServiceLaw): Series {
  return seriesOfMoments([1, law.mean, law.secondMoment, law.thirdMoment, law.fourthMoment])
}

function work(classes: readonly StationClass[]): number {
  return classes.reduce((sum, { arrivalRate, service }) => sum + arrivalRate * service.mean, 0)
}

/**
 * 1 − S*(s). By the moments where their series is that good (s far below the service rate): there the difference would lose its digits.
 */
function complementOf({ lst, mean, secondMoment, thirdMoment, fourthMoment }: ServiceLaw): Transform {
  // The fourth term below 1e-11 of the first.
  const near = Math.cbrt((1e-11 * 24 * mean) / fourthMoment)
  return (re, im) => {
    if (Math.abs(re) + Math.abs(im) > near) {
      const value = lst(re, im)
      return { re: 1 - value.re, im: -value.im }
    }
    const squareRe = re * re - im * im
    const squareIm = 2 * re * im
    const cubeRe = squareRe * re - squareIm * im
    const cubeIm = squareRe * im + squareIm * re
    return {
      re: mean * re - (secondMoment / 2) * squareRe + (thirdMoment / 6) * cubeRe,
      im: mean * im - (secondMoment / 2) * squareIm + (thirdMoment / 6) * cubeIm,
    }
  }
}

/** Σ λ_j (1 − S_j*(s)). */
function flow(classes: readonly StationClass[]): Transform {
  const rates = classes.map(({ arrivalRate }) => arrivalRate)
  const transforms = classes.map(({ service }) => complementOf(service))
  if (rates.length === 1) {
    const rate = rates[0]!
    const transform = transforms[0]!
    return (re, im) => {
      const value = transform(re, im)
      return { re: rate * value.re, im: rate * value.im }
    }
  }
  return (re, im) => {
    let sumRe = 0
    let sumIm = 0
    for (let j = 0; j < rates.length; j++) {
      const value = transforms[j]!(re, im)
      sumRe += rates[j]! * value.re
      sumIm += rates[j]! * value.im
    }
    return { re: sumRe, im: sumIm }
  }
}

function solveGroup(above: readonly StationClass[], own: readonly StationClass[], below: readonly StationClass[]): Group {
  const rateAbove = above.reduce((sum, { arrivalRate }) => sum + arrivalRate, 0)
  const idle = 1 - work(above) - work(own) - work(below)
  const sigma = above.length === 0 ? identity : sigmaTransform(above, rateAbove)
  const ownFlow = flow(own)
  const belowFlow = flow(below)
  const wait: Transform = (re, im) => {
    const at = sigma(re, im)
    let topRe = idle * at.re
    let topIm = idle * at.im
    if (below.length > 0) {
      const value = belowFlow(at.re, at.im)
      topRe += value.re
      topIm += value.im
    }
    const value = ownFlow(at.re, at.im)
    const bottomRe = re - value.re
    const bottomIm = im - value.im
    const size = bottomRe * bottomRe + bottomIm * bottomIm
    return { re: (topRe * bottomRe + topIm * bottomIm) / size, im: (topIm * bottomRe - topRe * bottomIm) / size }
  }
  const sigmaSeries = above.length === 0 ? [0, 1, 0, 0, 0] : delaySeries(mixedSeries(above, rateAbove), rateAbove)
  const top = sigmaSeries.map((coefficient) => idle * coefficient)
  const bottom = [0, 1, 0, 0, 0]
  for (const { arrivalRate, service } of below)
    composeSeries(lawSeries(service), sigmaSeries).forEach((coefficient, n) => {
      if (n > 0) top[n]! -= arrivalRate * coefficient
    })
  for (const { arrivalRate, service } of own)
    composeSeries(lawSeries(service), sigmaSeries).forEach((coefficient, n) => {
      if (n > 0) bottom[n]! += arrivalRate * coefficient
    })
  const waitMoments = momentsOfSeries(divideSeries(top, bottom))
  const residualWork = [...above, ...own, ...below].reduce(
    (sum, { arrivalRate, service }) => sum + (arrivalRate * service.secondMoment) / 2,
    0,
  )
  const cobham = residualWork / ((1 - work(above)) * (1 - work(above) - work(own)))
  return {
    wait,
    waitMoments,
    massAtZero: idle,
    rateAbove,
    sigma,
    sigmaSeries,
    residual: Math.abs(waitMoments[1]! - cobham) / cobham,
  }
}

function identity(re: number, im: number): Complex {
  return { re, im }
}

function mixedSeries(classes: readonly StationClass[], rate: number): Series {
  const out = [0, 0, 0, 0, 0]
  for (const { arrivalRate, service } of classes)
    lawSeries(service).forEach((coefficient, n) => {
      out[n]! += (arrivalRate / rate) * coefficient
    })
  return out
}

function sigmaTransform(above: readonly StationClass[], rate: number): Transform {
  const together = flow(above)
  const root = busyPeriodComplement((re, im) => {
    const value = together(re, im)
    return { re: value.re / rate, im: value.im / rate }
  }, rate)
  return (re, im) => {
    const value = root(re, im)
    return { re: re + rate * value.re, im: im + rate * value.im }
  }
}

function classAnswer(
  one: StationClass,
  group: Group,
  discipline: PriorityDiscipline,
  quick: Inverter,
  careful: Inverter,
): ClassAtStation {
  const { service, arrivalRate } = one
  const preemptive = discipline === 'preemptive-resume'
  const served = preemptive ? composeSeries(lawSeries(service), group.sigmaSeries) : lawSeries(service)
  const waitSeries = seriesOfMoments(group.waitMoments)
  const moments = momentsOfSeries(multiplySeries(waitSeries, served).slice(0, 4))
  const { shift, rest } = service
  // The constant part of the service is taken out before inversion and put back as a shift of time.
  const responseRest: Transform = (re, im) => {
    const w = group.wait(re, im)
    if (!preemptive) return product(w, rest(re, im))
    const at = group.sigma(re, im)
    const own = product(w, rest(at.re, at.im))
    if (shift === 0) return own
    const decay = Math.exp(-(at.re - re) * shift)
    const angle = -(at.im - im) * shift
    return product(own, { re: decay * Math.cos(angle), im: decay * Math.sin(angle) })
  }
  // A constant service has an atom: of those who need not wait, and under preemption are not interrupted either.
  const atom = service.mean !== shift ? 0 : preemptive ? group.massAtZero * Math.exp(-group.rateAbove * shift) : group.massAtZero
  const response = stationTime(moments, responseRest, shift, atom, quick, careful)
  return {
    utilisation: arrivalRate * service.mean,
    wait: stationTime(group.waitMoments, group.wait, 0, group.massAtZero, quick, careful),
    response,
    meanNumber: arrivalRate * response.mean,
    // Distributional Little’s law: those of a class leave in the order they came, so N is what arrives (Poisson) during a response.
    numberSecondMoment: arrivalRate ** 2 * response.secondMoment + arrivalRate * response.mean,
    numberProbabilities: (count) =>
      numberProbabilities(
        (re, im) =>
          product(responseRest(re, im), {
            re: Math.exp(-re * shift) * Math.cos(im * shift),
            im: -Math.exp(-re * shift) * Math.sin(im * shift),
          }),
        arrivalRate,
        count,
      ),
  }
}

function product(a: Complex, b: Complex): Complex {
  return { re: a.re * b.re - a.im * b.im, im: a.re * b.im + a.im * b.re }
}

/** A time from its moments and the transform of what it has beyond a constant. */
export function stationTime(
  moments: readonly number[],
  rest: Transform,
  shift: number,
  massAtShift: number,
  quick: Inverter,
  careful: Inverter,
): StationTime {
  const mean = moments[1]!
  return {
    mean,
    secondMoment: moments[2]!,
    thirdMoment: moments[3]!,
    cdf: (t) => distributionAt(rest, t - shift, careful, massAtShift),
    quantile: (p) => {
      const value = quantileOf(rest, p, { mean: Math.max(mean - shift, 0), massAtZero: massAtShift }, quick)
      return value === undefined
        ? refuse('not-converged', `the ${p} quantile was not found by inverting the transform`, { probability: p })
        : shift + value
    },
  }
}
