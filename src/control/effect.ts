/** Whether a look shows what an action was to bring about: yes, not yet, or its job is gone so that nothing of it is left. */
import { type ClusterAction, LIVE_STATES, type Observation, type ObservedStage } from '../model/index.js'

export type Effect = 'seen' | 'not-yet' | 'gone'

export function effectOf(action: ClusterAction, observation: Observation): Effect {
  const seen = (yes: boolean): Effect => (yes ? 'seen' : 'not-yet')
  switch (action.kind) {
    case 'submit':
      return seen(observation.jobs.some(({ key }) => key === action.spec.key))
    case 'discipline':
      return seen(observation.discipline === action.discipline)
    case 'drain':
    case 'resume': {
      const node = observation.nodes.find(({ name }) => name === action.node)
      return node === undefined ? 'gone' : seen((node.state === 'drained') === (action.kind === 'drain'))
    }
  }
  const job = observation.jobs.find(({ id }) => id === action.job)
  const live = job !== undefined && LIVE_STATES.has(job.state)
  if (action.kind === 'cancel') return seen(!live)
  if (!live) return 'gone'
  switch (action.kind) {
    case 'prioritise':
      return seen(job.priority === action.priority)
    case 'sprint':
      return seen(Math.abs(job.speed - action.speed) < 1e-6)
    case 'hold':
      return seen(job.state === 'held')
    case 'release':
      return seen(job.state !== 'held')
    case 'requeue':
      return seen(job.state === 'pending' || (job.restarts ?? 0) > 0)
    case 'deflate':
    case 'inflate': {
      const stage = job.stages?.find(({ name }) => name === action.stage)
      return stage === undefined ? 'gone' : seen(tasksAre(stage, action.tasks, action.kind === 'deflate'))
    }
  }
}

/** Of tasks that are not told one by one, their number must do. */
function tasksAre({ each, withdrawn }: ObservedStage, tasks: readonly number[], wanted: boolean): boolean {
  if (each === undefined) return wanted ? withdrawn >= tasks.length : withdrawn === 0
  const states = new Map(each.map(({ index, state }) => [index, state]))
  return tasks.every((index) => {
    const state = states.get(index)
    // a task that ended before it could be withdrawn will not come back either way
    return wanted ? state === 'withdrawn' || state === 'complete' || state === 'fail' : state !== 'withdrawn'
  })
}
