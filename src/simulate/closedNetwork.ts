/**
 * A closed network by events: a fixed number of jobs goes round stations of equal servers, first come first served at each, and where a job goes
 * next depends on where it is. A station with as many servers as there are jobs is a delay (think time).
 *
 * Returns what is measured after the warm-up: departures a second, mean number and busy servers at each station. Times in seconds.
 */
import type { Law } from '../model/index.js'
import { Rng } from '../num/index.js'
import { cumulative, fillerOf, pick } from './laws.js'
import { TimeHeap } from './timeHeap.js'

export interface ClosedNetwork {
  readonly jobs: number
  readonly stations: readonly { readonly servers: number; readonly service: Law }[]
  /** Row i: the probabilities of going from station i to each station. All jobs start at station 0. */
  readonly routing: readonly (readonly number[])[]
}

export interface StationMeasured {
  readonly throughputPerSecond: number
  readonly meanNumber: number
  readonly meanBusy: number
}

const BLOCK = 1024

/** Runs `departures` departures from all stations together, the first `warmUp` of them not measured. */
export function simulateClosedNetwork(
  { jobs, stations, routing }: ClosedNetwork,
  { seed, departures, warmUp }: { readonly seed: number; readonly departures: number; readonly warmUp: number },
): StationMeasured[] {
  const m = stations.length
  const fills = stations.map(({ service }) => fillerOf(service))
  const blocks = stations.map(() => new Float64Array(BLOCK))
  const used = new Int32Array(m).fill(BLOCK)
  const streams = stations.map((_, i) => new Rng(seed, `station ${i}/service`))
  const routes = stations.map((_, i) => new Rng(seed, `station ${i}/routing`))
  const ends = routing.map((row) => cumulative(row))
  const heap = new TimeHeap(jobs)
  const at = new Int32Array(jobs)
  const number = new Int32Array(m)
  const queue = stations.map(() => new Int32Array(jobs))
  const head = new Int32Array(m)
  const waiting = new Int32Array(m)
  const numberArea = new Float64Array(m)
  const busyArea = new Float64Array(m)
  const left = new Int32Array(m)
  let now = 0
  let from = 0

  const serve = (job: number, i: number): void => {
    if (used[i] === BLOCK) {
      fills[i](streams[i], blocks[i], 0, BLOCK)
      used[i] = 0
    }
    heap.add(now + blocks[i][used[i]++], job)
  }
  const come = (job: number, i: number): void => {
    at[job] = i
    if (number[i]++ < stations[i].servers) serve(job, i)
    else queue[i][(head[i] + waiting[i]++) % jobs] = job
  }
  for (let job = 0; job < jobs; job++) come(job, 0)
  for (let n = 0; n < departures; n++) {
    if (n === warmUp) {
      numberArea.fill(0)
      busyArea.fill(0)
      left.fill(0)
      from = now
    }
    const dt = heap.time() - now
    for (let i = 0; i < m; i++) {
      numberArea[i] += dt * number[i]
      busyArea[i] += dt * Math.min(number[i], stations[i].servers)
    }
    now = heap.time()
    const job = heap.top()
    heap.remove(job)
    const i = at[job]
    left[i]++
    number[i]--
    if (waiting[i] > 0) {
      const next = queue[i][head[i]]
      head[i] = (head[i] + 1) % jobs
      waiting[i]--
      serve(next, i)
    }
    come(job, pick(ends[i], routes[i].uniform()))
  }
  const span = now - from
  return stations.map((_, i) => ({
    throughputPerSecond: left[i] / span,
    meanNumber: numberArea[i] / span,
    meanBusy: busyArea[i] / span,
  }))
}
