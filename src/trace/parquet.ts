import type { DuckDBConnection } from '@duckdb/node-api'
import { type IssueCollector, shown } from '../model/index.js'
import { assemble } from './assemble.js'
import { JobsBuilder } from './builder.js'
import { canonical, canonicalFor, formatOf } from './csv.js'
import { formatFacts } from './delimited.js'
import { identifier, literal, withDuck } from './duck.js'
import { nearestFormats, recogniseTable, TABLE_FORMATS } from './formats.js'
import { InstantReader } from './instant.js'
import type { LocatedMapping } from './mapping.js'
import type { ReadOptions, TraceReading } from './result.js'
import { nearest } from './spelling.js'
import { readStored } from './store.js'
import { lackingColumns, type NumberBinding, RowReader, type TableFormat } from './table.js'

/**
 * Reads a Parquet file: halftone’s own, which comes back as it was written, or a table whose columns fit a known format or a mapping.
 *
 * Numbers come through DuckDB as vectors of doubles, times as text so that zones are read as in every other format; there are no lines, so the
 * place of an issue is `file.parquet:row N`, from 1.
 */
export async function readParquet(
  path: string,
  bytes: number,
  mapping: LocatedMapping | undefined,
  issues: IssueCollector,
  options: ReadOptions,
): Promise<TraceReading> {
  const failed = (): TraceReading => ({ ok: false, issues: issues.report() })
  try {
    return await withDuck(async (connection) => {
      const stored =
        mapping === undefined && options.format === undefined ? await readStored(connection, path, issues) : undefined
      if (stored !== undefined) return stored === 'bad' ? failed() : { ok: true as const, trace: stored }
      const types = await columnTypes(connection, path)
      const format = choose(path, types, mapping, issues, options)
      return format ? await readRows(connection, path, bytes, types, format, issues, options) : failed()
    })
  } catch (error) {
    // DuckDB says what is wrong with the file in its error’s first line.
    if (!(error instanceof Error) || !/^(Invalid|IO|Serialization|TProtocol|Conversion|Not implemented)/.test(error.message))
      throw error
    issues.add({
      code: 'corrupt-parquet',
      severity: 'error',
      place: path,
      message: `this Parquet file cannot be read: ${shown(error.message.split('\n')[0]!)}`,
    })
    return failed()
  }
}

async function columnTypes(connection: DuckDBConnection, path: string): Promise<Map<string, string>> {
  const described = await connection.runAndReadAll(`DESCRIBE SELECT * FROM read_parquet(${literal(path)})`)
  return new Map(described.getRows().map((row) => [String(row[0]), String(row[1])]))
}

function choose(
  path: string,
  types: Map<string, string>,
  located: LocatedMapping | undefined,
  issues: IssueCollector,
  options: ReadOptions,
): TableFormat | undefined {
  const header = [...types.keys()]
  if (located) {
    let lacking = 0
    for (const [field, given] of Object.entries(located.mapping.columns)) {
      if (given === undefined) continue
      const column = typeof given === 'string' ? given : given.column
      if (types.has(column)) continue
      lacking++
      const near = nearest(column, header)
      const message = `${path} has no such column; ${near === undefined ? `it has ${shown(header.join(', '))}` : `is it ${near}?`}`
      issues.add({
        code: 'unknown-column',
        severity: 'error',
        place: located.place(['columns', field]),
        message,
        value: shown(column),
      })
    }
    if (lacking > 0) return undefined
    const submit = located.mapping.columns.submit!
    const type = types.get(typeof submit === 'string' ? submit : submit.column)!
    return formatOf(located.mapping, /^(TIMESTAMP|DATE)/.test(type) ? '1970-01-01' : undefined)
  }
  const asked = TABLE_FORMATS.find((format) => format.name === options.format)
  if (asked) {
    for (const column of lackingColumns(asked, header)) {
      const message = `${asked.name} needs a column ${column}`
      issues.add({ code: 'missing-column', severity: 'error', place: path, message, value: shown(header.join(',')) })
    }
    return lackingColumns(asked, header).length === 0 ? asked : undefined
  }
  const known = recogniseTable(header)
  const found = known === canonical && /^(TIMESTAMP|DATE)/.test(types.get('submit')!) ? canonicalFor('1970-01-01') : known
  if (!found) {
    issues.add({
      code: 'unknown-format',
      severity: 'error',
      place: path,
      message: nearestFormats(header),
      value: shown(header.join(',')),
    })
  }
  return found
}

const NUMERIC = /^(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT|UTINYINT|USMALLINT|UINTEGER|UBIGINT|UHUGEINT|FLOAT|DOUBLE|DECIMAL)/

async function readRows(
  connection: DuckDBConnection,
  path: string,
  bytes: number,
  types: Map<string, string>,
  format: TableFormat,
  issues: IssueCollector,
  options: ReadOptions,
): Promise<TraceReading> {
  const header = [...types.keys()]
  const place = (row: number) => `${path}:row ${row}`
  const fields = RowReader.fieldsOf(format, header)
  const builder = new JobsBuilder({
    issues,
    place,
    numberFields: fields.numbers,
    labelFields: fields.labels,
    outcomes: fields.outcomes,
    columnOf: (field) => format.numbers.find((source) => source.field === field)?.column,
    relative: format.clock === 'relative',
    uniqueIds: format.uniqueIds,
  })
  const timeZone = options.timeZone ?? format.timeZone ?? 'UTC'
  const instants = new InstantReader(timeZone)
  const hooks = format.hooks?.(header) ?? {}
  const reader = new RowReader(format, header, builder, instants, issues, place)
  const cells = reader.cells()
  const isNumber = (cell: NumberBinding) => cell.kind === 'number' && NUMERIC.test(types.get(cell.name)!)
  const expressions = [
    ...cells.numbers.map((cell) => `CAST(${identifier(cell.name)} AS ${isNumber(cell) ? 'DOUBLE' : 'VARCHAR'})`),
    ...cells.labels.map((cell) => `CAST(${identifier(cell.name)} AS VARCHAR)`),
    ...(cells.outcome ? [`CAST(${identifier(cells.outcome.name)} AS VARCHAR)`] : []),
  ]
  await connection.run("SET TimeZone = 'UTC'")
  const counted = await connection.runAndReadAll(`SELECT count(*) FROM read_parquet(${literal(path)})`)
  const total = Number(counted.getRows()[0]![0])
  const result = await connection.stream(`SELECT ${expressions.join(', ')} FROM read_parquet(${literal(path)})`)
  const numeric = cells.numbers.map(isNumber)
  let text = Buffer.allocUnsafe(1024)
  const encode = (value: string): number => {
    if (value.length * 3 > text.length) text = Buffer.allocUnsafe(value.length * 4)
    return text.write(value)
  }
  let rows = 0
  for (;;) {
    const chunk = await result.fetchChunk()
    if (!chunk || chunk.rowCount === 0) break
    const vectors = expressions.map((_, column) => chunk.getColumnVector(column))
    for (let i = 0; i < chunk.rowCount; i++) {
      rows++
      reader.begin()
      let column = 0
      for (const cell of cells.numbers) {
        const value = vectors[column]!.getItem(i)
        if (value !== null) {
          if (numeric[column]) reader.numberFromValue(cell, value as number, rows)
          else {
            const length = encode(value as string)
            reader.numberFromText(cell, text, 0, length, rows)
          }
        }
        column++
      }
      for (const cell of cells.labels) {
        const value = vectors[column++]!.getItem(i)
        if (value === null) continue
        const length = encode(value as string)
        reader.labelFromText(cell, text, 0, length, false)
      }
      const value = cells.outcome ? vectors[column]!.getItem(i) : null
      if (value !== null) {
        const length = encode(value as string)
        reader.outcomeFromText(text, 0, length, rows)
      }
      if (!reader.end(rows)) continue
      hooks.adjust?.(builder)
      builder.add(rows)
    }
    options.onProgress?.({ bytesRead: Math.round((bytes * rows) / Math.max(1, total)), bytesTotal: bytes, rows })
  }
  const overrides = hooks.finish?.(builder) ?? {}
  return assemble({
    path,
    bytes,
    rows,
    builder,
    issues,
    instants,
    timeZone,
    ...formatFacts(format, options),
    slotUnit: overrides.slotUnit ?? format.slotUnit,
    notes: hooks.notes?.(builder) ?? [],
    options,
  })
}
