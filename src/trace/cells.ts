import { IssueCollector, type IssueReport, shown } from '../model/index.js'
import { firstRecord } from './delimited.js'
import { identifier, literal, withDuck } from './duck.js'
import { RecordScanner } from './records.js'
import { openSource } from './source.js'
import { type Chunks, HEAD_BYTES, headTrouble, pump, reportShape, troubleReporter, withHead } from './text.js'

/** A table as it lies in its file: texts by column. For tables of measurements, which mean what their owner says and not a trace. */
export interface CellTable {
  readonly path: string
  readonly header: readonly string[]
  /** `columns[c][row]`, blanks around it taken off. */
  readonly columns: readonly (readonly string[])[]
  readonly rows: number
  /** Where a row is: `table.csv:17`, `table.parquet:row 3`. */
  place(row: number): string
  /** Rows that were dropped, what the file mixes. */
  readonly issues: IssueReport
}

export type CellReading = { readonly ok: true; readonly table: CellTable } | { readonly ok: false; readonly issues: IssueReport }

const CELLS_AT_MOST = 20_000_000
const DELIMITERS = [',', '\t', ';', '|']

/** Reads a CSV, TSV or Parquet table, gzipped or not, whatever its columns are. A row with another number of cells than the header is dropped, with an issue at its line. */
export async function readCells(path: string): Promise<CellReading> {
  const issues = new IssueCollector()
  const failed = (): CellReading => ({ ok: false, issues: issues.report() })
  const wrong = (code: string, place: string, message: string, value?: string): CellReading => {
    issues.add({ code, severity: 'error', place, message, ...(value === undefined ? {} : { value: shown(value) }) })
    return failed()
  }
  const source = await openSource(path)
  if ('code' in source) {
    issues.add(source)
    return failed()
  }
  if (source.kind === 'parquet') return readParquetCells(path, issues)
  const { trouble, ...chunks } = await withHead(source.chunks(), HEAD_BYTES)
  const content: Chunks = { source, ...chunks }
  const strange = trouble && content.head.length === 0 ? undefined : headTrouble(content.head, path)
  if (strange) issues.add(strange)
  if (strange || content.head.length === 0) {
    if (trouble) issues.add({ code: trouble.code, severity: 'error', place: `${path}:1`, message: trouble.message })
    await content.rest.return(undefined)
    return failed()
  }
  const plain = { quotes: true }
  const found = DELIMITERS.map((delimiter) => ({ delimiter, record: firstRecord(content.head, plain, delimiter) }))
    .filter(({ record }) => record !== undefined)
    .sort((a, b) => b.record!.fields.length - a.record!.fields.length)[0]
  if (!found?.record) {
    await content.rest.return(undefined)
    return wrong('no-header', `${path}:1`, 'there is no header line: every line is blank or a comment')
  }
  const header = found.record.fields
  const repeated = header.find((name, i) => header.indexOf(name) !== i)
  const named = header.every((name) => name !== '')
  if (!named || repeated !== undefined) {
    await content.rest.return(undefined)
    return repeated !== undefined && named
      ? wrong('duplicate-column', `${path}:${found.record.line}`, 'two columns have this name', repeated)
      : wrong('no-name', `${path}:${found.record.line}`, 'a column has no name', header.join(','))
  }
  const place = (line: number): string => `${path}:${line}`
  const columns: string[][] = header.map(() => [])
  const lines: number[] = []
  let headerSeen = false
  let tooMany = false
  const scanner = new RecordScanner({
    delimiter: found.delimiter,
    comment: '#',
    quotes: true,
    onTrouble: troubleReporter(issues, place, () => undefined),
    onRecord(record) {
      if (!headerSeen) {
        headerSeen = true
        return
      }
      if (record.count === 1 && record.raw().trim() === '') {
        record.blankLines++
        return
      }
      if (record.count !== header.length) {
        const message = `${record.count} columns where the header has ${header.length}; the row is dropped`
        issues.add({
          code: 'column-count',
          severity: 'warning',
          place: place(record.line),
          message,
          value: shown(record.raw()),
        })
        return
      }
      if (lines.length * header.length >= CELLS_AT_MOST) {
        tooMany = true
        return
      }
      lines.push(record.line)
      for (let c = 0; c < header.length; c++) columns[c]!.push(record.text(c).trim())
    },
  })
  await pump(content, scanner, issues, place, () => lines.length, {})
  reportShape(scanner, issues, place)
  if (tooMany) return wrong('too-large', path, `more than ${CELLS_AT_MOST} cells: give a sample of the rows`)
  const report = issues.report()
  if (report.counts.some(({ severity }) => severity === 'error')) return failed()
  return {
    ok: true,
    table: { path, header, columns, rows: lines.length, place: (row) => place(lines[row]!), issues: report },
  }
}

async function readParquetCells(path: string, issues: IssueCollector): Promise<CellReading> {
  try {
    return await withDuck(async (connection): Promise<CellReading> => {
      const described = await connection.runAndReadAll(`DESCRIBE SELECT * FROM read_parquet(${literal(path)})`)
      const header = described.getRows().map((row) => String(row[0]))
      const counted = await connection.runAndReadAll(`SELECT count(*) FROM read_parquet(${literal(path)})`)
      const rows = Number(counted.getRows()[0]![0])
      if (rows * header.length > CELLS_AT_MOST) {
        issues.add({ code: 'too-large', severity: 'error', place: path, message: `more than ${CELLS_AT_MOST} cells` })
        return { ok: false, issues: issues.report() }
      }
      const wanted = header.map((name) => `CAST(${identifier(name)} AS VARCHAR)`).join(', ')
      const read = await connection.runAndReadAll(`SELECT ${wanted} FROM read_parquet(${literal(path)})`)
      const columns = read.getColumns().map((column) => column.map((cell) => (cell === null ? '' : String(cell).trim())))
      const place = (row: number): string => `${path}:row ${row + 1}`
      return { ok: true, table: { path, header, columns, rows, place, issues: issues.report() } }
    })
  } catch (error) {
    if (!(error instanceof Error) || !/^(Invalid|IO|Serialization|TProtocol|Conversion|Not implemented)/.test(error.message))
      throw error
    const message = `this Parquet file cannot be read: ${shown(error.message.split('\n')[0]!)}`
    issues.add({ code: 'corrupt-parquet', severity: 'error', place: path, message })
    return { ok: false, issues: issues.report() }
  }
}
