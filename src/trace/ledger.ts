import { type IssueCollector, LedgerEntry, shown } from '../model/index.js'
import { assemble } from './assemble.js'
import { JobsBuilder, LABEL_FIELDS, type LabelField, NUMBER_FIELDS, type NumberField, outcomeCode } from './builder.js'
import { InstantReader } from './instant.js'
import { RecordScanner } from './records.js'
import type { ReadOptions, TraceReading } from './result.js'
import { type Chunks, pump, reportShape, troubleReporter } from './text.js'

/** Whether a file with these first bytes is a ledger of halftone. */
export function looksLikeLedger(head: string): boolean {
  return head.trimStart().startsWith('{"schema":"halftone/ledger/1"')
}

const NUMBERS: readonly NumberField[] = ['submit', 'start', 'end', 'slots', 'attempts']
const LABELS: readonly LabelField[] = ['id', 'user', 'queue', 'group']
/** What a controller remembers of ten thousand jobs is one line. */
const LONGEST_LINE = 1 << 24
/** Nobody replays three years; nobody’s clock says 1973. */
const LEAST_UNIX_SECONDS = 1e8

/**
 * The ledger of a controller: of its lines those about jobs that ended are rows, the others are passed over and counted. `group` is the class
 * of the job, `attempts` its restarts and one. The clock is the cluster’s: instants where it says the time of day, relative in a replay.
 */
export async function readLedger(
  path: string,
  bytes: number,
  chunks: Chunks,
  issues: IssueCollector,
  options: ReadOptions,
): Promise<TraceReading> {
  const place = (line: number): string => `${path}:${line}`
  const relative = !(Number(/"atSeconds":(-?[\d.e+]+)/.exec(chunks.head.toString('latin1', 0, 4096))?.[1]) >= LEAST_UNIX_SECONDS)
  const builder = new JobsBuilder({
    issues,
    place,
    numberFields: NUMBERS,
    labelFields: LABELS,
    outcomes: true,
    relative,
    uniqueIds: true,
  })
  let [rows, others, withdrawn] = [0, 0, 0]
  const scanner = new RecordScanner({
    delimiter: '\u0000',
    quotes: false,
    maxRecordBytes: LONGEST_LINE,
    onTrouble: troubleReporter(issues, place, () => rows++),
    onRecord(record) {
      const text = record.text(0)
      const entry = entryOf(text)
      if (entry === undefined) {
        const message = 'not a line of a ledger; it is passed over'
        issues.add({ code: 'bad-line', severity: 'warning', place: place(record.line), message, value: shown(text) })
      } else if (entry.kind !== 'job') others++
      else {
        rows++
        withdrawn += entry.withdrawn ?? 0
        fill(builder, entry)
        builder.add(record.line)
      }
    },
  })
  await pump(chunks, scanner, issues, place, () => rows, options)
  const notes = [
    ...reportShape(scanner, issues, place),
    { code: 'other-lines', message: 'lines of the ledger about other things than ended jobs', numbers: { rows: others } },
    { code: 'withdrawn-tasks', message: 'tasks that were withdrawn from these jobs', numbers: { rows: withdrawn } },
  ]
  return assemble({
    path,
    format: 'ledger',
    bytes,
    rows,
    builder,
    issues,
    instants: new InstantReader(options.timeZone ?? 'UTC'),
    timeZone: options.timeZone ?? 'UTC',
    zoneFrom: options.timeZone === undefined ? 'seconds since 1970 have none' : 'as asked for',
    clock: relative ? { kind: 'relative' } : { kind: 'unix' },
    unit: 'job',
    slotUnit: 'processor',
    notes,
    options,
  })
}

function fill(builder: JobsBuilder, entry: Extract<LedgerEntry, { kind: 'job' }>): void {
  const { numbers, codes, tables } = builder
  numbers.fill(Number.NaN)
  builder.outcome = outcomeCode(entry.state)
  const { submitSeconds, startSeconds, endSeconds, slots, restarts } = entry
  const attempts = restarts === undefined ? undefined : restarts + 1
  for (const [field, value] of Object.entries({ submit: submitSeconds, start: startSeconds, end: endSeconds, slots, attempts }))
    numbers[NUMBER_FIELDS.indexOf(field as NumberField)] = value ?? Number.NaN
  for (const [field, value] of Object.entries({ id: entry.job, user: entry.user, queue: entry.queue, group: entry.className })) {
    const at = LABEL_FIELDS.indexOf(field as LabelField)
    const text = Buffer.from(value ?? '')
    codes[at] = value === undefined ? -1 : tables[at]!.code(text, 0, text.length)
  }
}

function entryOf(text: string): LedgerEntry | undefined {
  try {
    return LedgerEntry.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}
