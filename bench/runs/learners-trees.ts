/**
 * Forests and boosted trees beside scikit-learn’s and XGBoost’s: the same rows of a Friedman-type law (20 and 30 columns, noise of standard deviation 1) to both in the
 * same run, CPU seconds on one core, compilation of ours included; a million rows predicted; R² on 5,000 other rows. The larger set has 20 trees, so that this ends
 * within minutes. Without a Python that has scikit-learn (and XGBoost), ours alone, and it says so.
 */
import { boosting, forest, type Learner, type RegressionModel, type Samples } from 'halftone/learn'
import { isRefusal } from 'halftone/model'
import { Rng } from 'halftone/num'
import { save } from '../save.js'
import { cpuSeconds, friedman, pythonWithSklearn, rivals } from '../trees-rival.js'

const MANY = 1_000_000

function r2(predicted: Float64Array, actual: Float64Array): number {
  const mean = actual.reduce((sum, y) => sum + y, 0) / actual.length
  let [left, whole] = [0, 0]
  actual.forEach((y, i) => {
    left += (y - predicted[i]) ** 2
    whole += (y - mean) ** 2
  })
  return 1 - left / whole
}

function fitted(learner: Learner<RegressionModel>, samples: Samples): RegressionModel {
  const model = learner.fit(samples, { rng: new Rng(1, 'bench') })
  if (isRefusal(model)) throw new Error(model.message)
  return model
}

const python = pythonWithSklearn()
if (python === undefined) console.log('no Python with scikit-learn here: halftone alone')
const rows: Record<string, unknown>[] = []
for (const [set, n, columns, trees] of [
  ['a', 20_000, 20, 100],
  ['b', 100_000, 30, 20],
] as const) {
  const train = friedman(n, columns, 1)
  const test = friedman(5_000, columns, 2)
  const many = friedman(MANY, columns, 3).features
  const columnsPerSplit = Math.floor(columns / 3)
  const names = ['forest', 'boosting', 'xgboost, 31 leaves, rate 0.1', 'xgboost, depth 6, rate 0.3']
  const theirs = python
    ? rivals(python, { train, test, classify: false, trees, columnsPerSplit, rowsToPredict: MANY, seed: 1, learners: names })
    : []
  for (const [learner, made, rivalNames] of [
    ['forest', forest({ trees, columnsPerSplit }), ['forest']],
    ['boosting', boosting({ rowsPerLeaf: 20 }), ['boosting', ...names.slice(2)]],
  ] as const) {
    const fit = cpuSeconds(() => fitted(made, train))
    const predict = cpuSeconds(() => fit.answer.predict(many))
    const ours = {
      fitSeconds: fit.seconds,
      predictSeconds: predict.seconds,
      r2: r2(fit.answer.predict(test.features), test.target),
    }
    const count = learner === 'forest' ? trees : 100
    const row = (who: string, one: typeof ours) => ({
      set: `${set}: ${n} × ${columns}`,
      learner: `${learner} of ${count}`,
      who,
      'fit s': one.fitSeconds.toFixed(2),
      'predict 10⁶ s': one.predictSeconds.toFixed(2),
      R2: one.r2.toFixed(4),
      'ours / theirs, fit': who === 'halftone' ? '' : (ours.fitSeconds / one.fitSeconds).toFixed(2),
      'ours / theirs, predict': who === 'halftone' ? '' : (ours.predictSeconds / one.predictSeconds).toFixed(2),
    })
    rows.push(row('halftone', ours))
    for (const name of rivalNames) {
      const one = theirs.find((rival) => rival.learner === name)
      if (one === undefined) continue
      if (one.missing) console.log(`${name}: not installed`)
      else rows.push(row(name.startsWith('xgboost') ? name : `scikit-learn ${one.sklearn}`, { ...one, r2: one.score }))
    }
  }
}
console.table(rows)

save('runs/learners-trees', rows)
