import type { Caveat } from '../model/index.js'
import { type Encoding, encodedNames, encodingOf } from './encode.js'
import { type RegressionModel, type SavedModel, sameColumns } from './learner.js'
import { interceptsOf, type LinearScores, scoresOf } from './linear-scores.js'
import { levelsFrom, savedArray, savedLevels, savedNumber } from './saved.js'

/** A number a row as a weighted sum: intercept + Σ coefficient · feature. */
export interface LinearModel extends RegressionModel {
  /** What is predicted where all features are 0. */
  readonly intercept: number
  /** The features that coefficients belong to: a column of numbers by its name, a category as `column=word`. */
  readonly features: readonly string[]
  /** In units of the target a unit of the feature. */
  readonly coefficients: Float64Array
  /** The penalty it was fitted with, on standardised columns; 0 where there is none. */
  readonly penalty: number
}

export interface LinearParts {
  readonly learner: string
  readonly encoding: Encoding
  readonly caveats: readonly Caveat[]
  /** What is predicted where every feature is at its centre. */
  readonly offset: number
  readonly centres: Float64Array
  readonly coefficients: Float64Array
  readonly penalty: number
}

/** A linear model from its parts: offset + Σ coefficient · (feature − centre), which loses no digits where features are large and vary little. */
export function linearModel(parts: LinearParts): LinearModel {
  const { learner, encoding, caveats, offset, centres, coefficients, penalty } = parts
  const scores: LinearScores = { offsets: Float64Array.of(offset), centres, coefficients }
  const [intercept] = interceptsOf(scores)
  const model: LinearModel = {
    task: 'regression',
    learner,
    names: encoding.names,
    caveats,
    intercept,
    features: encodedNames(encoding),
    coefficients,
    penalty,
    predict: (table) => {
      sameColumns(model, table)
      return scoresOf(encoding, scores, table)
    },
    save: (): SavedModel => ({
      schema: 'halftone/learned/1',
      learner,
      task: 'regression',
      names: encoding.names,
      caveats,
      settings: { offset, penalty, levels: savedLevels(encoding.levels) },
      arrays: { centres, coefficients },
    }),
  }
  return model
}

/** A linear model that was saved. */
export function linearFrom(saved: SavedModel): LinearModel {
  const encoding = encodingOf({ names: saved.names, levels: levelsFrom(saved) })
  return linearModel({
    learner: saved.learner,
    encoding,
    caveats: saved.caveats,
    offset: savedNumber(saved, 'offset'),
    penalty: savedNumber(saved, 'penalty', 0),
    centres: savedArray(saved, 'centres', Float64Array, encoding.width),
    coefficients: savedArray(saved, 'coefficients', Float64Array, encoding.width),
  })
}
