/** Marked arrivals across classes: what is drawn against the process’s own formulas, what is predicted against the MMAP/PH/1. */
import { describe, expect, it } from 'vitest'
import { isRefusal, type Scenario, validate, withLoadFactor } from '../../src/model/index.js'
import {
  markedArrivalRates,
  markedArrivals,
  markedDispersion,
  markedJointMoment,
  markTransition,
  streamOf,
} from '../../src/num/index.js'
import { analyticPredictor } from '../../src/queueing/index.js'
import { type CompiledScenario, compileScenario, drawJobs, simulateScenario } from '../../src/simulate/index.js'

/** Two moods that last about 100 s and 50 s: in the first mostly `small`, in the second mostly `large` jobs; class by class bursty. */
const d0 = [
  [-1.01, 0.01],
  [0.02, -0.52],
]
const small = [
  [0.9, 0],
  [0, 0.1],
]
const large = [
  [0.1, 0],
  [0, 0.4],
]
const process = markedArrivals(d0, [small, large])

function scenario(change: { arrivals?: object; policy?: object; work?: object; classes?: object[] } = {}): unknown {
  const jobClass = (name: string, priority: number, meanSeconds: number) => ({
    name,
    priority,
    arrival: { kind: 'marked' },
    work: { kind: 'gang', slots: 1, runTime: { kind: 'exponential', meanSeconds } },
  })
  return {
    schema: 'halftone/scenario/1',
    name: 'marked',
    workload: {
      schema: 'halftone/workload/1',
      name: 'two moods',
      arrivals: { kind: 'marked-map', d0, d1: { small, large }, ...change.arrivals },
      classes: change.classes ?? [jobClass('large', 1, 0.8), jobClass('small', 2, 0.6)],
    },
    cluster: { schema: 'halftone/cluster/1', name: 'one', nodes: [{ name: 'n', count: 1, slots: 1 }] },
    policy: { schema: 'halftone/policy/1', name: 'p', discipline: 'priority-nonpreemptive', ...change.policy },
  }
}

function read(value: unknown): Scenario {
  const found = validate('scenario', value)
  if (!found.ok) throw new Error(JSON.stringify(found.issues))
  return found.value
}

function drawn(count: number, seed: number, value = scenario()) {
  const compiled = compileScenario(read(value)) as CompiledScenario
  if (isRefusal(compiled)) throw new Error(compiled.message)
  return { compiled, jobs: drawJobs(compiled, seed, 0, count) }
}

describe('marked arrivals', () => {
  const { compiled, jobs } = drawn(400_000, 5)
  const span = jobs.arrival[jobs.count - 1]
  // in the scenario the large class comes first, in the process the small one
  const markOf = (job: number): number => (jobs.classIndex[job] === 0 ? 1 : 0)

  it('come at the rates of the process', () => {
    const [ofSmall, ofLarge] = markedArrivalRates(process)
    expect(compiled.classes.map(({ rate }) => rate)).toEqual([ofLarge, ofSmall])
    const counts = [0, 0]
    for (let i = 0; i < jobs.count; i++) counts[markOf(i)]++
    // counts of a bursty process: Var ≈ I · mean, I the index of dispersion
    for (const [mark, rate] of [ofSmall, ofLarge].entries()) {
      const error = Math.sqrt((markedDispersion(process, mark, Number.POSITIVE_INFINITY) * rate) / span)
      expect(Math.abs(counts[mark] / span - rate)).toBeLessThan(4 * error)
    }
  })

  it('follow one another as the process says: class after class, one and five arrivals later', () => {
    for (const lag of [1, 5]) {
      const pairs = [
        [0, 0],
        [0, 0],
      ]
      for (let i = 0; i + lag < jobs.count; i++) pairs[markOf(i)][markOf(i + lag)]++
      for (const first of [0, 1]) {
        const all = pairs[first][0] + pairs[first][1]
        for (const second of [0, 1])
          expect(Math.abs(pairs[first][second] / all - markTransition(process, first, second, lag))).toBeLessThan(0.012)
      }
    }
    // which is not what independent classes would do
    const [ofSmall, ofLarge] = markedArrivalRates(process)
    expect(Math.abs(markTransition(process, 0, 1) - ofLarge / (ofSmall + ofLarge))).toBeGreaterThan(0.08)
  })

  it('gaps of one class: mean product of neighbours, and the dispersion of counts in windows', () => {
    for (const mark of [0, 1]) {
      const times = [...jobs.arrival].filter((_, i) => markOf(i) === mark)
      const gaps = times.slice(1).map((time, i) => time - times[i])
      let products = 0
      for (let i = 0; i + 1 < gaps.length; i++) products += gaps[i] * gaps[i + 1]
      const wanted = markedJointMoment(process, mark, 1, 1, 1)
      expect(Math.abs(products / (gaps.length - 1) / wanted - 1)).toBeLessThan(0.08)
      const window = 60
      const counts = new Array<number>(Math.floor(span / window)).fill(0)
      for (const time of times) if (time < counts.length * window) counts[Math.floor(time / window)]++
      const mean = counts.reduce((a, b) => a + b, 0) / counts.length
      const variance = counts.reduce((sum, n) => sum + (n - mean) ** 2, 0) / (counts.length - 1)
      expect(Math.abs(variance / mean / markedDispersion(process, mark, window) - 1)).toBeLessThan(0.08)
    }
  })

  it('counts of the two classes in windows go against each other as their processes say', () => {
    // Var(all) = Var(small) + Var(large) + 2 Cov, each by its own formula
    const window = 60
    const [ofSmall, ofLarge] = markedArrivalRates(process)
    const all = { D0: d0, D: [small.map((row, i) => row.map((x, j) => x + large[i][j]))] }
    const variance = (of: typeof all, mark: number, rate: number) => markedDispersion(of, mark, window) * rate * window
    const wanted =
      (variance(all, 0, ofSmall + ofLarge) -
        variance(process as typeof all, 0, ofSmall) -
        variance(process as typeof all, 1, ofLarge)) /
      2
    const windows = Math.floor(span / window)
    const counts = [new Float64Array(windows), new Float64Array(windows)]
    for (let i = 0; i < jobs.count; i++) {
      const w = Math.floor(jobs.arrival[i] / window)
      if (w < windows) counts[markOf(i)][w]++
    }
    const means = counts.map((column) => column.reduce((a, b) => a + b, 0) / windows)
    let sum = 0
    for (let w = 0; w < windows; w++) sum += (counts[0][w] - means[0]) * (counts[1][w] - means[1])
    expect(wanted).toBeLessThan(-50)
    expect(Math.abs(sum / windows / wanted - 1)).toBeLessThan(0.08)
  })

  it('are the same whatever the policy, however many are drawn, and in whatever order the classes are named', () => {
    const value = scenario() as { workload: { classes: object[] } }
    const turned = { ...value, workload: { ...value.workload, classes: [...value.workload.classes].reverse() } }
    const other = drawn(3000, 5, turned).jobs
    expect([...other.arrival]).toEqual([...jobs.arrival.slice(0, 3000)])
    expect([...other.classIndex]).toEqual([...jobs.classIndex.slice(0, 3000)].map((k) => 1 - k))
  })

  it.each(['fcfs', 'priority-nonpreemptive', 'priority-preemptive-resume'])(
    '%s: the simulated means are those of the MMAP/PH/1',
    (discipline) => {
      const asked = read(scenario({ policy: { discipline } }))
      const exact = analyticPredictor.predict(asked, { seed: 0 })
      const simulated = simulateScenario(asked, { seed: 3, precision: 0.03 })
      if (isRefusal(exact)) throw new Error(exact.message)
      if (isRefusal(simulated)) throw new Error(simulated.message)
      exact.classes.forEach(({ response, throughputPerSecond }, k) => {
        const { value, high } = simulated.classes[k].response.mean
        expect(Math.abs(value - response.mean.value)).toBeLessThan(2 * (high - value))
        expect(high - value).toBeLessThan(0.05 * value)
        const tail = simulated.classes[k].response.p95!
        expect(Math.abs(tail.value - response.p95!.value)).toBeLessThan(2.5 * (tail.high - tail.value))
        expect(throughputPerSecond.value).toBeCloseTo(streamRate(k), 12)
      })
    },
  )

  function streamRate(k: number): number {
    return markedArrivalRates({ D0: streamOf(process, 1 - k).D0, D: [streamOf(process, 1 - k).D1] })[0]
  }

  it('twice the load is twice as often', () => {
    const { scenario: twice } = withLoadFactor(read(scenario()), 2)
    const compiled2 = compileScenario(twice) as CompiledScenario
    expect(compiled2.classes.map(({ rate }) => rate)).toEqual(compiled.classes.map(({ rate }) => 2 * rate))
  })

  it('no formula: several servers, other arrivals beside, equal priorities beside others', () => {
    const value = scenario() as { workload: { classes: { arrival: object; priority: number; name: string }[] }; cluster: object }
    const reason = (changed: unknown) => {
      const refused = analyticPredictor.predict(read(changed), { seed: 0 })
      return isRefusal(refused) ? refused.message : 'none'
    }
    const [first, second] = value.workload.classes
    const cluster = { schema: 'halftone/cluster/1', name: 'two', nodes: [{ name: 'n', count: 2, slots: 1 }] }
    expect(reason({ ...value, cluster })).toContain('several servers')
    const third = { ...first, name: 'third', arrival: { kind: 'poisson', ratePerSecond: 0.01 } }
    expect(reason({ ...value, workload: { ...value.workload, classes: [first, second, third] } })).toContain('beside others')
    const process3 = { kind: 'marked-map', d0: [[-0.3]], d1: { large: [[0.1]], small: [[0.1]], third: [[0.1]] } }
    const marked = { ...third, priority: 2, arrival: { kind: 'marked' } }
    expect(reason({ ...value, workload: { ...value.workload, arrivals: process3, classes: [first, second, marked] } })).toContain(
      'equal priority',
    )
  })
})

describe('issues of a marked process', () => {
  const issues = (value: unknown): string[] => {
    const found = validate('scenario', value)
    return found.ok ? [] : found.issues.map(({ code, place }) => `${code} ${place}`)
  }
  const value = scenario() as { workload: { classes: { name: string; arrival: object }[] } }

  it('none in one that is whole', () => expect(issues(value)).toEqual([]))

  it('classes without a process, a class that no move brings, a move for no class', () => {
    const { arrivals: _, ...without } = value.workload as { arrivals?: object }
    expect(issues({ ...value, workload: without })).toEqual([
      'missing-process workload.classes[0].arrival',
      'missing-process workload.classes[1].arrival',
    ])
    const none = [
      [0, 0],
      [0, 0],
    ]
    expect(issues(scenario({ arrivals: { d1: { small: none, large } } }))).toContain('no-arrivals workload.arrivals.d1.small')
    const own = value.workload.classes.map((one, i) =>
      i === 1 ? { ...one, arrival: { kind: 'poisson', ratePerSecond: 1 } } : one,
    )
    expect(issues({ ...value, workload: { ...value.workload, classes: own } })).toEqual([
      'unknown-class workload.arrivals.d1.small',
    ])
  })

  it('matrices that do not fit, rates below 0, rows that do not sum to 0', () => {
    expect(issues(scenario({ arrivals: { d1: { small: [[0.9, 0]], large } } }))).toContain(
      'wrong-shape workload.arrivals.d1.small',
    )
    const below = [
      [0.2, -0.1],
      [0, 0.4],
    ]
    expect(issues(scenario({ arrivals: { d1: { small, large: below } } }))).toContain(
      'not-a-generator workload.arrivals.d1.large[0][1]',
    )
    expect(issues(scenario({ arrivals: { d1: { small, large: small } } }))).toEqual([
      'not-a-generator workload.arrivals.d0[0]',
      'not-a-generator workload.arrivals.d0[1]',
    ])
  })
})
