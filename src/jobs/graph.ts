import type { Estimate, Refusal } from '../model/index.js'
import type { Rng } from '../num/index.js'
import type { BundledJob } from './bundled-job.js'
import { relativeError } from './relative-error.js'
import { scaledUp } from './scale-up.js'

/** What a task found: patterns whose lowest node is one of its own. */
export interface GraphPart {
  readonly edges: number
  readonly triangles: number
  /** Four nodes that all know one another. */
  readonly cliques: number
}

export interface GraphAnswer {
  readonly triangles: Estimate
  readonly cliques: Estimate
}

/** Largest group of nodes that all know one another; the work for an edge grows with its square. */
const GROUP_AT_MOST = 120

/** Nodes that joined one after another, and so tend to be friends, are dealt out together: tasks differ by a tenth, in work and in what they find. */
const NODES_A_BLOCK = 4

/**
 * Cliques of four (and triangles on the way) in a graph whose degrees follow a power law. The nodes are dealt out among the tasks; each task
 * reads the whole graph and counts the patterns whose lowest node, in the order below, is one of its own, so that every pattern is counted
 * once, and the totals of the tasks are a sample to scale up from.
 *
 * Nodes are ordered by degree; an edge goes from the lower to the higher, and neighbours N⁺ are the higher ones. For an edge (u, v), each w in
 * N⁺(u) ∩ N⁺(v) makes a triangle, and each x in N⁺(w) that lies in this set as well a clique. Source: Chiba and Nishizeki (1985).
 */
export const graph: BundledJob<GraphPart, GraphAnswer> = {
  name: 'graph',
  sizeMeans: 'edges of the graph',
  sizeAtFirst: 50_000,

  *generate({ rng, size }) {
    yield { name: EDGES, bytes: new Uint8Array(affiliations(rng.stream('groups'), size).buffer) }
  },

  inputs: () => [EDGES],
  reduceInputs: [],

  map(files, { task, tasks }) {
    const bytes = files.get(EDGES)!
    if (bytes.length % 8 !== 0) throw new Error(`${EDGES}: is not pairs of nodes`)
    // a copy, since bytes that were read need not begin at a multiple of four
    const pairs = new Uint32Array(new Uint8Array(bytes).buffer)
    const { low, high, starts, higher, nodeOf } = byDegree(pairs)
    const mark = new Int32Array(starts.length).fill(-1)
    const both = new Uint32Array(starts.length)
    let [edges, triangles, cliques] = [0, 0, 0]
    for (let e = 0; e < low.length; e++) {
      const [u, v] = [low[e]!, high[e]!]
      if (Math.floor(nodeOf[u]! / NODES_A_BLOCK) % tasks !== task) continue
      const [ofU, ofBoth] = [2 * e, 2 * e + 1]
      for (let i = starts[u]!; i < starts[u + 1]!; i++) mark[higher[i]!] = ofU
      let common = 0
      for (let i = starts[v]!; i < starts[v + 1]!; i++) {
        const w = higher[i]!
        if (mark[w] !== ofU) continue
        mark[w] = ofBoth
        both[common++] = w
      }
      for (let c = 0; c < common; c++) {
        const w = both[c]!
        for (let i = starts[w]!; i < starts[w + 1]!; i++) if (mark[higher[i]!] === ofBoth) cliques++
      }
      edges++
      triangles += common
    }
    return { edges, triangles, cliques }
  },

  isPart: (value): value is GraphPart =>
    typeof value === 'object' &&
    value !== null &&
    ['edges', 'triangles', 'cliques'].every((name) => Number.isSafeInteger((value as Record<string, unknown>)[name])),

  reduce(parts, tasks, needs): GraphAnswer | Refusal {
    const total = (of: (part: GraphPart) => number): Estimate | Refusal => scaledUp(parts.map(of), tasks, needs)
    const triangles = total((part) => part.triangles)
    if ('kind' in triangles) return triangles
    const cliques = total((part) => part.cliques)
    return 'kind' in cliques ? cliques : { triangles, cliques }
  },

  lossAgainst: (full, answer) => relativeError(full.cliques.value, answer.cliques.value),
}

const EDGES = 'edges.bin'

/** A graph whose nodes are numbered by degree: edge e goes from `low[e]` up to `high[e]`; the higher neighbours of u are `higher[starts[u] …]`. */
interface Upwards {
  readonly low: Uint32Array
  readonly high: Uint32Array
  readonly starts: Uint32Array
  readonly higher: Uint32Array
  /** What a node is called in the file. */
  readonly nodeOf: Uint32Array
}

function byDegree(pairs: Uint32Array): Upwards {
  const nodes = pairs.reduce((most, node) => Math.max(most, node), -1) + 1
  const degree = new Uint32Array(nodes)
  for (const node of pairs) degree[node]++
  const nodeOf = Uint32Array.from(degree.keys()).sort((a, b) => degree[a]! - degree[b]! || a - b)
  const rank = new Uint32Array(nodes)
  nodeOf.forEach((node, place) => {
    rank[node] = place
  })
  const edges = pairs.length / 2
  const [low, high] = [new Uint32Array(edges), new Uint32Array(edges)]
  const starts = new Uint32Array(nodes + 1)
  for (let e = 0; e < edges; e++) {
    const [a, b] = [rank[pairs[2 * e]!]!, rank[pairs[2 * e + 1]!]!]
    low[e] = Math.min(a, b)
    high[e] = Math.max(a, b)
    starts[low[e]! + 1]++
  }
  for (let node = 0; node < nodes; node++) starts[node + 1] += starts[node]!
  const filled = starts.slice(0, nodes)
  const higher = new Uint32Array(edges)
  for (let e = 0; e < edges; e++) higher[filled[low[e]!]++] = high[e]!
  return { low, high, starts, higher, nodeOf }
}

/**
 * Pairs of nodes that share a group, `edges` of them in any order, no pair twice: groups have sizes of a power law, and half of their members are chosen among
 * those of earlier groups, by how many these have. So degrees follow a power law too, and friends of a node tend to be friends.
 */
function affiliations(rng: Rng, edges: number): Uint32Array {
  const pairs = new Set<number>()
  const memberships: number[] = []
  let nodes = 0
  while (pairs.size < edges) {
    const members = new Set<number>()
    const size = groupSize(rng)
    while (members.size < size)
      members.add(memberships.length > 0 && rng.uniform() < 0.5 ? memberships[rng.below(memberships.length)]! : nodes++)
    const all = [...members]
    memberships.push(...all)
    for (const [i, a] of all.entries())
      for (const b of all.slice(0, i)) pairs.add(Math.min(a, b) * NODES_AT_MOST + Math.max(a, b))
  }
  const shuffled = Float64Array.from(pairs)
  for (let i = shuffled.length - 1; i > 0; i--) {
    const j = rng.below(i + 1)
    ;[shuffled[i], shuffled[j]] = [shuffled[j]!, shuffled[i]!]
  }
  return Uint32Array.from({ length: 2 * edges }, (_, i) => {
    const pair = shuffled[i >> 1]!
    return i % 2 === 0 ? Math.floor(pair / NODES_AT_MOST) : pair % NODES_AT_MOST
  })
}

/** A pair of nodes as one exact number. */
const NODES_AT_MOST = 2 ** 26

/** 3 and more, P(size > s) = 3 / s, up to the largest. */
function groupSize(rng: Rng): number {
  for (;;) {
    const size = Math.floor(3 / (1 - rng.uniform()))
    if (size <= GROUP_AT_MOST) return size
  }
}
