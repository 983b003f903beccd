/**
 * Closed networks beside naive implementations of the same recursions in the same run: exact MVA of 3 classes × 10 jobs at 5 stations (aim below 5 ms), 3 classes at 4 stations, one class
 * of 10,000 jobs, and a network with multi-server stations.
 */
import { approximateClosedClasses, type ClosedClasses, closedClasses, closedNetwork } from 'halftone/queueing'
import { save } from '../save.js'
import { medianMs } from '../timing.js'

/** Exact MVA as the textbook writes it: a recursive function of the population, remembered by its text. */
function naiveMva(network: ClosedClasses): number[] {
  const { serviceTimes, visits, population, thinkTime } = network
  const stations = serviceTimes[0]!.length
  const seen = new Map<string, number[]>()
  let last: number[] = []
  const queue = (n: readonly number[]): number[] => {
    const key = n.join()
    const found = seen.get(key)
    if (found !== undefined) return found
    const total = new Array<number>(stations).fill(0)
    const throughput = n.map((jobs, r) => {
      if (jobs === 0) return 0
      const before = queue(n.map((value, j) => (j === r ? value - 1 : value)))
      const residence = before.map((q, i) => serviceTimes[r]![i]! * visits[r]![i]! * (1 + q))
      const x = jobs / (thinkTime[r]! + residence.reduce((sum, time) => sum + time, 0))
      residence.forEach((time, i) => {
        total[i]! += x * time
      })
      return x
    })
    seen.set(key, total)
    last = throughput
    return total
  }
  queue(population)
  return last
}

/** One class, multi-server stations by their marginal probabilities, as the textbook writes it. */
function naiveSingle(serviceTimes: number[], visits: number[], servers: number[], thinkTime: number, population: number): number {
  let p = serviceTimes.map(() => [1])
  let throughput = 0
  for (let n = 1; n <= population; n++) {
    const residence = serviceTimes.map((time, i) => {
      let sum = 0
      for (let j = 1; j <= n; j++) sum += (j / Math.min(j, servers[i]!)) * p[i]![j - 1]!
      return time * visits[i]! * sum
    })
    throughput = n / (thinkTime + residence.reduce((sum, time) => sum + time, 0))
    p = p.map((before, i) => {
      const next = [0]
      for (let j = 1; j <= n; j++)
        next.push((throughput * serviceTimes[i]! * visits[i]! * before[j - 1]!) / Math.min(j, servers[i]!))
      next[0] = 1 - next.reduce((sum, value) => sum + value, 0)
      return next
    })
  }
  return throughput
}

const rows: Record<string, unknown>[] = []
function row(name: string, ours: number, naive: number | undefined, gap: number): void {
  rows.push({ name, oursMs: ours, ...(naive === undefined ? {} : { naiveMs: naive }), gap })
  process.stdout.write(
    `${name.padEnd(70)} ${ours.toFixed(3).padStart(9)} ${(naive === undefined ? '-' : naive.toFixed(2)).padStart(10)} ${(naive === undefined ? '-' : (naive / ours).toFixed(0)).padStart(7)}   ${gap.toExponential(1)}\n`,
  )
}

const classes = (stations: number, population: number[]): ClosedClasses => ({
  serviceTimes: population.map((_, r) => Array.from({ length: stations }, (_, i) => 0.01 * (1 + ((3 * r + 5 * i) % 7)))),
  visits: population.map((_, r) => Array.from({ length: stations }, (_, i) => 1 + ((r + i) % 3))),
  population,
  thinkTime: population.map((_, r) => 1 + r),
})

process.stdout.write(
  'network                                                                  ours ms   naive ms   ratio   gap of throughput\n',
)
for (const [name, network] of [
  ['exact MVA, 3 classes × 10 jobs, 5 stations', classes(5, [10, 10, 10])],
  ['exact MVA, 3 classes × 10 jobs, 4 stations', classes(4, [10, 10, 10])],
  ['exact MVA, 3 classes × 30 jobs, 4 stations', classes(4, [30, 30, 30])],
] as const) {
  const answer = closedClasses(network)
  if ('kind' in answer) throw new Error(answer.message)
  const slow = naiveMva(network)
  const gap = Math.max(...answer.throughput.map((x, r) => Math.abs(x / slow[r]! - 1)))
  row(
    name,
    medianMs(() => closedClasses(network), 40),
    medianMs(() => naiveMva(network), 5),
    gap,
  )
}
{
  const network = classes(5, [10, 10, 10])
  const exact = closedClasses(network)
  for (const method of ['linearizer', 'bard-schweitzer'] as const) {
    const answer = approximateClosedClasses(network, method)
    if ('kind' in answer || 'kind' in exact) throw new Error('expected answers')
    const gap = Math.max(...answer.throughput.map((x, r) => Math.abs(x / exact.throughput[r]! - 1)))
    row(
      `${method}, 3 classes × 10 jobs, 5 stations (gap to exact)`,
      medianMs(() => approximateClosedClasses(network, method), 40),
      undefined,
      gap,
    )
  }
}
for (const [name, servers, population, runs] of [
  ['one class, 10,000 jobs, 3 single servers', [1, 1, 1], 10_000, 3],
  ['one class, 1,000 jobs, servers 1, 4, 2', [1, 4, 2], 1_000, 5],
] as const) {
  const serviceTimes = [0.4, 0.6, 0.2]
  const visits = [1, 0.7, 2]
  const solve = () => closedNetwork({ serviceTimes, visits, servers: [...servers], thinkTime: 5, population })
  const answer = solve()
  if ('kind' in answer) throw new Error(answer.message)
  // The naive recursion on marginal probabilities takes the square of the population: a tenth of it for the large one.
  const small = population > 5_000 ? population / 10 : population
  const slow = naiveSingle(serviceTimes, visits, [...servers], 5, small)
  const naive = medianMs(() => naiveSingle(serviceTimes, visits, [...servers], 5, small), runs)
  row(
    small === population ? name : `${name} (naive: a tenth of the jobs)`,
    medianMs(solve, 15),
    naive,
    Math.abs(answer.throughput / slow - 1),
  )
}
save('kernels/closed-networks', rows)
