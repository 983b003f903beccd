/** Waiting queues that disciplines are made of: lanes (first in, first out in each, the lowest lane first) and ranks (a heap by key). */
import type { JobTable, WaitingQueue } from './discipline.js'

/**
 * Lanes as linked lists in one typed array: O(1) for joining and leaving, O(lanes) to find the first that is not empty.
 * Jobs of a lane stand in order of arrival; an evicted job goes back to its place, which is near the front.
 */
export class LaneQueue implements WaitingQueue {
  length = 0
  private readonly first: Int32Array
  private readonly last: Int32Array
  private readonly next: Int32Array

  constructor(
    jobs: JobTable,
    private readonly lanes: number,
    private readonly laneOf: (job: number) => number,
  ) {
    this.first = new Int32Array(lanes).fill(-1)
    this.last = new Int32Array(lanes).fill(-1)
    this.next = new Int32Array(jobs.count)
  }

  add(job: number): void {
    const lane = this.laneOf(job)
    const { first, last, next } = this
    this.length++
    const tail = last[lane]
    if (tail < job) {
      // the usual case: behind everybody (tail is −1 in an empty lane)
      if (tail < 0) first[lane] = job
      else next[tail] = job
      last[lane] = job
      next[job] = -1
      return
    }
    let before = -1
    let here = first[lane]
    while (here >= 0 && here < job) {
      before = here
      here = next[here]
    }
    next[job] = here
    if (before < 0) first[lane] = job
    else next[before] = job
    if (here < 0) last[lane] = job
  }

  /** The first job of each lane (−1: none), live. */
  get heads(): Int32Array {
    return this.first
  }

  head(): number {
    const { first, lanes } = this
    for (let lane = 0; lane < lanes; lane++) if (first[lane] >= 0) return first[lane]
    return -1
  }

  /** The job behind `job` in its lane, or −1. */
  behind(job: number): number {
    return this.next[job]
  }

  take(job: number): void {
    const lane = this.laneOf(job)
    const { first, last, next } = this
    this.length--
    if (first[lane] === job) {
      first[lane] = next[job]
      if (first[lane] < 0) last[lane] = -1
      return
    }
    let before = first[lane]
    while (next[before] !== job) before = next[before]
    next[before] = next[job]
    if (last[lane] === job) last[lane] = before
  }
}

/** The smallest key first, ties by order of arrival: a 4-ary heap over growing typed arrays. The key is taken when the job joins. */
export class RankQueue implements WaitingQueue {
  length = 0
  private keys = new Float64Array(64)
  private ids = new Int32Array(64)

  constructor(private readonly keyOf: (job: number, now: number) => number) {}

  add(job: number, now: number): void {
    if (this.length === this.ids.length) {
      const keys = new Float64Array(this.length * 2)
      const ids = new Int32Array(this.length * 2)
      keys.set(this.keys)
      ids.set(this.ids)
      this.keys = keys
      this.ids = ids
    }
    this.up(this.length++, this.keyOf(job, now), job)
  }

  head(): number {
    return this.length > 0 ? this.ids[0] : -1
  }

  take(job: number): void {
    const { keys, ids } = this
    let at = 0
    if (ids[0] !== job) while (ids[at] !== job) at++
    const last = --this.length
    if (at === last) return
    const key = keys[last]
    const id = ids[last]
    const parent = (at - 1) >> 2
    if (at > 0 && (key < keys[parent] || (key === keys[parent] && id < ids[parent]))) this.up(at, key, id)
    else this.down(at, key, id)
  }

  /** Keys and jobs in heap order: a key may depend on when its job joined. */
  save(): Float64Array {
    const n = this.length
    const out = new Float64Array(2 * n)
    out.set(this.keys.subarray(0, n))
    out.set(this.ids.subarray(0, n), n)
    return out
  }

  restore(saved: Float64Array): void {
    const n = saved.length / 2
    this.length = n
    if (n > this.ids.length) {
      this.keys = new Float64Array(n)
      this.ids = new Int32Array(n)
    }
    this.keys.set(saved.subarray(0, n))
    this.ids.set(saved.subarray(n))
  }

  private up(from: number, key: number, id: number): void {
    const { keys, ids } = this
    let at = from
    while (at > 0) {
      const parent = (at - 1) >> 2
      const k = keys[parent]
      if (k < key || (k === key && ids[parent] < id)) break
      keys[at] = k
      ids[at] = ids[parent]
      at = parent
    }
    keys[at] = key
    ids[at] = id
  }

  private down(from: number, key: number, id: number): void {
    const { keys, ids, length } = this
    let at = from
    for (;;) {
      const start = 4 * at + 1
      if (start >= length) break
      const end = Math.min(start + 4, length)
      let best = start
      for (let child = start + 1; child < end; child++) {
        if (keys[child] < keys[best] || (keys[child] === keys[best] && ids[child] < ids[best])) best = child
      }
      if (keys[best] > key || (keys[best] === key && ids[best] > id)) break
      keys[at] = keys[best]
      ids[at] = ids[best]
      at = best
    }
    keys[at] = key
    ids[at] = id
  }
}
