/**
 * MMAP[K]/PH[K]/1 with priorities: correlated arrivals of K classes, phase-type service, one server.
 *
 * Returns utilisation, and for each class the raw moments, distribution and percentiles of the response, the wait (non-preemptive) and the
 * number in the station. Rates per unit of time, times in that unit; class 1 (index 0) is the highest.
 *
 * Formula: response of class k = drain time of the work found under interruptions by classes < k,
 *   E e^{−sT_k} = (1/λ_k) ∫ W_k(dx) D_k e^{U_{<k}(s) x} 1 · φ_k(s)   (non-preemptive; inside the integral when preemptive-resume),
 * with U and W as in map-busy and map-workload. Everything is of the order N of the arrival chain; cost grows linearly with the phases of
 * acyclic service laws, with the square of others', and with the cube of N.
 *
 * Holds for an irreducible arrival chain, independent phase-type services without an atom at zero, ρ < 1, first come first served inside a
 * class; preempted work is resumed where it stopped. Refuses `unstable` (with ρ), `not-converged` (with the residual), `unsupported`.
 *
 * Sources: the problem and its fluid solution, G. Horváth, EJOR 246 (2015) 128–139; T. Takine, Queueing Systems 22 (1996) and 39 (2001) for
 * MAP/G/1 priority. The solution used here is derived in map-busy, map-workload and map-sweep. With Poisson arrivals it is Cobham's.
 */
import type { Refusal } from '../model/index.js'
import type { MarkedArrivals, PhaseType } from '../num/index.js'
import { type QueueFigures, type QueueQuestion, queueFigures } from './map-figures.js'

export interface MarkedPriorityQueue {
  /** D[k] marks arrivals of class k; index 0 is the highest priority. */
  readonly arrivals: MarkedArrivals
  readonly services: readonly PhaseType[]
  readonly discipline: 'non-preemptive' | 'preemptive-resume'
}

/**
 * Solves the station above.
 *
 * @example
 * mmapPh1Priority({ arrivals: poissonStreams([0.3, 0.5]), services: [fast, slow], discipline: 'non-preemptive' }, { percentiles: [0.95] })
 */
export function mmapPh1Priority(queue: MarkedPriorityQueue, question: QueueQuestion = {}): QueueFigures | Refusal {
  return queueFigures(queue.arrivals, queue.services, queue.discipline, question)
}
