import { rename, rm } from 'node:fs/promises'
import type { DuckDBConnection, DuckDBType } from '@duckdb/node-api'
import {
  type IssueCollector,
  type JobColumns,
  LABEL_COLUMNS,
  type LabelColumn,
  NUMBER_COLUMNS,
  OUTCOMES,
  parseNoun,
  type Trace,
  type TraceHeader,
} from '../model/index.js'
import { compact } from './builder.js'
import { identifier, literal, withDuck } from './duck.js'
import { LabelTable, labelColumn } from './labels.js'

const METADATA_KEY = 'halftone'
const CHUNK = 2048

/**
 * Writes a trace to a Parquet file that any tool can query: one row a job, missing values NULL, labels and outcomes as text, and everything
 * else of the trace (clock, units, notes, issues) as JSON under the key `halftone` of the file’s metadata.
 *
 * `readTrace` gives back an equal trace; labels that no job has are not kept and codes are given anew in order of first appearance, which is the
 * order that every reader gives them. The file appears whole or not at all.
 */
export async function writeTrace(trace: Trace, path: string): Promise<void> {
  const { BOOLEAN, DOUBLE, DuckDBDataChunk, VARCHAR } = await import('@duckdb/node-api')
  const { jobs, ...rest } = trace
  const columns: { name: string; type: DuckDBType; values(from: number, to: number): (number | string | boolean | null)[] }[] = []
  for (const name of NUMBER_COLUMNS) {
    const column = jobs[name]
    if (column) {
      columns.push({
        name,
        type: DOUBLE,
        values: (from, to) => Array.from(column.subarray(from, to), (value) => (Number.isNaN(value) ? null : value)),
      })
    }
  }
  const { outcome, leftTruncated } = jobs
  if (outcome)
    columns.push({
      name: 'outcome',
      type: VARCHAR,
      values: (from, to) => Array.from(outcome.subarray(from, to), (code) => OUTCOMES[code]!),
    })
  if (leftTruncated) {
    columns.push({
      name: 'leftTruncated',
      type: BOOLEAN,
      values: (from, to) => Array.from(leftTruncated.subarray(from, to), (flag) => flag === 1),
    })
  }
  for (const name of LABEL_COLUMNS) {
    const column = jobs[name]
    if (column) {
      columns.push({
        name,
        type: VARCHAR,
        values: (from, to) => Array.from(column.codes.subarray(from, to), (code) => column.labels[code] ?? null),
      })
    }
  }
  const temporary = `${path}.${process.pid}.part`
  try {
    await withDuck(async (connection) => {
      await connection.run(`CREATE TABLE jobs (${columns.map(({ name, type }) => `${identifier(name)} ${type}`).join(', ')})`)
      const appender = await connection.createAppender('jobs')
      const types = columns.map(({ type }) => type)
      for (let from = 0; from < jobs.count; from += CHUNK) {
        const to = Math.min(jobs.count, from + CHUNK)
        const chunk = DuckDBDataChunk.create(types, to - from)
        columns.forEach((column, index) => {
          chunk.setColumnValues(index, column.values(from, to))
        })
        appender.appendDataChunk(chunk)
      }
      appender.closeSync()
      const metadata = literal(JSON.stringify(rest))
      await connection.run(
        `COPY jobs TO ${literal(temporary)} (FORMAT parquet, COMPRESSION zstd, KV_METADATA {${METADATA_KEY}: ${metadata}})`,
      )
    })
    await rename(temporary, path)
  } catch (cause) {
    await rm(temporary, { force: true })
    throw new Error(`the trace could not be written to ${path}`, { cause })
  }
}

/** The trace of a file that `writeTrace` wrote; nothing when the file is some other Parquet file; `'bad'` with an issue when it is damaged. */
export async function readStored(
  connection: DuckDBConnection,
  path: string,
  issues: IssueCollector,
): Promise<Trace | 'bad' | undefined> {
  const found = await connection.runAndReadAll(
    `SELECT decode(value) FROM parquet_kv_metadata(${literal(path)}) WHERE decode(key) = ${literal(METADATA_KEY)}`,
  )
  const text = found.getRows()[0]?.[0]
  if (text === undefined) return undefined
  const header = parseNoun(String(text), `${path} metadata`, 'trace')
  if (!header.ok) {
    for (const issue of header.issues) issues.add(issue)
    return 'bad'
  }
  return { ...(header.value as TraceHeader), jobs: await readJobs(connection, path) }
}

async function readJobs(connection: DuckDBConnection, path: string): Promise<JobColumns> {
  const from = `FROM read_parquet(${literal(path)})`
  const counted = await connection.runAndReadAll(`SELECT count(*) ${from}`)
  const count = Number(counted.getRows()[0]![0])
  const described = await connection.runAndReadAll(`DESCRIBE SELECT * ${from}`)
  const names = described.getRows().map((row) => String(row[0]))
  const numbers = NUMBER_COLUMNS.filter((name) => names.includes(name)).map((name) => ({
    name,
    values: new Float64Array(count).fill(Number.NaN),
  }))
  const labels = LABEL_COLUMNS.filter((name) => names.includes(name)).map((name) => ({
    name,
    codes: new Int32Array(count).fill(-1),
    table: new LabelTable(),
  }))
  const outcome = names.includes('outcome') ? new Uint8Array(count) : undefined
  const leftTruncated = names.includes('leftTruncated') ? new Uint8Array(count) : undefined
  const outcomeCodes = new Map<unknown, number>(OUTCOMES.map((name, code) => [name, code]))
  const result = await connection.stream(`SELECT ${names.map(identifier).join(', ')} ${from}`)
  let at = 0
  for (;;) {
    const chunk = await result.fetchChunk()
    if (!chunk || chunk.rowCount === 0) break
    const rows = chunk.rowCount
    const vector = (name: string) => chunk.getColumnVector(names.indexOf(name))
    for (const { name, values } of numbers) {
      const items = vector(name)
      for (let i = 0; i < rows; i++) {
        const value = items.getItem(i)
        if (value !== null) values[at + i] = value as number
      }
    }
    for (const { name, codes, table } of labels) {
      const items = vector(name)
      for (let i = 0; i < rows; i++) {
        const value = items.getItem(i)
        if (value === null) continue
        const bytes = Buffer.from(value as string)
        codes[at + i] = table.code(bytes, 0, bytes.length)
      }
    }
    if (outcome) {
      const items = vector('outcome')
      for (let i = 0; i < rows; i++) outcome[at + i] = outcomeCodes.get(items.getItem(i)) ?? 0
    }
    if (leftTruncated) {
      const items = vector('leftTruncated')
      for (let i = 0; i < rows; i++) leftTruncated[at + i] = items.getItem(i) === true ? 1 : 0
    }
    at += rows
  }
  const numberOf = (name: (typeof NUMBER_COLUMNS)[number]) => numbers.find((column) => column.name === name)?.values
  const labelOf = (name: (typeof LABEL_COLUMNS)[number]): LabelColumn | undefined => {
    const column = labels.find((other) => other.name === name)
    return column && labelColumn(column.codes, column.table)
  }
  return compact({
    count,
    submitSeconds: numberOf('submitSeconds')!,
    startSeconds: numberOf('startSeconds'),
    endSeconds: numberOf('endSeconds'),
    runSeconds: numberOf('runSeconds')!,
    slots: numberOf('slots'),
    slotShare: numberOf('slotShare'),
    outcome,
    priority: numberOf('priority'),
    estimateSeconds: numberOf('estimateSeconds'),
    attempts: numberOf('attempts'),
    cpu: numberOf('cpu'),
    memory: numberOf('memory'),
    leftTruncated,
    id: labelOf('id'),
    user: labelOf('user'),
    queue: labelOf('queue'),
    group: labelOf('group'),
    name: labelOf('name'),
    machine: labelOf('machine'),
    slotType: labelOf('slotType'),
  })
}
