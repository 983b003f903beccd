/**
 * What holds of every discipline, exactly, on every path. A new discipline is added to `disciplines` below and runs all of it.
 */
import { describe, expect, it } from 'vitest'
import { isRefusal, type Policy, type Prediction, validate } from '../../src/model/index.js'
import { Rng } from '../../src/num/index.js'
import {
  compileScenario,
  conservativeBackfill,
  type DisciplineRule,
  drawJobs,
  Engine,
  type EngineSettings,
  easyBackfill,
  fairShare,
  fcfs,
  leastAttainedService,
  priorityNonPreemptive,
  priorityPreemptiveRestart,
  priorityPreemptiveResume,
  type RunJobs,
  SlotPool,
  type SprintSettings,
  shortestJobFirst,
  shortestRemainingFirst,
  simulateScenario,
  TaskEngine,
  type TaskEngineState,
  TIRESIAS_LEVELS,
  withOrdinals,
} from '../../src/simulate/index.js'
import { spelt } from '../support/spelt-jobs.js'

/** A discipline made for times measured in units of so many of its own seconds. */
const disciplines: Record<Policy['discipline'], (unit: number) => DisciplineRule> = {
  fcfs: () => fcfs,
  'priority-nonpreemptive': () => priorityNonPreemptive,
  'priority-preemptive-resume': () => priorityPreemptiveResume,
  'priority-preemptive-restart': () => priorityPreemptiveRestart,
  sjf: () => shortestJobFirst,
  srtf: () => shortestRemainingFirst,
  las: (unit) => leastAttainedService([2 * unit, 8 * unit, 32 * unit]),
  'fair-share': (unit) => fairShare(500 * unit),
  'easy-backfill': () => easyBackfill,
  'conservative-backfill': () => conservativeBackfill,
}

const pools: Record<string, (jobs: number) => SlotPool> = {
  'one server': (jobs) => new SlotPool('count', [{ nodes: 1, slots: 1, speed: 1 }], jobs),
  'a pool of 16': (jobs) => new SlotPool('count', [{ nodes: 1, slots: 16, speed: 1 }], jobs),
  '4 nodes of 4, packed': (jobs) => new SlotPool('packed', [{ nodes: 4, slots: 4, speed: 1 }], jobs),
  '4 nodes of 4, spread': (jobs) => new SlotPool('spread', [{ nodes: 4, slots: 4, speed: 1 }], jobs),
}

/** Three classes of gangs at a load of about 0.6; estimates are up to three times what a job takes. */
function draw(pool: string, seed: number, count = 3000, options: { load?: number; unit?: number } = {}): RunJobs {
  const { load = 0.6, unit = 1 } = options
  const rng = new Rng(seed, 'contract jobs')
  const single = pool === 'one server'
  const widths = [1, 1, 1, 2, 4, 8]
  // mean slots 17/6, mean size 1.5
  const gap = single ? 1.5 / load : ((17 / 6) * 1.5) / 16 / load
  const jobs = {
    count,
    arrival: new Float64Array(count),
    size: new Float64Array(count),
    slots: new Int32Array(count),
    classIndex: new Uint16Array(count),
    estimate: new Float64Array(count),
    owner: new Int32Array(count),
  }
  let now = 0
  for (let i = 0; i < count; i++) {
    now += rng.exponential() * gap
    jobs.arrival[i] = now * unit
    jobs.classIndex[i] = rng.below(3)
    jobs.size[i] = rng.exponential() * 1.5 * unit
    jobs.slots[i] = single ? 1 : widths[rng.below(widths.length)]
    jobs.estimate[i] = jobs.size[i] * (1 + 2 * rng.uniform())
    jobs.owner[i] = rng.below(7)
  }
  return jobs
}

function engine(rule: DisciplineRule, pool: SlotPool, jobs: RunJobs, sprint?: SprintSettings): Engine {
  return new Engine({ jobs, rule, pool, classPriority: Int32Array.of(1, 2, 2), owners: 7, ...(sprint ? { sprint } : {}) })
}

const sum = (values: ArrayLike<number>): number => Array.from(values).reduce((a, b) => a + b, 0)
const close = (a: number, b: number, relative = 1e-9) =>
  expect(Math.abs(a - b)).toBeLessThanOrEqual(relative * Math.max(Math.abs(a), Math.abs(b)))

for (const [name, makeRule] of Object.entries(disciplines)) {
  describe(`discipline ${name}`, () => {
    const rule = makeRule(1)
    const restarts = rule.interrupts === 'restart'

    for (const [place, makePool] of Object.entries(pools)) {
      it(`${place}: jobs in = jobs out + present, and slots never overlap, at any time`, () => {
        const jobs = draw(place, 1)
        const pool = makePool(jobs.count)
        const one = engine(rule, pool, jobs)
        const last = jobs.arrival[jobs.count - 1]
        for (let t = 0; t <= last; t += last / 97) {
          one.run(t)
          const states = [0, 0, 0, 0]
          let held = 0
          for (let i = 0; i < jobs.count; i++) {
            states[one.state[i]]++
            if (one.state[i] === 2) held += jobs.slots[i]
          }
          expect(states[1]).toBe(one.waiting)
          expect(states[2]).toBe(one.runningJobs)
          expect(states[3]).toBe(one.finished)
          expect(one.arrived).toBe(one.finished + one.waiting + one.runningJobs)
          expect(held).toBe(pool.capacity - pool.free)
          expect(pool.free).toBeGreaterThanOrEqual(0)
        }
        expect(one.run()).toBe(true)
        expect(pool.free).toBe(pool.capacity)
      })

      it(`${place}: area under the number in system = sum of times in system; busy time = work done + waste`, () => {
        const jobs = draw(place, 2)
        const one = engine(rule, makePool(jobs.count), jobs)
        one.run()
        const { busy, lost, present } = one.totals()
        close(present, sum(one.response))
        const work = sum(jobs.size.map((size, i) => size * jobs.slots[i]))
        close(busy, work + lost)
        close(busy, sum(one.held.map((held, i) => held * jobs.slots[i])))
        if (!restarts) expect(lost).toBe(0)
        for (let i = 0; i < jobs.count; i++) {
          if (one.response[i] < one.held[i] * (1 - 1e-9) - 1e-9) throw new Error(`job ${i} was held longer than it was there`)
          if (one.held[i] < jobs.size[i] * (1 - 1e-9) - 1e-9) throw new Error(`job ${i} left before its work was done`)
        }
      })

      it(`${place}: a run stopped and gone on with ends in the same bytes`, () => {
        const jobs = draw(place, 3, 800)
        const whole = engine(rule, makePool(jobs.count), jobs)
        whole.run()
        const pieces = engine(rule, makePool(jobs.count), jobs)
        for (let t = 0; t < jobs.arrival[799]; t += 13.7) pieces.run(t)
        pieces.run()
        expect(Buffer.from(pieces.response.buffer).equals(Buffer.from(whole.response.buffer))).toBe(true)
      })

      it(`${place}: hours instead of seconds change nothing but the unit`, () => {
        const seconds = draw(place, 4, 1500)
        const hours = draw(place, 4, 1500, { unit: 3600 })
        const a = engine(rule, makePool(1500), seconds)
        const b = engine(makeRule(3600), makePool(1500), hours)
        a.run()
        b.run()
        for (let i = 0; i < 1500; i++) {
          const off = Math.abs(a.response[i] * 3600 - b.response[i])
          if (off > 1e-7 * b.response[i]) throw new Error(`job ${i}: ${a.response[i]} s, ${b.response[i]} in units of 1/3600 s`)
        }
      })

      it(`${place}: more load never shortens the mean wait (the same jobs, coming faster)`, () => {
        const waits = [0.4, 0.55, 0.7].map((load) => {
          const jobs = draw(place, 5, 4000, { load })
          const one = engine(rule, makePool(4000), jobs)
          one.run()
          return (sum(one.response) - sum(jobs.size)) / 4000
        })
        expect(waits[1]).toBeGreaterThan(waits[0])
        expect(waits[2]).toBeGreaterThan(waits[1])
      })
    }

    it.each(['arrival', 'dispatch'] as const)('sprint from %s: work is conserved, the budget is never negative', (origin) => {
      const jobs = draw('a pool of 16', 6)
      const speed = 2
      const one = engine(rule, pools['a pool of 16'](jobs.count), jobs, {
        origin,
        speed,
        timeoutSeconds: Float64Array.of(0, 1, Number.POSITIVE_INFINITY),
        budget: { seconds: 5, refillPerSecond: 0.6, onThresholdSeconds: 0.5 },
        toggleDelaySeconds: 0.01,
      })
      const last = jobs.arrival[jobs.count - 1]
      for (let t = 0; t <= last; t += last / 500) {
        one.run(t)
        expect(one.budget()!).toBeGreaterThanOrEqual(0)
        expect(one.budget()!).toBeLessThanOrEqual(5)
      }
      one.run()
      expect(one.lowestBudget).toBeGreaterThanOrEqual(0)
      const { busy, sprinting, lost } = one.totals()
      expect(sprinting).toBeGreaterThan(0)
      const work = sum(jobs.size.map((size, i) => size * jobs.slots[i]))
      if (!restarts) close(busy - sprinting + speed * sprinting, work)
      else expect(busy - sprinting + speed * sprinting).toBeGreaterThan(work + lost * (1 - 1e-9))
    })

    it('gangs, arrays and stages: jobs in = jobs out + present, slots and array limits are kept, at any time', () => {
      const { compiled, jobs, start } = mixed(makeRule(1), 1)
      const one = start()
      const last = jobs.arrival[jobs.count - 1]
      for (let t = 0; t <= last; t += last / 211) {
        one.run(t)
        const states = [0, 0, 0, 0]
        for (let i = 0; i < jobs.count; i++) states[one.state[i]]++
        expect(states[3]).toBe(one.finished)
        expect(states[1] + states[2]).toBe(one.arrived - one.finished)
        const units = Array.from({ length: one.running }, (_, i) => one.unitAt(i))
        expect(units.reduce((total, unit) => total + unit.slots, 0)).toBe(compiled.capacity - one.free)
        expect(one.free).toBeGreaterThanOrEqual(0)
        // nobody runs the same task twice, and no array more than its limit of three
        expect(new Set(units.map(({ job, index }) => `${job} ${index}`)).size).toBe(units.length)
        for (const { job } of units)
          if (jobs.classIndex[job] === 1) expect(units.filter((unit) => unit.job === job).length).toBeLessThanOrEqual(3)
      }
      expect(one.run()).toBe(true)
      expect(one.free).toBe(compiled.capacity)
    })

    it.each([false, true])(
      'gangs, arrays and stages (sprinting %s): area = sum of times in system; busy time = work done + waste',
      (sprints) => {
        const { compiled, jobs, start } = mixed(makeRule(1), 2, 1, sprints)
        const one = start()
        one.run()
        const { busy, lost, present, sprinting } = one.totals()
        close(present, sum(one.response))
        const work = sum(spelt(compiled, jobs, 2).map(({ stages }) => sum(stages.map(({ tasks, slots }) => sum(tasks) * slots))))
        if (sprints) expect(sprinting).toBeGreaterThan(0)
        if (!restarts) expect(lost).toBe(0)
        if (!restarts || !sprints) close(busy + sprinting, work + lost)
        for (let i = 0; i < jobs.count; i++)
          if (one.response[i] < one.held[i] * (1 - 1e-9) - 1e-9) throw new Error(`job ${i} was held longer than it was there`)
      },
    )

    it('gangs, arrays and stages: stopped and gone on with, the same bytes; in hours, the same but for the unit', () => {
      const { jobs, start } = mixed(makeRule(1), 3)
      const [whole, pieces] = [start(), start()]
      whole.run()
      for (let t = 0; t < jobs.arrival[jobs.count - 1]; t += 3.7) pieces.run(t)
      pieces.run()
      expect([...pieces.response]).toEqual([...whole.response])
      const hours = mixed(makeRule(3600), 3, 3600).start()
      hours.run()
      for (let i = 0; i < jobs.count; i++) close(hours.response[i], whole.response[i] * 3600, 1e-6)
    })

    it.each([false, true])(
      'gangs, arrays and stages, sprinting on a bucket, failing, on nodes (CPUs counted: %s): saved and restored, the same bytes',
      (needs) => {
        const { jobs, start, restore } = mixed(makeRule(1), 4, 1, false, { needs })
        const whole = start()
        whole.run()
        expect(whole.failed).toBeGreaterThan(0)
        expect(whole.totals().sprinting).toBeGreaterThan(0)
        const last = jobs.arrival[jobs.count - 1]
        const stopped = start()
        // each time in another engine, through a structured clone, as to another thread
        let one = start()
        for (let t = last / 9; t <= last; t += last / 9) {
          stopped.run(t)
          one.run(t)
          const state = structuredClone(one.save())
          one.run(t + last / 20)
          const next = restore(state)
          if (isRefusal(next)) throw new Error(next.message)
          // what is restored is what was saved
          expect(next.save()).toEqual(state)
          one = next
        }
        stopped.run()
        one.run()
        expect([...one.response]).toEqual([...whole.response])
        expect([...one.held]).toEqual([...whole.held])
        expect([...one.givenUp]).toEqual([...whole.givenUp])
        expect([one.events, one.evictions, one.failed]).toEqual([whole.events, whole.evictions, whole.failed])
        // sums over time that were cut at the same times
        expect(one.marks).toEqual(stopped.marks)
        expect(one.totals()).toEqual(stopped.totals())
      },
    )

    it('settings that change nothing change nothing: θ = 0, speed 1, no timeout named, a bucket that nobody uses', () => {
      const plain = predict(name, {})
      for (const identity of [
        { drop: { high: 0, low: 0 } },
        { sprint: { speed: 1, timeoutSeconds: { high: 0, low: 1 } } },
        { sprint: { speed: 3, timeoutSeconds: {}, budget: { seconds: 10, refillPerSecond: 0.1 } } },
      ]) {
        const other = predict(name, identity)
        expect(other.classes.map(({ name: who, response }) => [who, rounded(response.mean), rounded(response.p95)])).toEqual(
          plain.classes.map(({ name: who, response }) => [who, rounded(response.mean), rounded(response.p95)]),
        )
      }
    })

    it('same seed, same bytes', () => {
      expect(JSON.stringify(predict(name, {}))).toBe(JSON.stringify(predict(name, {})))
    })
  })
}

it('a state of other jobs, another discipline, another seed or another schema is refused', () => {
  const { start, restore } = mixed(fcfs, 1)
  const one = start()
  one.run(20)
  const state = one.save()
  expect(isRefusal(restore(state))).toBe(false)
  expect(isRefusal(restore({ ...state, schema: 'halftone/task-engine-state/0' }))).toBe(true)
  expect(isRefusal(restore(state, 50))).toBe(true)
  expect(isRefusal(mixed(shortestJobFirst, 1).restore(state))).toBe(true)
  expect(isRefusal(mixed(fcfs, 2).restore(state))).toBe(true)
  expect(isRefusal(mixed(fcfs, 1, 1, true).restore(state))).toBe(true)

  const jobs = draw('a pool of 16', 1, 50)
  const settings = (rule: DisciplineRule, pool: string, its: RunJobs): EngineSettings => ({
    jobs: its,
    rule,
    pool: pools[pool](its.count),
    classPriority: Int32Array.of(1, 2, 2),
    owners: 7,
  })
  const gangs = new Engine(settings(fcfs, 'a pool of 16', jobs))
  gangs.run(3)
  const saved = gangs.save()
  expect(isRefusal(Engine.restore(settings(fcfs, 'a pool of 16', jobs), saved))).toBe(false)
  for (const [rule, pool, its] of [
    [shortestJobFirst, 'a pool of 16', jobs],
    [fcfs, '4 nodes of 4, packed', jobs],
    [fcfs, 'a pool of 16', { ...jobs, size: jobs.size.map((size) => 2 * size) }],
  ] as const)
    expect(isRefusal(Engine.restore(settings(rule, pool, its), saved))).toBe(true)
})

it('names every discipline that a policy may name', () => {
  expect(TIRESIAS_LEVELS).toEqual([3250, 7200, 18000])
  for (const [name, make] of Object.entries(disciplines)) expect(make(1).name).toBe(name)
})

/** Estimates to nine digits: sprinting at speed 1 splits a job’s time in two, and sums round differently. */
function rounded(estimate: { value: number; low: number; high: number } | undefined): string[] {
  return [estimate!.value, estimate!.low, estimate!.high].map((x) => x.toPrecision(9))
}

function predict(discipline: string, policy: object): Prediction {
  const jobClass = (name: string, priority: number) => ({
    name,
    priority,
    arrival: { kind: 'poisson', ratePerSecond: 0.35 },
    work: {
      kind: 'gang',
      slots: { counts: [1, 2, 4], probabilities: [0.5, 0.3, 0.2] },
      // bounded: under restart a law without exponential moments has no steady state at any load (E7)
      runTime: { kind: 'uniform', lowSeconds: 0, highSeconds: 6 },
      divisible: true,
    },
  })
  const read = validate('scenario', {
    schema: 'halftone/scenario/1',
    name: 'contract',
    workload: { schema: 'halftone/workload/1', name: 'two classes', classes: [jobClass('high', 1), jobClass('low', 2)] },
    cluster: { schema: 'halftone/cluster/1', name: 'ten', nodes: [{ name: 'n', count: 5, slots: 2 }] },
    policy: { schema: 'halftone/policy/1', name: 'p', discipline, ...policy },
  })
  if (!read.ok) throw new Error(JSON.stringify(read.issues))
  const answer = simulateScenario(read.value, { seed: 3, replications: 3, jobsPerReplication: 1500 })
  if (isRefusal(answer)) throw new Error(answer.message)
  return answer
}

/** Gangs, arrays of at most three tasks at once, and jobs of stages, on ten slots. Task times are bounded: under restart others have no steady state. */
function mixed(rule: DisciplineRule, seed: number, unit = 1, sprints = false, hard?: { readonly needs: boolean }) {
  const time = (low: number, high: number) => ({ kind: 'uniform', lowSeconds: low * unit, highSeconds: high * unit })
  const jobClass = (name: string, priority: number, ratePerSecond: number, work: object) => ({
    name,
    priority,
    arrival: { kind: 'poisson', ratePerSecond: ratePerSecond / unit },
    work: hard?.needs && name !== 'stages' ? { ...work, needs: { cpus: 1.5, per: 'slot' } } : work,
    ...(hard ? { failures: { ratePerRunningSecond: 0.05, retriesAtMost: 2 } } : {}),
  })
  const read = validate('scenario', {
    schema: 'halftone/scenario/1',
    name: 'mixed',
    workload: {
      schema: 'halftone/workload/1',
      name: 'three kinds',
      classes: [
        jobClass('gang', 1, 0.4, {
          kind: 'gang',
          slots: { counts: [1, 2, 4], probabilities: [0.5, 0.3, 0.2] },
          runTime: time(0.1, 4),
        }),
        jobClass('array', 2, 0.1, {
          kind: 'array',
          tasks: { counts: [2, 9], probabilities: [0.5, 0.5] },
          taskTime: time(0.1, 3),
          runningAtMost: 3,
        }),
        jobClass('stages', 3, 0.1, {
          kind: 'stages',
          stages: [
            { name: 'map', setup: time(0.1, 1), tasks: { counts: [2, 8], probabilities: [0.5, 0.5] }, taskTime: time(0.1, 3) },
            { name: 'reduce', tasks: 3, taskTime: time(0.1, 2) },
          ],
        }),
      ],
    },
    cluster: {
      schema: 'halftone/cluster/1',
      name: 'ten',
      nodes: [{ name: 'n', count: 5, slots: 2, ...(hard?.needs ? { cpus: 3 } : {}) }],
    },
    policy: {
      schema: 'halftone/policy/1',
      name: 'p',
      discipline: 'fcfs',
      ...(hard
        ? {
            placement: 'packed',
            stopAfterSeconds: { stages: 25 },
            sprint: {
              origin: 'dispatch',
              speed: 2,
              timeoutSeconds: { gang: 1, array: 0, stages: 2 },
              budget: { seconds: 4, refillPerSecond: 0.3, onThresholdSeconds: 0.5 },
              toggleDelaySeconds: 0.1,
            },
          }
        : {}),
      ...(sprints ? { sprint: { speed: 2, timeoutSeconds: { gang: 1 * unit, array: 0, stages: 2 * unit } } } : {}),
    },
  })
  if (!read.ok) throw new Error(JSON.stringify(read.issues))
  const compiled = compileScenario(read.value, undefined, rule)
  if (isRefusal(compiled)) throw new Error(compiled.message)
  const jobs = drawJobs(compiled, seed, 0, 300)
  const numbered = withOrdinals(jobs, 3)
  const restore = (state: TaskEngineState, markEvery = 100) =>
    TaskEngine.restore(compiled, numbered, { seed, replication: 0, markEvery }, state)
  return { compiled, jobs, start: () => new TaskEngine(compiled, numbered, seed, 0, 100), restore }
}
