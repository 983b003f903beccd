import { autoregressiveForecaster } from './ar.js'
import { automaticForecaster } from './automatic.js'
import { conformalForecaster } from './conformal.js'
import { smoothingForecaster } from './ets.js'
import type { Forecaster } from './forecaster.js'
import { harmonicForecaster } from './harmonic.js'
import { seasonalNaiveForecaster } from './naive.js'

/** Forecasters that a command line or a thread can ask for by name, as they are without settings. */
export const FORECASTER_NAMES = [
  'seasonal-naive',
  'smoothing',
  'autoregressive',
  'harmonic',
  'conformal harmonic',
  'automatic',
] as const
export type ForecasterName = (typeof FORECASTER_NAMES)[number]

/** A forecaster of its own of that name. */
export function forecasterNamed(name: ForecasterName): Forecaster {
  switch (name) {
    case 'seasonal-naive':
      return seasonalNaiveForecaster()
    case 'smoothing':
      return smoothingForecaster()
    case 'autoregressive':
      return autoregressiveForecaster()
    case 'harmonic':
      return harmonicForecaster()
    case 'conformal harmonic':
      return conformalForecaster(harmonicForecaster())
    case 'automatic':
      return automaticForecaster()
  }
}
