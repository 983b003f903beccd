import type { Trace } from '../model/index.js'
import { zoneOffset } from '../num/index.js'

/** From this second of the trace on, local time = second + `shift`, where local second 0 is a midnight that begins a Monday. */
export interface ClockSegment {
  readonly fromSeconds: number
  readonly shift: number
}

const DAY = 86_400
/** 1970-01-01 was a Thursday: three days after a Monday. */
const UNIX_FROM_MONDAY = 3 * DAY

/**
 * How seconds of the trace turn into seconds of its local week, over [first, last]: one segment for each change of the zone’s offset (daylight
 * saving). A relative clock has one segment without shift: its second 0 plays the Monday midnight.
 */
export function clockSegments(clock: Trace['clock'], first: number, last: number): ClockSegment[] {
  if (clock.kind === 'relative') return [{ fromSeconds: first, shift: 0 }]
  const base = clock.originUnixSeconds + UNIX_FROM_MONDAY
  const offsetOf = zoneOffset(clock.timeZone)
  const offsetAt = (seconds: number) => offsetOf(clock.originUnixSeconds + seconds)
  let offset = offsetAt(first)
  const segments = [{ fromSeconds: first, shift: base + offset }]
  // day by day for a century; a longer span is a wrong time somewhere, and is not worth a question a day
  const step = Math.max(DAY, (last - first) / 40_000)
  for (let from = first; from < last; from += step) {
    const until = Math.min(from + step, last)
    const next = offsetAt(until)
    if (next === offset) continue
    let low = from
    let high = until
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2)
      if (middle <= low) break
      if (offsetAt(middle) === offset) low = middle
      else high = middle
    }
    segments.push({ fromSeconds: Math.round(high), shift: base + next })
    offset = next
  }
  return segments
}

/**
 * Rows by the slices of a repeating period of the local clock, and the hours of [first, last] that fall into each slice. `times` ascend.
 */
export function clockCounts(
  times: Float64Array,
  segments: readonly ClockSegment[],
  sliceSeconds: number,
  slices: number,
): { counts: number[]; exposureHours: number[] } {
  const counts = new Array<number>(slices).fill(0)
  const exposure = new Array<number>(slices).fill(0)
  const first = times[0]!
  const last = times[times.length - 1]!
  const sliceAt = (local: number) => ((Math.floor(local / sliceSeconds) % slices) + slices) % slices
  let s = 0
  for (let i = 0; i < times.length; i++) {
    const t = times[i]!
    while (s + 1 < segments.length && t >= segments[s + 1]!.fromSeconds) s++
    counts[sliceAt(t + segments[s]!.shift)]!++
  }
  for (const [index, segment] of segments.entries()) {
    const from = Math.max(first, segment.fromSeconds) + segment.shift
    const until = Math.min(last, segments[index + 1]?.fromSeconds ?? last) + segment.shift
    // whole periods at once, so that a long trace costs no more than a short one
    const period = sliceSeconds * slices
    const whole = Math.max(0, Math.floor((until - from) / period))
    for (let slice = 0; slice < slices; slice++) exposure[slice] = exposure[slice]! + whole * sliceSeconds
    let at = from + whole * period
    while (at < until) {
      const edge = Math.min(until, (Math.floor(at / sliceSeconds) + 1) * sliceSeconds)
      const slice = sliceAt(at)
      exposure[slice] = exposure[slice]! + edge - at
      at = edge
    }
  }
  return { counts, exposureHours: exposure.map((seconds) => seconds / 3600) }
}
