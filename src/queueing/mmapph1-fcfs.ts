/**
 * MMAP[K]/PH[K]/1, first come first served: correlated arrivals of K classes with their own service laws in one queue.
 *
 * Returns utilisation, and for each class the raw moments, distribution and percentiles of response, wait and number. Formula:
 *   E e^{−sT_k} = (1/λ_k) W(s) D_k 1 φ_k(s),  W(s) = w [I − Σ_j D_j Φ_j(s)]⁻¹  (map-workload).
 * Holds for an irreducible arrival chain, independent phase-type services without an atom at zero, ρ < 1.
 * Sources: Takine, Hasegawa (1994); He (2001), both for the MMAP/G/1 workload.
 */
import type { Refusal } from '../model/index.js'
import type { MarkedArrivals, PhaseType } from '../num/index.js'
import { type QueueFigures, type QueueQuestion, queueFigures } from './map-figures.js'

export interface MarkedQueue {
  readonly arrivals: MarkedArrivals
  readonly services: readonly PhaseType[]
}

/** Solves the station above. Refuses `unstable` (with ρ), `not-converged` (with the residual), `unsupported`. */
export function mmapPh1FirstCome(queue: MarkedQueue, question: QueueQuestion = {}): QueueFigures | Refusal {
  return queueFigures(queue.arrivals, queue.services, 'first-come', question)
}
