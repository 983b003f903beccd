/**
 * What the embedded cluster itself costs: tasks that do nothing (`true`), one after another in each slot. Milliseconds a task in a slot are what passes
 * from the start of one task to the start of the next in the same slot, the life of the task included; beside it what a bare loop of start and wait in
 * one process takes for the same program, so that the difference is the turnaround: from the end of a task, over keeper, journal, scheduler and keeper
 * again, to the start of the next. Then what shares of a processor and speeds are really obtained, by each mechanism.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { placeAt, type StartedCluster, startEmbedded } from 'halftone/drivers'
import { isRefusal, JobSpec } from 'halftone/model'
import { save } from '../save.js'
import { middle } from '../timing.js'

const TASKS = 400
const ROUNDS = 3

async function withCluster<T>(options: object, use: (cluster: StartedCluster, directory: string) => Promise<T>): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), 'halftone-bench-'))
  const cluster = await startEmbedded({ directory, slots: 4, ...options })
  if (isRefusal(cluster)) throw new Error(cluster.message)
  try {
    return await use(cluster, directory)
  } finally {
    await cluster.stop()
    rmSync(directory, { recursive: true, force: true })
  }
}

/** Milliseconds from the start of one task to that of the next in a slot, and bytes of the journal a task. */
function noOps(slots: number, cgroups: 'auto' | 'never') {
  return withCluster({ slots, cgroups, normalShare: 1, calibrate: false }, async ({ driver }, directory) => {
    const stages = [{ name: 'map', tasks: TASKS, command: ['true'] }]
    const cycles: number[] = []
    for (let round = 0; round < ROUNDS; round++) {
      const answer = await driver.enact({
        kind: 'submit',
        spec: JobSpec.parse({ key: `r${round}`, className: 'c', priority: 1, stages }),
      })
      if (isRefusal(answer)) throw new Error(answer.message)
      for (;;) {
        await driver.clock.sleep(0.05)
        const seen = await driver.observe({ endedSince: 0 })
        if (isRefusal(seen)) throw new Error(seen.message)
        const job = seen.jobs.find(({ id }) => id === answer.jobId)!
        if (job.endSeconds === undefined) continue
        if (job.state !== 'complete') throw new Error(job.reason)
        cycles.push((1000 * slots * (job.endSeconds - job.startSeconds!)) / TASKS)
        break
      }
    }
    return { cycle: middle(cycles), journal: statSync(placeAt(directory).journal).size / (ROUNDS * TASKS) }
  })
}

/** The same program in `lanes` bare loops of start and wait side by side. */
async function bare(lanes: number): Promise<number> {
  const begun = performance.now()
  await Promise.all(
    Array.from({ length: lanes }, async () => {
      for (let i = 0; i < TASKS / lanes; i++)
        await new Promise((resolve) => spawn('true', { detached: true, stdio: 'ignore' }).once('exit', resolve))
    }),
  )
  return ((performance.now() - begun) * lanes) / TASKS
}

const rows: Record<string, string | number>[] = []
for (const slots of [1, 4]) {
  const loops: number[] = []
  for (let round = 0; round < ROUNDS; round++) loops.push(await bare(slots))
  const loop = middle(loops)
  for (const cgroups of ['auto', 'never'] as const) {
    const { cycle, journal } = await noOps(slots, cgroups)
    rows.push({
      slots,
      'control groups': cgroups,
      'tasks a second': Math.round((1000 * slots) / cycle),
      'ms a task in a slot': Number(cycle.toFixed(2)),
      'bare loop ms': Number(loop.toFixed(2)),
      'turnaround ms': Number((cycle - loop).toFixed(2)),
      'journal bytes a task': Math.round(journal),
    })
  }
}
console.table(rows)

const speeds: Record<string, string | number>[] = []
for (const cgroups of ['auto', 'never'] as const)
  for (const normalShare of [0.25, 0.4])
    await withCluster({ cgroups, normalShare }, async ({ driver }) => {
      const status = await driver.status()
      if (isRefusal(status) || status.calibration === undefined) throw new Error('the speeds were not measured')
      const { normal, most, speedUp } = status.calibration
      speeds.push({
        mechanism: status.mechanism,
        'share asked': normalShare,
        'share got': Number(normal.got.toFixed(3)),
        'most got': Number(most.got.toFixed(3)),
        'speed-up': Number(speedUp.toFixed(2)),
        nominal: 1 / normalShare,
      })
    })
console.table(speeds)
save('runs/embedded', rows, { speeds })
