import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import type { Samples, Table } from '../../src/learn/index.js'

/** Where the measured tables lie, if they are there: beside the project. */
export const MEASURED = join(process.cwd(), '..', 'shared', 'data')

/** Why tests on measured tables are skipped, or nothing where the tables are there. */
export function withoutMeasured(folder: string): string | undefined {
  const path = join(MEASURED, folder)
  return existsSync(path) ? undefined : `the measured tables are not at ../shared/data/${folder}`
}

function lines(path: string): Record<string, string>[] {
  const [head, ...rows] = gunzipSync(readFileSync(join(MEASURED, path)))
    .toString('utf8')
    .trim()
    .split('\n')
  const names = head.trim().split(',')
  return rows.map((row) => {
    const cells = row.trim().split(',')
    return Object.fromEntries(names.map((name, i) => [name, cells[i]]))
  })
}

function table(columns: Record<string, number[]>): Table {
  const names = Object.keys(columns)
  return { rows: columns[names[0]].length, names, columns: names.map((name) => Float64Array.from(columns[name])) }
}

export const STEP_TIME_MODELS = ['bert', 'cifar10', 'deepspeech2', 'imagenet'] as const

/**
 * Step times of one model by placement: nodes, GPUs in all, on the fullest and the emptiest node, samples per GPU; target seconds a step; measured beside: seconds of the step
 * outside synchronisation.
 */
export function stepTimes(name: string): Samples {
  const rows = lines(`pollux/${name}_placements.csv.gz`)
  const digits = rows.map((row) => Array.from(row['placement'], Number))
  const seconds = rows.map((row) => Number(row['step_time']))
  return {
    features: table({
      nodes: digits.map((each) => each.length),
      gpus: digits.map((each) => each.reduce((a, b) => a + b, 0)),
      mostPerNode: digits.map((each) => Math.max(...each)),
      leastPerNode: digits.map((each) => Math.min(...each)),
      localBatch: rows.map((row) => Number(row['local_bsz'])),
    }),
    target: Float64Array.from(seconds),
    measured: table({ computeTime: rows.map((row, i) => Math.max(seconds[i] - Number(row['sync_time']), 1e-6)) }),
  }
}

/** One training job under GPU power caps. */
export interface CapRow {
  readonly job: string
  readonly batch: number
  readonly cap: number
  readonly seconds: number
  readonly watts: number
}

export function powerCaps(gpu: 'v100' | 'a40'): CapRow[] {
  return lines(`zeus/summary_power_${gpu}.csv.gz`).map((row) => ({
    job: `${row['dataset']}/${row['network']}/${row['optimizer']}`,
    batch: Number(row['batch_size']),
    cap: Number(row['power_limit']),
    seconds: Number(row['time_per_epoch']),
    watts: Number(row['average_power']),
  }))
}

/** One CUDA kernel at one core clock. */
export interface ClockRow {
  readonly kernel: string
  readonly megahertz: number
  readonly milliseconds: number
  readonly watts: number
}

export function clocks(): ClockRow[] {
  return lines('gpu-dvfs/v100-dvfs-real-profile.csv.gz').map((row) => ({
    kernel: row['benchmark'],
    megahertz: Number(row['core_frequency']),
    milliseconds: Number(row['time']),
    watts: Number(row['average_power']),
  }))
}

/** House prices by eight columns (PMLB's 537_houses): 20,640 rows. */
export function houses(): Samples {
  const [head, ...rows] = gunzipSync(readFileSync(join(MEASURED, 'pmlb/537_houses.tsv.gz')))
    .toString('utf8')
    .trim()
    .split('\n')
    .map((line) => line.trim().split('\t'))
  const column = (name: string): number[] => rows.map((row) => Number(row[head.indexOf(name)]))
  const names = head.filter((name) => name !== 'target')
  return {
    features: table(Object.fromEntries(names.map((name) => [name, column(name)]))),
    target: Float64Array.from(column('target')),
  }
}
