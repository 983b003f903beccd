import { describe, expect, it } from 'vitest'
import { Rng } from '../../src/num/index.js'
import { simulateSprintQueue } from '../../src/simulate/index.js'
import { balancedTimeout, halvingSearch, sprintAbility } from '../../src/sprint/index.js'

/** The system of specs/sprint.md 2.9: one server, Poisson arrivals at 0.75, exponential work of mean 1, sprint 1.5, timer from arrival. */
function queries(count: number): { arrivalSeconds: Float64Array; workSeconds: Float64Array } {
  const [arrivals, work] = [new Rng(7, 'arrivals'), new Rng(7, 'work')]
  const arrivalSeconds = new Float64Array(count)
  const workSeconds = new Float64Array(count)
  for (let i = 0, t = 0; i < count; i++) {
    t += arrivals.exponential() / 0.75
    arrivalSeconds[i] = t
    workSeconds[i] = work.exponential()
  }
  return { arrivalSeconds, workSeconds }
}

const all = queries(400_000)

function response(timeoutSeconds: number, budgetSeconds: number, share = 1): number {
  const count = Math.round(all.arrivalSeconds.length * share)
  const some = { arrivalSeconds: all.arrivalSeconds.subarray(0, count), workSeconds: all.workSeconds.subarray(0, count) }
  return simulateSprintQueue(some, { speed: 1.5, timeoutSeconds, budgetSeconds, windowSeconds: 200 }).meanResponseSeconds
}

describe('timeouts of the published shape', () => {
  // Table of mean response by budget and timeout: best timeout, its response, and what T = 0 (“big burst”) reaches of it
  it.each([
    [5, 6, 3.601, 0.95],
    [20, 4, 2.766, 0.85],
    [60, 1, 1.8, 0.8],
  ])(
    'budget %i: the search finds the best of the table to a fiftieth, and big burst has the stated ability',
    (budget, best, least, ability) => {
      const found = halvingSearch((timeout, effort) => response(timeout, budget, Math.min(1, effort / 8)), {
        shortest: 0.2,
        longest: 30,
        rounds: 4,
      })
      expect(found.price).toBeLessThan(1.02 * response(best, budget))
      expect(Math.abs(found.price / least - 1)).toBeLessThan(0.03)
      expect(Math.abs(sprintAbility(response(0, budget), found.price) - ability)).toBeLessThan(0.02)
    },
  )

  // T_fb of the same table
  it.each([
    [5, 9.5],
    [20, 4.4],
    [60, 1.15],
  ])('budget %i: sprinting without a bucket uses the inflow at the stated timeout', (budget, stated) => {
    const use = (timeoutSeconds: number): number => simulateSprintQueue(all, { speed: 1.5, timeoutSeconds }).shareSprinting
    expect(Math.abs(balancedTimeout(use, budget / 200, 30) / stated - 1)).toBeLessThan(0.06)
  })
})
