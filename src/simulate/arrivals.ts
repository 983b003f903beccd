/**
 * Arrival times of one class as blocks of ascending times. Each process draws from its own stream, so the times depend on the seed, the
 * replication and the class alone.
 */
import type { Arrival } from '../model/index.js'
import { fillExponential, type Rng, zigguratExponential } from '../num/index.js'
import { cumulative, fillerOf, lawMean, mapRate, pick, stationary } from './laws.js'

/** Fills `out[0 … n − 1]` with the next arrival times (s, ascending, continuing where the last call stopped). */
export type FillArrivals = (out: Float64Array) => void

type Drawn = Exclude<Arrival, { kind: 'replay' | 'marked' }>

/** The process as a function that goes on filling. */
export function arrivalsOf(arrival: Drawn, rng: Rng): FillArrivals {
  let now = 0
  switch (arrival.kind) {
    case 'poisson':
      return (out) => {
        fillExponential(rng, out, 0, out.length, 1 / arrival.ratePerSecond)
        now = accumulate(out, now)
      }
    case 'renewal': {
      const fill = fillerOf(arrival.interarrival)
      return (out) => {
        fill(rng, out, 0, out.length)
        now = accumulate(out, now)
      }
    }
    case 'map':
      return mapArrivals(arrival.d0, arrival.d1, rng)
    case 'time-of-day':
      return timeOfDayArrivals(arrival.ratePerSecond, arrival.periodSeconds, rng)
  }
}

/** Mean arrivals per second. */
export function arrivalRate(arrival: Drawn): number {
  switch (arrival.kind) {
    case 'poisson':
      return arrival.ratePerSecond
    case 'renewal':
      return 1 / lawMean(arrival.interarrival)
    case 'map':
      return mapRate(arrival.d0, arrival.d1)
    case 'time-of-day':
      return arrival.ratePerSecond.reduce((sum, rate) => sum + rate, 0) / arrival.ratePerSecond.length
  }
}

function accumulate(out: Float64Array, from: number): number {
  let now = from
  for (let i = 0; i < out.length; i++) out[i] = now += out[i]
  return now
}

/** Walks the phases of a MAP (D0 without, D1 with an arrival), started in its stationary phase. */
function mapArrivals(d0: readonly (readonly number[])[], d1: readonly (readonly number[])[], rng: Rng): FillArrivals {
  const n = d0.length
  const meanStay = Float64Array.from(d0, (row, i) => -1 / row[i])
  // One table a phase: the first n entries are jumps without, the last n with an arrival.
  const jumps = d0.map((row, i) =>
    cumulative([...row.map((rate, j) => (i === j ? 0 : rate * meanStay[i])), ...d1[i].map((rate) => rate * meanStay[i])]),
  )
  let phase = pick(cumulative(stationary(d0.map((row, i) => row.map((rate, j) => rate + d1[i][j])))), rng.uniform())
  let now = 0
  return (out) => {
    for (let i = 0; i < out.length; ) {
      now += zigguratExponential(rng) * meanStay[phase]
      const jump = pick(jumps[phase], rng.uniform())
      phase = jump < n ? jump : jump - n
      if (jump >= n) out[i++] = now
    }
  }
}

/** A Poisson process whose rate is constant in each window: unit exponentials spent against the integrated rate, exactly. */
function timeOfDayArrivals(rates: readonly number[], periodSeconds: number, rng: Rng): FillArrivals {
  const width = periodSeconds / rates.length
  let window = 0
  let inWindow = 0
  let periods = 0
  return (out) => {
    for (let i = 0; i < out.length; i++) {
      let owed = zigguratExponential(rng)
      for (;;) {
        const rate = rates[window]
        const left = (width - inWindow) * rate
        if (owed < left) {
          inWindow += owed / rate
          break
        }
        owed -= left
        inWindow = 0
        if (++window === rates.length) {
          window = 0
          periods++
        }
      }
      out[i] = periods * periodSeconds + window * width + inWindow
    }
  }
}
