import { accessSync, constants } from 'node:fs'
import { availableParallelism, totalmem } from 'node:os'
import type { Command } from 'commander'
import { bytes, ink, parts, table } from '../report/index.js'
import { predictors } from '../study/index.js'
import { FORMATS } from '../trace/index.js'
import { style } from './answer.js'
import { EXIT, type Io } from './io.js'

interface Check {
  readonly what: string
  readonly ok: boolean
  readonly found: string
  readonly mend?: string
}

/** What halftone finds on this machine: what it needs, what it can read, who can predict. Exit 1 where something that it needs is missing. */
export function addDoctorCommand(program: Command, io: Io): void {
  program
    .command('doctor')
    .description('What this installation needs, finds and can read.')
    .option('--json', 'print JSON instead of the table')
    .action(async (options: { json?: boolean }) => {
      const checks: Check[] = [node(), await duckdb(), writable()]
      const facts = { cores: availableParallelism(), memory: totalmem() }
      const formats = FORMATS.map(({ name, title }) => ({ name, title }))
      if (options.json)
        io.out(
          `${JSON.stringify({ checks, ...facts, formats, predictors: predictors.map(({ kind, name }) => ({ kind, name })) }, null, 2)}\n`,
        )
      else {
        const pen = ink(style(io))
        io.out(
          parts(
            table(
              [{ head: 'Needs' }, { head: '' }, { head: 'Found' }],
              checks.map(({ what, ok, found, mend }) => [
                what,
                ok ? pen.good('ok') : pen.bad('missing'),
                mend && !ok ? `${found}: ${mend}` : found,
              ]),
              pen,
            ),
            `${facts.cores} cores, ${bytes(facts.memory)} of memory`,
            table(
              [{ head: 'Reads' }, { head: 'What it is' }],
              formats.map(({ name, title }) => [name, title]),
              pen,
            ),
            table(
              [{ head: 'Predicts' }, { head: 'How' }],
              predictors.map(({ kind, name }) => [kind, name]),
              pen,
            ),
          ),
        )
      }
      if (checks.some(({ ok }) => !ok)) io.exitCode = EXIT.refused
    })
}

function node(): Check {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  return {
    what: 'Node 20.19 or newer',
    ok: major > 20 || (major === 20 && minor >= 19),
    found: process.version,
    mend: 'install a newer Node',
  }
}

async function duckdb(): Promise<Check> {
  const what = 'DuckDB, for Parquet'
  try {
    const { version } = await import('@duckdb/node-api')
    return { what, ok: true, found: version() }
  } catch (error) {
    return {
      what,
      ok: false,
      found: error instanceof Error ? error.message.split('\n', 1)[0]! : 'does not load',
      mend: 'npm ci on this machine; its binary is made for one kind of machine',
    }
  }
}

function writable(): Check {
  const what = 'a folder that may be written to'
  try {
    accessSync(process.cwd(), constants.W_OK)
    return { what, ok: true, found: 'this one' }
  } catch {
    return { what, ok: false, found: 'not this one', mend: 'give --out and --html a path elsewhere' }
  }
}
