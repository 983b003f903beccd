import { readFileSync, statSync } from 'node:fs'
import type { Issue, Noun, Valid } from '../model/index.js'
import { parseNoun } from '../model/index.js'

const MOST_BYTES = 64 * 1024 * 1024

/** Reads a noun from a YAML or JSON file; what is wrong with the file itself is an issue as well. */
export function readNoun<N extends Noun>(path: string, noun?: N): Valid<N> & { readonly noun?: N } {
  const wrong = (code: string, message: string): { ok: false; issues: Issue[] } => ({
    ok: false,
    issues: [{ code, severity: 'error', place: path, message }],
  })
  try {
    const stat = statSync(path)
    if (stat.isDirectory()) return wrong('is-a-directory', 'a directory, not a file')
    if (stat.size > MOST_BYTES) return wrong('too-large', `${stat.size} bytes; a value file holds at most ${MOST_BYTES}`)
    const bytes = readFileSync(path)
    if (bytes.includes(0)) return wrong('not-text', 'holds zero bytes: neither YAML nor JSON')
    return parseNoun(bytes.toString('utf8'), path, noun)
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'ENOENT') return wrong('no-such-file', 'there is no such file')
    if (code === 'EACCES') return wrong('not-readable', 'may not be read')
    throw error
  }
}
