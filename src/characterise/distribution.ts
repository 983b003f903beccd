import type { Distribution, GroupDistribution } from '../model/index.js'
import { argsort, countAtMost, empiricalCdf, moments, quantile, sortAscending } from '../num/index.js'
import { countByGroup, type Groups, knownRows } from './rows.js'

/** A column with its rows in ascending order: sorted once, read by every figure and every grouping. */
export interface Sorted {
  readonly values: Float64Array
  /** Rows that have a value, by ascending value. */
  readonly rows: Int32Array
}

/** Sorts the rows that have a value. O(rows). */
export function sortColumn(column: Float64Array): Sorted {
  const rows = argsort(column, knownRows(column))
  const values = new Float64Array(rows.length)
  for (let i = 0; i < rows.length; i++) values[i] = column[rows[i]!]!
  return { values, rows }
}

/** The figures of an ascending sample; null where it is empty. */
export function describe(sorted: Float64Array, cdfPoints = 200): Distribution | null {
  const n = sorted.length
  if (n === 0) return null
  const { mean, scv, skewness, sum } = moments(sorted)
  return {
    count: n,
    mean,
    scv: scv ?? null,
    skewness: skewness ?? null,
    min: sorted[0]!,
    max: sorted[n - 1]!,
    sum,
    zeroShare: (countAtMost(sorted, 0) - (sorted[0]! < 0 ? countAtMost(sorted, -Number.MIN_VALUE) : 0)) / n,
    quantiles: {
      p1: quantile(sorted, 0.01),
      p5: quantile(sorted, 0.05),
      p10: quantile(sorted, 0.1),
      p25: quantile(sorted, 0.25),
      p50: quantile(sorted, 0.5),
      p75: quantile(sorted, 0.75),
      p90: quantile(sorted, 0.9),
      p95: quantile(sorted, 0.95),
      p99: quantile(sorted, 0.99),
      p999: quantile(sorted, 0.999),
    },
    cdf: empiricalCdf(sorted, cdfPoints),
  }
}

/** The values that are finite and at least `least`, ascending. */
export function ascending(column: Float64Array, least = Number.NEGATIVE_INFINITY): Float64Array {
  const known = new Float64Array(column.length)
  let n = 0
  let sorted = true
  for (let i = 0; i < column.length; i++) {
    const value = column[i]!
    if (!Number.isFinite(value) || value < least) continue
    if (n > 0 && value < known[n - 1]!) sorted = false
    known[n++] = value
  }
  const values = known.subarray(0, n)
  return sorted ? values : sortAscending(values)
}

/** The values of each group in ascending order, split off the sorted column without sorting again. O(rows). */
export function splitSorted(sorted: Sorted, groups: Groups): Float64Array[] {
  const counts = new Int32Array(groups.labels.length)
  for (let i = 0; i < sorted.rows.length; i++) {
    const g = groups.of[sorted.rows[i]!]!
    if (g >= 0) counts[g] = counts[g]! + 1
  }
  const parts = Array.from(counts, (count) => new Float64Array(count))
  const filled = new Int32Array(groups.labels.length)
  for (let i = 0; i < sorted.rows.length; i++) {
    const g = groups.of[sorted.rows[i]!]!
    if (g >= 0) parts[g]![filled[g]!++] = sorted.values[i]!
  }
  return parts
}

/** The figures of each group that has rows. */
export function describeGroups(sorted: Sorted, groups: Groups | undefined): GroupDistribution[] {
  if (!groups) return []
  const rows = countByGroup(groups)
  return splitSorted(sorted, groups).flatMap((part, g) =>
    rows[g]! > 0 ? [{ label: groups.labels[g]!, rows: rows[g]!, distribution: describe(part, 80) }] : [],
  )
}
