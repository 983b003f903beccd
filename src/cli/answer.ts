import { type IssueReport, isRefusal, type Refusal, reportOf } from '../model/index.js'
import { issuesText, progress, refusalText, writeWhole } from '../report/index.js'
import { EXIT, type Io, Stop } from './io.js'
import type { AnswerOptions } from './options.js'

/** An answer in the forms that a reader may want; each is made only when asked for. */
export interface Answer {
  readonly value: unknown
  readonly text: () => string
  readonly page?: () => string
}

/** Prints and writes an answer. Every form is made before the first is written, so a fault leaves nothing half done. */
export async function give(io: Io, options: AnswerOptions, answer: Answer): Promise<void> {
  const json = options.json || options.out ? `${JSON.stringify(answer.value, null, 2)}\n` : ''
  const page = options.html !== undefined ? answer.page?.() : undefined
  const text = options.json ? json : answer.text()
  if (options.out !== undefined) await write(io, options.out, json)
  if (options.html !== undefined && page !== undefined) await write(io, options.html, page)
  io.out(text)
  if (options.quiet) return
  if (options.out !== undefined) io.err(`written: ${options.out}\n`)
  if (options.html !== undefined) io.err(`written: ${options.html}\n`)
}

/** Writes a file whole, or ends the command with the reason. */
export async function write(io: Io, path: string, content: string): Promise<void> {
  const written = await writeWhole(path, content)
  if (!written.ok) stopForIssues(io, reportOf([written.issue]))
}

/** Ends the command with a refusal: exit 1. With --json the refusal is the answer. */
export function stopForRefusal(io: Io, refusal: Refusal, options: AnswerOptions = {}): never {
  if (options.json) io.out(`${JSON.stringify(refusal, null, 2)}\n`)
  else io.err(refusalText(refusal, style(io)))
  throw new Stop(EXIT.refused)
}

/** Ends the command with issues: exit 2. With --json they are the answer. */
export function stopForIssues(io: Io, issues: IssueReport, options: AnswerOptions = {}): never {
  if (options.json) io.out(`${JSON.stringify({ issues }, null, 2)}\n`)
  else io.err(issuesText(issues, style(io)))
  throw new Stop(EXIT.badInput)
}

/** The answer, or the end of the command. */
export function orStop<T>(io: Io, answer: T | Refusal, options: AnswerOptions): T {
  return isRefusal(answer) ? stopForRefusal(io, answer, options) : (answer as T)
}

export function style(io: Io): { colour: boolean; width: number } {
  return { colour: io.colour, width: Math.min(io.columns, 120) }
}

/** Progress on standard error, with an ETA, for work that takes over two seconds. */
export function progressFor(io: Io, label: string, options: AnswerOptions): ReturnType<typeof progress> {
  const stream = { isTTY: io.errIsTerminal, columns: io.columns, write: (text: string) => io.err(text) }
  return progress({ label, quiet: options.quiet === true, stream })
}
