/** Backfilling against programs that are slow and plain: no heap, no tree, no kept promises; everything worked out anew at every event. */
import { describe, expect, it } from 'vitest'
import { Rng } from '../../src/num/index.js'
import { conservativeBackfill, Engine, easyBackfill, type RunJobs, SlotPool } from '../../src/simulate/index.js'

const SLOTS = 16
/** When jobs over their time are expected to end. */
const SOON = 1e-9

function draw(seed: number, count: number): RunJobs {
  const rng = new Rng(seed, 'backfill')
  const arrival = new Float64Array(count)
  const size = new Float64Array(count)
  const slots = new Int32Array(count)
  const estimate = new Float64Array(count)
  let now = 0
  for (let i = 0; i < count; i++) {
    now += rng.exponential()
    arrival[i] = now
    size[i] = rng.exponential() * 3
    slots[i] = 1 + rng.below(rng.uniform() < 0.2 ? 16 : 4)
    // estimates of all kinds: too long, exact, too short
    estimate[i] = size[i] * [0.5, 1, 1, 3, 10][rng.below(5)]
  }
  return { count, arrival, size, slots, estimate, classIndex: new Uint16Array(count) }
}

interface Running {
  readonly job: number
  readonly end: number
  readonly expected: number
  readonly slots: number
}

/** Start times, by stepping through events and asking `choose` who starts, until nobody does. */
function plain(
  jobs: RunJobs,
  choose: (t: number, waiting: readonly number[], running: readonly Running[], free: number) => number,
): number[] {
  const starts = new Array<number>(jobs.count).fill(Number.NaN)
  const waiting: number[] = []
  const running: Running[] = []
  let next = 0
  while (next < jobs.count || running.length > 0) {
    running.sort((a, b) => a.end - b.end)
    let t: number
    if (running.length > 0 && (next >= jobs.count || running[0].end <= jobs.arrival[next])) t = running.shift()!.end
    else {
      t = jobs.arrival[next]
      waiting.push(next++)
    }
    for (;;) {
      const free = SLOTS - running.reduce((sum, one) => sum + one.slots, 0)
      const job = choose(t, waiting, running, free)
      if (job < 0) break
      waiting.splice(waiting.indexOf(job), 1)
      starts[job] = t
      running.push({ job, end: t + jobs.size[job], expected: t + jobs.estimate![job], slots: jobs.slots[job] })
    }
  }
  return starts
}

function started(jobs: RunJobs, rule: typeof easyBackfill): number[] {
  const engine = new Engine({
    jobs,
    rule,
    owners: 1,
    classPriority: Int32Array.of(1),
    pool: new SlotPool('count', [{ nodes: 1, slots: SLOTS, speed: 1 }], jobs.count),
    promises: jobs.count,
  })
  engine.run()
  return Array.from({ length: jobs.count }, (_, i) => jobs.arrival[i] + engine.response[i] - engine.held[i])
}

function same(a: number[], b: number[]): void {
  a.forEach((time, i) => {
    if (!(Math.abs(time - b[i]) < 1e-9)) throw new Error(`job ${i} starts at ${time}, by the plain program at ${b[i]}`)
  })
}

describe('EASY', () => {
  it.each([1, 2, 3])('starts every job when the plain program does (seed %i)', (seed) => {
    const jobs = draw(seed, 1500)
    const { slots, estimate } = jobs
    const expected = plain(jobs, (t, waiting, running, free) => {
      if (waiting.length === 0) return -1
      const head = waiting[0]
      if (slots[head] <= free) return head
      const ends = running.map((one) => ({ at: Math.max(t, one.expected), slots: one.slots })).sort((a, b) => a.at - b.at)
      let could = free
      let shadow = t
      for (const end of ends) {
        if (could >= slots[head] && end.at > shadow) break
        could += end.slots
        shadow = end.at
      }
      const spare = could - slots[head]
      const fits = (job: number) => slots[job] <= free && (t + estimate![job] <= shadow || slots[job] <= spare)
      return waiting.slice(1).find(fits) ?? -1
    })
    same(started(jobs, easyBackfill), expected)
    // and it did backfill: somebody started before an earlier job
    expect(expected.some((time, i) => i > 0 && time < expected[i - 1])).toBe(true)
  })

  it('with exact estimates no head of the queue starts later than first come first served would start it', () => {
    const jobs = { ...draw(4, 800), estimate: undefined }
    const { estimate: _, ...exact } = jobs
    const easy = started(exact, easyBackfill)
    // the head’s promise: at the moment it becomes head, the time at which enough slots are free if nobody slipped in
    const conservative = started(exact, conservativeBackfill)
    const mean = (starts: number[]) => starts.reduce((sum, time, i) => sum + time - exact.arrival[i], 0) / starts.length
    const fcfs = started(exact, { ...conservativeBackfill, backfill: undefined as never })
    expect(mean(easy)).toBeLessThan(mean(fcfs))
    expect(mean(conservative)).toBeLessThan(mean(fcfs))
    // conservative with exact estimates delays nobody against first come first served
    conservative.forEach((time, i) => {
      if (time > fcfs[i] + 1e-9) throw new Error(`job ${i} starts at ${time}, first come first served at ${fcfs[i]}`)
    })
  })
})

describe('conservative backfill', () => {
  it.each([1, 2])('starts every job when the plain program does (seed %i)', (seed) => {
    const jobs = draw(seed, 500)
    const { slots, estimate } = jobs
    const expected = plain(jobs, (t, waiting, running, free) => {
      // a profile as a list of what is taken when: [from, to, slots]
      const taken: [number, number, number][] = running.map((one) => [t, Math.max(t, one.expected), one.slots])
      const used = (at: number) => taken.reduce((sum, [from, to, k]) => sum + (from <= at && at < to ? k : 0), 0)
      // overdue jobs hold their slots now, whatever was expected of them
      const overdue = running.filter((one) => one.expected <= t).reduce((sum, one) => sum + one.slots, 0)
      for (const job of waiting) {
        const times = [t, t + SOON, ...taken.map(([, to]) => to).filter((to) => to > t)].sort((a, b) => a - b)
        const start = times.find((s) => {
          const end = s + estimate![job]
          const points = [s, ...taken.flat().filter((p) => p > s && p < end)]
          return points.every((p) => used(p) + (p === t ? overdue : 0) + slots[job] <= SLOTS)
        })!
        if (start === t && slots[job] <= free) return job
        taken.push([start, start + estimate![job], slots[job]])
      }
      return -1
    })
    same(started(jobs, conservativeBackfill), expected)
  })
})
