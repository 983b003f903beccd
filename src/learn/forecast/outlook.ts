import { type Caveat, caveat } from '../../model/index.js'
import { normalQuantile, quantile } from '../../num/index.js'
import { type Forecast, type ForecastRequest, requestIssues } from './forecaster.js'

/** What a model expects: a centre and a spread by step, and the shape of the errors around the centre. In the unit of the series. */
export interface Outlook {
  readonly centre: Float64Array
  /** Standard deviation of the error, by step. */
  readonly spread: Float64Array
  /** The law of error / spread one step ahead, and far ahead; the standard normal law where absent. */
  readonly near?: Shape | undefined
  readonly far?: Shape | undefined
  /** True where the errors are as likely above as below: mean and median are the centre, to the last digit. */
  readonly centred?: boolean
  /** How much of the far shape a step has, 0 to 1, by step; 0 where absent. */
  readonly farness?: Float64Array
}

/** Ascending values at equal steps of probability from 0 to 1. */
export type Shape = Float64Array

/** Fewest errors whose own shape is trusted over that of the normal law. */
const SHAPE_FROM = 50
const SHAPE_POINTS = 201

/**
 * The shape of errors (NaN: missing): their quantiles over their standard deviation around 0, at most 201. Undefined where there are too few of them or all
 * are 0. `scratch` has room for all.
 */
export function shapeOf(errors: Float64Array, count: number, scratch: Float64Array): Shape | undefined {
  let n = 0
  let square = 0
  for (let i = 0; i < count; i++) {
    const error = errors[i]
    if (Number.isNaN(error)) continue
    scratch[n++] = error
    square += error * error
  }
  if (n < SHAPE_FROM || !(square > 0)) return undefined
  const sorted = scratch.subarray(0, n).sort()
  const size = Math.min(n, SHAPE_POINTS)
  const scale = Math.sqrt(n / square)
  const shape = new Float64Array(size)
  for (let i = 0; i < size; i++) shape[i] = scale * quantile(sorted, i / (size - 1))
  return shape
}

/** The forecast that answers a request. Throws where the request makes no sense. */
export function answer(request: ForecastRequest, caveats: readonly Caveat[], outlook: (steps: number) => Outlook): Forecast {
  checkRequest(request)
  const { steps, levels = [], bounds } = request
  const nothing = new Float64Array(0)
  if (steps === 0) return { mean: nothing, median: nothing, levels, quantiles: nothing, caveats: withNoSteps(caveats) }
  const { centre, spread, near, far, farness, centred } = outlook(steps)
  const at = (out: Float64Array, offset: number, stride: number, close: number, distant: number): void => {
    for (let h = 0, p = offset; h < steps; h++, p += stride) {
      const share = farness === undefined ? 0 : farness[h]
      out[p] = centre[h] + spread[h] * ((1 - share) * close + share * distant)
    }
  }
  const mean = new Float64Array(steps)
  const median = new Float64Array(steps)
  const free = centred !== true
  const quantiles = new Float64Array(steps * levels.length)
  at(mean, 0, 1, free ? meanOf(near) : 0, free ? meanOf(far) : 0)
  at(median, 0, 1, free ? quantileOf(near, 0.5) : 0, free ? quantileOf(far, 0.5) : 0)
  levels.forEach((level, l) => {
    at(quantiles, l, levels.length, quantileOf(near, level), quantileOf(far, level))
  })
  return bounded({ mean, median, levels, quantiles, caveats }, bounds)
}

function quantileOf(shape: Shape | undefined, level: number): number {
  return shape === undefined ? normalQuantile(level) : quantile(shape, level)
}

/** Of values at equal steps of probability: by the trapezium rule, the area under them. */
function meanOf(shape: Shape | undefined): number {
  if (shape === undefined) return 0
  let sum = (shape[0] + shape[shape.length - 1]) / 2
  for (let i = 1; i < shape.length - 1; i++) sum += shape[i]
  return sum / (shape.length - 1)
}

/** Throws a fault where a request cannot be answered: a bug of the caller, not of the data. */
export function checkRequest(request: ForecastRequest): void {
  const [first] = requestIssues(request)
  if (first !== undefined) throw new RangeError(`${first.place} ${first.message}: ${first.value}`)
}

/** The caveats of a forecast of nothing. */
export function withNoSteps(caveats: readonly Caveat[]): readonly Caveat[] {
  return [...caveats, caveat('no-steps', 'no step was asked for, so there is nothing in the forecast')]
}

/** A forecast cut at bounds, in place. */
export function bounded(forecast: Forecast, bounds: ForecastRequest['bounds']): Forecast {
  if (bounds === undefined) return forecast
  const low = bounds.low ?? Number.NEGATIVE_INFINITY
  const high = bounds.high ?? Number.POSITIVE_INFINITY
  for (const values of [forecast.mean, forecast.median, forecast.quantiles])
    for (let i = 0; i < values.length; i++) values[i] = Math.min(high, Math.max(low, values[i]))
  return forecast
}
