import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { Cluster } from '../model/index.js'
import { readOpenbNodes } from './openb-nodes.js'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'halftone-nodes-'))
})
afterAll(() => rm(folder, { recursive: true }))

const read = async (text: string) => {
  const path = join(folder, 'nodes.csv')
  await writeFile(path, text)
  return readOpenbNodes(path)
}

it('groups nodes by model and number of GPUs into a valid cluster, and counts those without', async () => {
  const found = await read(
    'sn,cpu_milli,memory_mib,gpu,model\nn0,1,1,0,\nn1,1,1,8,G2\nn2,1,1,8,G2\nn3,1,1,2,T4\nn4,1,1,two,T4\nn5,1,1,4,T4\nn6,1,1,4\n',
  )
  if (!found.ok) throw new Error(JSON.stringify(found))
  expect(found.cluster.nodes.map(({ name, count, slots }) => [name, count, slots])).toEqual([
    ['CPU', 1, 0],
    ['G2x8', 2, 8],
    ['T4x2', 1, 2],
    ['T4x4', 1, 4],
  ])
  expect(Cluster.safeParse(found.cluster).success).toBe(true)
  expect(found.nodesWithoutGpu).toBe(1)
  expect(found.issues.kept.map(({ place, code, value }) => [place.replace(/^.*:/, ':'), code, value])).toEqual([
    [':6', 'bad-number', 'two'],
    [':8', 'column-count', 'n6,1,1,4'],
  ])
})

it('tells nodes apart by CPUs and memory; those without a GPU are listed where they have either', async () => {
  const found = await read(
    'sn,cpu_milli,memory_mib,gpu,model\na,64000,2048,2,T4\nb,96000,2048,2,T4\nc,64000,2048,2,T4\nd,32000,,0,\ne,,,0,\n',
  )
  if (!found.ok) throw new Error(JSON.stringify(found))
  expect(found.cluster.nodes).toEqual([
    { name: 'CPU', count: 1, slots: 0, speed: 1, cpus: 32 },
    { name: 'T4x2', count: 2, slots: 2, speed: 1, cpus: 64, memoryMib: 2048 },
    { name: 'T4x2 (2)', count: 1, slots: 2, speed: 1, cpus: 96, memoryMib: 2048 },
  ])
  expect(found.nodesWithoutGpu).toBe(2)
})

it('says when the file is no node list, has no GPU, or is not there', async () => {
  const codes = (found: Awaited<ReturnType<typeof read>>) => (found.ok ? [] : found.issues.kept.map(({ code }) => code))
  expect(codes(await read('a,b\n1,2\n'))).toEqual(['missing-column', 'missing-column', 'missing-column'])
  expect(codes(await read('sn,gpu,model\nn0,0,\n'))).toEqual(['no-nodes'])
  expect(codes(await readOpenbNodes(join(folder, 'nowhere')))).toEqual(['missing-file'])
})
