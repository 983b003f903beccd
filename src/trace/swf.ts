import { type IssueCollector, type Outcome, shown } from '../model/index.js'
import { assemble } from './assemble.js'
import { JobsBuilder, LABEL_FIELDS, NUMBER_FIELDS, outcomeCode } from './builder.js'
import { InstantReader, isTimeZone } from './instant.js'
import { parseNumber } from './number.js'
import { RecordScanner } from './records.js'
import type { ReadOptions, TraceReading } from './result.js'
import type { TableNote } from './table.js'
import { type Chunks, pump, reportShape, troubleReporter } from './text.js'

/** Field 11 of SWF. 2, 3, 4 are parts of a job that was checkpointed or swapped: to be continued, last part completed, last part failed. */
const STATUSES: Readonly<Record<number, Outcome>> = {
  0: 'fail',
  1: 'complete',
  2: 'evict',
  3: 'complete',
  4: 'fail',
  5: 'cancel',
}

const FIELDS = 18

/** Whether a file with these first lines is in Standard Workload Format: its first line that is no comment is 18 numbers. */
export function looksLikeSwf(head: string): boolean {
  const lines = head.split(/\r\n|\n|\r/).map((line) => line.trim())
  const first = lines.find((line) => line !== '' && !line.startsWith(';'))
  if (first === undefined) return lines.some((line) => line.startsWith(';'))
  const fields = first.split(/\s+/)
  const numbers = fields.filter((field) => /^-?[\d.]+$/.test(field)).length
  return fields.length === FIELDS ? numbers >= FIELDS - 3 : lines[0]!.startsWith(';') && numbers >= 5
}

/**
 * Standard Workload Format of the Parallel Workloads Archive: 18 numbers a line, −1 missing, header comments that start with `;`.
 *
 * Slots are the processors allocated, or those asked for where the log has none; the wait gives the start, the run time the end. The header’s
 * UnixStartTime is the origin of the clock and TimeZoneString its zone; without UnixStartTime the clock is relative.
 * Source: Chapin et al. (1999), and the archive’s definition version 2.2.
 */
export async function readSwf(
  path: string,
  bytes: number,
  chunks: Chunks,
  issues: IssueCollector,
  options: ReadOptions,
): Promise<TraceReading> {
  const place = (line: number) => `${path}:${line}`
  const header = new Map<string, string>()
  let zone = options.timeZone
  const builder = new JobsBuilder({
    issues,
    place,
    numberFields: ['submit', 'wait', 'run', 'slots', 'estimate', 'memory'],
    labelFields: ['id', 'user', 'group', 'name', 'queue', 'slotType'],
    outcomes: true,
    relative: true,
    uniqueIds: true,
  })
  const { numbers, codes, tables } = builder
  const values = new Float64Array(FIELDS)
  const counts = { rows: 0, requested: 0, partial: 0 }
  const scanner = new RecordScanner({
    delimiter: 'blanks',
    comment: ';',
    quotes: false,
    onComment(text) {
      const match = /^;\s*([A-Za-z]+)\s*:\s*(.*?)\s*$/.exec(text)
      if (match && !header.has(match[1]!)) header.set(match[1]!, match[2]!)
    },
    onTrouble: troubleReporter(issues, place, () => counts.rows++),
    onRecord(record) {
      counts.rows++
      const line = record.line
      if (record.count !== FIELDS) {
        const message = `${record.count} fields where SWF has ${FIELDS}; the row is dropped`
        issues.add({ code: 'column-count', severity: 'warning', place: place(line), message, value: shown(record.raw()) })
        return
      }
      for (let field = 0; field < FIELDS; field++) {
        const value = parseNumber(record.bytes, record.starts[field]!, record.ends[field]!)
        if (Number.isNaN(value)) badNumber(issues, place(line), field, record.text(field))
        values[field] = value === -1 ? Number.NaN : value
      }
      if (Number.isNaN(values[F_SUBMIT]!)) {
        if (!record.text(F_SUBMIT).startsWith('-1')) return
        const message = 'the submit time is missing; the row is dropped'
        issues.add({ code: 'missing-submit', severity: 'warning', place: place(line), message, value: '-1' })
        return
      }
      numbers.fill(Number.NaN)
      numbers[N.submit] = values[F_SUBMIT]!
      numbers[N.wait] = values[F_WAIT]!
      numbers[N.run] = values[F_RUN]!
      numbers[N.slots] = values[F_ALLOCATED]!
      if (!(values[F_ALLOCATED]! > 0) && values[F_REQUESTED]! > 0) {
        numbers[N.slots] = values[F_REQUESTED]!
        counts.requested++
      }
      numbers[N.estimate] = values[F_ESTIMATE]!
      numbers[N.memory] = Number.isNaN(values[F_MEMORY_ASKED]!) ? values[F_MEMORY_USED]! : values[F_MEMORY_ASKED]!
      for (const [field, column] of LABEL_SOURCES) {
        codes[field] = Number.isNaN(values[column]!)
          ? -1
          : tables[field]!.code(record.bytes, record.starts[column]!, record.ends[column]!)
      }
      const status = values[F_STATUS]!
      const outcome = Number.isNaN(status) ? 'unknown' : STATUSES[status]
      if (outcome === undefined) {
        const message = 'the status is none of SWF’s 0 to 5; kept with outcome unknown'
        issues.add({ code: 'unknown-outcome', severity: 'warning', place: place(line), message, value: String(status) })
      }
      if (status >= 2 && status <= 4) counts.partial++
      builder.outcome = outcomeCode(outcome ?? 'unknown')
      builder.add(line)
    },
  })
  await pump(chunks, scanner, issues, place, () => counts.rows, options)
  const notes: TableNote[] = reportShape(scanner, issues, place)
  const start = Number(header.get('UnixStartTime') ?? Number.NaN)
  const absolute = Number.isFinite(start) && start > 0
  const named = header.get('TimeZoneString') ?? zoneOfOffset(header.get('TimeZone') ?? header.get('Timezone'))
  const fromLog = named === undefined ? 'the log does not say, UTC is taken' : 'the log’s header says so'
  const zoneFrom = zone === undefined ? fromLog : 'as asked for'
  zone ??= named ?? 'UTC'
  if (!isTimeZone(zone)) {
    const message = 'the header’s time zone is none that is known; UTC is used'
    issues.add({ code: 'unknown-time-zone', severity: 'warning', place: path, message, value: shown(zone) })
    zone = 'UTC'
  }
  for (const [key, code] of HEADER_NOTES) {
    const value = header.get(key)
    if (value !== undefined && value !== '') {
      const number = Number(value)
      notes.push(
        Number.isFinite(number)
          ? { code, message: `the log’s header says ${key} ${value}`, numbers: { value: number } }
          : { code, message: `the log’s header says ${key} ${value}` },
      )
    }
  }
  notes.push({
    code: 'requested-slots',
    message: 'jobs whose allocated processors are not recorded: those asked for are taken',
    numbers: { rows: counts.requested },
  })
  notes.push({
    code: 'partial-executions',
    message: 'rows that are parts of a job that was checkpointed or swapped',
    numbers: { rows: counts.partial },
  })
  return assemble({
    path,
    format: 'swf',
    bytes,
    rows: counts.rows,
    builder,
    issues,
    instants: new InstantReader(zone),
    timeZone: zone,
    zoneFrom,
    clock: absolute ? { kind: 'unix', originUnixSeconds: start } : { kind: 'relative' },
    unit: 'job',
    slotUnit: 'processor',
    memoryUnit: 'KiB a processor',
    notes,
    options,
  })
}

/** The zone of an offset from UTC in seconds, as old logs give it; whole hours only. Etc/GMT-9 is nine hours east, by POSIX’s sign. */
function zoneOfOffset(text: string | undefined): string | undefined {
  if (text === undefined || !/^[+-]?\d+$/.test(text)) return text
  const hours = Number(text) / 3600
  if (hours === 0) return 'UTC'
  return Number.isInteger(hours) ? `Etc/GMT${hours > 0 ? '-' : '+'}${Math.abs(hours)}` : text
}

const F_SUBMIT = 1
const F_WAIT = 2
const F_RUN = 3
const F_ALLOCATED = 4
const F_MEMORY_USED = 6
const F_REQUESTED = 7
const F_ESTIMATE = 8
const F_MEMORY_ASKED = 9
const F_STATUS = 10
const NAMES = [
  'job number',
  'submit time',
  'wait time',
  'run time',
  'allocated processors',
  'CPU time used',
  'memory used',
  'processors asked for',
  'time asked for',
  'memory asked for',
  'status',
  'user',
  'group',
  'executable',
  'queue',
  'partition',
  'preceding job',
  'think time',
]
const N = {
  submit: NUMBER_FIELDS.indexOf('submit'),
  wait: NUMBER_FIELDS.indexOf('wait'),
  run: NUMBER_FIELDS.indexOf('run'),
  slots: NUMBER_FIELDS.indexOf('slots'),
  estimate: NUMBER_FIELDS.indexOf('estimate'),
  memory: NUMBER_FIELDS.indexOf('memory'),
}
const LABEL_SOURCES: readonly (readonly [number, number])[] = [
  [LABEL_FIELDS.indexOf('id'), 0],
  [LABEL_FIELDS.indexOf('user'), 11],
  [LABEL_FIELDS.indexOf('group'), 12],
  [LABEL_FIELDS.indexOf('name'), 13],
  [LABEL_FIELDS.indexOf('queue'), 14],
  [LABEL_FIELDS.indexOf('slotType'), 15],
]
const HEADER_NOTES: readonly (readonly [string, string])[] = [
  ['Computer', 'computer'],
  ['MaxProcs', 'max-processors'],
  ['MaxNodes', 'max-nodes'],
  ['Note', 'log-note'],
]

function badNumber(issues: IssueCollector, place: string, field: number, text: string): void {
  const finite = !/^[+-]?(nan|inf|infinity|\d+\.?\d*(e[+-]?\d+)?)$/i.test(text)
  const code = finite ? 'bad-number' : 'not-finite'
  const consequence = field === F_SUBMIT ? 'the row is dropped' : 'the job is kept without it'
  const message = `field ${field + 1} (${NAMES[field]}) is no finite number; ${consequence}`
  issues.add({ code, severity: 'warning', place, message, value: shown(text) })
}
