import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Characterisation, isRefusal, type LabelColumn, OUTCOMES, type Outcome, type Trace } from '../model/index.js'
import { type CharacteriseOptions, characterise } from './index.js'

/** One row of a hand-made trace; what is left out is missing. */
interface Row {
  readonly submit?: number
  readonly start?: number
  readonly end?: number
  readonly run?: number
  readonly slots?: number
  readonly slotShare?: number
  readonly outcome?: Outcome
  readonly priority?: number
  readonly estimate?: number
  readonly attempts?: number
  readonly truncated?: boolean
  readonly id?: string
  readonly user?: string
  readonly queue?: string
  readonly name?: string
  readonly machine?: string
  readonly slotType?: string
}

/** A trace from rows, for tests: a column is there where any row has it; run times default to end − start. */
function traceOf(rows: readonly Row[], more: Partial<Trace> = {}): Trace {
  const numbers = (field: keyof Row): Float64Array | undefined =>
    rows.some((row) => row[field] !== undefined)
      ? Float64Array.from(rows, (row) => (row[field] as number | undefined) ?? Number.NaN)
      : undefined
  const labels = (field: keyof Row): LabelColumn | undefined => {
    const all = [...new Set(rows.flatMap((row) => (row[field] === undefined ? [] : [String(row[field])])))]
    return all.length > 0 ? { codes: Int32Array.from(rows, (row) => all.indexOf(String(row[field]))), labels: all } : undefined
  }
  const columns = {
    startSeconds: numbers('start'),
    endSeconds: numbers('end'),
    slots: numbers('slots'),
    slotShare: numbers('slotShare'),
    priority: numbers('priority'),
    estimateSeconds: numbers('estimate'),
    attempts: numbers('attempts'),
    outcome: rows.some((row) => row.outcome)
      ? Uint8Array.from(rows, (row) => OUTCOMES.indexOf(row.outcome ?? 'unknown'))
      : undefined,
    leftTruncated: rows.some((row) => row.truncated) ? Uint8Array.from(rows, (row) => (row.truncated ? 1 : 0)) : undefined,
    id: labels('id'),
    user: labels('user'),
    queue: labels('queue'),
    name: labels('name'),
    machine: labels('machine'),
    slotType: labels('slotType'),
  }
  const jobs = {
    count: rows.length,
    submitSeconds: Float64Array.from(rows, (row) => row.submit ?? Number.NaN),
    runSeconds: Float64Array.from(rows, (row) => row.run ?? (row.end ?? Number.NaN) - (row.start ?? Number.NaN)),
    ...Object.fromEntries(Object.entries(columns).filter(([, column]) => column !== undefined)),
  }
  return {
    schema: 'halftone/trace/1',
    source: { path: 'hand-made', format: 'test', rows: rows.length, used: rows.length, bytes: 0 },
    unit: 'job',
    slotUnit: 'GPU',
    clock: { kind: 'relative' },
    jobs,
    issues: { counts: [], kept: [] },
    notes: [],
    ...more,
  }
}

function study(rows: readonly Row[], more: Partial<Trace> = {}, options: CharacteriseOptions = {}): Characterisation {
  const found = characterise(traceOf(rows, more), options)
  if (isRefusal(found)) throw new Error(found.message)
  return found
}

const rowArbitrary: fc.Arbitrary<Row> = fc
  .record(
    {
      submit: fc.integer({ min: -50, max: 400_000 }),
      start: fc.integer({ min: -50, max: 500_000 }),
      end: fc.integer({ min: -50, max: 600_000 }),
      slots: fc.constantFrom(0, 1, 2, 3, 4, 7, 8, 64, -1),
      slotShare: fc.constantFrom(0.25, 0.5, 1),
      outcome: fc.constantFrom(...OUTCOMES),
      priority: fc.integer({ min: 0, max: 3 }),
      estimate: fc.integer({ min: 0, max: 1000 }),
      attempts: fc.integer({ min: 1, max: 4 }),
      truncated: fc.boolean(),
      user: fc.constantFrom('a', 'b', 'c'),
      queue: fc.constantFrom('x', 'y'),
      name: fc.constantFrom('n', 'm', 'o'),
      machine: fc.constantFrom('p', 'q'),
      slotType: fc.constantFrom('V100', 'T4'),
    },
    { requiredKeys: [] },
  )
  .map((row) => row as Row)

describe('characterise', () => {
  it('gives a valid value with finite numbers only, whatever is missing or wrong', () => {
    fc.assert(
      fc.property(fc.array(rowArbitrary, { minLength: 1, maxLength: 40 }), fc.boolean(), (rows, absolute) => {
        const clock: Trace['clock'] = absolute
          ? { kind: 'unix', originUnixSeconds: 1_509_000_000, timeZone: 'America/Los_Angeles' }
          : { kind: 'relative' }
        const found = study(rows, { clock }, absolute ? { capacitySlots: 10 } : {})
        expect(Characterisation.safeParse(found).error).toBeUndefined()
        expect(JSON.parse(JSON.stringify(found))).toEqual(found)
      }),
      { numRuns: 150 },
    )
  })

  it('does not depend on the order of the rows', () => {
    fc.assert(
      fc.property(
        fc
          .array(rowArbitrary, { minLength: 1, maxLength: 30 })
          .chain((rows) => fc.tuple(fc.constant(rows), fc.shuffledSubarray(rows, { minLength: rows.length }))),
        ([rows, shuffled]) => {
          // sums of whole numbers and quarters are exact in any order
          expect(study(shuffled)).toEqual(study(rows))
        },
      ),
      { numRuns: 100 },
    )
  })

  it('counts every row once: groups, buckets, series and slices add up', () => {
    fc.assert(
      fc.property(fc.array(rowArbitrary, { minLength: 1, maxLength: 40 }), (rows) => {
        const found = study(rows)
        const total = (list: readonly number[]) => list.reduce((a, b) => a + b, 0)
        const { arrivals, sizes, durations, outcomes, queues, work } = found
        if (arrivals) {
          for (const counts of [
            arrivals.perHour.values,
            arrivals.perDay.values,
            arrivals.byHour.counts,
            arrivals.byWeekday.counts,
          ])
            expect(total(counts)).toBe(arrivals.count)
          expect(arrivals.count + arrivals.leftOut.missingSubmission + arrivals.leftOut.beforeTraceStart).toBeGreaterThanOrEqual(
            rows.length,
          )
          expect(total(arrivals.byHour.exposureHours)).toBeCloseTo(arrivals.window.spanSeconds / 3600, 6)
        }
        if (sizes) expect(total(sizes.buckets.map((bucket) => bucket.rows))).toBe(rows.filter((row) => row.slots! >= 0).length)
        if (outcomes) {
          expect(total(outcomes.rows.map((row) => row.rows))).toBe(rows.length)
          if (outcomes.wasted.totalSeconds > 0) expect(total(outcomes.rows.map((row) => row.resourceShare!))).toBeCloseTo(1, 9)
          expect(total(durations?.byOutcome.map((group) => group.distribution?.count ?? 0) ?? [])).toBe(
            durations?.overall.count ?? 0,
          )
        }
        if (work) expect(total(work.classes.map((each) => each.rows))).toBe(work.distribution.count)
        if (queues) expect(total(queues.rows.map((row) => row.rows))).toBe(rows.filter((row) => row.queue).length)
      }),
      { numRuns: 150 },
    )
  })

  it('refuses a trace without rows', () => {
    expect(characterise(traceOf([]))).toMatchObject({ kind: 'refusal', code: 'no-data' })
  })
})

describe('arrivals', () => {
  it('of one row every 10 s have no variability and no autocorrelation to give', () => {
    const { arrivals } = study(Array.from({ length: 1001 }, (_, i) => ({ submit: 10 * i })))
    expect(arrivals!.interarrival!.distribution).toMatchObject({ mean: 10, scv: 0, skewness: null, zeroShare: 0 })
    expect(arrivals!.interarrival!.autocorrelation).toEqual([])
    expect(arrivals!.dispersion.find((line) => line.windowSeconds === 600)).toMatchObject({ windows: 16, idc: 0 })
    expect(arrivals!.window.spanSeconds).toBe(10_000)
  })

  it('leave out rows from before the trace and rows without a submission, and say how many', () => {
    const found = study([
      { submit: 0, truncated: true, start: 0, end: 50 },
      { start: 3, end: 9 },
      { submit: 5, start: 6, end: 7 },
      { submit: 8, start: 8, end: 18 },
    ])
    expect(found.arrivals).toMatchObject({ count: 2, leftOut: { missingSubmission: 1, beforeTraceStart: 1 } })
    expect(found.waiting!.overall).toMatchObject({ count: 2, sum: 1 })
    // durations leave out the run that was seen only in part; resource-time has it: 50 + 6 + 1 + 10
    expect(found.durations!.overall).toMatchObject({ count: 3, sum: 17 })
    expect(found.work!.distribution.sum).toBe(67)
    expect(found.caveats.map(({ code }) => code)).toEqual(
      expect.arrayContaining(['submitted-before-trace', 'missing-submission']),
    )
  })

  it('follow the local clock through the end of daylight saving: that day has its hour 1 twice', () => {
    // 2017-11-05 00:00 in Los Angeles (UTC−7) is 07:00 UTC; clocks go back at 09:00 UTC. One row every 10 minutes for 25 hours.
    const origin = Date.UTC(2017, 10, 5, 7) / 1000
    const rows = Array.from({ length: 151 }, (_, i) => ({ submit: 600 * i }))
    const { arrivals } = study(rows, { clock: { kind: 'unix', originUnixSeconds: origin, timeZone: 'America/Los_Angeles' } })
    expect(arrivals!.clock).toBe('local-time')
    expect(arrivals!.byHour.counts.slice(0, 4)).toEqual([7, 12, 6, 6]) // 150 · 600 s = the next midnight: one more in hour 0
    expect(arrivals!.byHour.exposureHours.slice(0, 3)).toEqual([1, 2, 1])
    expect(arrivals!.byWeekday.counts).toEqual([1, 0, 0, 0, 0, 0, 150]) // a Sunday
    expect(arrivals!.perDay.startSeconds).toBe(0)
  })

  it('count by hours and days from second 0 where the trace has no calendar, and say so', () => {
    const found = study([{ submit: 3600 }, { submit: 3700 }, { submit: 90_001 }])
    expect(found.arrivals!.clock).toBe('since-start')
    expect(found.arrivals!.byHour.counts[1]).toBe(3)
    expect(found.arrivals!.byWeekday.counts.slice(0, 2)).toEqual([2, 1])
    expect(found.notDerivable.map(({ item }) => item)).toContain('arrivals by local hour and weekday')
  })

  it('give the ratio of the busiest to the quietest hour in rows per hour', () => {
    // two whole days: 1 row an hour, and 2 more at hour 14
    const rows = Array.from({ length: 49 }, (_, i) =>
      (i % 24 === 14 ? [0, 1, 2] : [0]).map((x) => ({ submit: 3600 * i + x })),
    ).flat()
    const { byHour } = study(rows).arrivals!
    expect(byHour).toMatchObject({ peak: 14, peakToTrough: 3 })
  })

  it('survive one time that is millennia off, in a time zone too', () => {
    const clock = { kind: 'unix', originUnixSeconds: 1.5e9, timeZone: 'Europe/Berlin' } as const
    const rows = [
      { submit: 0, start: 0, end: 5 },
      { submit: 60, start: 60, end: 70 },
      { submit: 9e10, start: 9e10, end: 9e10 + 1 },
    ]
    const { arrivals, utilisation } = study(rows, { clock })
    expect(arrivals!.byHour.counts.reduce((a, b) => a + b)).toBe(3)
    expect(arrivals!.perHour.values.length).toBeLessThanOrEqual(2000)
    expect(utilisation!.running.mean * 9e10).toBeCloseTo(15, 6)
  })

  it('thin the hourly series so that at most 2,000 points remain, without losing a row', () => {
    const { perHour } = study([{ submit: 0 }, { submit: 3600 * 50_000 }, { submit: 3600 * 49_999 + 1 }]).arrivals!
    expect(perHour.values.length).toBeLessThanOrEqual(2000)
    expect(perHour.binSeconds % 3600).toBe(0)
    expect(perHour.values.reduce((a, b) => a + b)).toBe(3)
  })
})

describe('sizes', () => {
  it('keeps powers of two apart and what lies between together, by count and by slot-time', () => {
    const rows = [0, 1, 1, 2, 3, 4, 5, 7, 8, 12].map((slots) => ({ submit: 0, run: 10, slots }))
    const { buckets, distribution } = study(rows).sizes!
    expect(buckets.map(({ label, rows }) => [label, rows])).toEqual([
      ['0', 1],
      ['1', 2],
      ['2', 1],
      ['3', 1],
      ['4', 1],
      ['5–7', 2],
      ['8', 1],
      ['9–15', 1],
    ])
    expect(distribution.sum).toBe(43)
    expect(buckets[5]!.slotTimeShare).toBeCloseTo(12 / 43, 12)
    expect(buckets[5]).toMatchObject({ low: 5, high: 7, slotSeconds: 120 })
  })

  it('weighs a shared slot by the part that is held', () => {
    const found = study([
      { submit: 0, run: 100, slots: 1, slotShare: 0.25 },
      { submit: 1, run: 100, slots: 2, slotShare: 1 },
    ])
    expect(found.work!.distribution.sum).toBe(225)
    expect(found.sizes!.sharing).toEqual({ rows: 1, share: 0.5 })
  })

  it('counts the tasks of a job once however often they are tried', () => {
    const attempts = [
      ['j', '0'],
      ['j', '0'],
      ['j', '1'],
      ['k', '0'],
    ].map(([id, name]) => ({ submit: 0, id: id!, name: name! }))
    const { fanOut } = study(attempts, { unit: 'task-attempt', slotUnit: 'task' })
    expect(fanOut).toMatchObject({ jobs: 2, tasksPerJob: { min: 1, max: 2, mean: 1.5 } })
  })
})

describe('durations, waits and outcomes', () => {
  it('leave out negative and missing times and report how many', () => {
    const found = study([
      { submit: 0, start: 5, end: 15 },
      { submit: 0, start: 5, end: 2 },
      { submit: 9, start: 5, end: 6 },
      { submit: 0, start: 1 },
      { submit: 0 },
    ])
    expect(found.durations!.overall).toMatchObject({ count: 2, sum: 11 })
    expect(found.waiting!.overall).toMatchObject({ count: 3, sum: 11 })
    expect(found.censored).toEqual({ started: 1, neverStarted: 1, negativeWait: 1, negativeRun: 1 })
    expect(found.missing.find(({ column }) => column === 'runSeconds')).toMatchObject({ missing: 2, negative: 1 })
    expect(found.caveats.map(({ code }) => code)).toEqual(
      expect.arrayContaining(['censored-run-times', 'never-started', 'negative-run-times', 'negative-waits']),
    )
  })

  it('split by group give what each group alone gives', () => {
    const rows: Row[] = Array.from({ length: 300 }, (_, i) => ({
      submit: i,
      start: i + (i % 7),
      end: i + 20 + ((i * i) % 101),
      slots: 2 ** (i % 3),
      outcome: i % 5 ? 'complete' : 'fail',
      queue: 'ab'[i % 2]!,
    }))
    const found = study(rows)
    const failed = study(rows.filter((row) => row.outcome === 'fail'))
    const { cdf: _, ...overall } = failed.durations!.overall
    expect(found.durations!.byOutcome.find(({ label }) => label === 'fail')!.distribution).toMatchObject(overall)
    expect(found.outcomes!.runTimeToFailure).toMatchObject(overall)
    const b = study(rows.filter((row) => row.queue === 'b'))
    expect(found.waiting!.byQueue.find(({ label }) => label === 'b')!.distribution!.quantiles).toEqual(
      b.waiting!.overall.quantiles,
    )
    expect(found.durations!.classesBy).toBe('queue')
  })

  it('scale with the unit of time and nothing else changes', () => {
    const rows = Array.from({ length: 100 }, (_, i) => ({
      submit: i * i,
      start: i * i + (i % 5),
      end: i * i + 2 ** (i % 12) + 5,
    }))
    const hours = rows.map(({ submit, start, end }) => ({ submit: submit * 4096, start: start * 4096, end: end * 4096 }))
    const [small, large] = [study(rows), study(hours)]
    expect(large.durations!.overall.quantiles.p95).toBe(small.durations!.overall.quantiles.p95 * 4096)
    expect(large.durations!.overall.scv).toBeCloseTo(small.durations!.overall.scv!, 12)
    expect(large.arrivals!.interarrival!.autocorrelation).toEqual(small.arrivals!.interarrival!.autocorrelation)
    expect(large.skew.rowsByResource!.gini).toBeCloseTo(small.skew.rowsByResource!.gini!, 12)
    expect(large.utilisation!.busySlots.mean).toBeCloseTo(small.utilisation!.busySlots.mean, 9)
  })

  it('weigh outcomes by count and by resource-time, and waste by kind', () => {
    const { outcomes } = study([
      { submit: 0, run: 10, slots: 1, outcome: 'complete', attempts: 1 },
      { submit: 0, run: 10, slots: 4, outcome: 'fail', attempts: 3 },
      { submit: 0, run: 50, slots: 1, outcome: 'cancel', attempts: 1 },
      { submit: 0, slots: 1, outcome: 'running', attempts: 1 },
    ])
    expect(outcomes!.rows.map(({ outcome, share, resourceShare }) => [outcome, share, resourceShare])).toEqual([
      ['complete', 0.25, 0.1],
      ['fail', 0.25, 0.4],
      ['cancel', 0.25, 0.5],
      ['running', 0.25, 0],
    ])
    expect(outcomes!.wasted).toMatchObject({
      failSeconds: 40,
      cancelSeconds: 50,
      evictSeconds: 0,
      totalSeconds: 100,
      failShare: 0.4,
      evictShare: 0,
    })
    expect(outcomes!.attempts).toMatchObject({ moreThanOneShare: 0.25, distribution: { mean: 1.5 } })
  })

  it('bound the slowdown of short rows', () => {
    // wait 9, run 1: (9+1)/10 = 1; wait 30, run 10: 4; wait 100, run 1: 10.1
    const { bounded } = study([
      { submit: 0, start: 9, end: 10 },
      { submit: 0, start: 30, end: 40 },
      { submit: 0, start: 100, end: 101 },
    ]).slowdown!
    expect([bounded.min, bounded.quantiles.p50, bounded.max]).toEqual([1, 4, 10.1])
  })
})

describe('responses', () => {
  it('are end − submission, of rows that ended without a start too', () => {
    const found = study([
      { submit: 2, start: 5, end: 15 },
      { submit: 3, end: 7 },
      { submit: 4, start: 6 },
      { submit: 0, start: 0, end: 99, truncated: true },
    ])
    expect(found.response).toMatchObject({ count: 2, min: 4, max: 13 })
  })
})

describe('utilisation', () => {
  it('is exact for a hand-drawn schedule', () => {
    // 2 slots on [0, 10), 1 slot on [5, 15), window [0, 20) set by the last submission: levels 2, 3, 1, 0 for 5 s each
    const { utilisation } = study(
      [
        { submit: 0, start: 0, end: 10, slots: 2 },
        { submit: 1, start: 5, end: 15, slots: 1 },
        { submit: 20, start: 20, end: 30, slots: 8 },
      ],
      {},
      { capacitySlots: 6 },
    )
    expect(utilisation).toMatchObject({
      basis: 'start',
      window: { firstSeconds: 0, lastSeconds: 20 },
      busySlots: { mean: 1.5, p50: 1, p95: 3, peak: 3 },
      running: { mean: 1, peak: 2 },
      waiting: { mean: 4 / 20, peak: 1 },
      meanUtilisation: 0.25,
      meanOfPeak: 0.5,
    })
  })

  it('has as its area the resource-time inside the window, in the series too', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(
            fc.integer({ min: 0, max: 5000 }),
            fc.integer({ min: 0, max: 300 }),
            fc.integer({ min: 0, max: 9000 }),
            fc.constantFrom(1, 2, 8),
          ),
          { minLength: 2, maxLength: 60 },
        ),
        (list) => {
          const rows = list.map(([submit, wait, run, slots]) => ({
            submit,
            start: submit + wait,
            end: submit + wait + run,
            slots,
          }))
          const first = Math.min(...rows.map((row) => row.submit))
          const last = Math.max(...rows.map((row) => row.submit))
          const { utilisation } = study(rows)
          if (last === first) {
            expect(utilisation).toBeNull()
            return
          }
          let area = 0
          let waited = 0
          for (const row of rows) {
            area += row.slots * Math.max(0, Math.min(row.end, last) - Math.max(row.start, first))
            waited += Math.max(0, Math.min(row.start, last) - row.submit)
          }
          const { busySlots, waiting } = utilisation!
          // sums of up to some millions of slot-seconds, in doubles
          const same = (x: number, y: number): void => expect(Math.abs(x - y)).toBeLessThanOrEqual(1e-10 * Math.max(1e4, y))
          same(busySlots.mean * (last - first), area)
          same(waiting!.mean * (last - first), waited)
          same(busySlots.series.values.reduce((a, b) => a + b) * busySlots.series.binSeconds, area)
        },
      ),
      {
        numRuns: 100,
        examples: [
          [
            [
              [1650, 0, 0, 1],
              [1650, 0, 0, 1],
            ],
          ],
        ],
      },
    )
  })

  it('keeps a censored row busy to the last event of the trace', () => {
    const { utilisation } = study([
      { submit: 0, start: 0 },
      { submit: 10, start: 10, end: 11 },
    ])
    expect(utilisation).toMatchObject({ openEnded: 1, busySlots: { mean: 1 } })
  })

  it('takes rows to run from their submission where the trace has no starts, and says so', () => {
    const found = study([
      { submit: 0, run: 5 },
      { submit: 10, run: 5 },
    ])
    expect(found.utilisation).toMatchObject({ basis: 'submission', busySlots: { mean: 0.5 }, waiting: null })
    expect(found.caveats.map(({ code }) => code)).toContain('busy-from-submission')
  })

  it('splits waits by whether the row met room, given the capacity', () => {
    const rows = [
      { submit: 0, start: 0, end: 100, slots: 6 },
      { submit: 10, start: 20, end: 30, slots: 2 }, // 6 busy of 8: had room
      { submit: 40, start: 100, end: 110, slots: 4 }, // 6 busy of 8: no room
    ]
    expect(study(rows, {}, { capacitySlots: 8 }).waiting!.split).toEqual({
      capacitySlots: 8,
      waitedRows: 2,
      roomShare: 0.5,
      fullShare: 0.5,
    })
    expect(study(rows).waiting!.split).toBeNull()
  })
})

describe('skew, names, queues, estimates', () => {
  const rows: Row[] = [
    { submit: 0, run: 100, user: 'a', queue: 'x', name: 'n', estimate: 100, machine: 'p', slotType: 'T4' },
    { submit: 1, run: 50, user: 'a', queue: 'x', name: 'n', estimate: 200 },
    { submit: 2, run: 30, user: 'a', queue: 'x', name: 'm', estimate: 10 },
    { submit: 3, run: 20, user: 'b', queue: 'y', estimate: 0, slotType: 'V100' },
  ]
  it('shares rows and resource-time among users', () => {
    const { usersByRows, usersByResource } = study(rows).skew
    expect(usersByRows).toMatchObject({ holders: 2, largest: 0.75, topOne: 0.75, gini: 0.25 }) // (3 − 1)/(2·4)
    expect(usersByResource!.largest).toBe(0.9)
    expect(usersByResource!.gini).toBeCloseTo(0.4, 12) // (180 − 20)/(2·200)
  })
  it('counts how names come back', () => {
    expect(study(rows).names).toMatchObject({
      distinct: 2,
      named: 3,
      recurringShare: 2 / 3,
      fiveTimesShare: 0,
      namesRecurringShare: 0.5,
    })
  })
  it('describes each queue', () => {
    const { queues } = study(rows)
    expect(queues).toMatchObject({ distinct: 2, largestToMean: 1.5 })
    expect(queues!.rows[0]).toMatchObject({
      label: 'x',
      rows: 3,
      share: 0.75,
      resourceShare: 0.9,
      users: 1,
      medianRunSeconds: 50,
      medianWaitSeconds: null,
    })
  })
  it('measures estimates by run / estimate', () => {
    const { estimates } = study(rows)
    expect(estimates).toMatchObject({ distinct: 3, estimateSeconds: { count: 3 }, accuracy: { count: 3, min: 0.25, max: 3 } })
    expect(estimates!.overrunShare).toBeCloseTo(1 / 3, 12)
    expect(estimates!.withinTenPercentShare).toBeCloseTo(1 / 3, 12)
  })
  it('lists types of slots and machines with their shares', () => {
    const { heterogeneity } = study(rows)
    expect(heterogeneity.slotTypes!.map(({ label, share, resourceShare }) => [label, share, resourceShare])).toEqual([
      ['T4', 0.25, 0.5],
      ['V100', 0.25, 0.1],
    ])
    expect(heterogeneity.machines).toMatchObject({ distinct: 1 })
  })
  it('carries every note of the trace once, those that a caveat explains only there', () => {
    const notes = [
      { code: 'left-truncated', message: 'x', numbers: { rows: 1 } },
      { code: 'filtered', message: 'y' },
    ]
    const codes = study([{ submit: 0, truncated: true }, { submit: 4 }], { notes }).caveats.map(({ code }) => code)
    expect(codes.filter((code) => code === 'filtered').length).toBe(1)
    expect(codes).not.toContain('left-truncated')
    expect(codes).toContain('submitted-before-trace')
  })
  it('says in words what a bare trace cannot answer', () => {
    const bare = study([{ submit: 0 }, { submit: 1 }])
    expect(bare).toMatchObject({
      durations: null,
      waiting: null,
      outcomes: null,
      queues: null,
      names: null,
      estimates: null,
      sizes: null,
      work: null,
      utilisation: null,
    })
    for (const item of [
      'durations',
      'queueing delay, slowdown',
      'skew of users',
      'power and temperature',
      'accuracy of run-time estimates',
    ])
      expect(bare.notDerivable.map((line) => line.item)).toContain(item)
  })
})
