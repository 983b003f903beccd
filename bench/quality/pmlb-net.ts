/**
 * Net, linear models, discriminants and nearest neighbours against scikit-learn’s on the PMLB sets, the same rows in the same splits, three seeds: accuracy, or R² for
 * 537_houses. `worse` counts as a loss where halftone lies below scikit-learn by more than twice the standard error of the difference over the seeds and more than 0.005.
 *
 * The sets are read from ../shared/data/pmlb where they are (`<name>.tsv.gz`, last column `target`); sets of more than 6,000 rows are cut to 6,000, drawn, to keep this short;
 * `--all` takes every row. Without the files it says so.
 */
import { existsSync, readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import {
  accuracy,
  type ClassificationModel,
  holdOut,
  type Learner,
  linearDiscriminant,
  logistic,
  nearest,
  nearestClassifier,
  net,
  netClassifier,
  numberErrors,
  quadraticDiscriminant,
  type RegressionModel,
  ridge,
  type Samples,
  shuffled,
  tableOf,
  takeSamples,
} from 'halftone/learn'
import { isRefusal } from 'halftone/model'
import { Rng } from 'halftone/num'
import { save } from '../save.js'
import { askSklearn, cpuSeconds, pythonWithSklearn } from '../sklearn.js'

const SETS = ['537_houses', 'phoneme', 'magic', 'satimage', 'pendigits', 'spambase', 'letter', 'adult', 'connect_4']
const SEEDS = [1, 2, 3]
const ROWS = process.argv.includes('--all') ? Number.POSITIVE_INFINITY : 6_000
const settings = { epochs: 100, batch: 200 }

function read(name: string): Samples {
  const [head, ...lines] = gunzipSync(readFileSync(`../shared/data/pmlb/${name}.tsv.gz`))
    .toString('utf8')
    .trimEnd()
    .split('\n')
  const names = head.split('\t')
  const rows = lines.map((line) => line.split('\t').map(Number))
  const column = (c: number): Float64Array => Float64Array.from(rows, (row) => row[c])
  const last = names.length - 1
  return { features: tableOf(Object.fromEntries(names.slice(0, last).map((one, c) => [one, column(c)]))), target: column(last) }
}

function flat({ features, target }: Samples): Float64Array {
  const width = features.columns.length + 1
  const out = new Float64Array(features.rows * width)
  features.columns.forEach((column, c) => {
    for (let i = 0; i < features.rows; i++) out[i * width + c] = column[i]
  })
  for (let i = 0; i < features.rows; i++) out[i * width + width - 1] = target[i]
  return out
}

const numbers: Record<string, () => Learner<RegressionModel>> = {
  net: () => net(settings),
  ridge: () => ridge(),
  nearest: () => nearest(),
}
const classes: Record<string, () => Learner<ClassificationModel>> = {
  net: () => netClassifier(settings),
  logistic: () => logistic(),
  'linear-discriminant': () => linearDiscriminant(),
  'quadratic-discriminant': () => quadraticDiscriminant(),
  nearest: () => nearestClassifier(),
}

const python = pythonWithSklearn()
const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
const results: {
  set: string
  learner: string
  ours: number
  theirs?: number
  difference?: number
  error?: number
  times?: number
  verdict: string
}[] = []
for (const set of SETS) {
  if (!existsSync(`../shared/data/pmlb/${set}.tsv.gz`)) {
    console.log(`${set}: ../shared/data/pmlb/${set}.tsv.gz is not here`)
    continue
  }
  const whole = read(set)
  const number = set === '537_houses'
  const samples =
    whole.features.rows > ROWS ? takeSamples(whole, shuffled(whole.features.rows, new Rng(0, set)).slice(0, ROWS)) : whole
  const learners = number ? numbers : classes
  const names = Object.keys(learners)
  const scores = new Map(names.map((name) => [name, { ours: [] as number[], theirs: [] as number[], seconds: [0, 0] }]))
  for (const seed of SEEDS) {
    const split = holdOut(samples.features.rows, 0.25, new Rng(seed, set))
    const [train, test] = [takeSamples(samples, split.train), takeSamples(samples, split.test)]
    for (const name of names) {
      const kept = scores.get(name)!
      const { seconds, result } = cpuSeconds(() => {
        const model = learners[name]().fit(train, { rng: new Rng(seed, 'fit') })
        if (isRefusal(model)) throw new Error(`${set} ${name}: ${model.message}`)
        const predicted = model.predict(test.features)
        return number ? numberErrors(test.target, predicted).r2! : accuracy(test.target, predicted)
      })
      kept.ours.push(result)
      kept.seconds[0] += seconds
    }
    if (python === undefined) continue
    const question = { width: samples.features.columns.length, seed, number, models: names }
    const answers = askSklearn<Record<string, { score: number; seconds: number }>>(
      python,
      'models.py',
      { train: flat(train), test: flat(test) },
      question,
    )
    for (const name of names) {
      scores.get(name)!.theirs.push(answers[name].score)
      scores.get(name)!.seconds[1] += answers[name].seconds
    }
  }
  process.stdout.write(`${set}: ${samples.features.rows} rows, ${SEEDS.length} seeds\n`)
  for (const [learner, { ours, theirs, seconds }] of scores) {
    if (theirs.length === 0) {
      results.push({ set, learner, ours: mean(ours), verdict: '' })
      continue
    }
    const differences = ours.map((score, k) => score - theirs[k])
    const difference = mean(differences)
    const error = Math.sqrt(mean(differences.map((d) => (d - difference) ** 2)) / (SEEDS.length - 1))
    const within = Math.max(2 * error, 0.005)
    const verdict = difference < -within ? 'worse' : difference > within ? 'better' : 'the same'
    results.push({
      set,
      learner,
      ours: mean(ours),
      theirs: mean(theirs),
      difference,
      error,
      times: seconds[0] / seconds[1],
      verdict,
    })
  }
}
console.table(
  results.map(({ set, learner, ours, theirs, difference, error, times, verdict }) => ({
    set,
    learner,
    halftone: ours.toFixed(4),
    'scikit-learn': theirs?.toFixed(4) ?? '',
    difference: difference?.toFixed(4) ?? '',
    '± 2 s.e.': error === undefined ? '' : (2 * error).toFixed(4),
    'time ratio': times?.toFixed(2) ?? '',
    verdict,
  })),
)
const counts = Object.fromEntries(
  ['better', 'the same', 'worse'].map((v) => [v, results.filter(({ verdict }) => verdict === v).length]),
)
console.log(
  Object.entries(counts)
    .map(([verdict, count]) => `${verdict}: ${count}`)
    .join(', '),
)
save('quality/pmlb-net', results, { rowsAtMost: ROWS === Number.POSITIVE_INFINITY ? null : ROWS, seeds: SEEDS, ...counts })
