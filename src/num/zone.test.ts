import { expect, it } from 'vitest'
import { zoneOffset } from './zone.js'

it('is the offset in force: Berlin turns from one hour to two on 2024-03-31 at 01:00 UTC, and back on 2024-10-27', () => {
  const berlin = zoneOffset('Europe/Berlin')
  const spring = Date.UTC(2024, 2, 31, 1) / 1000
  const autumn = Date.UTC(2024, 9, 27, 1) / 1000
  expect([berlin(spring - 0.5), berlin(spring), berlin(autumn - 0.5), berlin(autumn)]).toEqual([3600, 7200, 7200, 3600])
})

it('knows quarters of an hour, zones west of UTC, and UTC itself', () => {
  const at = Date.UTC(2020, 0, 1) / 1000
  expect(zoneOffset('Asia/Kathmandu')(at)).toBe(5.75 * 3600)
  expect(zoneOffset('Etc/GMT+5')(at)).toBe(-5 * 3600)
  expect(zoneOffset('UTC')(at)).toBe(0)
})

it('throws where there is no such zone', () => {
  expect(() => zoneOffset('Mars/Olympus')).toThrow(RangeError)
})
