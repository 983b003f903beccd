import { type Command, Option } from 'commander'
import { DISCIPLINES, type Discipline, type Eta, isRefusal, type Observation, reportOf } from '../model/index.js'
import { etaPage, etaText } from '../report/index.js'
import { eta, type History, historyOfTrace, openDriver, readNoun } from '../study/index.js'
import { give, orStop, progressFor, stopForIssues, stopForRefusal, style } from './answer.js'
import type { Io } from './io.js'
import { type AnswerOptions, addAnswerOptions, addSeed, addTraceOptions, positive, type TraceOptions } from './options.js'
import { traceFor } from './trace.js'

/** Which queue is asked about, and what is known of it. */
export interface QueueOptions extends TraceOptions, AnswerOptions {
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
  return addSeed(
    addAnswerOptions(
      addTraceOptions(
        command
          .requiredOption('--on <cluster>', 'slurm, or a file: an observation that was kept (JSON)')
          .option('--history <file>', 'jobs that ran before: sacct, SWF or another trace of jobs')
          .addOption(
            new Option('--discipline <name>', 'the discipline in force, where the cluster does not say').choices([
              ...DISCIPLINES,
            ]),
          )
          .option('--no-arrivals', 'nobody comes later; otherwise later arrivals are drawn from the history')
          .option('--futures <n>', 'futures to draw', positive, 200),
      ),
      { html: true },
    ),
  )
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

/** How far back ended jobs are asked of a live cluster, as history. */
const SEEN_BACK_SECONDS = 7 * 86_400

/** The queue that is asked about and its history; ends the command where either cannot be read. */
export async function queueFor(io: Io, options: QueueOptions): Promise<{ observation: Observation; history?: History }> {
  const observation = await observationFor(io, options)
  if (options.history === undefined) return { observation }
  return { observation, history: historyOfTrace(await traceFor(io, options.history, options)) }
}

async function observationFor(io: Io, options: QueueOptions): Promise<Observation> {
  if (options.on !== 'slurm') {
    const read = readNoun(options.on, 'observation')
    return read.ok ? (read.value as Observation) : stopForIssues(io, reportOf(read.issues), options)
  }
  const driver = await openDriver({ on: 'slurm', spool: '' })
  if (isRefusal(driver)) return stopForRefusal(io, driver, options)
  const seen = await driver.observe({ endedSince: driver.clock.now() - SEEN_BACK_SECONDS }).finally(() => driver.close())
  return isRefusal(seen) ? stopForRefusal(io, seen, options) : seen
}
