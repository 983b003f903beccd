import { type Caveat, caveat, type Issue, shown } from '../model/index.js'
import type { Rng } from '../num/index.js'
import { type Classes, type ClassWeights, classesOf, classIssues, classWeighted, likeliest, softmaxInPlace } from './classes.js'
import { type Encoding, encode, encodingOf, widthIssues } from './encode.js'
import {
  type ClassificationModel,
  type Classifier,
  type FitOptions,
  type RegressionModel,
  type Regressor,
  type SavedModel,
  sameColumns,
  type Unfit,
  unfit,
} from './learner.js'
import {
  initialise,
  type Network,
  networkOf,
  parameterCount,
  parametersOf,
  putParameters,
  type Shape,
  type Trainer,
  trainerOf,
  trainerSize,
} from './network.js'
import { isConstant, presentRows, rowWeights, sampleCaveats } from './prepare.js'
import { BadModel, levelsFrom, savedArray, savedLevels, savedNumber, savedWord } from './saved.js'
import { holdOut, shuffled } from './splits.js'
import { type Standard, standardiseInPlace, standardOf, standardOfColumn } from './standardise.js'
import type { Samples, Table } from './table.js'

export interface NetOptions {
  /** Units of each hidden layer. Default 64, 64. */
  readonly hidden?: readonly number[]
  readonly activation?: 'relu' | 'tanh'
  /** Most passes over the rows. Default 200. */
  readonly epochs?: number
  /** Rows a step. Default a twentieth of the rows, between 8 and 200. */
  readonly batch?: number
  /** Default 0.001. */
  readonly learningRate?: number
  /** Decay d adds d|W|²/2 over the rows of a batch to the mean loss. Default 10⁻⁴. */
  readonly weightDecay?: number
  /** Share of the rows held out to see when to stop; 0 trains on all rows for all epochs. Default 0.1; with fewer than 50 rows 0. */
  readonly heldOut?: number
  /** Passes without a better held-out loss before training stops. Default 10. */
  readonly patience?: number
  /** Nets trained from different first weights, whose answers are averaged; each of several on rows drawn with replacement. Default 1. */
  readonly members?: number
}

export interface NetClassifierOptions extends NetOptions {
  readonly classWeights?: ClassWeights
}

/**
 * A net of fully connected layers, trained by Adam on squared error. Columns and target are standardised, categories one-hot; the weights are those of the
 * epoch with the least held-out loss. Deterministic for a stream of randomness, on every host to the last bit but for `Math.tanh`.
 * Cost: rows · epochs · 6 · weights additions and multiplications.
 * Source: Kingma and Ba (2015); Glorot and Bengio (2010); Breiman (1996) for `members`.
 */
export function net(options: NetOptions = {}): Regressor {
  return { name: 'net', fit: (samples, fit) => fitRegression(samples, options, fit) }
}

/** As `net`, for classes: softmax of one output a class, trained on log loss. */
export function netClassifier(options: NetClassifierOptions = {}): Classifier {
  return { name: 'net', fit: (samples, fit) => fitClassification(samples, options, fit) }
}

const WIDTH_AT_MOST = 20_000

type Settings = Required<NetOptions>

function settled(options: NetOptions, rows: number): Settings {
  return {
    hidden: options.hidden ?? [64, 64],
    activation: options.activation ?? 'relu',
    epochs: options.epochs ?? 200,
    batch: options.batch ?? Math.min(200, Math.max(8, Math.floor(rows / 20))),
    learningRate: options.learningRate ?? 0.001,
    weightDecay: options.weightDecay ?? 1e-4,
    heldOut: options.heldOut ?? (rows >= 50 ? 0.1 : 0),
    patience: options.patience ?? 10,
    members: options.members ?? 1,
  }
}

function settingIssues(settings: Settings): Issue[] {
  const issues: Issue[] = []
  const check = (place: string, value: number, right: boolean, message: string): void => {
    if (!right) issues.push({ code: 'setting', severity: 'error', place, message, value: shown(String(value)) })
  }
  const whole = (place: string, value: number, high: number): void =>
    check(place, value, Number.isInteger(value) && value >= 1 && value <= high, `is not a whole number between 1 and ${high}`)
  const positive = (value: number): boolean => value > 0 && Number.isFinite(value)
  settings.hidden.forEach((units, k) => {
    whole(`hidden[${k}]`, units, 10_000)
  })
  whole('epochs', settings.epochs, 1e6)
  whole('batch', settings.batch, 1e6)
  whole('patience', settings.patience, 1e6)
  whole('members', settings.members, 1_000)
  const { learningRate, weightDecay, heldOut } = settings
  check('learningRate', learningRate, positive(learningRate), 'is not a positive number')
  check('weightDecay', weightDecay, weightDecay === 0 || positive(weightDecay), 'is not a number at or above 0')
  check('heldOut', heldOut, heldOut >= 0 && heldOut < 1, 'is not at or above 0 and below 1')
  return issues
}

/** Standardised inputs and what a net is to give for each row. */
interface Task {
  readonly data: Float64Array
  readonly rows: number
  readonly width: number
  readonly weights: Float64Array
  /** Number to be given (standardised), or index of the class. */
  readonly goal: Float64Array | Int32Array
  /** 0 for a number. */
  readonly classes: number
}

/** What a trained net is, without its behaviour. */
interface Trained {
  readonly encoding: Encoding
  readonly standard: Standard
  readonly shape: Shape
  readonly members: number
  /** Parameters of all members, one after the other. */
  readonly parameters: Float64Array
  readonly caveats: readonly Caveat[]
}

function fitRegression(all: Samples, options: NetOptions, fit: FitOptions): RegressionModel | Unfit {
  const bad = unfit(all, [...settingIssues(settled(options, 1)), ...widthIssues(all.features, WIDTH_AT_MOST)])
  if (bad) return bad
  const samples = presentRows(all)
  const settings = settled(options, samples.features.rows)
  const weights = rowWeights(samples)
  const { encoding, data, standard } = prepared(samples, weights)
  const caveats = sampleCaveats(samples, 'number')
  const shape: Shape = { widths: [encoding.width, ...settings.hidden, 1], activation: settings.activation }
  const constant = isConstant(samples.target)
  const goal = standardOfColumn(samples.target, weights)
  const y = samples.target.map((value) => (constant ? 0 : (value - goal.mean) / goal.scale))
  const task: Task = { data, rows: y.length, width: encoding.width, weights, goal: y, classes: 0 }
  const members = constant ? 0 : settings.members
  const parameters = trainAll(task, shape, { ...settings, members }, fit, caveats)
  return regressionModel({ encoding, standard, shape, members, parameters, caveats }, goal.mean, goal.scale)
}

function fitClassification(all: Samples, options: NetClassifierOptions, fit: FitOptions): ClassificationModel | Unfit {
  const issues = [
    ...settingIssues(settled(options, 1)),
    ...widthIssues(all.features, WIDTH_AT_MOST),
    ...classIssues(all, options.classWeights),
  ]
  const bad = unfit(all, issues)
  if (bad) return bad
  const samples = presentRows(all)
  const settings = settled(options, samples.features.rows)
  const classes = classesOf(samples.target) as Classes
  const weights = classWeighted(rowWeights(samples), classes, options.classWeights)
  const { encoding, data, standard } = prepared(samples, rowWeights(samples))
  const caveats = sampleCaveats(samples, 'class')
  const count = classes.codes.length
  const shape: Shape = { widths: [encoding.width, ...settings.hidden, count], activation: settings.activation }
  const task: Task = { data, rows: weights.length, width: encoding.width, weights, goal: classes.indices, classes: count }
  const members = count === 1 ? 0 : settings.members
  const parameters = trainAll(task, shape, { ...settings, members }, fit, caveats)
  return classificationModel({ encoding, standard, shape, members, parameters, caveats }, classes.codes)
}

function prepared({ features }: Samples, weights: Float64Array): { encoding: Encoding; data: Float64Array; standard: Standard } {
  const encoding = encodingOf(features)
  const data = encode(encoding, features)
  const standard = standardOf(data, features.rows, encoding.width, weights)
  return { encoding, data: standardiseInPlace(data, standard), standard }
}

function trainAll(task: Task, shape: Shape, settings: Settings, { rng, progress }: FitOptions, caveats: Caveat[]): Float64Array {
  const count = parameterCount(shape)
  const parameters = new Float64Array(count * settings.members)
  const batch = Math.min(settings.batch, task.rows)
  if (settings.members === 0) return parameters
  const small = task.rows * settings.epochs * count < 2e6
  const network = networkOf(shape, batch, trainerSize(shape, batch), small)
  // one heap for all members: parameters are put in anew, Adam begins anew
  let stoppedShort = 0
  const trainer = trainerOf(network)
  for (let m = 0; m < settings.members; m++) {
    trainer.reset()
    const stream = rng.stream(`member ${m}`)
    const share = (done: number): void => progress?.((m + done) / settings.members)
    const { best, converged } = trainOne(task, network, trainer, { ...settings, batch }, stream, share)
    parameters.set(best, m * count)
    if (!converged) stoppedShort++
  }
  if (stoppedShort > 0)
    caveats.push(
      caveat('still-learning', `the held-out loss was still falling after ${settings.epochs} epochs: more may do better`, {
        numbers: { epochs: settings.epochs, nets: stoppedShort },
      }),
    )
  return parameters
}

function trainOne(
  task: Task,
  network: Network,
  trainer: Trainer,
  settings: Settings,
  rng: Rng,
  share: (done: number) => void,
): { best: Float64Array; converged: boolean } {
  const { rows } = task
  const held = settings.heldOut > 0 && rows >= 2 ? holdOut(rows, settings.heldOut, rng.stream('held-out')) : undefined
  let training = held?.train ?? Int32Array.from({ length: rows }, (_, i) => i)
  if (settings.members > 1) {
    // bagging: as many rows again, drawn with replacement from those not held out
    const draw = rng.stream('bag')
    training = training.map(() => training[draw.below(training.length)]).sort()
  }
  initialise(network, rng.stream('weights'))
  const order = rng.stream('order')
  let best = parametersOf(network)
  let least = Number.POSITIVE_INFINITY
  let waited = 0
  for (let epoch = 0; epoch < settings.epochs; epoch++) {
    const turn = shuffled(training.length, order)
    for (let at = 0; at < turn.length; at += settings.batch) {
      const count = Math.min(settings.batch, turn.length - at)
      for (let r = 0; r < count; r++) turn[at + r] = training[turn[at + r]]
      const some = turn.subarray(at, at + count)
      gather(task, network, some)
      network.forward(count)
      lossOf(task, network, some, trainer.delta)
      trainer.step(count, { learningRate: settings.learningRate, decay: settings.weightDecay })
    }
    share((epoch + 1) / settings.epochs)
    if (held === undefined) continue
    let loss = 0
    let weight = 0
    for (let at = 0; at < held.test.length; at += settings.batch) {
      const some = held.test.subarray(at, at + settings.batch)
      gather(task, network, some)
      network.forward(some.length)
      loss += lossOf(task, network, some)
      for (const row of some) weight += task.weights[row]
    }
    loss /= weight
    if (loss < least) {
      // gains of less than a ten-thousandth are kept but not waited for
      if (loss < least * (1 - 1e-4)) waited = 0
      else waited++
      least = loss
      best = parametersOf(network)
    } else waited++
    if (waited >= settings.patience) return { best, converged: true }
  }
  return held === undefined ? { best: parametersOf(network), converged: true } : { best, converged: false }
}

function gather({ data, width }: Pick<Task, 'data' | 'width'>, { input, stride }: Network, rows: Int32Array): void {
  for (let r = 0; r < rows.length; r++) {
    const from = rows[r] * width
    const to = r * stride
    for (let j = 0; j < width; j++) input[to + j] = data[from + j]
  }
}

/** Weighted loss summed over the rows of the batch; its derivatives by the outputs go into `delta`. Half squared error, or −ln of the probability of the class. */
function lossOf(task: Task, { output, outputStride }: Network, rows: Int32Array, delta?: Float64Array): number {
  const { goal, weights, classes } = task
  let loss = 0
  for (let r = 0, p = 0; r < rows.length; r++, p += outputStride) {
    const row = rows[r]
    const w = weights[row]
    if (classes === 0) {
      const error = output[p] - goal[row]
      loss += 0.5 * w * error * error
      if (delta) delta[p] = w * error
      continue
    }
    let most = output[p]
    for (let k = 1; k < classes; k++) if (output[p + k] > most) most = output[p + k]
    let sum = 0
    for (let k = 0; k < classes; k++) sum += Math.exp(output[p + k] - most)
    const right = p + goal[row]
    loss += w * (Math.log(sum) + most - output[right])
    if (delta) {
      for (let k = 0; k < classes; k++) delta[p + k] = (w * Math.exp(output[p + k] - most)) / sum
      delta[right] -= w
    }
  }
  return loss
}

/** Rows that are run at once when predicting. */
const AT_ONCE = 256

/** Means over the members of what `take` makes of their outputs: rows × outputs. */
function averaged(trained: Trained, table: Table, softmax: boolean): Float64Array {
  const { encoding, standard, shape, members, parameters } = trained
  const data = standardiseInPlace(encode(encoding, table), standard)
  const outputs = shape.widths[shape.widths.length - 1]
  const out = new Float64Array(table.rows * outputs)
  if (members === 0) return out
  const batch = Math.min(AT_ONCE, table.rows)
  const count = parameterCount(shape)
  const network = networkOf(shape, batch, 0, table.rows * count * members < 2e6)
  const width = encoding.width
  const some = new Float64Array(batch * outputs)
  for (let m = 0; m < members; m++) {
    putParameters(network, parameters.subarray(m * count, (m + 1) * count))
    for (let at = 0; at < table.rows; at += batch) {
      const rows = Math.min(batch, table.rows - at)
      for (let r = 0; r < rows; r++)
        for (let j = 0; j < width; j++) network.input[r * network.stride + j] = data[(at + r) * width + j]
      network.forward(rows)
      for (let r = 0; r < rows; r++)
        for (let k = 0; k < outputs; k++) some[r * outputs + k] = network.output[r * network.outputStride + k]
      if (softmax) softmaxInPlace(some, outputs)
      for (let p = 0; p < rows * outputs; p++) out[at * outputs + p] += some[p]
    }
  }
  if (members > 1) for (let p = 0; p < out.length; p++) out[p] /= members
  return out
}

function regressionModel(trained: Trained, mean: number, scale: number): RegressionModel {
  const model: RegressionModel = {
    task: 'regression',
    learner: 'net',
    names: trained.encoding.names,
    caveats: trained.caveats,
    predict: (table) => {
      sameColumns(model, table)
      const out = averaged(trained, table, false)
      for (let i = 0; i < out.length; i++) out[i] = mean + scale * out[i]
      return out
    },
    save: () => saved(trained, 'regression', { mean, scale }, {}),
  }
  return model
}

function classificationModel(trained: Trained, classes: Float64Array): ClassificationModel {
  const model: ClassificationModel = {
    task: 'classification',
    learner: 'net',
    names: trained.encoding.names,
    caveats: trained.caveats,
    classes,
    probabilities: (table) => {
      sameColumns(model, table)
      return trained.members === 0 ? new Float64Array(table.rows).fill(1) : averaged(trained, table, true)
    },
    predict: (table) => likeliest(model.probabilities(table), classes),
    save: () => saved(trained, 'classification', {}, { classes }),
  }
  return model
}

function saved(
  { encoding, standard, shape, members, parameters, caveats }: Trained,
  task: SavedModel['task'],
  settings: SavedModel['settings'],
  arrays: SavedModel['arrays'],
): SavedModel {
  return {
    schema: 'halftone/learned/1',
    learner: 'net',
    task,
    names: encoding.names,
    caveats,
    settings: { ...settings, widths: shape.widths, activation: shape.activation, members, levels: savedLevels(encoding.levels) },
    arrays: { ...arrays, means: standard.means, scales: standard.scales, parameters },
  }
}

/** A net that was saved. */
export function netFrom(from: SavedModel): RegressionModel | ClassificationModel {
  const encoding = encodingOf({ names: from.names, levels: levelsFrom(from) })
  const widths = from.settings['widths']
  if (!Array.isArray(widths) || widths.length < 2 || widths.some((units) => !(Number.isInteger(units) && units >= 1)))
    throw new BadModel('settings.widths', 'is no list of at least two widths')
  if (widths[0] !== encoding.width)
    throw new BadModel('settings.widths[0]', `is ${widths[0]} where the columns need ${encoding.width}`)
  const shape: Shape = { widths, activation: savedWord(from, 'activation', ['relu', 'tanh']) }
  const members = savedNumber(from, 'members', 0, 1_000)
  const trained: Trained = {
    encoding,
    shape,
    members,
    caveats: from.caveats,
    standard: {
      means: savedArray(from, 'means', Float64Array, encoding.width),
      scales: savedArray(from, 'scales', Float64Array, encoding.width),
    },
    parameters: savedArray(from, 'parameters', Float64Array, members * parameterCount(shape)),
  }
  if (from.task === 'classification')
    return classificationModel(trained, savedArray(from, 'classes', Float64Array, widths[widths.length - 1]))
  if (widths[widths.length - 1] !== 1) throw new BadModel('settings.widths', 'do not end in the one output of a regression')
  return regressionModel(trained, savedNumber(from, 'mean'), savedNumber(from, 'scale', 0))
}
