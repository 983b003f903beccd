/** Queues with known answers: intervals that contain the theory and are narrow. */
import { describe, expect, it } from 'vitest'
import { isRefusal, type Law, type Policy, type Prediction, validate } from '../../src/model/index.js'
import { Rng } from '../../src/num/index.js'
import { forkJoin, type SimulateOptions, simulateScenario } from '../../src/simulate/index.js'

interface Station {
  readonly classes: readonly { readonly rate: number; readonly service: Law }[]
  readonly slots?: number
  readonly discipline?: Policy['discipline']
}

function run({ classes, slots = 1, discipline = 'fcfs' }: Station, options: Partial<SimulateOptions> = {}): Prediction {
  const read = validate('scenario', {
    schema: 'halftone/scenario/1',
    name: 'station',
    workload: {
      schema: 'halftone/workload/1',
      name: 'station',
      classes: classes.map(({ rate, service }, k) => ({
        name: `class ${k + 1}`,
        priority: k + 1,
        arrival: { kind: 'poisson', ratePerSecond: rate },
        work: { kind: 'gang', slots: 1, runTime: service },
      })),
    },
    cluster: { schema: 'halftone/cluster/1', name: 'c', nodes: [{ name: 'n', count: 1, slots }] },
    policy: { schema: 'halftone/policy/1', name: 'p', discipline },
  })
  if (!read.ok) throw new Error(JSON.stringify(read.issues))
  const answer = simulateScenario(read.value, { seed: 1, replications: 40, jobsPerReplication: 30_000, ...options })
  if (isRefusal(answer)) throw new Error(answer.message)
  return answer
}

/** Inside the 99.9 % interval (40 replications: t from 2.02 to 3.56), which is within so much of the value. */
function contains(estimate: { value: number; high: number } | undefined, theory: number, narrow: number): void {
  const { value, high } = estimate!
  const halfWidth = 1.76 * (high - value)
  expect(Math.abs(value - theory)).toBeLessThanOrEqual(halfWidth)
  expect(halfWidth).toBeLessThan(narrow * theory)
}

const exponential = (meanSeconds: number): Law => ({ kind: 'exponential', meanSeconds })

describe('M/M/1 at 0.8', () => {
  it('response is exponential with mean 1/(μ − λ) = 5', () => {
    const { classes, cluster } = run({ classes: [{ rate: 0.8, service: exponential(1) }] })
    contains(classes[0].response.mean, 5, 0.03)
    contains(classes[0].response.p50, 5 * Math.LN2, 0.03)
    contains(classes[0].response.p95, 5 * Math.log(20), 0.05)
    contains(classes[0].response.p99, 5 * Math.log(100), 0.08)
    contains(classes[0].wait.mean, 4, 0.04)
    contains(cluster.utilisation, 0.8, 0.01)
  })
})

describe('M/M/16 at 0.9', () => {
  it('waits by Erlang C', () => {
    const [c, a] = [16, 14.4]
    // B(0) = 1, B(k) = a B(k−1) / (k + a B(k−1)); C = B / (1 − ρ (1 − B))
    let b = 1
    for (let k = 1; k <= c; k++) b = (a * b) / (k + a * b)
    const waits = b / (1 - (a / c) * (1 - b))
    contains(
      run({ classes: [{ rate: a, service: exponential(1) }], slots: c }, { jobsPerReplication: 150_000 }).classes[0].wait.mean,
      waits / (c - a),
      0.06,
    )
  })
})

describe('M/G/1 with two classes', () => {
  const service: Law[] = [
    { kind: 'erlang', shape: 2, meanSeconds: 1 },
    {
      kind: 'hyper-erlang',
      branches: [
        { probability: 0.4, shape: 1, ratePerSecond: 0.4 },
        { probability: 0.6, shape: 1, ratePerSecond: 2 },
      ],
    },
  ]
  const rates = [0.3, 0.35]
  // E[S] = 1 and 0.4/0.4 + 0.6/2 = 1.3; E[S²] = 1.5 and 2(0.4/0.16 + 0.6/4) = 5.3
  const mean = [1, 1.3]
  const second = [1.5, 5.3]
  const residual = (rates[0] * second[0] + rates[1] * second[1]) / 2
  const [r1, r2] = [rates[0] * mean[0], rates[0] * mean[0] + rates[1] * mean[1]]
  const classes = rates.map((rate, k) => ({ rate, service: service[k] }))

  it('first come first served: Pollaczek and Khinchine', () => {
    const answer = run({ classes })
    for (const one of answer.classes) contains(one.wait.mean, residual / (1 - r2), 0.06)
  })

  it('non-preemptive: Cobham', () => {
    const answer = run({ classes, discipline: 'priority-nonpreemptive' })
    contains(answer.classes[0].wait.mean, residual / (1 - r1), 0.05)
    contains(answer.classes[1].wait.mean, residual / ((1 - r1) * (1 - r2)), 0.06)
  })

  it('preemptive resume: W = R_k / ((1 − ρ_{k−1})(1 − ρ_k)) and the service stretched by 1/(1 − ρ_{k−1})', () => {
    const answer = run({ classes, discipline: 'priority-preemptive-resume' })
    contains(answer.classes[0].response.mean, mean[0] + (rates[0] * second[0]) / 2 / (1 - r1), 0.05)
    contains(answer.classes[1].response.mean, mean[1] / (1 - r1) + residual / ((1 - r1) * (1 - r2)), 0.06)
  })

  it('the sum of ρ W is the same for every order that interrupts nobody and looks at no size (Kleinrock)', () => {
    const sums = (['fcfs', 'priority-nonpreemptive', 'fair-share'] as const).map((discipline) => {
      const { classes: found } = run({ classes, discipline })
      return found.reduce((sum, one, k) => sum + rates[k] * mean[k] * one.wait.mean.value, 0)
    })
    // residual · ρ / (1 − ρ), within the sampling error of 1.2 M jobs (about 2 %)
    for (const sum of sums) expect(Math.abs(sum / ((residual * r2) / (1 - r2)) - 1)).toBeLessThan(0.04)
  })
})

describe('M/M/1 by size, at 0.8', () => {
  const rate = 0.8
  const load = (x: number) => rate * (1 - (x + 1) * Math.exp(-x)) // λ ∫₀ˣ t e^(−t) dt
  const square = (x: number) => rate * (2 - (x * x + 2 * x + 2) * Math.exp(-x)) // λ ∫₀ˣ t² e^(−t) dt
  const integrate = (f: (x: number) => number, high: number, n: number): number => {
    const h = high / n
    let sum = 0
    for (let i = 0; i < n; i++) sum += f((i + 0.5) * h)
    return sum * h
  }

  it('shortest remaining first: Schrage and Miller (1966)', () => {
    // running integral of 1/(1 − ρ(t)) on a grid, then the mean over sizes
    const h = 0.002
    let residence = 0
    let mean = 0
    for (let x = h / 2; x < 40; x += h) {
      residence += h / (1 - load(x))
      const wait = (square(x) + rate * x * x * Math.exp(-x)) / 2 / (1 - load(x)) ** 2
      mean += h * Math.exp(-x) * (wait + residence)
    }
    contains(run({ classes: [{ rate, service: exponential(1) }], discipline: 'srtf' }).classes[0].response.mean, mean, 0.03)
  })

  it('shortest job first: Phipps (1956)', () => {
    const mean = 1 + integrate((x) => (Math.exp(-x) * rate) / (1 - load(x)) ** 2, 40, 20_000)
    contains(run({ classes: [{ rate, service: exponential(1) }], discipline: 'sjf' }).classes[0].response.mean, mean, 0.04)
  })
})

describe('M/G/∞', () => {
  it('nobody waits, and utilisation × slots is λ E[S] whatever the law', () => {
    const law: Law = { kind: 'bounded-pareto', shape: 1.5, lowSeconds: 1, highSeconds: 100 }
    // E[S] = a/(1 − (l/h)^a) · (l^a h^(1−a) − l)/(1 − a)
    const mean = (1.5 / (1 - 0.001)) * ((100 ** -0.5 - 1) / -0.5)
    const { classes, cluster } = run(
      { classes: [{ rate: 2, service: law }], slots: 100 },
      { replications: 40, jobsPerReplication: 10_000 },
    )
    expect(classes[0].wait.mean.value).toBe(0)
    contains(classes[0].response.mean, mean, 0.02)
    contains(cluster.utilisation, (2 * mean) / 100, 0.03)
  })
})

describe('fork-join of two M/M/1', () => {
  it('mean response (12 − ρ)/8 · 1/(μ − λ): Flatto and Hahn (1984)', () => {
    const rho = 0.7
    const n = 60_000
    const means = Array.from({ length: 30 }, (_, r) => {
      const rng = new Rng(r, 'fork-join')
      const arrival = new Float64Array(n)
      let now = 0
      for (let i = 0; i < n; i++) arrival[i] = now += rng.exponential() / rho
      const tasks = Float64Array.from({ length: 2 * n }, () => rng.exponential())
      const response = forkJoin(arrival, tasks, 2).subarray(2000)
      return response.reduce((sum, x) => sum + x, 0) / response.length
    })
    const mean = means.reduce((a, b) => a + b, 0) / 30
    const error = Math.sqrt(means.reduce((sum, x) => sum + (x - mean) ** 2, 0) / 29 / 30)
    const theory = (12 - rho) / 8 / (1 - rho)
    expect(Math.abs(mean - theory)).toBeLessThan(3.66 * error) // t₂₉ at 99.9 %
    expect(3.66 * error).toBeLessThan(0.03 * theory)
  })
})

describe('correlated arrivals', () => {
  it('a MAP of one phase is Poisson; an on-off MAP waits longer at the same rate', () => {
    const wait = (arrival: object): number => {
      const read = validate('scenario', {
        schema: 'halftone/scenario/1',
        name: 'map',
        workload: {
          schema: 'halftone/workload/1',
          name: 'map',
          classes: [{ name: 'a', priority: 1, arrival, work: { kind: 'gang', slots: 1, runTime: exponential(1) } }],
        },
        cluster: { schema: 'halftone/cluster/1', name: 'c', nodes: [{ name: 'n', count: 1, slots: 1 }] },
        policy: { schema: 'halftone/policy/1', name: 'p', discipline: 'fcfs' },
      })
      if (!read.ok) throw new Error(JSON.stringify(read.issues))
      const answer = simulateScenario(read.value, { seed: 5, replications: 40, jobsPerReplication: 20_000 })
      if (isRefusal(answer)) throw new Error(answer.message)
      expect(answer.classes[0].arrivalsPerSecond).toBeCloseTo(0.5, 9)
      return answer.classes[0].wait.mean.value
    }
    // M/M/1 at 0.5: wait 1; 800,000 jobs know it to about 1 %
    expect(Math.abs(wait({ kind: 'map', d0: [[-0.5]], d1: [[0.5]] }) - 1)).toBeLessThan(0.04)
    // on (rate 1) and off, both for 10 s on average: a mean rate of 0.5
    expect(
      wait({
        kind: 'map',
        d0: [
          [-1.1, 0.1],
          [0.1, -0.1],
        ],
        d1: [
          [1, 0],
          [0, 0],
        ],
      }),
    ).toBeGreaterThan(2)
    // time of day: the mean rate counts, and swings cost waiting
    expect(wait({ kind: 'time-of-day', ratePerSecond: [0.9, 0.1], periodSeconds: 2000 })).toBeGreaterThan(1.5)
  })
})
