/** Levers: what of which job, node or cluster an action moves. Two actions on one lever replace each other. */
import { type ClusterAction, type Observation, type Undo, undoOf } from '../model/index.js'
import type { Step } from './steps.js'

export function leverOf(action: ClusterAction): string {
  switch (action.kind) {
    case 'submit':
      return `submit ${action.spec.key}`
    case 'discipline':
      return 'discipline'
    case 'drain':
    case 'resume':
      return `node ${action.node}`
    case 'deflate':
    case 'inflate':
      return `tasks ${action.job} ${action.stage}`
    case 'hold':
    case 'release':
      return `hold ${action.job}`
    default:
      return `${action.kind} ${action.job}`
  }
}

export const sameAction = (a: ClusterAction, b: ClusterAction): boolean => JSON.stringify(a) === JSON.stringify(b)

/** An action on a lever that was moved before goes back to where the lever was before that. */
export function undoFor(action: ClusterAction, before: Step | undefined, seen: Observation): Undo {
  const moves = action.kind === 'sprint' || action.kind === 'prioritise' || action.kind === 'discipline'
  if (before && moves && !('irreversible' in before.undo)) return { kind: 'undo', actions: before.undo }
  return undoOf(action, seen)
}
