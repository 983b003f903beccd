import type { QuantileModel, RegressionModel, SavedModel } from '../learner.js'
import { BadModel } from '../saved.js'
import { fittedAutoregression } from './ar.js'
import { fittedCombination } from './combined.js'
import { fittedConformal } from './conformal.js'
import { fittedSmoothing } from './ets.js'
import type { FittedForecaster, SavedForecaster } from './forecaster.js'
import { fittedHarmonic } from './harmonic.js'
import { fittedLagged } from './lagged.js'
import { fittedNaive } from './naive.js'

/**
 * The fitted forecaster that was saved: it forecasts the same bytes. `restoreModel` makes a learner's model of a saved one, and is needed only for lagged
 * forecasters. Throws `BadModel`, with the place, where something in it is not what is due.
 */
export function restoreForecaster(
  saved: SavedForecaster,
  restoreModel?: (saved: SavedModel) => RegressionModel | QuantileModel,
): FittedForecaster {
  if (saved.schema !== 'halftone/forecaster/1')
    throw new BadModel('schema', `is ${String(saved.schema)}, not halftone/forecaster/1`)
  const parts = (): FittedForecaster[] => (saved.parts ?? []).map((part) => restoreForecaster(part, restoreModel))
  const { forecaster } = saved
  if (forecaster === 'seasonal-naive') return fittedNaive(saved)
  if (forecaster === 'smoothing') return fittedSmoothing(saved)
  if (forecaster === 'autoregressive') return fittedAutoregression(saved)
  if (forecaster === 'harmonic') return fittedHarmonic(saved)
  if (forecaster === 'weighted' || forecaster === 'best') return fittedCombination(saved, parts())
  if (forecaster.startsWith('conformal ')) {
    const [inner] = parts()
    if (inner === undefined) throw new BadModel('parts', 'are missing')
    return fittedConformal(saved, inner)
  }
  if (forecaster.startsWith('lagged ')) {
    if (saved.model === undefined) return fittedLagged(saved, undefined)
    if (restoreModel === undefined)
      throw new BadModel('model', 'is the model of a learner: give the function that restores those')
    return fittedLagged(saved, restoreModel(saved.model))
  }
  throw new BadModel('forecaster', `no forecaster is called ${forecaster}`)
}
