import { describe, expect, it } from 'vitest'
import {
  forest,
  nearest,
  type RegressionModel,
  type Regressor,
  ridge,
  type Samples,
  tableOf,
  toBytes,
  toJson,
} from '../learn/index.js'
import { isRefusal } from '../model/index.js'
import { Rng } from '../num/index.js'
import { blend } from './blend.js'
import { calibrate } from './calibrate.js'
import { conformal, type IntervalModel } from './conformal.js'
import { hyBoost } from './hyboost.js'
import { loadGrey } from './load.js'
import { onLogScale } from './log-scale.js'
import { perGroup } from './per-group.js'
import { residual } from './residual.js'
import { columnOf, type WhiteModel } from './white.js'

const white: WhiteModel = {
  name: 'proportional',
  columns: ['x'],
  parameters: [{ name: 'a', low: 1e-3, high: 1e3, prior: 1, spread: 3, positive: true }],
  predict: (table, [a]) => columnOf(table, 'x').map((x) => a * x),
  grows: ['x'],
}

const samples: Samples = (() => {
  const rng = new Rng(1, 'samples')
  const x = Float64Array.from({ length: 40 }, (_, i) => 1 + (i % 10))
  const kind = x.map(() => rng.below(2))
  return { features: tableOf({ x, kind }), target: x.map((v, i) => v * (1 + kind[i]) * Math.exp(0.05 * rng.normal())) }
})()
const asked = tableOf({ x: [0.5, 3.3, 7, 30], kind: [0, 1, 0, 1] })

function fitted<Model extends RegressionModel>(learner: {
  fit: (...given: Parameters<Regressor['fit']>) => Model | object
}): Model {
  const model = learner.fit(samples, { rng: new Rng(1, 'fit') })
  if (isRefusal(model)) throw new Error(model.message)
  return model as Model
}

const trees = forest({ trees: 5 })
const learners: Regressor[] = [
  calibrate(white),
  perGroup(white, ['kind']),
  residual(white, trees),
  residual(perGroup(white, ['kind']), ridge(), { fade: Number.POSITIVE_INFINITY }),
  residual(white, (monotone) => forest({ trees: 5, monotone })),
  blend(white, [trees, ridge()]),
  blend(perGroup(white, ['kind']), [nearest()], { grows: ['x'] }),
  onLogScale(trees),
]

describe('a grey model that was saved', () => {
  it('predicts to the last bit what it predicted, and saves as the same bytes', () => {
    for (const learner of learners) {
      const model = fitted(learner)
      for (const data of [toBytes(model), toJson(model)]) {
        const again = loadGrey(data, [white])
        if (!again.ok) throw new Error(`${learner.name}: ${again.issues[0].message}`)
        expect((again.model as RegressionModel).predict(asked)).toEqual(model.predict(asked))
        expect(toBytes(again.model)).toEqual(toBytes(model))
      }
    }
  })

  it('with intervals gives the same intervals', () => {
    for (const options of [{}, { method: 'cv+', folds: 5 }, { method: 'split' }, { spread: ridge() }, { grows: 'x' }] as const) {
      const model = fitted<IntervalModel>(conformal(residual(white, trees), options))
      const again = loadGrey(toBytes(model), [white])
      if (!again.ok) throw new Error(again.issues[0].message)
      expect((again.model as IntervalModel).interval(asked)).toEqual(model.interval(asked))
      expect(toBytes(again.model)).toEqual(toBytes(model))
    }
  })

  it('is an issue where its white model is not handed over, its kind cannot be loaded, or a part is missing', () => {
    const bytes = toBytes(fitted(residual(white, trees)))
    const message = (data: string | Uint8Array, whites: readonly WhiteModel[]): string => {
      const loaded = loadGrey(data, whites, 'm')
      if (loaded.ok) throw new Error('loaded')
      return `${loaded.issues[0].place}: ${loaded.issues[0].message}`
    }
    expect(message(bytes, [])).toBe('m settings.white: stands on proportional, which was not handed over')
    expect(message(bytes.subarray(0, 100), [white])).toMatch(/^m:byte/)
    expect(message(toJson(fitted(hyBoost(white, [ridge()]))), [white])).toMatch(/^m learner: .* is none that can be loaded/)
    expect(message(toJson(fitted(residual(white, trees))).replace('"correction":', '"other":'), [white])).toMatch(
      /no part correction/,
    )
  })
})
