/**
 * Laws made ready to draw from: a law becomes a function that fills a piece of a typed array, so that the kind of law is looked at once
 * for a whole block and the inner loops stay plain.
 */
import { type CountLaw, type Law, lawMoments } from '../model/index.js'
import { fillExponential, matrixFromRows, type Rng, stationaryVector, zigguratExponential } from '../num/index.js'

/** Draws times in seconds into `out[from … from + count − 1]`. Draws depend on the generator only. */
export type FillTimes = (rng: Rng, out: Float64Array, from: number, count: number) => void

/** The law as a function that fills. */
export function fillerOf(law: Law): FillTimes {
  switch (law.kind) {
    case 'constant':
      return (_rng, out, from, count) => void out.fill(law.seconds, from, from + count)
    case 'exponential':
      return (rng, out, from, count) => fillExponential(rng, out, from, count, law.meanSeconds)
    case 'erlang': {
      const scale = law.meanSeconds / law.shape
      return each((rng) => gammaWhole(rng, law.shape) * scale)
    }
    case 'hyper-erlang': {
      const ends = cumulative(law.branches.map((branch) => branch.probability))
      return each((rng) => {
        const branch = law.branches[pick(ends, rng.uniform())]
        return gammaWhole(rng, branch.shape) / branch.ratePerSecond
      })
    }
    case 'phase-type':
      return phaseTypeFiller(law.initial, law.generator)
    case 'lognormal': {
      // scv = e^(σ²) − 1, mean = e^(μ + σ²/2)
      const variance = Math.log1p(law.scv)
      const mu = Math.log(law.meanSeconds) - variance / 2
      const sigma = Math.sqrt(variance)
      return each((rng) => Math.exp(mu + sigma * rng.normal()))
    }
    case 'uniform': {
      const width = law.highSeconds - law.lowSeconds
      return each((rng) => law.lowSeconds + width * rng.uniform())
    }
    case 'bounded-pareto': {
      // F(x) = (1 − (l/x)^a) / (1 − (l/h)^a), inverted
      const cut = -Math.expm1(law.shape * Math.log(law.lowSeconds / law.highSeconds))
      return each((rng) => law.lowSeconds * (1 - rng.uniform() * cut) ** (-1 / law.shape))
    }
    case 'empirical': {
      const values = Float64Array.from(law.seconds)
      return each((rng) => values[rng.below(values.length)])
    }
  }
}

/** Mean of a law in seconds. */
export function lawMean(law: Law): number {
  return lawMoments(law).mean
}

/** Draws whole numbers from a count law. A fixed count draws nothing. */
export function counterOf(law: CountLaw): (rng: Rng) => number {
  if (typeof law === 'number') return () => law
  const counts = Int32Array.from(law.counts)
  const ends = cumulative(law.probabilities)
  return (rng) => counts[pick(ends, rng.uniform())]
}

/** Mean of a count law. */
export function countMean(law: CountLaw): number {
  return typeof law === 'number' ? law : sum(law.counts.map((n, i) => n * law.probabilities[i]))
}

/** The largest count that can be drawn. */
export function countMost(law: CountLaw): number {
  return typeof law === 'number' ? law : Math.max(...law.counts.filter((_, i) => law.probabilities[i] > 0))
}

/** Mean arrival rate of a Markovian arrival process, per second: π D1 1 with π (D0 + D1) = 0. */
export function mapRate(d0: readonly (readonly number[])[], d1: readonly (readonly number[])[]): number {
  const pi = stationary(d0.map((row, i) => row.map((rate, j) => rate + d1[i][j])))
  return sum(d1.map((row, i) => pi[i] * sum(row)))
}

/** The stationary probabilities of a generator: π Q = 0, π 1 = 1. */
export function stationary(generator: readonly (readonly number[])[]): number[] {
  const found = stationaryVector(matrixFromRows(generator))
  if (!found) throw new Error('the phases of an arrival process do not all reach one another')
  return [...found]
}

function each(draw: (rng: Rng) => number): FillTimes {
  return (rng, out, from, count) => {
    for (let i = from; i < from + count; i++) out[i] = draw(rng)
  }
}

/** Sum of `shape` unit exponentials; large shapes by Marsaglia and Tsang (2000) so the cost does not grow. */
function gammaWhole(rng: Rng, shape: number): number {
  if (shape <= 12) {
    let total = 0
    for (let i = 0; i < shape; i++) total += zigguratExponential(rng)
    return total
  }
  const d = shape - 1 / 3
  const c = 1 / Math.sqrt(9 * d)
  for (;;) {
    const x = rng.normal()
    const v = (1 + c * x) ** 3
    if (v > 0 && Math.log(1 - rng.uniform()) < 0.5 * x * x + d * (1 - v + Math.log(v))) return d * v
  }
}

/** Walks the phases of a phase-type law until absorption. */
function phaseTypeFiller(initial: readonly number[], generator: readonly (readonly number[])[]): FillTimes {
  const n = initial.length
  const start = cumulative(initial)
  const meanStay = Float64Array.from(generator, (row, i) => -1 / row[i])
  const jumps = generator.map((row, i) =>
    cumulative(
      row.map((rate, j) => (i === j ? 0 : rate * meanStay[i])),
      false,
    ),
  )
  return each((rng) => {
    let phase = pick(start, rng.uniform())
    let total = 0
    while (phase < n) {
      total += zigguratExponential(rng) * meanStay[phase]
      phase = pick(jumps[phase], rng.uniform())
    }
    return total
  })
}

/** Running sums; with `closed` the last is set to 1 so that rounding leaves no gap. */
export function cumulative(probabilities: readonly number[], closed = true): Float64Array {
  const ends = new Float64Array(probabilities.length)
  let total = 0
  for (let i = 0; i < ends.length; i++) ends[i] = total += probabilities[i]
  if (closed) {
    let last = ends.length - 1
    while (last > 0 && probabilities[last] === 0) last--
    ends.fill(1, last)
  }
  return ends
}

/** The first index whose running sum is above `u`; the length when none is. */
export function pick(ends: Float64Array, u: number): number {
  let i = 0
  while (i < ends.length && u >= ends[i]) i++
  return i
}

function sum(values: readonly number[]): number {
  return values.reduce((total, x) => total + x, 0)
}
