/** `halftone eta` asked of a real Slurm with a queue of sleeping jobs, and what then came. */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Eta, WhatIf } from '../../src/model/index.js'
import { type SlurmCluster, slurmIsMissing, startSlurm } from '../support/slurm/cluster.js'
import { halftone } from './cli.js'

const missing = slurmIsMissing()
const SLOTS = 4
/** Seconds that jobs of each name sleep; the limit that all ask for says nothing. */
const KINDS = { quick: 2, slow: 6 } as const

describe.skipIf(missing !== undefined)(`eta on a real Slurm${missing === undefined ? '' : ` (skipped: ${missing})`}`, () => {
  let slurm: SlurmCluster
  beforeAll(async () => {
    slurm = await startSlurm({ nodes: 2, processors: 2 })
  }, 60_000)
  afterAll(() => slurm?.stop())

  const submit = async (name: keyof typeof KINDS, ...more: string[]): Promise<string> =>
    (
      await slurm.command(
        'sbatch',
        '--parsable',
        `--job-name=${name}`,
        '--time=10',
        '--output=/dev/null',
        ...more,
        '--wrap',
        `sleep ${KINDS[name]}`,
      )
    ).trim()
  const finished = async (id: string): Promise<boolean> =>
    /JobState=COMPLETED/.test(await slurm.command('scontrol', 'show', 'job', id))
  const allFinished = async (ids: readonly string[], seconds: number): Promise<void> => {
    for (const deadline = Date.now() + seconds * 1000; ; await sleep(300)) {
      if ((await Promise.all(ids.map(finished))).every(Boolean)) return
      if (Date.now() > deadline) throw new Error('the jobs did not end in time')
    }
  }
  const startOf = async (id: string): Promise<number> => {
    const said = /StartTime=(\S+)/.exec(await slurm.command('scontrol', 'show', 'job', id))
    return Date.parse(said![1]!) / 1000
  }

  it('foresees starts from what jobs of these names took, not from their limits, and says what a job ahead would cost', async () => {
    const past = await Promise.all([1, 2, 3, 4].flatMap(() => [submit('quick'), submit('slow')]))
    await allFinished(past, 60)
    const names = Array.from({ length: 14 }, (_, i) => (i % 3 === 2 ? 'quick' : 'slow'))
    const queue: string[] = []
    for (const name of names) queue.push(await submit(name as keyof typeof KINDS))
    const held = await submit('quick', '--hold')
    const after = await submit('quick', `--dependency=afterany:${queue.at(-1)}`)

    const on = ['--on', 'slurm', '--slurm-conf', slurm.conf, '--discipline', 'fcfs', '--json', '-q']
    const asked = await halftone('eta', ...on)
    expect(asked.err).toBe('')
    const eta = JSON.parse(asked.out) as Eta
    const alone = await halftone('eta', queue.at(-1)!, ...on)
    const without = await halftone('whatif', '--without-nodes', slurm.nodes[0]!, ...on)

    expect(eta.cluster.slots).toBe(SLOTS)
    const of = new Map(eta.jobs.map((job) => [job.id, job]))
    expect(of.get(held)?.never?.code).toBe('held')
    expect(['after-unknown', undefined]).toContain(of.get(after)?.never?.code)
    expect((JSON.parse(alone.out) as Eta).jobs.map(({ id }) => id)).toEqual([queue.at(-1)])
    const what = JSON.parse(without.out) as WhatIf
    expect(what.meanLater!.p50).toBeGreaterThan(0)
    expect(what.cluster.after.slots).toBe(SLOTS / 2)

    await allFinished(queue, 90)
    const waiting = queue.filter((id) => of.get(id)?.start !== undefined)
    expect(waiting.length).toBeGreaterThanOrEqual(6)
    const errors = await Promise.all(waiting.map(async (id) => (await startOf(id)) - eta.atSeconds - of.get(id)!.start!.p50))
    // limits say ten minutes a job; jobs take seconds, and Slurm looks at its queue every second or two
    const worst = Math.max(...errors.map(Math.abs))
    expect(worst).toBeLessThan(20)
    const ranked = [...waiting].sort((a, b) => of.get(a)!.start!.p50 - of.get(b)!.start!.p50)
    expect(await startOf(ranked[0]!)).toBeLessThan(await startOf(ranked.at(-1)!))
  }, 180_000)
})
