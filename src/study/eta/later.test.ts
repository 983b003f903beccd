import { expect, it } from 'vitest'
import { Rng } from '../../num/index.js'
import { historyOfJobs } from './history.js'
import { drawLater } from './later.js'

const HOUR = 3600
const DAY = 24 * HOUR
/** One job every day at nine for ten days, the last of them too large. */
const history = historyOfJobs(
  Array.from({ length: 10 }, (_, day) => ({
    ...{ submitSeconds: day * DAY + 9 * HOUR, startSeconds: day * DAY + 9 * HOUR, endSeconds: day * DAY + 10 * HOUR },
    slots: day === 9 ? 99 : 1,
  })),
)

it('jobs come at the hour at which they came, whichever day is copied', () => {
  for (let seed = 0; seed < 20; seed++) {
    const later = drawLater(history, 10 * DAY + 8 * HOUR, 2 * HOUR, 8, new Rng(seed))
    expect([0, 1]).toContain(later.count)
    if (later.count === 1) expect([later.arrival[0], later.runSeconds[0]]).toEqual([HOUR, HOUR])
  }
})

it('nobody larger than the cluster comes', () => {
  const widest = Array.from({ length: 50 }, (_, seed) => drawLater(history, 10 * DAY, DAY, 8, new Rng(seed))).flatMap((later) => [
    ...later.slots,
  ])
  expect(widest.length).toBeGreaterThan(0)
  expect(Math.max(...widest)).toBe(1)
})

it('nobody comes where the history does not go back so far', () => {
  expect(drawLater(history, 10 * DAY, 30 * DAY, 8, new Rng(1)).count).toBe(0)
  expect(drawLater(historyOfJobs([]), 100, 10, 8, new Rng(1)).count).toBe(0)
})
