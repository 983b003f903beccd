import { describe, expect, it } from 'vitest'
import { type Characterisation, Characterisation as Schema } from '../model/index.js'
import { characterisationText } from './characterisation.js'
import { characterisationPage } from './characterisation-page.js'
import { characterisationInWords, condensed, moment, trustInWords } from './characterisation-words.js'
import { parsePage } from './dom.js'

/** Ten jobs: nine run a minute on one GPU, one fails after an hour on eight. */
function ten(changes: Partial<Characterisation> = {}): Characterisation {
  const sample = (values: readonly number[]) => {
    const n = values.length
    const sum = values.reduce((a, b) => a + b, 0)
    const at = (p: number): number => values[Math.min(n - 1, Math.floor(p * n))]!
    return {
      count: n,
      mean: sum / n,
      scv: 1,
      skewness: 1,
      min: values[0]!,
      max: values.at(-1)!,
      sum,
      zeroShare: 0,
      quantiles: {
        p1: at(0.01),
        p5: at(0.05),
        p10: at(0.1),
        p25: at(0.25),
        p50: at(0.5),
        p75: at(0.75),
        p90: at(0.9),
        p95: at(0.95),
        p99: at(0.99),
        p999: at(0.999),
      },
      cdf: { values: [...values], shares: values.map((_, i) => (i + 1) / n) },
    }
  }
  const runs = sample([...Array.from({ length: 9 }, () => 60), 3600])
  const total = 9 * 60 + 8 * 3600
  const outcome = (name: string, rows: number, seconds: number) => ({
    outcome: name,
    rows,
    share: rows / 10,
    resourceSeconds: seconds,
    resourceShare: seconds / total,
    rowsWithoutRunTime: 0,
    attemptsMean: null,
  })
  return Schema.parse({
    schema: 'halftone/characterisation/1',
    source: {
      path: '/data/ten.csv',
      format: 'csv',
      unit: 'job',
      slotUnit: 'GPU',
      rows: 12,
      used: 10,
      bytes: 400,
      clock: { kind: 'unix', originUnixSeconds: 1_500_000_000, timeZone: 'Asia/Tokyo' },
      firstSubmitSeconds: 0,
      lastSubmitSeconds: 900,
      lastEventSeconds: 4500,
    },
    definitions: {
      quantile: 'linear interpolation between order statistics (type 7, SQL quantile_cont)',
      moments: 'of the empirical law (divisor n)',
      resource: 'slot-seconds',
      boundedSlowdownSeconds: 10,
    },
    arrivals: null,
    sizes: {
      distribution: sample([...Array.from({ length: 9 }, () => 1), 8]),
      sharing: null,
      buckets: [
        { label: '1', low: 1, high: 1, rows: 9, share: 0.9, slotSeconds: 540, slotTimeShare: 540 / total },
        { label: '8', low: 8, high: 8, rows: 1, share: 0.1, slotSeconds: 28800, slotTimeShare: 28800 / total },
      ],
      values: [],
    },
    work: null,
    fanOut: null,
    durations: {
      overall: runs,
      lastsOverDayShare: 0,
      lastsOverWeekShare: 0,
      bySize: [],
      byOutcome: [],
      classesBy: null,
      byClass: [],
    },
    waiting: null,
    response: null,
    slowdown: null,
    outcomes: {
      rows: [outcome('complete', 9, 540), outcome('fail', 1, 28800)],
      attempts: null,
      runTimeToFailure: null,
      wasted: {
        failSeconds: 28800,
        cancelSeconds: 0,
        evictSeconds: 0,
        timeoutSeconds: 0,
        lostSeconds: 0,
        totalSeconds: total,
        failShare: 28800 / total,
        cancelShare: 0,
        evictShare: 0,
      },
    },
    utilisation: null,
    skew: { usersByRows: null, usersByResource: null, rowsByResource: null },
    names: null,
    queues: null,
    heterogeneity: { slotTypes: null, machines: null, cpu: null, cpuUnit: null, memory: null, memoryUnit: null },
    estimates: null,
    missing: [
      { column: 'runSeconds', present: true, missing: 0, negative: 0, zero: 0 },
      { column: 'user', present: false, missing: 10, negative: null, zero: null },
    ],
    censored: { started: 0, neverStarted: 0, negativeWait: 0, negativeRun: 0 },
    issues: [{ code: 'negative', severity: 'warning', count: 2, message: 'a negative run time' }],
    notDerivable: [{ item: 'waits', reason: 'no start times' }],
    caveats: [{ code: 'few', message: 'few rows', numbers: { rows: 10 } }],
    ...changes,
  })
}

describe('a characterisation', () => {
  it('is summed up in a sentence with the figures of the study', () => {
    // One job in ten fails and holds 8 × 3600 of the 29,340 GPU-seconds: 98 %.
    expect(characterisationInWords(ten())).toBe(
      '10 jobs: half of them run for at most 60 s, 1 % for more than 60 min; 10 % fail, with 98 % of the GPU-time.',
    )
  })

  it('says what was left out before it is trusted', () => {
    const said = trustInWords(ten()).join(' ')
    expect(said).toContain('2 rows of the file could not be used')
    expect(said).toContain('2 issues met in reading')
    expect(said).toContain('1 figure of the checklist cannot be had')
    const text = characterisationText(ten())
    expect(text).toMatch(/waits +no start times/)
    expect(text).toContain('Not in the trace at all: user.')
    expect(text).toContain('few rows (10 rows)')
  })

  it('shows sizes and outcomes by count beside resource-time', () => {
    const text = characterisationText(ten())
    expect(text).toMatch(/^8 +1 +10 % +██ +98\.2 % +█{19}/m)
    expect(text).toMatch(/^fail +1 +10 % +██ +98\.2 % +█{19}/m)
  })

  it('leaves out sections that the trace has nothing for, and says so on the page', () => {
    const page = parsePage(characterisationPage(ten()))
    const titles = [...page.querySelectorAll('h2')].map((h) => h.textContent)
    expect(titles).not.toContain('Burstiness')
    expect(page.documentElement.textContent).toContain('there are no waits')
  })

  it('hides sizes where every row has the same', () => {
    const same = ten({ sizes: { ...ten().sizes!, distribution: { ...ten().sizes!.distribution, min: 1, max: 1 } } })
    expect(characterisationText(same)).toContain('Every one of the jobs asks for 1 GPU.')
    expect(characterisationText(same)).not.toContain('GPUs asked for')
  })

  it('names an instant in the clock of the trace', () => {
    expect(moment(ten(), 0)).toBe('2017-07-14 11:40') // 1,500,000,000 s is 02:40 in UTC, nine hours later in Tokyo
    const relative = ten({ source: { ...ten().source, clock: { kind: 'relative', originUnixSeconds: null, timeZone: null } } })
    expect(moment(relative, 7200)).toBe('120 min after its start')
  })
})

it('a series condensed for the terminal keeps its mean where bins are full', () => {
  expect(condensed([1, 3, 5, 7], 2)).toEqual([2, 6])
  expect(condensed([1, 2, 3], 3)).toEqual([1, 2, 3])
})
