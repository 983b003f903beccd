import { expect, it } from 'vitest'
import { quantileOfLaw } from './law.js'
import { type JobTraits, SimilarJobs } from './similar.js'

const job = (user: number, name = 0, slots = 1): JobTraits => ({ user, name, queue: 0, slots, limitSeconds: 3600 })

it('what one user repeats outweighs what all others do', () => {
  const seen = new SimilarJobs()
  for (let i = 0; i < 30; i++) {
    seen.add(job(1), 100)
    seen.add(job(2), 2000)
  }
  expect(quantileOfLaw(seen.law(job(1))!, 0.5)).toBe(100)
  expect(quantileOfLaw(seen.law(job(2))!, 0.5)).toBe(2000)
})

it('a stranger is like everybody of that size, and later runs weigh more', () => {
  const seen = new SimilarJobs()
  for (let i = 0; i < 30; i++) seen.add(job(1), 100)
  for (let i = 0; i < 15; i++) seen.add(job(2), 900)
  const law = seen.law({ ...job(-1), name: -1 })!
  expect(quantileOfLaw(law, 0.5)).toBe(900)
  expect(quantileOfLaw(law, 0.2)).toBe(100)
})

it('says nothing before the first job ended', () => {
  expect(new SimilarJobs().law(job(1))).toBeUndefined()
  expect(new SimilarJobs().lastTwo(job(1))).toBeUndefined()
})

it('knows the mean of the last two runs of a user', () => {
  const seen = new SimilarJobs()
  for (const seconds of [5, 10, 20]) seen.add(job(1), seconds)
  expect(seen.lastTwo(job(1, 7, 3))).toBe(15)
})
