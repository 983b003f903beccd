/**
 * The ledger as the controller writes it: lines numbered without a gap, on disk before the call returns. Where it is kept is handed in; what
 * cannot be written is thrown, and whoever wanted to act on it does not act.
 */
import type { Clock, LedgerEntry } from '../model/index.js'

/** Where a ledger is kept, held by one controller at a time. */
export interface LedgerStore {
  /** What it held when it was opened. */
  readonly entries: readonly LedgerEntry[]
  /** Puts the lines at the end, all or none, and returns once they are on disk. Throws where it cannot. */
  append(entries: readonly LedgerEntry[]): Promise<void>
  /** Gives it back to others. */
  close(): Promise<void>
}

type Body<Entry> = Entry extends LedgerEntry ? Omit<Entry, 'schema' | 'sequence' | 'atSeconds' | 'controller'> : never
/** A line without what every line has. */
export type LedgerBody = Body<LedgerEntry>

export class Journal {
  /** What the ledger held before. */
  readonly before: readonly LedgerEntry[]
  private sequence: number
  private waiting: LedgerBody[] = []

  constructor(
    private readonly store: LedgerStore,
    private readonly clock: Clock,
    /** Names the run of the controller that writes; unique in the ledger. */
    readonly controller: string,
  ) {
    this.before = store.entries
    this.sequence = (store.entries.at(-1)?.sequence ?? -1) + 1
  }

  /** Writes the lines that wait and these; returns once all are on disk. */
  async write(...bodies: readonly LedgerBody[]): Promise<void> {
    const all = [...this.waiting, ...bodies]
    if (all.length === 0) return
    const atSeconds = this.clock.now()
    const lines = all.map(
      (body, i) =>
        ({
          schema: 'halftone/ledger/1',
          sequence: this.sequence + i,
          atSeconds,
          controller: this.controller,
          ...body,
        }) as LedgerEntry,
    )
    await this.store.append(lines)
    this.sequence += lines.length
    this.waiting = []
  }

  /** A line that nothing depends on: it goes out with the next write. */
  later(body: LedgerBody): void {
    this.waiting.push(body)
  }
}

/** A ledger that is kept nowhere: for dry runs. */
export function memoryLedger(): LedgerStore & { readonly written: LedgerEntry[] } {
  const written: LedgerEntry[] = []
  return {
    entries: [],
    written,
    append: async (entries) => {
      written.push(...entries)
    },
    close: async () => {},
  }
}
