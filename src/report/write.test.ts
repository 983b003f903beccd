import { chmod, mkdir, mkdtemp, readdir, readFile, readlink, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { writeWhole } from './write.js'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'halftone-write-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

describe('writeWhole', () => {
  it('writes the bytes and leaves no other file behind', async () => {
    const path = join(folder, 'plan.json')
    expect(await writeWhole(path, '{"é":1}\n')).toEqual({ ok: true, path })
    expect(await readFile(path, 'utf8')).toBe('{"é":1}\n')
    expect(await readdir(folder)).toEqual(['plan.json'])
  })

  it('replaces a file and keeps its permissions', async () => {
    const path = join(folder, 'a')
    await writeFile(path, 'old and longer')
    await chmod(path, 0o640)
    await writeWhole(path, 'new')
    expect(await readFile(path, 'utf8')).toBe('new')
    expect((await stat(path)).mode & 0o777).toBe(0o640)
  })

  it('follows a link and leaves it a link', async () => {
    await writeFile(join(folder, 'real'), 'old')
    await symlink('real', join(folder, 'link'))
    await writeWhole(join(folder, 'link'), 'new')
    expect(await readlink(join(folder, 'link'))).toBe('real')
    expect(await readFile(join(folder, 'real'), 'utf8')).toBe('new')
  })

  it('a folder in the way, a missing folder, a file for a folder, a name too long: an issue that names the path, and nothing is written', async () => {
    await mkdir(join(folder, 'sub'))
    await writeFile(join(folder, 'file'), 'stays')
    for (const [name, code] of [
      ['sub', 'is-directory'],
      ['missing/x.json', 'no-folder'],
      ['file/x.json', 'no-folder'],
      ['x'.repeat(300), 'name-too-long'],
    ] as const) {
      const path = join(folder, name)
      const result = await writeWhole(path, 'x')
      expect(result).toMatchObject({ ok: false, issue: { code, severity: 'error', place: path } })
    }
    expect((await readdir(folder)).sort()).toEqual(['file', 'sub'])
    expect(await readFile(join(folder, 'file'), 'utf8')).toBe('stays')
  })

  it('when writing fails in the middle the old file stays and the temporary one goes', async () => {
    const path = join(folder, 'a.html')
    await writeFile(path, 'old')
    await expect(writeWhole(path, { not: 'bytes' } as never)).rejects.toThrow(/could not write .*a\.html/)
    expect(await readFile(path, 'utf8')).toBe('old')
    expect(await readdir(folder)).toEqual(['a.html'])
  })

  it.skipIf(process.platform !== 'linux')('a full disk is an issue', async () => {
    expect(await writeWhole('/dev/full', 'x'.repeat(100_000))).toMatchObject({
      ok: false,
      issue: { code: 'disk-full', place: '/dev/full' },
    })
  })

  it('of many writers at once one wins whole', async () => {
    const path = join(folder, 'race')
    const texts = Array.from({ length: 8 }, (_, i) => String(i).repeat(200_000))
    await Promise.all(texts.map((text) => writeWhole(path, text)))
    expect(texts).toContain(await readFile(path, 'utf8'))
    expect(await readdir(folder)).toEqual(['race'])
  })
})
