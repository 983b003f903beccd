import type { Characterisation, Distribution, Skew } from '../model/index.js'
import { bytes, compact, count, counted, duration, instant, NONE, number, percent } from './format.js'
import { listed } from './measures.js'

/** Words and figures that the terminal and the page of a characterisation share. */

const UNITS = {
  job: ['job', 'jobs'],
  'task-attempt': ['task attempt', 'task attempts'],
  request: ['request', 'requests'],
} as const

export const rowsOf = (c: Characterisation, n: number): string => counted(n, UNITS[c.source.unit][0], UNITS[c.source.unit][1])
export const rowWords = (c: Characterisation): string => UNITS[c.source.unit][1]

/** True where rows hold slots that say something: requests hold one place each, whatever they ask for. */
export const slotted = (c: Characterisation): boolean =>
  c.definitions.resource === 'slot-seconds' && c.source.slotUnit !== 'request'

/** True where rows differ in size, so that sizes are worth showing. */
export const sized = (c: Characterisation): boolean => c.sizes !== null && c.sizes.distribution.min < c.sizes.distribution.max

/** `GPU-time`, `processor-time`; `run time` where the trace has no slots. */
export const resourceWord = (c: Characterisation): string => (slotted(c) ? `${c.source.slotUnit}-time` : 'run time')

/** An amount of resource-time in hours: `12,300 GPU-h`. */
export function resource(c: Characterisation, seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined) return NONE
  return `${compact(seconds / 3600)} ${slotted(c) ? `${c.source.slotUnit}-h` : 'h'}`
}

export const fileName = (path: string): string => path.split(/[\\/]/).at(-1) || path

/** The trace’s own name for an instant: a date where it has a calendar, a time since its start otherwise. */
export function moment(c: Characterisation, seconds: number | null): string {
  if (seconds === null) return NONE
  const { kind, originUnixSeconds, timeZone } = c.source.clock
  if (kind === 'unix' && originUnixSeconds !== null) return instant(originUnixSeconds + seconds, timeZone ?? 'UTC')
  return seconds === 0 ? 'its start' : `${duration(seconds)} after its start`
}

/** What the file is, one fact a row. */
export function sourceFacts(c: Characterisation): (readonly [string, string])[] {
  const { source } = c
  const zone =
    source.clock.kind === 'unix'
      ? (source.clock.timeZone ?? 'UTC')
      : 'seconds from its own start; the hour of the day is not known'
  return [
    ['file', source.path],
    ['format', `${source.format}, ${bytes(source.bytes)}`],
    ['rows', `${count(source.rows)}, of which ${count(source.used)} used as ${rowWords(c)}`],
    [
      'submitted',
      source.firstSubmitSeconds === null
        ? NONE
        : `from ${moment(c, source.firstSubmitSeconds)} to ${moment(c, source.lastSubmitSeconds)}`,
    ],
    ['clock', zone],
  ]
}

/** The study in one or two sentences. */
export function characterisationInWords(c: Characterisation): string {
  const { arrivals, durations, waiting, outcomes, skew } = c
  const span = arrivals && arrivals.window.spanSeconds > 0 ? ` over ${duration(arrivals.window.spanSeconds)}` : ''
  const rate = arrivals?.meanPerHour ? ` (${number(arrivals.meanPerHour)} an hour)` : ''
  const first = `${rowsOf(c, c.source.used)}${span}${rate}`
  const runs =
    durations &&
    `half of them run for at most ${duration(durations.overall.quantiles.p50)}, 1 % for more than ${duration(durations.overall.quantiles.p99)}`
  const waits =
    waiting &&
    waiting.overall.mean > 0 &&
    `the median wait is ${duration(waiting.overall.quantiles.p50)} and the mean ${duration(waiting.overall.mean)}`
  const top = skew.rowsByResource?.topOne
  const heavy = top !== null && top !== undefined && `the largest 1 % take ${percent(top, 2)} of the ${resourceWord(c)}`
  const failed = outcomes?.rows.find((row) => row.outcome === 'fail')
  const fails =
    failed &&
    failed.share > 0 &&
    `${percent(failed.share, 2)} fail${failed.resourceShare === null ? '' : `, with ${percent(failed.resourceShare, 2)} of the ${resourceWord(c)}`}`
  const facts = [runs, waits, heavy, fails].filter((s): s is string => typeof s === 'string')
  return `${first}${facts.length === 0 ? '.' : `: ${facts.join('; ')}.`}`
}

/** What a reader should know before trusting a figure, beside the caveats. */
export function trustInWords(c: Characterisation): string[] {
  const { source, censored, issues } = c
  const unused = source.rows - source.used
  const met = issues.reduce((sum, issue) => sum + issue.count, 0)
  const gone = [
    ...(censored.started > 0 ? [`${count(censored.started)} started and have no end`] : []),
    ...(censored.neverStarted > 0 ? [`${count(censored.neverStarted)} have neither start nor run time`] : []),
    ...(censored.negativeWait > 0 ? [`${count(censored.negativeWait)} start before they were submitted`] : []),
    ...(censored.negativeRun > 0 ? [`${count(censored.negativeRun)} end before they start`] : []),
  ]
  return [
    `Counts and quantiles are exact over the ${rowsOf(c, source.used)} read${unused > 0 ? `; ${counted(unused, 'row')} of the file could not be used` : ''}. What they say of other periods is not in them.`,
    ...(gone.length > 0 ? [`Of these, ${listed(gone)}.`] : []),
    ...(met > 0 ? [`${counted(met, 'issue')} met in reading, each listed.`] : []),
    ...(c.notDerivable.length > 0
      ? [
          `${counted(c.notDerivable.length, 'figure')} of the checklist cannot be had from this trace, each listed with the reason.`,
        ]
      : []),
  ]
}

export interface Summary {
  readonly name: string
  readonly distribution: Distribution
  readonly show: (x: number) => string
}

/** The samples of the study, each with how its values are shown. */
export function summaries(c: Characterisation): Summary[] {
  const of = (name: string, distribution: Distribution | null | undefined, show: (x: number) => string): Summary[] =>
    distribution ? [{ name, distribution, show }] : []
  const plain = (x: number): string => number(x)
  return [
    ...of('run time', c.durations?.overall, duration),
    ...of('wait', c.waiting?.overall, duration),
    ...of('response (wait + run)', c.response, duration),
    ...of('time between arrivals', c.arrivals?.interarrival?.distribution, duration),
    ...of('bounded slowdown', c.slowdown?.bounded, plain),
    ...of(`${c.source.slotUnit}s asked for`, sized(c) ? c.sizes?.distribution : null, plain),
    ...of(resourceWord(c), slotted(c) ? c.work?.distribution : null, duration),
    ...of('tasks a job', c.fanOut?.tasksPerJob, plain),
    ...of('attempts', c.outcomes?.attempts?.distribution, plain),
    ...of('run time to failure', c.outcomes?.runTimeToFailure, duration),
    ...of('run time estimated', c.estimates?.estimateSeconds, duration),
    ...of('run time / estimate', c.estimates?.accuracy, plain),
    ...of(`CPU asked for${unit(c.heterogeneity.cpuUnit)}`, c.heterogeneity.cpu, plain),
    ...of(`memory asked for${unit(c.heterogeneity.memoryUnit)}`, c.heterogeneity.memory, plain),
  ]
}

const unit = (symbol: string | null): string => (symbol === null ? '' : ` (${symbol})`)

export const SUMMARY_HEADS = ['count', 'mean', 'p50', 'p90', 'p95', 'p99', 'max', 'SCV'] as const

/** The cells of one sample under SUMMARY_HEADS. */
export function summaryCells(d: Distribution, show: (x: number) => string): string[] {
  const { p50, p90, p95, p99 } = d.quantiles
  return [count(d.count), show(d.mean), show(p50), show(p90), show(p95), show(p99), show(d.max), number(d.scv)]
}

/** Every measure of unevenness that the study has. */
export function skews(c: Characterisation): { readonly name: string; readonly skew: Skew }[] {
  const rows = rowWords(c)
  const time = resourceWord(c)
  const of = (name: string, skew: Skew | null | undefined): { name: string; skew: Skew }[] => (skew ? [{ name, skew }] : [])
  return [
    ...of(`${time} over ${rows}`, c.skew.rowsByResource),
    ...of(`${rows} over users`, c.skew.usersByRows),
    ...of(`${time} over users`, c.skew.usersByResource),
    ...of(`${rows} over queues`, c.queues?.byRows),
    ...of(`${time} over queues`, c.queues?.byResource),
    ...of(`${rows} over names`, c.names?.skew),
    ...of(`${rows} over machines`, c.heterogeneity.machines?.byRows),
    ...of(`${time} over machines`, c.heterogeneity.machines?.byResource),
  ]
}

/** Figures that stand alone, as sentences. */
export function remarks(c: Characterisation): string[] {
  const rows = rowWords(c)
  const { names, estimates, queues, sizes, outcomes, waiting, durations } = c
  return [
    ...(durations && durations.lastsOverDayShare > 0
      ? [
          `${percent(durations.lastsOverDayShare)} of ${rows} run for over a day, ${percent(durations.lastsOverWeekShare)} for over a week.`,
        ]
      : []),
    ...(sizes && !sized(c) && slotted(c)
      ? [`Every one of the ${rows} asks for ${counted(sizes.distribution.min, c.source.slotUnit)}.`]
      : []),
    ...(sizes?.sharing
      ? [`${percent(sizes.sharing.share)} of ${rows} (${count(sizes.sharing.rows)}) hold part of a ${c.source.slotUnit}.`]
      : []),
    ...(outcomes?.attempts ? [`${percent(outcomes.attempts.moreThanOneShare)} of ${rows} were tried more than once.`] : []),
    ...(waiting?.split
      ? [
          `Of the ${count(waiting.split.waitedRows)} ${rows} that waited, ${percent(waiting.split.roomShare)} were submitted while as many of the ${count(waiting.split.capacitySlots)} slots as they asked for were free: they waited for rules or for fitting, not for room.`,
        ]
      : []),
    ...(names
      ? [
          `${percent(names.recurringShare)} of named ${rows} have a name that occurs at least twice, ${percent(names.fiveTimesShare)} one that occurs at least five times (${count(names.distinct)} names).`,
        ]
      : []),
    ...(queues ? [`${counted(queues.distinct, 'queue')}; the largest has ${number(queues.largestToMean)} times the mean.`] : []),
    ...(estimates
      ? [
          `${count(estimates.distinct)} different run-time estimates${estimates.overrunShare === null ? '' : `; ${percent(estimates.overrunShare)} of ${rows} ran longer than estimated`}${estimates.withinTenPercentShare === null ? '' : `, ${percent(estimates.withinTenPercentShare)} within a tenth of the estimate`}.`,
        ]
      : []),
  ]
}

export const HOURS = Array.from({ length: 24 }, (_, i) => String(i))
const WEEKDAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun']

/** Names of the seven days: of the week where the trace has a calendar, numbered from its start otherwise. */
export const dayNames = (c: Characterisation): string[] =>
  c.arrivals?.clock === 'local-time' ? WEEKDAYS : WEEKDAYS.map((_, i) => `day ${i + 1}`)

/** Values of a series joined into at most `most` bins by their mean: what fits a line of the terminal. */
export function condensed(values: readonly number[], most: number): number[] {
  if (values.length <= most) return [...values]
  const every = Math.ceil(values.length / most)
  const means: number[] = []
  for (let i = 0; i < values.length; i += every) {
    const bin = values.slice(i, i + every)
    means.push(bin.reduce((sum, v) => sum + v, 0) / bin.length)
  }
  return means
}
