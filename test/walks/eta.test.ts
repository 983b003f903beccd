/** `halftone eta` and `halftone whatif` on the bundled queue, whose later fate its generator knows. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, describe, expect, it } from 'vitest'
import { make } from '../../examples/queue/generate.js'
import { type Eta, type EtaRange, validate, type WhatIf } from '../../src/model/index.js'
import { type Ended, FORBIDDEN, halftone } from './cli.js'

const SNAPSHOT = 'examples/queue/snapshot.json'
const HISTORY = 'examples/queue/history.sacct.gz'
const ON = ['--on', SNAPSHOT, '--history', HISTORY, '-q']
const folder = mkdtempSync(join(tmpdir(), 'halftone-eta-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const file = (name: string, value: unknown): string => {
  const path = join(folder, name)
  writeFileSync(path, typeof value === 'string' ? value : JSON.stringify(value))
  return path
}
const answer = <T>({ out, code, err }: Ended): T => {
  expect([code, err]).toEqual([0, ''])
  return JSON.parse(out) as T
}
const whatif = async (...more: string[]): Promise<WhatIf> =>
  answer(await halftone('whatif', ...ON, '--futures', '60', '--json', ...more))

describe('the bundled queue', () => {
  const made = make()
  it('is what its generator makes', () => {
    expect(gunzipSync(readFileSync(HISTORY)).toString('utf8')).toBe(made.history)
    expect(JSON.parse(readFileSync(SNAPSHOT, 'utf8'))).toEqual(JSON.parse(JSON.stringify(made.snapshot)))
  })

  it('gets a time for every job that can have one, in ranges that hold what came about as often as they say', async () => {
    const eta = answer<Eta>(await halftone('eta', ...ON, '--json'))
    expect(validate('eta', eta).ok).toBe(true)
    expect(eta.cluster).toEqual({ slots: 56, busySlots: 56, slotsAway: 8 })
    const timed = eta.jobs.filter(({ never }) => never === undefined)
    let [held, asked] = [0, 0]
    const inside = (range: EtaRange | undefined, came: number): void => {
      asked++
      if (range !== undefined && came >= range.p5 && came <= range.p95) held++
    }
    for (const { id, start, end, state } of timed) {
      const came = made.truth.get(id)
      if (came === undefined) continue
      expect(end!.p5).toBeGreaterThanOrEqual(0)
      if (state === 'pending') inside(start, came.start)
      inside(end, came.end)
    }
    // jobs of a queue hit and miss together, so this is one look at a share of 0.9, and no more than a check of the order
    expect(held / asked).toBeGreaterThan(0.7)
    expect(eta.runTimes.scores!.find(({ name }) => name === eta.runTimes.name)!.crps).toBeLessThan(
      eta.runTimes.scores!.find(({ name }) => name === 'limit')!.crps,
    )
  })

  it('says why a job gets no time, and puts a job that waits for another behind it', async () => {
    const { jobs } = answer<Eta>(await halftone('eta', ...ON, '--json'))
    const of = new Map(jobs.map((job) => [job.id, job]))
    expect(of.get('9001')!.never!.code).toBe('held')
    expect(of.get('9003')!.never!.code).toBe('too-large')
    const after = of.get('9002')!
    expect(after.start!.p5).toBeGreaterThan(of.get(after.after![0]!)!.start!.p5)
  })

  it('is answered with the same bytes for the same seed', async () => {
    const [a, b] = [await halftone('eta', ...ON, '--json'), await halftone('eta', ...ON, '--json')]
    const cost = /"cost": \{[^}]*\}/
    expect(a.out.replace(cost, '')).toBe(b.out.replace(cost, ''))
  })

  it('reads well in a terminal and on a page that stands alone', async () => {
    const page = join(folder, 'queue.html')
    const { out, code } = await halftone('eta', ...ON, '--html', page)
    expect(code).toBe(0)
    expect(out).not.toMatch(FORBIDDEN)
    expect(out).toContain('How far to trust it')
    for (const line of out.split('\n')) expect(line.length).toBeLessThanOrEqual(100)
    const html = readFileSync(page, 'utf8')
    expect(html).not.toMatch(/<script|https?:\/\/(?!www\.w3\.org)/)
    expect(html).not.toMatch(FORBIDDEN)
  })
})

describe('what cannot be answered is refused with the reason', () => {
  const refused = async (what: RegExp, code: number, ...args: string[]): Promise<void> => {
    const ended = await halftone(...args)
    expect(ended.code).toBe(code)
    expect(ended.err.replace(/\s+/g, ' ')).toMatch(what)
    expect(ended.out).toBe('')
    expect(ended.err).not.toMatch(FORBIDDEN)
  }
  it('a job that is not there, one that can never start', async () => {
    await refused(/no job 12345 in the queue/, 1, 'eta', '12345', ...ON)
    await refused(/job 9003 can start never: it needs 80 slots, the whole cluster has 64/, 1, 'eta', '9003', ...ON)
  })

  it('a queue without a history', async () => {
    await refused(/no job that ended is known.*--history/, 1, 'eta', '--on', SNAPSHOT)
  })

  it('a snapshot that is none: every issue with its line', async () => {
    const job = { id: 'a', state: 'running', submitSeconds: 5, slots: 1 }
    const bad = file('bad.json', {
      atSeconds: 1,
      nodes: [{ name: 'n', slots: 1, busySlots: 0, state: 'up' }],
      jobs: [job, { ...job, slots: 0 }],
    })
    const ended = await halftone('eta', '--on', bad, '--json')
    expect(ended.code).toBe(2)
    const codes = (JSON.parse(ended.out) as { issues: { kept: { code: string; place: string }[] } }).issues.kept.map(
      ({ code, place }) => `${code} ${place.split(' ').at(-1)}`,
    )
    expect(codes).toEqual(
      expect.arrayContaining([
        'out-of-range jobs[1].slots',
        'duplicate-id jobs[1].id',
        'missing-field jobs[0].startSeconds',
        'out-of-range jobs[0].submitSeconds',
      ]),
    )
    await refused(/no such file, and no such cluster/, 2, 'eta', '--on', 'slrum')
    await refused(/--slurm-conf.*--on names a file/, 2, 'eta', ...ON, '--slurm-conf', 'slurm.conf')
  })

  it('a change that is none, a node that is not there, a job that is too large', async () => {
    await refused(/nothing would change/, 1, 'whatif', ...ON)
    await refused(/there is no node gpu99/, 1, 'whatif', ...ON, '--without-nodes', 'gpu99')
    await refused(
      /needs 60 slots, the nodes that are up have 56/,
      1,
      'whatif',
      ...ON,
      '--submit',
      file('large.yaml', 'slots: 60'),
    )
    await refused(/expected a plan or a policy/, 2, 'whatif', ...ON, '--policy', 'examples/dias.yaml')
    await refused(/slots/, 2, 'whatif', ...ON, '--submit', file('wrong.yaml', 'slots: none'))
  })
})

describe('what would change', () => {
  it('a job that comes last delays nobody who is served first come first served', async () => {
    const { jobs } = await whatif(
      '--discipline',
      'fcfs',
      '--submit',
      file('job.yaml', 'slots: 8\nuser: user03\nlimitSeconds: 7200'),
    )
    expect(jobs.filter(({ verdict }) => verdict === 'new')).toHaveLength(1)
    // 9002 waits for another job and is in line only once that has ended
    expect(jobs.filter(({ id, verdict }) => id !== '9002' && verdict !== 'new' && verdict !== 'same')).toEqual([])
  })

  it('without nodes nobody who is served first come first served starts sooner, and the mean start is later', async () => {
    const { jobs, meanLater, cluster } = await whatif('--discipline', 'fcfs', '--without-nodes', 'gpu1,gpu2')
    expect([cluster.before.slots, cluster.after.slots]).toEqual([56, 40])
    expect(jobs.filter(({ verdict }) => verdict === 'sooner')).toEqual([])
    for (const { later } of jobs) expect(later!.p5).toBeGreaterThanOrEqual(-1e-6)
    expect(meanLater!.p50).toBeGreaterThan(60)
  })

  it('the discipline that is in force, applied as a policy, changes nothing', async () => {
    const policy = { schema: 'halftone/policy/1', name: 'as it is', discipline: 'easy-backfill' }
    const { jobs } = await whatif('--policy', file('policy.json', policy))
    expect(new Set(jobs.map(({ verdict }) => verdict))).toEqual(new Set(['same']))
  })

  it('a policy that drops half of each job’s data lets the queue end sooner', async () => {
    const policy = { schema: 'halftone/policy/1', name: 'half', discipline: 'easy-backfill', drop: { gpu: 0.5 } }
    const { lastEnd, caveats } = await whatif('--policy', file('half.json', policy))
    expect(lastEnd!.after.p50).toBeLessThan(lastEnd!.before.p50)
    expect(caveats.map(({ code }) => code)).toContain('drop')
  })

  it('is told in words, as a table and as a page', async () => {
    const page = join(folder, 'whatif.html')
    const { out, code } = await halftone('whatif', ...ON, '--futures', '40', '--without-nodes', 'gpu1', '--html', page)
    expect(code).toBe(0)
    expect(out.replace(/\s+/g, ' ')).toContain('If node gpu1 went away: of 13 waiting jobs')
    expect(out).not.toMatch(FORBIDDEN)
    expect(readFileSync(page, 'utf8')).not.toMatch(FORBIDDEN)
  })
})
