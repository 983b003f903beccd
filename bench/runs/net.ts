/**
 * The net against scikit-learn’s MLPRegressor: 50,000 rows of 30 columns, two hidden layers of 64, 20 epochs of batches of 200, one core each, the same rows.
 * The target is Friedman’s (1991) of five columns plus noise of variance 1. Processor seconds, median of three seeds run in turn; read the ratio.
 */

import { net, numberErrors, type Table, tableOf } from 'halftone/learn'
import { isRefusal } from 'halftone/model'
import { Rng } from 'halftone/num'
import { save } from '../save.js'
import { askSklearn, cpuSeconds, pythonWithSklearn } from '../sklearn.js'
import { middle } from '../timing.js'

const [ROWS, TEST, WIDTH, EPOCHS, BATCH] = [50_000, 10_000, 30, 20, 200]

function friedman(rows: number, seed: number): { features: Table; target: Float64Array; flat: Float64Array } {
  const rng = new Rng(seed, 'friedman')
  const columns = Array.from({ length: WIDTH }, () => Float64Array.from({ length: rows }, () => rng.uniform()))
  const [a, b, c, d, e] = columns
  const target = a.map((x, i) => 10 * Math.sin(Math.PI * x * b[i]) + 20 * (c[i] - 0.5) ** 2 + 10 * d[i] + 5 * e[i] + rng.normal())
  const flat = new Float64Array(rows * (WIDTH + 1))
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < WIDTH; j++) flat[i * (WIDTH + 1) + j] = columns[j][i]
    flat[i * (WIDTH + 1) + WIDTH] = target[i]
  }
  return { features: tableOf(Object.fromEntries(columns.map((column, j) => [`x${j}`, column]))), target, flat }
}

const train = friedman(ROWS, 1)
const test = friedman(TEST, 2)
const python = pythonWithSklearn()
const learner = net({ epochs: EPOCHS, batch: BATCH, heldOut: 0 })
const rows = [1, 2, 3].map((seed) => {
  const { seconds: fit, result: model } = cpuSeconds(() => learner.fit(train, { rng: new Rng(seed, 'bench') }))
  if (isRefusal(model)) throw new Error(model.message)
  const { seconds: predict, result: predicted } = cpuSeconds(() => model.predict(test.features))
  const ours = { fit, predict, r2: numberErrors(test.target, predicted).r2! }
  const question = { width: WIDTH, epochs: EPOCHS, batch: BATCH, seed }
  const theirs = python ? askSklearn<typeof ours>(python, 'net.py', { train: train.flat, test: test.flat }, question) : undefined
  return { seed, ours, theirs }
})
const table = rows.map(({ seed, ours, theirs }) => ({
  seed,
  'fit s': ours.fit.toFixed(2),
  'predict ms': (1000 * ours.predict).toFixed(0),
  'R²': ours.r2.toFixed(4),
  ...(theirs === undefined
    ? {}
    : {
        'scikit-learn fit s': theirs.fit.toFixed(2),
        'its predict ms': (1000 * theirs.predict).toFixed(0),
        'its R²': theirs.r2.toFixed(4),
        ratio: (ours.fit / theirs.fit).toFixed(2),
      }),
}))
console.table(table)
const ratio = python ? middle(rows.map(({ ours, theirs }) => ours.fit / theirs!.fit)) : undefined
if (ratio !== undefined) console.log(`fit: ${ratio.toFixed(2)} × scikit-learn’s time (aim: at most 3)`)
save('runs/net', rows, ratio === undefined ? {} : { ratio, aim: 3 })
