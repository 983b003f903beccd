import { describe, expect, it } from 'vitest'
import { isRefusal, validate } from '../model/index.js'
import { simulatedTrace } from './simulate.js'

describe('the jobs of a simulation as a trace', () => {
  it('slots × share × run time is what a job held that takes slots task by task', () => {
    const time = { kind: 'constant', seconds: 10 }
    const rare = { kind: 'poisson', ratePerSecond: 1e-7 }
    const read = validate('scenario', {
      schema: 'halftone/scenario/1',
      name: 'held',
      workload: {
        schema: 'halftone/workload/1',
        name: 'held',
        classes: [
          {
            name: 'array',
            priority: 1,
            arrival: rare,
            work: { kind: 'array', tasks: 3, taskTime: time, slotsPerTask: 3, runningAtMost: 2 },
          },
          { name: 'gang', priority: 1, arrival: rare, work: { kind: 'gang', slots: 4, runTime: time } },
          {
            name: 'stages',
            priority: 1,
            arrival: rare,
            work: {
              kind: 'stages',
              stages: [{ name: 'map', setup: { kind: 'constant', seconds: 30 }, tasks: 5, taskTime: time }],
            },
          },
        ],
      },
      cluster: { schema: 'halftone/cluster/1', name: 'c', nodes: [{ name: 'n', count: 1, slots: 12 }] },
      policy: { schema: 'halftone/policy/1', name: 'p', discipline: 'fcfs' },
    })
    if (!read.ok) throw new Error(JSON.stringify(read.issues))
    const trace = simulatedTrace({ scenario: read.value, seed: 1, jobsPerReplication: 60 })
    if (isRefusal(trace)) throw new Error(trace.message)
    const { count, slots, slotShare, runSeconds, queue } = trace.jobs
    // two tasks of three slots for 10 s and one for another 10 s; four slots; nothing for 30 s and five slots for 10 s
    const expected = [
      { most: 6, seconds: 20, held: 90 },
      { most: 4, seconds: 10, held: 40 },
      { most: 5, seconds: 40, held: 50 },
    ]
    const seen = new Set<number>()
    for (let i = 0; i < count; i++) {
      const { most, seconds, held } = expected[queue!.codes[i]!]!
      seen.add(queue!.codes[i]!)
      expect(slots![i]).toBe(most)
      expect(runSeconds![i]).toBeCloseTo(seconds, 6)
      expect(slots![i]! * slotShare![i]! * runSeconds![i]!).toBeCloseTo(held, 6)
    }
    expect(seen.size).toBe(3)
  })
})
