import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Trace } from '../model/index.js'
import { readTrace } from './read.js'
import { writeTrace } from './store.js'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'halftone-store-'))
})
afterAll(() => rm(folder, { recursive: true }))

const rows = 5000
const trace: Trace = {
  schema: 'halftone/trace/1',
  source: { path: "it's.csv", format: 'csv', rows: rows + 1, used: rows, bytes: 123 },
  unit: 'job',
  slotUnit: 'GPU',
  clock: { kind: 'unix', originUnixSeconds: 1_500_000_000, timeZone: 'Asia/Tokyo' },
  priorityOrder: 'smaller-first',
  jobs: {
    count: rows,
    submitSeconds: Float64Array.from({ length: rows }, (_, i) => i / 3),
    startSeconds: Float64Array.from({ length: rows }, (_, i) => (i % 7 === 0 ? Number.NaN : i / 3 + 0.1)),
    runSeconds: Float64Array.from({ length: rows }, (_, i) => (i % 5 === 0 ? Number.NaN : 1e-9 * i)),
    slots: new Float64Array(rows).fill(2),
    outcome: Uint8Array.from({ length: rows }, (_, i) => i % 9),
    leftTruncated: Uint8Array.from({ length: rows }, (_, i) => (i < 3 ? 1 : 0)),
    user: { codes: Int32Array.from({ length: rows }, (_, i) => (i % 4) - 1), labels: ['ä "b"', 'a,\nb', ''] },
  },
  issues: {
    counts: [{ code: 'bad-number', severity: 'warning', count: 1, message: 'run is not a number' }],
    kept: [{ code: 'bad-number', severity: 'warning', place: 'it’s.csv:7', message: 'run is not a number', value: "o'clock" }],
  },
  notes: [{ code: 'unsorted', message: 'rows out of order', numbers: { rows: 3 } }],
}

describe('writeTrace', () => {
  it('writes a trace that reads back equal, bit for bit', async () => {
    const path = join(folder, "jo'b.parquet")
    await writeTrace(trace, path)
    const reading = await readTrace(path)
    expect(reading).toEqual({ ok: true, trace })
  })

  it('leaves nothing behind when it fails', async () => {
    await expect(writeTrace(trace, join(folder, 'no', 'such', 'folder.parquet'))).rejects.toThrow('could not be written')
    expect((await readdir(folder)).filter((name) => name.includes('part'))).toEqual([])
  })

  it('says that a damaged Parquet file is one', async () => {
    const path = join(folder, 'damaged.parquet')
    await writeFile(path, Buffer.concat([Buffer.from('PAR1'), Buffer.alloc(500, 7)]))
    const reading = await readTrace(path)
    expect(reading.ok).toBe(false)
    if (!reading.ok) expect(reading.issues.kept[0]).toMatchObject({ code: 'corrupt-parquet', place: path, severity: 'error' })
  })
})
