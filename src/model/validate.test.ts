import { describe, expect, it } from 'vitest'
import { parseNoun } from './parse.js'
import { jsonSchema, nouns, validate } from './validate.js'

const scenario = `schema: halftone/scenario/1
name: two classes
workload:
  schema: halftone/workload/1
  name: w
  classes:
    - name: high
      priority: 1
      arrival: { kind: poisson, ratePerSecond: 0.001 }
      work: { kind: gang, slots: 4, runTime: { kind: exponential, meanSeconds: 60 } }
    - name: low
      priority: 2
      arrival: { kind: poisson, ratePerSecond: 0.002 }
      work:
        kind: stages
        stages: [{ name: map, tasks: 50, taskTime: { kind: constant, seconds: 20 } }]
cluster: { schema: halftone/cluster/1, name: c, nodes: [{ name: n, count: 2, slots: 4 }] }
policy: { schema: halftone/policy/1, name: NP, discipline: priority-nonpreemptive }
`

describe('validate', () => {
  it('fills in defaults of a right scenario', () => {
    const valid = parseNoun(scenario, 's.yaml', 'scenario')
    expect(valid.ok).toBe(true)
    if (!valid.ok) return
    expect(valid.value.policy.engine).toBe('shared')
    expect(valid.value.policy.drop).toEqual({})
    expect(valid.value.cluster.nodes[0]!.speed).toBe(1)
  })

  it('returns every issue, each with its line, path and value', () => {
    const bad = scenario
      .replace('ratePerSecond: 0.001', 'ratePerSecond: -3')
      .replace('slots: 4, runTime', 'slots: 400, runTime')
      .replace('discipline: priority-nonpreemptive', 'discipline: lifo, drop: { lwo: 0.2 }')
      .replace('name: low', 'name: high')
    const valid = parseNoun(bad, 's.yaml', 'scenario')
    expect(valid.ok).toBe(false)
    if (valid.ok) return
    const brief = valid.issues.map(({ code, place, value }) => [code, place, value])
    expect(brief).toEqual(
      expect.arrayContaining([
        ['out-of-range', 's.yaml:9 workload.classes[0].arrival.ratePerSecond', '-3'],
        ['impossible-gang', 's.yaml:10 workload.classes[0].work.slots', '400'],
        ['duplicate-name', 's.yaml:11 workload.classes[1].name', 'high'],
        ['unknown-value', 's.yaml:18 policy.discipline', 'lifo'],
        ['unknown-class', 's.yaml:18 policy.drop.lwo', 'lwo'],
      ]),
    )
    expect(valid.issues).toHaveLength(5)
  })

  it('names the kinds there are when a kind is unknown, and the field that does not exist', () => {
    const bad = scenario
      .replace('kind: poisson, ratePerSecond: 0.001', 'kind: posson, rate: 2')
      .replace('priority: 2', 'priority: 2\n      prioritty: 3')
    const valid = parseNoun(bad, 's.yaml', 'scenario')
    expect(valid.ok).toBe(false)
    if (valid.ok) return
    expect(valid.issues.map(({ code, place }) => [code, place])).toEqual([
      ['unknown-kind', 's.yaml:9 workload.classes[0].arrival.kind'],
      ['unknown-field', 's.yaml:13 workload.classes[1].prioritty'],
    ])
    expect(valid.issues[0]!.message).toContain('poisson')
  })

  it('holds laws to what a law is', () => {
    const issues = (law: unknown): string[] => {
      const valid = validate('workload', {
        schema: 'halftone/workload/1',
        name: 'w',
        classes: [
          {
            name: 'a',
            priority: 1,
            arrival: { kind: 'poisson', ratePerSecond: 1 },
            work: { kind: 'gang', slots: 1, runTime: law },
          },
        ],
      })
      return valid.ok ? [] : valid.issues.map(({ code, place }) => `${code} ${place.replace('classes[0].work.runTime', '')}`)
    }
    expect(
      issues({
        kind: 'phase-type',
        initial: [0.5, 0.4],
        generator: [
          [-1, 2],
          [0, 1],
        ],
      }),
    ).toEqual([
      'not-a-distribution .initial',
      'not-a-generator .generator[0]',
      'not-a-generator .generator[1][1]',
      'not-a-generator .generator[1]',
    ])
    expect(
      issues({
        kind: 'phase-type',
        initial: [1, 0],
        generator: [
          [-1, 1],
          [1, -1],
        ],
      }),
    ).toEqual(['not-a-generator .generator'])
    expect(issues({ kind: 'empirical', seconds: [3, 2] })).toEqual(['out-of-order .seconds[1]'])
    expect(issues({ kind: 'empirical', seconds: [0, 0] })).toEqual(['zero-service .seconds'])
    expect(issues({ kind: 'exponential', meanSeconds: Number.NaN })).toEqual(['not-finite .meanSeconds'])
    expect(issues({ kind: 'exponential', meanSeconds: Number.POSITIVE_INFINITY })).toEqual(['not-finite .meanSeconds'])
    expect(issues({ kind: 'uniform', lowSeconds: 5, highSeconds: 5 })).toEqual(['out-of-order .highSeconds'])
  })

  it('says where YAML is not YAML: tabs, duplicate keys, an empty file', () => {
    const tabs = parseNoun('schema: halftone/goal/1\nclasses:\n\thigh: {}\n', 'g.yaml', 'goal')
    expect(tabs.ok ? [] : tabs.issues.map((issue) => issue.place)).toContain('g.yaml:3')
    const twice = parseNoun('schema: halftone/goal/1\nclasses: {}\nclasses: {}\n', 'g.yaml', 'goal')
    expect(twice.ok ? [] : twice.issues.map((issue) => issue.code)).toEqual(['bad-syntax'])
    const empty = parseNoun('', 'g.yaml')
    expect(empty.ok ? [] : empty.issues.map((issue) => issue.code)).toEqual(['wrong-type'])
    const unknown = parseNoun('schema: halftone/gaol/1', 'g.yaml')
    expect(unknown.ok ? [] : unknown.issues.map((issue) => issue.code)).toEqual(['unknown-noun'])
  })

  it('publishes a JSON Schema of every noun with the version in it', () => {
    for (const noun of nouns) expect(JSON.stringify(jsonSchema(noun))).toContain(`"halftone/${noun}/1"`)
  })
})
