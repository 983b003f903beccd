/**
 * A trace as a table of measurements: windows of time, each with what is known of its load and the response that was recorded of the jobs submitted in it.
 *
 * The load is that of the window itself, so that this asks how long jobs take under a given load and no forecast of the load. What was there before the window began (work left over, the response
 * of the window before) is known to everybody; the response of a simulated replay of all jobs is known to theory and grey only.
 */
import { type Caveat, caveat, isRefusal, type Refusal, refuse, type Trace } from '../../model/index.js'
import { quantile } from '../../num/index.js'
import { type AskedOfTrace, scenarioOfTrace } from '../scenario-of-trace.js'
import { simulatedTrace } from '../simulate.js'
import type { Observed } from './observed.js'
import { REPLAYED } from './whites.js'

export interface WindowQuestion {
  readonly windowSeconds: number
  readonly of: 'mean' | 'p95'
  readonly seed: number
}

const LEAST_JOBS = 10
const BEFORE = 'beforeSeconds'

/** The windows of a trace that have ten jobs or more with a recorded start. Refuses a trace without recorded starts, and one with too few such windows. */
export function observedWindows(
  trace: Trace,
  asked: AskedOfTrace,
  { windowSeconds, of, seed }: WindowQuestion,
): Observed | Refusal {
  const { startSeconds, submitSeconds, runSeconds } = trace.jobs
  if (!startSeconds)
    return refuse('no-data', 'the trace does not say when jobs began: there are no recorded responses to foresee')
  const made = scenarioOfTrace(trace, { ...asked, arrivals: 'replay' })
  if (isRefusal(made)) return made
  const { rows, replay, slots } = {
    rows: made.fitted.rows,
    replay: made.replay,
    slots: made.scenario.cluster.nodes[0]!.slots * made.scenario.cluster.nodes[0]!.count,
  }
  const played = simulatedTrace({ scenario: made.scenario, replay, seed })
  const simulated = isRefusal(played) ? undefined : played.jobs.endSeconds!.map((end, i) => end - played.jobs.submitSeconds[i]!)
  const first = submitSeconds[rows[0]!]!
  const count = Math.floor((submitSeconds[rows.at(-1)!]! - first) / windowSeconds) + 1
  const jobs: number[][] = Array.from({ length: count }, () => [])
  const backlog = new Float64Array(count)
  rows.forEach((row, job) => {
    const [submit, start] = [submitSeconds[row]! - first, startSeconds[row]! - first]
    const end = start + runSeconds[row]!
    jobs[Math.min(count - 1, Math.floor(submit / windowSeconds))]!.push(job)
    // work of this job that is still to be done as later windows begin
    for (let w = Math.floor(submit / windowSeconds) + 1; w < count && w * windowSeconds < end; w++)
      backlog[w]! += replay.slots[job]! * (end - Math.max(start, w * windowSeconds))
  })
  const columns: Record<string, number[]> = {
    arrivalRatePerSecond: [],
    meanServiceSeconds: [],
    servers: [],
    serviceScv: [],
    arrivalScv: [],
    meanSlots: [],
    offeredShare: [],
    backlogSeconds: [],
    [BEFORE]: [],
    ...(simulated ? { [REPLAYED]: [] } : {}),
  }
  const target: number[] = []
  let before: number | undefined
  for (let w = 0; w < count; w++) {
    const own = jobs[w]!.filter((job) => {
      const response = responseOf(job)
      return Number.isFinite(response) && response > 0
    })
    if (own.length < LEAST_JOBS) continue
    const responses = Float64Array.from(own, responseOf).sort()
    const observed = of === 'mean' ? average(responses) : quantile(responses, 0.95)
    const runs = own.map((job) => replay.runSeconds[job]!)
    const gaps = own.slice(1).map((job, i) => replay.submitSeconds[job]! - replay.submitSeconds[own[i]!]!)
    const meanSlots = average(own.map((job) => replay.slots[job]!))
    const work = own.reduce((sum, job) => sum + replay.runSeconds[job]! * replay.slots[job]!, 0)
    const row: Record<string, number> = {
      arrivalRatePerSecond: own.length / windowSeconds,
      meanServiceSeconds: average(runs),
      servers: Math.max(1, Math.round(slots / meanSlots)),
      serviceScv: scv(runs),
      arrivalScv: scv(gaps),
      meanSlots,
      offeredShare: work / (windowSeconds * slots),
      backlogSeconds: backlog[w]! / slots,
      [BEFORE]: before ?? observed,
      ...(simulated
        ? {
            [REPLAYED]: figure(
              own.map((job) => simulated[job]!),
              of,
            ),
          }
        : {}),
    }
    // the first window has nothing before it
    if (before !== undefined) {
      for (const [name, value] of Object.entries(row)) columns[name]!.push(value)
      target.push(observed)
    }
    before = observed
  }
  if (target.length < 12)
    return refuse(
      'no-data',
      `${target.length} windows of that length have ${LEAST_JOBS} jobs or more with a recorded start: too few to compare on`,
      { windows: target.length },
    )
  const caveats: Caveat[] = [
    ...(made.scenario.workload.caveats ?? []).map(({ code, message }) => ({ code, message })),
    caveat(
      'given-the-load',
      'the load of each window is taken as known: this is how long jobs take under a load, not a forecast of the load',
    ),
    caveat(
      'windows',
      `${target.length} of ${count} windows have ${LEAST_JOBS} jobs or more with a recorded start; the others are left out`,
      {
        numbers: { windows: count },
      },
    ),
    ...(simulated
      ? [
          caveat(
            'told-the-jobs',
            'the simulation is told who comes and how long each job runs; it is wrong only about the cluster and its policy',
          ),
        ]
      : [caveat('not-simulated', 'the trace could not be replayed, so no simulated response takes part')]),
  ]
  return {
    path: trace.source.path,
    name: `${of} response of a window`,
    samples: {
      features: {
        rows: target.length,
        names: Object.keys(columns),
        columns: Object.values(columns).map((column) => Float64Array.from(column)),
      },
      target: Float64Array.from(target),
    },
    unit: 's',
    ordered: true,
    before: BEFORE,
    ...(simulated ? { simulated: REPLAYED } : {}),
    caveats,
  }

  function responseOf(job: number): number {
    const row = rows[job]!
    return startSeconds![row]! - submitSeconds[row]! + runSeconds[row]!
  }
}

function figure(values: readonly number[], of: 'mean' | 'p95'): number {
  const known = Float64Array.from(values.filter((value) => Number.isFinite(value))).sort()
  if (known.length === 0) return 0
  return of === 'mean' ? average(known) : quantile(known, 0.95)
}

function average(values: ArrayLike<number>): number {
  let sum = 0
  for (let i = 0; i < values.length; i++) sum += values[i]!
  return sum / Math.max(1, values.length)
}

/** Squared coefficient of variation; 1 where it cannot be told. */
function scv(values: readonly number[]): number {
  const mean = average(values)
  if (values.length < 3 || !(mean > 0)) return 1
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length / mean ** 2
}
