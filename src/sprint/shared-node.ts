import type { CoreQueries, CreditPolicy } from './credit-queue.js'

export interface NodeInstance {
  readonly policy: CreditPolicy
  readonly queries: CoreQueries
}

const IDLE = 0
/** At the baseline, its timer runs. */
const WAITS = 1
const BURSTS = 2
/** At the baseline to its end: its burst ran out of credit. */
const SPENT = 3

/**
 * Several burstable instances on one node of `cores`, bursts colliding: every instance has its baseline for certain, what the baselines of busy ones leave is shared evenly by those
 * that burst, up to a core each, and credits are charged by what was really used (`playCredits` has the law of one instance). The baselines together must fit the node.
 *
 *   rate of a burst = baseline + min(1 − baseline, x),   Σ min(1 − baseline, x) = cores − Σ baselines of busy instances
 *
 * Returns the responses of each instance’s queries, in order. Event by event, O(instances) each.
 */
export function playNode(instances: readonly NodeInstance[], cores = 1): Float64Array[] {
  const n = instances.length
  const baseline = Float64Array.from(instances, ({ policy }) => policy.baseline)
  const earn = Float64Array.from(instances, ({ policy }) => policy.earn)
  const bucket = Float64Array.from(instances, ({ policy }) => policy.bucketCoreSeconds)
  const level = Float64Array.from(bucket)
  const left = new Float64Array(n)
  const rate = new Float64Array(n)
  const timer = new Float64Array(n)
  const mode = new Uint8Array(n)
  const at = new Int32Array(n)
  const responses = instances.map(({ queries }) => new Float64Array(queries.arrivalSeconds.length))
  let open = instances.reduce((sum, { queries }) => sum + queries.arrivalSeconds.length, 0)
  let now = 0
  while (open > 0) {
    share(mode, baseline, rate, cores)
    let next = Number.POSITIVE_INFINITY
    let which = -1
    let empties = false
    for (let k = 0; k < n; k++) {
      const { arrivalSeconds } = instances[k]!.queries
      let when: number
      let dry = false
      if (mode[k] === IDLE) when = at[k]! < arrivalSeconds.length ? arrivalSeconds[at[k]!]! : Number.POSITIVE_INFINITY
      else {
        when = now + left[k]! / rate[k]!
        if (mode[k] === WAITS) when = Math.min(when, timer[k]!)
        else if (mode[k] === BURSTS && rate[k]! > earn[k]!) {
          const dries = now + level[k]! / (rate[k]! - earn[k]!)
          dry = dries < when
          if (dry) when = dries
        }
      }
      if (when < next) {
        next = when
        which = k
        empties = dry
      }
    }
    const step = Math.max(0, next - now)
    for (let k = 0; k < n; k++) {
      const use = mode[k] === IDLE ? 0 : rate[k]!
      left[k]! -= use * step
      level[k] = Math.min(bucket[k]!, Math.max(0, level[k]! + (earn[k]! - use) * step))
    }
    now = Math.max(now, next)
    const { queries, policy } = instances[which]!
    const i = at[which]!
    if (mode[which] !== IDLE) {
      if (empties) {
        level[which] = 0
        mode[which] = SPENT
        continue
      }
      if (mode[which] === WAITS && timer[which]! <= now && left[which]! > 1e-12 * queries.coreSeconds[i]!) {
        mode[which] = level[which]! > 0 ? BURSTS : SPENT
        continue
      }
      responses[which]![i] = now - queries.arrivalSeconds[i]!
      open--
      at[which] = i + 1
      mode[which] = IDLE
    }
    const following = at[which]!
    if (following < queries.arrivalSeconds.length && queries.arrivalSeconds[following]! <= now) {
      left[which] = queries.coreSeconds[following]!
      timer[which] = queries.arrivalSeconds[following]! + policy.timeoutSeconds
      mode[which] = timer[which]! > now ? WAITS : level[which]! > 0 ? BURSTS : SPENT
    }
  }
  return responses
}

/** Baselines to the busy; what they leave evenly to those that burst, up to a core each. */
function share(mode: Uint8Array, baseline: Float64Array, rate: Float64Array, cores: number): void {
  const n = mode.length
  let spare = cores
  let bursting = 0
  for (let k = 0; k < n; k++) {
    if (mode[k] === IDLE) continue
    rate[k] = baseline[k]!
    spare -= baseline[k]!
    if (mode[k] === BURSTS) bursting++
  }
  // who is full at an even share is filled first; the others share what is left
  for (let round = 0; bursting > 0 && spare > 1e-12 && round < n; round++) {
    const each = spare / bursting
    let given = 0
    let filled = 0
    for (let k = 0; k < n; k++) {
      if (mode[k] !== BURSTS || rate[k]! >= 1) continue
      const more = Math.min(1 - rate[k]!, each)
      rate[k]! += more
      given += more
      if (rate[k]! >= 1 - 1e-12) {
        rate[k] = 1
        filled++
      }
    }
    spare -= given
    bursting -= filled
    if (filled === 0) break
  }
}
