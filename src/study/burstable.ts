/** How many burstable instances a node holds under their SLOs: fixed types on sale, own sizes, own sizes with timeouts found by model. */
import {
  type Burstable,
  type BurstableOffer,
  type BurstableStudy,
  type BurstableWorkload,
  type Caveat,
  caveat,
  type HostedInstance,
  type HostedNode,
  type Hosting,
  isRefusal,
  lawMoments,
  type PlacedInstance,
  type Refusal,
  refuse,
} from '../model/index.js'
import { quantile, Rng, studentQuantile } from '../num/index.js'
import { fillerOf } from '../simulate/index.js'
import {
  allChosen,
  type ChosenInstance,
  type CoreQueries,
  type CreditPolicy,
  type InstanceDemand,
  offeredInstance,
  ownInstance,
  type Prudence,
  packNodes,
  playCredits,
  playNode,
  T2,
} from '../sprint/index.js'

export interface BurstableRequest {
  readonly question: Burstable
  readonly seed: number
  readonly progress?: (share: number) => void
}

/** Queries that a policy is searched on. */
const SEARCH_QUERIES = 10_000
const WARM_UP = 0.05
/** Queries an instance that a placement is tried on: on average, and at least. */
const NODE_QUERIES = 4_000
const NODE_QUERIES_AT_LEAST = 1_000
const BATCHES = 10
const CONFIDENCE = 0.95
/** Placements that are tried on their nodes before the search gives up and takes dedicated cores. */
const TRIALS = 80
/** How many emptier placements are begun with. */
const SPREADS = 10

/** From bold to careful: how busy an instance may be, and how much of a core its bursts are expected to get. */
const PRUDENCES: readonly Prudence[] = [0.98, 0.9, 0.8, 0.7, 0.6, 0.45].flatMap((busyAtMost) =>
  [1, 0.6, 0.35].map((burstCores) => ({ busyAtMost, burstCores })),
)
/** What always holds where a core of its own does. */
const OWN_CORE: Prudence = { busyAtMost: 1e-9, burstCores: 1 }

/** Timeouts that a workload with room under its SLO may be given, as shares of its bound. */
const PATIENCE = [0, 0.03, 0.06, 0.12, 0.25, 0.4]
/** It has room where its response is below this share of the bound. */
const ROOM = 0.6

const WAYS = [
  { name: 'fixed types', what: 'the smallest type on sale, bursting at once' },
  { name: 'own size', what: 'the least share of a core, bursting at once' },
  { name: 'own size and timeout', what: 'the least share of a core; who has room under its SLO waits before it bursts' },
] as const

/** The types compared with where the question names none: those of AWS’s T2 family with one core. */
export function offersOf({ offers }: Burstable): readonly BurstableOffer[] {
  return (
    offers ??
    T2.filter(({ cores }) => cores === 1).map(({ name, baseline, creditsAtMost }) => ({ name, baseline, creditsAtMost }))
  )
}

/**
 * Hosts all workloads in three ways, each the way it needs the fewest nodes:
 *
 *   1. choose instances for every workload alone, on common random numbers, so that its SLO holds (`offeredInstance`, `ownInstance`), from bold to careful;
 *   2. begin with the boldest of each; pack them, never more reserved than a node has;
 *   3. play every node with bursts colliding, on other luck; a workload whose SLO the upper end of a 95 % interval is above takes its next more careful instance; from 2
 *      again, until every SLO is kept; and the same on one node more, and so on, while that may need fewer in the end. With timeouts, neighbours that have room under their own SLO are first made to wait longer before they burst.
 *
 * A way is never held to less than the ones before it: where it needs more nodes, it takes theirs, with a caveat. Refused where a workload misses its SLO on a core of its
 * own. Same seed, same answer.
 */
export function compareBurstable({ question, seed, progress }: BurstableRequest): BurstableStudy | Refusal {
  const { coresPerNode, workloads } = question
  const rng = new Rng(seed, 'burstable')
  const demands = workloads.map((workload) => demandOf(workload, rng.stream(`search ${workload.name}`)))
  const offers = offersOf(question)
  const hostings: Hosting[] = []
  const caveats: Caveat[] = [
    caveat(
      'reserved-in-the-long-run',
      'what is reserved is what an instance may use in the long run; bursts of one node collide and share what baselines leave, which the placements were played with',
    ),
  ]
  for (const [w, way] of WAYS.entries()) {
    const choose: Choose = (...asked) => (w === 0 ? offeredInstance(...asked, offers) : ownInstance(...asked, 'size'))
    const hosting = hostedBest(question, demands, choose, w === 2, way, rng, (done) => progress?.((w + done) / WAYS.length))
    if (isRefusal(hosting)) return hosting
    const before = hostings.at(-1)
    if (before && before.nodes.length < hosting.nodes.length) {
      hostings.push({ ...before, ...way })
      caveats.push(
        caveat('no-better', `${way.name} alone came out with more nodes than ${before.name}, and takes its placement over`),
      )
    } else hostings.push(hosting)
  }
  progress?.(1)
  return {
    schema: 'halftone/burstable-study/1',
    name: question.name,
    seed,
    coresPerNode,
    workloads: workloads.map((workload, i) => ({
      name: workload.name,
      instances: workload.instances,
      utilisation: demands[i]!.utilisation,
      metric: metricOf(workload),
      boundSeconds: demands[i]!.boundSeconds,
      pricePerHour: workload.pricePerHour,
    })),
    hostings,
    revenueRatio: hostings.at(-1)!.revenuePerNodeHour / hostings[0]!.revenuePerNodeHour,
    caveats,
  }
}

function metricOf({ p95ResponseSecondsAtMost }: BurstableWorkload): 'mean' | 'p95' {
  return p95ResponseSecondsAtMost === undefined ? 'mean' : 'p95'
}

/** The workload as the search asks about it: the same queries for every policy, answers kept. */
function demandOf(workload: BurstableWorkload, rng: Rng): InstanceDemand {
  const queries = drawn(workload, rng, SEARCH_QUERIES)
  const responses = new Float64Array(SEARCH_QUERIES)
  const measured = responses.subarray(Math.floor(WARM_UP * SEARCH_QUERIES))
  const known = new Map<string, { responseSeconds: number; shareBursting: number }>()
  const metric = metricOf(workload)
  return {
    name: workload.name,
    utilisation: workload.arrivalsPerSecond * lawMoments(workload.service).mean,
    boundSeconds: workload.p95ResponseSecondsAtMost ?? workload.meanResponseSecondsAtMost!,
    ask: (policy, burstCores) => {
      const key = `${policy.baseline} ${policy.earn} ${policy.bucketCoreSeconds} ${policy.timeoutSeconds} ${burstCores}`
      let answer = known.get(key)
      if (!answer) {
        const shareBursting = playCredits(queries, policy, responses, burstCores)
        answer = { responseSeconds: figure(measured, metric), shareBursting }
        known.set(key, answer)
      }
      return answer
    },
  }
}

function drawn(workload: BurstableWorkload, rng: Rng, count: number): CoreQueries {
  const arrivalSeconds = new Float64Array(count)
  const coreSeconds = new Float64Array(count)
  fillerOf({ kind: 'exponential', meanSeconds: 1 / workload.arrivalsPerSecond })(rng.stream('arrivals'), arrivalSeconds, 0, count)
  for (let i = 1; i < count; i++) arrivalSeconds[i]! += arrivalSeconds[i - 1]!
  fillerOf(workload.service)(rng.stream('service'), coreSeconds, 0, count)
  return { arrivalSeconds, coreSeconds }
}

function figure(responses: Float64Array, metric: 'mean' | 'p95'): number {
  if (metric === 'p95') return quantile(Float64Array.from(responses).sort(), 0.95)
  let sum = 0
  for (const response of responses) sum += response
  return sum / responses.length
}

type Choose = (demand: InstanceDemand, prudence: Prudence) => ChosenInstance | Refusal

interface Placement {
  readonly chosen: readonly ChosenInstance[]
  readonly nodes: readonly HostedNode[]
}

/** The placement that keeps every SLO when it is played, each workload’s instance no more careful than it had to become. */
function hostedBest(
  question: Burstable,
  demands: readonly InstanceDemand[],
  choose: Choose,
  patient: boolean,
  way: { readonly name: string; readonly what: string },
  rng: Rng,
  progress: (share: number) => void,
): Hosting | Refusal {
  const { workloads } = question
  const owners = workloads.flatMap(({ instances }, w) => Array.from({ length: instances }, () => w))
  const ladders: (readonly ChosenInstance[])[] = []
  for (const [w, demand] of demands.entries()) {
    const ladder = ladderOf(demand, choose, question.coresPerNode)
    if (isRefusal(ladder)) return ladder
    ladders.push(ladder)
    progress((0.6 * (w + 1)) / demands.length)
  }
  let best: Placement | undefined
  let refused: Refusal | undefined
  const boldest = packNodes(
    owners.map((w) => ladders[w]![0]!.policy.earn),
    owners,
    question.coresPerNode,
  ).length
  // emptier nodes, or more careful instances on full ones: whichever needs fewer
  for (let more = 0; more < SPREADS; more++) {
    const fewerThan = best?.nodes.length ?? Number.POSITIVE_INFINITY
    if (boldest + more >= fewerThan) break
    const one = placedWith(question, demands, ladders, owners, patient, more, fewerThan, rng)
    progress(0.6 + (0.4 * (more + 1)) / SPREADS)
    if (one === 'no fewer') continue
    if (!isRefusal(one)) best = one
    else if (one.code === 'infeasible') return best ? hostingOf(question, demands, best, owners, way) : one
    else refused = one
  }
  return best ? hostingOf(question, demands, best, owners, way) : refused!
}

/** From the boldest instances on, spread over `more` nodes than they need, until every SLO is kept; gives up once that is no longer on fewer nodes than `fewerThan`. */
function placedWith(
  { workloads, coresPerNode }: Burstable,
  demands: readonly InstanceDemand[],
  ladders: readonly (readonly ChosenInstance[])[],
  owners: readonly number[],
  patient: boolean,
  more: number,
  fewerThan: number,
  rng: Rng,
): Placement | Refusal | 'no fewer' {
  const step = ladders.map(() => 0)
  const patience = ladders.map(() => 0)
  const mostPatience = ladders.map(() => (patient ? PATIENCE.length - 1 : 0))
  for (let trial = 0; trial < TRIALS; trial++) {
    const chosen = ladders.map((ladder, w) => waiting(ladder[step[w]!]!, PATIENCE[patience[w]!]!, demands[w]!))
    const held = packNodes(
      owners.map((w) => chosen[w]!.policy.earn),
      owners,
      coresPerNode,
      more,
    )
    if (held.length >= fewerThan) return 'no fewer'
    const nodes = held.map((some, n): HostedNode => {
      const own = some.map((i) => workloads[owners[i]!]!)
      const policies = some.map((i) => chosen[owners[i]!]!.policy)
      return {
        reservedCores: policies.reduce((sum, { earn }) => sum + earn, 0),
        utilisation: some.reduce((sum, i) => sum + demands[owners[i]!]!.utilisation, 0) / coresPerNode,
        instances: playPlaced(own, policies, coresPerNode, rng.stream(`node ${n}`)),
      }
    })
    const missed = new Set<number>()
    const fullest = demands.map(() => 0)
    nodes.forEach(({ instances }, n) => {
      instances.forEach(({ high }, k) => {
        const w = owners[held[n]![k]!]!
        fullest[w] = Math.max(fullest[w]!, high / demands[w]!.boundSeconds)
        if (!(high <= demands[w]!.boundSeconds)) missed.add(w)
      })
    })
    if (missed.size === 0) return { chosen, nodes }
    // who was made to wait too long waits less, and is asked no more
    const hasty = [...missed].filter((w) => patience[w]! > 0)
    for (const w of hasty) mostPatience[w] = --patience[w]!
    const crowded = new Set(
      held.filter((some) => some.some((i) => missed.has(owners[i]!))).flatMap((some) => some.map((i) => owners[i]!)),
    )
    const yielding = [...crowded].filter((w) => fullest[w]! < ROOM && patience[w]! < mostPatience[w]!)
    for (const w of yielding) patience[w]!++
    if (hasty.length === 0 && yielding.length === 0) {
      const stuck = [...missed].filter((w) => step[w]! + 1 >= ladders[w]!.length)
      if (stuck.length === missed.size)
        return refuse(
          'infeasible',
          `${stuck.map((w) => demands[w]!.name).join(', ')}: even on a core of its own the SLO is not kept for certain: raise it, or split the workload`,
          { trials: trial + 1 },
        )
      for (const w of missed) step[w] = Math.min(step[w]! + 1, ladders[w]!.length - 1)
    }
  }
  return refuse('not-converged', `after ${TRIALS} placements some SLO is still missed: raise the tightest`, { trials: TRIALS })
}

/** The instance, waiting that share of its bound before it bursts. */
function waiting(instance: ChosenInstance, share: number, { ask, boundSeconds }: InstanceDemand): ChosenInstance {
  if (share === 0) return instance
  const policy = { ...instance.policy, timeoutSeconds: share * boundSeconds }
  return { ...instance, policy, ...ask(policy, 1) }
}

/** Instances that keep the SLO alone, from the least reserved to a dedicated core; of the same size the one that waits longest for its burst first. */
function ladderOf(demand: InstanceDemand, choose: Choose, coresPerNode: number): readonly ChosenInstance[] | Refusal {
  const all = allChosen([...PRUDENCES, OWN_CORE].map((prudence) => choose(demand, prudence)))
  if (isRefusal(all)) return all
  const fitting = all.filter(({ policy }) => policy.earn <= coresPerNode + 1e-9)
  if (fitting.length === 0)
    return refuse(
      'infeasible',
      `${demand.name} needs more than a node has: larger nodes, a higher SLO, or more and smaller instances`,
      {
        coresPerNode,
        reservedCores: Math.min(...all.map(({ policy }) => policy.earn)),
      },
    )
  const different = new Map(fitting.map((one) => [JSON.stringify(one.policy), one]))
  return [...different.values()].sort(
    (a, b) => a.policy.earn - b.policy.earn || b.policy.timeoutSeconds - a.policy.timeoutSeconds,
  )
}

/** Every node of a hosting played anew, bursts colliding, on the luck given: what its SLOs bound, node by node. `queries`: of an instance, on average. */
export function playHosting(
  question: Burstable,
  { instances, nodes }: Hosting,
  rng: Rng,
  queries = NODE_QUERIES,
): PlacedInstance[][] {
  const workloadOf = new Map(question.workloads.map((one) => [one.name, one]))
  const policyOf = new Map(
    instances.map(({ workload, baseline, reservedCores, bucketCoreSeconds, timeoutSeconds }) => [
      workload,
      { baseline, earn: reservedCores, bucketCoreSeconds, timeoutSeconds },
    ]),
  )
  return nodes.map(({ instances: held }, n) =>
    playPlaced(
      held.map(({ workload }) => workloadOf.get(workload)!),
      held.map(({ workload }) => policyOf.get(workload)!),
      question.coresPerNode,
      rng.stream(`node ${n}`),
      queries,
    ),
  )
}

/** The figures that SLOs bound, on one node with bursts colliding; intervals by batches of queries. `queries`: of an instance, on average. */
function playPlaced(
  workloads: readonly BurstableWorkload[],
  policies: readonly CreditPolicy[],
  cores: number,
  rng: Rng,
  queries = NODE_QUERIES,
): PlacedInstance[] {
  const rates = workloads.map(({ arrivalsPerSecond }) => arrivalsPerSecond)
  const total = rates.reduce((sum, one) => sum + one, 0)
  const least = (queries * NODE_QUERIES_AT_LEAST) / NODE_QUERIES
  const seconds = Math.max((queries * rates.length) / total, least / Math.min(...rates))
  const instances = workloads.map((workload, k) => ({
    policy: policies[k]!,
    queries: drawn(workload, rng.stream(`instance ${k}`), Math.ceil(seconds * workload.arrivalsPerSecond)),
  }))
  return playNode(instances, cores).map((responses, k): PlacedInstance => {
    const from = Math.floor(WARM_UP * responses.length)
    const size = Math.floor((responses.length - from) / BATCHES)
    const metric = metricOf(workloads[k]!)
    const batches = Array.from({ length: BATCHES }, (_, b) =>
      figure(responses.subarray(from + b * size, from + (b + 1) * size), metric),
    )
    const mean = batches.reduce((sum, one) => sum + one, 0) / BATCHES
    const variance = batches.reduce((sum, one) => sum + (one - mean) ** 2, 0) / (BATCHES - 1)
    const half = studentQuantile(CONFIDENCE, BATCHES - 1) * Math.sqrt(variance / BATCHES)
    return {
      workload: workloads[k]!.name,
      responseSeconds: figure(responses.subarray(from), metric),
      low: Math.max(0, mean - half),
      high: mean + half,
    }
  })
}

function hostingOf(
  { workloads, coresPerNode }: Burstable,
  demands: readonly InstanceDemand[],
  { chosen, nodes }: Placement,
  owners: readonly number[],
  way: { readonly name: string; readonly what: string },
): Hosting {
  const reserved = owners.reduce((sum, w) => sum + chosen[w]!.policy.earn, 0)
  const revenue = owners.reduce((sum, w) => sum + workloads[w]!.pricePerHour, 0)
  return {
    ...way,
    instances: chosen.map(({ offer, policy }, w): HostedInstance => {
      const { responseSeconds, shareBursting } = demands[w]!.ask(policy, 1)
      return {
        workload: demands[w]!.name,
        offer,
        baseline: policy.baseline,
        reservedCores: policy.earn,
        bucketCoreSeconds: policy.bucketCoreSeconds,
        timeoutSeconds: policy.baseline >= 1 ? 0 : policy.timeoutSeconds,
        shareBursting,
        responseSecondsAlone: responseSeconds,
      }
    }),
    nodes,
    nodesAtLeast: Math.ceil(reserved / coresPerNode - 1e-9),
    instancesPerNode: owners.length / nodes.length,
    revenuePerNodeHour: revenue / nodes.length,
  }
}
