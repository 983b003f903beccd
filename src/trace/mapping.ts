import { readFile, stat } from 'node:fs/promises'
import { LineCounter, parseDocument } from 'yaml'
import { z } from 'zod'
import { type Issue, OUTCOMES, shown } from '../model/index.js'
import { isTimeZone } from './instant.js'
import { nearest } from './spelling.js'

const Unit = z.enum(['seconds', 'milliseconds', 'microseconds', 'minutes', 'hours', 'days'])
const ColumnName = z.string().min(1)
const NumberSource = z.union([ColumnName, z.strictObject({ column: ColumnName, scale: z.number().positive().optional() })])
const TimeSource = z.union([
  ColumnName,
  z.strictObject({ column: ColumnName, unit: Unit.optional(), scale: z.number().positive().optional() }),
])
const DurationSource = z.union([
  ColumnName,
  z.strictObject({
    column: ColumnName,
    unit: z.enum([...Unit.options, 'slurm']).optional(),
    scale: z.number().positive().optional(),
  }),
])

/** Which column of a table is what: the YAML file that `halftone … --mapping` takes. See docs/formats.md. */
export const Mapping = z
  .strictObject({
    schema: z.literal('halftone/mapping/1'),
    delimiter: z.enum([',', ';', '|', '\t', 'tab']).optional().describe('Found from the header when absent.'),
    comment: z
      .union([z.string().length(1), z.literal(false)])
      .optional()
      .describe('Lines that start with this character are passed over; false for none. Default #.'),
    quotes: z.boolean().optional().describe('Whether " quotes a field. Default true.'),
    unit: z.enum(['job', 'task-attempt', 'request']).optional(),
    slotUnit: z.enum(['GPU', 'processor', 'task', 'node', 'request']).optional(),
    clock: z
      .enum(['relative', 'unix', 'instant'])
      .optional()
      .describe(
        'Times are numbers from the trace’s start, Unix times, or dates and times. Found from the first row when absent.',
      ),
    timeUnit: Unit.optional().describe('Unit of times and durations that are numbers. Default seconds.'),
    timeZone: z.string().refine(isTimeZone, { message: 'no such time zone; give an IANA name such as Europe/Berlin' }).optional(),
    priorityOrder: z.enum(['larger-first', 'smaller-first']).optional(),
    cpuUnit: z.string().optional(),
    memoryUnit: z.string().optional(),
    uniqueIds: z.boolean().optional().describe('Two rows with one id are reported. Default true.'),
    missing: z.array(z.string()).optional().describe('Texts that mean missing, beside the empty one.'),
    columns: z.strictObject({
      submit: TimeSource,
      start: TimeSource.optional(),
      end: TimeSource.optional(),
      wait: DurationSource.optional(),
      run: DurationSource.optional(),
      estimate: DurationSource.optional(),
      slots: NumberSource.optional(),
      slotShare: NumberSource.optional(),
      priority: NumberSource.optional(),
      attempts: NumberSource.optional(),
      cpu: NumberSource.optional(),
      memory: NumberSource.optional(),
      outcome: ColumnName.optional(),
      id: ColumnName.optional(),
      user: ColumnName.optional(),
      queue: ColumnName.optional(),
      group: ColumnName.optional(),
      name: ColumnName.optional(),
      machine: ColumnName.optional(),
      slotType: ColumnName.optional(),
    }),
    outcomes: z
      .record(z.string(), z.enum(OUTCOMES))
      .optional()
      .describe('The outcome that each text of the outcome column means.'),
  })
  .meta({ id: 'Mapping' })

type TimedColumn = {
  readonly column: string
  readonly unit?: z.infer<typeof Unit> | 'slurm' | undefined
  readonly scale?: number | undefined
}
type Parsed = z.infer<typeof Mapping>
/** A validated mapping; every numeric column as a name or with its unit and scale. */
export type Mapping = Omit<Parsed, 'columns'> & {
  readonly columns: {
    readonly [K in keyof Parsed['columns']]: K extends LabelKey ? string | undefined : string | TimedColumn | undefined
  }
}
type LabelKey = 'outcome' | 'id' | 'user' | 'queue' | 'group' | 'name' | 'machine' | 'slotType'

/** A mapping and where in its file each member stands, for issues found later (a column that the table does not have). */
export interface LocatedMapping {
  readonly mapping: Mapping
  place(path: readonly (string | number)[]): string
}

/** Reads a mapping from a YAML file; otherwise every issue in it, each with its line. */
export async function readMapping(path: string): Promise<LocatedMapping | { readonly issues: readonly Issue[] }> {
  const wrong = (code: string, message: string) => ({ issues: [{ code, severity: 'error' as const, place: path, message }] })
  try {
    if ((await stat(path)).isDirectory()) return wrong('directory', 'this is a directory; give a YAML file')
    const text = await readFile(path, 'utf8')
    return text.trim() === '' ? wrong('empty-file', 'the mapping file is empty') : parseMapping(text, path)
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code
    return code === 'ENOENT'
      ? wrong('missing-file', 'there is no such mapping file')
      : wrong('unreadable', `the mapping file cannot be read (${code})`)
  }
}

/** A mapping from YAML text; `name` is the file’s name for the places of issues. */
export function parseMapping(text: string, name: string): LocatedMapping | { readonly issues: readonly Issue[] } {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true })
  const textLines = text.split(/\r\n|\n|\r/)
  if (document.errors.length > 0) {
    const issues = document.errors.map((error): Issue => {
      const { line } = lines.linePos(error.pos[0])
      const tab = error.code === 'TAB_AS_INDENT' || /\t/.test(/^\s*/.exec(textLines[line - 1] ?? '')![0])
      return {
        code: tab ? 'yaml-tab' : 'yaml',
        severity: 'error',
        place: `${name}:${line}`,
        message: tab ? 'a tab indents this line; YAML takes spaces only' : `not YAML: ${error.message}`,
        value: shown(textLines[line - 1] ?? ''),
      }
    })
    return { issues }
  }
  const place = (path: readonly (string | number)[]): string => {
    // The member itself, or the nearest one above it that is there.
    for (let depth = path.length; depth >= 0; depth--) {
      const node =
        depth === 0
          ? document.contents
          : (document.getIn(path.slice(0, depth), true) as { range?: readonly number[] } | undefined)
      const start = node?.range?.[0]
      if (start !== undefined)
        return path.length === 0
          ? `${name}:${lines.linePos(start).line}`
          : `${name}:${lines.linePos(start).line} ${path.join('.')}`
    }
    return name
  }
  const value: unknown = document.toJS()
  const parsed = Mapping.safeParse(value)
  if (parsed.success) return { mapping: parsed.data, place }
  return { issues: parsed.error.issues.flatMap((issue) => issuesOf(issue, value, place)) }
}

function issuesOf(issue: z.core.$ZodIssue, root: unknown, place: (path: readonly (string | number)[]) => string): Issue[] {
  const path = issue.path.map((step) => (typeof step === 'symbol' ? String(step) : step))
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => {
      const known =
        path.join('.') === 'columns'
          ? Object.keys(Mapping.shape.columns.shape)
          : path.length === 0
            ? Object.keys(Mapping.shape)
            : ['column', 'unit', 'scale']
      const near = nearest(key, known)
      const hint = near === undefined ? `known: ${known.join(', ')}` : `is it ${near}?`
      return {
        code: 'unknown-key',
        severity: 'error',
        place: place([...path, key]),
        message: `no such member; ${hint}`,
        value: shown(key),
      }
    })
  }
  const value = path.reduce<unknown>((at, step) => (at as Record<string | number, unknown> | undefined)?.[step], root)
  const message = value === undefined ? 'this member is needed and missing' : issue.message
  const base = {
    code: value === undefined ? 'missing-member' : 'bad-value',
    severity: 'error' as const,
    place: place(path),
    message,
  }
  return [value === undefined ? base : { ...base, value: shown(value) }]
}
