/**
 * From a trace file to its characterisation, against a bare DuckDB scan of the same gzip file: each measurement in a process of its own, in turns, so
 * that peak memory is the walk’s own and a noisy machine is shared fairly.
 *
 * `count` is `SELECT count(*)`; `aggregate` what a small study would ask in one query: per column mean, spread and a few quantiles, and a count a
 * user; `read` is `readTrace` alone, `walk` is `readTrace` and `characterise`, the figure the aim is about: at most 4 × the scan, under 1 GiB.
 * One core does read and characterise, DuckDB has all. Needs the real traces in ../shared/data.
 */
import { characterise } from 'halftone/characterise'
import { isRefusal } from 'halftone/model'
import { readTrace } from 'halftone/trace'
import { againstScan, DATA, type Scanned, swfLines } from '../against-scan.js'

/** The count of rows, and the figures a small study asks in one query. */
function scanned(file: string, table: string, columns: readonly string[], user: string): Scanned {
  const figures = columns.map(
    (x) => `avg(${x}), var_pop(${x}), min(${x}), max(${x}), quantile_cont(${x}, [0.5, 0.9, 0.95, 0.99])`,
  )
  return {
    file,
    count: `SELECT count(*) FROM ${table}`,
    aggregate: `SELECT count(*), count(DISTINCT ${user}), ${figures.join(', ')} FROM ${table}`,
  }
}

const google = `${DATA}/google2011/jobs.csv.gz`
const ricc = `${DATA}/ricc/RICC-2010-2.swf.gz`
const CASES: Readonly<Record<string, Scanned>> = {
  'google-jobs': scanned(
    google,
    `read_csv('${google}')`,
    ['submit_s', 'first_schedule_s - submit_s', 'end_s - first_schedule_s'],
    '"user"',
  ),
  ricc: scanned(ricc, swfLines(ricc), ['f[2]::DOUBLE', 'f[3]::DOUBLE', 'f[4]::DOUBLE', 'f[5]::DOUBLE'], 'f[12]'),
}

async function read(file: string) {
  const reading = await readTrace(file)
  if (!reading.ok) throw new Error(JSON.stringify(reading))
  return reading.trace
}

await againstScan('walks/characterise', import.meta.url, CASES, {
  read:
    async ({ file }) =>
    async () =>
      (await read(file)).jobs.count,
  walk:
    async ({ file }) =>
    async () => {
      const study = characterise(await read(file))
      if (isRefusal(study)) throw new Error(study.message)
      return study.source.used
    },
})
