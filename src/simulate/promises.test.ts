import { describe, expect, it } from 'vitest'
import { isRefusal, type Policy, type ReplayJobs, validate } from '../model/index.js'
import { Rng } from '../num/index.js'
import { conservativeBackfill } from './disciplines/index.js'
import { Engine, type EngineSettings, type RunJobs } from './engine.js'
import { SlotPool } from './pool.js'
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

  it.each(['count', 'packed'] as const)('promises kept for newcomers are those that would be made anew (%s)', (mode) => {
    const { count, submitSeconds, runSeconds, slots, classIndex, estimateSeconds } = replay()
    for (const factor of [0.7, 1, 1.4]) {
      const jobs: RunJobs = {
        count,
        // at a load at which many wait
        arrival: submitSeconds.map((time) => time * 0.7),
        size: runSeconds,
        slots,
        classIndex,
        // some jobs take longer than was said
        estimate: estimateSeconds!.map((seconds) => seconds * factor),
      }
      const settings = (): EngineSettings => ({
        jobs,
        rule: conservativeBackfill,
        pool: new SlotPool(mode, [{ nodes: mode === 'count' ? 1 : 2, slots: mode === 'count' ? 8 : 4, speed: 1 }], count),
        classPriority: Int32Array.of(1),
        owners: 1,
        promises: 12,
      })
      const kept = new Engine(settings())
      kept.run()
      // a restored engine remembers no promises
      let anew = new Engine(settings())
      for (let i = 0; i < count; i++) {
        anew.run(jobs.arrival[i]! - 1e-9)
        const next = Engine.restore(settings(), anew.save())
        if (isRefusal(next)) throw new Error(next.message)
        anew = next
      }
      anew.run()
      expect([...kept.response]).toEqual([...anew.response])
      expect(kept.unpromised).toBe(anew.unpromised)
      expect(kept.unpromised).toBeGreaterThan(0)
    }
  })
})
