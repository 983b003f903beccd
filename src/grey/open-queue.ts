import type { Table } from '../learn/index.js'
import { waitLeeLongton } from '../queueing/index.js'
import { columnOf, type WhiteModel } from './white.js'

export interface OpenQueueOptions {
  /** Servers, where they are known; absent: between 1 and 64, found from how late the curve bends. */
  readonly servers?: number
  /** SCV of the gaps between arrivals; default 1, Poisson. */
  readonly arrivalScv?: number
}

/**
 * Mean response against load at an open queue, when nothing is known but how much came and how long it took.
 *
 *   R(λ) = latency + D + W(λ, D, c, c_a², c_s²),   no answer where λD ≥ c
 *
 * W by Lee and Longton's scaling of the M/M/c wait, interpolated in its logarithm between whole numbers of servers. Parameters: demand D in seconds, SCV of service, servers c, and a latency that does
 * not queue. Column: `arrivalRatePerSecond`. If `utilisation` was measured (busy share of all servers), it tells D and c apart, which responses at light load cannot.
 *
 * Source: Lee and Longton (1959).
 */
export function openQueueModel({ servers, arrivalScv = 1 }: OpenQueueOptions = {}): WhiteModel {
  const response = (rate: number, [demand, serviceScv, count, latency]: Float64Array): number => {
    const below = Math.max(1, Math.floor(count + 1e-9))
    const share = Math.max(0, count - below)
    if (rate * demand >= count) return 0
    const wait = (c: number, utilisation: number): number =>
      utilisation < 1
        ? waitLeeLongton({ utilisation, serviceMean: demand, servers: c, serviceScv, arrivalScv })
        : Number.POSITIVE_INFINITY
    // between whole numbers of servers at equal utilisation, so that the curve ends where λD = c
    const utilisation = (rate * demand) / count
    const low = wait(below, utilisation)
    const value = share < 1e-9 ? low : low > 0 ? low ** (1 - share) * wait(below + 1, utilisation) ** share : 0
    return latency + demand + value
  }
  const rates = (table: Table): Float64Array => columnOf(table, 'arrivalRatePerSecond')
  return {
    name: 'open queue',
    columns: ['arrivalRatePerSecond'],
    parameters: parametersFor(1, servers),
    scaled: ({ target }) =>
      parametersFor(
        target.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY),
        servers,
      ),
    predict: (table, p) => rates(table).map((rate) => response(rate, p)),
    holds: (table, [demand, , count]) => Uint8Array.from(rates(table), (rate) => (rate * demand < count ? 1 : 0)),
    side: [{ column: 'utilisation', predict: (table, [demand, , count]) => rates(table).map((rate) => (rate * demand) / count) }],
    monotone: { arrivalRatePerSecond: 1 },
    grows: ['arrivalRatePerSecond'],
  }
}

/** Demand and latency relative to the shortest response seen, which is at least their sum. */
function parametersFor(shortest: number, servers: number | undefined) {
  return [
    { name: 'demandSeconds', low: shortest * 1e-3, high: shortest * 2, prior: shortest * 0.7, spread: 1, positive: true },
    { name: 'serviceScv', low: 0.01, high: 100, prior: 1, spread: 1, positive: true },
    servers === undefined
      ? { name: 'servers', low: 1, high: 64, prior: 2, spread: 1.5, positive: true }
      : { name: 'servers', low: servers, high: servers, prior: servers, positive: true },
    { name: 'latencySeconds', low: shortest * 1e-6, high: shortest, prior: shortest * 0.02, spread: 2, positive: true },
  ]
}
