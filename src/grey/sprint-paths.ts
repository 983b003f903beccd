/**
 * Mean response of a server that sprints, by simulation over the same draws whatever the speed: common random numbers, so that the answer falls smoothly
 * as the speed rises and two speeds can be compared on the same luck (specs/sprint.md 2.3, 2.4).
 *
 * What luck is left is taken out by what is known exactly, the mean response of the same queries without any sprint (Pollaczek–Khinchine):
 *
 *   R(s) ≈ mean of R over the paths − β (mean of R₀ over the paths − (1/μ)(1 + ρ(1 + c²)/(2(1 − ρ)))),   β = cov(R, R₀)/var(R₀) over batches of queries
 *
 * Holds for one server, first come first served, Poisson arrivals, independent service times of which mean and SCV are known, timer from arrival, token bucket.
 */
import { type Rng, zigguratExponential } from '../num/index.js'
import { simulateSprintQueue, Workspace } from '../simulate/index.js'

/** The load, the server and the policy under which a response is asked for. */
export interface SprintCondition {
  readonly arrivalRatePerSecond: number
  /** 1 / mean processing time without any sprint. */
  readonly serviceRatePerSecond: number
  readonly serviceScv: number
  readonly timeoutSeconds: number
  /** Infinity: without limit. */
  readonly budgetSeconds: number
  /** Time in which a full bucket comes back. */
  readonly windowSeconds: number
}

export interface SprintPathsOptions {
  readonly rng: Rng
  /** Independent paths; 3 unless given. */
  readonly paths?: number
  /** Queries on each; 60,000 unless given. */
  readonly queries?: number
}

export interface SprintPaths {
  /** Mean response in seconds when the server runs `speed` times as fast while it sprints. */
  meanResponseSeconds(condition: SprintCondition, speed: number): number
  /** How sprints go on the first path. */
  sprinting(condition: SprintCondition, speed: number): Sprinting
}

export interface Sprinting {
  /** Share of time in which a query sprints. */
  readonly share: number
  /** Share of queries whose sprint an empty bucket ended. */
  readonly exhausted: number
}

const BATCHES = 32
const WARM_UP = 0.05

/**
 * The most work a second that the server can do for ever: with B sprint seconds per R seconds it may sprint the share B/R of the time at most,
 * so μ(1 + (s − 1) min(1, B/R)). A load at or above it has no steady response.
 */
export function sprintCapacity(condition: SprintCondition, speed: number): number {
  const { budgetSeconds, windowSeconds, serviceRatePerSecond, timeoutSeconds } = condition
  if (timeoutSeconds === Number.POSITIVE_INFINITY) return serviceRatePerSecond
  const share = budgetSeconds === Number.POSITIVE_INFINITY ? 1 : Math.min(1, budgetSeconds / windowSeconds)
  return serviceRatePerSecond * (1 + (speed - 1) * share)
}

/** Draws the paths once; every question is then answered on them. */
export function sprintPaths({ rng, paths = 3, queries = 60_000 }: SprintPathsOptions): SprintPaths {
  const space = new Workspace()
  const warm = Math.floor(queries * WARM_UP)
  const unit = Array.from({ length: paths }, (_, p) => ({
    arrivals: unitArrivals(rng.stream(`arrivals ${p}`), queries),
    scaled: new Float64Array(queries),
    scaledFor: Number.NaN,
    works: new Map<number, Float64Array>(),
    controls: new Map<string, Float64Array>(),
  }))
  const batchMeans = (response: Float64Array, into: Float64Array): void => {
    const size = Math.floor((queries - warm) / BATCHES)
    for (let b = 0; b < BATCHES; b++) {
      let sum = 0
      const from = warm + b * size
      for (let i = from; i < from + size; i++) sum += response[i]!
      into[b] = sum / size
    }
  }
  const own = new Float64Array(BATCHES)
  const drawnFor = (path: (typeof unit)[number], p: number, utilisation: number, scv: number) => {
    if (path.scaledFor !== utilisation) {
      for (let i = 0; i < queries; i++) path.scaled[i] = path.arrivals[i]! / utilisation
      path.scaledFor = utilisation
    }
    let works = path.works.get(scv)
    if (works === undefined) {
      works = unitWork(rng.stream(`work ${p}`), queries, scv)
      path.works.set(scv, works)
    }
    return { arrivalSeconds: path.scaled, workSeconds: works }
  }
  /** In units of the mean processing time. */
  const policyOf = (condition: SprintCondition, speed: number) => {
    const rate = condition.serviceRatePerSecond
    return {
      speed: Math.max(1, speed),
      timeoutSeconds: condition.timeoutSeconds * rate,
      ...(condition.budgetSeconds === Number.POSITIVE_INFINITY
        ? {}
        : { budgetSeconds: condition.budgetSeconds * rate, windowSeconds: condition.windowSeconds * rate }),
      warmUpShare: WARM_UP,
    }
  }
  return {
    sprinting(condition, speed) {
      const utilisation = condition.arrivalRatePerSecond / condition.serviceRatePerSecond
      const queries_ = drawnFor(unit[0]!, 0, utilisation, condition.serviceScv)
      const { shareSprinting, exhausted, measured } = simulateSprintQueue(queries_, policyOf(condition, speed), space)
      return { share: shareSprinting, exhausted: exhausted / measured }
    },
    meanResponseSeconds(condition, speed) {
      const rate = condition.serviceRatePerSecond
      const utilisation = condition.arrivalRatePerSecond / rate
      const scv = condition.serviceScv
      const exact = utilisation < 1 ? 1 + (utilisation * (1 + scv)) / (2 * (1 - utilisation)) : undefined
      const asked = policyOf(condition, speed)
      let [mean, plain, products, squares] = [0, 0, 0, 0]
      unit.forEach((path, p) => {
        const drawn = drawnFor(path, p, utilisation, scv)
        let control: Float64Array | undefined
        if (exact !== undefined) {
          const key = `${utilisation} ${scv}`
          control = path.controls.get(key)
          if (control === undefined) {
            control = new Float64Array(BATCHES)
            batchMeans(
              simulateSprintQueue(drawn, { speed: 1, timeoutSeconds: Number.POSITIVE_INFINITY, warmUpShare: WARM_UP }, space)
                .responseSeconds,
              control,
            )
            path.controls.set(key, control)
          }
        }
        batchMeans(simulateSprintQueue(drawn, asked, space).responseSeconds, own)
        const ownMean = average(own)
        mean += ownMean / paths
        if (control === undefined) return
        const controlMean = average(control)
        plain += controlMean / paths
        for (let b = 0; b < BATCHES; b++) {
          products += (own[b]! - ownMean) * (control[b]! - controlMean)
          squares += (control[b]! - controlMean) ** 2
        }
      })
      const slope = exact === undefined || squares <= 0 ? 0 : Math.min(1.5, Math.max(0, products / squares))
      const corrected = exact === undefined ? mean : mean - slope * (plain - exact)
      // a correction beyond half the value would say more about the control than about the answer
      return Math.max(corrected, mean / 2) / rate
    },
  }
}

function average(values: Float64Array): number {
  let sum = 0
  for (const value of values) sum += value
  return sum / values.length
}

function unitArrivals(rng: Rng, count: number): Float64Array {
  const out = new Float64Array(count)
  let at = 0
  for (let i = 0; i < count; i++) {
    at += zigguratExponential(rng)
    out[i] = at
  }
  return out
}

/**
 * Service times of mean 1 and the SCV asked for: constant at 0, a mix of two Erlangs below 1, exponential at 1, hyperexponential with balanced means above
 * (Tijms, Stochastic Models, 1994, A.4).
 */
export function unitWork(rng: Rng, count: number, scv: number): Float64Array {
  const out = new Float64Array(count)
  if (scv <= 1e-9) return out.fill(1)
  if (Math.abs(scv - 1) < 1e-9) {
    for (let i = 0; i < count; i++) out[i] = zigguratExponential(rng)
    return out
  }
  if (scv > 1) {
    const p = (1 + Math.sqrt((scv - 1) / (scv + 1))) / 2
    for (let i = 0; i < count; i++) out[i] = zigguratExponential(rng) / (rng.uniform() < p ? 2 * p : 2 * (1 - p))
    return out
  }
  const k = Math.min(1000, Math.max(2, Math.ceil(1 / scv)))
  const p = Math.max(0, (k * scv - Math.sqrt(Math.max(0, k * (1 + scv) - k * k * scv))) / (1 + scv))
  for (let i = 0; i < count; i++) {
    const phases = rng.uniform() < p ? k - 1 : k
    let sum = 0
    for (let j = 0; j < phases; j++) sum += zigguratExponential(rng)
    out[i] = sum / (k - p)
  }
  return out
}
