import { type Issue, type IssueCollector, shown } from '../model/index.js'
import type { RecordScanner, RecordTrouble } from './records.js'
import type { ReadOptions } from './result.js'
import { type ByteSource, notText, SourceTrouble } from './source.js'
import type { TableNote } from './table.js'

/** The content of a text file: its first bytes, already read to recognise it, and the rest. */
export interface Chunks {
  readonly source: ByteSource
  readonly head: Buffer
  readonly rest: AsyncGenerator<Buffer>
}

/** Runs the whole content through a scanner; content that breaks off becomes an issue at the line reached. */
export async function pump(
  { source, head, rest }: Chunks,
  scanner: RecordScanner,
  issues: IssueCollector,
  place: (line: number) => string,
  rows: () => number,
  options: ReadOptions,
): Promise<void> {
  let trouble: SourceTrouble | undefined
  let said = 0
  try {
    scanner.push(head)
    for await (const chunk of rest) {
      scanner.push(chunk)
      if (options.onProgress && source.bytesRead() - said >= 1 << 18) {
        said = source.bytesRead()
        options.onProgress({ bytesRead: said, bytesTotal: source.size, rows: rows() })
      }
    }
  } catch (error) {
    if (!(error instanceof SourceTrouble)) throw error
    trouble = error
  }
  if (trouble) {
    // What lies behind the last whole record is cut off: an error, not one more bad row.
    issues.add({ code: trouble.code, severity: 'error', place: place(scanner.line), message: trouble.message })
  } else scanner.finish()
  options.onProgress?.({ bytesRead: source.size, bytesTotal: source.size, rows: rows() })
}

/** Reports records that cannot be split into fields, and counts each as a row. */
export function troubleReporter(issues: IssueCollector, place: (line: number) => string, count: () => void) {
  const messages: Readonly<Record<RecordTrouble, string>> = {
    'line-too-long': 'the line is longer than 256 KiB; it is dropped',
    'unterminated-quote': 'a quote opens on this line and never closes; the line is dropped',
    'text-after-quote': 'text follows a closing quote; the line is dropped',
  }
  return (trouble: RecordTrouble, line: number, value: string): void => {
    count()
    issues.add({ code: trouble, severity: 'warning', place: place(line), message: messages[trouble], value: shown(value) })
  }
}

/** What the scanner met about the file as a whole: a byte-order mark and mixed line ends as issues, blank and comment lines as notes. */
export function reportShape(scanner: RecordScanner, issues: IssueCollector, place: (line: number) => string): TableNote[] {
  if (scanner.byteOrderMark) {
    const message = 'the file starts with a byte-order mark; it is skipped'
    issues.add({ code: 'byte-order-mark', severity: 'warning', place: place(1), message, value: 'EF BB BF' })
  }
  const ends = scanner.lineEnds
  const firsts = [ends.firstLf, ends.firstCrlf, ends.firstCr].filter((line) => line > 0)
  if (firsts.length > 1) {
    const message = `the file mixes line ends: ${ends.lf} LF, ${ends.crlf} CRLF, ${ends.cr} CR; all are taken`
    issues.add({ code: 'mixed-line-ends', severity: 'warning', place: place(firsts.sort((a, b) => a - b)[1]!), message })
  }
  return [
    { code: 'blank-lines', message: 'lines with nothing on them, passed over', numbers: { rows: scanner.blankLines } },
    { code: 'comment-lines', message: 'comment lines, passed over', numbers: { rows: scanner.commentLines } },
  ]
}

/** Reads until at least `length` bytes or the end are there. Content that breaks off before gives its trouble here and again from `rest`. */
export async function withHead(
  chunks: AsyncGenerator<Buffer>,
  length: number,
): Promise<{ head: Buffer; rest: AsyncGenerator<Buffer>; trouble: SourceTrouble | undefined }> {
  const parts: Buffer[] = []
  let size = 0
  let trouble: SourceTrouble | undefined
  try {
    while (size < length) {
      const next = await chunks.next()
      if (next.done) break
      parts.push(next.value)
      size += next.value.length
    }
  } catch (error) {
    if (!(error instanceof SourceTrouble)) throw error
    trouble = error
  }
  const head = parts.length === 1 ? parts[0]! : Buffer.concat(parts)
  return { head, rest: trouble ? failing(trouble) : chunks, trouble }
}

async function* failing(trouble: SourceTrouble): AsyncGenerator<Buffer> {
  yield* []
  throw trouble
}

/** What is wrong with the first bytes of a text as a table of rows: nothing there, no text, or one endless line. */
export function headTrouble(head: Buffer, path: string): Issue | undefined {
  const wrong = (code: string, message: string): Issue => {
    const value = head
      .subarray(0, 100)
      .toString('latin1')
      .replace(/[^\x20-\x7e]/g, '.')
    return { code, severity: 'error', place: `${path}:1`, message, value: shown(value) }
  }
  if (head.length === 0) return wrong('empty-file', 'the file holds nothing')
  const strange = notText(head.subarray(0, 8192))
  if (strange !== undefined) return wrong('not-text', strange)
  if (head.length >= HEAD_BYTES && !head.includes('\n') && !head.includes('\r')) {
    return wrong('line-too-long', 'the first line is longer than 256 KiB: this is no table of rows')
  }
  return undefined
}

/** How much of a text is read to recognise it. */
export const HEAD_BYTES = 1 << 18
