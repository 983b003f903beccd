/**
 * Sums and exact quantiles of response, wait and service by class, in two passes over the columns of a run, which are neither sorted nor
 * copied: the first counts every time by the leading bits of its double, which order like the times; the second picks out the times in the
 * few bins that hold a wanted rank, and only those are put in order. O(jobs), some nanoseconds each.
 *
 *   bin of x: its exponent and the first 7 bits of its fraction, so that a bin is at most 1/128 of its times wide
 *
 * Bins reach from 2⁻³² to 2³² seconds. Where a time lies beyond (a service of 0, say), or jobs are few, times are gathered and selected
 * from instead; the answer is the same.
 */
import { quantiles } from './estimates.js'
import type { Workspace } from './workspace.js'

/** What is kept of one time of one class: enough for means, quantiles and their intervals. */
export interface TimeSummary {
  readonly sum: number
  /** At the probabilities asked for, as `quantile` in num (type 7); absent when no job was measured. */
  readonly quantiles: readonly number[] | undefined
}

export interface ClassSummary {
  readonly jobs: number
  readonly response: TimeSummary
  readonly wait: TimeSummary
  readonly service: TimeSummary
}

/** The columns that times are read from. Of the jobs `first … last − 1` those count whose state is `done`. */
export interface TimesOf {
  readonly first: number
  readonly last: number
  readonly classIndex: Uint16Array
  readonly arrival: Float64Array
  readonly response: Float64Array
  readonly held: Float64Array
  readonly state: Uint8Array
  readonly done: number
}

/** The same with nobody left out: `count` jobs, their classes and three times. */
interface Times {
  readonly count: number
  readonly classIndex: Uint16Array
  readonly arrival: Float64Array
  readonly response: Float64Array
  readonly held: Float64Array
}

/** Counting pays from so many jobs a class on, and while its bins stay in the cache. */
const FEW_JOBS = 1024
const MANY_CLASSES = 32

/** What is kept of the times of each class; no quantiles for no probabilities, which must ascend. */
export function timesByClass(of: TimesOf, classes: number, probabilities: readonly number[], space: Workspace): ClassSummary[] {
  const times = whoEnded(of, space)
  const few = times.count < FEW_JOBS * classes || classes > MANY_CLASSES
  const counted = few || probabilities.length === 0 ? undefined : byCounting(times, classes, probabilities, space)
  return counted ?? bySelection(times, classes, probabilities, space)
}

/** A view of the columns where all ended, as most often; else copies without those who did not. */
function whoEnded({ first, last, classIndex, arrival, response, held, state, done }: TimesOf, space: Workspace): Times {
  let count = 0
  for (let i = first; i < last; i++) if (state[i] === done) count++
  if (count === last - first)
    return {
      count,
      classIndex: classIndex.subarray(first, last),
      arrival: arrival.subarray(first, last),
      response: response.subarray(first, last),
      held: held.subarray(first, last),
    }
  const out = {
    count,
    classIndex: space.uint16('classes of ended', count),
    arrival: space.float64('arrivals of ended', count),
    response: space.float64('responses of ended', count),
    held: space.float64('held of ended', count),
  }
  for (let i = first, at = 0; i < last; i++) {
    if (state[i] !== done) continue
    out.classIndex[at] = classIndex[i]
    out.arrival[at] = arrival[i]
    out.response[at] = response[i]
    out.held[at++] = held[i]
  }
  return out
}

/** Jobs looked at together: few enough to stay in the nearest cache, and a function called often is compiled better than one long loop. */
const BLOCK = 1024
/** Bits of the high half of a double that its bin does not look at: 13 of 20 of the fraction. */
const SHIFT = 13
const BINS = 1 << 13
const WITHIN = BINS - 1
/** Bin 0 is for no time at all; 2⁻³² begins bin 1. */
const LOWEST = ((1023 - 32) << 7) - 1
const HIGH_HALF = new Uint32Array(Float64Array.of(1).buffer)[1] === 0x3ff00000 ? 1 : 0

/** Times in a bin that holds a wanted rank. */
interface Piece {
  /** Row · BINS + bin. */
  readonly at: number
  /** How many times of the row lie in earlier bins. */
  readonly before: number
  /** Where its times are gathered. */
  readonly from: number
  readonly count: number
}

/** Rows of bins: the responses of each class, then the waits, then the services. */
function byCounting(
  times: Times,
  classes: number,
  probabilities: readonly number[],
  space: Workspace,
): ClassSummary[] | undefined {
  const { count, classIndex, response, held } = times
  const rows = 3 * classes
  const counts = space.int32('times by bin', rows * BINS).fill(0)
  const sums = new Float64Array(rows)
  const waits = space.float64('waits', count)
  const halves = [response, waits, held].map((column) => halvesOf(column, count))
  let beyond = 0
  for (let from = 0; from < count; from += BLOCK) {
    const to = Math.min(from + BLOCK, count)
    sumTimes(from, to, times, classes, waits, sums)
    beyond |= countTimes(from, to, classIndex, halves[0], halves[1], halves[2], classes, counts)
  }
  if ((beyond & ~WITHIN) !== 0) return undefined
  const jobs = Array.from({ length: classes }, (_, k) => sumOf(counts, k * BINS, (k + 1) * BINS))
  // two ranks a quantile, and the pieces that they lie in
  const wanted = jobs.map((n) => probabilities.map((p) => ranksAt(p, n)))
  const pieces: Piece[] = []
  const pieceOf = Array.from({ length: rows }, (_, row) => {
    const found = new Map<number, Piece>()
    if (jobs[row % classes] === 0) return found
    let at = row * BINS
    let before = 0
    for (const { low, high } of wanted[row % classes]) {
      for (const rank of [low, high]) {
        while (before + counts[at] <= rank) before += counts[at++]
        const last = pieces.at(-1)
        const piece =
          last?.at === at ? last : { at, before, from: last ? last.from + last.count : 0, count: at % BINS ? counts[at] : 0 }
        if (piece !== last) pieces.push(piece)
        found.set(rank, piece)
      }
    }
    return found
  })
  const marks = space.uint16('wanted bins', rows * BINS).fill(0)
  pieces.forEach((piece, i) => {
    if (piece.count > 0) marks[piece.at] = i + 1
  })
  const end = pieces.length > 0 ? pieces.at(-1)!.from + pieces.at(-1)!.count : 0
  const gathered = space.float64('wanted times', end)
  const cursors = Int32Array.from([0, ...pieces.map(({ from }) => from)])
  for (let from = 0; from < count; from += BLOCK)
    gatherTimes(from, Math.min(from + BLOCK, count), times, waits, halves, classes, marks, cursors, gathered)
  for (const { from, count } of pieces) gathered.subarray(from, from + count).sort()
  const summary = (row: number): TimeSummary => {
    const k = row % classes
    if (jobs[k] === 0) return { sum: 0, quantiles: undefined }
    const at = (rank: number): number => {
      const { count, from, before } = pieceOf[row].get(rank)!
      return count === 0 ? 0 : gathered[from + rank - before]
    }
    return { sum: sums[row], quantiles: wanted[k].map(({ low, high, weight }) => at(low) + weight * (at(high) - at(low))) }
  }
  return jobs.map((n, k) => ({ jobs: n, response: summary(k), wait: summary(classes + k), service: summary(2 * classes + k) }))
}

/** The ranks between which the quantile of n values lies (type 7), and how far. */
function ranksAt(p: number, n: number): { readonly low: number; readonly high: number; readonly weight: number } {
  const h = (n - 1) * p
  const low = Math.min(Math.floor(h), n - 1)
  return { low, high: Math.min(low + 1, n - 1), weight: h - low }
}

function sumOf(counts: Int32Array, from: number, to: number): number {
  let sum = 0
  for (let at = from; at < to; at++) sum += counts[at]
  return sum
}

/**
 * Fills in the waits and sums the three times by class into three rows of sums. A difference that rounding of (arrival + held) − arrival can
 * leave is no wait. Whether a job waited is what no processor foresees, hence a factor and not a branch.
 */
function sumTimes(
  from: number,
  to: number,
  { classIndex, arrival, response, held }: Times,
  classes: number,
  waits: Float64Array,
  sums: Float64Array,
): void {
  for (let i = from; i < to; i++) {
    const k = classIndex[i]
    const r = response[i]
    const s = held[i]
    const difference = r - s
    // + 0 makes a zero of −0
    const w = difference * (((difference > 1e-12 * r + 1e-15 * arrival[i]) as unknown as number) | 0) + 0
    waits[i] = w
    sums[k] += r
    sums[classes + k] += w
    sums[2 * classes + k] += s
  }
}

/** Counts the times by bin. Takes the halves of the doubles; what it returns has bits outside of WITHIN when no bin holds some time. */
function countTimes(
  from: number,
  to: number,
  classIndex: Uint16Array,
  response: Int32Array,
  wait: Int32Array,
  held: Int32Array,
  classes: number,
  counts: Int32Array,
): number {
  const waits = classes * BINS
  const services = 2 * waits
  let beyond = 0
  for (let i = from; i < to; i++) {
    // one kind after the other, so that little has to be kept at hand
    const row = Math.imul(classIndex[i], BINS)
    const half = 2 * i + HIGH_HALF
    let bin = (response[half] >>> SHIFT) - LOWEST
    beyond |= bin
    bin = (row + (bin & WITHIN)) | 0
    counts[bin] = (counts[bin] + 1) | 0
    bin = binOfWait(wait[half])
    beyond |= bin
    bin = (waits + row + (bin & WITHIN)) | 0
    counts[bin] = (counts[bin] + 1) | 0
    bin = (held[half] >>> SHIFT) - LOWEST
    beyond |= bin
    bin = (services + row + (bin & WITHIN)) | 0
    counts[bin] = (counts[bin] + 1) | 0
  }
  return beyond
}

/** Puts the times in marked bins where the cursors of their marks stand. */
function gatherTimes(
  from: number,
  to: number,
  { classIndex, response, held }: Times,
  waits: Float64Array,
  halves: readonly Int32Array[],
  classes: number,
  marks: Uint16Array,
  cursors: Int32Array,
  out: Float64Array,
): void {
  const [ofResponse, ofWait, ofHeld] = halves
  const waitRow = classes * BINS
  const serviceRow = 2 * waitRow
  for (let i = from; i < to; i++) {
    const row = Math.imul(classIndex[i], BINS)
    const half = 2 * i + HIGH_HALF
    const a = marks[(row + (((ofResponse[half] >>> SHIFT) - LOWEST) & WITHIN)) | 0]
    const b = marks[(waitRow + row + binOfWait(ofWait[half])) | 0]
    const c = marks[(serviceRow + row + (((ofHeld[half] >>> SHIFT) - LOWEST) & WITHIN)) | 0]
    // one time in twenty or so is wanted
    if ((a | b | c) === 0) continue
    if (a !== 0) out[cursors[a]++] = response[i]
    if (b !== 0) out[cursors[b]++] = waits[i]
    if (c !== 0) out[cursors[c]++] = held[i]
  }
}

/**
 * Waits can be none at all, which have a bin of their own, and as short as rounding leaves them, which share the next. Half of all jobs may
 * not wait, so this is arithmetic and not a branch.
 */
function binOfWait(half: number): number {
  const bin = (half >>> SHIFT) - LOWEST
  const below = (bin - 1) >> 31
  return (bin & ~below) | ((-half >>> 31) & below)
}

function halvesOf(column: Float64Array, count: number): Int32Array {
  return new Int32Array(column.buffer, column.byteOffset, 2 * count)
}

/** The times of one class after another in columns of their own, which selecting may reorder. */
function bySelection(times: Times, classes: number, probabilities: readonly number[], space: Workspace): ClassSummary[] {
  const { count, classIndex } = times
  const sums = new Float64Array(3 * classes)
  const waits = space.float64('waits', count)
  sumTimes(0, count, times, classes, waits, sums)
  const jobs = new Int32Array(classes)
  for (let i = 0; i < count; i++) jobs[classIndex[i]]++
  const scratch = space.float64(
    'times of one class',
    jobs.reduce((a, b) => Math.max(a, b), 0),
  )
  const of = (column: Float64Array, kind: number, k: number): TimeSummary => {
    const sum = sums[kind * classes + k]
    if (jobs[k] === 0 || probabilities.length === 0) return { sum, quantiles: undefined }
    let at = 0
    for (let i = 0; i < count; i++) if (classIndex[i] === k) scratch[at++] = column[i]
    return { sum, quantiles: quantiles(scratch, at, probabilities) }
  }
  return Array.from(jobs, (n, k) => ({
    jobs: n,
    response: of(times.response, 0, k),
    wait: of(waits, 1, k),
    service: of(times.held, 2, k),
  }))
}
