import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * With `--save` among the arguments, keeps the rows of a benchmark in `bench/results/<name>.json`, with the machine they were measured on; without it, nothing.
 * The file goes beside the others of its group, and is what a claim in the docs points to.
 */
export function save(name: string, rows: unknown, summary: Readonly<Record<string, unknown>> = {}): void {
  if (!process.argv.includes('--save')) return
  const path = fileURLToPath(new URL(`results/${name}.json`, import.meta.url))
  mkdirSync(dirname(path), { recursive: true })
  const machine = { node: process.version, cores: cpus().length, processor: cpus()[0]?.model.trim() ?? 'unknown' }
  writeFileSync(path, `${JSON.stringify({ machine, ...summary, rows }, null, 2)}\n`)
}
