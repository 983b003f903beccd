/**
 * One holder at a time: a lock is a file beside the ledger that says who holds it. It is made under another name and linked into its place, which
 * succeeds for one alone. The lock of a process that is gone is taken over: moved away first, and put back if another was quicker.
 */

import { randomUUID } from 'node:crypto'
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { identityOf, type ProcessIdentity, stillRuns } from './process.js'

export interface Holder extends ProcessIdentity {
  readonly since: string
  readonly token: string
}

export type Locked = { readonly ok: true; release(): void } | { readonly ok: false; readonly holder: Holder | undefined }

export function takeLock(path: string): Locked {
  const token = randomUUID()
  const mine: Holder = { ...identityOf(process.pid)!, since: new Date().toISOString(), token }
  const draft = `${path}.${token}`
  writeFileSync(draft, `${JSON.stringify(mine)}\n`, { mode: 0o600 })
  try {
    for (let round = 0; round < 5; round++) {
      if (linked(draft, path)) return { ok: true, release: () => release(path, token) }
      const holder = holderOf(path)
      if (holder === 'gone') continue
      if (holder !== 'unreadable' && stillRuns(holder)) return { ok: false, holder }
      moveAway(path, holder)
    }
    const holder = holderOf(path)
    return { ok: false, holder: typeof holder === 'string' ? undefined : holder }
  } finally {
    rmSync(draft, { force: true })
  }
}

function linked(draft: string, path: string): boolean {
  try {
    linkSync(draft, path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

function holderOf(path: string): Holder | 'gone' | 'unreadable' {
  try {
    const holder = JSON.parse(readFileSync(path, 'utf8')) as Holder
    return Number.isSafeInteger(holder.process) ? holder : 'unreadable'
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'gone' : 'unreadable'
  }
}

/** Moves a stale lock away; what was moved turns out to be another’s fresh one where that one was quicker, and then goes back. */
function moveAway(path: string, stale: Holder | 'unreadable'): void {
  const away = `${path}.${randomUUID()}`
  try {
    renameSync(path, away)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
    throw error
  }
  const moved = holderOf(away)
  if (typeof moved !== 'string' && (stale === 'unreadable' || moved.token !== stale.token)) linked(away, path)
  rmSync(away, { force: true })
}

function release(path: string, token: string): void {
  const holder = holderOf(path)
  if (typeof holder !== 'string' && holder.token === token) rmSync(path, { force: true })
}
