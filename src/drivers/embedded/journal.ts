/**
 * The journal of an embedded cluster: everything that its scheduler was told, one JSON value a line, written before it is acted on. Told the same
 * again, a scheduler is in the same state: that is how a daemon that was killed goes on. What a controller asked for is on disk before it is answered.
 */
import {
  closeSync,
  existsSync,
  fdatasyncSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readFileSync,
  truncateSync,
  writeSync,
} from 'node:fs'
import { type ClusterAction, type JobSpec, type Refusal, refuse } from '../../model/index.js'
import type { ProcessIdentity } from '../ledger/process.js'
import type { SchedulerDiscipline, TaskEnd, TaskRef } from '../scheduler/index.js'
import type { Anchor } from './clock.js'

export const JOURNAL_SCHEMA = 'halftone/embedded-journal/1'

/** What the scheduler of the cluster was made with; it stays so for as long as the journal. */
export interface ClusterShape {
  readonly nodes: readonly { readonly name: string; readonly slots: number }[]
  readonly engine: 'shared' | 'exclusive'
  readonly discipline: SchedulerDiscipline
}

export type JournalEntry =
  | { readonly entry: 'made'; readonly schema: typeof JOURNAL_SCHEMA; readonly shape: ClusterShape }
  /** A daemon began to serve; times from here on are by this anchor. */
  | {
      readonly entry: 'opened'
      readonly at: number
      readonly process: number
      readonly anchor: Anchor
      readonly mechanism: string
    }
  | { readonly entry: 'submit'; readonly at: number; readonly spec: JobSpec }
  | {
      readonly entry: 'act'
      readonly at: number
      readonly action: Exclude<ClusterAction, { kind: 'submit' }>
      /** Which controller asked for it; absent: the daemon took back what a controller had done. */
      readonly by?: string
    }
  | { readonly entry: 'started'; readonly at: number; readonly task: TaskRef; readonly process: ProcessIdentity }
  | { readonly entry: 'ended'; readonly at: number; readonly task: TaskRef; readonly end: TaskEnd }
  | { readonly entry: 'stopped'; readonly at: number; readonly task: TaskRef; readonly cpuSeconds: number }
  | { readonly entry: 'lost'; readonly at: number; readonly task: TaskRef; readonly reason: string }
  | { readonly entry: 'lease'; readonly at: number; readonly what: 'taken' | 'given back' | 'lapsed'; readonly by: string }
  | { readonly entry: 'closed'; readonly at: number; readonly reason: string }

export class Journal {
  private readonly file: number
  private length: number

  constructor(path: string) {
    this.file = openSync(path, 'a', 0o600)
    this.length = fstatSync(this.file).size
  }

  /** `durable`: on disk before this returns, whatever becomes of the machine. Throws where nothing was written. */
  write(entry: JournalEntry, durable = false): void {
    const line = Buffer.from(`${JSON.stringify(entry)}\n`)
    try {
      for (let written = 0; written < line.length; ) written += writeSync(this.file, line, written)
      if (durable) fdatasyncSync(this.file)
    } catch (error) {
      // the disk is full: no half line is left for the next to follow
      ftruncateSync(this.file, this.length)
      throw new Error('the journal could not be written', { cause: error })
    }
    this.length += line.length
  }

  close(): void {
    fdatasyncSync(this.file)
    closeSync(this.file)
  }
}

/** All entries of a journal, none where there is no file. A last line that was cut short is cut off; any other that cannot be read is refused. */
export function readJournal(path: string): JournalEntry[] | Refusal {
  if (!existsSync(path)) return []
  const bytes = readFileSync(path)
  const whole = bytes.lastIndexOf(10) + 1
  if (whole < bytes.length) truncateSync(path, whole)
  const entries: JournalEntry[] = []
  for (const [i, line] of bytes.subarray(0, whole).toString('utf8').split('\n').slice(0, -1).entries()) {
    try {
      entries.push(JSON.parse(line) as JournalEntry)
    } catch {
      return refuse('no-data', `${path}:${i + 1}: this line of the journal cannot be read`)
    }
  }
  const [first] = entries
  if (first !== undefined && (first.entry !== 'made' || first.schema !== JOURNAL_SCHEMA))
    return refuse('unsupported', `${path}:1: this is no journal of an embedded cluster (${JOURNAL_SCHEMA})`)
  return entries
}
