/** The simulate command from end to end, and that threads change nothing. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type Prediction, validate } from '../../src/model/index.js'
import { readScenario } from '../../src/study/index.js'
import { FORBIDDEN, halftone } from './cli.js'

const SCENARIO = 'examples/dias.yaml'
const QUICK = ['--replications', '2', '-q'] as const

describe('halftone simulate', () => {
  it('answers with a prediction that is one, the same for the same seed but for its cost', async () => {
    const [a, b] = [
      await halftone('simulate', SCENARIO, ...QUICK, '--json'),
      await halftone('simulate', SCENARIO, ...QUICK, '--json'),
    ]
    expect(a.code).toBe(0)
    const prediction = JSON.parse(a.out) as Prediction
    expect(validate('prediction', prediction).ok).toBe(true)
    expect(prediction.predictor.method).toMatch(/^2 replications of /)
    const same = (text: string) => text.replace(/"wallSeconds": [\d.e-]+/, '')
    expect(same(b.out)).toBe(same(a.out))
    const other = await halftone('simulate', SCENARIO, ...QUICK, '--json', '--seed', '2')
    expect(same(other.out)).not.toBe(same(a.out))
  })

  it('turns one knob over a grid: a row a value, a refusal in its row', async () => {
    const { code, out } = await halftone(
      'simulate',
      SCENARIO,
      ...QUICK,
      '--vary',
      'workload.classes[0].arrival.ratePerSecond=0.0001,0.1',
    )
    expect(code).toBe(0)
    expect(out).toContain('0.0001')
    expect(out).toContain('unstable')
    expect(out).not.toMatch(FORBIDDEN)
    const bad = await halftone('simulate', SCENARIO, ...QUICK, '--vary', 'policy.discipline=lottery')
    expect(bad.code).toBe(2)
    expect(bad.err).toContain('policy.discipline')
  })

  it('plays an unstable scenario only when given a horizon, and marks the answer', async () => {
    const { code, out } = await halftone('simulate', SCENARIO, ...QUICK, '--horizon', '2d', '--json')
    expect(code).toBe(0)
    expect((JSON.parse(out) as Prediction).caveats.map((one) => one.code)).toContain('transient')
  })

  it('writes the jobs as a trace that the other commands read', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'halftone-'))
    try {
      const file = join(folder, 'played.parquet')
      expect((await halftone('simulate', SCENARIO, '--horizon', '2d', ...QUICK, '--jobs-out', file)).code).toBe(0)
      const read = await halftone('characterise', file, '--json', '-q')
      expect(read.code).toBe(0)
      expect(read.out).not.toMatch(FORBIDDEN)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

describe.skipIf(!existsSync('dist/study/simulate-thread.js'))('threads', () => {
  it('give the same bytes, however many', async () => {
    const { simulate, simulateMany } = (await import('halftone/study')) as typeof import('../../src/study/index.js')
    const reading = await readScenario(SCENARIO)
    if (!reading.ok) throw new Error('the example cannot be read')
    const { scenario } = reading.question
    const ask = async (threads: number) => {
      const answer = (await simulate({ scenario, seed: 1, precision: 0.08, jobsAtMost: 200_000, threads })) as Prediction
      return JSON.stringify({ ...answer, cost: { ...answer.cost, wallSeconds: 0 } })
    }
    const one = await ask(1)
    expect(await ask(2)).toBe(one)
    expect(await ask(3)).toBe(one)
    const many = (threads: number) => simulateMany([scenario, scenario], { seed: 1, replications: 2, threads })
    expect(JSON.stringify(await many(2))).toBe(JSON.stringify(await many(1)))
  })
})
