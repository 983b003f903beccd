/**
 * A refusal: there is no answer, or not from this model. A value, not an exception, with the numbers that explain it.
 *
 * `unstable` — work arrives faster than it can be served; `not-converged` — the method stopped short, the residual is given;
 * `unsupported` — outside what this model holds for; `no-data` — nothing usable to answer from; `infeasible` — no policy meets the goals.
 */
export interface Refusal {
  readonly kind: 'refusal'
  readonly code: 'unstable' | 'not-converged' | 'unsupported' | 'no-data' | 'infeasible'
  readonly message: string
  /** The numbers behind the refusal, units in the names: `{ utilisation: 1.04 }`, `{ residual: 1e-3 }`. Finite only. */
  readonly numbers?: Readonly<Record<string, number>>
}

/** A refusal value. `message` is one sentence that says what to change where that is known. */
export function refuse(code: Refusal['code'], message: string, numbers?: Record<string, number>): Refusal {
  return numbers === undefined ? { kind: 'refusal', code, message } : { kind: 'refusal', code, message, numbers }
}

/** True when the value is a refusal rather than an answer. */
export function isRefusal(value: unknown): value is Refusal {
  return typeof value === 'object' && value !== null && (value as { kind?: unknown }).kind === 'refusal'
}
