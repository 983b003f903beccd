import { studentQuantile } from '../num/index.js'
import { type Estimate, exactly } from './estimate.js'
import { isRefusal, type Refusal, refuse } from './refusal.js'

/**
 * What a deflated job computed: some of its partitions, chosen uniformly without replacement. Whole partitions are the units that were
 * sampled (cluster sampling), so the spread between them, not between records, makes the error bar.
 */
export interface KeptPartitions {
  /** Partitions of the whole data set, kept or dropped. */
  readonly partitions: number
  /** One total for each kept partition. */
  readonly totals: ArrayLike<number>
}

const CONFIDENCE = 0.95

/**
 * The total over all partitions from the kept ones, scaled up: N ȳ ± t_{n−1} · N · sqrt((1 − n/N) s²/n). A count is the total of ones.
 *
 * Exact where every partition was kept. Refused from one partition of several, which shows no spread, and from none.
 * Source: Cochran, Sampling Techniques (1977), 2.5 and 9.3; the theory that ApproxHadoop uses (specs/deflate.md, E12).
 */
export function estimateTotal({ partitions, totals }: KeptPartitions, confidence = CONFIDENCE): Estimate | Refusal {
  const refused = unusable(partitions, totals.length)
  if (refused) return refused
  const n = totals.length
  const mean = sum(totals) / n
  if (n === partitions) return exactly(mean * partitions)
  let squares = 0
  for (let i = 0; i < n; i++) squares += (totals[i]! - mean) ** 2
  const error = partitions * Math.sqrt(((1 - n / partitions) * (squares / (n - 1))) / n)
  return around(mean * partitions, error * studentQuantile(confidence, n - 1), confidence)
}

/**
 * The mean over all records from the kept partitions: the ratio R = Σy/Σx of totals to record counts, with the linearised error
 * sqrt((1 − n/N)/n · Σ(y − R x)²/(n − 1)) / x̄. Slightly biased where partitions are few and uneven, of order 1/n.
 *
 * Refused where no kept partition has a record. Source: Cochran (1977), 6.3.
 */
export function estimateMean(
  { partitions, totals, records }: KeptPartitions & { readonly records: ArrayLike<number> },
  confidence = CONFIDENCE,
): Estimate | Refusal {
  const refused = unusable(partitions, totals.length)
  if (refused) return refused
  const n = totals.length
  const all = sum(records)
  if (!(all > 0)) return refuse('no-data', 'no kept partition has a record to take a mean of')
  const ratio = sum(totals) / all
  if (n === partitions) return exactly(ratio)
  let squares = 0
  for (let i = 0; i < n; i++) squares += (totals[i]! - ratio * records[i]!) ** 2
  const error = Math.sqrt(((1 - n / partitions) * (squares / (n - 1))) / n) / (all / n)
  return around(ratio, error * studentQuantile(confidence, n - 1), confidence)
}

/** One of the largest keys, with its estimated total. */
export interface TopKey {
  readonly key: string
  readonly total: Estimate
  /** True where the interval lies wholly above that of the first key that did not make it: dropping did not decide its place. */
  readonly sure: boolean
}

/**
 * The k largest keys by estimated total, from one table of totals a kept partition; ties in order of the words. A key that stands in no
 * kept partition cannot be found: where partitions were dropped, rare keys are missing and the list is of the common ones.
 */
export function estimateTop(
  k: number,
  partitions: number,
  kept: readonly ReadonlyMap<string, number>[],
  confidence = CONFIDENCE,
): TopKey[] | Refusal {
  const refused = unusable(partitions, kept.length)
  if (refused) return refused
  const sums = new Map<string, number>()
  for (const partition of kept) for (const [key, total] of partition) sums.set(key, (sums.get(key) ?? 0) + total)
  const ranked = [...sums].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)).slice(0, k + 1)
  const estimates: { key: string; total: Estimate }[] = []
  for (const [key] of ranked) {
    const total = estimateTotal({ partitions, totals: kept.map((partition) => partition.get(key) ?? 0) }, confidence)
    if (isRefusal(total)) return total
    estimates.push({ key, total })
  }
  const next = estimates[k]
  return estimates.slice(0, k).map(({ key, total }) => ({ key, total, sure: next === undefined || total.low > next.total.high }))
}

/**
 * The number of patterns in all data from those counted in the kept part, where a pattern is seen only if all its `parts` independent
 * pieces were kept (the three edges of a triangle): count / Π (n − i)/(N − i), the chance that so many different partitions are all kept,
 * which tends to (1 − θ)^m.
 *
 * `withoutEach` holds the count with each kept partition left out in turn; the delete-one jackknife makes the error bar of it. Without it
 * the value stands alone (confidence 0). Refused where fewer partitions are kept than a pattern has pieces.
 * Source: specs/deflate.md E12; Efron and Stein (1981) for the jackknife.
 */
export function estimatePatterns(
  {
    partitions,
    kept,
    parts,
    count,
    withoutEach,
  }: {
    readonly partitions: number
    readonly kept: number
    readonly parts: number
    readonly count: number
    readonly withoutEach?: ArrayLike<number>
  },
  confidence = CONFIDENCE,
): Estimate | Refusal {
  if (kept < parts || kept > partitions || partitions < 1)
    return refuse('no-data', `a pattern of ${parts} pieces cannot be counted from ${kept} of ${partitions} partitions`, {
      kept,
      parts,
    })
  const value = count / keptChance(partitions, kept, parts)
  if (kept === partitions) return exactly(value)
  if (withoutEach === undefined || kept <= parts) return { value, low: value, high: value, confidence: 0 }
  const chance = keptChance(partitions, kept - 1, parts)
  const scaled = Array.from(withoutEach, (one) => one / chance)
  const mean = sum(scaled) / scaled.length
  const spread = scaled.reduce((all, one) => all + (one - mean) ** 2, 0)
  const error = Math.sqrt((1 - kept / partitions) * ((kept - 1) / kept) * spread)
  return around(value, error * studentQuantile(confidence, kept - 1), confidence)
}

/** Chance that `parts` given different partitions are all among `kept` of `partitions` drawn without replacement. */
function keptChance(partitions: number, kept: number, parts: number): number {
  let chance = 1
  for (let i = 0; i < Math.min(parts, partitions); i++) chance *= (kept - i) / (partitions - i)
  return chance
}

function unusable(partitions: number, kept: number): Refusal | undefined {
  if (kept < 1) return refuse('no-data', 'no partition was kept: there is nothing to scale up', { partitions, kept })
  if (kept > partitions) return refuse('no-data', `${kept} partitions kept of ${partitions}`, { partitions, kept })
  if (kept === 1 && partitions > 1)
    return refuse('no-data', 'one partition shows no spread: keep at least two for an error bar', { partitions, kept })
  return undefined
}

function around(value: number, halfWidth: number, confidence: number): Estimate {
  return { value, low: value - halfWidth, high: value + halfWidth, confidence }
}

function sum(values: ArrayLike<number>): number {
  let total = 0
  for (let i = 0; i < values.length; i++) total += values[i]!
  return total
}
