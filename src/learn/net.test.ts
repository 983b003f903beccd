import { describe, expect, it } from 'vitest'
import { isRefusal } from '../model/index.js'
import { Rng } from '../num/index.js'
import { net, netClassifier } from './net.js'
import { initialise, networkOf, parametersOf, putParameters, trainerOf, trainerSize } from './network.js'
import { tableOf } from './table.js'

describe('backpropagation', () => {
  it.each(['relu', 'tanh'] as const)('gives the slope of the loss along every parameter (%s)', (activation) => {
    const shape = { widths: [3, 5, 6, 2], activation }
    const rows = 7
    const network = networkOf(shape, rows, trainerSize(shape, rows))
    const trainer = trainerOf(network)
    const rng = new Rng(1, 'slope')
    initialise(network, rng)
    for (let r = 0; r < rows; r++) for (let j = 0; j < 3; j++) network.input[r * network.stride + j] = rng.normal()
    const goal = Float64Array.from({ length: rows * 2 }, () => rng.normal())
    const decay = 0.1
    const loss = (): number => {
      network.forward(rows)
      let sum = 0
      for (let r = 0; r < rows; r++)
        for (let k = 0; k < 2; k++) {
          const error = network.output[r * network.outputStride + k] - goal[r * 2 + k]
          trainer.delta[r * network.outputStride + k] = error
          sum += 0.5 * error * error
        }
      for (const { weights } of network.layers) for (const w of weights.numbers) sum += 0.5 * decay * w * w
      return sum / rows
    }
    loss()
    const gradient = trainer.gradient(rows, decay)
    const parameters = parametersOf(network)
    const step = 1e-6
    parameters.forEach((value, p) => {
      const slope = [step, -step].map((by) => {
        const moved = parameters.slice()
        moved[p] = value + by
        putParameters(network, moved)
        return loss()
      })
      // central differences: error of the order of step² and of 1e-16/step
      expect((slope[0] - slope[1]) / (2 * step)).toBeCloseTo(gradient[p], 7)
    })
  })
})

describe('net', () => {
  const rng = new Rng(2, 'data')
  const column = (rows: number): Float64Array => Float64Array.from({ length: rows }, () => 2 * rng.uniform() - 1)

  it('learns a product, which no sum of columns explains', () => {
    const [a, b] = [column(1500), column(1500)]
    const target = a.map((x, i) => 100 * x * b[i] + 7)
    const model = net({ hidden: [24, 24], epochs: 60 }).fit({ features: tableOf({ a, b }), target }, { rng: new Rng(1, 'fit') })
    if (isRefusal(model)) throw new Error(model.message)
    const [u, v] = [column(300), column(300)]
    const predicted = model.predict(tableOf({ a: u, b: v }))
    let [left, whole] = [0, 0]
    u.forEach((x, i) => {
      left += (100 * x * v[i] + 7 - predicted[i]) ** 2
      whole += (100 * x * v[i]) ** 2
    })
    expect(1 - left / whole).toBeGreaterThan(0.97)
  })

  it('tells rings apart, which no line can', () => {
    const [a, b] = [column(1200), column(1200)]
    const target = a.map((x, i) => (x * x + b[i] * b[i] < 0.5 ? 3 : 8))
    const model = netClassifier({ hidden: [16], epochs: 150, members: 2 }).fit(
      { features: tableOf({ a, b }), target },
      { rng: new Rng(1, 'fit') },
    )
    if (isRefusal(model)) throw new Error(model.message)
    expect(Array.from(model.classes)).toEqual([3, 8])
    const [u, v] = [column(400), column(400)]
    const predicted = model.predict(tableOf({ a: u, b: v }))
    const right = predicted.filter((code, i) => code === (u[i] ** 2 + v[i] ** 2 < 0.5 ? 3 : 8)).length
    expect(right / 400).toBeGreaterThan(0.95)
  })

  it('gives a class that weighs more more of what is in doubt', () => {
    const [a, noise] = [column(600), column(600)]
    const target = a.map((x, i) => (x + noise[i] > 0.8 ? 1 : 0))
    const ones = (factor: number): number => {
      const model = netClassifier({ hidden: [8], epochs: 25, classWeights: [[1, factor]] }).fit(
        { features: tableOf({ a }), target },
        { rng: new Rng(1, 'fit') },
      )
      if (isRefusal(model)) throw new Error(model.message)
      return model.predict(tableOf({ a })).reduce((sum, code) => sum + code, 0)
    }
    expect(ones(10)).toBeGreaterThan(ones(1))
  })

  it('stops before it learns noise by heart, and says when it was still learning', () => {
    const [a, b, noise] = [column(200), column(200), column(200)]
    const features = tableOf({ a, b })
    const spread = (heldOut: number): number => {
      const model = net({ hidden: [64, 64], epochs: 150, learningRate: 0.01, heldOut }).fit(
        { features, target: noise },
        { rng: new Rng(1, 'fit') },
      )
      if (isRefusal(model)) throw new Error(model.message)
      return model.predict(features).reduce((sum, y) => sum + y * y, 0)
    }
    expect(spread(0.2)).toBeLessThan(0.5 * spread(0))
    const short = net({ epochs: 2, hidden: [8] }).fit({ features, target: a.map((x) => 5 * x) }, { rng: new Rng(1) })
    expect(isRefusal(short) ? [] : short.caveats.map(({ code }) => code)).toEqual(['still-learning'])
  })
})
