import { describe, expect, it } from 'vitest'
import { isRefusal, type Policy, type ReplayJobs, validate } from '../model/index.js'
import { Rng } from '../num/index.js'
import { simulateScenario } from './predictor.js'

const COUNT = 400

function replay(): ReplayJobs {
  const rng = new Rng(5, 'promises')
  let now = 0
  const run = Float64Array.from({ length: COUNT }, () => rng.exponential() * 10)
  return {
    count: COUNT,
    submitSeconds: Float64Array.from({ length: COUNT }, () => {
      now += rng.exponential() * 4
      return now
    }),
    runSeconds: run,
    slots: Int32Array.from({ length: COUNT }, () => 1 + rng.below(6)),
    classIndex: new Uint16Array(COUNT),
    estimateSeconds: run.map((seconds) => seconds * (1 + rng.uniform())),
  }
}

function played(discipline: Policy['discipline'], backfill?: Policy['backfill']) {
  const read = validate('scenario', {
    schema: 'halftone/scenario/1',
    name: 'promises',
    workload: {
      schema: 'halftone/workload/1',
      name: 'promises',
      trace: { path: 'none.csv', classes: { by: 'all' } },
      classes: [{ name: 'all', priority: 1, arrival: { kind: 'replay' }, work: { kind: 'replay' } }],
    },
    cluster: { schema: 'halftone/cluster/1', name: 'eight', nodes: [{ name: 'node', count: 1, slots: 8 }] },
    policy: { schema: 'halftone/policy/1', name: 'p', discipline, ...(backfill ? { backfill } : {}) },
  })
  if (!read.ok) throw new Error(JSON.stringify(read.issues))
  const answer = simulateScenario(read.value, { seed: 1, replay: replay() })
  if (isRefusal(answer)) throw new Error(answer.message)
  return {
    response: answer.classes[0]!.response,
    bounded: answer.caveats.find(({ code }) => code === 'promises-bounded')?.numbers,
  }
}

describe('conservative backfill with bounded promises', () => {
  it('that promises the head alone is first come, first served, and says that others waited', () => {
    const one = played('conservative-backfill', { promisesAtMost: 1 })
    expect(one.response).toEqual(played('fcfs').response)
    expect(one.bounded?.promisesAtMost).toBe(1)
    expect(one.bounded?.share).toBeGreaterThan(0)
  })

  it('that promises everybody a start says nothing, and more promises than jobs change nothing', () => {
    const all = played('conservative-backfill', { promisesAtMost: COUNT })
    expect(all.bounded).toBeUndefined()
    expect(all.response).toEqual(played('conservative-backfill', { promisesAtMost: 10 * COUNT }).response)
    expect(all.response.mean.value).toBeLessThan(played('fcfs').response.mean.value)
  })
})
