/**
 * A burstable instance under queries: one server, first come first served, that runs at its baseline share of a core and, for queries that have not ended `timeoutSeconds`
 * after they arrived, at `burst` of a core while its credit account holds. What it uses is charged, what it earns comes in all the time:
 *
 *   d(credits)/dt = earn − use,   use = 0 idle, baseline at baseline, burst in a burst;   0 ≤ credits ≤ bucket
 *
 * so that in the long run it uses no more than `earn` of a core (baseline ≤ earn): that is what a node must reserve for it. AWS’s T family is earn = baseline, timeout 0.
 * A query whose burst ran out of credit ends at the baseline. Each query in closed form, nothing allocated but the answer.
 * Source: AWS documentation of CPU credits, as in specs/sprint.md 2.5 (while bursting, credits drain at 1 − baseline a second).
 */
export interface CreditPolicy {
  /** Share of a core without a burst; above 0, at most `earn`. */
  readonly baseline: number
  /** Core-seconds of credit a second: the share of a core that it may use for ever. At most 1. */
  readonly earn: number
  /** Core-seconds that the account holds at most; it begins full. */
  readonly bucketCoreSeconds: number
  /** After its arrival a query waits so long for a burst; 0: bursts at once, Infinity: never. */
  readonly timeoutSeconds: number
}

/** Queries in order of arrival, with the time that each takes on a whole core. */
export interface CoreQueries {
  readonly arrivalSeconds: Float64Array
  readonly coreSeconds: Float64Array
}

/**
 * Fills `responses` (as long as the queries) with the time from arrival to end of each; returns the share of the time spent in bursts. `burst` is the part of a core that a
 * burst is given: 1 alone, less where others burst beside it.
 */
export function playCredits(
  { arrivalSeconds, coreSeconds }: CoreQueries,
  { baseline, earn, bucketCoreSeconds, timeoutSeconds }: CreditPolicy,
  responses: Float64Array,
  burst = 1,
): number {
  const count = arrivalSeconds.length
  const fast = Math.max(baseline, burst)
  const drain = fast - earn
  let level = bucketCoreSeconds
  let free = 0
  let bursting = 0
  for (let i = 0; i < count; i++) {
    const arrival = arrivalSeconds[i]!
    const work = coreSeconds[i]!
    const start = Math.max(arrival, free)
    level = Math.min(bucketCoreSeconds, level + earn * (start - free))
    const slow = Math.max(0, arrival + timeoutSeconds - start)
    if (baseline * slow >= work) {
      const seconds = work / baseline
      free = start + seconds
      level = Math.min(bucketCoreSeconds, level + (earn - baseline) * seconds)
    } else {
      level = Math.min(bucketCoreSeconds, level + (earn - baseline) * slow)
      const left = work - baseline * slow
      const wanted = left / fast
      if (wanted * drain <= level) {
        free = start + slow + wanted
        level = Math.min(bucketCoreSeconds, level - wanted * drain)
        bursting += wanted
      } else {
        const held = level / drain
        const rest = (left - held * fast) / baseline
        free = start + slow + held + rest
        level = Math.min(bucketCoreSeconds, (earn - baseline) * rest)
        bursting += held
      }
    }
    responses[i] = free - arrival
  }
  return free > 0 ? bursting / free : 0
}
