/**
 * Reading a trace against a bare DuckDB scan of the same gzip file, each in a process of its own, in turns, so that peak memory and a noisy machine
 * are shared fairly: rows a second, time as a multiple of the scan, and the process’s peak resident memory (Node alone is about 45 MB).
 *
 * `count` is `SELECT count(*)`; `aggregate` adds the sums and one quantile that any use of the table needs; `typed columns` is DuckDB handing
 * over the columns that the reader keeps, numbers into typed arrays and labels as strings: what reading through DuckDB would cost.
 * Needs the real traces in ../shared/data.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { DuckDBConnection } from '@duckdb/node-api'
import { readTrace } from 'halftone/trace'

const DATA = '../shared/data'
const RUNS = 5

interface Case {
  readonly file: string
  readonly count: string
  readonly aggregate: string
  /** The columns as DuckDB would give them to a reader. */
  readonly columns: string
}

const swfLines = (path: string) =>
  `(SELECT string_split_regex(trim(line), '\\s+') AS f FROM read_csv('${path}', columns = {line: 'VARCHAR'}, delim = '\x01', quote = '', escape = '', header = false, auto_detect = false) WHERE line NOT LIKE ';%')`

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
const STEPS = ['count', 'aggregate', 'typed columns', 'readTrace'] as const
type Step = (typeof STEPS)[number]

/** One measurement: seconds of the work, peak memory of the process so far. */
interface Sample {
  readonly seconds: number
  readonly peakMegabytes: number
  readonly rows: number
}

async function measure(name: string, step: Step): Promise<Sample> {
  const wanted = CASES[name]!
  let rows = 0
  let started: number
  if (step === 'readTrace') {
    started = performance.now()
    const reading = await readTrace(wanted.file)
    if (!reading.ok) throw new Error(JSON.stringify(reading))
    rows = reading.trace.jobs.count
  } else {
    const { DuckDBInstance } = await import('@duckdb/node-api')
    const instance = await DuckDBInstance.create(':memory:', {
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
    })
    const connection = await instance.connect()
    started = performance.now()
    if (step === 'typed columns') rows = await typedColumns(connection, wanted.columns)
    else {
      const result = await connection.runAndReadAll(step === 'count' ? wanted.count : wanted.aggregate)
      rows = Number(result.getRows()[0]![0])
    }
  }
  return { seconds: (performance.now() - started) / 1000, peakMegabytes: process.resourceUsage().maxRSS / 1024, rows }
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

const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[values.length >> 1]!

if (process.env['HALFTONE_BENCH_READ']) {
  const [name, step] = process.env['HALFTONE_BENCH_READ'].split('|') as [string, Step]
  process.stdout.write(`${JSON.stringify(await measure(name, step))}\n`)
} else if (!existsSync(CASES['google-jobs']!.file)) {
  process.stdout.write(`the real traces are not at ${DATA}: nothing to measure\n`)
} else {
  const results: Record<string, unknown>[] = []
  process.stdout.write(`median of ${RUNS} processes each, in turns; times of DuckDB on all cores\n`)
  process.stdout.write('case          step            rows     seconds  (least–most)     rows/s  × count  × aggregate  peak MB\n')
  for (const name of Object.keys(CASES)) {
    const samples = new Map<Step, Sample[]>(STEPS.map((step) => [step, []]))
    for (let run = 0; run < RUNS; run++) {
      for (const step of STEPS) {
        const child = spawnSync(process.execPath, [...process.execArgv, fileURLToPath(import.meta.url)], {
          env: { ...process.env, HALFTONE_BENCH_READ: `${name}|${step}` },
          encoding: 'utf8',
        })
        if (child.status !== 0) throw new Error(`${name} ${step}: ${child.stderr}`)
        samples.get(step)!.push(JSON.parse(child.stdout) as Sample)
      }
    }
    const seconds = (step: Step) => median(samples.get(step)!.map((sample) => sample.seconds))
    for (const step of STEPS) {
      const all = samples.get(step)!.map((sample) => sample.seconds)
      const row = {
        case: name,
        step,
        rows: samples.get(step)![0]!.rows,
        seconds: seconds(step),
        least: Math.min(...all),
        most: Math.max(...all),
        timesCount: seconds(step) / seconds('count'),
        timesAggregate: seconds(step) / seconds('aggregate'),
        peakMegabytes: Math.max(...samples.get(step)!.map((sample) => sample.peakMegabytes)),
      }
      results.push(row)
      process.stdout.write(
        [
          name.padEnd(13),
          step.padEnd(13),
          String(row.rows).padStart(7),
          row.seconds.toFixed(3).padStart(11),
          `(${row.least.toFixed(2)}–${row.most.toFixed(2)})`.padStart(14),
          String(Math.round(row.rows / row.seconds)).padStart(11),
          row.timesCount.toFixed(2).padStart(8),
          row.timesAggregate.toFixed(2).padStart(12),
          row.peakMegabytes.toFixed(0).padStart(8),
        ].join(' ') + '\n',
      )
    }
  }
  if (process.argv.includes('--save')) {
    const folder = fileURLToPath(new URL('../results/walks/', import.meta.url))
    mkdirSync(folder, { recursive: true })
    writeFileSync(`${folder}read.json`, `${JSON.stringify({ runs: RUNS, node: process.version, rows: results }, undefined, 2)}\n`)
  }
}
