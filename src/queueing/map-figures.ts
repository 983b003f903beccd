/** Questions to a solved single-server queue: moments, distributions and percentiles of time and number, checked and with caveats. */
import { type Caveat, caveat, isRefusal, type Refusal, refuse } from '../model/index.js'
import {
  carefulInverter,
  everydayInverter,
  type Inverter,
  kinkedInverter,
  type MarkedArrivals,
  markedArrivalDefects,
  type PhaseType,
  phaseTypeDefects,
  phaseTypeMoments,
} from '../num/index.js'
import {
  drainMoments,
  momentsOfSum,
  numberMoments,
  numberProbabilities,
  numberTail,
  numberTransform,
  type SingleServerDiscipline,
  type SolvedQueue,
  solveQueue,
  sweepOf,
} from './map-queue.js'
import type { Sweep } from './map-sweep.js'
import { type PhaseKernel, phaseTransform } from './phase-kernel.js'
import { nearSaturation, unstable } from './priority.js'

/** What to compute besides utilisation and the first three moments of time. */
export interface QueueQuestion {
  /** Raw moments of response and wait, 1..this (3). */
  readonly moments?: number
  /** Raw moments of the number in the station (2); 0 for none. */
  readonly numberMoments?: number
  /** Times at which P(response ≤ t) is wanted. */
  readonly cdfAt?: readonly number[]
  /** As `cdfAt`, for each class in turn. */
  readonly cdfAtByClass?: readonly (readonly number[] | undefined)[]
  /** Probabilities p of which the response percentiles are wanted, each in (0, 1). */
  readonly percentiles?: readonly number[]
  /** As `percentiles`, of the wait; not under preemptive-resume. */
  readonly waitPercentiles?: readonly number[]
  /** P(number = 0), …, this many. */
  readonly numberProbabilities?: number
  /** Probabilities of which the percentiles of the number are wanted. */
  readonly numberPercentiles?: readonly number[]
}

export interface TimeFigures {
  /** Raw moments, in units of time to the power. */
  readonly moments: readonly number[]
  readonly cdf?: { readonly t: readonly number[]; readonly F: readonly number[] }
  /** Smallest t with P(time ≤ t) ≥ p, keyed by p. */
  readonly percentiles?: Readonly<Record<string, number>>
}

export interface NumberFigures {
  /** Raw moments of the number in the station (waiting and in service) at a moment in time. */
  readonly moments: readonly number[]
  readonly probabilities?: readonly number[]
  readonly percentiles?: Readonly<Record<string, number>>
}

export interface ClassFigures {
  readonly arrivalRate: number
  readonly utilisation: number
  /** Arrival to departure. */
  readonly response: TimeFigures
  /** Arrival to the start of service; under preemptive-resume, where service has gaps, the mean only: response less own service. */
  readonly wait: TimeFigures
  readonly number: NumberFigures
}

export interface QueueFigures {
  readonly utilisation: number
  readonly classes: readonly ClassFigures[]
  /** Largest relative residual of the defining equations: the busy generator, the balance of service starts, and Little's law. */
  readonly residual: number
  readonly caveats: readonly Caveat[]
}

/** All that keeps the input from being a queue of this kind, as one refusal; undefined when it is one. */
export function refuseInput(arrivals: MarkedArrivals, services: readonly PhaseType[]): Refusal | undefined {
  const defects = markedArrivalDefects(arrivals).map((d) => `arrivals.${d.path} ${d.message}`)
  services.forEach((law, k) => {
    for (const d of phaseTypeDefects(law)) defects.push(`services[${k}].${d.path} ${d.message}`)
    const total = law.alpha.reduce((s, p) => s + p, 0)
    if (Math.abs(total - 1) > 1e-6) defects.push(`services[${k}].alpha sums to ${total}: services of no length are not covered`)
  })
  if (defects.length === 0 && services.length !== arrivals.D.length) {
    defects.push(`services has ${services.length} laws for ${arrivals.D.length} classes of arrivals`)
  }
  if (defects.length === 0) {
    arrivals.D.forEach((m, k) => {
      if (!m.some((row) => row.some((x) => x > 0))) defects.push(`arrivals.D[${k}] is zero: class ${k + 1} never arrives`)
    })
  }
  return defects.length === 0 ? undefined : refuse('unsupported', defects.join('; '))
}

/** A law with initial probabilities that sum to one exactly. */
function normalised(law: PhaseType): PhaseType {
  const total = law.alpha.reduce((s, p) => s + p, 0)
  return total === 1 ? law : { alpha: law.alpha.map((p) => p / total), generator: law.generator }
}

/** Solves and answers; the public doors of this folder add what is particular to them. */
export function queueFigures(
  arrivals: MarkedArrivals,
  given: readonly PhaseType[],
  discipline: SingleServerDiscipline,
  question: QueueQuestion = {},
): QueueFigures | Refusal {
  const bad = refuseInput(arrivals, given)
  if (bad) return bad
  const services = given.map(normalised)
  const count = Math.max(2, question.moments ?? 3)
  const serviceMoments = services.map((law) => phaseTypeMoments(law, count))
  const queue = solveQueue(arrivals, services, serviceMoments, discipline)
  if ('reason' in queue) {
    return queue.reason === 'unstable'
      ? unstable(queue.utilisation)
      : refuse(
          'not-converged',
          'the defining equations (busy generator, balance of service starts) were solved to this residual only',
          { residual: queue.residual },
        )
  }
  const caveats: Caveat[] = [...nearSaturation(queue.utilisation)]
  let residual = queue.residual
  const classes: ClassFigures[] = []
  for (let k = 0; k < queue.classes.length; k++) {
    const figures = classFigures(queue, k, count, question, caveats)
    if (isRefusal(figures)) return figures
    residual = Math.max(residual, figures.residual)
    classes.push(figures.value)
  }
  if (!(residual < 1e-4)) return refuse('not-converged', "the figures contradict Little's law", { residual })
  if (residual > 1e-7) {
    caveats.push(
      caveat(
        'ill-conditioned',
        `time scales are so far apart that the figures hold to about ${residual.toExponential(0)} relative`,
        {
          numbers: { residual },
        },
      ),
    )
  }
  return { utilisation: queue.utilisation, classes, residual, caveats }
}

function classFigures(
  queue: SolvedQueue,
  k: number,
  count: number,
  question: QueueQuestion,
  caveats: Caveat[],
): { value: ClassFigures; residual: number } | Refusal {
  const own = queue.classes[k]
  const service = queue.serviceMoments[k]
  const inside = queue.discipline === 'preemptive-resume'
  const drain = drainMoments(queue, k, count)
  const response = inside ? drain : momentsOfSum(drain, service)
  const wait = inside ? [Math.max(0, response[0] - service[0])] : drain.map((x) => Math.max(0, x))
  if (!response.every((x) => x > 0 && Number.isFinite(x))) {
    return refuse('not-converged', `the moments of class ${k + 1} came out impossible`, { class: k + 1 })
  }
  const wanted = question.numberMoments ?? 2
  const number = wanted > 0 || question.numberPercentiles !== undefined ? numberMoments(queue, k, Math.max(1, wanted)) : []
  // Little's law: the mean number was not found from the mean response.
  const residual = number.length > 0 ? Math.abs(number[0] / (own.rate * response[0]) - 1) : 0
  const percentiles = question.percentiles ?? []
  const waitPercentiles = inside ? [] : (question.waitPercentiles ?? [])
  const times = question.cdfAtByClass?.[k] ?? question.cdfAt
  let responseTimes: TimeFigures = { moments: response }
  let waitTimes: TimeFigures = { moments: wait }
  if (times !== undefined || percentiles.length > 0 || waitPercentiles.length > 0) {
    const sharp = sharpness(queue)
    const sweep = sweepOf(queue, k)
    const asked = inside ? timeLaw(sweep, undefined) : timeLaw(sweep, own.service)
    if (times !== undefined) {
      const rule = sharp ? kinkedInverter() : carefulInverter()
      responseTimes = { ...responseTimes, cdf: { t: times, F: times.map((t) => (t > 0 ? 1 - asked(t, rule).tail : 0)) } }
    }
    const rule = sharp ? kinkedInverter() : everydayInverter()
    if (percentiles.length > 0) {
      const found = percentilesOf(asked, response, 0, percentiles, rule)
      if (found === undefined) return refuse('not-converged', `a percentile of class ${k + 1} was not found`, { class: k + 1 })
      responseTimes = { ...responseTimes, percentiles: found }
    }
    if (waitPercentiles.length > 0) {
      // P(wait = 0): the server idle, as an arrival of the class sees it.
      const { idle } = queue.targets[k].level
      let none = 0
      for (let i = 0; i < queue.n; i++) for (let j = 0; j < queue.n; j++) none += idle[i] * own.arrivals[i * queue.n + j]
      const found = percentilesOf(timeLaw(sweep, undefined), wait, none / own.rate, waitPercentiles, rule)
      if (found === undefined) return refuse('not-converged', `a percentile of class ${k + 1} was not found`, { class: k + 1 })
      waitTimes = { ...waitTimes, percentiles: found }
    }
    if (sweep.counts.residual > 1e-8) {
      caveats.push(
        caveat(
          'transform-residual',
          `the transform of class ${k + 1} was solved to ${sweep.counts.residual.toExponential(1)} only`,
          {
            path: `classes[${k}].response`,
            numbers: { residual: sweep.counts.residual },
          },
        ),
      )
    }
  }
  let numbers: NumberFigures = { moments: number.slice(0, wanted) }
  if (question.numberProbabilities !== undefined) {
    numbers = { ...numbers, probabilities: Array.from(numberProbabilities(queue, k, question.numberProbabilities)) }
  }
  if (question.numberPercentiles !== undefined) {
    const found = numberPercentiles(queue, k, question.numberPercentiles, number)
    if (found) numbers = { ...numbers, percentiles: found }
    else {
      caveats.push(
        caveat('number-percentiles', `percentiles of the number of class ${k + 1} lie beyond 1e9 jobs and were left out`, {
          path: `classes[${k}].number`,
        }),
      )
    }
  }
  return {
    value: {
      arrivalRate: own.rate,
      utilisation: queue.classUtilisation[k],
      response: responseTimes,
      wait: waitTimes,
      number: numbers,
    },
    residual,
  }
}

/** True when some service is so regular that its own shape shows in the response, and more Fourier terms are needed. */
function sharpness(queue: SolvedQueue): boolean {
  return queue.serviceMoments.some(([m1, m2]) => m2 / (m1 * m1) - 1 < 0.04)
}

/** P(X > t) and the density at t, by inversion of the sweep's transform, times that of the own service when it is apart. */
type TimeLaw = (t: number, rule: Inverter) => { tail: number; density: number }

function timeLaw(sweep: Sweep, service: PhaseKernel | undefined): TimeLaw {
  const out = new Float64Array(2)
  const phi = new Float64Array(4)
  const work = new Float64Array(service === undefined ? 0 : 2 * service.order)
  return (t, rule) => {
    const re = rule.re / t
    let tail = 0
    let density = 0
    for (let k = 0; k < rule.im.length; k++) {
      const im = rule.im[k] / t
      sweep.time(re, im, out)
      let a = out[0]
      let b = out[1]
      if (service !== undefined) {
        phaseTransform(service, re, im, work, phi)
        const x = a * phi[0] - b * phi[1]
        b = a * phi[1] + b * phi[0]
        a = x
      }
      const weight = rule.weight[k]
      density += weight * a
      tail += (weight * ((1 - a) * re - b * im)) / (re * re + im * im)
    }
    return { tail: Math.min(1, Math.max(0, tail / t)), density: density / t }
  }
}

/** A first guess of a percentile from two moments: balanced hyperexponential above SCV 1, Wilson–Hilferty's gamma below. */
function guessed(moments: readonly number[], zero: number, p: number): number {
  const alive = 1 - zero
  const m = moments[0] / alive
  const c = Math.max(0.01, moments[1] / alive / (m * m) - 1)
  const tail = (1 - p) / alive
  if (c <= 1) {
    // Normal quantile to 1e-2 is enough for a guess.
    const u = Math.sqrt(-2 * Math.log(Math.min(tail, 1 - tail)))
    const z = (u - (2.30753 + 0.27061 * u) / (1 + 0.99229 * u + 0.04481 * u * u)) * (tail < 0.5 ? 1 : -1)
    return m * Math.max(0.05, 1 - c / 9 + z * Math.sqrt(c / 9)) ** 3
  }
  const w = (1 + Math.sqrt((c - 1) / (c + 1))) / 2
  const fast = (2 * w) / m
  const slow = (2 * (1 - w)) / m
  let t = m
  for (let i = 0; i < 30; i++) {
    const s = w * Math.exp(-fast * t) + (1 - w) * Math.exp(-slow * t)
    const d = w * fast * Math.exp(-fast * t) + (1 - w) * slow * Math.exp(-slow * t)
    const step = (s / d) * Math.log(s / tail)
    t = Math.max(t + step, t / 4)
    if (Math.abs(step) < 1e-3 * t) break
  }
  return t
}

/**
 * Percentiles by Newton's method on ln P(X > t), which for queueing times is close to a line; every evaluation is kept, so later percentiles
 * start from earlier ones and cubic interpolation between two of them replaces a step. Relative accuracy about 1e-6 of t.
 */
function percentilesOf(
  law: TimeLaw,
  moments: readonly number[],
  zero: number,
  probabilities: readonly number[],
  rule: Inverter,
): Record<string, number> | undefined {
  const seen: { t: number; y: number; slope: number }[] = []
  const at = (t: number) => {
    const { tail, density } = law(t, rule)
    const point = { t, y: Math.log(Math.max(tail, 1e-300)), slope: tail > 0 ? density / tail : 0 }
    seen.push(point)
    seen.sort((p, q) => p.t - q.t)
    return point
  }
  const out: Record<string, number> = {}
  for (const p of [...probabilities].sort((a, b) => a - b)) {
    if (p <= zero) {
      out[String(p)] = 0
      continue
    }
    const target = Math.log1p(-p)
    let t = estimate(target) ?? guessed(moments, zero, p)
    let found: number | undefined
    for (let step = 0; step < 60; step++) {
      const point = at(t)
      const low = seen.filter((q) => q.y > target).at(-1)?.t ?? 0
      const high = seen.find((q) => q.y <= target)?.t ?? Number.POSITIVE_INFINITY
      const move = point.slope > 0 ? (point.y - target) / point.slope : Number.NaN
      let next = estimate(target) ?? t + move
      if (!(next > low && next < high)) next = t + move
      if (!(next < 4 * t)) next = Number.isNaN(next) ? Number.NaN : 4 * t
      if (!(next > low && next < high)) next = high === Number.POSITIVE_INFINITY ? 2 * t : low === 0 ? high / 4 : (low + high) / 2
      // Newton's error is about the square of its step, relative; the bracket's width ends what rounding cannot.
      if (Math.abs(next - t) <= 3e-4 * t || high - low <= 1e-9 * t) {
        found = next
        break
      }
      t = next
    }
    if (found === undefined || !Number.isFinite(found)) return undefined
    out[String(p)] = found
  }
  return Object.fromEntries(probabilities.map((p) => [String(p), out[String(p)]]))

  /** Where the target lies by cubic Hermite interpolation of t over ln P(X > t), when two close points enclose it; else by one Newton step. */
  function estimate(target: number): number | undefined {
    if (seen.length === 0) return undefined
    let i = 0
    while (i < seen.length && seen[i].y > target) i++
    const a = seen[i - 1]
    const b = seen[i]
    if (a !== undefined && b !== undefined && a.slope > 0 && b.slope > 0 && a.y - b.y < 3) {
      const h = b.y - a.y
      const x = (target - a.y) / h
      const da = -h / a.slope
      const db = -h / b.slope
      const d = b.t - a.t
      return a.t + x * da + x * x * (3 * d - 2 * da - db) + x * x * x * (da + db - 2 * d)
    }
    const near = a === undefined ? b : b === undefined ? a : target - b.y < a.y - target ? b : a
    if (!(near.slope > 0)) return undefined
    const t = near.t + (near.y - target) / near.slope
    return t > 0 ? t : near.t / 4
  }
}

/** The smallest n with P(N ≤ n) ≥ p: from the probabilities below 64, beyond by bisection on the tail. */
function numberPercentiles(
  queue: SolvedQueue,
  k: number,
  probabilities: readonly number[],
  moments: readonly number[],
): Record<string, number> | undefined {
  const small = 64
  const pmf = numberProbabilities(queue, k, small)
  const transform = numberTransform(queue, k)
  const rule = carefulInverter()
  const out: Record<string, number> = {}
  for (const p of probabilities) {
    let sum = 0
    let i = 0
    for (; i < small; i++) {
      sum += pmf[i]
      if (sum >= p - 1e-10) break
    }
    if (i < small) {
      out[String(p)] = i
      continue
    }
    let low = small - 1
    let high = Math.max(2 * small, Math.ceil(2 * moments[0]))
    while (numberTail(transform, high, rule) > 1 - p) {
      low = high
      high *= 2
      if (high > 1e9) return undefined
    }
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2)
      if (numberTail(transform, middle, rule) > 1 - p) low = middle
      else high = middle
    }
    out[String(p)] = high
  }
  return out
}
