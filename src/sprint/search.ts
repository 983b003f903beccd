import type { Rng } from '../num/index.js'

/** A response (or any price) at a timeout, from so many queries: more queries, a sharper value; equal queries, the same luck. */
export type TimeoutPrice = (timeoutSeconds: number, effort: number) => number

export interface FoundTimeout {
  readonly timeoutSeconds: number
  readonly price: number
  /** How many prices were asked for, and the efforts of all of them together. */
  readonly evaluations: number
  readonly effort: number
}

/**
 * The best timeout by successive halving: a grid over the range (0 and geometric steps between `shortest` and `longest`), all at little
 * effort; the better half again at twice the effort, until few are left; then neighbours half a step away, until no neighbour is better.
 * Every price at the same effort sees the same luck, so near-by timeouts compare sharply. Source: Jamieson and Talwalkar (2016).
 */
export function halvingSearch(
  price: TimeoutPrice,
  {
    shortest,
    longest,
    points = 24,
    rounds = 4,
    effort = 1,
  }: {
    readonly shortest: number
    readonly longest: number
    readonly points?: number
    readonly rounds?: number
    readonly effort?: number
  },
): FoundTimeout {
  let evaluations = 0
  let spent = 0
  const ask = (timeout: number, at: number): number => {
    evaluations++
    spent += at
    return price(timeout, at)
  }
  const step = (longest / shortest) ** (1 / Math.max(1, points - 2))
  let field = [0, ...Array.from({ length: points - 1 }, (_, i) => shortest * step ** i)]
  let at = effort
  for (let round = 0; round < rounds - 1 && field.length > 3; round++, at *= 2) {
    const ranked = field.map((timeout) => ({ timeout, price: ask(timeout, at) })).sort((a, b) => a.price - b.price)
    field = ranked.slice(0, Math.max(3, Math.ceil(ranked.length / 2))).map(({ timeout }) => timeout)
  }
  const known = new Map<number, number>()
  const sharply = (timeout: number): number => {
    const before = known.get(timeout)
    if (before !== undefined) return before
    const found = ask(timeout, at)
    known.set(timeout, found)
    return found
  }
  let best = field.reduce((a, b) => (sharply(b) < sharply(a) ? b : a))
  for (let factor = Math.sqrt(step); factor > 1.01; factor = Math.sqrt(factor)) {
    for (let moved = true; moved; ) {
      const near = best === 0 ? [shortest / 2] : [best / factor, Math.min(longest, best * factor)]
      const next = near.reduce((a, b) => (sharply(b) < sharply(a) ? b : a), best)
      moved = next !== best
      best = next
    }
  }
  return { timeoutSeconds: best, price: sharply(best), evaluations, effort: spent }
}

/**
 * Simulated annealing over the timeout, the papers’ own reference: from `start`, T × e^{N(0, 0.3)}, accepted when better or with probability
 * e^{−Δ/temperature}, the temperature falling by 0.95 a step from a tenth of the first price. Returns the best ever seen.
 * Source: specs/sprint.md 2.4.
 */
export function annealingSearch(
  price: TimeoutPrice,
  {
    start,
    longest,
    steps = 200,
    effort = 1,
    rng,
  }: { readonly start: number; readonly longest: number; readonly steps?: number; readonly effort?: number; readonly rng: Rng },
): FoundTimeout {
  let here = start
  let herePrice = price(start, effort)
  let [best, bestPrice] = [here, herePrice]
  let temperature = 0.1 * herePrice
  for (let i = 0; i < steps; i++, temperature *= 0.95) {
    const next = Math.min(longest, Math.max(1e-6 * longest, here) * Math.exp(0.3 * rng.normal()))
    const nextPrice = price(next, effort)
    if (nextPrice <= herePrice || rng.uniform() < Math.exp((herePrice - nextPrice) / Math.max(temperature, 1e-300))) {
      here = next
      herePrice = nextPrice
      if (nextPrice < bestPrice) {
        best = next
        bestPrice = nextPrice
      }
    }
  }
  return { timeoutSeconds: best, price: bestPrice, evaluations: steps + 1, effort: (steps + 1) * effort }
}
