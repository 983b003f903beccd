import { describe, expect, it } from 'vitest'
import { isRefusal, validate } from '../model/index.js'
import { compileScenario } from './compile.js'
import type { RunJobs } from './engine.js'
import { drawJobs } from './jobs.js'
import { simulateScenario } from './predictor.js'
import { runJobs } from './run.js'
import { type ClusterState, checkState, withPresent } from './start.js'

const constant = (seconds: number) => ({ kind: 'constant', seconds })
const array = (tasks: number, seconds: number, more: object = {}) => ({
  kind: 'array',
  tasks,
  taskTime: constant(seconds),
  ...more,
})
const gang = (slots: number, seconds: number) => ({ kind: 'gang', slots, runTime: constant(seconds) })

function scenario(works: Record<string, object>, policy: object = {}, slots = 4) {
  const classes = Object.entries(works).map(([name, work], k) => ({
    name,
    priority: k + 1,
    arrival: { kind: 'poisson', ratePerSecond: 0.001 },
    work,
  }))
  const read = validate('scenario', {
    schema: 'halftone/scenario/1',
    name: 's',
    workload: { schema: 'halftone/workload/1', name: 'w', classes },
    cluster: { schema: 'halftone/cluster/1', name: 'c', nodes: [{ name: 'n', count: 1, slots }] },
    policy: { schema: 'halftone/policy/1', name: 'p', discipline: 'fcfs', ...policy },
  })
  if (!read.ok) throw new Error(JSON.stringify(read.issues))
  return read.value
}

/** Response of each job: [class, arrival] in order of arrival. Sizes of gangs are their classes’ constants. */
function responses(
  works: Record<string, object>,
  jobs: readonly (readonly [string, number])[],
  policy: object = {},
  slots = 4,
): number[] {
  const compiled = compileScenario(scenario(works, policy, slots))
  if (isRefusal(compiled)) throw new Error(compiled.message)
  const names = Object.keys(works)
  const of = (name: string) => works[name] as { slots?: number; runTime?: { seconds: number } }
  const run: RunJobs = {
    count: jobs.length,
    arrival: Float64Array.from(jobs, ([, time]) => time),
    size: Float64Array.from(jobs, ([name]) => of(name).runTime?.seconds ?? 0),
    slots: Int32Array.from(jobs, ([name]) => of(name).slots ?? 1),
    classIndex: Uint16Array.from(jobs, ([name]) => names.indexOf(name)),
  }
  return [...runJobs(compiled, run).response]
}

describe('an array', () => {
  it('starts its tasks one by one as slots free up and ends with the last: ⌈n/c⌉ waves of equal tasks', () => {
    expect(responses({ a: array(10, 5) }, [['a', 0]])).toEqual([15])
    // two slots are held by a gang until 7: tasks at 0 0, 5 5, and from 7 on two more at a time
    expect(
      responses({ g: gang(2, 7), a: array(6, 5) }, [
        ['g', 0],
        ['a', 0],
      ]),
    ).toEqual([7, 12])
  })

  it('runs no more tasks at once than its limit, and leaves the other slots to those behind it', () => {
    expect(responses({ a: array(6, 5, { runningAtMost: 2 }) }, [['a', 0]])).toEqual([15])
    expect(
      responses({ a: array(6, 5, { runningAtMost: 2 }), g: gang(2, 3) }, [
        ['a', 0],
        ['g', 1],
      ]),
    ).toEqual([15, 3])
  })

  it('whose tasks take k slots runs ⌊c/k⌋ of them at once', () => {
    expect(responses({ a: array(3, 5, { slotsPerTask: 3 }) }, [['a', 0]])).toEqual([15])
    expect(responses({ a: array(4, 5, { slotsPerTask: 2 }) }, [['a', 0]])).toEqual([10])
  })

  it('is blocked by a gang before it and does not slip by; one of higher priority starts task by task before the gang', () => {
    // the gang of 4 waits for the first array’s task until 5, and blocks the second array
    const works = { g: gang(4, 2), a: array(1, 5) }
    const jobs = [
      ['a', 0],
      ['g', 1],
      ['a', 2],
    ] as const
    expect(responses(works, jobs)).toEqual([5, 6, 10])
    // backfilling lets it slip by only if it is over by then
    const short = { ...works, b: array(3, 3) }
    expect(responses(short, jobs, { discipline: 'easy-backfill' })).toEqual([5, 6, 10])
    expect(responses(short, [...jobs.slice(0, 2), ['b', 2]], { discipline: 'easy-backfill' })).toEqual([5, 6, 3])
    expect(responses({ a: works.a, g: works.g }, jobs, { discipline: 'priority-nonpreemptive' })).toEqual([5, 8, 5])
  })

  it('gives up only as many tasks as a more urgent gang needs; restarted ones begin anew, resumed ones do not', () => {
    const works = { g: gang(3, 2), a: array(4, 5) }
    const jobs = [
      ['a', 0],
      ['g', 1],
    ] as const
    // three tasks make room at 1 and have 4 s left at 3
    expect(responses(works, jobs, { discipline: 'priority-preemptive-resume' })).toEqual([7, 2])
    expect(responses(works, jobs, { discipline: 'priority-preemptive-restart' })).toEqual([8, 2])
  })

  it('drops ⌊θ n⌋ of its tasks', () => {
    expect(responses({ a: array(10, 5) }, [['a', 0]], { drop: { a: 0.2 } })).toEqual([10])
  })

  it('under the exclusive engine is list-scheduled on the slots that its limit and its tasks’ width leave it', () => {
    const mean = (work: object) => {
      const answer = simulateScenario(scenario({ a: work }, { engine: 'exclusive' }), {
        seed: 1,
        replications: 2,
        jobsPerReplication: 300,
      })
      if (isRefusal(answer)) throw new Error(answer.message)
      return answer.classes[0].service.mean.value
    }
    expect(mean(array(10, 5))).toBeCloseTo(15, 9)
    expect(mean(array(6, 5, { runningAtMost: 2 }))).toBeCloseTo(15, 9)
    expect(mean(array(3, 5, { slotsPerTask: 3 }))).toBeCloseTo(15, 9)
  })

  it('loses only the task that fails for good, and is counted among those given up', () => {
    const base = scenario({ a: array(8, 5) }, {}, 8)
    const read = validate('scenario', {
      ...base,
      workload: {
        ...base.workload,
        classes: [{ ...base.workload.classes[0], failures: { ratePerRunningSecond: 0.05, retriesAtMost: 0 } }],
      },
    })
    if (!read.ok) throw new Error(JSON.stringify(read.issues))
    const answer = simulateScenario(read.value, { seed: 1, replications: 20, jobsPerReplication: 1000 })
    if (isRefusal(answer)) throw new Error(answer.message)
    // eight independent tasks, each fails within its 5 s with 1 − e^(−f w)
    const [found] = answer.caveats.filter(({ code }) => code === 'jobs-given-up')
    expect(found.numbers!.share).toBeCloseTo(1 - Math.exp(-0.05 * 5 * 8), 1)
    // it is over when the last task is: at 5 s unless all eight fail before
    expect(answer.classes[0].response.mean.value).toBeGreaterThan(4.99)
    expect(answer.classes[0].response.mean.value).toBeLessThan(5.05)
  })
})

describe('a start from a given state, task by task', () => {
  const works = {
    map: {
      kind: 'stages',
      stages: [
        { name: 'map', setup: constant(1), tasks: 6, taskTime: constant(5) },
        { name: 'reduce', setup: constant(2), tasks: 2, taskTime: constant(3) },
      ],
    },
    a: array(5, 4),
    g: gang(2, 10),
  }
  const play = (state: ClusterState, slots = 4): number[] => {
    const compiled = compileScenario(scenario(works, {}, slots))
    if (isRefusal(compiled)) throw new Error(compiled.message)
    const no = checkState(compiled, state)
    if (no) throw new Error(no.message)
    const empty = new Float64Array(0)
    const none = { count: 0, arrival: empty, size: empty, slots: new Int32Array(0), classIndex: new Uint16Array(0) }
    const { jobs, start } = withPresent(compiled, state, none, { seed: 1, replication: 0 })
    return [...runJobs(compiled, jobs, 1000, { seed: 1, replication: 0 }, undefined, start).response]
  }

  it('plays running tasks, ended tasks, gangs and the queue forward by hand', () => {
    const state: ClusterState = {
      running: [
        // one map task has ended, two run with 3 and 1 s left, three are to come
        { jobClass: 'map', submittedAgoSeconds: 9, ranSeconds: 8, stage: 'map', tasksEnded: 1, tasksRanSeconds: [2, 4] },
        { jobClass: 'g', slots: 2, submittedAgoSeconds: 7, ranSeconds: 4, sizeSeconds: 10 },
      ],
      waiting: [{ jobClass: 'a', submittedAgoSeconds: 1 }],
    }
    // maps: slots free at 1 and 3 → tasks 1–6, 3–8; at 6 that one and the gang’s two are free → the last map 6–11 and two of the array 6–10,
    // its third 8–12, its last two 10–14; reduce: setup 11–13, then both tasks on the slots free since 11 and 12 → 16
    expect(play(state)).toEqual([9 + 16, 7 + 6, 1 + 14])
  })

  it('a job that is in its reduce, and one that waits at its first stage', () => {
    const state: ClusterState = {
      running: [
        { jobClass: 'map', submittedAgoSeconds: 20, ranSeconds: 20, stage: 'reduce', tasksEnded: 1, tasksRanSeconds: [1] },
      ],
      waiting: [{ jobClass: 'map', submittedAgoSeconds: 0 }],
    }
    // two seconds of reduce are left; the other: setup 1, six tasks on four slots (one busy until 2): 1 1 1 2 | 6 6 → 11, setup 13, 16
    expect(play(state)).toEqual([22, 16])
  })

  it('who runs has not failed yet, and those who come meet the failures that they would meet anyway', () => {
    const base = scenario({ g: gang(1, 50) })
    const failing = { ...base.workload.classes[0], failures: { ratePerRunningSecond: 0.02, retriesAtMost: 5 } }
    const compiled = compileScenario({ ...base, workload: { ...base.workload, classes: [failing] } })
    if (isRefusal(compiled)) throw new Error(compiled.message)
    const coming = drawJobs(compiled, 1, 0, 200)
    const running = Array.from({ length: 4 }, () => ({ jobClass: 'g', submittedAgoSeconds: 40, ranSeconds: 40, sizeSeconds: 90 }))
    const { jobs } = withPresent(compiled, { running, waiting: [] }, coming, { seed: 1, replication: 0 })
    const { first, after } = jobs.failures!
    expect(first[4]).toBeGreaterThan(0)
    for (let i = 0; i < 4; i++) if (first[i] < first[i + 1]) expect(after[first[i]]).toBeGreaterThan(40)
    expect([...after.subarray(first[4])]).toEqual([...coming.failures!.after])
    expect([...first.subarray(4)].map((at) => at - first[4])).toEqual([...coming.failures!.first])
  })

  it('refuses what does not fit together, stages that there are not, and tasks of jobs that have none', () => {
    const compiled = compileScenario(scenario(works))
    if (isRefusal(compiled)) throw new Error(compiled.message)
    const job = { submittedAgoSeconds: 0, ranSeconds: 0 }
    const refused = (running: ClusterState['running']) => checkState(compiled, { running, waiting: [] })?.code
    expect(refused([{ ...job, jobClass: 'a', tasksRanSeconds: [1, 1, 1, 1, 1] }])).toBe('infeasible')
    expect(refused([{ ...job, jobClass: 'a', tasksRanSeconds: [1, 1, 1, 1] }])).toBeUndefined()
    expect(refused([{ ...job, jobClass: 'map', stage: 'shuffle' }])).toBe('unsupported')
    expect(refused([{ ...job, jobClass: 'g', slots: 2, tasksRanSeconds: [1] }])).toBe('unsupported')
    expect(refused([{ ...job, jobClass: 'g', slots: 5 }])).toBe('infeasible')
  })
})

describe('jobs of stages on shared slots', () => {
  it('are stopped once their tasks have done so much work together; all of it is waste', () => {
    const stages = [{ name: 'map', tasks: 4, taskTime: constant(5) }]
    const answer = simulateScenario(scenario({ a: { kind: 'stages', stages } }, { stopAfterSeconds: { a: 12 } }), {
      seed: 1,
      replications: 2,
      jobsPerReplication: 300,
    })
    if (isRefusal(answer)) throw new Error(answer.message)
    // four tasks side by side have done 12 s of work after 3 s
    expect(answer.classes[0].service.mean.value).toBeCloseTo(3, 2)
    expect(answer.cluster.waste.value).toBeCloseTo(1, 9)
    expect(answer.caveats.map(({ code }) => code)).toContain('jobs-given-up')
  })
})
