/**
 * MAP/PH/1: correlated arrivals of one class, phase-type service, one server, first come first served.
 *
 * Returns utilisation and the raw moments, distribution and percentiles of response, wait and number in the station. The one-class case of
 * mmapph1-fcfs: all matrices have the order of the arrival chain, so a MAP of order 4 with service of order 20 costs 4 × 4 solves, not 80 × 80.
 * Source: Lucantoni (1991) for the workload of MAP/G/1.
 */
import { type Caveat, isRefusal, type Refusal } from '../model/index.js'
import type { ArrivalProcess, PhaseType } from '../num/index.js'
import { type ClassFigures, type QueueQuestion, queueFigures } from './map-figures.js'

export interface MapPh1 {
  readonly arrivals: ArrivalProcess
  readonly service: PhaseType
}

/** The figures of the one class, with the station's residual and caveats. */
export interface MapPh1Figures extends ClassFigures {
  readonly residual: number
  readonly caveats: readonly Caveat[]
}

/** Solves the station above. Refuses `unstable` (with ρ), `not-converged` (with the residual), `unsupported`. */
export function mapPh1({ arrivals, service }: MapPh1, question: QueueQuestion = {}): MapPh1Figures | Refusal {
  const answer = queueFigures({ D0: arrivals.D0, D: [arrivals.D1] }, [service], 'first-come', question)
  return isRefusal(answer) ? answer : { ...answer.classes[0], residual: answer.residual, caveats: answer.caveats }
}
