/**
 * The simulated predictor: replications on common random numbers until the means are as sharp as asked for.
 *
 * Same scenario, same seed, same options: the same bytes. Two policies under one seed see the same arrivals and the same task times.
 */
import {
  type Caveat,
  type ClassPrediction,
  caveat,
  type Estimate,
  exactly,
  isRefusal,
  lossOf,
  type Prediction,
  type PredictOptions,
  type Predictor,
  type Refusal,
  refuse,
  type Scenario,
  type Times,
} from '../model/index.js'
import { type CompiledScenario, compileScenario, unsupported } from './compile.js'
import type { DisciplineRule } from './discipline.js'
import { PROMISES } from './engine.js'
import { meanEstimate, ratioEstimate } from './estimates.js'
import { drawJobs, replayedJobs } from './jobs.js'
import { type Load, loadOf } from './load.js'
import { MARKS, type Run, responseSeries, runJobs, type Summary, summarise } from './run.js'
import { type ClusterState, checkState, withPresent } from './start.js'
import { warmUpBatches } from './warmup.js'
import { Workspace } from './workspace.js'

/** What a simulation may be told beyond what every predictor is told. */
export interface SimulateOptions extends PredictOptions {
  /** Exactly so many replications, whatever their precision. */
  readonly replications?: number
  /** Simulate this long from empty, stable or not; the answer is marked transient. */
  readonly horizonSeconds?: number
  /** Who is there at the start of a horizon; nobody unless given. */
  readonly start?: ClusterState
  /** Jobs of one replication; by default enough for the load. */
  readonly jobsPerReplication?: number
  /** A discipline of one’s own in the place of the policy’s. */
  readonly rule?: DisciplineRule
  /** Seconds now, for the cost that the prediction states; without it the cost is in jobs and events alone. */
  readonly clock?: () => number
}

/** Jobs simulated in all replications together unless told otherwise. */
export const JOBS_AT_MOST = 4_000_000
export const FIRST_REPLICATIONS = 8
export const BATCHES = 16
/** The last of the 64 parts only keeps the system busy: jobs in it would see the arrivals dry up. */
export const LAST_MEASURED = MARKS - 1

/** The simulator as a predictor. */
export const simulatedPredictor: Predictor = {
  kind: 'simulated',
  name: 'simulated',
  refuses: (scenario) => refusesToSimulate(scenario),
  predict: (scenario, options) => simulateScenario(scenario, options),
}

/** Why this scenario would be refused, without running it: unsupported combinations, impossible gangs, a load of 1 or more. */
function refusesToSimulate(scenario: Scenario, options: Partial<SimulateOptions> = {}): Refusal | undefined {
  const no = unsupported(scenario, options.replay)
  if (no) return no
  const compiled = compileScenario(scenario, options.replay, options.rule)
  if (isRefusal(compiled)) return compiled
  return options.horizonSeconds === undefined && !compiled.replayed ? unstable(compiled) : undefined
}

/** How the scenario fares, simulated. */
export function simulateScenario(scenario: Scenario, options: SimulateOptions): Prediction | Refusal {
  const started = options.clock?.()
  const compiled = compileScenario(scenario, options.replay, options.rule)
  if (isRefusal(compiled)) return compiled
  const steps = simulateSteps(compiled, options)
  const space = new Workspace()
  let step = steps.next()
  while (!step.done) step = steps.next(step.value.map((work) => doWork(compiled, options, work, space)))
  return withCost(step.value, started, options.clock?.())
}

/**
 * The same answer, byte for byte, with the replications done elsewhere: `elsewhere` is given the work of a round and brings the results in
 * the same order (see `doWork`). Threads and machines come in here.
 */
export async function simulateElsewhere(
  scenario: Scenario,
  options: SimulateOptions,
  elsewhere: (work: readonly Work[]) => Promise<readonly (Run | Summary)[]>,
): Promise<Prediction | Refusal> {
  const started = options.clock?.()
  const compiled = compileScenario(scenario, options.replay, options.rule)
  if (isRefusal(compiled)) return compiled
  if (compiled.replayed) return simulateScenario(scenario, options)
  const steps = simulateSteps(compiled, options)
  let step = steps.next()
  while (!step.done) step = steps.next([...(await elsewhere(step.value))])
  return withCost(step.value, started, options.clock?.())
}

/** One replication to be done: its number, its jobs, and what to bring back. Plain JSON. */
export interface Work {
  readonly replication: number
  readonly jobs: number
  /** Marks to leave out before summing up; absent: the whole run is wanted. */
  readonly warm?: number
}

/** Does one replication. */
export function doWork(
  compiled: CompiledScenario,
  options: SimulateOptions,
  { replication, jobs, warm }: Work,
  space = new Workspace(),
): Run | Summary {
  // a run that is brought back whole must not be overwritten by the next
  if (warm === undefined) return replicate(compiled, options, replication, jobs)
  const run = replicate(compiled, options, replication, jobs, space)
  const to = options.horizonSeconds === undefined ? LAST_MEASURED : MARKS
  return summarise(run, compiled.classes.length, warm, to, true, space)
}

function withCost(answer: Prediction | Refusal, started?: number, ended?: number): Prediction | Refusal {
  if (isRefusal(answer)) return answer
  return { ...answer, cost: { ...answer.cost, wallSeconds: started === undefined || ended === undefined ? 0 : ended - started } }
}

/** The answer in rounds: asks for replications, looks at what came back, asks for more until it is sharp enough. */
function* simulateSteps(
  compiled: CompiledScenario,
  options: SimulateOptions,
): Generator<readonly Work[], Prediction | Refusal, readonly (Run | Summary)[]> {
  return compiled.replayed ? simulateReplay(compiled, options) : yield* simulateLaws(compiled, options)
}

function simulateReplay(compiled: CompiledScenario, options: SimulateOptions): Prediction | Refusal {
  if (options.replay === undefined) return noJobs()
  const run = runJobs(compiled, replayedJobs(compiled, options.replay, options.seed), options.horizonSeconds)
  options.progress?.(1)
  const classes = compiled.classes.length
  const whole = summarise(run, classes)
  const batches: Summary[] = []
  const step = MARKS / BATCHES
  for (let b = 0; b < BATCHES; b++) batches.push(summarise(run, classes, b * step, (b + 1) * step))
  const caveats = [singlePath(run.jobs.count), ...horizonCaveats(options, [whole])]
  const used = batches.filter((batch) => batch.classes.some((one) => one.jobs > 0))
  return assemble(compiled, used, whole, `replay of ${count(run.jobs.count)} jobs`, caveats)
}

function* simulateLaws(
  compiled: CompiledScenario,
  options: SimulateOptions,
): Generator<readonly Work[], Prediction | Refusal, readonly (Run | Summary)[]> {
  const load = loadOf(compiled)
  const transient = options.horizonSeconds !== undefined
  if (options.start) {
    const no = transient
      ? checkState(compiled, options.start)
      : refuse('unsupported', 'a start from a given state needs a horizon: a steady state forgets how it began')
    if (no) return no
  }
  if (!transient) {
    const no = unstable(compiled, load)
    if (no) return no
  }
  const classes = compiled.classes.length
  const jobsAtMost = options.jobsAtMost ?? JOBS_AT_MOST
  const jobs = options.jobsPerReplication ?? jobsFor(compiled, load, jobsAtMost, options.replications ?? FIRST_REPLICATIONS)
  const most = options.replications ?? Math.max(2, Math.floor(jobsAtMost / jobs))
  const precision = options.precision ?? 0.05
  const first = Math.min(most, options.replications ?? FIRST_REPLICATIONS, FIRST_REPLICATIONS)
  const work = (from: number, to: number, warm?: number): Work[] =>
    Array.from({ length: to - from }, (_, i) => ({ replication: from + i, jobs, ...(warm === undefined ? {} : { warm }) }))

  // The first replications come whole: the warm-up that all are cut by is found on them.
  const runs = (yield work(0, first)) as readonly Run[]
  let warm = 0
  let settled = true
  if (!transient) {
    const growing = grows(runs)
    if (growing) return growing
    const found = warmUpBatches(runs.map(responseSeries))
    warm = found.batches
    settled = found.settled
  }
  const summaries = runs.map((run) => summarise(run, classes, warm, transient ? MARKS : LAST_MEASURED))
  for (;;) {
    const worst = worstPrecision(summaries, classes)
    if (options.replications === undefined ? worst <= precision || summaries.length >= most : summaries.length >= most) break
    // rounds small enough to show progress, and not so many more than the intervals so far call for
    const called = Math.ceil(summaries.length * Math.min(4, 1.1 * (worst / precision) ** 2))
    const until = Math.min(most, summaries.length + 64, options.replications ?? Math.max(summaries.length + 2, called))
    options.progress?.(Math.min(0.99, summaries.length / Math.min(most, Math.max(called, until))))
    summaries.push(...((yield work(summaries.length, until, warm)) as readonly Summary[]))
  }
  options.progress?.(1)
  const caveats: Caveat[] = horizonCaveats(options, summaries)
  const worst = worstPrecision(summaries, classes)
  if (worst > precision) caveats.push(notPrecise(worst, precision, jobs * summaries.length))
  if (!settled)
    caveats.push(caveat('not-settled', 'the warm-up may be longer than half a replication: a steady state is not certain'))
  if (!transient) caveats.push(...nearlyFull(load))
  const method = `${summaries.length} replications of ${count(jobs)} jobs${warm > 0 ? `, the first ${count(Math.ceil((warm * jobs) / MARKS))} left out` : ''}`
  return assemble(compiled, summaries, undefined, method, caveats)
}

export function noJobs(): Refusal {
  return refuse('no-data', 'the scenario replays a trace, and its jobs were not given (options.replay)')
}

/** The intervals are wider than was asked for. */
export function notPrecise(reached: number, asked: number, jobs: number): Caveat {
  return caveat(
    'precision-not-reached',
    `the widest interval is ±${(100 * reached).toFixed(1)} % of its mean response, ±${100 * asked} % was asked for`,
    { numbers: { reached, asked, jobs } },
  )
}

/** Above a load of 0.95 the answer hangs on small errors of the input. */
export function nearlyFull({ total }: Load): Caveat[] {
  if (total <= 0.95) return []
  return [
    caveat('high-utilisation', `utilisation ${total.toFixed(3)}: small errors in rates move the answer a lot`, {
      numbers: { utilisation: total },
    }),
  ]
}

/** One replication: jobs drawn from the seed, run under the policy. */
export function replicate(
  compiled: CompiledScenario,
  options: SimulateOptions,
  replication: number,
  jobs: number,
  space = new Workspace(),
): Run {
  const { horizonSeconds, seed } = options
  const chance = { seed, replication }
  if (horizonSeconds === undefined)
    return runJobs(compiled, drawJobs(compiled, seed, replication, jobs, space), undefined, chance, space)
  const rate = compiled.classes.reduce((sum, jobClass) => sum + jobClass.rate, 0)
  let n = Math.ceil(rate * horizonSeconds + 6 * Math.sqrt(rate * horizonSeconds) + 100)
  let drawn = drawJobs(compiled, seed, replication, n, space)
  while (drawn.arrival[drawn.count - 1] <= horizonSeconds) drawn = drawJobs(compiled, seed, replication, (n *= 2), space)
  if (options.start) {
    const { jobs: all, start } = withPresent(compiled, options.start, drawn, chance)
    return runJobs(compiled, all, horizonSeconds, chance, space, start)
  }
  return runJobs(compiled, drawn, horizonSeconds, chance, space)
}

/** Jobs of a replication: many times the time in which the queue forgets, which goes like 1/(1 − ρ)². */
export function jobsFor(compiled: CompiledScenario, load: Load, jobsAtMost: number, replications: number): number {
  const slots = compiled.classes.reduce((least, jobClass) => Math.min(least, jobClass.slotsMean), Number.POSITIVE_INFINITY)
  const slack = Math.max(0.02, 1 - load.total)
  const wanted = Math.max(4000, 1500 / (slack * slack), (40 * compiled.capacity) / slots)
  return Math.max(200, Math.round(Math.min(wanted, 250_000, jobsAtMost / replications)))
}

function worstPrecision(summaries: readonly Summary[], classes: number): number {
  let worst = 0
  for (let k = 0; k < classes; k++) {
    const estimate = ratioEstimate(
      summaries.map((one) => one.classes[k].response.sum),
      summaries.map((one) => one.classes[k].jobs),
    )
    if (estimate.value > 0) worst = Math.max(worst, (estimate.high - estimate.value) / estimate.value)
  }
  return worst
}

export function unstable(compiled: CompiledScenario, load = loadOf(compiled)): Refusal | undefined {
  if (load.total < 1) return undefined
  const byClass = compiled.classes.map((jobClass, k) => `${jobClass.name} ${load.classes[k].toFixed(3)}`).join(', ')
  const waste = load.total > load.nominal ? `, ${load.total.toFixed(3)} with the work that restarts throw away` : ''
  return refuse(
    'unstable',
    `work arrives faster than it can be done: utilisation ${load.nominal.toFixed(3)} (${byClass})${waste}; give a horizon to see how the queue grows`,
    { utilisation: load.total, nominalUtilisation: load.nominal },
  )
}

/** A queue that keeps growing although the load is below 1: gangs that leave slots idle, strict order, nodes. Who runs does not count. */
export function grows(runs: readonly Run[]): Refusal | undefined {
  const mean = (from: number, to: number): number => {
    let area = 0
    let time = 0
    for (const { marks, end, held } of runs) {
      const a = marks[Math.min(from, marks.length - 1)]
      const b = to < marks.length ? marks[to] : end
      // slot-seconds a second of a job on its slots: turns busy slots into running jobs
      const wide =
        end.busy /
        Math.max(
          held.reduce((sum, x) => sum + x, 0),
          Number.MIN_VALUE,
        )
      area += b.present - a.present - (wide > 0 ? (b.busy - a.busy) / wide : 0)
      time += b.time - a.time
    }
    return Math.max(0, area) / Math.max(time, Number.MIN_VALUE)
  }
  const early = mean(16, 32)
  const late = mean(47, 63)
  const jobs = runs[0].jobs.count
  if (late < 1.8 * early || late < 0.02 * jobs || late < 50) return undefined
  return refuse(
    'unstable',
    `the queue keeps growing (${early.toFixed(0)} jobs wait, later ${late.toFixed(0)}): slots stay idle while gangs wait for room; give a horizon to see how it grows`,
    { waitingEarly: early, waitingLate: late },
  )
}

export function singlePath(jobs: number): Caveat {
  return caveat(
    'single-path',
    `one trace is one path: intervals come from ${BATCHES} batches of consecutive jobs and are narrow where batches hang together`,
    { numbers: { jobs, batches: BATCHES } },
  )
}

function horizonCaveats(options: SimulateOptions, summaries: readonly Summary[]): Caveat[] {
  if (options.horizonSeconds === undefined) return []
  const unfinished = summaries.reduce((sum, one) => sum + one.unfinished, 0) / summaries.length
  return [
    caveat(
      'transient',
      `from ${options.start ? 'the state given' : 'empty'} over ${options.horizonSeconds} s, not a steady state; ${unfinished.toFixed(1)} jobs had not ended then and are not in the times`,
      { numbers: { horizonSeconds: options.horizonSeconds, unfinishedJobs: unfinished } },
    ),
  ]
}

/** Puts summaries together. `whole` gives the point values where the summaries are batches of one path. */
export function assemble(
  compiled: CompiledScenario,
  parts: readonly Summary[],
  whole: Summary | undefined,
  method: string,
  caveats: Caveat[],
): Prediction | Refusal {
  const { scenario, classes, capacity, power } = compiled
  const out: ClassPrediction[] = []
  for (const [k, jobClass] of classes.entries()) {
    const counts = parts.map((part) => part.classes[k].jobs)
    if (counts.every((n) => n === 0)) {
      caveats.push(
        caveat('no-jobs', `no job of class ${jobClass.name} ended in the simulation: its times are given as 0`, {
          path: `classes[${k}]`,
        }),
      )
    }
    const times = (pick: 'response' | 'wait' | 'service'): Times => {
      const mean = ratioEstimate(
        parts.map((part) => part.classes[k][pick].sum),
        counts,
      )
      const at = (q: number): Estimate | undefined => {
        const values = parts.flatMap((part) => part.classes[k][pick].quantiles?.[q] ?? [])
        return values.length === 0 ? undefined : meanEstimate(values, 0.95, whole?.classes[k][pick].quantiles?.[q])
      }
      const [p50, p95, p99] = [at(0), at(1), at(2)]
      return { mean, ...(p50 ? { p50 } : {}), ...(p95 ? { p95 } : {}), ...(p99 ? { p99 } : {}) }
    }
    const curve = scenario.workload.classes[k].accuracy
    if (jobClass.droppedShare > 0 && curve === undefined)
      caveats.push(
        caveat('accuracy-unknown', `class ${jobClass.name} has no accuracy curve: the dropped share is given as its loss`, {
          path: `classes[${k}].accuracyLoss`,
        }),
      )
    out.push({
      name: jobClass.name,
      arrivalsPerSecond: jobClass.rate,
      throughputPerSecond: ratioEstimate(
        counts,
        parts.map((part) => part.seconds),
      ),
      response: times('response'),
      wait: times('wait'),
      service: times('service'),
      accuracyLoss: jobClass.droppedShare > 0 ? lossOf(curve, jobClass.droppedShare) : exactly(0),
    })
  }
  const givenUp = parts.reduce((sum, part) => sum + part.givenUp, 0)
  if (givenUp > 0) {
    const jobs = parts.reduce((sum, part) => sum + part.classes.reduce((n, one) => n + one.jobs, 0), 0)
    caveats.push(
      caveat(
        'jobs-given-up',
        `${((100 * givenUp) / jobs).toFixed(2)} % of jobs were stopped or given up after failures, without a result; their times are among the others`,
        { numbers: { share: givenUp / jobs } },
      ),
    )
  }
  const played = whole ? [whole] : parts
  const unpromised = played.reduce((sum, part) => sum + part.unpromised, 0)
  if (unpromised > 0) {
    const promises = scenario.policy.backfill?.promisesAtMost ?? PROMISES
    const share = unpromised / played.reduce((sum, part) => sum + part.events, 0)
    caveats.push(
      caveat(
        'promises-bounded',
        `at ${(100 * share).toFixed(1)} % of events more jobs waited than the ${count(promises)} that are promised a start; those behind them could not start then (policy.backfill.promisesAtMost)`,
        { numbers: { share, promisesAtMost: promises } },
      ),
    )
  }
  const seconds = parts.map((part) => part.seconds)
  const slotSeconds = seconds.map((s) => s * capacity)
  const busy = parts.map((part) => part.busySlotSeconds)
  const utilisation = asShare(ratioEstimate(busy, slotSeconds))
  const waste = asShare(
    ratioEstimate(
      parts.map((part) => part.lostSlotSeconds),
      busy,
    ),
  )
  let energy = {}
  if (power) {
    // E11 over each part: watts × seconds
    const joules = parts.map((part) => {
      const share = part.busySlotSeconds / capacity
      return power.idleWatts * (part.seconds - share) + power.busyWatts * share + part.sprintJoules
    })
    const jobs = parts.map((part) => part.classes.reduce((sum, one) => sum + one.jobs, 0))
    energy = { powerWatts: ratioEstimate(joules, seconds), energyPerJobJoules: ratioEstimate(joules, jobs) }
  }
  return {
    schema: 'halftone/prediction/1',
    predictor: { kind: 'simulated', name: 'simulated', method },
    cost: {
      wallSeconds: 0,
      jobs: played.reduce((sum, part) => sum + part.simulatedJobs, 0),
      events: played.reduce((sum, part) => sum + part.events, 0),
    },
    classes: out,
    cluster: { utilisation, waste, ...energy },
    caveats,
  }
}

/** A share lies in 0 … 1; waste is booked when work is lost, so a part may book a little of the one before. */
function asShare({ value, low, high, confidence }: Estimate): Estimate {
  const within = (x: number): number => Math.min(1, Math.max(0, x))
  return { value: within(value), low: within(low), high: within(high), confidence }
}

function count(n: number): string {
  return n.toLocaleString('en-US')
}
