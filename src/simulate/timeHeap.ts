/** Times and ids in heap order. */
export interface SavedHeap {
  readonly times: Float64Array
  readonly ids: Int32Array
}

/**
 * A 4-ary heap of (time, id) with places by id: the earliest first, ties by the smaller id, or by the smaller `rank` of the id where one is
 * given. Ids are 0 … most − 1, each held at most once.
 */
export class TimeHeap {
  length = 0
  private key: Float64Array
  private id: Int32Array
  private place: Int32Array

  constructor(
    most: number,
    private rank?: Float64Array,
  ) {
    this.key = new Float64Array(most)
    this.id = new Int32Array(most)
    this.place = new Int32Array(most).fill(-1)
  }

  /** Makes room for more ids, with their ranks where there are any. */
  grow(most: number, rank?: Float64Array): void {
    const { key, id, place } = this
    this.key = new Float64Array(most)
    this.key.set(key)
    this.id = new Int32Array(most)
    this.id.set(id)
    this.place = new Int32Array(most).fill(-1)
    this.place.set(place)
    this.rank = rank
  }

  /** The heap as it stands, to go on from. */
  save(): SavedHeap {
    return { times: this.key.slice(0, this.length), ids: this.id.slice(0, this.length) }
  }

  /** Takes the place of what is held. There must be room for the ids. */
  restore({ times, ids }: SavedHeap): void {
    this.length = ids.length
    this.key.set(times)
    this.id.set(ids)
    this.place.fill(-1)
    ids.forEach((id, at) => {
      this.place[id] = at
    })
  }

  private sooner(a: number, b: number): boolean {
    return this.rank === undefined ? a < b : this.rank[a] < this.rank[b]
  }

  /** Time of the first, Infinity when empty. */
  time(): number {
    return this.length > 0 ? this.key[0] : Number.POSITIVE_INFINITY
  }

  top(): number {
    return this.id[0]
  }

  /** The i-th id, in heap order. */
  at(i: number): number {
    return this.id[i]
  }

  holds(id: number): boolean {
    return this.place[id] >= 0
  }

  timeOf(id: number): number {
    return this.key[this.place[id]]
  }

  add(time: number, id: number): void {
    this.up(this.length++, time, id)
  }

  move(id: number, time: number): void {
    this.settle(this.place[id], time, id)
  }

  remove(id: number): void {
    const at = this.place[id]
    this.place[id] = -1
    const last = --this.length
    if (at !== last) this.settle(at, this.key[last], this.id[last])
  }

  private settle(at: number, time: number, id: number): void {
    const parent = (at - 1) >> 2
    if (at > 0 && (time < this.key[parent] || (time === this.key[parent] && this.sooner(id, this.id[parent]))))
      this.up(at, time, id)
    else this.down(at, time, id)
  }

  private up(from: number, time: number, id: number): void {
    const { key, place } = this
    const ids = this.id
    let at = from
    while (at > 0) {
      const parent = (at - 1) >> 2
      const k = key[parent]
      if (k < time || (k === time && this.sooner(ids[parent], id))) break
      key[at] = k
      ids[at] = ids[parent]
      place[ids[at]] = at
      at = parent
    }
    key[at] = time
    ids[at] = id
    place[id] = at
  }

  private down(from: number, time: number, id: number): void {
    const { key, place, length } = this
    const ids = this.id
    let at = from
    for (;;) {
      const first = 4 * at + 1
      if (first >= length) break
      const end = Math.min(first + 4, length)
      let best = first
      for (let child = first + 1; child < end; child++) {
        if (key[child] < key[best] || (key[child] === key[best] && this.sooner(ids[child], ids[best]))) best = child
      }
      if (key[best] > time || (key[best] === time && this.sooner(id, ids[best]))) break
      key[at] = key[best]
      ids[at] = ids[best]
      place[ids[at]] = at
      at = best
    }
    key[at] = time
    ids[at] = id
    place[id] = at
  }
}
