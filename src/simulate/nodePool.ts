/**
 * Slots, CPUs and memory of nodes, and who holds what, for workloads in which jobs ask for more than slots (or for part of one). Three ways of
 * giving them out, as `pool.ts` has them:
 *
 * `pool`   — node-blind: fits when so many slots, CPUs and so much memory are free in all; the fastest slots first;
 * `packed` — as few nodes as can be: on one node where one can hold it (the fullest that does, of the fastest nodes), else as many slots a node as a whole
 *            free node of the group takes, and one node more for the rest;
 * `spread` — one slot at a time from the node with the most slots free, as long as the node has the CPUs and memory that go with the slot.
 *
 * A gang over several nodes brings its CPUs and memory along evenly by slots. A job without slots sits on one node, packed on the one with the fewest free slots.
 * A part of a slot lies on one slot: packed on the fullest that holds it, spread on the emptiest; node-blind, parts of slots flow together.
 *
 * Amounts are whole numbers inside (thousandths of a slot and of a CPU, KiB), so that what is given back is exactly what was taken.
 * O(nodes) to place or to see that something does not fit; without needs it decides as the slot pool does (a test compares them), more slowly.
 */
import type { Cluster, Needs } from '../model/index.js'
import type { Pool, SavedPool } from './pool.js'

export type NodePoolMode = 'pool' | 'packed' | 'spread'

/** What jobs ask for besides whole slots, in all: CPUs, MiB, and the part of each slot (1: whole). NaN: not said, so nothing (a whole slot). */
export interface JobNeeds {
  readonly cpus: Float64Array
  readonly memoryMib: Float64Array
  readonly share?: Float64Array
}

const WHOLE = 1000

interface Group {
  readonly nodes: number
  readonly slots: number
  readonly cpu: number
  readonly memory: number
  readonly speed: number
}

/** What is free on each node. */
class Room {
  readonly left: Int32Array
  /** Slots of which nothing is held. */
  readonly whole: Int32Array
  readonly cpu: Float64Array
  readonly memory: Float64Array
  /** What is left of each slot; only where slots are shared. */
  slotLeft: Int16Array | undefined
  total = 0

  constructor(nodes: number) {
    this.left = new Int32Array(nodes)
    this.whole = new Int32Array(nodes)
    this.cpu = new Float64Array(nodes)
    this.memory = new Float64Array(nodes)
  }

  set(other: Room): void {
    this.left.set(other.left)
    this.whole.set(other.whole)
    this.cpu.set(other.cpu)
    this.memory.set(other.memory)
    this.total = other.total
    if (other.slotLeft !== undefined) {
      if (this.slotLeft === undefined) this.slotLeft = other.slotLeft.slice()
      else this.slotLeft.set(other.slotLeft)
    }
  }
}

/** A holding is a list of pieces of so many numbers: node, slot (−1: any), slots, thousandths of each, CPU, memory. */
const PIECE = 6

export class NodePool implements Pool {
  readonly capacity: number
  readonly mostAtOnce = Number.POSITIVE_INFINITY
  private readonly groups: readonly Group[]
  private readonly groupFirst: Int32Array
  private readonly nodeGroup: Int32Array
  private readonly room: Room
  private readonly trial: Room
  private readonly mostSlots: number
  private readonly holdings: (readonly number[] | undefined)[] = []
  private cpuOf = new Float64Array(0)
  private memoryOf = new Float64Array(0)
  private shareOf = new Int16Array(0)
  private slotless = false
  private trialNeed = 0
  private trialJob = 0
  private trialGood = false

  constructor(
    cluster: Cluster,
    readonly mode: NodePoolMode,
  ) {
    this.groups = cluster.nodes
      .map(({ count, slots, speed, cpus, memoryMib }) => ({
        nodes: count,
        slots,
        speed,
        cpu: cpus === undefined ? Number.POSITIVE_INFINITY : Math.floor(cpus * 1000 + 1e-6),
        memory: memoryMib === undefined ? Number.POSITIVE_INFINITY : Math.floor(memoryMib * 1024 + 1e-6),
      }))
      .sort((a, b) => b.speed - a.speed || b.slots - a.slots)
    this.capacity = this.groups.reduce((sum, { nodes, slots }) => sum + nodes * slots, 0)
    this.mostSlots = this.groups.reduce((most, { slots }) => Math.max(most, slots), 0)
    const blind = mode === 'pool'
    const nodes = blind ? this.groups.length : this.groups.reduce((sum, group) => sum + group.nodes, 0)
    this.room = new Room(nodes)
    this.trial = new Room(nodes)
    this.nodeGroup = new Int32Array(nodes)
    this.groupFirst = new Int32Array(this.groups.length + 1)
    let node = 0
    this.groups.forEach((group, g) => {
      this.groupFirst[g] = node
      for (let i = 0; i < (blind ? 1 : group.nodes); i++, node++) {
        const slots = blind ? group.nodes * group.slots : group.slots
        this.nodeGroup[node] = g
        this.room.left[node] = slots * WHOLE
        this.room.whole[node] = slots
        this.room.cpu[node] = group.cpu
        this.room.memory[node] = group.memory
      }
    })
    this.groupFirst[this.groups.length] = node
    if (blind) {
      // node-blind CPUs and memory are one amount each, kept where the first group is
      this.room.cpu[0] = this.groups.reduce((sum, group) => sum + group.nodes * group.cpu, 0)
      this.room.memory[0] = this.groups.reduce((sum, group) => sum + group.nodes * group.memory, 0)
    }
    this.room.total = this.capacity * WHOLE
  }

  get free(): number {
    return this.room.total / WHOLE
  }

  get full(): boolean {
    return this.room.total === 0 && !this.slotless
  }

  get inWords(): string {
    return JSON.stringify(['nodes', this.mode, this.groups])
  }

  get topSpeed(): number {
    return this.groups[0].speed
  }

  /** Says what the jobs of a run need; to be called once, before anybody is placed. */
  expect(jobs: number, slots: Int32Array, needs?: JobNeeds): void {
    this.cpuOf = new Float64Array(jobs)
    this.memoryOf = new Float64Array(jobs)
    this.shareOf = new Int16Array(jobs).fill(WHOLE)
    if (needs === undefined) return
    let shared = false
    for (let job = 0; job < jobs; job++) {
      this.cpuOf[job] = amount(needs.cpus[job], 1000)
      this.memoryOf[job] = amount(needs.memoryMib[job], 1024)
      const share = needs.share?.[job] ?? 1
      if (slots[job] === 0) this.slotless = true
      else if (share < 1) {
        this.shareOf[job] = Math.round(countedShare(share) * WHOLE)
        shared = true
      }
    }
    if (!shared || this.mode === 'pool') return
    const { room, mostSlots } = this
    room.slotLeft = new Int16Array(room.left.length * mostSlots)
    for (let node = 0; node < room.left.length; node++)
      room.slotLeft.fill(WHOLE, node * mostSlots, node * mostSlots + room.whole[node])
  }

  /** The needs of a job’s units from now on. None of them may be on a node. */
  setNeeds(job: number, slots: number, needs: Needs | undefined): void {
    const times = needs?.per === 'slot' ? slots : 1
    this.cpuOf[job] = amount((needs?.cpus ?? 0) * times, 1000)
    this.memoryOf[job] = amount((needs?.memoryMib ?? 0) * times, 1024)
    if (slots === 0) this.slotless = true
  }

  fits(k: number, job: number): boolean {
    return this.search(this.room, k, job)
  }

  take(holder: number, k: number, job = holder): number {
    const pieces: number[] = []
    if (this.mode === 'pool') this.takeBlind(k, job, pieces)
    else if (this.mode === 'spread') this.takeSpread(k, job, pieces)
    else this.takePacked(k, job, pieces)
    this.holdings[holder] = pieces
    let speed = Number.POSITIVE_INFINITY
    for (let i = 0; i < pieces.length; i += PIECE) speed = Math.min(speed, this.groups[this.nodeGroup[pieces[i]]].speed)
    return speed
  }

  give(holder: number, _k?: number): void {
    this.move(this.room, holder, 1)
    this.holdings[holder] = undefined
  }

  held(holder: number): { readonly node: number; readonly slots: number }[] {
    const pieces = this.holdings[holder] ?? []
    const found = new Map<number, number>()
    for (let i = 0; i < pieces.length; i += PIECE) found.set(pieces[i], (found.get(pieces[i]) ?? 0) + pieces[i + 2])
    return [...found].map(([node, slots]) => ({ node, slots }))
  }

  /** What each node has, and what is held of it: slots, CPUs and MiB. For tests and reports; node-blind, one line a group. */
  nodesNow(): { readonly slots: number; readonly free: number; readonly cpusFree: number; readonly memoryMibFree: number }[] {
    return Array.from(this.nodeGroup, (g, node) => ({
      slots: this.groups[g].slots,
      free: this.room.left[node] / WHOLE,
      cpusFree: this.room.cpu[node] / 1000,
      memoryMibFree: this.room.memory[node] / 1024,
    }))
  }

  save(): SavedPool {
    const { room } = this
    const holders = [...this.holdings.keys()].filter((holder) => this.holdings[holder] !== undefined)
    return {
      free: room.total,
      columns: [
        room.left.slice(),
        room.whole.slice(),
        room.cpu.slice(),
        room.memory.slice(),
        Int32Array.from(room.slotLeft ?? []),
        Int32Array.from(holders),
        Int32Array.from(holders, (holder) => this.holdings[holder]!.length),
        Float64Array.from(holders.flatMap((holder) => [...this.holdings[holder]!])),
        this.cpuOf.slice(),
        this.memoryOf.slice(),
        Int32Array.of(this.slotless ? 1 : 0),
      ],
      cells: [],
      cellsUsed: 0,
      cellSpare: -1,
    }
  }

  restore({ free, columns }: SavedPool): void {
    const { room } = this
    const [left, whole, cpu, memory, slotLeft, holders, lengths, pieces, cpuOf, memoryOf, slotless] = columns
    room.total = free
    room.left.set(left)
    room.whole.set(whole)
    room.cpu.set(cpu)
    room.memory.set(memory)
    room.slotLeft?.set(slotLeft)
    this.cpuOf = Float64Array.from(cpuOf)
    this.memoryOf = Float64Array.from(memoryOf)
    this.slotless = slotless[0] === 1
    this.holdings.length = 0
    let at = 0
    holders.forEach((holder, i) => {
      this.holdings[holder] = [...pieces.subarray(at, at + lengths[i])]
      at += lengths[i]
    })
  }

  trialBegin(k: number, job: number): void {
    this.trial.set(this.room)
    this.trialNeed = k
    this.trialJob = job
    this.trialGood = this.search(this.trial, k, job)
  }

  trialGive(holder: number, _k?: number): void {
    this.move(this.trial, holder, 1)
    this.trialGood ||= this.search(this.trial, this.trialNeed, this.trialJob)
  }

  trialTake(holder: number, _k?: number): boolean {
    this.move(this.trial, holder, -1)
    if (this.search(this.trial, this.trialNeed, this.trialJob)) return true
    this.move(this.trial, holder, 1)
    return false
  }

  get trialFree(): number {
    return this.trial.total / WHOLE
  }

  get trialFits(): boolean {
    return this.trialGood
  }

  /** Puts the holder’s pieces back into the room (1), or takes them out of it (−1). */
  private move(room: Room, holder: number, sign: 1 | -1): void {
    const pieces = this.holdings[holder]!
    for (let i = 0; i < pieces.length; i += PIECE) {
      const [node, slot, slots, share] = [pieces[i], pieces[i + 1], pieces[i + 2], pieces[i + 3]]
      room.left[node] += sign * slots * share
      room.total += sign * slots * share
      room.cpu[node] += sign * pieces[i + 4]
      room.memory[node] += sign * pieces[i + 5]
      if (this.mode === 'pool') continue
      if (slot < 0 || room.slotLeft === undefined) {
        room.whole[node] += sign * slots
        continue
      }
      const at = node * this.mostSlots + slot
      const before = room.slotLeft[at]
      room.slotLeft[at] += sign * share
      if (before === WHOLE) room.whole[node]--
      if (room.slotLeft[at] === WHOLE) room.whole[node]++
    }
  }

  private search(room: Room, k: number, job: number): boolean {
    const share = this.shareOf[job]
    if (room.total < k * share) return false
    if (this.mode === 'pool') return room.cpu[0] >= this.cpuOf[job] && room.memory[0] >= this.memoryOf[job]
    const nodes = this.nodeGroup.length
    if (k === 0) {
      for (let node = 0; node < nodes; node++) if (this.most(room, node, 0, job) > 0) return true
      return false
    }
    if (this.mode === 'spread') {
      let have = 0
      for (let node = 0; node < nodes; node++) {
        have += this.most(room, node, k, job)
        if (have >= k) return true
      }
      return false
    }
    for (let g = 0; g < this.groups.length; g++) if (this.groupHolds(room, g, k, job)) return true
    return false
  }

  private groupHolds(room: Room, g: number, k: number, job: number): boolean {
    const each = this.emptyTakes(g, k, job)
    if (each === 0) return false
    const end = this.groupFirst[g + 1]
    if (k <= each) {
      for (let node = this.groupFirst[g]; node < end; node++) if (this.most(room, node, k, job) >= k) return true
      return false
    }
    const full = Math.floor(k / each)
    const rest = k - full * each
    let wholes = 0
    let others = false
    for (let node = this.groupFirst[g]; node < end; node++) {
      const most = this.most(room, node, k, job)
      if (most >= each) wholes++
      else if (most >= rest) others = true
      if (wholes > full || (wholes === full && (rest === 0 || others))) return true
    }
    return false
  }

  /** Slots of the job that an empty node of the group takes. */
  private emptyTakes(g: number, k: number, job: number): number {
    const { slots, cpu, memory } = this.groups[g]
    return Math.min(slots, k, part(cpu, k, this.cpuOf[job]), part(memory, k, this.memoryOf[job]))
  }

  /** Slots of the job that the node takes now; of a job without slots 1 where the node holds it. */
  private most(room: Room, node: number, k: number, job: number): number {
    const cpu = this.cpuOf[job]
    const memory = this.memoryOf[job]
    if (k === 0) return room.cpu[node] >= cpu && room.memory[node] >= memory ? 1 : 0
    const share = this.shareOf[job]
    let most = share === WHOLE || room.slotLeft === undefined ? room.whole[node] : this.slotsWith(room, node, share)
    if (most > k) most = k
    if (most > 0 && cpu > 0) most = Math.min(most, part(room.cpu[node], k, cpu))
    if (most > 0 && memory > 0) most = Math.min(most, part(room.memory[node], k, memory))
    return most
  }

  private slotsWith(room: Room, node: number, share: number): number {
    if (room.left[node] < share) return 0
    const from = node * this.mostSlots
    const end = from + this.groups[this.nodeGroup[node]].slots
    let count = 0
    for (let at = from; at < end; at++) if (room.slotLeft![at] >= share) count++
    return count
  }

  private takeBlind(k: number, job: number, pieces: number[]): void {
    const share = this.shareOf[job]
    const { room } = this
    room.cpu[0] -= this.cpuOf[job]
    room.memory[0] -= this.memoryOf[job]
    room.total -= k * share
    // thousandths of slots, the fastest first
    let owed = k * share
    pieces.push(0, -1, 0, 1, this.cpuOf[job], this.memoryOf[job])
    for (let node = 0; owed > 0; node++) {
      const here = Math.min(owed, room.left[node])
      if (here === 0) continue
      room.left[node] -= here
      pieces.push(node, -1, here, 1, 0, 0)
      owed -= here
    }
  }

  private takeSpread(k: number, job: number, pieces: number[]): void {
    const { room } = this
    const nodes = this.nodeGroup.length
    if (k === 0) {
      let best = -1
      for (let node = 0; node < nodes; node++)
        if (this.most(room, node, 0, job) > 0 && (best < 0 || room.left[node] > room.left[best])) best = node
      this.put(best, 0, 0, job, pieces)
      return
    }
    const share = this.shareOf[job]
    const can = Int32Array.from({ length: nodes }, (_, node) => this.most(room, node, k, job))
    const got = new Int32Array(nodes)
    for (let owed = k; owed > 0; owed--) {
      let best = -1
      let most = -1
      for (let node = 0; node < nodes; node++) {
        const left = room.left[node] - got[node] * share
        if (got[node] < can[node] && left > most) {
          most = left
          best = node
        }
      }
      got[best]++
    }
    for (let node = 0; node < nodes; node++) if (got[node] > 0) this.put(node, got[node], k, job, pieces)
  }

  private takePacked(k: number, job: number, pieces: number[]): void {
    const { room } = this
    if (k === 0) {
      this.put(this.fullest(0, this.nodeGroup.length, 1, 0, job, []), 0, 0, job, pieces)
      return
    }
    // nodes of one speed at a time, the fastest first: one node, or else several of one group
    let g = 0
    for (let last = 0; ; g = last) {
      while (last < this.groups.length && this.groups[last].speed === this.groups[g].speed) last++
      const one = this.fullest(this.groupFirst[g], this.groupFirst[last], k, k, job, [])
      if (one >= 0) {
        this.put(one, k, k, job, pieces)
        return
      }
      while (g < last && !this.groupHolds(room, g, k, job)) g++
      if (g < last) break
    }
    const [from, end] = [this.groupFirst[g], this.groupFirst[g + 1]]
    const each = this.emptyTakes(g, k, job)
    const chosen: number[] = []
    let rest = k
    for (let node = from; node < end && rest >= each; node++) {
      if (this.most(room, node, k, job) < each) continue
      chosen.push(node)
      rest -= each
    }
    const last = rest > 0 ? this.fullest(from, end, rest, k, job, chosen) : -1
    for (const node of chosen) this.put(node, each, k, job, pieces)
    if (last >= 0) this.put(last, rest, k, job, pieces)
  }

  /** The node with the fewest free slots (then CPUs) that takes so many of the job’s slots. */
  private fullest(from: number, end: number, slots: number, k: number, job: number, but: readonly number[]): number {
    const { room } = this
    let best = -1
    for (let node = from; node < end; node++) {
      if (best >= 0) {
        const [left, least] = [room.left[node], room.left[best]]
        if (left > least || (left === least && room.cpu[node] >= room.cpu[best])) continue
      }
      if (this.most(room, node, k, job) >= slots && !but.includes(node)) best = node
    }
    return best
  }

  /** Takes so many of the job’s k slots, and what goes with them, off the node. */
  private put(node: number, slots: number, k: number, job: number, pieces: number[]): void {
    const { room } = this
    const share = this.shareOf[job]
    const all = slots === k
    const cpu = all ? this.cpuOf[job] : Math.ceil((this.cpuOf[job] * slots) / k)
    const memory = all ? this.memoryOf[job] : Math.ceil((this.memoryOf[job] * slots) / k)
    room.cpu[node] -= cpu
    room.memory[node] -= memory
    room.left[node] -= slots * share
    room.total -= slots * share
    if (room.slotLeft === undefined || slots === 0) {
      room.whole[node] -= slots
      pieces.push(node, -1, slots, share, cpu, memory)
      return
    }
    const first = pieces.length
    for (let i = 0; i < slots; i++) {
      const slot = this.slotFor(node, share, pieces, first)
      const at = node * this.mostSlots + slot
      if (room.slotLeft[at] === WHOLE) room.whole[node]--
      room.slotLeft[at] -= share
      // a second piece on the same node brings no more CPUs
      pieces.push(node, slot, 1, share, i === 0 ? cpu : 0, i === 0 ? memory : 0)
    }
  }

  /** Which slot of the node: packed the fullest that holds the share, spread the emptiest; a gang of parts takes a slot once. */
  private slotFor(node: number, share: number, pieces: readonly number[], first: number): number {
    const from = node * this.mostSlots
    const { slots } = this.groups[this.nodeGroup[node]]
    const left = this.room.slotLeft!
    let best = -1
    for (let slot = 0; slot < slots; slot++) {
      const here = left[from + slot]
      if (here < share) continue
      let mine = false
      for (let i = first; i < pieces.length; i += PIECE) mine ||= pieces[i + 1] === slot
      if (mine) continue
      if (best < 0 || (this.mode === 'packed' ? here < left[from + best] : here > left[from + best])) best = slot
    }
    return best
  }
}

/** Slots of k that come with no more than what is free, when k of them take `asked`. */
function part(free: number, k: number, asked: number): number {
  return asked === 0 || free === Number.POSITIVE_INFINITY ? k : Math.floor((free * k) / asked)
}

function amount(value: number, unit: number): number {
  return Number.isNaN(value) ? 0 : Math.ceil(value * unit - 1e-6)
}

/** The part of a slot as the pool counts it: in whole thousandths, rounded up. */
export function countedShare(share: number): number {
  return share < 1 ? Math.max(1, Math.ceil(share * WHOLE - 1e-6)) / WHOLE : 1
}
