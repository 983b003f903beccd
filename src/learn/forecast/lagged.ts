import { type Caveat, caveat, isRefusal } from '../../model/index.js'
import type { QuantileModel, QuantileRegressor, RegressionModel, Regressor } from '../learner.js'
import type { Samples, Table } from '../table.js'
import { bandMean, bandQuantile, bandsFrom, collectBands, type ErrorBands, savedBands } from './errorBands.js'
import { fillMissing } from './fill.js'
import type { FittedForecaster, Forecaster, ForecastRequest, SavedForecaster } from './forecaster.js'
import { bounded, checkRequest, withNoSteps } from './outlook.js'
import { atLeast, prepare } from './prepare.js'
import { saver, stored } from './stored.js'

export interface LaggedSettings {
  /** Any learner of a number, or of its quantiles. */
  readonly learner: Regressor | QuantileRegressor
  /** Steps ahead that it is taught; further ones are asked as if they were the last. By default the shortest season, or 24. */
  readonly steps?: number
  /** Most rows that it is taught, drawn at random; by default 2,000. */
  readonly rowsAtMost?: number
  /** Share of the series, its end, on which a first fit to the rest is judged: whence the quantiles of a learner of a number. By default 0.25. */
  readonly heldOut?: number
}

/** Values before the origin that are features of their own. */
const RECENT = [0, 1, 2, 3]
/** Seasons back that are averaged, at most. */
const SEASONS = 4

/**
 * Any learner as a forecaster: one model for all steps ahead, whose features are what is known at the origin o about the step o + h,
 *
 *   the values one and two seasons before it and their neighbours, the mean of up to four seasons at its phase, the last values and how far they are from
 *   that mean at their own phases, the phase, and h,
 *
 * and whose target is how far x(o + h) is from that mean (without a season: from the last value). Nothing is fed back, so errors do not pile up with h. Series are
 * standardised first; missing values among the features are filled as `fillMissing` says, missing targets are left out. Of several seasons, the shortest is the
 * season; the others give a value each.
 *
 * Quantiles of a learner of a number are those of its errors on the last quarter when fitted to the rest, by how far ahead; a learner of quantiles gives its own,
 * interpolated between its levels. Cost: that of two fits on `rowsAtMost` rows (of quantiles: one).
 * Source: the direct strategy of Taieb et al. (2012); lagged features: Xue et al. (2015), PRACTISE.
 */
export function laggedForecaster(settings: LaggedSettings): Forecaster {
  const { learner, rowsAtMost = 2_000, heldOut = 0.25 } = settings
  const name = `lagged ${learner.name}`
  let scratch: Float64Array = new Float64Array(0)
  let measuredAt = new Uint8Array(0)
  return {
    name,
    fit(series, options) {
      const count = series.values.length
      scratch = atLeast(scratch, count)
      if (measuredAt.length < count) measuredAt = new Uint8Array(2 * count)
      const prepared = prepare(series, scratch)
      if (isRefusal(prepared)) return prepared
      const { values, centre, scale, periods } = prepared
      const caveats: Caveat[] = [...prepared.caveats]
      fillMissing(values, count, periods[0], measuredAt)
      const steps = Math.max(1, Math.min(settings.steps ?? periods[0] ?? 24, Math.floor(count / 4)))
      const least = leastOrigin(periods)

      const rowsBefore = (end: number): { origins: number[]; ahead: number[] } => {
        // the pairs (origin, h) whose target lies before the end, or some of them
        const rng = options.rng.stream('rows')
        const origins: number[] = []
        const ahead: number[] = []
        const all = Math.max(0, end - 1 - least) * steps
        const share = Math.min(1, rowsAtMost / Math.max(all, 1))
        for (let origin = least; origin < end - 1; origin++) {
          const most = Math.min(steps, end - 1 - origin)
          const draws = share >= 1 ? most : Math.floor(share * steps + rng.uniform())
          for (let d = 0; d < draws; d++) {
            const h = share >= 1 ? d + 1 : 1 + rng.below(steps)
            if (h > most || measuredAt[origin + h] === 0) continue
            origins.push(origin)
            ahead.push(h)
          }
        }
        return { origins, ahead }
      }
      const samplesOf = ({ origins, ahead }: { origins: number[]; ahead: number[] }): Samples => {
        const { features, bases } = featuresOf(values, periods, steps, origins, ahead)
        return { features, target: Float64Array.from(origins, (origin, i) => values[origin + ahead[i]] - bases[i]) }
      }

      const all = rowsBefore(count)
      const arrays: Record<string, Float64Array> = { tail: values.slice(Math.max(0, count - tailLength(periods)), count) }
      const numbers = { centre, scale, count, steps, periods }
      const save = (bands: ErrorBands, model?: RegressionModel | QuantileModel): FittedForecaster =>
        fittedLagged(
          {
            schema: 'halftone/forecaster/1',
            forecaster: name,
            caveats,
            settings: { ...numbers, bands: bands.bands.length, learned: model !== undefined },
            arrays: { ...arrays, ...savedBands(bands) },
            ...(model === undefined ? {} : { model: model.save() }),
          },
          model,
        )
      if (all.origins.length < LEAST_ROWS) {
        caveats.push(
          caveat(
            'not-learned',
            `only ${all.origins.length} pairs of origin and step to learn from: the mean of seasons answers, or the last value`,
            {
              numbers: { rows: all.origins.length },
            },
          ),
        )
        return save(errorsOf(undefined, least))
      }
      const model = learner.fit(samplesOf(all), { rng: options.rng.stream('learner') })
      if (isRefusal(model)) return model
      for (const one of model.caveats) if (one.code !== 'constant-feature') caveats.push(one)
      if (model.task === 'quantile') return save({ bands: [], worth: new Float64Array(0) }, model)

      options.progress?.(0.5)
      const cut = Math.floor(count * (1 - heldOut))
      const early = rowsBefore(cut)
      const judge =
        early.origins.length < LEAST_ROWS ? undefined : learner.fit(samplesOf(early), { rng: options.rng.stream('judge') })
      if (judge === undefined || isRefusal(judge) || judge.task === 'quantile') return save(errorsOf(undefined, least), model)
      return save(errorsOf(judge, cut - 1), model)

      /** Errors on what comes after origins from `from` on; of the base alone without a model. */
      function errorsOf(judge: RegressionModel | undefined, from: number): ErrorBands {
        const errors = collectBands()
        const origins: number[] = []
        const ahead: number[] = []
        const every = Math.max(1, Math.floor((count - from) / 24))
        for (let origin = Math.max(from, least); origin < count - 1; origin += every) {
          for (let h = 1; h <= steps && origin + h < count; h++) {
            if (measuredAt[origin + h] === 0) continue
            origins.push(origin)
            ahead.push(h)
          }
        }
        const { features, bases } = featuresOf(values, periods, steps, origins, ahead)
        const said = judge === undefined || origins.length === 0 ? new Float64Array(origins.length) : judge.predict(features)
        // origins lie close together: those within a quarter of the reach are one
        const apart = Math.max(1, Math.floor(steps / 4))
        for (let i = 0; i < origins.length; i++)
          errors.add(Math.floor(origins[i] / apart), ahead[i] - 1, values[origins[i] + ahead[i]] - bases[i] - said[i])
        return errors.close()
      }
    },
  }
}

/** Fewest rows that a learner is given. */
const LEAST_ROWS = 20

function leastOrigin(periods: readonly number[]): number {
  return periods.length > 0 ? periods[0] + 4 : RECENT.length
}

/** How much of the end of a series the features of later steps need. */
function tailLength(periods: readonly number[]): number {
  const [period = 0] = periods
  return Math.max((SEASONS + 1) * period + 8, 2 * (periods.at(-1) ?? 0) + 8, 32)
}

/** The features of pairs of origin and steps ahead, and the base that each target is measured from. */
function featuresOf(
  values: Float64Array,
  periods: readonly number[],
  steps: number,
  origins: readonly number[],
  ahead: readonly number[],
): { features: Table; bases: Float64Array } {
  const rows = origins.length
  const [period = 0, ...longer] = periods
  const seasonal = period > 0
  const names = [
    'steps ahead',
    ...RECENT.map((lag) => `last ${lag}`),
    'recent level',
    ...(seasonal
      ? [
          'season ago',
          'season ago, before',
          'season ago, after',
          'two seasons ago',
          'seasons',
          'offset',
          'phase cos',
          'phase sin',
        ]
      : []),
    ...longer.map((long) => `${long} steps ago`),
  ]
  const columns = names.map(() => new Float64Array(rows))
  const bases = new Float64Array(rows)
  /** Mean at the phase of step t over the seasons known at the origin. */
  const seasonMean = (t: number, origin: number): number => {
    let sum = 0
    let seen = 0
    for (let i = t - Math.max(1, Math.ceil((t - origin) / period)) * period; i >= 0 && seen < SEASONS; i -= period) {
      sum += values[i]
      seen++
    }
    return seen === 0 ? values[Math.max(0, Math.min(t, origin))] : sum / seen
  }
  for (let r = 0; r < rows; r++) {
    const origin = origins[r]
    const h = ahead[r]
    const t = origin + h
    let c = 0
    columns[c++][r] = Math.min(h, steps)
    for (const lag of RECENT) columns[c++][r] = values[Math.max(0, origin - lag)]
    let level = 0
    const span = Math.min(8, origin + 1)
    for (let k = 0; k < span; k++) level += values[origin - k] / span
    columns[c++][r] = level
    let base = values[origin]
    if (seasonal) {
      const back = t - Math.ceil(h / period) * period
      const at = (i: number): number => values[Math.max(0, Math.min(i, origin))]
      base = seasonMean(t, origin)
      columns[c++][r] = at(back)
      columns[c++][r] = at(back - 1)
      columns[c++][r] = at(back + 1)
      columns[c++][r] = at(back - period < 0 ? back : back - period)
      columns[c++][r] = base
      let offset = 0
      for (let k = 0; k < 4; k++) offset += (values[origin - k] - seasonMean(origin - k, origin - k - 1)) / 4
      columns[c++][r] = offset
      const turn = (2 * Math.PI * (t % period)) / period
      columns[c++][r] = Math.cos(turn)
      columns[c++][r] = Math.sin(turn)
    }
    for (const long of longer) {
      const back = t - Math.ceil(h / long) * long
      columns[c++][r] = back >= 0 ? values[back] : base
    }
    bases[r] = base
  }
  return { features: { rows, names, columns }, bases }
}

/** The model of saved numbers and of the learner's model; without one, the base of its targets answers. */
export function fittedLagged(saved: SavedForecaster, model: RegressionModel | QuantileModel | undefined): FittedForecaster {
  const { number, numbers, array } = stored(saved)
  const [centre, scale] = [number('centre'), number('scale', 0)]
  const count = number('count', 1)
  const steps = number('steps', 1)
  const periods = numbers('periods', 2)
  const tail = array('tail')
  const bands = bandsFrom(saved)
  return {
    forecaster: saved.forecaster,
    caveats: saved.caveats,
    forecast(request: ForecastRequest) {
      checkRequest(request)
      const { steps: asked, levels = [], bounds } = request
      const mean = new Float64Array(asked)
      const median = new Float64Array(asked)
      const quantiles = new Float64Array(asked * levels.length)
      if (asked === 0) return { mean, median, levels, quantiles, caveats: withNoSteps(saved.caveats) }
      // the tail stands for the whole: what came before it is not looked at, but phases count from the first value
      const [period = 1] = periods
      const skipped = Math.max(0, count - tail.length)
      const shift = ((skipped % period) + period) % period
      const values = shift === 0 ? tail : tail.subarray((period - shift) % period)
      const origin = values.length - 1
      const ahead = Array.from({ length: asked }, (_, h) => h + 1)
      const origins = ahead.map(() => origin)
      const { features, bases } = featuresOf(values, periods, steps, origins, ahead)
      const unit = (x: number): number => centre + scale * x
      if (model?.task === 'quantile') {
        const theirs = model.quantiles(features)
        const width = model.levels.length
        for (let h = 0; h < asked; h++) {
          const row = theirs.subarray(h * width, (h + 1) * width)
          mean[h] = unit(bases[h] + meanOfLevels(row, model.levels))
          median[h] = unit(bases[h] + betweenLevels(row, model.levels, 0.5))
          for (let l = 0; l < levels.length; l++)
            quantiles[h * levels.length + l] = unit(bases[h] + betweenLevels(row, model.levels, levels[l]))
        }
        return bounded({ mean, median, levels, quantiles, caveats: saved.caveats }, bounds)
      }
      const said = model === undefined ? new Float64Array(asked) : model.predict(features)
      for (let h = 0; h < asked; h++) {
        const middle = bases[h] + said[h]
        mean[h] = unit(middle + bandMean(bands, h))
        median[h] = unit(middle + bandQuantile(bands, h, 0.5))
        for (let l = 0; l < levels.length; l++)
          quantiles[h * levels.length + l] = unit(middle + bandQuantile(bands, h, levels[l]))
      }
      return bounded({ mean, median, levels, quantiles, caveats: saved.caveats }, bounds)
    },
    save: saver(saved),
  }
}

/** A quantile between those at ascending levels, on straight lines; beyond the first and last level, theirs. */
function betweenLevels(values: Float64Array, levels: readonly number[], level: number): number {
  const after = levels.findIndex((one) => one >= level)
  if (after < 0) return values[values.length - 1]
  if (after === 0) return values[0]
  const share = (level - levels[after - 1]) / (levels[after] - levels[after - 1])
  return values[after - 1] + share * (values[after] - values[after - 1])
}

/** The mean of a law whose quantiles run on straight lines between levels, and level out beyond them. */
function meanOfLevels(values: Float64Array, levels: readonly number[]): number {
  let sum = values[0] * levels[0] + values[values.length - 1] * (1 - levels[levels.length - 1])
  for (let i = 1; i < levels.length; i++) sum += ((values[i] + values[i - 1]) / 2) * (levels[i] - levels[i - 1])
  return sum
}
