import { describe, expect, it } from 'vitest'
import { isRefusal, type Observation, type ObservedJob, type Policy } from '../../model/index.js'
import { historyOfJobs } from './history.js'
import { NOBODY } from './later.js'
import { Player, policyNamed } from './play.js'
import { type Queue, queueOf } from './queue.js'

const node = (name: string, slots: number, state: 'up' | 'drained' = 'up') => ({ name, slots, busySlots: 0, state })
const running = (id: string, slots: number, ran: number, more: Partial<ObservedJob> = {}): ObservedJob => ({
  ...{ id, slots, state: 'running', submitSeconds: 1000 - ran, startSeconds: 1000 - ran, speed: 1 },
  ...more,
})
const pending = (id: string, slots: number, more: Partial<ObservedJob> = {}): ObservedJob => ({
  ...{ id, slots, state: 'pending', submitSeconds: 900, speed: 1 },
  ...more,
})

function queueFrom(jobs: ObservedJob[], nodes: Observation['nodes'] = [node('n1', 4)], away: string[] = []): Queue {
  const queue = queueOf({ atSeconds: 1000, nodes, jobs }, historyOfJobs([]), away)
  if (isRefusal(queue)) throw new Error(queue.message)
  return queue
}

/** Starts and ends by id, given run times by id. */
function played(queue: Queue, runs: Record<string, number>, policy: Policy = policyNamed('fcfs'), later = NOBODY) {
  const player = new Player(queue, policy, { longestSeconds: 10_000, queueLabels: [], users: 0 })
  const jobs = [...queue.running, ...queue.waiting]
  const future = player.play(
    Float64Array.from(jobs, ({ seen }) => runs[seen.id]!),
    later,
  )
  return Object.fromEntries(jobs.map(({ seen }, i) => [seen.id, [future.start[i], future.end[i]]]))
}

describe('a queue played forward', () => {
  it('starts jobs first come first served as running ones end', () => {
    const queue = queueFrom([running('r', 4, 30), pending('a', 3), pending('b', 2), pending('c', 1)])
    expect(played(queue, { r: 100, a: 50, b: 10, c: 10 })).toEqual({ r: [-30, 70], a: [70, 120], b: [120, 130], c: [120, 130] })
  })

  it('backfills by limits, not by what only the future knows', () => {
    const jobs = [running('r', 3, 0, { limitSeconds: 100 }), pending('a', 4, { limitSeconds: 50 })]
    const short = queueFrom([...jobs, pending('b', 1, { limitSeconds: 100 })])
    const long = queueFrom([...jobs, pending('b', 1, { limitSeconds: 101 })])
    const runs = { r: 60, a: 50, b: 20 }
    expect(played(short, runs, policyNamed('easy-backfill'))).toMatchObject({ b: [0, 20], a: [60, 110] })
    // by its limit it would delay the head, whatever it takes
    expect(played(long, runs, policyNamed('easy-backfill'))).toMatchObject({ b: [110, 130], a: [60, 110] })
  })

  it('lets a job that waits for others join when the last of them has ended, along a chain', () => {
    const queue = queueFrom([
      running('r', 1, 0),
      pending('c', 1, { after: ['b'] }),
      pending('b', 1, { after: ['r', 'a'] }),
      pending('a', 1),
    ])
    expect(played(queue, { r: 40, a: 25, b: 10, c: 5 })).toEqual({ r: [-0, 40], a: [0, 25], b: [40, 50], c: [50, 55] })
  })

  it('settles jobs that wait for jobs which others delay when they join', () => {
    // b joins at 10 and takes the whole cluster before d, which c waits for, may run
    const queue = queueFrom([
      running('r', 4, 0),
      pending('b', 4, { after: ['r'], submitSeconds: 800 }),
      pending('d', 4, { after: ['r'] }),
      pending('c', 1, { after: ['d'] }),
    ])
    expect(played(queue, { r: 10, b: 100, d: 10, c: 1 })).toMatchObject({ b: [10, 110], d: [110, 120], c: [120, 121] })
  })

  it('does not get back the slots of a node that is drained, though its job runs to the end', () => {
    const nodes = [node('n1', 2), node('n2', 2)]
    const jobs = [running('r', 2, 0, { nodes: ['n1'] }), running('s', 2, 0, { nodes: ['n2'] }), pending('a', 2), pending('b', 2)]
    const runs = { r: 50, s: 10, a: 30, b: 30 }
    expect(played(queueFrom(jobs, nodes), runs)).toMatchObject({ s: [-0, 10], a: [10, 40], b: [40, 70] })
    expect(played(queueFrom(jobs, nodes, ['n2']), runs)).toMatchObject({ s: [-0, 10], a: [50, 80], b: [80, 110] })
  })

  it('takes those that began last to be on nodes that are away, where jobs do not say', () => {
    const nodes = [node('n1', 2), node('n2', 2)]
    const jobs = [running('r', 2, 40), running('s', 2, 5), pending('a', 2)]
    const queue = queueFrom(jobs, nodes, ['n2'])
    expect(queue.caveats.map(({ code }) => code)).toEqual(['nodes-not-told'])
    expect(played(queue, { r: 60, s: 10, a: 30 })).toMatchObject({ r: [-40, 20], s: [-5, 5], a: [20, 50] })
  })

  it('goes by rank, then by priority, then by who came first', () => {
    const order = (jobs: ObservedJob[]) => queueFrom(jobs).waiting.map(({ seen }) => seen.id)
    expect(order([pending('a', 1, { rank: 2 }), pending('b', 1, { rank: 0 }), pending('c', 1)])).toEqual(['b', 'a', 'c'])
    expect(order([pending('a', 1, { priority: 2 }), pending('b', 1, { priority: 1 })])).toEqual(['b', 'a'])
    expect(order([pending('j10', 1), pending('j9', 1), pending('old', 1, { submitSeconds: 5 })])).toEqual(['old', 'j9', 'j10'])
  })

  it('gives a policy’s drop to jobs that have not begun', () => {
    const queue = queueFrom([running('r', 4, 0, { queue: 'low' }), pending('a', 4, { queue: 'low' })])
    const policy = {
      schema: 'halftone/policy/1',
      name: 'p',
      discipline: 'fcfs',
      engine: 'shared',
      placement: 'pool',
      drop: { low: 0.5 },
    } as const
    expect(played(queue, { r: 10, a: 40 }, policy)).toEqual({ r: [-0, 10], a: [10, 30] })
  })
})

describe('who gets no time', () => {
  const never = (jobs: ObservedJob[], nodes: Observation['nodes']) =>
    queueFrom(jobs, nodes).never.map(({ job, why }) => [job.id, why.code])
  it('is held, too large, waits for nodes, or for one of these', () => {
    const nodes = [node('n1', 4), node('n2', 4, 'drained')]
    expect(
      never(
        [
          pending('fits', 4),
          pending('away', 6),
          pending('large', 9),
          pending('held', 1, { state: 'held' }),
          pending('after held', 1, { after: ['held'] }),
          pending('after that', 1, { after: ['after held'] }),
          pending('after gone', 1, { after: ['ended long ago'] }),
          pending('unnamed', 1, { reason: 'Dependency' }),
          pending('spoilt', 1, { reason: 'DependencyNeverSatisfied' }),
        ],
        nodes,
      ),
    ).toEqual([
      ['away', 'nodes-away'],
      ['large', 'too-large'],
      ['held', 'held'],
      ['unnamed', 'after-unknown'],
      ['spoilt', 'after-never'],
      ['after held', 'after-never'],
      ['after that', 'after-never'],
    ])
  })

  it('is everybody where no node is up', () => {
    const refusal = queueOf({ atSeconds: 0, nodes: [node('n1', 4, 'drained')], jobs: [] }, historyOfJobs([]))
    expect(refusal).toMatchObject({ kind: 'refusal', code: 'no-data' })
  })
})
