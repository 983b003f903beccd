import type { JobColumns, LabelColumn, Trace } from '../model/index.js'

/** Rows of a trace told apart by one of its columns: the group of each row (−1: in none) and the label of each group. */
export interface Groups {
  readonly of: Int32Array
  readonly labels: readonly string[]
}

/**
 * What the figures are made from, a value a row; run times and waits to the microsecond. NaN wherever a figure may not use the row, so that every figure leaves out the same rows:
 *
 * - `run`: the trace’s run time where it is a number ≥ 0, within the trace for rows that came before it;
 * - `duration`: the same of rows seen from their submission on: the run times of those that came before the trace are lower bounds;
 * - `wait`: start − submission where both are known, the difference is ≥ 0 and the row was submitted inside the trace;
 * - `held`: slots × share of each slot; absent where the trace has no slots;
 * - `resource`: run × held (run alone where the trace has no slots); NaN where either is missing;
 * - `arrival`: submission, where known and inside the trace.
 */
export interface Rows {
  readonly trace: Trace
  readonly jobs: JobColumns
  readonly count: number
  readonly run: Float64Array
  /** The same array as `run` where no row came before the trace. */
  readonly duration: Float64Array
  readonly held: Float64Array | undefined
  readonly wait: Float64Array | undefined
  readonly resource: Float64Array
  readonly arrival: Float64Array
  readonly counts: {
    readonly negativeRun: number
    readonly negativeWait: number
    readonly censoredStarted: number
    readonly censoredWaiting: number
    readonly missingSubmission: number
    readonly beforeTrace: number
  }
  /** Latest submission, start or end of any row; NaN where there is none. */
  readonly lastEvent: number
  readonly totalResource: number
}

/** Derives the columns that every figure is made from. One pass. */
export function deriveRows(trace: Trace): Rows {
  const jobs = trace.jobs
  const n = jobs.count
  const { submitSeconds: submit, startSeconds: start, endSeconds: end, runSeconds, slots, slotShare, leftTruncated } = jobs
  const run = new Float64Array(n)
  const held = slots ? (slotShare ? new Float64Array(n) : slots) : undefined
  const wait = start ? new Float64Array(n) : undefined
  const resource = new Float64Array(n)
  const arrival = new Float64Array(n)
  let negativeRun = 0
  let negativeWait = 0
  let censoredStarted = 0
  let censoredWaiting = 0
  let missingSubmission = 0
  let beforeTrace = 0
  let lastEvent = Number.NEGATIVE_INFINITY
  let totalResource = 0
  for (let i = 0; i < n; i++) {
    const s = submit[i]!
    const before = leftTruncated !== undefined && leftTruncated[i] !== 0
    if (!Number.isFinite(s)) missingSubmission++
    else if (s > lastEvent) lastEvent = s
    if (before) beforeTrace++
    arrival[i] = before || !Number.isFinite(s) ? Number.NaN : s

    let r = runSeconds[i]!
    if (!Number.isFinite(r)) {
      r = Number.NaN
      if (start && Number.isFinite(start[i]!)) censoredStarted++
      else censoredWaiting++
    } else if (r < 0) {
      r = Number.NaN
      negativeRun++
    }
    run[i] = r = microseconds(r)
    if (end && end[i]! > lastEvent && Number.isFinite(end[i]!)) lastEvent = end[i]!

    let width = 1
    if (held) {
      width = slots![i]!
      // a row that does not say which part of its slots it holds is taken to hold all of them
      if (slotShare) held[i] = width *= Number.isFinite(slotShare[i]!) ? slotShare[i]! : 1
    }
    const amount = width >= 0 && width < Number.POSITIVE_INFINITY ? r * width : Number.NaN
    resource[i] = amount
    if (amount >= 0) totalResource += amount

    if (wait) {
      const begin = start![i]!
      if (Number.isFinite(begin) && begin > lastEvent) lastEvent = begin
      let w = begin - s
      if (!Number.isFinite(w) || before) w = Number.NaN
      else if (w < 0) {
        w = Number.NaN
        negativeWait++
      }
      wait[i] = microseconds(w)
    }
  }
  const duration = beforeTrace > 0 ? run.slice() : run
  if (beforeTrace > 0) for (let i = 0; i < n; i++) if (leftTruncated![i] !== 0) duration[i] = Number.NaN
  return {
    trace,
    jobs,
    count: n,
    run,
    duration,
    held,
    wait,
    resource,
    arrival,
    counts: { negativeRun, negativeWait, censoredStarted, censoredWaiting, missingSubmission, beforeTrace },
    lastEvent: Number.isFinite(lastEvent) ? lastEvent : Number.NaN,
    totalResource,
  }
}

/**
 * A difference of times in seconds, rounded to the microsecond: no trace is finer, and equal differences of decimal times are equal again
 * (0.3 − 0.1 and 0.2 are not, as doubles).
 */
export function microseconds(seconds: number): number {
  return Math.round(seconds * 1e6) / 1e6
}

/** Indices of the rows whose value is a number. */
export function knownRows(values: Float64Array): Int32Array {
  const rows = new Int32Array(values.length)
  let n = 0
  for (let i = 0; i < values.length; i++) if (Number.isFinite(values[i]!)) rows[n++] = i
  return rows.subarray(0, n)
}

/** Rows of each code of a label column; −1 is left out. */
export function countByLabel(column: LabelColumn): Float64Array {
  const counts = new Float64Array(column.labels.length)
  const { codes } = column
  for (let i = 0; i < codes.length; i++) if (codes[i]! >= 0) counts[codes[i]!] = counts[codes[i]!]! + 1
  return counts
}

/** Sum of the values (≥ 0; NaN counts as nothing) over the rows of each code of a label column. */
export function sumByLabel(column: LabelColumn, values: Float64Array): Float64Array {
  const sums = new Float64Array(column.labels.length)
  const codes = column.codes
  for (let i = 0; i < codes.length; i++) if (codes[i]! >= 0 && values[i]! >= 0) sums[codes[i]!] = sums[codes[i]!]! + values[i]!
  return sums
}

/**
 * The labels of a column as groups, most rows first; beyond `most` of them the rest is one group. Labels without a row are left out.
 */
export function groupByLabel(column: LabelColumn, most: number): Groups {
  const counts = countByLabel(column)
  const codes = Array.from(counts.keys()).filter((code) => counts[code]! > 0)
  codes.sort((a, b) => counts[b]! - counts[a]! || (column.labels[a]! < column.labels[b]! ? -1 : 1))
  const rest = codes.length > most ? codes.length - most : 0
  const group = new Int32Array(column.labels.length).fill(-1)
  for (let i = 0; i < codes.length; i++) group[codes[i]!] = Math.min(i, most)
  const labels = codes.slice(0, most).map((code) => column.labels[code]!)
  if (rest > 0) labels.push(`${rest} others`)
  const of = new Int32Array(column.codes.length)
  for (let i = 0; i < of.length; i++) of[i] = column.codes[i]! < 0 ? -1 : group[column.codes[i]!]!
  return { of, labels }
}

/** The distinct numbers of a column as groups in ascending order; undefined where there are more than `most` of them. */
export function groupByNumber(values: Float64Array, most: number): Groups | undefined {
  const codes = new Map<number, number>()
  const of = new Int32Array(values.length).fill(-1)
  let last = Number.NaN
  let lastCode = -1
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!
    if (value !== last) {
      if (!Number.isFinite(value)) continue
      last = value
      lastCode = codes.get(value) ?? codes.size
      if (lastCode === most) return undefined
      codes.set(value, lastCode)
    }
    of[i] = lastCode
  }
  const ascending = [...codes.keys()].sort((a, b) => a - b)
  const rank = new Int32Array(ascending.length)
  for (let i = 0; i < ascending.length; i++) rank[codes.get(ascending[i]!)!] = i
  for (let i = 0; i < of.length; i++) if (of[i]! >= 0) of[i] = rank[of[i]!]!
  return { of, labels: ascending.map(String) }
}

/** Rows in each group. */
export function countByGroup(groups: Groups): Int32Array {
  const counts = new Int32Array(groups.labels.length)
  const { of } = groups
  for (let i = 0; i < of.length; i++) if (of[i]! >= 0) counts[of[i]!] = counts[of[i]!]! + 1
  return counts
}

/** part / whole, null where the whole is 0. */
export function shareOf(part: number, whole: number): number | null {
  return whole > 0 ? Math.min(1, part / whole) : null
}
