/** Estimates with intervals from replications, or from batches of one path. */
import type { Estimate } from '../model/index.js'
import { studentQuantile } from '../num/index.js'

export const CONFIDENCE = 0.95

/**
 * A ratio of sums with its interval: v = Σ S / Σ N over replications (or batches), so that those with more jobs count for more.
 *
 *   s² = Σ (S_r − v N_r)² / (R − 1),  half-width = t_{R−1} s / (√R · mean N)
 *
 * With one replication, or none that saw a job, the interval is the value alone at confidence 0.
 */
export function ratioEstimate(sums: readonly number[], counts: readonly number[], confidence = CONFIDENCE): Estimate {
  const n = counts.reduce((a, b) => a + b, 0)
  const value = n > 0 ? sums.reduce((a, b) => a + b, 0) / n : 0
  const r = sums.length
  if (r < 2 || n === 0) return { value, low: value, high: value, confidence: 0 }
  let squares = 0
  for (let i = 0; i < r; i++) squares += (sums[i] - value * counts[i]) ** 2
  const halfWidth = (studentQuantile(confidence, r - 1) * Math.sqrt(squares / (r - 1))) / (Math.sqrt(r) * (n / r))
  return around(value, halfWidth, confidence)
}

/** Mean of equally good values with the Student interval; `value` replaces the mean where a better point estimate is at hand. */
export function meanEstimate(values: readonly number[], confidence = CONFIDENCE, value?: number): Estimate {
  const r = values.length
  const mean = r > 0 ? values.reduce((a, b) => a + b, 0) / r : 0
  const at = value ?? mean
  if (r < 2) return { value: at, low: at, high: at, confidence: 0 }
  const squares = values.reduce((sum, x) => sum + (x - mean) ** 2, 0)
  return around(at, (studentQuantile(confidence, r - 1) * Math.sqrt(squares / (r - 1))) / Math.sqrt(r), confidence)
}

/** Mean of paired differences with the Student interval; may be negative. */
export function differenceEstimate(differences: readonly number[], confidence = CONFIDENCE): Estimate {
  const r = differences.length
  const value = r > 0 ? differences.reduce((a, b) => a + b, 0) / r : 0
  if (r < 2) return { value, low: value, high: value, confidence: 0 }
  const squares = differences.reduce((sum, x) => sum + (x - value) ** 2, 0)
  const halfWidth = (studentQuantile(confidence, r - 1) * Math.sqrt(squares / (r - 1))) / Math.sqrt(r)
  return { value, low: value - halfWidth, high: value + halfWidth, confidence }
}

/**
 * A mean corrected by a control whose mean is known: ȳ − β (x̄ − known), β the slope over the pairs (see `race`). With fewer than four pairs, or a control
 * that does not vary, the plain mean.
 */
export function controlledEstimate(
  values: readonly number[],
  controls: readonly number[],
  known: number,
  confidence = CONFIDENCE,
): Estimate {
  const r = values.length
  const mean = values.reduce((a, b) => a + b, 0) / r
  const controlMean = controls.reduce((a, b) => a + b, 0) / r
  let [products, squares] = [0, 0]
  for (let i = 0; i < r; i++) {
    products += (values[i] - mean) * (controls[i] - controlMean)
    squares += (controls[i] - controlMean) ** 2
  }
  if (r < 4 || !(squares > 0)) return differenceEstimate(values, confidence)
  const slope = products / squares
  const shift = controlMean - known
  let left = 0
  for (let i = 0; i < r; i++) left += (values[i] - mean - slope * (controls[i] - controlMean)) ** 2
  const halfWidth = studentQuantile(confidence, r - 2) * Math.sqrt((left / (r - 2)) * (1 / r + shift ** 2 / squares))
  const value = mean - slope * shift
  return { value, low: value - halfWidth, high: value + halfWidth, confidence }
}

/** The interval of a quantity that cannot be negative. */
function around(value: number, halfWidth: number, confidence: number): Estimate {
  return { value, low: Math.max(Math.min(0, value), value - halfWidth), high: value + halfWidth, confidence }
}

/**
 * Quantiles of `values[0 … count − 1]` (not negative) at ascending probabilities, as `quantile` in num (type 7), exactly and without sorting:
 * many values are first counted by the leading bits of their doubles, which order like the values, and only those in the bins that matter are
 * looked at again. O(count). Reorders `values`.
 */
export function quantiles(values: Float64Array, count: number, probabilities: readonly number[]): number[] {
  return count < 20_000 ? bySelection(values, count, probabilities) : byBins(values, count, probabilities)
}

/** The leading 20 bits of a double: sign, exponent and 8 bits of the fraction. */
const BIN_SHIFT = 12
const BINS = 1 << 19

function byBins(values: Float64Array, count: number, probabilities: readonly number[]): number[] {
  const halves = new Uint32Array(values.buffer, values.byteOffset, 2 * count)
  const high = new Uint32Array(Float64Array.of(1).buffer)[1] === 0x3ff00000 ? 1 : 0
  const counts = new Int32Array(BINS)
  for (let i = 0, at = high; i < count; i++, at += 2) counts[halves[at] >>> BIN_SHIFT]++
  // each rank wanted (two a quantile), its bin, and its rank in the bin
  const wanted = probabilities.map((p) => {
    const h = (count - 1) * p
    const low = Math.min(Math.floor(h), count - 1)
    return { low, high: Math.min(low + 1, count - 1), weight: h - low }
  })
  const bins = new Map<number, { from: number; held: Float64Array; length: number }>()
  const ranks = [...new Set(wanted.flatMap(({ low, high }) => [low, high]))].sort((a, b) => a - b)
  const binOf = new Map<number, number>()
  let bin = 0
  let before = 0
  for (const rank of ranks) {
    while (before + counts[bin] <= rank) before += counts[bin++]
    binOf.set(rank, bin)
    if (!bins.has(bin)) bins.set(bin, { from: before, held: new Float64Array(counts[bin]), length: 0 })
  }
  // counts become marks: −1 for a bin that matters
  const list = [...bins.keys()]
  const slot = new Int8Array(BINS).fill(-1)
  list.forEach((b, i) => {
    slot[b] = i
  })
  const pieces = list.map((b) => bins.get(b)!)
  for (let i = 0, at = high; i < count; i++, at += 2) {
    const s = slot[halves[at] >>> BIN_SHIFT]
    if (s >= 0) {
      const piece = pieces[s]
      piece.held[piece.length++] = values[i]
    }
  }
  for (const piece of pieces) piece.held.sort()
  const at = (rank: number): number => {
    const piece = bins.get(binOf.get(rank)!)!
    return piece.held[rank - piece.from]
  }
  return wanted.map(({ low, high: above, weight }) => at(low) + weight * (at(above) - at(low)))
}

function bySelection(values: Float64Array, count: number, probabilities: readonly number[]): number[] {
  let from = 0
  return probabilities.map((p) => {
    const h = (count - 1) * p
    const k = Math.min(Math.floor(h), count - 1)
    select(values, from, count - 1, k)
    from = k
    if (k === count - 1 || h === k) return values[k]
    let above = values[k + 1]
    for (let i = k + 2; i < count; i++) if (values[i] < above) above = values[i]
    return values[k] + (h - k) * (above - values[k])
  })
}

/** Puts the k-th smallest of a[left … right] in its place, smaller ones before it (Floyd and Rivest 1975). */
function select(a: Float64Array, leftEnd: number, rightEnd: number, k: number): void {
  let left = leftEnd
  let right = rightEnd
  while (right > left) {
    if (right - left > 600) {
      const n = right - left + 1
      const m = k - left + 1
      const z = Math.log(n)
      const s = 0.5 * Math.exp((2 * z) / 3)
      const sd = 0.5 * Math.sqrt((z * s * (n - s)) / n) * (m - n / 2 < 0 ? -1 : 1)
      select(a, Math.max(left, Math.floor(k - (m * s) / n + sd)), Math.min(right, Math.floor(k + ((n - m) * s) / n + sd)), k)
    }
    const t = a[k]
    let i = left
    let j = right
    a[k] = a[left]
    a[left] = t
    if (a[right] > t) {
      a[left] = a[right]
      a[right] = t
    }
    while (i < j) {
      const x = a[i]
      a[i++] = a[j]
      a[j--] = x
      while (a[i] < t) i++
      while (a[j] > t) j--
    }
    if (a[left] === t) {
      const x = a[left]
      a[left] = a[j]
      a[j] = x
    } else {
      j++
      const x = a[j]
      a[j] = a[right]
      a[right] = x
    }
    if (j <= k) left = j + 1
    if (k <= j) right = j - 1
  }
}
