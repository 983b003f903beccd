import { z } from 'zod'
import type { Caveat } from './caveat.js'
import { checkLaw } from './check.js'
import { type Issue, shown } from './issue.js'
import { Law } from './law.js'
import { lawMoments } from './law-moments.js'

const positive = z.number().positive()

/** A burstable instance as it is sold: a share of a core for ever, the whole of it while credits last. One credit is a core-minute. */
export const BurstableOffer = z
  .strictObject({
    name: z.string().min(1),
    baseline: positive.max(1).meta({ description: 'Share of a core that it may use for ever; credits come in at this rate.' }),
    creditsAtMost: positive.meta({ description: 'Core-minutes that its account holds at most.' }),
  })
  .meta({ id: 'BurstableOffer' })
export type BurstableOffer = z.infer<typeof BurstableOffer>

export const BurstableWorkload = z
  .strictObject({
    name: z.string().min(1),
    instances: z.int().min(1).max(1_000).default(1).meta({ description: 'So many alike want to be hosted.' }),
    arrivalsPerSecond: positive.meta({ description: 'Queries to one instance (Poisson).' }),
    service: Law.meta({ description: 'Time of a query on a whole core.' }),
    meanResponseSecondsAtMost: positive.optional(),
    p95ResponseSecondsAtMost: positive.optional(),
    pricePerHour: positive.default(1).meta({ description: 'What one instance earns.' }),
  })
  .meta({ id: 'BurstableWorkload', description: 'Exactly one of the two response bounds, its SLO.' })
export type BurstableWorkload = z.infer<typeof BurstableWorkload>

/** What a colocation study is asked: which workloads, on what nodes, beside which types that are on sale. */
export const Burstable = z
  .strictObject({
    schema: z.literal('halftone/burstable/1'),
    name: z.string().min(1),
    coresPerNode: positive.max(1_024).default(1),
    offers: z.array(BurstableOffer).min(1).optional().meta({
      description: 'Fixed types to compare with; t2.micro and t2.small unless given. A dedicated core is always on offer.',
    }),
    workloads: z.array(BurstableWorkload).min(1).max(200),
  })
  .meta({ id: 'Burstable' })
export type Burstable = z.infer<typeof Burstable>

/** One workload’s instance under one way to choose instances. */
export interface HostedInstance {
  readonly workload: string
  /** The type’s name, or `own`. */
  readonly offer: string
  readonly baseline: number
  /** Share of a core that is reserved: it cannot use more in the long run. */
  readonly reservedCores: number
  readonly bucketCoreSeconds: number
  readonly timeoutSeconds: number
  /** Share of time in bursts, and the response that its SLO bounds, alone on its node. */
  readonly shareBursting: number
  readonly responseSecondsAlone: number
}

/** What an SLO bounds, as it was met where the instance was placed, bursts colliding; with its 95 % interval over batches of time. */
export interface PlacedInstance {
  readonly workload: string
  readonly responseSeconds: number
  readonly low: number
  readonly high: number
}

export interface HostedNode {
  readonly reservedCores: number
  /** Share of the cores that its queries use. */
  readonly utilisation: number
  readonly instances: readonly PlacedInstance[]
}

/** All workloads hosted one way. */
export interface Hosting {
  readonly name: string
  readonly what: string
  readonly instances: readonly HostedInstance[]
  readonly nodes: readonly HostedNode[]
  /** Nodes that the reservations need at least (their sum, rounded up). */
  readonly nodesAtLeast: number
  readonly instancesPerNode: number
  readonly revenuePerNodeHour: number
}

export interface BurstableStudy {
  readonly schema: 'halftone/burstable-study/1'
  readonly name: string
  readonly seed: number
  readonly coresPerNode: number
  /** Each with its SLO: which bound, in seconds. */
  readonly workloads: readonly {
    readonly name: string
    readonly instances: number
    readonly utilisation: number
    readonly metric: 'mean' | 'p95'
    readonly boundSeconds: number
    readonly pricePerHour: number
  }[]
  /** Fixed types first; what the others are held against. */
  readonly hostings: readonly Hosting[]
  /** Revenue a node of the last over the first. */
  readonly revenueRatio: number
  readonly caveats: readonly Caveat[]
}

type Node = Record<string, unknown>

/** What holds of a colocation study beyond its shape: names once, one SLO each, an SLO above the service, work that fits a core. */
export function checkBurstable(value: unknown): Issue[] {
  const found: Issue[] = []
  const wrong = (code: string, place: string, message: string, seen?: unknown): void => {
    found.push({ code, severity: 'error', place, message, ...(seen === undefined ? {} : { value: shown(seen) }) })
  }
  const root = node(value)
  const named = (base: 'offers' | 'workloads'): Node[] => {
    const all = list(root[base]).map(node)
    const names = all.map((one) => one['name'])
    names.forEach((name, i) => {
      if (typeof name === 'string' && names.indexOf(name) < i) wrong('duplicate', `${base}[${i}].name`, 'was given before', name)
    })
    return all
  }
  named('offers')
  named('workloads').forEach((workload, i) => {
    const place = `workloads[${i}]`
    const bounds = (['meanResponseSecondsAtMost', 'p95ResponseSecondsAtMost'] as const).filter(
      (one) => workload[one] !== undefined,
    )
    if (bounds.length !== 1)
      wrong(
        bounds.length === 0 ? 'missing-field' : 'contradiction',
        place,
        'give one SLO: meanResponseSecondsAtMost or p95ResponseSecondsAtMost',
      )
    const issues = checkLaw(workload['service'], `${place}.service`)
    found.push(...issues)
    const law = Law.safeParse(workload['service'])
    if (!law.success || issues.length > 0) return
    const service = lawMoments(law.data).mean
    const rate = workload['arrivalsPerSecond']
    if (typeof rate === 'number' && rate * service >= 1)
      wrong(
        'overloaded',
        `${place}.arrivalsPerSecond`,
        `at ${service} s a query it keeps more than a whole core busy: split it over more instances`,
        rate,
      )
    const bound = workload['meanResponseSecondsAtMost']
    if (typeof bound === 'number' && bound <= service)
      wrong(
        'contradiction',
        `${place}.meanResponseSecondsAtMost`,
        `is not above the mean service on a whole core, ${service} s`,
        bound,
      )
  })
  return found
}

function node(value: unknown): Node {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Node) : {}
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}
