/** What a station needs to know of a service time, whatever made it. Times in seconds; moments are raw; transforms are E e^{−sX}. */
import type { Caveat } from '../model/index.js'
import type { Transform } from '../num/index.js'
import type { PhaseChain, PhaseTypeMatrices } from './phase-chain.js'

/** With `probability`: a constant plus, where there is one, the time through an acyclic phase chain. */
export interface PhasePart {
  readonly probability: number
  readonly shift: number
  readonly chain?: PhaseChain
}

export interface ServiceLaw {
  /** The law in words. */
  readonly name: string
  readonly mean: number
  readonly secondMoment: number
  readonly thirdMoment: number
  readonly fourthMoment: number
  /** E e^{−sX}. */
  readonly lst: Transform
  /** A constant below every value; `rest` is the transform of X − shift. Stations take it out before they invert. */
  readonly shift: number
  readonly rest: Transform
  /** False where X − shift has atoms or jumps, so that inversion needs more terms. */
  readonly smooth: boolean
  /** Supremum of θ with E e^{θX} finite: Infinity for a bounded time, 0 for a heavy tail. */
  readonly decayRate: number
  /** Exact representation as a mixture of constants plus acyclic chains, where the law is one. */
  readonly parts?: readonly PhasePart[]
  /** Initial vector and sub-generator, where the law is phase-type. Made when asked for. */
  readonly phaseType?: () => PhaseTypeMatrices
  /** P(X > t). */
  readonly survival?: (t: number) => number
  readonly density?: (t: number) => number
  /** The quantile at p in (0, 1), where it follows from another law’s: quicker than looking for it in the tail. */
  readonly quantile?: (p: number) => number
  /** How the law differs from what was asked for: fitted, approximated. Empty where it is exact. */
  readonly caveats: readonly Caveat[]
}
