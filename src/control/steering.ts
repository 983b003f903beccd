/**
 * Steering: what a policy wants done to a cluster that looks like this, now.
 *
 *   discipline       set where the cluster has one and it is another
 *   priority         of each waiting job (and of running ones, where the discipline interrupts) to that of its class, under priority disciplines
 *   drop             tasks of the droppable stages of a job are withdrawn as soon as it is seen, once (dropping.ts)
 *   sprint           timers and bucket (sprinting.ts)
 *   stopAfterSeconds (stopping.ts)
 *
 * A decision is proposed at every look until the look sees it done, so whoever acts on it may put it off. Nothing here touches a cluster:
 * the answer depends on what was seen so far alone, twice the same look gives the same answer, and `save` gives all that is remembered as JSON.
 * One look costs time proportional to the live jobs.
 */
import {
  type ActionKind,
  type Capabilities,
  type JobClass,
  LIVE_STATES,
  type Observation,
  type ObservedJob,
  type ObservedStage,
  type Policy,
  type Power,
} from '../model/index.js'
import { Bucket } from './bucket.js'
import type { Decision } from './decision.js'
import { dropRatioOf, type TaskChoice, tasksToWithdraw } from './dropping.js'
import { type SavedSprinting, Sprinting } from './sprinting.js'
import { type SavedStopping, Stopping } from './stopping.js'

/** What the steering knows of a class; a class of a scenario is one. Without a priority its jobs keep their own. */
export type SteeredClass = Pick<JobClass, 'name'> & Partial<Pick<JobClass, 'priority' | 'work'>>

export interface SteeringSettings {
  readonly policy: Policy
  readonly classes: readonly SteeredClass[]
  /** All slots of the cluster, and its power: for budgets in joules. */
  readonly slots: number
  readonly power?: Power
  /** The class of a live job; undefined: not ours to steer. Default: the class that it was submitted with. */
  readonly classOf?: (job: ObservedJob) => string | undefined
  /** Which tasks are dropped. Default: random. */
  readonly choice?: TaskChoice
  readonly seed?: number
  /** What a sprint drains: by processor time where it is measured (the default), or by time alone. */
  readonly chargeBy?: 'cpu' | 'time'
  /** No more than the cluster can. */
  readonly speedAtMost?: number
  /** What an earlier steering under the same policy remembered. */
  readonly saved?: SavedSteering
}

export interface SavedSteering {
  readonly deflated: readonly string[]
  readonly sprinting?: SavedSprinting
  readonly stopping?: SavedStopping
}

export interface Budget {
  readonly unit: 'seconds' | 'joules'
  readonly size: number
  readonly level: number
  /** Drained beyond what was there, because a look came late. */
  readonly overdrawn: number
}

export interface Steering {
  /** What is to be done now, ends of sprints first. */
  decide(observation: Observation): readonly Decision[]
  /** When something will be due by what was last seen, in the driver’s clock. */
  readonly nextSeconds: number | undefined
  /** Absent: no sprint, or an unlimited one. */
  readonly budget: Budget | undefined
  /** Looks must tell of every task. */
  readonly needsTasks: boolean
  classOf(job: ObservedJob): string | undefined
  save(): SavedSteering
}

/** Turns a policy into decisions; independent of who acts on them. */
export function steer(settings: SteeringSettings): Steering {
  return new PolicySteering(settings)
}

class PolicySteering implements Steering {
  private readonly byName: ReadonlyMap<string, SteeredClass>
  private readonly sprinting: Sprinting | undefined
  private readonly stopping: Stopping | undefined
  private readonly deflated: Set<string>
  /** Deflations that no look has shown yet, by job and stage. */
  private readonly proposed = new Map<string, { readonly changes: number; readonly decision: Decision }>()
  private readonly priorities: boolean
  private readonly interrupts: boolean

  constructor(private readonly settings: SteeringSettings) {
    const { policy, classes, saved } = settings
    this.byName = new Map(classes.map((one) => [one.name, one]))
    this.deflated = new Set(saved?.deflated)
    this.priorities = policy.discipline.startsWith('priority-')
    this.interrupts = policy.discipline.startsWith('priority-preemptive')
    if (policy.sprint) {
      const { slots, power } = settings
      const exclusive = policy.engine === 'exclusive'
      const bucket = new Bucket({ sprint: policy.sprint, slots, exclusive, ...(power ? { power } : {}) })
      const most = settings.speedAtMost ?? Number.POSITIVE_INFINITY
      this.sprinting = new Sprinting(policy.sprint, bucket, settings.chargeBy ?? 'cpu', most)
      if (saved?.sprinting) this.sprinting.restore(saved.sprinting)
    }
    if (policy.stopAfterSeconds) {
      this.stopping = new Stopping(policy.stopAfterSeconds, new Map(classes.map(({ name, work }) => [name, work])))
      if (saved?.stopping) this.stopping.restore(saved.stopping)
    }
  }

  get nextSeconds(): number | undefined {
    const times = [this.sprinting?.nextSeconds, this.stopping?.nextSeconds].filter((time) => time !== undefined)
    return times.length === 0 ? undefined : Math.min(...times)
  }

  get budget(): Budget | undefined {
    const bucket = this.sprinting?.bucket
    if (bucket === undefined || bucket.size === Number.POSITIVE_INFINITY) return undefined
    const { unit, size, level, overdrawn } = bucket
    return { unit, size, level, overdrawn }
  }

  get needsTasks(): boolean {
    return this.stopping !== undefined && [...this.byName.values()].some(({ work }) => work?.kind === 'array')
  }

  classOf(job: ObservedJob): string | undefined {
    const name = this.settings.classOf ? this.settings.classOf(job) : job.className
    return name !== undefined && this.byName.has(name) ? name : undefined
  }

  decide(observation: Observation): Decision[] {
    const now = observation.atSeconds
    const live: [ObservedJob, string][] = []
    const ended = new Map<string, ObservedJob>()
    for (const job of observation.jobs) {
      if (!LIVE_STATES.has(job.state)) {
        ended.set(job.id, job)
        continue
      }
      const name = this.classOf(job)
      if (name !== undefined) live.push([job, name])
    }
    const sprints = this.sprinting?.decide(now, live, ended) ?? []
    const stops = this.stopping?.decide(now, live) ?? []
    return [
      ...sprints.filter(({ restores }) => restores),
      ...this.disciplineOf(observation),
      ...this.prioritise(live),
      ...this.deflate(live),
      ...sprints.filter(({ restores }) => !restores),
      ...stops,
    ]
  }

  save(): SavedSteering {
    return {
      deflated: [...this.deflated],
      ...(this.sprinting ? { sprinting: this.sprinting.save() } : {}),
      ...(this.stopping ? { stopping: this.stopping.save() } : {}),
    }
  }

  private disciplineOf({ discipline: inForce }: Observation): Decision[] {
    const { discipline, name } = this.settings.policy
    if (inForce === undefined || inForce === discipline) return []
    return [{ action: { kind: 'discipline', discipline }, reason: `policy ${name}: ${inForce} is in force` }]
  }

  private prioritise(live: readonly (readonly [ObservedJob, string])[]): Decision[] {
    if (!this.priorities) return []
    const decisions: Decision[] = []
    for (const [job, className] of live) {
      if (job.state !== 'pending' && !(job.state === 'running' && this.interrupts)) continue
      const { priority } = this.byName.get(className)!
      // without a priority of its own to go back to, a job is left where it is
      if (priority === undefined || job.priority === undefined || job.priority === priority) continue
      decisions.push({
        action: { kind: 'prioritise', job: job.id, priority },
        reason: `class ${className} has priority ${priority}, the job ${job.priority}`,
      })
    }
    return decisions
  }

  private deflate(live: readonly (readonly [ObservedJob, string])[]): Decision[] {
    const { policy } = this.settings
    const decisions: Decision[] = []
    const present = new Set<string>()
    for (const [job, className] of live) {
      const ratio = policy.drop[className]
      if (ratio === undefined || job.stages === undefined) continue
      for (const stage of job.stages) {
        const id = `${job.id} ${stage.name}`
        present.add(id)
        if (this.deflated.has(id)) continue
        const decision = this.deflation(id, job, stage, className, ratio)
        // seen to have been done, too late or nothing to do: never looked at again, whoever changes it
        if (decision === undefined) {
          this.deflated.add(id)
          this.proposed.delete(id)
        } else decisions.push(decision)
      }
    }
    for (const id of this.proposed.keys()) if (!present.has(id)) this.proposed.delete(id)
    for (const id of this.deflated) if (!present.has(id)) this.deflated.delete(id)
    return decisions
  }

  /** What is to be withdrawn of a stage; thought out anew only where more of it has begun or was withdrawn since it was last proposed. */
  private deflation(
    id: string,
    job: ObservedJob,
    stage: ObservedStage,
    className: string,
    ratio: Policy['drop'][string],
  ): Decision | undefined {
    const { choice = 'random', seed = 1 } = this.settings
    const changes = stage.running + stage.ended + stage.withdrawn
    const before = this.proposed.get(id)
    if (before !== undefined && before.changes === changes && stage.each === undefined) return before.decision
    const theta = dropRatioOf(ratio, stage, this.byName.get(className)!.work)
    const tasks = theta > 0 ? tasksToWithdraw(stage, theta, choice, seed, job.key ?? job.id) : []
    if (tasks.length === 0) return undefined
    const reason = `class ${className} drops ${Math.round(theta * 1000) / 10} % of its tasks: ${tasks.length} of ${stage.tasks}`
    const decision: Decision = { action: { kind: 'deflate', job: job.id, stage: stage.name, tasks }, reason }
    this.proposed.set(id, { changes, decision })
    return decision
  }
}

/**
 * What of it a ledger keeps from time to time: the bucket, the rates, and the jobs that sprint, may not sprint again or began anew. What is left out,
 * the next look shows.
 */
export function briefly({ sprinting }: SavedSteering): SavedSteering {
  if (sprinting === undefined) return { deflated: [] }
  const runners = sprinting.runners.filter(([, { asked, spent, restarts }]) => asked > 1 || spent || restarts > 0)
  return { deflated: [], sprinting: { ...sprinting, runners } }
}

/** What is remembered, for a controller that takes over from one that died and whose sprints were ended: nobody sprints by our doing. */
export function withoutSprints(saved: SavedSteering): SavedSteering {
  if (saved.sprinting === undefined) return saved
  const runners = saved.sprinting.runners.map(([job, runner]) => [job, { ...runner, asked: 1 }] as const)
  return { ...saved, sprinting: { ...saved.sprinting, runners } }
}

/** What of a policy a cluster with these capabilities cannot be made to do, in words. */
export function beyondReach(
  policy: Policy,
  inForce: Policy['discipline'] | undefined,
  { actions, speeds }: Capabilities,
): string[] {
  const missing: string[] = []
  const needs = (wanted: boolean, kind: ActionKind, what: string): void => {
    const permission = actions[kind]
    if (wanted && !permission.permitted) missing.push(`${what}: ${permission.reason}`)
  }
  const byPriority = policy.discipline.startsWith('priority-')
  if (inForce !== policy.discipline && !(byPriority && inForce === undefined))
    needs(true, 'discipline', `discipline ${policy.discipline}`)
  needs(byPriority, 'prioritise', 'priorities by class')
  needs(Object.keys(policy.drop).length > 0, 'deflate', 'dropping tasks')
  needs(policy.sprint !== undefined, 'sprint', 'sprinting')
  needs(policy.stopAfterSeconds !== undefined, 'cancel', 'early termination')
  if (policy.dropping === 'straggler') missing.push('dropping the last tasks: live, chosen tasks are withdrawn before they start')
  const fastest = policy.sprint && Math.max(policy.sprint.speed, ...(policy.sprint.steps ?? []).map(({ speed }) => speed))
  if (fastest && speeds && actions.sprint.permitted && fastest > speeds.most)
    missing.push(`speed ${fastest}: the cluster goes up to ${speeds.most} (${speeds.mechanism})`)
  return missing
}
