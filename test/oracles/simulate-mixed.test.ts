/** Gangs, arrays and stages on the same slots, nodes with CPUs and memory: the engines against a slow simulator, job by job. */
import { describe, expect, it } from 'vitest'
import { DISCIPLINES, isRefusal, type Scenario, validate } from '../../src/model/index.js'
import { Rng } from '../../src/num/index.js'
import { compileScenario, drawJobs, Engine, type Run, runJobs } from '../../src/simulate/index.js'
import { engineSettings } from '../../src/simulate/run.js'
import { TaskEngine, withOrdinals } from '../../src/simulate/taskEngine.js'
import { type SlowNode, slowSimulation } from '../support/slow-simulator.js'
import { spelt } from '../support/spelt-jobs.js'

const SEED = 7

type Kinds = readonly ('gang' | 'array' | 'stages')[]

/** A random small scenario of these kinds of jobs. */
function scenarioOf(
  nth: number,
  kinds: Kinds,
  policy: object,
  options: { needs?: boolean; hazards?: boolean; wide?: boolean } = {},
): Scenario {
  const rng = new Rng(nth, 'mixed scenarios')
  const pick = <T>(values: readonly T[]): T => values[rng.below(values.length)]
  const needs = () =>
    options.needs
      ? { needs: { cpus: pick([0, 1, 1.5, 2, 3]), memoryMib: pick([0, 100, 250, 700]), per: pick(['slot', 'job']) } }
      : {}
  const time = () => ({ kind: 'uniform', lowSeconds: 0.2, highSeconds: pick([2, 4, 7]) })
  const work = (kind: Kinds[number]) => {
    if (kind === 'gang')
      return {
        kind,
        slots: options.wide
          ? { counts: [1, 2, 5, 8], probabilities: [0.4, 0.2, 0.2, 0.2] }
          : { counts: [1, 2, 3, 5], probabilities: [0.4, 0.3, 0.2, 0.1] },
        runTime: time(),
        divisible: true,
        ...needs(),
      }
    if (kind === 'array')
      return {
        kind,
        tasks: { counts: [1, 4, 9], probabilities: [0.3, 0.4, 0.3] },
        taskTime: time(),
        slotsPerTask: pick([1, 1, 2]),
        ...(pick([true, false]) ? { runningAtMost: pick([1, 2, 3]) } : {}),
        ...needs(),
      }
    return {
      kind,
      stages: [
        { name: 'map', setup: time(), tasks: { counts: [2, 5], probabilities: [0.5, 0.5] }, taskTime: time(), ...needs() },
        { name: 'reduce', tasks: pick([1, 3]), taskTime: time(), ...needs() },
      ],
    }
  }
  const classes = kinds.map((kind, k) => ({
    name: `${kind} ${k}`,
    priority: 1 + (k % 3),
    arrival: { kind: 'poisson', ratePerSecond: kind === 'gang' ? 0.5 : 0.14 },
    work: work(kind),
    ...(options.hazards ? { failures: { ratePerRunningSecond: pick([0.05, 0.2]), retriesAtMost: pick([0, 1, 3]) } } : {}),
  }))
  const read = validate('scenario', {
    schema: 'halftone/scenario/1',
    name: 'mixed',
    workload: { schema: 'halftone/workload/1', name: 'w', classes },
    cluster: {
      schema: 'halftone/cluster/1',
      name: 'c',
      nodes: [
        { name: 'large', count: 2, slots: 4, ...(options.needs ? { cpus: 8, memoryMib: 2000 } : {}) },
        { name: 'small', count: 3, slots: 2, ...(options.needs ? { cpus: 10, memoryMib: 3000 } : {}) },
      ],
    },
    policy: {
      schema: 'halftone/policy/1',
      name: 'p',
      las: { thresholdsSlotSeconds: [2, 9, 30] },
      fairShare: { halfLifeSeconds: 20 },
      ...(options.hazards ? { stopAfterSeconds: Object.fromEntries(classes.map(({ name }) => [name, pick([3, 6, 20])])) } : {}),
      ...policy,
    },
  })
  if (!read.ok) throw new Error(JSON.stringify(read.issues))
  return read.value
}

function nodesOf({ cluster, policy }: Scenario): SlowNode[] {
  const groups = cluster.nodes
  const has = (value: number | undefined) => value ?? Number.POSITIVE_INFINITY
  if (policy.placement === 'pool') {
    const total = (of: (group: (typeof groups)[number]) => number) =>
      groups.reduce((sum, group) => sum + group.count * of(group), 0)
    return [{ slots: total((g) => g.slots), cpus: total((g) => has(g.cpus)), memory: total((g) => has(g.memoryMib)), group: 0 }]
  }
  return groups.flatMap((group, g) =>
    Array.from({ length: group.count }, () => ({
      slots: group.slots,
      cpus: has(group.cpus),
      memory: has(group.memoryMib),
      group: g,
    })),
  )
}

/** Runs both and compares them job by job. */
function compare(scenario: Scenario, count: number): { run: Run; evictions: number } {
  const compiled = compileScenario(scenario)
  if (isRefusal(compiled)) throw new Error(compiled.message)
  const jobs = drawJobs(compiled, SEED, 0, count)
  const run = runJobs(compiled, jobs, undefined, { seed: SEED, replication: 0 })
  const slow = slowSimulation({
    jobs: spelt(compiled, jobs, SEED),
    nodes: nodesOf(scenario),
    placement: scenario.policy.placement,
    discipline: scenario.policy.discipline,
    ties: compiled.hasNeeds ? 'fewest-cpus' : 'changed-last',
    levels: scenario.policy.las!.thresholdsSlotSeconds,
    halfLife: scenario.policy.fairShare!.halfLifeSeconds,
  })
  for (let i = 0; i < count; i++) {
    const off = Math.max(Math.abs(run.response[i] - slow.response[i]), Math.abs(run.held[i] - slow.held[i]))
    if (off > 1e-6 * (1 + slow.response[i]))
      throw new Error(
        `job ${i} (${compiled.classes[jobs.classIndex[i]].name}): response ${run.response[i]} and held ${run.held[i]}, slowly ${slow.response[i]} and ${slow.held[i]}`,
      )
    const given = (run.givenUp ?? jobs.failures?.givenUp)?.[i] ?? 0
    if ((given === 1) !== slow.givenUp[i]) throw new Error(`job ${i} given up: ${given}, slowly ${slow.givenUp[i]}`)
  }
  expect(run.evictions).toBe(slow.evictions)
  expect(Math.abs(run.end.busy - slow.busy)).toBeLessThan(1e-6 * slow.busy)
  expect(Math.abs(run.end.lost - slow.lost)).toBeLessThan(1e-6 * (1 + slow.lost))
  return { run, evictions: slow.evictions }
}

const MIXES: Record<string, Kinds> = {
  'gangs alone': ['gang', 'gang', 'gang'],
  'arrays alone': ['array', 'array', 'array'],
  'stages alone': ['stages', 'stages', 'stages'],
  'gangs, arrays and stages': ['gang', 'array', 'stages'],
}

describe.each(DISCIPLINES)('%s', (discipline) => {
  it.each(Object.keys(MIXES))('%s go as in a simulation by hand, in a pool, packed and spread', (mix) => {
    for (const [i, placement] of (['pool', 'packed', 'spread'] as const).entries())
      compare(scenarioOf(10 + i, MIXES[mix], { discipline, placement }), 60)
  })

  it('on gangs alone the engine of tasks gives the gang engine’s numbers, failures and needs included', () => {
    for (const [i, placement] of (['pool', 'packed', 'spread'] as const).entries()) {
      for (const options of [{}, { needs: true }, { hazards: true }]) {
        const compiled = compileScenario(scenarioOf(50 + i, MIXES['gangs alone'], { discipline, placement }, options))
        if (isRefusal(compiled)) throw new Error(compiled.message)
        const jobs = drawJobs(compiled, SEED, 0, 400)
        const gangs = new Engine(engineSettings(compiled, jobs))
        const tasks = new TaskEngine(compiled, withOrdinals(jobs, 3), SEED, 0, 100)
        gangs.run()
        tasks.run()
        for (let job = 0; job < jobs.count; job++)
          if (Math.abs(gangs.response[job] - tasks.response[job]) > 1e-7 * (1 + gangs.response[job]))
            throw new Error(`job ${job}: ${gangs.response[job]}, by tasks ${tasks.response[job]}`)
        expect(tasks.evictions).toBe(gangs.evictions)
        expect(tasks.failed).toBe(gangs.failed)
        expect(Math.abs(tasks.totals().lost - gangs.totals().lost)).toBeLessThan(1e-6 * (1 + gangs.totals().lost))
      }
    }
  })

  it('so do jobs that need CPUs and memory of heterogeneous nodes', () => {
    for (const [i, placement] of (['pool', 'packed', 'spread'] as const).entries())
      compare(scenarioOf(20 + i, MIXES['gangs, arrays and stages'], { discipline, placement }, { needs: true }), 60)
  })

  it('so do failures with retries, stopping, and dropping early', () => {
    for (const [i, placement] of (['pool', 'packed'] as const).entries()) {
      const policy = { discipline, placement, drop: { 'gang 0': 0.2, 'array 1': 0.4, 'stages 2': 0.3 } }
      const { run } = compare(scenarioOf(30 + i, MIXES['gangs, arrays and stages'], policy, { hazards: true }), 60)
      expect(run.givenUp!.some((one) => one === 1)).toBe(true)
    }
  })
})

it('who found no room is looked at again when an eviction leaves room over; a job is as urgent as the work that its ended tasks have left', () => {
  // under LAS a wide gang is evicted for a narrow one and its other slots are for the next; under SRTF the last running task ends of a job that waits with others
  for (const [discipline, nth, kinds] of [
    ['las', 100, 'gangs alone'],
    ['srtf', 105, 'gangs, arrays and stages'],
    ['srtf', 122, 'gangs, arrays and stages'],
  ] as const)
    expect(
      compare(scenarioOf(nth, MIXES[kinds], { discipline, placement: 'packed' }, { wide: discipline === 'srtf' }), 120).evictions,
    ).toBeGreaterThan(0)
})

it('stragglers are cut alike', () => {
  for (const discipline of ['fcfs', 'priority-preemptive-resume', 'priority-preemptive-restart'])
    compare(
      scenarioOf(40, MIXES['gangs, arrays and stages'], {
        discipline,
        dropping: 'straggler',
        drop: { 'array 1': 0.4, 'stages 2': 0.3 },
      }),
      60,
    )
})
