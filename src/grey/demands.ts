import { kFold, nonNegativeLeastSquares } from '../learn/index.js'
import { isRefusal, type Refusal, refuse } from '../model/index.js'
import { levenbergMarquardt, quantile, type Rng } from '../num/index.js'

/**
 * What was seen of one resource in windows of time: one row a window, one column a class of jobs. Seconds, jobs per second, shares.
 */
export interface DemandObservations {
  readonly classes: readonly string[]
  /** Jobs of each class ended per second: `throughput[class][window]`. */
  readonly throughput: readonly Float64Array[]
  /** Busy share of the resource, 0 to 1. */
  readonly utilisation?: Float64Array
  /** Mean response of each class at the resource, seconds; 0 where no job ended. */
  readonly response?: readonly Float64Array[]
  /** Mean number of jobs that a job of the class found at the resource when it came. */
  readonly found?: readonly Float64Array[]
}

/** Seconds of the resource that one job of each class needs, and busy share without any job. */
export interface Demands {
  readonly method: string
  readonly seconds: Float64Array
  readonly idleUtilisation: number
}

export interface DemandMethod {
  readonly name: string
  estimate(observations: DemandObservations): Demands | Refusal
}

/**
 * Utilisation law, shared among classes by the time their jobs spend there: D_c = U · s_c / X_c, s_c = X_c R_c / Σ X_j R_j (equal R where responses were not seen). Medians over windows. One class: D = U / X.
 */
export const demandLaw: DemandMethod = {
  name: 'demand law',
  estimate({ classes, throughput, utilisation, response }) {
    if (utilisation === undefined) return lacks('utilisation')
    const seconds = Float64Array.from(classes, (_, c) =>
      middle(
        windows(utilisation, (t) => {
          if (!(throughput[c][t] > 0)) return undefined
          const weight = (j: number): number => throughput[j][t] * (response?.[j][t] || (response === undefined ? 1 : 0))
          const all = classes.reduce((sum, _name, j) => sum + weight(j), 0)
          return all > 0 ? (utilisation[t] * weight(c)) / all / throughput[c][t] : undefined
        }),
      ),
    )
    return checked('demand law', seconds, 0)
  },
}

/**
 * Utilisation regression: U_t = Σ_c X_ct D_c + U₀, D and U₀ not negative (least squares of Lawson and Hanson). Classes whose throughputs go up and down
 * together cannot be told apart.
 */
export const demandsByUtilisation: DemandMethod = {
  name: 'utilisation regression',
  estimate({ classes, throughput, utilisation }) {
    if (utilisation === undefined) return lacks('utilisation')
    const width = classes.length + 1
    const design = new Float64Array(utilisation.length * width)
    utilisation.forEach((_, t) => {
      for (let c = 0; c < classes.length; c++) design[t * width + c] = throughput[c][t]
      design[t * width + classes.length] = 1
    })
    const found = nonNegativeLeastSquares(design, width, utilisation)
    if (isRefusal(found)) return found
    return checked('utilisation regression', found.coefficients.slice(0, classes.length), found.coefficients[classes.length])
  },
}

/** Response-time approximation: D_c = R_c (1 − U), median over windows. One queue, processor sharing or exponential first come first served, Poisson arrivals. */
export const demandsByResponse: DemandMethod = {
  name: 'response approximation',
  estimate({ classes, utilisation, response }) {
    if (utilisation === undefined) return lacks('utilisation')
    if (response === undefined) return lacks('response')
    const seconds = Float64Array.from(classes, (_, c) =>
      middle(windows(utilisation, (t) => (response[c][t] > 0 ? response[c][t] * (1 - Math.min(utilisation[t], 1)) : undefined))),
    )
    return checked('response approximation', seconds, 0)
  },
}

/** Arrival-instant regression: R_c = D_c (1 + A_c), least squares through the origin, A_c the number found at arrival. First come first served with exponential work of one mean, or processor sharing. */
export const demandsByArrivals: DemandMethod = {
  name: 'arrival regression',
  estimate({ classes, response, found }) {
    if (response === undefined) return lacks('response')
    if (found === undefined) return lacks('found')
    const seconds = Float64Array.from(classes, (_, c) => {
      let up = 0
      let down = 0
      response[c].forEach((value, t) => {
        if (!(value > 0)) return
        up += value * (1 + found[c][t])
        down += (1 + found[c][t]) ** 2
      })
      return down > 0 ? up / down : 0
    })
    return checked('arrival regression', seconds, 0)
  },
}

/**
 * Menascé's optimisation: min_D Σ (log R_ct − log(D_c / (1 − Σ_j X_jt D_j)))² with utilisation below 1: bounded, from response times and throughputs alone. Errors by
 * factors, so that windows of high load do not drown the others.
 */
export const demandsByOptimisation: DemandMethod = {
  name: 'response optimisation',
  estimate({ classes, throughput, response }) {
    if (response === undefined) return lacks('response')
    const n = classes.length
    const pairs: { c: number; t: number; log: number }[] = []
    for (let c = 0; c < n; c++)
      response[c].forEach((value, t) => {
        if (value > 0) pairs.push({ c, t, log: Math.log(value) })
      })
    if (pairs.length < n) return refuse('no-data', `${pairs.length} responses for ${n} demands`)
    const least = response.map((row) => row.reduce((a, b) => (b > 0 ? Math.min(a, b) : a), Number.POSITIVE_INFINITY))
    const most = Float64Array.from(least, (value) => (Number.isFinite(value) ? value : 1))
    const busiest = throughput[0]
      .map((_, t) => throughput.reduce((sum, row, c) => sum + row[t] * most[c], 0))
      .reduce((a, b) => Math.max(a, b), 0)
    // a start that is stable in every window
    const start = most.map((value) => Math.log((value * 0.5) / Math.max(1, busiest)))
    const fit = levenbergMarquardt({
      residuals: (z, out) => {
        const d = z.map(Math.exp)
        pairs.forEach(({ c, t, log }, k) => {
          const used = throughput.reduce((sum, row, j) => sum + row[t] * d[j], 0)
          out[k] = used < 1 ? log - Math.log(d[c] / (1 - used)) : 10 + used
        })
      },
      rows: pairs.length,
      start,
      low: most.map((value) => Math.log(value * 1e-6)),
      high: most.map((value) => Math.log(value)),
      iterations: 200,
    })
    return checked('response optimisation', fit.x.map(Math.exp), 0)
  },
}

export const DEMAND_METHODS: readonly DemandMethod[] = [
  demandLaw,
  demandsByUtilisation,
  demandsByResponse,
  demandsByArrivals,
  demandsByOptimisation,
]

/** How one method foresaw windows that it had not seen. */
export interface DemandScore {
  readonly method: string
  /** Mean relative error of utilisation and of response, over those that were observed; absent where the method refused. */
  readonly error?: number
  readonly refusal?: Refusal
}

/**
 * Demands by the method that best foresees held-out windows: each is fitted to the other windows and asked for utilisation (Σ X D + U₀) and response (D / (1 − U)). Re-run it as windows
 * come in: which method is best changes with the load.
 *
 * Source: LibReDE (Spinner et al. 2014), SARDE (Grohmann et al. 2021) for the practice.
 */
export function chooseDemands(
  observations: DemandObservations,
  rng: Rng,
  { folds = 5, methods = DEMAND_METHODS }: { readonly folds?: number; readonly methods?: readonly DemandMethod[] } = {},
): { readonly demands: Demands; readonly scores: readonly DemandScore[] } | Refusal {
  const count = observations.throughput[0]?.length ?? 0
  if (count < 2) return refuse('no-data', `${count} windows are too few to hold some out`)
  const splits = kFold(count, Math.min(folds, count), rng)
  const scores = methods.map((method): DemandScore => {
    let sum = 0
    let tested = 0
    for (const { train, test } of splits) {
      const demands = method.estimate(windowsOf(observations, train))
      if (isRefusal(demands)) return { method: method.name, refusal: demands }
      const errors = foreseen(demands, windowsOf(observations, test))
      sum += errors.sum
      tested += errors.count
    }
    return tested === 0
      ? { method: method.name, refusal: refuse('no-data', 'neither utilisation nor response was observed to test against') }
      : { method: method.name, error: sum / tested }
  })
  const best = scores.reduce<number>(
    (a, { error }, k) => (error !== undefined && (a < 0 || error < scores[a].error!) ? k : a),
    -1,
  )
  if (best < 0) return scores[0]?.refusal ?? refuse('no-data', 'there is no method to try')
  const demands = methods[best].estimate(observations)
  return isRefusal(demands) ? demands : { demands, scores }
}

function foreseen(
  { seconds, idleUtilisation }: Demands,
  { throughput, utilisation, response }: DemandObservations,
): { sum: number; count: number } {
  let sum = 0
  let count = 0
  throughput[0].forEach((_, t) => {
    const used = throughput.reduce((total, row, c) => total + row[t] * seconds[c], idleUtilisation)
    if (utilisation !== undefined && utilisation[t] > 0) {
      sum += Math.min(1, Math.abs(used / utilisation[t] - 1))
      count++
    }
    response?.forEach((row, c) => {
      if (!(row[t] > 0)) return
      sum += used < 1 ? Math.min(1, Math.abs(seconds[c] / (1 - used) / row[t] - 1)) : 1
      count++
    })
  })
  return { sum, count }
}

/**
 * Demands in a closed network from mean queue lengths: `queues[k][j]` jobs of class j at station k, `thinking[j]` of them thinking for `thinkSeconds[j]`, of `jobs[j]` in all.
 *
 *   D_kj = Z_j Q_kj / [Q_Zj (1 + Σ_c Q_kc − Q_kj/N_j)]
 *
 * from Bard and Schweitzer's approximation, which a maximum-likelihood estimate from queue-length samples comes down to in the mean. Holds for product-form stations.
 */
export function demandsByQueueLengths({
  queues,
  thinking,
  thinkSeconds,
  jobs,
}: {
  readonly queues: readonly Float64Array[]
  readonly thinking: Float64Array
  readonly thinkSeconds: Float64Array
  readonly jobs: Float64Array
}): Float64Array[] | Refusal {
  if (thinking.some((value) => !(value > 0)))
    return refuse('no-data', 'nobody of a class was seen thinking: its throughput is not known')
  return queues.map((row) => {
    const all = row.reduce((a, b) => a + b, 0)
    return row.map((value, j) => (thinkSeconds[j] * value) / (thinking[j] * (1 + all - value / jobs[j])))
  })
}

function windowsOf(
  { classes, throughput, utilisation, response, found }: DemandObservations,
  rows: Int32Array,
): DemandObservations {
  const take = (values: Float64Array): Float64Array => Float64Array.from(rows, (t) => values[t])
  return {
    classes,
    throughput: throughput.map(take),
    ...(utilisation === undefined ? {} : { utilisation: take(utilisation) }),
    ...(response === undefined ? {} : { response: response.map(take) }),
    ...(found === undefined ? {} : { found: found.map(take) }),
  }
}

function windows(values: Float64Array, of: (t: number) => number | undefined): Float64Array {
  return Float64Array.from(Array.from(values.keys(), of).filter((value) => value !== undefined))
}

function middle(values: Float64Array): number {
  return values.length === 0 ? 0 : quantile(values.sort(), 0.5)
}

function lacks(what: string): Refusal {
  return refuse('no-data', `${what} was not observed`)
}

function checked(method: string, seconds: Float64Array, idleUtilisation: number): Demands | Refusal {
  if (seconds.some((value) => !Number.isFinite(value) || value < 0)) return refuse('no-data', `${method} found no demand`)
  return { method, seconds, idleUtilisation }
}
