import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { DuckDBConnection } from '@duckdb/node-api'
import { save } from './save.js'
import { middle } from './timing.js'

export const DATA = '../shared/data'
const RUNS = 5
const CHILD = 'HALFTONE_BENCH_STEP'

/** A trace and what a bare scan of the same file asks of DuckDB. */
export interface Scanned {
  readonly file: string
  readonly count: string
  readonly aggregate: string
}

/** Prepares one step on one trace; what it gives back is timed, and answers the rows it went through. */
export type Step<Case extends Scanned> = (one: Case) => Promise<() => Promise<number>>

/** The lines of a log of the standard workload format as DuckDB gives them: `f` the fields of a line. */
export const swfLines = (path: string): string =>
  `(SELECT string_split_regex(trim(line), '\\s+') AS f FROM read_csv('${path}', columns = {line: 'VARCHAR'}, delim = '\x01', quote = '', escape = '', header = false, auto_detect = false) WHERE line NOT LIKE ';%')`

/** DuckDB in memory, loaded only by the steps that use it, so that it does not count as memory of the others. */
export async function bareDuck(): Promise<DuckDBConnection> {
  const { DuckDBInstance } = await import('@duckdb/node-api')
  const instance = await DuckDBInstance.create(':memory:', {
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  })
  return instance.connect()
}

const query =
  (which: 'count' | 'aggregate'): Step<Scanned> =>
  async (one) => {
    const connection = await bareDuck()
    return async () => Number((await connection.runAndReadAll(one[which])).getRows()[0]![0])
  }

interface Sample {
  readonly seconds: number
  readonly peakMegabytes: number
  readonly rows: number
}

/**
 * Measures steps on traces beside DuckDB's bare scans of the same files (`count`, `aggregate`), each in a process of its own, in turns, so that peak memory is the
 * step's own and a noisy machine is shared fairly: prints medians of five and multiples of the scans, and saves them as `name`. `url` is the benchmark's own,
 * which those processes run again.
 */
export async function againstScan<Case extends Scanned>(
  name: string,
  url: string,
  cases: Readonly<Record<string, Case>>,
  own: Readonly<Record<string, Step<Case>>>,
): Promise<void> {
  const steps: Readonly<Record<string, Step<Case>>> = { count: query('count'), aggregate: query('aggregate'), ...own }
  const asked = process.env[CHILD]
  if (asked !== undefined) {
    const [trace, step] = asked.split('|') as [string, string]
    const run = await steps[step]!(cases[trace]!)
    const started = performance.now()
    const rows = await run()
    const sample: Sample = {
      seconds: (performance.now() - started) / 1000,
      peakMegabytes: process.resourceUsage().maxRSS / 1024,
      rows,
    }
    process.stdout.write(`${JSON.stringify(sample)}\n`)
    return
  }
  const results: Record<string, unknown>[] = []
  process.stdout.write(`median of ${RUNS} processes each, in turns; DuckDB on all cores; Node ${process.version}\n`)
  process.stdout.write('case          step            rows     seconds  (least–most)     rows/s  × count  × aggregate  peak MB\n')
  for (const [trace, { file }] of Object.entries(cases)) {
    if (!existsSync(file)) {
      process.stdout.write(`${trace.padEnd(13)} left out: there is no ${file}\n`)
      continue
    }
    const samples = new Map<string, Sample[]>(Object.keys(steps).map((step) => [step, []]))
    for (let run = 0; run < RUNS; run++) for (const [step, taken] of samples) taken.push(sampleOf(url, trace, step))
    const seconds = (step: string) => middle(samples.get(step)!.map((sample) => sample.seconds))
    for (const [step, taken] of samples) {
      const times = taken.map((sample) => sample.seconds)
      const row = {
        case: trace,
        step,
        rows: taken[0]!.rows,
        seconds: seconds(step),
        least: Math.min(...times),
        most: Math.max(...times),
        timesCount: seconds(step) / seconds('count'),
        timesAggregate: seconds(step) / seconds('aggregate'),
        peakMegabytes: Math.max(...taken.map((sample) => sample.peakMegabytes)),
      }
      results.push(row)
      const cells = [
        trace.padEnd(13),
        step.padEnd(13),
        String(row.rows).padStart(7),
        row.seconds.toFixed(3).padStart(11),
        `(${row.least.toFixed(2)}–${row.most.toFixed(2)})`.padStart(14),
        String(Math.round(row.rows / row.seconds)).padStart(11),
        row.timesCount.toFixed(2).padStart(8),
        row.timesAggregate.toFixed(2).padStart(12),
        row.peakMegabytes.toFixed(0).padStart(8),
      ]
      process.stdout.write(`${cells.join(' ')}\n`)
    }
  }
  if (results.length > 0) save(name, results, { runs: RUNS })
}

/** One step on one trace in a fresh process. */
function sampleOf(url: string, trace: string, step: string): Sample {
  const child = spawnSync(process.execPath, [...process.execArgv, fileURLToPath(url)], {
    env: { ...process.env, [CHILD]: `${trace}|${step}` },
    encoding: 'utf8',
  })
  if (child.status !== 0) throw new Error(`${trace} ${step}: ${child.stderr}`)
  return JSON.parse(child.stdout) as Sample
}
