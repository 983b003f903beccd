import { type Caveat, caveat, refuse } from '../../model/index.js'
import type { Unfit } from '../learner.js'
import { type Series, seriesIssues } from './forecaster.js'

/** A series ready to be fitted: moved to mean 0 and spread 1, so that neither unit nor offset matters to what is fitted. */
export interface Prepared {
  /** Standardised values, NaN where missing; scratch memory of the caller of length `count` or more. */
  readonly values: Float64Array
  readonly count: number
  /** How many are measured. */
  readonly measured: number
  /** Value = centre + scale · standardised value. Scale 0: all values are the same. */
  readonly centre: number
  readonly scale: number
  /** Seasons that are seen at least twice, shortest first. */
  readonly periods: readonly number[]
  readonly caveats: readonly Caveat[]
}

/** Below this many measured values a forecast is little more than their mean. */
const FEW = 8

/** Checks a series and standardises it into `scratch` (which must be as long); the refusal where there is something wrong with it. */
export function prepare(series: Series, scratch: Float64Array): Prepared | Unfit {
  const issues = seriesIssues(series)
  if (issues.length > 0) {
    const first = issues[0]
    const others = issues.length > 1 ? ` (and ${issues.length - 1} more)` : ''
    return { ...refuse('no-data', `${first.place}: ${first.message}${others}`), issues }
  }
  const { values } = series
  const count = values.length
  let measured = 0
  let low = Number.POSITIVE_INFINITY
  let high = Number.NEGATIVE_INFINITY
  let mean = 0
  for (let i = 0; i < count; i++) {
    const value = values[i]
    if (Number.isNaN(value)) continue
    measured++
    mean += (value - mean) / measured
    if (value < low) low = value
    if (value > high) high = value
  }
  const unit = Math.max(high - mean, mean - low)
  let square = 0
  for (let i = 0; i < count; i++) {
    const value = values[i]
    if (Number.isNaN(value)) continue
    const d = (value - mean) / unit
    square += d * d
  }
  // values that are all equal leave rounding dust, not a spread
  const flat = !(high - low > 4 * Number.EPSILON * Math.max(Math.abs(low), Math.abs(high)))
  const centre = flat ? low + (high - low) / 2 : mean
  const scale = flat ? 0 : unit * Math.sqrt(square / measured)
  for (let i = 0; i < count; i++) scratch[i] = flat ? values[i] - values[i] : (values[i] - centre) / scale

  const caveats: Caveat[] = []
  if (flat) caveats.push(caveat('constant', `every value is ${centre}: so is every forecast`, { numbers: { value: centre } }))
  if (measured < count)
    caveats.push(
      caveat('missing-values', `${count - measured} of ${count} values are missing`, {
        numbers: { missing: count - measured, values: count },
      }),
    )
  if (measured < FEW) caveats.push(caveat('few-values', `only ${measured} values are measured`, { numbers: { measured } }))
  const periods: number[] = []
  for (const period of [...series.periods].sort((a, b) => a - b)) {
    if (2 * period <= count && period <= measured) periods.push(period)
    else
      caveats.push(
        caveat(
          'season-unseen',
          `a season of ${period} steps is not seen twice in ${measured} measured of ${count} values and was left out`,
          {
            numbers: { period, values: count, measured },
          },
        ),
      )
  }
  return { values: scratch, count, measured, centre, scale, periods, caveats }
}

/** An array of at least so many numbers: the same one where it is long enough. */
export function atLeast(scratch: Float64Array, length: number): Float64Array {
  return scratch.length >= length ? scratch : new Float64Array(Math.max(length, 2 * scratch.length))
}
