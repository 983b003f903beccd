import { type IssueCollector, shown } from '../model/index.js'
import { assemble } from './assemble.js'
import { JobsBuilder } from './builder.js'
import { InstantReader } from './instant.js'
import { RecordScanner } from './records.js'
import type { ReadOptions, TraceReading } from './result.js'
import { RowReader, type TableFormat, type TableNote } from './table.js'
import { type Chunks, pump, reportShape, troubleReporter } from './text.js'

/** A table’s format, its header and the delimiter that splits it. */
export interface SplitTable {
  readonly format: TableFormat
  readonly header: readonly string[]
  readonly delimiter: string
}

/**
 * Reads a delimited table of a known format whose header was found to fit.
 *
 * The text is scanned here and not by DuckDB: DuckDB takes a truncated gzip for a whole one, gives no physical line for a value that is wrong
 * without being unreadable, and hands labels over as a string a row; measured on the same files, scanning bytes straight into typed arrays takes
 * less time than DuckDB’s own aggregate (`bench/walks/read`).
 */
export async function readDelimited(
  path: string,
  bytes: number,
  chunks: Chunks,
  { format, header, delimiter }: SplitTable,
  issues: IssueCollector,
  options: ReadOptions,
): Promise<TraceReading> {
  const place = (line: number) => `${path}:${line}`
  const timeZone = options.timeZone ?? format.timeZone ?? 'UTC'
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
  const instants = new InstantReader(timeZone)
  const hooks = format.hooks?.(header) ?? {}
  const reader = new RowReader(format, header, builder, instants, issues, place)
  const columns = header.length
  const mostColumns = columns + (format.extraColumns?.(header) ?? 0)
  const skipped = new Map<string, number>()
  let rows = 0
  let extra = 0
  let headerSeen = false
  const scanner = new RecordScanner(
    scanOptions(format, delimiter, {
      onTrouble: troubleReporter(issues, place, () => rows++),
      onRecord(record) {
        if (!headerSeen) {
          headerSeen = true
          return
        }
        if (record.count !== columns) {
          if (record.count === 1 && record.raw().trim() === '') {
            record.blankLines++
            return
          }
          if (record.count < columns || record.count > mostColumns) {
            rows++
            const message = `${record.count} columns where the header has ${columns}; the row is dropped`
            issues.add({
              code: 'column-count',
              severity: 'warning',
              place: place(record.line),
              message,
              value: shown(record.raw()),
            })
            return
          }
          extra++
        }
        rows++
        const reason = hooks.skip?.(record)
        if (reason !== undefined) {
          skipped.set(reason, (skipped.get(reason) ?? 0) + 1)
          return
        }
        if (!reader.read(record.bytes, record.starts, record.ends, record.line, record.escaped)) return
        hooks.adjust?.(builder)
        builder.add(record.line)
      },
    }),
  )
  await pump(chunks, scanner, issues, place, () => rows, options)
  const overrides = hooks.finish?.(builder) ?? {}
  const notes: TableNote[] = [
    ...(hooks.notes?.(builder) ?? []),
    ...reportShape(scanner, issues, place),
    ...[...skipped].map(([code, count]) => ({
      code,
      message: 'rows that are part of another row’s job, left out',
      numbers: { rows: count },
    })),
    {
      code: 'extra-column',
      message: 'rows with one column more than the header names; the last is passed over',
      numbers: { rows: extra },
    },
  ]
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
    notes,
    options,
  })
}

/** What a table’s format alone says about the trace in it. */
export function formatFacts(format: TableFormat, options: ReadOptions) {
  return {
    format: format.name,
    zoneFrom: zoneOrigin(format, options),
    clock: { kind: format.clock === 'relative' ? ('relative' as const) : ('unix' as const) },
    unit: format.unit,
    priorityOrder: format.priorityOrder,
    cpuUnit: format.cpuUnit,
    memoryUnit: format.memoryUnit,
  }
}

/** Why a table’s wall clock times are read in the zone they are. */
function zoneOrigin(format: TableFormat, options: ReadOptions): string {
  if (options.timeZone !== undefined) return 'as asked for'
  if (format.clock === 'unix') return 'none was given, UTC is taken'
  if (format.timeZone === undefined) return 'the file does not say, UTC is taken'
  return format.zoneReason ?? 'as the mapping says'
}

/** The first record of a text split at `delimiter`: its fields trimmed, and the line it is on; nothing when there is none whole. */
export function firstRecord(head: Buffer, format: Pick<TableFormat, 'quotes' | 'comment'>, delimiter: string) {
  let found: { fields: string[]; line: number } | undefined
  const scanner = new RecordScanner(
    scanOptions(format, delimiter, {
      onRecord(record) {
        found ??= { fields: Array.from({ length: record.count }, (_, field) => record.text(field).trim()), line: record.line }
      },
    }),
  )
  scanner.push(head)
  if (!found) scanner.finish()
  return found
}

function scanOptions(
  format: Pick<TableFormat, 'quotes' | 'comment'>,
  delimiter: string,
  handlers: Pick<ConstructorParameters<typeof RecordScanner>[0], 'onRecord' | 'onTrouble'>,
): ConstructorParameters<typeof RecordScanner>[0] {
  const comment = format.comment ?? '#'
  return { delimiter, quotes: format.quotes, ...(comment === false ? {} : { comment }), ...handlers }
}
