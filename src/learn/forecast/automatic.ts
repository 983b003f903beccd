import { type CombinedSettings, combinedForecaster } from './combined.js'
import { smoothingForecaster } from './ets.js'
import type { Forecaster } from './forecaster.js'
import { harmonicForecaster } from './harmonic.js'
import { seasonalNaiveForecaster } from './naive.js'

/** Seasonal-naive, smoothing and harmonic regression, combined by how they did on the series itself: what to use where nothing is known of it. */
export function automaticForecaster(settings: Omit<CombinedSettings, 'candidates'> = {}): Forecaster {
  return {
    ...combinedForecaster({
      ...settings,
      candidates: [seasonalNaiveForecaster(), smoothingForecaster(), harmonicForecaster()],
    }),
    name: 'automatic',
  }
}
