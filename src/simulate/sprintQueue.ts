/**
 * One or a few servers, first come first served, with sprinting, over given arrivals and work: the inner loop of a calibration, which asks
 * thousands of times about the same queries under other speeds. No event list on one server, O(servers) an event on several; nothing is
 * allocated but the answer.
 *
 * A query that has not ended T seconds after its timer began (at its arrival or its start) sprints until it ends or the bucket is empty.
 * While it sprints the first share p of its work goes `speed` times as fast and the rest as ever; the bucket drains one second a second
 * all the same, since the lever is pulled (so read, the error of the marginal rate is the published one: `bench/quality/sprint-golden`).
 * Time to do the work from x to w in a sprint: (pw − x)⁺/s + (w − max(x, pw)).
 *
 *   token bucket   d(level)/dt = B/R − (queries sprinting), within 0 … B, full at first
 *   window reset   d(level)/dt = −(queries sprinting), not below 0; at times R, 2R, … the level is B again
 *
 * The same path as the general engine under the same policy (a test compares them). Source: specs/sprint.md 2.3, 2.5, 2.8.
 */
import { quantiles } from './estimates.js'
import { Workspace } from './workspace.js'

/** Queries in order of arrival. Seconds from any origin not below 0. */
export interface SprintQueries {
  /** Ascending. */
  readonly arrivalSeconds: Float64Array
  /** Time that each takes at normal speed. */
  readonly workSeconds: Float64Array
}

export interface SprintQueueOptions {
  /** Work per second in the responsive share of a query while it sprints, against 1 otherwise. */
  readonly speed: number
  /** Infinity: no query ever sprints. */
  readonly timeoutSeconds: number
  /** When a query’s timer begins; `arrival` unless given. */
  readonly origin?: 'arrival' | 'dispatch'
  /** Sprint seconds in the full bucket; unlimited unless given. */
  readonly budgetSeconds?: number
  /** Time in which a full bucket comes back; never unless given. */
  readonly windowSeconds?: number
  /** How it comes back: little by little (`token-bucket`, unless given), or all at once at the end of each window. */
  readonly refill?: 'token-bucket' | 'window-reset'
  /** A query whose sprint the empty bucket ended runs on at normal speed (`stop`, unless given), or sprints again once the bucket holds the threshold. */
  readonly afterExhaustion?: 'stop' | 'resume'
  /** A sprint begins only with so much in the bucket: 0 unless given, with `resume` at least a thousandth of the bucket. */
  readonly onThresholdSeconds?: number
  /** First share of each query’s work that a sprint speeds up; 1 unless given. */
  readonly responsiveShare?: number
  /** 1 unless given. */
  readonly servers?: number
  /** First share of the queries that is played but not measured; 0.05 unless given. */
  readonly warmUpShare?: number
  /** Probabilities, ascending, of the response quantiles wanted; they cost about as much again as the mean. */
  readonly quantiles?: readonly number[]
}

export interface SprintQueueFigures {
  /** Mean time from arrival to end of the measured queries. */
  readonly meanResponseSeconds: number
  /** One for each probability asked for. */
  readonly responseQuantilesSeconds: readonly number[]
  /** Share of the servers’ time, from the first measured arrival to the last end, in which measured queries sprint. */
  readonly shareSprinting: number
  /** Measured queries whose sprint an empty bucket ended. */
  readonly exhausted: number
  /** Least that the bucket ever held; Infinity where it is unlimited. */
  readonly lowestBudgetSeconds: number
  readonly measured: number
  /** Response of every query, the warm-up too: a column of the workspace, which the next call overwrites. */
  readonly responseSeconds: Float64Array
}

/** The options as numbers. */
interface Rules {
  readonly speed: number
  readonly timeout: number
  readonly fromArrival: boolean
  readonly size: number
  readonly window: number
  readonly refill: number
  readonly resets: boolean
  readonly resumes: boolean
  readonly threshold: number
  readonly share: number
}

/** What a kernel found out, filled in place. */
interface Tally {
  responses: number
  sprinting: number
  exhausted: number
  lowest: number
  last: number
}

/**
 * Plays the queries and says how they fared.
 *
 * Throws a RangeError for options out of range, columns of unequal length, no query to measure, and arrivals that do not ascend.
 *
 * @example
 * simulateSprintQueue(
 *   { arrivalSeconds: Float64Array.of(0, 1), workSeconds: Float64Array.of(2, 2) },
 *   { speed: 2, timeoutSeconds: 1, warmUpShare: 0 },
 * ).responseSeconds // [1.5, 1.5]
 */
export function simulateSprintQueue(
  queries: SprintQueries,
  options: SprintQueueOptions,
  space = new Workspace(),
): SprintQueueFigures {
  const rules = rulesOf(options)
  const { arrivalSeconds, workSeconds } = queries
  const count = arrivalSeconds.length
  const servers = options.servers ?? 1
  const warm = Math.floor(count * (options.warmUpShare ?? 0.05))
  if (workSeconds.length !== count)
    throw new RangeError(`${count} arrivals and ${workSeconds.length} work times: one of each a query`)
  if (warm >= count) throw new RangeError(`of ${count} queries none is left to measure after the warm-up`)
  const response = space.float64('response', count)
  const tally: Tally = { responses: 0, sprinting: 0, exhausted: 0, lowest: rules.size, last: 0 }
  if (servers > 1) manyServers(arrivalSeconds, workSeconds, rules, servers, warm, response, tally, space)
  else if (rules.resets || rules.resumes) oneServer(arrivalSeconds, workSeconds, rules, warm, response, tally)
  else oneServerOneSprint(arrivalSeconds, workSeconds, rules, warm, response, tally)
  if (!(tally.responses < Number.POSITIVE_INFINITY))
    throw new RangeError('an arrival or work time is missing, infinite or not a number')
  const measured = count - warm
  let found: readonly number[] = []
  if (options.quantiles !== undefined) {
    const scratch = space.float64('first scratch', measured)
    scratch.set(response.subarray(warm))
    found = quantiles(scratch, measured, options.quantiles)
  }
  const seconds = servers * (tally.last - arrivalSeconds[warm])
  return {
    meanResponseSeconds: tally.responses / measured,
    responseQuantilesSeconds: found,
    shareSprinting: seconds > 0 ? tally.sprinting / seconds : 0,
    exhausted: tally.exhausted,
    lowestBudgetSeconds: tally.lowest,
    measured,
    responseSeconds: response,
  }
}

function rulesOf(options: SprintQueueOptions): Rules {
  const { speed, timeoutSeconds: timeout } = options
  const size = options.budgetSeconds ?? Number.POSITIVE_INFINITY
  const window = options.windowSeconds ?? Number.POSITIVE_INFINITY
  const share = options.responsiveShare ?? 1
  const servers = options.servers ?? 1
  const warm = options.warmUpShare ?? 0.05
  const resumes = options.afterExhaustion === 'resume'
  const resets = options.refill === 'window-reset' && size !== Number.POSITIVE_INFINITY && window !== Number.POSITIVE_INFINITY
  const wanted = options.onThresholdSeconds ?? 0
  const wrong = (what: string, value: number): never => {
    throw new RangeError(`${what}, not ${value}`)
  }
  if (!(speed >= 1 && speed < Number.POSITIVE_INFINITY)) wrong('speed must be a number of at least 1', speed)
  if (!(timeout >= 0)) wrong('timeoutSeconds must not be negative', timeout)
  if (!(size > 0)) wrong('budgetSeconds must be above 0', size)
  if (!(window > 0)) wrong('windowSeconds must be above 0', window)
  if (!(share >= 0 && share <= 1)) wrong('responsiveShare must lie between 0 and 1', share)
  if (!(Number.isInteger(servers) && servers >= 1)) wrong('servers must be a whole number of at least 1', servers)
  if (!(warm >= 0 && warm < 1)) wrong('warmUpShare must lie between 0 and 1', warm)
  if (!(wanted >= 0 && wanted <= size)) wrong('onThresholdSeconds must lie between 0 and the budget', wanted)
  return {
    speed,
    timeout,
    fromArrival: options.origin !== 'dispatch',
    size,
    window,
    refill: size === Number.POSITIVE_INFINITY || resets ? 0 : size / window,
    resets,
    resumes,
    // as in the sprinter of the engine
    threshold: size === Number.POSITIVE_INFINITY ? 0 : Math.min(Math.max(wanted, (resumes ? 1e-3 : 1e-9) * size), size),
    share,
  }
}

function checkOrder(arrival: number, before: number): void {
  if (!(arrival >= before)) throw new RangeError(`arrivals must ascend from 0, ${arrival} comes after ${before}`)
}

/** Token bucket, one sprint a query at most: each query in closed form. */
function oneServerOneSprint(
  arrivals: Float64Array,
  works: Float64Array,
  { speed, timeout, fromArrival, size, refill, threshold, share }: Rules,
  warm: number,
  response: Float64Array,
  tally: Tally,
): void {
  const count = arrivals.length
  const drain = 1 - refill
  let end = 0
  let level = size
  // when the bucket held `level`, nobody sprinting since
  let since = 0
  let lowest = size
  let before = 0
  let responses = 0
  let sprinting = 0
  let exhausted = 0
  for (let i = 0; i < count; i++) {
    const arrival = arrivals[i]
    if (!(arrival >= before)) checkOrder(arrival, before)
    before = arrival
    const work = works[i]
    const start = Math.max(arrival, end)
    const on = (fromArrival ? arrival : start) + timeout
    end = start + work
    if (end > on) {
      let begin = Math.max(on, start)
      let now = level + refill * (begin - since)
      if (now > size) now = size
      if (now < threshold) {
        // too little in it: begins when there is enough
        const later = refill > 0 ? begin + (threshold - now) / refill : Number.POSITIVE_INFINITY
        if (later < end) {
          begin = later
          now = threshold
        }
      }
      if (now >= threshold) {
        const done = begin - start
        const left = work - done
        const quick = share * work - done
        const lasts = quick > 0 ? quick / speed + (left - quick) : left
        const spends = lasts * drain
        let sprinted = lasts
        if (spends <= now) {
          end = begin + lasts
          level = now - spends
        } else {
          sprinted = now / drain
          end = begin + sprinted + (left - gain(sprinted, quick, speed))
          level = 0
          if (i >= warm) exhausted++
        }
        since = begin + sprinted
        if (level < lowest) lowest = level
        if (i >= warm) sprinting += sprinted
      }
    }
    const time = end - arrival
    response[i] = time
    if (i >= warm) responses += time
  }
  tally.responses = responses
  tally.sprinting = sprinting
  tally.exhausted = exhausted
  tally.lowest = lowest
  tally.last = end
}

/** Any bucket, any number of sprints a query: query by query, from one change of the bucket to the next. */
function oneServer(
  arrivals: Float64Array,
  works: Float64Array,
  { speed, timeout, fromArrival, size, window, refill, resets, resumes, threshold, share }: Rules,
  warm: number,
  response: Float64Array,
  tally: Tally,
): void {
  const count = arrivals.length
  const drain = 1 - refill
  let end = 0
  let level = size
  let since = 0
  let windows = 0
  let before = 0
  for (let i = 0; i < count; i++) {
    const arrival = arrivals[i]
    checkOrder(arrival, before)
    before = arrival
    const work = works[i]
    const start = Math.max(arrival, end)
    let on = (fromArrival ? arrival : start) + timeout
    let now = start
    let done = 0
    let ranOut = false
    for (;;) {
      end = now + (work - done)
      if (!(end > on)) break
      let begin = Math.max(on, now)
      if (resets) {
        const passed = windowsBy(begin, window, windows)
        if (passed > windows) level = size
        windows = passed
      } else level = Math.min(size, level + refill * (begin - since))
      since = begin
      if (level < threshold) {
        if (resets) begin = (windows + 1) * window
        else begin = refill > 0 ? begin + (threshold - level) / refill : Number.POSITIVE_INFINITY
        if (!(begin < end)) break
        if (resets) windows++
        level = resets ? size : threshold
        since = begin
      }
      done += begin - now
      now = begin
      const quick = share * work - done
      let lasts = quick > 0 ? quick / speed + (work - done - quick) : work - done
      let sprinted = 0
      let ends = false
      for (;;) {
        const most = drain > 0 ? level / drain : Number.POSITIVE_INFINITY
        const reset = resets ? (windows + 1) * window : Number.POSITIVE_INFINITY
        const step = Math.min(lasts, most)
        if (reset - since <= step && reset - since < lasts) {
          // the bucket is filled in mid-sprint
          level = Math.max(0, level - (reset - since))
          if (level < tally.lowest) tally.lowest = level
          sprinted += reset - since
          lasts -= reset - since
          since = reset
          level = size
          windows++
          continue
        }
        sprinted += step
        since += step
        ends = lasts <= most
        level = ends ? Math.min(size, Math.max(0, level - step * drain)) : 0
        if (level < tally.lowest) tally.lowest = level
        break
      }
      if (i >= warm) tally.sprinting += sprinted
      if (ends) {
        end = since
        break
      }
      ranOut = true
      done += gain(sprinted, quick, speed)
      now = since
      if (!resumes) on = Number.POSITIVE_INFINITY
    }
    if (ranOut && i >= warm) tally.exhausted++
    response[i] = end - arrival
    if (i >= warm) tally.responses += end - arrival
  }
  tally.last = end
}

/** Whole windows that have passed by `time`, at least `known`: exact where time is a multiple that was computed as (n + 1) · window. */
function windowsBy(time: number, window: number, known: number): number {
  let n = Math.max(known, Math.floor(time / window))
  while ((n + 1) * window <= time) n++
  return n
}

/** Work done in so long a sprint of which the first `quick` of work goes faster. */
function gain(seconds: number, quick: number, speed: number): number {
  if (quick <= 0) return seconds
  return seconds * speed <= quick ? seconds * speed : quick + (seconds - quick / speed)
}

const PLAIN = 0
const SPRINTING = 1
/** Would sprint, but the bucket holds less than the threshold. */
const HUNGRY = 2

/** Several servers and one bucket, event by event; the servers are looked through at each. */
function manyServers(
  arrivals: Float64Array,
  works: Float64Array,
  { speed, timeout, fromArrival, size, window, refill, resets, resumes, threshold, share }: Rules,
  servers: number,
  warm: number,
  response: Float64Array,
  tally: Tally,
  space: Workspace,
): void {
  const count = arrivals.length
  const query = space.int32('server query', servers).fill(-1)
  const mode = space.uint8('server mode', servers)
  const done = space.float64('server done', servers)
  const since = space.float64('server since', servers)
  const endAt = space.float64('server end', servers).fill(Number.POSITIVE_INFINITY)
  const timerAt = space.float64('server timer', servers).fill(Number.POSITIVE_INFINITY)
  const ranOut = space.uint8('server ran out', servers)
  let busy = 0
  let sprinting = 0
  let hungry = 0
  let level = size
  let levelAt = 0
  let windows = 0
  let next = 0
  let finished = 0
  let before = 0
  while (finished < count) {
    // the next event: an end, then the bucket, a timer, an arrival that finds a server free
    let now = Number.POSITIVE_INFINITY
    let kind = 0
    let which = -1
    for (let k = 0; k < servers; k++) {
      if (endAt[k] < now) {
        now = endAt[k]
        which = k
      }
    }
    let bucketAt = Number.POSITIVE_INFINITY
    const slope = refill - sprinting
    if (sprinting > 0 && slope < 0) bucketAt = levelAt + level / -slope
    else if (hungry > 0 && slope > 0) bucketAt = levelAt + Math.max(0, threshold - level) / slope
    const reset = resets ? (windows + 1) * window : Number.POSITIVE_INFINITY
    if (sprinting + hungry > 0 && reset < bucketAt) bucketAt = reset
    if (bucketAt < now) {
      now = bucketAt
      kind = 1
    }
    for (let k = 0; k < servers; k++) {
      if (timerAt[k] < now) {
        now = timerAt[k]
        which = k
        kind = 2
      }
    }
    if (next < count && busy < servers) {
      const arrival = arrivals[next]
      checkOrder(arrival, before)
      if (arrival < now) {
        now = arrival
        kind = 3
      }
    }
    // the bucket up to now
    const filled = now >= reset
    if (filled) {
      level = Math.max(0, level - sprinting * (reset - levelAt))
      if (level < tally.lowest) tally.lowest = level
      level = size
      windows = windowsBy(now, window, windows + 1)
    } else level = Math.min(size, Math.max(0, level + slope * (now - levelAt)))
    levelAt = now
    if (level < tally.lowest) tally.lowest = level
    let starts = -1
    if (kind === 0) {
      const i = query[which]
      if (mode[which] === SPRINTING) {
        sprinting--
        if (i >= warm) tally.sprinting += now - since[which]
      } else if (mode[which] === HUNGRY) hungry--
      if (ranOut[which] === 1 && i >= warm) tally.exhausted++
      response[i] = now - arrivals[i]
      if (i >= warm) tally.responses += response[i]
      if (now > tally.last) tally.last = now
      finished++
      busy--
      query[which] = -1
      endAt[which] = Number.POSITIVE_INFINITY
      timerAt[which] = Number.POSITIVE_INFINITY
      mode[which] = PLAIN
      if (next < count) {
        checkOrder(arrivals[next], before)
        if (arrivals[next] <= now) starts = which
      }
    } else if (kind === 3) {
      for (starts = 0; query[starts] >= 0; ) starts++
    } else if (kind === 2) {
      timerAt[which] = Number.POSITIVE_INFINITY
      mode[which] = HUNGRY
      hungry++
    } else if (sprinting > 0 && slope < 0 && !filled) {
      level = 0
      tally.lowest = 0
      for (let k = 0; k < servers; k++) {
        if (mode[k] !== SPRINTING) continue
        const i = query[k]
        const sprinted = now - since[k]
        if (i >= warm) tally.sprinting += sprinted
        done[k] += gain(sprinted, share * works[i] - done[k], speed)
        since[k] = now
        endAt[k] = now + (works[i] - done[k])
        ranOut[k] = 1
        mode[k] = resumes ? HUNGRY : PLAIN
        if (resumes) hungry++
      }
      sprinting = 0
    } else level = Math.max(level, threshold)
    if (starts >= 0) {
      const i = next++
      before = arrivals[i]
      query[starts] = i
      busy++
      done[starts] = 0
      since[starts] = now
      endAt[starts] = now + works[i]
      ranOut[starts] = 0
      const on = (fromArrival ? before : now) + timeout
      if (on <= now) {
        mode[starts] = HUNGRY
        hungry++
      } else timerAt[starts] = on
    }
    if (hungry > 0 && level >= threshold) {
      for (let k = 0; k < servers; k++) {
        if (mode[k] !== HUNGRY) continue
        mode[k] = SPRINTING
        sprinting++
        const work = works[query[k]]
        done[k] += now - since[k]
        since[k] = now
        const left = work - done[k]
        const quick = share * work - done[k]
        endAt[k] = now + (quick > 0 ? quick / speed + (left - quick) : left)
      }
      hungry = 0
    }
  }
}
