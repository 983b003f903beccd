/**
 * Policies compared on the same luck: every replication draws its jobs once for all of them, and intervals are put around the differences
 * replication by replication. That takes far fewer jobs than comparing two separate answers.
 */
import { isRefusal, type PairedDifference, type Policy, type Prediction, type Refusal, type Scenario } from '../model/index.js'
import { type CompiledScenario, compileScenario } from './compile.js'
import { differenceEstimate } from './estimates.js'
import { replayedJobs } from './jobs.js'
import { loadOf } from './load.js'
import {
  assemble,
  BATCHES,
  FIRST_REPLICATIONS,
  horizonCaveats,
  JOBS_AT_MOST,
  jobsFor,
  LAST_MEASURED,
  replicate,
  type SimulateOptions,
  simulateScenario,
  singlePath,
  unstable,
} from './predictor.js'
import { MARKS, type Run, responseSeries, runJobs, type Summary, summarise } from './run.js'
import { warmUpBatches } from './warmup.js'

export interface Compared {
  readonly policy: Policy
  readonly outcome: Prediction | Refusal
  /** Absent for the first policy, and where either was refused. */
  readonly against?: readonly PairedDifference[]
}

/** Every policy on the same scenario and the same luck. `options.replications` replications each, by default until means are sharp. */
export function comparePolicies(scenario: Scenario, policies: readonly Policy[], options: SimulateOptions): Compared[] {
  const compiled = policies.map((policy) => compileScenario({ ...scenario, policy }, options.replay, options.rule))
  const ready = compiled.map((one) => {
    if (isRefusal(one)) return one
    return one.replayed || options.horizonSeconds !== undefined ? one : (unstable(one) ?? one)
  })
  const able = ready.flatMap((one) => (isRefusal(one) ? [] : [one]))
  if (able.length === 0) return policies.map((policy, i) => ({ policy, outcome: ready[i] as Refusal }))
  const parts = able[0].replayed ? replayParts(able, options) : lawParts(able, options)
  let at = 0
  let first: readonly Summary[] | undefined
  return policies.map((policy, i) => {
    const one = ready[i]
    if (isRefusal(one)) return { policy, outcome: one }
    const part = parts[at++]
    const outcome =
      part === undefined
        ? simulateScenario({ ...scenario, policy }, options)
        : assemble(one, part.batches, part.whole, part.method, [
            ...(part.whole ? [singlePath(part.whole.simulatedJobs)] : []),
            ...horizonCaveats(options, part.whole ? [part.whole] : part.batches),
          ])
    if (part === undefined) return { policy, outcome }
    if (i === 0) first = part.batches
    return { policy, outcome, ...(i > 0 && first ? { against: differences(one, part.batches, first) } : {}) }
  })
}

interface Part {
  readonly batches: readonly Summary[]
  readonly whole?: Summary
  readonly method: string
}

function differences(compiled: CompiledScenario, mine: readonly Summary[], first: readonly Summary[]): PairedDifference[] {
  return compiled.classes.map(({ name }, k) => {
    const means: number[] = []
    const tails: number[] = []
    mine.forEach((summary, r) => {
      const a = summary.classes[k]
      const b = first[r].classes[k]
      if (a.jobs === 0 || b.jobs === 0) return
      means.push(a.response.sum / a.jobs - b.response.sum / b.jobs)
      tails.push(a.response.quantiles![1] - b.response.quantiles![1])
    })
    return {
      name,
      response: { mean: differenceEstimate(means), ...(tails.length > 0 ? { p95: differenceEstimate(tails) } : {}) },
    }
  })
}

function lawParts(compiled: readonly CompiledScenario[], options: SimulateOptions): Part[] {
  const transient = options.horizonSeconds !== undefined
  const jobsAtMost = (options.jobsAtMost ?? JOBS_AT_MOST) / compiled.length
  const first = options.replications ?? FIRST_REPLICATIONS
  const jobs = options.jobsPerReplication ?? Math.max(...compiled.map((one) => jobsFor(one, loadOf(one), jobsAtMost, first)))
  const most = options.replications ?? Math.max(first, Math.floor(jobsAtMost / jobs))
  const precision = options.precision ?? 0.05
  const summaries: Summary[][] = compiled.map(() => [])
  const sumUp = (one: CompiledScenario, run: Run, warm: number): Summary =>
    summarise(run, one.classes.length, warm, transient ? MARKS : LAST_MEASURED)
  const pilots = compiled.map((one) =>
    Array.from({ length: Math.min(first, FIRST_REPLICATIONS) }, (_, r) => replicate(one, options, r, jobs)),
  )
  // one warm-up for all: the longest that any of them needs
  const warm = transient ? 0 : Math.max(...pilots.map((runs) => warmUpBatches(runs.map(responseSeries)).batches))
  pilots.forEach((runs, i) => {
    for (const run of runs.splice(0)) summaries[i].push(sumUp(compiled[i], run, warm))
  })
  for (;;) {
    const done = summaries[0].length
    options.progress?.(Math.min(0.99, done / most))
    if (done >= most || (options.replications === undefined && widest(summaries) <= precision)) break
    compiled.forEach((one, i) => {
      summaries[i].push(sumUp(one, replicate(one, options, done, jobs), warm))
    })
  }
  options.progress?.(1)
  return summaries.map((batches) => ({
    batches,
    method: `${batches.length} replications of ${jobs} jobs, the same for all policies`,
  }))
}

function widest(all: readonly (readonly Summary[])[]): number {
  let worst = 0
  for (const summaries of all) {
    summaries[0].classes.forEach((_, k) => {
      const means = summaries.flatMap(({ classes }) => (classes[k].jobs > 0 ? [classes[k].response.sum / classes[k].jobs] : []))
      const { value, high } = differenceEstimate(means)
      if (value > 0) worst = Math.max(worst, (high - value) / value)
    })
  }
  return worst
}

function replayParts(compiled: readonly CompiledScenario[], options: SimulateOptions): (Part | undefined)[] {
  if (options.replay === undefined) return compiled.map(() => undefined)
  return compiled.map((one, i) => {
    const run = runJobs(one, replayedJobs(one, options.replay!, options.seed), options.horizonSeconds)
    const step = MARKS / BATCHES
    const batches = Array.from({ length: BATCHES }, (_, b) => summarise(run, one.classes.length, b * step, (b + 1) * step))
    options.progress?.((i + 1) / compiled.length)
    return { batches, whole: summarise(run, one.classes.length), method: `replay of ${run.jobs.count} jobs` }
  })
}
