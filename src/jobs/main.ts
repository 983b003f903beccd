#!/usr/bin/env node
/**
 * The program of the bundled jobs: `generate` makes a data set, `map` and `reduce` are what the tasks of a job run. Which task it is, where its job works
 * and how much was kept stands in the environment: see JobSpec. Only what a command needs is loaded.
 */
import { parseArgs } from 'node:util'
import type { Issue } from '../model/index.js'
import { isJobName, JOB_NAMES } from './catalogue.js'
import { readDataSet } from './data-set.js'
import { type Outcome, wrong } from './files.js'
import { generateData, runMap, runReduce } from './run.js'

const USAGE = `usage: main.js generate --job JOB --data DIRECTORY --partitions N (--size N | --seconds S) [--seed N]
       main.js map --job JOB --data DIRECTORY --tasks N      with HALFTONE_TASK, HALFTONE_DIRECTORY
       main.js reduce --job JOB --data DIRECTORY --tasks N   with HALFTONE_SAMPLING_FRACTION, HALFTONE_DIRECTORY
JOB is one of ${JOB_NAMES.join(', ')}. --seconds: size so that a map task takes so much processor time here.
`

const text = { type: 'string' } as const
const OPTIONS = { job: text, data: text, tasks: text, partitions: text, size: text, seconds: text, seed: text }
type Values = Partial<Record<keyof typeof OPTIONS, string>>

async function run(command: string | undefined, values: Values): Promise<Outcome<unknown>> {
  const { job, data } = values
  if (!isJobName(job)) return wrong('job', '--job', `is not one of ${JOB_NAMES.join(', ')}`)
  if (data === undefined) return wrong('missing', '--data', 'names no directory')
  if (command === 'generate') {
    const [partitions, seed] = [Number(values.partitions), Number(values.seed ?? 1)]
    if (values.seconds === undefined) return generateData(data, { job, partitions, seed, size: Number(values.size) })
    const { sizeFor } = await import('./size.js')
    const size = await sizeFor({ job, partitions, seconds: Number(values.seconds), seed })
    return size.ok ? generateData(data, { job, partitions, seed, size: size.value.size }) : size
  }
  const set = readDataSet(data)
  if (!set.ok) return set
  if (set.value.job !== job) return wrong('other-data', data, `holds data of the job ${set.value.job}, not of ${job}`)
  const directory = process.env['HALFTONE_DIRECTORY']
  if (directory === undefined) return wrong('missing', 'HALFTONE_DIRECTORY', 'is not set: this runs as a task of a job')
  const place = { data, directory, tasks: Number(values.tasks) }
  if (command === 'map') return runMap(place, wholeOf(process.env['HALFTONE_TASK']))
  const fraction = Number(process.env['HALFTONE_SAMPLING_FRACTION'])
  return fraction > 0 && fraction <= 1
    ? runReduce(place, fraction)
    : wrong('out-of-range', 'HALFTONE_SAMPLING_FRACTION', 'is not a share above 0')
}

/** A task’s number; −1 for what is none. */
function wholeOf(value: string | undefined): number {
  return value !== undefined && /^\d+$/.test(value) ? Number(value) : -1
}

function parsed(): { command: string; values: Values } | undefined {
  try {
    const { positionals, values } = parseArgs({ options: OPTIONS, allowPositionals: true })
    const [command, ...more] = positionals
    const known = command !== undefined && ['generate', 'map', 'reduce'].includes(command)
    return known && more.length === 0 ? { command, values } : undefined
  } catch {
    return undefined
  }
}

const asked = parsed()
if (asked === undefined) {
  process.stderr.write(USAGE)
  process.exitCode = 2
} else {
  const outcome = await run(asked.command, asked.values).catch((fault: Error) => wrong('fault', asked.command, fault.message))
  if (!outcome.ok) {
    process.stderr.write(outcome.issues.map(({ place, message }: Issue) => `${place}: ${message}\n`).join(''))
    process.exitCode = 1
  }
}
