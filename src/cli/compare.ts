import { type Command, InvalidArgumentError, Option } from 'commander'
import { type Edge, isRefusal, refuse } from '../model/index.js'
import { comparisonPage, comparisonText } from '../report/index.js'
import {
  type CompareQuestion,
  compare,
  keptModel,
  type Observed,
  observedWindows,
  readMeasurements,
  type SaidOfTable,
} from '../study/index.js'
import { give, orStop, progressFor, stopForIssues, stopForRefusal, style, write } from './answer.js'
import type { Io } from './io.js'
import { addAnswerOptions, addClusterOptions, addSeed, addTraceOptions, durationSeconds, positive } from './options.js'
import { askedOf, type QuestionOptions } from './question.js'
import { traceFor } from './trace.js'

interface CompareCliOptions extends QuestionOptions {
  readonly observed?: string
  readonly leave?: string[]
  readonly load?: Edge
  readonly configuration?: Edge
  readonly group?: string
  readonly white?: string
  readonly points: number[]
  readonly repeats: number
  readonly threads: number
  readonly seed: number
  readonly model?: string
  readonly window?: number
  readonly figure: 'mean' | 'p95'
}

/** `halftone compare`: which kind of model foresees what was measured, under splits that show what each is good for. */
export function addCompareCommand(program: Command, io: Io): void {
  const command = program
    .command('compare')
    .argument(
      '<measurements>',
      'a table (CSV, TSV, Parquet) of conditions and what was observed, a YAML file that says what a table is, or a trace with --window',
    )
    .description(
      'White, black and grey models side by side on your own measurements: error against cost, with an honest verdict.',
    )
    .option('--observed <column>', 'what was observed and is to be foreseen; the last column unless said')
    .option('--leave <columns>', 'columns not to learn from, with commas between them', list)
    .option('--load <column[>value]>', 'hold out its largest values (or those above the value) as unseen load', edge)
    .option('--configuration <column[>value]>', 'the same as unseen configuration: larger than seen', edge)
    .option('--group <column>', 'hold out each of its values in turn: unseen workload')
    .option(
      '--white <model>',
      'throughput, power-cap, clock, sprint-queue, station or none; recognised from the columns unless said',
    )
    .option(
      '--points <list>',
      'random splits with so many rows to learn from, or such shares',
      points,
      [30, 0.1, 0.25, 0.5, 0.75],
    )
    .option('--repeats <n>', 'draws of each split', positive, 5)
    .option('--window <time>', 'for a trace: windows of so long, each with its load and the response recorded of its jobs', time)
    .addOption(
      new Option('--figure <figure>', 'for a trace: which response of a window').choices(['mean', 'p95']).default('mean'),
    )
    .option('--model <file>', 'keep the chosen model, with what was measured of it, for halftone predict --model')
    .option('--threads <n>', 'threads; errors do not depend on them, times do', positive, 1)
  addSeed(addAnswerOptions(addClusterOptions(addTraceOptions(command)), { html: true }))
    .addHelpText(
      'after',
      '\nExamples:\n  halftone compare examples/sprint/sprint.csv --group workload --html compare.html\n  halftone compare steps.csv --observed step_time --configuration "gpus>4" --threads 2\n  halftone compare measurements.yaml --json\n  halftone compare jobs.sacct.gz --slots 112 --window 6h\nA quick first look: --points 30,75% --repeats 2.\n',
    )
    .action(async (path: string, options: CompareCliOptions) => {
      const said: SaidOfTable = {
        ...(options.observed === undefined ? {} : { observed: options.observed }),
        ...(options.leave === undefined ? {} : { leave: options.leave }),
        ...(options.load === undefined ? {} : { load: options.load }),
        ...(options.configuration === undefined ? {} : { configuration: options.configuration }),
        ...(options.group === undefined ? {} : { group: options.group }),
        ...(options.white === undefined ? {} : { white: options.white }),
      }
      const question =
        options.window === undefined
          ? await tableFor(io, path, said, options)
          : await windowsFor(io, path, options, options.window)
      const bar = progressFor(io, 'comparing', options)
      const comparison = await compare({
        ...question,
        points: options.points,
        repeats: options.repeats,
        seed: options.seed,
        threads: options.threads,
        progress: (done) => bar.update(done),
      }).finally(() => bar.stop())
      const judged = comparison.splits.filter(({ refusal }) => refusal === undefined)
      if (judged.length === 0)
        return stopForRefusal(
          io,
          refuse(
            'no-data',
            `${comparison.data.rows} rows allow no split: ${comparison.splits.map(({ name, refusal }) => `${name}: ${refusal}`).join('; ')}`,
            { rows: comparison.data.rows },
          ),
          options,
        )
      if (options.model !== undefined) {
        const kept = keptModel(question, comparison, options.seed)
        if (isRefusal(kept)) return stopForRefusal(io, kept, options)
        await write(io, options.model, `${JSON.stringify(kept)}\n`)
        if (!options.quiet) io.err(`written: ${options.model} (${kept.predictor})\n`)
      }
      await give(io, options, {
        value: comparison,
        text: () => comparisonText(comparison, style(io)),
        page: () => comparisonPage(comparison),
      })
    })
}

async function tableFor(io: Io, path: string, said: SaidOfTable, options: CompareCliOptions): Promise<CompareQuestion> {
  const reading = await readMeasurements(path, said)
  return reading.ok ? reading.question : stopForIssues(io, reading.issues, options)
}

/** Windows of a trace; the station is their theory. */
async function windowsFor(io: Io, path: string, options: CompareCliOptions, windowSeconds: number): Promise<CompareQuestion> {
  const trace = await traceFor(io, path, options)
  const { figure: of, seed } = options
  const observed = orStop<Observed>(io, observedWindows(trace, askedOf(io, trace, options), { windowSeconds, of, seed }), options)
  return {
    observed,
    white: { kind: observed.simulated === undefined ? 'station' : 'replay' },
    load: options.load ?? 'offeredShare',
    caveats: [],
  }
}

function time(text: string): number {
  const seconds = durationSeconds(text)
  if (seconds === undefined || seconds <= 0) throw new InvalidArgumentError('expected a time, such as 6h or 1d')
  return seconds
}

function list(text: string): string[] {
  return text.split(',').map((name) => name.trim())
}

/** `gpus` or `gpus>4`. */
function edge(text: string): Edge {
  const match = /^\s*(.+?)\s*>\s*([-+.\deE]+)\s*$/.exec(text)
  if (!match) {
    if (text.trim() === '') throw new InvalidArgumentError('expected a column, or a column and a value such as gpus>4')
    return text.trim()
  }
  const above = Number(match[2])
  if (!Number.isFinite(above)) throw new InvalidArgumentError('expected a column, or a column and a value such as gpus>4')
  return { column: match[1]!, above }
}

/** `30,10%,0.5`: rows, or shares of them. */
function points(text: string): number[] {
  return text.split(',').map((part) => {
    const value = part.trim().endsWith('%') ? Number(part.trim().slice(0, -1)) / 100 : Number(part)
    if (!(value > 0 && (value < 1 || Number.isInteger(value))))
      throw new InvalidArgumentError('expected numbers of rows or shares with commas between them, such as 30,10%,75%')
    return value
  })
}
