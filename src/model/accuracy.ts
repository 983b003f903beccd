import type { Estimate } from './estimate.js'
import { exactly } from './estimate.js'
import type { AccuracyCurve } from './workload.js'

/**
 * Accuracy loss at a drop ratio θ: straight lines through (0, 0) and the measured points, the last slope beyond them, never above 1. The
 * interval comes from the points’ half-widths, interpolated the same way; a curve without them gives the value alone, at confidence 0.
 */
export function accuracyLoss(curve: AccuracyCurve, dropRatio: number): Estimate {
  if (dropRatio <= 0) return exactly(0)
  const measured = curve.points.some((point) => point.halfWidth !== undefined)
  const points = curve.points.filter((point) => point.dropRatio > 0)
  const zero = curve.points.find((point) => point.dropRatio === 0) ?? { dropRatio: 0, loss: 0, halfWidth: 0 }
  let [before, after] = [zero, points[0] ?? zero]
  for (let i = 1; i < points.length && dropRatio > after.dropRatio; i++) [before, after] = [after, points[i]!]
  const span = after.dropRatio - before.dropRatio
  const share = span > 0 ? (dropRatio - before.dropRatio) / span : 0
  const along = (a: number, b: number): number => Math.min(1, Math.max(0, a + share * (b - a)))
  const value = along(before.loss, after.loss)
  if (!measured) return { value, low: value, high: value, confidence: 0 }
  const halfWidth = Math.abs(along(before.halfWidth ?? 0, after.halfWidth ?? 0))
  return { value, low: Math.max(0, value - halfWidth), high: Math.min(1, value + halfWidth), confidence: 0.95 }
}

/** The loss of a class under a drop: its curve where it has one; the dropped share itself, as the bound, where it has not. */
export function lossOf(curve: AccuracyCurve | undefined, dropRatio: number): Estimate {
  if (dropRatio <= 0) return exactly(0)
  return curve ? accuracyLoss(curve, dropRatio) : { value: dropRatio, low: 0, high: dropRatio, confidence: 0 }
}
