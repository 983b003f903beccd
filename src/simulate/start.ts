/**
 * Starting from a cluster as it is: jobs that have been running for so long, jobs that wait in this order. A live queue is played forward so.
 */
import { type Refusal, type ReplayJobs, refuse } from '../model/index.js'
import { Rng } from '../num/index.js'
import type { CompiledClass, CompiledScenario } from './compile.js'
import type { InTheMidst, RunJobs } from './engine.js'
import { StageSizes } from './jobs.js'

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
    slots[i] = compiled.exclusive ? 1 : (job.slots ?? 1)
    size[i] = job.sizeSeconds ?? drawBeyond(compiled, compiled.classes[k], ran, rng, i)
    estimate[i] = job.estimateSeconds ?? size[i]
  })
  arrival.set(jobs.arrival, n)
  size.set(jobs.size, n)
  slots.set(jobs.slots, n)
  classIndex.set(jobs.classIndex, n)
  estimate.set(jobs.estimate ?? jobs.size, n)
  const ranSeconds = Float64Array.from(state.running, ({ ranSeconds: ran }) => ran)
  return {
    jobs: { count, arrival, size, slots, classIndex, estimate },
    start: { running: state.running.length, waiting: state.waiting.length, ranSeconds },
  }
}

/** What is wrong with a state for this scenario. */
export function checkState(compiled: CompiledScenario, state: ClusterState, replay?: ReplayJobs): Refusal | undefined {
  if (compiled.byTask)
    return refuse('unsupported', 'a start from a given state is for gangs or the exclusive engine, not for tasks on shared slots')
  if (replay) return refuse('unsupported', 'a start from a given state goes with arrivals from laws, not with a replayed trace')
  const names = new Set(compiled.classes.map(({ name }) => name))
  const stranger = [...state.running, ...state.waiting].find(({ jobClass }) => !names.has(jobClass))
  if (stranger)
    return refuse('unsupported', `the state has a job of class ${stranger.jobClass}, which the scenario does not know`)
  const used = state.running.reduce((sum, job) => sum + (compiled.exclusive ? 1 : (job.slots ?? 1)), 0)
  if (used > compiled.capacity)
    return refuse('infeasible', 'the running jobs of the state hold more slots than the cluster has', {
      held: used,
      slots: compiled.capacity,
    })
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
