import { moments, quantile, type Rng } from '../num/index.js'
import { classesOf } from './classes.js'

/** A score of predictions with an interval for what it would have been on other rows of the same kind. */
export interface Score {
  readonly value: number
  readonly low: number
  readonly high: number
}

/** How far predicted numbers are from actual ones. */
export interface NumberErrors {
  readonly rows: number
  /** √ mean (predicted − actual)². */
  readonly rmse: number
  /** mean |predicted − actual|. */
  readonly mae: number
  /** 1 − Σ(predicted − actual)² / Σ(actual − mean)²; undefined where all actual numbers are equal. */
  readonly r2: number | undefined
  /** |predicted − actual| / |actual| over the rows where actual is not 0; undefined where there are none. */
  readonly relative:
    | { readonly rows: number; readonly mean: number; readonly median: number; readonly p90: number; readonly worst: number }
    | undefined
}

/** Errors of predicted numbers. Both of one length, at least 1, finite. */
export function numberErrors(actual: ArrayLike<number>, predicted: ArrayLike<number>): NumberErrors {
  sameLength(actual, predicted)
  const rows = actual.length
  let [squares, absolute] = [0, 0]
  for (let i = 0; i < rows; i++) {
    const error = predicted[i] - actual[i]
    squares += error * error
    absolute += Math.abs(error)
  }
  const spread = moments(actual).variance * rows
  const relative = relativeErrors(actual, predicted).sort()
  return {
    rows,
    rmse: Math.sqrt(squares / rows),
    mae: absolute / rows,
    r2: spread > 0 ? 1 - squares / spread : undefined,
    relative:
      relative.length === 0
        ? undefined
        : {
            rows: relative.length,
            mean: relative.reduce((sum, error) => sum + error, 0) / relative.length,
            median: quantile(relative, 0.5),
            p90: quantile(relative, 0.9),
            worst: relative[relative.length - 1],
          },
  }
}

/** |predicted − actual| / |actual| of each row whose actual number is not 0, in order. */
export function relativeErrors(actual: ArrayLike<number>, predicted: ArrayLike<number>): Float64Array {
  sameLength(actual, predicted)
  const out: number[] = []
  for (let i = 0; i < actual.length; i++) if (actual[i] !== 0) out.push(Math.abs((predicted[i] - actual[i]) / actual[i]))
  return Float64Array.from(out)
}

/** Mean pinball loss of a predicted quantile: max(level · (actual − predicted), (level − 1) · (actual − predicted)). Least where `predicted` is that quantile. */
export function pinball(actual: ArrayLike<number>, predicted: ArrayLike<number>, level: number): number {
  sameLength(actual, predicted)
  let sum = 0
  for (let i = 0; i < actual.length; i++) {
    const over = actual[i] - predicted[i]
    sum += over >= 0 ? level * over : (level - 1) * over
  }
  return sum / actual.length
}

/** Share of actual numbers within [low, high]. */
export function coverage(actual: ArrayLike<number>, low: ArrayLike<number>, high: ArrayLike<number>): number {
  sameLength(actual, low)
  sameLength(actual, high)
  let inside = 0
  for (let i = 0; i < actual.length; i++) if (actual[i] >= low[i] && actual[i] <= high[i]) inside++
  return inside / actual.length
}

/** Share of rows whose class was foreseen. */
export function accuracy(actual: ArrayLike<number>, predicted: ArrayLike<number>): number {
  sameLength(actual, predicted)
  let right = 0
  for (let i = 0; i < actual.length; i++) if (actual[i] === predicted[i]) right++
  return right / actual.length
}

/** How one class fared. */
export interface ClassScores {
  readonly code: number
  /** Rows of this class. */
  readonly rows: number
  /** Of the rows foreseen as this class, the share that are; undefined where none was foreseen. */
  readonly precision: number | undefined
  /** Of the rows of this class, the share foreseen as such; undefined where there are none. */
  readonly recall: number | undefined
  /** 2·precision·recall / (precision + recall) = 2·right / (rows + foreseen). */
  readonly f1: number
}

/** Scores of every class met among actual or predicted codes, ascending. */
export function classScores(actual: Float64Array, predicted: Float64Array): ClassScores[] {
  sameLength(actual, predicted)
  const both = new Float64Array(actual.length * 2)
  both.set(actual)
  both.set(predicted, actual.length)
  const found = classesOf(both)
  if (found === undefined) throw new RangeError('too many different codes for classes')
  const { codes, indices } = found
  const [rows, foreseen, right] = [0, 1, 2].map(() => new Float64Array(codes.length))
  for (let i = 0; i < actual.length; i++) {
    const [is, said] = [indices[i], indices[actual.length + i]]
    rows[is]++
    foreseen[said]++
    if (is === said) right[is]++
  }
  return Array.from(codes, (code, k) => ({
    code,
    rows: rows[k],
    precision: foreseen[k] > 0 ? right[k] / foreseen[k] : undefined,
    recall: rows[k] > 0 ? right[k] / rows[k] : undefined,
    f1: (2 * right[k]) / (rows[k] + foreseen[k]),
  }))
}

/** Row × class: how many rows of class `codes[i]` were foreseen as `codes[j]`, at [i · codes + j]. */
export function confusion(actual: ArrayLike<number>, predicted: ArrayLike<number>, codes: ArrayLike<number>): Int32Array {
  sameLength(actual, predicted)
  const at = new Map(Array.from(codes, (code, k) => [code, k]))
  const out = new Int32Array(codes.length * codes.length)
  for (let i = 0; i < actual.length; i++) {
    const [is, said] = [at.get(actual[i]), at.get(predicted[i])]
    if (is === undefined || said === undefined)
      throw new RangeError(`row ${i}: ${actual[i]} or ${predicted[i]} is none of the codes`)
    out[is * codes.length + said]++
  }
  return out
}

/**
 * Mean −ln of the probability that was given to what came. Probabilities are row-major, rows × classes, and taken as at least 10⁻¹⁵, so that one sure mistake
 * does not outweigh everything. A class that is none of `classes` had probability 0.
 */
export function logLoss(actual: ArrayLike<number>, probabilities: Float64Array, classes: ArrayLike<number>): number {
  const at = new Map(Array.from(classes, (code, k) => [code, k]))
  let sum = 0
  for (let i = 0; i < actual.length; i++) {
    const k = at.get(actual[i])
    sum -= Math.log(Math.max(1e-15, k === undefined ? 0 : probabilities[i * classes.length + k]))
  }
  return sum / actual.length
}

/**
 * Area under the ROC curve: the chance that a row which is (`truth` 1) scores higher than one which is not (0); equal scores count half.
 * Undefined where all rows are of one kind.
 */
export function auc(truth: ArrayLike<number>, scores: ArrayLike<number>): number | undefined {
  sameLength(truth, scores)
  const order = Array.from({ length: scores.length }, (_, i) => i).sort((a, b) => scores[a] - scores[b])
  let [ones, rankSum] = [0, 0]
  for (let i = 0; i < order.length; ) {
    let j = i
    while (j < order.length && scores[order[j]] === scores[order[i]]) j++
    // rows i … j − 1 share the mean of ranks i + 1 … j
    for (let r = i; r < j; r++)
      if (truth[order[r]] === 1) {
        ones++
        rankSum += (i + 1 + j) / 2
      }
    i = j
  }
  const zeros = order.length - ones
  return ones === 0 || zeros === 0 ? undefined : (rankSum - (ones * (ones + 1)) / 2) / (ones * zeros)
}

/**
 * The interval of a score by the bootstrap: rows are drawn with replacement, scored, and the middle `confidence` of the scores taken (percentile method,
 * Efron 1979). `score` is given row numbers, some of them several times.
 */
export function bootstrapped(
  rows: number,
  score: (rows: Int32Array) => number,
  { rng, draws = 500, confidence = 0.9 }: { readonly rng: Rng; readonly draws?: number; readonly confidence?: number },
): Score {
  const value = score(Int32Array.from({ length: rows }, (_, i) => i))
  const drawn = new Int32Array(rows)
  const scores = Float64Array.from({ length: draws }, () => {
    for (let i = 0; i < rows; i++) drawn[i] = rng.below(rows)
    return score(drawn)
  }).sort()
  return { value, low: quantile(scores, (1 - confidence) / 2), high: quantile(scores, (1 + confidence) / 2) }
}

function sameLength(a: ArrayLike<number>, b: ArrayLike<number>): void {
  if (a.length !== b.length || a.length === 0) throw new RangeError(`${a.length} actual and ${b.length} predicted values`)
}
