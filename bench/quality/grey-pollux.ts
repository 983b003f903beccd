/**
 * Step times of four models on 1 to 16 GPUs (Pollux's published measurements), foreseen by theory, by learners alone and by what joins them: mean absolute error in percent.
 *
 * - all: fitted to all rows, asked about them.
 * - 30 rows: fitted to 30 random rows, asked about the others; mean and worst of SEEDS draws.
 * - > 4 GPUs: fitted to rows of at most 4 GPUs, asked about those of 5 to 16.
 *
 * Settings are the defaults of each method, fixed for all four models; the blend chooses by tests inside its training rows. While these were written, about 40 variants (growth of synchronisation, use of the
 * measured part, fade, mixtures, forests of other settings) were looked at on these splits: the numbers are development numbers. Needs ../shared/data; says so where it is absent.
 */
import {
  blend,
  bootstrapping,
  calibrate,
  hyBoost,
  onLogScale,
  probing,
  residual,
  selectByNeighbours,
  stepTimeModel,
} from 'halftone/grey'
import {
  boosting,
  forest,
  nearest,
  nearestClassifier,
  net,
  type Regressor,
  ridge,
  type Samples,
  shuffled,
  takeSamples,
} from 'halftone/learn'
import { isRefusal } from 'halftone/model'
import { Rng } from 'halftone/num'
import { STEP_TIME_MODELS, stepTimes, withoutMeasured } from '../../test/support/measured-tables.js'
import { save } from '../save.js'

const SEEDS = 20
/** Published beside the data (specification): theory fitted to all rows; forest and hybrid on 30 rows and on more than 4 GPUs. */
const PUBLISHED: Record<string, number> = { bert: 7.2, cifar10: 6.5, deepspeech2: 6.4, imagenet: 6.7 }

const white = stepTimeModel()
const trees = () => forest({ columnsPerSplit: 5 })
const methods: [string, 'white' | 'black' | 'grey', Regressor][] = [
  ['white', 'white', calibrate(white)],
  ['white, linear growth', 'white', calibrate(stepTimeModel('linear'))],
  ['ridge', 'black', onLogScale(ridge())],
  ['nearest', 'black', onLogScale(nearest())],
  ['forest', 'black', onLogScale(trees())],
  ['boosting', 'black', onLogScale(boosting())],
  ['net', 'black', onLogScale(net())],
  ['residual', 'grey', residual(white, trees())],
  ['hyboost', 'grey', hyBoost(white, [ridge(), trees()])],
  ['nearest best', 'grey', selectByNeighbours([calibrate(white), onLogScale(trees()), residual(white, trees())])],
  ['probing', 'grey', probing(white, trees(), nearestClassifier())],
  ['bootstrapping', 'grey', bootstrapping(white, trees(), { synthetic: 500 })],
  ['blend', 'grey', blend(white, [trees()])],
]

function percent(learner: Regressor, train: Samples, test: Samples, seed: number): number {
  const model = learner.fit(train, { rng: new Rng(seed, 'bench') })
  if (isRefusal(model)) throw new Error(`${learner.name}: ${model.message}`)
  const answers = model.predict(test.features)
  return (100 * test.target.reduce((sum, value, i) => sum + Math.abs(answers[i] / value - 1), 0)) / test.target.length
}

const absent = withoutMeasured('pollux')
if (absent !== undefined) console.log(`skipped: ${absent}`)
else {
  const rows: Record<string, unknown>[] = []
  for (const name of STEP_TIME_MODELS) {
    const samples = stepTimes(name)
    const gpus = samples.features.columns[samples.features.names.indexOf('gpus')]
    const all = Array.from(gpus.keys())
    const small = takeSamples(
      samples,
      all.filter((i) => gpus[i] <= 4),
    )
    const large = takeSamples(
      samples,
      all.filter((i) => gpus[i] > 4),
    )
    console.log(`\n${name}: ${all.length} rows; theory on all rows, published ${PUBLISHED[name]} %`)
    console.log('method                 kind   all  30 rows mean worst   > 4 GPUs   CPU ms a fit of 30')
    for (const [method, kind, learner] of methods) {
      const whole = percent(learner, samples, samples, 1)
      const begun = process.cpuUsage()
      const errors = Array.from({ length: SEEDS }, (_, seed) => {
        const order = shuffled(all.length, new Rng(seed, 'rows'))
        return percent(learner, takeSamples(samples, order.slice(0, 30)), takeSamples(samples, order.slice(30)), seed)
      })
      const cpu = process.cpuUsage(begun)
      const row = {
        model: name,
        method,
        kind,
        all: whole,
        thirtyMean: errors.reduce((a, b) => a + b, 0) / SEEDS,
        thirtyWorst: Math.max(...errors),
        beyondFour: percent(learner, small, large, 1),
        cpuMilliseconds: (cpu.user + cpu.system) / 1e3 / SEEDS,
      }
      rows.push(row)
      console.log(
        `${method.padEnd(22)} ${kind.padEnd(5)} ${row.all.toFixed(1).padStart(5)} ${row.thirtyMean.toFixed(1).padStart(13)} ${row.thirtyWorst.toFixed(1).padStart(5)} ${row.beyondFour.toFixed(1).padStart(10)} ${row.cpuMilliseconds.toFixed(0).padStart(12)}`,
      )
    }
  }
  const of = (model: string, method: string) => rows.find((row) => row['model'] === model && row['method'] === method)!
  console.log('\n> 4 GPUs: blend beside its parents, white and forest')
  for (const name of STEP_TIME_MODELS) {
    const [blended, theory, learned] = ['blend', 'white', 'forest'].map((method) => of(name, method)['beyondFour'] as number)
    const ratio = blended / Math.min(theory, learned)
    console.log(
      `${name.padEnd(12)} ${blended.toFixed(1)} | ${theory.toFixed(1)} ${learned.toFixed(1)} | ${ratio.toFixed(2)} of the better`,
    )
  }

  save('quality/grey-pollux', rows, { seeds: SEEDS })
}
