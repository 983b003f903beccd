/**
 * Closed product-form networks of one class: exact mean values at any population.
 *
 * Single-server and delay stations: mean value analysis,
 *   R_i(n) = D_i (1 + Q_i(n−1)),   X(n) = n/(Z + Σ R_i),   Q_i(n) = X R_i,
 * O(N · stations), stable at every population. With multi-server stations (rate min(j, c)/s with j jobs) the textbook recursion on their marginal probabilities
 * loses all digits near saturation; here the normalising constant is built by convolution instead, of which every term is positive:
 *   G = F_1 * F_2 * …,  F_i(j) = D_i^j/Π_{k≤j} min(k, c_i),   X(N) = G(N−1)/G(N),   Q_i = Σ_j j F_i(j) G_{−i}(N−j)/G(N).
 *
 * Holds for product-form stations: exponential FCFS, or any service under PS, LCFS-PR or infinitely many servers.
 * Sources: M. Reiser, S. S. Lavenberg (1980); J. P. Buzen (1973).
 */
import type { Refusal } from '../model/index.js'
import { refuse } from '../model/index.js'

export interface ClosedNetwork {
  /** Mean service time of one visit, seconds, by station. */
  readonly serviceTimes: readonly number[]
  readonly visits: readonly number[]
  /** Servers by station; −1 for a delay station (as many servers as jobs). */
  readonly servers: readonly number[]
  /** Seconds a job spends away between two passes. */
  readonly thinkTime: number
  readonly population: number
}

export interface ClosedAnswer {
  /** Passes per second. */
  readonly throughput: number
  /** Seconds of a pass, without the think time. */
  readonly response: number
  /** Busy share of each server of the station; of a delay station, its mean number. */
  readonly utilisation: readonly number[]
  /** Mean number at each station. */
  readonly queue: readonly number[]
  /** Seconds of one visit. */
  readonly responsePerVisit: readonly number[]
  /** |Σ Q_i + X·Z − N|/N. */
  readonly residual: number
  readonly method: string
}

/** Mean values of the network at its population. Refuses multi-server stations beyond 20,000 jobs (the convolution grows with the square). */
export function closedNetwork(network: ClosedNetwork): ClosedAnswer | Refusal {
  const demands = network.serviceTimes.map((time, i) => time * network.visits[i]!)
  if (demands.every((demand) => demand === 0) && network.thinkTime === 0)
    return refuse('unsupported', 'a network in which nothing takes time has no finite throughput')
  const many = network.servers.map((servers, i) => servers > 1 && servers < network.population && demands[i]! > 0)
  if (!many.includes(true)) return finish(network, demands, meanValues(network, demands), 'exact MVA')
  if (network.population > 20_000)
    return refuse(
      'unsupported',
      'with multi-server stations the exact solution takes the square of the population; at most 20000 jobs',
      {
        population: network.population,
      },
    )
  return finish(network, demands, byConvolution(network, demands, many), 'exact convolution (multi-server stations)')
}

interface MeanValues {
  readonly throughput: number
  readonly queue: readonly number[]
}

/** Stations that never queue: delays, and multi-servers with a server for every job. */
function neverQueues(servers: number, population: number): boolean {
  return servers < 0 || servers >= population
}

function meanValues(network: ClosedNetwork, demands: readonly number[]): MeanValues {
  const { population, servers } = network
  let delay = network.thinkTime
  const at: number[] = []
  demands.forEach((demand, i) => {
    if (neverQueues(servers[i]!, population)) delay += demand
    else at.push(i)
  })
  const demand = Float64Array.from(at, (i) => demands[i]!)
  const queue = new Float64Array(at.length)
  let throughput = 0
  for (let n = 1; n <= population; n++) {
    let total = delay
    for (let i = 0; i < queue.length; i++) total += demand[i]! * (1 + queue[i]!)
    throughput = n / total
    for (let i = 0; i < queue.length; i++) queue[i] = throughput * demand[i]! * (1 + queue[i]!)
  }
  const all = demands.map((one) => throughput * one)
  at.forEach((i, k) => {
    all[i] = queue[k]!
  })
  return { throughput, queue: all }
}

function byConvolution(network: ClosedNetwork, demands: readonly number[], many: readonly boolean[]): MeanValues {
  const { population, servers } = network
  // Demands in units of the slowest station's time per job, which keeps the constants in range.
  let unit = 0
  demands.forEach((demand, i) => {
    if (!neverQueues(servers[i]!, population)) unit = Math.max(unit, demand / servers[i]!)
  })
  const manyAt = demands.flatMap((_, i) => (many[i] ? [i] : []))
  let delay = network.thinkTime
  demands.forEach((demand, i) => {
    if (neverQueues(servers[i]!, population)) delay += demand
  })
  let base = powerSeries(delay / unit, Number.POSITIVE_INFINITY, population)
  demands.forEach((demand, i) => {
    // F of a single server is geometric: its convolution is one running sum.
    if (!many[i] && !neverQueues(servers[i]!, population)) base = geometric(base, demand / unit)
  })
  const factors = manyAt.map((i) => powerSeries(demands[i]! / unit, servers[i]!, population))
  const before = [base]
  for (const factor of factors) before.push(convolve(before.at(-1)!, factor))
  const whole = before.at(-1)!
  const ratio = (n: number) => (n < 0 ? 0 : whole[n]! / whole[population]!)
  const throughput = ratio(population - 1) / unit
  const queue = demands.map((demand) => throughput * demand)
  demands.forEach((demand, i) => {
    if (many[i] || neverQueues(servers[i]!, population)) return
    let sum = 0
    for (let j = population; j >= 1; j--) sum = (demand / unit) * (sum + ratio(population - j))
    queue[i] = sum
  })
  let after = Float64Array.from({ length: population + 1 }, (_, n) => (n === 0 ? 1 : 0))
  for (let k = manyAt.length - 1; k >= 0; k--) {
    const others = k === manyAt.length - 1 ? before[k]! : convolve(before[k]!, after)
    let sum = 0
    let total = 0
    for (let j = 0; j <= population; j++) {
      const term = factors[k]![j]! * others[population - j]!
      total += term
      sum += j * term
    }
    queue[manyAt[k]!] = sum / total
    if (k > 0) after = k === manyAt.length - 1 ? factors[k]!.slice() : convolve(after, factors[k]!)
  }
  return { throughput, queue }
}

/** x^j/Π_{k≤j} min(k, c), scaled so that the largest term is 1 (a common factor cancels in every ratio). */
function powerSeries(x: number, servers: number, population: number): Float64Array<ArrayBuffer> {
  const log = new Float64Array(population + 1)
  if (x === 0) {
    log[0] = 1
    return log
  }
  let most = 0
  for (let j = 1; j <= population; j++) {
    log[j] = log[j - 1]! + Math.log(x / Math.min(j, servers))
    most = Math.max(most, log[j]!)
  }
  return log.map((value) => Math.exp(value - most))
}

/** The convolution with x^j, rescaled to a largest term of 1. */
function geometric(series: Float64Array<ArrayBuffer>, x: number): Float64Array<ArrayBuffer> {
  const out = series.slice()
  let most = out[0]!
  for (let n = 1; n < out.length; n++) {
    out[n]! += x * out[n - 1]!
    if (out[n]! > most) most = out[n]!
  }
  return out.map((value) => value / most)
}

function convolve(a: Float64Array, b: Float64Array): Float64Array<ArrayBuffer> {
  const out = new Float64Array(a.length)
  let most = 0
  for (let n = 0; n < a.length; n++) {
    let sum = 0
    for (let j = 0; j <= n; j++) sum += a[j]! * b[n - j]!
    out[n] = sum
    if (sum > most) most = sum
  }
  return out.map((value) => value / most)
}

function finish(
  network: ClosedNetwork,
  demands: readonly number[],
  { throughput, queue }: MeanValues,
  method: string,
): ClosedAnswer {
  const { servers, visits, thinkTime, population, serviceTimes } = network
  const inside = queue.reduce((sum, q) => sum + q, 0)
  return {
    throughput,
    response: inside / throughput,
    utilisation: demands.map((demand, i) => (throughput * demand) / Math.max(1, servers[i]!)),
    queue,
    responsePerVisit: queue.map((q, i) => (visits[i]! > 0 ? q / (throughput * visits[i]!) : serviceTimes[i]!)),
    residual: Math.abs(inside + throughput * thinkTime - population) / population,
    method,
  }
}
