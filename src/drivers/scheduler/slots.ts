/**
 * The slots of a cluster and who holds them. Free slots are given out fastest first, of equal ones in the order of the nodes; a drained node
 * gives none until it is resumed, and takes back those that its tasks leave.
 */
import type { ObservedNode } from '../../model/index.js'

export interface SchedulerNode {
  readonly name: string
  readonly slots: number
  /** Work per second against the reference node; 1 where absent. */
  readonly speed?: number
}

interface Node {
  readonly name: string
  readonly slots: number
  busy: number
  drainedFor: string | undefined
}

export class Slots {
  /** Of all nodes, drained ones too. */
  readonly total: number
  /** Free slots that may be given out. */
  free = 0
  private readonly nodes: Node[]
  private readonly nodeOf: Node[] = []
  private readonly speedOf: number[] = []
  /** 1: nobody holds it. */
  private readonly idle: Uint8Array
  /** No slot before it is idle on a node that gives slots. */
  private from = 0
  private seen: readonly ObservedNode[] | undefined

  constructor(nodes: readonly SchedulerNode[]) {
    this.nodes = nodes.map(({ name, slots }) => ({ name, slots, busy: 0, drainedFor: undefined }))
    const slots = nodes.flatMap(({ slots: count, speed = 1 }, n) =>
      Array.from({ length: count }, () => ({ node: this.nodes[n]!, speed })),
    )
    for (const { node, speed } of slots.sort((a, b) => b.speed - a.speed)) {
      this.nodeOf.push(node)
      this.speedOf.push(speed)
    }
    this.total = slots.length
    this.idle = new Uint8Array(this.total).fill(1)
    this.free = this.total
  }

  /** Of the fastest slot. */
  get topSpeed(): number {
    return this.speedOf[0] ?? 1
  }

  /** Takes so many slots, which must be free; all or none. */
  take(count: number): readonly number[] {
    const taken: number[] = []
    let at = this.from
    for (; taken.length < count; at++) {
      if (at >= this.total) throw new Error(`${count} slots were taken, ${this.free} are free`)
      if (this.idle[at] === 1 && this.nodeOf[at]!.drainedFor === undefined) taken.push(at)
    }
    for (const slot of taken) {
      this.idle[slot] = 0
      this.nodeOf[slot]!.busy++
    }
    this.from = at
    this.free -= count
    this.seen = undefined
    return taken
  }

  give(slots: readonly number[]): void {
    for (const slot of slots) {
      const node = this.nodeOf[slot]!
      this.idle[slot] = 1
      node.busy--
      if (node.drainedFor === undefined) this.free++
      if (slot < this.from) this.from = slot
    }
    this.seen = undefined
  }

  /** The speed of a gang on these slots: that of the slowest. */
  speed(slots: readonly number[]): number {
    return slots.reduce((least, slot) => Math.min(least, this.speedOf[slot]!), Number.POSITIVE_INFINITY)
  }

  node(slot: number): string {
    return this.nodeOf[slot]!.name
  }

  /** Will these slots be given out again when their task leaves them? */
  gives(slot: number): boolean {
    return this.nodeOf[slot]!.drainedFor === undefined
  }

  /** How the node was before: `unknown` where there is none of that name. */
  drain(name: string, reason: string): 'unknown' | 'drained' | 'up' {
    return this.set(name, reason)
  }

  resume(name: string): 'unknown' | 'drained' | 'up' {
    return this.set(name, undefined)
  }

  private set(name: string, drainedFor: string | undefined): 'unknown' | 'drained' | 'up' {
    const node = this.nodes.find((one) => one.name === name)
    if (node === undefined) return 'unknown'
    const was = node.drainedFor === undefined ? 'up' : 'drained'
    const idle = node.slots - node.busy
    if (was === 'up' && drainedFor !== undefined) this.free -= idle
    if (was === 'drained' && drainedFor === undefined) this.free += idle
    node.drainedFor = drainedFor
    this.from = 0
    this.seen = undefined
    return was
  }

  observe(): readonly ObservedNode[] {
    this.seen ??= this.nodes.map(({ name, slots, busy, drainedFor }) => ({
      name,
      slots,
      busySlots: busy,
      ...(drainedFor === undefined ? { state: 'up' as const } : { state: 'drained' as const, reason: drainedFor }),
    }))
    return this.seen
  }
}
