/** The history that a cluster tells of itself: a table of text, as `sacct` prints it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readTrace } from '../../trace/index.js'
import { type History, historyOfTrace } from './history.js'

/** Undefined where the table holds no job that can be used. The reader of traces reads files: the text is put into one of its own, which goes at once. */
export async function historyOfText(text: string): Promise<History | undefined> {
  const directory = mkdtempSync(join(tmpdir(), 'halftone-history-'))
  try {
    const path = join(directory, 'history.txt')
    writeFileSync(path, text, { mode: 0o600 })
    const reading = await readTrace(path, { format: 'sacct', timeZone: 'UTC' })
    return reading.ok ? historyOfTrace(reading.trace) : undefined
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}
