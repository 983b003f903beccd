import { readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { PolicyComparison, Prediction } from '../../src/model/index.js'
import { halftone } from './cli.js'

describe('halftone deflate', () => {
  it('drops by class and stage beside P and NP: fewer map tasks of the low class, its reduce tasks all done', async () => {
    const { out, code } = await halftone(
      ...['deflate', 'examples/dias.yaml', '--drop', 'low.map=20%', '--precision', '20%', '--json', '--quiet'],
    )
    expect(code).toBe(0)
    const { policies } = JSON.parse(out) as PolicyComparison
    expect(policies.map(({ policy }) => policy.name)).toEqual(['P', 'NP', 'drop low.map 20 %'])
    // the same 20 % as DA(0,20), since reduce tasks may not be dropped: specs/deflate.md 1.9
    expect(policies[2]!.analytic!.classes[1]!.response.mean.value).toBeCloseTo(817.3, 0)
    const wrong = await halftone('deflate', 'examples/dias.yaml', '--drop', 'low.shuffle=0.2')
    expect([wrong.code, wrong.err]).toEqual([2, expect.stringContaining('no such stage: map, reduce')])
  })

  it('puts the policies of the papers side by side and finds what the golden table has', async () => {
    const { out, code } = await halftone(
      'deflate',
      'examples/dias.yaml',
      '--policies',
      'P,NP,DA(0,20),DiAS(0,20)',
      '--precision',
      '4%',
      '--json',
      '--quiet',
    )
    expect(code).toBe(0)
    const { policies } = JSON.parse(out) as PolicyComparison
    // specs/deflate.md 1.9, exponential tasks, mix 10/90, load 0.8: mean response high, low; waste
    const golden = [
      [151.1, 1387.6, 0.042],
      [292.3, 1064.2, 0],
      [273.8, 814.5, 0],
      [179.6, 756.2, 0],
    ]
    policies.forEach(({ outcome }, i) => {
      const { classes, cluster } = outcome as Prediction
      const [high, low, waste] = golden[i]!
      expect(Math.abs(classes[0]!.response.mean.value / high! - 1)).toBeLessThan(0.03)
      expect(Math.abs(classes[1]!.response.mean.value / low! - 1)).toBeLessThan(0.12)
      expect(Math.abs(cluster.waste.value - waste!)).toBeLessThan(0.004)
    })
    // the low class gains for certain, on the same luck
    expect(policies[2]!.against![1]!.response.mean.high).toBeLessThan(0)
    expect(policies[2]!.analytic!.classes[0]!.response.mean.value).toBeCloseTo(273.9, 0)
  })

  it('writes a page with the answer first', async () => {
    const file = join(tmpdir(), `halftone-deflate-${process.pid}.html`)
    const { code } = await halftone(
      'deflate',
      'examples/dias.yaml',
      '--policies',
      'NP,DA(0,40)',
      '--precision',
      '10%',
      '--html',
      file,
      '--quiet',
    )
    expect(code).toBe(0)
    const page = await readFile(file, 'utf8')
    await rm(file)
    expect(page).toContain('Best for low: DA(0,40)')
  })

  it('names every policy that does not fit, and plays none', async () => {
    const { err, code } = await halftone('deflate', 'examples/dias.yaml', '--policies', 'P,DA(20),XX,DiAS(0,100)', '--quiet')
    expect(code).toBe(2)
    for (const name of ['DA(20)', 'XX', 'DiAS(0,100)']) expect(err).toContain(name)
  })
})
