import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { exposition } from '../../src/drivers/index.js'
import { LedgerEntry, type LiveStatus, type Plan, validate } from '../../src/model/index.js'
import { actionInWords, liveMetrics } from '../../src/report/index.js'
import { readNoun } from '../../src/study/index.js'
import { FORBIDDEN, halftone } from './cli.js'

let folder: string
let before: string
let after: string
const inFolder = (name: string, content: string): string => {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

const SCENARIO = `schema: halftone/scenario/1
name: live
workload:
  schema: halftone/workload/1
  name: two classes
  classes:
    - name: high
      priority: 1
      arrival: { kind: poisson, ratePerSecond: 0.01 }
      work: { kind: stages, stages: [{ name: map, tasks: 12, taskTime: { kind: exponential, meanSeconds: 5 } }] }
    - name: low
      priority: 2
      arrival: { kind: poisson, ratePerSecond: 0.02 }
      work:
        kind: stages
        stages:
          - { name: map, tasks: 12, taskTime: { kind: exponential, meanSeconds: 8 } }
          - { name: reduce, tasks: 2, taskTime: { kind: exponential, meanSeconds: 8 }, droppable: false }
cluster: { schema: halftone/cluster/1, name: four, nodes: [{ name: n, count: 2, slots: 2 }] }
policy: { schema: halftone/policy/1, name: POLICY }
goal: { schema: halftone/goal/1, classes: { high: { weight: 1, meanResponseSeconds: 60 } } }
levers: { disciplines: [fcfs, priority-nonpreemptive] }
`
const STEERED = `DiAS, discipline: priority-nonpreemptive, drop: { low: 0.2 }, sprint: { speed: 2, timeoutSeconds: { high: 5 }, budget: { seconds: 60, refillPerSecond: 0.1 } }`

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'halftone-watch-'))
  before = inFolder('before.yaml', SCENARIO.replace('POLICY', 'first come, discipline: fcfs'))
  after = inFolder('after.yaml', SCENARIO.replace('POLICY', STEERED))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A plan that wants priorities and promises forty seconds to everybody. */
function planOf(scenarioPath: string): Plan {
  const read = readNoun(scenarioPath, 'scenario')
  if (!read.ok) throw new Error(JSON.stringify(read.issues))
  const { policy, workload, name } = read.value
  const point = (value: number) => ({ value, low: value, high: value, confidence: 1 })
  const classes = workload.classes.map((one) => ({
    name: one.name,
    arrivalsPerSecond: 0.01,
    throughputPerSecond: point(0.01),
    response: { mean: point(40) },
    wait: { mean: point(0) },
    service: { mean: point(40) },
    accuracyLoss: point(0),
  }))
  const chosen = {
    policy: { ...policy, name: 'priorities', discipline: 'priority-nonpreemptive' },
    prediction: {
      schema: 'halftone/prediction/1',
      predictor: { kind: 'simulated', name: 'test', method: 'made up' },
      cost: { wallSeconds: 0 },
      classes,
      cluster: { utilisation: point(0.5), waste: point(0) },
      caveats: [],
    },
    checks: [],
    price: { accuracyLoss: 0 },
    violation: 0,
    score: 0,
  }
  const search = { screened: 1, simulated: 1, refused: 0, wallSeconds: 0, seed: 1 }
  const plan = {
    schema: 'halftone/plan/1',
    scenario: name,
    chosen,
    meetsGoals: true,
    reason: 'test',
    runnersUp: [],
    search,
    undo: policy,
    caveats: [],
  }
  const valid = validate('plan', plan)
  if (!valid.ok) throw new Error(JSON.stringify(valid.issues))
  return valid.value
}

const replay = (): string[] => ['--on', 'replay', '--replay', before]
const statuses = (out: string): LiveStatus[] =>
  out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))

describe('halftone watch', () => {
  it('does nothing in a dry run, however long, and says what it would do', async () => {
    const { code, out, err } = await halftone('watch', ...replay(), '--policy', after, '--for', '600', '--json')
    expect([code, err]).toEqual([0, ''])
    const seen = statuses(out)
    expect(seen.every(({ discipline, openSteps, commit }) => discipline === 'fcfs' && openSteps === 0 && !commit)).toBe(true)
    expect(seen.some(({ actions }) => actions.some(({ outcome }) => outcome === 'would'))).toBe(true)
    expect(seen.some(({ actions }) => actions.some(({ outcome }) => outcome !== 'would'))).toBe(false)
  })

  it('steers with --commit as the policy wants, journals each step before it is done, and puts back what is not to stay', async () => {
    const ledger = join(folder, 'ledger.jsonl')
    const { code, out, err } = await halftone(
      ...['watch', ...replay(), '--policy', after, '--for', '2000', '--commit', '--ledger', ledger],
    )
    expect([code, err]).toEqual([0, ''])
    expect(out).not.toMatch(FORBIDDEN)
    expect(out).toContain('discipline priority-nonpreemptive')
    const entries = readFileSync(ledger, 'utf8')
      .trim()
      .split('\n')
      .map((line) => LedgerEntry.parse(JSON.parse(line)))
    const kinds = (kind: LedgerEntry['kind']) => entries.filter((entry) => entry.kind === kind).length
    expect(kinds('intent')).toBeGreaterThan(20)
    for (const [at, entry] of entries.entries())
      if (entry.kind === 'done')
        expect(entries.slice(0, at).some((one) => one.kind === 'intent' && one.step === entry.step)).toBe(true)
    expect(entries.at(-1)).toMatchObject({ kind: 'closed', reason: 'the time is over' })
    expect(entries.some((entry) => entry.kind === 'undoing' && entry.actions.some(({ kind }) => kind === 'discipline'))).toBe(
      true,
    )
    // ⌈12 · 0.8⌉ = 10 of 12 maps are kept, the reduce whole, and jobs of the other class drop nothing
    const ended = entries.flatMap((entry) => (entry.kind === 'job' ? [entry] : []))
    expect(ended.length).toBeGreaterThan(20)
    expect(new Set(ended.map(({ className, withdrawn }) => `${className} ${withdrawn}`))).toEqual(new Set(['high 0', 'low 2']))
    const trace = await halftone('characterise', ledger)
    expect(trace.code).toBe(0)
    expect(trace.out).toContain(`${ended.length} jobs`)
  })

  it('takes a plan with its promises, and the sameness of seed and answer', async () => {
    const plan = inFolder('plan.json', JSON.stringify(planOf(before)))
    const once = async () =>
      (await halftone('watch', ...replay(), '--policy', plan, '--scenario', before, '--for', '600', '--json')).out
    const first = await once()
    expect(await once()).toBe(first)
    const last = statuses(first).at(-1)!
    expect(last.classes.map(({ name }) => name)).toEqual(['high', 'low'])
    for (const one of last.classes) expect(one.predictedMeanSeconds).toBeGreaterThan(0)
    expect(exposition(liveMetrics(last))).toMatch(/^halftone_response_predicted_mean_seconds\{class="high"\} [\d.]+$/m)
    expect(exposition(liveMetrics(last))).not.toMatch(/NaN|undefined|Infinity/)
  })

  it.each([
    ['an option of another cluster', ['--dir', 'x', '--for', '1'], '--dir'],
    ['no end in virtual time', [], '--for'],
    ['a policy that is not there', ['--policy', 'nowhere.yaml', '--for', '1'], 'nowhere.yaml'],
  ])('names %s', async (_, given, place) => {
    const { code, err } = await halftone('watch', ...replay(), '--policy', after, ...given)
    expect(code).toBe(2)
    expect(err).toContain(place)
    expect(err).not.toMatch(FORBIDDEN)
  })

  it('refuses an embedded cluster that is not there, and a ledger that is something else', async () => {
    const gone = await halftone('watch', '--on', 'embedded', '--dir', join(folder, 'none'), '--policy', after)
    expect([gone.code, gone.out]).toEqual([1, ''])
    const other = inFolder('other.jsonl', '{"schema":"something"}\n')
    const wrong = await halftone('watch', ...replay(), '--policy', after, '--for', '1', '--commit', '--ledger', other)
    expect(wrong.code).toBe(2)
    expect(wrong.err).toContain('other.jsonl:1')
    expect(readFileSync(other, 'utf8')).toBe('{"schema":"something"}\n')
  })
})

it('an action in words says which tasks, in ranges', () => {
  const withdrawn = { kind: 'deflate', job: '7', stage: 'map', tasks: [9, 0, 1, 2, 5] } as const
  expect(actionInWords({ ...withdrawn, tasks: [...withdrawn.tasks] })).toBe('job 7: withdraw 5 tasks of map (0-2, 5, 9)')
})
