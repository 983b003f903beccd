import { describe, expect, it } from 'vitest'
import { type Samples, tableOf } from '../learn/index.js'
import { isRefusal } from '../model/index.js'
import { Rng } from '../num/index.js'
import { type Calibrated, calibrate, loadCalibrated } from './calibrate.js'
import { stepTimeModel } from './throughput.js'
import { columnOf, type WhiteModel } from './white.js'

/** y = a + b x. */
const line: WhiteModel = {
  name: 'line',
  columns: ['x'],
  parameters: [
    { name: 'a', low: 1e-3, high: 1e3, prior: 1, spread: 3, positive: true },
    { name: 'b', low: 0, high: 100, prior: 1, spread: 10 },
  ],
  predict: (table, [a, b]) => columnOf(table, 'x').map((x) => a + b * x),
}

function fitted(white: WhiteModel, samples: Samples, options: Parameters<typeof calibrate>[1] = {}): Calibrated {
  const model = calibrate(white, options).fit(samples, { rng: new Rng(1, 'fit') })
  if (isRefusal(model)) throw new Error(model.message)
  return model
}

const xs = [1, 2, 3, 5, 8, 13, 21, 34]
const exact = (a: number, b: number): Samples => ({
  features: tableOf({ x: xs }),
  target: Float64Array.from(xs, (x) => a + b * x),
})

/** Steps of known parameters on a grid of placements and batches, with noise by factors. */
function steps(placements: readonly (readonly [number, number])[], noise: number, rng: Rng, measured = false): Samples {
  const rows = placements.flatMap(([nodes, gpus]) => [4, 8, 16, 32].map((batch) => [nodes, gpus, batch]))
  const features = tableOf({ nodes: rows.map((r) => r[0]), gpus: rows.map((r) => r[1]), localBatch: rows.map((r) => r[2]) })
  const white = stepTimeModel()
  const truth = Float64Array.of(0.1, 0.02, 0.05, 0.3, 4, 0.8, 2, 1, 0.005)
  const target = white.predict(features, truth).map((value) => value * Math.exp(noise * rng.normal()))
  if (!measured) return { features, target }
  return { features, target, measured: tableOf({ computeTime: white.side![0].predict(features, truth) }) }
}

describe('calibrate', () => {
  it('finds the parameters that made the data', () => {
    const model = fitted(line, exact(2, 0.5))
    // the prior pulls by less than a thousandth where eight rows fit exactly (errors are never taken below 2 %)
    expect(model.parameters[0]).toBeCloseTo(2, 2)
    expect(model.parameters[1]).toBeCloseTo(0.5, 2)
    expect(model.caveats).toEqual([])
    expect(model.estimates.every(({ identified }) => identified)).toBe(true)
  })

  it('one wild row in eight hardly moves it', () => {
    const samples = exact(2, 0.5)
    samples.target[3] *= 10
    const model = fitted(line, samples)
    expect(Math.abs(model.parameters[0] / 2 - 1)).toBeLessThan(0.1)
    expect(Math.abs(model.parameters[1] / 0.5 - 1)).toBeLessThan(0.1)
  })

  it('says which parameter the data do not hold, and leaves it at its prior', () => {
    const flat: Samples = { features: tableOf({ x: [0, 0, 0, 0] }), target: Float64Array.of(3, 3, 3, 3) }
    const model = fitted(line, flat)
    expect(model.parameters[0]).toBeCloseTo(3, 1)
    expect(model.parameters[1]).toBeCloseTo(1, 6)
    expect(model.estimates.map(({ identified }) => identified)).toEqual([true, false])
    expect(model.caveats.map(({ code }) => code)).toEqual(['not-identified'])
  })

  it('its 90 % intervals of a parameter cover the truth about 90 % of the time', () => {
    let covered = 0
    for (let k = 0; k < 200; k++) {
      const rng = new Rng(k, 'noise')
      const samples = exact(2, 0.5)
      samples.target.forEach((value, i) => {
        samples.target[i] = value * Math.exp(0.1 * rng.normal())
      })
      const { low, high } = fitted(line, samples, { robustFrom: Number.POSITIVE_INFINITY }).estimates[1]
      if (low <= 0.5 && high >= 0.5) covered++
    }
    // normal limits for what is Student's with 6 degrees of freedom: 85 %; binomial error of 200 is 2.5 %
    expect(covered / 200).toBeGreaterThan(0.77)
    expect(covered / 200).toBeLessThan(0.95)
  })

  it('stays within its bounds whatever the data: no divergence', () => {
    for (let k = 0; k < 30; k++) {
      const rng = new Rng(k, 'wild')
      const samples: Samples = {
        features: tableOf({ nodes: [1, 1, 2, 4], gpus: [1, 1 + rng.below(4), 2, 16], localBatch: [1, 8, 8, 512] }),
        target: Float64Array.from({ length: 4 }, () => Math.exp(8 * rng.normal())),
      }
      const model = fitted(stepTimeModel(), samples)
      const far = model.predict(tableOf({ nodes: [16, 1], gpus: [128, 8], localBatch: [4096, 1] }))
      for (const value of far) expect(Number.isFinite(value) && value > 0).toBe(true)
      model.estimates.forEach(({ value }, i) => {
        const p = stepTimeModel().scaled!(samples)[i]
        expect(value).toBeGreaterThanOrEqual(p.low)
        expect(value).toBeLessThanOrEqual(p.high)
      })
    }
  })

  it('foresees 16 GPUs from tables that end at 4, when the theory is right', () => {
    const small = steps(
      [
        [1, 1],
        [1, 2],
        [2, 2],
        [2, 3],
        [1, 3],
        [1, 4],
        [2, 4],
        [4, 4],
      ],
      0.02,
      new Rng(7, 'noise'),
    )
    const model = fitted(stepTimeModel(), small)
    const large = steps(
      [
        [4, 16],
        [2, 8],
        [4, 12],
      ],
      0,
      new Rng(7, 'none'),
    )
    model.predict(large.features).forEach((value, i) => {
      expect(Math.abs(value / large.target[i] - 1)).toBeLessThan(0.15)
    })
  })

  it('without a row on several nodes it keeps the inter-node cost above the intra-node one, near its prior', () => {
    const model = fitted(
      stepTimeModel(),
      steps(
        [
          [1, 1],
          [1, 2],
          [1, 3],
          [1, 4],
        ],
        0.01,
        new Rng(2, 'noise'),
      ),
    )
    const factor = model.estimates.find(({ name }) => name === 'interNodeFactor')!
    expect(factor.identified).toBe(false)
    expect(factor.value).toBeGreaterThanOrEqual(1.1)
    expect(factor.value).toBeCloseTo(3, 1)
  })

  it('a measured part of the time tells what few step times leave open', () => {
    // two placements only: compute and overlap trade off against each other in the step time
    const spread = (measured: boolean): number => {
      const { low, high } = fitted(
        stepTimeModel(),
        steps(
          [
            [2, 2],
            [4, 8],
          ],
          0.02,
          new Rng(5, 'noise'),
          measured,
        ),
      ).estimates[0]
      return Math.log(high / low)
    }
    expect(spread(true)).toBeLessThan(0.7 * spread(false))
  })

  it('rows of one configuration that share their error count as fewer: the interval is wider', () => {
    const rng = new Rng(3, 'shared')
    const x = xs.flatMap((value) => [value, value, value, value, value])
    const own = xs.map(() => Math.exp(0.2 * rng.normal()))
    const samples: Samples = {
      features: tableOf({ x }),
      target: Float64Array.from(x, (value, i) => (2 + 0.5 * value) * own[Math.floor(i / 5)] * Math.exp(0.02 * rng.normal())),
    }
    const width = (configuration?: readonly string[]): number => {
      const { low, high } = fitted(line, samples, configuration === undefined ? {} : { configuration }).estimates[1]
      return high - low
    }
    // five rows that say the same: √5 = 2.2 at most
    expect(width(['x']) / width()).toBeGreaterThan(1.7)
    expect(width(['x']) / width()).toBeLessThan(2.5)
  })

  it('is the same with seconds and with milliseconds', () => {
    const inSeconds = steps(
      [
        [1, 1],
        [1, 4],
        [2, 4],
        [4, 8],
      ],
      0.05,
      new Rng(1, 'noise'),
    )
    const inMilliseconds = { ...inSeconds, target: inSeconds.target.map((value) => value * 1000) }
    const [a, b] = [fitted(stepTimeModel(), inSeconds), fitted(stepTimeModel(), inMilliseconds)]
    b.predict(inSeconds.features).forEach((value, i) => {
      expect(value / 1000 / a.predict(inSeconds.features)[i]).toBeCloseTo(1, 4)
    })
  })

  it('refuses targets without a logarithm and tables without its columns, naming each', () => {
    const answer = calibrate(stepTimeModel()).fit(
      { features: tableOf({ nodes: [1, 1], gpus: [1, 2] }), target: Float64Array.of(1, -1) },
      { rng: new Rng(1) },
    )
    expect(isRefusal(answer) && answer.issues.map(({ place }) => place)).toEqual(['features.localBatch', 'target[1]'])
  })

  it('comes back from its saved form', () => {
    const model = fitted(line, exact(2, 0.5))
    const again = loadCalibrated(
      line,
      JSON.parse(JSON.stringify({ ...model.save(), arrays: { parameters: Array.from(model.parameters) } })),
    )
    expect(again.predict(tableOf({ x: [100] }))).toEqual(model.predict(tableOf({ x: [100] })))
    expect(() => loadCalibrated(stepTimeModel(), model.save())).toThrow(/line/)
  })
})
