/**
 * Numeric inversion of Laplace transforms by the Fourier-series method with Euler summation.
 *
 *   f(t) ≈ e^{A/2}/t · [ ½ Re f*(A/2t) + Σ_{k=1}^{n+m} (−1)^k c_k Re f*((A + 2kπi)/2t) ],
 *   c_k = 1 for k ≤ n, then the upper tails of the binomial(m, ½) distribution
 *
 * The transform is needed only on a vertical line right of the origin, so anything that has a transform can be inverted. The discretisation
 * error is at most e^{−A} for a function bounded by 1; rounding costs about e^{A/2} units in the last place. Where f has a jump or a kink near t
 * convergence is slower: take `kinked`.
 *
 * Source: J. Abate, W. Whitt, "Numerical inversion of Laplace transforms of probability distributions", ORSA J. Computing 7 (1995).
 */
import type { Complex } from './complex.js'

/** A transform at the complex argument `re + i·im`. */
export type Transform = (re: number, im: number) => Complex

/** Nodes (to be divided by t) and weights (likewise) of one rule; made once, used for any number of inversions. */
export interface Inverter {
  readonly re: number
  readonly im: Float64Array
  readonly weight: Float64Array
}

function inverter(a: number, terms: number, averaged: number): Inverter {
  const size = terms + averaged + 1
  const im = new Float64Array(size)
  const weight = new Float64Array(size)
  let tail = 1
  let binomial = 2 ** -averaged
  const front = Math.exp(a / 2)
  for (let k = 0; k < size; k++) {
    im[k] = k * Math.PI
    if (k > terms) {
      tail -= binomial
      const j = k - terms
      binomial *= (averaged - j + 1) / j
    }
    weight[k] = front * (k === 0 ? 0.5 : (k % 2 === 0 ? 1 : -1) * tail)
  }
  return { re: a / 2, im, weight }
}

/** The everyday rule: 27 nodes, absolute error near 1e-7 for smooth functions. */
export function everydayInverter(): Inverter {
  return inverter(18.4, 15, 11)
}

/** The careful rule: 47 nodes, absolute error near 1e-10 for smooth functions. */
export function carefulInverter(): Inverter {
  return inverter(23, 32, 14)
}

/** For functions with kinks or jumps (constant service, empirical laws): 152 nodes, error near 1e-4 beside a kink, 1e-7 away from it. */
export function kinkedInverter(): Inverter {
  return inverter(18.4, 140, 11)
}

/**
 * For functions that change within a share `width` of t (a time with coefficient of variation `width`): its transform decays only after some 1/width turns, so
 * that many more terms are taken, 1,000 at most. The everyday (or with `careful` the careful) rule where that is wide enough.
 */
export function sharpInverter(width: number, careful = false): Inverter {
  const terms = Math.min(1000, Math.ceil(2.2 / Math.max(width, 1e-9)))
  return careful ? inverter(23, Math.max(32, 2 * terms), 14) : inverter(18.4, Math.max(15, terms), 11)
}

/** f(t) from its transform, t > 0. */
export function invert(transform: Transform, t: number, rule: Inverter): number {
  const re = rule.re / t
  let sum = 0
  for (let k = 0; k < rule.im.length; k++) sum += rule.weight[k]! * transform(re, rule.im[k]! / t).re
  return sum / t
}

/** P(X > t) and the density at t > 0 of a time whose transform E e^{−sX} is given: one pass over the nodes for both. */
export function tailAndDensity(lst: Transform, t: number, rule: Inverter): { tail: number; density: number } {
  const re = rule.re / t
  let tail = 0
  let density = 0
  for (let k = 0; k < rule.im.length; k++) {
    const im = rule.im[k]! / t
    const value = lst(re, im)
    const weight = rule.weight[k]!
    density += weight * value.re
    // Re[(1 − φ(s))/s] for s = re + i·im.
    tail += (weight * ((1 - value.re) * re - value.im * im)) / (re * re + im * im)
  }
  return { tail: Math.min(1, Math.max(0, tail / t)), density: density / t }
}

/** P(X ≤ t) of a time whose transform is given; 0 for t < 0. At t = 0 the mass there, `massAtZero`. */
export function distributionAt(lst: Transform, t: number, rule: Inverter, massAtZero = 0): number {
  if (t < 0) return 0
  if (t === 0) return massAtZero
  return 1 - tailAndDensity(lst, t, rule).tail
}

/**
 * The `p` quantile of a time whose transform is given: Newton on ln P(X > t), kept inside a bracket.
 *
 * The tail of a queueing time is near an exponential, of which the logarithm is a line, so two to four inversions do. `mean` sets the first
 * guess; `massAtZero` is P(X = 0). Returns undefined when 60 steps were not enough (then the transform is not one of a time).
 */
export function quantileOf(
  lst: Transform,
  p: number,
  about: { readonly mean: number; readonly massAtZero?: number; readonly guess?: number },
  rule: Inverter,
): number | undefined {
  const massAtZero = about.massAtZero ?? 0
  if (p <= massAtZero || !(about.mean > 0)) return 0
  const target = Math.log1p(-p)
  let low = 0
  let high = Number.POSITIVE_INFINITY
  let t = about.guess ?? about.mean * Math.max(0.05, -target + Math.log1p(-massAtZero))
  for (let step = 0; step < 60; step++) {
    const { tail, density } = tailAndDensity(lst, t, rule)
    const gap = Math.log(Math.max(tail, 1e-300)) - target
    if (gap > 0) low = t
    else high = t
    let next = density > 0 && tail > 1e-9 ? t + (gap * tail) / density : Number.NaN
    // Concave starts (densities that begin at zero) overshoot: no step beyond a factor of four, none out of the bracket.
    if (next > 4 * t) next = 4 * t
    if (!(next > low && next < high)) next = high === Number.POSITIVE_INFINITY ? 2 * t : low === 0 ? high / 4 : (low + high) / 2
    // A step that is small though the tail is still off means a density that cannot be trusted (beside a jump): halve or widen instead.
    if (Math.abs(next - t) <= 2e-5 * t && Math.abs(gap) > 1e-3)
      next = high === Number.POSITIVE_INFINITY ? 1.5 * t : (low + high) / 2
    const move = Math.abs(next - t)
    t = next
    if (move <= 2e-5 * t || (high - low <= 1e-9 * t && high < Number.POSITIVE_INFINITY)) return t
  }
  return undefined
}
