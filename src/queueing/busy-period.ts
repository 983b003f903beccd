/** The busy period of an M/G/1 queue: its transform at complex arguments and its moments. */
import type { Complex, Transform } from '../num/index.js'

/**
 * 1 − B(s), B the transform of the busy period: the root D with |1 − D| ≤ 1 of D = (1 − S*)(s + ΛD), Re s ≥ 0. `complement` is 1 − S*.
 *
 * In terms of 1 − B nothing cancels when s is far smaller than any service rate. Secant steps from the root at the previous argument (arguments come in
 * sequences along a line); where that leaves the disc or does not converge, secant steps after thirty of the iteration D ← (1 − S*)(s + ΛD) from 1; where
 * that fails too, the iteration alone, which always converges for Re s > 0.
 * Source: Takács (1955); Kendall's functional equation.
 */
export function busyPeriodComplement(complement: Transform, arrivalRate: number): Transform {
  let last: Complex = { re: 1, im: 0 }
  const advance = (re: number, im: number, steps: number): Complex => {
    let at: Complex = { re: 1, im: 0 }
    for (let step = 0; step < steps; step++) {
      const next = complement(re + arrivalRate * at.re, im + arrivalRate * at.im)
      const move = Math.abs(next.re - at.re) + Math.abs(next.im - at.im)
      at = next
      if (move < 1e-15) break
    }
    return at
  }
  return (re, im) => {
    const found =
      secantRoot(complement, arrivalRate, re, im, last) ??
      secantRoot(complement, arrivalRate, re, im, advance(re, im, 30)) ??
      advance(re, im, 3000)
    last = found
    return found
  }
}

function secantRoot(complement: Transform, arrivalRate: number, re: number, im: number, from: Complex): Complex | undefined {
  let x0Re = from.re
  let x0Im = from.im
  let value = complement(re + arrivalRate * x0Re, im + arrivalRate * x0Im)
  let f0Re = value.re - x0Re
  let f0Im = value.im - x0Im
  let x1Re = value.re
  let x1Im = value.im
  for (let step = 0; step < 40; step++) {
    value = complement(re + arrivalRate * x1Re, im + arrivalRate * x1Im)
    const f1Re = value.re - x1Re
    const f1Im = value.im - x1Im
    const gap = Math.abs(f1Re) + Math.abs(f1Im)
    const within = (1 - x1Re) ** 2 + x1Im * x1Im <= 1 + 1e-9
    // To rounding of the transform: relative where it is accurate, 1e-12 where it is not after a few steps.
    if (gap < 1e-13 * (Math.abs(x1Re) + Math.abs(x1Im)) + 1e-17 || (step >= 8 && gap < 1e-12))
      return within ? { re: x1Re, im: x1Im } : undefined
    const gapRe = f1Re - f0Re
    const gapIm = f1Im - f0Im
    const size = gapRe * gapRe + gapIm * gapIm
    if (!(size > 0)) return gap < 1e-10 && within ? { re: x1Re, im: x1Im } : undefined
    // step = −f1 (x1 − x0)/(f1 − f0)
    const dRe = x1Re - x0Re
    const dIm = x1Im - x0Im
    const nRe = f1Re * dRe - f1Im * dIm
    const nIm = f1Re * dIm + f1Im * dRe
    x0Re = x1Re
    x0Im = x1Im
    f0Re = f1Re
    f0Im = f1Im
    x1Re -= (nRe * gapRe + nIm * gapIm) / size
    x1Im -= (nIm * gapRe - nRe * gapIm) / size
  }
  return undefined
}

/** Power series in s, coefficients of s^0 to s^4. */
export type Series = readonly number[]
const ORDER = 5

/** The transform of a time as a series: Σ (−1)^n m_n s^n/n!. */
export function seriesOfMoments(moments: readonly number[]): Series {
  let factor = 1
  return moments.slice(0, ORDER).map((moment, n) => {
    if (n > 0) factor *= -1 / n
    return factor * moment
  })
}

/** Raw moments [1, m1, m2, …] from a transform's series. */
export function momentsOfSeries(series: Series): number[] {
  let factor = 1
  return series.map((coefficient, n) => {
    if (n > 0) factor *= -n
    return factor * coefficient
  })
}

export function multiplySeries(a: Series, b: Series): number[] {
  const out = new Array<number>(ORDER).fill(0)
  for (let i = 0; i < ORDER; i++) for (let j = 0; i + j < ORDER; j++) out[i + j]! += (a[i] ?? 0) * (b[j] ?? 0)
  return out
}

/** a/b where both begin at s¹ (their common factor s is taken out); the coefficient of s⁴ is lost. */
export function divideSeries(a: Series, b: Series): number[] {
  const out: number[] = []
  for (let n = 0; n + 1 < ORDER; n++) {
    let sum = a[n + 1]!
    for (let k = 0; k < n; k++) sum -= out[k]! * b[n + 1 - k]!
    out.push(sum / b[1]!)
  }
  return out
}

/** f(u(s)) where u has no constant term. */
export function composeSeries(f: Series, u: Series): number[] {
  let out = new Array<number>(ORDER).fill(0)
  for (let n = ORDER - 1; n >= 0; n--) {
    out = multiplySeries(out, u)
    out[0]! += f[n] ?? 0
  }
  return out
}

/**
 * σ(s) = s + Λ(1 − B(s)) as a series, from the series of the service transform: order by order from B = S*(σ).
 */
export function delaySeries(service: Series, arrivalRate: number): number[] {
  const sigma = [0, 0, 0, 0, 0]
  for (let k = 1; k < ORDER; k++) {
    const known = composeSeries(service, sigma)[k]!
    const own = k === 1 ? 1 : 0
    // B_k = S_1 σ_k + known and σ_k = own − Λ B_k.
    sigma[k] = (own - arrivalRate * known) / (1 + arrivalRate * service[1]!)
  }
  return sigma
}
