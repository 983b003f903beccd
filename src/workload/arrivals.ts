import { type Arrival, type Caveat, caveat } from '../model/index.js'
import { autocorrelation, dispersion, dispersionOfCounts, fitArrivals, moments, rawMoment } from '../num/index.js'

/** A fitted arrival law with the error it makes. */
export interface ArrivalLawFit {
  readonly arrival: Arrival
  readonly caveats: readonly Caveat[]
}

const DAY = 86_400
const LAGS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000]
const WINDOWS: readonly (readonly [string, number])[] = [
  ['1 min', 60],
  ['10 min', 600],
  ['1 h', 3_600],
  ['6 h', 21_600],
]

/**
 * Fits arrivals to ascending submission times (seconds).
 *
 * `poisson`: the mean rate over the span. `time-of-day`: the mean rate of each of the 24 hours of a day that begins
 * at time 0 (an hour’s jobs over the time of the span that falls into it). `map`: a Markovian arrival process with the mean, SCV and autocorrelations
 * of the gaps (`num/fitArrivals`). What burstiness a law leaves out is measured by the
 * index of dispersion for counts (IDC) of the data against that of the law, in windows from a minute to six hours, and stays beside the law as a caveat.
 * Needs at least two distinct times; fewer give a Poisson law of one job over the span 1 s with the caveat `few-arrivals`.
 */
export function fitArrivalLaw(times: ArrayLike<number>, kind: 'poisson' | 'time-of-day' | 'map', path = ''): ArrivalLawFit {
  const n = times.length
  const span = n > 1 ? times[n - 1]! - times[0]! : 0
  if (!(span > 0)) {
    return {
      arrival: { kind: 'poisson', ratePerSecond: Math.max(n, 1) },
      caveats: [caveat('few-arrivals', `only ${n} arrivals at one instant: the rate is unknown`, { path })],
    }
  }
  const gaps = Float64Array.from({ length: n - 1 }, (_, i) => times[i + 1]! - times[i]!)
  const { mean: gap, variance } = moments(gaps)
  const scv = gap > 0 ? variance / gap ** 2 : 0
  if (kind === 'poisson') {
    const rate = (n - 1) / span
    return { arrival: { kind: 'poisson', ratePerSecond: rate }, caveats: burstiness(times, () => 1, scv, path) }
  }
  if (kind === 'map') {
    const fit = fitArrivals({
      moments: [rawMoment(gaps, 1), rawMoment(gaps, 2), rawMoment(gaps, 3)],
      lags: LAGS,
      autocorrelation: autocorrelation(gaps, LAGS),
      samples: gaps.length,
    })
    const { D0, D1 } = fit.process
    const said = fit.caveats.map(({ code, message, numbers }) =>
      caveat(code, message, { path, ...(numbers ? { numbers: { ...numbers } } : {}) }),
    )
    return {
      arrival: { kind: 'map', d0: D0.map((row) => [...row]), d1: D1.map((row) => [...row]) },
      caveats: [...said, ...burstiness(times, (window) => dispersionOfCounts(fit.process, window), scv, path)],
    }
  }
  const counts = new Float64Array(24)
  const exposure = new Float64Array(24)
  const hourOf = (time: number): number => ((Math.floor(time / 3_600) % 24) + 24) % 24
  for (let i = 0; i < n; i++) counts[hourOf(times[i]!)]!++
  for (let at = times[0]!; at < times[n - 1]!; ) {
    const next = Math.min(times[n - 1]!, (Math.floor(at / 3_600 + 1e-9) + 1) * 3_600)
    exposure[hourOf((at + next) / 2)]! += next - at
    at = next
  }
  const rates = Array.from(counts, (count, hour) => (exposure[hour]! > 0 ? count / exposure[hour]! : 0))
  const mean = rates.reduce((a, b) => a + b, 0) / 24
  const between = rates.reduce((a, b) => a + (b - mean) ** 2, 0) / 24
  // counts of an inhomogeneous Poisson process over random windows: IDC = 1 + Var(window mean) / mean; windows shorter than an hour see one rate
  const idcOfLaw = (window: number): number => 1 + (mean > 0 ? (between / mean) * window * smoothing(rates, window, between) : 0)
  return {
    arrival: { kind: 'time-of-day', ratePerSecond: rates, periodSeconds: DAY },
    caveats: burstiness(times, idcOfLaw, scv, path),
  }
}

/** Variance of the rate averaged over a window, against the variance of the hourly rates themselves. */
function smoothing(rates: readonly number[], window: number, between: number): number {
  const hours = Math.max(1, Math.round(window / 3_600))
  if (between === 0 || hours === 1) return 1
  const mean = rates.reduce((a, b) => a + b, 0) / rates.length
  const averaged = rates.map(
    (_, i) => Array.from({ length: hours }, (_, k) => rates[(i + k) % 24]!).reduce((a, b) => a + b, 0) / hours,
  )
  return averaged.reduce((a, b) => a + (b - mean) ** 2, 0) / rates.length / between
}

function burstiness(times: ArrayLike<number>, idcOfLaw: (window: number) => number, scv: number, path: string): Caveat[] {
  const numbers: Record<string, number> = { interarrivalScv: scv }
  const said: string[] = []
  for (const [name, window] of WINDOWS) {
    const seen = dispersion(times, window)
    if (!seen || seen.windows < 20) continue
    const law = idcOfLaw(window)
    numbers[`idcObserved${window}Seconds`] = seen.idc
    numbers[`idcOfLaw${window}Seconds`] = law
    if (seen.idc > 1.5 * law || law > 1.5 * seen.idc)
      said.push(`${figure(seen.idc)} against ${figure(law)} in windows of ${name}`)
  }
  if (said.length === 0) return []
  return [
    caveat(
      'arrivals-burstier',
      `arrivals are not what the law says (dispersion of counts ${said.join(', ')}): waits are off where it matters; replay keeps the real times`,
      { path, numbers },
    ),
  ]
}

function figure(value: number): string {
  return Number(value.toPrecision(3)).toString()
}
