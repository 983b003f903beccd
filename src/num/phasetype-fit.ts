/**
 * Phase-type laws from moments: two, three and five. Every fit says how far its own moments are from those asked.
 *
 * Moments are raw, in units of time to the power. What no phase-type law of the allowed order can reach is approached, with a caveat.
 */
import {
  type FitCaveat,
  hyperErlangLaw,
  type PhaseType,
  phaseTypeMoments,
  phaseTypeQuantile,
  phaseTypeSurvival,
  withoutRedundantPhases,
} from './phasetype.js'

export interface PhaseTypeFit {
  readonly law: PhaseType
  /** Relative error of each moment that was asked for. */
  readonly momentErrors: readonly number[]
  readonly caveats: readonly FitCaveat[]
}

function judged(law: PhaseType, asked: readonly number[], extra: readonly FitCaveat[] = []): PhaseTypeFit {
  const got = phaseTypeMoments(law, asked.length)
  const momentErrors = asked.map((m, i) => Math.abs(got[i] / m - 1))
  const caveats = [...extra]
  momentErrors.forEach((e, i) => {
    if (e > 1e-6) {
      caveats.push({
        code: 'moment-missed',
        message: `moment ${i + 1} is ${(100 * e).toPrecision(3)} % off what was asked`,
        numbers: { moment: i + 1, relativeError: e, asked: asked[i], got: got[i] },
      })
    }
  })
  return { law, momentErrors, caveats }
}

/** Why moments cannot be those of a positive law; undefined when they can (strictly inside). */
export function momentsDefect(moments: readonly number[]): string | undefined {
  if (moments.length === 0 || !moments.every((m) => m > 0 && Number.isFinite(m))) return 'moments must be positive and finite'
  const [m1, m2, m3] = moments
  if (m2 !== undefined && m2 < m1 * m1 * (1 - 1e-12)) return `the second moment is at least the square of the mean, ${m1 * m1}`
  if (m3 !== undefined && m3 < ((m2 * m2) / m1) * (1 - 1e-12)) return `the third moment is at least m2²/m1, ${(m2 * m2) / m1}`
  return undefined
}

function checked(moments: readonly number[]): void {
  const defect = momentsDefect(moments)
  if (defect) throw new RangeError(defect)
}

const MOST_PHASES = 200

/**
 * The law of mean m1 and second moment m2 with c² = m2/m1² − 1:
 *   c² < 1  mixture of Erlang(k−1) and Erlang(k) of one rate, 1/k ≤ c² ≤ 1/(k−1): p = [kc² − √(k(1+c²) − k²c²)]/(1+c²), rate (k−p)/m1;
 *   c² = 1  exponential;
 *   c² > 1  hyperexponential with balanced means: p = (1 + √((c²−1)/(c²+1)))/2, rates 2p/m1, 2(1−p)/m1.
 * Exact for c² ≥ 1/200; below, an Erlang law of 200 phases with a caveat. Source: Tijms (1994), appendix B.
 */
export function fitTwoMoments(m1: number, m2: number): PhaseTypeFit {
  checked([m1, m2])
  const c2 = m2 / (m1 * m1) - 1
  const asked = [m1, m2]
  if (Math.abs(c2 - 1) < 1e-12) return judged(hyperErlangLaw([{ probability: 1, shape: 1, rate: 1 / m1 }]), asked)
  if (c2 > 1) {
    const p = (1 + Math.sqrt((c2 - 1) / (c2 + 1))) / 2
    return judged(
      hyperErlangLaw([
        { probability: p, shape: 1, rate: (2 * p) / m1 },
        { probability: 1 - p, shape: 1, rate: (2 * (1 - p)) / m1 },
      ]),
      asked,
    )
  }
  if (c2 < (1 - 1e-9) / MOST_PHASES) {
    return judged(hyperErlangLaw([{ probability: 1, shape: MOST_PHASES, rate: MOST_PHASES / m1 }]), asked, [
      {
        code: 'order-limit',
        message: `an SCV of ${c2.toPrecision(3)} needs more than ${MOST_PHASES} phases`,
        numbers: { scv: c2 },
      },
    ])
  }
  const k = Math.ceil(1 / c2 - 1e-9)
  const p = Math.max(0, (k * c2 - Math.sqrt(Math.max(0, k * (1 + c2) - k * k * c2))) / (1 + c2))
  const rate = (k - p) / m1
  const law: PhaseType = {
    alpha: Array.from({ length: k }, (_, i) => (i === 0 ? 1 - p : i === 1 ? p : 0)),
    generator: Array.from({ length: k }, (_, i) =>
      Array.from({ length: k }, (__, j) => (i === j ? -rate : j === i + 1 ? rate : 0)),
    ),
  }
  return judged(law, asked)
}

/**
 * As `fitTwoMoments`, in one shape for every c²: with probability p a run of n − 1 phases of rate pnμ, then always one of rate nμ
 * (μ = 1/m1, n = max(2, ⌈1/c²⌉)). From E X² = m1²[(n−1)/(pn) + 2/n]:  p = (n−1)/(nc² + n − 2).
 */
export function fitTwoMomentsAcyclic(m1: number, m2: number): PhaseTypeFit {
  checked([m1, m2])
  const c2 = m2 / (m1 * m1) - 1
  const n = Math.min(MOST_PHASES, Math.max(2, Math.ceil(1 / c2 - 1e-9)))
  const p = Math.min(1, (n - 1) / (n * c2 + n - 2))
  const run = (p * n) / m1
  const law: PhaseType = {
    alpha: Array.from({ length: n }, (_, i) => (i === 0 ? p : 0) + (i === n - 1 ? 1 - p : 0)),
    generator: Array.from({ length: n }, (_, i) =>
      Array.from({ length: n }, (__, j) => (i === j ? (i === n - 1 ? -n / m1 : -run) : j === i + 1 ? run : 0)),
    ),
  }
  return judged(law, [m1, m2])
}

/**
 * The law of two phases with these three moments, when there is one: a phase of mean θ₁ taken with probability p, then one of mean θ₂. With
 * reduced moments r_k = m_k/k! the transform (1 + bs)/(1 + c₁s + c₂s²) gives c₂ = c₁r₁ − r₂, c₁(r₂ − r₁²) = r₃ − r₁r₂, and θ are the roots of
 * θ² − c₁θ + c₂. Undefined when no law of order two has them. Source: Telek, Heindl (2002); derived here from the transform.
 */
export function twoPhaseLaw(m1: number, m2: number, m3: number): PhaseType | undefined {
  const r2 = m2 / 2
  const r3 = m3 / 6
  const bottom = r2 - m1 * m1
  if (Math.abs(bottom) < 1e-12 * r2) {
    // c² = 1: only the exponential law.
    return Math.abs(r3 / m1 ** 3 - 1) < 1e-9 ? { alpha: [1], generator: [[-1 / m1]] } : undefined
  }
  const c1 = (r3 - m1 * r2) / bottom
  const c2 = c1 * m1 - r2
  const discriminant = c1 * c1 - 4 * c2
  const root = Math.sqrt(discriminant < 0 && discriminant > -1e-9 * c1 * c1 ? 0 : discriminant)
  const slow = (c1 + root) / 2
  const fast = c2 / slow
  if (!(slow > 0 && fast > 0)) return undefined
  const p = (m1 - fast) / slow
  if (!(p >= -1e-12 && p <= 1 + 1e-12)) return undefined
  const q = Math.min(1, Math.max(0, p))
  return {
    alpha: [q, 1 - q],
    generator: [
      [-1 / slow, 1 / slow],
      [0, -1 / fast],
    ],
  }
}

/** Roots of a function on (low, high), by scanning and bisection. */
function rootsOf(f: (x: number) => number, low: number, high: number, points = 400): number[] {
  const out: number[] = []
  let x0 = low
  let f0 = f(low)
  for (let i = 1; i <= points; i++) {
    const x1 = low + ((high - low) * i) / points
    const f1 = f(x1)
    if (Number.isFinite(f0) && Number.isFinite(f1) && (f0 === 0 || f0 * f1 < 0)) {
      let a = x0
      let b = x1
      let fa = f0
      for (let k = 0; k < 200 && b - a > 1e-17 * Math.abs(b); k++) {
        const m = (a + b) / 2
        const fm = f(m)
        if (fa * fm <= 0) b = m
        else {
          a = m
          fa = fm
        }
      }
      out.push((a + b) / 2)
    }
    x0 = x1
    f0 = f1
  }
  return out
}

/**
 * n phases in which one differs: an exponential phase of mean θ beside a run of m = n − 1 phases of mean g.
 *   'first'  the odd phase is taken with probability p, then always the run;   'last'  the run with probability p, then always the odd phase.
 * Mean 1, second moment n2, third n3; θ and p follow from the first two moments for each g, the third is an equation in g.
 */
function oddPhase(n: number, n2: number, n3: number, where: 'first' | 'last'): PhaseType | undefined {
  const m = n - 1
  const shape = (g: number): { p: number; theta: number; third: number } => {
    const e1 = m * g
    const e2 = m * (m + 1) * g * g
    const e3 = m * (m + 1) * (m + 2) * g ** 3
    if (where === 'first') {
      const a = 1 - e1 // pθ
      const theta = (n2 - e2 - 2 * e1 * a) / (2 * a)
      return { p: a / theta, theta, third: 6 * a * theta * theta + 6 * a * theta * e1 + 3 * a * e2 + e3 }
    }
    // p m g + θ = 1;  p e2 + 2 p e1 θ + 2θ² = n2  ⇒ with u = 1 − θ = p m g:  u(m+1)g + 2uθ + 2θ² = n2
    //   (1−θ)(m+1)g + 2θ = n2  ⇒  θ = (n2 − (m+1)g)/(2 − (m+1)g)
    const theta = (n2 - (m + 1) * g) / (2 - (m + 1) * g)
    const p = (1 - theta) / e1
    return { p, theta, third: p * (e3 + 3 * e2 * theta + 6 * e1 * theta * theta) + 6 * theta ** 3 }
  }
  const high = where === 'first' ? 1 / m : 3 * Math.max(1, n2)
  const f = (g: number) => {
    const { p, theta, third } = shape(g)
    return theta > 0 && p > -1e-9 && p < 1 + 1e-9 ? third - n3 : Number.NaN
  }
  const grid = rootsOf(f, high * 1e-9, high * (1 - 1e-12), 4000)
  for (const g of grid) {
    const { p, theta, third } = shape(g)
    if (!(theta > 0 && p >= -1e-9 && p <= 1 + 1e-9 && Math.abs(third / n3 - 1) < 1e-9)) continue
    const q = Math.min(1, Math.max(0, p))
    const means = where === 'first' ? [theta, ...new Array<number>(m).fill(g)] : [...new Array<number>(m).fill(g), theta]
    const entry = where === 'first' ? 1 : m
    return {
      alpha: Array.from({ length: n }, (_, i) => (i === 0 ? q : 0) + (i === entry ? 1 - q : 0)),
      generator: means.map((t, i) => means.map((_, j) => (i === j ? -1 / t : j === i + 1 ? 1 / t : 0))),
    }
  }
  return undefined
}

/**
 * The acyclic law of fewest phases with these three moments, among: two phases (all that exist), and n phases of which one differs (first
 * or last). Where none up to `maximumOrder` (50) has them, the third moment is moved to the nearest that a two-moment fit has, with a caveat.
 * Source of the shapes: Bobbio, Horváth, Telek (2005); the equations are solved here numerically.
 */
export function fitThreeMoments(m1: number, m2: number, m3: number, maximumOrder = 50): PhaseTypeFit {
  checked([m1, m2, m3])
  const asked = [m1, m2, m3]
  const n2 = m2 / (m1 * m1)
  const n3 = m3 / m1 ** 3
  if (Math.abs(n2 - 2) < 1e-9 && Math.abs(n3 - 6) < 1e-9) {
    return judged({ alpha: [1], generator: [[-1 / m1]] }, asked)
  }
  const two = twoPhaseLaw(m1, m2, m3)
  if (two) return judged(two, asked)
  for (let n = Math.max(3, Math.ceil(1 / (n2 - 1) - 1e-9)); n <= maximumOrder; n++) {
    const law = oddPhase(n, n2, n3, 'first') ?? oddPhase(n, n2, n3, 'last')
    if (law === undefined) continue
    return judged({ alpha: law.alpha, generator: law.generator.map((row) => row.map((x) => x / m1)) }, asked)
  }
  const mixed = mixtureOfErlangs([1, n2, n3], maximumOrder)
  if (mixed) return judged({ alpha: mixed.alpha, generator: mixed.generator.map((row) => row.map((x) => x / m1)) }, asked)
  const fallback = fitTwoMoments(m1, m2)
  return judged(fallback.law, asked, [
    {
      code: 'third-moment-unreachable',
      message: `no law of up to ${maximumOrder} phases has this third moment; two moments were matched`,
    },
  ])
}

/**
 * Mixture of Erlang laws of one shape k with these moments (an odd number of them, 2b − 1 for b branches): X = Θ·Γ_k with Θ discrete, so
 * E Θ^j = m_j / (k(k+1)…(k+j−1)), and the branch means are the nodes of the Gauss quadrature with those moments. The smallest k for which
 * the moment sequence belongs to a positive law does; some k always does when the moments are those of a law with enough support.
 */
function mixtureOfErlangs(moments: readonly number[], maximumOrder: number): PhaseType | undefined {
  const b = (moments.length + 1) / 2
  for (let k = 1; k * b <= maximumOrder; k++) {
    const mu = [1]
    let rising = 1
    moments.forEach((m, j) => {
      rising *= k + j
      mu.push(m / rising)
    })
    const nodes = gaussNodes(mu, b)
    if (nodes === undefined) continue
    return hyperErlangLaw(nodes.map(({ node, weight }) => ({ probability: weight, shape: k, rate: 1 / node })))
  }
  return undefined
}

/** Nodes and weights of the b-point rule with moments mu[0..2b−1], all positive; undefined when there is none. Chebyshev's algorithm. */
function gaussNodes(mu: readonly number[], b: number): { node: number; weight: number }[] | undefined {
  // Recurrence coefficients from modified Chebyshev with plain moments.
  const a = new Array<number>(b).fill(0)
  const c = new Array<number>(b).fill(0)
  let before = new Array<number>(2 * b).fill(0)
  let now = [...mu]
  a[0] = mu[1] / mu[0]
  for (let k = 1; k < b; k++) {
    const next = new Array<number>(2 * b).fill(0)
    for (let l = k; l < 2 * b - k; l++) next[l] = now[l + 1] - a[k - 1] * now[l] - c[k - 1] * before[l]
    c[k] = next[k] / now[k - 1]
    if (!(c[k] > 1e-14 * a[k - 1] * a[k - 1])) return undefined
    a[k] = next[k + 1] / next[k] - now[k] / now[k - 1]
    before = now
    now = next
  }
  const polynomial = (x: number) => {
    let p0 = 0
    let p1 = 1
    for (let k = 0; k < b; k++) {
      const p2 = (x - a[k]) * p1 - c[k] * p0
      p0 = p1
      p1 = p2
    }
    return p1
  }
  const high = a.reduce((s, x) => s + Math.abs(x), 0) + c.reduce((s, x) => s + Math.sqrt(Math.max(0, x)), 0)
  // Nodes may lie decades apart: scan in the logarithm.
  const roots = rootsOf((l) => polynomial(Math.exp(l)), Math.log(high) - 40, Math.log(high) + 1, 4000).map(Math.exp)
  if (roots.length !== b) return undefined
  const out = roots.map((node) => {
    // Weight 1/Σ π_k(x)²/h_k, h_k = c_1…c_k.
    let p0 = 0
    let p1 = 1
    let h = 1
    let sum = 1
    for (let k = 0; k + 1 < b; k++) {
      const p2 = (node - a[k]) * p1 - c[k] * p0
      p0 = p1
      p1 = p2
      h *= c[k + 1]
      sum += (p1 * p1) / h
    }
    return { node, weight: mu[0] / sum }
  })
  return out.every(({ node, weight }) => node > 0 && weight > 0) ? out : undefined
}

/**
 * A mixture of three Erlang laws of one shape with these five moments (Gauss quadrature, see Johnson and Taaffe 1989 for the class); where no
 * shape of up to `maximumOrder` (90) phases in all does, three moments are matched and the others reported.
 */
export function fitFiveMoments(moments: readonly number[], maximumOrder = 90): PhaseTypeFit {
  if (moments.length !== 5) throw new RangeError(`five moments are needed, got ${moments.length}`)
  checked(moments)
  const m1 = moments[0]
  const scaled = moments.map((m, i) => m / m1 ** (i + 1))
  const mixed = mixtureOfErlangs(scaled, maximumOrder)
  if (mixed) return judged({ alpha: mixed.alpha, generator: mixed.generator.map((row) => row.map((x) => x / m1)) }, moments)
  const three = fitThreeMoments(moments[0], moments[1], moments[2])
  return judged(three.law, moments, [
    {
      code: 'five-moments-unreachable',
      message: `no mixture of up to ${maximumOrder} phases has these five moments; three were matched`,
    },
  ])
}

/** A law of fewer phases, with the largest gap between the two distribution functions at 99 percentiles of the given law. */
export interface ReducedLaw extends PhaseTypeFit {
  readonly cdfGap: number
}

/**
 * A law of at most `order` phases close to the given one: first without redundant phases (exact), then by five, three or two matched moments,
 * whichever of those that fit the order has the smallest gap between distribution functions. The gap is returned, above 0.01 as a caveat.
 */
export function reducedLaw(law: PhaseType, order: number): ReducedLaw {
  const lean = withoutRedundantPhases(law)
  const moments = phaseTypeMoments(law, 5)
  if (lean.alpha.length <= order) return { ...judged(lean, moments), cdfGap: 0 }
  const at = Array.from({ length: 33 }, (_, i) => phaseTypeQuantile(lean, (i + 1) / 34))
  const gapOf = (other: PhaseType) =>
    at.reduce((g, t) => Math.max(g, Math.abs(phaseTypeSurvival(other, t) - phaseTypeSurvival(lean, t))), 0)
  const [m1, m2, m3] = moments
  const candidates = [
    fitTwoMoments(m1, m2),
    fitTwoMomentsAcyclic(m1, m2),
    fitThreeMoments(m1, m2, m3, order),
    fitFiveMoments(moments, order),
  ]
    .map((f) => f.law)
    .filter((l) => l.alpha.length <= order)
  if (candidates.length === 0) candidates.push(hyperErlangLaw([{ probability: 1, shape: order, rate: order / m1 }]))
  const best = candidates.map((l) => ({ l, gap: gapOf(l) })).reduce((x, y) => (y.gap < x.gap ? y : x))
  const fit = judged(best.l, moments)
  const caveats =
    best.gap > 0.01
      ? [
          ...fit.caveats,
          {
            code: 'order-reduced',
            message: `the law of ${order} phases misses the one of ${law.alpha.length} by up to ${best.gap.toFixed(3)}`,
            numbers: { gap: best.gap },
          },
        ]
      : fit.caveats
  return { ...fit, caveats, cdfGap: best.gap }
}
