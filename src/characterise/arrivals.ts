import type { Characterisation, ClockProfile, Series } from '../model/index.js'
import { autocorrelation, dispersion, rawMoment, sortAscending } from '../num/index.js'
import { type ClockSegment, clockCounts, clockSegments } from './clock.js'
import { ascending, describe } from './distribution.js'
import { microseconds, type Rows } from './rows.js'

export const AUTOCORRELATION_LAGS = [1, 2, 5, 10, 50, 100, 500, 1000] as const
export const DISPERSION_WINDOWS_SECONDS = [10, 60, 600, 3600, 21_600] as const
/** Fewer windows than this say nothing about their variance. */
const LEAST_WINDOWS = 10
const HOUR = 3600
const DAY = 86_400
const MOST_POINTS = 2000

/** When rows arrive: how many, when by the clock, and how bursty. Null where no row says when it was submitted inside the trace. */
export function arrivals(rows: Rows): Characterisation['arrivals'] {
  const times = ascending(rows.arrival)
  const n = times.length
  if (n === 0) return null
  const first = times[0]!
  const last = times[n - 1]!
  const span = last - first
  const { clock } = rows.trace
  const segments = clockSegments(clock, first, last)
  return {
    count: n,
    leftOut: { missingSubmission: rows.counts.missingSubmission, beforeTraceStart: rows.counts.beforeTrace },
    window: { firstSeconds: first, lastSeconds: last, spanSeconds: span },
    meanPerHour: span > 0 ? n / (span / HOUR) : null,
    perHour: countSeries(times, segments[0]!, HOUR),
    perDay: countSeries(times, segments[0]!, DAY),
    clock: clock.kind === 'unix' ? 'local-time' : 'since-start',
    byHour: profile(times, segments, HOUR, 24),
    byWeekday: profile(times, segments, DAY, 7),
    interarrival: interarrival(times),
    dispersion: DISPERSION_WINDOWS_SECONDS.flatMap((windowSeconds) => {
      const found = dispersion(times, windowSeconds, DAY)
      if (!found || found.windows < LEAST_WINDOWS) return []
      return [
        { windowSeconds, windows: found.windows, idc: Math.max(0, found.idc), idcWithoutDay: found.idcWithoutPeriod ?? null },
      ]
    }),
  }
}

function interarrival(times: Float64Array): NonNullable<Characterisation['arrivals']>['interarrival'] {
  if (times.length < 2) return null
  const gaps = new Float64Array(times.length - 1)
  for (let i = 0; i < gaps.length; i++) gaps[i] = microseconds(times[i + 1]! - times[i]!)
  const correlations = autocorrelation(gaps, AUTOCORRELATION_LAGS)
  const autocorrelations = AUTOCORRELATION_LAGS.flatMap((lag, i) =>
    Number.isFinite(correlations[i]!) ? [{ lag, value: Math.max(-1, Math.min(1, correlations[i]!)) }] : [],
  )
  const rawMoments = { m1: rawMoment(gaps, 1), m2: rawMoment(gaps, 2), m3: rawMoment(gaps, 3) }
  return { distribution: describe(sortAscending(gaps))!, rawMoments, autocorrelation: autocorrelations }
}

/** Rows a bin of `unit` seconds of local time, or of the least multiple of it that leaves at most 2,000 bins. */
function countSeries(times: Float64Array, segment: ClockSegment, unit: number): Series {
  const first = times[0]!
  const last = times[times.length - 1]!
  const bin = unit * Math.max(1, Math.ceil((last - first) / unit / (MOST_POINTS - 2)))
  const start = Math.floor((first + segment.shift) / bin) * bin - segment.shift
  const values = new Array<number>(Math.floor((last - start) / bin) + 1).fill(0)
  // one bin after the other: the times ascend
  for (let i = 0, b = 0; i < times.length; i++) {
    while (b + 1 < values.length && times[i]! >= start + (b + 1) * bin) b++
    values[b]!++
  }
  return { startSeconds: start, binSeconds: bin, values }
}

function profile(times: Float64Array, segments: readonly ClockSegment[], sliceSeconds: number, slices: number): ClockProfile {
  const { counts, exposureHours } = clockCounts(times, segments, sliceSeconds, slices)
  const perHour = counts.map((count, i) => (exposureHours[i]! > 0 ? count / exposureHours[i]! : null))
  let peak = -1
  let trough = -1
  for (const [i, rate] of perHour.entries()) {
    if (rate === null) continue
    if (peak < 0 || rate > perHour[peak]!) peak = i
    if (trough < 0 || rate < perHour[trough]!) trough = i
  }
  const whole = times[times.length - 1]! - times[0]! >= sliceSeconds * slices
  const low = trough < 0 ? 0 : perHour[trough]!
  return {
    counts,
    exposureHours,
    perHour,
    peak: Math.max(0, peak),
    trough: Math.max(0, trough),
    peakToTrough: whole && low > 0 ? perHour[peak]! / low : null,
  }
}
