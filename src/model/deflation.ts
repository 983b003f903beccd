import type { Policy } from './policy.js'
import type { JobClass } from './workload.js'

/** The drop ratio that a policy sets for a stage of a class, or (without a stage) for the data of a gang job. */
export function dropRatioOf(
  policy: Policy,
  className: string,
  stage?: { readonly name: string; readonly droppable: boolean },
): number {
  const ratio = policy.drop[className]
  if (ratio === undefined || stage?.droppable === false) return 0
  if (typeof ratio === 'number') return ratio
  return stage === undefined ? 0 : (ratio[stage.name] ?? 0)
}

/**
 * Share of a class’s data that is not processed: 1 − Π (1 − θ_s) over its stages, for stages that feed one another (specs/deflate.md 1.4, E12).
 */
export function droppedShare(policy: Policy, jobClass: JobClass): number {
  if (jobClass.work.kind !== 'stages') return dropRatioOf(policy, jobClass.name)
  const dropped = jobClass.work.stages.map((stage) => dropRatioOf(policy, jobClass.name, stage)).filter((ratio) => ratio > 0)
  // one stage: the ratio itself, without the rounding of 1 − (1 − θ)
  if (dropped.length <= 1) return dropped[0] ?? 0
  return 1 - dropped.reduce((kept, ratio) => kept * (1 - ratio), 1)
}
