/** Laplace–Stieltjes transforms of laws without an elementary one: lognormal, by quadrature along a turned path, and bounded Pareto, by the incomplete gamma function. */
import type { Complex, Transform } from '../num/index.js'
import { complexExponential, complexProduct, complexQuotient, gaussLegendre } from '../num/index.js'

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
 *   e^{s·low} [g(s·low) − q·g(s·high)]/(1 − q),  q = (low/high)^shape,  g(z) = shape·z^shape·Γ(−shape, z)
 *
 * g by Legendre's continued fraction for |z| > 2, by its power series below. Where Re s < 0 (exponential moments) the law is integrated directly.
 */
export function boundedParetoTransform(shape: number, low: number, high: number): Transform {
  const q = (low / high) ** shape
  const near = smallParetoSeries(shape)
  return (re, im) => {
    if (re < 0 || (re === 0 && im === 0)) return directly(shape, low, high, q, re, im)
    const a = liftedPareto(shape, re * low, im * low, near)
    const b = liftedPareto(shape, re * high, im * high, near)
    // g(s·high) carries e^{−s·high}, of which the lift leaves e^{−s(high − low)}.
    const size = q * Math.exp(-re * (high - low))
    const c = size * Math.cos(im * (high - low))
    const d = -size * Math.sin(im * (high - low))
    return { re: (a.re - (c * b.re - d * b.im)) / (1 - q), im: (a.im - (c * b.im + d * b.re)) / (1 - q) }
  }
}

/** e^z g(z), Re z ≥ 0. */
function liftedPareto(shape: number, re: number, im: number, near: (re: number, im: number) => Complex): Complex {
  if (re * re + im * im > 4) return continuedFraction(shape, re, im)
  const value = near(re, im)
  return complexProduct(value, complexExponential(re, im))
}

/** shape/(z + 1 + shape − 1(1 + shape)/(z + 3 + shape − 2(2 + shape)/(z + 5 + shape − …))), by Lentz's method. */
function continuedFraction(shape: number, re: number, im: number): Complex {
  let bRe = re + 1 + shape
  let c: Complex = { re: 1e300, im: 0 }
  let d = complexQuotient({ re: 1, im: 0 }, { re: bRe, im })
  let h = d
  for (let n = 1; n < 2000; n++) {
    const an = -n * (n + shape)
    bRe += 2
    d = complexQuotient({ re: 1, im: 0 }, { re: an * d.re + bRe, im: an * d.im + im })
    const over = complexQuotient({ re: an, im: 0 }, c)
    c = { re: bRe + over.re, im: im + over.im }
    const delta = complexProduct(c, d)
    h = complexProduct(h, delta)
    if (Math.abs(delta.re - 1) + Math.abs(delta.im) < 1e-14) break
  }
  return { re: shape * h.re, im: shape * h.im }
}

/**
 * g(z) for |z| ≤ 2: shape·[Γ(−shape) z^shape − Σ_n (−z)^n/(n!(n − shape))]; for a whole shape m, where two terms blow up against one another, their limit
 * (−1)^m/m! · (ψ(m + 1) − ln z) z^m in their place. A shape within 1e-7 of a whole number is taken as that number.
 */
function smallParetoSeries(shape: number): (re: number, im: number) => Complex {
  const whole = Math.round(shape)
  const isWhole = Math.abs(shape - whole) < 1e-7
  const coefficients = new Float64Array(40)
  let factorial = 1
  for (let n = 0; n < 40; n++) {
    if (n > 0) factorial *= n
    coefficients[n] = isWhole && n === whole ? 0 : -1 / (factorial * (n - shape))
  }
  let psi = -0.5772156649015329
  let wholeFactorial = 1
  for (let k = 1; k <= whole; k++) {
    psi += 1 / k
    wholeFactorial *= k
  }
  const gammaValue = isWhole ? 0 : gammaFunction(-shape)
  return (re, im) => {
    const logarithm = Math.log(Math.hypot(re, im))
    const angle = Math.atan2(im, re)
    const power = complexExponential(shape * logarithm, shape * angle)
    const front: Complex = isWhole
      ? {
          re: ((whole % 2 === 0 ? 1 : -1) / wholeFactorial) * (psi - logarithm),
          im: ((whole % 2 === 0 ? 1 : -1) / wholeFactorial) * -angle,
        }
      : { re: gammaValue, im: 0 }
    let sum = complexProduct(front, power)
    let term: Complex = { re: 1, im: 0 }
    for (let n = 0; n < 40; n++) {
      sum = { re: sum.re + coefficients[n]! * term.re, im: sum.im + coefficients[n]! * term.im }
      term = complexProduct(term, { re: -re, im: -im })
    }
    return { re: shape * sum.re, im: shape * sum.im }
  }
}

/** Γ(x) for real x that is no pole: Lanczos (g = 7, nine terms), reflection below ½. Relative error near 1e-14. */
function gammaFunction(x: number): number {
  if (x < 0.5) return Math.PI / (Math.sin(Math.PI * x) * gammaFunction(1 - x))
  const terms = [
    0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059, 12.507343278686905,
    -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
  ]
  const z = x - 1
  let sum = terms[0]!
  for (let i = 1; i < 9; i++) sum += terms[i]! / (z + i)
  const t = z + 7.5
  return Math.sqrt(2 * Math.PI) * t ** (z + 0.5) * Math.exp(-t) * sum
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
