import { type LabelColumn, OUTCOMES, type Outcome, type Trace } from '../src/model/index.js'

/** One row of a hand-made trace; what is left out is missing. */
export interface Row {
  readonly submit?: number
  readonly start?: number
  readonly end?: number
  readonly run?: number
  readonly slots?: number
  readonly slotShare?: number
  readonly outcome?: Outcome
  readonly priority?: number
  readonly estimate?: number
  readonly attempts?: number
  readonly truncated?: boolean
  readonly id?: string
  readonly user?: string
  readonly queue?: string
  readonly name?: string
  readonly machine?: string
  readonly slotType?: string
}

/** A trace from rows, for tests: a column is there where any row has it; run times default to end − start. */
export function traceOf(rows: readonly Row[], more: Partial<Trace> = {}): Trace {
  const numbers = (field: keyof Row): Float64Array | undefined =>
    rows.some((row) => row[field] !== undefined)
      ? Float64Array.from(rows, (row) => (row[field] as number | undefined) ?? Number.NaN)
      : undefined
  const labels = (field: keyof Row): LabelColumn | undefined => {
    const all = [...new Set(rows.flatMap((row) => (row[field] === undefined ? [] : [String(row[field])])))]
    return all.length > 0 ? { codes: Int32Array.from(rows, (row) => all.indexOf(String(row[field]))), labels: all } : undefined
  }
  const columns = {
    startSeconds: numbers('start'),
    endSeconds: numbers('end'),
    slots: numbers('slots'),
    slotShare: numbers('slotShare'),
    priority: numbers('priority'),
    estimateSeconds: numbers('estimate'),
    attempts: numbers('attempts'),
    outcome: rows.some((row) => row.outcome)
      ? Uint8Array.from(rows, (row) => OUTCOMES.indexOf(row.outcome ?? 'unknown'))
      : undefined,
    leftTruncated: rows.some((row) => row.truncated) ? Uint8Array.from(rows, (row) => (row.truncated ? 1 : 0)) : undefined,
    id: labels('id'),
    user: labels('user'),
    queue: labels('queue'),
    name: labels('name'),
    machine: labels('machine'),
    slotType: labels('slotType'),
  }
  const jobs = {
    count: rows.length,
    submitSeconds: Float64Array.from(rows, (row) => row.submit ?? Number.NaN),
    runSeconds: Float64Array.from(rows, (row) => row.run ?? (row.end ?? Number.NaN) - (row.start ?? Number.NaN)),
    ...Object.fromEntries(Object.entries(columns).filter(([, column]) => column !== undefined)),
  }
  return {
    schema: 'halftone/trace/1',
    source: { path: 'hand-made', format: 'test', rows: rows.length, used: rows.length, bytes: 0 },
    unit: 'job',
    slotUnit: 'GPU',
    clock: { kind: 'relative' },
    jobs,
    issues: { counts: [], kept: [] },
    notes: [],
    ...more,
  }
}
