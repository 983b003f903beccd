import { randomBytes } from 'node:crypto'
import { type FileHandle, lstat, open, realpath, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { type Issue, shown } from '../model/index.js'

/** How a write went: the file stands whole, or nothing was changed and the issue says why. */
export type Written = { readonly ok: true; readonly path: string } | { readonly ok: false; readonly issue: Issue }

/**
 * Writes a file whole or not at all: into a temporary file of the same folder, flushed to the disk, then renamed over the target. On failure
 * the temporary file is removed and what was there before stays as it was. A link is followed, so that it stays a link. An existing file
 * keeps its permissions.
 *
 * What the user can mend (folder missing, no permission, a folder in the file’s place, disk full) is an issue that names the path; anything else is thrown.
 */
export async function writeWhole(path: string, data: string | Uint8Array): Promise<Written> {
  let temporary: string | undefined
  try {
    const target = await targetOf(path)
    const old = await stat(target).catch(ignoreMissing)
    if (old?.isDirectory()) return failed(path, 'is-directory', 'is a folder: name a file')
    if (old && !old.isFile()) {
      // A pipe or a device (/dev/stdout) cannot be replaced by a rename.
      const device = await open(target, 'w')
      await finished(device, data)
      return { ok: true, path }
    }
    temporary = join(dirname(target), `.${basename(target).slice(0, 100)}.${randomBytes(6).toString('hex')}.tmp`)
    await finished(await open(temporary, 'wx', old ? old.mode & 0o777 : 0o666), data)
    await rename(temporary, target)
    await syncFolder(dirname(target))
    return { ok: true, path }
  } catch (cause) {
    if (temporary !== undefined) await rm(temporary, { force: true }).catch(() => undefined)
    const known = REASONS[codeOf(cause) ?? '']
    if (known === undefined) throw new Error(`could not write ${shown(path)}`, { cause })
    return failed(path, known[0], known[1])
  }
}

async function finished(file: FileHandle, data: string | Uint8Array): Promise<void> {
  try {
    await file.writeFile(data)
    // A pipe or a device has nothing to flush.
    await file.sync().catch((error: unknown) => {
      if (!['EINVAL', 'ENOTSUP', 'EROFS'].includes(codeOf(error) ?? '')) throw error
    })
  } finally {
    await file.close()
  }
}

/** Where the bytes go: what a link points to, where the path is one. */
async function targetOf(path: string): Promise<string> {
  const link = await lstat(path).catch(ignoreMissing)
  return link?.isSymbolicLink() ? await realpath(path) : resolve(path)
}

/** Makes the rename itself durable where the system lets a folder be flushed. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined)
  await handle?.sync().catch(() => undefined)
  await handle?.close()
}

function ignoreMissing(error: unknown): undefined {
  if (codeOf(error) !== 'ENOENT') throw error
  return undefined
}

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException | undefined)?.code

const REASONS: Readonly<Record<string, readonly [code: string, message: string]>> = {
  ENOENT: ['no-folder', 'its folder does not exist: make it first'],
  ENOTDIR: ['no-folder', 'a part of the path is not a folder'],
  EACCES: ['no-permission', 'there is no permission to write there'],
  EPERM: ['no-permission', 'there is no permission to write there'],
  EROFS: ['no-permission', 'the file system is read-only'],
  EISDIR: ['is-directory', 'is a folder: name a file'],
  ENOSPC: ['disk-full', 'the disk is full'],
  EDQUOT: ['disk-full', 'the disk quota is used up'],
  ENAMETOOLONG: ['name-too-long', 'the name is too long'],
  ELOOP: ['no-folder', 'the links go round in a circle'],
}

const failed = (path: string, code: string, message: string): Written => ({
  ok: false,
  issue: { code, severity: 'error', place: path, message: `cannot be written: ${message}` },
})
