import { expect, it } from 'vitest'
import { validate } from './validate.js'

function issues(work: object, nodes: readonly object[], policy: object = {}): [string, string][] {
  const valid = validate('scenario', {
    schema: 'halftone/scenario/1',
    name: 's',
    workload: {
      schema: 'halftone/workload/1',
      name: 'w',
      classes: [{ name: 'a', priority: 1, arrival: { kind: 'poisson', ratePerSecond: 0.1 }, work }],
    },
    cluster: { schema: 'halftone/cluster/1', name: 'c', nodes },
    policy: { schema: 'halftone/policy/1', name: 'p', discipline: 'fcfs', ...policy },
  })
  return valid.ok ? [] : valid.issues.map(({ code, place }) => [code, place])
}

const runTime = { kind: 'exponential', meanSeconds: 10 }
const nodes = [
  { name: 'gpu', count: 2, slots: 8, cpus: 64, memoryMib: 1000 },
  { name: 'cpu', count: 1, slots: 0, cpus: 128, memoryMib: 1000 },
]
const place = 'workload.classes[0].work'

it('a demand that no nodes could hold is an issue where it is made, for the placement asked for', () => {
  const gang = (slots: unknown, needs?: object) => ({ kind: 'gang', slots, runTime, ...(needs ? { needs } : {}) })
  const packed = { placement: 'packed' }
  expect(issues(gang(8, { cpus: 8 }), nodes, packed)).toEqual([])
  // nine a slot leave seven slots a node: fifteen are more than two nodes take, fourteen are not
  expect(issues(gang({ counts: [1, 14], probabilities: [0.5, 0.5] }, { cpus: 9 }), nodes, packed)).toEqual([])
  expect(issues(gang(15, { cpus: 9 }), nodes, packed)).toEqual([['impossible-needs', `${place}.needs.cpus`]])
  // node-blind only totals count: 256 CPUs
  expect(issues(gang(15, { cpus: 17 }), nodes)).toEqual([])
  expect(issues(gang(16, { cpus: 17 }), nodes)).toEqual([['impossible-needs', `${place}.needs.cpus`]])
  expect(issues(gang(17), nodes, packed)).toEqual([['impossible-gang', `${place}.slots`]])
  expect(issues(gang(1, { cpus: 65, memoryMib: 1001 }), nodes, packed)).toEqual([
    ['impossible-needs', `${place}.needs.cpus`],
    ['impossible-needs', `${place}.needs.memoryMib`],
  ])
  // each alone would do: 80 CPUs on the node without slots, 900 MiB anywhere, a slot on the others
  const split = [
    { name: 'a', count: 1, slots: 8, cpus: 64, memoryMib: 1000 },
    { name: 'b', count: 1, slots: 1, cpus: 96, memoryMib: 500 },
  ]
  expect(issues(gang(1, { cpus: 80, memoryMib: 900 }), split, packed)).toEqual([['impossible-needs', `${place}.needs`]])
})

it('so is that of a task of an array or a stage', () => {
  const taskTime = runTime
  const packed = { placement: 'packed' }
  expect(issues({ kind: 'array', tasks: 5, taskTime, slotsPerTask: 17 }, nodes)).toEqual([
    ['impossible-gang', `${place}.slotsPerTask`],
  ])
  expect(
    issues({ kind: 'array', tasks: 50, taskTime, slotsPerTask: 2, needs: { cpus: 129, per: 'job' } }, nodes, packed),
  ).toEqual([['impossible-needs', `${place}.needs.cpus`]])
  // 65 CPUs go over two nodes with the two slots
  expect(issues({ kind: 'array', tasks: 50, taskTime, slotsPerTask: 2, needs: { cpus: 65, per: 'job' } }, nodes, packed)).toEqual(
    [],
  )
  const stages = [{ name: 'map', tasks: 50, taskTime, needs: { memoryMib: 2000 } }]
  expect(issues({ kind: 'stages', stages }, nodes, packed)).toEqual([['impossible-needs', `${place}.stages[0].needs.memoryMib`]])
})

it('jobs without slots need CPUs or memory as a whole, nodes without slots have some, and a cluster has slots', () => {
  const cpuJob = (needs: object) => ({ kind: 'gang', slots: 0, runTime, needs })
  expect(issues(cpuJob({ cpus: 100, per: 'job' }), nodes, { placement: 'packed' })).toEqual([])
  expect(issues(cpuJob({ cpus: 100 }), nodes)).toEqual([['asks-nothing', `${place}.slots`]])
  expect(issues({ kind: 'gang', slots: 0, runTime }, nodes)).toEqual([['asks-nothing', `${place}.slots`]])
  expect(issues({ kind: 'gang', slots: 1, runTime }, [...nodes, { name: 'x', count: 1, slots: 0 }])).toEqual([
    ['empty-node', 'cluster.nodes[2]'],
  ])
  expect(issues(cpuJob({ cpus: 1, per: 'job' }), [nodes[1]!])).toEqual([['no-slots', 'cluster.nodes']])
})

it('a drop of an array is one ratio, where its tasks may be dropped', () => {
  const array = { kind: 'array', tasks: 5, taskTime: runTime }
  expect(issues(array, nodes, { drop: { a: 0.2 } })).toEqual([])
  expect(issues(array, nodes, { drop: { a: { tasks: 0.2 } } })).toEqual([['unknown-stage', 'policy.drop.a']])
  expect(issues({ ...array, droppable: false }, nodes, { drop: { a: 0.2 } })).toEqual([['not-droppable', 'policy.drop.a']])
})
