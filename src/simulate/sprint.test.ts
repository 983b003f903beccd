import { describe, expect, it } from 'vitest'
import { DISCIPLINES, isRefusal, type Policy, type SprintBudget, validate } from '../model/index.js'
import { Rng } from '../num/index.js'
import { compileScenario } from './compile.js'
import { disciplineRule, fcfs } from './disciplines/index.js'
import { Engine, type EngineSettings, type RunJobs, type WorkPhases } from './engine.js'
import { drawJobs } from './jobs.js'
import { SlotPool } from './pool.js'
import { runJobs } from './run.js'
import type { SprintSettings } from './sprint.js'

const SLOTS = 4
/** Watts beyond normal speed with all slots sprinting: any growing function will do. */
const extraWatts = (speed: number): number => 40 * (speed ** 2 - 1)

function draw(count: number, load: number, seed: number, widths: readonly number[]): RunJobs {
  const rng = new Rng(seed)
  const jobs = {
    count,
    arrival: new Float64Array(count),
    size: new Float64Array(count),
    slots: new Int32Array(count),
    classIndex: new Uint16Array(count),
  }
  const wide = widths.reduce((a, b) => a + b, 0) / widths.length
  let now = 0
  for (let i = 0; i < count; i++) {
    jobs.arrival[i] = now += (rng.exponential() * wide) / (load * SLOTS)
    jobs.size[i] = rng.exponential()
    jobs.slots[i] = widths[Math.floor(rng.uniform() * widths.length)]
    jobs.classIndex[i] = rng.uniform() < 0.5 ? 0 : 1
  }
  return jobs
}

interface Naive {
  readonly response: Float64Array
  readonly joules: number
  readonly sprinting: number
  readonly filled: number
  readonly level: number
  readonly lowest: number
}

/**
 * The same system written down a second time, as plainly as can be: every step looks at everybody anew, finds the nearest thing that
 * can happen and moves everybody there. First come first served; a gang that does not fit blocks those behind it.
 */
function naive(jobs: RunJobs, sprint: SprintSettings, phases?: WorkPhases): Naive {
  interface Running {
    readonly job: number
    readonly start: number
    done: number
    mode: 'plain' | 'switching' | 'sprinting' | 'ending' | 'spent'
    step: number
    switchAt: number
    raiseAt: number
  }
  const budget = sprint.budget
  const inJoules = budget !== undefined && 'joules' in budget
  const [size, rate, wanted] =
    budget === undefined
      ? [Number.POSITIVE_INFINITY, 0, 0]
      : 'joules' in budget
        ? [budget.joules, budget.refillWatts, budget.onThresholdJoules ?? 0.5 * extraWatts(sprint.speed)]
        : [budget.seconds, budget.refillPerSecond, budget.onThresholdSeconds]
  const window = budget?.windowSeconds ?? Number.POSITIVE_INFINITY
  const refill = window < Number.POSITIVE_INFINITY ? 0 : rate
  const resumes = (sprint.afterExhaustion ?? (sprint.origin === 'dispatch' ? 'resume' : 'stop')) === 'resume'
  const threshold = budget ? Math.max(wanted, size * (resumes ? 1e-3 : 1e-9)) : 0
  const [on, off] = [sprint.toggleDelaySeconds, sprint.toggleOffDelaySeconds ?? 0]
  const speeds = [{ afterSeconds: 0, speed: sprint.speed }, ...(sprint.steps ?? [])]
  const response = new Float64Array(jobs.count)
  const running: Running[] = []
  const TINY = 1e-10
  let [now, next, finished, free, level, lowest, windows] = [0, 0, 0, SLOTS, size, size, 1]
  let [joules, sprinting, filled] = [0, 0, 0]
  const sprints = ({ mode }: Running): boolean => mode === 'sprinting' || mode === 'ending'
  const watts = ({ job, step }: Running): number => (extraWatts(speeds[step].speed) * jobs.slots[job]) / SLOTS
  const cost = (one: Running): number => (inJoules ? watts(one) : 1)
  const timer = ({ job, start }: Running): number =>
    (sprint.origin === 'arrival' ? jobs.arrival[job] : start) + sprint.timeoutSeconds[jobs.classIndex[job]]
  const due = (one: Running): number => speeds.filter(({ afterSeconds }) => timer(one) + afterSeconds <= now + TINY).length - 1
  const part = ({ job, done }: Running): number => {
    const count = phases?.count(job) ?? 0
    let i = 0
    while (i < count - 1 && phases!.endOf(job, i) <= done + TINY) i++
    return i
  }
  const pace = (one: Running): number => {
    if (!sprints(one)) return 1
    const { speed } = speeds[one.step]
    return phases && phases.count(one.job) > 0 ? phases.speedOf(one.job, part(one), speed) : speed
  }
  for (;;) {
    const drain = running.filter(sprints).reduce((sum, one) => sum + cost(one), 0)
    const net = drain - refill
    // all that can be done at once is done
    const over = running.findIndex(({ job, done }) => jobs.size[job] - done < TINY)
    if (over >= 0) {
      const [{ job }] = running.splice(over, 1)
      response[job] = now - jobs.arrival[job]
      free += jobs.slots[job]
      if (++finished === jobs.count) return { response, joules, sprinting, filled, level, lowest }
      continue
    }
    if (now >= windows * window - TINY) {
      windows++
      filled += size - level
      level = size
      continue
    }
    const off1 = running.find(({ mode, switchAt }) => mode === 'ending' && switchAt <= now + TINY)
    const told = running.some(({ mode }) => mode === 'sprinting')
    const dry = net > 0 && level <= TINY
    if (off1 !== undefined || dry) {
      for (const one of running) if ((dry && sprints(one)) || one === off1) one.mode = resumes ? 'plain' : 'spent'
      continue
    }
    if (told && off > 0 && net > 0 && level <= net * off + TINY) {
      for (const one of running) {
        if (one.mode !== 'sprinting') continue
        one.mode = 'ending'
        one.switchAt = now + off
      }
      continue
    }
    const raised = running.find(({ mode, raiseAt }) => mode === 'sprinting' && raiseAt <= now + TINY)
    if (raised) {
      raised.step = due({ ...raised })
      raised.raiseAt = Number.POSITIVE_INFINITY
      continue
    }
    const ready = running
      .filter(
        (one) => (one.mode === 'plain' && timer(one) <= now + TINY) || (one.mode === 'switching' && one.switchAt <= now + TINY),
      )
      .sort((a, b) => a.job - b.job)
    const begins = (one: Running): boolean => {
      const step = due(one)
      const reserve = off > 0 ? (drain + cost({ ...one, step }) - refill) * off : 0
      return level >= Math.max(threshold, reserve) - TINY
    }
    const first = ready.find(
      (one) => (one.mode === 'plain' && on > 0 && (one.switchAt !== 0 ? begins(one) : true)) || begins(one),
    )
    if (first) {
      if (first.mode === 'plain' && on > 0) {
        first.mode = 'switching'
        first.switchAt = now + on
      } else {
        first.step = due(first)
        first.mode = 'sprinting'
        first.raiseAt = Number.POSITIVE_INFINITY
      }
      continue
    }
    // whoever switched in vain waits for the bucket
    const vain = ready.find(({ mode }) => mode === 'switching')
    if (vain) {
      vain.mode = 'plain'
      continue
    }
    if (next < jobs.count && jobs.arrival[next] <= now && jobs.slots[next] <= free) {
      free -= jobs.slots[next]
      running.push({ job: next++, start: now, done: 0, mode: 'plain', step: 0, switchAt: 0, raiseAt: Number.POSITIVE_INFINITY })
      continue
    }
    // the nearest of what comes by itself
    const steps: number[] = [windows * window - now]
    if (next < jobs.count && jobs.arrival[next] > now) steps.push(jobs.arrival[next] - now)
    if (net > 0 && drain > 0) steps.push((told ? level - net * off : level) / net)
    for (const one of running) {
      const speed = pace(one)
      steps.push((jobs.size[one.job] - one.done) / speed)
      if (sprints(one) && phases && part(one) < phases.count(one.job) - 1)
        steps.push((phases.endOf(one.job, part(one)) - one.done) / speed)
      const times = speeds.map(({ afterSeconds }) => timer(one) + afterSeconds).filter((time) => time > now + TINY)
      if (one.mode !== 'spent') steps.push(...times.map((time) => time - now))
      if (one.mode === 'switching' || one.mode === 'ending') steps.push(one.switchAt - now)
      if (one.raiseAt < Number.POSITIVE_INFINITY) steps.push(one.raiseAt - now)
      if (one.mode === 'plain' && timer(one) <= now + TINY && net < 0) {
        const reserve = off > 0 ? (drain + cost({ ...one, step: due(one) }) - refill) * off : 0
        const lacks = Math.max(threshold, reserve) - level
        if (lacks > 0 && lacks + level <= size) steps.push(lacks / -net)
      }
    }
    const dt = Math.max(0, Math.min(...steps.filter((step) => step > 0)))
    const before = running.map((one) => due(one))
    for (const one of running) {
      one.done += pace(one) * dt
      if (!sprints(one)) continue
      joules += watts(one) * dt
      sprinting += jobs.slots[one.job] * dt
    }
    const unfilled = Math.max(0, level - drain * dt + refill * dt)
    filled += Math.min(size, unfilled) - level + drain * dt
    level = Math.min(size, unfilled)
    lowest = Math.min(lowest, level)
    now += dt
    running.forEach((one, i) => {
      if (one.mode === 'sprinting' && due(one) > before[i]) one.raiseAt = now + on
    })
  }
}

function play(jobs: RunJobs, sprint: SprintSettings, phases?: WorkPhases): Engine {
  const settings: EngineSettings = {
    jobs,
    rule: fcfs,
    pool: new SlotPool('count', [{ nodes: 1, slots: SLOTS, speed: 1 }], jobs.count),
    classPriority: Int32Array.of(1, 1),
    owners: 2,
    sprint,
    ...(phases ? { phases } : {}),
  }
  const engine = new Engine(settings)
  engine.run()
  return engine
}

/** Class 0: the first 60 % of the work answers in full, the rest not at all; class 1: half of all of it is bound to the processor. */
function mixed(jobs: RunJobs): WorkPhases {
  return {
    count: (job) => (jobs.classIndex[job] === 0 ? 2 : 1),
    endOf: (job, i) => (jobs.classIndex[job] === 0 && i === 0 ? 0.6 * jobs.size[job] : jobs.size[job]),
    speedOf: (job, i, sprint) => (jobs.classIndex[job] === 0 ? (i === 0 ? sprint : 1) : 1 / (0.5 + 0.5 / sprint)),
  }
}

const base = { origin: 'arrival', speed: 2, toggleDelaySeconds: 0, timeoutSeconds: Float64Array.of(0.5, 1) } as const
const power = { extraWatts, slots: SLOTS }
const seconds = (size: number, refillPerSecond: number, onThresholdSeconds = 0): SprintBudget => ({
  seconds: size,
  refillPerSecond,
  onThresholdSeconds,
})
const joules = (size: number, refillWatts: number, onThresholdJoules = 0): SprintBudget => ({
  joules: size,
  refillWatts,
  onThresholdJoules,
})
const steps = [
  { afterSeconds: 0.3, speed: 2.5 },
  { afterSeconds: 0.8, speed: 3 },
]
const cases: [string, SprintSettings, boolean][] = [
  ['unlimited', { ...base, power }, false],
  ['seconds', { ...base, power, budget: seconds(2, 0.6) }, false],
  ['seconds, sprinting again', { ...base, power, budget: seconds(2, 0.6, 0.3), afterExhaustion: 'resume' }, false],
  [
    'seconds from dispatch, not again',
    { ...base, power, origin: 'dispatch', budget: seconds(2, 0.6), afterExhaustion: 'stop' },
    false,
  ],
  ['seconds, filled every 9 s', { ...base, power, budget: { ...seconds(2, 0), windowSeconds: 9 } }, false],
  [
    'seconds, filled every 9 s, again',
    { ...base, power, origin: 'dispatch', budget: { ...seconds(2, 0), windowSeconds: 9 } },
    false,
  ],
  ['joules', { ...base, power, budget: joules(100, 30) }, false],
  ['joules from dispatch', { ...base, power, origin: 'dispatch', budget: joules(100, 30, 20) }, false],
  [
    'joules, the threshold of half a second',
    { ...base, power, origin: 'dispatch', budget: { joules: 200, refillWatts: 60 } },
    false,
  ],
  ['joules, filled every 7 s', { ...base, power, budget: { ...joules(90, 0), windowSeconds: 7 } }, false],
  ['phases', { ...base, power }, true],
  ['phases, seconds', { ...base, power, budget: seconds(2, 0.6) }, true],
  ['phases, joules, from dispatch', { ...base, power, origin: 'dispatch', budget: joules(120, 30, 10) }, true],
  ['steps', { ...base, power, steps }, false],
  ['steps, phases, joules', { ...base, power, steps, budget: joules(120, 40) }, true],
  ['a delay on', { ...base, power, toggleDelaySeconds: 0.2, budget: seconds(2, 0.6) }, false],
  ['a delay on, steps', { ...base, power, toggleDelaySeconds: 0.2, steps }, false],
  ['a delay off', { ...base, power, toggleOffDelaySeconds: 0.15, budget: seconds(2, 0.6) }, false],
  ['a delay off, joules, steps', { ...base, power, toggleOffDelaySeconds: 0.1, steps, budget: joules(120, 40) }, false],
  [
    'both delays, phases, window',
    { ...base, power, toggleDelaySeconds: 0.1, toggleOffDelaySeconds: 0.1, budget: { ...seconds(3, 0), windowSeconds: 8 } },
    true,
  ],
]

describe('a sprint', () => {
  it.each(cases)('%s: goes the path of the plain simulation, and its books balance', (_, sprint, phased) => {
    const jobs = draw(1500, 0.6, 21, [1, 1, 2, 4])
    const phases = phased ? mixed(jobs) : undefined
    const engine = play(jobs, sprint, phases)
    const wanted = naive(jobs, sprint, phases)
    let worst = 0
    for (let i = 0; i < jobs.count; i++)
      worst = Math.max(worst, Math.abs(engine.response[i] - wanted.response[i]) / (1 + wanted.response[i]))
    expect(worst).toBeLessThan(1e-6)
    const totals = engine.totals()
    const close = (a: number, b: number) => expect(Math.abs(a - b)).toBeLessThan(1e-6 * (1 + Math.abs(b)))
    close(totals.sprinting, wanted.sprinting)
    close(totals.sprintJoules!, wanted.joules)
    if (sprint.budget === undefined) return
    expect(engine.lowestBudget).toBeGreaterThanOrEqual(0)
    expect(engine.lowestBudget).toBeLessThan(1e-9 + ('joules' in sprint.budget ? 100 : 0.5))
    close(engine.lowestBudget!, wanted.lowest)
    // size + filled − drained = what is left
    if ('joules' in sprint.budget) close(sprint.budget.joules + wanted.filled - totals.sprintJoules!, engine.budget()!)
  })
})

describe.each(DISCIPLINES)('sprints under %s', (discipline) => {
  const jobs = draw(900, 0.6, 33, [1, 1, 2, 4])
  const rule = disciplineRule({ discipline, las: { thresholdsSlotSeconds: [2, 8] } } as unknown as Policy)
  const settings = (sprint: SprintSettings, phased = false): EngineSettings => ({
    jobs,
    rule,
    pool: new SlotPool('packed', [{ nodes: 2, slots: 2, speed: 1 }], jobs.count),
    classPriority: Int32Array.of(1, 2),
    owners: 2,
    sprint,
    ...(phased ? { phases: mixed(jobs) } : {}),
  })
  const full: SprintSettings = {
    ...base,
    power,
    steps,
    toggleDelaySeconds: 0.05,
    toggleOffDelaySeconds: 0.1,
    budget: joules(120, 40, 5),
    afterExhaustion: 'resume',
  }

  it('the bucket stays between empty and full, and work is conserved', () => {
    for (const budget of [joules(120, 40, 5), { ...joules(120, 0), windowSeconds: 9 }, seconds(2, 0.6, 0.1)]) {
      const one = new Engine(settings({ ...base, power, toggleOffDelaySeconds: 0.1, budget }))
      const size = 'joules' in budget ? budget.joules : budget.seconds
      const last = jobs.arrival[jobs.count - 1]
      for (let t = 0; t <= last; t += last / 300) {
        one.run(t)
        expect(one.budget()!).toBeGreaterThanOrEqual(0)
        expect(one.budget()!).toBeLessThanOrEqual(size)
      }
      one.run()
      expect(one.lowestBudget).toBeGreaterThanOrEqual(0)
      const { busy, sprinting, lost, sprintJoules } = one.totals()
      expect(Math.abs(sprintJoules! / ((extraWatts(2) / SLOTS) * sprinting) - 1)).toBeLessThan(1e-9)
      const work = jobs.size.reduce((total, size, i) => total + size * jobs.slots[i], 0)
      const done = busy + sprinting
      if (rule.interrupts === 'restart') expect(done).toBeGreaterThan(work + lost * (1 - 1e-9))
      else expect(Math.abs(done / work - 1)).toBeLessThan(1e-9)
    }
  })

  it('saved and restored it goes on in the same bytes, with steps, phases and delays', () => {
    const whole = new Engine(settings(full, true))
    whole.run()
    const half = new Engine(settings(full, true))
    half.run(jobs.arrival[400])
    const state = half.save()
    half.run()
    const other = Engine.restore(settings(full, true), structuredClone(state))
    if (isRefusal(other)) throw new Error(other.message)
    other.run()
    expect([...half.response]).toEqual([...whole.response])
    expect([...other.response]).toEqual([...whole.response])
    expect(other.totals()).toEqual(whole.totals())
  })
})

describe('a start in the midst', () => {
  const start = (origin: 'arrival' | 'dispatch'): Engine => {
    const jobs: RunJobs = {
      count: 4,
      // the last one waits for the slot of the first
      arrival: Float64Array.of(-5, -4, -3, -2),
      size: Float64Array.of(10, 10, 10, 1),
      slots: Int32Array.of(1, 1, 2, 1),
      classIndex: new Uint16Array(4),
    }
    const engine = new Engine({
      jobs,
      rule: fcfs,
      pool: new SlotPool('count', [{ nodes: 1, slots: SLOTS, speed: 1 }], 4),
      classPriority: Int32Array.of(1),
      owners: 1,
      sprint: { ...base, origin, timeoutSeconds: Float64Array.of(4) },
      start: { running: 3, waiting: 1, ranSeconds: Float64Array.of(5, 1, 3) },
    })
    engine.run()
    return engine
  }

  it('finds timers where they stand: from dispatch since the start, from arrival since the arrival', () => {
    // dispatch: 5 left at once at 2; 9 left, 3 more before 4 s; 7 left, 1 more before 4 s; the last is done long before 4 s
    expect([...start('dispatch').response]).toEqual([5 + 2.5, 4 + 3 + 3, 3 + 1 + 3, 2 + 2.5 + 1])
    // arrival: the first two are over 4 s; the third is in 1 s; the last when it starts
    expect([...start('arrival').response]).toEqual([5 + 2.5, 4 + 4.5, 3 + 1 + 3, 2 + 2.5 + 0.5])
  })
})

describe('jobs of tasks that share the slots', () => {
  const play = (sprint: object, classes: object[] = []) => {
    const jobClass = (name: string, processorBound: number) => ({
      name,
      priority: name === 'high' ? 1 : 2,
      arrival: { kind: 'poisson', ratePerSecond: 0.12 },
      work: {
        kind: 'stages',
        stages: [
          {
            name: 'map',
            setup: { kind: 'constant', seconds: 0.2 },
            tasks: 6,
            taskTime: { kind: 'exponential', meanSeconds: 1.5 },
          },
          { name: 'reduce', tasks: 2, taskTime: { kind: 'exponential', meanSeconds: 1 }, processorBound },
        ],
      },
    })
    const read = validate('scenario', {
      schema: 'halftone/scenario/1',
      name: 's',
      workload: { schema: 'halftone/workload/1', name: 'w', classes: [jobClass('high', 0.5), jobClass('low', 0), ...classes] },
      cluster: {
        schema: 'halftone/cluster/1',
        name: 'c',
        nodes: [{ name: 'n', count: 2, slots: 2 }],
        power: { idleWatts: 0, busyWatts: 100, sprintWatts: 180 },
      },
      policy: {
        schema: 'halftone/policy/1',
        name: 'p',
        discipline: 'priority-preemptive-resume',
        sprint: { speed: 2, timeoutSeconds: { high: 0.5, low: 1 }, ...sprint },
      },
    })
    if (!read.ok) throw new Error(JSON.stringify(read.issues))
    const compiled = compileScenario(read.value)
    if (isRefusal(compiled)) return compiled
    return runJobs(compiled, drawJobs(compiled, 3, 0, 2000))
  }

  it('drain what their tasks draw, never below empty, and sprints shorten what answers them', () => {
    const whole = (sprint: object) => {
      const run = play(sprint)
      if (isRefusal(run)) throw new Error(run.message)
      return run
    }
    const mean = (sprint: object) => whole(sprint).response.reduce((a, b) => a + b, 0) / 2000
    for (const budget of [
      { joules: 150, refillWatts: 20 },
      { joules: 150, windowSeconds: 10 },
    ]) {
      for (const toggleOffDelaySeconds of [0, 0.1]) {
        const run = whole({ budget, toggleOffDelaySeconds })
        expect(run.lowestBudget).toBeGreaterThanOrEqual(0)
        expect(run.lowestBudget).toBeLessThan(10)
        // 80 W over four slots
        expect(Math.abs(run.end.sprintJoules! / (20 * run.end.sprinting) - 1)).toBeLessThan(1e-9)
        const refill = 'refillWatts' in budget ? budget.refillWatts : 15
        expect(run.end.sprintJoules).toBeLessThanOrEqual(150 + refill * run.end.time + 1e-6)
      }
    }
    const [none, some, all] = [{ timeoutSeconds: {} }, { budget: { joules: 150, refillWatts: 20 } }, {}].map(mean)
    expect(some).toBeLessThan(none)
    expect(all).toBeLessThan(some)
  })

  it('refuses work in several phases beside tasks, which have no common beginning', () => {
    const gang = {
      name: 'gang',
      priority: 1,
      arrival: { kind: 'poisson', ratePerSecond: 0.01 },
      work: { kind: 'gang', slots: 1, runTime: { kind: 'constant', seconds: 1 } },
      phases: [
        { share: 0.5, processorBound: 1 },
        { share: 0.5, processorBound: 0 },
      ],
    }
    const refused = play({}, [gang])
    expect(isRefusal(refused) && refused.message).toContain('several phases')
  })
})
