/**
 * When will my job start? Asked of recorded queues at random moments, of everybody who waited then (at most 100 a moment, evenly through the queue), and
 * compared with what came:
 *
 * eta          run times from history, the queue played forward, corrected by how that fared at earlier moments
 * as played    the same without the correction
 * limits       the queue played forward once on the requested limits, without later arrivals: what schedulers answer themselves (sbatch --test-only, squeue --start)
 * last waits   the waits of the last 200 starts of jobs of like size (of all sizes where there are fewer than 20), given that they were longer than this job has waited
 * now          it starts at once
 *
 * History is what was known strictly before the moment. Every moment counts the same: shares are means over moments of the share of its jobs; errors are medians over
 * all jobs. Points have no ranges. RICC’s policy is not known and its slots in use pass its 8,192 processors at times, so it shows what a queue with unknown rules costs; in the
 * sample (made up, first come first served) the policy is known. Developed on RICC’s days 40 to 75; the saved rows are of days 95 to 150, which were not looked at before.
 * Google’s jobs of the first 21 days and Philly are left out: the share of Google’s jobs that waited over a minute is printed (too few for a queue, and how many tasks
 * a job has is recorded for one day only), Philly’s extract records no starts.
 *
 * Needs ../shared/data for RICC; says so where it is absent. `--moments=N` asks at so many moments, `--window=dev` uses the days it was developed on.
 */
import { existsSync } from 'node:fs'
import { isRefusal } from 'halftone/model'
import { quantile, Rng } from 'halftone/num'
import {
  answerEta,
  crpsOfLog,
  type History,
  historyOfTrace,
  lawOf,
  learnQueue,
  momentAt,
  NO_CORRECTION,
  type PastMoment,
  playerFor,
  policyNamed,
  type QueueModel,
} from 'halftone/study'
import { readTrace } from 'halftone/trace'
import { save } from '../save.js'

const DATA = '../shared/data'
const argument = (name: string): string | undefined => process.argv.find((one) => one.startsWith(`--${name}=`))?.split('=')[1]
const MOMENTS = Number(argument('moments') ?? 24)
const DEVELOPED = argument('window') === 'dev'
const LEVELS = [0.05, 0.25, 0.5, 0.75, 0.95]
const JOBS_OF_A_MOMENT = 100
const HOUR = 3600

interface Case {
  readonly name: string
  readonly file: string
  readonly slots: number
  /** Days of the trace that moments are drawn from. */
  readonly days: readonly [number, number]
  readonly timeZone?: string
}

const cases: readonly Case[] = [
  { name: 'RICC', file: `${DATA}/ricc/RICC-2010-2.swf.gz`, slots: 8192, days: DEVELOPED ? [40, 75] : [95, 150] },
  { name: 'sample', file: 'examples/sample/jobs.sacct.gz', slots: 112, days: DEVELOPED ? [8, 14] : [14, 20] },
]

/** A forecast of one job: five quantiles, or a point. */
type Forecast = readonly number[]
interface Tally {
  readonly half: number[]
  readonly most: number[]
  readonly errors: number[]
  readonly factors: number[]
  readonly crps: number[]
  readonly widths: number[]
}

function ask(
  moment: PastMoment,
  slots: number,
): { model: QueueModel; forecasts: Record<string, Forecast[]>; seconds: number } | undefined {
  const known = moment.known()
  const begun = performance.now()
  const model = learnQueue(known, moment.atSeconds, slots, { seed: 1 })
  if (isRefusal(model)) return undefined
  const observation = { atSeconds: moment.atSeconds, nodes: [], jobs: [] }
  const starts = (one: QueueModel): Forecast[] => {
    const answer = answerEta({ observation }, moment.queue, one, { begun, learnSeconds: 0 })
    if (isRefusal(answer)) throw new Error(answer.message)
    return answer.jobs
      .filter(({ state }) => state === 'pending')
      .map(({ start }) => [start!.p5, start!.p25, start!.p50, start!.p75, start!.p95])
  }
  const eta = starts(model)
  const seconds = (performance.now() - begun) / 1000
  return {
    model,
    seconds,
    forecasts: {
      eta,
      'as played': starts({ ...model, correction: NO_CORRECTION }),
      limits: byLimits(model, moment),
      'last waits': lastWaits(known, moment),
      now: moment.queue.waiting.map(() => [0]),
    },
  }
}

function byLimits(model: QueueModel, { queue }: PastMoment): Forecast[] {
  const runs = Float64Array.from([...queue.running, ...queue.waiting], ({ seen, ranSeconds = 0 }) =>
    Math.max(seen.limitSeconds ?? model.longestSeconds, ranSeconds + 1),
  )
  const none = new Float64Array(0)
  const nobody = {
    count: 0,
    arrival: none,
    runSeconds: none,
    slots: new Int32Array(0),
    limitSeconds: none,
    user: new Int32Array(0),
    queue: new Int32Array(0),
  }
  const { start } = playerFor(model, queue, policyNamed(model.discipline.name)).play(runs, nobody)
  return queue.waiting.map((_, i) => [start[queue.running.length + i]!])
}

function lastWaits(known: History, { queue, atSeconds }: PastMoment): Forecast[] {
  const started: { at: number; wait: number; size: number }[] = []
  for (let i = 0; i < known.count; i++) {
    const at = known.startSeconds[i]!
    if (at < atSeconds) started.push({ at, wait: at - known.submitSeconds[i]!, size: Math.ceil(Math.log2(known.slots[i]!)) })
  }
  started.sort((a, b) => b.at - a.at)
  const bySize = new Map<number, number[]>()
  for (const { size, wait } of started) {
    const waits = bySize.get(size) ?? []
    if (waits.length < 200) waits.push(wait)
    bySize.set(size, waits)
  }
  const all = started.slice(0, 200).map(({ wait }) => wait)
  return queue.waiting.map(({ slots, seen }) => {
    const waited = atSeconds - seen.submitSeconds
    const alike = bySize.get(Math.ceil(Math.log2(slots))) ?? []
    const longer = (alike.length >= 20 ? alike : all).filter((wait) => wait > waited).map((wait) => wait - waited)
    // none of them waited so long: as long again as it has waited
    const left = Float64Array.from(longer.length > 0 ? longer : [waited]).sort()
    return LEVELS.map((level) => quantile(left, level))
  })
}

function score(tallies: Map<string, Tally>, name: string, forecasts: readonly Forecast[], waits: Float64Array): void {
  const tally = tallies.get(name) ?? { half: [], most: [], errors: [], factors: [], crps: [], widths: [] }
  tallies.set(name, tally)
  const every = Math.max(1, forecasts.length / JOBS_OF_A_MOMENT)
  const asked = Array.from({ length: Math.min(forecasts.length, JOBS_OF_A_MOMENT) }, (_, k) => Math.floor(k * every))
  const mean = (of: (i: number) => number): number => asked.reduce((sum, i) => sum + of(i), 0) / asked.length
  const range = (i: number): readonly number[] =>
    forecasts[i]!.length === 1 ? LEVELS.map(() => forecasts[i]![0]!) : forecasts[i]!
  tally.half.push(mean((i) => (waits[i]! >= range(i)[1]! && waits[i]! <= range(i)[3]! ? 1 : 0)))
  tally.most.push(mean((i) => (waits[i]! >= range(i)[0]! && waits[i]! <= range(i)[4]! ? 1 : 0)))
  tally.crps.push(
    mean((i) =>
      crpsOfLog(
        lawOf(
          range(i).map((x) => x / 60),
          [0.15, 0.225, 0.25, 0.225, 0.15],
        ),
        waits[i]! / 60,
      ),
    ),
  )
  for (const i of asked) {
    const middle = range(i)[2]!
    tally.errors.push(Math.abs(middle - waits[i]!))
    tally.factors.push(Math.abs(Math.log1p(middle / 60) - Math.log1p(waits[i]! / 60)))
    tally.widths.push(range(i)[4]! - range(i)[0]!)
  }
}

const median = (values: readonly number[]): number => quantile(Float64Array.from(values).sort(), 0.5)
const meanOf = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length
const rows: Record<string, string | number>[] = []
for (const { name, file, slots, days } of cases) {
  if (!existsSync(file)) {
    process.stdout.write(`${name} left out: there is no ${file}\n`)
    continue
  }
  const read = await readTrace(file)
  if (!read.ok) throw new Error(`${file} cannot be read`)
  const history = historyOfTrace(read.trace)
  const first = history.submitSeconds[0]!
  const rng = new Rng(7, `moments of ${name}`)
  const tallies = new Map<string, Tally>()
  const waitsSeen: number[] = []
  const [took, named]: [number[], Map<string, number>] = [[], new Map()]
  let jobs = 0
  for (let m = 0; m < MOMENTS; m++) {
    const at = first + 86_400 * (days[0] + (days[1] - days[0]) * rng.uniform())
    const moment = momentAt(history, at, Number.POSITIVE_INFINITY, slots)
    const asked = moment && ask(moment, slots)
    if (!moment || !asked) continue
    for (const [who, forecasts] of Object.entries(asked.forecasts)) score(tallies, who, forecasts, moment.waits)
    jobs += Math.min(JOBS_OF_A_MOMENT, moment.waits.length)
    waitsSeen.push(median([...moment.waits]))
    took.push(asked.seconds)
    const chosen = `${asked.model.discipline.name}, ${asked.model.correction.name}`
    named.set(chosen, (named.get(chosen) ?? 0) + 1)
    process.stdout.write(
      `${name} day ${((at - first) / 86_400).toFixed(1)}: ${moment.waits.length} waiting, ${chosen}, ${asked.seconds.toFixed(1)} s\n`,
    )
  }
  for (const [forecast, tally] of tallies) {
    const ranges =
      forecast === 'limits' || forecast === 'now'
        ? {}
        : {
            'in 50 %': Number(meanOf(tally.half).toFixed(3)),
            'in 90 %': Number(meanOf(tally.most).toFixed(3)),
            'width h': Number((median(tally.widths) / HOUR).toFixed(2)),
          }
    rows.push({
      trace: name,
      days: days.join('–'),
      forecast,
      moments: took.length,
      jobs,
      'median wait h': Number((median(waitsSeen) / HOUR).toFixed(2)),
      'error h': Number((median(tally.errors) / HOUR).toFixed(2)),
      'off by ×': Number(Math.exp(median(tally.factors)).toFixed(2)),
      CRPS: Number(meanOf(tally.crps).toFixed(3)),
      ...ranges,
      ...(forecast === 'eta'
        ? { seconds: Number(median(took).toFixed(1)), chosen: [...named].map(([what, n]) => `${what}: ${n}`).join('; ') }
        : {}),
    })
  }
}
const google = `${DATA}/google2011/jobs.csv.gz`
const waited = existsSync(google) ? await readTrace(google) : undefined
if (waited?.ok) {
  const { count, submitSeconds, startSeconds } = historyOfTrace(waited.trace)
  const long = Array.from({ length: count }, (_, i) => startSeconds[i]! - submitSeconds[i]!).filter((wait) => wait > 60).length
  process.stdout.write(
    `Google: ${((100 * long) / count).toFixed(1)} % of ${count} jobs waited over a minute for their first task\n`,
  )
}
console.table(rows)
save(DEVELOPED ? 'quality/eta-developed' : 'quality/eta', rows, { moments: MOMENTS })
