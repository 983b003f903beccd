/** One run of a compiled scenario over given jobs, and what is kept of it. */
import { type ClassSummary, timesByClass } from './classTimes.js'
import type { CompiledScenario } from './compile.js'
import { fcfs, priorityNonPreemptive, priorityPreemptiveResume } from './disciplines/index.js'
import { Engine, type EngineSettings, type InTheMidst, type RunJobs, type Totals } from './engine.js'
import { NodePool } from './nodePool.js'
import { workPhases } from './phases.js'
import { firstComeFirstServed, oneServerByPriority, type Recursed } from './recursions.js'
import { TaskEngine, withOrdinals } from './taskEngine.js'
import { Workspace } from './workspace.js'

/** Marks in a run: the warm-up is cut in these steps, and batches are made of them. */
export const MARKS = 64
const DONE = 3

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
  /** Events at which more jobs waited than conservative backfill makes promises to. */
  readonly unpromised: number
  readonly lowestBudget: number | undefined
  /** 1 for a job that left without a result; absent where `jobs.failures` says it. */
  readonly givenUp?: Uint8Array
  /** What jobs held that take slots task by task: slots × seconds, and the most slots at once. Absent where each holds `jobs.slots` throughout. */
  readonly slotSeconds?: Float64Array
  readonly mostSlots?: Int32Array
}

/** How the engine is set up for these jobs. */
export function engineSettings(compiled: CompiledScenario, jobs: RunJobs): EngineSettings {
  let owners = compiled.classes.length
  if (jobs.owner) for (let i = 0; i < jobs.count; i++) if (jobs.owner[i] >= owners) owners = jobs.owner[i] + 1
  const pool = compiled.pool(jobs.count)
  if (pool instanceof NodePool) pool.expect(jobs.count, jobs.slots, jobs.needs)
  return {
    jobs,
    classPriority: compiled.classPriority,
    owners,
    rule: compiled.rule,
    pool,
    markEvery: Math.max(1, Math.ceil(jobs.count / MARKS)),
    ...(compiled.sprint ? { sprint: compiled.sprint } : {}),
    ...(compiled.rates ? { rates: compiled.rates } : {}),
    ...(compiled.scenario.policy.backfill ? { promises: compiled.scenario.policy.backfill.promisesAtMost } : {}),
  }
}

/** Runs all jobs to their ends, or to a horizon. `chance` says where tasks get their times from when jobs share the slots task by task. */
export function runJobs(
  compiled: CompiledScenario,
  jobs: RunJobs,
  horizonSeconds?: number,
  chance: { readonly seed: number; readonly replication: number } = { seed: 0, replication: 0 },
  space = new Workspace(),
  start?: InTheMidst,
): Run {
  if (compiled.byTask) {
    const markEvery = Math.max(1, Math.ceil(jobs.count / MARKS))
    const numbered = withOrdinals(jobs, compiled.classes.length, start ? start.running + start.waiting : 0)
    const engine = new TaskEngine(compiled, numbered, chance.seed, chance.replication, markEvery, start)
    engine.run(horizonSeconds)
    const { givenUp, slotSeconds, mostSlots } = engine
    return { ...runOf(engine, jobs, markEvery), givenUp, slotSeconds, mostSlots }
  }
  const phases = workPhases(compiled, jobs, chance)
  const settings = { ...engineSettings(compiled, jobs), ...(start ? { start } : {}), ...(phases ? { phases } : {}) }
  const recursed =
    horizonSeconds === undefined && start === undefined ? recursion(compiled, jobs, settings.markEvery!, space) : undefined
  if (recursed) {
    const state = space.uint8('state', jobs.count).fill(DONE)
    return { jobs, ...recursed, state, markEvery: settings.markEvery!, evictions: 0, unpromised: 0, lowestBudget: undefined }
  }
  const engine = new Engine(settings, space)
  engine.run(horizonSeconds)
  return runOf(engine, jobs, settings.markEvery!)
}

/** The event-free way to run these jobs, where there is one. */
function recursion(compiled: CompiledScenario, jobs: RunJobs, markEvery: number, space: Workspace): Recursed | undefined {
  const { rule, classes, classPriority } = compiled
  if (compiled.sprint !== undefined || compiled.rates !== undefined || jobs.failures !== undefined || jobs.count === 0)
    return undefined
  if (jobs.arrival[0] < 0 || compiled.oneSlot === undefined || !classes.every((one) => one.slotsOf === undefined))
    return undefined
  if ((compiled.replayed && !compiled.exclusive) || compiled.hasNeeds) return undefined
  const { servers, speed } = compiled.oneSlot
  if (rule === fcfs) return firstComeFirstServed(jobs, servers, speed, markEvery, space)
  if (servers !== 1 || (rule !== priorityNonPreemptive && rule !== priorityPreemptiveResume)) return undefined
  const levels = [...new Set(classPriority)].sort((a, b) => a - b)
  const lanes = Int32Array.from(classPriority, (priority) => levels.indexOf(priority))
  return oneServerByPriority(jobs, lanes, levels.length, rule === priorityPreemptiveResume, speed, markEvery, space)
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
    unpromised: engine instanceof Engine ? engine.unpromised : 0,
    lowestBudget: engine.lowestBudget,
  }
}

export type { ClassSummary, TimeSummary } from './classTimes.js'

/** One replication (or one batch of a path) in numbers: plain JSON, the same whoever computed it. */
export interface Summary {
  readonly classes: readonly ClassSummary[]
  readonly seconds: number
  readonly busySlotSeconds: number
  readonly sprintingSlotSeconds: number
  /** Joules drawn by sprinting beyond normal speed; 0 where nobody sprints or power is not known. */
  readonly sprintJoules: number
  readonly lostSlotSeconds: number
  readonly presentJobSeconds: number
  readonly simulatedJobs: number
  /** Measured jobs that were stopped or given up. */
  readonly givenUp: number
  readonly unfinished: number
  /** Of the whole run: see `Run`. */
  readonly unpromised: number
  readonly events: number
}

export const PROBABILITIES = [0.5, 0.95, 0.99] as const

/** Sums up the jobs that arrived from mark `from` up to mark `to` (64: the end), and the totals between. `withQuantiles` costs the most. */
export function summarise(
  run: Run,
  classes: number,
  from = 0,
  to = MARKS,
  withQuantiles = true,
  space = new Workspace(),
): Summary {
  const { jobs, response, held, state, marks, markEvery } = run
  const first = Math.min(from * markEvery, jobs.count)
  const last = to >= MARKS ? jobs.count : Math.min(to * markEvery, jobs.count)
  const start = marks[Math.min(from, marks.length - 1)]
  const end = to < marks.length ? marks[to] : run.end
  let unfinished = 0
  for (let i = first; i < last; i++) if (state[i] !== DONE && state[i] !== 0) unfinished++
  const times = { first, last, classIndex: jobs.classIndex, arrival: jobs.arrival, response, held, state, done: DONE }
  return {
    classes: timesByClass(times, classes, withQuantiles ? PROBABILITIES : [], space),
    seconds: end.time - start.time,
    busySlotSeconds: end.busy - start.busy,
    sprintingSlotSeconds: end.sprinting - start.sprinting,
    sprintJoules: (end.sprintJoules ?? 0) - (start.sprintJoules ?? 0),
    lostSlotSeconds: end.lost - start.lost,
    presentJobSeconds: end.present - start.present,
    simulatedJobs: jobs.count,
    givenUp: (run.givenUp ?? jobs.failures?.givenUp)?.subarray(first, last).reduce((sum, one) => sum + one, 0) ?? 0,
    unfinished,
    unpromised: run.unpromised,
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
