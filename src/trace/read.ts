import { IssueCollector, shown } from '../model/index.js'
import { readDelimited } from './delimited.js'
import { FORMATS } from './formats.js'
import { isTimeZone } from './instant.js'
import { looksLikeLedger, readLedger } from './ledger.js'
import { type LocatedMapping, readMapping } from './mapping.js'
import { readParquet } from './parquet.js'
import { chooseMapped, chooseTable } from './recognise.js'
import type { ReadOptions, TraceReading } from './result.js'
import { openSource } from './source.js'
import { nearest } from './spelling.js'
import { looksLikeSwf, readSwf } from './swf.js'
import { type Chunks, HEAD_BYTES, headTrouble, withHead } from './text.js'

/**
 * Reads a trace: recognises the format from the content, gunzips where needed, and returns columns with everything that was wrong with the
 * file beside them.
 *
 * Rows that cannot be used are dropped, values that cannot be are left out, each with an issue at `file:line`; input that cannot be read at all
 * gives `ok: false` with every issue; input that can be read but holds no usable row, a `no-data` refusal. Nothing is thrown but faults.
 *
 * @example
 * const reading = await readTrace('jobs.csv.gz')
 * if (reading.ok) console.log(reading.trace.jobs.count)
 */
export async function readTrace(path: string, options: ReadOptions = {}): Promise<TraceReading> {
  const issues = new IssueCollector(options.keepIssues ?? 20)
  const failed = (): TraceReading => ({ ok: false, issues: issues.report() })
  const add = (code: string, place: string, message: string, value?: string): void =>
    issues.add(
      value === undefined
        ? { code, severity: 'error', place, message }
        : { code, severity: 'error', place, message, value: shown(value) },
    )

  const wanted = options.format
  if (wanted !== undefined && !FORMATS.some(({ name }) => name === wanted)) {
    const near = nearest(
      wanted,
      FORMATS.map(({ name }) => name),
    )
    const hint = near === undefined ? '' : `, is it ${near}?`
    add('unknown-format', '--format', `no such format${hint} Known: ${FORMATS.map(({ name }) => name).join(', ')}`, wanted)
  }
  if (options.timeZone !== undefined && !isTimeZone(options.timeZone)) {
    add('unknown-time-zone', '--time-zone', 'no such time zone; give an IANA name such as Europe/Berlin', options.timeZone)
  }
  let mapping: LocatedMapping | undefined
  if (options.mapping !== undefined) {
    const read = await readMapping(options.mapping)
    if ('issues' in read) for (const issue of read.issues) issues.add(issue)
    else mapping = read
  }
  if (mapping && wanted !== undefined && wanted !== 'csv' && wanted !== 'parquet') {
    add(
      'mapping-and-format',
      '--format',
      'a mapping says which column is what, and so does this format: give one of the two',
      wanted,
    )
  }
  const source = await openSource(path)
  if ('code' in source) issues.add(source)
  if ('code' in source || issues.report().counts.length > 0) return failed()
  if (source.kind === 'parquet') return readParquet(path, source.size, mapping, issues, options)
  if (wanted === 'parquet') {
    add('not-parquet', path, 'this is no Parquet file')
    return failed()
  }

  const { trouble, ...chunks } = await withHead(source.chunks(), HEAD_BYTES)
  const content: Chunks = { source, ...chunks }
  const giveUp = async (): Promise<TraceReading> => {
    await content.rest.return(undefined)
    return failed()
  }
  const strange = trouble && content.head.length === 0 ? undefined : headTrouble(content.head, path)
  if (strange) issues.add(strange)
  if (strange || content.head.length === 0) {
    if (trouble) add(trouble.code, `${path}:1`, trouble.message)
    return giveUp()
  }
  if (wanted === 'swf' || (wanted === undefined && !mapping && looksLikeSwf(content.head.toString('latin1', 0, 1 << 16)))) {
    return readSwf(path, source.size, content, issues, options)
  }
  if (wanted === 'ledger' || (wanted === undefined && !mapping && looksLikeLedger(content.head.toString('latin1', 0, 4096)))) {
    return readLedger(path, source.size, content, issues, options)
  }
  const table = mapping ? chooseMapped(path, content.head, mapping, issues) : chooseTable(path, content.head, wanted, issues)
  if (!table) {
    if (trouble) add(trouble.code, path, trouble.message)
    return giveUp()
  }
  return readDelimited(path, source.size, content, table, issues, options)
}
