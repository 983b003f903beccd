/** Numbers of a running program, by name, for whatever collects such. */
export interface Metric {
  /** `halftone_jobs_running`; with the unit at its end, and `_total` where it only grows. */
  readonly name: string
  readonly kind: 'gauge' | 'counter'
  readonly help: string
  readonly samples: readonly MetricSample[]
}

export interface MetricSample {
  readonly value: number
  readonly labels?: Readonly<Record<string, string>>
}
