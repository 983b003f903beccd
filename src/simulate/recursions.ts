/**
 * Runs without an event list, for the queues that need none: jobs of one slot, no sprinting, equal speeds. They give the engine’s own
 * numbers (a test compares them) several times faster.
 *
 * one server, first come first served — Lindley (1952): start = max(arrival, end of the one before);
 * c servers                           — Kiefer and Wolfowitz (1955): start = max(arrival, least of the c times at which servers are free),
 *                                       those times in a heap whose top is replaced;
 * one server, priorities              — one job in service, a list a class; with interruption the job goes back to the front of its list.
 *
 * At equal times ends go before arrivals, as in the engine.
 */
import type { RunJobs, Totals } from './engine.js'
import type { Workspace } from './workspace.js'

/** What a recursion fills in. */
export interface Recursed {
  readonly response: Float64Array
  readonly held: Float64Array
  readonly marks: Totals[]
  readonly end: Totals
  readonly events: number
}

/** c equal servers, first come first served. */
export function firstComeFirstServed(
  jobs: RunJobs,
  servers: number,
  speed: number,
  markEvery: number,
  space: Workspace,
): Recursed {
  const { count, arrival } = jobs
  const size = atSpeed(jobs.size, speed)
  const response = space.float64('response', count)
  const free = new Float64Array(servers)
  const marks: Totals[] = []
  const columns = { arrival, size, response }
  const so: SoFar = { responses: 0, work: 0, last: 0 }
  // stretches end where a mark is due
  for (let from = 0; from < count; ) {
    if (from % markEvery === 0) marks.push(totalsAt(from, arrival[from], arrival, size, response, free, so.responses, so.work))
    const to = Math.min(from + BLOCK, from - (from % markEvery) + markEvery, count)
    if (servers === 1) serveInTurn(from, to, columns, free, so)
    else serveByTheFirstFree(from, to, columns, free, so)
    from = to
  }
  return { response, held: size, marks, end: atEnd(so.last, so.responses, so.work), events: 2 * count }
}

/** Jobs that a loop goes through before it is left and begun anew: a function called often is compiled better than one long loop. */
const BLOCK = 2048

/** Sums over the jobs so far, and when the last of them ends. */
interface SoFar {
  responses: number
  work: number
  last: number
}

interface ServedColumns {
  readonly arrival: Float64Array
  readonly size: Float64Array
  readonly response: Float64Array
}

function serveInTurn(from: number, to: number, { arrival, size, response }: ServedColumns, free: Float64Array, so: SoFar): void {
  let { responses, work } = so
  let end = free[0]
  for (let i = from; i < to; i++) {
    const t = arrival[i]
    const s = size[i]
    end = Math.max(t, end) + s
    const r = end - t
    response[i] = r
    responses += r
    work += s
  }
  free[0] = end
  so.last = end
  so.responses = responses
  so.work = work
}

function serveByTheFirstFree(
  from: number,
  to: number,
  { arrival, size, response }: ServedColumns,
  free: Float64Array,
  so: SoFar,
): void {
  const servers = free.length
  let { responses, work, last } = so
  for (let i = from; i < to; i++) {
    const t = arrival[i]
    const s = size[i]
    const end = Math.max(t, free[0]) + s
    replaceTop(free, servers, end)
    if (end > last) last = end
    const r = end - t
    response[i] = r
    responses += r
    work += s
  }
  so.last = last
  so.responses = responses
  so.work = work
}

/** The least free time becomes `value`. */
function replaceTop(heap: Float64Array, length: number, value: number): void {
  let at = 0
  let child = 1
  while (child + 1 < length) {
    const left = heap[child]
    const right = heap[child + 1]
    let least = left
    if (right < left) {
      least = right
      child++
    }
    if (least >= value) {
      heap[at] = value
      return
    }
    heap[at] = least
    at = child
    child = 2 * at + 1
  }
  if (child < length && heap[child] < value) {
    heap[at] = heap[child]
    at = child
  }
  heap[at] = value
}

/**
 * Totals at time t, when jobs 0 … i − 1 are known to their ends: what lies beyond t is taken off. A server that is free later than t works
 * without a gap until then; as many jobs are running at t as there are such servers, found by walking back from i.
 */
function totalsAt(
  i: number,
  t: number,
  arrival: Float64Array,
  size: Float64Array,
  response: Float64Array,
  free: Float64Array,
  responses: number,
  work: number,
): Totals {
  let busy = work
  let runningNow = 0
  for (const until of free) {
    if (until <= t) continue
    busy -= until - t
    runningNow++
  }
  let present = responses
  for (let j = i - 1; j >= 0 && runningNow > 0; j--) {
    const end = arrival[j] + response[j]
    if (end <= t) continue
    present -= end - t
    if (end - size[j] <= t) runningNow--
  }
  return { time: t, busy, sprinting: 0, lost: 0, present }
}

function atEnd(time: number, present: number, busy: number): Totals {
  return { time, busy, sprinting: 0, lost: 0, present }
}

/** One server, classes by lane (0 first), never interrupted or interrupted and resumed. */
export function oneServerByPriority(
  jobs: RunJobs,
  laneOfClass: Int32Array,
  lanes: number,
  resume: boolean,
  speed: number,
  markEvery: number,
  space: Workspace,
): Recursed {
  const { count } = jobs
  const size = atSpeed(jobs.size, speed)
  const response = space.float64('response', count)
  let left = size
  if (resume) {
    left = space.float64('left', count)
    left.set(size)
  }
  const whole = new Int32Array(5)
  const times = new Float64Array(5)
  times[1] = Number.POSITIVE_INFINITY
  const queue: Lanes = {
    next: space.int32('next', count),
    first: new Int32Array(lanes).fill(-1),
    last: new Int32Array(lanes),
  }
  const marks: Totals[] = []
  for (let until = 0; until < count; ) {
    until = Math.min(until + BLOCK, count)
    serveByLane(jobs, laneOfClass, resume, left, response, queue, whole, times, until, markEvery, marks)
  }
  const [, , time, present, busy] = times
  return { response, held: size, marks, end: { time, busy, sprinting: 0, lost: 0, present }, events: 2 * count }
}

/** Lists of waiting jobs, one a lane; the first of none is −1. */
interface Lanes {
  readonly next: Int32Array
  readonly first: Int32Array
  readonly last: Int32Array
}

/**
 * Goes on until all arrivals before `until` are in, and to the end of all work when there are no others. What stands between two calls:
 * `whole` — the next arrival, who is served, of which lane, how many wait, the next mark; `times` — since when and until when (for ever when
 * idle) that one is served, now, the area under the number of jobs, the busy time. Typed arrays, since the compiler knows what comes out.
 */
function serveByLane(
  { count, arrival, classIndex }: RunJobs,
  laneOfClass: Int32Array,
  resume: boolean,
  left: Float64Array,
  response: Float64Array,
  { next, first, last }: Lanes,
  whole: Int32Array,
  times: Float64Array,
  until: number,
  markEvery: number,
  marks: Totals[],
): void {
  let i = whole[0]
  let job = whole[1]
  let lane = whole[2]
  let waiting = whole[3]
  let nextMark = whole[4]
  let since = times[0]
  let end = times[1]
  let now = times[2]
  let present = times[3]
  let busy = times[4]
  let idle = end === Number.POSITIVE_INFINITY
  serving: for (;;) {
    if (idle) {
      // the next arrival starts
      if (i === until) break
      job = i++
      now = arrival[job]
      if (job === nextMark) {
        marks.push({ time: now, busy, sprinting: 0, lost: 0, present })
        nextMark += markEvery
      }
      lane = laneOfClass[classIndex[job]]
      since = now
      end = now + left[job]
      idle = false
    }
    for (;;) {
      if (i < until && arrival[i] < end) {
        const newcomer = i++
        const t = arrival[newcomer]
        present += (t - now) * (waiting + 1)
        busy += t - now
        now = t
        if (newcomer === nextMark) {
          marks.push({ time: t, busy, sprinting: 0, lost: 0, present })
          nextMark += markEvery
        }
        waiting++
        const itsLane = laneOfClass[classIndex[newcomer]]
        if (resume && itsLane < lane) {
          left[job] = Math.max(left[job] - (t - since), 0)
          next[job] = first[lane]
          if (first[lane] < 0) last[lane] = job
          first[lane] = job
          job = newcomer
          lane = itsLane
          since = t
          end = t + left[job]
        } else {
          next[newcomer] = -1
          if (first[itsLane] < 0) first[itsLane] = newcomer
          else next[last[itsLane]] = newcomer
          last[itsLane] = newcomer
        }
        continue
      }
      if (i === until && until < count) break serving
      present += (end - now) * (waiting + 1)
      busy += end - now
      now = end
      response[job] = end - arrival[job]
      if (waiting === 0) {
        end = Number.POSITIVE_INFINITY
        idle = true
        break
      }
      waiting--
      lane = 0
      while (first[lane] < 0) lane++
      job = first[lane]
      first[lane] = next[job]
      since = now
      end = now + left[job]
    }
  }
  whole[0] = i
  whole[1] = job
  whole[2] = lane
  whole[3] = waiting
  whole[4] = nextMark
  times[0] = since
  times[1] = end
  times[2] = now
  times[3] = present
  times[4] = busy
}

function atSpeed(size: Float64Array, speed: number): Float64Array {
  return speed === 1 ? size : size.map((seconds) => seconds / speed)
}

/**
 * Response times of a fork-join of `branches` single servers, first come first served at each: every job brings one task to each branch and
 * ends when all of its tasks have. `tasks` holds them job by job. Lindley’s recursion for each branch, the maximum over branches.
 */
export function forkJoin(arrival: Float64Array, tasks: Float64Array, branches: number): Float64Array {
  const ends = new Float64Array(branches)
  const response = new Float64Array(arrival.length)
  for (let i = 0; i < arrival.length; i++) {
    const t = arrival[i]
    let last = t
    for (let b = 0; b < branches; b++) {
      const end = Math.max(t, ends[b]) + tasks[i * branches + b]
      ends[b] = end
      if (end > last) last = end
    }
    response[i] = last - t
  }
  return response
}
