/**
 * A ledger in a file: one JSON value a line, put at the end and flushed to the disk before the call returns, by one holder at a time.
 *
 * A last line that was cut short (its writer died) is cut off when the file is opened; anything else that is not a ledger is an issue with its
 * line, and the file is left as it is. A write that fails half way is cut off again, so that the file never holds half a line.
 */
import { closeSync, existsSync, fstatSync, fsyncSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { type IssueReport, LedgerEntry, type Refusal, refuse, reportOf, shown } from '../../model/index.js'
import { takeLock } from './lock.js'

export interface FileLedger {
  readonly path: string
  readonly entries: readonly LedgerEntry[]
  /** The last line that was cut off when it was opened, cut to a readable length. */
  readonly torn?: string
  append(entries: readonly LedgerEntry[]): Promise<void>
  close(): Promise<void>
}

export type LedgerOpening =
  | { readonly ok: true; readonly ledger: FileLedger }
  | { readonly ok: false; readonly issues: IssueReport }
  | Refusal

/** Opens or makes the file and holds it; a refusal says who holds it already. */
export function openLedger(path: string): LedgerOpening {
  let lock: ReturnType<typeof takeLock>
  try {
    lock = takeLock(`${path}.lock`)
  } catch (error) {
    return unusable(path, error)
  }
  if (!lock.ok) return heldBy(path, lock.holder)
  const { release } = lock
  try {
    const isNew = !existsSync(path)
    const reading = isNew ? { ok: true as const, entries: [], bytes: 0 } : readLedger(path)
    if (!reading.ok) {
      release()
      return reading
    }
    const file = openSync(path, 'a', 0o600)
    if (fstatSync(file).size > reading.bytes) ftruncateSync(file, reading.bytes)
    fsyncSync(file)
    if (isNew) flushFolder(dirname(path))
    return { ok: true, ledger: held(path, file, reading, release) }
  } catch (error) {
    release()
    return unusable(path, error)
  }
}

export interface LedgerText {
  readonly ok: true
  readonly entries: readonly LedgerEntry[]
  /** Length of what is whole. */
  readonly bytes: number
  readonly torn?: string
}

/** Reads a ledger without holding it. */
export function readLedger(path: string): LedgerText | { readonly ok: false; readonly issues: IssueReport } {
  const text = readFileSync(path)
  const entries: LedgerEntry[] = []
  let at = 0
  for (let line = 1; at < text.length; line++) {
    const newline = text.indexOf(NEWLINE, at)
    const end = newline < 0 ? text.length : newline
    const content = text.toString('utf8', at, end)
    const place = `${path}:${line}`
    const entry = entryOf(content)
    const isLast = newline < 0 || newline === text.length - 1
    if (isLast && (newline < 0 || !isJson(content)) && isCutLine(content))
      return { ok: true, entries, bytes: at, torn: shown(content) }
    const wrong = (code: string, message: string, value: string) => ({
      ok: false as const,
      issues: reportOf([{ code, severity: 'error', place, message, value }]),
    })
    if (entry === undefined) return wrong('bad-line', 'not a line of a ledger', shown(content))
    if (entry.sequence !== entries.length) {
      const message = `the line’s sequence is ${entry.sequence} where ${entries.length} belongs: lines are missing, or it is not one ledger`
      return wrong('sequence-gap', message, String(entry.sequence))
    }
    entries.push(entry)
    at = end + 1
  }
  return { ok: true, entries, bytes: text.length }
}

function held(path: string, file: number, { entries, bytes, torn }: Omit<LedgerText, 'ok'>, release: () => void): FileLedger {
  let length = bytes
  let broken: unknown
  let closed = false
  return {
    path,
    entries,
    ...(torn === undefined ? {} : { torn }),
    async append(added) {
      if (closed) throw new Error(`${path} was closed`)
      if (broken !== undefined) throw new Error(`${path} could not be mended after a write that failed`, { cause: broken })
      const text = Buffer.from(added.map((entry) => `${JSON.stringify(entry)}\n`).join(''))
      try {
        for (let done = 0; done < text.length; ) done += writeSync(file, text, done)
        fsyncSync(file)
        length += text.length
      } catch (error) {
        try {
          ftruncateSync(file, length)
          fsyncSync(file)
        } catch (again) {
          broken = again
        }
        throw new Error(`${path} cannot be written`, { cause: error })
      }
    },
    async close() {
      if (closed) return
      closed = true
      closeSync(file)
      release()
    },
  }
}

function entryOf(line: string): LedgerEntry | undefined {
  try {
    return LedgerEntry.safeParse(JSON.parse(line)).data
  } catch {
    return undefined
  }
}

function isJson(line: string): boolean {
  try {
    JSON.parse(line)
    return true
  } catch {
    return false
  }
}

/** The beginning of a line of a ledger, or zeros that a system left where it was to be; any other text is not cut off. */
function isCutLine(line: string): boolean {
  return line.startsWith(BEGINNING) || BEGINNING.startsWith(line) || /^\0+$/.test(line)
}

function heldBy(path: string, holder: { readonly process: number; readonly since: string } | undefined): Refusal {
  const who = holder ? `process ${holder.process} holds it since ${holder.since}` : 'somebody else is taking hold of it'
  return refuse('unsupported', `${path} is in use: ${who}. One controller at a time; end it, or name another ledger`)
}

const WHY: Readonly<Record<string, string>> = {
  ENOENT: 'its folder does not exist: make it first',
  ENOTDIR: 'a part of the path is not a folder',
  EACCES: 'there is no permission to read and write there',
  EPERM: 'there is no permission to read and write there',
  EROFS: 'the file system is read-only',
  EISDIR: 'is a folder: name a file',
  ENOSPC: 'the disk is full',
}

function unusable(path: string, error: unknown): LedgerOpening {
  const why = WHY[(error as NodeJS.ErrnoException).code ?? '']
  if (why === undefined) throw error
  return { ok: false, issues: reportOf([{ code: 'ledger-unusable', severity: 'error', place: path, message: why }]) }
}

/** The name of a new file is on disk only once its folder is. */
function flushFolder(folder: string): void {
  const handle = openSync(folder, 'r')
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}

const NEWLINE = 10
const BEGINNING = '{"schema":"halftone/ledger/1"'
