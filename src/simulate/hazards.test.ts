import { describe, expect, it } from 'vitest'
import { isRefusal, type Prediction, validate } from '../model/index.js'
import { compileScenario } from './compile.js'
import { Engine } from './engine.js'
import { drawJobs } from './jobs.js'
import { loadOf } from './load.js'
import { Makespan } from './makespan.js'
import { simulateScenario } from './predictor.js'
import { engineSettings } from './run.js'

function scenario(jobClass: object, policy: object = {}, slots = 20) {
  const read = validate('scenario', {
    schema: 'halftone/scenario/1',
    name: 's',
    workload: {
      schema: 'halftone/workload/1',
      name: 'w',
      classes: [
        {
          name: 'a',
          priority: 1,
          arrival: { kind: 'poisson', ratePerSecond: 0.5 },
          work: { kind: 'gang', slots: 1, runTime: { kind: 'constant', seconds: 10 } },
          ...jobClass,
        },
      ],
    },
    cluster: { schema: 'halftone/cluster/1', name: 'c', nodes: [{ name: 'n', count: 1, slots }] },
    policy: { schema: 'halftone/policy/1', name: 'p', discipline: 'fcfs', ...policy },
  })
  if (!read.ok) throw new Error(JSON.stringify(read.issues))
  return read.value
}

function ask(...args: Parameters<typeof scenario>): Prediction {
  const answer = simulateScenario(scenario(...args), { seed: 1, replications: 30, jobsPerReplication: 4000 })
  if (isRefusal(answer)) throw new Error(answer.message)
  return answer
}

describe('failures with retry', () => {
  it('a job of work w that fails at rate f and is always tried again holds its slots for (e^{fw} − 1)/f; the rest is waste', () => {
    const f = 0.05
    const { classes, cluster, caveats } = ask({ failures: { ratePerRunningSecond: f, retriesAtMost: 1000 } })
    const held = Math.expm1(10 * f) / f
    const { value, high } = classes[0].service.mean
    expect(Math.abs(value - held)).toBeLessThan(1.8 * (high - value))
    expect(high - value).toBeLessThan(0.02 * held)
    expect(cluster.waste.value).toBeCloseTo(1 - 10 / held, 2)
    expect(caveats).toEqual([])
    const compiled = compileScenario(scenario({ failures: { ratePerRunningSecond: f, retriesAtMost: 1000 } }))
    if (isRefusal(compiled)) throw new Error(compiled.message)
    expect(loadOf(compiled).total).toBeCloseTo((0.5 * held) / 20, 1)
  })

  it('with r retries a share (1 − e^{−fw})^{r+1} is given up, and said to be', () => {
    const { caveats } = ask({ failures: { ratePerRunningSecond: 0.05, retriesAtMost: 1 } })
    const [found] = caveats.filter(({ code }) => code === 'jobs-given-up')
    expect(found.numbers!.share).toBeCloseTo((1 - Math.exp(-0.5)) ** 2, 2)
  })

  it('busy slot-seconds are those of work that got done and those lost, under interruption as well', () => {
    for (const discipline of ['priority-preemptive-resume', 'priority-preemptive-restart', 'srtf', 'fcfs']) {
      const jobClass = (name: string, priority: number) => ({
        name,
        priority,
        arrival: { kind: 'poisson', ratePerSecond: 0.03 },
        work: {
          kind: 'gang',
          slots: { counts: [1, 2], probabilities: [0.5, 0.5] },
          runTime: { kind: 'uniform', lowSeconds: 1, highSeconds: 19 },
        },
        failures: { ratePerRunningSecond: 0.03, retriesAtMost: 2 },
      })
      const base = scenario({}, { discipline }, 2)
      const read = validate('scenario', {
        ...base,
        workload: { ...base.workload, classes: [jobClass('a', 1), jobClass('b', 2)] },
      })
      if (!read.ok) throw new Error(JSON.stringify(read.issues))
      const compiled = compileScenario(read.value)
      if (isRefusal(compiled)) throw new Error(compiled.message)
      const jobs = drawJobs(compiled, 1, 0, 3000)
      const engine = new Engine(engineSettings(compiled, jobs))
      engine.run()
      expect(engine.finished).toBe(3000)
      expect(engine.failed).toBeGreaterThan(100)
      const { busy, lost } = engine.totals()
      const done = jobs.size.reduce((sum, size, i) => sum + (jobs.failures!.givenUp[i] ? 0 : size * jobs.slots[i]), 0)
      expect(Math.abs(busy - done - lost)).toBeLessThan(1e-6 * busy)
    }
  })
})

describe('early termination', () => {
  it('stops an attempt after so much work; what it did is waste', () => {
    const { classes, cluster, caveats } = ask({}, { stopAfterSeconds: { a: 4 } })
    expect(classes[0].service.mean.value).toBeCloseTo(4, 9)
    expect(cluster.waste.value).toBe(1)
    expect(caveats.map(({ code }) => code)).toEqual(['jobs-given-up'])
  })
})

describe('straggler dropping', () => {
  it('ends a stage when enough tasks have: the k-th of n exponential ends on n slots is Σ 1/(n − i)', () => {
    const stages = [{ name: 'map', tasks: 20, taskTime: { kind: 'exponential', meanSeconds: 10 } }]
    const work = { kind: 'stages', stages }
    const rate = { arrival: { kind: 'poisson', ratePerSecond: 0.005 } }
    const mean = (kept: number) => Array.from({ length: kept }, (_, i) => 10 / (20 - i)).reduce((a, b) => a + b, 0)
    for (const engine of ['exclusive', 'shared']) {
      const { classes } = ask(
        { work, ...rate },
        { engine, dropping: 'straggler', drop: { a: 0.2 } },
        engine === 'exclusive' ? 20 : 400,
      )
      const { value, high } = classes[0].service.mean
      expect(Math.abs(value - mean(16))).toBeLessThan(1.8 * (high - value))
      expect(high - value).toBeLessThan(0.02 * mean(16))
    }
  })

  it('never takes longer than waiting for all, and with nothing cut is list scheduling', () => {
    const tasks = Float64Array.of(3, 1, 4, 1, 5, 9, 2, 6)
    const makespan = new Makespan(new Float64Array(3).fill(1))
    // by hand on three slots: 3 1 4 | 1→2, 5→7, 9→12 …
    expect(makespan.untilEnded(tasks, 8, 8)).toBe(makespan.of(tasks, 8))
    expect(makespan.untilEnded(tasks, 8, 1)).toBe(1)
    expect(new Makespan(Float64Array.of(2, 1)).of(Float64Array.of(4, 4, 4), 3)).toBe(4) // 4/2 = 2, 4/1 = 4, then 2 + 4/2 = 4
  })
})
