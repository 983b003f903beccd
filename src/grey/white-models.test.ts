import { describe, expect, it } from 'vitest'
import { type Samples, tableOf } from '../learn/index.js'
import { isRefusal } from '../model/index.js'
import { Rng } from '../num/index.js'
import { calibrate } from './calibrate.js'
import { openQueueModel } from './open-queue.js'
import { perGroup } from './per-group.js'
import { clockModel, powerCapModel } from './power.js'
import { stepTimeModel } from './throughput.js'

describe('stepTimeModel', () => {
  it('on one GPU a step is compute alone; with γ = 1 nothing overlaps; with γ = 10 the longer of the two nearly decides', () => {
    const white = stepTimeModel('linear')
    const at = (gamma: number, nodes: number, gpus: number): number =>
      white.predict(
        tableOf({ nodes: [nodes], gpus: [gpus], localBatch: [10] }),
        Float64Array.of(0.1, 0.02, 0.2, 0.5, 2, 0.1, gamma, 1),
      )[0]
    expect(at(1, 1, 1)).toBeCloseTo(0.3, 12)
    expect(at(1, 1, 3)).toBeCloseTo(0.3 + 0.2 * 1.5, 12)
    expect(at(1, 2, 4)).toBeCloseTo(0.3 + 0.4 * 1.2, 12)
    expect(at(10, 1, 2)).toBeCloseTo((0.3 ** 10 + 0.2 ** 10) ** 0.1, 12)
  })

  it('a ring of K GPUs moves 2(K − 1)/K of the gradients: growth 1 is that ratio, relative to two', () => {
    const white = stepTimeModel('ring')
    const sync = (gpus: number): number =>
      white.predict(
        tableOf({ nodes: [gpus], gpus: [gpus], localBatch: [1] }),
        Float64Array.of(1e-12, 1e-12, 0.5, 0, 2, 1, 1, 1, 0),
      )[0]
    for (const k of [2, 3, 8, 64]) expect(sync(k)).toBeCloseTo((2 * (k - 1)) / k, 6)
  })
})

describe('openQueueModel', () => {
  const responses = (rates: number[], demand: number, servers: number, scv: number): Samples => ({
    features: tableOf({ arrivalRatePerSecond: rates }),
    target: openQueueModel({ servers }).predict(
      tableOf({ arrivalRatePerSecond: rates }),
      Float64Array.of(demand, scv, servers, 0),
    ),
  })

  it('is Pollaczek–Khinchine at one server', () => {
    // ρ = 0.8, E S = 2, c² = 3: W = 0.8/0.2 · (1 + 3)/2 · 2 = 16
    expect(responses([0.4], 2, 1, 3).target[0]).toBeCloseTo(18, 9)
  })

  it('is Erlang C at several servers', () => {
    // M/M/2, λ = 1.5, μ = 1: R = 1/(1 − ρ²) = 1/(1 − 0.5625)
    expect(responses([1.5], 1, 2, 1).target[0]).toBeCloseTo(1 / 0.4375, 9)
  })

  it('has no answer from saturation on, and rises until there', () => {
    const white = openQueueModel({ servers: 2 })
    const rates = tableOf({ arrivalRatePerSecond: [0.5, 1, 1.5, 1.9, 2, 3] })
    const p = Float64Array.of(1, 1, 2, 0)
    expect(Array.from(white.holds!(rates, p))).toEqual([1, 1, 1, 1, 0, 0])
    const answers = white.predict(rates, p)
    expect(answers[4]).toBe(0)
    for (let i = 1; i < 4; i++) expect(answers[i]).toBeGreaterThan(answers[i - 1])
  })

  it('foresees load 0.9 from loads up to 0.6', () => {
    const seen = responses([0.1, 0.2, 0.3, 0.4, 0.5, 0.6], 1, 1, 2)
    const model = calibrate(openQueueModel({ servers: 1 })).fit(seen, { rng: new Rng(1, 'fit') })
    if (isRefusal(model)) throw new Error(model.message)
    const far = responses([0.8, 0.9], 1, 1, 2)
    model.predict(far.features).forEach((value, i) => {
      expect(Math.abs(value / far.target[i] - 1)).toBeLessThan(0.1)
    })
  })
})

describe('power models', () => {
  it('energy is power times time, and a cap above the demand changes nothing', () => {
    const p = Float64Array.of(100, 0.2, 0.1, 200, 50, 0.4, 4, 50, 1, 1, 0.05)
    const table = tableOf({ capWatts: [100, 150, 400, 500] })
    const [seconds, watts, joules] = (['seconds', 'watts', 'joules'] as const).map((one) => powerCapModel(one).predict(table, p))
    joules.forEach((value, i) => {
      expect(value / (seconds[i] * watts[i])).toBeCloseTo(1, 12)
    })
    expect(seconds[2]).toBeCloseTo(100, 4) // uncapped seconds
    expect(seconds[3]).toBeCloseTo(100, 6)
    expect(watts[3]).toBeCloseTo(0.9 * 200 + 0.1 * 50, 4) // busy nine tenths of the time
    expect(seconds[0]).toBeGreaterThan(seconds[1])
  })

  it('a cap below what the slowest clock draws is not kept: the clock stays and the power with it', () => {
    // a fifth of the speed at a voltage of 1 draws static + (demand − static)/5 = 50 + 150/5 = 80 W, whatever the cap
    const p = Float64Array.of(100, 0, 0, 200, 50, 1, 4, 50, 1, 1, 0.2)
    const table = tableOf({ capWatts: [55, 60, 125] })
    const [seconds, watts] = (['seconds', 'watts'] as const).map((one) => powerCapModel(one).predict(table, p))
    for (const i of [0, 1]) {
      expect(watts[i]).toBeCloseTo(80, 1)
      expect(seconds[i]).toBeCloseTo(500, 0)
    }
    // half of the dynamic power, half of the speed
    expect(watts[2]).toBeCloseTo(125, 1)
    expect(seconds[2]).toBeCloseTo(200, 1)
  })

  it('a fit says where the step below its lowest cap fails, and is silent where it holds', () => {
    const table = tableOf({ capWatts: [100, 125, 150, 175, 200, 225, 250] })
    const spoken = (below: (seconds: number) => number): boolean => {
      const p = Float64Array.of(100, 0.2, 0.1, 220, 50, 0.4, 4, 10, 0.98, 2, 0.1)
      const seconds = powerCapModel('seconds').predict(table, p)
      const watts = powerCapModel('watts').predict(table, p)
      seconds[0] = below(seconds[0])
      const samples = { features: table, target: seconds, measured: tableOf({ watts }) }
      const model = calibrate(powerCapModel('seconds'), { starts: 5, searches: 2 }).fit(samples, { rng: new Rng(1, 'fit') })
      if (isRefusal(model)) throw new Error(model.message)
      return model.caveats.some(({ code }) => code === 'steep-below')
    }
    expect(spoken((seconds) => seconds)).toBe(false)
    expect(spoken((seconds) => 3 * seconds)).toBe(true)
  })

  it('twice the clock halves what only computes and leaves what waits for memory', () => {
    const table = tableOf({ clockMegahertz: [500, 1000] })
    const compute = clockModel('seconds').predict(table, Float64Array.of(2, 1e-9, 4, 50, 100, 0.4, 3))
    expect(compute[0] / compute[1]).toBeCloseTo(2, 9)
    const memory = clockModel('seconds').predict(table, Float64Array.of(1e-9, 3, 4, 50, 100, 0.4, 3))
    expect(memory[0] / memory[1]).toBeCloseTo(1, 9)
    // 1 GHz: static + dynamic whatever the voltage does
    expect(clockModel('watts').predict(table, Float64Array.of(1, 1, 4, 50, 100, 0.4, 3))[1]).toBeCloseTo(150, 12)
  })
})

describe('perGroup', () => {
  it('is calibrate for each group, and calibrate to all rows for a group that was not seen', () => {
    const rng = new Rng(6, 'jobs')
    const clocks = [400, 600, 800, 1000, 1200]
    const rows = [1, 2, 3].flatMap((job) => clocks.map((clock) => ({ job, clock })))
    const samples: Samples = {
      features: tableOf({ clockMegahertz: rows.map((row) => row.clock), job: rows.map((row) => row.job) }),
      target: Float64Array.from(rows, ({ job, clock }) => ((job * 1000) / clock) * Math.exp(0.01 * rng.normal())),
    }
    const model = perGroup(clockModel('seconds'), ['job']).fit(samples, { rng: new Rng(1, 'fit') })
    if (isRefusal(model)) throw new Error(model.message)
    expect(model.groups.size).toBe(3)
    const answers = model.predict(tableOf({ clockMegahertz: [700, 700, 700, 700], job: [1, 2, 3, 9] }))
    for (const [i, job] of [1, 2, 3].entries()) expect(Math.abs((answers[i] * 0.7) / job - 1)).toBeLessThan(0.05)
    // all rows together: the middle job, softly
    expect(Math.abs((answers[3] * 0.7) / 2 - 1)).toBeLessThan(0.35)
  })
})
