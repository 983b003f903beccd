/** The pieces of a simulation that any thread can do. */
import { isRefusal, type Prediction, type Refusal, type ReplayJobs, type Scenario } from '../model/index.js'
import {
  type CompiledScenario,
  compileScenario,
  doWork,
  type ReplicationWork,
  type Run,
  type SimulateOptions,
  type Summary,
  simulateScenario,
  Workspace,
} from '../simulate/index.js'

/** Options that can be sent to a thread. */
export type PlainSimulateOptions = Omit<SimulateOptions, 'progress' | 'rule' | 'clock' | 'replay'>

/** What every thread is given once. */
export interface ThreadSetup {
  readonly replay?: ReplayJobs
  readonly options: PlainSimulateOptions
}

/** A piece of work: a replication of a scenario, or a scenario as a whole. */
export interface ThreadPiece {
  readonly scenario: Scenario
  readonly work?: ReplicationWork
}

export type ThreadAnswer = Run | Summary | Prediction | Refusal

/** Does pieces one after another: compiles a scenario once and uses the memory of one replication for the next. */
export function simulationWork({ replay, options }: ThreadSetup): (piece: ThreadPiece) => ThreadAnswer {
  const asked = { ...options, ...(replay ? { replay } : {}) }
  const space = new Workspace()
  let last: { readonly of: string; readonly compiled: CompiledScenario } | undefined
  let seen: unknown
  return ({ scenario, work }) => {
    if (work === undefined) return simulateScenario(scenario, asked)
    if (scenario !== seen) {
      const of = JSON.stringify(scenario)
      if (last?.of !== of) {
        const compiled = compileScenario(scenario, replay)
        if (isRefusal(compiled)) return compiled
        last = { of, compiled }
      }
      seen = scenario
    }
    return doWork(last!.compiled, asked, work, space)
  }
}

/** The columns of a whole run, which no later run writes to. */
export function columnsOf(answer: ThreadAnswer): ArrayBuffer[] {
  if (!('marks' in answer)) return []
  const { jobs, response, held, state } = answer
  const columns = [response, held, state, jobs.arrival, jobs.size, jobs.slots, jobs.classIndex]
  return [...new Set(columns.map(({ buffer }) => buffer as ArrayBuffer))]
}
