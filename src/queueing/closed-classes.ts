/**
 * Closed product-form networks of several classes: exact mean value analysis, exact convolution where stations have several servers, and the approximations of
 * Bard–Schweitzer and Chandy–Neuse (Linearizer) for populations whose lattice Π(N_r + 1) is too large.
 *
 *   R_ir(n) = D_ir (1 + Q_i(n − e_r)),   X_r(n) = n_r/(Z_r + Σ_i R_ir),   Q_i(n) = Σ_r X_r R_ir
 *
 * Holds for product-form stations: FCFS with one exponential service time for all classes, or PS, LCFS-PR and delay with any.
 * Sources: M. Reiser, S. S. Lavenberg (1980); P. J. Schweitzer (1979); K. M. Chandy, D. Neuse, "Linearizer", CACM 25 (1982);
 * A. Seidmann, P. J. Schweitzer, S. Shalev-Oren (1987) for several servers in the approximations.
 */
import type { Caveat, Refusal } from '../model/index.js'
import { caveat, refuse } from '../model/index.js'

export interface ClosedClasses {
  /** Seconds of one visit, [class][station]. */
  readonly serviceTimes: readonly (readonly number[])[]
  /** [class][station]. */
  readonly visits: readonly (readonly number[])[]
  /** Jobs of each class. */
  readonly population: readonly number[]
  /** Seconds away between two passes, by class. */
  readonly thinkTime: readonly number[]
  /** Servers by station, −1 for a delay station; 1 throughout when absent. */
  readonly servers?: readonly number[]
}

export interface ClosedClassesAnswer {
  /** Passes per second, by class. */
  readonly throughput: readonly number[]
  /** Seconds of a pass without the think time, by class. */
  readonly response: readonly number[]
  /** X_r D_ir per server, [class][station]. */
  readonly utilisation: readonly (readonly number[])[]
  readonly queue: readonly (readonly number[])[]
  readonly exact: boolean
  readonly method: string
  /** Largest |Σ_i Q_ir + X_r Z_r − N_r|/N_r. */
  readonly residual: number
  readonly caveats: readonly Caveat[]
}

/** Lattice points × classes × stations that the exact recursion is given: one to two seconds. */
const EXACT_STEPS = 2e8

/** Demands [class][station], the queueing stations' servers, and the delay of each class (think time and delay stations). */
interface Prepared {
  readonly demand: readonly Float64Array[]
  readonly servers: readonly number[]
  readonly delay: readonly number[]
  readonly population: readonly number[]
}

function prepare(network: ClosedClasses): Prepared {
  const stations = network.serviceTimes[0]?.length ?? 0
  const total = network.population.reduce((sum, n) => sum + n, 0)
  const given = network.servers ?? new Array<number>(stations).fill(1)
  // A station with a server for every job is a delay.
  const servers = given.map((c) => (c < 0 || c >= Math.max(total, 2) ? -1 : c))
  const demand = network.serviceTimes.map((row, r) => Float64Array.from(row, (time, i) => time * network.visits[r]![i]!))
  const delay = demand.map((row, r) => network.thinkTime[r]! + row.reduce((sum, d, i) => sum + (servers[i]! < 0 ? d : 0), 0))
  return { demand, servers, delay, population: network.population }
}

/** Steps of the exact method: what `closedClasses` compares with its limit. */
function exactSteps(network: ClosedClasses): number {
  const { servers, population } = prepare(network)
  const lattice = population.reduce((product, n) => product * (n + 1), 1)
  const many = servers.filter((c) => c > 1).length
  return many === 0 ? lattice * population.length * servers.length : lattice * lattice * (2 * many)
}

/** Mean values at the full population: exact where the lattice allows, by Linearizer with a caveat where not. Refuses a network in which nothing takes time. */
export function closedClasses(network: ClosedClasses): ClosedClassesAnswer | Refusal {
  const prepared = prepare(network)
  const idle = prepared.demand.findIndex(
    (row, r) => prepared.population[r]! > 0 && prepared.delay[r] === 0 && row.every((d) => d === 0),
  )
  if (idle >= 0)
    return refuse('unsupported', `class ${idle} spends no time anywhere: its throughput has no bound`, { class: idle })
  if (exactSteps(network) > EXACT_STEPS) return approximateClosedClasses(network, 'linearizer')
  if (prepared.servers.some((c) => c > 1))
    return finish(network, prepared, latticeConvolution(prepared), 'exact convolution (multi-server stations)', true, [])
  return finish(network, prepared, latticeMva(prepared), 'exact MVA', true, [])
}

interface Solved {
  readonly throughput: readonly number[]
  /** [class][station]. */
  readonly queue: readonly (readonly number[])[]
}

/**
 * Exact MVA. Points of the lattice are visited with the largest class as the slowest coordinate, so one plane of total queues is enough: what a cell holds
 * before it is overwritten is the point with one job of that class less.
 */
function latticeMva({ demand, servers, delay, population }: Prepared): Solved {
  const classes = population.length
  const order = population.map((_, r) => r).sort((a, b) => population[b]! - population[a]!)
  const at = servers.flatMap((c, i) => (c > 0 ? [i] : []))
  const k = at.length
  const slow = order[0]!
  const rest = order.slice(1)
  const stride = new Int32Array(classes)
  let plane = 1
  for (const r of rest) {
    stride[r] = plane
    plane *= population[r]! + 1
  }
  // Flat [class][queueing station].
  const d = Float64Array.from({ length: classes * k }, (_, index) => demand[Math.floor(index / k)]![at[index % k]!]!)
  const queue = new Float64Array(plane * k)
  const next = new Float64Array(k)
  const counts = new Int32Array(classes)
  const throughput = new Float64Array(classes)
  const own = new Float64Array(classes * k)
  for (let n0 = 0; n0 <= population[slow]!; n0++) {
    counts.fill(0)
    counts[slow] = n0
    for (let cell = 0; cell < plane; cell++) {
      const last = n0 === population[slow] && cell === plane - 1
      const base = cell * k
      for (let i = 0; i < k; i++) next[i] = 0
      for (let r = 0; r < classes; r++) {
        const n = counts[r]!
        if (n === 0) continue
        const from = r === slow ? base : base - stride[r]! * k
        const row = r * k
        let total = delay[r]!
        for (let i = 0; i < k; i++) total += d[row + i]! * (1 + queue[from + i]!)
        const x = n / total
        for (let i = 0; i < k; i++) next[i]! += x * d[row + i]! * (1 + queue[from + i]!)
        if (last) {
          throughput[r] = x
          for (let i = 0; i < k; i++) own[row + i] = x * d[row + i]! * (1 + queue[from + i]!)
        }
      }
      for (let i = 0; i < k; i++) queue[base + i] = next[i]!
      for (let j = 1; j < classes; j++) {
        const r = order[j]!
        if (++counts[r]! <= population[r]!) break
        counts[r] = 0
      }
    }
  }
  const queues = demand.map((row, r) => {
    const out = Array.from(row, (one) => throughput[r]! * one)
    at.forEach((i, j) => {
      out[i] = own[r * k + j]!
    })
    return out
  })
  return { throughput: [...throughput], queue: queues }
}

/**
 * Exact convolution over the lattice: F_i(n) = (|n|!/Π n_r!) Π_r D_ir^{n_r} / Π_{j≤|n|} min(j, c_i); X_r = G(N − e_r)/G(N). All terms positive.
 * Demands are scaled class by class, which scales each X_r and cancels in the queues.
 */
function latticeConvolution({ demand, servers, delay, population }: Prepared): Solved {
  const classes = population.length
  const scale = population.map((_, r) => {
    const most = Math.max(...servers.map((c, i) => (c > 0 ? demand[r]![i]! / c : 0)))
    return most > 0 ? most : Math.max(delay[r]! / Math.max(1, population[r]!), 1e-300)
  })
  const stride = new Int32Array(classes)
  let size = 1
  for (let r = 0; r < classes; r++) {
    stride[r] = size
    size *= population[r]! + 1
  }
  const counts = Array.from({ length: size }, (_, cell) => population.map((n, r) => Math.floor(cell / stride[r]!) % (n + 1)))
  const logFactorial = [0]
  const all = population.reduce((sum, n) => sum + n, 0)
  for (let n = 1; n <= all; n++) logFactorial.push(logFactorial[n - 1]! + Math.log(n))
  const normalise = (values: Float64Array) => {
    const most = values.reduce((largest, value) => Math.max(largest, value), 0)
    return values.map((value) => value / most)
  }
  const factor = (of: (r: number) => number, c: number): Float64Array => {
    const logs = counts.map((n) => {
      const total = n.reduce((sum, one) => sum + one, 0)
      let log = c < 0 ? 0 : logFactorial[total]!
      for (let r = 0; r < classes; r++) {
        if (n[r]! === 0) continue
        const x = of(r)
        if (x === 0) return Number.NEGATIVE_INFINITY
        log += n[r]! * Math.log(x) - logFactorial[n[r]!]!
      }
      if (c > 0) for (let j = 1; j <= total; j++) log -= Math.log(Math.min(j, c))
      return log
    })
    const most = logs.reduce((largest, value) => Math.max(largest, value), Number.NEGATIVE_INFINITY)
    return Float64Array.from(logs, (value) => Math.exp(value - most))
  }
  const convolve = (a: Float64Array, b: Float64Array): Float64Array => {
    const out = new Float64Array(size)
    for (let x = 0; x < size; x++) {
      if (a[x] === 0) continue
      const cx = counts[x]!
      for (let y = 0; x + y < size; y++) {
        const cy = counts[y]!
        let fits = true
        for (let r = 0; r < classes && fits; r++) fits = cx[r]! + cy[r]! <= population[r]!
        if (fits) out[x + y]! += a[x]! * b[y]!
      }
    }
    return normalise(out)
  }
  const stations = servers.flatMap((c, i) => (c > 0 ? [i] : []))
  const factors = stations.map((i) => factor((r) => demand[r]![i]! / scale[r]!, servers[i]!))
  const thinking = factor((r) => delay[r]! / scale[r]!, -1)
  const before = [thinking]
  for (const one of factors) before.push(convolve(before.at(-1)!, one))
  const whole = before.at(-1)!
  const throughput = population.map((n, r) => (n === 0 ? 0 : whole[size - 1 - stride[r]!]! / whole[size - 1]! / scale[r]!))
  const queue = demand.map((row, r) => Array.from(row, (one) => throughput[r]! * one))
  let after: Float64Array | undefined
  for (let k = stations.length - 1; k >= 0; k--) {
    const others = after === undefined ? before[k]! : convolve(before[k]!, after)
    const sums = new Float64Array(classes)
    let total = 0
    for (let x = 0; x < size; x++) {
      const term = factors[k]![x]! * others[size - 1 - x]!
      total += term
      for (let r = 0; r < classes; r++) sums[r]! += counts[x]![r]! * term
    }
    for (let r = 0; r < classes; r++) queue[r]![stations[k]!] = sums[r]! / total
    if (k > 0) after = after === undefined ? factors[k]! : convolve(after, factors[k]!)
  }
  return { throughput, queue }
}

/**
 * Approximate mean values, any population, O(classes² · stations) an iteration. `bard-schweitzer`: the queue that an arriving job of class r finds is that of the full population less
 * 1/N_r of its own class; `linearizer` corrects those shares by solving the populations with one job less, three times. Stations of c servers
 * become one of D/c and a delay of D(c−1)/c (Seidmann). `stopAt`: largest relative change of a queue in the last iteration.
 */
export function approximateClosedClasses(
  network: ClosedClasses,
  method: 'bard-schweitzer' | 'linearizer',
  stopAt = 1e-13,
): ClosedClassesAnswer | Refusal {
  const exactly = prepare(network)
  const several = exactly.servers.some((c) => c > 1)
  const prepared = several ? withoutSeveralServers(exactly) : exactly
  const classes = prepared.population.length
  const stations = prepared.servers.length
  const shift = Array.from({ length: classes }, () => Array.from({ length: classes }, () => new Float64Array(stations)))
  let core = schweitzer(prepared, prepared.population, shift, stopAt)
  if (core === undefined)
    return refuse('not-converged', 'the fixed point of the approximate mean values was not reached', { iterations: 100_000 })
  if (method === 'linearizer')
    for (let round = 0; round < 3; round++) {
      const less: Core[] = []
      for (let j = 0; j < classes; j++) {
        const one =
          prepared.population[j]! > 0
            ? schweitzer(
                prepared,
                prepared.population.map((n, r) => (r === j ? n - 1 : n)),
                shift,
                stopAt,
              )
            : core
        if (one === undefined)
          return refuse('not-converged', 'the fixed point of the approximate mean values was not reached', { round })
        less.push(one)
      }
      // F_ir(N − e_j) − F_ir(N): how the share of class r at station i changes when a job of class j leaves.
      for (let j = 0; j < classes; j++)
        for (let r = 0; r < classes; r++)
          for (let i = 0; i < stations; i++) {
            const n = prepared.population[r]! - (r === j ? 1 : 0)
            const before = prepared.population[r]! > 0 ? core.queue[r]![i]! / prepared.population[r]! : 0
            shift[j]![r]![i] = n > 0 ? less[j]!.queue[r]![i]! / n - before : 0
          }
      const next = schweitzer(prepared, prepared.population, shift, stopAt)
      if (next === undefined)
        return refuse('not-converged', 'the fixed point of the approximate mean values was not reached', { round })
      core = next
    }
  const solved: Solved = {
    throughput: core.throughput,
    queue: exactly.demand.map((row, r) =>
      Array.from(row, (one, i) => {
        const c = exactly.servers[i]!
        const busy = core.throughput[r]! * one
        return c < 0 ? busy : core.queue[r]![i]! + (c > 1 ? (busy * (c - 1)) / c : 0)
      }),
    ),
  }
  const name = method === 'linearizer' ? 'Linearizer' : 'Bard–Schweitzer'
  return finish(network, exactly, solved, `${name} (approximate MVA)`, false, [
    caveat(
      'approximate-mva',
      `${name} instead of the exact recursion${several ? ', stations of several servers by Seidmann’s transformation' : ''}`,
      {
        numbers: { exactSteps: exactSteps(network) },
      },
    ),
  ])
}

function withoutSeveralServers(prepared: Prepared): Prepared {
  const { demand, servers, delay } = prepared
  return {
    ...prepared,
    demand: demand.map((row) => row.map((one, i) => (servers[i]! > 1 ? one / servers[i]! : one))),
    delay: delay.map(
      (z, r) => z + demand[r]!.reduce((sum, one, i) => sum + (servers[i]! > 1 ? (one * (servers[i]! - 1)) / servers[i]! : 0), 0),
    ),
    servers: servers.map((c) => Math.min(c, 1)),
  }
}

interface Core {
  readonly throughput: number[]
  readonly queue: Float64Array[]
}

function schweitzer(
  { demand, servers, delay }: Prepared,
  population: readonly number[],
  shift: readonly (readonly Float64Array[])[],
  stopAt: number,
): Core | undefined {
  const classes = population.length
  const stations = servers.length
  const queueing = servers.map((c) => c > 0)
  const queue = population.map((n) => Float64Array.from(queueing, (is) => (is ? n / stations : 0)))
  const throughput = new Array<number>(classes).fill(0)
  const residence = new Float64Array(stations)
  for (let step = 0; step < 100_000; step++) {
    let move = 0
    const before = queue.map((row) => row.slice())
    for (let r = 0; r < classes; r++) {
      const n = population[r]!
      if (n === 0) {
        queue[r]!.fill(0)
        throughput[r] = 0
        continue
      }
      let total = delay[r]!
      for (let i = 0; i < stations; i++) {
        if (!queueing[i]) continue
        let found = 0
        for (let j = 0; j < classes; j++) {
          const m = population[j]!
          if (m === 0) continue
          // Q_ij(N − e_r) = (N − e_r)_j (F_ij(N) + D_ijr).
          found += (m - (j === r ? 1 : 0)) * (before[j]![i]! / m + shift[r]![j]![i]!)
        }
        residence[i] = demand[r]![i]! * (1 + Math.max(0, found))
        total += residence[i]!
      }
      throughput[r] = n / total
      for (let i = 0; i < stations; i++) {
        if (!queueing[i]) continue
        const value = throughput[r]! * residence[i]!
        if (before[r]![i]! > 0) move = Math.max(move, Math.abs(value / before[r]![i]! - 1))
        queue[r]![i] = value
      }
    }
    if (move < stopAt) return { throughput, queue }
  }
  return undefined
}

function finish(
  network: ClosedClasses,
  { demand, population }: Prepared,
  { throughput, queue }: Solved,
  method: string,
  exact: boolean,
  caveats: readonly Caveat[],
): ClosedClassesAnswer {
  let residual = 0
  const response = throughput.map((x, r) => {
    const inside = queue[r]!.reduce((sum, q) => sum + q, 0)
    if (population[r]! > 0)
      residual = Math.max(residual, Math.abs(inside + x * network.thinkTime[r]! - population[r]!) / population[r]!)
    return x > 0 ? inside / x : demand[r]!.reduce((sum, d) => sum + d, 0)
  })
  const servers = network.servers
  return {
    throughput,
    response,
    utilisation: demand.map((row, r) => Array.from(row, (d, i) => (throughput[r]! * d) / Math.max(1, servers?.[i] ?? 1))),
    queue,
    exact,
    method,
    residual,
    caveats,
  }
}
