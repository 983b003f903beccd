import { type Caveat, caveat, type Law } from '../model/index.js'
import { fitHyperErlangByBic, moments, normalCdf } from '../num/index.js'

/** A fitted law of run times with the error it makes against the sample. */
export interface RunTimeFit {
  readonly law: Law
  readonly caveats: readonly Caveat[]
  /** Largest distance between the distribution functions of sample and law (Kolmogorov–Smirnov). */
  readonly distance: number
}

const EMPIRICAL_POINTS = 512
const GOOD_DISTANCE = 0.05

/**
 * Fits run times (seconds, all above 0) of one class.
 *
 * `fit`: the law of fewest parameters whose Kolmogorov–Smirnov distance to the sample is at most 0.05, tried in the order constant, exponential,
 * lognormal (mean and variance of the logarithms), hyper-Erlang (expectation maximisation, order by BIC; the only one that also uses `censored`: how long
 * jobs had been running that were not seen to end); where none is that near in distribution, mean (10 %) and SCV (25 %), the empirical law. `empirical`: 512 means of equally many ordered values
 * each, so that the mean is kept exactly and the variance nearly. The errors in mean and SCV and the distance stay beside the law as a caveat.
 */
export function fitRunTimes(
  values: ArrayLike<number>,
  how: 'fit' | 'empirical',
  { path = '', censored = [] }: { readonly path?: string; readonly censored?: ArrayLike<number> } = {},
): RunTimeFit {
  const sorted = Float64Array.from(values).sort()
  const { mean, variance } = moments(sorted)
  const scv = variance / mean ** 2
  const candidates: (() => Candidate)[] = []
  if (how === 'fit') {
    if (sorted[0] === sorted.at(-1)) return { law: { kind: 'constant', seconds: sorted[0]! }, caveats: [], distance: 0 }
    candidates.push(() => ({ law: { kind: 'exponential', meanSeconds: mean }, mean, scv: 1, cdf: (x) => -Math.expm1(-x / mean) }))
    candidates.push(() => lognormal(sorted))
    candidates.push(() => hyperErlang(sorted, censored))
  }
  for (const propose of candidates) {
    const candidate = propose()
    const distance = kolmogorovSmirnov(sorted, candidate.cdf)
    if (distance > GOOD_DISTANCE || !near(candidate.mean, mean, 0.1) || !near(candidate.scv, scv, 0.25)) continue
    return {
      law: candidate.law,
      distance,
      caveats: [
        fitCaveat(
          candidate.law.kind,
          distance,
          candidate.mean / mean - 1,
          scv > 0 ? candidate.scv / scv - 1 : 0,
          sorted.length,
          path,
        ),
      ],
    }
  }
  const seconds = equalMeans(sorted, EMPIRICAL_POINTS)
  const kept = moments(seconds)
  const distance = sorted.length > EMPIRICAL_POINTS ? 1 / EMPIRICAL_POINTS : 0
  const scvError = scv > 0 ? kept.variance / kept.mean ** 2 / scv - 1 : 0
  return {
    law: { kind: 'empirical', seconds },
    distance,
    caveats: [fitCaveat('empirical', distance, kept.mean / mean - 1, scvError, sorted.length, path)],
  }
}

interface Candidate {
  readonly law: Law
  readonly mean: number
  readonly scv: number
  readonly cdf: (x: number) => number
}

function lognormal(sorted: Float64Array): Candidate {
  const logs = moments(sorted.map((value) => Math.log(value)))
  const spread = Math.sqrt(logs.variance)
  const meanSeconds = Math.exp(logs.mean + logs.variance / 2)
  const scv = Math.expm1(logs.variance)
  return {
    law: { kind: 'lognormal', meanSeconds, scv },
    mean: meanSeconds,
    scv,
    cdf: (x) => normalCdf((Math.log(x) - logs.mean) / spread),
  }
}

function hyperErlang(sorted: Float64Array, censored: ArrayLike<number>): Candidate {
  const values = new Float64Array(sorted.length + censored.length)
  values.set(sorted)
  values.set(censored, sorted.length)
  const flags = new Uint8Array(values.length).fill(1, sorted.length)
  const { branches } = fitHyperErlangByBic({ values, censored: flags })
  const mean = branches.reduce((sum, { probability, shape, rate }) => sum + (probability * shape) / rate, 0)
  const square = branches.reduce((sum, { probability, shape, rate }) => sum + (probability * shape * (shape + 1)) / rate ** 2, 0)
  return {
    law: {
      kind: 'hyper-erlang',
      branches: branches.map(({ probability, shape, rate }) => ({ probability, shape, ratePerSecond: rate })),
    },
    mean,
    scv: square / mean ** 2 - 1,
    cdf: (x) => branches.reduce((sum, { probability, shape, rate }) => sum + probability * erlangCdf(shape, rate * x), 0),
  }
}

/** 1 − e^{−x} Σ_{i<shape} xⁱ / i!. */
function erlangCdf(shape: number, x: number): number {
  let [term, sum] = [Math.exp(-x), 0]
  for (let i = 0; i < shape; i++) {
    sum += term
    term *= x / (i + 1)
  }
  return 1 - sum
}

/** `n` means of equally many ordered values each; where `n` does not divide the sample, every mean takes its share of the values it straddles. */
export function equalMeans(sorted: Float64Array, n: number): number[] {
  if (sorted.length <= n) return [...sorted]
  const width = sorted.length / n
  return Array.from({ length: n }, (_, i) => {
    const [from, to] = [i * width, (i + 1) * width]
    let sum = 0
    for (let k = Math.floor(from); k < Math.min(sorted.length, Math.ceil(to)); k++)
      sum += sorted[k]! * (Math.min(to, k + 1) - Math.max(from, k))
    return sum / width
  })
}

function kolmogorovSmirnov(sorted: Float64Array, cdf: (x: number) => number): number {
  let worst = 0
  for (let i = 0; i < sorted.length; i++) {
    const p = cdf(sorted[i]!)
    worst = Math.max(worst, Math.abs(p - i / sorted.length), Math.abs((i + 1) / sorted.length - p))
  }
  return worst
}

function near(a: number, b: number, relative: number): boolean {
  return Math.abs(a - b) <= relative * Math.abs(b)
}

function fitCaveat(kind: string, distance: number, meanError: number, scvError: number, samples: number, path: string): Caveat {
  const figure = (value: number): string =>
    Math.abs(value) < 5e-5 ? '0 %' : `${value < 0 ? '−' : '+'}${Number(Math.abs(value * 100).toPrecision(2))} %`
  const few = samples < 200 ? `; only ${samples} samples, so the tail is a guess` : ''
  return caveat(
    'run-time-fit',
    `${kind} run times: mean off by ${figure(meanError)}, SCV by ${figure(scvError)}, distribution by at most ${Number((distance * 100).toPrecision(2))} points${few}`,
    {
      path,
      numbers: { samples, distance, meanError, scvError },
    },
  )
}
