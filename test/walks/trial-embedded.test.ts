import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type TrialReport, validate } from '../../src/model/index.js'

/** Small jobs, so that a few seconds of a loaded machine are enough for some of them. */
const SCENARIO = `
schema: halftone/scenario/1
name: small jobs
workload:
  schema: halftone/workload/1
  name: two classes
  classes:
    - name: high
      priority: 1
      arrival: { kind: poisson, ratePerSecond: 0.3 }
      run: { kind: bundled, job: graph, taskSeconds: 0.1 }
      work:
        kind: stages
        stages:
          - { name: map, tasks: 2, taskTime: { kind: constant, seconds: 0.4 } }
          - { name: reduce, tasks: 1, taskTime: { kind: constant, seconds: 0.4 }, droppable: false }
    - name: low
      priority: 2
      arrival: { kind: poisson, ratePerSecond: 0.5 }
      run: { kind: bundled, job: text, taskSeconds: 0.1 }
      work:
        kind: stages
        stages:
          - { name: map, tasks: 4, taskTime: { kind: constant, seconds: 0.4 } }
          - { name: reduce, tasks: 1, taskTime: { kind: constant, seconds: 0.4 }, droppable: false }
cluster:
  schema: halftone/cluster/1
  name: here
  nodes: [{ name: here, count: 1, slots: 3 }]
policy: { schema: halftone/policy/1, name: P, discipline: priority-preemptive-restart }
levers: { sprint: { speed: 2, classes: [high] } }
`

/** The command as it is installed: its daemon is a program of its own. */
function halftone(...args: string[]): Promise<{ code: number | null; out: string; err: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['dist/cli/main.js', ...args])
    let [out, err] = ['', '']
    child.stdout.on('data', (text) => (out += text))
    child.stderr.on('data', (text) => (err += text))
    child.on('close', (code) => resolve({ code, out, err }))
  })
}

describe('halftone trial on worker processes of this machine, with nothing else installed', () => {
  const folder = mkdtempSync(join(tmpdir(), 'trial-'))
  const path = join(folder, 'scenario.yaml')
  const asked = [
    'trial',
    path,
    '--on',
    'embedded',
    '--for',
    '60s',
    '--load',
    '0.4',
    '--profile-jobs',
    '1',
    '--work',
    join(folder, 'work'),
  ]
  const policies = ['--policies', 'NP,DiAS(0,50)']
  let report: TrialReport
  let text: string
  beforeAll(async () => {
    writeFileSync(path, SCENARIO)
    const out = join(folder, 'report.json')
    const answer = await halftone(...asked, ...policies, '-q', '--out', out, '--html', join(folder, 'report.html'))
    expect([0, 1], answer.err).toContain(answer.code)
    text = answer.out
    report = JSON.parse(readFileSync(out, 'utf8')) as TrialReport
  }, 200_000)
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('runs every policy on the same arrivals and measures the responses of real jobs', () => {
    expect(validate('trial-report', report)).toMatchObject({ ok: true })
    expect(report.policies.map(({ policy }) => policy.name)).toEqual(['NP', 'DiAS(0,50)'])
    for (const { classes, timeline } of report.policies) {
      expect(classes.length).toBeGreaterThan(0)
      for (const { measured } of classes) expect(measured.mean.value).toBeGreaterThan(0.1)
      expect(timeline.tasks.length).toBeGreaterThan(0)
      expect(timeline.tasks.every(({ startSeconds, endSeconds, lane }) => endSeconds >= startSeconds && lane < 3)).toBe(true)
    }
    expect(text).toContain('DiAS(0,50)')
    expect(readFileSync(join(folder, 'report.html'), 'utf8')).toContain('<svg')
  })

  it('measures on the results themselves what dropping loses', () => {
    const low = report.policies[1]!.classes.find(({ name }) => name === 'low')
    const droppedTasks = report.policies[1]!.timeline.tasks.filter(
      ({ className, stage }) => className === 'low' && stage === 'map',
    )
    if (low) expect(low.accuracyLoss.measured!.value).toBeGreaterThan(0)
    for (const one of report.policies[0]!.classes) expect(one.accuracyLoss.measured!.value).toBe(0)
    const perJob = new Map<number, number>()
    for (const { job, lost } of droppedTasks) if (!lost) perJob.set(job, (perJob.get(job) ?? 0) + 1)
    for (const tasks of perJob.values()) expect(tasks).toBeLessThanOrEqual(2)
  })

  it('measures on the spot how much faster each stage is in a sprint, and what of it a processor speeds up', () => {
    // one job of each class on a machine that may be busy: how much is for a quiet machine (bench/quality/trial)
    for (const { stages } of report.profile.classes)
      for (const { speedUp, processorBound, taskSeconds } of stages) {
        expect(taskSeconds.value).toBeGreaterThan(0.05)
        expect(speedUp!.value).toBeGreaterThan(0.2)
        expect(processorBound!).toBeGreaterThanOrEqual(0)
        expect(processorBound!).toBeLessThanOrEqual(1)
      }
  })

  it('leaves no daemon, no control group and no job behind', () => {
    const groups = '/sys/fs/cgroup/cpu'
    const ours = existsSync(groups) ? readdirSync(groups).filter((name) => name.startsWith('halftone')) : []
    for (const name of ours) expect(readFileSync(join(groups, name, 'cgroup.procs'), 'utf8')).not.toContain(String(process.pid))
    expect(existsSync(join(folder, 'work', 'cluster', 'cluster.sock'))).toBe(false)
  })

  it('goes on from what is stored, and says so where the question is another', async () => {
    const again = await halftone(...asked, ...policies, '-q', '--json', '--resume')
    expect((JSON.parse(again.out) as TrialReport).policies.map(({ startedAtSeconds }) => startedAtSeconds)).toEqual(
      report.policies.map(({ startedAtSeconds }) => startedAtSeconds),
    )
    const other = await halftone(...asked, '--policies', 'NP', '-q', '--resume')
    expect(other.code).toBe(2)
    expect(other.err).toContain('another trial')
  })

  it('names everything that keeps a scenario from being tried', async () => {
    const wrong = join(folder, 'wrong.yaml')
    writeFileSync(
      wrong,
      SCENARIO.replace('tasks: 2', 'tasks: { counts: [2, 3], probabilities: [0.5, 0.5] }').replace(/run: .*text.*\n/, '\n'),
    )
    const answer = await halftone(
      ...['trial', wrong, '--on', 'embedded', '--policies', 'NP,XX,plan', '--work', join(folder, 'wrong')],
    )
    expect(answer.code).toBe(2)
    for (const said of ['workload.classes[0].work.stages[0].tasks', 'workload.classes[1].run', 'XX', 'goal'])
      expect(answer.err).toContain(said)
  })
})
