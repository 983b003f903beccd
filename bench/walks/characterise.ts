/**
 * From a trace file to its characterisation, against a bare DuckDB scan of the same gzip file: each measurement in a process of its own, in turns, so
 * that peak memory is the walk’s own and a noisy machine is shared fairly.
 *
 * `count` is `SELECT count(*)`; `aggregate` what a small study would ask in one query: per column mean, spread and a few quantiles, and a count a
 * user; `read` is `readTrace` alone, `walk` is `readTrace` and `characterise`, the figure the aim is about: at most 4 × the scan, under 1 GiB.
 * One core does read and characterise, DuckDB has all. Needs the real traces in ../shared/data.
 */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { DuckDBInstance } from '@duckdb/node-api'
import { characterise } from 'halftone/characterise'
import { isRefusal } from 'halftone/model'
import { readTrace } from 'halftone/trace'
import { save } from '../save.js'

const DATA = '../shared/data'
const RUNS = 5

interface Case {
  readonly file: string
  readonly table: string
  readonly columns: readonly string[]
  readonly user: string
}

const CASES: Readonly<Record<string, Case>> = {
  'google-jobs': {
    file: `${DATA}/google2011/jobs.csv.gz`,
    table: `read_csv('${DATA}/google2011/jobs.csv.gz')`,
    columns: ['submit_s', 'first_schedule_s - submit_s', 'end_s - first_schedule_s'],
    user: '"user"',
  },
  ricc: {
    file: `${DATA}/ricc/RICC-2010-2.swf.gz`,
    table: `(SELECT string_split_regex(trim(line), '\\s+') AS f FROM read_csv('${DATA}/ricc/RICC-2010-2.swf.gz', columns = {line: 'VARCHAR'}, delim = '\x01', quote = '', escape = '', header = false, auto_detect = false) WHERE line NOT LIKE ';%')`,
    columns: ['f[2]::DOUBLE', 'f[3]::DOUBLE', 'f[4]::DOUBLE', 'f[5]::DOUBLE'],
    user: 'f[12]',
  },
}
const STEPS = ['count', 'aggregate', 'read', 'walk'] as const
type Step = (typeof STEPS)[number]

interface Sample {
  readonly seconds: number
  readonly peakMegabytes: number
  readonly rows: number
}

async function measure(name: string, step: Step): Promise<Sample> {
  const { file, table, columns, user } = CASES[name]!
  let rows = 0
  let started: number
  if (step === 'read' || step === 'walk') {
    started = performance.now()
    const reading = await readTrace(file)
    if (!reading.ok) throw new Error(JSON.stringify(reading))
    rows = reading.trace.jobs.count
    if (step === 'walk') {
      const study = characterise(reading.trace)
      if (isRefusal(study)) throw new Error(study.message)
      rows = study.source.used
    }
  } else {
    const instance = await DuckDBInstance.create(':memory:', {
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
    })
    const connection = await instance.connect()
    const figures = columns.map(
      (x) => `avg(${x}), var_pop(${x}), min(${x}), max(${x}), quantile_cont(${x}, [0.5, 0.9, 0.95, 0.99])`,
    )
    started = performance.now()
    const query =
      step === 'count'
        ? `SELECT count(*) FROM ${table}`
        : `SELECT count(*), count(DISTINCT ${user}), ${figures.join(', ')} FROM ${table}`
    rows = Number((await connection.runAndReadAll(query)).getRows()[0]![0])
  }
  return { seconds: (performance.now() - started) / 1000, peakMegabytes: process.resourceUsage().maxRSS / 1024, rows }
}

const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[values.length >> 1]!

if (process.env['HALFTONE_BENCH_CHARACTERISE']) {
  const [name, step] = process.env['HALFTONE_BENCH_CHARACTERISE'].split('|') as [string, Step]
  process.stdout.write(`${JSON.stringify(await measure(name, step))}\n`)
} else if (!existsSync(CASES['google-jobs']!.file)) {
  process.stdout.write(`the real traces are not at ${DATA}: nothing to measure\n`)
} else {
  const results: Record<string, unknown>[] = []
  process.stdout.write(`median of ${RUNS} processes each, in turns; Node ${process.version}\n`)
  process.stdout.write('case         step          rows   seconds  (least–most)    rows/s  × count  × aggregate  peak MB\n')
  for (const name of Object.keys(CASES)) {
    const samples = new Map<Step, Sample[]>(STEPS.map((step) => [step, []]))
    for (let run = 0; run < RUNS; run++) {
      for (const step of STEPS) {
        const child = spawnSync(process.execPath, [...process.execArgv, fileURLToPath(import.meta.url)], {
          env: { ...process.env, HALFTONE_BENCH_CHARACTERISE: `${name}|${step}` },
          encoding: 'utf8',
        })
        if (child.status !== 0) throw new Error(`${name} ${step}: ${child.stderr}`)
        samples.get(step)!.push(JSON.parse(child.stdout) as Sample)
      }
    }
    const seconds = (step: Step) => median(samples.get(step)!.map((sample) => sample.seconds))
    for (const step of STEPS) {
      const all = samples.get(step)!
      const row = {
        case: name,
        step,
        rows: all[0]!.rows,
        seconds: seconds(step),
        least: Math.min(...all.map((sample) => sample.seconds)),
        most: Math.max(...all.map((sample) => sample.seconds)),
        timesCount: seconds(step) / seconds('count'),
        timesAggregate: seconds(step) / seconds('aggregate'),
        peakMegabytes: Math.max(...all.map((sample) => sample.peakMegabytes)),
      }
      results.push(row)
      process.stdout.write(
        `${[
          name.padEnd(12),
          step.padEnd(10),
          String(row.rows).padStart(7),
          row.seconds.toFixed(3).padStart(9),
          `(${row.least.toFixed(2)}–${row.most.toFixed(2)})`.padStart(13),
          String(Math.round(row.rows / row.seconds)).padStart(9),
          row.timesCount.toFixed(2).padStart(8),
          row.timesAggregate.toFixed(2).padStart(12),
          row.peakMegabytes.toFixed(0).padStart(8),
        ].join(' ')}\n`,
      )
    }
  }
  save('walks/characterise', results, { runs: RUNS })
}
