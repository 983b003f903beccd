import { expect, it } from 'vitest'
import { isRefusal, type Scenario } from '../model/index.js'
import { compileScenario } from './compile.js'
import { drawJobs } from './jobs.js'
import { loadOf } from './load.js'

const scenario = (slots: number): Scenario => ({
  schema: 'halftone/scenario/1',
  name: 'big jobs run longer',
  workload: {
    schema: 'halftone/workload/1',
    name: 'w',
    classes: [
      {
        name: 'a',
        priority: 1,
        arrival: { kind: 'poisson', ratePerSecond: 0.01 },
        work: {
          kind: 'gang',
          slots: { counts: [1, 8], probabilities: [0.75, 0.25] },
          runTime: { kind: 'constant', seconds: 1000 },
          runTimeBySlots: [{ slotsAtMost: 4, runTime: { kind: 'constant', seconds: 10 } }],
          divisible: false,
        },
      },
    ],
  },
  cluster: { schema: 'halftone/cluster/1', name: 'c', nodes: [{ name: 'n', count: 1, slots, speed: 1 }] },
  policy: { schema: 'halftone/policy/1', name: 'p', discipline: 'fcfs', engine: 'shared', placement: 'pool', drop: {} },
})

it('run times by size: every job runs as long as jobs of its size do, and the load weighs run times by slots', () => {
  const compiled = compileScenario(scenario(64))
  if (isRefusal(compiled)) throw new Error(compiled.message)
  const { count, size, slots } = drawJobs(compiled, 1, 0, 4_000)
  let large = 0
  for (let i = 0; i < count; i++) {
    expect(size[i]).toBe(slots[i] === 8 ? 1000 : 10)
    if (slots[i] === 8) large++
  }
  expect(Math.abs(large / count - 0.25)).toBeLessThan(4 * Math.sqrt((0.25 * 0.75) / 4_000))
  // λ E[slots × run] / slots = 0.01 (0.75 · 1 · 10 + 0.25 · 8 · 1000) / 64
  expect(loadOf(compiled).total).toBeCloseTo((0.01 * (7.5 + 2000)) / 64, 9)
})
