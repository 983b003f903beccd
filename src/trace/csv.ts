import { OUTCOMES, type Outcome } from '../model/index.js'
import { LABEL_FIELDS, NUMBER_FIELDS } from './builder.js'
import type { Mapping } from './mapping.js'
import { parseNumber } from './number.js'
import type { TableFormat } from './table.js'

/** Texts that a table of no particular format may use for a missing value. NaN is not among them: it is reported. */
const MISSING = ['NULL', 'null', 'NA', 'N/A', 'None', 'none', '\\N']

/**
 * A table whose columns already have halftone’s names: `submit` (seconds from the start of the trace) and any of start, end, wait, run, slots,
 * outcome, priority, user, queue…; needs no mapping.
 */
export const canonical: TableFormat = {
  name: 'csv',
  title: 'any table: a column mapping in YAML, or columns with halftone’s own names (submit, start, end, run, slots…)',
  needs: ['submit'],
  quotes: true,
  unit: 'job',
  slotUnit: 'processor',
  clock: 'relative',
  priorityOrder: 'larger-first',
  numbers: NUMBER_FIELDS.map((field) => ({ field, column: field, optional: field !== 'submit' })),
  labels: LABEL_FIELDS.map((field) => ({ field, column: field, optional: true })),
  outcome: { column: 'outcome', of: outcomeNamed, empty: 'unknown', optional: true },
  missing: MISSING,
  uniqueIds: true,
}

/** `canonical`, with dates and times where the first submit cell is one. */
export function canonicalFor(sample: string | undefined): TableFormat {
  if (clockOf(sample) === 'relative') return canonical
  const numbers = canonical.numbers.map((source) =>
    ABSOLUTE.has(source.field) ? { ...source, kind: 'instant' as const } : source,
  )
  return { ...canonical, clock: 'instant', numbers }
}

const ABSOLUTE: ReadonlySet<string> = new Set(['submit', 'start', 'end'])

/** The table format that a mapping describes. `sample` is the first submit cell, which tells numbers from dates where the mapping does not. */
export function formatOf(mapping: Mapping, sample: string | undefined): TableFormat {
  const columns = mapping.columns
  const clock = mapping.clock ?? clockOf(sample)
  const scales: Record<string, number> = {}
  const outcomes = mapping.outcomes
  const numbers = NUMBER_FIELDS.flatMap((field) => {
    const given = columns[field]
    if (given === undefined) return []
    const source = typeof given === 'string' ? { column: given, unit: undefined, scale: undefined } : given
    const absolute = ABSOLUTE.has(field)
    const timed = absolute || field === 'wait' || field === 'run' || field === 'estimate'
    const kind =
      absolute && clock === 'instant'
        ? ('instant' as const)
        : source.unit === 'slurm'
          ? ('slurm-duration' as const)
          : ('number' as const)
    const unit = timed && kind === 'number' ? SECONDS[source.unit ?? mapping.timeUnit ?? 'seconds']! : 1
    scales[field] = unit * (source.scale ?? 1)
    return [{ field, column: source.column, kind, scale: scales[field]! }]
  })
  return {
    name: 'csv',
    title: canonical.title,
    needs: [],
    ...(mapping.delimiter === undefined ? {} : { delimiter: mapping.delimiter === 'tab' ? '\t' : mapping.delimiter }),
    ...(mapping.comment === undefined ? {} : { comment: mapping.comment }),
    quotes: mapping.quotes ?? true,
    unit: mapping.unit ?? 'job',
    slotUnit: mapping.slotUnit ?? 'processor',
    clock,
    ...(mapping.timeZone === undefined ? {} : { timeZone: mapping.timeZone }),
    priorityOrder: mapping.priorityOrder ?? 'larger-first',
    ...(mapping.cpuUnit === undefined ? {} : { cpuUnit: mapping.cpuUnit }),
    ...(mapping.memoryUnit === undefined ? {} : { memoryUnit: mapping.memoryUnit }),
    numbers,
    labels: LABEL_FIELDS.flatMap((field) => {
      const given = columns[field]
      return given === undefined ? [] : [{ field, column: given }]
    }),
    ...(columns.outcome === undefined
      ? {}
      : {
          outcome: {
            column: columns.outcome,
            of: (text: string) => outcomes?.[text] ?? outcomeNamed(text),
            empty: outcomes?.[''] ?? 'unknown',
          },
        }),
    missing: mapping.missing ?? MISSING,
    uniqueIds: mapping.uniqueIds ?? true,
  }
}

const SECONDS: Readonly<Record<string, number>> = {
  seconds: 1,
  milliseconds: 1e-3,
  microseconds: 1e-6,
  minutes: 60,
  hours: 3600,
  days: 86_400,
}

function outcomeNamed(text: string): Outcome | undefined {
  const name = text.toLowerCase()
  return (OUTCOMES as readonly string[]).includes(name) ? (name as Outcome) : undefined
}

/** Text that is no number is a date; numbers count from the trace’s start unless the mapping says that they are Unix times. */
function clockOf(sample: string | undefined): 'relative' | 'instant' {
  if (sample === undefined || sample === '') return 'relative'
  const bytes = Buffer.from(sample)
  return Number.isNaN(parseNumber(bytes, 0, bytes.length)) && /^\s*\d{4}[-/]\d\d[-/]\d\d/.test(sample) ? 'instant' : 'relative'
}
