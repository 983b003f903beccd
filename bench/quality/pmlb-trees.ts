/**
 * Forests and boosted trees on nine public tables (PMLB) beside scikit-learn’s with the same settings: a quarter of the rows kept for testing, the same split to both,
 * five splits; accuracy, or R² for houses. The difference comes with its 95 % interval over splits (Student, paired). Needs ../shared/data and a Python with
 * scikit-learn; says so where they are absent. Some minutes; `HALFTONE_PMLB=letter,magic` takes only those.
 */
import { existsSync, readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { boosting, boostingClassifier, forest, forestClassifier, type Samples, tableOf, takeSamples } from 'halftone/learn'
import { isRefusal } from 'halftone/model'
import { Rng } from 'halftone/num'
import { save } from '../save.js'
import { cpuSeconds, pythonWithSklearn, rivals } from '../trees-rival.js'

const DATA = '../shared/data/pmlb'
const SETS = ['adult', 'letter', 'magic', 'phoneme', 'pendigits', 'satimage', '537_houses', 'spambase', 'connect_4']
const SPLITS = 5
/** Of Student’s t with 4 degrees of freedom. */
const T95 = 2.776

function read(name: string): Samples {
  const [head, ...lines] = gunzipSync(readFileSync(`${DATA}/${name}.tsv.gz`))
    .toString('utf8')
    .trim()
    .split('\n')
  const rows = lines.map((line) => Float64Array.from(line.split('\t'), Number))
  const columns = Object.fromEntries(head.split('\t').map((word, c) => [word, Float64Array.from(rows, (row) => row[c])]))
  const { target, ...features } = columns
  return { features: tableOf(features), target }
}

const python = pythonWithSklearn()
const wanted = process.env['HALFTONE_PMLB']?.split(',') ?? SETS
if (!existsSync(DATA)) console.log(`${DATA} is not here: nothing to measure`)
else {
  if (python === undefined) console.log('no Python with scikit-learn here: halftone alone')
  console.log('set           learner    rows   halftone  scikit-learn  difference (95 %)      CPU s  scikit-learn')
  const rows: Record<string, unknown>[] = []
  for (const name of SETS.filter((one) => wanted.includes(one))) {
    const samples = read(name)
    const n = samples.target.length
    const classify = name !== '537_houses'
    const columns = samples.features.columns.length
    const columnsPerSplit = classify ? Math.floor(Math.sqrt(columns)) : Math.ceil(columns / 3)
    const found = { forest: [] as number[][], boosting: [] as number[][] }
    for (let split = 0; split < SPLITS; split++) {
      const chance = new Rng(split, 'split')
      const order = Array.from({ length: n }, (_, i) => i)
      for (let i = n - 1; i > 0; i--) {
        const j = chance.below(i + 1)
        ;[order[i], order[j]] = [order[j], order[i]]
      }
      const test = takeSamples(samples, order.slice(0, Math.round(n / 4)))
      const train = takeSamples(samples, order.slice(Math.round(n / 4)))
      const theirs = python
        ? rivals(python, {
            train,
            test,
            classify,
            trees: 100,
            columnsPerSplit,
            rowsToPredict: 0,
            seed: split,
            learners: ['forest', 'boosting'],
          })
        : []
      for (const learner of ['forest', 'boosting'] as const) {
        const made = classify
          ? { forest: forestClassifier({ columnsPerSplit }), boosting: boostingClassifier({ rowsPerLeaf: 20 }) }[learner]
          : { forest: forest({ columnsPerSplit }), boosting: boosting({ rowsPerLeaf: 20 }) }[learner]
        const { seconds, answer } = cpuSeconds(() => {
          const model = made.fit(train, { rng: new Rng(split, 'fit') })
          if (isRefusal(model)) throw new Error(model.message)
          return model
        })
        const predicted = answer.predict(test.features)
        const rival = theirs.find((one) => one.learner === learner)
        found[learner].push([
          score(predicted, test.target, classify),
          rival?.score ?? Number.NaN,
          seconds,
          rival?.fitSeconds ?? Number.NaN,
        ])
      }
    }
    for (const [learner, scores] of Object.entries(found)) {
      const [ours, theirs, seconds, rivalSeconds] = [0, 1, 2, 3].map((k) => mean(scores.map((one) => one[k])))
      const differences = scores.map(([a, b]) => a - b)
      const middle = mean(differences)
      const half =
        (T95 * Math.sqrt(mean(differences.map((d) => (d - middle) ** 2)) * (SPLITS / (SPLITS - 1)))) / Math.sqrt(SPLITS)
      rows.push({
        set: name,
        learner,
        rows: n,
        halftone: ours,
        ...(python ? { sklearn: theirs, difference: middle, half, seconds, rivalSeconds } : { seconds }),
      })
      const beside = python
        ? `${theirs.toFixed(4).padStart(12)}  ${middle >= 0 ? '+' : '−'}${Math.abs(middle).toFixed(4)} ± ${half.toFixed(4)}`
        : ''
      console.log(
        `${name.padEnd(13)} ${learner.padEnd(8)} ${String(n).padStart(6)} ${ours.toFixed(4).padStart(10)}  ${beside.padEnd(33)} ${seconds.toFixed(2).padStart(7)} ${python ? rivalSeconds.toFixed(2).padStart(9) : ''}`,
      )
    }
  }
  if (rows.length > 0) save('quality/pmlb-trees', rows, { splits: SPLITS })
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

function score(predicted: Float64Array, actual: Float64Array, classify: boolean): number {
  if (classify) return predicted.filter((value, i) => value === actual[i]).length / actual.length
  const middle = actual.reduce((sum, y) => sum + y, 0) / actual.length
  let [left, whole] = [0, 0]
  actual.forEach((y, i) => {
    left += (y - predicted[i]) ** 2
    whole += (y - middle) ** 2
  })
  return 1 - left / whole
}
