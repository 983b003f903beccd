/** The reference configuration REF-A of specs/deflate.md 1.6, as scenarios. */
import { type Policy, type Scenario, validate } from '../../../src/model/index.js'

export interface RefA {
  readonly tasks: 'exponential' | 'constant'
  /** Share of jobs that are high. */
  readonly highShare: number
  readonly load: number
  readonly policy: Partial<Policy>
}

/** Mean service without drop: 147.93 and 342.3 s (exponential), 80 and 182.0 s (constant), from specs/deflate.md 1.6. */
export function meanService(tasks: RefA['tasks'], scale: number): number {
  // setup + map + shuffle + reduce; E3 with C = 20 (exponential: (n − C)/C + H_C task means), waves for constant tasks
  const h20 = Array.from({ length: 20 }, (_, i) => 1 / (i + 1)).reduce((a, b) => a + b, 0)
  const map = tasks === 'exponential' ? 20 * ((50 - 20) / 20 + h20) : 20 * 3
  const reduce = tasks === 'exponential' ? 10 * h20 : 10
  return 5 + scale * (map + 5 + reduce)
}

export function refA({ tasks, highShare, load, policy }: RefA): Scenario {
  const rate = load / (highShare * meanService(tasks, 1) + (1 - highShare) * meanService(tasks, 2.36))
  const time = (meanSeconds: number) =>
    tasks === 'exponential' ? { kind: 'exponential', meanSeconds } : { kind: 'constant', seconds: meanSeconds }
  const jobClass = (name: string, priority: number, scale: number, share: number) => ({
    name,
    priority,
    arrival: { kind: 'poisson', ratePerSecond: rate * share },
    work: {
      kind: 'stages',
      stages: [
        { name: 'map', setup: { kind: 'exponential', meanSeconds: 5 }, tasks: 50, taskTime: time(20 * scale) },
        {
          name: 'reduce',
          setup: { kind: 'exponential', meanSeconds: 5 * scale },
          tasks: 20,
          taskTime: time(10 * scale),
          droppable: false,
        },
      ],
    },
    accuracy: { source: 'assumed', points: [{ dropRatio: 0.4, loss: 0.1 }] },
  })
  const read = validate('scenario', {
    schema: 'halftone/scenario/1',
    name: 'REF-A',
    workload: {
      schema: 'halftone/workload/1',
      name: 'REF-A',
      classes: [jobClass('high', 1, 1, highShare), jobClass('low', 2, 2.36, 1 - highShare)],
    },
    cluster: { schema: 'halftone/cluster/1', name: '10 × 2', nodes: [{ name: 'worker', count: 10, slots: 2 }] },
    policy: {
      schema: 'halftone/policy/1',
      name: 'policy',
      discipline: 'priority-nonpreemptive',
      engine: 'exclusive',
      ...policy,
    },
  })
  if (!read.ok) throw new Error(JSON.stringify(read.issues))
  return read.value
}
