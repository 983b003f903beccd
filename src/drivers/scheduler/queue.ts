/**
 * A queue of whoever waits, in an order that may be changed: a binary heap whose members know where they stand, so that joining, leaving and
 * changing places cost O(log n) each.
 */
export interface Queued {
  /** Place in the heap, −1 while it does not wait. Kept by the queue. */
  place: number
}

export class OrderedQueue<Member extends Queued> {
  private readonly heap: Member[] = []

  constructor(private before: (a: Member, b: Member) => boolean) {}

  /** Does the first go before the second? */
  precedes(a: Member, b: Member): boolean {
    return this.before(a, b)
  }

  get length(): number {
    return this.heap.length
  }

  get head(): Member | undefined {
    return this.heap[0]
  }

  /** All that wait, in no order. */
  get members(): readonly Member[] {
    return this.heap
  }

  add(member: Member): void {
    if (member.place >= 0) return
    this.heap.push(member)
    this.rise(member, this.heap.length - 1)
  }

  remove(member: Member): void {
    const at = member.place
    if (at < 0) return
    member.place = -1
    const last = this.heap.pop()!
    if (last === member) return
    this.heap[at] = last
    last.place = at
    this.settle(last)
  }

  /** The member’s key was changed: it takes the place that its order gives it. */
  settle(member: Member): void {
    if (member.place < 0) return
    this.rise(member, member.place)
    this.sink(member, member.place)
  }

  /** From now on another order holds. */
  reorder(before: (a: Member, b: Member) => boolean): void {
    this.before = before
    for (let at = (this.heap.length >> 1) - 1; at >= 0; at--) this.sink(this.heap[at]!, at)
  }

  private rise(member: Member, from: number): void {
    let at = from
    while (at > 0) {
      const parent = this.heap[(at - 1) >> 1]!
      if (!this.before(member, parent)) break
      this.put(parent, at)
      at = (at - 1) >> 1
    }
    this.put(member, at)
  }

  private sink(member: Member, from: number): void {
    const { heap } = this
    let at = from
    for (;;) {
      let child = 2 * at + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && this.before(heap[child + 1]!, heap[child]!)) child++
      if (!this.before(heap[child]!, member)) break
      this.put(heap[child]!, at)
      at = child
    }
    this.put(member, at)
  }

  private put(member: Member, at: number): void {
    this.heap[at] = member
    member.place = at
  }
}
