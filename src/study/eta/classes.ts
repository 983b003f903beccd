/**
 * Classes of the jobs of a queue for the engine: one for each priority and name, since disciplines go by the one, and what a policy says of drops and
 * sprints by the other.
 */
import { dropRatioOf, type Policy, type Sprint } from '../../model/index.js'
import type { SprintSettings } from '../../simulate/index.js'
import type { QueueJob } from './queue.js'

export class PlayClasses {
  /** By class, 1 is the highest. */
  readonly priorities: Int32Array
  /** By class: share of the run time of a job that has not begun, which the policy leaves. */
  readonly kept: readonly number[]
  readonly sprint: SprintSettings | undefined
  private readonly index: readonly number[]
  private readonly later: readonly number[]
  private readonly others: number

  constructor(jobs: readonly QueueJob[], policy: Policy, queueLabels: readonly string[]) {
    const named: { readonly priority: number; readonly name: string }[] = []
    const known = new Map<string, number>()
    const classOf = (priority: number, name: string): number => {
      const key = `${priority} ${name}`
      let found = known.get(key)
      if (found === undefined) {
        found = named.length
        known.set(key, found)
        named.push({ priority, name })
      }
      return found
    }
    const lowest = jobs.reduce((most, { seen }) => Math.max(most, seen.priority ?? 1), 1)
    this.index = jobs.map(({ seen }) => classOf(seen.priority ?? lowest, seen.className ?? seen.queue ?? ''))
    const ofQueue = new Map(
      jobs.flatMap(({ seen }, i) => (seen.queue === undefined ? [] : [[seen.queue, this.index[i]!] as const])),
    )
    const others = classOf(lowest, '')
    this.later = queueLabels.map((label) => ofQueue.get(label) ?? others)
    const order = [...new Set(named.map(({ priority }) => priority))].sort((a, b) => a - b)
    this.priorities = Int32Array.from(named, ({ priority }) => order.indexOf(priority) + 1)
    this.kept = named.map(({ name }) => 1 - dropRatioOf(policy, name))
    this.others = others
    this.sprint =
      policy.sprint &&
      sprintSettings(
        policy.sprint,
        named.map(({ name }) => name),
      )
  }

  /** Class of the i-th job. */
  of(i: number): number {
    return this.index[i]!
  }

  /** Class of a job that comes, by the code of its queue. */
  ofLater(queue: number): number {
    return this.later[queue] ?? this.others
  }
}

function sprintSettings(
  { timeoutSeconds, steps, budget, afterExhaustion, toggleOffDelaySeconds, ...rest }: Sprint,
  names: readonly string[],
): SprintSettings {
  return {
    ...rest,
    timeoutSeconds: Float64Array.from(names, (name) => timeoutSeconds[name] ?? Number.POSITIVE_INFINITY),
    ...(steps ? { steps } : {}),
    ...(budget ? { budget } : {}),
    ...(afterExhaustion ? { afterExhaustion } : {}),
    ...(toggleOffDelaySeconds === undefined ? {} : { toggleOffDelaySeconds }),
  }
}
