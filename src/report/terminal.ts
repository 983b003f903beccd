import Table from 'cli-table3'
import pc from 'picocolors'
import { withoutControls } from './html.js'

/** How a terminal report is to look. Colour is asked for by the caller, who knows whether this is a terminal; default off, 100 columns. */
export interface TextOptions {
  readonly colour?: boolean
  readonly width?: number
}

/** The kit a text report is written with. */
export interface Ink {
  readonly width: number
  readonly bold: (text: string) => string
  readonly dim: (text: string) => string
  readonly good: (text: string) => string
  readonly bad: (text: string) => string
  readonly warn: (text: string) => string
  readonly accent: (text: string) => string
}

/** Ink for the options: with colour off every function returns its text unchanged. */
export function ink({ colour = false, width = 100 }: TextOptions = {}): Ink {
  const c = pc.createColors(colour)
  return {
    // A terminal that does not know its width says 0.
    width: width > 0 ? Math.max(40, Math.floor(width)) : 100,
    bold: c.bold,
    dim: c.dim,
    good: c.green,
    bad: c.red,
    warn: c.yellow,
    accent: c.cyan,
  }
}

export interface Column {
  readonly head: string
  readonly align?: 'left' | 'right'
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences of colours start with a control character
const ESCAPES = /\u001b\[[0-9;]*m/g
const bare = (text: string): string => text.replace(ESCAPES, '')

/** Columns that a text takes: combining marks none, wide East Asian characters and emoji two. */
export function columnsOf(text: string): number {
  let columns = 0
  for (const character of bare(text)) {
    if (/\p{Mn}|\p{Me}|\p{Cf}/u.test(character)) continue
    columns +=
      /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Extended_Pictographic}/u.test(
        character,
      )
        ? 2
        : 1
  }
  return columns
}

const GAP = 2
const NARROWEST = 6
const SIDES = ['top', 'bottom', 'left', 'right'] as const
const NO_LINES = Object.fromEntries(
  [
    ...SIDES,
    ...SIDES.map((side) => `${side}-mid`),
    'top-left',
    'top-right',
    'bottom-left',
    'bottom-right',
    'mid',
    'mid-mid',
    'middle',
  ].map((name) => [name, '']),
)

/**
 * A table without vertical lines: a bold head, a thin rule, then the rows; it is never wider than the ink. Where the rows are too wide, the
 * columns of text (left-aligned) give way and wrap; columns of numbers keep their width as long as they can.
 */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[], pen: Ink, indent = 0): string {
  const room = pen.width - indent - GAP * (columns.length - 1)
  const natural = columns.map((column, i) => Math.max(1, columnsOf(column.head), ...rows.map((row) => columnsOf(row[i] ?? ''))))
  const widths = fitted(natural, columns, room)
  const grid = (cells: readonly (readonly string[])[]): string[] => {
    if (cells.length === 0) return []
    const made = new Table({
      chars: NO_LINES,
      style: { 'padding-left': 0, 'padding-right': GAP, head: [], border: [], compact: true },
      colWidths: widths.map((width) => width + GAP),
      colAligns: columns.map((column) => column.align ?? 'left'),
      wordWrap: true,
    })
    made.push(...cells.map((row) => columns.map((_, i) => breakLong(row[i] ?? '', widths[i]!))))
    return made.toString().split('\n')
  }
  const rule = pen.dim('─'.repeat(widths.reduce((sum, width) => sum + width, 0) + GAP * (columns.length - 1)))
  const lines = [...grid([columns.map((column) => pen.bold(column.head))]), rule, ...grid(rows)]
  return lines.map((line) => (' '.repeat(indent) + line).trimEnd()).join('\n')
}

/** Widths that fit the room: the widest column of text gives way first, then the widest column of any kind. */
function fitted(natural: readonly number[], columns: readonly Column[], room: number): number[] {
  const widths = [...natural]
  const widest = (allowed: (i: number) => boolean): number =>
    widths.reduce((best, width, i) => (allowed(i) && width > NARROWEST && (best < 0 || width > widths[best]!) ? i : best), -1)
  for (let over = widths.reduce((sum, width) => sum + width, 0) - room; over > 0; over--) {
    const text = widest((i) => columns[i]!.align !== 'right' && widths[i]! > 12)
    const i = text >= 0 ? text : widest(() => true)
    if (i < 0) break
    widths[i]!--
  }
  return widths
}

/** Cuts words that are longer than the cell, so that they wrap instead of being cut off. Coloured text is left alone. */
function breakLong(text: string, width: number): string {
  if (bare(text) !== text) return text
  return text
    .split(' ')
    .map((word) => (columnsOf(word) <= width ? word : cut(word, Math.max(1, width)).join(' ')))
    .join(' ')
}

function cut(word: string, width: number): string[] {
  const pieces: string[] = ['']
  for (const character of word) {
    if (columnsOf(pieces.at(-1)! + character) > width) pieces.push('')
    pieces[pieces.length - 1] += character
  }
  return pieces
}

/** Text wrapped at blanks to the ink’s width; lines after the first are indented by `hang`. */
export function wrap(text: string, pen: Ink, indent = 0, hang = indent): string {
  const lines: string[] = []
  let line = ''
  const limit = (): number => Math.max(10, pen.width - (lines.length === 0 ? indent : hang))
  for (const long of text.split(/ +/)) {
    for (const word of bare(long) === long ? cut(long, Math.max(10, pen.width - hang)) : [long]) {
      if (line !== '' && columnsOf(line) + 1 + columnsOf(word) > limit()) {
        lines.push(line)
        line = word
      } else line = line === '' ? word : `${line} ${word}`
    }
  }
  lines.push(line)
  return lines.map((l, i) => (' '.repeat(i === 0 ? indent : hang) + l).trimEnd()).join('\n')
}

/** A heading of a part of a report. */
export function heading(text: string, pen: Ink): string {
  return pen.bold(pen.accent(wrap(text, pen)))
}

/** A list of sentences, each with a mark and hanging lines. */
export function bullets(items: readonly string[], pen: Ink, mark = '•'): string {
  return items.map((item) => wrap(`${mark} ${item}`, pen, 2, 2 + columnsOf(mark) + 1)).join('\n')
}

/** Parts of a report with an empty line between them; empty parts vanish. */
export function parts(...pieces: readonly (string | undefined | false)[]): string {
  return `${pieces.filter((piece) => piece !== undefined && piece !== false && piece !== '').join('\n\n')}\n`
}

const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉']
const LEVELS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█']

/** A horizontal bar of `share` (0 to 1) of `width` columns, to an eighth of a column. */
export function bar(share: number, width: number): string {
  const eighths = Math.round(8 * width * Math.min(1, Math.max(0, Number.isFinite(share) ? share : 0)))
  return '█'.repeat(Math.floor(eighths / 8)) + EIGHTHS[eighths % 8]!
}

/** One column a value, scaled so that the largest is a full block; a value that is missing is a blank, 0 is the lowest block. */
export function sparkline(values: readonly number[]): string {
  const finite = values.filter((v) => Number.isFinite(v))
  const top = Math.max(0, ...finite)
  return values
    .map((v) => (Number.isFinite(v) ? LEVELS[top <= 0 ? 0 : Math.min(7, Math.max(0, Math.floor((v / top) * 7.999)))]! : ' '))
    .join('')
}

/** A name or message from outside, safe to print: no control characters, at most `most` columns. */
export function plain(text: string, most = 200): string {
  const clean = withoutControls(text)
  if (columnsOf(clean) <= most) return clean
  return `${cut(clean, most - 1)[0]!}…`
}
