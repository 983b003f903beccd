import type { IssueReport, Refusal } from '../model/index.js'

/** Exit codes of every command. */
export const EXIT = { ok: 0, refused: 1, badInput: 2, fault: 3 } as const
export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** Where a command writes and what it knows of who reads. Handed to the commands, so that tests can run them without a process. */
export interface Io {
  /** The answer: standard output. */
  out(text: string): void
  /** Everything else: standard error. */
  err(text: string): void
  /** Columns of the reader’s terminal. */
  readonly columns: number
  /** May the answer be coloured? Only on a terminal, and not where NO_COLOR is set. */
  readonly colour: boolean
  /** May standard error show a bar that redraws itself? */
  readonly errIsTerminal: boolean
  /** Set by a command; the process ends with it. */
  exitCode: ExitCode
}

/** Ends a command early with an exit code and what to print; thrown by command code, caught at one place. */
export class Stop extends Error {
  constructor(
    readonly code: ExitCode,
    readonly why: { readonly refusal: Refusal } | { readonly issues: IssueReport } | { readonly text: string },
  ) {
    super('stop')
  }
}
