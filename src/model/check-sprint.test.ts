import { expect, it } from 'vitest'
import { validate } from './validate.js'

const stage = { name: 'map', tasks: 4, taskTime: { kind: 'exponential', meanSeconds: 1 } }

interface How {
  readonly power?: object
  readonly engine?: string
  readonly jobClass?: object
  readonly lever?: object
}

function issues(sprint: object, { power, engine = 'shared', jobClass = {}, lever }: How = {}): string[] {
  const read = validate('scenario', {
    schema: 'halftone/scenario/1',
    name: 's',
    workload: {
      schema: 'halftone/workload/1',
      name: 'w',
      classes: [
        {
          name: 'high',
          priority: 1,
          arrival: { kind: 'poisson', ratePerSecond: 0.1 },
          work: { kind: 'stages', stages: [stage] },
          ...jobClass,
        },
      ],
    },
    cluster: { schema: 'halftone/cluster/1', name: 'c', nodes: [{ name: 'n', count: 2, slots: 2 }], ...(power ? { power } : {}) },
    policy: {
      schema: 'halftone/policy/1',
      name: 'p',
      discipline: 'fcfs',
      engine,
      sprint: { speed: 2, timeoutSeconds: { high: 5 }, ...sprint },
    },
    ...(lever ? { levers: { sprint: { speed: 2, classes: ['high'], ...lever } } } : {}),
  })
  return read.ok ? [] : read.issues.map(({ code, place }) => `${code} ${place}`)
}

const power = { idleWatts: 10, busyWatts: 50, sprintWatts: 80 }

it('takes sprint budgets in seconds and in joules, filled little by little or by windows', () => {
  expect(issues({ budget: { seconds: 30, refillPerSecond: 0.1 } })).toEqual([])
  expect(issues({ budget: { seconds: 30, windowSeconds: 300 } })).toEqual([])
  expect(issues({ budget: { joules: 900, refillWatts: 3 } }, { power })).toEqual([])
  expect(issues({ budget: { joules: 900, windowSeconds: 300 } }, { power })).toEqual([])
  expect(issues({ steps: [{ afterSeconds: 5, speed: 3 }], toggleOffDelaySeconds: 1, afterExhaustion: 'stop' })).toEqual([])
})

it.each([
  [{ budget: { seconds: 0, refillPerSecond: 0.1 } }, {}, 'out-of-range policy.sprint.budget.seconds'],
  [{ budget: { joules: -1, refillWatts: 1 } }, { power }, 'out-of-range policy.sprint.budget.joules'],
  [{ budget: { seconds: 30 } }, {}, 'missing-field policy.sprint.budget.refillPerSecond'],
  [{ budget: { seconds: 30, refillPerSecond: 0.1, windowSeconds: 9 } }, {}, 'contradiction policy.sprint.budget.windowSeconds'],
  [
    { budget: { seconds: 3, refillPerSecond: 0, onThresholdSeconds: 4 } },
    {},
    'out-of-order policy.sprint.budget.onThresholdSeconds',
  ],
  // the refill carries whoever can sprint at once: one job at a time, or four on four slots
  [
    { budget: { seconds: 30, refillPerSecond: 1 } },
    { engine: 'exclusive' },
    'unlimited-budget policy.sprint.budget.refillPerSecond',
  ],
  [{ budget: { seconds: 30, refillPerSecond: 4 } }, {}, 'unlimited-budget policy.sprint.budget.refillPerSecond'],
  [
    { budget: { seconds: 30, windowSeconds: 30 } },
    { engine: 'exclusive' },
    'unlimited-budget policy.sprint.budget.windowSeconds',
  ],
  [{ budget: { joules: 900, refillWatts: 30 } }, { power }, 'unlimited-budget policy.sprint.budget.refillWatts'],
  [{ budget: { joules: 900, windowSeconds: 30 } }, { power }, 'unlimited-budget policy.sprint.budget.windowSeconds'],
  [{ budget: { joules: 900, refillWatts: 3 } }, {}, 'missing-power policy.sprint.budget.joules'],
  [
    { budget: { joules: 900, refillWatts: 3 } },
    { power: { ...power, sprintWatts: 50 } },
    'unlimited-budget policy.sprint.budget.joules',
  ],
  [
    { budget: { seconds: 3, refillPerSecond: 0 }, toggleOffDelaySeconds: 4 },
    {},
    'out-of-order policy.sprint.toggleOffDelaySeconds',
  ],
  [{ steps: [{ afterSeconds: 5, speed: 2 }] }, {}, 'out-of-order policy.sprint.steps[0].speed'],
  [
    {
      steps: [
        { afterSeconds: 5, speed: 3 },
        { afterSeconds: 5, speed: 4 },
      ],
    },
    {},
    'out-of-order policy.sprint.steps[1].afterSeconds',
  ],
  [{}, { power: { ...power, levels: [{ speed: 1.5, watts: 70 }] } }, 'unknown-speed policy.sprint.speed'],
  [{}, { power: { ...power, levels: [{ speed: 2, watts: 40 }] } }, 'out-of-order cluster.power.levels[0].watts'],
  [{}, { jobClass: { phases: [{ share: 0.5, processorBound: 1 }] } }, 'not-a-distribution workload.classes[0].phases'],
  [
    {},
    {
      jobClass: {
        phases: [{ share: 1, processorBound: 0.5 }],
        work: { kind: 'stages', stages: [{ ...stage, processorBound: 0.5 }] },
      },
    },
    'contradiction workload.classes[0].work.stages[0].processorBound',
  ],
  [{}, { lever: { budget: { seconds: 30, refillPerSecond: 4 } } }, 'unlimited-budget levers.sprint.budget.refillPerSecond'],
  [
    {},
    {
      lever: {
        otherBudgets: [
          { seconds: 3, refillPerSecond: 0.1 },
          { joules: 5, refillWatts: 1 },
        ],
      },
    },
    'missing-power levers.sprint.otherBudgets[1].joules',
  ],
  [
    {},
    { lever: { otherSpeeds: [3] }, power: { ...power, levels: [{ speed: 2, watts: 70 }] } },
    'unknown-speed levers.sprint.otherSpeeds[0]',
  ],
  [{}, { lever: { otherSpeeds: [3], steps: [{ afterSeconds: 1, speed: 2.5 }] } }, 'out-of-order levers.sprint.steps[0].speed'],
])('%j with %j: %s', (sprint, how, wanted) => {
  expect(issues(sprint, how)).toEqual([wanted])
})
