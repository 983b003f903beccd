/** Markovian stations: M/M/1, M/M/c, M/M/c/K, and the Erlang formulas. Closed forms; the recursions are stable for any number of servers. */
import type { Refusal } from '../model/index.js'
import { unstable } from './priority.js'

/**
 * Erlang B, the share of arrivals lost at c servers offered `load` = λ/μ Erlangs: B_0 = 1, B_k = load·B_{k−1}/(k + load·B_{k−1}).
 * Source: A. K. Erlang (1917).
 */
export function erlangB(servers: number, load: number): number {
  let blocking = 1
  for (let k = 1; k <= servers; k++) blocking = (load * blocking) / (k + load * blocking)
  return blocking
}

/** Erlang C, the share of arrivals that wait: cB/(c − load(1 − B)). Needs load < servers. */
export function erlangC(servers: number, load: number): number {
  const blocking = erlangB(servers, load)
  return (servers * blocking) / (servers - load * (1 - blocking))
}

export interface MmcQuestion {
  /** Jobs per second. */
  readonly arrivalRate: number
  /** Jobs per second of one busy server. */
  readonly serviceRate: number
  readonly servers: number
}

export interface MmcAnswer {
  readonly utilisation: number
  readonly waitProbability: number
  readonly erlangB: number
  readonly meanWait: number
  readonly meanResponse: number
  readonly meanNumber: number
  readonly responseSecondMoment: number
  readonly waitQuantile: (p: number) => number
  readonly responseQuantile: (p: number) => number
  /** P(response > t). */
  readonly responseTail: (t: number) => number
  /** P(n jobs at the station). */
  readonly numberProbability: (n: number) => number
}

/**
 * M/M/c, first come first served.
 *
 *   P(W > t) = C e^{−(cμ−λ)t},   P(R > t) = e^{−μt} [1 + C (1 − e^{−(cμ−λ−μ)t})/(c − 1 − λ/μ)],   E W = C/(cμ − λ)
 *
 * Holds for Poisson arrivals and exponential service. Refuses `unstable` at λ ≥ cμ. Times in seconds.
 */
export function mmc({ arrivalRate, serviceRate, servers }: MmcQuestion): MmcAnswer | Refusal {
  const load = arrivalRate / serviceRate
  const utilisation = load / servers
  if (utilisation >= 1) return unstable(utilisation, servers)
  const blocking = erlangB(servers, load)
  const waiting = erlangC(servers, load)
  const drain = servers * serviceRate - arrivalRate
  const meanWait = waiting / drain
  const meanResponse = meanWait + 1 / serviceRate
  const responseTail = (t: number) => {
    // (1 − e^{−gap·t})/gap·μ, continuous where gap = 0.
    const gap = drain - serviceRate
    const extra = Math.abs(gap * t) < 1e-8 ? serviceRate * t * (1 - (gap * t) / 2) : (-Math.expm1(-gap * t) * serviceRate) / gap
    return Math.exp(-serviceRate * t) * (1 + waiting * extra)
  }
  const waitSecond = (2 * waiting) / drain ** 2
  return {
    utilisation,
    waitProbability: waiting,
    erlangB: blocking,
    meanWait,
    meanResponse,
    meanNumber: arrivalRate * meanResponse,
    responseSecondMoment: waitSecond + (2 * meanWait) / serviceRate + 2 / serviceRate ** 2,
    waitQuantile: (p) => Math.max(0, Math.log(waiting / (1 - p)) / drain),
    responseQuantile: (p) => (servers === 1 ? -Math.log1p(-p) / drain : invertTail(responseTail, 1 - p, meanResponse)),
    responseTail,
    numberProbability: (n) => mmcNumber(n, servers, load, waiting),
  }
}

/** p_n: with p_c = C(1 − ρ) known, p_{c+j} = p_c ρ^j and p_{n−1} = p_n n/load below. */
function mmcNumber(n: number, servers: number, load: number, waiting: number): number {
  const utilisation = load / servers
  let probability = waiting * (1 - utilisation)
  if (n >= servers) return probability * utilisation ** (n - servers)
  for (let k = servers; k > n; k--) probability *= k / load
  return probability
}

/** The time at which a decreasing tail reaches `level`: bracketed Newton-free bisection on the logarithm, to 1e-14 relative. */
function invertTail(tail: (t: number) => number, level: number, scale: number): number {
  let low = 0
  let high = scale
  while (tail(high) > level) {
    low = high
    high *= 2
  }
  for (let step = 0; step < 200 && high - low > 1e-15 * high; step++) {
    const middle = (low + high) / 2
    if (tail(middle) > level) low = middle
    else high = middle
  }
  return (low + high) / 2
}

export interface MmckAnswer {
  readonly blockProbability: number
  readonly throughput: number
  readonly meanNumber: number
  /** Of those admitted. */
  readonly meanResponse: number
  readonly utilisation: number
  readonly p0: number
  /** P(n jobs), n = 0 … capacity. */
  readonly probabilities: Float64Array
}

/**
 * M/M/c/K: at most `capacity` jobs in the station (waiting and in service), the others are lost. Birth–death chain, weights scaled by their largest.
 * Stable at every load. Throughput = λ(1 − p_K); response by Little’s law over the admitted.
 */
export function mmck(question: MmcQuestion & { readonly capacity: number }): MmckAnswer {
  const { arrivalRate, serviceRate, servers, capacity } = question
  const logWeight = new Float64Array(capacity + 1)
  for (let n = 1; n <= capacity; n++)
    logWeight[n] = logWeight[n - 1]! + Math.log(arrivalRate / (Math.min(n, servers) * serviceRate))
  const most = logWeight.reduce((largest, value) => Math.max(largest, value), 0)
  const weights = logWeight.map((value) => Math.exp(value - most))
  const total = weights.reduce((sum, value) => sum + value, 0)
  const probabilities = weights.map((value) => value / total)
  const blockProbability = probabilities[capacity]!
  let meanNumber = 0
  let admitted = 0
  let busy = 0
  for (let n = 0; n <= capacity; n++) {
    meanNumber += n * probabilities[n]!
    busy += Math.min(n, servers) * probabilities[n]!
    if (n < capacity) admitted += probabilities[n]!
  }
  const throughput = arrivalRate * admitted
  return {
    blockProbability,
    throughput,
    meanNumber,
    meanResponse: meanNumber / throughput,
    utilisation: busy / servers,
    p0: probabilities[0]!,
    probabilities,
  }
}
