import { type Command, InvalidArgumentError } from 'commander'
import { type Edge, isRefusal } from '../model/index.js'
import { comparisonPage, comparisonText } from '../report/index.js'
import { compare, keptModel, readMeasurements, type SaidOfTable } from '../study/index.js'
import { give, progressFor, stopForIssues, stopForRefusal, style, write } from './answer.js'
import type { Io } from './io.js'
import { type AnswerOptions, addAnswerOptions, addSeed, positive } from './options.js'

interface CompareCliOptions extends AnswerOptions {
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
}

/** `halftone compare`: which kind of model foresees what was measured, under splits that show what each is good for. */
export function addCompareCommand(program: Command, io: Io): void {
  const command = program
    .command('compare')
    .argument(
      '<measurements>',
      'a table (CSV, TSV, Parquet) of conditions and what was observed, or a YAML file that says what a table is',
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
    .option('--model <file>', 'keep the chosen model, with what was measured of it, for halftone predict --model')
    .option('--threads <n>', 'threads; errors do not depend on them, times do', positive, 1)
  addSeed(addAnswerOptions(command, { html: true }))
    .addHelpText(
      'after',
      '\nExamples:\n  halftone compare examples/sprint/sprint.csv --group workload --html compare.html\n  halftone compare steps.csv --observed step_time --configuration "gpus>4" --threads 2\n  halftone compare measurements.yaml --json\n',
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
      const reading = await readMeasurements(path, said)
      if (!reading.ok) return stopForIssues(io, reading.issues, options)
      const bar = progressFor(io, 'comparing', options)
      const comparison = await compare({
        ...reading.question,
        points: options.points,
        repeats: options.repeats,
        seed: options.seed,
        threads: options.threads,
        progress: (done) => bar.update(done),
      }).finally(() => bar.stop())
      if (options.model !== undefined) {
        const kept = keptModel(reading.question, comparison, options.seed)
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
