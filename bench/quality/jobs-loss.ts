/**
 * What dropping map tasks of the bundled jobs loses: mean over 40 random choices of the kept ones of 16, with its 95 % half-width. Same seed, same figures.
 * The table of docs/jobs.md.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { accuracyProfile } from 'halftone/deflate'
import { generateData, JOB_NAMES, jobSpec, type Outcome, profileAccuracy } from 'halftone/jobs'
import { Rng } from 'halftone/num'
import { save } from '../save.js'

const TASKS = 16
const REPETITIONS = 40
const DROP_RATIOS = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]
const SIZES = { text: 130_000, graph: 400_000, training: 3_000 }

function right<T>(outcome: Outcome<T>): T {
  if (!outcome.ok) throw new Error(JSON.stringify(outcome.issues))
  return outcome.value
}

const root = mkdtempSync(join(tmpdir(), 'halftone-bench-loss-'))
const rows: Record<string, unknown>[] = []
process.stdout.write(`job        ${DROP_RATIOS.map((ratio) => `drop ${ratio}`.padStart(16)).join('')}\n`)
try {
  for (const job of JOB_NAMES) {
    const place = { data: join(root, job), directory: join(root, `${job}-results`), tasks: TASKS }
    mkdirSync(place.directory)
    right(await generateData(place.data, { job, partitions: TASKS, size: SIZES[job], seed: 1 }))
    const spec = jobSpec({ job, data: place.data, mapTasks: TASKS, key: 'bench', className: 'bench', priority: 1 })
    const [program, ...rest] = spec.stages[0]!.command
    for (let task = 0; task < TASKS; task++)
      execFileSync(program!, rest, { env: { ...process.env, HALFTONE_TASK: String(task), HALFTONE_DIRECTORY: place.directory } })
    const samples = right(await profileAccuracy(place, { dropRatios: DROP_RATIOS, repetitions: REPETITIONS, rng: new Rng(1) }))
    const profile = accuracyProfile(
      DROP_RATIOS.map((dropRatio) => ({
        dropRatio,
        losses: samples.filter((sample) => sample.dropRatio === dropRatio).map(({ loss }) => loss),
      })),
    )
    if (!profile.ok) throw new Error(JSON.stringify(profile.issues))
    const { points } = profile.curve
    rows.push({ job, size: SIZES[job], points })
    const cells = points.map(({ loss, halfWidth }) => `${(100 * loss).toFixed(1)} ± ${(100 * halfWidth!).toFixed(1)} %`)
    process.stdout.write(`${job.padEnd(11)}${cells.map((cell) => cell.padStart(16)).join('')}\n`)
  }
} finally {
  rmSync(root, { recursive: true, force: true })
}
save('quality/jobs-loss', rows)
