import { expect, it } from 'vitest'
import { Rng } from '../../num/index.js'
import { disciplineRule, Engine, SlotPool } from '../../simulate/index.js'
import { inferDiscipline } from './discipline.js'
import { historyOfJobs } from './history.js'
import { pastMoments } from './moments.js'
import { policyNamed } from './play.js'

/** A busy cluster of eight slots under a discipline, as it would be recorded. */
function recorded(discipline: 'fcfs' | 'easy-backfill') {
  const rng = new Rng(11, 'arrivals')
  const count = 1500
  let at = 0
  const arrival = Float64Array.from({ length: count }, () => (at += 330 * rng.exponential()))
  const slots = Int32Array.from({ length: count }, () => [1, 1, 2, 4, 6][rng.below(5)]!)
  const size = Float64Array.from({ length: count }, () => 60 + 1500 * rng.exponential() * 0.55)
  const estimate = size.map((x) => 600 * Math.ceil((1.3 * x) / 600))
  const engine = new Engine({
    jobs: { count, arrival, size, slots, classIndex: new Uint16Array(count), estimate },
    classPriority: Int32Array.of(1),
    owners: 1,
    rule: disciplineRule(policyNamed(discipline)),
    pool: new SlotPool('count', [{ nodes: 1, slots: 8, speed: 1 }], count),
  })
  engine.run()
  return historyOfJobs(
    Array.from({ length: count }, (_, i) => ({
      ...{ user: `u${i % 7}`, slots: slots[i]!, limitSeconds: estimate[i]!, submitSeconds: arrival[i]! },
      ...{ startSeconds: engine.startedAt(i), endSeconds: engine.startedAt(i) + size[i]! },
    })),
  )
}

it.each(['fcfs', 'easy-backfill'] as const)('%s is found in the starts that were recorded under it', (discipline) => {
  const history = recorded(discipline)
  const end = history.submitSeconds[history.count - 1]!
  const moments = pastMoments(history, end, 8, 12)
  const { tried, jobs } = inferDiscipline(history, moments, 10_000)!
  expect(jobs).toBeGreaterThan(20)
  expect(tried[0]!.discipline).toBe(discipline)
  expect(tried[0]!.medianFactor).toBeLessThan(1.1)
  expect(tried.at(-1)!.medianFactor).toBeGreaterThan(tried[0]!.medianFactor)
})

it('nothing is said where nobody waited', () => {
  const idle = historyOfJobs(
    Array.from({ length: 50 }, (_, i) => ({ slots: 1, submitSeconds: 100 * i, startSeconds: 100 * i, endSeconds: 100 * i + 10 })),
  )
  expect(inferDiscipline(idle, pastMoments(idle, 5000, 8, 12), 100)).toBeUndefined()
})
