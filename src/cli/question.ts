import { InvalidArgumentError } from 'commander'
import {
  type Cluster,
  type Goal,
  type Issue,
  type Policy,
  type ReplayJobs,
  reportOf,
  type Scenario,
  type Trace,
  validate,
} from '../model/index.js'
import { type AskedOfTrace, readNoun, readScenario, readSpeedLever, scenarioOfTrace, withSpeedLever } from '../study/index.js'
import { readOpenbNodes } from '../trace/index.js'
import { orStop, progressFor, stopForIssues, stopForRefusal } from './answer.js'
import type { Io } from './io.js'
import {
  type AnswerOptions,
  type AskedSprint,
  goalOf,
  type SpeedTableOptions,
  type TraceOptions,
  type WorkloadCliOptions,
} from './options.js'
import { classRuleOf, traceFor, windowOf } from './trace.js'

export interface QuestionOptions extends TraceOptions, WorkloadCliOptions, SpeedTableOptions, AnswerOptions {
  readonly goal?: string[]
  readonly minimise?: Goal['minimise']
  readonly disciplines?: Policy['discipline'][]
  readonly drop?: Record<string, { ratio: number; loss: number }>
  readonly sprint?: AskedSprint
}

/** What the command line says of a trace that the trace does not say itself. */
export function askedOf(io: Io, trace: Trace, options: QuestionOptions): AskedOfTrace {
  const classes = classRuleOf(options)
  const goal = goalFrom(io, options)
  const divisible = options.divisible === 'all' ? true : options.divisible?.split(',').map((name) => name.trim())
  return {
    window: windowOf(io, trace, options),
    ...(classes ? { classes } : {}),
    ...(options.arrivals ? { arrivals: options.arrivals } : {}),
    ...(options.runTimes ? { runTimes: options.runTimes } : {}),
    ...(divisible === undefined ? {} : { divisible }),
    ...(options.slots === undefined ? {} : { slots: options.slots }),
    ...(options.placement === undefined ? {} : { placement: options.placement }),
    ...(options.resources === undefined ? {} : { resources: options.resources }),
    ...(options.utilisation === undefined ? {} : { utilisation: options.utilisation }),
    ...(options.discipline ? { discipline: options.discipline } : {}),
    ...(goal ? { goal } : {}),
    ...(options.disciplines ? { disciplines: options.disciplines } : {}),
    ...(options.drop ? { drops: options.drop } : {}),
    // the table, which must be given then, says how fast
    ...(options.sprint ? { sprint: { ...options.sprint, speed: options.sprint.speed ?? 1 } } : {}),
  }
}

function goalFrom(io: Io, options: QuestionOptions): Goal | undefined {
  if (!options.goal && !options.minimise) return undefined
  try {
    return goalOf(options.goal ?? [], options.minimise ?? (options.goal ? 'accuracy-loss' : 'response'))
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error
    return stopForIssues(
      io,
      reportOf([{ code: 'bad-goal', severity: 'error', place: '--goal', message: error.message }]),
      options,
    )
  }
}

/** The question of a command: a scenario file, or a trace with what the options say. */
export async function questionFor(
  io: Io,
  path: string,
  options: QuestionOptions,
): Promise<{ scenario: Scenario; replay?: ReplayJobs }> {
  speedTableIssues(io, options)
  if (/\.(ya?ml|json)$/i.test(path)) {
    const fromTrace = [
      'by',
      'boundaries',
      'most',
      'arrivals',
      'runTimes',
      'divisible',
      'from',
      'to',
      'slots',
      'nodes',
      'placement',
      'resources',
      'utilisation',
      'discipline',
      'format',
      'mapping',
      'timeZone',
      'strict',
      'disciplines',
      'drop',
      'sprint',
    ] as const
    const idle = fromTrace.filter((key) => options[key] !== undefined)
    const issues = idle.map(
      (key): Issue => ({
        code: 'idle-option',
        severity: 'error',
        place: `--${key.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}`,
        message: 'says how a trace becomes a scenario, but a scenario was given: edit the file instead',
      }),
    )
    if (issues.length > 0) stopForIssues(io, reportOf(issues), options)
    const bar = progressFor(io, `reading ${path}`, options)
    const reading = await readScenario(path).finally(() => bar.stop())
    if (!reading.ok)
      return reading.refusal && reading.issues.counts.length === 0
        ? stopForRefusal(io, reading.refusal, options)
        : stopForIssues(io, reading.issues, options)
    const goal = goalFrom(io, options)
    const question = goal ? { ...reading.question, scenario: { ...reading.question.scenario, goal } } : reading.question
    return checked(io, await speeded(io, question, options), options)
  }
  const trace = await traceFor(io, path, options)
  const asked = askedOf(io, trace, options)
  const cluster = options.nodes === undefined ? undefined : await clusterFrom(io, options.nodes, options)
  const question = orStop(io, scenarioOfTrace(trace, cluster ? { ...asked, cluster } : asked), options)
  return checked(io, await speeded(io, question, options), options)
}

/** Ends the command where options about a speed table stand without one. */
function speedTableIssues(io: Io, options: QuestionOptions): void {
  const issue = (place: string, message: string): Issue => ({ code: 'contradiction', severity: 'error', place, message })
  const lacking = [
    ...(options.baseSetting === undefined ? [] : [issue('--base-setting', 'names a setting of a table: give --speed-table')]),
    ...(options.idleWatts === undefined ? [] : [issue('--idle-watts', 'goes with the power of a table: give --speed-table')]),
    ...(options.sprint && options.sprint.speed === undefined
      ? [issue('--sprint', 'leaves the speed to a table: give --speed-table')]
      : []),
  ]
  const twice = issue(
    '--sprint',
    'and --speed-table both say how fast: write table in the place of the speed, such as interactive=table:2h',
  )
  const issues = options.speedTable === undefined ? lacking : options.sprint?.speed === undefined ? [] : [twice]
  if (issues.length > 0) stopForIssues(io, reportOf(issues), options)
}

/** The question with the speeds and the power of `--speed-table`. */
async function speeded<T extends { scenario: Scenario }>(io: Io, question: T, options: QuestionOptions): Promise<T> {
  if (options.speedTable === undefined) return question
  const reading = await readSpeedLever(options.speedTable, options.baseSetting)
  if (!reading.ok) return stopForIssues(io, reading.issues, options)
  return { ...question, scenario: withSpeedLever(question.scenario, reading.lever, options.idleWatts) }
}

/** The cluster of `--nodes`: a file of ours, or a node list. */
async function clusterFrom(io: Io, path: string, options: AnswerOptions): Promise<Cluster> {
  if (/\.(ya?ml|json)$/i.test(path)) {
    const valid = readNoun(path, 'cluster')
    return valid.ok ? valid.value : stopForIssues(io, reportOf(valid.issues), options)
  }
  const reading = await readOpenbNodes(path)
  return reading.ok ? reading.cluster : stopForIssues(io, reading.issues, options)
}

/** A scenario that was put together from options is held to the same rules as one from a file. */
function checked<T extends { scenario: Scenario; replay?: ReplayJobs }>(io: Io, question: T, options: AnswerOptions): T {
  const valid = validate('scenario', question.scenario)
  if (!valid.ok) stopForIssues(io, reportOf(valid.issues), options)
  return question
}
