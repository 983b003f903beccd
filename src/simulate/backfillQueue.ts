/**
 * The queue of the backfilling disciplines: first come, first served, with a search for the first job that could slip in.
 *
 * A tree over the order of arrival keeps the least slots and the least estimate of the waiting jobs below each node, so that the search
 * passes over whole stretches of jobs that cannot qualify. O(log jobs) for joining and leaving.
 */
import type { JobTable, WaitingQueue } from './discipline.js'

const NONE = 0x7fffffff

export class BackfillQueue implements WaitingQueue {
  length = 0
  private readonly leaves: number
  private readonly leastSlots: Int32Array
  private readonly leastEstimate: Float64Array
  private first = NONE
  /** Whole slots that are surely needed: the tree keeps whole numbers, so a part of a slot counts as none. */
  private readonly width: Int32Array | Float64Array

  constructor(private readonly jobs: JobTable) {
    this.width = jobs.width ?? jobs.slots
    let leaves = 1
    while (leaves < jobs.count) leaves *= 2
    this.leaves = leaves
    this.leastSlots = new Int32Array(2 * leaves).fill(NONE)
    this.leastEstimate = new Float64Array(2 * leaves).fill(Number.POSITIVE_INFINITY)
  }

  add(job: number): void {
    this.length++
    if (job < this.first) this.first = job
    this.set(job, this.width[job], this.jobs.estimate[job])
  }

  head(): number {
    return this.length > 0 ? this.first : -1
  }

  take(job: number): void {
    this.length--
    this.set(job, NONE, Number.POSITIVE_INFINITY)
    if (job === this.first) {
      const after = this.find(job + 1, NONE - 1, Number.POSITIVE_INFINITY, NONE - 1)
      this.first = after < 0 ? NONE : after
    }
  }

  /** The first waiting job from `from` on with at most `slots` slots that is estimated to take at most `seconds` or has at most `spare` slots; −1: none. */
  find(from: number, slots: number, seconds: number, spare: number): number {
    const { leastSlots, leastEstimate, leaves } = this
    if (from >= leaves) return -1
    let node = from + leaves
    for (;;) {
      const least = leastSlots[node]
      if (least <= slots && (least <= spare || leastEstimate[node] <= seconds)) {
        if (node >= leaves) return node - leaves
        node *= 2
        continue
      }
      // to the next node to the right: up while a right child, then over
      while (node & 1) {
        if ((node & (node + 1)) === 0) return -1 // the right edge of the tree
        node >>= 1
      }
      node++
    }
  }

  private set(job: number, slots: number, estimate: number): void {
    const { leastSlots, leastEstimate } = this
    let node = job + this.leaves
    leastSlots[node] = slots
    leastEstimate[node] = estimate
    for (node >>= 1; node >= 1; node >>= 1) {
      const l = 2 * node
      const r = l + 1
      leastSlots[node] = Math.min(leastSlots[l], leastSlots[r])
      leastEstimate[node] = Math.min(leastEstimate[l], leastEstimate[r])
    }
  }
}
