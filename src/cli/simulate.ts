import { type Command, InvalidArgumentError, Option } from 'commander'
import { DISCIPLINES, isRefusal, type Policy, type Prediction, type Refusal, reportOf } from '../model/index.js'
import { duration, ink, percent, predictionPage, predictionText, refusalText, table } from '../report/index.js'
import { type Grid, parseGrid, simulate, simulatedTrace, simulateMany, turnKnob } from '../study/index.js'
import { writeTrace } from '../trace/index.js'
import { give, orStop, progressFor, stopForIssues, style } from './answer.js'
import { EXIT, type Io } from './io.js'
import {
  addAnswerOptions,
  addClusterOptions,
  addSeed,
  addTraceOptions,
  addWorkloadOptions,
  durationSeconds,
  positive,
  share,
} from './options.js'
import { type QuestionOptions, questionFor } from './question.js'

interface SimulateCliOptions extends QuestionOptions {
  readonly seed: number
  readonly replications?: number
  readonly precision?: number
  readonly horizon?: number
  readonly threads: number
  readonly jobsOut?: string
  readonly vary?: Grid
  readonly policies?: Policy['discipline'][]
}

/** `halftone simulate`: a scenario played out, once or over a grid of one knob. */
export function addSimulateCommand(program: Command, io: Io): void {
  const command = program
    .command('simulate')
    .argument('<question>', 'a scenario (YAML or JSON), or a trace')
    .description('Play a scenario out event by event: means and tails with intervals, stopping when they are sharp enough.')
    .option('--replications <n>', 'exactly so many replications', positive)
    .option('--precision <share>', 'or until every mean response is known to so much, such as 1%', share)
    .option('--horizon <time>', 'from empty over so long, stable or not, such as 8h; the answer is marked transient', time)
    .option('--threads <n>', 'threads; the answer does not depend on them', positive, 1)
    .option('--jobs-out <file>', 'also write every job of the first replication (or of the replay) to a Parquet file')
    .addOption(
      new Option(
        '--vary <knob=low:high:step>',
        'one knob over a grid, such as policy.sprint.timeoutSeconds.high=0:120:10',
      ).argParser(grid),
    )
  addSeed(addAnswerOptions(addClusterOptions(addWorkloadOptions(addTraceOptions(command))), { html: true }))
    .addHelpText(
      'after',
      '\nExamples:\n  halftone simulate scenario.yaml --precision 1% --threads 4\n  halftone simulate scenario.yaml --vary policy.discipline=fcfs,sjf,srtf\n  halftone simulate jobs.csv.gz --slots 256 --discipline sjf --jobs-out played.parquet\n',
    )
    .action(async (path: string, options: SimulateCliOptions) => {
      const { scenario, replay } = await questionFor(io, path, options)
      const plain = {
        seed: options.seed,
        ...(options.replications === undefined ? {} : { replications: options.replications }),
        ...(options.precision === undefined ? {} : { precision: options.precision }),
        ...(options.horizon === undefined ? {} : { horizonSeconds: options.horizon }),
      }
      const bar = progressFor(io, 'simulating', options)
      const common = {
        ...plain,
        ...(replay ? { replay } : {}),
        threads: options.threads,
        progress: (done: number) => bar.update(done),
      }
      if (options.vary) {
        const { path: knob, values } = options.vary
        const turned = values.map((value) => turnKnob(scenario, knob, value))
        const wrong = turned.find((one) => !one.ok)
        if (wrong && !wrong.ok) {
          bar.stop()
          stopForIssues(io, reportOf(wrong.issues), options)
        }
        const scenarios = turned.flatMap((one) => (one.ok ? [one.scenario] : []))
        const outcomes = await simulateMany(scenarios, common).finally(() => bar.stop())
        const rows = outcomes.map((outcome, i) => ({ value: values[i]!, outcome }))
        await give(io, options, { value: { knob, points: rows }, text: () => gridText(knob, rows, io) })
        if (outcomes.every(isRefusal)) io.exitCode = EXIT.refused
        return
      }
      const answer = await simulate({ scenario, ...common }).finally(() => bar.stop())
      const prediction = orStop<Prediction>(io, answer, options)
      if (options.jobsOut !== undefined) {
        const trace = simulatedTrace({ scenario, ...plain, ...(replay ? { replay } : {}) })
        if (!isRefusal(trace)) await writeTrace(trace, options.jobsOut)
        if (!options.quiet) io.err(`written: ${options.jobsOut}\n`)
      }
      const context = { scenario: scenario.name, policy: scenario.policy, seed: options.seed }
      await give(io, options, {
        value: prediction,
        text: () => predictionText(prediction, { ...style(io), ...context }),
        page: () => predictionPage(prediction, context),
      })
    })
}

/** A row a value: what each class may expect, and how busy the cluster is; what was refused says why. */
function gridText(knob: string, rows: readonly { value: number | string; outcome: Prediction | Refusal }[], io: Io): string {
  const first = rows.map(({ outcome }) => outcome).find((outcome) => !isRefusal(outcome)) as Prediction | undefined
  if (!first)
    return rows.map(({ value, outcome }) => `${knob} = ${value}: ${refusalText(outcome as Refusal, style(io))}`).join('')
  const heads = [knob, ...first.classes.flatMap(({ name }) => [`${name} mean`, '±', `${name} p95`]), 'utilisation', 'waste']
  const cells = rows.map(({ value, outcome }) =>
    isRefusal(outcome)
      ? [String(value), outcome.code, ...heads.slice(2).map(() => '')]
      : [
          String(value),
          ...outcome.classes.flatMap(({ response: { mean, p95 } }) => [
            duration(mean.value),
            percent((mean.high - mean.value) / Math.max(mean.value, Number.MIN_VALUE), 2),
            duration(p95?.value),
          ]),
          percent(outcome.cluster.utilisation.value),
          percent(outcome.cluster.waste.value),
        ],
  )
  const columns = heads.map((head, i) => ({ head, align: i === 0 ? ('left' as const) : ('right' as const) }))
  const refused = rows.flatMap(({ value, outcome }) => (isRefusal(outcome) ? [`${value}: ${outcome.message}\n`] : []))
  return `${table(columns, cells, ink(style(io)))}\n${refused.join('')}`
}

function time(text: string): number {
  const seconds = durationSeconds(text)
  if (seconds === undefined || seconds <= 0) throw new InvalidArgumentError('expected a time, such as 8h or 3600')
  return seconds
}

function grid(text: string): Grid {
  const parsed = parseGrid(text)
  if (!parsed)
    throw new InvalidArgumentError(
      `expected KNOB=LOW:HIGH:STEP or KNOB=A,B,C, such as policy.sprint.timeoutSeconds.high=0:120:10 or policy.discipline=${DISCIPLINES.slice(0, 3).join(',')}`,
    )
  return parsed
}
