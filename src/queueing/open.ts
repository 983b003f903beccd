/**
 * Open and mixed product-form networks.
 *
 * Open (Jackson, BCMP): with visits V_ir and arrival rates λ_r, station i is offered ρ_i = Σ_r λ_r V_ir S_ir; a single server answers like M/M/1, c servers like M/M/c, a
 * delay station adds S. Mixed: open classes slow the closed ones as if single servers had only 1 − ρ_i(open) of their speed, and the closed ones lengthen
 * the open ones' wait.
 * Sources: J. R. Jackson (1957); F. Baskett, K. M. Chandy, R. R. Muntz, F. G. Palacios (1975).
 */
import type { Refusal } from '../model/index.js'
import { refuse } from '../model/index.js'
import type { ClosedClasses, ClosedClassesAnswer } from './closed-classes.js'
import { closedClasses } from './closed-classes.js'
import { mmc } from './mmc.js'
import { unstable } from './priority.js'

export interface OpenNetwork {
  /** Passes per second, by class. */
  readonly arrivalRates: readonly number[]
  /** Seconds of one visit, [class][station]. */
  readonly serviceTimes: readonly (readonly number[])[]
  readonly visits: readonly (readonly number[])[]
  /** Servers by station; −1 for a delay station. */
  readonly servers: readonly number[]
}

export interface OpenAnswer {
  /** Busy share of a server of each station (of a delay station, its mean number). */
  readonly utilisation: readonly number[]
  /** Seconds of one visit, [class][station]. */
  readonly response: readonly (readonly number[])[]
  /** Mean number, [class][station]. */
  readonly queue: readonly (readonly number[])[]
  /** Visits per second, [class][station]. */
  readonly throughput: readonly (readonly number[])[]
  /** Seconds of a whole pass, by class. */
  readonly systemResponse: readonly number[]
}

/**
 * Visits from routing: V = γ + V·P, solved for the traffic equations. `entry` are the shares of arrivals by station, `routing[i][j]` the share that goes from i to j; the rest leave.
 * Refuses routing that nobody leaves.
 */
export function visitsFromRouting(entry: readonly number[], routing: readonly (readonly number[])[]): number[] | Refusal {
  const n = entry.length
  // Row i of (I − Pᵀ | γ).
  const a = entry.map((value, i) => [...routing.map((row, j) => (i === j ? 1 : 0) - row[i]!), value])
  for (let c = 0; c < n; c++) {
    let pivot = c
    for (let r = c + 1; r < n; r++) if (Math.abs(a[r]![c]!) > Math.abs(a[pivot]![c]!)) pivot = r
    if (Math.abs(a[pivot]![c]!) < 1e-12) return refuse('unsupported', 'routing from which nobody leaves has no steady state')
    const swap = a[c]!
    a[c] = a[pivot]!
    a[pivot] = swap
    for (let r = 0; r < n; r++) {
      if (r === c) continue
      const factor = a[r]![c]! / a[c]![c]!
      if (factor !== 0) for (let k = c; k <= n; k++) a[r]![k]! -= factor * a[c]![k]!
    }
  }
  return a.map((row, i) => Math.max(0, row[n]! / row[i]!))
}

/** Mean values of an open network. Refuses `unstable` with the utilisation of the busiest station. */
export function openNetwork(network: OpenNetwork): OpenAnswer | Refusal {
  const { arrivalRates, serviceTimes, visits, servers } = network
  const load = servers.map((_, i) => arrivalRates.reduce((sum, rate, r) => sum + rate * visits[r]![i]! * serviceTimes[r]![i]!, 0))
  const utilisation = load.map((offered, i) => (servers[i]! < 0 ? offered : offered / servers[i]!))
  const busiest = utilisation.reduce((most, u, i) => (servers[i]! > 0 && u > most ? u : most), 0)
  if (busiest >= 1) return unstable(busiest)
  const throughput = arrivalRates.map((rate, r) => visits[r]!.map((v) => rate * v))
  const response = serviceTimes.map((row) =>
    row.map((time, i) => {
      const c = servers[i]!
      if (c < 0) return time
      if (c === 1) return time / (1 - utilisation[i]!)
      if (load[i] === 0) return time
      // The wait of M/M/c at the station's mean service time, plus the own service.
      const visitsPerSecond = throughput.reduce((sum, of) => sum + of[i]!, 0)
      const mean = load[i]! / visitsPerSecond
      const answer = mmc({ arrivalRate: visitsPerSecond, serviceRate: 1 / mean, servers: c })
      return time + ('kind' in answer ? 0 : answer.meanWait)
    }),
  )
  return {
    utilisation,
    response,
    queue: response.map((row, r) => row.map((time, i) => throughput[r]![i]! * time)),
    throughput,
    systemResponse: response.map((row, r) => row.reduce((sum, time, i) => sum + visits[r]![i]! * time, 0)),
  }
}

export interface MixedAnswer {
  readonly open: OpenAnswer
  readonly closed: ClosedClassesAnswer
}

/**
 * Mean values of a network of open and closed classes at the same single-server and delay stations. Refuses `unstable` where the open classes alone saturate a station, and
 * stations of several servers.
 */
export function mixedNetwork(open: OpenNetwork, closed: ClosedClasses): MixedAnswer | Refusal {
  if (open.servers.some((c) => c > 1))
    return refuse('unsupported', 'mixed networks are solved for single-server and delay stations only')
  const alone = openNetwork(open)
  if ('kind' in alone) return alone
  const slowed = closed.serviceTimes.map((row) =>
    row.map((time, i) => (open.servers[i]! < 0 ? time : time / (1 - alone.utilisation[i]!))),
  )
  const inside = closedClasses({ ...closed, serviceTimes: slowed, servers: open.servers })
  if ('kind' in inside) return inside
  const present = open.servers.map((_, i) => inside.queue.reduce((sum, row) => sum + row[i]!, 0))
  const response = alone.response.map((row) => row.map((time, i) => (open.servers[i]! < 0 ? time : time * (1 + present[i]!))))
  return {
    open: {
      ...alone,
      response,
      queue: response.map((row, r) => row.map((time, i) => alone.throughput[r]![i]! * time)),
      systemResponse: response.map((row, r) => row.reduce((sum, time, i) => sum + open.visits[r]![i]! * time, 0)),
    },
    closed: {
      ...inside,
      utilisation: closed.serviceTimes.map((row, r) =>
        row.map((time, i) => inside.throughput[r]! * closed.visits[r]![i]! * time),
      ),
    },
  }
}
