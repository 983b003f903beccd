import type { DropRatio, Policy } from './policy.js'
import type { JobClass, Stage } from './workload.js'

/** The drop ratio of one stage: none where it may not drop, by name where the ratio names stages. */
export function stageDropRatio(stage: Pick<Stage, 'name' | 'droppable'>, ratio: DropRatio): number {
  if (!stage.droppable) return 0
  return typeof ratio === 'number' ? ratio : (ratio[stage.name] ?? 0)
}

/** The drop ratio that a policy sets for a stage of a class, or (without a stage) for the data of a gang job. */
export function dropRatioOf(policy: Policy, className: string, stage?: Pick<Stage, 'name' | 'droppable'>): number {
  const ratio = policy.drop[className] ?? 0
  if (stage) return stageDropRatio(stage, ratio)
  return typeof ratio === 'number' ? ratio : 0
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
