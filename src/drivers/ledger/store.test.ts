import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isRefusal, type LedgerEntry } from '../../model/index.js'
import { identityOf } from './process.js'
import { type FileLedger, openLedger, readLedger } from './store.js'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'halftone-ledger-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const note = (sequence: number, message = `line ${sequence}`): LedgerEntry => ({
  schema: 'halftone/ledger/1',
  sequence,
  atSeconds: sequence,
  controller: 'c',
  kind: 'note',
  message,
})
function opened(path: string): FileLedger {
  const opening = openLedger(path)
  if (isRefusal(opening) || !opening.ok) throw new Error(JSON.stringify(opening))
  return opening.ledger
}
async function written(name: string, count: number): Promise<string> {
  const path = join(folder, name)
  const ledger = opened(path)
  await ledger.append(Array.from({ length: count }, (_, i) => note(i)))
  await ledger.close()
  return path
}

describe('a ledger in a file', () => {
  it('gives back what was written, and lets go of its lock when closed', async () => {
    const path = await written('whole.jsonl', 3)
    const ledger = opened(path)
    expect(ledger.entries).toEqual([note(0), note(1), note(2)])
    expect(ledger.torn).toBeUndefined()
    expect(existsSync(`${path}.lock`)).toBe(true)
    await ledger.close()
    expect(existsSync(`${path}.lock`)).toBe(false)
  })

  it('cuts off a torn last line, says so, and goes on behind what is whole', async () => {
    const path = await written('torn.jsonl', 4)
    const whole = readFileSync(path)
    const lineStart = whole.lastIndexOf(10, whole.length - 2) + 1
    for (let cut = lineStart + 1; cut < whole.length; cut++) {
      writeFileSync(path, whole.subarray(0, cut))
      const ledger = opened(path)
      expect(ledger.entries).toHaveLength(3)
      expect(ledger.torn).toBeDefined()
      await ledger.append([note(3, 'again')])
      await ledger.close()
      const reading = readLedger(path)
      expect(reading.ok && reading.entries.at(-1)).toEqual(note(3, 'again'))
      expect(reading.ok && reading.torn).toBeUndefined()
    }
  })

  it.each([
    ['a bad line in the middle', (text: string) => text.replace('"line 1"', '"line 1'), 2, 'bad-line'],
    ['a line that is missing', (text: string) => text.split('\n').toSpliced(1, 1).join('\n'), 2, 'sequence-gap'],
    [
      'a last line that is whole JSON of another kind',
      (text: string) => `${text}{"schema":"halftone/ledger/2"}\n`,
      4,
      'bad-line',
    ],
    ['a file of another kind', () => 'hello', 1, 'bad-line'],
  ])('names %s by its line and leaves the file as it is', async (_, change, line, code) => {
    const path = await written('bad.jsonl', 3)
    const text = change(readFileSync(path, 'utf8'))
    writeFileSync(path, text)
    const opening = openLedger(path)
    expect(!isRefusal(opening) && !opening.ok && opening.issues.kept[0]).toMatchObject({ code, place: `${path}:${line}` })
    expect(readFileSync(path, 'utf8')).toBe(text)
    expect(existsSync(`${path}.lock`)).toBe(false)
    rmSync(path)
  })

  it('refuses a second holder and says who the first is', async () => {
    const path = await written('held.jsonl', 1)
    const ledger = opened(path)
    const second = openLedger(path)
    expect(isRefusal(second) && second.message).toContain(`process ${process.pid} holds it since`)
    await ledger.close()
    await opened(path).close()
  })

  it('takes over the lock of a process that is gone, or whose number another process has now', async () => {
    const path = await written('stale.jsonl', 1)
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' })
    const identity = identityOf(child.pid!)!
    const lock = (given: object) => writeFileSync(`${path}.lock`, JSON.stringify({ since: 'before', token: 't', ...given }))
    lock(identity)
    expect(isRefusal(openLedger(path))).toBe(true)
    if (identity.startTicks !== undefined) {
      lock({ ...identity, startTicks: '1' })
      await opened(path).close()
      lock({ ...identity, boot: 'an earlier run of the machine' })
      await opened(path).close()
    }
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    await ended
    lock(identity)
    await opened(path).close()
  })

  it.skipIf(!existsSync('dist/drivers/index.js'))(
    'cuts off again what a full disk let it write of a line, and says that it could not',
    () => {
      const path = join(folder, 'full.jsonl')
      const script = `
      const { openLedger } = await import('halftone/drivers')
      const { ledger } = openLedger(process.argv[1])
      const line = (sequence) => ({ schema: 'halftone/ledger/1', sequence, atSeconds: 0, controller: 'c', kind: 'note', message: 'x'.repeat(300) })
      let written = 0
      try { for (;;) await ledger.append([line(written++), line(written++)]) } catch (error) { console.log(written - 2, error.message) }`
      // a limit on the size of files, in KiB, fails in the middle of a write as a full disk does
      const given = ['-c', 'ulimit -f 4; exec "$0" --input-type=module -e "$1" "$2"', process.execPath, script, path]
      const { stdout, stderr } = spawnSync('bash', given, { encoding: 'utf8' })
      expect(stderr.replace(/.*nodedir.*\n/g, '')).toBe('')
      expect(stdout.trim()).toBe(`10 ${path} cannot be written`)
      const reading = readLedger(path)
      expect(reading.ok && [reading.entries.length, reading.torn]).toEqual([10, undefined])
    },
  )

  it('says why a place cannot hold a ledger', () => {
    const missing = openLedger(join(folder, 'nowhere', 'ledger.jsonl'))
    expect(!isRefusal(missing) && !missing.ok && missing.issues.kept[0]?.message).toContain('make it first')
  })
})
