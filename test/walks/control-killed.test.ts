import { type ChildProcess, spawn } from 'node:child_process'
import { appendFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSteps } from 'halftone/control'
import { readLedger, type StartedCluster, startEmbedded } from 'halftone/drivers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isRefusal, type LedgerEntry, LIVE_STATES, type Observation } from '../../src/model/index.js'
import { Rng } from '../../src/num/index.js'
import { halftone } from './cli.js'

const JOBS = 6
let folder: string
let cluster: StartedCluster
let ledger: string
let policy: string
const started: ChildProcess[] = []

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'halftone-killed-'))
  ledger = join(folder, 'ledger.jsonl')
  policy = join(folder, 'policy.yaml')
  const lines = [
    'schema: halftone/policy/1',
    'name: sprints and drops',
    'discipline: priority-nonpreemptive',
    'drop: { low: 0.5 }',
    'sprint: { speed: 2, timeoutSeconds: { high: 0.2 } }',
  ]
  writeFileSync(policy, `${lines.join('\n')}\n`)
  const opened = await startEmbedded({ directory: join(folder, 'cluster'), slots: 2, calibrate: false, discipline: 'fcfs' })
  if (isRefusal(opened)) throw new Error(opened.message)
  cluster = opened
  for (let i = 0; i < JOBS; i++) {
    const stages = [{ name: 'map', tasks: 4, command: ['sleep', '600'], droppable: true }]
    const className = i % 2 === 0 ? 'high' : 'low'
    const answer = await cluster.driver.enact({
      kind: 'submit',
      spec: { key: `job-${i}`, className, priority: 1 + (i % 2), stages },
    })
    if (isRefusal(answer)) throw new Error(answer.message)
  }
}, 60_000)
afterAll(async () => {
  for (const child of started) child.kill('SIGKILL')
  await cluster?.stop()
  rmSync(folder, { recursive: true, force: true })
}, 60_000)

const options = () => ['--on', 'embedded', '--dir', join(folder, 'cluster'), '--policy', policy, '--ledger', ledger, '--commit']

function watch(): { readonly child: ChildProcess; readonly ended: Promise<number | null>; said(): string } {
  let said = ''
  const child = spawn(process.execPath, ['dist/cli/main.js', 'watch', ...options(), '--every', '100ms'])
  started.push(child)
  child.stdout.on('data', (text) => (said += text))
  child.stderr.on('data', (text) => (said += text))
  const ended = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)))
  return { child, ended, said: () => said }
}

function entries(): readonly LedgerEntry[] {
  if (!existsSync(ledger)) return []
  const reading = readLedger(ledger)
  if (!reading.ok) throw new Error(JSON.stringify(reading.issues))
  return reading.entries
}

async function seen(): Promise<Observation> {
  const observation = await cluster.driver.observe()
  if (isRefusal(observation)) throw new Error(observation.message)
  return observation
}

/** Looks until it is so; the deadline is long because the machine may be busy. */
async function until(what: string, so: () => boolean | Promise<boolean>): Promise<void> {
  for (const deadline = performance.now() + 50_000; performance.now() < deadline; ) {
    if (await so()) return
    await new Promise((resolve) => setTimeout(resolve, 30))
  }
  throw new Error(`waited in vain until ${what}`)
}

const doneSteps = (): number => entries().filter((entry) => entry.kind === 'done').length
const asBefore = async (): Promise<boolean> => {
  const { jobs, discipline } = await seen()
  return discipline === 'fcfs' && jobs.every(({ speed }) => speed === 1) && openSteps(entries()).length === 0
}

describe('halftone watch on an embedded cluster', () => {
  it('killed at any moment, its guardian takes back what it did; then it starts again and goes on', async () => {
    const rng = new Rng(17, 'moments')
    for (let round = 0; round < 4; round++) {
      const before = doneSteps()
      const one = watch()
      await until('something was done', () => doneSteps() > before)
      await new Promise((resolve) => setTimeout(resolve, 600 * rng.uniform()))
      one.child.kill('SIGKILL')
      await one.ended
      // the last line may be cut in the middle as well
      if (round === 1) appendFileSync(ledger, '{"schema":"halftone/ledger/1","sequ')
      await until('all was taken back', asBefore)
    }
    const { jobs } = await seen()
    expect(jobs.filter(({ state }) => LIVE_STATES.has(state))).toHaveLength(JOBS)
    const all = entries()
    expect(all.map(({ sequence }) => sequence)).toEqual(all.map((_, i) => i))
    // what was dropped stays dropped, once a job
    const dropped = all.flatMap((entry) => (entry.kind === 'intent' && entry.action.kind === 'deflate' ? [entry.action.job] : []))
    expect(new Set(dropped).size).toBe(dropped.length)
  }, 240_000)

  it('refuses a second controller and says who the first is; interrupted, it takes back what is not to stay and closes the ledger', async () => {
    const before = doneSteps()
    const first = watch()
    await until('something was done', () => doneSteps() > before)
    const second = await halftone('watch', ...options(), '--for', '1s')
    expect(second.code).toBe(1)
    expect(second.err).toContain(`process ${first.child.pid} holds it since`)
    first.child.kill('SIGTERM')
    expect(await first.ended).toBe(0)
    expect(await asBefore()).toBe(true)
    expect(entries().at(-1)).toMatchObject({ kind: 'closed', reason: 'interrupted' })
    expect(first.said()).not.toMatch(/NaN|undefined|at .*\.js:\d+/)
  }, 120_000)

  it('applies a policy with halftone apply, and takes it back by the ledger', async () => {
    const given = [policy, ...options().filter((one) => one !== '--policy' && one !== policy)]
    const dry = await halftone('apply', ...given.filter((one) => one !== '--commit'))
    expect([dry.code, dry.out]).toEqual([0, expect.stringContaining('A dry run')])
    expect(await asBefore()).toBe(true)
    // what the cluster refuses ends it, and nothing stays
    const unknown = join(folder, 'unknown.yaml')
    writeFileSync(unknown, 'schema: halftone/policy/1\nname: sjf\ndiscipline: sjf\n')
    const refused = await halftone('apply', unknown, ...given.slice(1))
    expect(refused.code).toBe(1)
    expect(refused.out).toContain('sjf is none of')
    expect(await asBefore()).toBe(true)
    const done = await halftone('apply', ...given)
    expect(done).toMatchObject({ code: 0, err: '' })
    expect((await seen()).discipline).toBe('priority-nonpreemptive')
    const back = await halftone('apply', '--undo', ...given.slice(1))
    expect(back.code).toBe(0)
    expect((await seen()).discipline).toBe('fcfs')
    const again = await halftone('apply', '--undo', ...given.slice(1))
    expect(again.out).toContain('0 actions')
  }, 60_000)
})
