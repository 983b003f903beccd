/**
 * Runs one benchmark file, or all of a group: `npm run bench -- kernels/priority`, `npm run bench -- kernels`.
 *
 * A benchmark is a module that measures when imported and prints a table; with `--save` in the arguments it also writes its rows to
 * `bench/results/<group>/<name>.json`.
 */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const root = fileURLToPath(new URL('.', import.meta.url))
const wanted = process.argv.slice(2).filter((argument) => !argument.startsWith('-'))
const groups = ['kernels', 'runs', 'walks', 'quality']
const files = (wanted.length > 0 ? wanted : groups).flatMap((name) => {
  const file = join(root, `${name}.ts`)
  if (existsSync(file)) return [file]
  const folder = join(root, name)
  if (!existsSync(folder)) throw new Error(`no benchmark ${name}: give one of ${groups.join(', ')}, or GROUP/NAME`)
  return readdirSync(folder)
    .filter((entry) => entry.endsWith('.ts'))
    .sort()
    .map((entry) => join(folder, entry))
})
for (const file of files) {
  process.stdout.write(`\n# ${file.slice(root.length)}\n`)
  await import(pathToFileURL(file).href)
}
