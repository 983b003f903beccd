import { zoneOffset } from '../num/index.js'

/**
 * Reads a date and time from bytes into Unix seconds: `2017-10-09 07:01:55`, `2024-11-15T16:57:50.25Z`, `2017/10/09 07:01`, `2017-10-09T07:01:55-07:00`.
 *
 * A time without a zone is the wall clock of `timeZone` (IANA name). Where the clock is set back, an hour happens twice: the first of the two
 * is taken and `ambiguous` counts it; where it is set forward, a time that never was is read with the offset before the change and `skipped`
 * counts it. NaN when the bytes are no date and time.
 */
export class InstantReader {
  ambiguous = 0
  skipped = 0
  private readonly zone: Zone

  /** Throws a RangeError when there is no such time zone; see `isTimeZone`. */
  constructor(timeZone: string) {
    this.zone = new Zone(timeZone)
  }

  read(bytes: Uint8Array, from: number, to: number): number {
    let i = from
    let end = to
    while (i < end && bytes[i] === 32) i++
    while (end > i && bytes[end - 1] === 32) end--
    if (end - i < 10 || end - i > 40) return Number.NaN
    const year = digits(bytes, i, 4)
    const separator = bytes[i + 4]
    if ((separator !== DASH && separator !== SLASH) || bytes[i + 7] !== separator) return Number.NaN
    const month = digits(bytes, i + 5, 2)
    const day = digits(bytes, i + 8, 2)
    if (!(year >= 0 && month >= 1 && month <= 12 && day >= 1 && day <= daysIn(year, month))) return Number.NaN
    let seconds = daysFromCivil(year, month, day) * 86_400
    i += 10
    if (i < end) {
      if (bytes[i] !== 32 && bytes[i] !== LETTER_T) return Number.NaN
      const hour = digits(bytes, i + 1, 2)
      const minute = digits(bytes, i + 4, 2)
      if (end - i < 6 || bytes[i + 3] !== COLON || !(hour >= 0 && hour <= 24 && minute >= 0 && minute <= 59)) return Number.NaN
      seconds += hour * 3600 + minute * 60
      i += 6
      if (i < end && bytes[i] === COLON) {
        const second = digits(bytes, i + 1, 2)
        if (end - i < 3 || !(second >= 0 && second <= 60)) return Number.NaN
        seconds += second
        i += 3
        if (i < end && (bytes[i] === POINT || bytes[i] === COMMA)) {
          let unit = 0.1
          let fraction = 0
          for (i++; i < end && bytes[i]! >= ZERO && bytes[i]! <= ZERO + 9; i++, unit /= 10) fraction += (bytes[i]! - ZERO) * unit
          seconds += fraction
        }
      }
      if (hour === 24 && seconds % 86_400 !== 0) return Number.NaN
    }
    if (i === end) return this.fromWallClock(seconds)
    if (bytes[i] === 32) i++
    if (bytes[i] === LETTER_Z && i + 1 === end) return seconds
    const sign = bytes[i] === PLUS ? 1 : bytes[i] === DASH ? -1 : 0
    const hours = digits(bytes, i + 1, 2)
    const minutes = end - i === 3 ? 0 : digits(bytes, end - 2, 2)
    const shape = end - i === 3 || end - i === 5 || (end - i === 6 && bytes[i + 3] === COLON)
    if (sign === 0 || !shape || !(hours >= 0 && hours <= 18 && minutes >= 0 && minutes <= 59)) return Number.NaN
    return seconds - sign * (hours * 3600 + minutes * 60)
  }

  /** Unix seconds of a wall clock time given as seconds since 1970-01-01 00:00 on that clock. */
  fromWallClock(wallSeconds: number): number {
    if (wallSeconds < this.plainFrom || wallSeconds >= this.plainTo) return this.fromUnusual(wallSeconds)
    return wallSeconds - this.plainOffset
  }

  // The stretch of wall clock, met last, in which one offset holds and nothing is ambiguous.
  private plainFrom = 0
  private plainTo = 0
  private plainOffset = 0

  private fromUnusual(wallSeconds: number): number {
    const before = this.zone.offsetAt(wallSeconds - 93_600)
    const after = this.zone.offsetAt(wallSeconds + 93_600)
    if (before === after) {
      this.plainFrom = Math.floor(wallSeconds / 3600) * 3600
      this.plainTo = this.plainFrom + 3600
      this.plainOffset = before
      // Within an hour the two probes cannot step over a change unless there are two changes in two days.
      if (this.zone.offsetAt(this.plainFrom - 93_600) !== before || this.zone.offsetAt(this.plainTo + 93_600) !== before) {
        this.plainTo = this.plainFrom
      }
      return wallSeconds - before
    }
    const early = wallSeconds - before
    const late = wallSeconds - after
    const earlyHolds = this.zone.offsetAt(early) === before
    const lateHolds = this.zone.offsetAt(late) === after
    if (earlyHolds && lateHolds) {
      this.ambiguous++
      return Math.min(early, late)
    }
    if (earlyHolds) return early
    if (lateHolds) return late
    this.skipped++
    return early
  }
}

/** True when the runtime knows this IANA time zone. */
export function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: name })
    return true
  } catch {
    return false
  }
}

/** Offsets of a zone from UTC, in seconds, asked of the runtime once a quarter of an hour of trace at most. */
class Zone {
  private readonly offset: (unixSeconds: number) => number
  private readonly known = new Map<number, number>()

  constructor(timeZone: string) {
    this.offset = zoneOffset(timeZone)
  }

  offsetAt(unixSeconds: number): number {
    // All changes of offset since 1972 fall on a quarter of an hour of UTC.
    const quarter = Math.floor(unixSeconds / 900)
    let offset = this.known.get(quarter)
    if (offset === undefined) this.known.set(quarter, (offset = this.offset(quarter * 900)))
    return offset
  }
}

const ZERO = 48
const DASH = 45
const SLASH = 47
const COLON = 58
const POINT = 46
const COMMA = 44
const PLUS = 43
const LETTER_T = 84
const LETTER_Z = 90

/** The number in `length` digits, −1 when one of them is none. */
function digits(bytes: Uint8Array, from: number, length: number): number {
  let value = 0
  for (let i = from; i < from + length; i++) {
    const digit = bytes[i]! - ZERO
    if (!(digit >= 0 && digit <= 9)) return -1
    value = value * 10 + digit
  }
  return value
}

function daysIn(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
}

/** Days from 1970-01-01 in the proleptic Gregorian calendar. Source: Hinnant, chrono-compatible low-level date algorithms. */
function daysFromCivil(year: number, month: number, day: number): number {
  const shifted = month <= 2 ? year - 1 : year
  const era = Math.floor(shifted / 400)
  const yearOfEra = shifted - era * 400
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear
  return era * 146_097 + dayOfEra - 719_468
}
