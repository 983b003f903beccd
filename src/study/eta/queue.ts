/**
 * A queue as it is about to be played forward: who runs, who waits in which order, who waits for something that no scheduler decides, on how many slots.
 */
import {
  type Caveat,
  caveat,
  type EtaNever,
  type Observation,
  type ObservedJob,
  type Refusal,
  refuse,
} from '../../model/index.js'
import type { History } from './history.js'
import type { JobTraits } from './similar.js'

export interface QueueJob {
  readonly seen: ObservedJob
  readonly traits: JobTraits
  /** Of a job that runs: for how long. */
  readonly ranSeconds?: number
  /** Slots that it gives back when it ends: those on nodes that are up. */
  readonly slots: number
  /** Ids of live jobs that have to end first. */
  readonly after: readonly string[]
}

export interface Queue {
  readonly atSeconds: number
  /** Of nodes that are up. */
  readonly slots: number
  readonly busySlots: number
  readonly slotsAway: number
  readonly running: readonly QueueJob[]
  /** In the order of the queue. */
  readonly waiting: readonly QueueJob[]
  /** Live jobs that get no time, and why. */
  readonly never: readonly { readonly job: ObservedJob; readonly why: EtaNever }[]
  readonly caveats: readonly Caveat[]
}

/** Codes of the labels of a history, for jobs that are seen now. */
export function traitsFor({
  labels,
}: History): (job: Pick<ObservedJob, 'user' | 'name' | 'queue' | 'slots' | 'limitSeconds'>) => JobTraits {
  const codes = (names: readonly string[]) => new Map(names.map((name, i) => [name, i]))
  const [users, names, queues] = [codes(labels.user), codes(labels.name), codes(labels.queue)]
  return ({ user, name, queue, slots, limitSeconds }) => ({
    user: users.get(user ?? '') ?? -1,
    name: names.get(name ?? '') ?? -1,
    queue: queues.get(queue ?? '') ?? -1,
    slots: Math.ceil(slots),
    limitSeconds: limitSeconds ?? Number.NaN,
  })
}

/**
 * The queue of an observation. `away` names nodes that are to be thought gone: their jobs run to their ends and their slots do not come back.
 * Refuses where no node is up.
 */
export function queueOf(observation: Observation, history: History, away: readonly string[] = []): Queue | Refusal {
  const gone = new Set(away)
  const isUp = new Map(observation.nodes.map(({ name, state }) => [name, state === 'up' && !gone.has(name)]))
  const up = observation.nodes.filter(({ name }) => isUp.get(name))
  const caveats: Caveat[] = []
  const traits = traitsFor(history)
  const live = new Map(observation.jobs.filter(({ state }) => WAITS_OR_RUNS.has(state)).map((job) => [job.id, job]))
  const jobOf = (seen: ObservedJob): QueueJob => ({
    seen,
    traits: traits(seen),
    slots: slotsThatComeBack(seen, isUp),
    after: (seen.after ?? []).filter((id) => live.has(id)),
    ...(seen.state === 'running'
      ? { ranSeconds: Math.max(0, observation.atSeconds - (seen.startSeconds ?? observation.atSeconds)) }
      : {}),
  })
  const nominal = Math.floor(up.reduce((sum, { slots }) => sum + slots, 0))
  const all = observation.nodes.reduce((sum, node) => sum + (gone.has(node.name) ? 0 : node.slots), 0)
  if (nominal <= 0) return refuse('no-data', 'no node is up: nothing can start until one is', { nodes: observation.nodes.length })
  const seenRunning = [...live.values()].filter(({ state }) => state === 'running').map(jobOf)
  const running = up.length < observation.nodes.length ? withoutAway(seenRunning, nominal, caveats) : seenRunning
  const held = slotsOf(running)
  if (held > nominal)
    caveats.push(
      caveat(
        'more-held-than-there',
        'the running jobs hold more slots than the nodes that are up have; so many are taken to be there',
        {
          numbers: { slotsHeld: held, slots: nominal },
        },
      ),
    )
  const slots = Math.max(nominal, held)
  const never = neverOf([...live.values()], slots, all)
  const barred = new Set(never.map(({ job }) => job.id))
  return {
    atSeconds: observation.atSeconds,
    slots,
    busySlots: slotsOf(seenRunning),
    slotsAway: observation.nodes.reduce((sum, node) => sum + node.slots, 0) - nominal,
    running,
    waiting: [...live.values()]
      .filter(({ state, id }) => state === 'pending' && !barred.has(id))
      .sort(byTurn)
      .map(jobOf),
    never,
    caveats,
  }
}

const WAITS_OR_RUNS: ReadonlySet<string> = new Set(['pending', 'held', 'running', 'suspended'])

const slotsOf = (jobs: readonly QueueJob[]): number => jobs.reduce((sum, { slots }) => sum + slots, 0)

/**
 * Where running jobs do not say on which nodes they are and hold more than the nodes that are up have, some are on those that are not: those that began
 * last are taken to be, and their slots not to come back.
 */
function withoutAway(running: readonly QueueJob[], slots: number, caveats: Caveat[]): QueueJob[] {
  let over = slotsOf(running) - slots
  if (over <= 0 || running.every(({ seen }) => seen.nodes?.length)) return [...running]
  caveats.push(
    caveat(
      'nodes-not-told',
      'not every running job says on which nodes it is: those that began last are taken to be on the nodes that are not up',
    ),
  )
  const latest = [...running].sort((a, b) => a.ranSeconds! - b.ranSeconds!)
  const kept = new Map<QueueJob, number>()
  for (const job of latest) {
    const lost = job.seen.nodes?.length ? 0 : Math.min(job.slots, Math.max(0, over))
    over -= lost
    kept.set(job, job.slots - lost)
  }
  return running.map((job) => ({ ...job, slots: kept.get(job)! }))
}

/** Who goes before whom: the scheduler’s rank, else its priority, else who came first. */
function byTurn(a: ObservedJob, b: ObservedJob): number {
  const last = Number.MAX_SAFE_INTEGER
  return (
    (a.rank ?? last) - (b.rank ?? last) ||
    (a.priority ?? last) - (b.priority ?? last) ||
    a.submitSeconds - b.submitSeconds ||
    a.id.localeCompare(b.id, 'en', { numeric: true })
  )
}

/** Of a job that runs on nodes of which some are away, only the share on the others comes back. */
function slotsThatComeBack({ slots, state, nodes }: ObservedJob, isUp: ReadonlyMap<string, boolean>): number {
  const whole = Math.ceil(slots)
  if (state !== 'running' || nodes === undefined || nodes.length === 0) return whole
  const staying = nodes.filter((name) => isUp.get(name) !== false).length
  return Math.round((whole * staying) / nodes.length)
}

function neverOf(jobs: readonly ObservedJob[], slots: number, all: number): { job: ObservedJob; why: EtaNever }[] {
  const out = new Map<string, { job: ObservedJob; why: EtaNever }>()
  const bar = (job: ObservedJob, code: EtaNever['code'], message: string): void => {
    out.set(job.id, { job, why: { code, message } })
  }
  for (const job of jobs) {
    const needs = Math.ceil(job.slots)
    if (job.state === 'held') bar(job, 'held', 'not until it is released')
    else if (job.state === 'suspended') bar(job, 'suspended', 'not until it is resumed')
    else if (job.state !== 'pending') continue
    else if (needs > all) bar(job, 'too-large', `never: it needs ${needs} slots, the whole cluster has ${all}`)
    else if (needs > slots)
      bar(job, 'nodes-away', `not until nodes come back: it needs ${needs} slots, the nodes that are up have ${slots}`)
    else if (/never.?satisfied/i.test(job.reason ?? ''))
      bar(job, 'after-never', 'never: what it depends on can no longer happen, says the scheduler')
    else if (/dependency/i.test(job.reason ?? '') && !job.after?.length)
      bar(job, 'after-unknown', 'after other jobs, which the observation does not name')
  }
  // who waits for one of these waits as long
  for (let grown = true; grown; ) {
    grown = false
    for (const job of jobs) {
      const on = job.state === 'pending' && !out.has(job.id) ? job.after?.find((id) => out.has(id)) : undefined
      if (on === undefined) continue
      bar(job, 'after-never', `not before job ${on}, which gets no time itself`)
      grown = true
    }
  }
  return [...out.values()]
}
