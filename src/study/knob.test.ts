import { describe, expect, it } from 'vitest'
import { validate } from '../model/index.js'
import { parseGrid, turnKnob } from './knob.js'

describe('a grid of a knob', () => {
  it('takes both ends, without the noise of binary fractions', () => {
    expect(parseGrid('a.b=0:0.3:0.1')).toEqual({ path: 'a.b', values: [0, 0.1, 0.2, 0.3] })
    expect(parseGrid('policy.sprint.timeoutSeconds.high=0:120:60')?.values).toEqual([0, 60, 120])
    expect(parseGrid('x=0:10:4')?.values).toEqual([0, 4, 8])
  })

  it('takes a list of numbers or words', () => {
    expect(parseGrid('policy.discipline=fcfs,sjf')).toEqual({ path: 'policy.discipline', values: ['fcfs', 'sjf'] })
    expect(parseGrid('a=3,1')?.values).toEqual([3, 1])
  })

  it.each(['', 'a', 'a=', 'a=1:2', 'a=1:2:0', 'a=2:1:1', 'a=1:x:1', 'a=1,,2', 'a=0:1e9:1'])('is not %j', (text) => {
    expect(parseGrid(text)).toBeUndefined()
  })
})

describe('turning a knob', () => {
  const read = validate('scenario', {
    schema: 'halftone/scenario/1',
    name: 's',
    workload: {
      schema: 'halftone/workload/1',
      name: 'w',
      classes: [
        {
          name: 'a',
          priority: 1,
          arrival: { kind: 'poisson', ratePerSecond: 1 },
          work: { kind: 'gang', slots: 1, runTime: { kind: 'constant', seconds: 1 } },
        },
      ],
    },
    cluster: { schema: 'halftone/cluster/1', name: 'c', nodes: [{ name: 'n', count: 2, slots: 1 }] },
    policy: { schema: 'halftone/policy/1', name: 'p', discipline: 'fcfs', sprint: { speed: 2, timeoutSeconds: {} } },
  })
  if (!read.ok) throw new Error('not a scenario')
  const scenario = read.value

  it('changes that and nothing else, and leaves the scenario it was given alone', () => {
    const turned = turnKnob(scenario, 'workload.classes[0].arrival.ratePerSecond', 0.5)
    if (!turned.ok) throw new Error(JSON.stringify(turned.issues))
    expect(turned.scenario.workload.classes[0]!.arrival).toEqual({ kind: 'poisson', ratePerSecond: 0.5 })
    expect(scenario.workload.classes[0]!.arrival).toEqual({ kind: 'poisson', ratePerSecond: 1 })
    expect({ ...turned.scenario, workload: scenario.workload }).toEqual(scenario)
  })

  it('adds what may be added', () => {
    const turned = turnKnob(scenario, 'policy.sprint.timeoutSeconds.a', 3)
    expect(turned.ok && turned.scenario.policy.sprint?.timeoutSeconds).toEqual({ a: 3 })
  })

  it.each([
    ['policy.nothing', 1, 'policy'],
    ['policy.discipline', 'lottery', 'policy.discipline'],
    ['workload.classes[4].priority', 1, 'workload.classes[4].priority'],
    ['cluster.nodes[0].count', 0, 'cluster.nodes[0].count'],
    ['name.first', 'x', 'name.first'],
  ])('%s = %s is an issue with its place', (path, value, place) => {
    const turned = turnKnob(scenario, path, value)
    expect(turned.ok).toBe(false)
    if (!turned.ok) expect(turned.issues[0]!.place).toContain(place)
  })
})
