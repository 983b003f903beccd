import type { Rng } from '../num/index.js'
import type { ClassificationModel, FittedModel, Learner, RegressionModel, Unfit } from './learner.js'
import { type Split, shuffled } from './splits.js'
import { type Samples, takeRows, takeSamples } from './table.js'

/** One split as it went. */
export interface FoldResult<Model extends FittedModel> {
  readonly split: Split
  readonly model: Model
  /** What the model said about the rows of `split.test`, in their order. */
  readonly predicted: Float64Array
  readonly actual: Float64Array
}

export interface CrossValidation<Model extends FittedModel> {
  readonly folds: readonly FoldResult<Model>[]
  /** Actual and predicted of all tested rows, fold after fold: a row tested twice is there twice. */
  readonly actual: Float64Array
  readonly predicted: Float64Array
  /** Splits on which the learner refused to fit, and why. */
  readonly refused: readonly { readonly split: Split; readonly refusal: Unfit }[]
}

/** What predicts one number a row. */
type Single = RegressionModel | ClassificationModel

/**
 * Fits on the training part of each split and asks about its test part. Fold f draws its luck from the stream `fold f`, so that two learners given the same
 * splits and stream can be compared pair by pair.
 */
export function crossValidate<Model extends Single>(
  learner: Learner<Model>,
  samples: Samples,
  splits: readonly Split[],
  rng: Rng,
): CrossValidation<Model> {
  const folds: FoldResult<Model>[] = []
  const refused: { split: Split; refusal: Unfit }[] = []
  splits.forEach((split, f) => {
    const fitted = learner.fit(takeSamples(samples, split.train), { rng: rng.stream(`fold ${f}`) })
    if ('kind' in fitted) {
      refused.push({ split, refusal: fitted })
      return
    }
    const predicted = fitted.predict(takeRows(samples.features, split.test))
    folds.push({ split, model: fitted, predicted, actual: Float64Array.from(split.test, (row) => samples.target[row]) })
  })
  const joined = (pick: (fold: FoldResult<Model>) => Float64Array): Float64Array => {
    const out = new Float64Array(folds.reduce((sum, fold) => sum + fold.actual.length, 0))
    let at = 0
    for (const fold of folds) {
      out.set(pick(fold), at)
      at += fold.actual.length
    }
    return out
  }
  return { folds, refused, actual: joined((fold) => fold.actual), predicted: joined((fold) => fold.predicted) }
}

/** How well a learner does with so many rows. */
export interface LearningPoint {
  readonly rows: number
  /** One score a repeat in which it could be fitted. */
  readonly scores: readonly number[]
  readonly refused: number
}

/**
 * Scores by the number of training rows. In each repeat the rows are shuffled once, `test` rows are kept for judging, and the first n of the rest are learned from, so that
 * more rows always contain fewer. Sizes beyond what is left are left out.
 */
export function learningCurve<Model extends Single>(
  learner: Learner<Model>,
  samples: Samples,
  options: {
    readonly sizes: readonly number[]
    /** Rows to judge on. */
    readonly test: number
    readonly repeats?: number
    readonly score: (actual: Float64Array, predicted: Float64Array) => number
    readonly rng: Rng
  },
): LearningPoint[] {
  const { sizes, test, repeats = 3, score, rng } = options
  const rows = samples.features.rows
  const points = sizes
    .filter((size) => size >= 1 && size + test <= rows)
    .map((size) => ({ rows: size, scores: [] as number[], refused: 0 }))
  for (let r = 0; r < repeats; r++) {
    const order = shuffled(rows, rng.stream(`repeat ${r}`))
    const held = order.subarray(0, test)
    const actual = Float64Array.from(held, (row) => samples.target[row])
    const asked = takeRows(samples.features, held)
    for (const point of points) {
      const model = learner.fit(takeSamples(samples, order.subarray(test, test + point.rows)), { rng: rng.stream(`fit ${r}`) })
      if ('kind' in model) point.refused++
      else point.scores.push(score(actual, model.predict(asked)))
    }
  }
  return points
}
