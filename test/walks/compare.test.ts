/** The compare command from a table to verdicts, on tables that are made here. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Comparison, type Contest, validate } from '../../src/model/index.js'
import { Rng } from '../../src/num/index.js'
import { costSeconds } from '../../src/study/index.js'
import { FORBIDDEN, halftone } from './cli.js'

const folder = mkdtempSync(join(tmpdir(), 'compare-'))
afterAll(() => rmSync(folder, { recursive: true }))
const file = (name: string, text: string): string => {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

/**
 * An M/M/1 whose service takes 1.2 times as long as is said, with 2 % noise, and 15 % more on machine b, which no formula knows of: grey should need few rows and stand a new load.
 */
function stations(rows: number): string {
  const rng = new Rng(7, 'stations')
  const lines = Array.from({ length: rows }, (_, i) => {
    const [rate, service, machine] = [0.1 + 0.65 * rng.uniform(), 0.5 + 0.45 * rng.uniform(), i % 3 === 0 ? 'b' : 'a']
    const taken = service * 1.2
    const response = (taken / (1 - rate * taken)) * (machine === 'b' ? 1.15 : 1) * Math.exp(0.02 * rng.normal())
    return [rate.toFixed(4), service.toFixed(4), machine, response.toFixed(5)].join(',')
  })
  return `arrivalRatePerSecond,meanServiceSeconds,machine,meanResponseSeconds\n${lines.join('\n')}\n`
}

describe('on a table of an M/M/1 that theory knows but for two things', () => {
  const path = file('stations.csv', stations(90))
  const json = join(folder, 'answer.json')
  const html = join(folder, 'answer.html')
  let [ended, comparison]: [{ code: number; out: string; err: string }, Comparison] = [
    { code: -1, out: '', err: '' },
    undefined as never,
  ]
  beforeAll(async () => {
    ended = await halftone(
      'compare',
      path,
      '--points',
      '12,70%',
      '--repeats',
      '1',
      '--group',
      'machine',
      '--out',
      json,
      '--html',
      html,
      '-q',
    )
    comparison = JSON.parse(readFileSync(json, 'utf8'))
  }, 60_000)
  const found = (kind: string, predictor: string, at = -1): Contest =>
    comparison.splits
      .filter((split) => split.kind === kind)
      .at(at)!
      .results.find((one) => one.predictor === predictor)!

  it('ends well, its JSON holds to its schema, and neither text nor page leaks', () => {
    expect(ended.code).toBe(0)
    expect(validate('comparison', comparison)).toMatchObject({ ok: true })
    expect(ended.out).not.toMatch(FORBIDDEN)
    expect(readFileSync(html, 'utf8')).not.toMatch(/>[^<]*\b(NaN|Infinity|undefined)\b/)
    expect(ended.out).toContain('Verdict')
  })

  it('calibrated theory beats theory as it stands, and twelve rows with theory beat twelve without', () => {
    expect(found('random', 'white').medianError).toBeLessThan(0.5 * found('random', 'white, as it stands').medianError!)
    for (const black of ['ridge', 'nearest', 'forest', 'net'])
      expect(found('random', 'grey, chosen', 0).medianError).toBeLessThan(found('random', black, 0).medianError!)
  })

  it('a residual knows what theory does not: the machine', () => {
    expect(found('random', 'residual').medianError).toBeLessThan(found('random', 'white').medianError!)
  })

  it('trees do not foresee a load beyond all that they saw; theory does', () => {
    expect(found('unseen-load', 'forest').medianError).toBeGreaterThan(2 * found('unseen-load', 'grey, chosen').medianError!)
  })

  it('verdicts agree with the figures that they are about', () => {
    for (const { results, verdict } of comparison.splits) {
      if (!verdict || verdict.difference === undefined) continue
      const of = (name: string): number => results.find(({ predictor }) => predictor === name)!.medianError!
      const rival = Math.min(...[verdict.black, verdict.white].flatMap((name) => (name === undefined ? [] : [of(name)])))
      expect(verdict.difference.value).toBeCloseTo(of(verdict.grey!) - rival, 12)
      const gap = verdict.difference.low <= 0 && verdict.difference.high >= 0 ? verdict.tail! : verdict.difference
      const expected = gap.high < 0 ? 'grey' : gap.low > 0 ? 'rival' : 'level'
      expect(verdict.outcome === 'grey' || verdict.outcome === 'level' ? verdict.outcome : 'rival').toBe(expected)
      expect(verdict.sentence).toMatch({ grey: /^grey wins/, rival: /^grey loses/, level: /^no clear winner/ }[expected]!)
    }
  })

  it('who is on the front is beaten by nobody in both error and cost, who is not by somebody', () => {
    for (const { results } of comparison.splits) {
      const full = results.filter(({ answered }) => answered === 1)
      for (const one of full) {
        const beaten = full.some(
          (other) =>
            other.medianError! <= one.medianError! &&
            costSeconds(other) <= costSeconds(one) &&
            (other.medianError! < one.medianError! || costSeconds(other) < costSeconds(one)),
        )
        expect(one.pareto).toBe(!beaten)
      }
    }
  })

  it.skipIf(!existsSync('dist/study/compare/thread.js'))(
    'foresees the same on two threads',
    async () => {
      const { compare, readMeasurements } = (await import('halftone/study')) as typeof import('../../src/study/index.js')
      const reading = await readMeasurements(file('small.csv', stations(24)), { leave: ['machine'], white: 'none' })
      if (!reading.ok) throw new Error('not read')
      const ask = async (threads: number) => {
        const { splits } = await compare({ ...reading.question, points: [9, 12], repeats: 1, seed: 3, threads })
        return splits.map(({ results, verdict }) => [
          results.map(({ medianError, coverage }) => [medianError, coverage]),
          verdict,
        ])
      }
      expect(await ask(2)).toEqual(await ask(1))
    },
    60_000,
  )
})

describe('bad input is located, never a trace', () => {
  const ask = (text: string, ...more: string[]) => halftone('compare', file('bad.csv', text), '-q', ...more)
  const good = stations(20)

  it.each([
    ['no such file', () => halftone('compare', join(folder, 'nothing.csv')), /nothing\.csv\s+there is no such file/],
    [
      'an unknown observed column',
      () => ask(good, '--observed', 'latency'),
      /bad\.csv\s+observed names a column that is not there/,
    ],
    [
      'a cell that is no number',
      () => ask(good.replace(/^(0\.\d+,)0\.\d+/m, '$1fast')),
      /bad\.csv:2\s+meanServiceSeconds is not a finite number\s+fast/,
    ],
    ['an empty cell', () => ask(good.replace(/^(0\.\d+,)0\.\d+/m, '$1')), /bad\.csv:2\s+meanServiceSeconds is empty/],
    [
      'NaN',
      () => ask(good.replace(/^(0\.\d+,)0\.\d+/m, '$1NaN')),
      /bad\.csv:2\s+meanServiceSeconds is not a finite number\s+NaN/,
    ],
    ['an observed value of 0', () => ask(good.replace(/,[\d.]+\n/, ',0\n')), /bad\.csv:2\s+meanResponseSeconds must be above 0/],
    [
      'a constant observed column',
      () => ask(good.replace(/[\d.]+\n/g, '2\n')),
      /is the same in every row: there is nothing to foresee/,
    ],
    ['a white model without its columns', () => ask(good, '--white', 'sprint-queue'), /sprint-queue needs a column/],
    ['a white model that nobody knows', () => ask(good, '--white', 'oracle'), /is neither a white model/],
    ['an edge of words', () => ask(good, '--load', 'machine'), /names a column of words/],
    ['one row', () => ask(`${good.split('\n').slice(0, 2).join('\n')}\n`), /bad\.csv:2\s+is the only row/],
    [
      'an observed column of words',
      () => ask(good, '--observed', 'machine'),
      /bad\.csv:2\s+machine holds no number in any row: what was observed must be one/,
    ],
    [
      'conditions that never vary',
      () => ask('load,seconds\n1,2\n1,3\n1,4\n'),
      /load: the same in every row, so there is nothing to learn from/,
    ],
    ['a header alone', () => ask(good.split('\n')[0]!), /has a header and no row/],
    ['two columns of one name', () => ask('a,a,b\n1,2,3\n'), /two columns have this name/],
  ])('%s', async (_, run, said) => {
    const { code, err } = await run()
    expect(code).toBe(2)
    expect(err.replace(/\s+/g, ' ')).toMatch(new RegExp(said.source.replaceAll('\\s+', ' ?')))
    expect(err).not.toMatch(FORBIDDEN.source.includes('NaN') && /NaN/.test(said.source) ? /at .*\.ts:\d+/ : FORBIDDEN)
  })

  it('too few rows for any split: a refusal with the reason of each', async () => {
    const { code, err } = await halftone('compare', file('few.csv', stations(9)), '-q', '--points', '6,50%')
    expect(code).toBe(1)
    expect(err).toMatch(/9 rows are too few/)
    expect(err).not.toMatch(FORBIDDEN)
  })

  it('a knob, a class and a column that are not there are found at their lines of the file that names them', async () => {
    const spec = (name: string, from: string, to: string): string => {
      const text = readFileSync('examples/measured/compare.yaml', 'utf8')
        .replace('measured.csv', join(process.cwd(), 'examples/measured/measured.csv'))
        .replace('scenario.yaml', join(process.cwd(), 'examples/measured/scenario.yaml'))
      expect(text).toContain(from)
      return file(name, text.replace(from, to))
    }
    for (const [path, said] of [
      [
        spec('knob.yaml', 'cluster.nodes[0].count', 'cluster.nodes[7].count'),
        /knob\.yaml:8 cluster\.nodes\[7\]\.count: there is no \[7\]/,
      ],
      [
        spec('class.yaml', 'class: requests', 'class: batch'),
        /class\.yaml:9 figure names a class that the scenario does not have/,
      ],
      [
        spec('column.yaml', 'nodes: cluster', 'machines: cluster'),
        /column\.yaml:8 columns names a column that the table does not have/,
      ],
      [spec('bounds.yaml', 'low: 0.5', 'low: 5'), /bounds\.yaml:11 calibrate cluster\.nodes\[0\]\.speed: low ≤ prior ≤ high/],
    ] as const) {
      const { code, err } = await halftone('compare', path, '-q')
      expect(code).toBe(2)
      expect(err.replace(/\s+/g, ' ')).toMatch(said)
    }
  })

  it('a column that names the rows is left out and said so, and does not reach any learner', async () => {
    const named = good
      .trim()
      .split('\n')
      .map((line, i) => (i === 0 ? `run,${line}` : `run${i},${line}`))
      .join('\n')
    const { code, out } = await halftone(
      'compare',
      file('named.csv', named),
      '-q',
      '--points',
      '12',
      '--repeats',
      '1',
      '--white',
      'none',
      '--json',
    )
    expect(code).toBe(0)
    const { data, caveats } = JSON.parse(out) as Comparison
    expect(data.features).not.toContain('run')
    expect(caveats.map(({ code: one }) => one)).toContain('names-rows')
  })
})

describe('GPUs under power caps and clocks', () => {
  /** Two jobs with shares of memory of their own: compute time goes with 1/clock, memory time does not. */
  const clocks = (): string => {
    const rng = new Rng(5, 'clocks')
    const lines = ['a', 'b', 'c'].flatMap((job, j) =>
      Array.from({ length: 9 }, (_, k) => {
        const megahertz = 700 + 100 * k
        const seconds = (2 + 3 * j) * (0.2 + 0.3 * j + (0.8 - 0.3 * j) * (1000 / megahertz)) * Math.exp(0.005 * rng.normal())
        return [job, megahertz, rng.uniform().toFixed(6), seconds.toFixed(5)].join(',')
      }),
    )
    return `job,clockMegahertz,counter,seconds\n${lines.join('\n')}\n`
  }

  it('each job has its own parameters, a counter read at every row makes no job, and an unseen clock is foreseen', async () => {
    const { code, out } = await halftone(
      ...[
        'compare',
        file('clocks.csv', clocks()),
        '-q',
        '--points',
        '20',
        '--repeats',
        '1',
        '--configuration',
        'clockMegahertz>1200',
        '--json',
      ],
    )
    expect(code).toBe(0)
    const { predictors, splits } = JSON.parse(out) as Comparison
    expect(predictors.find(({ name }) => name === 'white')!.what).toMatch(/for each job$/)
    const beyond = splits.find(({ kind }) => kind === 'unseen-configuration')!
    const errorOf = (name: string): number => beyond.results.find(({ predictor }) => predictor === name)!.medianError!
    // the law is the model’s own with no overlap; noise is half a per cent, and three clocks lie beyond
    expect(errorOf('white')).toBeLessThan(0.05)
    expect(errorOf('grey, chosen')).toBeLessThan(errorOf('forest'))
  }, 30_000)
})

describe('windows of a trace', () => {
  it('on the bundled sample the replay is exact, and the answer says that there is nothing to add', async () => {
    const { code, out } = await halftone(
      ...[
        'compare',
        'examples/sample/jobs.sacct.gz',
        '--slots',
        '112',
        '--window',
        '12h',
        '--points',
        '20',
        '--repeats',
        '1',
        '-q',
      ],
    )
    expect(code).toBe(0)
    expect(out.replace(/\s+/g, ' ')).toContain('Theory (simulated) is exact already: there is nothing for a learner to add.')
    expect(out).not.toMatch(FORBIDDEN)
  }, 30_000)
})
