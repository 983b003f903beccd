/** Generators of values that reports are made from: whatever the schemas allow, ugly names and extreme numbers included. */
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import {
  Characterisation,
  type Estimate,
  OUTCOMES,
  Plan,
  Policy,
  Prediction,
  parseNoun,
  TrialReport,
} from '../../src/model/index.js'

/** Characters that a terminal would obey: control characters and those that turn the direction of writing. */
export const CONTROLS = /\p{Cc}|[\u202a-\u202e\u2066-\u2069]/u
export const CONTROLS_BUT_LINES = /(?!\n)\p{Cc}|[\u202a-\u202e\u2066-\u2069]/u

export const UGLY = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  "a'b&amp;c",
  'high\u001b[31mred',
  'line\nbreak\ttab',
  '漢字のクラス',
  'x'.repeat(120),
  '$&$1`',
  '__proto__',
  'a.b.c',
  ' ',
  '\ud800lone',
]

const name = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('high', 'low', 'batch', 'interactive') },
  { weight: 1, arbitrary: fc.constantFrom(...UGLY) },
)
const text = fc.oneof(fc.constantFrom('as the trace says', ...UGLY), fc.string({ maxLength: 60 }))

/** Times, rates and counts as they come, and the largest and smallest that are finite. */
const amount = fc.oneof(
  { weight: 6, arbitrary: fc.double({ min: 0, max: 1e7, noNaN: true }) },
  { weight: 1, arbitrary: fc.constantFrom(0, Number.MIN_VALUE, 1e-300, 1e-9, 999.5, 1e15, 1e300, Number.MAX_VALUE / 4) },
)
const share = fc.oneof(
  { weight: 4, arbitrary: fc.double({ min: 0, max: 1, noNaN: true }) },
  fc.constantFrom(0, 1, 1e-12, 1 - 1e-12),
)
const whole = fc.oneof({ weight: 4, arbitrary: fc.nat(1e6) }, fc.constantFrom(0, 1, Number.MAX_SAFE_INTEGER))
const orNull = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(arbitrary, { freq: 4 })
const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(arbitrary, { freq: 3, nil: undefined })

/** The object without the keys whose value is undefined: an absent field, not a present undefined. */
function given<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined)) as never
}

export function estimate(value: fc.Arbitrary<number> = amount): fc.Arbitrary<Estimate> {
  return fc
    .tuple(value, fc.double({ min: 0, max: 3, noNaN: true }), fc.boolean())
    .map(([v, relative, point]) =>
      point
        ? { value: v, low: v, high: v, confidence: 1 }
        : { value: v, low: v * (1 - relative), high: Math.min(v * (1 + relative), Number.MAX_VALUE), confidence: 0.95 },
    )
}

const times = fc.record({ mean: estimate(), p50: maybe(estimate()), p95: maybe(estimate()), p99: maybe(estimate()) }).map(given)
const caveat = fc
  .record({
    code: fc.constant('made-up'),
    message: text,
    path: maybe(text),
    numbers: maybe(fc.dictionary(fc.constantFrom('rows', 'waitSeconds', 'load'), amount)),
  })
  .map(given)

function predictionOf(names: readonly string[]): fc.Arbitrary<Prediction> {
  return fc
    .record({
      kind: fc.constantFrom('analytic' as const, 'simulated' as const, 'learned' as const, 'grey' as const),
      method: text,
      wallSeconds: amount,
      jobs: maybe(whole),
      events: maybe(whole),
      classes: fc.tuple(
        ...names.map((className) =>
          fc.record({
            name: fc.constant(className),
            arrivalsPerSecond: amount,
            throughputPerSecond: estimate(),
            response: times,
            wait: times,
            service: times,
            accuracyLoss: estimate(share),
          }),
        ),
      ),
      utilisation: estimate(share),
      waste: estimate(share),
      powerWatts: maybe(estimate()),
      energyPerJobJoules: maybe(estimate()),
      caveats: fc.array(caveat, { maxLength: 3 }),
    })
    .map(({ kind, method, wallSeconds, jobs, events, classes, utilisation, waste, powerWatts, energyPerJobJoules, caveats }) =>
      Prediction.parse({
        schema: 'halftone/prediction/1',
        predictor: { kind, name: 'made up', method },
        cost: given({ wallSeconds, jobs, events }),
        classes: [...classes],
        cluster: given({ utilisation, waste, powerWatts, energyPerJobJoules }),
        caveats,
      }),
    )
}

const names = fc.uniqueArray(name, { minLength: 1, maxLength: 5 })

export const predictions: fc.Arbitrary<Prediction> = names.chain(predictionOf)

const ratio = fc.double({ min: 0, max: 0.99, noNaN: true })

function policyOf(classes: readonly string[]): fc.Arbitrary<Policy> {
  const of = fc.constantFrom(...classes)
  return fc
    .record({
      name: fc.oneof(fc.constantFrom('P', 'NP', 'DA(0,20)', 'DiAS(0,20)'), fc.constantFrom(...UGLY)),
      discipline:
        Policy.shape.discipline.options.length > 0
          ? fc.constantFrom(...Policy.shape.discipline.options)
          : fc.constant('fcfs' as const),
      engine: fc.constantFrom('exclusive', 'shared'),
      placement: fc.constantFrom('pool', 'packed', 'spread'),
      drop: fc.dictionary(of, fc.oneof(ratio, fc.dictionary(fc.constantFrom('map', 'reduce'), ratio))),
      sprint: maybe(
        fc
          .record({
            origin: fc.constantFrom('dispatch', 'arrival'),
            speed: fc.double({ min: 1, max: 100, noNaN: true }),
            timeoutSeconds: fc.dictionary(of, amount),
            budget: maybe(
              fc.record({
                seconds: fc.double({ min: 1e-6, max: 1e9, noNaN: true }),
                refillPerSecond: share,
                onThresholdSeconds: amount,
              }),
            ),
          })
          .map(given),
      ),
    })
    .map((policy) => Policy.parse(given({ schema: 'halftone/policy/1', ...policy })))
}

function candidateOf(classes: readonly string[]): fc.Arbitrary<Plan['chosen']> {
  const check = fc
    .record({
      path: fc.oneof(
        fc
          .tuple(
            fc.constantFrom(...classes),
            fc.constantFrom('meanResponseSeconds', 'p95ResponseSeconds', 'p99ResponseSeconds', 'accuracyLossAtMost'),
          )
          .map(([className, field]) => `classes.${className}.${field}`),
        fc.constantFrom('powerWattsAtMost', 'wasteAtMost', 'somethingNew'),
      ),
      target: amount,
      predicted: amount,
      sure: fc.boolean(),
    })
    .map((c) => ({ ...c, met: c.predicted <= c.target }))
  return fc
    .record({
      policy: policyOf(classes),
      prediction: predictionOf(classes),
      checks: fc.uniqueArray(check, { maxLength: 4, selector: (c) => c.path }),
      price: fc
        .record({ accuracyLoss: share, powerWatts: maybe(amount), costPerHour: maybe(amount), sprintShare: maybe(share) })
        .map(given),
      violation: amount,
      score: fc.oneof(
        amount,
        amount.map((x) => -x),
      ),
    })
    .map((c) => c as Plan['chosen'])
}

export const plans: fc.Arbitrary<Plan> = names.chain((classes) =>
  fc
    .record({
      scenario: text,
      inForce: maybe(candidateOf(classes)),
      chosen: candidateOf(classes),
      meetsGoals: fc.boolean(),
      reason: text,
      runnersUp: fc.array(candidateOf(classes), { maxLength: 4 }),
      front: maybe(
        fc.array(
          fc
            .record({
              policy: policyOf(classes),
              response: amount,
              accuracyLoss: share,
              powerWatts: maybe(amount),
              meetsGoals: fc.boolean(),
              confirmed: fc.boolean(),
            })
            .map(given),
          { maxLength: 4 },
        ),
      ),
      sensitivity: maybe(
        fc
          .record({
            loadFactor: fc.constantFrom(1.1, 1.3),
            holds: fc.boolean(),
            broken: fc.array(text, { maxLength: 2 }),
            classes: maybe(
              fc.array(fc.record({ name: fc.constantFrom(...classes), meanResponseSeconds: amount }), { maxLength: 2 }),
            ),
            margin: maybe(fc.record({ loadFactor: fc.constantFrom(1.02, 2), atLeast: fc.boolean() })),
          })
          .map(given),
      ),
      search: fc.record({ screened: whole, simulated: whole, refused: whole, wallSeconds: amount, seed: whole }),
      undo: policyOf(classes),
      caveats: fc.array(caveat, { maxLength: 2 }),
    })
    .map(({ inForce, ...rest }) =>
      Plan.parse({
        schema: 'halftone/plan/1',
        ...given(rest),
        ...(inForce === undefined
          ? {
              inForceRefusal: {
                kind: 'refusal',
                code: 'unstable',
                message: 'work arrives faster than it can be served',
                numbers: { load: 1.03 },
              },
            }
          : { inForce }),
      }),
    ),
)

const figures = fc.record({ mean: estimate(), p95: estimate() })
const trialCluster = fc
  .record({
    utilisation: share,
    waste: share,
    powerWatts: maybe(amount),
    energyJoules: maybe(amount),
    sprintSeconds: maybe(amount),
  })
  .map(given)

/** What happened, as a clock that jumped or a cluster that came and went may tell it: in any order, ends before starts, other instants than values. */
function timelineOf(classes: readonly string[]): fc.Arbitrary<object> {
  const instants = fc.array(amount, { maxLength: 12 })
  const startSeconds = amount
  const endSeconds = amount
  return fc
    .record({
      tasks: fc.array(
        fc.record({
          className: fc.constantFrom(...classes),
          job: fc.nat(4),
          stage: name,
          task: whole,
          node: name,
          lane: fc.nat(3),
          startSeconds,
          endSeconds,
          lost: fc.boolean(),
        }),
        { maxLength: 12 },
      ),
      sprints: fc.array(fc.record({ job: fc.nat(4), startSeconds, endSeconds, speed: amount }), { maxLength: 3 }),
      atSeconds: instants,
      present: fc.dictionary(fc.constantFrom(...classes), fc.array(whole, { maxLength: 12 })),
      budget: maybe(instants),
    })
    .map(given)
}

function trialPolicyOf(classes: readonly string[]): fc.Arbitrary<object> {
  return fc
    .record({
      policy: policyOf(classes),
      startedAtSeconds: amount,
      tookSeconds: amount,
      classes: fc.tuple(
        ...classes.map((className) =>
          fc
            .record({
              name: fc.constant(className),
              jobs: whole,
              unfinished: whole,
              measured: figures,
              predicted: maybe(figures),
              steady: maybe(figures),
              accuracyLoss: fc.record({ measured: maybe(estimate(share)), predicted: maybe(estimate(share)) }).map(given),
            })
            .map(given),
        ),
      ),
      measured: trialCluster,
      predicted: maybe(trialCluster),
      energySource: text,
      actions: fc.dictionary(fc.constantFrom('submit', 'deflate', 'sprint'), whole),
      timeline: timelineOf(classes),
      caveats: fc.array(caveat, { maxLength: 1 }),
    })
    .map(given)
}

const triedScenario = parseNoun(readFileSync('examples/trial.yaml', 'utf8'), 'examples/trial.yaml', 'scenario')

export const trials: fc.Arbitrary<TrialReport> = names.chain((classes) =>
  fc
    .record({
      scenario: text,
      driver: fc.record({ name, through: fc.array(text, { maxLength: 2 }), slots: whole }),
      seed: whole,
      load: share,
      seconds: amount,
      arrivals: fc.dictionary(fc.constantFrom(...classes), whole),
      profile: fc.record({
        classes: fc.tuple(
          ...classes.map((className) =>
            fc
              .record({
                name: fc.constant(className),
                jobs: whole,
                stages: fc.array(
                  fc
                    .record({
                      name,
                      tasks: whole,
                      taskSeconds: estimate(),
                      cv: amount,
                      setupSeconds: estimate(),
                      speedUp: maybe(estimate()),
                    })
                    .map(given),
                  { minLength: 1, maxLength: 2 },
                ),
                accuracy: maybe(fc.constant({ source: 'measured', points: [{ dropRatio: 0.2, loss: 0.04, halfWidth: 0.01 }] })),
              })
              .map(given),
          ),
        ),
        turnaroundSeconds: estimate(),
        tookSeconds: amount,
        scenario: fc.constant(triedScenario.ok ? triedScenario.value : undefined),
      }),
      policies: fc.array(trialPolicyOf(classes), { maxLength: 3 }),
      caveats: fc.array(caveat, { maxLength: 2 }),
    })
    .map((report) => TrialReport.parse({ schema: 'halftone/trial-report/1', ...report })),
)

const distribution = fc.array(amount, { minLength: 1, maxLength: 30 }).map((values) => {
  const sorted = [...values].sort((a, b) => a - b)
  const at = (p: number): number => sorted[Math.min(sorted.length - 1, Math.floor(p * sorted.length))]!
  const mean = sorted.reduce((sum, v) => sum + v / sorted.length, 0)
  return {
    count: sorted.length,
    mean,
    scv: mean === 0 ? null : 1.5,
    skewness: sorted.length > 1 ? 2.5 : null,
    min: sorted[0]!,
    max: sorted.at(-1)!,
    sum: mean,
    zeroShare: sorted.filter((v) => v === 0).length / sorted.length,
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
    cdf: { values: sorted, shares: sorted.map((_, i) => (i + 1) / sorted.length) },
  }
})
const groups = fc.array(fc.record({ label: name, rows: whole, distribution: orNull(distribution) }), { maxLength: 8 })
const series = fc.record({
  startSeconds: amount,
  binSeconds: fc.constantFrom(60, 3600, 86400),
  values: fc.array(amount, { maxLength: 60 }),
})
const skew = fc.record({
  holders: fc.integer({ min: 1, max: 1e6 }),
  gini: orNull(share),
  topOne: orNull(share),
  topFive: orNull(share),
  topTen: orNull(share),
  largest: orNull(share),
  lorenz: fc.constantFrom({ holders: [0, 0.5, 1], total: [0, 0.1, 1] }, { holders: [], total: [] }),
})
const profile = (slices: number): fc.Arbitrary<object> =>
  fc.record({
    counts: fc.array(whole, { minLength: slices, maxLength: slices }),
    exposureHours: fc.array(amount, { minLength: slices, maxLength: slices }),
    perHour: fc.array(orNull(amount), { minLength: slices, maxLength: slices }),
    peak: fc.nat(slices - 1),
    trough: fc.nat(slices - 1),
    peakToTrough: orNull(fc.double({ min: 1, max: 1e9, noNaN: true })),
  })
const level = fc.record({ mean: amount, p50: amount, p95: amount, peak: amount, series })
const labelShare = fc.record({ label: name, rows: whole, share, resourceSeconds: amount, resourceShare: orNull(share) })

export const characterisations: fc.Arbitrary<Characterisation> = fc
  .record({
    source: fc.record({
      path: fc.constantFrom('jobs.csv.gz', '/tmp/<b>.csv', 'C:\\traces\\a b.swf'),
      format: fc.constant('csv'),
      unit: fc.constantFrom('job', 'task-attempt', 'request'),
      slotUnit: fc.constantFrom('GPU', 'processor'),
      rows: whole,
      used: whole,
      bytes: amount,
      clock: fc.constantFrom(
        { kind: 'unix', originUnixSeconds: 1.5e9, timeZone: 'Asia/Tokyo' },
        { kind: 'unix', originUnixSeconds: 1.5e9, timeZone: 'No/Where' },
        { kind: 'relative', originUnixSeconds: null, timeZone: null },
      ),
      firstSubmitSeconds: orNull(amount),
      lastSubmitSeconds: orNull(amount),
      lastEventSeconds: orNull(amount),
    }),
    definitions: fc.record({
      quantile: fc.constant('linear interpolation between order statistics (type 7, SQL quantile_cont)'),
      moments: fc.constant('of the empirical law (divisor n)'),
      resource: fc.constantFrom('slot-seconds', 'row-seconds'),
      boundedSlowdownSeconds: fc.constant(10),
    }),
    arrivals: orNull(
      fc.record({
        count: whole,
        leftOut: fc.record({ missingSubmission: whole, beforeTraceStart: whole }),
        window: fc.record({ firstSeconds: amount, lastSeconds: amount, spanSeconds: amount }),
        meanPerHour: orNull(amount),
        perHour: series,
        perDay: series,
        clock: fc.constantFrom('local-time', 'since-start'),
        byHour: profile(24),
        byWeekday: profile(7),
        interarrival: orNull(
          fc.record({
            distribution,
            rawMoments: fc.record({ m1: amount, m2: amount, m3: amount }),
            autocorrelation: fc.array(
              fc.record({ lag: fc.constantFrom(1, 10, 1000), value: fc.double({ min: -1, max: 1, noNaN: true }) }),
              { maxLength: 3 },
            ),
          }),
        ),
        dispersion: fc.array(
          fc.record({
            windowSeconds: fc.constantFrom(10, 600, 3600),
            windows: whole,
            idc: amount,
            idcWithoutDay: orNull(amount),
          }),
          { maxLength: 3 },
        ),
      }),
    ),
    sizes: orNull(
      fc.record({
        distribution,
        sharing: orNull(fc.record({ rows: whole, share })),
        buckets: fc.array(
          fc.record({
            label: fc.constantFrom('1', '2–4', '5–8'),
            low: amount,
            high: amount,
            rows: whole,
            share,
            slotSeconds: amount,
            slotTimeShare: orNull(share),
          }),
          { maxLength: 4 },
        ),
        values: fc.constant([]),
      }),
    ),
    work: orNull(
      fc.record({
        distribution,
        classes: fc.array(
          fc.record({
            label: fc.constantFrom('S', 'M', 'L'),
            atMostHours: orNull(amount),
            rows: whole,
            share,
            resourceShare: orNull(share),
          }),
          { maxLength: 3 },
        ),
      }),
    ),
    fanOut: orNull(fc.record({ jobs: whole, tasksPerJob: distribution })),
    durations: orNull(
      fc.record({
        overall: distribution,
        lastsOverDayShare: share,
        lastsOverWeekShare: share,
        bySize: groups,
        byOutcome: groups,
        classesBy: orNull(fc.constantFrom('priority', 'queue')),
        byClass: groups,
      }),
    ),
    waiting: orNull(
      fc.record({
        overall: distribution,
        bySize: groups,
        byQueue: groups,
        classesBy: orNull(fc.constantFrom('priority', 'queue')),
        byClass: groups,
        split: orNull(fc.record({ capacitySlots: amount, waitedRows: whole, roomShare: share, fullShare: share })),
      }),
    ),
    response: orNull(distribution),
    slowdown: orNull(fc.record({ bounded: distribution })),
    outcomes: orNull(
      fc.record({
        rows: fc.array(
          fc.record({
            outcome: fc.constantFrom(...OUTCOMES),
            rows: whole,
            share,
            resourceSeconds: amount,
            resourceShare: orNull(share),
            rowsWithoutRunTime: whole,
            attemptsMean: orNull(amount),
          }),
          { maxLength: 4 },
        ),
        attempts: orNull(fc.record({ distribution, moreThanOneShare: share })),
        runTimeToFailure: orNull(distribution),
        wasted: fc.record({
          failSeconds: amount,
          cancelSeconds: amount,
          evictSeconds: amount,
          timeoutSeconds: amount,
          lostSeconds: amount,
          totalSeconds: amount,
          failShare: orNull(share),
          cancelShare: orNull(share),
          evictShare: orNull(share),
        }),
      }),
    ),
    utilisation: orNull(
      fc.record({
        basis: fc.constantFrom('start', 'submission'),
        window: fc.record({ firstSeconds: amount, lastSeconds: amount }),
        openEnded: whole,
        busySlots: level,
        running: level,
        waiting: orNull(level),
        capacitySlots: orNull(amount),
        meanUtilisation: orNull(amount),
        meanOfPeak: orNull(share),
      }),
    ),
    skew: fc.record({ usersByRows: orNull(skew), usersByResource: orNull(skew), rowsByResource: orNull(skew) }),
    names: orNull(
      fc.record({
        distinct: whole,
        named: whole,
        recurringShare: share,
        fiveTimesShare: share,
        namesRecurringShare: share,
        skew,
      }),
    ),
    queues: orNull(
      fc.record({
        rows: fc.array(
          fc.record({
            label: name,
            rows: whole,
            share,
            resourceSeconds: amount,
            resourceShare: orNull(share),
            users: orNull(whole),
            meanSlots: orNull(amount),
            medianRunSeconds: orNull(amount),
            medianWaitSeconds: orNull(amount),
          }),
          { maxLength: 5 },
        ),
        distinct: whole,
        byRows: skew,
        byResource: orNull(skew),
        largestToMean: fc.double({ min: 1, max: 1e6, noNaN: true }),
      }),
    ),
    heterogeneity: fc.record({
      slotTypes: orNull(fc.array(labelShare, { maxLength: 4 })),
      machines: orNull(fc.record({ distinct: whole, byRows: skew, byResource: orNull(skew) })),
      cpu: orNull(distribution),
      cpuUnit: orNull(fc.constantFrom('core')),
      memory: orNull(distribution),
      memoryUnit: orNull(fc.constantFrom('MiB')),
    }),
    estimates: orNull(
      fc.record({
        estimateSeconds: distribution,
        accuracy: orNull(distribution),
        overrunShare: orNull(share),
        withinTenPercentShare: orNull(share),
        distinct: whole,
      }),
    ),
    missing: fc.array(
      fc.record({
        column: fc.constantFrom('startSeconds', 'user', 'slots'),
        present: fc.boolean(),
        missing: whole,
        negative: orNull(whole),
        zero: orNull(whole),
      }),
      { maxLength: 4 },
    ),
    censored: fc.record({ started: whole, neverStarted: whole, negativeWait: whole, negativeRun: whole }),
    issues: fc.array(
      fc.record({ code: fc.constant('x'), severity: fc.constantFrom('error', 'warning'), count: whole, message: text }),
      { maxLength: 3 },
    ),
    notDerivable: fc.array(fc.record({ item: text, reason: text }), { maxLength: 3 }),
    caveats: fc.array(caveat, { maxLength: 3 }),
  })
  .map((value) => Characterisation.parse({ schema: 'halftone/characterisation/1', ...value }))
