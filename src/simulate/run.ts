/** One run of a compiled scenario over given jobs, and what is kept of it. */
import type { CompiledScenario } from './compile.js'
import { Engine, type EngineSettings, type RunJobs, type Totals } from './engine.js'
import { quantiles } from './estimates.js'
import { TaskEngine, withOrdinals } from './taskEngine.js'

/** Marks in a run: the warm-up is cut in these steps, and batches are made of them. */
export const MARKS = 64

/** A run as columns by job, in order of arrival. Times in seconds. */
export interface Run {
  readonly jobs: RunJobs
  /** Time in system; 0 for a job that had not ended when the run stopped. */
  readonly response: Float64Array
  /** Time on slots, lost attempts included. wait = response − held. */
  readonly held: Float64Array
  /** 3 for a job that ended. */
  readonly state: Uint8Array
  /** Totals when each 64th part of the jobs began to arrive, and at the end. */
  readonly marks: readonly Totals[]
  readonly markEvery: number
  readonly end: Totals
  readonly events: number
  readonly evictions: number
  readonly lowestBudget: number | undefined
}

/** How the engine is set up for these jobs. */
export function engineSettings(compiled: CompiledScenario, jobs: RunJobs): EngineSettings {
  let owners = compiled.classes.length
  if (jobs.owner) for (let i = 0; i < jobs.count; i++) if (jobs.owner[i] >= owners) owners = jobs.owner[i] + 1
  return {
    jobs,
    classPriority: compiled.classPriority,
    owners,
    rule: compiled.rule,
    pool: compiled.pool(jobs.count),
    markEvery: Math.max(1, Math.ceil(jobs.count / MARKS)),
    ...(compiled.sprint ? { sprint: compiled.sprint } : {}),
  }
}

/** Runs all jobs to their ends, or to a horizon. `chance` says where tasks get their times from when jobs share the slots task by task. */
export function runJobs(
  compiled: CompiledScenario,
  jobs: RunJobs,
  horizonSeconds?: number,
  chance: { readonly seed: number; readonly replication: number } = { seed: 0, replication: 0 },
): Run {
  if (compiled.byTask) {
    const markEvery = Math.max(1, Math.ceil(jobs.count / MARKS))
    const numbered = withOrdinals(jobs, compiled.classes.length)
    const engine = new TaskEngine(compiled, numbered, chance.seed, chance.replication, markEvery)
    engine.run(horizonSeconds)
    return runOf(engine, jobs, markEvery)
  }
  const settings = engineSettings(compiled, jobs)
  const engine = new Engine(settings)
  engine.run(horizonSeconds)
  return runOf(engine, jobs, settings.markEvery!)
}

function runOf(engine: Engine | TaskEngine, jobs: RunJobs, markEvery: number): Run {
  return {
    jobs,
    response: engine.response,
    held: engine.held,
    state: engine.state,
    marks: engine.marks,
    markEvery,
    end: engine.totals(),
    events: engine.events,
    evictions: engine.evictions,
    lowestBudget: engine.lowestBudget,
  }
}

/** What is kept of one time of one class: enough for means, quantiles and their intervals. */
export interface TimeSummary {
  readonly sum: number
  /** p50, p95, p99; absent when no job was measured. */
  readonly quantiles: readonly number[] | undefined
}

export interface ClassSummary {
  readonly jobs: number
  readonly response: TimeSummary
  readonly wait: TimeSummary
  readonly service: TimeSummary
}

/** One replication (or one batch of a path) in numbers: plain JSON, the same whoever computed it. */
export interface Summary {
  readonly classes: readonly ClassSummary[]
  readonly seconds: number
  readonly busySlotSeconds: number
  readonly sprintingSlotSeconds: number
  readonly lostSlotSeconds: number
  readonly presentJobSeconds: number
  readonly simulatedJobs: number
  readonly unfinished: number
  readonly events: number
}

export const PROBABILITIES = [0.5, 0.95, 0.99] as const

/** Sums up the jobs that arrived from mark `from` up to mark `to` (64: the end), and the totals between. `withQuantiles` costs the most. */
export function summarise(run: Run, classes: number, from = 0, to = MARKS, withQuantiles = true): Summary {
  const { jobs, response, held, state, marks, markEvery } = run
  const first = Math.min(from * markEvery, jobs.count)
  const last = to >= MARKS ? jobs.count : Math.min(to * markEvery, jobs.count)
  const start = marks[Math.min(from, marks.length - 1)]
  const end = to < marks.length ? marks[to] : run.end
  const counts = new Int32Array(classes)
  let unfinished = 0
  for (let i = first; i < last; i++) {
    if (state[i] === 3) counts[jobs.classIndex[i]]++
    else if (state[i] !== 0) unfinished++
  }
  const summaries: ClassSummary[] = []
  for (let k = 0; k < classes; k++) {
    const n = counts[k]
    const responses = new Float64Array(n)
    const waits = new Float64Array(n)
    const services = new Float64Array(n)
    let at = 0
    let [sumResponse, sumWait, sumService] = [0, 0, 0]
    for (let i = first; i < last; i++) {
      if (state[i] !== 3 || jobs.classIndex[i] !== k) continue
      const r = response[i]
      const s = held[i]
      // rounding of (arrival + held) − arrival can leave a wait of −10⁻¹²
      const w = Math.max(0, r - s)
      responses[at] = r
      waits[at] = w
      services[at++] = s
      sumResponse += r
      sumWait += w
      sumService += s
    }
    const kept = (sum: number, values: Float64Array): TimeSummary => ({
      sum,
      quantiles: n > 0 && withQuantiles ? quantiles(values, n, PROBABILITIES) : undefined,
    })
    summaries.push({
      jobs: n,
      response: kept(sumResponse, responses),
      wait: kept(sumWait, waits),
      service: kept(sumService, services),
    })
  }
  return {
    classes: summaries,
    seconds: end.time - start.time,
    busySlotSeconds: end.busy - start.busy,
    sprintingSlotSeconds: end.sprinting - start.sprinting,
    lostSlotSeconds: end.lost - start.lost,
    presentJobSeconds: end.present - start.present,
    simulatedJobs: jobs.count,
    unfinished,
    events: run.events,
  }
}

/** Mean response of all classes in each 64th part of the jobs: what the warm-up is found on. */
export function responseSeries(run: Run): number[] {
  const { jobs, response, state, markEvery } = run
  const series: number[] = []
  for (let first = 0; first < jobs.count; first += markEvery) {
    const last = Math.min(first + markEvery, jobs.count)
    let sum = 0
    let n = 0
    for (let i = first; i < last; i++) {
      if (state[i] !== 3) continue
      sum += response[i]
      n++
    }
    series.push(n > 0 ? sum / n : 0)
  }
  return series
}
