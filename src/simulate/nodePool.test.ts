import { describe, expect, it } from 'vitest'
import { type Cluster, couldHold, isRefusal, type Policy, type ReplayJobs, type Scenario, validate } from '../model/index.js'
import { Rng } from '../num/index.js'
import { compileScenario } from './compile.js'
import { disciplineRule } from './disciplines/index.js'
import { Engine, type RunJobs } from './engine.js'
import { replayedJobs } from './jobs.js'
import { type JobNeeds, NodePool } from './nodePool.js'
import { SlotPool } from './pool.js'
import { runJobs } from './run.js'

const cluster: Cluster = {
  schema: 'halftone/cluster/1',
  name: 'three kinds',
  nodes: [
    { name: 'a', count: 2, slots: 8, speed: 1, cpus: 96, memoryMib: 4000 },
    { name: 'b', count: 3, slots: 4, speed: 1, cpus: 20, memoryMib: 9000 },
    { name: 'cpu', count: 2, slots: 0, speed: 1, cpus: 64, memoryMib: 1000 },
  ],
}

/** Random jobs with CPUs, memory, some without slots, some with part of one. */
function draw(seed: number, count: number): RunJobs & { readonly needs: Required<JobNeeds> } {
  const rng = new Rng(seed, 'needs')
  const column = () => new Float64Array(count)
  const jobs = {
    count,
    arrival: column(),
    size: column(),
    slots: new Int32Array(count),
    classIndex: new Uint16Array(count),
    needs: { cpus: column(), memoryMib: column(), share: new Float64Array(count).fill(1) },
  }
  let now = 0
  for (let i = 0; i < count; i++) {
    now += rng.exponential() * 0.45
    jobs.arrival[i] = now
    jobs.size[i] = 0.1 + rng.exponential() * 2
    jobs.slots[i] = [0, 1, 1, 1, 2, 4, 6][rng.below(7)]
    jobs.classIndex[i] = rng.below(2)
    jobs.needs.cpus[i] = [0.1, 1, 4.7, 12][rng.below(4)] * Math.max(1, jobs.slots[i])
    jobs.needs.memoryMib[i] = [0, 100, 333.3][rng.below(3)]
    if (jobs.slots[i] === 1 && rng.below(2) === 0) jobs.needs.share[i] = [0.1, 0.3, 0.46, 0.7][rng.below(4)]
  }
  return jobs
}

/** Does a state hold nowhere more than there is, and in all what the running jobs ask for? */
function checkNodes(pool: NodePool, jobs: ReturnType<typeof draw>, running: readonly number[], mode: string): void {
  const nodes = pool.nodesNow()
  for (const { free, cpusFree, memoryMibFree } of nodes)
    if (free < 0 || cpusFree < 0 || memoryMibFree < 0) throw new Error(`over-allocated: ${JSON.stringify(nodes)}`)
  const asked = running.reduce((sum, job) => sum + jobs.slots[job] * jobs.needs.share[job], 0)
  expect(pool.capacity - pool.free).toBeCloseTo(asked, 6)
  const sum = (of: (node: (typeof nodes)[number]) => number) => nodes.reduce((total, node) => total + of(node), 0)
  const cpus = running.reduce((total, job) => total + jobs.needs.cpus[job], 0)
  const memory = running.reduce((total, job) => total + jobs.needs.memoryMib[job], 0)
  if (mode !== 'pool') expect(sum((node) => node.free)).toBeCloseTo(pool.free, 9)
  // thousandths of a CPU and KiB are rounded up, at most one a node
  const all = 2 * 96 + 3 * 20 + 2 * 64
  const [usedCpus, usedMemory] = [
    all - (mode === 'pool' ? nodes[0].cpusFree : sum((node) => node.cpusFree)),
    2 * 4000 + 3 * 9000 + 2 * 1000 - (mode === 'pool' ? nodes[0].memoryMibFree : sum((node) => node.memoryMibFree)),
  ]
  expect(usedCpus).toBeGreaterThan(cpus - 1e-6)
  expect(usedCpus).toBeLessThan(cpus + 0.01 * (running.length + 1))
  expect(usedMemory).toBeGreaterThan(memory - 1e-6)
  expect(usedMemory).toBeLessThan(memory + 0.01 * (running.length + 1))
}

const DISCIPLINES: readonly Policy['discipline'][] = [
  'fcfs',
  'srtf',
  'priority-preemptive-restart',
  'las',
  'easy-backfill',
  'conservative-backfill',
]

describe.each(['pool', 'packed', 'spread'] as const)('slots, CPUs and memory, %s', (mode) => {
  it.each(DISCIPLINES)(
    '%s: nowhere more is held than there is, in all as much as asked for, at any time; all is given back',
    (discipline) => {
      for (let seed = 0; seed < 3; seed++) {
        const jobs = draw(seed, 250)
        const pool = new NodePool(cluster, mode)
        pool.expect(jobs.count, jobs.slots, jobs.needs)
        const before = pool.nodesNow()
        const engine = new Engine({
          jobs,
          pool,
          owners: 2,
          rule: disciplineRule({ discipline, las: { thresholdsSlotSeconds: [2, 8] } } as unknown as Policy),
          classPriority: Int32Array.of(1, 2),
        })
        for (let t = 0; t < jobs.arrival[249]; t += 0.37) {
          engine.run(t)
          checkNodes(
            pool,
            jobs,
            Array.from({ length: engine.runningJobs }, (_, i) => engine.runningJob(i)),
            mode,
          )
        }
        expect(engine.run()).toBe(true)
        expect(pool.nodesNow()).toEqual(before)
        expect(pool.free).toBe(pool.capacity)
        const { busy, lost, present } = engine.totals()
        const work = jobs.size.reduce((sum, size, i) => sum + size * jobs.slots[i] * jobs.needs.share[i], 0)
        expect(Math.abs(busy - work - lost)).toBeLessThan(1e-9 * busy)
        expect(Math.abs(present - engine.response.reduce((a, b) => a + b, 0))).toBeLessThan(1e-9 * present)
      }
    },
  )

  it('saved and restored in the midst, goes on in the same bytes', () => {
    const jobs = draw(9, 200)
    const settings = () => {
      const pool = new NodePool(cluster, mode)
      pool.expect(jobs.count, jobs.slots, jobs.needs)
      return { jobs, pool, owners: 2, rule: disciplineRule({ discipline: 'srtf' } as Policy), classPriority: Int32Array.of(1, 2) }
    }
    const whole = new Engine(settings())
    whole.run()
    const first = new Engine(settings())
    first.run(jobs.arrival[90])
    const second = Engine.restore(settings(), structuredClone(first.save()))
    if (isRefusal(second)) throw new Error(second.message)
    second.run()
    expect([...second.response]).toEqual([...whole.response])
  })
})

it('without needs it places as the slot pool does: the same waits, job by job, in a pool and spread', () => {
  const plain: Cluster = { ...cluster, nodes: [{ name: 'n', count: 4, slots: 4, speed: 1 }] }
  for (const mode of ['pool', 'spread'] as const) {
    const { needs: _, ...jobs } = draw(4, 600)
    for (let i = 0; i < jobs.count; i++) jobs.slots[i] = Math.max(1, jobs.slots[i])
    const with_ = (pool: NodePool | SlotPool) => {
      const engine = new Engine({
        jobs,
        pool,
        owners: 2,
        rule: disciplineRule({ discipline: 'fcfs' } as Policy),
        classPriority: Int32Array.of(1, 2),
      })
      engine.run()
      return [...engine.response]
    }
    const nodes = new NodePool(plain, mode)
    nodes.expect(jobs.count, jobs.slots)
    const slots = new SlotPool(mode === 'pool' ? 'count' : 'spread', [{ nodes: 4, slots: 4, speed: 1 }], jobs.count)
    expect(with_(nodes)).toEqual(with_(slots))
  }
})

describe('what an empty cluster could hold', () => {
  // by hand: a 16 slots on two nodes of 8 with 96 CPUs each, b 12 on three of 4 with 20 each
  it.each([
    ['pool', { slots: 28, cpus: 380, memoryMib: 37000 }, true],
    ['pool', { slots: 28, cpus: 381, memoryMib: 0 }, false],
    ['packed', { slots: 16, cpus: 192, memoryMib: 0 }, true],
    ['packed', { slots: 16, cpus: 193, memoryMib: 0 }, false],
    ['packed', { slots: 17, cpus: 0, memoryMib: 0 }, false],
    ['spread', { slots: 28, cpus: 28 * 5, memoryMib: 0 }, true],
    // six CPUs a slot leave room for three slots on each b node
    ['spread', { slots: 26, cpus: 26 * 6, memoryMib: 0 }, false],
    ['spread', { slots: 25, cpus: 25 * 6, memoryMib: 0 }, true],
    ['packed', { slots: 0, cpus: 96, memoryMib: 4000 }, true],
    ['packed', { slots: 0, cpus: 97, memoryMib: 0 }, false],
    ['packed', { slots: 0, cpus: 21, memoryMib: 9000 }, false],
  ] as const)('%s: %o is %s; the pool of nodes agrees', (placement, demand, holds) => {
    expect(couldHold(cluster, placement, demand)).toBe(holds)
    const pool = new NodePool(cluster, placement)
    pool.expect(1, Int32Array.of(demand.slots), {
      cpus: Float64Array.of(demand.cpus),
      memoryMib: Float64Array.of(demand.memoryMib),
    })
    expect(pool.fits(demand.slots, 0)).toBe(holds)
  })
})

describe('parts of slots', () => {
  const one: Cluster = { ...cluster, nodes: [{ name: 'n', count: 1, slots: 2, speed: 1 }] }
  const held = (mode: 'packed' | 'spread' | 'pool', shares: readonly number[]): boolean[] => {
    const pool = new NodePool(one, mode)
    const count = shares.length
    pool.expect(count, new Int32Array(count).fill(1), {
      cpus: new Float64Array(count),
      memoryMib: new Float64Array(count),
      share: Float64Array.from(shares),
    })
    return shares.map((_, job) => {
      const fits = pool.fits(1, job)
      if (fits) pool.take(job, 1, job)
      return fits
    })
  }
  it('lie on one slot each: packed fills a slot before it opens the next, spread leaves no slot whole, node-blind they flow together', () => {
    expect(held('packed', [0.4, 0.4, 1])).toEqual([true, true, true])
    expect(held('spread', [0.4, 0.4, 1])).toEqual([true, true, false])
    expect(held('packed', [0.7, 0.7, 0.6])).toEqual([true, true, false])
    expect(held('pool', [0.7, 0.7, 0.6])).toEqual([true, true, true])
  })
})

it('a replay that carries all resources counts them, one that carries slots does not', () => {
  const replay: ReplayJobs = {
    count: 4,
    submitSeconds: Float64Array.of(0, 0, 0, 0),
    runSeconds: Float64Array.of(10, 10, 10, 10),
    slots: Int32Array.of(1, 1, 1, 0),
    classIndex: new Uint16Array(4),
    cpus: Float64Array.of(1, 1, 1, 6),
    memoryMib: Float64Array.of(1, Number.NaN, 1, 1),
    slotShare: Float64Array.of(0.5, 0.5, 1, 1),
  }
  const responses = (resources: 'slots' | 'all', cpus: number): number[] => {
    const scenario = {
      schema: 'halftone/scenario/1',
      name: 's',
      workload: {
        schema: 'halftone/workload/1',
        name: 'w',
        trace: { path: 'none.csv', classes: { by: 'all' } },
        classes: [{ name: 'all', priority: 1, arrival: { kind: 'replay' }, work: { kind: 'replay', resources } }],
      },
      cluster: { schema: 'halftone/cluster/1', name: 'c', nodes: [{ name: 'n', count: 1, slots: 1, cpus }] },
      policy: { schema: 'halftone/policy/1', name: 'p', discipline: 'fcfs', placement: 'packed' },
    }
    const read = validate('scenario', scenario)
    if (!read.ok) throw new Error(JSON.stringify(read.issues))
    const compiled = compileScenario(read.value as Scenario, replay)
    if (isRefusal(compiled)) throw new Error(compiled.message)
    return [...runJobs(compiled, replayedJobs(compiled, replay)).response]
  }
  // one slot: whole jobs one after another (one without a slot beside anybody); halves side by side, and six CPUs beside one job’s but not two
  expect(responses('slots', 7).slice(0, 3)).toEqual([10, 20, 30])
  expect(responses('all', 7)).toEqual([10, 10, 20, 20])
  expect(responses('all', 6)).toEqual([10, 10, 20, 30])
})
