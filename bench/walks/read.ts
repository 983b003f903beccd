/**
 * Reading a trace against a bare DuckDB scan of the same gzip file, each in a process of its own, in turns, so that peak memory and a noisy machine
 * are shared fairly: rows a second, time as a multiple of the scan, and the process’s peak resident memory (Node alone is about 45 MB).
 *
 * `count` is `SELECT count(*)`; `aggregate` adds the sums and one quantile that any use of the table needs; `typed columns` is DuckDB handing
 * over the columns that the reader keeps, numbers into typed arrays and labels as strings: what reading through DuckDB would cost.
 * Needs the real traces in ../shared/data.
 */
import type { DuckDBConnection } from '@duckdb/node-api'
import { readTrace } from 'halftone/trace'
import { againstScan, bareDuck, DATA, type Scanned, swfLines } from '../against-scan.js'

interface Case extends Scanned {
  /** The columns as DuckDB would give them to a reader. */
  readonly columns: string
}

const CASES: Readonly<Record<string, Case>> = {
  'google-jobs': {
    file: `${DATA}/google2011/jobs.csv.gz`,
    count: `SELECT count(*) FROM read_csv('${DATA}/google2011/jobs.csv.gz')`,
    aggregate: `SELECT count(*), sum(submit_s), max(end_s), quantile_cont(end_s - submit_s, 0.5) FROM read_csv('${DATA}/google2011/jobs.csv.gz')`,
    columns: `SELECT submit_s, first_schedule_s, end_s, sched_class::DOUBLE, n_schedule::DOUBLE, end_event::DOUBLE, job_id::VARCHAR, "user"::VARCHAR, logical_name::VARCHAR
      FROM read_csv('${DATA}/google2011/jobs.csv.gz')`,
  },
  'google-tasks': {
    file: `${DATA}/google2011/task_attempts.csv.gz`,
    count: `SELECT count(*) FROM read_csv('${DATA}/google2011/task_attempts.csv.gz')`,
    aggregate: `SELECT count(*), sum(submit_s), max(end_s), quantile_cont(end_s - submit_s, 0.5) FROM read_csv('${DATA}/google2011/task_attempts.csv.gz')`,
    columns: `SELECT submit_s, schedule_s, end_s, priority::DOUBLE, attempt::DOUBLE, cpu_req, mem_req, end_event::DOUBLE, job_id::VARCHAR, "user"::VARCHAR, task::VARCHAR, machine_id::VARCHAR
      FROM read_csv('${DATA}/google2011/task_attempts.csv.gz')`,
  },
  ricc: {
    file: `${DATA}/ricc/RICC-2010-2.swf.gz`,
    count: `SELECT count(*) FROM ${swfLines(`${DATA}/ricc/RICC-2010-2.swf.gz`)}`,
    aggregate: `SELECT count(*), sum(f[2]::DOUBLE), max(f[4]::DOUBLE), quantile_cont(f[4]::DOUBLE, 0.5) FROM ${swfLines(`${DATA}/ricc/RICC-2010-2.swf.gz`)}`,
    columns: `SELECT f[2]::DOUBLE, f[3]::DOUBLE, f[4]::DOUBLE, f[5]::DOUBLE, f[9]::DOUBLE, f[10]::DOUBLE, f[11]::DOUBLE, f[1], f[12], f[13], f[15]
      FROM ${swfLines(`${DATA}/ricc/RICC-2010-2.swf.gz`)}`,
  },
  philly: {
    file: `${DATA}/philly/philly_jobs.csv.gz`,
    count: `SELECT count(*) FROM read_csv('${DATA}/philly/philly_jobs.csv.gz')`,
    aggregate: `SELECT count(*), sum(epoch("timestamp")), max(duration), quantile_cont(duration, 0.5) FROM read_csv('${DATA}/philly/philly_jobs.csv.gz')`,
    columns: `SELECT epoch("timestamp"), duration, num_gpus::DOUBLE, "cluster" FROM read_csv('${DATA}/philly/philly_jobs.csv.gz')`,
  },
}

async function typedColumns(connection: DuckDBConnection, query: string): Promise<number> {
  const result = await connection.stream(query)
  const columns: { numbers?: Float64Array; labels?: Map<string, number>; codes?: Int32Array }[] = []
  let rows = 0
  for (;;) {
    const chunk = await result.fetchChunk()
    if (!chunk || chunk.rowCount === 0) return rows
    for (let index = 0; index < chunk.columnCount; index++) {
      const vector = chunk.getColumnVector(index)
      const text = String(vector.type) === 'VARCHAR'
      const column = (columns[index] ??= text
        ? { labels: new Map(), codes: new Int32Array(1 << 20) }
        : { numbers: new Float64Array(1 << 20) })
      for (let i = 0; i < chunk.rowCount; i++) {
        const value = vector.getItem(i)
        if (column.numbers) column.numbers[rows + i] = value === null ? Number.NaN : (value as number)
        else if (value !== null) {
          let code = column.labels!.get(value as string)
          if (code === undefined) column.labels!.set(value as string, (code = column.labels!.size))
          column.codes![rows + i] = code
        }
      }
    }
    rows += chunk.rowCount
  }
}

await againstScan('walks/read', import.meta.url, CASES, {
  'typed columns': async ({ columns }) => {
    const connection = await bareDuck()
    return () => typedColumns(connection, columns)
  },
  readTrace:
    async ({ file }) =>
    async () => {
      const reading = await readTrace(file)
      if (!reading.ok) throw new Error(JSON.stringify(reading))
      return reading.trace.jobs.count
    },
})
