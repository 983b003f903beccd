import { forestClassifier, type Samples, toJson } from '../learn/index.js'
import { isRefusal, type Refusal, refuse } from '../model/index.js'
import { Rng } from '../num/index.js'
import type { BundledJob } from './bundled-job.js'
import { relativeError } from './relative-error.js'

/** What a task trained on its partition: a few trees, and what they say of the held-out rows. */
export interface TrainingPart {
  readonly rows: number
  /** Row-major, held-out rows × classes: probabilities. */
  readonly votes: readonly number[]
  /** The trees, as `halftone/learn` loads them. */
  readonly model: string
}

export interface TrainingAnswer {
  /** Share of the held-out rows whose class the vote of all kept trees finds. */
  readonly accuracy: number
  readonly heldOutRows: number
  readonly models: number
}

const FEATURES = 16
const CLASSES = 4
const HELD_OUT_ROWS = 2_000
const TREES_A_TASK = 3
const WIDTH = FEATURES + 1

const HELD_OUT = 'held-out.bin'
const partitionName = (partition: number): string => `part-${String(partition).padStart(5, '0')}.bin`

/**
 * A forest trained in pieces: every task grows a few trees on its own partition of the rows, and their vote is the model. What is lost with a
 * dropped task is its trees and the rows that only they saw: accuracy on rows that nobody trained on, against that of all trees.
 * The classes overlap: nobody could tell all of them apart.
 */
export const training: BundledJob<TrainingPart, TrainingAnswer> = {
  name: 'training',
  sizeMeans: 'rows a partition',
  sizeAtFirst: 2_000,

  *generate({ rng, partitions, size }) {
    const stream = rng.stream('weights')
    const weights = Float64Array.from({ length: CLASSES * FEATURES }, () => stream.normal())
    yield { name: HELD_OUT, bytes: rowsOf(HELD_OUT_ROWS, weights, rng.stream('held out')) }
    for (let p = 0; p < partitions; p++)
      yield { name: partitionName(p), bytes: rowsOf(size, weights, rng.stream(`partition ${p}`)) }
  },

  inputs: ({ task }) => [HELD_OUT, partitionName(task)],
  reduceInputs: [HELD_OUT],

  map(files, { task }) {
    const own = samplesOf(files, partitionName(task))
    const heldOut = samplesOf(files, HELD_OUT)
    const model = forestClassifier({ trees: TREES_A_TASK }).fit(own, { rng: new Rng(task, 'trees') })
    if (isRefusal(model)) throw new Error(`${partitionName(task)}: ${model.message}`)
    const seen = Array.from(model.classes)
    const votes = new Array<number>(heldOut.features.rows * CLASSES).fill(0)
    model.probabilities(heldOut.features).forEach((share, i) => {
      votes[Math.floor(i / seen.length) * CLASSES + seen[i % seen.length]!] = share
    })
    return { rows: own.features.rows, votes, model: toJson(model) }
  },

  isPart: (value): value is TrainingPart => {
    if (typeof value !== 'object' || value === null) return false
    const { rows, votes, model } = value as Record<string, unknown>
    const areVotes = (all: readonly unknown[]): boolean => all.every((vote) => typeof vote === 'number' && vote >= 0 && vote <= 1)
    return Number.isSafeInteger(rows) && typeof model === 'string' && Array.isArray(votes) && areVotes(votes)
  },

  reduce(parts, _tasks, { files }): TrainingAnswer | Refusal {
    const { target } = samplesOf(files, HELD_OUT)
    if (parts.length === 0) return refuse('no-data', 'no task was kept: there is no model to vote')
    const short = parts.findIndex(({ votes }) => votes.length !== target.length * CLASSES)
    if (short >= 0) return refuse('no-data', `a model voted on other rows than the ${target.length} held-out ones`)
    const sums = new Float64Array(target.length * CLASSES)
    for (const { votes } of parts) for (let i = 0; i < sums.length; i++) sums[i]! += votes[i]!
    const right = target.filter((code, row) => code === likeliest(sums, row)).length
    return { accuracy: right / target.length, heldOutRows: target.length, models: parts.length }
  },

  // fewer trees may do better by luck: nothing is lost then
  lossAgainst: (full, answer) => relativeError(full.accuracy, Math.min(answer.accuracy, full.accuracy)),
}

/** The class with the most votes, the first of equals. */
function likeliest(sums: Float64Array, row: number): number {
  let best = 0
  for (let k = 1; k < CLASSES; k++) if (sums[row * CLASSES + k]! > sums[row * CLASSES + best]!) best = k
  return best
}

/**
 * Rows of normal features, each with its class: the one whose score is largest, a weighted sum of the features and of their products with their
 * neighbours, plus noise that keeps the classes from being told apart for certain.
 */
function rowsOf(rows: number, weights: Float64Array, rng: Rng): Uint8Array {
  const numbers = new Float32Array(rows * WIDTH)
  for (let row = 0; row < rows; row++) {
    const x = numbers.subarray(row * WIDTH, (row + 1) * WIDTH)
    for (let j = 0; j < FEATURES; j++) x[j] = rng.normal()
    let [best, most] = [0, Number.NEGATIVE_INFINITY]
    for (let k = 0; k < CLASSES; k++) {
      let score = 2 * rng.normal()
      for (let j = 0; j < FEATURES; j++) score += weights[k * FEATURES + j]! * (x[j]! + x[j]! * x[(j + 1) % FEATURES]!)
      if (score > most) [best, most] = [k, score]
    }
    x[FEATURES] = best
  }
  return new Uint8Array(numbers.buffer)
}

/** The rows of a file as samples: features, and the class as the target. */
function samplesOf(files: ReadonlyMap<string, Uint8Array>, name: string): Samples {
  const bytes = files.get(name)!
  if (bytes.length === 0 || bytes.length % (4 * WIDTH) !== 0) throw new Error(`${name}: is not rows of ${WIDTH} numbers`)
  // a copy, since bytes that were read need not begin at a multiple of four
  const numbers = new Float32Array(new Uint8Array(bytes).buffer)
  const rows = numbers.length / WIDTH
  const column = (j: number): Float64Array => Float64Array.from({ length: rows }, (_, row) => numbers[row * WIDTH + j]!)
  const columns = Array.from({ length: FEATURES }, (_, j) => column(j))
  return { features: { rows, names: columns.map((_, j) => `x${j}`), columns }, target: column(FEATURES) }
}
