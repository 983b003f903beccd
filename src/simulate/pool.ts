/**
 * The slots of a cluster and who holds them. Four ways of giving them out:
 *
 * `count`  — one pool of equal slots: a gang fits when enough are free;
 * `groups` — one pool of slots of several speeds: the fastest free ones first, a gang goes at the speed of its slowest slot;
 * `packed` — a gang sits on as few nodes as can be: on one node where one can hold it (the fullest that does, of the fastest nodes), else on
 *            whole nodes of one group and one more for the rest; it waits while that is not to be had, however many slots are free elsewhere;
 * `spread` — one slot at a time from the emptiest node, over all groups: fits when enough are free.
 *
 * `trial…` answers "would it fit if these jobs gave their slots back" on a copy, without touching who holds what.
 */
import { type Cluster, type Policy, slotCount } from '../model/index.js'

export type PoolMode = 'count' | 'groups' | 'packed' | 'spread'

export interface PoolGroup {
  readonly nodes: number
  readonly slots: number
  readonly speed: number
}

/** How the policy’s placement reads on this cluster. */
export function poolOf(cluster: Cluster, placement: Policy['placement'], jobs: number): SlotPool {
  const groups = cluster.nodes
    .filter(({ slots }) => slots > 0)
    .map(({ count, slots, speed }) => ({ nodes: count, slots, speed }))
    .sort((a, b) => b.speed - a.speed || b.slots - a.slots)
  const oneSpeed = groups.every((group) => group.speed === groups[0].speed)
  if (placement !== 'pool') return new SlotPool(placement, groups, jobs)
  if (!oneSpeed) return new SlotPool('groups', groups, jobs)
  return new SlotPool('count', [{ nodes: 1, slots: slotCount(cluster), speed: groups[0].speed }], jobs)
}

/**
 * Who holds what, as the engines see it. A holder is a job, or a task that runs; `job` says whose needs count where those are more than slots.
 */
export interface Pool {
  readonly free: number
  /** What it is made of, in words: two pools of the same words give the same answers. */
  readonly inWords: string
  readonly capacity: number
  /** Nobody can be let in before somebody leaves. */
  readonly full: boolean
  /** Holders that there can be at once. */
  readonly mostAtOnce: number
  readonly topSpeed: number
  fits(k: number, job: number): boolean
  take(holder: number, k: number, job: number): number
  give(holder: number, k: number): void
  held(holder: number): readonly { readonly node: number; readonly slots: number }[]
  save(): SavedPool
  restore(saved: SavedPool): void
  trialBegin(k: number, job: number): void
  trialGive(holder: number, k: number): void
  trialTake(holder: number, k: number): boolean
  readonly trialFree: number
  readonly trialFits: boolean
}

type Cells = Int32Array<ArrayBuffer>

/** Who holds what, as plain columns. */
export interface SavedPool {
  readonly free: number
  readonly columns: readonly (Int32Array | Float64Array)[]
  readonly cells: readonly Int32Array[]
  readonly cellsUsed: number
  readonly cellSpare: number
}

export class SlotPool implements Pool {
  free: number
  readonly capacity: number
  /** Free slots of each node (`groups`: of each group). */
  private readonly nodeFree: Int32Array
  private readonly nodeGroup: Int32Array
  private readonly groupFirst: Int32Array
  /** By group and number of free slots: a list of nodes. */
  private readonly bucket: Int32Array
  private readonly bucketFrom: Int32Array
  private readonly bucketSize: Int32Array
  /** By group: bit f is set where a node has f free slots. Only of groups with nodes of at most 30 slots. */
  private readonly filled: Int32Array
  private readonly next: Int32Array
  private readonly previous: Int32Array
  /** What a job holds: a list of cells (node, slots). */
  private readonly cellOf: Int32Array
  private cellNode: Cells = new Int32Array(64)
  private cellSlots: Cells = new Int32Array(64)
  private cellNext: Cells = new Int32Array(64)
  private cellsUsed = 0
  private cellSpare = -1
  private trialTotal = 0
  private trialNeed = 0
  private trialGood = false
  private readonly trialWhole: Int32Array
  private readonly trialNodes: Int32Array

  constructor(
    readonly mode: PoolMode,
    private readonly groups: readonly PoolGroup[],
    jobs: number,
  ) {
    this.capacity = groups.reduce((sum, group) => sum + group.nodes * group.slots, 0)
    this.free = this.capacity
    const byNode = mode === 'packed' || mode === 'spread'
    const nodes = mode === 'count' ? 0 : byNode ? groups.reduce((sum, group) => sum + group.nodes, 0) : groups.length
    this.nodeFree = new Int32Array(nodes)
    this.trialNodes = new Int32Array(nodes)
    this.trialWhole = new Int32Array(groups.length)
    this.nodeGroup = new Int32Array(nodes)
    this.groupFirst = new Int32Array(groups.length + 1)
    this.next = new Int32Array(nodes)
    this.previous = new Int32Array(nodes)
    this.bucketFrom = new Int32Array(groups.length)
    this.cellOf = new Int32Array(mode === 'count' ? 0 : jobs).fill(-1)
    let buckets = 0
    groups.forEach((group, g) => {
      this.bucketFrom[g] = buckets
      buckets += byNode ? group.slots + 1 : 0
    })
    this.bucket = new Int32Array(buckets).fill(-1)
    this.bucketSize = new Int32Array(buckets)
    this.filled = new Int32Array(groups.length)
    if (mode === 'count') return
    let node = 0
    groups.forEach((group, g) => {
      this.groupFirst[g] = node
      for (let i = 0; i < (byNode ? group.nodes : 1); i++, node++) {
        this.nodeGroup[node] = g
        this.nodeFree[node] = byNode ? group.slots : group.nodes * group.slots
      }
    })
    this.groupFirst[groups.length] = node
    if (byNode) for (let i = node - 1; i >= 0; i--) this.link(i)
  }

  get full(): boolean {
    return this.free === 0
  }

  get inWords(): string {
    return JSON.stringify([this.mode, this.groups])
  }

  get mostAtOnce(): number {
    return this.capacity
  }

  /** The speed at which a job goes that holds only the fastest slots. */
  get topSpeed(): number {
    return this.groups[0].speed
  }

  /** Could so many slots ever be had together? */
  everFits(k: number): boolean {
    if (this.mode !== 'packed') return k <= this.capacity
    return this.groups.some((group) => k <= group.nodes * group.slots)
  }

  /** Would a gang of k fit now? */
  fits(k: number): boolean {
    if (k > this.free) return false
    if (this.mode !== 'packed') return true
    for (let g = 0; g < this.groups.length; g++) if (this.groupFits(g, k)) return true
    return false
  }

  /** Gives the job k slots (which must fit) and returns the speed at which it goes. */
  take(job: number, k: number): number {
    this.free -= k
    switch (this.mode) {
      case 'count':
        return this.groups[0].speed
      case 'groups':
        return this.takeFastest(job, k)
      case 'spread':
        return this.takeSpread(job, k)
      case 'packed':
        return this.takePacked(job, k)
    }
  }

  /** Takes back what the job holds. */
  give(job: number, k: number): void {
    this.free += k
    if (this.mode === 'count') return
    const byNode = this.mode !== 'groups'
    let cell = this.cellOf[job]
    this.cellOf[job] = -1
    while (cell >= 0) {
      const node = this.cellNode[cell]
      if (byNode) this.setFree(node, this.nodeFree[node] + this.cellSlots[cell])
      else this.nodeFree[node] += this.cellSlots[cell]
      const after = this.cellNext[cell]
      this.cellNext[cell] = this.cellSpare
      this.cellSpare = cell
      cell = after
    }
  }

  /** The nodes (in `groups` mode: the groups) that a job holds slots of. */
  held(job: number): { readonly node: number; readonly slots: number }[] {
    const out: { node: number; slots: number }[] = []
    if (this.mode === 'count') return out
    for (let cell = this.cellOf[job]; cell >= 0; cell = this.cellNext[cell])
      out.push({ node: this.cellNode[cell], slots: this.cellSlots[cell] })
    return out
  }

  /** Everything that says who holds what, to go on from. */
  save(): SavedPool {
    return {
      free: this.free,
      columns: [this.nodeFree, this.bucket, this.bucketSize, this.next, this.previous, this.cellOf, this.filled].map((column) =>
        column.slice(),
      ),
      cells: [this.cellNode, this.cellSlots, this.cellNext].map((column) => column.slice()),
      cellsUsed: this.cellsUsed,
      cellSpare: this.cellSpare,
    }
  }

  restore({ free, columns, cells, cellsUsed, cellSpare }: SavedPool): void {
    this.free = free
    const mine = [this.nodeFree, this.bucket, this.bucketSize, this.next, this.previous, this.cellOf, this.filled]
    mine.forEach((column, i) => {
      column.set(columns[i])
    })
    ;[this.cellNode, this.cellSlots, this.cellNext] = cells.map((column) => column.slice()) as [Cells, Cells, Cells]
    this.cellsUsed = cellsUsed
    this.cellSpare = cellSpare
  }

  /** Begins a trial for a gang of k: the copy is what is free now. */
  trialBegin(k: number): void {
    this.trialNeed = k
    this.trialTotal = this.free
    if (this.mode === 'packed') {
      this.trialNodes.set(this.nodeFree)
      this.trialWhole.fill(0)
      for (let node = 0; node < this.trialNodes.length; node++) {
        const g = this.nodeGroup[node]
        if (this.trialNodes[node] === this.groups[g].slots) this.trialWhole[g]++
      }
      this.trialGood = this.trialSearch()
    } else this.trialGood = k <= this.trialTotal
  }

  /** On the copy: the job gives back its k slots. O(nodes that it holds) unless that makes the gang fit. */
  trialGive(job: number, k: number): void {
    this.trialTotal += k
    if (this.mode !== 'packed') {
      this.trialGood ||= this.trialNeed <= this.trialTotal
      return
    }
    const { trialNodes, trialNeed } = this
    for (let cell = this.cellOf[job]; cell >= 0; cell = this.cellNext[cell]) {
      const node = this.cellNode[cell]
      const g = this.nodeGroup[node]
      const { slots } = this.groups[g]
      const free = (trialNodes[node] += this.cellSlots[cell])
      if (free === slots) this.trialWhole[g]++
      if (this.trialGood) continue
      if (trialNeed <= slots) this.trialGood = free >= trialNeed
      else if (this.trialWhole[g] >= Math.floor(trialNeed / slots)) this.trialGood = this.trialSearch()
    }
  }

  /** On the copy: the job takes what it holds now. Returns whether the gang of the trial still fits; if not, the copy is as before. */
  trialTake(job: number, k: number): boolean {
    this.trialTotal -= k
    if (this.mode !== 'packed') {
      if (this.trialNeed <= this.trialTotal) return true
      this.trialTotal += k
      return false
    }
    this.trialCells(job, -1)
    if (this.trialSearch()) return true
    this.trialCells(job, 1)
    this.trialTotal += k
    return false
  }

  get trialFree(): number {
    return this.trialTotal
  }

  /** Does the gang of the trial fit on the copy? */
  get trialFits(): boolean {
    return this.trialGood
  }

  private trialCells(job: number, sign: 1 | -1): void {
    for (let cell = this.cellOf[job]; cell >= 0; cell = this.cellNext[cell]) {
      const node = this.cellNode[cell]
      const g = this.nodeGroup[node]
      const { slots } = this.groups[g]
      if (this.trialNodes[node] === slots) this.trialWhole[g]--
      this.trialNodes[node] += sign * this.cellSlots[cell]
      if (this.trialNodes[node] === slots) this.trialWhole[g]++
    }
  }

  private trialSearch(): boolean {
    const k = this.trialNeed
    const free = this.trialNodes
    for (let g = 0; g < this.groups.length; g++) {
      const { slots } = this.groups[g]
      const whole = this.trialWhole[g]
      const full = k <= slots ? 0 : Math.floor(k / slots)
      const rest = k - full * slots
      if (whole > full || (whole === full && rest === 0)) return true
      if (whole < full) continue
      for (let node = this.groupFirst[g]; node < this.groupFirst[g + 1]; node++)
        if (free[node] >= rest && (free[node] < slots || full === 0)) return true
    }
    return false
  }

  /** The fewest free slots, at least k, that a node of the group has; more than it has slots where none has. */
  private leastFree(g: number, k: number): number {
    const { slots } = this.groups[g]
    if (slots <= 30) {
      const has = this.filled[g] >>> k
      // the lowest bit that is set
      return has === 0 ? slots + 1 : k + 31 - Math.clz32(has & -has)
    }
    let f = k
    while (f <= slots && this.bucketSize[this.bucketFrom[g] + f] === 0) f++
    return f
  }

  private groupFits(g: number, k: number): boolean {
    const { slots } = this.groups[g]
    const from = this.bucketFrom[g]
    if (k <= slots) return this.leastFree(g, k) <= slots
    const full = Math.floor(k / slots)
    const whole = this.bucketSize[from + slots]
    if (whole < full) return false
    const rest = k - full * slots
    if (rest === 0 || whole > full) return true
    for (let f = rest; f < slots; f++) if (this.bucketSize[from + f] > 0) return true
    return false
  }

  private takeFastest(job: number, k: number): number {
    let owed = k
    let speed = this.groups[0].speed
    for (let g = 0; owed > 0; g++) {
      const part = Math.min(owed, this.nodeFree[g])
      if (part === 0) continue
      this.nodeFree[g] -= part
      this.addCell(job, g, part)
      speed = this.groups[g].speed
      owed -= part
    }
    return speed
  }

  /** Of the fastest groups that hold the gang: the one with the fullest node for it, or else the first that holds it on several. */
  private groupFor(k: number): number {
    const { groups } = this
    for (let from = 0, end = 0; ; from = end) {
      while (end < groups.length && groups[end].speed === groups[from].speed) end++
      let best = -1
      let least = Number.POSITIVE_INFINITY
      for (let g = from; g < end; g++) {
        if (k > groups[g].slots) continue
        const f = this.leastFree(g, k)
        if (f > groups[g].slots || f >= least) continue
        least = f
        best = g
      }
      if (best >= 0) return best
      for (let g = from; g < end; g++) if (this.groupFits(g, k)) return g
    }
  }

  private takePacked(job: number, k: number): number {
    const g = this.groups.length === 1 ? 0 : this.groupFor(k)
    const { slots, speed } = this.groups[g]
    const from = this.bucketFrom[g]
    let rest = k
    while (rest > slots || (rest === slots && k > slots)) {
      const node = this.bucket[from + slots]
      this.addCell(job, node, slots)
      this.setFree(node, 0)
      rest -= slots
    }
    if (rest > 0) {
      const f = this.leastFree(g, rest)
      const node = this.bucket[from + f]
      this.addCell(job, node, rest)
      this.setFree(node, f - rest)
    }
    return speed
  }

  private takeSpread(job: number, k: number): number {
    let speed = Number.POSITIVE_INFINITY
    for (let owed = k; owed > 0; owed--) {
      let best = -1
      let most = 0
      for (let g = 0; g < this.groups.length; g++) {
        const from = this.bucketFrom[g]
        for (let f = this.groups[g].slots; f > most; f--) {
          if (this.bucketSize[from + f] > 0) {
            most = f
            best = this.bucket[from + f]
            break
          }
        }
      }
      this.addCell(job, best, 1)
      this.setFree(best, most - 1)
      speed = Math.min(speed, this.groups[this.nodeGroup[best]].speed)
    }
    return speed
  }

  private addCell(job: number, node: number, slots: number): void {
    const first = this.cellOf[job]
    if (first >= 0 && this.cellNode[first] === node) {
      this.cellSlots[first] += slots
      return
    }
    let cell = this.cellSpare
    if (cell >= 0) this.cellSpare = this.cellNext[cell]
    else {
      cell = this.cellsUsed++
      if (cell === this.cellNode.length) {
        this.cellNode = doubled(this.cellNode)
        this.cellSlots = doubled(this.cellSlots)
        this.cellNext = doubled(this.cellNext)
      }
    }
    this.cellNode[cell] = node
    this.cellSlots[cell] = slots
    this.cellNext[cell] = first
    this.cellOf[job] = cell
  }

  private setFree(node: number, free: number): void {
    this.unlink(node)
    this.nodeFree[node] = free
    this.link(node)
  }

  private link(node: number): void {
    const g = this.nodeGroup[node]
    const at = this.bucketFrom[g] + this.nodeFree[node]
    if (this.groups[g].slots <= 30) this.filled[g] |= 1 << this.nodeFree[node]
    const head = this.bucket[at]
    this.next[node] = head
    this.previous[node] = -1
    if (head >= 0) this.previous[head] = node
    this.bucket[at] = node
    this.bucketSize[at]++
  }

  private unlink(node: number): void {
    const g = this.nodeGroup[node]
    const at = this.bucketFrom[g] + this.nodeFree[node]
    const before = this.previous[node]
    const after = this.next[node]
    if (before >= 0) this.next[before] = after
    else this.bucket[at] = after
    if (after >= 0) this.previous[after] = before
    if (--this.bucketSize[at] === 0 && this.groups[g].slots <= 30) this.filled[g] &= ~(1 << this.nodeFree[node])
  }
}

function doubled(old: Cells): Cells {
  const out = new Int32Array(old.length * 2)
  out.set(old)
  return out
}
