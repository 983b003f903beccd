/** What was measured while a policy was played, in the words of a report. */
import {
  type AccuracyCurve,
  caveat,
  type Estimate,
  lossOf,
  type Policy,
  type Scenario,
  type TrialClass,
  type TrialPolicy,
} from '../../model/index.js'
import { meanEstimateOf, measuredFigures } from './figures.js'
import { clusterFigures, type Foreseen } from './foresee.js'
import type { Played } from './play.js'

export interface MeasuredRequest {
  /** As it was calibrated. */
  readonly scenario: Scenario
  readonly policy: Policy
  readonly slots: number
  readonly played: Played
  readonly foreseen: Foreseen | undefined
  /** By class: the loss of each job’s result against the full one, where it could be measured. */
  readonly losses: ReadonlyMap<string, readonly number[]>
  /** By class, in the long run. */
  readonly steady: ReadonlyMap<string, NonNullable<TrialClass['steady']>>
}

/** Measured and foreseen of one policy, side by side. */
export function trialPolicy(request: MeasuredRequest): TrialPolicy {
  const { scenario, policy, played, foreseen } = request
  const names = scenario.workload.classes.map(({ name }) => name)
  const caveats = played.refused.map((message) => caveat('action-refused', `the cluster refused ${message}`))
  const classes = names.flatMap((name, k): TrialClass[] => {
    const mine = played.jobs.filter(({ classIndex }) => classIndex === k)
    const ended = mine.filter(({ state, endSeconds }) => state === 'complete' && endSeconds !== undefined)
    const measured = measuredFigures(ended.map((job) => job.endSeconds! - job.submitSeconds))
    if (!measured) return []
    const steady = request.steady.get(name)
    return [
      {
        name,
        jobs: ended.length,
        unfinished: mine.length - ended.length,
        measured,
        ...(foreseen?.classes[k] ? { predicted: foreseen.classes[k] } : {}),
        ...(steady ? { steady } : {}),
        accuracyLoss: accuracyLoss(request, name),
      },
    ]
  })
  const unfinished = played.jobs.filter(({ state }) => state === 'unfinished').length
  if (unfinished > 0)
    caveats.push(
      caveat('unfinished', `${unfinished} jobs had not ended when the time was up: measured responses are those of the others`, {
        numbers: { unfinished },
      }),
    )
  const failed = played.jobs.length - unfinished - classes.reduce((sum, { jobs }) => sum + jobs, 0)
  if (failed > 0) caveats.push(caveat('failed-jobs', `${failed} jobs ended without a result`, { numbers: { failed } }))
  return {
    policy,
    startedAtSeconds: played.startedAtSeconds,
    tookSeconds: played.seconds,
    classes,
    measured: measuredCluster(request),
    ...(foreseen ? { predicted: foreseen.cluster } : {}),
    energySource:
      played.metered?.source ??
      'modelled: watts linear in busy and sprinting slots, as the scenario’s cluster.power says (no meter)',
    actions: { ...played.actions },
    timeline: {
      tasks: [...played.tasks],
      sprints: [...played.sprints],
      atSeconds: played.looks.map(({ atSeconds }) => atSeconds),
      present: Object.fromEntries(names.map((name, k) => [name, played.looks.map(({ present }) => present[k] ?? 0)])),
      ...(played.looks.some(({ budget }) => budget !== undefined)
        ? { budget: played.looks.map(({ budget }) => budget ?? 0) }
        : {}),
    },
    caveats,
  }
}

/** Losses that were measured on results, beside what the accuracy curve says of the drop ratio. */
function accuracyLoss({ scenario, policy, losses }: MeasuredRequest, name: string): TrialClass['accuracyLoss'] {
  const jobClass = scenario.workload.classes.find((one) => one.name === name)!
  const measured = losses.get(name)
  const predicted = predictedLoss(jobClass.accuracy, policy.drop[name])
  return {
    ...(measured && measured.length > 0 ? { measured: meanEstimateOf(measured) } : {}),
    ...(predicted ? { predicted } : {}),
  }
}

function predictedLoss(curve: AccuracyCurve | undefined, drop: Policy['drop'][string] | undefined): Estimate | undefined {
  if (!curve) return undefined
  return lossOf(curve, typeof drop === 'number' ? drop : Math.max(0, ...Object.values(drop ?? {})))
}

/** Busy, sprinting and wasted slot time of the attempts that were seen, as shares and energy. */
function measuredCluster({ scenario, policy, slots, played }: MeasuredRequest): TrialPolicy['measured'] {
  let [busy, seenLost, sprinting] = [0, 0, 0]
  for (const task of played.tasks) {
    const seconds = task.endSeconds - task.startSeconds
    busy += seconds
    if (task.lost) seenLost += seconds
    for (const sprint of played.sprints)
      if (sprint.job === task.job)
        sprinting += Math.max(0, Math.min(sprint.endSeconds, task.endSeconds) - Math.max(sprint.startSeconds, task.startSeconds))
  }
  // attempts that began and were evicted between two looks are known to the cluster alone
  const lost = Math.max(
    seenLost,
    played.jobs.reduce((sum, { wastedSeconds }) => sum + (wastedSeconds ?? 0), 0),
  )
  busy += lost - seenLost
  const last = played.tasks.reduce((latest, { endSeconds }) => Math.max(latest, endSeconds), 0)
  const figures = clusterFigures({ ...scenario, policy }, { seconds: last, busy, lost, sprinting }, slots)
  const sprintSeconds = played.sprints.reduce((sum, { startSeconds, endSeconds }) => sum + endSeconds - startSeconds, 0)
  const metered = played.metered ? { powerWatts: played.metered.watts, energyJoules: played.metered.watts * last } : {}
  return { ...figures, ...metered, sprintSeconds }
}
