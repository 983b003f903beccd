/**
 * The scheduler that real clusters run on, in virtual time, against the simulator: the same jobs through both end at the same instants, job by job,
 * with the same slot time thrown away. So what a simulation foretells is what the scheduler does, but for what the real world adds.
 */
import { describe, expect, it } from 'vitest'
import { ReplayCluster, type ReplayJob } from '../../src/drivers/replay/index.js'
import { isRefusal, type Policy, type Scenario, validate } from '../../src/model/index.js'
import { type CompiledScenario, compileScenario, drawJobs, type RunJobs, runJobs } from '../../src/simulate/index.js'
import { spelt } from '../support/spelt-jobs.js'

const DISCIPLINES = ['fcfs', 'priority-nonpreemptive', 'priority-preemptive-restart', 'priority-preemptive-resume'] as const
const SEED = 7
const JOBS = 400

const exponential = (meanSeconds: number) => ({ kind: 'exponential', meanSeconds })
const stages = (mapTasks: object | number, taskSeconds: number) => ({
  kind: 'stages',
  stages: [
    { name: 'map', setup: exponential(2), tasks: mapTasks, taskTime: exponential(taskSeconds) },
    { name: 'reduce', setup: exponential(1), tasks: 3, taskTime: exponential(taskSeconds), droppable: false },
  ],
})
const gang = (slots: object | number, seconds: number) => ({ kind: 'gang', slots, runTime: exponential(seconds) })

function scenario(works: readonly object[], rate: number, policy: Partial<Policy>, nodes: readonly object[]): Scenario {
  const read = validate('scenario', {
    schema: 'halftone/scenario/1',
    name: 's',
    workload: {
      schema: 'halftone/workload/1',
      name: 'w',
      classes: works.map((work, k) => ({
        name: `class ${k + 1}`,
        priority: k + 1,
        arrival: { kind: 'poisson', ratePerSecond: rate },
        work,
      })),
    },
    cluster: { schema: 'halftone/cluster/1', name: 'c', nodes },
    policy: { schema: 'halftone/policy/1', name: 'p', discipline: 'fcfs', ...policy },
  })
  if (!read.ok) throw new Error(JSON.stringify(read.issues))
  return read.value
}

/** The drawn jobs as the scheduler is told of them: stages by tasks, of gangs one task. */
function replayed(compiled: CompiledScenario, jobs: RunJobs): ReplayJob[] {
  return spelt(compiled, jobs, SEED).map((job, i) => ({
    key: `job-${i}`,
    className: compiled.classes[jobs.classIndex[i]!]!.name,
    priority: job.priority,
    submitSeconds: job.arrival,
    stages: job.stages.map((stage, s) => ({
      name: `stage-${s}`,
      tasks: stage.tasks.length,
      workSeconds: stage.tasks,
      setupSeconds: stage.setup,
      slotsPerTask: stage.slots,
    })),
  }))
}

function compare(works: readonly object[], rate: number, policy: Partial<Policy>, nodes: readonly object[]): void {
  const compiled = compileScenario(scenario(works, rate, policy, nodes))
  if (isRefusal(compiled)) throw new Error(compiled.message)
  const jobs = drawJobs(compiled, SEED, 0, JOBS)
  const run = runJobs(compiled, jobs, undefined, { seed: SEED, replication: 0 })
  const slots = compiled.scenario.cluster.nodes.flatMap(({ name, count, slots: each, speed }) =>
    Array.from({ length: count }, (_, i) => ({ name: `${name}-${i}`, slots: each, speed })),
  )
  const { discipline, engine } = compiled.scenario.policy
  const cluster = ReplayCluster.open({ nodes: slots, discipline, engine, jobs: replayed(compiled, jobs) })
  if (isRefusal(cluster)) throw new Error(cluster.message)
  cluster.runUntil(Number.MAX_VALUE)
  const seen = cluster.scheduler.observe(cluster.clock.now(), { endedSince: 0 }).jobs
  const byKey = new Map(seen.map((job) => [job.key, job]))
  const response = Array.from({ length: JOBS }, (_, i) => {
    const { endSeconds, submitSeconds } = byKey.get(`job-${i}`)!
    return endSeconds! - submitSeconds
  })
  for (let i = 0; i < JOBS; i++) expect(Math.abs(response[i]! - run.response[i]!), `job ${i}`).toBeLessThan(1e-6)
  // evictions happened where they may, or the comparison shows nothing (one server is played without events, and counts none)
  if (discipline !== 'priority-preemptive-resume' || engine === 'shared')
    expect(run.evictions > 0).toBe(discipline.startsWith('priority-preemptive'))
  const wasted = seen.reduce((sum, job) => sum + job.wastedSeconds!, 0)
  // the exclusive engine counts the cluster as one slot
  const capacity = engine === 'exclusive' ? slots.reduce((sum, node) => sum + node.slots, 0) : 1
  expect(wasted).toBeCloseTo(run.end.lost * capacity, 4)
}

describe.each(DISCIPLINES)('the scheduler under %s', (discipline) => {
  it('plays stages on shared slots as the simulator does', () => {
    compare([stages(6, 5), stages({ counts: [4, 12], probabilities: [0.5, 0.5] }, 6)], 0.024, { discipline }, [
      { name: 'n', count: 1, slots: 5 },
    ])
  })

  it('plays stages on slots of two speeds as the simulator does', () => {
    const nodes = [
      { name: 'fast', count: 1, slots: 2, speed: 1.5 },
      { name: 'slow', count: 1, slots: 3 },
    ]
    compare([stages(6, 5), stages(9, 6)], 0.026, { discipline }, nodes)
  })

  it('plays gangs beside stages as the simulator does', () => {
    compare([gang(3, 20), stages(8, 5), gang(2, 15)], 0.013, { discipline }, [{ name: 'n', count: 2, slots: 3 }])
  })

  it('plays jobs that have the whole cluster as the simulator does', () => {
    compare([stages(6, 4), stages(9, 5)], 0.017, { discipline, engine: 'exclusive' }, [{ name: 'n', count: 1, slots: 5 }])
  })
})
