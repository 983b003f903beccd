/** The scenario of a trial with what was measured on the cluster in the place of what its file assumed. */
import type { AccuracyCurve, Cluster, JobClass, Law, Observation, Scenario, Stage } from '../../model/index.js'
import type { Rng } from '../../num/index.js'
import { meanOf } from './figures.js'
import { type Profiled, processorBoundOf, type StageTimes } from './profile.js'

/** Measured times below this are rounding of a clock, not time. */
const LEAST_SECONDS = 1e-4
/** What is seen to take less than this is the time of a look. */
const LEAST_EVICTION_SECONDS = 0.2

/**
 * Task times become the measured ones (each with the time until its slot is taken up again, but for the last stage, whose end is that of the job), setups likewise, the share
 * of each stage that a sprint speeds up is what it was seen to be, an eviction takes as long as one took and the evicted are held back for as long as a job was that was begun anew, and the nodes are those that were seen.
 */
export function calibrated(
  scenario: Scenario,
  profiled: Profiled,
  nodes: Observation['nodes'],
  options: { readonly sprintSpeed?: number; readonly accuracy: ReadonlyMap<string, AccuracyCurve> },
): Scenario {
  const turnaround = profiled.turnaround.length > 0 ? meanOf(profiled.turnaround) : 0
  const classes = scenario.workload.classes.map((jobClass): JobClass => {
    const measured = profiled.classes.find(({ name }) => name === jobClass.name)
    const { work } = jobClass
    if (!measured || work.kind !== 'stages') return jobClass
    const accuracy = options.accuracy.get(jobClass.name)
    const stages = work.stages.map((stage, s) =>
      measuredStage(stage, measured.stages[s], {
        turnaround: s + 1 < work.stages.length ? turnaround : 0,
        before: s > 0 ? turnaround : 0,
        ...(options.sprintSpeed === undefined ? {} : { sprintSpeed: options.sprintSpeed }),
      }),
    )
    return { ...jobClass, work: { ...work, stages }, ...(accuracy ? { accuracy } : {}) }
  })
  const [restartDelaySeconds, evictionSeconds] = [profiled.restart, profiled.eviction].map((seconds) => {
    const mean = seconds.length > 0 ? meanOf(seconds) : 0
    return mean > LEAST_EVICTION_SECONDS ? mean : 0
  })
  const costs = restartDelaySeconds + evictionSeconds > 0
  const policy = costs ? { ...scenario.policy, preemption: { restartDelaySeconds, evictionSeconds } } : scenario.policy
  return {
    ...scenario,
    policy,
    workload: { ...scenario.workload, classes },
    cluster: { ...scenario.cluster, nodes: nodeGroups(nodes) },
  }
}

/** The same measurements as they might have been: every column of times drawn anew from itself, with replacement (Efron, 1979). */
export function resampled(profiled: Profiled, rng: Rng): Profiled {
  const anew = (values: readonly number[]): number[] => values.map(() => values[rng.below(values.length)])
  return {
    ...profiled,
    turnaround: anew(profiled.turnaround),
    classes: profiled.classes.map((one) => ({
      ...one,
      stages: one.stages.map((stage) => ({
        ...stage,
        task: anew(stage.task),
        setup: anew(stage.setup),
        sprinted: anew(stage.sprinted),
      })),
    })),
  }
}

function measuredStage(
  stage: Stage,
  times: StageTimes | undefined,
  { turnaround, before, sprintSpeed }: { readonly turnaround: number; readonly before: number; readonly sprintSpeed?: number },
): Stage {
  if (!times) return stage
  const { setup: _assumed, ...rest } = stage
  // the slot time of the stage before has its turnaround in it already
  const setup = times.setup.map((seconds) => Math.max(0, seconds - before))
  const speedUp = times.sprinted.length > 0 ? meanOf(times.task) / meanOf(times.sprinted) : undefined
  return {
    ...rest,
    taskTime: empirical(times.task.map((seconds) => seconds + turnaround)),
    ...(meanOf(setup) > LEAST_SECONDS ? { setup: empirical(setup) } : {}),
    ...(speedUp !== undefined && sprintSpeed !== undefined ? { processorBound: processorBoundOf(speedUp, sprintSpeed) } : {}),
  }
}

function empirical(values: readonly number[]): Law {
  return { kind: 'empirical', seconds: values.map((seconds) => Math.max(LEAST_SECONDS, seconds)).sort((a, b) => a - b) }
}

/** Nodes that are up, those with as many slots together. */
function nodeGroups(nodes: Observation['nodes']): Cluster['nodes'] {
  const counts = new Map<number, number>()
  for (const { slots, state } of nodes) if (state === 'up' && slots > 0) counts.set(slots, (counts.get(slots) ?? 0) + 1)
  return [...counts].map(([slots, count]) => ({ name: `${slots} slots`, count, slots, speed: 1 }))
}
