import { quantile } from '../../num/index.js'
import { BadModel } from '../saved.js'
import type { SavedForecaster } from './forecaster.js'
import { stored } from './stored.js'

/** Errors of forecasts on values that they had not seen, by how far ahead: bands of 1, 2, 3–4, 5–8 … steps. */
export interface ErrorBands {
  /** Ascending errors of each band. */
  readonly bands: readonly Float64Array[]
  /** How many independent errors those of each band are worth. */
  readonly worth: Float64Array
}

/** Collects errors into bands. */
export interface BandCollector {
  /** An error so many steps (from 0) ahead of the forecast of this number. */
  add(forecast: number, step: number, error: number): void
  /** Errors in all. */
  readonly size: number
  /** Bands of at least 20 errors each: a band with fewer is joined to its neighbour. */
  close(): ErrorBands
}

const LEAST_IN_BAND = 20
const MOST_IN_BAND = 1_001
/** Errors of one forecast resemble each other: in a band they count as at most so many. */
const WORTH_A_FORECAST = 4

/** An empty collection. Steps count from 0. */
export function collectBands(): BandCollector {
  const bands: { errors: number[]; forecasts: Set<number> }[] = []
  let size = 0
  return {
    add(forecast, step, error) {
      const band = bandOf(step)
      while (bands.length <= band) bands.push({ errors: [], forecasts: new Set() })
      bands[band].errors.push(error)
      bands[band].forecasts.add(forecast)
      size++
    },
    get size() {
      return size
    },
    close() {
      // from the far end, where there are many, to the near one
      const joined = bands.map(({ errors, forecasts }) => ({ errors, forecasts: forecasts.size }))
      for (let b = bands.length - 2; b >= 0; b--) {
        const [one, after] = [joined[b], joined[b + 1]]
        if (one.errors.length >= LEAST_IN_BAND) continue
        joined[b] = { errors: [...one.errors, ...after.errors], forecasts: Math.max(one.forecasts, after.forecasts) }
      }
      return {
        bands: joined.map(({ errors }) => {
          const sorted = Float64Array.from(errors).sort()
          if (sorted.length <= MOST_IN_BAND) return sorted
          return Float64Array.from({ length: MOST_IN_BAND }, (_, i) => quantile(sorted, i / (MOST_IN_BAND - 1)))
        }),
        worth: Float64Array.from(joined, ({ errors, forecasts }) => Math.min(errors.length, WORTH_A_FORECAST * forecasts)),
      }
    },
  }
}

function bandOf(step: number): number {
  return Math.ceil(Math.log2(step + 1))
}

/**
 * The error at a level so many steps (from 0) ahead: of errors worth n the (n + 1)p-th, so that a new one like them stays below with probability p; beyond the
 * largest, the largest. 0 without errors.
 */
export function bandQuantile({ bands, worth }: ErrorBands, step: number, level: number): number {
  const band = Math.min(bandOf(step), bands.length - 1)
  const errors = bands[band]
  if (errors === undefined || errors.length === 0) return 0
  const n = worth[band]
  return quantile(errors, Math.min(1, Math.max(0, ((n + 1) * level - 1) / Math.max(n - 1, 1))))
}

/** The mean error so many steps ahead. */
export function bandMean({ bands }: ErrorBands, step: number): number {
  const errors = bands[Math.min(bandOf(step), bands.length - 1)]
  if (errors === undefined || errors.length === 0) return 0
  let sum = 0
  for (const error of errors) sum += error
  return sum / errors.length
}

/** Bands as the arrays of a saved forecaster. */
export function savedBands({ bands, worth }: ErrorBands): Record<string, Float64Array> {
  return { worth, ...Object.fromEntries(bands.map((errors, b) => [`errors${b}`, errors])) }
}

/** The bands of a saved forecaster. */
export function bandsFrom(saved: SavedForecaster): ErrorBands {
  const { number, array } = stored(saved)
  const length = number('bands', 0, 64)
  return {
    worth: array('worth', length),
    bands: Array.from({ length }, (_, b) => {
      const errors = array(`errors${b}`)
      for (let i = 1; i < errors.length; i++)
        if (errors[i] < errors[i - 1]) throw new BadModel(`arrays.errors${b}[${i}]`, 'descends')
      return errors
    }),
  }
}
