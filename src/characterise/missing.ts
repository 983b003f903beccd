import { type Characterisation, LABEL_COLUMNS, type LabelColumn, NUMBER_COLUMNS } from '../model/index.js'
import type { Rows } from './rows.js'

/** What each column lacks. A column that the trace does not have at all lacks every row. */
export function missing(rows: Rows): Characterisation['missing'] {
  const { jobs, count } = rows
  const outcome = {
    column: 'outcome',
    present: jobs.outcome !== undefined,
    missing: jobs.outcome ? unknownOutcomes(jobs.outcome) : count,
    negative: null,
    zero: null,
  }
  return [
    ...NUMBER_COLUMNS.map((column) => numbers(column, jobs[column], count)),
    outcome,
    ...LABEL_COLUMNS.map((column) => labels(column, jobs[column], count)),
  ]
}

function unknownOutcomes(outcome: Uint8Array): number {
  let n = 0
  for (let i = 0; i < outcome.length; i++) if (outcome[i] === 0) n++
  return n
}

function numbers(column: string, values: Float64Array | undefined, count: number): Characterisation['missing'][number] {
  if (!values) return { column, present: false, missing: count, negative: null, zero: null }
  let absent = 0
  let negative = 0
  let zero = 0
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!
    if (!Number.isFinite(value)) absent++
    else if (value < 0) negative++
    else if (value === 0) zero++
  }
  return { column, present: true, missing: absent, negative, zero }
}

function labels(column: string, values: LabelColumn | undefined, count: number): Characterisation['missing'][number] {
  if (!values) return { column, present: false, missing: count, negative: null, zero: null }
  let absent = 0
  const { codes } = values
  for (let i = 0; i < codes.length; i++) if (codes[i]! < 0) absent++
  return { column, present: true, missing: absent, negative: null, zero: null }
}
