import { type Caveat, caveat, isRefusal } from '../../model/index.js'
import { criterion, growth, isStable, predicted } from './autoregression.js'
import { fillMissing } from './fill.js'
import type { FittedForecaster, Forecaster, SavedForecaster } from './forecaster.js'
import { answer, type Outlook, shapeOf } from './outlook.js'
import { atLeast, prepare } from './prepare.js'
import { saver, stored } from './stored.js'

export interface AutoregressionSettings {
  /** Lags to choose from; by default 1 … 6, 8, 12 and, for each season m, m − 1, m, m + 1, and 2m where the series is five seasons long. */
  readonly lags?: readonly number[]
  /** Every lag, the ones that lower AICc, or the ones that lower BIC; by default `aicc`. */
  readonly selection?: 'all' | 'aicc' | 'bic'
}

/** Longest lag that is tried: telling whether the autoregression is stable takes its square. */
const LAG_AT_MOST = 3_000
/** Earlier origins from which errors further ahead are measured. */
const ORIGINS = 48
/** Roots outside this are pulled onto it. */
const RADIUS = 0.9995

/**
 * Autoregression with selected lags, those of the season among them:
 *
 *   x(t) = c + Σ_{j ∈ L} φⱼ x(t − j) + ε(t)
 *
 * Least squares on the steps at which x(t) is measured; missing values among the lags are filled as `fillMissing` says. Lags enter one by one, the one that
 * lowers Σε² most first, while the criterion falls. An explosive fit has its roots pulled inside the circle (caveat `pulled-inside`). Forecasts by recursion,
 * spread σ²Σψⱼ² by the weights of the moving average, its growth scaled up to that of the errors measured up to 0.38 of a season ahead. O(n·|L|²) a series.
 * Source: Box and Jenkins (1970), ch. 5 and 7; forward selection by sweeping: Goodnight (1979).
 */
export function autoregressiveForecaster(settings: AutoregressionSettings = {}): Forecaster {
  const { selection = 'aicc' } = settings
  let scratch: Float64Array = new Float64Array(0)
  let work: Float64Array = new Float64Array(0)
  let errors: Float64Array = new Float64Array(0)
  let measuredAt = new Uint8Array(0)
  return {
    name: 'autoregressive',
    fit(series) {
      const count = series.values.length
      scratch = atLeast(scratch, count)
      errors = atLeast(errors, count)
      work = atLeast(work, count)
      if (measuredAt.length < count) measuredAt = new Uint8Array(2 * count)
      const prepared = prepare(series, scratch)
      if (isRefusal(prepared)) return prepared
      const { values, centre, scale, periods } = prepared
      const caveats: Caveat[] = [...prepared.caveats]
      fillMissing(values, count, periods[0], measuredAt)

      const tried = lagsOf(settings.lags, periods, count)
      const longest = tried.at(-1) ?? 0
      const n = tried.length
      // products of: the constant, each lag, the value itself
      const size = n + 2
      const products = new Float64Array(size * size)
      const y = size - 1
      let rows = 0
      for (let t = longest; t < count; t++) {
        if (measuredAt[t] === 0) continue
        rows++
        const value = values[t]
        products[y] += value
        products[y * size + y] += value * value
        for (let i = 1; i <= n; i++) {
          const x = values[t - tried[i - 1]]
          products[i] += x
          products[i * size + y] += x * value
          for (let j = i; j <= n; j++) products[i * size + j] += x * values[t - tried[j - 1]]
        }
      }
      products[0] = rows
      for (let i = 0; i < size; i++) for (let j = 0; j < i; j++) products[i * size + j] = products[j * size + i]
      const chosen = rows > 2 ? select(products, size, rows, selection) : []

      const lags = chosen.map((i) => tried[i])
      const coefficients = Float64Array.from(chosen, (i) => products[(i + 1) * size + size - 1])
      let constant = rows > 2 ? products[size - 1] : 0
      if (!isStable(lags, coefficients, RADIUS)) {
        const total = coefficients.reduce((a, b) => a + b, 0)
        let [low, high] = [0, 1]
        for (let round = 0; round < 30; round++) {
          const factor = (low + high) / 2
          if (
            isStable(
              lags,
              coefficients.map((phi, j) => phi * factor ** lags[j]),
              RADIUS,
            )
          )
            low = factor
          else high = factor
        }
        for (let j = 0; j < lags.length; j++) coefficients[j] *= low ** lags[j]
        // the mean that the lags had is kept as well as a constant can
        const now = coefficients.reduce((a, b) => a + b, 0)
        if (total < 1) constant *= (1 - now) / (1 - total)
        else constant = 0
        caveats.push(
          caveat('pulled-inside', 'the autoregression was explosive: its roots were pulled inside the circle', {
            numbers: { factor: low },
          }),
        )
      }

      let squares = 0
      let seen = 0
      const first = lags.length === 0 ? 0 : Math.max(...lags)
      for (let t = 0; t < count; t++) {
        errors[t] = Number.NaN
        if (t < first || measuredAt[t] === 0) continue
        const error = values[t] - constant - predicted(values, t, lags, coefficients, lags.length)
        errors[t] = error
        squares += error * error
        seen++
      }
      const innovation = squares / Math.max(seen - lags.length - 1, seen / 2, 1)
      const near = shapeOf(errors, count, work)
      // errors further ahead, from some origins: where the model is not the whole truth they grow faster than it says
      const span = Math.min(Math.ceil(0.38 * (periods[0] ?? 64)), Math.floor(count / 4))
      const from = Math.floor((2 * span) / 3)
      work = atLeast(work, Math.max(count, first + span))
      let distantSquares = 0
      let distant = 0
      const every = Math.max(1, Math.floor((count - first - span) / ORIGINS))
      for (let origin = first; origin + span <= count && distant + span - from <= count; origin += every) {
        work.set(values.subarray(origin - first, origin))
        for (let h = 0; h < span; h++) {
          work[first + h] = constant + predicted(work, first + h, lags, coefficients, lags.length)
          if (h < from || measuredAt[origin + h] === 0) continue
          const error = values[origin + h] - work[first + h]
          errors[distant++] = error
          distantSquares += error * error
        }
      }
      const far = shapeOf(errors, distant, work)
      const grown = growth(lags, coefficients, span)
      let modelled = 0
      for (let h = from; h < span; h++) modelled += (innovation * (grown[h] - 1)) / (span - from)
      const inflation = distant >= 20 && modelled > 0 ? Math.max(1, (distantSquares / distant - innovation) / modelled) : 1
      return fittedAutoregression({
        schema: 'halftone/forecaster/1',
        forecaster: 'autoregressive',
        caveats,
        settings: { centre, scale, constant, innovation, inflation, lags, rows: seen },
        arrays: {
          coefficients,
          tail: values.slice(count - first, count),
          ...(near === undefined ? {} : { near }),
          ...(far === undefined ? {} : { far }),
        },
      })
    },
  }
}

function lagsOf(given: readonly number[] | undefined, periods: readonly number[], count: number): number[] {
  const all = given ?? [
    ...[1, 2, 3, 4, 5, 6, 8, 12],
    ...periods.flatMap((m) => [m - 1, m, m + 1, ...(count >= 5 * m ? [2 * m] : [])]),
  ]
  const most = Math.min(LAG_AT_MOST, Math.floor(count / 2))
  const fitting = [...new Set(all)].filter((lag) => Number.isInteger(lag) && lag >= 1 && lag <= most).sort((a, b) => a - b)
  // a coefficient a few rows each
  return fitting.slice(0, Math.max(0, Math.floor(count / 6)))
}

/**
 * Forward selection by sweeping the products in place: afterwards the last column holds the coefficients of what was chosen. Returns the indices of the lags
 * chosen, ascending.
 */
function select(products: Float64Array, size: number, rows: number, selection: 'all' | 'aicc' | 'bic'): number[] {
  const y = size - 1
  const total = products[y * size + y]
  const diagonal = Float64Array.from({ length: size }, (_, i) => products[i * size + i])
  sweep(products, size, 0)
  const chosen: number[] = []
  const score = (rest: number): number =>
    selection === 'bic'
      ? rows * Math.log(rest / rows) + Math.log(rows) * (chosen.length + 1)
      : criterion(rest / rows, chosen.length, rows, 1)
  let least = score(Math.max(products[y * size + y], total * 1e-15))
  for (;;) {
    let best = -1
    let gain = 0
    for (let i = 1; i < y; i++) {
      if (chosen.includes(i - 1)) continue
      const pivot = products[i * size + i]
      // all but explained by the others
      if (!(pivot > 1e-9 * diagonal[i])) continue
      const drop = products[i * size + y] ** 2 / pivot
      if (drop > gain) {
        gain = drop
        best = i
      }
    }
    if (best < 0) break
    const rest = products[y * size + y] - gain
    chosen.push(best - 1)
    const value = score(Math.max(rest, total * 1e-15))
    if (selection !== 'all' && !(value < least)) {
      chosen.pop()
      break
    }
    least = value
    sweep(products, size, best)
    if (!(products[y * size + y] > total * 1e-14)) break
  }
  return chosen.sort((a, b) => a - b)
}

/** The sweep operator on row and column k of a symmetric matrix: regresses all others on it. */
function sweep(matrix: Float64Array, size: number, k: number): void {
  const pivot = matrix[k * size + k]
  if (pivot === 0) return
  for (let i = 0; i < size; i++) {
    if (i === k) continue
    const factor = matrix[i * size + k] / pivot
    if (factor === 0) continue
    for (let j = 0; j < size; j++) if (j !== k) matrix[i * size + j] -= factor * matrix[k * size + j]
    matrix[i * size + k] = -factor
  }
  for (let j = 0; j < size; j++) if (j !== k) matrix[k * size + j] /= pivot
  matrix[k * size + k] = 1 / pivot
}

/** The model of saved numbers. */
export function fittedAutoregression(saved: SavedForecaster): FittedForecaster {
  const { number, numbers, array, shape } = stored(saved)
  const [centre, scale] = [number('centre'), number('scale', 0)]
  const [constant, innovation] = [number('constant'), number('innovation', 0)]
  const lags = numbers('lags', 1)
  const rows = number('rows', 0)
  const coefficients = array('coefficients', lags.length)
  const first = lags.length === 0 ? 0 : Math.max(...lags)
  const tail = array('tail', first)
  const [near, far] = [shape('near'), shape('far')]
  const inflation = number('inflation', 1)
  const estimated = 1 + (lags.length + 1) / Math.max(rows, 1)
  const outlook = (steps: number): Outlook => {
    const path = new Float64Array(first + steps)
    path.set(tail)
    const grown = growth(lags, coefficients, steps)
    const middle = new Float64Array(steps)
    const spread = new Float64Array(steps)
    const farness = new Float64Array(steps)
    for (let h = 0; h < steps; h++) {
      const at = first + h
      path[at] = constant + predicted(path, at, lags, coefficients, lags.length)
      middle[h] = centre + scale * path[at]
      spread[h] = scale * Math.sqrt(innovation * estimated * (1 + (grown[h] - 1) * inflation))
      farness[h] = 1 - 1 / grown[h]
    }
    return { centre: middle, spread, near, far, farness }
  }
  return {
    forecaster: saved.forecaster,
    caveats: saved.caveats,
    forecast: (request) => answer(request, saved.caveats, outlook),
    save: saver(saved),
  }
}
