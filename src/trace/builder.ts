import { type IssueCollector, type JobColumns, OUTCOMES, type Outcome, shown } from '../model/index.js'
import { LabelTable } from './labels.js'

/** Numbers that a reader may find for a job; the position is the index in `JobsBuilder.numbers`. */
export const NUMBER_FIELDS = [
  'submit',
  'start',
  'end',
  'wait',
  'run',
  'slots',
  'slotShare',
  'priority',
  'estimate',
  'attempts',
  'cpu',
  'memory',
] as const
export type NumberField = (typeof NUMBER_FIELDS)[number]

/** Labels that a reader may find for a job; the position is the index in `JobsBuilder.codes`. */
export const LABEL_FIELDS = ['id', 'user', 'queue', 'group', 'name', 'machine', 'slotType'] as const
export type LabelField = (typeof LABEL_FIELDS)[number]

export const SUBMIT = 0
export const START = 1
export const END = 2
export const WAIT = 3
export const RUN = 4
export const SLOTS = 5
export const SHARE = 6
export const CPU = 10
const ID = 0

/** Fields counted, and for one row: beyond these something is wrong with the unit or the digits. */
const LONGEST_TIME = 1e11
const LARGEST_COUNT = 1e9

export interface BuilderOptions {
  readonly issues: IssueCollector
  /** Where row or line `line` is, as an issue’s place. */
  place(line: number): string
  readonly numberFields: readonly NumberField[]
  readonly labelFields: readonly LabelField[]
  /** What the file calls a field, for messages. */
  columnOf?(field: NumberField): string | undefined
  readonly outcomes: boolean
  /** Times count from the trace’s own start, so that a negative one is wrong. */
  readonly relative: boolean
  /** Two rows with one id are an issue. */
  readonly uniqueIds: boolean
}

/**
 * Jobs as growing columns. A reader sets `numbers`, `codes`, `outcome` and `truncated` for one row and calls `add`, which checks what every
 * format has in common, derives what is missing, and reports what it had to repair or drop with the row’s place.
 */
export class JobsBuilder {
  /** The row being read; NaN is missing. */
  readonly numbers = new Float64Array(NUMBER_FIELDS.length).fill(Number.NaN)
  /** The row being read; −1 is missing. */
  readonly codes = new Int32Array(LABEL_FIELDS.length).fill(-1)
  readonly tables = LABEL_FIELDS.map(() => new LabelTable())
  outcome = 0
  truncated = 0

  count = 0
  unsorted = 0
  censored = 0
  endless = 0
  truncatedRows = 0

  private capacity = 4096
  private readonly numberColumns: Float64Array[]
  private readonly stored: number[]
  private readonly labelColumns: Int32Array[]
  private readonly labelled: number[]
  private outcomes: Uint8Array
  private truncations: Uint8Array
  private lastSubmit = Number.NEGATIVE_INFINITY
  private idsSeen = 0
  private readonly fromWait: boolean

  constructor(private readonly options: BuilderOptions) {
    const fields = new Set<NumberField>(options.numberFields)
    this.fromWait = fields.has('wait') && !fields.has('start')
    if (fields.has('wait')) fields.add('start')
    if (fields.has('start') && fields.has('run')) fields.add('end')
    if (fields.has('end') && fields.has('run')) fields.add('start')
    fields.add('submit').add('run').delete('wait')
    this.stored = NUMBER_FIELDS.map((field, index) => (fields.has(field) ? index : -1)).filter((index) => index >= 0)
    this.numberColumns = NUMBER_FIELDS.map((field) => new Float64Array(fields.has(field) ? this.capacity : 0))
    this.labelled = LABEL_FIELDS.map((field, index) => (options.labelFields.includes(field) ? index : -1)).filter(
      (index) => index >= 0,
    )
    this.labelColumns = LABEL_FIELDS.map((field) => new Int32Array(options.labelFields.includes(field) ? this.capacity : 0))
    this.outcomes = new Uint8Array(this.capacity)
    this.truncations = new Uint8Array(this.capacity)
  }

  /** Takes the row that was read from `line`; false when it had to be dropped (an issue says so, or the reader has said so already). */
  add(line: number): boolean {
    const n = this.numbers
    const submit = n[SUBMIT]!
    if (Number.isNaN(submit)) return false
    if (this.options.relative && submit < 0)
      return this.drop('negative-time', line, 'the job is submitted before second 0', submit)
    if (!(Math.abs(submit) <= LONGEST_TIME)) {
      return this.drop('out-of-range', line, 'the submit time is over 3,000 years away: are these milliseconds?', submit)
    }
    this.checkRanges(line)
    if (this.fromWait && n[WAIT]! >= 0) n[START] = submit + n[WAIT]!
    if (n[START]! < submit)
      this.without(START, line, 'start-before-submit', 'the job starts before it is submitted; kept without its start')
    if (n[END]! < submit)
      this.without(END, line, 'end-before-submit', 'the job ends before it is submitted; kept without its end')
    if (n[END]! < n[START]!) this.without(END, line, 'end-before-start', 'the job ends before it starts; kept without its end')
    if (Number.isNaN(n[RUN]!)) n[RUN] = n[END]! - n[START]!
    else if (Number.isNaN(n[END]!)) n[END] = n[START]! + n[RUN]!
    else if (Number.isNaN(n[START]!) && n[END]! - n[RUN]! >= submit) n[START] = n[END]! - n[RUN]!
    this.count === this.capacity && this.grow()
    const at = this.count++
    for (const field of this.stored) this.numberColumns[field]![at] = n[field]!
    for (const field of this.labelled) this.labelColumns[field]![at] = this.codes[field]!
    this.outcomes[at] = this.outcome
    this.truncations[at] = this.truncated
    this.truncatedRows += this.truncated
    if (submit < this.lastSubmit) this.unsorted++
    this.lastSubmit = submit
    if (this.outcome === RUNNING) this.censored++
    else if (Number.isNaN(n[END]!) && this.outcome !== PENDING) this.endless++
    if (this.options.uniqueIds && this.codes[ID]! >= 0) this.checkId(line)
    return true
  }

  /** The columns, times counted from `origin`; columns in which every value is missing are left out. */
  columns(origin: number): JobColumns {
    const number = (field: NumberField): Float64Array | undefined => {
      const index = NUMBER_FIELDS.indexOf(field)
      const column = this.numberColumns[index]!
      this.numberColumns[index] = new Float64Array(0)
      if (column.length === 0) return undefined
      const values = column.slice(0, this.count)
      return values.some((value) => !Number.isNaN(value)) ? values : undefined
    }
    const time = (field: NumberField): Float64Array | undefined => {
      const values = number(field)
      if (values && origin !== 0) for (let i = 0; i < values.length; i++) values[i] = values[i]! - origin
      return values
    }
    const label = (field: LabelField) => {
      const index = LABEL_FIELDS.indexOf(field)
      const table = this.tables[index]!
      if (this.labelColumns[index]!.length === 0 || table.size === 0) return undefined
      const codes = this.labelColumns[index]!.slice(0, this.count)
      return codes.some((code) => code >= 0) ? { codes, labels: table.texts() } : undefined
    }
    return compact({
      count: this.count,
      submitSeconds: time('submit') ?? new Float64Array(this.count),
      startSeconds: time('start'),
      endSeconds: time('end'),
      runSeconds: number('run') ?? new Float64Array(this.count).fill(Number.NaN),
      slots: number('slots'),
      slotShare: number('slotShare'),
      outcome: this.options.outcomes ? this.outcomes.slice(0, this.count) : undefined,
      priority: number('priority'),
      estimateSeconds: number('estimate'),
      attempts: number('attempts'),
      cpu: number('cpu'),
      memory: number('memory'),
      leftTruncated: this.truncatedRows > 0 ? this.truncations.slice(0, this.count) : undefined,
      id: label('id'),
      user: label('user'),
      queue: label('queue'),
      group: label('group'),
      name: label('name'),
      machine: label('machine'),
      slotType: label('slotType'),
    })
  }

  /** The earliest submit time so far, rounded down to a second. */
  earliestSubmit(): number {
    const submits = this.numberColumns[SUBMIT]!
    let earliest = Number.POSITIVE_INFINITY
    for (let i = 0; i < this.count; i++) if (submits[i]! < earliest) earliest = submits[i]!
    return this.count === 0 ? 0 : Math.floor(earliest)
  }

  /** Whether rows have this field at all. */
  keeps(field: number): boolean {
    return this.stored.includes(field)
  }

  /** How many rows have 0 in a field. */
  zeros(field: number): number {
    const column = this.numberColumns[field]!
    let count = 0
    for (let i = 0; i < Math.min(this.count, column.length); i++) if (column[i] === 0) count++
    return count
  }

  /** Puts `other` in the place of `field` where no row has a positive number in `field`; true when `field` stays. */
  keepOrReplace(field: number, other: number): boolean {
    const column = this.numberColumns[field]!
    for (let i = 0; i < Math.min(this.count, column.length); i++) if (column[i]! > 0) return true
    this.numberColumns[field] = this.numberColumns[other]!
    this.numberColumns[other] = new Float64Array(0)
    return false
  }

  private nameOf(field: number): string {
    const name = NUMBER_FIELDS[field]!
    return this.options.columnOf?.(name) ?? name
  }

  private checkRanges(line: number): void {
    const n = this.numbers
    for (const field of this.stored) {
      const value = n[field]!
      // NaN passes both comparisons: a missing number is nothing to report.
      const absolute = field <= END
      const largest = absolute || field === RUN || field === ESTIMATE ? LONGEST_TIME : LARGEST_COUNT
      if (value > largest || value < -largest) {
        const unit = largest === LONGEST_TIME ? 'over 3,000 years: are these milliseconds?' : 'over 1e9'
        this.without(field, line, 'out-of-range', `${this.nameOf(field)} is ${unit} The job is kept without it`)
      } else if (value < 0 && field !== PRIORITY && (!absolute || this.options.relative)) {
        const code = absolute ? 'negative-time' : field === RUN || field === ESTIMATE ? 'negative-duration' : 'negative-number'
        this.without(field, line, code, `${this.nameOf(field)} is negative; the job is kept without it`)
      }
    }
    if (n[WAIT]! < 0) this.without(WAIT, line, 'negative-duration', 'wait is negative; the job is kept without it')
  }

  private checkId(line: number): void {
    if (this.codes[ID]! >= this.idsSeen) {
      this.idsSeen = this.codes[ID]! + 1
      return
    }
    const value = this.tables[ID]!.text(this.codes[ID]!)
    const message = 'an earlier row has the same id; both are kept'
    this.options.issues.add({
      code: 'duplicate-id',
      severity: 'warning',
      place: this.options.place(line),
      message,
      value: shown(value),
    })
  }

  private without(field: number, line: number, code: string, message: string): void {
    const value = shown(this.numbers[field]!)
    this.options.issues.add({ code, severity: 'warning', place: this.options.place(line), message, value })
    this.numbers[field] = Number.NaN
  }

  private drop(code: string, line: number, message: string, value: number): false {
    const place = this.options.place(line)
    this.options.issues.add({ code, severity: 'warning', place, message: `${message}; the row is dropped`, value: shown(value) })
    return false
  }

  private grow(): void {
    this.capacity = Math.ceil(this.capacity * 1.75)
    for (const field of this.stored)
      this.numberColumns[field] = extended(this.numberColumns[field]!, new Float64Array(this.capacity))
    for (const field of this.labelled)
      this.labelColumns[field] = extended(this.labelColumns[field]!, new Int32Array(this.capacity))
    this.outcomes = extended(this.outcomes, new Uint8Array(this.capacity))
    this.truncations = extended(this.truncations, new Uint8Array(this.capacity))
  }
}

const PRIORITY = NUMBER_FIELDS.indexOf('priority')
const ESTIMATE = NUMBER_FIELDS.indexOf('estimate')
const OUTCOME_CODES: Readonly<Record<string, number>> = Object.fromEntries(OUTCOMES.map((outcome, code) => [outcome, code]))
const RUNNING = outcomeCode('running')
const PENDING = outcomeCode('pending')

/** The code of an outcome in the `outcome` column. */
export function outcomeCode(outcome: Outcome): number {
  return OUTCOME_CODES[outcome]!
}

function extended<T extends Float64Array | Int32Array | Uint8Array>(from: T, to: T): T {
  to.set(from)
  return to
}

type Compact<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>
}

/** The object without its undefined members. */
export function compact<T extends object>(value: T): Compact<T> {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as Compact<T>
}
