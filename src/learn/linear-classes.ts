import type { Caveat } from '../model/index.js'
import { likeliest, softmaxInPlace } from './classes.js'
import { type Encoding, encodedNames, encodingOf } from './encode.js'
import { type ClassificationModel, type SavedModel, sameColumns } from './learner.js'
import { interceptsOf, type LinearScores, scoresOf } from './linear-scores.js'
import { levelsFrom, savedArray, savedLevels } from './saved.js'

/** Classes told apart by one weighted sum each: probability of class k ∝ exp(interceptₖ + Σ coefficientⱼₖ · featureⱼ). */
export interface LinearClassModel extends ClassificationModel {
  /** What coefficients belong to: a column of numbers by its name, a category as `column=word`. */
  readonly features: readonly string[]
  /** One a class. Only differences between classes matter. */
  readonly intercepts: Float64Array
  /** Row-major, features × classes; a unit of the feature. */
  readonly coefficients: Float64Array
}

/** A model of linear scores, one a class. */
export function linearClasses(
  learner: string,
  encoding: Encoding,
  classes: Float64Array,
  scores: LinearScores,
  caveats: readonly Caveat[],
): LinearClassModel {
  const model: LinearClassModel = {
    task: 'classification',
    learner,
    names: encoding.names,
    caveats,
    classes,
    features: encodedNames(encoding),
    intercepts: interceptsOf(scores),
    coefficients: scores.coefficients,
    probabilities: (table) => {
      sameColumns(model, table)
      return softmaxInPlace(scoresOf(encoding, scores, table), classes.length)
    },
    predict: (table) => {
      sameColumns(model, table)
      return likeliest(scoresOf(encoding, scores, table), classes)
    },
    save: (): SavedModel => ({
      schema: 'halftone/learned/1',
      learner,
      task: 'classification',
      names: encoding.names,
      caveats,
      settings: { levels: savedLevels(encoding.levels) },
      arrays: { classes, offsets: scores.offsets, centres: scores.centres, coefficients: scores.coefficients },
    }),
  }
  return model
}

/** A model of linear scores that was saved. */
export function linearClassesFrom(saved: SavedModel): LinearClassModel {
  const encoding = encodingOf({ names: saved.names, levels: levelsFrom(saved) })
  const classes = savedArray(saved, 'classes', Float64Array)
  const scores = {
    offsets: savedArray(saved, 'offsets', Float64Array, classes.length),
    centres: savedArray(saved, 'centres', Float64Array, encoding.width),
    coefficients: savedArray(saved, 'coefficients', Float64Array, encoding.width * classes.length),
  }
  return linearClasses(saved.learner, encoding, classes, scores, saved.caveats)
}
