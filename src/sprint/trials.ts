/** Prices of some timeouts, all on the same luck: from the real system, or from a simulator run for long. */
export type PlayTogether = (timeoutsSeconds: readonly number[]) => readonly number[]

export interface TriedTimeout {
  readonly timeoutSeconds: number
  /** The timeouts that were tried, each once, in the order of trial. */
  readonly tried: readonly number[]
}

/** Timeouts nearer than by this factor are told apart by the second round of trials, not by the first. */
const APART = 1.5
const FIRST_ROUND = 3
const STEP = 1.35

/**
 * The best timeout by five short trials, where a model has chosen some: what it likes best and the next two that differ from it and from one another by half or
 * more; then the best of these and one on each side of it. A model tells good regions from bad ones; within its error only a trial tells neighbours apart.
 *
 * `foreseen` holds the model’s price of each timeout it was asked about, `serviceSeconds` is the scale below which timeouts count as alike.
 */
export function trialSearch(
  first: number,
  foreseen: ReadonlyMap<number, number>,
  play: PlayTogether,
  serviceSeconds: number,
): TriedTimeout {
  const far = (a: number, b: number): boolean =>
    Math.abs(Math.log((a + 0.1 * serviceSeconds) / (b + 0.1 * serviceSeconds))) > Math.log(APART)
  const candidates = [first]
  for (const [timeout] of [...foreseen].sort(([, a], [, b]) => a - b))
    if (candidates.length < FIRST_ROUND && candidates.every((one) => far(one, timeout))) candidates.push(timeout)
  const middle = bestOf(candidates, play)
  const sides = middle === 0 ? [0.3 * serviceSeconds, 0.7 * serviceSeconds] : [middle / STEP, middle * STEP]
  return { timeoutSeconds: bestOf([middle, ...sides], play), tried: [...new Set([...candidates, ...sides])] }
}

function bestOf(timeouts: readonly number[], play: PlayTogether): number {
  const prices = play(timeouts)
  return timeouts.reduce((best, timeout, i) => (prices[i]! < prices[timeouts.indexOf(best)]! ? timeout : best))
}
