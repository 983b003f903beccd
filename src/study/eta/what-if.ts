/**
 * Who would wait longer or shorter if a job came, a plan were applied, or nodes went away? The queue is played forward twice on the same drawn run times
 * and arrivals, as it is and as it would be: a difference is that of the two ways, and not of their luck.
 */
import {
  type Caveat,
  caveat,
  type EtaRange,
  isRefusal,
  type JobQuestion,
  type Observation,
  type ObservedJob,
  type Policy,
  type Refusal,
  refuse,
  type WhatIf,
  type WhatIfJob,
} from '../../model/index.js'
import { type EtaAsked, learnFor } from './eta.js'
import { type Futures, jobsOf, playFutures, rangeOf } from './futures.js'
import { certain, type RunTimeLaw } from './law.js'
import { lawsFor, playerFor, type QueueModel } from './learn.js'
import { policyNamed } from './play.js'
import { type Queue, queueOf } from './queue.js'

export interface Change {
  readonly submit?: JobQuestion
  readonly policy?: Policy
  readonly withoutNodes?: readonly string[]
}

/** Answers for a change; refuses one that cannot be played, with the reason. */
export function whatIf(asked: Omit<EtaAsked, 'jobs' | 'correct'>, change: Change): WhatIf | Refusal {
  const begun = performance.now()
  const wrong = refusesChange(asked.observation, change)
  if (wrong) return wrong
  const learned = learnFor({ ...asked, correct: false })
  if (isRefusal(learned)) return learned
  const learnSeconds = (performance.now() - begun) / 1000
  const { queue, model } = learned
  const added = change.submit ? newJobs(asked.observation, change.submit) : []
  const observation: Observation = { ...asked.observation, jobs: [...asked.observation.jobs, ...added] }
  const changed = queueOf(observation, model.history, change.withoutNodes)
  if (isRefusal(changed)) return changed
  const stuck = changed.never.find(({ job }) => added.includes(job))
  if (stuck)
    return refuse('infeasible', `the job could start ${stuck.why.message}`, {
      slotsNeeded: stuck.job.slots,
      slots: changed.slots,
    })
  const discipline = change.policy?.discipline ?? model.discipline.name
  const inForce = policyNamed(model.discipline.name)
  const futures = asked.futures ?? FUTURES
  const ways = [
    { queue, player: playerFor(model, queue, inForce) },
    { queue: changed, player: playerFor(model, changed, change.policy ?? inForce) },
  ] as const
  const matters = [model.discipline.name, discipline].some((name) => name !== 'fcfs') && asked.arrivals !== false
  const [before, after] = playFutures(
    {
      ids: observation.jobs.map(({ id }) => id),
      laws: lawsOf(model, queue, changed, added, change.submit?.runSeconds),
      ...{ futures, seed: model.seed, limitsHold: model.limitsHold, together: model.runTimes.together },
      ...(matters ? { arrivals: model.history } : {}),
    },
    ways,
    asked.progress,
  )
  return {
    schema: 'halftone/whatif/1',
    atSeconds: queue.atSeconds,
    change: inWords(change),
    cluster: { before: sizeOf(queue), after: sizeOf(changed) },
    discipline: { before: model.discipline.name, after: discipline },
    ...compared({ queue, futures: before! }, { queue: changed, futures: after! }, new Set(added.map(({ id }) => id))),
    seed: model.seed,
    cost: { wallSeconds: (performance.now() - begun) / 1000, futures, events: before!.events + after!.events, learnSeconds },
    caveats: [...model.caveats, ...changed.caveats, ...caveatsOf(change, observation)],
  }
}

const FUTURES = 200
/** Differences below a second are none. */
const SAME_SECONDS = 1

function refusesChange({ nodes, jobs }: Observation, { submit, policy, withoutNodes }: Change): Refusal | undefined {
  if (!submit && !policy && !withoutNodes?.length)
    return refuse(
      'no-data',
      'nothing would change: say which job would come, which plan would be applied, or which nodes would go',
    )
  const stranger = withoutNodes?.find((name) => !nodes.some((node) => node.name === name))
  if (stranger !== undefined)
    return refuse(
      'no-data',
      `there is no node ${stranger}; the cluster has ${nodes
        .slice(0, 8)
        .map(({ name }) => name)
        .join(', ')}${nodes.length > 8 ? ' …' : ''}`,
    )
  if (policy?.engine === 'exclusive')
    return refuse(
      'unsupported',
      'the policy gives one job the whole cluster at a time, while the jobs of this queue run side by side',
    )
  if (policy?.sprint?.budget && 'joules' in policy.sprint.budget)
    return refuse(
      'unsupported',
      'the policy has a sprint budget in joules, and an observation does not say what the nodes draw: give it in seconds',
    )
  const known = new Set(jobs.flatMap(({ className, queue }) => [className, queue]))
  const named = [...Object.keys(policy?.drop ?? {}), ...Object.keys(policy?.sprint?.timeoutSeconds ?? {})]
  if (named.length > 0 && !named.some((name) => known.has(name)))
    return refuse(
      'unsupported',
      `the policy speaks of ${[...new Set(named)].join(', ')}, and no job of the queue is of such a class or queue`,
    )
  return undefined
}

/** The jobs that would come, at the end of the queue, or before those of a lower priority where they have one. */
function newJobs({ atSeconds, jobs }: Observation, question: JobQuestion): ObservedJob[] {
  const { name, user, queue, className, priority, slots, limitSeconds, count } = question
  const behind = jobs.filter((job) => job.state === 'pending' && (job.priority ?? 0) > (priority ?? Number.MAX_SAFE_INTEGER))
  const rank = behind.length === 0 ? undefined : Math.min(...behind.map((job) => job.rank ?? Number.MAX_SAFE_INTEGER)) - 0.5
  const taken = new Set(jobs.map(({ id }) => id))
  let free = 1
  const id = (): string => {
    while (taken.has(`new-${free}`)) free++
    return `new-${free++}`
  }
  return Array.from({ length: count }, () => ({
    id: id(),
    state: 'pending',
    submitSeconds: atSeconds,
    slots,
    speed: 1,
    ...(name === undefined ? {} : { name }),
    ...(user === undefined ? {} : { user }),
    ...(queue === undefined ? {} : { queue }),
    ...(className === undefined ? {} : { className }),
    ...(priority === undefined ? {} : { priority }),
    ...(rank === undefined || rank > jobs.length * 2 ? {} : { rank }),
    ...(limitSeconds === undefined ? {} : { limitSeconds }),
  }))
}

function lawsOf(
  model: QueueModel,
  before: Queue,
  after: Queue,
  added: readonly ObservedJob[],
  runSeconds: number | undefined,
): Map<string, RunTimeLaw> {
  const laws = new Map([...lawsFor(model, before), ...lawsFor(model, after)])
  if (runSeconds !== undefined) for (const { id } of added) laws.set(id, certain(runSeconds))
  return laws
}

interface Way {
  readonly queue: Queue
  readonly futures: Futures
}

function compared(before: Way, after: Way, added: ReadonlySet<string>): Pick<WhatIf, 'jobs' | 'meanLater' | 'lastEnd'> {
  const [was, will] = [placesOf(before), placesOf(after)]
  const jobs: WhatIfJob[] = []
  const differences: Float64Array[] = []
  for (const { seen } of after.queue.waiting) {
    const start = after.futures.starts[will.get(seen.id)!]!
    const i = was.get(seen.id)
    if (i === undefined) {
      jobs.push({ ...who(seen), ...ranged('after', rangeOf(start)), verdict: added.has(seen.id) ? 'new' : 'unsure' })
      continue
    }
    const later = start.map((x, k) => x - before.futures.starts[i]![k]!)
    const endsLater = after.futures.ends[will.get(seen.id)!]!.map((x, k) => x - before.futures.ends[i]![k]!)
    differences.push(later)
    jobs.push({
      ...who(seen),
      ...ranged('before', rangeOf(before.futures.starts[i]!)),
      ...ranged('after', rangeOf(start)),
      ...ranged('later', rangeOf(later)),
      ...ranged('endsLater', rangeOf(endsLater)),
      verdict: verdictOf(later),
    })
  }
  // who had a time before and has none now: what is left to run on is too small
  for (const { seen } of before.queue.waiting)
    if (!will.has(seen.id))
      jobs.push({ ...who(seen), ...ranged('before', rangeOf(before.futures.starts[was.get(seen.id)!]!)), verdict: 'never' })
  const ends = { before: lastEnd(before, added), after: lastEnd(after, added) }
  return {
    jobs,
    ...(differences.length > 0 ? ranged('meanLater', rangeOf(byFuture(differences, mean))) : {}),
    ...(ends.before && ends.after ? { lastEnd: { before: ends.before, after: ends.after } } : {}),
  }
}

function placesOf({ queue }: Way): Map<string, number> {
  return new Map(jobsOf(queue).map(({ seen }, i) => [seen.id, i]))
}

/** When the last of the jobs that are there now ends. */
function lastEnd({ queue, futures }: Way, added: ReadonlySet<string>): EtaRange | undefined {
  const ends = futures.ends.filter((_, i) => !added.has(jobsOf(queue)[i]!.seen.id))
  return ends.length === 0 ? undefined : rangeOf(byFuture(ends, (values) => values.reduce((a, b) => Math.max(a, b))))
}

/** One value a future from the values of all jobs in it. */
function byFuture(columns: readonly Float64Array[], of: (values: readonly number[]) => number): Float64Array {
  return Float64Array.from(columns[0]!, (_, k) => of(columns.map((column) => column[k]!)))
}

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length

function verdictOf(later: Float64Array): WhatIfJob['verdict'] {
  const range = rangeOf(later)
  if (range === undefined) return 'unsure'
  const { p5, p50, p95 } = range
  if (p5 >= -SAME_SECONDS && p95 <= SAME_SECONDS) return 'same'
  if (p50 > SAME_SECONDS && p5 >= -SAME_SECONDS) return 'later'
  if (p50 < -SAME_SECONDS && p95 <= SAME_SECONDS) return 'sooner'
  return 'unsure'
}

function who({ id, name, user, slots }: ObservedJob): Pick<WhatIfJob, 'id' | 'name' | 'user' | 'slots'> {
  return { id, ...(name === undefined ? {} : { name }), ...(user === undefined ? {} : { user }), slots }
}

function ranged<K extends string, T>(key: K, range: T | undefined): { [key in K]?: T } {
  return range === undefined ? {} : ({ [key]: range } as { [key in K]: T })
}

function sizeOf({ slots, busySlots, slotsAway }: Queue): WhatIf['cluster']['before'] {
  return { slots, busySlots, slotsAway }
}

function inWords({ submit, policy, withoutNodes }: Change): string {
  const parts: string[] = []
  if (submit) {
    const { count, slots, name, user } = submit
    const what =
      count === 1 ? `a job${name === undefined ? '' : ` ${name}`}` : `${count} jobs${name === undefined ? '' : ` ${name}`}`
    parts.push(`${what} of ${slots} ${slots === 1 ? 'slot' : 'slots'}${user === undefined ? '' : ` of ${user}`} came now`)
  }
  if (policy) parts.push(`the policy ${policy.name} (${policy.discipline}) were applied`)
  if (withoutNodes?.length) parts.push(`${withoutNodes.length === 1 ? 'node' : 'nodes'} ${withoutNodes.join(', ')} went away`)
  return parts.join(', and ')
}

function caveatsOf({ policy, withoutNodes, submit }: Change, { nodes }: Observation): Caveat[] {
  const out = [
    caveat(
      'as-played',
      'times are as played; halftone eta also corrects them by how its forecasts fared before. Differences are paired: the same run times and arrivals, both ways',
    ),
  ]
  if (withoutNodes?.length)
    out.push(
      caveat('drained', 'jobs that run on nodes that go away are taken to run to their ends there, as when a node is drained'),
    )
  if (policy?.placement !== undefined && policy.placement !== 'pool' && nodes.length > 1)
    out.push(caveat('one-pool', `slots are taken as one pool; the policy’s placement (${policy.placement}) is not played`))
  if (policy && Object.values(policy.drop).some((ratio) => typeof ratio !== 'number'))
    out.push(caveat('stages', 'drop ratios by stage are not played: an observation does not say how long the stages are'))
  if (policy && Object.values(policy.drop).some((ratio) => typeof ratio === 'number' && ratio > 0))
    out.push(caveat('drop', 'a job that drops a share of its data is taken to run so much shorter'))
  if (submit?.runSeconds !== undefined)
    out.push(caveat('run-time-told', 'the new job is taken to run exactly as long as was said'))
  return out
}
