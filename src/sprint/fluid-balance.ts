/**
 * Fluid-balance timeout by whatever tells how much a timeout uses (formula, simulation, measurement): the least timeout at which sprinting, were the bucket endless, would use no more than what flows into it. It is where
 * a search for the best timeout begins; the best lies at or a little below it, since a finite bucket is sometimes empty and sometimes full.
 *
 * `useAt(T)` is the share of time spent sprinting under timeout T with an unlimited bucket, falling in T (times the sprinters, where several
 * sprint at once); `refill` the bucket’s inflow in the same unit. Returns 0 where even T = 0 uses no more, and `atMost` where that still
 * uses more. Source: specs/sprint.md 2.9 (T_fb), specs/deflate.md E9.
 */
export function balancedTimeout(useAt: (timeoutSeconds: number) => number, refill: number, atMost: number): number {
  if (useAt(0) <= refill) return 0
  let [low, high] = [0, atMost]
  if (useAt(high) > refill) return high
  for (let i = 0; i < 40 && high - low > 1e-3 * high; i++) {
    const middle = (low + high) / 2
    if (useAt(middle) > refill) low = middle
    else high = middle
  }
  return high
}

/** Sprint ability of a policy: the best response time of all policies compared over its own; 1 for the best. Source: Morris et al. (ICAC 2016). */
export function sprintAbility(responseSeconds: number, bestResponseSeconds: number): number {
  return bestResponseSeconds / responseSeconds
}
