import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { type Characterisation, type Plan, validate } from '../../src/model/index.js'
import { FORBIDDEN, halftone } from './cli.js'

const DATA = '../shared/data'
const folder = mkdtempSync(join(tmpdir(), 'halftone-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** The walk on a real file, where the real files are; a plain message where they are not. */
const onReal = (path: string) => it.skipIf(!existsSync(join(DATA, path)))

if (!existsSync(DATA)) console.warn(`real traces are not here (${DATA}): the walks on them are skipped`)

describe('characterise on real traces', () => {
  // rows by independent count: gunzip -c FILE | wc -l, less the header (SWF: less the comment lines)
  const traces: [string, number][] = [
    ['google2011/jobs.csv.gz', 490_845],
    ['philly/philly_jobs.csv.gz', 65_028],
    ['alibaba-openb/openb_pod_list_default.csv.gz', 8_152],
    ['alibaba-genai/lora_requests.csv.gz', 14_279],
    ['ricc/RICC-2010-2.swf.gz', 447_794],
  ]
  for (const [path, rows] of traces) {
    onReal(path)(`${path}: every row, a whole study, a page`, async () => {
      const [json, html] = [join(folder, 'study.json'), join(folder, 'study.html')]
      const { code, out } = await halftone('characterise', join(DATA, path), '-q', '--out', json, '--html', html)
      expect(code).toBe(0)
      expect(out).not.toMatch(FORBIDDEN)
      const study = JSON.parse(readFileSync(json, 'utf8')) as Characterisation
      expect(validate('characterisation', study).ok).toBe(true)
      expect(study.source.rows).toBe(rows)
      const page = readFileSync(html, 'utf8')
      expect(page).not.toMatch(/\bNaN\b|undefined|\[object/)
      expect(page.length).toBeLessThan(3_000_000)
    })
  }
})

describe('plan on real traces', () => {
  const planned = async (...args: string[]): Promise<Plan> => {
    const { out, code, err } = await halftone('plan', ...args, '-q', '--json')
    expect([0, 1], err).toContain(code)
    const plan = JSON.parse(out) as Plan
    expect(validate('plan', plan).ok).toBe(true)
    expect(code).toBe(plan.meetsGoals ? 0 : 1)
    expect(plan.caveats.map(({ code }) => code)).toEqual(expect.arrayContaining(['cluster-assumed', 'policy-assumed']))
    expect(plan.chosen.prediction.caveats.map(({ code }) => code)).toContain('single-path')
    return plan
  }

  onReal('philly/philly_jobs.csv.gz')(
    'Philly, its dense window, 643 GPUs busy to 80 %: the plan is no worse than what is in force',
    async () => {
      const plan = await planned(join(DATA, 'philly/philly_jobs.csv.gz'), '--from', '2017-10-09')
      const mean = (candidate: Plan['chosen']): number[] =>
        candidate.prediction.classes.map(({ response }) => response.mean.value)
      expect(plan.inForce).toBeDefined()
      const [before, after] = [mean(plan.inForce!), mean(plan.chosen)]
      const ratio = after.reduce((sum, value, i) => sum + value / before[i]!, 0) / after.length
      expect(ratio).toBeLessThanOrEqual(1)
    },
  )

  onReal('google2011/jobs.csv.gz')('Google, 80 % busy: nothing waits, so the policy in force is kept', async () => {
    const plan = await planned(join(DATA, 'google2011/jobs.csv.gz'))
    // ~1,140 job slots of which 4 in 5 are busy: waits are milliseconds against hours of service, no policy can matter
    expect(plan.chosen.policy.discipline).toBe('fcfs')
    for (const { wait, service } of plan.chosen.prediction.classes)
      expect(wait.mean.value).toBeLessThan(1e-3 * service.mean.value)
  })
})
