import { readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Burstable, BurstableStudy } from '../../src/model/index.js'
import { Rng } from '../../src/num/index.js'
import { playHosting, readNoun } from '../../src/study/index.js'
import { FORBIDDEN, halftone } from './cli.js'

const EXAMPLE = 'examples/burstable.yaml'

describe('halftone burstable', () => {
  it('hosts every instance under its SLO, never reserves more than a node has, and needs no more nodes than the types on sale', async () => {
    const page = join(tmpdir(), `halftone-burstable-${process.pid}.html`)
    const { out, err, code } = await halftone('burstable', EXAMPLE, '--json', '--html', page, '--quiet')
    const html = await readFile(page, 'utf8')
    await rm(page)
    expect(err).toBe('')
    expect(code).toBe(0)
    expect(html.slice(html.indexOf('<body'))).not.toMatch(FORBIDDEN)
    const study = JSON.parse(out) as BurstableStudy
    const wanted = study.workloads.flatMap(({ name, instances }) => Array.from({ length: instances }, () => name)).sort()
    const bounds = new Map(study.workloads.map(({ name, boundSeconds }) => [name, boundSeconds]))
    for (const { nodes, nodesAtLeast } of study.hostings) {
      expect(nodes.flatMap(({ instances }) => instances.map(({ workload }) => workload)).sort()).toEqual(wanted)
      expect(nodes.length).toBeGreaterThanOrEqual(nodesAtLeast)
      for (const { reservedCores, instances } of nodes) {
        expect(reservedCores).toBeLessThanOrEqual(study.coresPerNode + 1e-9)
        for (const { workload, high } of instances) expect(high).toBeLessThanOrEqual(bounds.get(workload)!)
      }
    }
    const counts = study.hostings.map(({ nodes }) => nodes.length)
    expect(counts[1]).toBeLessThanOrEqual(counts[0]!)
    expect(counts[2]).toBeLessThanOrEqual(counts[1]!)
    // the same fleet on both sides: revenue a node is as nodes are few
    expect(study.revenueRatio).toBeCloseTo(counts[0]! / counts[2]!, 12)
    // the same placement on other luck, three times as long
    const question = readNoun(EXAMPLE, 'burstable') as { readonly value: Burstable }
    const again = playHosting(question.value, study.hostings[2]!, new Rng(99, 'other luck'), 12_000)
    for (const { workload, responseSeconds } of again.flat()) expect(responseSeconds).toBeLessThanOrEqual(bounds.get(workload)!)
  })

  it('names every fault of its question by line and path, and the workload that no core can serve', async () => {
    const file = join(tmpdir(), `halftone-burstable-${process.pid}.yaml`)
    const text = await readFile(EXAMPLE, 'utf8')
    await writeFile(
      file,
      text
        .replace('name: search', 'name: web')
        .replace('arrivalsPerSecond: 0.2', 'arrivalsPerSecond: 20')
        .replace('    meanResponseSecondsAtMost: 20\n', ''),
    )
    const wrong = await halftone('burstable', file, '--quiet')
    expect(wrong.code).toBe(2)
    for (const place of ['workloads[1].name', 'workloads[2].arrivalsPerSecond', 'workloads[3]'])
      expect(wrong.err).toContain(place)
    expect(wrong.err).toMatch(/burstable-\d+\.yaml:\d+/)
    await writeFile(file, text.replace('meanResponseSecondsAtMost: 20', 'meanResponseSecondsAtMost: 1.31'))
    const refused = await halftone('burstable', file, '--quiet')
    await writeFile(file, text.replace('coresPerNode: 1', 'coresPerNode: 0.05'))
    const small = await halftone('burstable', file, '--quiet')
    await rm(file)
    expect(small.code).toBe(1)
    expect(small.err).toContain('more than a node has')
    expect(refused.code).toBe(1)
    expect(refused.err).toContain('images')
    expect(refused.err).toContain('a core of its own')
  })
})
