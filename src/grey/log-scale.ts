import { type RegressionModel, type Regressor, type SavedModel, sameColumns, unfit } from '../learn/index.js'
import { type Issue, isRefusal, shown } from '../model/index.js'
import { nested, partOf } from './nested.js'

/**
 * A learner of positive numbers that learns their logarithm: errors of times are relative, and answers are then positive. Its answer is a median rather than a
 * mean where errors are symmetric by factors. Refuses targets at or below 0.
 */
export function onLogScale(learner: Regressor): Regressor {
  return {
    name: learner.name,
    fit(samples, options) {
      const bad = unfit(samples, notPositive(samples.target))
      if (bad !== undefined) return bad
      const inner = learner.fit({ ...samples, target: samples.target.map(Math.log) }, options)
      if (isRefusal(inner)) return inner
      return raised(learner.name, inner)
    },
  }
}

function raised(learner: string, inner: RegressionModel): RegressionModel {
  const model: RegressionModel = {
    task: 'regression',
    learner,
    names: inner.names,
    caveats: inner.caveats,
    predict(table) {
      sameColumns(model, table)
      return inner.predict(table).map(Math.exp)
    },
    save: () => nested(model, { log: inner }, { grey: 'log' }),
  }
  return model
}

/** The model that `save` wrote; `loadPart` loads the learner inside it. */
export function loadOnLogScale(saved: SavedModel, loadPart: (saved: SavedModel) => RegressionModel): RegressionModel {
  return raised(saved.learner, loadPart(partOf(saved, 'log')))
}

/** The issue of targets that have no logarithm. */
export function notPositive(target: Float64Array): Issue[] {
  const wrong = target.findIndex((value) => value <= 0)
  if (wrong < 0) return []
  return [
    {
      code: 'not-positive',
      severity: 'error',
      place: `target[${wrong}]`,
      message: 'has no logarithm: only positive numbers can be foreseen by factors',
      value: shown(String(target[wrong])),
    },
  ]
}
