/**
 * Which tasks of a live job are withdrawn at a drop ratio: ⌈n (1 − θ)⌉ of a stage’s n tasks are kept, the others chosen among those that have
 * not begun, at random by a seed (the same job and stage, the same choice) or evenly spread over the stage. A stage of which more tasks have
 * begun than are to be kept is left alone, and so is one whose tasks cannot be told apart once some were withdrawn by somebody else.
 */
import { keptTasks, type ObservedStage, type Work } from '../model/index.js'
import { Rng } from '../num/index.js'

export type TaskChoice = 'random' | 'even'

/** The tasks to withdraw so that the stage keeps ⌈n (1 − θ)⌉; empty where there is nothing to do or it is too late. */
export function tasksToWithdraw(
  stage: ObservedStage,
  dropRatio: number,
  choice: TaskChoice,
  seed: number,
  job: string,
): number[] {
  const kept = keptTasks(stage.tasks, dropRatio)
  const wanted = stage.tasks - kept - stage.withdrawn
  const begun = stage.running + stage.ended
  if (wanted <= 0 || begun > kept) return []
  if (stage.each === undefined && stage.withdrawn > 0) return []
  // where tasks are not told one by one: they start in their order
  const pending = stage.each
    ? stage.each.filter(({ state }) => state === 'pending').map(({ index }) => index)
    : Array.from({ length: stage.tasks - begun }, (_, i) => begun + i)
  if (pending.length < wanted) return []
  return (
    choice === 'even' ? evenly(pending, wanted) : sampled(pending, wanted, new Rng(seed, `drop ${job} ${stage.name}`))
  ).sort((a, b) => a - b)
}

/** The drop ratio of a stage: by its name, or the class’s one number where the stage may drop tasks. */
export function dropRatioOf(
  ratio: number | Readonly<Record<string, number>>,
  stage: ObservedStage,
  work: Work | undefined,
): number {
  if (typeof ratio !== 'number') return ratio[stage.name] ?? 0
  const known =
    work?.kind === 'stages'
      ? work.stages.find(({ name }) => name === stage.name)?.droppable
      : work?.kind === 'array'
        ? work.droppable
        : undefined
  return (stage.droppable ?? known ?? true) ? ratio : 0
}

function evenly(pending: readonly number[], wanted: number): number[] {
  return Array.from({ length: wanted }, (_, i) => pending[Math.floor(((i + 0.5) * pending.length) / wanted)]!)
}

/** The first `wanted` of a shuffle (Fisher and Yates). */
function sampled(pending: readonly number[], wanted: number, rng: Rng): number[] {
  const shuffled = [...pending]
  for (let i = 0; i < wanted; i++) {
    const j = i + rng.below(shuffled.length - i)
    ;[shuffled[i], shuffled[j]] = [shuffled[j]!, shuffled[i]!]
  }
  return shuffled.slice(0, wanted)
}
