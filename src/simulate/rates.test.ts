import { describe, expect, it } from 'vitest'
import { isRefusal, type Prediction, type Refusal, validate } from '../model/index.js'
import { fcfs } from './disciplines/index.js'
import { Engine, type RunJobs } from './engine.js'
import { SlotPool } from './pool.js'
import { simulateScenario } from './predictor.js'
import { fairFactors } from './rates.js'

const jobs = (arrival: number[], size: number[], slots: number[], classIndex: number[]): RunJobs => ({
  count: arrival.length,
  arrival: Float64Array.from(arrival),
  size: Float64Array.from(size),
  slots: Int32Array.from(slots),
  classIndex: Uint16Array.from(classIndex),
})

describe('interference', () => {
  it('plays out by hand: who shares a node slows down, for as long as the neighbour is there', () => {
    // one node of 4: a (class 0) alone 0–2, at half speed beside b 2–6 while b goes at 0.8, then alone again
    const engine = new Engine({
      jobs: jobs([0, 2, 2], [10, 3.2, 5], [2, 2, 4], [0, 1, 0]),
      rule: fcfs,
      owners: 2,
      classPriority: Int32Array.of(1, 1),
      pool: new SlotPool('packed', [{ nodes: 2, slots: 4, speed: 1 }], 3),
      rates: { classes: 2, beside: Float64Array.of(1, 0.5, 0.8, 1), bytesPerSecond: Number.POSITIVE_INFINITY },
    })
    engine.run()
    // a: 2 + 4 · 0.5 = 4 done at 6, 6 more alone → 12; b: 3.2 / 0.8 = 4 → ends at 6; the third has the other node to itself
    expect(engine.response[0]).toBeCloseTo(12, 9)
    expect(engine.response[1]).toBeCloseTo(4, 9)
    expect(engine.response[2]).toBeCloseTo(5, 9)
  })
})

describe('shared storage', () => {
  it('is shared max-min fairly', () => {
    const out = new Float64Array(3)
    // 10 in all; asks: 2 × 1, 1 × 4, 1 × 8: the first get theirs, then 8 for two: 4 and 4
    fairFactors(Float64Array.of(1, 4, 8), Int32Array.of(2, 1, 1), 10, out)
    expect([...out]).toEqual([1, 1, 0.5])
    fairFactors(Float64Array.of(1, 4, 8), Int32Array.of(2, 0, 0), 10, out)
    expect([...out]).toEqual([1, 1, 1])
  })

  it('two readers that together ask for twice what there is each go at half speed', () => {
    const engine = new Engine({
      jobs: jobs([0, 4], [10, 3], [1, 1], [0, 0]),
      rule: fcfs,
      owners: 1,
      classPriority: Int32Array.of(1),
      pool: new SlotPool('count', [{ nodes: 1, slots: 4, speed: 1 }], 2),
      rates: { classes: 1, demand: Float64Array.of(100), bytesPerSecond: 100 },
    })
    engine.run()
    // 4 alone; both at half until the second is done at 4 + 6 = 10, when the first has 3 left
    expect(engine.response[1]).toBeCloseTo(6, 9)
    expect(engine.response[0]).toBeCloseTo(13, 9)
  })

  const ask = (cacheBytes: number, bytesPerSecond = 50): Prediction | Refusal => {
    const read = validate('scenario', {
      schema: 'halftone/scenario/1',
      name: 's',
      workload: {
        schema: 'halftone/workload/1',
        name: 'w',
        classes: [
          {
            name: 'read',
            priority: 1,
            arrival: { kind: 'poisson', ratePerSecond: 0.8 },
            work: { kind: 'gang', slots: 1, runTime: { kind: 'exponential', meanSeconds: 1 } },
            data: { bytes: 1000, bytesPerSecond: 50 },
          },
        ],
      },
      cluster: {
        schema: 'halftone/cluster/1',
        name: 'c',
        nodes: [{ name: 'n', count: 1, slots: 100 }],
        storage: { bytesPerSecond, cacheBytes },
      },
      policy: { schema: 'halftone/policy/1', name: 'p', discipline: 'fcfs' },
    })
    if (!read.ok) throw new Error(JSON.stringify(read.issues))
    return simulateScenario(read.value, { seed: 1, replications: 30, jobsPerReplication: 20_000 })
  }

  it('with room for all and bandwidth for one it is processor sharing: mean response E[S]/(1 − ρ)', () => {
    const answer = ask(0)
    if (isRefusal(answer)) throw new Error(answer.message)
    const { value, high } = answer.classes[0].response.mean
    expect(Math.abs(value - 5)).toBeLessThan(1.8 * (high - value))
    expect(high - value).toBeLessThan(0.15)
  })

  it('a data set in the cache costs no bandwidth; a storage that cannot feed the load is unstable', () => {
    const cached = ask(1000)
    if (isRefusal(cached)) throw new Error(cached.message)
    expect(cached.classes[0].response.mean.value).toBeCloseTo(1, 1)
    const read = ask(500)
    if (isRefusal(read)) throw new Error(read.message)
    expect(read.classes[0].response.mean.value).toBeLessThan(2)
    // 0.8 jobs a second read 40 bytes a second
    expect(ask(0, 39)).toMatchObject({ kind: 'refusal', code: 'unstable' })
  })
})
