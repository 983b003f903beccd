import { type IssueCollector, refuse, type Trace } from '../model/index.js'
import { compact, END, type JobsBuilder, SLOTS } from './builder.js'
import type { InstantReader } from './instant.js'
import type { ReadOptions, TraceReading } from './result.js'
import type { TableNote } from './table.js'

/** What a reader knows once the last row is in. */
export interface Finished {
  readonly path: string
  readonly format: string
  readonly bytes: number
  readonly rows: number
  readonly builder: JobsBuilder
  readonly issues: IssueCollector
  readonly instants: InstantReader
  readonly timeZone: string
  /** Where the time zone comes from: `as asked`, `the log’s header says so`. */
  readonly zoneFrom: string
  /** `unix` without an origin: the earliest submit time is the origin. */
  readonly clock: { readonly kind: 'relative' } | { readonly kind: 'unix'; readonly originUnixSeconds?: number }
  readonly unit: Trace['unit']
  readonly slotUnit: Trace['slotUnit']
  readonly priorityOrder?: Trace['priorityOrder'] | undefined
  readonly cpuUnit?: string | undefined
  readonly memoryUnit?: string | undefined
  readonly notes: readonly TableNote[]
  readonly options: ReadOptions
}

/** The trace of the rows that were read, with the notes that every format has in common; or why there is none. */
export function assemble(found: Finished): TraceReading {
  const { builder, options } = found
  const issues = found.issues.report()
  const errors = issues.counts.some((count) => count.severity === 'error')
  if (errors || (options.strict === true && issues.counts.length > 0)) return { ok: false, issues }
  if (builder.count === 0) {
    const message = `no usable row in ${found.path}: ${found.rows} rows, none with a submit time that can be read`
    return { ok: false, issues, refusal: refuse('no-data', message, { rows: found.rows, used: 0 }) }
  }
  const origin = found.clock.kind === 'relative' ? 0 : (found.clock.originUnixSeconds ?? builder.earliestSubmit())
  const givenOrigin = found.clock.kind === 'unix' && found.clock.originUnixSeconds !== undefined
  const notes = [...found.notes, ...commonNotes(found)]
  const jobs = builder.columns(givenOrigin ? 0 : origin)
  const trace: Trace = compact({
    schema: 'halftone/trace/1' as const,
    source: { path: found.path, format: found.format, rows: found.rows, used: builder.count, bytes: found.bytes },
    unit: found.unit,
    slotUnit: found.slotUnit,
    clock:
      found.clock.kind === 'relative'
        ? { kind: 'relative' as const }
        : { kind: 'unix' as const, originUnixSeconds: origin, timeZone: found.timeZone },
    cpuUnit: jobs.cpu ? found.cpuUnit : undefined,
    memoryUnit: jobs.memory ? found.memoryUnit : undefined,
    priorityOrder: jobs.priority ? found.priorityOrder : undefined,
    jobs,
    issues,
    notes: notes.filter((note) => note.numbers?.['rows'] !== 0),
  })
  return { ok: true, trace }
}

function commonNotes({ builder, rows, instants, timeZone, zoneFrom, clock }: Finished): TableNote[] {
  const note = (code: string, count: number, message: string): TableNote => ({ code, message, numbers: { rows: count } })
  const notes = [
    note('dropped', rows - builder.count, 'rows that are no job here: dropped, see the issues and the notes'),
    note('left-truncated', builder.truncatedRows, 'jobs that came before the trace began: their wait and run are lower bounds'),
    note('censored', builder.censored, 'jobs still alive when the trace ends: they have no end'),
    note('no-end', builder.keeps(END) ? builder.endless : 0, 'jobs neither running nor waiting whose end is not recorded'),
    note('unsorted', builder.unsorted, 'rows submitted before the row above them: the file is not in order of submission'),
    note('zero-slots', builder.zeros(SLOTS), 'jobs that hold no slot'),
    note(
      'ambiguous-time',
      instants.ambiguous,
      `times in the hour that the clock of ${timeZone} showed twice: the first is taken`,
    ),
    note(
      'skipped-time',
      instants.skipped,
      `times that the clock of ${timeZone} never showed: read with the offset before the change`,
    ),
  ]
  if (clock.kind === 'unix')
    notes.push({ code: 'time-zone', message: `hours and weekdays are those of ${timeZone}: ${zoneFrom}` })
  return notes
}
