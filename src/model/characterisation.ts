import { z } from 'zod'
import { CaveatSchema } from './prediction.js'

/**
 * What a workload study reports about a trace, as plain JSON: every figure and every point of every plot, so that a report needs no trace.
 *
 * A figure that the trace cannot answer is `null` (or its section is), and `notDerivable` says why. All numbers are finite. Times in seconds.
 * How each figure is defined, and how missing, censored and negative values enter it, is in `docs/characterise.md`.
 */
const count = z.int().min(0)
const share = z.number().min(0).max(1)
const seconds = z.number()

/** Linear interpolation between order statistics: h = (n−1)p, type 7 of Hyndman and Fan (1996), `quantile_cont` of SQL. */
export const Quantiles = z
  .strictObject({
    p1: z.number(),
    p5: z.number(),
    p10: z.number(),
    p25: z.number(),
    p50: z.number(),
    p75: z.number(),
    p90: z.number(),
    p95: z.number(),
    p99: z.number(),
    p999: z.number(),
  })
  .meta({ id: 'Quantiles', description: 'Linear interpolation between order statistics (type 7, quantile_cont of SQL).' })
export type Quantiles = z.infer<typeof Quantiles>

/** Points of a cumulative distribution: `shares[i]` of the values are at most `values[i]`. Ascending, at most 200 points. */
export const Cdf = z.strictObject({ values: z.array(z.number()).max(200), shares: z.array(share).max(200) }).meta({ id: 'Cdf' })
export type Cdf = z.infer<typeof Cdf>

/** A sample in figures. Moments are those of the empirical law (divisor n); `scv` = variance / mean². */
export const Distribution = z
  .strictObject({
    count: count.min(1),
    mean: z.number(),
    scv: z.number().min(0).nullable().meta({ description: 'Null where the mean is 0.' }),
    skewness: z.number().nullable().meta({ description: 'Null where all values are equal.' }),
    min: z.number(),
    max: z.number(),
    sum: z.number(),
    zeroShare: share,
    quantiles: Quantiles,
    cdf: Cdf,
  })
  .meta({ id: 'Distribution' })
export type Distribution = z.infer<typeof Distribution>

/** The same figures for part of the rows. `distribution` is null where none of them has the value. */
export const GroupDistribution = z
  .strictObject({ label: z.string(), rows: count, distribution: Distribution.nullable() })
  .meta({ id: 'GroupDistribution' })
export type GroupDistribution = z.infer<typeof GroupDistribution>

/** Equally wide bins: `values[i]` belongs to [startSeconds + i·binSeconds, startSeconds + (i+1)·binSeconds) of the trace’s clock. */
export const Series = z
  .strictObject({ startSeconds: seconds, binSeconds: z.number().positive(), values: z.array(z.number()).max(2000) })
  .meta({ id: 'Series' })
export type Series = z.infer<typeof Series>

/** Rows by the clock. `perHour[i]` = `counts[i]` / hours of the arrival window that fall into slice i (null where none does). */
export const ClockProfile = z
  .strictObject({
    counts: z.array(count),
    exposureHours: z.array(z.number().min(0)),
    perHour: z.array(z.number().min(0).nullable()),
    peak: count.meta({ description: 'Index of the busiest slice.' }),
    trough: count.meta({ description: 'Index of the quietest slice.' }),
    peakToTrough: z
      .number()
      .min(1)
      .nullable()
      .meta({ description: 'Null where the window is shorter than one period or the quietest slice is empty.' }),
  })
  .meta({ id: 'ClockProfile' })
export type ClockProfile = z.infer<typeof ClockProfile>

/** How unevenly a total is spread over its holders. `topOne` is the share of the ⌈1 %⌉ of holders who have most; `lorenz` runs from poorest to richest. */
export const Skew = z
  .strictObject({
    holders: count.min(1),
    gini: share.nullable().meta({ description: 'Null where the total is 0.' }),
    topOne: share.nullable(),
    topFive: share.nullable(),
    topTen: share.nullable(),
    largest: share.nullable(),
    lorenz: z.strictObject({ holders: z.array(share).max(200), total: z.array(share).max(200) }),
  })
  .meta({ id: 'Skew' })
export type Skew = z.infer<typeof Skew>

/** A level over time (busy slots, running jobs), weighted by time over the window. Quantiles: least level held or undercut that share of the time. */
export const Level = z
  .strictObject({
    mean: z.number().min(0),
    p50: z.number().min(0),
    p95: z.number().min(0),
    peak: z.number().min(0),
    series: Series.meta({ description: 'Mean level in each bin.' }),
  })
  .meta({ id: 'Level' })
export type Level = z.infer<typeof Level>

const arrivals = z.strictObject({
  count: count.meta({ description: 'Rows that enter the arrival figures.' }),
  leftOut: z.strictObject({ missingSubmission: count, beforeTraceStart: count }),
  window: z.strictObject({ firstSeconds: seconds, lastSeconds: seconds, spanSeconds: z.number().min(0) }),
  meanPerHour: z.number().min(0).nullable(),
  perHour: Series.meta({ description: 'Rows a bin; bins of one hour, or of so many hours that at most 2,000 bins remain.' }),
  perDay: Series,
  clock: z.enum(['local-time', 'since-start']).meta({
    description:
      '`local-time`: hours and weekdays of the trace’s time zone; `since-start`: hours modulo 24, days modulo 7 from second 0.',
  }),
  byHour: ClockProfile.meta({ description: '24 slices, 0 = midnight (or the start of the trace).' }),
  byWeekday: ClockProfile.meta({ description: '7 slices, 0 = Monday (or the first day of the trace).' }),
  interarrival: z
    .strictObject({
      distribution: Distribution,
      rawMoments: z.strictObject({ m1: z.number(), m2: z.number(), m3: z.number() }),
      autocorrelation: z.array(z.strictObject({ lag: z.int().min(1), value: z.number().min(-1).max(1) })),
    })
    .nullable(),
  dispersion: z.array(
    z.strictObject({
      windowSeconds: z.number().positive(),
      windows: count,
      idc: z.number().min(0).meta({ description: 'Variance / mean of the counts in whole windows from the first arrival on.' }),
      idcWithoutDay: z.number().min(0).nullable().meta({
        description: 'The same after the mean of each time of day was taken out: what is left when the clock is removed.',
      }),
    }),
  ),
})

const SizeBucket = z
  .strictObject({
    label: z.string(),
    low: z.number().min(0),
    high: z.number().min(0).meta({ description: 'The bucket holds low ≤ slots ≤ high of the values met in it.' }),
    rows: count,
    share,
    slotSeconds: z.number().min(0),
    slotTimeShare: share.nullable(),
  })
  .meta({ id: 'SizeBucket' })

const OutcomeRow = z
  .strictObject({
    outcome: z.string(),
    rows: count,
    share,
    resourceSeconds: z.number().min(0),
    resourceShare: share.nullable(),
    rowsWithoutRunTime: count,
    attemptsMean: z.number().nullable(),
  })
  .meta({ id: 'OutcomeRow' })

const QueueRow = z
  .strictObject({
    label: z.string(),
    rows: count,
    share,
    resourceSeconds: z.number().min(0),
    resourceShare: share.nullable(),
    users: count.nullable(),
    meanSlots: z.number().nullable(),
    medianRunSeconds: z.number().nullable(),
    medianWaitSeconds: z.number().nullable(),
  })
  .meta({ id: 'QueueRow' })

const LabelShare = z
  .strictObject({
    label: z.string(),
    rows: count,
    share,
    resourceSeconds: z.number().min(0),
    resourceShare: share.nullable(),
  })
  .meta({ id: 'LabelShare' })

export const Characterisation = z
  .strictObject({
    schema: z.literal('halftone/characterisation/1'),
    source: z.strictObject({
      path: z.string(),
      format: z.string(),
      unit: z.enum(['job', 'task-attempt', 'request']),
      slotUnit: z.string(),
      rows: count.meta({ description: 'Rows of the file, bad ones included.' }),
      used: count.meta({ description: 'Rows that became jobs: every figure below is about these.' }),
      bytes: z.number().min(0),
      clock: z.strictObject({
        kind: z.enum(['unix', 'relative']),
        originUnixSeconds: z.number().nullable(),
        timeZone: z.string().nullable(),
      }),
      firstSubmitSeconds: seconds.nullable(),
      lastSubmitSeconds: seconds.nullable(),
      lastEventSeconds: seconds.nullable().meta({ description: 'Latest submission, start or end.' }),
    }),
    definitions: z.strictObject({
      quantile: z.literal('linear interpolation between order statistics (type 7, SQL quantile_cont)'),
      moments: z.literal('of the empirical law (divisor n)'),
      resource: z
        .enum(['slot-seconds', 'row-seconds'])
        .meta({ description: 'Resource-time of a row: run time × slots; where the trace has no slots, its run time.' }),
      boundedSlowdownSeconds: z.number().positive(),
    }),
    arrivals: arrivals.nullable(),
    sizes: z
      .strictObject({
        distribution: Distribution,
        sharing: z
          .strictObject({ rows: count, share })
          .nullable()
          .meta({ description: 'Rows that hold part of a slot; null where slots are not shared.' }),
        buckets: z.array(SizeBucket),
        values: z
          .array(z.strictObject({ slots: z.number(), rows: count, share }))
          .meta({ description: 'The 20 most frequent exact values.' }),
      })
      .nullable(),
    work: z
      .strictObject({
        distribution: Distribution.meta({ description: 'Resource-time of a row in seconds.' }),
        classes: z
          .array(
            z.strictObject({
              label: z.string(),
              atMostHours: z.number().nullable(),
              rows: count,
              share,
              resourceShare: share.nullable(),
            }),
          )
          .meta({ description: 'Resource-hours 0–1, 1–10, 10–100, over 100 (lower bound excluded, upper included).' }),
      })
      .nullable(),
    fanOut: z
      .strictObject({ jobs: count, tasksPerJob: Distribution })
      .nullable()
      .meta({ description: 'Tasks a job, where rows are task attempts that name their job.' }),
    durations: z
      .strictObject({
        overall: Distribution,
        lastsOverDayShare: share,
        lastsOverWeekShare: share,
        bySize: z.array(GroupDistribution),
        byOutcome: z.array(GroupDistribution),
        classesBy: z.enum(['priority', 'queue']).nullable(),
        byClass: z.array(GroupDistribution),
      })
      .nullable()
      .meta({ description: 'Run time in seconds, of rows seen from their submission on.' }),
    waiting: z
      .strictObject({
        overall: Distribution,
        bySize: z.array(GroupDistribution),
        byQueue: z.array(GroupDistribution),
        classesBy: z.enum(['priority', 'queue']).nullable(),
        byClass: z.array(GroupDistribution),
        split: z
          .strictObject({
            capacitySlots: z.number(),
            waitedRows: count,
            roomShare: share.meta({
              description:
                'Of the rows that waited: submitted while at least as many slots as they asked for were free (fragmentation or rules).',
            }),
            fullShare: share.meta({
              description: 'Of the rows that waited: submitted while the cluster could not have held them.',
            }),
          })
          .nullable()
          .meta({ description: 'Null unless the capacity was given.' }),
      })
      .nullable()
      .meta({ description: 'Start − submission in seconds.' }),
    response: Distribution.nullable().meta({
      description:
        'End − submission in seconds, of rows that have both: wait and run together, and rows that ended without a start.',
    }),
    slowdown: z
      .strictObject({ bounded: Distribution })
      .nullable()
      .meta({ description: 'max(1, (wait + run) / max(run, boundedSlowdownSeconds)).' }),
    outcomes: z
      .strictObject({
        rows: z.array(OutcomeRow),
        attempts: z
          .strictObject({ distribution: Distribution, moreThanOneShare: share })
          .nullable()
          .meta({ description: 'Attempts as the trace counts them on the row.' }),
        runTimeToFailure: Distribution.nullable().meta({ description: 'Run time of the rows that failed.' }),
        wasted: z.strictObject({
          failSeconds: z.number().min(0),
          cancelSeconds: z.number().min(0),
          evictSeconds: z.number().min(0),
          timeoutSeconds: z.number().min(0),
          lostSeconds: z.number().min(0),
          totalSeconds: z.number().min(0).meta({ description: 'Resource-time of all rows with a run time.' }),
          failShare: share.nullable(),
          cancelShare: share.nullable(),
          evictShare: share.nullable(),
        }),
      })
      .nullable(),
    utilisation: z
      .strictObject({
        basis: z
          .enum(['start', 'submission'])
          .meta({ description: '`submission`: the trace has no start times, a row is taken to run from its submission.' }),
        window: z.strictObject({ firstSeconds: seconds, lastSeconds: seconds }),
        openEnded: count.meta({ description: 'Started rows without an end, counted as busy to the last event of the trace.' }),
        busySlots: Level,
        running: Level.meta({ description: 'Rows running at once.' }),
        waiting: Level.nullable().meta({ description: 'Rows submitted and not yet started.' }),
        capacitySlots: z.number().nullable(),
        meanUtilisation: z
          .number()
          .min(0)
          .nullable()
          .meta({ description: 'Mean busy slots / capacity, where the capacity was given.' }),
        meanOfPeak: share.nullable().meta({
          description:
            'Mean busy slots / peak busy slots: an upper bound of the utilisation only if the peak filled the cluster.',
        }),
      })
      .nullable(),
    skew: z.strictObject({
      usersByRows: Skew.nullable(),
      usersByResource: Skew.nullable(),
      rowsByResource: Skew.nullable(),
    }),
    names: z
      .strictObject({
        distinct: count,
        named: count,
        recurringShare: share.meta({ description: 'Share of named rows whose name occurs at least twice.' }),
        fiveTimesShare: share.meta({ description: '… at least five times.' }),
        namesRecurringShare: share.meta({ description: 'Share of names that occur at least twice.' }),
        skew: Skew,
      })
      .nullable(),
    queues: z
      .strictObject({
        rows: z.array(QueueRow).meta({ description: 'By rows, most first; at most 50.' }),
        distinct: count,
        byRows: Skew,
        byResource: Skew.nullable(),
        largestToMean: z.number().min(1).meta({ description: 'Rows of the largest queue / mean rows of a queue.' }),
      })
      .nullable(),
    heterogeneity: z.strictObject({
      slotTypes: z.array(LabelShare).nullable(),
      machines: z.strictObject({ distinct: count, byRows: Skew, byResource: Skew.nullable() }).nullable(),
      cpu: Distribution.nullable().meta({ description: 'CPU asked for, in `cpuUnit`.' }),
      cpuUnit: z.string().nullable(),
      memory: Distribution.nullable().meta({ description: 'Memory asked for, in `memoryUnit`.' }),
      memoryUnit: z.string().nullable(),
    }),
    estimates: z
      .strictObject({
        estimateSeconds: Distribution,
        accuracy: Distribution.nullable().meta({ description: 'Run time / estimate, of rows with an estimate above 0.' }),
        overrunShare: share.nullable().meta({ description: 'Rows that ran longer than estimated.' }),
        withinTenPercentShare: share.nullable().meta({ description: 'Rows with 0.9 ≤ run / estimate ≤ 1.1.' }),
        distinct: count.meta({ description: 'Distinct estimates: people round.' }),
      })
      .nullable(),
    missing: z
      .array(
        z.strictObject({
          column: z.string(),
          present: z.boolean(),
          missing: count,
          negative: count.nullable(),
          zero: count.nullable(),
        }),
      )
      .meta({ description: 'Of the used rows. `negative` and `zero` are null for labels.' }),
    censored: z.strictObject({
      started: count.meta({ description: 'Started, no run time known: still running when the trace ends.' }),
      neverStarted: count.meta({ description: 'Submitted, neither start nor run time known.' }),
      negativeWait: count,
      negativeRun: count,
    }),
    issues: z.array(z.strictObject({ code: z.string(), severity: z.enum(['error', 'warning']), count, message: z.string() })),
    notDerivable: z.array(z.strictObject({ item: z.string(), reason: z.string() })),
    caveats: z.array(CaveatSchema),
  })
  .meta({ id: 'Characterisation', description: 'What a workload study reports about a trace.' })
export type Characterisation = z.infer<typeof Characterisation>
