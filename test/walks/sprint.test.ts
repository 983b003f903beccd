import { readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { PolicyComparison, Prediction } from '../../src/model/index.js'
import { halftone } from './cli.js'

describe('halftone sprint', () => {
  it('finds the timeout of the golden table, and what big burst gives away', async () => {
    const { out, code } = await halftone('sprint', 'examples/sprint.yaml', '--precision', '3%', '--json', '--quiet')
    expect(code).toBe(0)
    const { policies } = JSON.parse(out) as PolicyComparison
    const named = (start: string) => policies.find(({ policy }) => policy.name.startsWith(start))!
    const response = (start: string) => (named(start).outcome as Prediction).classes[0]!.response.mean.value
    // specs/sprint.md 2.9, B = 20 per 200 s: 2.766 at T = 4, 3.271 at T = 0; without sprint 1/(1 − 0.75) = 4
    expect(Math.abs(response('best timeout') / 2.766 - 1)).toBeLessThan(0.04)
    expect(Math.abs(response('big burst') / 3.271 - 1)).toBeLessThan(0.04)
    expect(Math.abs(response('none') / 4 - 1)).toBeLessThan(0.05)
    expect(named('best timeout').ability).toBe(1)
    expect(Math.abs(named('big burst').ability! - 0.85)).toBeLessThan(0.02)
  })

  it('refuses a scenario that describes no sprint', async () => {
    const file = join(tmpdir(), `halftone-no-sprint-${process.pid}.yaml`)
    const text = await readFile('examples/sprint.yaml', 'utf8')
    await writeFile(file, text.slice(0, text.indexOf('levers:')))
    const { err, code } = await halftone('sprint', file, '--quiet')
    await rm(file)
    expect(code).toBe(1)
    expect(err).toContain('levers.sprint')
  })

  it('with a measured table seeks the best timeout of each of its speeds, and says which timeouts were tried', async () => {
    const table = join(tmpdir(), `halftone-clocks-${process.pid}.csv`)
    await writeFile(table, 'setting,seconds,watts\n800,3,100\n1000,2.4,140\n1200,2,190\n')
    const { out, code } = await halftone(
      ...['sprint', 'examples/sprint.yaml', '--speed-table', table, '--precision', '8%', '--json', '--quiet'],
    )
    await rm(table)
    expect(code).toBe(0)
    const { policies, caveats } = JSON.parse(out) as PolicyComparison
    expect(policies.map(({ policy }) => policy.sprint?.speed)).toEqual(expect.arrayContaining([1.25, 1.5]))
    const [slow, fast] = policies.slice(-2).map(({ outcome }) => (outcome as Prediction).classes[0]!.response.mean.value)
    expect(fast!).toBeLessThan(slow!)
    expect(caveats.filter(({ code: one }) => one === 'timeout-search')).toHaveLength(2)
  })

  it('ends with issues where speeds are asked of a table that is not given, or said twice', async () => {
    const alone = await halftone('plan', 'examples/sprint.yaml', '--base-setting', '800')
    expect([alone.code, alone.err]).toEqual([2, expect.stringContaining('--speed-table')])
    const sample = 'examples/sample/jobs.sacct.gz'
    const table = await halftone('sprint', sample, '--slots', '112', '--sprint', 'all=table')
    expect([table.code, table.err]).toEqual([2, expect.stringContaining('--speed-table')])
    const twice = await halftone('sprint', sample, '--slots', '112', '--sprint', 'all=1.5', '--speed-table', 'clocks.csv')
    expect([twice.code, twice.err]).toEqual([2, expect.stringContaining('table in the place of the speed')])
  })
})
