/** How times that are not known yet are said: in a table, and in a sentence. */
import type { Eta, EtaJob, EtaRange } from '../model/index.js'
import { counted, duration, durationUnit, instant, NONE, number, percent } from './format.js'

/** A median time from now: `now`, `32 min`. */
export function fromNow(seconds: number | undefined): string {
  if (seconds === undefined) return NONE
  return Math.abs(seconds) < 1 ? 'now' : duration(seconds)
}

/** Two times in one unit: `1.2 – 4.5 h`. */
export function between(low: number, high: number): string {
  const unit = durationUnit(high)
  const short = (seconds: number): string => number(Math.round((100 * seconds) / unit.size) / 100, 2)
  return high < 1 ? 'now' : `${short(low)} – ${short(high)} ${unit.symbol}`
}

export const middleHalf = (range: EtaRange | undefined): string => (range === undefined ? NONE : between(range.p25, range.p75))
export const nineTenths = (range: EtaRange | undefined): string => (range === undefined ? NONE : between(range.p5, range.p95))

/** Seconds since 1970 rather than since some beginning: after 1973. */
export const isWallClock = (seconds: number): boolean => seconds > 1e8

/** Where the queue is on the clock, for a heading. */
export function momentInWords(atSeconds: number): string {
  return isWallClock(atSeconds) ? `${instant(atSeconds)} UTC` : `${duration(atSeconds)} into the log`
}

/** The answer in a sentence or two. */
export function etaInWords({ jobs, cluster }: Eta): string {
  const waiting = jobs.filter(({ start }) => start !== undefined)
  const running = jobs.filter(({ state }) => state === 'running')
  if (jobs.length === 1) return jobInWords(jobs[0]!)
  const never = jobs.filter((job) => job.never !== undefined)
  const busy = `${counted(running.length, 'job runs', 'jobs run')} on ${counted(cluster.busySlots, 'slot')} of ${cluster.slots}`
  if (waiting.length === 0) return `${busy}; nobody waits for slots.`
  const last = waiting.reduce((a, b) => (b.start!.p50 > a.start!.p50 ? b : a))
  const next = waiting.filter(({ start }) => start!.p50 <= 3600).length
  return `${busy}, ${counted(waiting.length, 'waits', 'wait')}. ${counted(next, 'starts', 'start')} within an hour in the median; the last, ${last.id}, in ${fromNow(last.start!.p50)} (90 %: ${nineTenths(last.start)}).${never.length > 0 ? ` ${counted(never.length, 'job gets', 'jobs get')} no time.` : ''}`
}

function jobInWords({ id, state, start, end, never }: EtaJob): string {
  if (never) return `Job ${id}: ${never.message}.`
  const ends = end
    ? `ends in ${fromNow(end.p50)} (half of the futures: ${middleHalf(end)}; 90 %: ${nineTenths(end)})`
    : 'has no end in sight'
  if (state === 'running') return `Job ${id} runs and ${ends}.`
  if (start === undefined) return `Job ${id} gets no time.`
  return `Job ${id} starts in ${fromNow(start.p50)} (half of the futures: ${middleHalf(start)}; 90 %: ${nineTenths(start)}) and ${ends}.`
}

/** How far to trust it: what was learned, and how it fared where it could be checked. */
export function etaTrust({ runTimes, discipline, correction, arrivals, cost }: Eta): string[] {
  const out: string[] = []
  const score = runTimes.scores?.find(({ name }) => name === runTimes.name)
  const limit = runTimes.scores?.find(({ name }) => name === 'limit')
  out.push(
    score === undefined
      ? `Run times: ${RUN_TIMES[runTimes.name] ?? runTimes.name}, from ${counted(runTimes.jobs, 'job')} that ended; too few to check it on.`
      : `Run times: ${RUN_TIMES[runTimes.name] ?? runTimes.name}, from ${counted(runTimes.jobs, 'job')} that ended. On ${counted(runTimes.tested!, 'later job')} the median was off by a factor of ${number(score.medianFactor)} (the requested limit: ${number(limit?.medianFactor)}); its 90 % ranges held ${percent(score.covered90, 2)}.`,
  )
  const tried = discipline.tried?.map((one) => `${one.discipline} ${number(one.medianFactor)}`).join(', ')
  out.push(
    `Discipline: ${discipline.name}, ${FROM[discipline.from]}${tried ? ` (recorded starts of ${counted(discipline.jobs ?? 0, 'wait')} missed, in the median, by a factor of: ${tried})` : ''}.`,
  )
  const held = correction.scores?.find(({ name }) => name === correction.name)
  const raw = correction.scores?.find(({ name }) => name === 'none')
  if (held)
    out.push(
      `Times to start were checked at ${counted(correction.moments ?? 0, 'past moment')} (${counted(correction.waits ?? 0, 'wait')}); ${CORRECTIONS[correction.name]}. On the later of them its 90 % ranges held ${percent(held.covered90, 2)} and its 50 % ranges ${percent(held.covered50, 2)}${correction.name === 'none' ? '' : `; as played ${percent(raw?.covered90, 2)} and ${percent(raw?.covered50, 2)}`}.${stretched(correction.widened)}`,
    )
  if (arrivals.from === 'history') out.push('Later arrivals are those of an earlier day at the same hour, drawn.')
  out.push(
    `${counted(cost.futures, 'future')} in ${duration(cost.wallSeconds)}, of which learning took ${duration(cost.learnSeconds)}.`,
  )
  return out
}

function stretched(widened: Eta['correction']['widened']): string {
  const { half, most } = widened ?? { half: 1, most: 1 }
  if (half < 1.05 && most < 1.05) return ''
  return ` So the 90 % ranges shown are stretched by ${number(most, 2)}, the 50 % ranges by ${number(half, 2)}.`
}

const RUN_TIMES: Readonly<Record<string, string>> = {
  similar: 'those of the most similar jobs',
  forest: 'a quantile forest on what similar jobs did',
  'last-two': 'the mean of the user’s last two',
  limit: 'the requested limits',
}

const FROM: Readonly<Record<Eta['discipline']['from'], string>> = {
  given: 'as said',
  observed: 'as the cluster says',
  inferred: 'the nearest of those tried on the history',
  assumed: 'assumed',
}

const CORRECTIONS: Readonly<Record<Eta['correction']['name'], string>> = {
  none: 'no correction did better than as played',
  shift: 'each quantile is moved as far as it was off there',
  forest: 'a quantile forest corrects what was played by what it missed there',
}
