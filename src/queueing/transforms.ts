/** Laplace–Stieltjes transforms of laws without a closed one: lognormal and bounded Pareto, by quadrature along a turned path. */
import type { Transform } from '../num/index.js'
import { gaussLegendre } from '../num/index.js'

/**
 * E e^{−sX}, ln X normal with `location` and `spread`, Re s ≥ 0; absolute error near 1e-10.
 *
 *   ∫ exp(−s e^{location + spread·z}) φ(z) dz, with the path moved to z + i·b, b = −arg(s)/spread
 *
 * On the moved path s·e^{…} is real and positive, so nothing oscillates; the trapezoid rule then converges faster than any power. The move is cut
 * at |b| = 4, where it would cost digits (factor e^{b²/2}) for small spreads; what is left of the oscillation is slow.
 * Source: contour of S. Asmussen, J. L. Jensen, L. Rojas-Nandayapa, "On the Laplace transform of the lognormal distribution" (2016).
 */
export function lognormalTransform(location: number, spread: number): Transform {
  const step = Math.min(0.25, 0.3 / spread)
  const half = Math.ceil(8.2 / step)
  const size = 2 * half + 1
  const values = new Float64Array(size)
  const weights = new Float64Array(size)
  for (let i = 0; i < size; i++) {
    const z = (i - half) * step
    values[i] = Math.exp(location + spread * z)
    weights[i] = (step * Math.exp((-z * z) / 2)) / Math.sqrt(2 * Math.PI)
  }
  return (re, im) => {
    const modulus = Math.hypot(re, im)
    if (modulus === 0) return { re: 1, im: 0 }
    const angle = Math.atan2(im, re)
    const b = Math.max(-4, Math.min(4, -angle / spread))
    const turned = angle + b * spread
    const c = modulus * Math.cos(turned)
    const s = modulus * Math.sin(turned)
    const front = Math.exp((b * b) / 2)
    const oscillates = Math.abs(s) > 1e-14 * modulus
    // e^{−ibz} from the moved density φ(z + ib) = φ(z) e^{b²/2} e^{−ibz}: one turn a node.
    const turnRe = Math.cos(b * step)
    const turnIm = -Math.sin(b * step)
    let waveRe = Math.cos(b * half * step)
    let waveIm = Math.sin(b * half * step)
    let sumRe = 0
    let sumIm = 0
    for (let i = 0; i < size; i++) {
      const decay = c * values[i]!
      if (decay > 60) break
      const weight = weights[i]! * Math.exp(-decay)
      if (oscillates) {
        const phase = -s * values[i]!
        const cosine = Math.cos(phase)
        const sine = Math.sin(phase)
        sumRe += weight * (waveRe * cosine - waveIm * sine)
        sumIm += weight * (waveRe * sine + waveIm * cosine)
      } else {
        sumRe += weight * waveRe
        sumIm += weight * waveIm
      }
      const next = waveRe * turnRe - waveIm * turnIm
      waveIm = waveRe * turnIm + waveIm * turnRe
      waveRe = next
    }
    return { re: front * sumRe, im: front * sumIm }
  }
}

/**
 * E e^{−s(X − low)} of the Pareto law of exponent `shape` cut to [low, high].
 *
 *   e^{s·low} [g(s·low) − q·g(s·high)]/(1 − q),  q = (low/high)^shape,  g(z) = ∫_0^∞ shape e^{−shape·v} exp(−z e^v) dv
 *
 * with the path of g bent to v − i·arg(z)·(1 − e^{−v}), along which z e^v turns to the positive axis. Negative real z within the cut law (needed for
 * exponential moments) is integrated on [low, high] directly.
 */
export function boundedParetoTransform(shape: number, low: number, high: number): Transform {
  const q = (low / high) ** shape
  const rule = gaussLegendre(16)
  const g = (re: number, im: number, liftRe: number, liftIm: number): [number, number] => {
    const modulus = Math.hypot(re, im)
    const angle = Math.atan2(im, re)
    // Beyond `end` either the density or the exponential is below 1e-18.
    const end = Math.min(42 / shape, Math.max(Math.log(45 / modulus), 0) + 1.5)
    const panels = Math.max(6, Math.ceil(end * 4))
    let sumRe = 0
    let sumIm = 0
    const half = end / panels / 2
    for (let p = 0; p < panels; p++)
      for (let i = 0; i < rule.nodes.length; i++) {
        const v = half * (2 * p + 1 + rule.nodes[i]!)
        const bend = Math.exp(-4 * v)
        const imaginary = -angle * (1 - bend)
        const slope = -4 * angle * bend
        const size = modulus * Math.exp(v)
        const direction = angle + imaginary
        // exp(−shape·(v + i·imaginary) − z e^{v + i·imaginary}) · (1 + i·slope)
        const exponent = liftRe - shape * v - size * Math.cos(direction)
        if (exponent < -700) continue
        const phase = liftIm - shape * imaginary - size * Math.sin(direction)
        const weight = half * rule.weights[i]! * shape * Math.exp(exponent)
        const c = weight * Math.cos(phase)
        const s = weight * Math.sin(phase)
        sumRe += c - slope * s
        sumIm += s + slope * c
      }
    return [sumRe, sumIm]
  }
  return (re, im) => {
    if (im === 0 || re < 0) return directly(shape, low, high, q, re, im)
    // The lift e^{s·low} enters the exponent, so that neither factor overflows.
    const [aRe, aIm] = g(re * low, im * low, re * low, im * low)
    const [bRe, bIm] = g(re * high, im * high, re * low, im * low)
    return { re: (aRe - q * bRe) / (1 - q), im: (aIm - q * bIm) / (1 - q) }
  }
}

function directly(shape: number, low: number, high: number, q: number, re: number, im: number) {
  const rule = gaussLegendre(16)
  const end = Math.log(high / low)
  const panels = Math.max(8, Math.ceil(end * 4 + Math.hypot(re, im) * (high - low)))
  const half = end / panels / 2
  let sumRe = 0
  let sumIm = 0
  for (let p = 0; p < panels; p++)
    for (let i = 0; i < rule.nodes.length; i++) {
      const v = half * (2 * p + 1 + rule.nodes[i]!)
      const x = low * Math.exp(v)
      const weight = half * rule.weights[i]! * shape * Math.exp(-shape * v - re * (x - low))
      sumRe += weight * Math.cos(im * (x - low))
      sumIm -= weight * Math.sin(im * (x - low))
    }
  return { re: sumRe / (1 - q), im: sumIm / (1 - q) }
}
