/**
 * Arrival processes fitted: order 2 from moments and lag-1 correlation, two laws that take turns, and the Kronecker composition of several
 * order-2 processes for correlations that last.
 */
import { type ArrivalProcess, arrivalAutocorrelation, arrivalMoments, dispersionOfCounts, renewalArrivals } from './map.js'
import { kronecker, matrixFromRows, matrixRows, scaleMatrix } from './matrix.js'
import type { FitCaveat, PhaseType } from './phasetype.js'
import { exitRates } from './phasetype.js'
import { fitThreeMoments, fitTwoMoments, fitTwoMomentsAcyclic, twoPhaseLaw } from './phasetype-fit.js'

export interface ArrivalFit {
  readonly process: ArrivalProcess
  /** Relative error of each raw moment of the gap that was asked for. */
  readonly momentErrors: readonly number[]
  /** Absolute error of the lag-1 autocorrelation. */
  readonly lag1Error: number
  readonly caveats: readonly FitCaveat[]
}

function judged(process: ArrivalProcess, moments: readonly number[], lag1: number, extra: readonly FitCaveat[] = []): ArrivalFit {
  const got = arrivalMoments(process, moments.length)
  const momentErrors = moments.map((m, i) => Math.abs(got[i] / m - 1))
  const lag1Error = Math.abs(arrivalAutocorrelation(process, 1)[0] - lag1)
  const caveats = [...extra]
  momentErrors.forEach((e, i) => {
    if (e > 1e-6) {
      caveats.push({
        code: 'moment-missed',
        message: `moment ${i + 1} of the gap is ${(100 * e).toPrecision(3)} % off what was asked`,
        numbers: { moment: i + 1, relativeError: e },
      })
    }
  })
  if (lag1Error > 1e-6) {
    caveats.push({
      code: 'correlation-missed',
      message: `the lag-1 correlation is ${lag1Error.toPrecision(3)} off what was asked`,
      numbers: { error: lag1Error, asked: lag1 },
    })
  }
  return { process, momentErrors, lag1Error, caveats }
}

/**
 * The order-2 process whose gaps have the phase means θ₁, θ₂ (in this order), mean m1 and correlation decay γ (ρ_k = ρ_1 γ^{k−1}).
 *   γ > 0:  D1 = [aλ₁, 0; (1−b)λ₂, bλ₂], γ = ab,  θ₁b² + (m1(1−γ) − θ₁ − θ₂)b + γθ₂ = 0
 *   γ < 0:  D1 = [0, aλ₁; bλ₂, (1−b)λ₂], γ = −ab, b = (m1(1−γ) − θ₂)/θ₁
 * with D0 = [−λ₁, (1−a)λ₁; 0, −λ₂]. The quadratic is the mean of the gap under the embedded chain.
 */
function orderTwo(first: number, second: number, m1: number, gamma: number): ArrivalProcess | undefined {
  const within = (x: number) => x >= -1e-12 && x <= 1 + 1e-12
  const clip = (x: number) => Math.min(1, Math.max(0, x))
  const l1 = 1 / first
  const l2 = 1 / second
  if (gamma > 0) {
    const half = (first + second - m1 * (1 - gamma)) / 2
    const d = half * half - first * second * gamma
    if (d < -1e-14 * half * half) return undefined
    for (const sign of [1, -1]) {
      const b = (half + sign * Math.sqrt(Math.max(0, d))) / first
      const a = gamma / b
      if (!within(a) || !within(b)) continue
      const x = clip(a)
      const y = clip(b)
      return {
        D0: [
          [-l1, (1 - x) * l1],
          [0, -l2],
        ],
        D1: [
          [x * l1, 0],
          [(1 - y) * l2, y * l2],
        ],
      }
    }
    return undefined
  }
  const b = (m1 * (1 - gamma) - second) / first
  const a = -gamma / b
  if (!within(a) || !within(b)) return undefined
  const x = clip(a)
  const y = clip(b)
  return {
    D0: [
      [-l1, (1 - x) * l1],
      [0, -l2],
    ],
    D1: [
      [0, x * l1],
      [y * l2, (1 - y) * l2],
    ],
  }
}

/**
 * The order-2 process with these three raw moments of the gap and this lag-1 correlation. Its correlations decay geometrically,
 * ρ_k = ½(1 − 1/c²) γ^k, so |ρ_1| < ½ for c² > 1. Where no such process exists, the correlation is moved as little as needed (then the third
 * moment), with caveats. Source of the canonical forms: Bodrog, Heindl, Horváth, Telek (2008); the equations are in `orderTwo`.
 */
export function fitArrivalsOrderTwo(m1: number, m2: number, m3: number, lag1: number): ArrivalFit {
  const asked = [m1, m2, m3]
  const c2 = m2 / (m1 * m1) - 1
  let law = twoPhaseLaw(m1, m2, m3)
  if (law === undefined && c2 > 1) law = fitTwoMoments(m1, m2).law
  if (law === undefined) {
    return judged(renewalArrivals(fitThreeMoments(m1, m2, m3).law), asked, lag1, [
      {
        code: 'renewal',
        message: 'no order-2 process has these moments of the gap: independent gaps were fitted',
        numbers: { scv: c2 },
      },
    ])
  }
  if (law.alpha.length < 2 || Math.abs(lag1) < 1e-14) return judged(renewalArrivals(law), asked, lag1)
  const [theta1, theta2] = law.generator.map((row, i) => -1 / row[i])
  const wanted = (2 * lag1 * c2) / (c2 - 1)
  const at = (gamma: number) => orderTwo(theta1, theta2, m1, gamma) ?? orderTwo(theta2, theta1, m1, gamma)
  const direct = Math.abs(wanted) < 1 ? at(wanted) : undefined
  if (direct) return judged(direct, asked, lag1)
  // The strongest correlation of the wanted sign that the marginal law allows.
  let low = 0
  let high = Math.sign(wanted) * Math.min(1 - 1e-9, Math.abs(wanted))
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2
    if (middle !== 0 && at(middle)) low = middle
    else high = middle
  }
  return judged(low === 0 ? renewalArrivals(law) : at(low)!, asked, lag1)
}

/**
 * Two laws that take turns: gaps come from one of two phase-type laws of means m1(1 ∓ δ), and the law changes after a gap with probability
 * (1 − γ)/2. Then c²ρ_1 = γδ² exactly, and γ = ±(1 + c²|ρ_1|)/2 lies midway between what δ < 1 needs and 1; the two laws share the ratio
 * of variance to mean. Holds for c²|ρ_1| < 1 and c² > δ²; beyond, the correlation is cut with a caveat. Order 4 or more.
 * Two moments and lag 1, either sign, are matched exactly.
 */
export function fitArrivalsTakingTurns(m1: number, m2: number, lag1: number): ArrivalFit {
  const c2 = m2 / (m1 * m1) - 1
  const asked = [m1, m2]
  if (Math.abs(lag1) < 1e-14) return judged(renewalArrivals(fitTwoMomentsAcyclic(m1, m2).law), asked, lag1)
  // Room for δ² = 2x/(1+x) < min(1, c²) with x = c²|ρ|.
  let x = c2 * Math.abs(lag1)
  const most = c2 >= 1 ? 0.999 : (0.98 * c2) / (2 - c2)
  x = Math.min(x, most)
  const gamma = (Math.sign(lag1) * (1 + x)) / 2
  const delta = Math.sqrt(x / Math.abs(gamma))
  const ratio = (m2 - m1 * m1 * (1 + delta * delta)) / m1
  const laws = [1 - delta, 1 + delta].map((f) => {
    const m = m1 * f
    return fitTwoMomentsAcyclic(m, m * (m + ratio)).law
  })
  const stay = (1 + gamma) / 2
  return judged(turns(laws[0], laws[1], stay), asked, lag1)
}

function turns(one: PhaseType, two: PhaseType, stay: number): ArrivalProcess {
  const laws = [one, two]
  const starts = [0, one.alpha.length]
  const order = one.alpha.length + two.alpha.length
  const D0 = Array.from({ length: order }, () => new Array<number>(order).fill(0))
  const D1 = Array.from({ length: order }, () => new Array<number>(order).fill(0))
  laws.forEach((law, k) => {
    const exits = exitRates(law)
    law.generator.forEach((row, i) => {
      row.forEach((x, j) => {
        D0[starts[k] + i][starts[k] + j] = x
      })
      laws.forEach((next, q) => {
        next.alpha.forEach((p, j) => {
          D1[starts[k] + i][starts[q] + j] = exits[i] * p * (q === k ? stay : 1 - stay)
        })
      })
    })
  })
  return { D0, D1 }
}

/** One factor of a composition: hyperexponential gaps of given moments, correlations ½(1 − 1/c²) γ^k. */
function factor(m1: number, c2: number, gamma: number, m3?: number): ArrivalProcess {
  const law = m3 === undefined ? undefined : hyperFromThree(m1, (1 + c2) * m1 * m1, m3)
  const p = (1 + Math.sqrt((c2 - 1) / (c2 + 1))) / 2
  const { weight, rates } = law ?? { weight: p, rates: [(2 * p) / m1, (2 * (1 - p)) / m1] }
  const start = [weight, 1 - weight]
  return {
    D0: rates.map((r, i) => rates.map((_, j) => (i === j ? -r : 0))),
    D1: rates.map((r, i) => rates.map((_, j) => r * ((i === j ? gamma : 0) + (1 - gamma) * start[j]))),
  }
}

/** The two-point mixture of exponentials with three moments, where there is one: nodes of the quadrature for E Θ^k = m_k/k!. */
function hyperFromThree(m1: number, m2: number, m3: number): { weight: number; rates: number[] } | undefined {
  const r2 = m2 / 2
  const r3 = m3 / 6
  const bottom = r2 - m1 * m1
  if (!(bottom > 0)) return undefined
  const sum = (r3 - m1 * r2) / bottom
  const product = sum * m1 - r2
  const root = Math.sqrt(sum * sum - 4 * product)
  const slow = (sum + root) / 2
  const fast = product / slow
  if (!(slow > fast && fast > 0)) return undefined
  const weight = (slow - m1) / (slow - fast)
  return weight > 0 && weight < 1 ? { weight, rates: [1 / fast, 1 / slow] } : undefined
}

/**
 * Kronecker composition of two processes, one of which must have diagonal D0: D0 = −(D0a ⊗ D0b), D1 = D1a ⊗ D1b. Then
 *   m_k = m_k^a m_k^b / k!,  1 + c² = (1 + ca²)(1 + cb²)/2,  c²ρ_k = ca²ρ_k^a + cb²ρ_k^b + ca²cb²ρ_k^a ρ_k^b.
 * Source: Casale, Zhang, Smirni (2010), KPC.
 */
export function composedArrivals(a: ArrivalProcess, b: ArrivalProcess): ArrivalProcess {
  const diagonal = [a, b].some((p) => p.D0.every((row, i) => row.every((x, j) => i === j || x === 0)))
  if (!diagonal) throw new RangeError('one of the composed processes must have a diagonal D0')
  return {
    D0: matrixRows(scaleMatrix(kronecker(matrixFromRows(a.D0), matrixFromRows(b.D0)), -1)).map((row) =>
      row.map((x) => (x === 0 ? 0 : x)),
    ),
    D1: matrixRows(kronecker(matrixFromRows(a.D1), matrixFromRows(b.D1))),
  }
}

/** What a composition is fitted to. */
export interface ArrivalTarget {
  /** Raw moments of the gap: two or three. */
  readonly moments: readonly number[]
  /** Lags (in arrivals, from 1) and the autocorrelation at each. */
  readonly lags: readonly number[]
  readonly autocorrelation: readonly number[]
  /** Number of gaps the figures come from; for the information criterion and for what counts as noise. */
  readonly samples?: number
}

export interface ComposedFit extends ArrivalFit {
  /** Number of order-2 factors; 0 when the gaps are independent. */
  readonly factors: number
  /** Root mean square error of the autocorrelation over the lags. */
  readonly autocorrelationError: number
  /** Bayesian information criterion of the autocorrelation fit, n ln(RSS/n) + parameters ln n. */
  readonly bic: number
  /** Limit of the index of dispersion of counts of the fitted process. */
  readonly dispersion: number
}

/**
 * Arrivals with correlations that last: one to three order-2 factors composed, the SCV split among them and each with its own decay, fitted
 * to the autocorrelation by least squares (Nelder–Mead), the number of factors by BIC, the third moment through the first factor.
 *
 * Holds for c² > 1 and correlations ≥ 0 (burstiness). Otherwise: order 2 or taking turns where lag 1 matters, independent gaps where the
 * correlations are within noise (2/√samples). Everything missed is a caveat.
 */
export function fitArrivals(target: ArrivalTarget): ComposedFit {
  const [m1, m2, m3] = target.moments
  const c2 = m2 / (m1 * m1) - 1
  const lag1 = target.autocorrelation[target.lags.indexOf(1)] ?? 0
  const noise = target.samples === undefined ? 1e-9 : 2 / Math.sqrt(target.samples)
  const strongest = target.autocorrelation.reduce((s, r) => Math.max(s, Math.abs(r)), 0)
  const finish = (fit: ArrivalFit, factors: number, parameters: number): ComposedFit => {
    const longest = target.lags.reduce((a, b) => Math.max(a, b), 1)
    const got = arrivalAutocorrelation(fit.process, longest)
    const rss = target.lags.reduce((s, lag, i) => s + (got[lag - 1] - target.autocorrelation[i]) ** 2, 0)
    const n = target.lags.length
    const error = Math.sqrt(rss / Math.max(1, n))
    const caveats = [...fit.caveats]
    if (error > Math.max(0.02, noise)) {
      caveats.push({
        code: 'autocorrelation-missed',
        message: `the autocorrelation is off by ${error.toPrecision(2)} (root mean square over ${n} lags)`,
        numbers: { error },
      })
    }
    return {
      ...fit,
      caveats,
      factors,
      autocorrelationError: error,
      bic: n * Math.log(Math.max(rss, 1e-30) / n) + parameters * Math.log(n),
      dispersion: dispersionOfCounts(fit.process, Number.POSITIVE_INFINITY),
    }
  }
  const marginal = () => (m3 === undefined ? fitTwoMoments(m1, m2) : fitThreeMoments(m1, m2, m3)).law
  if (strongest <= noise) return finish(judged(renewalArrivals(marginal()), target.moments, lag1), 0, 0)
  if (c2 <= 1 || lag1 < -noise) {
    const note: FitCaveat[] = [
      {
        code: 'short-correlations-only',
        message: 'gaps less variable than exponential, or negatively correlated: only lag 1 was fitted',
        numbers: { scv: c2, lag1 },
      },
    ]
    const fit = fitArrivalsTakingTurns(m1, m2, lag1)
    return finish({ ...fit, caveats: [...fit.caveats, ...note] }, 1, 2)
  }
  let best: ComposedFit | undefined
  for (let factors = 1; factors <= 3; factors++) {
    const parameters = 2 * factors - 1
    if (target.lags.length <= parameters) break
    const process = bestComposition(target, c2, factors)
    const fit = finish(judged(process, target.moments, lag1), factors, parameters)
    if (best === undefined || fit.bic < best.bic - 2) best = fit
  }
  return best ?? finish(fitArrivalsOrderTwo(m1, m2, m3 ?? 1.5 * ((m2 * m2) / m1), lag1), 1, 1)
}

function bestComposition(target: ArrivalTarget, c2: number, factors: number): ArrivalProcess {
  const [m1, , m3] = target.moments
  const whole = Math.log((1 + c2) / 2)
  const unpack = (x: readonly number[]) => {
    const gammas = Array.from({ length: factors }, (_, j) => 1 / (1 + Math.exp(-x[j])))
    const raw = Array.from({ length: factors }, (_, j) => Math.exp(j === 0 ? 0 : x[factors + j - 1]))
    const total = raw.reduce((s, w) => s + w, 0)
    return { gammas, scvs: raw.map((w) => 2 * Math.exp((whole * w) / total) - 1) }
  }
  const loss = (x: readonly number[]): number => {
    const { gammas, scvs } = unpack(x)
    return target.lags.reduce((s, lag, i) => {
      // 1 + c²ρ_k = Π (1 + c_j²ρ_k^j), the composition rule for any number of factors.
      let product = 1
      for (let j = 0; j < factors; j++) product *= 1 + ((scvs[j] - 1) / 2) * gammas[j] ** lag
      return s + ((product - 1) / c2 - target.autocorrelation[i]) ** 2
    }, 0)
  }
  const longest = target.lags.reduce((a, b) => Math.max(a, b), 1)
  let best: { x: number[]; value: number } | undefined
  for (const spread of [0.3, 0.6, 1]) {
    // Decay times spread in the logarithm between one lag and the longest.
    const start = Array.from({ length: 2 * factors - 1 }, (_, j) =>
      j < factors ? Math.log(Math.max(0.5, longest ** ((spread * (j + 0.5)) / factors))) : 0,
    )
    const found = nelderMead(loss, start, 800)
    if (best === undefined || found.value < best.value) best = found
  }
  const { gammas, scvs } = unpack(best!.x)
  // Means: the first factor carries m1, the others 1. Third moment: m3 = Π m3_j / 6^(factors − 1), through the first factor.
  const others = scvs.slice(1).map((c, j) => factor(1, c, gammas[j + 1]))
  let first = factor(m1, scvs[0], gammas[0])
  if (m3 !== undefined) {
    let wanted = m3
    for (const other of others) wanted = (6 * wanted) / arrivalMoments(other, 3)[2]
    const second = (1 + scvs[0]) * m1 * m1
    first = factor(m1, scvs[0], gammas[0], Math.max(wanted, ((1.5 * second * second) / m1) * (1 + 1e-6)))
  }
  return others.reduce((a, b) => composedArrivals(a, b), first)
}

/** Minimum by the simplex method of Nelder and Mead. */
function nelderMead(
  f: (x: readonly number[]) => number,
  start: readonly number[],
  evaluations: number,
): { x: number[]; value: number } {
  const n = start.length
  const points = [start, ...start.map((_, i) => start.map((v, j) => (i === j ? v + 0.7 : v)))].map((x) => ({
    x: [...x],
    value: f(x),
  }))
  for (let used = n + 1; used < evaluations; ) {
    points.sort((a, b) => a.value - b.value)
    if (points[n].value - points[0].value <= 1e-14 * (1e-12 + points[0].value)) break
    const centre = start.map((_, j) => points.slice(0, n).reduce((s, p) => s + p.x[j], 0) / n)
    const along = (t: number) => {
      const x = centre.map((c, j) => c + t * (points[n].x[j] - c))
      used++
      return { x, value: f(x) }
    }
    const reflected = along(-1)
    if (reflected.value < points[0].value) {
      const expanded = along(-2)
      points[n] = expanded.value < reflected.value ? expanded : reflected
    } else if (reflected.value < points[n - 1].value) points[n] = reflected
    else {
      const inner = along(reflected.value < points[n].value ? -0.5 : 0.5)
      if (inner.value < Math.min(points[n].value, reflected.value)) points[n] = inner
      else {
        for (let i = 1; i <= n; i++) {
          const x = points[i].x.map((v, j) => (v + points[0].x[j]) / 2)
          points[i] = { x, value: f(x) }
          used++
        }
      }
    }
  }
  points.sort((a, b) => a.value - b.value)
  return points[0]
}
