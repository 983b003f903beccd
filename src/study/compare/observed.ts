/** A table of measurements as samples: what was observed, and what is known beforehand of each row. */
import { CATEGORIES_AT_MOST, type Samples, shuffled, takeSamples } from '../../learn/index.js'
import { type Caveat, caveat, type Issue, IssueCollector, type IssueReport, type Measurements, shown } from '../../model/index.js'
import { Rng } from '../../num/index.js'
import type { CellTable } from '../../trace/index.js'

/** Measurements ready to be learned from. */
export interface Observed {
  readonly path: string
  /** The observed column. */
  readonly name: string
  readonly samples: Samples
  /** Code of each row’s group, and the groups’ names; absent where there is no group column. */
  readonly groups?: { readonly column: string; readonly codes: Int32Array; readonly names: readonly string[] }
  /** Seconds, where the name of the observed column says so. */
  readonly unit?: 's'
  readonly caveats: readonly Caveat[]
  /** The rows are in the order of time. */
  readonly ordered?: boolean
  /** A column that is the answer as it was just before: the baseline of a series. */
  readonly before?: string
  /** A column that is a simulated answer: theory and grey may see it, learners that know no theory may not. */
  readonly simulated?: string
}

/** More rows than this are drawn from: a forest of them all would take minutes a draw and say nothing else. */
export const ROWS_AT_MOST = 20_000

/** At most so many rows, drawn at random with the same luck each time, with a caveat; the observed themselves where they are no more. */
export function drawnFrom(observed: Observed, most = ROWS_AT_MOST): Observed {
  const { samples, groups, caveats } = observed
  const rows = samples.target.length
  if (rows <= most) return observed
  const kept = shuffled(rows, new Rng(1, 'rows drawn')).slice(0, most).sort()
  return {
    ...observed,
    samples: takeSamples(samples, kept),
    ...(groups === undefined ? {} : { groups: { ...groups, codes: Int32Array.from(kept, (row) => groups.codes[row]!) } }),
    caveats: [
      ...caveats,
      caveat('rows-drawn', `${rows} rows are more than are compared on: ${most} of them were drawn at random`, {
        numbers: { rows },
      }),
    ],
  }
}

export type ObservedReading =
  | { readonly ok: true; readonly observed: Observed }
  | { readonly ok: false; readonly issues: IssueReport }

/** Which columns are what; the rest of `Measurements` does not matter here. */
export type Asked = Pick<Measurements, 'observed' | 'leave' | 'measured' | 'group'>

const MOSTLY = 0.8
/** A column whose words differ in so large a share of the rows, of this many or more, names rows and is no condition. */
const NAMES_ROWS = 0.9
const LEAST_NAMED = 20

/**
 * Texts become numbers, columns of words become categories. Issues, each at its file and line: no such column, a cell that is not a number in a column of
 * numbers, a cell that is empty, an observed value that is not above 0, an observed column that never varies, conditions that never vary, a single row. A column of words that names rows, or has
 * too many of them, is left out with a caveat.
 */
export function observedOf(cells: CellTable, asked: Asked): ObservedReading {
  const issues = new IssueCollector()
  const error = (code: string, place: string, message: string, value?: string): void =>
    issues.add({ code, severity: 'error', place, message, ...(value === undefined ? {} : { value: shown(value) }) })
  const needed: [string, string][] = [
    ['observed', asked.observed],
    ...(asked.leave ?? []).map((name): [string, string] => ['leave', name]),
    ...(asked.measured ?? []).map((name): [string, string] => ['measured', name]),
    ...(asked.group === undefined ? [] : [['group', asked.group] as [string, string]]),
  ]
  for (const [what, name] of needed)
    if (!cells.header.includes(name))
      error(
        'missing-column',
        cells.path,
        `${what} names a column that is not there; there are ${shown(cells.header.join(', '))}`,
        name,
      )
  if (cells.rows === 0) error('no-rows', cells.path, 'the table has a header and no row')
  if (issues.report().counts.length > 0) return { ok: false, issues: issues.report() }

  const caveats: Caveat[] = []
  const numbersOf = (name: string): Float64Array => {
    const texts = cells.columns[cells.header.indexOf(name)]!
    return Float64Array.from(texts, (text, row) => {
      const value = numberOf(text)
      if (Number.isNaN(value)) {
        const missing = text === ''
        error(
          missing ? 'missing-cell' : 'not-a-number',
          cells.place(row),
          missing ? `${name} is empty` : `${name} is not a finite number`,
          missing ? undefined : text,
        )
      }
      return value
    })
  }
  const observedCells = cells.columns[cells.header.indexOf(asked.observed)]!
  if (observedCells.every((text) => text !== '' && Number.isNaN(numberOf(text)))) {
    error(
      'not-a-number',
      cells.place(0),
      `${asked.observed} holds no number in any row: what was observed must be one`,
      observedCells[0],
    )
    return { ok: false, issues: issues.report() }
  }
  const target = numbersOf(asked.observed)
  target.forEach((value, row) => {
    if (value <= 0)
      error('not-positive', cells.place(row), `${asked.observed} must be above 0: errors are shares of it`, String(value))
  })
  const left = new Set([asked.observed, ...(asked.leave ?? []), ...(asked.measured ?? [])])
  const names: string[] = []
  const columns: Float64Array[] = []
  const levels: (readonly string[] | undefined)[] = []
  cells.header.forEach((name, c) => {
    if (left.has(name)) return
    const texts = cells.columns[c]!
    const full = texts.filter((text) => text !== '')
    const numeric = full.filter((text) => !Number.isNaN(numberOf(text))).length
    if (full.length === 0) {
      caveats.push(caveat('empty-column', `${name} is empty in every row and is left out`))
      return
    }
    if (name !== asked.group && numeric >= MOSTLY * full.length) {
      names.push(name)
      columns.push(numbersOf(name))
      levels.push(undefined)
      return
    }
    const words = new Map<string, number>()
    const codes = Float64Array.from(texts, (text) => {
      const code = words.get(text) ?? words.size
      words.set(text, code)
      return code
    })
    const own = cells.rows >= LEAST_NAMED && words.size >= NAMES_ROWS * cells.rows
    if (name === asked.group && words.size > CATEGORIES_AT_MOST) {
      error(
        'too-many-categories',
        cells.path,
        `${name} has ${words.size} values; a group column may have at most ${CATEGORIES_AT_MOST}`,
      )
      return
    }
    if (name !== asked.group && (own || words.size > CATEGORIES_AT_MOST)) {
      const why = own
        ? 'has another word in nearly every row: it names rows and is left out'
        : `has ${words.size} different words, more than can be learned from (${CATEGORIES_AT_MOST}): it is left out`
      caveats.push(caveat('names-rows', `${name} ${why}`, { numbers: { words: words.size } }))
      return
    }
    names.push(name)
    columns.push(codes)
    levels.push([...words.keys()])
  })
  const measured = (asked.measured ?? []).map(numbersOf)
  if (names.length === 0) error('no-features', cells.path, 'no column is left to learn from')
  const report = issues.report()
  if (report.counts.some(({ severity }) => severity === 'error')) return { ok: false, issues: report }
  if (cells.rows === 1) {
    error('too-few-rows', cells.place(0), 'is the only row: there is nothing to compare on')
    return { ok: false, issues: issues.report() }
  }
  if (target.every((value) => value === target[0])) {
    error(
      'constant-observed',
      cells.path,
      `${asked.observed} is the same in every row: there is nothing to foresee`,
      String(target[0]),
    )
    return { ok: false, issues: issues.report() }
  }
  if (columns.every((column) => column.every((value) => value === column[0]))) {
    error('no-features', cells.path, `${names.join(', ')}: the same in every row, so there is nothing to learn from`)
    return { ok: false, issues: issues.report() }
  }
  for (const [c, column] of columns.entries())
    if (column.every((value) => value === column[0]))
      caveats.push(caveat('constant-feature', `${names[c]} is the same in every row and tells nothing`))
  const dropped = cells.issues.counts.filter(({ severity }) => severity === 'warning').reduce((sum, { count }) => sum + count, 0)
  if (dropped > 0)
    caveats.push(caveat('rows-dropped', `${dropped} rows of the file were dropped or mended`, { numbers: { rows: dropped } }))
  const repeated = repeats(columns, target)
  if (repeated > 0)
    caveats.push(
      caveat(
        'duplicate-rows',
        `${repeated} rows repeat another in every column: a random split may show a row that it was taught`,
        {
          numbers: { rows: repeated },
        },
      ),
    )
  const group = asked.group
  const at = group === undefined ? -1 : names.indexOf(group)
  const some = levels.some((words) => words !== undefined)
  return {
    ok: true,
    observed: {
      path: cells.path,
      name: asked.observed,
      samples: {
        features: { rows: cells.rows, names, columns, ...(some ? { levels } : {}) },
        target,
        ...(measured.length > 0 ? { measured: { rows: cells.rows, names: asked.measured!, columns: measured } } : {}),
      },
      ...(at < 0 ? {} : { groups: { column: group!, codes: Int32Array.from(columns[at]!), names: levels[at]! } }),
      ...(/seconds$|_s$|_time$|\(s\)$/i.test(asked.observed) ? { unit: 's' as const } : {}),
      caveats,
    },
  }
}

const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/

function numberOf(text: string): number {
  if (!DECIMAL.test(text)) return Number.NaN
  const value = Number(text)
  return Number.isFinite(value) ? value : Number.NaN
}

/** How many rows are the same as an earlier one. */
function repeats(columns: readonly Float64Array[], target: Float64Array): number {
  const seen = new Set<string>()
  let repeated = 0
  for (let row = 0; row < target.length; row++) {
    const key = `${columns.map((column) => column[row]).join('|')}|${target[row]}`
    if (seen.has(key)) repeated++
    seen.add(key)
  }
  return repeated
}

/** The issue of a column that is named and is not among the features. */
export function featureIssue(observed: Observed, what: string, name: string): Issue | undefined {
  const { names, levels } = observed.samples.features
  const at = names.indexOf(name)
  if (at >= 0 && levels?.[at] === undefined) return undefined
  return {
    code: at < 0 ? 'missing-column' : 'not-a-number',
    severity: 'error',
    place: observed.path,
    message:
      at < 0
        ? `${what} names a column that is not among those to learn from: ${shown(names.join(', '))}`
        : `${what} names a column of words: the largest of them cannot be held out`,
    value: shown(name),
  }
}
