/** Theory, learners and what joins them on measured tables: the claims of docs/grey.md, on fewer draws than the benches take. */
import { describe, expect, it } from 'vitest'
import {
  blend,
  calibrate,
  conformal,
  onLogScale,
  perGroup,
  powerCapModel,
  residual,
  stepTimeModel,
} from '../../src/grey/index.js'
import { forest, type Regressor, type Samples, shuffled, tableOf, takeSamples } from '../../src/learn/index.js'
import { isRefusal } from '../../src/model/index.js'
import { Rng } from '../../src/num/index.js'
import { powerCaps, STEP_TIME_MODELS, stepTimes, withoutMeasured } from '../support/measured-tables.js'

function percent(learner: Regressor, train: Samples, test: Samples, seed = 1): number {
  const model = learner.fit(train, { rng: new Rng(seed, 'measured') })
  if (isRefusal(model)) throw new Error(model.message)
  const answers = model.predict(test.features)
  return (100 * test.target.reduce((sum, value, i) => sum + Math.abs(answers[i] / value - 1), 0)) / test.target.length
}

const noSteps = withoutMeasured('pollux')
describe.skipIf(noSteps !== undefined)(
  `step times on 1 to 16 GPUs${noSteps === undefined ? '' : ` (skipped: ${noSteps})`}`,
  () => {
    const white = stepTimeModel()
    const trees = () => forest({ columnsPerSplit: 5 })
    // mean absolute error of theory fitted to all rows, published beside the data
    const published: Record<string, number> = { bert: 7.2, cifar10: 6.5, deepspeech2: 6.4, imagenet: 6.7 }

    it('calibrated theory errs no more than the published fit', () => {
      for (const name of STEP_TIME_MODELS) {
        const samples = stepTimes(name)
        expect(percent(calibrate(white, { starts: 5, searches: 2 }), samples, samples)).toBeLessThanOrEqual(published[name])
      }
    })

    it('30 random rows: the blend never diverges and errs 7 % on average', () => {
      const errors = STEP_TIME_MODELS.flatMap((name) => {
        const samples = stepTimes(name)
        return [0, 1, 2].map((seed) => {
          const order = shuffled(samples.target.length, new Rng(seed, 'rows'))
          return percent(
            blend(white, [trees()]),
            takeSamples(samples, order.slice(0, 30)),
            takeSamples(samples, order.slice(30)),
            seed,
          )
        })
      })
      expect(errors.reduce((a, b) => a + b, 0) / errors.length).toBeLessThan(7)
      expect(Math.max(...errors)).toBeLessThan(12)
    })

    it('learned up to 4 GPUs, asked about 5 to 16: better than both parents on 3 of 4, never beyond 1.3 times the better', () => {
      const ratios = STEP_TIME_MODELS.map((name) => {
        const samples = stepTimes(name)
        const gpus = samples.features.columns[samples.features.names.indexOf('gpus')]
        const rows = Array.from(gpus.keys())
        const small = takeSamples(
          samples,
          rows.filter((i) => gpus[i] <= 4),
        )
        const large = takeSamples(
          samples,
          rows.filter((i) => gpus[i] > 4),
        )
        const [both, theory, learned] = [blend(white, [trees()]), calibrate(white), onLogScale(trees())].map((learner) =>
          percent(learner, small, large),
        )
        return both / Math.min(theory, learned)
      })
      expect(ratios.filter((ratio) => ratio < 1).length).toBeGreaterThanOrEqual(3)
      expect(Math.max(...ratios)).toBeLessThan(1.3)
    })

    it('90 % intervals cover about 90 % of rows not seen', () => {
      const samples = stepTimes('imagenet')
      const order = shuffled(samples.target.length, new Rng(1, 'rows'))
      const model = conformal(residual(white, trees()), { folds: 10 }).fit(takeSamples(samples, order.slice(0, 200)), {
        rng: new Rng(1, 'interval'),
      })
      if (isRefusal(model)) throw new Error(model.message)
      const test = takeSamples(samples, order.slice(200))
      const { low, high } = model.interval(test.features)
      const covered = test.target.filter((value, i) => value >= low[i] && value <= high[i]).length / test.target.length
      // one draw: its coverage has a standard deviation of √(0.09/200) = 2 points
      expect(covered).toBeGreaterThan(0.84)
      expect(covered).toBeLessThan(0.97)
    })
  },
)

const noCaps = withoutMeasured('zeus')
describe.skipIf(noCaps !== undefined)(`power caps${noCaps === undefined ? '' : ` (skipped: ${noCaps})`}`, () => {
  it('V100: time and energy at a cap that no job was measured at, within 3 % median', () => {
    const all = powerCaps('v100')
    // every fourth job, which is enough to see 3 %
    const named = [...new Set(all.map(({ job, batch }) => `${job} ${batch}`))].filter((_, k) => k % 4 === 0)
    const rows = all.filter(({ job, batch }) => named.includes(`${job} ${batch}`))
    const keys = [...new Set(rows.map(({ job, batch }) => `${job} ${batch}`))]
    for (const question of ['seconds', 'joules'] as const) {
      const samples: Samples = {
        features: tableOf({
          capWatts: rows.map(({ cap }) => cap),
          job: rows.map(({ job, batch }) => keys.indexOf(`${job} ${batch}`)),
        }),
        target: Float64Array.from(rows, ({ seconds, watts }) => (question === 'seconds' ? seconds : seconds * watts)),
        measured: tableOf({ seconds: rows.map(({ seconds }) => seconds), watts: rows.map(({ watts }) => watts) }),
      }
      const at = (keep: (cap: number) => boolean) =>
        takeSamples(
          samples,
          rows.flatMap(({ cap }, i) => (keep(cap) ? [i] : [])),
        )
      const model = perGroup(powerCapModel(question), ['job'], { starts: 5, searches: 2 }).fit(
        at((cap) => cap !== 175),
        { rng: new Rng(1, 'caps') },
      )
      if (isRefusal(model)) throw new Error(model.message)
      const unseen = at((cap) => cap === 175)
      const errors = Array.from(model.predict(unseen.features), (value, i) => Math.abs(value / unseen.target[i] - 1)).sort(
        (a, b) => a - b,
      )
      expect(errors[errors.length >> 1]).toBeLessThan(0.03)
    }
  })
})
