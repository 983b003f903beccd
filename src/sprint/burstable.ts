import { type BurstableOffer, isRefusal, type Refusal, refuse } from '../model/index.js'
import type { CreditPolicy } from './credit-queue.js'

/** How an instance fares alone. */
export interface Alone {
  /** What its SLO bounds. */
  readonly responseSeconds: number
  readonly shareBursting: number
}

/** One workload as a search needs it. Every question is answered on the same luck, so that near-by policies compare sharply. */
export interface InstanceDemand {
  readonly name: string
  /** Arrivals a second × mean time on a whole core: the share of a core that it uses. */
  readonly utilisation: number
  readonly boundSeconds: number
  readonly ask: (policy: CreditPolicy, burstCores: number) => Alone
}

/** What is held back because a node is shared. */
export interface Prudence {
  /** Share of what is reserved that the queries may use. */
  readonly busyAtMost: number
  /** Part of a core that a burst is expected to get where others burst beside it. */
  readonly burstCores: number
}

export interface ChosenInstance extends Alone {
  readonly offer: string
  readonly policy: CreditPolicy
}

const DAY = 86_400
/** Reservations are found to this share of a core. */
const GRAIN = 0.005
const TIMEOUTS = 16
/** Timeouts that are tried at each size on the way to the least one. */
const COARSE = 5

/** The offer as its seller runs it: bursts at once, credits come in at the baseline. */
export function offeredPolicy({ baseline, creditsAtMost }: BurstableOffer): CreditPolicy {
  return { baseline, earn: baseline, bucketCoreSeconds: 60 * creditsAtMost, timeoutSeconds: 0 }
}

/** The smallest offer that meets the SLO under its seller’s policy, else a dedicated core; refused where that does not meet it either. */
export function offeredInstance(
  demand: InstanceDemand,
  prudence: Prudence,
  offers: readonly BurstableOffer[],
): ChosenInstance | Refusal {
  for (const offer of [...offers].sort((a, b) => a.baseline - b.baseline)) {
    const chosen = meeting(demand, offer.name, offeredPolicy(offer), prudence)
    if (chosen) return chosen
  }
  return dedicated(demand)
}

/**
 * The instance with the least reservation that meets the SLO.
 *
 *   size     baseline = earn = r, bursts at once, a day’s credits in its account, as a seller would run it: the least r by bisection
 *   policy   the least r at which some timeout meets the SLO; at that r the longest timeout that does, and for it the smallest account: whoever bursts no more than
 *            its SLO needs leaves the core to those that must
 *
 * Under one reservation a baseline below what it earns would only be slower: the account charges what is used, not what is allowed. A dedicated core where nothing
 * smaller meets the SLO; refused where that does not either. The bisection takes it that more never makes an SLO fail.
 */
export function ownInstance(demand: InstanceDemand, prudence: Prudence, search: 'size' | 'policy'): ChosenInstance | Refusal {
  const { boundSeconds, utilisation } = demand
  const sized = (reserved: number, timeoutSeconds: number, bucketCoreSeconds = DAY * reserved): CreditPolicy => ({
    baseline: reserved,
    earn: reserved,
    bucketCoreSeconds,
    timeoutSeconds,
  })
  const timeouts = (count: number): number[] => [
    0,
    ...Array.from({ length: count }, (_, i) => boundSeconds * 0.02 ** (1 - (i + 1) / count)),
  ]
  const at = (reserved: number): ChosenInstance | undefined => {
    for (const timeout of search === 'size' ? [0] : timeouts(COARSE)) {
      const chosen = meeting(demand, 'own', sized(reserved, timeout), prudence)
      if (chosen) return chosen
    }
    return undefined
  }
  // whole grains, so that searches under other prudences ask the same questions again
  let low = Math.ceil(utilisation / prudence.busyAtMost / GRAIN - 1e-9) - 1
  let high = Math.round(1 / GRAIN)
  let best: ChosenInstance | undefined
  for (let middle = low + 1; high - low > 1; middle = Math.floor((low + high) / 2)) {
    const found = at(middle * GRAIN)
    if (found) {
      high = middle
      best = found
    } else low = middle
  }
  if (!best) return dedicated(demand)
  if (search === 'size') return best
  const [reserved, soonest] = [best.policy.earn, best.policy.timeoutSeconds]
  const longest = timeouts(TIMEOUTS)
    .reverse()
    .flatMap((timeout) => (timeout > soonest ? [sized(reserved, timeout)] : []))
  const patient = first(longest, (policy) => meeting(demand, 'own', policy, prudence)) ?? best
  const buckets = Array.from({ length: 6 }, (_, i) => boundSeconds * 4 ** i).filter((bucket) => bucket < DAY * reserved)
  return (
    first(buckets, (bucket) => meeting(demand, 'own', sized(reserved, patient.policy.timeoutSeconds, bucket), prudence)) ??
    patient
  )
}

/** An instance with a core of its own. */
function dedicated(demand: InstanceDemand): ChosenInstance | Refusal {
  const policy: CreditPolicy = { baseline: 1, earn: 1, bucketCoreSeconds: 1, timeoutSeconds: Number.MAX_VALUE }
  const chosen = meeting(demand, 'dedicated core', policy, { busyAtMost: 1, burstCores: 1 })
  return (
    chosen ??
    refuse(
      'infeasible',
      `${demand.name} misses its SLO of ${demand.boundSeconds} s even on a core of its own: raise the SLO, or split it over more instances`,
      { boundSeconds: demand.boundSeconds, responseSeconds: demand.ask(policy, 1).responseSeconds },
    )
  )
}

function meeting(
  { ask, boundSeconds, utilisation }: InstanceDemand,
  offer: string,
  policy: CreditPolicy,
  { busyAtMost, burstCores }: Prudence,
): ChosenInstance | undefined {
  if (utilisation > busyAtMost * policy.earn * (1 + 1e-9)) return undefined
  const alone = ask(policy, burstCores)
  return alone.responseSeconds <= boundSeconds ? { offer, policy, ...alone } : undefined
}

function first<T, U>(some: readonly T[], of: (one: T) => U | undefined): U | undefined {
  for (const one of some) {
    const found = of(one)
    if (found !== undefined) return found
  }
  return undefined
}

/**
 * Instances onto nodes of `cores`, never more reserved on one than it has. First fit decreasing says how many nodes (at most 11/9 of the fewest, and one); the instances are
 * then dealt anew to so many and `more`, the largest first, each to the node with the fewest of its kind and of those the emptiest, so that no node is fuller than it must be and those
 * that burst alike are apart; where that does not fit, first fit stays. Returns the instances’ places in the list, node by node. `kinds`: one a instance, equal for alike.
 * Source: Johnson et al. (1974).
 */
export function packNodes(reserved: readonly number[], kinds: readonly number[], cores: number, more = 0): number[][] {
  const order = reserved.map((_, i) => i).sort((a, b) => reserved[b]! - reserved[a]! || kinds[a]! - kinds[b]! || a - b)
  const fits = (i: number, { room }: { readonly room: number }): boolean => reserved[i]! <= room + 1e-9
  const put = (i: number, node: { room: number; held: number[] }): void => {
    node.room -= reserved[i]!
    node.held.push(i)
  }
  const packed: { room: number; held: number[] }[] = []
  for (const i of order) {
    let node = packed.find((one) => fits(i, one))
    if (!node) {
      node = { room: cores, held: [] }
      packed.push(node)
    }
    put(i, node)
  }
  const count = Math.min(packed.length + more, Math.max(1, reserved.length))
  const dealt = Array.from({ length: count }, () => ({ room: cores, held: [] as number[] }))
  for (const i of order) {
    const alike = ({ held }: { readonly held: readonly number[] }): number => held.filter((j) => kinds[j] === kinds[i]).length
    const [node] = dealt.filter((one) => fits(i, one)).sort((a, b) => alike(a) - alike(b) || b.room - a.room)
    if (!node) return packed.map(({ held }) => held)
    put(i, node)
  }
  return dealt.map(({ held }) => held)
}

/** The instances chosen for all, or the first refusal. */
export function allChosen(chosen: readonly (ChosenInstance | Refusal)[]): readonly ChosenInstance[] | Refusal {
  const refused = chosen.find(isRefusal)
  return refused ?? (chosen as readonly ChosenInstance[])
}
