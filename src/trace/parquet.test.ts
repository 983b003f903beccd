import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { OUTCOMES } from '../model/index.js'
import { literal, withDuck } from './duck.js'
import { readTrace } from './read.js'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'halftone-parquet-'))
})
afterAll(() => rm(folder, { recursive: true }))

async function parquet(name: string, query: string): Promise<string> {
  const path = join(folder, name)
  await withDuck((connection) => connection.run(`COPY (${query}) TO ${literal(path)} (FORMAT parquet)`))
  return path
}

async function mapping(name: string, ...lines: string[]): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, ['schema: halftone/mapping/1', ...lines].join('\n'))
  return path
}

describe('readTrace on Parquet', () => {
  it('reads typed columns through a mapping: times of the wall clock, instants, decimals, integers as labels', async () => {
    const path = await parquet(
      'typed.parquet',
      `SELECT * FROM (VALUES
        (TIMESTAMP '2020-01-01 09:00:00', TIMESTAMPTZ '2020-01-01 00:00:10+00', 1.50::DECIMAL(8, 2), 7::BIGINT, 'ok'),
        (TIMESTAMP '2020-01-01 09:01:00.5', NULL, 2.25, NULL, NULL)) AS t(sent, begun, hours, who, how)`,
    )
    const reading = await readTrace(path, {
      mapping: await mapping(
        'typed.yaml',
        'timeZone: Asia/Tokyo',
        'columns: { submit: sent, start: begun, run: { column: hours, unit: hours }, user: who, outcome: how }',
        'outcomes: { ok: complete }',
      ),
    })
    if (!reading.ok) throw new Error(JSON.stringify(reading))
    const { jobs, clock } = reading.trace
    // 09:00 in Tokyo is midnight UTC.
    expect(clock).toEqual({ kind: 'unix', originUnixSeconds: Date.UTC(2020, 0, 1) / 1000, timeZone: 'Asia/Tokyo' })
    expect([...jobs.submitSeconds]).toEqual([0, 60.5])
    expect([...jobs.startSeconds!]).toEqual([10, Number.NaN])
    expect([...jobs.runSeconds]).toEqual([5400, 8100])
    expect(jobs.user).toEqual({ codes: Int32Array.of(0, -1), labels: ['7'] })
    expect([...jobs.outcome!].map((code) => OUTCOMES[code])).toEqual(['complete', 'unknown'])
  })

  it('places what is wrong with a value by its row', async () => {
    const path = await parquet(
      'bad.parquet',
      `SELECT * FROM (VALUES (0.0, 1.0), ('nan'::DOUBLE, 1.0), (1.0, 'inf'::DOUBLE), (2.0, -3.0), (NULL, 1.0)) AS t(submit, run)`,
    )
    const reading = await readTrace(path)
    if (!reading.ok) throw new Error(JSON.stringify(reading))
    expect(reading.trace.issues.kept.map(({ place, code, value }) => [place.replace(path, ''), code, value])).toEqual([
      [':row 2', 'not-finite', 'NaN'],
      [':row 3', 'not-finite', 'Infinity'],
      [':row 4', 'negative-duration', '-3'],
      [':row 5', 'missing-submit', ''],
    ])
    expect(reading.trace.source).toMatchObject({ rows: 5, used: 3 })
  })

  it('says which columns a mapping or a format asks for in vain, and refuses a table without rows', async () => {
    const path = await parquet('empty.parquet', 'SELECT 1 AS submit, 2 AS length WHERE false')
    const codes = async (options: Parameters<typeof readTrace>[1]) => {
      const reading = await readTrace(path, options)
      return reading.ok
        ? []
        : [...reading.issues.kept.map(({ code }) => code), reading.refusal?.code].filter((code) => code !== undefined)
    }
    expect(await codes({ mapping: await mapping('vain.yaml', 'columns: { submit: sent, run: took }') })).toEqual([
      'unknown-column',
      'unknown-column',
    ])
    expect(await codes({ format: 'google-day1' })).toEqual(Array(4).fill('missing-column'))
    expect(await codes({})).toEqual(['no-data'])
    const strange = await parquet('strange.parquet', 'SELECT 1 AS a')
    expect((await readTrace(strange)) as unknown).toMatchObject({
      ok: false,
      issues: { kept: [{ code: 'unknown-format', place: strange }] },
    })
  })
})
