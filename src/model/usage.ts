import type { IssueReport } from './issue.js'

/**
 * Samples of many series in time (load of a node, memory of a machine, power of a GPU), as columns sorted by series and then by time. The samples
 * of series `s` are the rows from `offsets[s]` up to `offsets[s + 1]`.
 */
export interface UsageSeries {
  readonly schema: 'halftone/usage/1'
  /** What was asked for, so that the same can be read again. */
  readonly source: string
  /** Labels of each series; its name is the label `__name__`. */
  readonly series: readonly Readonly<Record<string, string>>[]
  readonly offsets: Uint32Array
  /** Seconds since 1970. */
  readonly atSeconds: Float64Array
  readonly values: Float64Array
  /** Samples that were left out, and why. */
  readonly issues: IssueReport
}
