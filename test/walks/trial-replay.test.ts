import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { replayDriver } from '../../src/drivers/index.js'
import { isRefusal, type JobSpec, type Scenario, type TrialReport, validate } from '../../src/model/index.js'
import { Rng } from '../../src/num/index.js'
import { policiesNamed } from '../../src/study/trial/policies.js'
import { TrialStore } from '../../src/study/trial/store.js'
import { type ClassWork, trial } from '../../src/study/trial/trial.js'

const SLOTS = 4
const SPRINT = 2

/** Two classes of map/reduce jobs; the trial is not told the laws of their tasks, it measures them. */
function scenarioOf(): Scenario {
  const guess = { kind: 'constant', seconds: 1 }
  const stages = (maps: number): unknown[] => [
    { name: 'map', tasks: maps, taskTime: guess },
    { name: 'reduce', tasks: 1, taskTime: guess, droppable: false },
  ]
  const valid = validate('scenario', {
    schema: 'halftone/scenario/1',
    name: 'in virtual time',
    workload: {
      schema: 'halftone/workload/1',
      name: 'two classes',
      classes: [
        {
          name: 'high',
          priority: 1,
          arrival: { kind: 'poisson', ratePerSecond: 0.01 },
          work: { kind: 'stages', stages: stages(4) },
        },
        {
          name: 'low',
          priority: 2,
          arrival: { kind: 'poisson', ratePerSecond: 0.04 },
          work: { kind: 'stages', stages: stages(10) },
        },
      ],
    },
    cluster: {
      schema: 'halftone/cluster/1',
      name: 'one node',
      nodes: [{ name: 'node', count: 1, slots: SLOTS }],
      power: { idleWatts: 50, busyWatts: 100, sprintWatts: 160 },
    },
    policy: { schema: 'halftone/policy/1', name: 'P', discipline: 'priority-preemptive-restart' },
    levers: { sprint: { speed: SPRINT, classes: ['high'] } },
  })
  if (!valid.ok) throw new Error(JSON.stringify(valid.issues))
  return valid.value
}

/** Seconds of work of a task: what the cluster knows and the trial does not. */
function workOf(spec: JobSpec, stage: string, task: number): number {
  const rng = new Rng(7, `${spec.key} ${stage} ${task}`)
  const mean = stage === 'reduce' ? 0.8 : spec.className === 'high' ? 2 : 3
  return mean * (0.5 + rng.uniform())
}

function workFor(className: string, maps: number): ClassWork {
  return {
    spec: ({ key, priority, withdrawn }) => ({
      key,
      className,
      priority,
      withdrawn,
      stages: [
        { name: 'map', tasks: maps, command: ['work'], droppable: true },
        { name: 'reduce', tasks: 1, command: ['work'], droppable: false },
      ],
    }),
  }
}

describe('a trial on a cluster in virtual time', () => {
  const folder = mkdtempSync(join(tmpdir(), 'trial-'))
  let report: TrialReport
  const run = async (resume: boolean): Promise<TrialReport> => {
    const driver = replayDriver({
      nodes: [{ name: 'node', slots: SLOTS }],
      discipline: 'priority-nonpreemptive',
      jobs: [],
      workSeconds: (spec, stage, task) => workOf(spec, stage.name, task),
    })
    if (isRefusal(driver)) throw new Error(driver.message)
    const scenario = scenarioOf()
    const names = ['P', 'NP', 'DA(0,30)', 'DiAS(0,30)']
    const policies = policiesNamed(names, scenario, 1)
    if (!policies.ok) throw new Error(JSON.stringify(policies.issues))
    const asked = { scenario, policies: names, seed: 1, load: 0.75, forSeconds: 24_000 }
    const store = await TrialStore.open(join(folder, 'state.json'), asked, resume)
    if (!(store instanceof TrialStore)) throw new Error(store.message)
    const answer = await trial({
      ...asked,
      driver,
      capabilities: await driver.capabilities(),
      work: new Map([
        ['high', workFor('high', 4)],
        ['low', workFor('low', 10)],
      ]),
      policies: policies.of,
      policyCount: names.length,
      profileJobs: 60,
      everySeconds: 1,
      directory: folder,
      run: 'test',
      store,
    })
    if (isRefusal(answer)) throw new Error(answer.message)
    return answer
  }
  beforeAll(async () => {
    report = await run(false)
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('measures the task times and the speed-up of a sprint that it was not told', () => {
    const [high, low] = report.profile.classes
    expect(high!.stages[0]!.taskSeconds.low).toBeLessThan(2)
    expect(high!.stages[0]!.taskSeconds.high).toBeGreaterThan(2)
    expect(low!.stages[0]!.taskSeconds.low).toBeLessThan(3)
    expect(low!.stages[0]!.taskSeconds.high).toBeGreaterThan(3)
    expect(high!.stages[0]!.speedUp!.low).toBeLessThan(SPRINT)
    expect(high!.stages[0]!.speedUp!.high).toBeGreaterThan(SPRINT)
  })

  it('foresees the mean of every class under every policy within a tenth', () => {
    for (const { policy, classes } of report.policies)
      for (const { name, jobs, unfinished, measured, predicted } of classes) {
        expect(jobs, `${policy.name} ${name}`).toBeGreaterThan(50)
        expect(unfinished, `${policy.name} ${name}`).toBeLessThan(20)
        expect(Math.abs(predicted!.mean.value / measured.mean.value - 1), `${policy.name} ${name}`).toBeLessThan(0.1)
        expect(measured.mean.value, `${policy.name} ${name}`).toBeGreaterThan(predicted!.mean.low * 0.97)
        expect(measured.mean.value, `${policy.name} ${name}`).toBeLessThan(predicted!.mean.high * 1.03)
      }
  })

  it('gives every policy the same jobs, and only preemption wastes work', () => {
    const jobs = report.policies.map(({ classes }) => classes.map((one) => one.jobs + one.unfinished))
    for (const counts of jobs) expect(counts).toEqual(jobs[0])
    const waste = Object.fromEntries(report.policies.map(({ policy, measured }) => [policy.name, measured.waste]))
    expect(waste['P']).toBeGreaterThan(0.005)
    expect(waste['NP']).toBe(0)
    expect(waste['DA(0,30)']).toBe(0)
  })

  it('sprints the high class alone, within what the policy says', () => {
    const dias = report.policies.find(({ policy }) => policy.name === 'DiAS(0,30)')!
    const high = new Set(dias.timeline.tasks.filter(({ className }) => className === 'high').map(({ job }) => job))
    expect(dias.timeline.sprints.length).toBeGreaterThan(50)
    expect(dias.timeline.sprints.every(({ job, speed }) => high.has(job) && speed === SPRINT)).toBe(true)
    expect(report.policies.find(({ policy }) => policy.name === 'NP')!.timeline.sprints).toEqual([])
  })

  it('goes on where it was: what is stored is not run again', async () => {
    const again = await run(true)
    expect(again.policies.map(({ startedAtSeconds }) => startedAtSeconds)).toEqual(
      report.policies.map(({ startedAtSeconds }) => startedAtSeconds),
    )
    expect(again.profile).toEqual(report.profile)
  })

  it('is a value that validates', () => {
    expect(validate('trial-report', JSON.parse(JSON.stringify(report)))).toMatchObject({ ok: true })
  })
})
