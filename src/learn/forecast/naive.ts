import { isRefusal } from '../../model/index.js'
import { BadModel } from '../saved.js'
import type { FittedForecaster, Forecaster, SavedForecaster } from './forecaster.js'
import { answer, type Outlook, shapeOf } from './outlook.js'
import { atLeast, prepare } from './prepare.js'
import { saver, stored } from './stored.js'

export interface SeasonalNaiveSettings {
  /** Which of the seasons that were seen twice: by default the shortest, so that tomorrow is as today. */
  readonly season?: 'shortest' | 'longest'
}

/**
 * As it was one season ago: the forecast for a step is the last measured value at its phase; without a season that was seen twice, the last measured value.
 * The baseline that every other forecaster has to beat.
 *
 *   x̂(n + h) = x(n + h − k·m),  the least k ≥ ⌈h/m⌉ at which it is measured
 *
 * Mean and median are that value, exactly. The spread k seasons ahead is the root mean square of the differences k seasons apart, the shape that of the
 * differences one season apart, made symmetric; without a season, of those 1, 2, 4 … steps apart. A phase that was never measured takes the mean.
 * O(n) a series.
 */
export function seasonalNaiveForecaster({ season = 'shortest' }: SeasonalNaiveSettings = {}): Forecaster {
  let scratch: Float64Array = new Float64Array(0)
  let both: Float64Array = new Float64Array(0)
  let work: Float64Array = new Float64Array(0)
  return {
    name: 'seasonal-naive',
    fit(series) {
      const count = series.values.length
      scratch = atLeast(scratch, count)
      both = atLeast(both, 2 * count)
      work = atLeast(work, 2 * count)
      const prepared = prepare(series, scratch)
      if (isRefusal(prepared)) return prepared
      const { periods, centre, scale, values, caveats } = prepared
      const period = (season === 'shortest' ? periods[0] : periods.at(-1)) ?? 0
      const step = Math.max(period, 1)

      const last = new Float64Array(step).fill(centre)
      for (let phase = 0; phase < step; phase++) {
        let i = count - step + phase
        while (i >= 0 && Number.isNaN(series.values[i])) i -= step
        if (i >= 0) last[phase] = series.values[i]
      }

      // differences 1, 2, 3 … seasons apart; without a season 1, 2, 4 … steps
      const spreads: number[] = []
      let near: Float64Array | undefined
      for (let k = 1; k * step <= count / 2 && spreads.length < SPREADS; k = period > 0 ? k + 1 : 2 * k) {
        let square = 0
        let pairs = 0
        for (let i = k * step; i < count; i++) {
          const difference = values[i] - values[i - k * step]
          if (Number.isNaN(difference)) continue
          square += difference * difference
          both[2 * pairs] = difference
          both[2 * pairs + 1] = -difference
          pairs++
        }
        if (pairs < Math.min(20, count / 4)) break
        spreads.push(scale * Math.sqrt(square / pairs))
        if (k === 1) near = shapeOf(both, 2 * pairs, work)
      }
      // too few pairs to tell: two values of the same law differ by √2 of its spread
      if (spreads.length === 0) spreads.push(scale * Math.SQRT2)
      return fittedNaive({
        schema: 'halftone/forecaster/1',
        forecaster: 'seasonal-naive',
        caveats,
        settings: { period },
        arrays: { last, spreads: Float64Array.from(spreads), ...(near === undefined ? {} : { near }) },
      })
    },
  }
}

/** Most distances at which the spread is measured. */
const SPREADS = 32

/** The model of saved numbers. */
export function fittedNaive(saved: SavedForecaster): FittedForecaster {
  const { number, array, shape } = stored(saved)
  const period = number('period', 0)
  const last = array('last', Math.max(period, 1))
  const spreads = array('spreads')
  const near = shape('near')
  if (spreads.length === 0) throw new BadModel('arrays.spreads', 'is empty')
  const outlook = (steps: number): Outlook => {
    const centre = new Float64Array(steps)
    const spread = new Float64Array(steps)
    let most = 0
    for (let h = 0; h < steps; h++) {
      centre[h] = last[h % last.length]
      // which of the distances measured: seasons one by one, steps by doubling; beyond the last, as there
      const at = period > 0 ? Math.floor(h / period) : Math.ceil(Math.log2(h + 1))
      most = Math.max(most, spreads[Math.min(at, spreads.length - 1)])
      spread[h] = most
    }
    return { centre, spread, near, centred: true }
  }
  return {
    forecaster: saved.forecaster,
    caveats: saved.caveats,
    forecast: (request) => answer(request, saved.caveats, outlook),
    save: saver(saved),
  }
}
