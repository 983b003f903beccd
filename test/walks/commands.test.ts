import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { pictureOf } from '../../scripts/picture.js'
import { validate } from '../../src/model/index.js'
import { FORBIDDEN, halftone } from './cli.js'

const SAMPLE = 'examples/sample/jobs.sacct.gz'
const SCENARIO = 'examples/sample/scenario.yaml'
let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'halftone-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const inFolder = (name: string, content: string | Buffer): string => {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

describe('the walk on the bundled sample', () => {
  it('characterises: a table, JSON that holds to its schema, a page that needs nothing else', async () => {
    const html = join(folder, 'study.html')
    const table = await halftone('characterise', SAMPLE, '-q', '--html', html)
    expect([table.code, table.err]).toEqual([0, ''])
    expect(table.out).toContain('12,358 jobs')
    expect(table.out).not.toMatch(FORBIDDEN)
    const page = readFileSync(html, 'utf8')
    expect(page).not.toMatch(/\bNaN\b|undefined|\[object/)
    expect(page).not.toMatch(/(?:src|href)\s*=\s*"https?:/)
    expect(page.match(/<svg/g)?.length).toBeGreaterThan(6)
    const json = await halftone('characterise', SAMPLE, '--json')
    expect(validate('characterisation', JSON.parse(json.out)).ok).toBe(true)
  })

  it('recovers by replay the waits that the generator recorded, computed there without the simulator', async () => {
    const { out, code } = await halftone('predict', SCENARIO, '--json')
    expect(code).toBe(0)
    const prediction = JSON.parse(out) as { classes: { name: string; wait: { mean: { value: number } } }[] }
    expect(validate('prediction', prediction).ok).toBe(true)
    const rows = gunzipSync(readFileSync(SAMPLE)).toString('utf8').trim().split('\n').slice(1)
    const recorded = new Map<string, number[]>()
    for (const row of rows) {
      const [, , , qos, submit, start] = row.split('|')
      const wait = (Date.parse(`${start}Z`) - Date.parse(`${submit}Z`)) / 1000
      recorded.set(qos!, [...(recorded.get(qos!) ?? []), wait])
    }
    for (const { name, wait } of prediction.classes) {
      const waits = recorded.get(name)!
      expect(wait.mean.value / (waits.reduce((a, b) => a + b, 0) / waits.length)).toBeCloseTo(1, 9)
    }
  })

  it('plans: meets the goals, or says so by its exit code, and writes the same plan for the same seed', async () => {
    const [first, second] = [join(folder, 'a.json'), join(folder, 'b.json')]
    const plan = await halftone('plan', SCENARIO, '-q', '--out', first, '--html', join(folder, 'plan.html'))
    await halftone('plan', SCENARIO, '-q', '--out', second)
    expect(plan.out).not.toMatch(FORBIDDEN)
    const [a, b] = [first, second].map((path) => JSON.parse(readFileSync(path, 'utf8')))
    expect(validate('plan', a).ok).toBe(true)
    expect(plan.code).toBe(a.meetsGoals ? 0 : 1)
    expect(a.meetsGoals).toBe(true)
    const timeless = (value: unknown): string => JSON.stringify(value, (key, inner) => (key === 'wallSeconds' ? 0 : inner))
    expect(timeless(a)).toBe(timeless(b))
    expect(readFileSync('docs/plan.svg', 'utf8')).toBe(pictureOf(readFileSync(join(folder, 'plan.html'), 'utf8'))) // npm run demo && npm run picture
    // the price is the loss of the plan: what it drops costs what the scenario's curve says
    const training = a.chosen.prediction.classes.find(({ name }: { name: string }) => name === 'training')
    expect(training.accuracyLoss.value).toBeLessThanOrEqual(0.02)
    expect(a.undo.discipline).toBe('fcfs')
  })

  it('says what a target costs that nothing can meet, and ends with 1', async () => {
    const { code, out } = await halftone('plan', SAMPLE, '-q', '--slots', '112', '--goal', 'interactive.mean=60s')
    expect(code).toBe(1)
    expect(out).toContain('interactive: mean response')
    expect(out).toContain('not met')
  })

  it('takes levers for a trace from the command line: what may be dropped, at what loss, and who may sprint', async () => {
    const { code, out } = await halftone(
      'plan',
      SAMPLE,
      '-q',
      '--json',
      '--slots',
      '112',
      '--goal',
      'training.mean=4.2h',
      '--drop',
      'training=0.2:0.03',
      '--sprint',
      'interactive=1.15:2h:0.1',
    )
    const plan = JSON.parse(out)
    expect(code).toBe(plan.meetsGoals ? 0 : 1)
    const asked = plan.chosen.checks.map(({ path }: { path: string }) => path)
    expect(asked).toEqual(['classes.training.meanResponseSeconds', 'classes.training.accuracyLossAtMost'])
    const training = plan.chosen.prediction.classes.find(({ name }: { name: string }) => name === 'training')
    // a straight line through (0.2, 0.03)
    expect(training.accuracyLoss.value).toBeCloseTo((plan.chosen.policy.drop.training ?? 0) * 0.15, 9)
    expect(training.accuracyLoss.value).toBeLessThanOrEqual(0.03 + 1e-9)
  })

  it('fits a workload that is itself a valid scenario, and predicts from it', async () => {
    const scenario = join(folder, 'fitted.yaml')
    const made = await halftone('workload', SAMPLE, '--arrivals', 'time-of-day', '--slots', '112', '--scenario', '--yaml', '-q')
    expect(made.code).toBe(0)
    writeFileSync(scenario, made.out)
    expect((await halftone('validate', scenario)).code).toBe(0)
    const predicted = await halftone('predict', scenario, '-q')
    expect(predicted.code).toBe(0)
    expect(predicted.out).toContain('run times')
  })

  it('foresees the last week from the two before it, beside the baseline', async () => {
    const { code, out } = await halftone('predict', SAMPLE, '--slots', '112', '--held-out', '0.33', '-q')
    expect(code).toBe(0)
    expect(out).toContain('as before')
    expect(out).not.toMatch(FORBIDDEN)
  })
})

describe('every command', () => {
  it('has help with an example, and the program knows them all', async () => {
    const { out, code } = await halftone('--help')
    expect(code).toBe(0)
    const commands = [...out.matchAll(/^ {2}([a-z]+) \[options\]/gm)].map((match) => match[1]!)
    expect(commands).toEqual(
      expect.arrayContaining(['characterise', 'workload', 'predict', 'plan', 'solve', 'simulate', 'validate', 'doctor', 'demo']),
    )
    for (const command of commands) {
      const help = await halftone(command, '--help')
      expect(help.code).toBe(0)
      if (!['doctor', 'demo'].includes(command)) expect(help.out, command).toContain('Example')
    }
  })

  it('ends with 2 on options that it does not have or values that it cannot read', async () => {
    for (const args of [
      ['nonsense'],
      ['plan', SCENARIO, '--sed', '3'],
      ['plan', SCENARIO, '--seed', 'x'],
      ['plan', SAMPLE, '--utilisation', '1.5'],
      ['plan', SAMPLE, '--goal', 'fast'],
      ['plan', SCENARIO, '--slots', '5'],
      ['plan', SAMPLE, '--drop', 'training=20'],
      ['plan', SAMPLE, '--sprint', 'interactive=0.5'],
      ['plan', SAMPLE, '--disciplines', 'fcfs,lifo'],
    ]) {
      const ended = await halftone(...args)
      expect([args.join(' '), ended.code]).toEqual([args.join(' '), 2])
      expect(ended.out).toBe('')
      expect(ended.err).not.toMatch(FORBIDDEN)
    }
  })

  it('names the goal of a class that does not exist, with those that do', async () => {
    const { code, err } = await halftone('plan', SAMPLE, '-q', '--slots', '112', '--goal', 'interactiv.mean=1h')
    expect(code).toBe(2)
    expect(err).toContain('interactive')
  })
})

describe('bad input', () => {
  const text = 'a;b\n1;2\n'
  const google = 'job_id,user,sched_class,logical_name,submit_s,first_schedule_s,end_s,end_event,n_submit,n_schedule,n_end\n'
  const cases: [string, () => string][] = [
    [
      'a truncated gzip',
      () => inFolder('cut.csv.gz', gzipSync(google + '1,0,3,0,10,11,12,4,1,1,1\n'.repeat(5000)).subarray(0, 60)),
    ],
    ['a gzip that is none', () => inFolder('none.csv.gz', text)],
    ['an empty file', () => inFolder('empty.csv', '')],
    ['a directory', () => folder],
    ['a file that is not there', () => join(folder, 'nowhere.csv')],
    ['a table of unknown columns', () => inFolder('unknown.csv', 'x,y\n1,2\n')],
    ['the wrong delimiter', () => inFolder('semicolon.csv', google.replaceAll(',', ';') + '1;0;3;0;10;11;12;4;1;1;1\n')],
    ['binary garbage', () => inFolder('garbage.csv', Buffer.from(Array.from({ length: 4096 }, (_, i) => (i * 97) % 256)))],
    ['a line of a million characters', () => inFolder('long.csv', `${'x'.repeat(1_000_000)}\n`)],
  ]
  it.each(cases)('%s gives located issues, exit 2, no answer and no stack', async (_, make) => {
    const path = make()
    const html = join(folder, 'never.html')
    const before = readdirSync(folder).length
    const { code, out, err } = await halftone('characterise', path, '--html', html, '-q')
    expect([code, out]).toEqual([2, ''])
    expect(err).toContain(path.split('/').at(-1))
    expect(err).not.toMatch(FORBIDDEN)
    expect(err.length).toBeLessThan(5_000)
    expect(existsSync(html)).toBe(false)
    expect(readdirSync(folder)).toHaveLength(before)
  })

  it('a scenario with three errors gives all three with their lines', async () => {
    const path = inFolder(
      'three.yaml',
      readFileSync('examples/dias.yaml', 'utf8')
        .replace('engine: exclusive', 'engine: exclusiv')
        .replace('count: 10, slots: 2', 'count: 0, slots: 2')
        .replace('wasteAtMost: 0.001', 'wasteAtMost: -1'),
    )
    for (const command of ['validate', 'predict', 'plan']) {
      const { code, err } = await halftone(command, path)
      expect(code).toBe(2)
      expect(err.match(/three\.yaml:\d+/g)).toHaveLength(3)
      expect(err).toContain('3 errors')
    }
  })

  it('YAML with tabs, and a scenario that is a directory', async () => {
    const tabs = await halftone('plan', inFolder('tabs.yaml', 'schema: halftone/scenario/1\nworkload:\n\tclasses: []\n'))
    expect(tabs.code).toBe(2)
    expect(tabs.err).toMatch(/tabs\.yaml:3/)
    const missing = await halftone('validate', folder)
    expect(missing.code).toBe(2)
  })

  it('a trace of which no row can be used is a refusal: exit 1', async () => {
    const { code, err } = await halftone(
      'characterise',
      inFolder('rows.csv', `${google}${'x,y,z,0,nope,nope,nope,9,1,1,1\n'.repeat(3)}`),
      '-q',
    )
    expect(code).toBe(1)
    expect(err).toMatch(/rows\.csv:2/)
    expect(err).not.toMatch(FORBIDDEN)
  })

  it('a few bad rows are reported with line and value and the rest is used; --strict makes them the end of it', async () => {
    const good = Array.from({ length: 50 }, (_, i) => `${i + 1},0,3,0,${10 * i + 1},${10 * i + 2},${10 * i + 9},4,1,1,1\n`)
    const bad = [
      '91,0,3,0,NaN,1,2,4,1,1,1\n',
      '92,0,3,0,Infinity,1,2,4,1,1,1\n',
      '93,0,3,0,-5,1,2,4,1,1,1\n',
      '94,0,3,0,1e999,1,2,4,1,1,1\n',
    ]
    const path = inFolder('some.csv', `${google}${good.join('')}${bad.join('')}`)
    const lenient = await halftone('characterise', path, '-q')
    expect(lenient.code).toBe(0)
    for (const line of [52, 53, 54, 55]) expect(lenient.out).toContain(`some.csv:${line}`)
    expect(lenient.out).toContain('50 used as jobs')
    const strict = await halftone('characterise', path, '-q', '--strict')
    expect([strict.code, strict.out]).toEqual([2, ''])
    for (const line of [52, 53, 54, 55]) expect(strict.err).toContain(`some.csv:${line}`)
  })

  it('an answer that cannot be written ends with 2 and prints nothing', async () => {
    const { code, out, err } = await halftone(
      'predict',
      'examples/dias.yaml',
      '-q',
      '--out',
      join(folder, 'no', 'such', 'folder.json'),
    )
    expect([code, out]).toEqual([2, ''])
    expect(err).toContain('folder.json')
  })
})
