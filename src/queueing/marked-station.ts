/**
 * A station of one server whose classes come from one marked process: the MMAP[K]/PH[K]/1 of `queueFigures` in the words of a station.
 *
 * Exact for phase-type services of at most 100 phases; others are fitted, with a caveat. Holds for first come first served and for strict
 * priorities with one class each; refuses equal priorities beside others.
 */
import { type Refusal, refuse } from '../model/index.js'
import type { MarkedArrivals } from '../num/index.js'
import { type QueueFigures, queueFigures, type TimeFigures } from './map-figures.js'
import type { StationAnswer, StationClass, StationTime } from './priority.js'
import { phaseTypeOf } from './service-law.js'

/** Percentiles that are found with the moments; others are refused. */
const PERCENTILES = [0.5, 0.95, 0.99]
/** Cost is linear in the phases of acyclic laws. */
const PHASES_AT_MOST = 100

/** Solves the station: `process.D[i]` brings `classes[i]`. */
export function markedStation(
  process: MarkedArrivals,
  classes: readonly StationClass[],
  discipline: 'fcfs' | 'non-preemptive' | 'preemptive-resume',
): StationAnswer | Refusal {
  const ranks = classes.map(({ priority }, i) => priority ?? i + 1)
  const order = ranks.map((_, i) => i).sort((a, b) => ranks[a]! - ranks[b]! || a - b)
  const alike = discipline === 'fcfs' || new Set(ranks).size === 1
  if (!alike && new Set(ranks).size < ranks.length)
    return refuse('unsupported', 'no formula for marked arrivals in classes of equal priority beside others: simulate')
  const services = order.map((i) => phaseTypeOf(classes[i]!.service, PHASES_AT_MOST))
  const figures = queueFigures(
    { D0: process.D0, D: order.map((i) => process.D[i]!) },
    services.map(({ matrices }) => ({ alpha: matrices.initial, generator: matrices.generator })),
    alike ? 'first-come' : (discipline as 'non-preemptive' | 'preemptive-resume'),
    { percentiles: PERCENTILES, waitPercentiles: PERCENTILES },
  )
  if ('kind' in figures) return figures
  return {
    utilisation: figures.utilisation,
    classes: classes.map((_, i) => classOf(figures, order.indexOf(i))),
    residual: figures.residual,
    method: `MMAP/PH/1, ${alike ? 'first come first served' : discipline}: busy generator, Euler inversion`,
    caveats: [...figures.caveats, ...services.flatMap(({ caveats }) => caveats)],
  }
}

function classOf({ classes }: QueueFigures, k: number): StationAnswer['classes'][number] {
  const { utilisation, response, wait, number } = classes[k]!
  return {
    utilisation,
    wait: timeOf(wait),
    response: timeOf(response),
    meanNumber: number.moments[0]!,
    numberSecondMoment: number.moments[1]!,
  }
}

function timeOf({ moments, percentiles }: TimeFigures): StationTime {
  const unknown = (what: string): Refusal => refuse('unsupported', `${what} was not asked for`)
  return {
    mean: moments[0]!,
    secondMoment: moments[1] ?? 0,
    thirdMoment: moments[2] ?? 0,
    cdf: () => 0,
    quantile: (p) => percentiles?.[String(p)] ?? unknown(`the ${p} quantile`),
  }
}
