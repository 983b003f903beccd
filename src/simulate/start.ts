/**
 * Starting from a cluster as it is: jobs that have been running for so long, jobs that wait in this order. A live queue is played forward so.
 */
import { type Refusal, type ReplayJobs, refuse } from '../model/index.js'
import { Rng } from '../num/index.js'
import type { CompiledClass, CompiledScenario } from './compile.js'
import type { InTheMidst, RunJobs, Standing } from './engine.js'
import { withFailures } from './failures.js'
import { StageSizes, withNeeds } from './jobs.js'
import { NodePool } from './nodePool.js'

/** A job that is there at the start. Times in seconds. */
export interface PresentJob {
  /** Name of its class. */
  readonly jobClass: string
  /** Slots; 1 where absent. */
  readonly slots?: number
  /** How long ago it was submitted. */
  readonly submittedAgoSeconds: number
  /** What it takes in all on its slots at speed 1, where that is known; else drawn from its class’s law, given what it ran already. */
  readonly sizeSeconds?: number
  readonly estimateSeconds?: number
  /** Of a job of stages on shared slots: the stage that it is in; the first where absent. */
  readonly stage?: string
  /** Of a job of tasks (stages, array): how many tasks of that stage have ended; none where absent. */
  readonly tasksEnded?: number
  /** And how long each of those that run has been running. */
  readonly tasksRanSeconds?: readonly number[]
}

/** Who is there at time 0. */
export interface ClusterState {
  readonly running: readonly (PresentJob & { readonly ranSeconds: number })[]
  /** In the order of the queue. */
  readonly waiting: readonly PresentJob[]
}

/** The jobs of a run with those present put before them, and where the engine is to start. */
export function withPresent(
  compiled: CompiledScenario,
  state: ClusterState,
  jobs: RunJobs,
  chance: { readonly seed: number; readonly replication: number },
): { readonly jobs: RunJobs; readonly start: InTheMidst } {
  const present = [...state.running, ...state.waiting]
  const n = present.length
  const count = n + jobs.count
  const index = new Map(compiled.classes.map(({ name }, k) => [name, k]))
  const arrival = new Float64Array(count)
  const size = new Float64Array(count)
  const slots = new Int32Array(count)
  const classIndex = new Uint16Array(count)
  const estimate = new Float64Array(count)
  const rng = new Rng(chance.seed, `replication ${chance.replication}/present`)
  present.forEach((job, i) => {
    const k = index.get(job.jobClass)!
    const ran = 'ranSeconds' in job ? (job as { ranSeconds: number }).ranSeconds : 0
    arrival[i] = -job.submittedAgoSeconds
    classIndex[i] = k
    const byTask = compiled.byTask && compiled.classes[k].stages !== undefined
    slots[i] = compiled.exclusive || byTask ? 1 : (job.slots ?? 1)
    size[i] = byTask ? 0 : (job.sizeSeconds ?? drawBeyond(compiled, compiled.classes[k], ran, rng, i))
    estimate[i] = job.estimateSeconds ?? size[i]
  })
  arrival.set(jobs.arrival, n)
  size.set(jobs.size, n)
  slots.set(jobs.slots, n)
  classIndex.set(jobs.classIndex, n)
  estimate.set(jobs.estimate ?? jobs.size, n)
  const ranSeconds = Float64Array.from(state.running, ({ ranSeconds: ran }) => ran)
  const tasks = present.map((job): Standing | undefined => {
    const { stages } = compiled.classes[index.get(job.jobClass)!]
    if (!compiled.byTask || stages === undefined) return undefined
    const stage = Math.max(
      0,
      stages.findIndex(({ name }) => name === job.stage),
    )
    return { stage, ended: job.tasksEnded ?? 0, ran: job.tasksRanSeconds ?? [] }
  })
  const failures = withPresentFailures(compiled, { count, arrival, size, slots, classIndex, estimate }, jobs, ranSeconds, chance)
  return {
    jobs: withNeeds(compiled, { count, arrival, size, slots, classIndex, estimate, ...(failures ? { failures } : {}) }),
    start: { running: state.running.length, waiting: state.waiting.length, ranSeconds, tasks },
  }
}

/** The failures of those who come, as they would meet them anyway, after those of who is there, drawn apart: a running job has not failed yet. */
function withPresentFailures(
  compiled: CompiledScenario,
  all: RunJobs,
  coming: RunJobs,
  ranSeconds: Float64Array,
  chance: { readonly seed: number; readonly replication: number },
): RunJobs['failures'] {
  if (coming.failures === undefined) return undefined
  const n = all.count - coming.count
  const mine = withFailures(compiled, { ...all, count: n }, chance.seed, chance.replication, { ranSeconds }).failures!
  const first = new Int32Array(all.count + 1)
  first.set(mine.first)
  for (let i = 0; i <= coming.count; i++) first[n + i] = mine.first[n] + coming.failures.first[i]
  const givenUp = new Uint8Array(all.count)
  givenUp.set(mine.givenUp)
  givenUp.set(coming.failures.givenUp, n)
  const both = new Float64Array(mine.after.length + coming.failures.after.length)
  both.set(mine.after)
  both.set(coming.failures.after, mine.after.length)
  return { first, after: both, givenUp }
}

/** What is wrong with a state for this scenario. */
export function checkState(compiled: CompiledScenario, state: ClusterState, replay?: ReplayJobs): Refusal | undefined {
  if (replay) return refuse('unsupported', 'a start from a given state goes with arrivals from laws, not with a replayed trace')
  const names = new Set(compiled.classes.map(({ name }) => name))
  const stranger = [...state.running, ...state.waiting].find(({ jobClass }) => !names.has(jobClass))
  if (stranger)
    return refuse('unsupported', `the state has a job of class ${stranger.jobClass}, which the scenario does not know`)
  for (const job of [...state.running, ...state.waiting]) {
    const { stages, name } = compiled.classes.find((one) => one.name === job.jobClass)!
    const byTask = compiled.byTask && stages !== undefined
    if (!byTask && (job.stage !== undefined || job.tasksEnded !== undefined || job.tasksRanSeconds !== undefined))
      return refuse('unsupported', `the state tells of tasks of a job of class ${name}, whose jobs are not run task by task`)
    if (job.stage !== undefined && !stages!.some((stage) => stage.name === job.stage))
      return refuse('unsupported', `the state has a job of class ${name} in a stage ${job.stage}, which that class does not have`)
  }
  return placeable(compiled, state)
}

/** Do those who run fit on the nodes together, placed one after another? */
function placeable(compiled: CompiledScenario, { running }: ClusterState): Refusal | undefined {
  const pool = compiled.pool(running.reduce((sum, job) => sum + 1 + (job.tasksRanSeconds?.length ?? 0), 0))
  if (pool instanceof NodePool)
    pool.expect(
      running.length,
      Int32Array.from(running, ({ slots }) => slots ?? 1),
    )
  let holder = 0
  let held = 0
  for (const [i, job] of running.entries()) {
    const { stages, needs } = compiled.classes.find((one) => one.name === job.jobClass)!
    const byTask = compiled.byTask && stages !== undefined
    const stage = byTask
      ? stages[
          Math.max(
            0,
            stages.findIndex(({ name }) => name === job.stage),
          )
        ]!
      : undefined
    const slots = compiled.exclusive ? 1 : (stage?.slotsPerTask ?? job.slots ?? 1)
    if (pool instanceof NodePool) pool.setNeeds(i, slots, stage ? stage.needs : needs)
    for (let unit = stage ? (job.tasksRanSeconds?.length ?? 0) : 1; unit > 0; unit--) {
      held += slots
      if (!pool.fits(slots, i))
        return held > compiled.capacity
          ? refuse('infeasible', 'the running jobs of the state hold more slots than the cluster has', {
              held,
              slots: compiled.capacity,
            })
          : refuse('infeasible', 'the running jobs of the state do not fit on the nodes together, placed one after another', {
              held,
            })
      pool.take(holder++, slots, i)
    }
  }
  return undefined
}

const MOST_DRAWS = 2000

/** A size of the class that is longer than what the job ran: drawn again until it is; a law that never reaches so far gives a little more. */
function drawBeyond(compiled: CompiledScenario, jobClass: CompiledClass, ran: number, rng: Rng, nth: number): number {
  const out = new Float64Array(1)
  const staged = jobClass.stages ? new StageSizes(jobClass.stages, compiled.slotSpeeds, rng.stream(`job ${nth}`)) : undefined
  for (let i = 0; i < MOST_DRAWS; i++) {
    if (staged) out[0] = staged.size(i)
    else jobClass.runTime!(rng, out, 0, 1)
    const drawn = out[0] * jobClass.keptShare
    if (drawn > ran) return drawn
  }
  return ran * 1.01
}
