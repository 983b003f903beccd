import { describe, expect, it } from 'vitest'
import { isRefusal, type JobColumns, type Trace, validate } from '../model/index.js'
import { arrivalAutocorrelation, arrivalMoments, Rng } from '../num/index.js'
import { fitArrivalLaw } from './arrivals.js'
import { classifyJobs, defaultClassRule } from './classes.js'
import { workloadFromTrace } from './from-trace.js'
import { offeredSlots, replayJobs } from './replay.js'
import { equalMeans, fitRunTimes } from './run-times.js'
import { fitCounts, sizeGroups } from './sizes.js'

function trace(
  columns: Partial<JobColumns> & { submitSeconds: Float64Array; runSeconds: Float64Array },
  extra: Partial<Trace> = {},
): Trace {
  return {
    schema: 'halftone/trace/1',
    source: { path: 'jobs.csv', format: 'csv', rows: columns.submitSeconds.length, used: columns.submitSeconds.length, bytes: 1 },
    unit: 'job',
    slotUnit: 'GPU',
    clock: { kind: 'relative' },
    jobs: { count: columns.submitSeconds.length, ...columns },
    issues: { counts: [], kept: [] },
    notes: [],
    ...extra,
  }
}

const times = (...values: number[]): Float64Array => Float64Array.from(values)

describe('classes of a trace', () => {
  const base = { submitSeconds: times(0, 1, 2, 3, 4), runSeconds: times(1, 1, 1, 1, 1) }

  it('by priority put the one that goes first first, whichever way the trace counts', () => {
    const priority = times(0, 2, 2, 9, Number.NaN)
    const larger = classifyJobs(trace({ ...base, priority }), { by: 'priority' })
    const smaller = classifyJobs(trace({ ...base, priority }, { priorityOrder: 'smaller-first' }), { by: 'priority' })
    if (isRefusal(larger) || isRefusal(smaller)) throw new Error('refused')
    expect(larger.names).toEqual(['priority 9', 'priority 2', 'priority 0'])
    expect([...larger.index]).toEqual([2, 1, 1, 0, -1])
    expect(smaller.names).toEqual(['priority 0', 'priority 2', 'priority 9'])
    expect([...smaller.index]).toEqual([0, 1, 1, 2, -1])
  })

  it('by size split at the boundaries given, each bound in the class below it', () => {
    const found = classifyJobs(trace({ ...base, slots: times(1, 2, 4, 8, 64) }), { by: 'size', boundaries: [1, 8] })
    if (isRefusal(found)) throw new Error(found.message)
    expect(found.names).toEqual(['gpus 1', 'gpus 2–8', 'gpus 64'])
    expect([...found.index]).toEqual([0, 1, 1, 1, 2])
  })

  it('by queue keep the largest and put the rest together', () => {
    const queue = { codes: Int32Array.of(0, 1, 1, 2, 3), labels: ['a', 'b', '7', 'd'] }
    const found = classifyJobs(trace({ ...base, queue }), { by: 'queue', most: 1 })
    if (isRefusal(found)) throw new Error(found.message)
    expect(found.names).toEqual(['b', 'other queues (3)'])
    expect([...found.index]).toEqual([1, 0, 0, 1, 1])
  })

  it('are refused by a column that is not there, and by default taken from the best that is', () => {
    expect(isRefusal(classifyJobs(trace(base), { by: 'user' }))).toBe(true)
    expect(defaultClassRule(trace(base))).toEqual({ by: 'all' })
    expect(defaultClassRule(trace({ ...base, slots: times(1, 2, 1, 1, 1) }))).toEqual({ by: 'size' })
    expect(defaultClassRule(trace({ ...base, slots: times(1, 2, 1, 1, 1), priority: times(1, 2, 1, 1, 1) }))).toEqual({
      by: 'priority',
    })
  })
})

describe('a replay', () => {
  it('has the usable jobs in order of submission and counts every other by its reason', () => {
    const unsorted = trace({
      submitSeconds: times(50, 10, 30, Number.NaN, 20, 40, 60),
      runSeconds: times(5, 6, Number.NaN, 1, 0, 7, 8),
      slots: times(1, 0.5, 1, 1, 1, 0, 3),
    })
    const all = classifyJobs(unsorted, { by: 'all' })
    if (isRefusal(all)) throw new Error(all.message)
    const replay = replayJobs(unsorted, all)
    if (isRefusal(replay)) throw new Error(replay.message)
    expect([...replay.jobs.submitSeconds]).toEqual([0, 40, 50])
    expect([...replay.jobs.runSeconds]).toEqual([6, 5, 8])
    expect([...replay.jobs.slots]).toEqual([1, 1, 3])
    expect(replay.left).toEqual({
      noSubmit: 1,
      beforeTrace: 0,
      noRunTime: 1,
      zeroRunTime: 1,
      noSlots: 1,
      noClass: 0,
      outsideWindow: 0,
    })
    expect(replay.roundedUp).toBe(1)
    expect(offeredSlots(replay.jobs)).toBeCloseTo((6 + 5 + 24) / 50, 12)
  })

  it('of nothing usable is refused', () => {
    const empty = trace({ submitSeconds: times(Number.NaN), runSeconds: times(1) })
    const all = classifyJobs(empty, { by: 'all' })
    const replay = isRefusal(all) ? all : replayJobs(empty, all)
    expect(isRefusal(replay) && replay.code).toBe('no-data')
  })
})

describe('fits', () => {
  const rng = new Rng(7, 'fits')

  it('find the rate of Poisson arrivals and have nothing to complain of', () => {
    let t = 0
    const arrivals = Float64Array.from({ length: 20_000 }, () => (t += rng.exponential() / 0.05))
    const { arrival, caveats } = fitArrivalLaw(arrivals, 'poisson')
    if (arrival.kind !== 'poisson') throw new Error(arrival.kind)
    expect(Math.abs(arrival.ratePerSecond / 0.05 - 1)).toBeLessThan(4 / Math.sqrt(20_000)) // four standard errors
    expect(caveats).toEqual([])
  })

  it('find the daily cycle, hour by hour, and say that Poisson would not do', () => {
    const rate = (t: number): number => (Math.floor(t / 3600) % 24 < 12 ? 0.02 : 0.1)
    const arrivals: number[] = []
    for (let t = 0; t < 60 * 86_400; ) {
      t += rng.exponential() / 0.1
      if (rng.uniform() < rate(t) / 0.1) arrivals.push(t)
    }
    const { arrival, caveats } = fitArrivalLaw(arrivals, 'time-of-day')
    if (arrival.kind !== 'time-of-day') throw new Error(arrival.kind)
    // 60 hours of each: standard error of the rarer is √(0.02 / (60 · 3600)), five of them allowed
    for (const [hour, found] of arrival.ratePerSecond.entries()) {
      expect(Math.abs(found - (hour < 12 ? 0.02 : 0.1))).toBeLessThan(5 * Math.sqrt(0.1 / (60 * 3600)))
    }
    expect(caveats).toEqual([])
    expect(fitArrivalLaw(arrivals, 'poisson').caveats.map(({ code }) => code)).toEqual(['arrivals-burstier'])
  })

  it('find a Markovian arrival process with the SCV and the lag-1 correlation of bursty gaps', () => {
    // two phases of 5 and 500 s mean gaps, each kept for the next gap with probability 0.9: by the law of total variance SCV and lag-1 correlation follow
    let [t, slow] = [0, false]
    const gaps: number[] = []
    const arrivals = Float64Array.from({ length: 40_000 }, () => {
      if (rng.uniform() >= 0.9) slow = !slow
      const gap = (slow ? 500 : 5) * rng.exponential()
      gaps.push(gap)
      return (t += gap)
    })
    const { arrival } = fitArrivalLaw(arrivals, 'map')
    if (arrival.kind !== 'map') throw new Error(arrival.kind)
    const process = { D0: arrival.d0, D1: arrival.d1 }
    const [m1, m2] = arrivalMoments(process, 2) as [number, number]
    const mean = gaps.slice(1).reduce((a, b) => a + b, 0) / (gaps.length - 1)
    const square = gaps.slice(1).reduce((a, b) => a + b * b, 0) / (gaps.length - 1)
    expect(m1 / mean).toBeCloseTo(1, 6)
    expect(m2 / square).toBeCloseTo(1, 6)
    // E[m_i m_{i+1}] − m² over the variance: (247.5² · 0.8) / (2 · (5² + 500²)/2 − 252.5²)
    expect(arrivalAutocorrelation(process, 1)[0]).toBeCloseTo((247.5 ** 2 * 0.8) / (25 + 250_000 - 252.5 ** 2), 1)
  })

  it('take the plainest law that is near: constant, exponential, lognormal, hyper-Erlang, else empirical', () => {
    const sample = (draw: () => number): Float64Array => Float64Array.from({ length: 20_000 }, draw)
    expect(fitRunTimes([3, 3, 3], 'fit').law).toEqual({ kind: 'constant', seconds: 3 })
    expect(
      fitRunTimes(
        sample(() => 20 * rng.exponential()),
        'fit',
      ).law.kind,
    ).toBe('exponential')
    expect(
      fitRunTimes(
        sample(() => Math.exp(rng.normal())),
        'fit',
      ).law.kind,
    ).toBe('lognormal')
    const twoKinds = fitRunTimes(
      sample(() => (rng.uniform() < 0.7 ? 10 : 1000) * (rng.exponential() + rng.exponential() + rng.exponential())),
      'fit',
    )
    expect(twoKinds.law.kind).toBe('hyper-erlang')
    expect(twoKinds.distance).toBeLessThan(0.05)
    expect(
      fitRunTimes(
        sample(() => (rng.uniform() < 0.5 ? 1 + rng.uniform() / 1e6 : 500 + rng.uniform())),
        'fit',
      ).law.kind,
    ).toBe('empirical')
  })

  it('keep the mean of a sample exactly in the empirical law', () => {
    const sorted = Float64Array.from({ length: 1_003 }, (_, i) => (i * i) % 977).sort()
    const means = equalMeans(sorted, 512)
    const mean = (values: ArrayLike<number>): number => Array.from(values).reduce((a, b) => a + b, 0) / values.length
    expect(mean(means)).toBeCloseTo(mean(sorted), 9)
    expect(means).toEqual([...means].sort((a, b) => a - b))
  })

  it('keep every size with its share, and the mean size within rounding where there are too many', () => {
    expect(fitCounts([4, 4, 4])).toBe(4)
    expect(fitCounts([1, 1, 1, 8])).toEqual({ counts: [1, 8], probabilities: [0.75, 0.25] })
    const many = Array.from({ length: 1_000 }, (_, i) => i + 1)
    const law = fitCounts(many)
    if (typeof law === 'number') throw new Error('a single count')
    expect(law.probabilities.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 9)
    expect(law.counts.reduce((sum, count, i) => sum + count * law.probabilities[i]!, 0)).toBeCloseTo(500.5, 0)
  })
})

describe('groups of sizes', () => {
  it('keep common sizes apart and put rare neighbours together, no group under 30 jobs', () => {
    const slots = [
      ...Array(500).fill(1),
      ...Array(60).fill(2),
      ...Array(40).fill(4),
      ...Array(25).fill(8),
      ...Array(9).fill(16),
      ...Array(3).fill(32),
    ]
    expect(sizeGroups(slots)).toEqual([
      { above: 0, slotsAtMost: 1 },
      { above: 1, slotsAtMost: 2 },
      { above: 2, slotsAtMost: 4 },
      { above: 4, slotsAtMost: 32 },
    ])
    expect(sizeGroups([1, 2, 4])).toEqual([{ above: 0, slotsAtMost: 4 }])
  })
})

describe('a workload from a trace', () => {
  const rng = new Rng(3, 'workload')
  let t = 0
  const made = trace({
    submitSeconds: Float64Array.from({ length: 2_000 }, () => (t += 30 * rng.exponential())),
    runSeconds: Float64Array.from({ length: 2_000 }, (_, i) => (i === 5 ? Number.NaN : 100 * rng.exponential() + 1e-3)),
    slots: Float64Array.from({ length: 2_000 }, (_, i) => (i % 4 === 0 ? 8 : 1)),
  })

  it('replayed names its trace and its classes, and says what was left out', () => {
    const found = workloadFromTrace(made)
    if (isRefusal(found)) throw new Error(found.message)
    expect(found.workload.classes.map(({ name, work }) => [name, work.kind])).toEqual([
      ['gpus 1', 'replay'],
      ['gpus 8', 'replay'],
    ])
    expect(found.replay.count).toBe(1_999)
    expect(found.workload.caveats?.find(({ code }) => code === 'jobs-left-out')?.numbers).toMatchObject({
      used: 1_999,
      noRunTime: 1,
    })
    expect(validate('workload', found.workload).ok).toBe(true)
  })

  it('fitted is a valid workload with the fit’s own error as caveats', () => {
    const found = workloadFromTrace(made, { arrivals: 'poisson', divisible: ['gpus 8'] })
    if (isRefusal(found)) throw new Error(found.message)
    expect(validate('workload', found.workload).ok).toBe(true)
    const [small, large] = found.workload.classes
    expect(small!.work).toMatchObject({ kind: 'gang', slots: 1, divisible: false })
    expect(large!.work).toMatchObject({ kind: 'gang', slots: 8, divisible: true })
    expect(found.workload.caveats?.filter(({ code }) => code === 'run-time-fit').map(({ path }) => path)).toEqual([
      'classes[0].work.runTime',
      'classes[1].work.runTime',
    ])
  })
})
