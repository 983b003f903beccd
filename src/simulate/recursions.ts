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
  let nextMark = 0
  let responses = 0
  let work = 0
  if (servers === 1) {
    let end = 0
    for (let i = 0; i < count; i++) {
      const t = arrival[i]
      if (i === nextMark) {
        free[0] = end
        marks.push(totalsAt(i, t, arrival, size, response, free, responses, work))
        nextMark += markEvery
      }
      const s = size[i]
      end = Math.max(t, end) + s
      const r = end - t
      response[i] = r
      responses += r
      work += s
    }
    return { response, held: size, marks, end: atEnd(end, responses, work), events: 2 * count }
  }
  let last = 0
  for (let i = 0; i < count; i++) {
    const t = arrival[i]
    if (i === nextMark) {
      marks.push(totalsAt(i, t, arrival, size, response, free, responses, work))
      nextMark += markEvery
    }
    const s = size[i]
    const first = free[0]
    const end = Math.max(t, first) + s
    replaceTop(free, servers, end)
    if (end > last) last = end
    const r = end - t
    response[i] = r
    responses += r
    work += s
  }
  return { response, held: size, marks, end: atEnd(last, responses, work), events: 2 * count }
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
  const { count, arrival, classIndex } = jobs
  const size = atSpeed(jobs.size, speed)
  const response = space.float64('response', count)
  let left = size
  if (resume) {
    left = space.float64('left', count)
    left.set(size)
  }
  const next = space.int32('next', count)
  const first = new Int32Array(lanes).fill(-1)
  const last = new Int32Array(lanes)
  const marks: Totals[] = []
  let nextMark = 0
  let waiting = 0
  let present = 0
  let busy = 0
  let now = 0
  let i = 0
  while (i < count) {
    // idle: the next arrival starts
    let job = i++
    let t = arrival[job]
    if (job === nextMark) {
      marks.push({ time: t, busy, sprinting: 0, lost: 0, present })
      nextMark += markEvery
    }
    now = t
    let lane = laneOfClass[classIndex[job]]
    let since = t
    let end = t + left[job]
    for (;;) {
      if (i < count && arrival[i] < end) {
        const newcomer = i++
        t = arrival[newcomer]
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
          const rest = left[job] - (t - since)
          left[job] = Math.max(rest, 0)
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
      present += (end - now) * (waiting + 1)
      busy += end - now
      now = end
      response[job] = end - arrival[job]
      if (waiting === 0) break
      waiting--
      lane = 0
      while (first[lane] < 0) lane++
      job = first[lane]
      first[lane] = next[job]
      since = now
      end = now + left[job]
    }
  }
  return { response, held: size, marks, end: { time: now, busy, sprinting: 0, lost: 0, present }, events: 2 * count }
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
