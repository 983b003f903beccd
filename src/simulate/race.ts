/**
 * A race: policies on the same luck, each played on only as far as its answer is needed.
 *
 * Where one policy is known exactly by formula it is played along as a control variate: with y a policy’s and x the control’s own figure of a replication, μ what
 * is known of x, and β the slope of y on x over the replications,
 *
 *   E[y] ≈ ȳ − β (x̄ − μ),        half-width = t_{R−2} s √(1/R + (x̄ − μ)²/Σ(x_r − x̄)²),    s² the variance of what the line leaves
 *
 * Policies on the same luck wait through the same busy spells, so most of the scatter goes: a mean to 1 % takes a fifth of the replications or fewer. A control
 * whose own simulation contradicts the formula is left out, with a caveat. A policy is never its own control: then only the formula would speak.
 * Source: S. Lavenberg and P. Welch, "A perspective on the use of control variables", Management Science 27 (1981).
 */
import {
  type Caveat,
  type ClassPrediction,
  caveat,
  type Estimate,
  isRefusal,
  type KnownPolicy,
  type PairedDifference,
  type Policy,
  type Prediction,
  type Race,
  type RaceOptions,
  type Refusal,
  type Scenario,
  type Times,
} from '../model/index.js'
import { type CompiledScenario, compileScenario } from './compile.js'
import { controlledEstimate, differenceEstimate, ratioEstimate } from './estimates.js'
import { replayedJobs } from './jobs.js'
import { loadOf } from './load.js'
import {
  assemble,
  BATCHES,
  FIRST_REPLICATIONS,
  grows,
  JOBS_AT_MOST,
  jobsFor,
  LAST_MEASURED,
  nearlyFull,
  noJobs,
  notPrecise,
  replicate,
  singlePath,
  unstable,
} from './predictor.js'
import { MARKS, type Run, responseSeries, runJobs, type Summary, summarise } from './run.js'
import { warmUpBatches } from './warmup.js'
import { Workspace } from './workspace.js'

/** What a race on the simulator may be told beyond what every race is told. */
export interface SimulatedRaceOptions extends RaceOptions {
  /** Exactly so many replications of every policy, whatever their precision. */
  readonly replications?: number
  /** Jobs of one replication; by default enough for the load. */
  readonly jobsPerReplication?: number
}

/** Opens a race on the simulator: everybody’s first replications are played, or the replay of everybody’s trace. */
export function openRace(scenario: Scenario, policies: readonly Policy[], options: SimulatedRaceOptions): Race {
  return new SimulatedRace(scenario, policies, options)
}

/** Replications that a correction wants at the least. */
const CORRECTABLE = 4

/** One policy of a race. */
interface Runner {
  readonly compiled: CompiledScenario
  /** Of replications, or of the batches of a replay. */
  readonly parts: Summary[]
  /** Of a replay, all jobs together. */
  whole?: Summary
  /** What it was last asked for. */
  precision: number
  seconds: number
}

class SimulatedRace implements Race {
  readonly #classes: readonly string[]
  readonly #runners: (Runner | Refusal)[]
  readonly #known: KnownPolicy | undefined
  readonly #control: Runner | undefined
  readonly #options: SimulatedRaceOptions
  readonly #space = new Workspace()
  /** Jobs that a policy may take, replications of everybody at first, jobs of one, and its marks that are left out. */
  readonly #most: number
  readonly #first: number
  readonly #jobs: number
  readonly #warm: number

  constructor(scenario: Scenario, policies: readonly Policy[], options: SimulatedRaceOptions) {
    this.#options = options
    this.#classes = scenario.workload.classes.map(({ name }) => name)
    this.#runners = policies.map((policy) => enter({ ...scenario, policy }, options))
    const { known, replay } = options
    const control = known && enter({ ...scenario, policy: known.policy }, options)
    this.#control = control === undefined || isRefusal(control) || control.compiled.replayed ? undefined : control
    this.#known = this.#control && known
    const able = this.#able()
    const { replications, jobsAtMost = JOBS_AT_MOST } = options
    this.#most = jobsAtMost
    this.#first = Math.min(replications ?? FIRST_REPLICATIONS, this.#control ? CORRECTABLE : FIRST_REPLICATIONS)
    const lengths = able.map(({ compiled }) =>
      compiled.replayed ? 1 : jobsFor(compiled, loadOf(compiled), jobsAtMost, replications ?? FIRST_REPLICATIONS),
    )
    // beside a control half as many say as much, and the replications that it wants come sooner
    this.#jobs = options.jobsPerReplication ?? Math.ceil(Math.max(1, ...lengths) / (this.#control ? 2 : 1))
    const replayed = able.some(({ compiled }) => compiled.replayed)
    if (replayed && replay) for (const runner of able) this.#timed(runner, () => playReplay(runner, replay, options.seed))
    this.#warm = replayed ? 0 : this.#begin()
  }

  sharpen(places: readonly number[], precision: number): void {
    for (const place of places) {
      const runner = this.#runners[place]!
      if (isRefusal(runner) || runner.whole) continue
      runner.precision = precision
      const { replications } = this.#options
      if (replications !== undefined) {
        this.#playOn(runner, replications)
        continue
      }
      const most = Math.max(this.#first, Math.floor(this.#most / this.#jobs))
      for (let off = this.#widest(runner); off > precision && runner.parts.length < most; off = this.#widest(runner)) {
        // not so many more than the interval so far calls for
        const called = Math.ceil(runner.parts.length * Math.min(2, (off / precision) ** 2))
        this.#playOn(runner, Math.min(most, Math.max(runner.parts.length + 1, called)))
      }
    }
  }

  prediction(place: number): Prediction | Refusal {
    const runner = this.#runners[place]!
    if (isRefusal(runner)) return runner
    const { compiled, parts, whole, seconds } = runner
    const answer = whole
      ? assemble(compiled, parts.filter(hasJobs), whole, `replay of ${count(whole.simulatedJobs)} jobs`, [
          singlePath(whole.simulatedJobs),
        ])
      : assemble(compiled, parts, undefined, this.#method(runner), this.#caveats(runner))
    if (isRefusal(answer)) return answer
    const classes = answer.classes.map((one, k) => corrected(one, this.#correctedTimes(runner, k)))
    return { ...answer, cost: { ...answer.cost, wallSeconds: seconds }, classes }
  }

  difference(place: number, from: number): readonly PairedDifference[] | undefined {
    const [a, b] = [this.#runners[place]!, this.#runners[from]!]
    if (isRefusal(a) || isRefusal(b)) return undefined
    const beside = this.#controlFor(a) ?? this.#controlFor(b)
    return this.#classes.map((name, k) => {
      const between = (figure: FigureName): Estimate => {
        const rows = a.parts.flatMap((part, r) => {
          const other = b.parts[r]
          const [y, z] = [FIGURES[figure](part, k), other && FIGURES[figure](other, k)]
          return y === undefined || z === undefined ? [] : [{ gap: y - z, beside: beside?.parts[r] }]
        })
        const gaps = rows.map(({ gap }) => gap)
        const control = rows.map((row) => row.beside)
        const found = this.#estimate(gaps, control, figure, k) ?? differenceEstimate(gaps)
        if (!a.whole || !b.whole) return found
        // of a replay, what is between the whole runs: a quantile of all jobs is not the mean of those of batches
        const [y, z] = [FIGURES[figure](a.whole, k), FIGURES[figure](b.whole, k)]
        return y === undefined || z === undefined ? found : movedTo(found, y - z)
      }
      return { name, response: { mean: between('mean'), p95: between('p95') } }
    })
  }

  #able(): Runner[] {
    return [...this.#runners, ...(this.#control ? [this.#control] : [])].flatMap((one) => (isRefusal(one) ? [] : [one]))
  }

  /** Everybody’s first replications, and the marks to leave out: as many as the slowest to settle needs. Whoever’s queue only grows is out. */
  #begin(): number {
    const pilots = new Map<Runner, Run[]>()
    for (const runner of this.#able()) {
      const runs = this.#timed(runner, () =>
        Array.from({ length: this.#first }, (_, r) => replicate(runner.compiled, this.#options, r, this.#jobs)),
      )
      const growing = grows(runs)
      const place = this.#runners.indexOf(runner)
      if (growing && place >= 0) this.#runners[place] = growing
      else pilots.set(runner, runs)
    }
    const warm = Math.max(0, ...[...pilots.values()].map((runs) => warmUpBatches(runs.map(responseSeries)).batches))
    for (const [{ parts }, runs] of pilots)
      for (const run of runs) parts.push(summarise(run, this.#classes.length, warm, LAST_MEASURED))
    return warm
  }

  #playOn(runner: Runner, until: number): void {
    this.#timed(runner, () => {
      for (let r = runner.parts.length; r < until; r++) {
        const run = replicate(runner.compiled, this.#options, r, this.#jobs, this.#space)
        runner.parts.push(summarise(run, this.#classes.length, this.#warm, LAST_MEASURED, true, this.#space))
      }
    })
  }

  #timed<T>(runner: Runner, play: () => T): T {
    const { now } = this.#options
    const began = now?.() ?? 0
    const answer = play()
    runner.seconds += (now?.() ?? 0) - began
    return answer
  }

  /** The control, played as far as this runner; undefined where there is none, where it is the runner itself, and where it contradicts its formula. */
  #controlFor(runner: Runner): Runner | undefined {
    const control = this.#control
    if (!control || this.#contradicted() || samePath(runner, control)) return undefined
    this.#playOn(control, runner.parts.length)
    return control
  }

  /** Is what is known of the control outside the 99.9 % interval of its simulation? */
  #contradicted(): boolean {
    return this.#classes.some((_, k) => {
      const { low, high } = meanResponse(this.#control!, k, 0.999)
      const { value } = this.#known!.response[k]!.mean
      return value < low || value > high
    })
  }

  /** The estimate from the values of replications beside those of the control; undefined where there is none, or nothing is known of this figure. */
  #estimate(
    values: readonly number[],
    control: readonly (Summary | undefined)[],
    figure: FigureName,
    k: number,
  ): Estimate | undefined {
    const known = this.#known?.response[k]?.[figure]
    const beside = control.flatMap((part) => (part && FIGURES[figure](part, k)) ?? [])
    if (!known || values.length < CORRECTABLE || beside.length < values.length) return undefined
    return controlledEstimate(values, beside, known.value)
  }

  #correctedTimes(runner: Runner, k: number): Partial<Times> {
    const control = this.#controlFor(runner)
    if (!control) return {}
    const found = (Object.keys(FIGURES) as FigureName[]).flatMap((figure) => {
      const values = runner.parts.flatMap((part) => FIGURES[figure](part, k) ?? [])
      const estimate =
        values.length === runner.parts.length
          ? this.#estimate(values, control.parts.slice(0, values.length), figure, k)
          : undefined
      return estimate ? [[figure, estimate]] : []
    })
    return Object.fromEntries(found)
  }

  /** The widest relative half-width of a class’s mean response. */
  #widest(runner: Runner): number {
    return Math.max(
      ...this.#classes.map((_, k) => {
        const { value, high } = this.#correctedTimes(runner, k).mean ?? meanResponse(runner, k)
        return value > 0 ? (high - value) / value : 0
      }),
    )
  }

  #method(runner: Runner): string {
    const played = `${runner.parts.length} replications of ${count(this.#jobs)} jobs, the same for every policy`
    return this.#controlFor(runner) ? `${played}, corrected by “${this.#known!.policy.name}”, known by formula` : played
  }

  #caveats(runner: Runner): Caveat[] {
    const off = this.#widest(runner)
    return [
      ...(off > runner.precision ? [notPrecise(off, runner.precision, this.#jobs * runner.parts.length)] : []),
      ...nearlyFull(loadOf(runner.compiled)),
      ...(this.#control && this.#contradicted()
        ? [
            caveat(
              'control-off',
              `the formula for “${this.#known!.policy.name}” is outside the 99.9 % interval of its simulation: nothing was corrected by it`,
            ),
          ]
        : []),
    ]
  }
}

function enter(scenario: Scenario, { replay }: RaceOptions): Runner | Refusal {
  const compiled = compileScenario(scenario, replay)
  if (isRefusal(compiled)) return compiled
  const no = compiled.replayed ? (replay ? undefined : noJobs()) : unstable(compiled)
  return no ?? { compiled, parts: [], precision: Number.POSITIVE_INFINITY, seconds: 0 }
}

function playReplay(runner: Runner, replay: NonNullable<RaceOptions['replay']>, seed: number): void {
  const { compiled } = runner
  const run = runJobs(compiled, replayedJobs(compiled, replay, seed))
  const step = MARKS / BATCHES
  for (let b = 0; b < BATCHES; b++) runner.parts.push(summarise(run, compiled.classes.length, b * step, (b + 1) * step))
  runner.whole = summarise(run, compiled.classes.length)
}

type FigureName = 'mean' | 'p50' | 'p95' | 'p99'

/** What one replication says of the response of class k; undefined where it saw no job. */
const FIGURES: Readonly<Record<FigureName, (part: Summary, k: number) => number | undefined>> = {
  mean: ({ classes }, k) => (classes[k].jobs > 0 ? classes[k].response.sum / classes[k].jobs : undefined),
  p50: ({ classes }, k) => classes[k].response.quantiles?.[0],
  p95: ({ classes }, k) => classes[k].response.quantiles?.[1],
  p99: ({ classes }, k) => classes[k].response.quantiles?.[2],
}

function meanResponse({ parts }: Runner, k: number, confidence?: number): Estimate {
  const sums = parts.map(({ classes }) => classes[k].response.sum)
  return ratioEstimate(
    sums,
    parts.map(({ classes }) => classes[k].jobs),
    confidence,
  )
}

/** The interval around another value, as wide. */
function movedTo({ value, low, high, confidence }: Estimate, to: number): Estimate {
  return { value: to, low: low - value + to, high: high - value + to, confidence }
}

function hasJobs({ classes }: Summary): boolean {
  return classes.some(({ jobs }) => jobs > 0)
}

/** Do two policies play the first replication alike, to the last bit? Then they are one policy by two names, such as priorities among a single class. */
function samePath({ parts: [a] }: Runner, { parts: [b] }: Runner): boolean {
  return a !== undefined && b !== undefined && a.classes.every(({ response }, k) => response.sum === b.classes[k].response.sum)
}

/** The class with its response as corrected. What its mean moved by, its wait moved by: the service is what it is. */
function corrected(one: ClassPrediction, response: Partial<Times>): ClassPrediction {
  if (!response.mean) return one
  const { value, low, high, confidence } = response.mean
  const service = one.service.mean.value
  const less = (x: number): number => Math.max(0, x - service)
  const wait = { value: less(value), low: less(low), high: less(high), confidence }
  return { ...one, response: { ...one.response, ...response }, wait: { ...one.wait, mean: wait } }
}

function count(n: number): string {
  return n.toLocaleString('en-US')
}
