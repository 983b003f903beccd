/** Exit codes of every command: 0 an answer; 1 a refusal, or a goal that is not met; 2 bad input; 3 a fault. */
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

/** Ends a command early, once what is to be said was said; caught at one place. */
export class Stop extends Error {
  constructor(readonly code: ExitCode) {
    super(`stop ${code}`)
  }
}
