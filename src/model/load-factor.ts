import type { Law } from './law.js'
import type { ReplayJobs } from './replay.js'
import type { Scenario } from './scenario.js'
import type { Arrival } from './workload.js'

/** A law of times `factor` times as long: the same shape, every time stretched. */
export function stretchedLaw(law: Law, factor: number): Law {
  switch (law.kind) {
    case 'constant':
      return { ...law, seconds: law.seconds * factor }
    case 'exponential':
    case 'erlang':
    case 'lognormal':
      return { ...law, meanSeconds: law.meanSeconds * factor }
    case 'hyper-erlang':
      return { ...law, branches: law.branches.map((branch) => ({ ...branch, ratePerSecond: branch.ratePerSecond / factor })) }
    case 'phase-type':
      return { ...law, generator: scaled(law.generator, 1 / factor) }
    case 'uniform':
    case 'bounded-pareto':
      return { ...law, lowSeconds: law.lowSeconds * factor, highSeconds: law.highSeconds * factor }
    case 'empirical':
      return { ...law, seconds: law.seconds.map((seconds) => seconds * factor) }
  }
}

/**
 * The same question at `factor` times the load: every class’s jobs come so many times as often, in the same pattern (a day stays a day), with
 * the same work. A replayed trace has its gaps between submissions shortened instead, so that its day is shorter by the factor.
 */
export function withLoadFactor(
  scenario: Scenario,
  factor: number,
  replay?: ReplayJobs,
): { readonly scenario: Scenario; readonly replay?: ReplayJobs } {
  const classes = scenario.workload.classes.map((jobClass) => ({ ...jobClass, arrival: oftener(jobClass.arrival, factor) }))
  const { arrivals } = scenario.workload
  const together = arrivals && {
    ...arrivals,
    d0: scaled(arrivals.d0, factor),
    d1: Object.fromEntries(Object.entries(arrivals.d1).map(([name, rows]) => [name, scaled(rows, factor)])),
  }
  const asked = { ...scenario, workload: { ...scenario.workload, classes, ...(together ? { arrivals: together } : {}) } }
  if (!replay) return { scenario: asked }
  return { scenario: asked, replay: { ...replay, submitSeconds: replay.submitSeconds.map((seconds) => seconds / factor) } }
}

function oftener(arrival: Arrival, factor: number): Arrival {
  switch (arrival.kind) {
    case 'poisson':
      return { ...arrival, ratePerSecond: arrival.ratePerSecond * factor }
    case 'renewal':
      return { ...arrival, interarrival: stretchedLaw(arrival.interarrival, 1 / factor) }
    case 'map':
      return { ...arrival, d0: scaled(arrival.d0, factor), d1: scaled(arrival.d1, factor) }
    case 'time-of-day':
      return { ...arrival, ratePerSecond: arrival.ratePerSecond.map((rate) => rate * factor) }
    case 'marked':
    case 'replay':
      return arrival
  }
}

function scaled(matrix: readonly (readonly number[])[], factor: number): number[][] {
  return matrix.map((row) => row.map((rate) => rate * factor))
}
