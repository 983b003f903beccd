import { describe, expect, it } from 'vitest'
import { isRefusal, type Policy, validate } from '../model/index.js'
import { Rng } from '../num/index.js'
import { compileScenario } from './compile.js'
import { disciplineRule } from './disciplines/index.js'
import { Engine, type EngineSettings, type RunJobs } from './engine.js'
import { SlotPool } from './pool.js'
import { simulateScenario } from './predictor.js'
import { type ClusterState, withPresent } from './start.js'

function draw(count: number): RunJobs {
  const rng = new Rng(2, 'state')
  const jobs = {
    count,
    arrival: new Float64Array(count),
    size: new Float64Array(count),
    slots: new Int32Array(count),
    classIndex: new Uint16Array(count),
    estimate: new Float64Array(count),
  }
  let now = 0
  for (let i = 0; i < count; i++) {
    now += rng.exponential() * 0.45
    jobs.arrival[i] = now
    jobs.size[i] = rng.exponential() * 1.5
    jobs.slots[i] = [1, 1, 2, 4, 8][rng.below(5)]
    jobs.classIndex[i] = rng.below(2)
    jobs.estimate[i] = jobs.size[i] * (1 + rng.uniform())
  }
  return jobs
}

describe('an engine saved and restored', () => {
  const disciplines: Policy['discipline'][] = [
    'fcfs',
    'priority-preemptive-restart',
    'srtf',
    'las',
    'fair-share',
    'easy-backfill',
    'conservative-backfill',
  ]
  it.each(disciplines)('%s: goes on in the same bytes as one that was never stopped, sprint and nodes included', (discipline) => {
    const jobs = draw(1500)
    const settings = (): EngineSettings => ({
      jobs,
      rule: disciplineRule({ discipline, las: { thresholdsSlotSeconds: [2, 8] } } as unknown as Policy),
      owners: 2,
      classPriority: Int32Array.of(1, 2),
      pool: new SlotPool('packed', [{ nodes: 4, slots: 4, speed: 1 }], jobs.count),
      sprint: {
        origin: 'dispatch',
        speed: 2,
        timeoutSeconds: Float64Array.of(0.5, 2),
        budget: { seconds: 4, refillPerSecond: 0.3, onThresholdSeconds: 0.5 },
        toggleDelaySeconds: 0,
      },
    })
    const whole = new Engine(settings())
    whole.run()
    const first = new Engine(settings())
    first.run(jobs.arrival[700])
    // through a structured clone, as to another thread
    const second = Engine.restore(settings(), structuredClone(first.save()))
    if (isRefusal(second)) throw new Error(second.message)
    second.run()
    expect(Buffer.from(second.response.buffer).equals(Buffer.from(whole.response.buffer))).toBe(true)
    expect(second.totals()).toEqual(whole.totals())
  })
})

describe('a start from a given state', () => {
  const scenario = (discipline: string) => {
    const jobClass = (name: string, priority: number) => ({
      name,
      priority,
      arrival: { kind: 'poisson', ratePerSecond: 0.1 },
      work: { kind: 'gang', slots: 1, runTime: { kind: 'exponential', meanSeconds: 3 } },
    })
    const read = validate('scenario', {
      schema: 'halftone/scenario/1',
      name: 's',
      workload: { schema: 'halftone/workload/1', name: 'w', classes: [jobClass('a', 1), jobClass('b', 2)] },
      cluster: { schema: 'halftone/cluster/1', name: 'c', nodes: [{ name: 'n', count: 1, slots: 2 }] },
      policy: { schema: 'halftone/policy/1', name: 'p', discipline },
    })
    if (!read.ok) throw new Error(JSON.stringify(read.issues))
    return read.value
  }
  const state: ClusterState = {
    running: [
      { jobClass: 'b', submittedAgoSeconds: 30, ranSeconds: 20, sizeSeconds: 25 },
      { jobClass: 'b', submittedAgoSeconds: 12, ranSeconds: 10, sizeSeconds: 40 },
    ],
    waiting: [
      { jobClass: 'b', submittedAgoSeconds: 9, sizeSeconds: 7 },
      { jobClass: 'a', submittedAgoSeconds: 4, sizeSeconds: 3 },
    ],
  }

  it.each([
    // ends at 5 and 30; first come first served: b at 5 → 12, a at 12 → 15
    ['fcfs', [35, 42, 21, 19]],
    // the head of class a goes before b: 5 → 8, then b 8 → 15
    ['priority-nonpreemptive', [35, 42, 24, 12]],
    // a evicts the later of the two running ones at once: 0 → 3, and gives the slot back at 3; b then at 5
    ['priority-preemptive-resume', [35, 45, 21, 7]],
  ] as const)('%s plays the queue forward by hand', (discipline, responses) => {
    const compiled = compileScenario(scenario(discipline))
    if (isRefusal(compiled)) throw new Error(compiled.message)
    const none = {
      count: 0,
      arrival: new Float64Array(0),
      size: new Float64Array(0),
      slots: new Int32Array(0),
      classIndex: new Uint16Array(0),
    }
    const { jobs, start } = withPresent(compiled, state, none, { seed: 1, replication: 0 })
    const engine = new Engine({
      jobs,
      start,
      rule: compiled.rule,
      owners: 2,
      classPriority: compiled.classPriority,
      pool: compiled.pool(jobs.count),
    })
    engine.run()
    expect([...engine.response]).toEqual(responses)
  })

  it('a full cluster answers slower at first than an empty one; unknown classes and missing horizons are refused', () => {
    const busy: ClusterState = {
      running: Array.from({ length: 2 }, () => ({ jobClass: 'b', submittedAgoSeconds: 5, ranSeconds: 5 })),
      waiting: Array.from({ length: 10 }, () => ({ jobClass: 'b', submittedAgoSeconds: 5 })),
    }
    const ask = (options: object) =>
      simulateScenario(scenario('fcfs'), { seed: 1, replications: 20, horizonSeconds: 60, ...options })
    const [empty, full] = [ask({}), ask({ start: busy })]
    if (isRefusal(empty) || isRefusal(full)) throw new Error('refused')
    expect(full.classes[0].wait.mean.value).toBeGreaterThan(empty.classes[0].wait.mean.high)
    expect(full.caveats.map(({ code }) => code)).toContain('transient')
    expect(ask({ start: { running: [], waiting: [{ jobClass: 'x', submittedAgoSeconds: 0 }] } })).toMatchObject({
      kind: 'refusal',
    })
    expect(ask({ start: busy, horizonSeconds: undefined })).toMatchObject({ kind: 'refusal', code: 'unsupported' })
  })
})
