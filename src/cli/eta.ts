import { type Command, Option } from 'commander'
import { DISCIPLINES, type Discipline, type Eta, type Issue, isRefusal, type Observation, reportOf } from '../model/index.js'
import { etaPage, etaText } from '../report/index.js'
import { CLUSTERS, eta, type History, historyOfText, historyOfTrace, readNoun } from '../study/index.js'
import { give, orStop, progressFor, stopForIssues, stopForRefusal, style } from './answer.js'
import type { Io } from './io.js'
import { addReachOptions, driverFor, type OnOptions } from './on.js'
import { addAnswerOptions, addSeed, addTraceOptions, positive, type TraceOptions } from './options.js'
import { traceFor } from './trace.js'

/** Which queue is asked about, and what is known of it. */
export interface QueueOptions extends TraceOptions, Omit<OnOptions, 'on'> {
  readonly on: string
  readonly history?: string
  readonly discipline?: Discipline
  readonly arrivals: boolean
  readonly futures: number
  readonly seed: number
}

interface EtaCliOptions extends QueueOptions {
  readonly correct: boolean
}

export function addQueueOptions(command: Command): Command {
  command
    .requiredOption('--on <cluster>', `${CLUSTERS.join(', ')}, or a file: an observation that was kept (JSON)`)
    .option(
      '--history <file>',
      'jobs that ran before: sacct, SWF or another trace of jobs; default what the cluster itself keeps',
    )
    .addOption(
      new Option('--discipline <name>', 'the discipline in force, where the cluster does not say').choices([...DISCIPLINES]),
    )
    .option('--no-arrivals', 'nobody comes later; otherwise later arrivals are drawn from the history')
    .option('--futures <n>', 'futures to draw', positive, 200)
  return addSeed(addAnswerOptions(addTraceOptions(addReachOptions(command)), { html: true }))
}

/** `halftone eta`: when the jobs of a queue will start and end. */
export function addEtaCommand(program: Command, io: Io): void {
  const command = program
    .command('eta')
    .argument('[jobs...]', 'ids of the jobs that are asked about; all where none is given')
    .description('When will my job start and finish? A range for every job of a live queue, run times foreseen from history.')
    .option('--no-correct', 'as played: do not check the forecasts at past moments and correct them')
  addQueueOptions(command)
    .addHelpText(
      'after',
      '\nExamples:\n  halftone eta --on slurm --history log.sacct.gz\n  halftone eta 4021 4022 --on examples/queue/snapshot.json --history examples/queue/history.sacct.gz --html queue.html\n',
    )
    .action(async (jobs: string[], options: EtaCliOptions) => {
      const { observation, history } = await queueFor(io, options)
      const bar = progressFor(io, 'playing the queue forward', options)
      const answer = eta({
        observation,
        ...(history ? { history } : {}),
        ...(jobs.length > 0 ? { jobs } : {}),
        ...(options.discipline ? { discipline: options.discipline } : {}),
        ...{ arrivals: options.arrivals, correct: options.correct, futures: options.futures, seed: options.seed },
        progress: (done) => bar.update(done),
      })
      bar.stop()
      const answered = orStop<Eta>(io, answer, options)
      await give(io, options, {
        value: answered,
        text: () => etaText(answered, style(io)),
        page: () => etaPage(answered),
      })
    })
}

/** How far back a live cluster is asked for jobs that ended. */
const BACK_SECONDS = 30 * 86_400

/** The queue that is asked about and its history; ends the command where either cannot be read. */
export async function queueFor(io: Io, options: QueueOptions): Promise<{ observation: Observation; history?: History }> {
  const on = CLUSTERS.find((one) => one === options.on)
  const seen = on === undefined ? { observation: kept(io, options) } : await observed(io, { ...options, on })
  if (options.history === undefined) return seen
  return { ...seen, history: historyOfTrace(await traceFor(io, options.history, options)) }
}

/** Options that say how a live cluster is reached. */
const REACH = ['dir', 'slurmConf', 'spool', 'rest', 'tokenFile', 'normalShare', 'replay', 'jobs'] as const

function kept(io: Io, options: QueueOptions): Observation {
  const idle = REACH.filter((key) => options[key] !== undefined).map((key): Issue => {
    const place = `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
    return { code: 'idle-option', severity: 'error', place, message: 'says how a live cluster is reached, but --on names a file' }
  })
  if (idle.length > 0) return stopForIssues(io, reportOf(idle), options)
  const read = readNoun(options.on, 'observation')
  if (read.ok) return read.value as Observation
  const neither = read.issues.some(({ code }) => code === 'no-such-file')
  const message = `there is no such file, and no such cluster: ${CLUSTERS.join(', ')}`
  return stopForIssues(
    io,
    reportOf(neither ? [{ code: 'no-such-file', severity: 'error', place: `--on ${options.on}`, message }] : read.issues),
    options,
  )
}

/** What a live cluster shows, and the jobs that ended there; those that it shows itself where it keeps no history. */
async function observed(io: Io, options: QueueOptions & OnOptions): Promise<{ observation: Observation; history?: History }> {
  const driver = await driverFor(io, options)
  try {
    const since = driver.clock.now() - BACK_SECONDS
    const past = options.history === undefined ? await driver.history?.({ sinceSeconds: since }) : undefined
    const history = past === undefined || isRefusal(past) ? undefined : await historyOfText(past.text)
    const seen = await driver.observe(history === undefined ? { endedSince: since } : {})
    const observation = isRefusal(seen) ? stopForRefusal(io, seen, options) : seen
    return history === undefined ? { observation } : { observation, history }
  } finally {
    await driver.close()
  }
}
