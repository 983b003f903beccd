import { describe, expect, it } from 'vitest'
import { Rng } from '../../num/index.js'
import { historyOfJobs, type PastJob } from './history.js'
import { learnRunTimes } from './run-times.js'

/** Users whose jobs take about as long as their last ones, all with the same limit; `shared`: how much of the luck is that of the batch. */
function history(shared: number) {
  const rng = new Rng(5, 'runs')
  const jobs: PastJob[] = []
  for (let batch = 0, at = 0; batch < 400; batch++, at += 7200) {
    const user = rng.below(10)
    const luck = rng.normal()
    for (let i = 0; i < 4; i++) {
      const z = Math.sqrt(shared) * luck + Math.sqrt(1 - shared) * rng.normal()
      const start = at + 10 * i
      jobs.push({
        ...{ user: `u${user}`, slots: 1, limitSeconds: 86_400, submitSeconds: start, startSeconds: start },
        endSeconds: start + 60 * 2 ** user * Math.exp(0.4 * z),
      })
    }
  }
  return historyOfJobs(jobs)
}

describe('run times learned from a history', () => {
  const learned = learnRunTimes(history(0), new Rng(1))
  const score = (name: string) => learned.scores.find((one) => one.name === name)!

  it('are nearer than the limit and than the mean of the last two, by a law that holds about what it says', () => {
    const best = score(learned.method.name)
    expect(best.crps).toBeLessThan(score('last-two').crps)
    expect(best.crps).toBeLessThan(score('limit').crps / 4)
    expect(best.medianFactor).toBeLessThan(1.5)
    expect(best.covered90).toBeGreaterThan(0.75)
    expect(best.covered90).toBeLessThan(0.97)
  })

  it('share their luck within a user as much as they did in the history', () => {
    expect(learned.together).toBeLessThan(0.25)
    expect(learnRunTimes(history(0.9), new Rng(1)).together).toBeGreaterThan(0.5)
  })

  it('are those of similar jobs where the history is too short to choose', () => {
    const few = learnRunTimes(historyOfJobs([{ slots: 1, submitSeconds: 0, startSeconds: 0, endSeconds: 5 }]), new Rng(1))
    expect([few.method.name, few.scores, few.tested, few.together]).toEqual(['similar', [], 0, 0])
  })
})
