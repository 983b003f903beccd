/**
 * The bundled jobs as processes: processor time of a map task that has next to nothing to do (what starting costs) beside that of an empty Node program, units of
 * work a second of processor time in the same process, and what profiling the accuracy of a job of 16 tasks takes.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bundledJob, generateData, JOB_NAMES, type JobName, jobSpec, type Outcome, profileAccuracy } from 'halftone/jobs'
import { Rng } from 'halftone/num'
import { save } from '../save.js'
import { middle } from '../timing.js'

const TASKS = 16
const TIMES = 9
const SIZES = { text: 50_000, graph: 150_000, training: 2_000 }

function right<T>(outcome: Outcome<T>): T {
  if (!outcome.ok) throw new Error(JSON.stringify(outcome.issues))
  return outcome.value
}

/** Processor milliseconds of an empty program, as it tells itself. */
function emptyProgram(): number {
  const program = 'const { user, system } = process.cpuUsage(); process.stdout.write(String((user + system) / 1000))'
  return Number(execFileSync(process.execPath, ['-e', program], { encoding: 'utf8' }))
}

/** Runs the first `count` map tasks of a data set as processes; their processor milliseconds. */
function mapped(job: JobName, data: string, directory: string, tasks: number, count: number): number[] {
  mkdirSync(directory, { recursive: true })
  const spec = jobSpec({ job, data, mapTasks: tasks, key: 'bench', className: 'bench', priority: 1 })
  const [program, ...rest] = spec.stages[0]!.command
  for (let task = 0; task < count; task++)
    execFileSync(program!, rest, { env: { ...process.env, HALFTONE_TASK: String(task), HALFTONE_DIRECTORY: directory } })
  return readdirSync(directory).map((name) => 1_000 * JSON.parse(readFileSync(join(directory, name), 'utf8')).cpuSeconds)
}

const root = mkdtempSync(join(tmpdir(), 'halftone-bench-jobs-'))
const rows: Record<string, unknown>[] = []
try {
  const empty = middle(Array.from({ length: TIMES }, emptyProgram))
  process.stdout.write(`an empty program: ${empty.toFixed(0)} ms of processor time\n`)
  process.stdout.write('job        start, ms   above empty   task, ms   units a second   profile, ms a repetition\n')
  for (const job of JOB_NAMES) {
    const options = { job, seed: 1, partitions: TASKS }
    right(await generateData(join(root, job, 'small'), { ...options, size: 20 }))
    right(await generateData(join(root, job, 'data'), { ...options, size: SIZES[job] }))
    const start = middle(mapped(job, join(root, job, 'small'), join(root, job, 'start'), TASKS, TIMES))
    const tasks = mapped(job, join(root, job, 'data'), join(root, job, 'results'), TASKS, TASKS)
    const task = tasks.reduce((sum, ms) => sum + ms, 0) / TASKS
    const units = job === 'graph' ? SIZES[job] / TASKS : SIZES[job]
    const place = { data: join(root, job, 'data'), directory: join(root, job, 'results'), tasks: TASKS }
    const began = performance.now()
    const repetitions = right(await profileAccuracy(place, { dropRatios: [0.25, 0.5], repetitions: 50, rng: new Rng(1) })).length
    const profile = (performance.now() - began) / repetitions
    const unitsPerSecond = (1_000 * units) / Math.max(1, task - start)
    rows.push({ job, emptyMs: empty, startMs: start, taskMs: task, unitsPerSecond, profileMsPerRepetition: profile })
    process.stdout.write(
      `${job.padEnd(10)} ${start.toFixed(0).padStart(9)} ${(start - empty).toFixed(0).padStart(13)} ${task.toFixed(0).padStart(10)} ${unitsPerSecond.toFixed(0).padStart(16)} ${profile.toFixed(1).padStart(26)}   ${(await bundledJob(job)).sizeMeans}\n`,
    )
  }
} finally {
  rmSync(root, { recursive: true, force: true })
}
save('kernels/jobs', rows)
