import { type Issue, shown } from '../model/index.js'

/** Rows of numbers by column: what learners read. Column `c` is named `names[c]` and holds `rows` finite numbers. */
export interface Table {
  readonly rows: number
  readonly names: readonly string[]
  readonly columns: readonly Float64Array[]
  /** For a column of categories: the words that its codes 0, 1, 2 … stand for; undefined for a column of numbers. */
  readonly levels?: readonly (readonly string[] | undefined)[]
}

/** A table with what is to be learned of each row. */
export interface Samples {
  readonly features: Table
  /** One number a row; for classification, codes of classes (any finite numbers). */
  readonly target: Float64Array
  /** One non-negative weight a row; absent: all 1. */
  readonly weights?: Float64Array
  /**
   * What else was measured together with the target (a part of a step's time, a utilisation): one row a row. A learner may learn from it, but nobody has it
   * when asking. Most learners ignore it.
   */
  readonly measured?: Table
}

/** Most categories a column may have: beyond it a code tells rows apart rather than describes them. */
export const CATEGORIES_AT_MOST = 10_000

/** A table from columns by name. Arrays are copied only where they are not Float64Array already. */
export function tableOf(
  columns: Readonly<Record<string, ArrayLike<number>>>,
  levels: Readonly<Record<string, readonly string[]>> = {},
): Table {
  const names = Object.keys(columns)
  const arrays = names.map((name) => {
    const column = columns[name]!
    return column instanceof Float64Array ? column : Float64Array.from(column)
  })
  const table = { rows: arrays[0]?.length ?? 0, names, columns: arrays }
  return Object.keys(levels).length === 0 ? table : { ...table, levels: names.map((name) => levels[name]) }
}

/** The rows `rows` of a table, in that order, copied. */
export function takeRows(table: Table, rows: ArrayLike<number>): Table {
  return { ...table, rows: rows.length, columns: table.columns.map((column) => taken(column, rows)) }
}

/** The rows `rows` of samples, in that order, copied. */
export function takeSamples({ features, target, weights, measured }: Samples, rows: ArrayLike<number>): Samples {
  return {
    features: takeRows(features, rows),
    target: taken(target, rows),
    ...(weights === undefined ? {} : { weights: taken(weights, rows) }),
    ...(measured === undefined ? {} : { measured: takeRows(measured, rows) }),
  }
}

function taken(column: Float64Array, rows: ArrayLike<number>): Float64Array {
  const out = new Float64Array(rows.length)
  for (let i = 0; i < rows.length; i++) out[i] = column[rows[i]!]!
  return out
}

/** What of a table cannot be learned from: shapes that differ, values that are not finite (each with its row, counted beyond the first), codes without a word. */
export function tableIssues(table: Table): Issue[] {
  const issues: Issue[] = []
  const error = (code: string, place: string, message: string, value?: unknown): void => {
    issues.push({ code, severity: 'error', place, message, ...(value === undefined ? {} : { value: shown(String(value)) }) })
  }
  if (table.names.length !== table.columns.length)
    error('shape', 'features', `${table.names.length} names for ${table.columns.length} columns`)
  const seen = new Set<string>()
  table.columns.forEach((column, c) => {
    const name = table.names[c] ?? `#${c}`
    if (seen.has(name)) error('duplicate-name', `features.${name}`, 'two columns have this name')
    seen.add(name)
    if (column.length !== table.rows) {
      error('shape', `features.${name}`, `has ${column.length} rows where the table has ${table.rows}`)
      return
    }
    const bad = notFinite(column)
    if (bad.count > 0)
      error(
        'not-finite',
        `features.${name}[${bad.first}]`,
        `${bad.count} of ${column.length} values are not finite`,
        column[bad.first],
      )
    const words = table.levels?.[c]
    if (words === undefined) return
    if (words.length > CATEGORIES_AT_MOST)
      error(
        'too-many-categories',
        `features.${name}`,
        `has ${words.length} categories; at most ${CATEGORIES_AT_MOST} can be learned from: leave the column out or group them`,
      )
    const wrong = column.findIndex(
      (code) => Number.isFinite(code) && !(Number.isInteger(code) && code >= 0 && code < words.length),
    )
    if (wrong >= 0) error('category', `features.${name}[${wrong}]`, `is no code of the ${words.length} categories`, column[wrong])
  })
  if (table.columns.length === 0) error('no-features', 'features', 'there is no column to learn from')
  return issues
}

/** What of samples cannot be learned from: the table's issues, and those of target and weights. */
export function samplesIssues({ features, target, weights, measured }: Samples): Issue[] {
  const issues = tableIssues(features)
  const error = (code: string, place: string, message: string, value?: unknown): void => {
    issues.push({ code, severity: 'error', place, message, ...(value === undefined ? {} : { value: shown(String(value)) }) })
  }
  if (features.rows === 0) error('no-rows', 'features', 'there is no row to learn from')
  if (target.length !== features.rows) error('shape', 'target', `has ${target.length} rows where the table has ${features.rows}`)
  const bad = notFinite(target)
  if (bad.count > 0)
    error('not-finite', `target[${bad.first}]`, `${bad.count} of ${target.length} values are not finite`, target[bad.first])
  if (measured !== undefined) {
    if (measured.rows !== features.rows)
      error('shape', 'measured', `has ${measured.rows} rows where the table has ${features.rows}`)
    for (const issue of tableIssues(measured)) issues.push({ ...issue, place: issue.place.replace(/^features/, 'measured') })
  }
  if (weights !== undefined) {
    if (weights.length !== features.rows)
      error('shape', 'weights', `has ${weights.length} rows where the table has ${features.rows}`)
    const wrong = weights.findIndex((weight) => !(weight >= 0 && Number.isFinite(weight)))
    if (wrong >= 0) error('weight', `weights[${wrong}]`, 'is not a finite number at or above 0', weights[wrong])
    else if (weights.length > 0 && !weights.some((weight) => weight > 0)) error('weight', 'weights', 'are all 0')
  }
  return issues
}

function notFinite(column: Float64Array): { first: number; count: number } {
  let first = -1
  let count = 0
  for (let i = 0; i < column.length; i++) {
    if (Number.isFinite(column[i]!)) continue
    if (first < 0) first = i
    count++
  }
  return { first, count }
}
