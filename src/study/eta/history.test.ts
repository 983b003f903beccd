import { describe, expect, it } from 'vitest'
import { asKnownAt, historyOfJobs, pastJobs, recordedAt, withEnded } from './history.js'

const history = historyOfJobs([
  { id: 'a', user: 'ann', slots: 2, submitSeconds: 0, startSeconds: 0, endSeconds: 50, limitSeconds: 60 },
  { id: 'b', user: 'bob', slots: 3, submitSeconds: 10, startSeconds: 40, endSeconds: 90 },
  { id: 'c', user: 'ann', slots: 1, submitSeconds: 30, startSeconds: 70, endSeconds: 80 },
  { id: 'd', user: 'ann', slots: 1, submitSeconds: 60, startSeconds: 61, endSeconds: 62 },
])

describe('a history', () => {
  it('as known at a moment has no job, start or end of that moment or later', () => {
    const known = pastJobs(asKnownAt(history, 50))
    expect(known.map(({ id, startSeconds, endSeconds }) => [id, startSeconds, endSeconds])).toEqual([
      ['a', 0, undefined],
      ['b', 40, undefined],
      ['c', undefined, undefined],
    ])
  })

  it('tells who ran and who waited at a moment, the same whether or not the future is known', () => {
    const full = recordedAt(history, 45, 6).observation
    expect(full.jobs.map(({ id, state }) => [id, state])).toEqual([
      ['a', 'running'],
      ['b', 'running'],
      ['c', 'pending'],
    ])
    expect(full.nodes[0]).toMatchObject({ slots: 6, busySlots: 5 })
    expect(recordedAt(asKnownAt(history, 45), 45, 6).observation).toEqual(full)
  })

  it('takes in the ended jobs of an observation once each', () => {
    const job = { id: 'b', state: 'complete', submitSeconds: 10, startSeconds: 40, endSeconds: 90, slots: 3, speed: 1 } as const
    const more = withEnded(history, { atSeconds: 100, nodes: [], jobs: [job, { ...job, id: 'e', submitSeconds: 5 }] })
    expect(pastJobs(more).map(({ id }) => id)).toEqual(['a', 'e', 'b', 'c', 'd'])
  })
})
