import { describe, expect, it } from 'vitest'
import { type ClosedNetwork, simulateClosedNetwork } from './closedNetwork.js'

const exponential = (meanSeconds: number) => ({ kind: 'exponential', meanSeconds }) as const

/** Exact mean value analysis (Reiser and Lavenberg 1980) of single servers and delays, one visit each a round: X(N) and the mean numbers. */
function meanValues(demands: readonly number[], delay: readonly boolean[], population: number): { x: number; numbers: number[] } {
  let numbers = demands.map(() => 0)
  let x = 0
  for (let n = 1; n <= population; n++) {
    const times = demands.map((d, i) => (delay[i] ? d : d * (1 + numbers[i])))
    x = n / times.reduce((a, b) => a + b, 0)
    numbers = times.map((time) => x * time)
  }
  return { x, numbers }
}

describe('closed networks', () => {
  it.each([
    ['balanced: X = N / (N + M − 1) / D', [1, 1, 1], [false, false, false], 6],
    ['one bottleneck and thinking', [4, 1, 0.5], [true, false, false], 8],
  ] as const)('%s', (_name, demands, delay, population) => {
    const network: ClosedNetwork = {
      jobs: population,
      stations: demands.map((d, i) => ({ servers: delay[i] ? population : 1, service: exponential(d) })),
      routing: demands.map((_, i) => demands.map((__, j) => (j === (i + 1) % demands.length ? 1 : 0))),
    }
    const { x, numbers } = meanValues(demands, delay, population)
    if (delay.every((one) => !one)) expect(x).toBeCloseTo(population / (population + 2), 12)
    const runs = Array.from({ length: 10 }, (_, seed) =>
      simulateClosedNetwork(network, { seed, departures: 90_000, warmUp: 3000 }),
    )
    demands.forEach((demand, i) => {
      const through = runs.map((run) => run[i].throughputPerSecond)
      const mean = through.reduce((a, b) => a + b, 0) / 10
      const error = Math.sqrt(through.reduce((sum, one) => sum + (one - mean) ** 2, 0) / 9 / 10)
      // t₉ at 99.9 % is 4.78
      expect(Math.abs(mean - x)).toBeLessThan(4.78 * error)
      expect(4.78 * error).toBeLessThan(0.02 * x)
      const number = runs.reduce((sum, run) => sum + run[i].meanNumber, 0) / 10
      expect(Math.abs(number - numbers[i])).toBeLessThan(0.05 * population)
      // Little’s law for the servers: busy = X · E[S], within the same error
      expect(Math.abs(runs.reduce((sum, run) => sum + run[i].meanBusy, 0) / 10 - x * demand)).toBeLessThan(0.03 * population)
    })
    for (const run of runs) expect(run.reduce((sum, one) => sum + one.meanNumber, 0)).toBeCloseTo(population, 9)
  })
})
