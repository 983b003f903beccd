/**
 * What of a waiting job and its queue goes with how long it still waits, beside what the played futures say. Schedulers have rules that no log tells: caps on
 * what a user may run at once, reservations, quotas. They show in how fast a user’s jobs began lately, and in what is ahead of a job among its
 * user’s own.
 */
import { type Table, tableOf } from '../../learn/index.js'
import { quantile } from '../../num/index.js'
import type { History } from './history.js'
import { quantileOfLaw, type RunTimeLaw } from './law.js'
import type { Queue, QueueJob } from './queue.js'

const NAMES = [
  'played low',
  'played middle',
  'played high',
  'waited',
  'slots',
  'limit',
  'free share',
  'slots ahead',
  'own running slots',
  'own slots ahead',
  'own drain',
  'own pace',
  'pace',
  'own last waits',
  'last waits',
  'hour',
] as const

/** The rows of the waiting jobs as a table. */
export function featureTable(rows: readonly (readonly number[])[]): Table {
  return tableOf(Object.fromEntries(NAMES.map((name, c) => [name, Float64Array.from(rows, (row) => row[c]!)])))
}

/** How far back starts are counted, and how many last waits are looked at. */
const PACE_SECONDS = 6 * 3600
const LAST_WAITS = 15
/** Longer than this is alike: no pace, no end in sight. */
const FOREVER = 30 * 86_400

/**
 * Features of every waiting job, in the order of the queue. `history` must be as known at the moment; `played` has the 5 %, 50 % and 95 % quantiles of the time to start.
 */
export function featuresOfQueue(
  queue: Queue,
  history: History,
  laws: ReadonlyMap<string, RunTimeLaw>,
  played: readonly (readonly [number, number, number])[],
): number[][] {
  const now = queue.atSeconds
  const recent = lately(history, now)
  const own = new Map<string, { running: number; drain: number; jobs: number; slots: number }>()
  const of = (job: QueueJob) => {
    const user = job.seen.user ?? ''
    if (!own.has(user)) own.set(user, { running: 0, drain: 0, jobs: 0, slots: 0 })
    return own.get(user)!
  }
  const middle = ({ seen, ranSeconds = 0 }: QueueJob): number => Math.max(60, quantileOfLaw(laws.get(seen.id)!, 0.5) - ranSeconds)
  for (const job of queue.running) {
    const mine = of(job)
    mine.running += job.slots
    mine.drain += job.slots * middle(job)
  }
  const log = (seconds: number): number => Math.log1p(Math.min(Math.max(0, seconds), FOREVER) / 60)
  let slotsAhead = 0
  return queue.waiting.map((job, place) => {
    const mine = of(job)
    const user = recent.users.get(job.traits.user)
    const row = [
      ...played[place]!.map(log),
      log(now - job.seen.submitSeconds),
      Math.log2(job.slots),
      log(job.seen.limitSeconds ?? FOREVER),
      Math.max(0, 1 - queue.busySlots / queue.slots),
      Math.log2(1 + slotsAhead),
      Math.log2(1 + mine.running),
      Math.log2(1 + mine.slots),
      log(mine.drain / Math.max(mine.running, job.slots)),
      log(user === undefined ? FOREVER : ((mine.jobs + 1) * PACE_SECONDS) / user.starts),
      log(recent.starts === 0 ? FOREVER : ((place + 1) * PACE_SECONDS) / recent.starts),
      log(user?.waited ?? recent.waited),
      log(recent.waited),
      (now / 3600) % 24,
    ]
    slotsAhead += job.slots
    mine.slots += job.slots
    mine.jobs++
    mine.drain += job.slots * middle(job)
    return row
  })
}

/** Starts of the last hours: how many, by whom, and how long the last of them had waited in the median. */
function lately(history: History, now: number) {
  const starts: { user: number; wait: number; at: number }[] = []
  // jobs that waited for long were submitted long ago: what started lately is looked for among all that were submitted in the last month
  for (let i = history.count - 1; i >= 0 && history.submitSeconds[i]! > now - FOREVER; i--) {
    const at = history.startSeconds[i]!
    if (at >= now - PACE_SECONDS && at < now) starts.push({ user: history.user[i]!, wait: at - history.submitSeconds[i]!, at })
  }
  starts.sort((a, b) => b.at - a.at)
  const byUser = new Map<number, number[]>()
  for (const { user, wait } of starts) byUser.set(user, [...(byUser.get(user) ?? []).slice(0, LAST_WAITS - 1), wait])
  const counts = new Map<number, number>()
  for (const { user } of starts) counts.set(user, (counts.get(user) ?? 0) + 1)
  const median = (waits: readonly number[]): number => (waits.length === 0 ? 0 : quantile(Float64Array.from(waits).sort(), 0.5))
  return {
    starts: starts.length,
    waited: median(starts.slice(0, 10 * LAST_WAITS).map(({ wait }) => wait)),
    users: new Map([...byUser].map(([user, waits]) => [user, { starts: counts.get(user)!, waited: median(waits) }])),
  }
}
