import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { OUTCOMES } from '../model/index.js'
import { readTrace } from './read.js'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'halftone-ledger-trace-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const line = (sequence: number, given: object): string =>
  JSON.stringify({ schema: 'halftone/ledger/1', sequence, atSeconds: 1_700_000_100 + sequence, controller: 'c', ...given })
const job = (sequence: number, given: object): string =>
  line(sequence, { kind: 'job', job: `j${sequence}`, state: 'complete', submitSeconds: 1_700_000_000, slots: 2, ...given })

describe('a ledger as a trace', () => {
  it('has a row a job that ended, with its class as group, and counts what else the ledger says', async () => {
    const path = join(folder, 'one.jsonl')
    const lines = [
      line(0, { kind: 'opened', driver: 'replay', commit: true }),
      job(1, { className: 'high', startSeconds: 1_700_000_010, endSeconds: 1_700_000_030, restarts: 1, withdrawn: 3, tasks: 9 }),
      line(2, { kind: 'note', message: 'hello' }),
      job(3, { className: 'low', user: 'ann', state: 'fail', startSeconds: 1_700_000_020, endSeconds: 1_700_000_025 }),
    ]
    writeFileSync(path, `${lines.join('\n')}\n`)
    const reading = await readTrace(path)
    if (!reading.ok) throw new Error(JSON.stringify(reading))
    const { jobs, source, clock, notes } = reading.trace
    expect(source).toMatchObject({ format: 'ledger', rows: 2, used: 2 })
    expect(clock).toMatchObject({ kind: 'unix', originUnixSeconds: 1_700_000_000 })
    expect([...jobs.startSeconds!]).toEqual([10, 20])
    expect([...jobs.runSeconds]).toEqual([20, 5])
    expect([...jobs.slots!]).toEqual([2, 2])
    expect([jobs.attempts![0], Number.isNaN(jobs.attempts![1])]).toEqual([2, true])
    expect([...jobs.group!.codes].map((code) => jobs.group!.labels[code])).toEqual(['high', 'low'])
    expect([...jobs.outcome!].map((code) => OUTCOMES[code])).toEqual(['complete', 'fail'])
    expect(notes.find(({ code }) => code === 'other-lines')?.numbers).toEqual({ rows: 2 })
    expect(notes.find(({ code }) => code === 'withdrawn-tasks')?.numbers).toEqual({ rows: 3 })
  })

  it('passes over a torn last line with a warning at its place', async () => {
    const path = join(folder, 'torn.jsonl')
    writeFileSync(path, `${job(0, { startSeconds: 1_700_000_001, endSeconds: 1_700_000_002 })}\n${job(1, {}).slice(0, 50)}`)
    const reading = await readTrace(path)
    expect(reading.ok && reading.trace.jobs.count).toBe(1)
    expect(reading.ok && reading.trace.issues.kept[0]).toMatchObject({ code: 'bad-line', place: `${path}:2` })
  })
})
