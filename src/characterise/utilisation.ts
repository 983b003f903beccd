import type { Characterisation, Level } from '../model/index.js'
import { argsort } from '../num/index.js'
import { ascending } from './distribution.js'
import { knownRows, type Rows } from './rows.js'

const MOST_POINTS = 2000

/** Steps up and down of a level over time, each list in ascending time. */
interface Steps {
  readonly upTimes: Float64Array
  readonly upBy: Float64Array | undefined
  readonly downTimes: Float64Array
  readonly downBy: Float64Array | undefined
}

/** When each row takes its slots and gives them back: from start (submission where the trace has no starts) for its run time. */
function occupancy(rows: Rows): { from: Float64Array; until: Float64Array; openEnded: number } {
  const begin = rows.jobs.startSeconds ?? rows.jobs.submitSeconds
  const started = rows.jobs.startSeconds !== undefined
  const from = new Float64Array(rows.count)
  const until = new Float64Array(rows.count)
  const { held } = rows
  let openEnded = 0
  for (let i = 0; i < rows.count; i++) {
    const begins = begin[i]!
    const run = rows.run[i]!
    let ends = begins + run
    if (Number.isNaN(ends) && started && Number.isFinite(begins) && !Number.isFinite(rows.jobs.runSeconds[i]!)) {
      ends = rows.lastEvent
      openEnded++
    }
    const known = Number.isFinite(ends) && (!held || held[i]! >= 0)
    from[i] = known ? begins : Number.NaN
    until[i] = known ? ends : Number.NaN
  }
  return { from, until, openEnded }
}

/** Busy slots, running rows and waiting rows over the window from the first to the last submission. Null where that window is empty. */
export function utilisation(rows: Rows, capacitySlots: number | undefined): Characterisation['utilisation'] {
  const { submitSeconds: submit, startSeconds: start, endSeconds: end } = rows.jobs
  const { held } = rows
  let first = Number.POSITIVE_INFINITY
  let last = Number.NEGATIVE_INFINITY
  for (let i = 0; i < submit.length; i++) {
    const t = submit[i]!
    if (t < first) first = t
    if (t > last) last = t
  }
  if (!(last > first)) return null
  const { from, until, openEnded } = occupancy(rows)
  const steps: Steps = { upTimes: ascending(from), upBy: undefined, downTimes: ascending(until), downBy: undefined }
  if (steps.upTimes.length === 0) return null
  const running = level(steps, first, last)
  const busySlots = held && !held.every(isOne) ? level({ ...steps, ...weights(from, until, held) }, first, last) : running

  let waiting: Level | null = null
  if (start) {
    // a row leaves the queue when it starts; one that ended without a start leaves then; one that did neither stays
    const joins = submit.slice()
    const leaves = new Float64Array(rows.count).fill(Number.NaN)
    let leavesToRun = true
    for (let i = 0; i < rows.count; i++) {
      const begins = start[i]!
      const leave = Number.isFinite(begins) ? begins : end && Number.isFinite(end[i]!) ? end[i]! : Number.POSITIVE_INFINITY
      if (!Number.isFinite(joins[i]!) || leave < joins[i]!) joins[i] = Number.NaN
      else leaves[i] = leave
      if (leaves[i] !== from[i]) leavesToRun = false
    }
    // where every row leaves the queue to run, those times are sorted already
    const downTimes = leavesToRun ? steps.upTimes : ascending(leaves)
    waiting = level({ upTimes: ascending(joins), upBy: undefined, downTimes, downBy: undefined }, first, last)
  }
  return {
    basis: start ? 'start' : 'submission',
    window: { firstSeconds: first, lastSeconds: last },
    openEnded,
    busySlots,
    running,
    waiting,
    capacitySlots: capacitySlots ?? null,
    meanUtilisation: capacitySlots === undefined ? null : busySlots.mean / capacitySlots,
    meanOfPeak: busySlots.peak > 0 ? Math.min(1, busySlots.mean / busySlots.peak) : null,
  }
}

const isOne = (held: number) => held === 1

/** What each step up and each step down changes the level by. */
function weights(from: Float64Array, until: Float64Array, held: Float64Array): Pick<Steps, 'upBy' | 'downBy'> {
  const known = knownRows(from)
  return { upBy: pick(held, argsort(from, known)), downBy: pick(held, argsort(until, known)) }
}

/** Busy slots just after each of `times` (NaN: not asked), those rows in ascending time. */
export function busyAt(rows: Rows, times: Float64Array): { rows: Int32Array; busy: Float64Array } {
  const { from, until } = occupancy(rows)
  const ups = argsort(from, knownRows(from))
  const downs = argsort(until, ups)
  const order = argsort(times, knownRows(times))
  const busy = new Float64Array(order.length)
  const width = (row: number) => (rows.held ? rows.held[row]! : 1)
  let u = 0
  let d = 0
  let now = 0
  for (let i = 0; i < order.length; i++) {
    const t = times[order[i]!]!
    while (u < ups.length && from[ups[u]!]! <= t) now += width(ups[u++]!)
    while (d < downs.length && until[downs[d]!]! <= t) now -= width(downs[d++]!)
    busy[i] = now
  }
  return { rows: order, busy }
}

/**
 * The level that steps up and down make over [first, last], weighted by time: mean, quantiles, peak (over stretches of positive length) and the mean
 * in each of at most 2,000 bins. O(steps).
 */
function level({ upTimes, upBy, downTimes, downBy }: Steps, first: number, last: number): Level {
  const span = last - first
  const points = Math.max(1, Math.min(MOST_POINTS, Math.ceil(span / 60)))
  const bin = span / points
  const area = new Float64Array(points)
  // one stretch of constant height for each event at most, and one to the end
  const heights = new Float64Array(upTimes.length + downTimes.length + 1)
  const lengths = new Float64Array(heights.length)
  const ups = upTimes.length
  const downs = downTimes.length
  let n = 0
  let whole = true
  let now = 0
  let at = first
  let total = 0
  let peak = 0
  let u = 0
  let d = 0
  let b = 0
  for (;;) {
    const up = u < ups ? upTimes[u]! : Number.POSITIVE_INFINITY
    const down = d < downs ? downTimes[d]! : Number.POSITIVE_INFINITY
    const t = Math.min(up, down)
    const until = Math.min(t, last)
    if (until > at) {
      const length = until - at
      const height = now < 1e-9 ? 0 : now
      heights[n] = height
      lengths[n++] = length
      if (whole && !Number.isInteger(height)) whole = false
      total += height * length
      if (height > peak) peak = height
      for (let begin = at; begin < until; ) {
        const edge = first + (b + 1) * bin
        if (edge > until || b === points - 1) {
          area[b] = area[b]! + height * (until - begin)
          break
        }
        area[b] = area[b]! + height * (edge - begin)
        begin = edge
        b++
      }
      at = until
    }
    if (!(t < last)) break
    if (up <= down) {
      now += upBy ? upBy[u]! : 1
      u++
    } else {
      now -= downBy ? downBy[d]! : 1
      d++
    }
  }
  const quantileOf = levelQuantiles(heights.subarray(0, n), lengths.subarray(0, n), whole ? peak : undefined)
  return {
    mean: total / span,
    p50: quantileOf(0.5),
    p95: quantileOf(0.95),
    peak,
    series: { startSeconds: first, binSeconds: bin, values: Array.from(area, (a) => a / bin) },
  }
}

/** p ↦ the least height below or at which the level was for a share p of the time. A histogram for whole heights, a sort otherwise. */
function levelQuantiles(heights: Float64Array, lengths: Float64Array, wholePeak: number | undefined): (p: number) => number {
  let values: Float64Array
  let held: Float64Array
  if (wholePeak !== undefined && wholePeak < 4_000_000) {
    held = new Float64Array(wholePeak + 1)
    for (let i = 0; i < heights.length; i++) held[heights[i]!] = held[heights[i]!]! + lengths[i]!
    values = Float64Array.from(held.keys())
  } else {
    const order = argsort(heights, Int32Array.from(heights.keys()))
    values = pick(heights, order)
    held = pick(lengths, order)
  }
  let total = 0
  for (let i = 0; i < held.length; i++) total += held[i]!
  return (p) => {
    let below = 0
    for (let i = 0; i < held.length; i++) {
      below += held[i]!
      if (held[i]! > 0 && below >= p * total) return values[i]!
    }
    return values.at(-1) ?? 0
  }
}

function pick(values: Float64Array, rows: Int32Array): Float64Array {
  const picked = new Float64Array(rows.length)
  for (let i = 0; i < rows.length; i++) picked[i] = values[rows[i]!]!
  return picked
}
