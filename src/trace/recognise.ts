import { type IssueCollector, shown } from '../model/index.js'
import { canonical, canonicalFor, formatOf } from './csv.js'
import { firstRecord, type SplitTable } from './delimited.js'
import { nearestFormats, recogniseTable, TABLE_FORMATS } from './formats.js'
import type { LocatedMapping } from './mapping.js'
import { nearest } from './spelling.js'
import { lackingColumns, type TableFormat } from './table.js'

const DELIMITERS = [',', '\t', ';', '|']
const DELIMITER_NAMES: Readonly<Record<string, string>> = { ',': 'commas', '\t': 'tabs', ';': 'semicolons', '|': 'bars' }

/** The table format that the header fits, or the one that was asked for; adds every issue when there is none. */
export function chooseTable(
  path: string,
  head: Buffer,
  wanted: string | undefined,
  issues: IssueCollector,
): SplitTable | undefined {
  const plain = { quotes: true }
  const asked = TABLE_FORMATS.find((format) => format.name === wanted)
  let elsewhere: { format: TableFormat; delimiter: string; line: number; text: string } | undefined
  for (const delimiter of DELIMITERS) {
    const record = firstRecord(head, plain, delimiter)
    if (!record) continue
    const format = asked ? (lackingColumns(asked, record.fields).length === 0 ? asked : undefined) : recogniseTable(record.fields)
    if (!format) continue
    if (format.delimiter === undefined || format.delimiter === delimiter) {
      const found = format === canonical ? canonicalFor(sampleOf(head, format, delimiter, record.fields)) : format
      return reportHeader(path, found, record, issues) ? { format: found, header: record.fields, delimiter } : undefined
    }
    elsewhere ??= { format, delimiter, line: record.line, text: record.fields.join(delimiter) }
  }
  if (elsewhere) {
    const { format, delimiter, line, text } = elsewhere
    const message = `the columns of ${format.name} are here but separated by ${DELIMITER_NAMES[delimiter]}, not ${DELIMITER_NAMES[format.delimiter!]}`
    issues.add({ code: 'wrong-delimiter', severity: 'error', place: `${path}:${line}`, message, value: shown(text) })
    return undefined
  }
  // Split as most columns come out, to say what is missing.
  const records = DELIMITERS.map((delimiter) => firstRecord(head, plain, asked?.delimiter ?? delimiter)).filter(
    (record) => record !== undefined,
  )
  const widest = records.sort((a, b) => b.fields.length - a.fields.length)[0]
  if (!widest) {
    issues.add({
      code: 'no-header',
      severity: 'error',
      place: `${path}:1`,
      message: 'there is no header line: every line is blank or a comment',
    })
    return undefined
  }
  const value = shown(widest.fields.join(','))
  const place = `${path}:${widest.line}`
  if (asked) {
    for (const column of lackingColumns(asked, widest.fields)) {
      const near = nearest(column, widest.fields)
      const message = `${asked.name} needs a column ${column}${near === undefined ? '' : `; is it ${near}?`}`
      issues.add({ code: 'missing-column', severity: 'error', place, message, value })
    }
  } else issues.add({ code: 'unknown-format', severity: 'error', place, message: nearestFormats(widest.fields), value })
  return undefined
}

/** The table that a mapping describes, when the header has all its columns; adds an issue at the mapping’s line for each that it lacks. */
export function chooseMapped(
  path: string,
  head: Buffer,
  located: LocatedMapping,
  issues: IssueCollector,
): SplitTable | undefined {
  const { mapping } = located
  const first = formatOf(mapping, undefined)
  const columns = [...first.numbers, ...first.labels].map(({ column }) => column)
  if (first.outcome) columns.push(first.outcome.column)
  const tried = (first.delimiter === undefined ? DELIMITERS : [first.delimiter])
    .map((delimiter) => ({ delimiter, record: firstRecord(head, first, delimiter) }))
    .filter((found) => found.record !== undefined)
    .map(({ delimiter, record }) => ({
      delimiter,
      record: record!,
      lacking: columns.filter((column) => !record!.fields.includes(column)).length,
    }))
    .sort((a, b) => a.lacking - b.lacking || b.record.fields.length - a.record.fields.length)
  const best = tried[0]
  if (!best) {
    issues.add({
      code: 'no-header',
      severity: 'error',
      place: `${path}:1`,
      message: 'there is no header line: every line is blank or a comment',
    })
    return undefined
  }
  const { record, delimiter } = best
  if (best.lacking > 0) {
    const other = DELIMITERS.filter((candidate) => candidate !== delimiter).find((candidate) => {
      const split = firstRecord(head, first, candidate)
      return (
        split !== undefined &&
        split.fields.length > record.fields.length &&
        columns.every((column) => split.fields.includes(column))
      )
    })
    if (other !== undefined) {
      const message = `the header has these columns when split at ${DELIMITER_NAMES[other]}, not at ${DELIMITER_NAMES[delimiter]}`
      issues.add({
        code: 'wrong-delimiter',
        severity: 'error',
        place: located.place(['delimiter']),
        message,
        value: shown(record.fields.join(delimiter)),
      })
      return undefined
    }
    for (const [field, given] of Object.entries(mapping.columns)) {
      if (given === undefined) continue
      const column = typeof given === 'string' ? given : given.column
      if (record.fields.includes(column)) continue
      const near = nearest(column, record.fields)
      const message = `${path}:${record.line} has no such column; ${near === undefined ? `it has ${shown(record.fields.join(', '))}` : `is it ${near}?`}`
      issues.add({
        code: 'unknown-column',
        severity: 'error',
        place: located.place(['columns', field]),
        message,
        value: shown(column),
      })
    }
    return undefined
  }
  const format = formatOf(mapping, sampleOf(head, first, delimiter, record.fields))
  return reportHeader(path, format, record, issues) ? { format, header: record.fields, delimiter } : undefined
}

/** False when a column that the format reads is there twice. */
function reportHeader(
  path: string,
  format: TableFormat,
  record: { fields: string[]; line: number },
  issues: IssueCollector,
): boolean {
  const used = new Set([...format.numbers, ...format.labels].map(({ column }) => column))
  if (format.outcome) used.add(format.outcome.column)
  const twice = [...used].filter((column) => record.fields.indexOf(column) !== record.fields.lastIndexOf(column))
  for (const column of twice) {
    const message = 'the header has this column twice: which one is meant?'
    issues.add({ code: 'duplicate-column', severity: 'error', place: `${path}:${record.line}`, message, value: shown(column) })
  }
  return twice.length === 0
}

/** The first submit cell that is a number or starts like a date, within the first lines: it tells the one clock from the other. */
function sampleOf(head: Buffer, format: TableFormat, delimiter: string, header: readonly string[]): string | undefined {
  const submit = header.indexOf(format.numbers.find(({ field }) => field === 'submit')!.column)
  const text = head.toString('utf8')
  const lines = text.split(/\r\n|\n|\r/).slice(1, 50)
  for (const line of lines) {
    const cell = firstRecord(Buffer.from(line), format, delimiter)?.fields[submit]
    if (cell !== undefined && /^\s*[+-]?\d/.test(cell)) return cell
  }
  return undefined
}
