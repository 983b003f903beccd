/** One figure of one class in the held-out part of a trace, beside what each method had said of it. Seconds. */
export interface HeldOutRow {
  readonly className: string
  readonly figure: 'mean response' | 'p95 response'
  readonly recorded: number
  readonly jobs: number
  /** By method, in the order of `HeldOut.methods`; absent where the method gave none. */
  readonly predicted: readonly (Foreseen | undefined)[]
}

/** A figure that was foreseen; with `low` and `high` where the method says what range such a stretch of time falls into, nine times of ten. */
export interface Foreseen {
  readonly value: number
  readonly low?: number
  readonly high?: number
}

/** How well the later part of a trace was foreseen from its earlier part. */
export interface HeldOut {
  /** Time since the trace began at which it was split; jobs submitted before it are known, jobs after it are foreseen. */
  readonly splitSeconds: number
  readonly methods: readonly {
    readonly name: string
    readonly what: string
    readonly wallSeconds: number
    readonly refusal?: string
  }[]
  readonly rows: readonly HeldOutRow[]
}
