import { describe, expect, it } from 'vitest'
import { Rng } from '../num/index.js'
import { fcfs } from './disciplines/index.js'
import { Engine } from './engine.js'
import { SlotPool } from './pool.js'
import type { SprintSettings } from './sprint.js'
import { type SprintQueries, type SprintQueueOptions, simulateSprintQueue } from './sprintQueue.js'
import { Workspace } from './workspace.js'

/** Poisson arrivals, exponential work of mean 1. */
function queries(count: number, rate: number, seed: number): SprintQueries {
  const rng = new Rng(seed)
  const arrivalSeconds = new Float64Array(count)
  const workSeconds = new Float64Array(count)
  let now = 0
  for (let i = 0; i < count; i++) {
    arrivalSeconds[i] = now += rng.exponential() / rate
    workSeconds[i] = rng.exponential()
  }
  return { arrivalSeconds, workSeconds }
}

/**
 * The loop of specs/sprint.md 2.3, step by step, with what 2.5 and 2.8 add: the first share of the work answers the sprint, the bucket may
 * be filled at the end of each window instead, and a query may sprint again once there is enough for it.
 */
function asWritten({ arrivalSeconds: arrival, workSeconds: work }: SprintQueries, options: SprintQueueOptions): number[] {
  const { speed, timeoutSeconds: T, budgetSeconds: B = 1e12, windowSeconds: R = 1e12, responsiveShare: share = 1 } = options
  const resets = options.refill === 'window-reset'
  const resumes = options.afterExhaustion === 'resume'
  const threshold = Math.max(options.onThresholdSeconds ?? 0, resumes ? 1e-3 * B : 1e-9)
  const refill = resets ? 0 : B / R
  let b = B
  let free = 0
  let window = 1
  const idle = (from: number, to: number) => {
    b = Math.min(B, b + refill * (to - from))
    for (; resets && window * R <= to; window++) b = B
  }
  return [...arrival].map((at, i) => {
    let now = Math.max(at, free)
    idle(free, now)
    const on = (options.origin !== 'dispatch' ? at : now) + T
    let x = 0
    let state: 'early' | 'ready' | 'sprinting' | 'exhausted' = on <= now ? 'ready' : 'early'
    while (work[i] - x > 1e-12) {
      if (state === 'ready' && b >= threshold * (1 - 1e-12)) state = 'sprinting'
      const sprints = state === 'sprinting'
      const answers = sprints && x < share * work[i] - 1e-12
      const rate = answers ? speed : 1
      const steps = [(answers ? share * work[i] - x : work[i] - x) / rate]
      if (sprints) steps.push(b / (1 - refill))
      else if (state === 'early') steps.push(on - now)
      else if (state === 'ready' && refill > 0) steps.push((threshold - b) / refill)
      if (resets) steps.push(window * R - now)
      const dt = Math.min(...steps)
      x += rate * dt
      if (sprints) b -= (1 - refill) * dt
      if (state === 'early' && dt === on - now) state = 'ready'
      if (state === 'ready' && refill > 0 && dt === (threshold - b) / refill) b = threshold - refill * dt
      now += dt
      if (resets && dt === window * R - (now - dt)) {
        b = B
        window++
      } else if (sprints && b < 1e-12) {
        b = 0
        state = resumes ? 'ready' : 'exhausted'
      } else if (!sprints) b = Math.min(B, b + refill * dt)
    }
    free = now
    return now - at
  })
}

function played({ arrivalSeconds, workSeconds }: SprintQueries, servers: number, sprint: SprintSettings): Engine {
  const count = arrivalSeconds.length
  const engine = new Engine({
    jobs: {
      count,
      arrival: arrivalSeconds,
      size: workSeconds,
      slots: new Int32Array(count).fill(1),
      classIndex: new Uint16Array(count),
    },
    rule: fcfs,
    pool: new SlotPool('count', [{ nodes: 1, slots: servers, speed: 1 }], count),
    classPriority: Int32Array.of(1),
    owners: 1,
    sprint,
  })
  engine.run()
  return engine
}

function same(found: ArrayLike<number>, wanted: ArrayLike<number>): void {
  let worst = 0
  for (let i = 0; i < wanted.length; i++) worst = Math.max(worst, Math.abs(found[i] - wanted[i]) / (1 + wanted[i]))
  expect(found.length).toBe(wanted.length)
  expect(worst).toBeLessThan(1e-7)
}

describe('the sprint queue', () => {
  const rules: SprintQueueOptions[] = [
    { speed: 2, timeoutSeconds: 0, budgetSeconds: 5, windowSeconds: 200 },
    { speed: 2, timeoutSeconds: 2, budgetSeconds: 20, windowSeconds: 200 },
    { speed: 3, timeoutSeconds: 1, budgetSeconds: 5, windowSeconds: 200, responsiveShare: 0.4 },
    { speed: 2, timeoutSeconds: 4, responsiveShare: 0.8 },
    { speed: 2, timeoutSeconds: 0.5, budgetSeconds: 5, windowSeconds: 200, origin: 'dispatch' },
    { speed: 2, timeoutSeconds: 0, budgetSeconds: 20, windowSeconds: 200, origin: 'dispatch', responsiveShare: 0.6 },
    { speed: 2, timeoutSeconds: 0.5, budgetSeconds: 2, windowSeconds: 5, onThresholdSeconds: 0.5, responsiveShare: 0.6 },
    { speed: 2, timeoutSeconds: 0.5, budgetSeconds: 2, windowSeconds: 5, onThresholdSeconds: 1, afterExhaustion: 'resume' },
    { speed: 2, timeoutSeconds: 0.5, budgetSeconds: 3, windowSeconds: 40, refill: 'window-reset' },
    { speed: 2, timeoutSeconds: 1, budgetSeconds: 3, windowSeconds: 7, refill: 'window-reset', responsiveShare: 0.5 },
    { speed: 2, timeoutSeconds: 0, budgetSeconds: 1, windowSeconds: 10, refill: 'window-reset', afterExhaustion: 'resume' },
  ]
  it.each(rules)('goes the path of the published loop: %j', (options) => {
    const path = queries(4000, 0.7, 3)
    const answer = simulateSprintQueue(path, options)
    same(answer.responseSeconds, asWritten(path, options))
    if (options.budgetSeconds !== undefined) {
      expect(answer.exhausted).toBeGreaterThan(10)
      expect(answer.lowestBudgetSeconds).toBe(0)
    }
  })

  // A bucket that is often full: waiting for the threshold multiplies differences of the last digit by 1/refill, time after time until it is.
  it.each([
    ['arrival', 1, 0, 0],
    ['arrival', 1, 1.5, 0.5],
    ['dispatch', 1, 0.5, 0.5],
    ['arrival', 4, 0, 0],
    ['arrival', 4, 1.5, 0.5],
    ['dispatch', 3, 0.5, 0.2],
    ['dispatch', 3, 0, 0.2],
  ] as const)('from %s on %d servers, T = %d: the path of the general engine', (origin, servers, T, threshold) => {
    const path = queries(6000, 0.7 * servers, 5)
    const wanted = played(path, servers, {
      origin,
      speed: 1.5,
      timeoutSeconds: Float64Array.of(T),
      toggleDelaySeconds: 0,
      budget: { seconds: 1, refillPerSecond: 0.25, onThresholdSeconds: threshold },
    })
    const answer = simulateSprintQueue(path, {
      speed: 1.5,
      timeoutSeconds: T,
      origin,
      servers,
      budgetSeconds: 1,
      windowSeconds: 4,
      onThresholdSeconds: threshold,
      afterExhaustion: origin === 'arrival' ? 'stop' : 'resume',
      warmUpShare: 0,
    })
    same(answer.responseSeconds, wanted.response)
    expect(answer.exhausted).toBeGreaterThan(20)
    expect(answer.lowestBudgetSeconds).toBe(0)
    const { sprinting, time } = wanted.totals()
    expect(answer.shareSprinting * servers * (time - path.arrivalSeconds[0])).toBeCloseTo(sprinting, 5)
  })

  it('means and quantiles are those of the responses after the warm-up; a workspace changes nothing', () => {
    const path = queries(30_000, 0.75, 7)
    const options = { speed: 1.5, timeoutSeconds: 2, budgetSeconds: 20, windowSeconds: 200, quantiles: [0.5, 0.95] }
    const space = new Workspace()
    const first = simulateSprintQueue(path, options, space)
    const measured = [...first.responseSeconds.subarray(1500)].sort((a, b) => a - b)
    expect(first.measured).toBe(28_500)
    expect(first.meanResponseSeconds).toBeCloseTo(measured.reduce((a, b) => a + b, 0) / 28_500, 10)
    const at = (p: number) => {
      const h = 28_499 * p
      return measured[Math.floor(h)] + (h % 1) * (measured[Math.floor(h) + 1] - measured[Math.floor(h)])
    }
    expect(first.responseQuantilesSeconds[0]).toBeCloseTo(at(0.5), 10)
    expect(first.responseQuantilesSeconds[1]).toBeCloseTo(at(0.95), 10)
    simulateSprintQueue(queries(100, 1, 1), { speed: 3, timeoutSeconds: 0, servers: 3 }, space)
    const again = simulateSprintQueue(path, options, space)
    expect({ ...again, responseSeconds: 0 }).toEqual({ ...first, responseSeconds: 0 })
  })

  it('without sprint or with speed 1 the server is Lindley’s', () => {
    const path = queries(2000, 0.8, 2)
    let end = 0
    const wanted = [...path.arrivalSeconds].map((at, i) => {
      end = Math.max(at, end) + path.workSeconds[i]
      return end - at
    })
    same(simulateSprintQueue(path, { speed: 4, timeoutSeconds: Number.POSITIVE_INFINITY }).responseSeconds, wanted)
    same(simulateSprintQueue(path, { speed: 1, timeoutSeconds: 0, budgetSeconds: 3, windowSeconds: 9 }).responseSeconds, wanted)
    same(simulateSprintQueue(path, { speed: 4, timeoutSeconds: 0, responsiveShare: 0 }).responseSeconds, wanted)
  })

  it('reproduces the golden tables (specs/sprint.md 2.9): mean, 95 % quantile, share of time sprinting', () => {
    const path = queries(1_000_000, 0.75, 11)
    const ends: [number, number, number, number][] = [
      [0, 1.3333, 3.996, 0.5],
      [2, 1.968, 4.886, 0.217],
      [4, 2.496, 6.009, 0.113],
    ]
    for (const [timeoutSeconds, mean, tail, share] of ends) {
      const answer = simulateSprintQueue(path, { speed: 1.5, timeoutSeconds, quantiles: [0.95] })
      expect(Math.abs(answer.meanResponseSeconds - mean)).toBeLessThan(0.02)
      expect(Math.abs(answer.responseQuantilesSeconds[0] - tail)).toBeLessThan(0.06)
      expect(Math.abs(answer.shareSprinting - share)).toBeLessThan(0.004)
    }
    const bucket: [number, number, number][] = [
      [5, 6, 3.601],
      [20, 4, 2.766],
      [60, 1, 1.8],
    ]
    for (const [budgetSeconds, timeoutSeconds, mean] of bucket) {
      const answer = simulateSprintQueue(path, { speed: 1.5, timeoutSeconds, budgetSeconds, windowSeconds: 200 })
      expect(Math.abs(answer.meanResponseSeconds - mean)).toBeLessThan(0.03 * mean)
    }
  })

  it('refuses what makes no sense, by name', () => {
    const path = queries(10, 1, 1)
    const sensible = { speed: 2, timeoutSeconds: 1 }
    expect(() => simulateSprintQueue(path, { ...sensible, speed: 0.5 })).toThrow('speed')
    expect(() => simulateSprintQueue(path, { ...sensible, timeoutSeconds: -1 })).toThrow('timeoutSeconds')
    expect(() => simulateSprintQueue(path, { ...sensible, budgetSeconds: 0 })).toThrow('budgetSeconds')
    expect(() => simulateSprintQueue(path, { ...sensible, responsiveShare: 2 })).toThrow('responsiveShare')
    expect(() => simulateSprintQueue(path, { ...sensible, servers: 0 })).toThrow('servers')
    expect(() => simulateSprintQueue(path, { ...sensible, budgetSeconds: 1, onThresholdSeconds: 2 })).toThrow('onThreshold')
    expect(() => simulateSprintQueue({ ...path, arrivalSeconds: path.arrivalSeconds.map((x) => -x) }, sensible)).toThrow('ascend')
    expect(() => simulateSprintQueue({ ...path, workSeconds: path.workSeconds.fill(Number.NaN) }, sensible)).toThrow(
      'not a number',
    )
    const nobody = { arrivalSeconds: new Float64Array(0), workSeconds: new Float64Array(0) }
    expect(() => simulateSprintQueue(nobody, sensible)).toThrow('none is left')
  })
})
