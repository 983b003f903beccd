/** Mean and p95 of a column of responses, measured or foreseen, with intervals that say what they are. */
import type { Estimate } from '../../model/index.js'
import { quantile, studentQuantile } from '../../num/index.js'

/** A mean and a p95 in seconds, with an interval each. */
export interface Figures {
  readonly mean: Estimate
  readonly p95: Estimate
}

const CONFIDENCE = 0.95
const BATCHES = 8

/**
 * Of responses in order of arrival that were measured once: the mean with the Student interval of up to eight batch means, since neighbours in a
 * queue fare alike; the p95 with the interval of order statistics (which takes them for independent, so it is somewhat too narrow under load).
 * Undefined without any.
 */
export function measuredFigures(responses: readonly number[]): Figures | undefined {
  const n = responses.length
  if (n === 0) return undefined
  const sorted = Float64Array.from(responses).sort()
  return { mean: batchMean(responses), p95: orderStatistics(sorted, 0.95) }
}

/** Of the same figure in many runs of a model: the mean over them, and where nineteen in twenty of single runs lie. */
export function rangeOf(values: readonly number[]): Estimate {
  const sorted = Float64Array.from(values).sort()
  return {
    value: meanOf(values),
    low: quantile(sorted, (1 - CONFIDENCE) / 2),
    high: quantile(sorted, (1 + CONFIDENCE) / 2),
    confidence: CONFIDENCE,
  }
}

/** A mean of times or losses with the Student interval of independent values, not below 0; of one value alone nothing is known but itself. */
export function meanEstimateOf(values: readonly number[]): Estimate {
  const value = meanOf(values)
  const half = values.length < 2 ? 0 : studentQuantile(CONFIDENCE, values.length - 1) * standardError(values)
  return { value, low: Math.max(0, value - half), high: value + half, confidence: values.length < 2 ? 0 : CONFIDENCE }
}

export function meanOf(values: ArrayLike<number>): number {
  let sum = 0
  for (let i = 0; i < values.length; i++) sum += values[i]
  return sum / values.length
}

/** p95 of a column that need not be sorted. */
export function p95Of(values: ArrayLike<number>): number {
  return quantile(Float64Array.from(values).sort(), 0.95)
}

function batchMean(values: readonly number[]): Estimate {
  const batches = Math.min(BATCHES, Math.floor(values.length / 2))
  if (batches < 2) return meanEstimateOf(values)
  const means = Array.from({ length: batches }, (_, b) =>
    meanOf(values.slice(Math.floor((b * values.length) / batches), Math.floor(((b + 1) * values.length) / batches))),
  )
  const half = meanEstimateOf(means).high - meanOf(means)
  const value = meanOf(values)
  return { value, low: Math.max(0, value - half), high: value + half, confidence: CONFIDENCE }
}

/** A quantile with the order statistics that bound it by the binomial law, in its normal form. */
function orderStatistics(sorted: Float64Array, p: number): Estimate {
  const n = sorted.length
  const spread = 1.96 * Math.sqrt(n * p * (1 - p))
  const at = (rank: number): number => sorted[Math.min(n - 1, Math.max(0, rank))]
  const value = quantile(sorted, p)
  return {
    value,
    low: Math.min(value, at(Math.floor(n * p - spread) - 1)),
    high: Math.max(value, at(Math.ceil(n * p + spread))),
    confidence: CONFIDENCE,
  }
}

function standardError(values: readonly number[]): number {
  const mean = meanOf(values)
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1)
  return Math.sqrt(variance / values.length)
}
