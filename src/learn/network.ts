import type { Rng } from '../num/index.js'
import { type Heap, heapOf, padded, type Stretch } from './multiply.js'

/** Layers of units: `widths[0]` inputs, hidden layers, outputs. Outputs are linear; what they mean is the caller’s. */
export interface Shape {
  readonly widths: readonly number[]
  readonly activation: 'relu' | 'tanh'
}

/** Weights and biases of a shape: for each layer its weights, inputs × outputs by row, then its biases. */
export function parameterCount({ widths }: Shape): number {
  let count = 0
  for (let k = 1; k < widths.length; k++) count += (widths[k - 1] + 1) * widths[k]
  return count
}

interface Layer {
  readonly inputs: number
  readonly outputs: number
  /** Rounded up to multiples of 4; the units added have weight 0 and stay there. */
  readonly rows: number
  readonly columns: number
  readonly weights: Stretch
  readonly biases: Stretch
  /** What the layer gives: batch × columns. */
  readonly units: Stretch
}

/** A network laid out on a heap for batches of at most so many rows. */
export interface Network {
  readonly shape: Shape
  /** Where a batch goes in: row-major, `stride` numbers a row. */
  readonly input: Float64Array
  readonly stride: number
  /** Where it comes out: row-major, `outputStride` numbers a row. */
  readonly output: Float64Array
  readonly outputStride: number
  /** Runs the first `rows` rows of the batch. */
  forward(rows: number): void
  readonly layers: readonly Layer[]
  readonly heap: Heap
  readonly inputAt: number
}

/** Lays a network out. `more` numbers of the heap are left for the caller. `plain` asks for products without WebAssembly (for small work, to spare its memory). */
export function networkOf(shape: Shape, batch: number, more = 0, plain = false): Network {
  const { widths, activation } = shape
  const rows = padded(batch)
  let size = rows * padded(widths[0]) + more
  for (let k = 1; k < widths.length; k++) size += padded(widths[k - 1]) * padded(widths[k]) + padded(widths[k]) * (rows + 1)
  const heap = heapOf(size, plain)
  const input = heap.take(rows * padded(widths[0]))
  const layers = widths.slice(1).map((outputs, k): Layer => {
    const inputs = widths[k]
    const [tall, wide] = [padded(inputs), padded(outputs)]
    return {
      inputs,
      outputs,
      rows: tall,
      columns: wide,
      weights: heap.take(tall * wide),
      biases: heap.take(wide),
      units: heap.take(rows * wide),
    }
  })
  const last = layers[layers.length - 1]
  const forward = (count: number): void => {
    const m = padded(count)
    let from = input.at
    layers.forEach((layer, k) => {
      const { columns, units, biases } = layer
      heap.product(from, layer.rows, 1, layer.weights.at, units.at, m, columns, layer.rows)
      const last = k === layers.length - 1
      if (activation === 'relu' && !last) heap.rectify(units.at, biases.at, columns, m)
      else activate(units.numbers, biases.numbers, m, columns, !last)
      from = units.at
    })
  }
  return {
    shape,
    input: input.numbers,
    stride: padded(widths[0]),
    output: last.units.numbers,
    outputStride: last.columns,
    forward,
    layers,
    heap,
    inputAt: input.at,
  }
}

function activate(units: Float64Array, biases: Float64Array, rows: number, columns: number, bend: boolean): void {
  const end = rows * columns
  for (let p = 0; p < end; p += columns)
    for (let j = 0; j < columns; j++) units[p + j] = bend ? Math.tanh(units[p + j] + biases[j]) : units[p + j] + biases[j]
}

/** Puts parameters (as `parameterCount` lays them out) into a network. */
export function putParameters(network: Network, parameters: Float64Array): void {
  let p = 0
  for (const { inputs, outputs, columns, weights, biases } of network.layers) {
    for (let i = 0; i < inputs; i++) for (let j = 0; j < outputs; j++) weights.numbers[i * columns + j] = parameters[p++]
    for (let j = 0; j < outputs; j++) biases.numbers[j] = parameters[p++]
  }
}

/** The parameters of a network. */
export function parametersOf(network: Network): Float64Array {
  const parameters = new Float64Array(parameterCount(network.shape))
  let p = 0
  for (const { inputs, outputs, columns, weights, biases } of network.layers) {
    for (let i = 0; i < inputs; i++) for (let j = 0; j < outputs; j++) parameters[p++] = weights.numbers[i * columns + j]
    for (let j = 0; j < outputs; j++) parameters[p++] = biases.numbers[j]
  }
  return parameters
}

/** Random first weights, uniform in ±√(g/(inputs + outputs)), g = 6 (2 for tanh, as in scikit-learn): Glorot and Bengio (2010). */
export function initialise(network: Network, rng: Rng): void {
  const { layers, shape } = network
  for (const { inputs, outputs, columns, weights, biases } of layers) {
    const bound = Math.sqrt((shape.activation === 'tanh' ? 2 : 6) / (inputs + outputs))
    for (let i = 0; i < inputs; i++)
      for (let j = 0; j < outputs; j++) weights.numbers[i * columns + j] = bound * (2 * rng.uniform() - 1)
    for (let j = 0; j < outputs; j++) biases.numbers[j] = bound * (2 * rng.uniform() - 1)
  }
}

/** Numbers of heap that a trainer takes beside its network. */
export function trainerSize({ widths }: Shape, batch: number): number {
  const rows = padded(batch)
  let size = 0
  for (let k = 1; k < widths.length; k++) {
    const [tall, wide] = [padded(widths[k - 1]), padded(widths[k])]
    size += rows * wide + 2 * tall * wide + wide
  }
  return size
}

export interface StepOptions {
  readonly learningRate: number
  /** Decay d adds d|W|²/2 over the rows of the batch to the mean loss. */
  readonly decay: number
}

/** Backpropagation and Adam on a network. Write dLoss/dOutput of each row (not yet divided by rows) into `delta`, laid out as the output; then `step`. */
export interface Trainer {
  readonly delta: Float64Array
  step(rows: number, options: StepOptions): void
  /** Forgets all steps taken, as if newly made. */
  reset(): void
  /** The gradient of the mean loss, decay included, as `parametersOf` lays it out: for tests. */
  gradient(rows: number, decay: number): Float64Array
}

export function trainerOf(network: Network): Trainer {
  const { layers, heap, shape } = network
  const relu = shape.activation === 'relu'
  const work = layers.map((layer) => {
    const count = layer.rows * layer.columns
    return {
      delta: heap.take(layer.units.numbers.length),
      gradient: heap.take(count),
      transposed: heap.take(count),
      biasGradient: heap.take(layer.columns),
      moments: [count, count, layer.columns, layer.columns].map((length) => new Float64Array(length)),
    }
  })
  let steps = 0

  /** Gradients of the sum of losses over the rows, layer by layer from the last. */
  const backward = (rows: number): void => {
    const m = padded(rows)
    for (let k = layers.length - 1; k >= 0; k--) {
      const { rows: tall, columns: wide, weights } = layers[k]
      const { delta, gradient, transposed, biasGradient } = work[k]
      if (k === layers.length - 1) delta.numbers.fill(0, rows * wide, m * wide)
      const below = k === 0 ? network.inputAt : layers[k - 1].units.at
      heap.product(below, 1, tall, delta.at, gradient.at, tall, wide, rows)
      heap.columnSums(delta.at, biasGradient.at, wide, rows)
      if (k === 0) break
      const [w, t] = [weights.numbers, transposed.numbers]
      for (let i = 0; i < tall; i++) for (let j = 0; j < wide; j++) t[j * tall + i] = w[i * wide + j]
      const under = work[k - 1].delta
      heap.product(delta.at, wide, 1, transposed.at, under.at, m, tall, wide)
      const { units } = layers[k - 1]
      const end = m * tall
      if (relu) heap.mask(under.at, units.at, end)
      else for (let p = 0; p < end; p++) under.numbers[p] *= 1 - units.numbers[p] * units.numbers[p]
    }
  }

  return {
    delta: work[work.length - 1].delta.numbers,
    step: (rows, { learningRate, decay }) => {
      backward(rows)
      steps++
      const rate = (learningRate * Math.sqrt(1 - 0.999 ** steps)) / (1 - 0.9 ** steps)
      layers.forEach(({ weights, biases }, k) => {
        const { gradient, biasGradient, moments } = work[k]
        adam(weights.numbers, gradient.numbers, moments[0], moments[1], rate, decay, 1 / rows)
        adam(biases.numbers, biasGradient.numbers, moments[2], moments[3], rate, 0, 1 / rows)
      })
    },
    reset: () => {
      steps = 0
      for (const { moments } of work) for (const moment of moments) moment.fill(0)
    },
    gradient: (rows, decay) => {
      backward(rows)
      const out = new Float64Array(parameterCount(shape))
      let p = 0
      layers.forEach(({ inputs, outputs, columns, weights }, k) => {
        const { gradient, biasGradient } = work[k]
        for (let i = 0; i < inputs; i++)
          for (let j = 0; j < outputs; j++) {
            const at = i * columns + j
            out[p++] = (gradient.numbers[at] + decay * weights.numbers[at]) / rows
          }
        for (let j = 0; j < outputs; j++) out[p++] = biasGradient.numbers[j] / rows
      })
      return out
    },
  }
}

/** m ← 0.9m + 0.1g, v ← 0.999v + 0.001g², w ← w − rate · m/(√v + 10⁻⁸). Source: Kingma and Ba (2015), with its own form of the bias correction. */
function adam(
  w: Float64Array,
  g: Float64Array,
  first: Float64Array,
  second: Float64Array,
  rate: number,
  decay: number,
  share: number,
): void {
  for (let p = 0; p < w.length; p++) {
    const gradient = (g[p] + decay * w[p]) * share
    const m = 0.9 * first[p] + 0.1 * gradient
    const v = 0.999 * second[p] + 0.001 * gradient * gradient
    first[p] = m
    second[p] = v
    w[p] -= (rate * m) / (Math.sqrt(v) + 1e-8)
  }
}
