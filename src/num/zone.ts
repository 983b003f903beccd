/**
 * Seconds that the wall clock of an IANA time zone is ahead of UTC, as a function of the Unix instant in seconds; fractions are passed over.
 * Each question costs some microseconds: who asks often remembers. Throws a RangeError when the runtime does not know the zone.
 */
export function zoneOffset(timeZone: string): (unixSeconds: number) => number {
  if (timeZone === 'UTC' || timeZone === 'Etc/UTC' || timeZone === 'GMT') return () => 0
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  })
  return (unixSeconds) => {
    const whole = Math.floor(unixSeconds)
    const at: Record<string, number> = {}
    for (const { type, value } of format.formatToParts(whole * 1000)) at[type] = Number(value)
    const wall = new Date(0)
    wall.setUTCFullYear(at['year']!, at['month']! - 1, at['day']!)
    return wall.setUTCHours(at['hour']!, at['minute']!, at['second']!) / 1000 - whole
  }
}
