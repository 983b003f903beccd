import { type Issue, shown } from '../model/index.js'
import type { Samples } from './table.js'

/** Most classes a target may have: beyond it the target is a number to be regressed, not a class. */
export const CLASSES_AT_MOST = 1_000

/** The classes of a target. */
export interface Classes {
  /** Codes met, ascending. */
  readonly codes: Float64Array
  /** For each row, which of `codes` it is. */
  readonly indices: Int32Array
}

/** How much each class counts: `balanced` makes all classes weigh the same in all; otherwise factors by code, 1 where a code is not named. */
export type ClassWeights = 'balanced' | readonly (readonly [code: number, factor: number])[]

/** The classes of a finite target; more than `CLASSES_AT_MOST` are none. */
export function classesOf(target: Float64Array): Classes | undefined {
  const seen = new Map<number, number>()
  for (const code of target) {
    if (seen.has(code)) continue
    if (seen.size === CLASSES_AT_MOST) return undefined
    seen.set(code, 0)
  }
  const codes = Float64Array.from(seen.keys()).sort()
  codes.forEach((code, k) => {
    seen.set(code, k)
  })
  return { codes, indices: Int32Array.from(target, (code) => seen.get(code)!) }
}

/** What is wrong with a target as classes, and with factors given for them. */
export function classIssues({ target }: Samples, classWeights?: ClassWeights): Issue[] {
  const issues: Issue[] = []
  if (classesOf(target) === undefined)
    issues.push({
      code: 'too-many-classes',
      severity: 'error',
      place: 'target',
      message: `has more than ${CLASSES_AT_MOST} different values: a number to be regressed rather than a class`,
    })
  if (classWeights === undefined || classWeights === 'balanced') return issues
  classWeights.forEach(([, factor], k) => {
    if (factor > 0 && Number.isFinite(factor)) return
    const place = `classWeights[${k}]`
    issues.push({
      code: 'weight',
      severity: 'error',
      place,
      message: 'is no positive finite factor',
      value: shown(String(factor)),
    })
  })
  return issues
}

/** Row weights times the factor of each row's class, with a mean of 1. Balanced: Σ weights / (classes · Σ weights of the class). */
export function classWeighted(weights: Float64Array, { codes, indices }: Classes, classWeights?: ClassWeights): Float64Array {
  if (classWeights === undefined) return weights
  const factors = new Float64Array(codes.length).fill(classWeights === 'balanced' ? 0 : 1)
  if (classWeights === 'balanced') {
    for (let i = 0; i < indices.length; i++) factors[indices[i]] += weights[i]
    for (let k = 0; k < factors.length; k++) factors[k] = 1 / factors[k]
  } else {
    for (const [code, factor] of classWeights) {
      const k = codes.indexOf(code)
      if (k >= 0) factors[k] = factor
    }
  }
  const out = new Float64Array(indices.length)
  let sum = 0
  for (let i = 0; i < out.length; i++) sum += out[i] = weights[i] * factors[indices[i]]
  for (let i = 0; i < out.length; i++) out[i] *= out.length / sum
  return out
}

/** The likeliest of `classes` in each row of row-major probabilities; of equals, the first. */
export function likeliest(probabilities: Float64Array, classes: Float64Array): Float64Array {
  const width = classes.length
  const out = new Float64Array(probabilities.length / width)
  for (let i = 0, p = 0; i < out.length; i++, p += width) {
    let best = 0
    for (let k = 1; k < width; k++) if (probabilities[p + k] > probabilities[p + best]) best = k
    out[i] = classes[best]
  }
  return out
}

/** Turns row-major scores into probabilities in place: exp(s − max) / Σ exp(s − max) in each row. */
export function softmaxInPlace(scores: Float64Array, width: number): Float64Array {
  for (let p = 0; p < scores.length; p += width) {
    let most = scores[p]
    for (let k = 1; k < width; k++) if (scores[p + k] > most) most = scores[p + k]
    let sum = 0
    for (let k = 0; k < width; k++) sum += scores[p + k] = Math.exp(scores[p + k] - most)
    const factor = 1 / sum
    for (let k = 0; k < width; k++) scores[p + k] *= factor
  }
  return scores
}
