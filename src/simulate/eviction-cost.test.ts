import { describe, expect, it } from 'vitest'
import { isRefusal, type Policy, type Scenario, validate } from '../model/index.js'
import { compileScenario } from './compile.js'
import { drawJobsArriving } from './jobs.js'
import { runJobs } from './run.js'
import { TaskEngine, withOrdinals } from './taskEngine.js'

const DELAY = 5

/** Low jobs of two tasks of 10 s, high ones of one task of 3 s. */
function scenarioOf(slots: number, policy: Partial<Policy>): Scenario {
  const jobClass = (name: string, priority: number, tasks: number, seconds: number): unknown => ({
    name,
    priority,
    arrival: { kind: 'poisson', ratePerSecond: 0.001 },
    work: { kind: 'stages', stages: [{ name: 'map', tasks, taskTime: { kind: 'constant', seconds } }] },
  })
  const valid = validate('scenario', {
    schema: 'halftone/scenario/1',
    name: 'evicted work is held back',
    workload: { schema: 'halftone/workload/1', name: 'two', classes: [jobClass('high', 1, 1, 3), jobClass('low', 2, 2, 10)] },
    cluster: { schema: 'halftone/cluster/1', name: 'one', nodes: [{ name: 'node', count: 1, slots }] },
    policy: { schema: 'halftone/policy/1', name: 'P', discipline: 'priority-preemptive-restart', ...policy },
  })
  if (!valid.ok) throw new Error(JSON.stringify(valid.issues))
  return valid.value
}

/** A low job at 0, a high one at 2. */
const ARRIVALS = { arrival: Float64Array.of(0, 2), classIndex: Uint16Array.of(1, 0) }

function responses(slots: number, policy: Partial<Policy> = {}): number[] {
  const compiled = compileScenario(scenarioOf(slots, policy))
  if (isRefusal(compiled)) throw new Error(compiled.message)
  return [...runJobs(compiled, drawJobsArriving(compiled, ARRIVALS, 1, 0)).response]
}

const delayed = { preemption: { restartDelaySeconds: DELAY, evictionSeconds: 0 } }

describe('evicted work that is held back before it starts again', () => {
  it('starts again after the delay, or when a slot is free, whichever is later', () => {
    // one slot: high from 2 to 5; the other task of low from 5 to 15, the evicted one (due again at 7) from 15 to 25
    expect(responses(1, delayed)).toEqual([25, 3])
    // two slots: high from 2 to 5 in the place of one task, which starts again at 7, not at 5
    expect(responses(2)).toEqual([15, 3])
    expect(responses(2, delayed)).toEqual([17, 3])
  })

  it('begins only once those are gone who were evicted for it, and their slots are lost so long', () => {
    const slow = { preemption: { restartDelaySeconds: DELAY, evictionSeconds: 0.5 } }
    // high holds its slot from 2, works from 2.5 to 5.5; the evicted task is held back until 7 as before
    expect(responses(2, slow)).toEqual([17, 3.5])
    const compiled = compileScenario(scenarioOf(2, slow))
    if (isRefusal(compiled)) throw new Error(compiled.message)
    const { end } = runJobs(compiled, drawJobsArriving(compiled, ARRIVALS, 1, 0))
    // busy: two tasks of low and one of high, the 2 s that were thrown away and the half second of dying
    expect(end.busy).toBeCloseTo(10 + 10 + 3 + 2 + 0.5, 9)
    expect(end.lost).toBeCloseTo(2.5, 9)
  })

  it('costs nothing where nobody is evicted', () => {
    const np = { discipline: 'priority-nonpreemptive' } as const
    expect(responses(1, { ...np, ...delayed })).toEqual(responses(1, np))
  })

  it('is kept by an engine that is saved while work is held back', () => {
    const compiled = compileScenario(scenarioOf(2, delayed))
    if (isRefusal(compiled)) throw new Error(compiled.message)
    const jobs = withOrdinals(drawJobsArriving(compiled, ARRIVALS, 1, 0), 2)
    const engine = new TaskEngine(compiled, jobs, 1, 0, 1)
    engine.run(6)
    const again = TaskEngine.restore(compiled, jobs, { seed: 1, replication: 0, markEvery: 1 }, structuredClone(engine.save()))
    if (isRefusal(again)) throw new Error(again.message)
    again.run()
    expect([...again.response]).toEqual([17, 3])
  })

  it('is refused by engines that have no tasks', () => {
    expect(compileScenario(scenarioOf(1, { ...delayed, engine: 'exclusive' }))).toMatchObject({ code: 'unsupported' })
  })
})
