import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openSteps } from 'halftone/control'
import { readLedger, systemClock } from 'halftone/drivers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type SlurmDriver, slurmDriver } from '../../src/drivers/index.js'
import { isRefusal, type LedgerEntry, LIVE_STATES, type ObservedJob } from '../../src/model/index.js'
import { type SlurmCluster, slurmIsMissing, startSlurm } from '../support/slurm/cluster.js'
import { until } from '../support/slurm/daemons.js'
import { halftone } from './cli.js'

const missing = slurmIsMissing()

describe.skipIf(missing !== undefined)(
  `halftone apply and watch on Slurm${missing === undefined ? '' : ` (skipped: ${missing})`}`,
  () => {
    let cluster: SlurmCluster
    let driver: SlurmDriver
    let spool: string
    let ledger: string
    let scenario: string
    const children: ChildProcess[] = []

    beforeAll(async () => {
      cluster = await startSlurm({ nodes: 1, processors: 2 })
      spool = mkdtempSync(join(cluster.directory, 'spool-'))
      ledger = join(cluster.directory, 'ledger.jsonl')
      scenario = join(cluster.directory, 'policy.yaml')
      const lines = ['schema: halftone/policy/1', 'name: drops', 'discipline: fcfs', 'drop: { low: 0.5 }']
      writeFileSync(scenario, `${lines.join('\n')}\n`)
      driver = slurmDriver({ clock: systemClock, spool, conf: cluster.conf })
      await submit('first', 'high', 2)
      await submit('second', 'low', 6)
      await submit('third', 'low', 4)
    }, 120_000)
    afterAll(async () => {
      for (const child of children) child.kill('SIGKILL')
      await driver?.close()
      await cluster?.stop()
    }, 60_000)

    const submit = async (key: string, className: string, tasks: number): Promise<void> => {
      const stages = [{ name: 'map', tasks, command: ['sleep', '600'], droppable: true }]
      const answer = await driver.enact({ kind: 'submit', spec: { key, className, priority: 1, stages } })
      if (isRefusal(answer)) throw new Error(answer.message)
    }
    const on = (): string[] => ['--on', 'slurm', '--slurm-conf', cluster.conf, '--spool', spool, '--ledger', ledger]
    const entries = (): readonly LedgerEntry[] => {
      if (!existsSync(ledger)) return []
      const reading = readLedger(ledger)
      if (!reading.ok) throw new Error(JSON.stringify(reading.issues))
      return reading.entries
    }
    const jobs = async (): Promise<readonly ObservedJob[]> => {
      const seen = await driver.observe({ tasks: true })
      if (isRefusal(seen)) throw new Error(seen.message)
      return seen.jobs.filter(({ state }) => LIVE_STATES.has(state))
    }
    const withdrawn = async (): Promise<readonly number[]> => {
      return (await jobs())
        .map(({ stages = [] }) => stages.reduce((sum, stage) => sum + stage.withdrawn, 0))
        .sort((a, b) => a - b)
    }

    it('says what it would do and does nothing; does it with --commit; takes it back by the ledger', async () => {
      const dry = await halftone('apply', scenario, ...on())
      expect([dry.code, dry.err]).toEqual([0, ''])
      expect(dry.out).toContain('withdraw 3 tasks of map')
      expect(dry.out).toContain('A dry run')
      expect(await withdrawn()).toEqual([0, 0, 0])
      expect(existsSync(ledger)).toBe(false)
      const done = await halftone('apply', scenario, ...on(), '--commit')
      expect([done.code, done.err]).toEqual([0, ''])
      expect(await withdrawn()).toEqual([0, 2, 3])
      const back = await halftone('apply', '--undo', ...on(), '--commit')
      expect([back.code, back.err]).toEqual([0, ''])
      expect(await withdrawn()).toEqual([0, 0, 0])
      expect(openSteps(entries())).toEqual([])
    }, 90_000)

    it('killed in the middle of its work, starts again on the real slurmctld and neither repeats nor loses anything', async () => {
      const policy = ['--policy', scenario]
      const before = entries().length
      const child = spawn(process.execPath, ['dist/cli/main.js', 'watch', ...policy, ...on(), '--commit', '--every', '200ms'], {
        stdio: 'ignore',
      })
      children.push(child)
      const begun = () =>
        entries()
          .slice(before)
          .some(({ kind }) => kind === 'intent')
      await until('something was begun', 60, begun)
      child.kill('SIGKILL')
      // the guardian has put things in order once no step is open
      await until('all was put in order', 60, () => openSteps(entries()).length === 0)
      const again = await halftone('watch', ...policy, ...on(), '--commit', '--for', '4s', '-q')
      expect([again.code, again.err]).toEqual([0, ''])
      expect(await withdrawn()).toEqual([0, 2, 3])
      expect(entries().map(({ sequence }) => sequence)).toEqual(entries().map((_, i) => i))
      expect(entries().at(-1)?.kind).toBe('closed')
    }, 120_000)

    it('killed while a job sprints, leaves no quota raised: its guardian puts the job back to normal speed', async (context) => {
      const quick = slurmDriver({ clock: systemClock, spool, conf: cluster.conf, quota: { normalShare: 0.3 } })
      const { actions } = await quick.capabilities()
      if (!actions.sprint.permitted) context.skip(`sprinting is not permitted here: ${actions.sprint.reason}`)
      for (const { id } of await jobs()) await driver.enact({ kind: 'cancel', job: id })
      const spin = ['sh', '-c', 'while :; do :; done']
      const stages = [{ name: 'map', tasks: 1, command: spin, droppable: true }]
      const submitted = await quick.enact({ kind: 'submit', spec: { key: 'spin', className: 'high', priority: 1, stages } })
      if (isRefusal(submitted)) throw new Error(submitted.message)
      const policy = join(cluster.directory, 'sprint.yaml')
      const lines = [
        'schema: halftone/policy/1',
        'name: sprint',
        'discipline: fcfs',
        'sprint: { speed: 2, timeoutSeconds: { high: 0.5 } }',
      ]
      writeFileSync(policy, `${lines.join('\n')}\n`)
      const speed = async (): Promise<number | undefined> => {
        const seen = await quick.observe()
        return isRefusal(seen) ? undefined : seen.jobs.find(({ key, state }) => key === 'spin' && LIVE_STATES.has(state))?.speed
      }
      const given = ['watch', '--policy', policy, ...on(), '--normal-share', '0.3', '--commit', '--every', '200ms']
      const child = spawn(process.execPath, ['dist/cli/main.js', ...given], { stdio: 'ignore' })
      children.push(child)
      await until('the job sprints', 60, async () => (await speed()) === 2)
      child.kill('SIGKILL')
      await until('it goes at normal speed again', 60, async () => (await speed()) === 1)
      await until('the ledger says so', 60, () => openSteps(entries()).length === 0)
      await quick.enact({ kind: 'cancel', job: submitted.jobId! })
      await quick.close()
    }, 200_000)
  },
)
