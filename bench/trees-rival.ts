import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Samples, tableOf } from 'halftone/learn'
import { Rng } from 'halftone/num'

/** How a learner of scikit-learn or XGBoost did: CPU seconds, and R² or the share of rows put in the right class. */
export interface Rival {
  readonly learner: string
  readonly fitSeconds: number
  readonly predictSeconds: number
  readonly score: number
  readonly sklearn: string
  /** Not installed. */
  readonly missing?: boolean
}

export interface AskedOfRivals {
  readonly train: Samples
  readonly test: Samples
  readonly classify: boolean
  readonly trees: number
  readonly columnsPerSplit: number
  /** Random rows to predict, for the time; 0: none. */
  readonly rowsToPredict: number
  readonly seed: number
  readonly learners: readonly string[]
}

const SCRIPT = fileURLToPath(new URL('./rivals/trees.py', import.meta.url))

/** A Python that has scikit-learn; undefined where there is none. */
export function pythonWithSklearn(): string | undefined {
  return ['python3', '/usr/bin/python3'].find((name) => spawnSync(name, ['-c', 'import sklearn']).status === 0)
}

/** The rivals on the same rows, one after another in one process on one core. */
export function rivals(python: string, { train, test, ...asked }: AskedOfRivals): Rival[] {
  const folder = mkdtempSync(join(tmpdir(), 'halftone-trees-'))
  try {
    const paths = { train: join(folder, 'train'), test: join(folder, 'test') }
    for (const [path, samples] of [
      [paths.train, train],
      [paths.test, test],
    ] as const)
      writeFileSync(
        path,
        Buffer.concat([...samples.features.columns, samples.target].map((column) => Buffer.from(column.slice().buffer))),
      )
    const input = JSON.stringify({ ...asked, ...paths, columns: train.features.columns.length })
    const child = spawnSync(python, [SCRIPT], { input, encoding: 'utf8', maxBuffer: 1 << 24 })
    if (child.status !== 0) throw new Error(child.stderr)
    return child.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Rival)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** CPU seconds of this process, all its threads, while it does something. */
export function cpuSeconds<T>(work: () => T): { readonly seconds: number; readonly answer: T } {
  const before = process.cpuUsage()
  const answer = work()
  const { user, system } = process.cpuUsage(before)
  return { seconds: (user + system) / 1e6, answer }
}

/** Rows of a law after Friedman’s with a product more, noise of standard deviation 1; from the eighth on columns tell nothing. */
export function friedman(rows: number, columns: number, seed: number): Samples {
  const rng = new Rng(seed, 'friedman')
  const x = Array.from({ length: columns }, () => Float64Array.from({ length: rows }, () => rng.uniform()))
  const target = Float64Array.from(
    { length: rows },
    (_, i) =>
      10 * Math.sin(Math.PI * x[0][i] * x[1][i]) +
      20 * (x[2][i] - 0.5) ** 2 +
      10 * x[3][i] +
      5 * x[4][i] +
      8 * x[5][i] * x[6][i] +
      rng.normal(),
  )
  return { features: tableOf(Object.fromEntries(x.map((column, c) => [`x${c}`, column]))), target }
}
