import { describe, expect, it } from 'vitest'
import { Controller, Journal, memoryLedger, steer } from '../../src/control/index.js'
import { isRefusal, type Policy, type Scenario, validate } from '../../src/model/index.js'
import { openDriver, simulatedTrace } from '../../src/study/index.js'

const never = new AbortController().signal

function scenarioOf(policy: object, load = 0.7): Scenario {
  const stages = (seconds: number) => ({
    kind: 'stages',
    stages: [
      { name: 'map', tasks: 12, taskTime: { kind: 'exponential', meanSeconds: seconds } },
      { name: 'reduce', tasks: 2, taskTime: { kind: 'exponential', meanSeconds: seconds }, droppable: false },
    ],
  })
  const read = validate('scenario', {
    schema: 'halftone/scenario/1',
    name: 'live',
    workload: {
      schema: 'halftone/workload/1',
      name: 'two classes',
      classes: [
        { name: 'high', priority: 1, arrival: { kind: 'poisson', ratePerSecond: load / 120 }, work: stages(5) },
        { name: 'low', priority: 2, arrival: { kind: 'poisson', ratePerSecond: load / 60 }, work: stages(8) },
      ],
    },
    cluster: {
      schema: 'halftone/cluster/1',
      name: 'four',
      nodes: [{ name: 'n', count: 2, slots: 2 }],
      power: { idleWatts: 100, busyWatts: 400, sprintWatts: 700 },
    },
    policy: { schema: 'halftone/policy/1', name: 'P', discipline: 'priority-nonpreemptive', engine: 'exclusive', ...policy },
  })
  if (!read.ok) throw new Error(JSON.stringify(read.issues))
  return read.value
}

/** Plays the jobs of the scenario in virtual time, steered by the policy, and returns the mean response by class. */
async function controlled(scenario: Scenario, policy: Policy, jobs: number, everySeconds = 1) {
  const driver = await openDriver({ on: 'replay', scenario, seed: 5, jobs })
  if (isRefusal(driver)) throw new Error(driver.message)
  const steering = steer({ policy, classes: scenario.workload.classes, slots: 4, power: scenario.cluster.power! })
  const store = memoryLedger()
  const controller = new Controller({
    driver,
    journal: new Journal(store, driver.clock, 'c'),
    steering,
    policy: policy.name,
    commit: true,
    everySeconds,
    guard: { actionsPerMinute: 1e9 },
  })
  await controller.begin()
  await controller.run(never, 20_000)
  const failed = await controller.stop('the end')
  return { controller, store, steering, failed, driver }
}

const sprint = { speed: 2, timeoutSeconds: { high: 5, low: 20 } }

describe('the controller in virtual time', () => {
  it.each([
    [
      'timers from dispatch, a bucket that refills',
      { ...sprint, budget: { seconds: 60, refillPerSecond: 0.1, onThresholdSeconds: 10 } },
      1,
    ],
    [
      'timers from arrival, whoever emptied the bucket is done',
      { ...sprint, origin: 'arrival', budget: { seconds: 30, refillPerSecond: 0.05 } },
      0.1,
    ],
    ['a bucket filled at the end of each window', { ...sprint, budget: { seconds: 20, windowSeconds: 300 } }, 1],
    ['joules', { ...sprint, budget: { joules: 5000, refillWatts: 20 } }, 1],
    ['steps of speed, no budget', { ...sprint, steps: [{ afterSeconds: 8, speed: 3 }] }, 1],
  ])('sprints as the simulator says, job by job: %s', async (_, given, every) => {
    const jobs = 400
    const scenario = scenarioOf({ sprint: given })
    const simulated = simulatedTrace({ scenario, seed: 5, jobsPerReplication: jobs })
    if (isRefusal(simulated)) throw new Error(simulated.message)
    const { store, failed } = await controlled(scenario, scenario.policy, jobs, every)
    expect(failed).toEqual([])
    const ended = store.written.flatMap((entry) => (entry.kind === 'job' ? [entry] : []))
    const response = new Map(
      ended.map(({ submitSeconds, endSeconds }) => [submitSeconds.toFixed(6), endSeconds! - submitSeconds]),
    )
    const { submitSeconds, endSeconds } = simulated.jobs
    let compared = 0
    let worst = 0
    for (let i = 0; i < 200; i++) {
      const measured = response.get(submitSeconds[i]!.toFixed(6))
      if (measured === undefined) continue
      compared++
      worst = Math.max(worst, Math.abs(measured - (endSeconds![i]! - submitSeconds[i]!)))
    }
    expect(compared).toBe(200)
    expect(worst).toBeLessThan(0.05)
  })
})
