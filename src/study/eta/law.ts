/**
 * The law of a run time as a weighted sample: ascending values in seconds, each with a share of the chance. What forecasts of run times give, and what
 * futures are drawn from.
 */
export interface RunTimeLaw {
  /** Ascending, above 0. */
  readonly values: Float64Array
  /** Share of the chance up to and with each value; ends at 1. */
  readonly shares: Float64Array
}

/** The law that is sure of one value. */
export function certain(seconds: number): RunTimeLaw {
  return { values: Float64Array.of(seconds), shares: Float64Array.of(1) }
}

/** A law from values in any order and their weights, not all 0. */
export function lawOf(values: ArrayLike<number>, weights?: ArrayLike<number>): RunTimeLaw {
  const order = Array.from({ length: values.length }, (_, i) => i).sort((a, b) => values[a]! - values[b]!)
  const shares = new Float64Array(order.length)
  let sum = 0
  order.forEach((at, i) => {
    sum += weights?.[at] ?? 1
    shares[i] = sum
  })
  for (let i = 0; i < shares.length; i++) shares[i] = shares[i]! / sum
  return { values: Float64Array.from(order, (at) => values[at]!), shares }
}

/** The least value that the share `level` (0 to 1) of the chance does not go beyond. */
export function quantileOfLaw({ values, shares }: RunTimeLaw, level: number): number {
  let low = 0
  let high = values.length - 1
  while (low < high) {
    const middle = (low + high) >>> 1
    // a billionth of slack for the rounding of the sums
    if (shares[middle]! >= level - 1e-9) high = middle
    else low = middle + 1
  }
  return values[low]!
}

/** Share of the chance at or below `seconds`. */
export function shareUpTo({ values, shares }: RunTimeLaw, seconds: number): number {
  let low = 0
  let high = values.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (values[middle]! <= seconds) low = middle + 1
    else high = middle
  }
  return low === 0 ? 0 : shares[low - 1]!
}

/** Below this share of the law left, a job that runs on is like none that was seen. */
const NOTHING_LEFT = 0.002

/**
 * Run time at `level` of a job that has run for `ran` seconds already: the law given that it is longer. A job that outran all that it is like may go on
 * for as long again as it has run (P(T > t | T > ran) = ran / t, the law of whom nothing else is known), but not past `limit`.
 */
export function quantileBeyond(law: RunTimeLaw, level: number, ran: number, limit: number): number {
  const capped = (seconds: number): number => Math.max(ran, Math.min(seconds, limit > ran ? limit : Number.POSITIVE_INFINITY))
  const gone = shareUpTo(law, ran)
  if (1 - gone < NOTHING_LEFT) return capped(ran / Math.max(1 - level, 1e-3))
  return capped(quantileOfLaw(law, gone + level * (1 - gone)))
}

/**
 * Continuous ranked probability score of a law for what came, both on the scale of log(1 + seconds): ∫ (F(x) − 1{x ≥ actual})² dx = E|X − actual| − ½ E|X − X′|.
 * 0 for a sure and right forecast; for a point it is the absolute error. Gneiting and Raftery (2007).
 */
export function crpsOfLog({ values, shares }: RunTimeLaw, actual: number): number {
  const y = Math.log1p(actual)
  let [near, spread, before] = [0, 0, 0]
  for (let i = 0; i < values.length; i++) {
    const x = Math.log1p(values[i]!)
    const weight = shares[i]! - before
    near += weight * Math.abs(x - y)
    if (i + 1 < values.length) spread += shares[i]! * (1 - shares[i]!) * (Math.log1p(values[i + 1]!) - x)
    before = shares[i]!
  }
  return near - spread
}

/** The same of what did not come before `bound`: the part of the score below it, ∫ F(x)² dx up to there (the threshold-weighted score; what comes later is not known). */
export function crpsOfLogUpTo({ values, shares }: RunTimeLaw, bound: number): number {
  const end = Math.log1p(bound)
  let sum = 0
  for (let i = 0; i < values.length; i++) {
    const from = Math.log1p(values[i]!)
    const to = i + 1 < values.length ? Math.min(end, Math.log1p(values[i + 1]!)) : end
    if (to > from) sum += shares[i]! ** 2 * (to - from)
  }
  return sum
}
