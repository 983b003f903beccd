import { closeSync, fsyncSync, openSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import type { Issue } from '../model/index.js'

/** A value, or what is wrong with the files that it was to come from. */
export type Outcome<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly issues: readonly Issue[] }

export const found = <T>(value: T): Outcome<T> => ({ ok: true, value })

export function wrong(code: string, place: string, message: string): { readonly ok: false; readonly issues: readonly Issue[] } {
  return { ok: false, issues: [{ code, severity: 'error', place, message }] }
}

/** Writes a file whole or not at all, beside its place and then renamed: a task that is stopped leaves no half of a result. */
export function writeWhole(path: string, data: string | Uint8Array): void {
  const part = `${path}.${process.pid}.tmp`
  try {
    const file = openSync(part, 'w')
    try {
      writeFileSync(file, data)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    renameSync(part, path)
  } catch (cause) {
    rmSync(part, { force: true })
    throw cause
  }
}

/** The bytes of a file, or an issue that says why there are none. */
export function readBytes(path: string): Outcome<Uint8Array> {
  return seen(path, () => readFileSync(path))
}

/** The names in a directory, sorted. */
export function readNames(path: string): Outcome<string[]> {
  return seen(path, () => readdirSync(path).sort())
}

function seen<T>(path: string, read: () => T): Outcome<T> {
  try {
    return found(read())
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code
    if (code === 'ENOENT') return wrong('missing', path, 'is not there')
    if (code === 'ENOTDIR') return wrong('missing', path, 'is not there, or is no folder')
    if (code === 'EACCES' || code === 'EPERM') return wrong('no-permission', path, 'may not be read')
    if (code === 'EISDIR') return wrong('is-directory', path, 'is a folder')
    throw cause
  }
}

/** A JSON object that says of itself what it is, or an issue. */
export function readTagged(path: string, schema: string): Outcome<Readonly<Record<string, unknown>>> {
  const read = readBytes(path)
  if (!read.ok) return read
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder().decode(read.value))
  } catch {
    return wrong('not-json', path, 'is not JSON: it was cut short or changed')
  }
  const tagged = typeof value === 'object' && value !== null && (value as { schema?: unknown }).schema === schema
  return tagged ? found(value as Record<string, unknown>) : wrong('schema', path, `is not ${schema}`)
}
