import { describe, expect, it } from 'vitest'
import { load } from '../learn/index.js'
import { estimateTop, estimateTotal, isRefusal } from '../model/index.js'
import { Rng } from '../num/index.js'
import type { BundledJob } from './bundled-job.js'
import { bundledJob, JOB_NAMES } from './catalogue.js'
import { graph } from './graph.js'
import { text } from './text.js'
import { training } from './training.js'

const SIZES = { text: 400, graph: 600, training: 80 }
const TASKS = 6

function generated(job: BundledJob<unknown, unknown>, seed = 1): Map<string, Uint8Array> {
  const size = SIZES[job.name as keyof typeof SIZES]
  return new Map([...job.generate({ rng: new Rng(seed), partitions: TASKS, size })].map(({ name, bytes }) => [name, bytes]))
}

function partsOf<Part>(job: BundledJob<Part, unknown>, files: ReadonlyMap<string, Uint8Array>): Part[] {
  return Array.from({ length: TASKS }, (_, task) => {
    const share = { task, tasks: TASKS }
    // a task sees the files that it named, and no other
    return job.map(new Map(job.inputs(share).map((name) => [name, files.get(name)!])), share)
  })
}

function reduced<Part, Answer>(
  job: BundledJob<Part, Answer>,
  parts: readonly Part[],
  files: ReadonlyMap<string, Uint8Array>,
): Answer {
  const seen = new Map(job.reduceInputs.map((name) => [name, files.get(name)!]))
  const answer = job.reduce(parts, TASKS, { files: seen, estimateTop, estimateTotal })
  if (isRefusal(answer)) throw new Error(answer.message)
  return answer as Answer
}

/** Every way to keep `count` of the values. */
function subsets<T>(values: readonly T[], count: number): T[][] {
  if (count === 0) return [[]]
  return values.flatMap((value, i) => subsets(values.slice(i + 1), count - 1).map((rest) => [value, ...rest]))
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length

describe.each(JOB_NAMES)('the job %s', (name) => {
  it('makes the same data of the same seed, byte for byte, and others of another', async () => {
    const job = await bundledJob(name)
    expect(generated(job)).toEqual(generated(job))
    expect(generated(job)).not.toEqual(generated(job, 2))
  })

  it('finds parts that outlive being written as JSON, and knows them from others', async () => {
    const job = await bundledJob(name)
    const [part] = partsOf(job, generated(job))
    const again: unknown = JSON.parse(JSON.stringify(part))
    expect(again).toEqual(part)
    expect(job.isPart(again)).toBe(true)
    for (const other of [null, 3, 'part', [], {}, { words: 1 }, { votes: ['a'] }, { edges: 1, triangles: 0.5, cliques: 0 }])
      expect(job.isPart(other)).toBe(false)
  })

  it('loses nothing against itself, and between nothing and everything where tasks are dropped', async () => {
    const job = await bundledJob(name)
    const files = generated(job)
    const parts = partsOf(job, files)
    const full = reduced(job, parts, files)
    expect(job.lossAgainst(full, reduced(job, parts, files))).toBe(0)
    const losses = subsets(parts, 3).map((kept) => job.lossAgainst(full, reduced(job, kept, files)))
    for (const loss of losses) {
      expect(loss).toBeGreaterThanOrEqual(0)
      expect(loss).toBeLessThanOrEqual(1)
    }
    expect(Math.max(...losses)).toBeGreaterThan(0)
  })

  it('loses more, on average over all choices, the more tasks are dropped', async () => {
    const job = await bundledJob(name)
    const files = generated(job)
    const parts = partsOf(job, files)
    const full = reduced(job, parts, files)
    const lost = [5, 4, 3, 2].map((kept) =>
      mean(subsets(parts, kept).map((some) => job.lossAgainst(full, reduced(job, some, files)))),
    )
    for (let i = 1; i < lost.length; i++) expect(lost[i]!).toBeGreaterThan(lost[i - 1]!)
  })

  it('answers from a single kept task as well, with values that have no interval', async () => {
    const job = await bundledJob(name)
    const files = generated(job)
    const parts = partsOf(job, files)
    const full = reduced(job, parts, files)
    for (const part of parts) {
      const answer = reduced(job, [part], files)
      expect(job.lossAgainst(full, answer)).toBeGreaterThan(0)
      expect(JSON.stringify(answer)).not.toContain('"confidence":0.95')
    }
  })

  it('answers on data of the least size, with losses that are numbers', async () => {
    const job = await bundledJob(name)
    const made = [...job.generate({ rng: new Rng(1), partitions: TASKS, size: 1 })]
    const files = new Map(made.map(({ name, bytes }) => [name, bytes]))
    const parts = partsOf(job, files)
    const full = reduced(job, parts, files)
    const losses = [parts, parts.slice(3), parts.slice(5)].map((kept) => job.lossAgainst(full, reduced(job, kept, files)))
    expect(losses[0]).toBe(0)
    for (const loss of losses) expect(loss >= 0 && loss <= 1).toBe(true)
  })

  it('refuses to answer from nothing', async () => {
    const job = await bundledJob(name)
    const files = generated(job)
    expect(isRefusal(job.reduce([], TASKS, { files, estimateTop, estimateTotal }))).toBe(true)
  })
})

/** Edits (one letter more, less or other, or two neighbours swapped) between two words, as the textbook has it. */
function edits(a: string, b: string): number {
  const d = Array.from({ length: a.length + 1 }, (_, i) =>
    Array.from({ length: b.length + 1 }, (_, j) => (i === 0 ? j : j === 0 ? i : 0)),
  )
  for (let i = 1; i <= a.length; i++)
    for (let j = 1; j <= b.length; j++) {
      d[i]![j] = Math.min(d[i - 1]![j]! + 1, d[i]![j - 1]! + 1, d[i - 1]![j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1))
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) d[i]![j] = Math.min(d[i]![j]!, d[i - 2]![j - 2]! + 1)
    }
  return d[a.length]![b.length]!
}

describe('text', () => {
  const files = generated(text)
  const parts = partsOf(text, files)

  it('counts what a plain count over the whole corpus gives, misspelt words as the commonest word one edit away', () => {
    const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
    const words = decode(files.get('dictionary.txt')!).split('\n')
    const tokens = [...files].flatMap(([name, bytes]) =>
      name.startsWith('part-')
        ? decode(bytes)
            .toLowerCase()
            .split(/[^a-z]+/)
        : [],
    )
    const counts = new Map<string, number>()
    const all = tokens.filter((token) => token !== '')
    for (const token of all) {
      const word = words.includes(token)
        ? token
        : words.find((one) => Math.abs(one.length - token.length) < 2 && edits(one, token) === 1)
      if (word !== undefined) counts.set(word, (counts.get(word) ?? 0) + 1)
    }
    const { words: counted, top } = reduced(text, parts, files)
    expect(counted).toEqual({ value: all.length, low: all.length, high: all.length, confidence: 1 })
    const expected = [...counts].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)).slice(0, 40)
    expect(top.map(({ key, total }) => [key, total.value])).toEqual(expected)
  })

  it('estimates without bias: the mean over every choice of kept partitions is the whole', () => {
    const full = parts.reduce((sum, { words }) => sum + words, 0)
    for (const kept of [2, 3, 5])
      expect(mean(subsets(parts, kept).map((some) => reduced(text, some, files).words.value))).toBeCloseTo(full, 6)
  })

  it('takes a word that an answer does not list for wholly wrong', () => {
    const full = reduced(text, parts, files)
    expect(text.lossAgainst(full, { ...full, top: [] })).toBe(1)
    expect(text.lossAgainst(full, { ...full, top: full.top.slice(1) })).toBeCloseTo(1 / 20, 12)
  })
})

describe('graph', () => {
  const files = generated(graph)
  const parts = partsOf(graph, files)
  const pairs = new Uint32Array(new Uint8Array(files.get('edges.bin')!).buffer)

  it('counts what trying every triangle and every four nodes gives', () => {
    const nodes = Math.max(...pairs) + 1
    const joined = Array.from({ length: nodes }, () => new Set<number>())
    for (let e = 0; e < pairs.length; e += 2) {
      joined[pairs[e]!]!.add(pairs[e + 1]!)
      joined[pairs[e + 1]!]!.add(pairs[e]!)
    }
    let [triangles, cliques] = [0, 0]
    for (let a = 0; a < nodes; a++)
      for (const b of joined[a]!)
        for (const c of joined[b]!) {
          if (!(a < b && b < c && joined[a]!.has(c))) continue
          triangles++
          for (const d of joined[c]!) if (c < d && joined[a]!.has(d) && joined[b]!.has(d)) cliques++
        }
    expect(triangles).toBeGreaterThan(100)
    expect(cliques).toBeGreaterThan(100)
    const answer = reduced(graph, parts, files)
    expect([answer.triangles.value, answer.cliques.value]).toEqual([triangles, cliques])
  })

  it('gives every edge to one task, and joins no two nodes twice nor a node to itself', () => {
    expect(parts.reduce((sum, { edges }) => sum + edges, 0)).toBe(SIZES.graph)
    const seen = new Set<string>()
    for (let e = 0; e < pairs.length; e += 2) seen.add([pairs[e]!, pairs[e + 1]!].sort((a, b) => a - b).join())
    expect(seen.size).toBe(SIZES.graph)
    expect([...seen].every((pair) => new Set(pair.split(',')).size === 2)).toBe(true)
  })

  it('estimates without bias: the mean over every choice of kept tasks is the whole', () => {
    const full = reduced(graph, parts, files).cliques.value
    for (const kept of [2, 3, 5])
      expect(mean(subsets(parts, kept).map((some) => reduced(graph, some, files).cliques.value)) / full).toBeCloseTo(1, 12)
  })

  it('has degrees of a power law: the largest hundredth of nodes has many times its share of edges', () => {
    const [file] = [...graph.generate({ rng: new Rng(3), partitions: 1, size: 60_000 })]
    const degree = new Map<number, number>()
    for (const node of new Uint32Array(file!.bytes.buffer)) degree.set(node, (degree.get(node) ?? 0) + 1)
    const sorted = [...degree.values()].sort((a, b) => b - a)
    const top = sorted.slice(0, Math.ceil(sorted.length / 100)).reduce((sum, d) => sum + d, 0)
    expect(top / 120_000).toBeGreaterThan(0.05)
  })
})

describe('training', () => {
  const files = generated(training)
  const parts = partsOf(training, files)

  it('scores the vote of the models that it wrote, as they are when loaded again', () => {
    const numbers = new Float32Array(new Uint8Array(files.get('held-out.bin')!).buffer)
    const rows = numbers.length / 17
    const columns = Array.from({ length: 16 }, (_, j) => Float64Array.from({ length: rows }, (_, row) => numbers[17 * row + j]!))
    const table = { rows, names: columns.map((_, j) => `x${j}`), columns }
    const sums = new Float64Array(rows * 4)
    for (const { model } of parts) {
      const loaded = load(model)
      if (!loaded.ok || loaded.model.task !== 'classification') throw new Error('no model')
      const { classes } = loaded.model
      loaded.model.probabilities(table).forEach((share, i) => {
        sums[Math.floor(i / classes.length) * 4 + classes[i % classes.length]!] += share
      })
    }
    let right = 0
    for (let row = 0; row < rows; row++) {
      const votes = Array.from(sums.subarray(4 * row, 4 * row + 4))
      if (votes.indexOf(Math.max(...votes)) === numbers[17 * row + 16]) right++
    }
    expect(reduced(training, parts, files)).toEqual({ accuracy: right / rows, heldOutRows: rows, models: TASKS })
  })

  it('tells classes apart better than the commonest class does', () => {
    const numbers = new Float32Array(new Uint8Array(files.get('held-out.bin')!).buffer)
    const shares = [0, 0, 0, 0]
    for (let at = 16; at < numbers.length; at += 17) shares[numbers[at]!]! += 17 / numbers.length
    expect(reduced(training, parts, files).accuracy).toBeGreaterThan(Math.max(...shares) + 0.1)
  })
})
