import { type Issue, shown } from '../model/index.js'
import type { Table } from './table.js'

/** How the columns of a table become numbers that can be added up: a column of numbers stays as it is, a column of categories becomes one column of 0 and 1 a word. */
export interface Encoding {
  readonly names: readonly string[]
  /** The words of each column of categories. */
  readonly levels: readonly (readonly string[] | undefined)[]
  /** Where the columns that column `c` became begin. */
  readonly starts: readonly number[]
  /** Columns in all. */
  readonly width: number
}

/** Most numbers that an encoded table may hold (2 GiB): beyond it the columns of categories are too wide for the rows. */
const NUMBERS_AT_MOST = 2 ** 28

/** The encoding of a table's columns. */
export function encodingOf({ names, levels }: Pick<Table, 'names' | 'levels'>): Encoding {
  const starts: number[] = []
  let width = 0
  names.forEach((_, c) => {
    starts.push(width)
    width += levels?.[c]?.length ?? 1
  })
  return { names, levels: names.map((_, c) => levels?.[c]), starts, width }
}

/** The names of the columns after encoding: `load`, `user=ann`, `user=bob`. */
export function encodedNames({ names, levels }: Encoding): string[] {
  return names.flatMap((name, c) => levels[c]?.map((word) => `${name}=${word}`) ?? [name])
}

/** What of a table is too wide for a learner that takes at most `most` columns after encoding. */
export function widthIssues(table: Table, most: number): Issue[] {
  const { width } = encodingOf(table)
  const shownWidth = { value: shown(String(width)) }
  if (width > most)
    return [
      {
        code: 'too-wide',
        severity: 'error',
        place: 'features',
        message: `has ${width} columns with one for each category; at most ${most} can be learned from: group categories or use a forest`,
        ...shownWidth,
      },
    ]
  if (width * table.rows > NUMBERS_AT_MOST)
    return [
      {
        code: 'too-large',
        severity: 'error',
        place: 'features',
        message: `has ${table.rows} rows of ${width} columns with one for each category, more than memory should be asked for`,
        ...shownWidth,
      },
    ]
  return []
}

/**
 * For each column of categories, which word of the encoding each code of this table stands for (−1: a word it does not know), or undefined
 * where codes can be taken as they are.
 */
export function codesOf(encoding: Pick<Encoding, 'levels'>, table: Table): (Int32Array | undefined)[] {
  return encoding.levels.map((words, c) => {
    const said = table.levels?.[c]
    if (words === undefined || said === undefined || said === words) return undefined
    if (said.length <= words.length && said.every((word, k) => word === words[k])) return undefined
    const known = new Map(words.map((word, k) => [word, k]))
    return Int32Array.from(said, (word) => known.get(word) ?? -1)
  })
}

/** Row-major numbers, rows × width. A category the encoding has no word for is 0 in all of its columns. */
export function encode(encoding: Encoding, table: Table): Float64Array {
  const { width, starts, levels } = encoding
  const out = new Float64Array(table.rows * width)
  const codes = codesOf(encoding, table)
  table.columns.forEach((column, c) => {
    const start = starts[c]
    const words = levels[c]
    if (words === undefined) {
      for (let i = 0, p = start; i < table.rows; i++, p += width) out[p] = finite(column[i], encoding.names[c], i)
      return
    }
    const map = codes[c]
    for (let i = 0, p = start; i < table.rows; i++, p += width) {
      const code = map === undefined ? column[i] : map[column[i]]
      if (code >= 0 && code < words.length) out[p + code] = 1
    }
  })
  return out
}

/** The table with its categories coded as `levels` code them; a word that they lack gets a code beyond theirs. The same table where nothing differs. */
export function inWords(levels: Encoding['levels'], table: Table): Table {
  const codes = codesOf({ levels }, table)
  if (codes.every((map) => map === undefined)) return table
  const columns = table.columns.map((column, c) => {
    const map = codes[c]
    const unknown = levels[c]?.length ?? 0
    return map === undefined ? column : column.map((code) => (map[code] >= 0 ? map[code] : unknown))
  })
  return { ...table, columns, levels }
}

/** The value, or a fault: what is asked about was to be checked with `tableIssues` where it comes from outside. */
export function finite(value: number, name: string, row: number): number {
  if (Number.isFinite(value)) return value
  throw new Error(`${name}[${row}] is ${value}: only finite numbers can be asked about`)
}
