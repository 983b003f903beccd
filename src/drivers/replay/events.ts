/** What is to end and when, in order: by time, then by its own order. A heap whose members know their places, so that a time can be changed. */
import { OrderedQueue, type Queued } from '../scheduler/index.js'

export interface Ending extends Queued {
  at: number
  /** Breaks ties, number by number. */
  readonly order: readonly [number, number, number]
}

export class EventHeap<Member extends Ending> {
  private readonly queue = new OrderedQueue<Member>(goesFirst)

  get first(): Member | undefined {
    return this.queue.head
  }

  /** Puts it in, or at its place once its time was changed. */
  put(member: Member): void {
    if (member.place < 0) this.queue.add(member)
    else this.queue.settle(member)
  }

  remove(member: Member): void {
    this.queue.remove(member)
  }
}

function goesFirst(a: Ending, b: Ending): boolean {
  if (a.at !== b.at) return a.at < b.at
  const [kind, job, task] = a.order
  return kind !== b.order[0] ? kind < b.order[0] : job !== b.order[1] ? job < b.order[1] : task < b.order[2]
}
