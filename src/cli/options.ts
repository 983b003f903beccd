import { type Command, InvalidArgumentError, Option } from 'commander'
import { type ClassRule, DISCIPLINES, type Goal, type Levers, type Policy } from '../model/index.js'

/** Options that every command with an answer has. */
export interface AnswerOptions {
  readonly json?: boolean
  readonly html?: string
  readonly out?: string
  readonly quiet?: boolean
}

export function addAnswerOptions(command: Command, what: { readonly html: boolean }): Command {
  command.option('--json', 'print JSON instead of the table').option('--out <file>', 'write the answer as JSON to a file')
  if (what.html) command.option('--html <file>', 'write the answer as a page with plots, one file that needs nothing else')
  return command.option('-q, --quiet', 'no progress on standard error')
}

/** How a trace is read. */
export interface TraceOptions {
  readonly format?: string
  readonly mapping?: string
  readonly timeZone?: string
  readonly strict?: boolean
}

export function addTraceOptions(command: Command): Command {
  return command
    .option('--format <name>', 'the format of the trace, where it is not to be recognised (halftone doctor lists them)')
    .option('--mapping <file>', 'YAML that says which column of a table is what (docs/formats.md)')
    .option('--strict', 'any row that has to be dropped or mended ends the command with 2; otherwise it is reported and counted')
    .option('--time-zone <zone>', 'the zone of the clock that the trace shows, such as Europe/Berlin')
}

/** How a trace becomes a workload and a scenario. */
export interface WorkloadCliOptions {
  readonly by?: ClassRule['by']
  readonly boundaries?: number[]
  readonly most?: number
  readonly arrivals?: 'replay' | 'poisson' | 'time-of-day' | 'map'
  readonly runTimes?: 'fit' | 'empirical'
  readonly divisible?: string
  readonly from?: string
  readonly to?: string
  readonly slots?: number
  readonly nodes?: string
  readonly placement?: Policy['placement']
  readonly resources?: 'slots' | 'all'
  readonly utilisation?: number
  readonly discipline?: Policy['discipline']
}

export function addWorkloadOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--by <column>', 'what tells classes of jobs apart').choices([
        'priority',
        'queue',
        'group',
        'user',
        'size',
        'all',
      ]),
    )
    .option('--boundaries <list>', 'for --by size and priority: upper bounds of all classes but the last, such as 1,8', numbers)
    .option('--most <n>', 'for --by queue, group and user: so many classes, the rest one class', whole)
    .addOption(
      new Option('--arrivals <law>', 'the trace’s own jobs, or a fitted law: steady, by hour of day, or bursty').choices([
        'replay',
        'poisson',
        'time-of-day',
        'map',
      ]),
    )
    .addOption(new Option('--run-times <law>', 'for fitted arrivals').choices(['fit', 'empirical']))
    .option('--divisible <classes>', 'classes that may run on a share of their data, or all')
    .option('--from <when>', 'only jobs submitted from then on: a date, or a time since the trace began, such as 35d')
    .option('--to <when>', 'only jobs submitted before then')
}

export function addClusterOptions(command: Command): Command {
  return command
    .option('--slots <n>', 'slots (GPUs, processors) of the cluster', whole)
    .option('--nodes <file>', 'or its nodes: a cluster (YAML or JSON), or an openb node list')
    .addOption(
      new Option('--placement <how>', 'one pool of slots, or jobs that must fit on nodes').choices(['pool', 'packed', 'spread']),
    )
    .addOption(
      new Option('--resources <which>', 'what jobs ask for: slots, or CPUs, memory and parts of slots too').choices([
        'slots',
        'all',
      ]),
    )
    .option('--utilisation <share>', 'or how busy it was on average: its size follows', share)
    .addOption(new Option('--discipline <name>', 'the discipline in force').choices([...DISCIPLINES]))
}

/** A measured table as the sprint lever. */
export interface SpeedTableOptions {
  readonly speedTable?: string
  readonly baseSetting?: number
  readonly idleWatts?: number
}

export function addSpeedTableOptions(command: Command): Command {
  return command
    .option(
      '--speed-table <file>',
      'clocks or power caps as measured: setting (power_limit, core_frequency), time of the same work, watts of a slot; gives the speeds of the sprint and the power of the cluster',
    )
    .option('--base-setting <n>', 'for --speed-table: the setting in normal use, the lowest unless given', amount)
    .option('--idle-watts <watts>', 'for --speed-table: what an idle slot draws', amount)
}

export function addSeed(command: Command): Command {
  return command.option('--seed <n>', 'seed of the simulations: same seed, same answer', whole, 1)
}

export function whole(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 0) throw new InvalidArgumentError('expected a whole number, 0 or above')
  return value
}

function amount(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || !(value >= 0 && Number.isFinite(value)))
    throw new InvalidArgumentError('expected a number, 0 or above')
  return value
}

export function positive(text: string): number {
  const value = whole(text)
  if (value === 0) throw new InvalidArgumentError('expected a whole number above 0')
  return value
}

export function share(text: string): number {
  const value = text.endsWith('%') ? Number(text.slice(0, -1)) / 100 : Number(text)
  if (!(value > 0 && value < 1)) throw new InvalidArgumentError('expected a share between 0 and 1, such as 0.8 or 80%')
  return value
}

export function numbers(text: string): number[] {
  const values = text.split(',').map(Number)
  if (values.some((value) => !Number.isFinite(value))) throw new InvalidArgumentError('expected numbers with commas between them')
  return values
}

const UNITS: Readonly<Record<string, number>> = { ms: 0.001, s: 1, sec: 1, m: 60, min: 60, h: 3_600, d: 86_400, w: 604_800 }

/** `90s`, `1.5h`, `20 min`, `300` as seconds; undefined where it is none of these. */
export function durationSeconds(text: string): number | undefined {
  const match = /^\s*(\d+(?:\.\d+)?(?:e[+-]?\d+)?)\s*([a-z]*)\s*$/i.exec(text)
  const unit = match?.[2] ? UNITS[match[2].toLowerCase()] : 1
  const value = Number(match?.[1])
  return unit === undefined || !Number.isFinite(value) ? undefined : value * unit
}

/** Collects the values of an option that may be given several times. */
export function collect(value: string, before: readonly string[] = []): string[] {
  return [...before, value]
}

const METRICS = {
  mean: 'meanResponseSeconds',
  p95: 'p95ResponseSeconds',
  p99: 'p99ResponseSeconds',
  loss: 'accuracyLossAtMost',
} as const

/** `interactive.p95=2h`, `training.loss=2%`: one target a text. Throws with the text where it cannot be read. */
export function goalOf(texts: readonly string[], minimise: Goal['minimise']): Goal {
  const classes: Record<string, Record<string, number>> = {}
  for (const text of texts) {
    const match = /^(.+)\.(mean|p95|p99|loss)\s*=\s*(.+)$/.exec(text)
    const metric = match?.[2] as keyof typeof METRICS | undefined
    const raw = match?.[3] ?? ''
    const value = metric === 'loss' ? (raw.endsWith('%') ? Number(raw.slice(0, -1)) / 100 : Number(raw)) : durationSeconds(raw)
    if (!match || metric === undefined || value === undefined || !Number.isFinite(value)) {
      throw new InvalidArgumentError(
        `--goal ${text}: expected CLASS.mean=TIME, CLASS.p95=TIME, CLASS.p99=TIME or CLASS.loss=SHARE, such as interactive.p95=2h`,
      )
    }
    const name = match[1]!
    classes[name] = { ...classes[name], [METRICS[metric]]: value }
  }
  return {
    schema: 'halftone/goal/1',
    classes: Object.fromEntries(Object.entries(classes).map(([name, targets]) => [name, { weight: 1, ...targets }])),
    minimise,
  }
}

/** `training=0.2:0.03`: may drop up to a fifth of its data, which loses 3 %. */
export function dropOf(
  text: string,
  before: Readonly<Record<string, { ratio: number; loss: number }>> = {},
): Record<string, { ratio: number; loss: number }> {
  const match = /^(.+)=([\d.]+):([\d.]+)$/.exec(text)
  const [ratio, loss] = [Number(match?.[2]), Number(match?.[3])]
  if (!match || !(ratio > 0 && ratio < 1) || !(loss >= 0 && loss <= 1)) {
    throw new InvalidArgumentError(
      'expected CLASS=RATIO:LOSS, such as training=0.2:0.03 (up to 20 % of its data, which loses 3 %)',
    )
  }
  return { ...before, [match[1]!]: { ratio, loss } }
}

/** A sprint whose speed, where it is absent, a measured table gives. */
export type AskedSprint = Omit<NonNullable<Levers['sprint']>, 'speed'> & { readonly speed?: number }

/**
 * `interactive=1.2:2h:0.1`: sprints at 1.2 times the speed, from a bucket of two hours that refills at 0.1 s/s; without the bucket, without limit. `table` in the
 * place of the speed leaves it to `--speed-table`.
 */
export function sprintOf(text: string): AskedSprint {
  const match = /^(.+)=([\d.]+|table)(?::([^:]+)(?::([\d.]+))?)?$/.exec(text)
  const speed = match?.[2] === 'table' ? undefined : Number(match?.[2])
  const seconds = match?.[3] === undefined ? undefined : durationSeconds(match[3])
  const refillPerSecond = Number(match?.[4] ?? 0)
  if (
    !match ||
    !(speed === undefined || (speed > 1 && speed <= 100)) ||
    (match[3] !== undefined && !(seconds! > 0)) ||
    !(refillPerSecond >= 0 && refillPerSecond <= 1)
  ) {
    throw new InvalidArgumentError('expected CLASSES=SPEED[:BUDGET[:REFILL]], such as interactive=1.2:2h:0.1')
  }
  const budget = seconds === undefined ? {} : { budget: { seconds, refillPerSecond, onThresholdSeconds: Math.min(0.5, seconds) } }
  const lever = { classes: match[1]!.split(','), origin: 'dispatch' as const, toggleDelaySeconds: 0, ...budget }
  return speed === undefined ? lever : { ...lever, speed }
}

export function disciplinesOf(text: string): Policy['discipline'][] {
  return text.split(',').map((name) => {
    const found = DISCIPLINES.find((one) => one === name.trim())
    if (!found) throw new InvalidArgumentError(`${name} is none of ${DISCIPLINES.join(', ')}`)
    return found
  })
}

/** Names of policies with commas between them; commas inside brackets belong to the name. */
export function namesOf(text: string): string[] {
  return text
    .split(/,(?![^(]*\))/)
    .map((name) => name.trim())
    .filter((name) => name !== '')
}
