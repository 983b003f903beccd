import { type RegressionModel, type Regressor, type Samples, sameColumns, type Table } from '../learn/index.js'
import { caveat, isRefusal } from '../model/index.js'
import type { Rng } from '../num/index.js'
import { type CalibratedLearner, type CalibrateOptions, calibrate } from './calibrate.js'
import { onLogScale } from './log-scale.js'
import { nested } from './nested.js'
import { seenOf } from './outside.js'
import type { WhiteModel } from './white.js'

export interface BootstrappingOptions extends CalibrateOptions {
  /** Rows that may be asked about, from which synthetic ones are drawn. Absent: mixtures of pairs of rows seen. */
  readonly space?: Table
  /** Synthetic rows; default 1,000. */
  readonly synthetic?: number
  /** `merge` adds the real rows with a weight; `replace` first takes out the synthetic rows near each. Default `replace`. */
  readonly update?: 'merge' | 'replace'
  /** What a real row counts beside a synthetic one; default 10. */
  readonly weight?: number
  /** `replace`: how near, in widths of the data (Euclidean over columns); the nearest goes in any case. Default 0.1. */
  readonly radius?: number
}

/**
 * Bootstrapping: a learner that has read the theory first. The white model answers synthetic rows over the whole space, the learner is fitted to those and to the real ones, which
 * count more or replace the synthetic ones around them.
 *
 * Where rows are few it is the white model as a learner would draw it; where they are dense, the learner. When it loses: the learner first has to draw what
 * the white model says, which costs accuracy that `residual` does not pay.
 *
 * Source: Didona and Romano, ICPADS 2015 (arXiv 1410.5102).
 */
export function bootstrapping(
  white: WhiteModel | CalibratedLearner,
  learner: Regressor,
  options: BootstrappingOptions = {},
): Regressor {
  const base = 'fit' in white ? white : calibrate(white, options)
  const { synthetic = 1000, update = 'replace', weight = 10, radius = 0.1, space } = options
  const black = onLogScale(learner)
  const name = `${learner.name} bootstrapped by ${base.name}`
  return {
    name,
    fit(samples, { rng, progress }) {
      const calibrated = base.fit(samples, { rng: rng.stream('white') })
      if (isRefusal(calibrated)) return calibrated
      progress?.(0.3)
      const drawn = syntheticRows(
        space ?? samples.features,
        samples.features,
        synthetic,
        space !== undefined,
        rng.stream('synthetic'),
      )
      const answers = calibrated.predict(drawn)
      const near = update === 'replace' ? nearRows(drawn, samples.features, radius) : new Uint8Array(drawn.rows)
      const kept = Array.from(near.keys()).filter((i) => near[i] === 0 && answers[i] > 0)
      const { features, target, weights } = samples
      const together: Samples = {
        features: {
          ...features,
          rows: features.rows + kept.length,
          columns: features.columns.map((column, c) => {
            const made = drawn.columns[drawn.names.indexOf(features.names[c])]
            return Float64Array.from([...column, ...kept.map((i) => made[i])])
          }),
        },
        target: Float64Array.from([...target, ...kept.map((i) => answers[i])]),
        weights: Float64Array.from([...Array.from(target, (_, i) => weight * (weights?.[i] ?? 1)), ...kept.map(() => 1)]),
      }
      const inner = black.fit(together, { rng: rng.stream('learner') })
      if (isRefusal(inner)) return inner
      progress?.(1)
      const model: RegressionModel = {
        task: 'regression',
        learner: name,
        names: features.names,
        caveats: [
          ...calibrated.caveats,
          caveat('synthetic', `learned from ${features.rows} observed rows and ${kept.length} that the white model made`),
        ],
        predict(table) {
          sameColumns(model, table)
          const out = inner.predict(table)
          // no answer (unstable) stays no answer
          calibrated.holds(table).forEach((held, i) => {
            if (held === 0) out[i] = 0
          })
          return out
        },
        save: () => nested(model, { white: calibrated, learner: inner }),
      }
      return model
    },
  }
}

/** Rows of a space: its own, drawn with replacement, or points on the lines between pairs of rows seen. */
function syntheticRows(space: Table, seen: Table, count: number, asTheyAre: boolean, rng: Rng): Table {
  const columns = seen.names.map(() => new Float64Array(count))
  const from = seen.names.map((name) => space.columns[space.names.indexOf(name)])
  for (let i = 0; i < count; i++) {
    const a = rng.below(space.rows)
    const b = rng.below(space.rows)
    const share = asTheyAre ? 0 : rng.uniform()
    for (let c = 0; c < columns.length; c++) {
      const words = seen.levels?.[c] !== undefined
      columns[c][i] = words ? from[c][share < 0.5 ? a : b] : from[c][a] + share * (from[c][b] - from[c][a])
    }
  }
  return { ...seen, rows: count, columns }
}

/** 1 for each synthetic row within the radius of a real one, and for the nearest to each real one. */
function nearRows(drawn: Table, real: Table, radius: number): Uint8Array {
  const { low, high } = seenOf(real)
  const near = new Uint8Array(drawn.rows)
  for (let k = 0; k < real.rows; k++) {
    let least = Number.POSITIVE_INFINITY
    let nearest = -1
    for (let i = 0; i < drawn.rows; i++) {
      let sum = 0
      for (let c = 0; c < real.columns.length; c++) {
        const width = high[c] > low[c] ? high[c] - low[c] : 1
        sum += ((drawn.columns[c][i] - real.columns[c][k]) / width) ** 2
      }
      if (sum <= radius * radius) near[i] = 1
      if (sum < least) {
        least = sum
        nearest = i
      }
    }
    if (nearest >= 0) near[nearest] = 1
  }
  return near
}
