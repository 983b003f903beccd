/** A caveat: the answer holds, but. A value beside the answer, with a code for programs and a sentence for people. */
export interface Caveat {
  readonly code: string
  readonly message: string
  /** What the caveat is about, when it is not the whole answer: `classes[0]`, `response.p95`. */
  readonly path?: string
  readonly numbers?: Readonly<Record<string, number>>
}

/** A caveat value. */
export function caveat(code: string, message: string, extra: { path?: string; numbers?: Record<string, number> } = {}): Caveat {
  return { code, message, ...extra }
}
