import { type IssueCollector, OUTCOMES, type Outcome, shown, type Trace } from '../model/index.js'
import { type JobsBuilder, LABEL_FIELDS, type LabelField, NUMBER_FIELDS, type NumberField, outcomeCode } from './builder.js'
import type { InstantReader } from './instant.js'
import { LabelTable } from './labels.js'
import { parseNumber } from './number.js'
import type { RecordScanner } from './records.js'

/** How the bytes of a cell become a number. */
export type CellKind =
  | 'number'
  /** Date and time, see `InstantReader`. */
  | 'instant'
  /** Slurm’s `[days-]hours:minutes:seconds` or `minutes:seconds`. */
  | 'slurm-duration'
  /** The count of `gres/gpu` in a Slurm TRES list such as `billing=8,cpu=8,gres/gpu=2,mem=64G`. */
  | 'tres-gpus'

export interface NumberColumn {
  readonly field: NumberField
  readonly column: string
  readonly kind?: CellKind
  /** The number is multiplied by this: 0.001 from milliseconds to seconds. */
  readonly scale?: number
  /** The column may be absent. */
  readonly optional?: boolean
}

export interface LabelSource {
  readonly field: LabelField
  readonly column: string
  readonly optional?: boolean
}

export interface TableNote {
  readonly code: string
  readonly message: string
  readonly numbers?: Readonly<Record<string, number>>
}

/** What one format does with a row beyond its columns. Made anew for each file, since it may count. */
export interface RowHooks {
  /** A reason to leave the row out as no job of its own (counted in a note), or nothing. */
  skip?(record: RecordScanner): string | undefined
  /** Looks at, and may change, the row in `builder.numbers`, `codes`, `outcome`, `truncated` before the common checks. */
  adjust?(builder: JobsBuilder): void
  /** Called with the columns complete. */
  notes?(builder: JobsBuilder): TableNote[]
  /** Overrides of the format’s constants, known only once all rows were seen. */
  finish?(builder: JobsBuilder): Partial<Pick<Trace, 'slotUnit' | 'cpuUnit'>>
}

/** A table with a header: which column is what. Every delimited format is one of these; so is a user’s mapping. */
export interface TableFormat {
  readonly name: string
  readonly title: string
  /** Columns by which the format is recognised; all of them must be there. */
  readonly needs: readonly string[]
  /** Absent: found from the header, among comma, tab, semicolon, bar. */
  readonly delimiter?: string
  /** Lines that start with it are passed over; `#` when absent, false for none. */
  readonly comment?: string | false
  readonly quotes: boolean
  readonly unit: Trace['unit']
  readonly slotUnit: Trace['slotUnit']
  /** `relative`: seconds from the trace’s start; `unix`: Unix seconds; `instant`: dates and times in `timeZone`. */
  readonly clock: 'relative' | 'unix' | 'instant'
  readonly timeZone?: string
  /** Why this zone is taken when none is asked for. */
  readonly zoneReason?: string
  readonly priorityOrder?: Trace['priorityOrder']
  readonly cpuUnit?: string
  readonly memoryUnit?: string
  readonly numbers: readonly NumberColumn[]
  readonly labels: readonly LabelSource[]
  /** Fields that are the same in every row. */
  readonly constants?: Partial<Readonly<Record<NumberField, number>>>
  readonly outcome?: {
    readonly column: string
    /** The outcome of a cell’s text; undefined: not known, an issue. */
    of(text: string): Outcome | undefined
    /** The outcome of an empty cell. */
    readonly empty: Outcome
    readonly optional?: boolean
  }
  /** Texts that mean missing, beside the empty one. */
  readonly missing: readonly string[]
  readonly uniqueIds: boolean
  /** How many columns more than the header names a row may have. */
  extraColumns?(header: readonly string[]): number
  hooks?(header: readonly string[]): RowHooks
}

/** The row of a table as the cell readers see it: the column’s position and where its bytes are. */
export interface Binding {
  readonly index: number
  readonly name: string
}
export interface NumberBinding extends Binding {
  readonly field: number
  readonly kind: CellKind
  readonly scale: number
}
export interface LabelBinding extends Binding {
  readonly field: number
}

/** Fills a builder’s row from the cells of a table with this header. */
export class RowReader {
  private readonly numbers: NumberBinding[]
  private readonly labels: LabelBinding[]
  private readonly outcomeAt: Binding | undefined
  private readonly states = new LabelTable()
  private readonly stateOutcomes: number[] = []
  private readonly missingNumbers: readonly number[]
  private readonly missingTexts: ReadonlySet<string>
  private readonly missingBytes: readonly Buffer[]
  private readonly emptyOutcome: number
  private readonly blank: Float64Array

  constructor(
    readonly format: TableFormat,
    header: readonly string[],
    private readonly builder: JobsBuilder,
    private readonly instants: InstantReader,
    private readonly issues: IssueCollector,
    private readonly place: (line: number) => string,
  ) {
    const bind = (column: string): Binding => ({ index: header.indexOf(column), name: column })
    this.numbers = format.numbers
      .map((source) => ({
        ...bind(source.column),
        field: NUMBER_FIELDS.indexOf(source.field),
        kind: source.kind ?? ('number' as const),
        scale: source.scale ?? 1,
      }))
      .filter((binding) => binding.index >= 0)
    this.labels = format.labels
      .map((source) => ({ ...bind(source.column), field: LABEL_FIELDS.indexOf(source.field) }))
      .filter((binding) => binding.index >= 0)
    const outcomeAt = format.outcome && bind(format.outcome.column)
    this.outcomeAt = outcomeAt && outcomeAt.index >= 0 ? outcomeAt : undefined
    this.emptyOutcome = outcomeCode(format.outcome?.empty ?? 'unknown')
    this.blank = Float64Array.from(NUMBER_FIELDS, (field) => format.constants?.[field] ?? Number.NaN)
    this.missingTexts = new Set(format.missing)
    this.missingBytes = format.missing.map((text) => Buffer.from(text))
    this.missingNumbers = format.missing.map(Number).filter((value) => Number.isFinite(value))
  }

  /** Fields that the header has, so that the builder keeps columns for these only. */
  static fieldsOf(
    format: TableFormat,
    header: readonly string[],
  ): { numbers: NumberField[]; labels: LabelField[]; outcomes: boolean } {
    return {
      numbers: [
        ...format.numbers.filter((source) => header.includes(source.column)).map((source) => source.field),
        ...(Object.keys(format.constants ?? {}) as NumberField[]),
      ],
      labels: format.labels.filter((source) => header.includes(source.column)).map((source) => source.field),
      outcomes: format.outcome !== undefined && header.includes(format.outcome.column),
    }
  }

  /** The columns to read: for a source that gives values instead of bytes. */
  cells(): { numbers: readonly NumberBinding[]; labels: readonly LabelBinding[]; outcome: Binding | undefined } {
    return { numbers: this.numbers, labels: this.labels, outcome: this.outcomeAt }
  }

  /** Reads the cells of one row into the builder’s row. Cell `i` is `bytes[starts[i] … ends[i])`. False: no submit time, which is reported. */
  read(bytes: Buffer, starts: Int32Array, ends: Int32Array, line: number, escaped: boolean): boolean {
    this.begin()
    for (const cell of this.numbers) this.numberFromText(cell, bytes, starts[cell.index]!, ends[cell.index]!, line)
    for (const cell of this.labels) this.labelFromText(cell, bytes, starts[cell.index]!, ends[cell.index]!, escaped)
    if (this.outcomeAt) this.outcomeFromText(bytes, starts[this.outcomeAt.index]!, ends[this.outcomeAt.index]!, line)
    return this.end(line)
  }

  /** Starts a row: every field missing. */
  begin(): void {
    this.builder.numbers.set(this.blank)
    this.builder.codes.fill(-1)
    this.builder.outcome = this.emptyOutcome
    this.builder.truncated = 0
    this.submitReported = false
  }

  numberFromText(cell: NumberBinding, bytes: Buffer, from: number, to: number, line: number): void {
    // Two columns may give one field (raw and readable elapsed time): the first that has a value counts.
    if (from === to || !Number.isNaN(this.builder.numbers[cell.field]!)) return
    let value: number
    if (cell.kind === 'number') value = parseNumber(bytes, from, to)
    else if (cell.kind === 'instant') value = this.instants.read(bytes, from, to)
    else if (cell.kind === 'slurm-duration') value = slurmDuration(bytes.toString('latin1', from, to))
    else value = tresGpus(bytes.toString('latin1', from, to))
    if (!Number.isNaN(value)) this.number(cell, value)
    else if (!this.isMissing(bytes, from, to))
      this.reportNumber(cell, bytes.toString('utf8', from, Math.min(to, from + 200)), line)
  }

  /** A number that came as one; NaN and infinities are reported. */
  numberFromValue(cell: NumberBinding, value: number, line: number): void {
    if (!Number.isNaN(this.builder.numbers[cell.field]!)) return
    if (Number.isFinite(value)) this.number(cell, value)
    else this.reportNumber(cell, String(value), line)
  }

  /** Ends a row; false when it has no submit time, which is reported. */
  end(line: number): boolean {
    if (!Number.isNaN(this.builder.numbers[0]!)) return true
    if (this.submitReported) return false
    const column = this.numbers.find((cell) => cell.field === 0)?.name ?? 'submit'
    const message = `${column} is missing; the row is dropped`
    this.issues.add({ code: 'missing-submit', severity: 'warning', place: this.place(line), message, value: '' })
    return false
  }

  private submitReported = false

  private number(cell: NumberBinding, value: number): void {
    if (this.missingNumbers.length > 0 && this.missingNumbers.includes(value)) return
    this.builder.numbers[cell.field] = value * cell.scale
  }

  private isMissing(bytes: Buffer, from: number, to: number): boolean {
    const text = bytes.toString('utf8', from, Math.min(to, from + 64)).trim()
    return text === '' || this.missingTexts.has(text)
  }

  labelFromText(cell: LabelBinding, bytes: Buffer, from: number, to: number, escaped: boolean): void {
    // As with numbers, the first of two columns that has a value counts.
    if (from === to || this.builder.codes[cell.field]! >= 0) return
    this.builder.codes[cell.field] = this.label(this.builder.tables[cell.field]!, bytes, from, to, escaped)
  }

  private label(table: LabelTable, bytes: Buffer, from: number, to: number, escaped: boolean): number {
    for (const missing of this.missingBytes) {
      if (missing.length === to - from && bytes.compare(missing, 0, missing.length, from, to) === 0) return -1
    }
    if (escaped) {
      const text = Buffer.from(bytes.toString('utf8', from, to).replaceAll('""', '"'))
      return table.code(text, 0, text.length)
    }
    return table.code(bytes, from, to)
  }

  outcomeFromText(bytes: Buffer, from: number, to: number, line: number): void {
    if (from < to) this.builder.outcome = this.outcome(bytes, from, to, line)
  }

  private outcome(bytes: Buffer, from: number, to: number, line: number): number {
    const known = this.states.size
    const code = this.states.code(bytes, from, to)
    if (code === known) {
      const text = this.states.text(code).trim()
      const outcome = this.missingTexts.has(text) ? this.format.outcome!.empty : this.format.outcome!.of(text)
      this.stateOutcomes.push(outcome === undefined ? -1 : outcomeCode(outcome))
    }
    const outcome = this.stateOutcomes[code]!
    if (outcome >= 0) return outcome
    const message = `${this.outcomeAt!.name} is none of the outcomes known for ${this.format.name}; kept with outcome unknown`
    const value = shown(this.states.text(code))
    this.issues.add({ code: 'unknown-outcome', severity: 'warning', place: this.place(line), message, value })
    return UNKNOWN
  }

  private reportNumber(cell: NumberBinding, text: string, line: number): void {
    if (cell.field === 0) this.submitReported = true
    const consequence = cell.field === 0 ? 'the row is dropped' : 'the job is kept without it'
    const { code, message } = numberTrouble(cell, text)
    const place = this.place(line)
    this.issues.add({ code, severity: 'warning', place, message: `${cell.name} ${message}; ${consequence}`, value: shown(text) })
  }
}

const UNKNOWN = OUTCOMES.indexOf('unknown')

function numberTrouble(cell: NumberBinding, text: string): { code: string; message: string } {
  if (cell.kind === 'instant') return { code: 'bad-time', message: 'is no date and time' }
  if (cell.kind === 'slurm-duration') return { code: 'bad-duration', message: 'is no duration as [days-]hours:minutes:seconds' }
  if (cell.kind === 'tres-gpus') return { code: 'bad-number', message: 'has no readable count of gres/gpu' }
  const plain = text.trim().toLowerCase()
  if (/^[+-]?nan$/.test(plain)) return { code: 'not-finite', message: 'is NaN' }
  if (/^[+-]?inf(inity)?$/.test(plain)) return { code: 'not-finite', message: 'is infinite' }
  if (/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(plain)) return { code: 'not-finite', message: 'is too large for a number' }
  return { code: 'bad-number', message: 'is not a number' }
}

/** Seconds of Slurm’s `[days-]hours:minutes:seconds[.fraction]`, `days-hours`, `minutes:seconds`; NaN when it is none. */
export function slurmDuration(text: string): number {
  const match = /^(?:(\d+)-)?(\d+)(?::(\d+))?(?::(\d+(?:\.\d+)?))?$/.exec(text.trim())
  if (!match) return Number.NaN
  const [first, second, third] = [Number(match[2]), match[3], match[4]]
  if (match[1] !== undefined) {
    return Number(match[1]) * 86_400 + first * 3600 + Number(second ?? 0) * 60 + Number(third ?? 0)
  }
  if (third !== undefined) return first * 3600 + Number(second) * 60 + Number(third)
  // Two parts are minutes and seconds; one part is minutes, as Slurm reads time limits.
  return second !== undefined ? first * 60 + Number(second) : first * 60
}

/** GPUs in a TRES list: `gres/gpu=2`, else the sum of `gres/gpu:type=2`; 0 when there is none. */
export function tresGpus(text: string): number {
  let whole = -1
  let typed = 0
  for (const part of text.split(',')) {
    const match = /^gres\/gpu(:[^=]+)?=(.*)$/.exec(part.trim())
    if (!match) continue
    const count = Number(match[2])
    if (!Number.isFinite(count) || match[2] === '') return Number.NaN
    if (match[1] === undefined) whole = count
    else typed += count
  }
  return whole >= 0 ? whole : typed
}

/** What is wrong with a header for this format: columns that it needs and lacks. */
export function lackingColumns(format: TableFormat, header: readonly string[]): string[] {
  const wanted = [
    ...format.needs,
    ...format.numbers.filter((source) => !source.optional).map((source) => source.column),
    ...format.labels.filter((source) => !source.optional).map((source) => source.column),
    ...(format.outcome && !format.outcome.optional ? [format.outcome.column] : []),
  ]
  return [...new Set(wanted)].filter((column) => !header.includes(column))
}
