/**
 * List scheduling: tasks in order, each on the slot that is free first (the fastest of those free at the same time). Returns when the last
 * one ends. With tasks of equal length on c equal slots that is ⌈n/c⌉ waves; leaving out tasks from the end never makes it later.
 *
 * O(n log c) with a heap of slots, O(n) when every task has a slot of its own.
 */
export class Makespan {
  /** A heap of slots by the time at which they are free, ties by index: speeds descend, so the fastest goes first. */
  private readonly freeAt: Float64Array
  private readonly slot: Int32Array
  private readonly equal: boolean

  constructor(private readonly speeds: Float64Array) {
    this.speeds = speeds.slice().sort().reverse()
    this.freeAt = new Float64Array(speeds.length)
    this.slot = new Int32Array(speeds.length)
    this.equal = this.speeds[0] === this.speeds[speeds.length - 1]
  }

  get topSpeed(): number {
    return this.speeds[0]
  }

  /** Makespan of `tasks[0 … count − 1]`, seconds of work at speed 1. */
  of(tasks: Float64Array, count: number): number {
    return this.equal ? this.ofEqual(tasks, count) / this.speeds[0] : this.ofUnequal(tasks, count)
  }

  /** When `kept` of `count` tasks have ended, all of them started: stragglers are cut then. O(n log n). */
  untilEnded(tasks: Float64Array, count: number, kept: number): number {
    const { freeAt, slot, speeds } = this
    freeAt.fill(0)
    for (let i = 0; i < slot.length; i++) slot[i] = i
    const ends = new Float64Array(count)
    for (let i = 0; i < count; i++) {
      const s = slot[0]
      ends[i] = freeAt[0] + tasks[i] / speeds[s]
      sinkSlot(freeAt, slot, ends[i], s)
    }
    return ends.sort()[kept - 1]
  }

  private ofEqual(tasks: Float64Array, count: number): number {
    const c = this.freeAt.length
    let end = 0
    if (count <= c || c === 1) {
      if (c === 1) for (let i = 0; i < count; i++) end += tasks[i]
      else for (let i = 0; i < count; i++) if (tasks[i] > end) end = tasks[i]
      return end
    }
    const heap = this.freeAt
    for (let i = 0; i < c; i++) heap[i] = tasks[i]
    for (let i = (c - 2) >> 1; i >= 0; i--) sink(heap, c, i, heap[i])
    for (let i = c; i < count; i++) sink(heap, c, 0, heap[0] + tasks[i])
    for (let i = c >> 1; i < c; i++) if (heap[i] > end) end = heap[i]
    return end
  }

  private ofUnequal(tasks: Float64Array, count: number): number {
    const { freeAt, slot, speeds } = this
    const c = freeAt.length
    for (let i = 0; i < c; i++) {
      freeAt[i] = 0
      slot[i] = i
    }
    let end = 0
    for (let i = 0; i < count; i++) {
      const s = slot[0]
      const time = freeAt[0] + tasks[i] / speeds[s]
      if (time > end) end = time
      sinkSlot(freeAt, slot, time, s)
    }
    return end
  }
}

/** The slot that was free first is free at `time` from now on. */
function sinkSlot(freeAt: Float64Array, slot: Int32Array, time: number, s: number): void {
  const c = freeAt.length
  let at = 0
  for (;;) {
    let child = 2 * at + 1
    if (child >= c) break
    if (child + 1 < c && before(freeAt[child + 1], slot[child + 1], freeAt[child], slot[child])) child++
    if (!before(freeAt[child], slot[child], time, s)) break
    freeAt[at] = freeAt[child]
    slot[at] = slot[child]
    at = child
  }
  freeAt[at] = time
  slot[at] = s
}

function before(time: number, slot: number, otherTime: number, otherSlot: number): boolean {
  return time < otherTime || (time === otherTime && slot < otherSlot)
}

function sink(heap: Float64Array, length: number, from: number, value: number): void {
  let at = from
  for (;;) {
    let child = 2 * at + 1
    if (child >= length) break
    if (child + 1 < length && heap[child + 1] < heap[child]) child++
    if (heap[child] >= value) break
    heap[at] = heap[child]
    at = child
  }
  heap[at] = value
}
