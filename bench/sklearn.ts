import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** A Python that has scikit-learn, or undefined, after saying so. */
export function pythonWithSklearn(): string | undefined {
  const found = ['python3', '/usr/bin/python3'].find(
    (python) => spawnSync(python, ['-c', 'import sklearn'], { stdio: 'ignore' }).status === 0,
  )
  if (found === undefined) console.log('no Python with scikit-learn here (Debian: python3-sklearn): halftone alone is measured')
  return found
}

/** Runs `bench/rivals/<script>` on one core with the given tables as files of numbers (little-endian 64-bit, row-major) and its question as JSON; returns the JSON it prints. */
export function askSklearn<Answer>(
  python: string,
  script: string,
  tables: Readonly<Record<string, Float64Array>>,
  question: Readonly<Record<string, unknown>>,
): Answer {
  const folder = mkdtempSync(join(tmpdir(), 'halftone-bench-'))
  try {
    for (const [name, numbers] of Object.entries(tables))
      writeFileSync(join(folder, name), new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength))
    const path = fileURLToPath(new URL(`rivals/${script}`, import.meta.url))
    const one = Object.fromEntries(['OMP', 'OPENBLAS', 'MKL'].map((name) => [`${name}_NUM_THREADS`, '1']))
    const run = spawnSync(python, ['-W', 'ignore', path, folder, JSON.stringify(question)], {
      encoding: 'utf8',
      env: { ...process.env, ...one },
      maxBuffer: 1 << 28,
    })
    if (run.status !== 0) throw new Error(`${script}: ${run.stderr}`)
    return JSON.parse(run.stdout) as Answer
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Processor seconds that a function takes, and what it returns. */
export function cpuSeconds<T>(run: () => T): { readonly seconds: number; readonly result: T } {
  const before = process.cpuUsage()
  const result = run()
  const { user, system } = process.cpuUsage(before)
  return { seconds: (user + system) / 1e6, result }
}
