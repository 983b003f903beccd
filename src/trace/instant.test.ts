import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { InstantReader, isTimeZone } from './instant.js'

const at = (text: string, zone = 'UTC', reader = new InstantReader(zone)): number => {
  const bytes = Buffer.from(text)
  return reader.read(bytes, 0, bytes.length)
}

describe('InstantReader', () => {
  it('agrees with Date on times in UTC', () => {
    const dates = fc.date({ min: new Date('1901-01-01'), max: new Date('2199-12-31'), noInvalidDate: true })
    fc.assert(
      fc.property(dates, (date) => {
        const iso = date.toISOString()
        expect(at(iso)).toBeCloseTo(date.getTime() / 1000, 3)
        expect(at(iso.slice(0, 19).replace('T', ' '))).toBe(Math.floor(date.getTime() / 1000))
      }),
    )
  })

  it('reads the wall clock of a zone: what Intl shows at the answer is the text again', () => {
    for (const zone of ['America/Los_Angeles', 'Asia/Tokyo', 'Asia/Kolkata', 'Australia/Lord_Howe', 'Europe/London']) {
      const reader = new InstantReader(zone)
      const format = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'medium' })
      fc.assert(
        fc.property(fc.integer({ min: 1_400_000_000, max: 1_600_000_000 }), (seconds) => {
          const wall = format.format(seconds * 1000)
          expect(format.format(at(wall, zone, reader) * 1000)).toBe(wall)
        }),
        { numRuns: 300 },
      )
    }
  })

  // Pacific time went from UTC−7 to UTC−8 on 2017-11-05 at 02:00, back to 01:00.
  it('takes the first of the two hours when the clock is set back, and counts it', () => {
    const reader = new InstantReader('America/Los_Angeles')
    expect(at('2017-11-05 00:59:59', '', reader)).toBe(Date.UTC(2017, 10, 5, 7, 59, 59) / 1000)
    expect(reader.ambiguous).toBe(0)
    expect(at('2017-11-05 01:30:00', '', reader)).toBe(Date.UTC(2017, 10, 5, 8, 30) / 1000)
    expect(reader.ambiguous).toBe(1)
    expect(at('2017-11-05 02:00:00', '', reader)).toBe(Date.UTC(2017, 10, 5, 10) / 1000)
    expect(reader.ambiguous).toBe(1)
  })

  // And from UTC−8 to UTC−7 on 2017-03-12 at 02:00, on to 03:00.
  it('reads a time that the clock never showed with the offset before the change, and counts it', () => {
    const reader = new InstantReader('America/Los_Angeles')
    expect(at('2017-03-12 02:30:00', '', reader)).toBe(Date.UTC(2017, 2, 12, 10, 30) / 1000)
    expect(reader.skipped).toBe(1)
    expect(at('2017-03-12 03:00:00', '', reader)).toBe(Date.UTC(2017, 2, 12, 10) / 1000)
    expect(reader.skipped).toBe(1)
  })

  it.each([
    ['2017-10-09T07:01:55-07:00', Date.UTC(2017, 9, 9, 14, 1, 55) / 1000],
    ['2017-10-09 14:01:55+00', Date.UTC(2017, 9, 9, 14, 1, 55) / 1000],
    ['2017/10/09 19:31:55 +0530', Date.UTC(2017, 9, 9, 14, 1, 55) / 1000],
    ['2024-11-15T16:57:50.25Z', Date.UTC(2024, 10, 15, 16, 57, 50) / 1000 + 0.25],
    ['2016-02-29', Date.UTC(2016, 1, 29) / 1000],
    ['2016-02-29 23:59', Date.UTC(2016, 1, 29, 23, 59) / 1000],
  ])('reads %s', (text, seconds) => {
    expect(at(text)).toBe(seconds)
  })

  it.each([
    '',
    'yesterday',
    '2017-13-01 00:00:00',
    '2017-02-29 00:00:00',
    '2017-10-09 25:00:00',
    '2017-10-09 07:60:00',
    '2017-10-09 07:01:5x',
    '2017-10/09 07:01:55',
    '2017-10-09 07:01:55 PST',
    '20171009',
    '1508857200',
  ])('is NaN for %j', (text) => {
    expect(at(text)).toBeNaN()
  })
})

it('knows the time zones of the runtime and no others', () => {
  expect(isTimeZone('Asia/Tokyo')).toBe(true)
  expect(isTimeZone('Mars/Olympus')).toBe(false)
})
