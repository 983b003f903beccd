import { type Issue, IssueCollector, shown } from '../model/index.js'
import { canonical, canonicalFor, formatOf } from './csv.js'
import { firstRecord, readDelimited } from './delimited.js'
import { FORMATS, nearestFormats, recogniseTable, TABLE_FORMATS } from './formats.js'
import { isTimeZone } from './instant.js'
import { type LocatedMapping, readMapping } from './mapping.js'
import { readParquet } from './parquet.js'
import type { ReadOptions, TraceReading } from './result.js'
import { notText, openSource, SourceTrouble } from './source.js'
import { nearest } from './spelling.js'
import { looksLikeSwf, readSwf } from './swf.js'
import { lackingColumns, type TableFormat } from './table.js'
import type { Chunks } from './text.js'

/**
 * Reads a trace: recognises the format from the content, gunzips where needed, and returns columns with everything that was wrong with the
 * file beside them.
 *
 * Rows that cannot be used are dropped, values that cannot be are left out, each with an issue at `file:line`; input that cannot be read at all
 * gives `ok: false` with every issue; input that can be read but holds no usable row, a `no-data` refusal. Nothing is thrown but faults.
 *
 * @example
 * const reading = await readTrace('jobs.csv.gz')
 * if (reading.ok) console.log(reading.trace.jobs.count)
 */
export async function readTrace(path: string, options: ReadOptions = {}): Promise<TraceReading> {
  const issues = new IssueCollector(options.keepIssues ?? 20)
  const failed = (): TraceReading => ({ ok: false, issues: issues.report() })
  const add = (code: string, place: string, message: string, value?: string): void =>
    issues.add(
      value === undefined
        ? { code, severity: 'error', place, message }
        : { code, severity: 'error', place, message, value: shown(value) },
    )

  const wanted = options.format
  if (wanted !== undefined && !FORMATS.some(({ name }) => name === wanted)) {
    const near = nearest(
      wanted,
      FORMATS.map(({ name }) => name),
    )
    const hint = near === undefined ? '' : `, is it ${near}?`
    add('unknown-format', '--format', `no such format${hint} Known: ${FORMATS.map(({ name }) => name).join(', ')}`, wanted)
  }
  if (options.timeZone !== undefined && !isTimeZone(options.timeZone)) {
    add('unknown-time-zone', '--time-zone', 'no such time zone; give an IANA name such as Europe/Berlin', options.timeZone)
  }
  let mapping: LocatedMapping | undefined
  if (options.mapping !== undefined) {
    const read = await readMapping(options.mapping)
    if ('issues' in read) for (const issue of read.issues) issues.add(issue)
    else mapping = read
  }
  const source = await openSource(path)
  if ('code' in source) issues.add(source satisfies Issue)
  if ('code' in source || issues.report().counts.length > 0) return failed()

  if (source.kind === 'parquet') return readParquet(path, source.size, mapping, issues, options)
  if (wanted === 'parquet') {
    add('not-parquet', path, 'this is no Parquet file')
    return failed()
  }

  const { trouble, ...chunks } = await withHead(source.chunks(), 1 << 18)
  if (trouble && chunks.head.length === 0) {
    add(trouble.code, `${path}:1`, trouble.message)
    return failed()
  }
  const content: Chunks = { source, ...chunks }
  const head = chunks.head
  const strange = head.length === 0 ? 'the file holds nothing' : notText(head.subarray(0, 8192))
  if (strange !== undefined) {
    add(
      head.length === 0 ? 'empty-file' : 'not-text',
      `${path}:1`,
      strange,
      head
        .subarray(0, 60)
        .toString('latin1')
        .replace(/[^\x20-\x7e]/g, '.'),
    )
    return failed()
  }
  if (head.length >= 1 << 18 && !/[\r\n]/.test(head.toString('latin1'))) {
    add(
      'line-too-long',
      `${path}:1`,
      'the first line is longer than 256 KiB: this is no table of rows',
      head.toString('utf8', 0, 200),
    )
    return failed()
  }

  if (wanted === 'swf' || (wanted === undefined && mapping === undefined && looksLikeSwf(head.toString('latin1', 0, 1 << 16)))) {
    return readSwf(path, source.size, content, issues, options)
  }
  const table = mapping ? chooseMapped(path, head, mapping, issues) : chooseTable(path, head, wanted, issues)
  if (!table) {
    if (trouble) add(trouble.code, path, trouble.message)
    return failed()
  }
  const zone = options.timeZone ?? table.format.timeZone ?? 'UTC'
  return readDelimited(path, source.size, content, table.format, table.header, table.delimiter, zone, issues, options)
}

interface ChosenTable {
  readonly format: TableFormat
  readonly header: readonly string[]
  readonly delimiter: string
}

const DELIMITERS = [',', '\t', ';', '|']
const DELIMITER_NAMES: Readonly<Record<string, string>> = { ',': 'commas', '\t': 'tabs', ';': 'semicolons', '|': 'bars' }

/** The table format that the header fits, or the one that was asked for; adds every issue when there is none. */
function chooseTable(path: string, head: Buffer, wanted: string | undefined, issues: IssueCollector): ChosenTable | undefined {
  const plain = { quotes: true }
  const asked = TABLE_FORMATS.find((format) => format.name === wanted)
  const candidates = asked ? [asked] : TABLE_FORMATS
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
    for (const column of lackingColumns(candidates[0]!, widest.fields)) {
      const near = nearest(column, widest.fields)
      const message = `${asked.name} needs a column ${column}${near === undefined ? '' : `; is it ${near}?`}`
      issues.add({ code: 'missing-column', severity: 'error', place, message, value })
    }
  } else issues.add({ code: 'unknown-format', severity: 'error', place, message: nearestFormats(widest.fields), value })
  return undefined
}

/** The table that a mapping describes, when the header has all its columns; adds an issue at the mapping’s line for each that it lacks. */
function chooseMapped(path: string, head: Buffer, located: LocatedMapping, issues: IssueCollector): ChosenTable | undefined {
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

/** The first submit cell that is not empty, within the head of the file. */
function sampleOf(head: Buffer, format: TableFormat, delimiter: string, header: readonly string[]): string | undefined {
  const submit = header.indexOf(format.numbers.find(({ field }) => field === 'submit')!.column)
  const text = head.toString('utf8')
  const lines = text.split(/\r\n|\n|\r/).slice(1, 50)
  for (const line of lines) {
    const cell = firstRecord(Buffer.from(line), format, delimiter)?.fields[submit]
    if (cell !== undefined && cell !== '' && cell !== header[submit]) return cell
  }
  return undefined
}

/** Reads until at least `length` bytes or the end are there. Content that breaks off before gives its trouble here and again from `rest`. */
async function withHead(
  chunks: AsyncGenerator<Buffer>,
  length: number,
): Promise<{ head: Buffer; rest: AsyncGenerator<Buffer>; trouble: SourceTrouble | undefined }> {
  const parts: Buffer[] = []
  let size = 0
  let trouble: SourceTrouble | undefined
  try {
    while (size < length) {
      const next = await chunks.next()
      if (next.done) break
      parts.push(next.value)
      size += next.value.length
    }
  } catch (error) {
    if (!(error instanceof SourceTrouble)) throw error
    trouble = error
  }
  const head = parts.length === 1 ? parts[0]! : Buffer.concat(parts)
  return { head, rest: trouble ? failing(trouble) : chunks, trouble }
}

async function* failing(trouble: SourceTrouble): AsyncGenerator<Buffer> {
  yield* []
  throw trouble
}
