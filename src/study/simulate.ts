/** Simulations on several threads: one answer faster, or one knob over a grid of values. */
import { inSharedMemory, openThreads } from '../drivers/index.js'
import { isRefusal, type Prediction, type Refusal, type ReplayJobs, type Scenario, type Trace } from '../model/index.js'
import {
  compileScenario,
  type Run,
  replayedJobs,
  replicate,
  runJobs,
  type SimulateOptions,
  type Summary,
  simulateElsewhere,
  simulateScenario,
} from '../simulate/index.js'
import {
  type PlainSimulateOptions,
  simulationWork,
  type ThreadAnswer,
  type ThreadPiece,
  type ThreadSetup,
} from './simulate-work.js'

export interface SimulateRequest extends PlainSimulateOptions {
  readonly scenario: Scenario
  readonly replay?: ReplayJobs
  readonly threads?: number
  readonly progress?: (share: number) => void
}

const THREAD = new URL('./simulate-thread.js', import.meta.url)

/**
 * How the scenario fares, its replications spread over threads. The answer does not depend on how many there are, but for what it cost.
 * A replayed trace is one path, which one thread walks.
 */
export async function simulate({
  scenario,
  replay,
  threads = 1,
  progress,
  ...options
}: SimulateRequest): Promise<Prediction | Refusal> {
  const asked: SimulateOptions = {
    ...options,
    ...(replay ? { replay } : {}),
    ...(progress ? { progress } : {}),
    clock: () => performance.now() / 1000,
  }
  if (threads <= 1 || replay) return simulateScenario(scenario, asked)
  // this thread is one of them: it begins while the others load, and there is no work for it otherwise
  const pool = openThreads<ThreadSetup, ThreadPiece, ThreadAnswer>(THREAD, { options }, threads, simulationWork)
  return closing(pool, () =>
    simulateElsewhere(
      scenario,
      asked,
      async (work) => (await pool.map(work.map((piece) => ({ scenario, work: piece })))) as (Run | Summary)[],
    ),
  )
}

/** Each scenario’s answer, whole scenarios spread over threads, all on the same luck. */
export async function simulateMany(
  scenarios: readonly Scenario[],
  { replay, threads = 1, progress, ...options }: Omit<SimulateRequest, 'scenario'>,
): Promise<(Prediction | Refusal)[]> {
  if (threads <= 1) {
    return scenarios.map((scenario, i) => {
      const answer = simulateScenario(scenario, { ...options, ...(replay ? { replay } : {}) })
      progress?.((i + 1) / scenarios.length)
      return answer
    })
  }
  const setup: ThreadSetup = { options, ...(replay ? { replay: inSharedMemory(replay) } : {}) }
  const pool = openThreads<ThreadSetup, ThreadPiece, ThreadAnswer>(THREAD, setup, Math.min(threads, scenarios.length))
  return closing(pool, async () => {
    const pieces = scenarios.map((scenario) => ({ scenario }))
    return (await pool.map(pieces, (done) => progress?.(done / pieces.length))) as (Prediction | Refusal)[]
  })
}

async function closing<T>(pool: { close(): Promise<void> }, use: () => Promise<T>): Promise<T> {
  try {
    return await use()
  } finally {
    await pool.close()
  }
}

/**
 * The jobs of one simulation as a trace, which every other part of halftone can read: the replay of a trace, or the first replication of laws.
 * The queue of a job is its class. A job that was interrupted has its start put so that end − start is what it ran. A job that took slots task by task
 * has the most slots that it held at once, and as `slotShare` the part of them that it held on average: slots × share × run time is what it held.
 */
export function simulatedTrace({ scenario, replay, seed, jobsPerReplication, horizonSeconds }: SimulateRequest): Trace | Refusal {
  const compiled = compileScenario(scenario, replay)
  if (isRefusal(compiled)) return compiled
  const run =
    compiled.replayed && replay
      ? runJobs(compiled, replayedJobs(compiled, replay), horizonSeconds)
      : replicate(
          compiled,
          { seed, ...(horizonSeconds === undefined ? {} : { horizonSeconds }) },
          0,
          jobsPerReplication ?? 100_000,
        )
  const { jobs, response, held, state, slotSeconds, mostSlots } = run
  const n = state.reduce((sum, one) => sum + (one === 0 ? 0 : 1), 0)
  const end = Float64Array.from({ length: n }, (_, i) => (state[i] === 3 ? jobs.arrival[i] + response[i] : Number.NaN))
  return {
    schema: 'halftone/trace/1',
    source: { path: scenario.name, format: 'simulation', rows: n, used: n, bytes: 0 },
    unit: 'job',
    slotUnit: 'task',
    clock: { kind: 'relative' },
    jobs: {
      count: n,
      submitSeconds: jobs.arrival.slice(0, n),
      startSeconds: end.map((time, i) => time - held[i]),
      endSeconds: end,
      runSeconds: end.map((time, i) => (Number.isNaN(time) ? time : held[i])),
      slots: Float64Array.from(jobs.slots.subarray(0, n), (k, i) => mostSlots?.[i] || k),
      ...(slotSeconds && mostSlots
        ? {
            slotShare: Float64Array.from({ length: n }, (_, i) =>
              held[i] > 0 && mostSlots[i] > 0 ? Math.min(1, slotSeconds[i] / (held[i] * mostSlots[i])) : Number.NaN,
            ),
          }
        : {}),
      outcome: Uint8Array.from(state.subarray(0, n), (one) => (one === 3 ? 1 : 7)),
      queue: {
        codes: Int32Array.from(jobs.classIndex.subarray(0, n)),
        labels: scenario.workload.classes.map(({ name }) => name),
      },
      priority: Float64Array.from(jobs.classIndex.subarray(0, n), (k) => scenario.workload.classes[k]!.priority),
    },
    priorityOrder: 'smaller-first',
    issues: { counts: [], kept: [] },
    notes: [{ code: 'simulated', message: `simulated under policy ${scenario.policy.name}, seed ${seed}` }],
  }
}
