import type { Command } from 'commander'
import { characterise } from '../characterise/index.js'
import { characterisationPage, characterisationText } from '../report/index.js'
import { give, orStop, style } from './answer.js'
import type { Io } from './io.js'
import { type AnswerOptions, addAnswerOptions, addTraceOptions, type TraceOptions } from './options.js'
import { traceFor } from './trace.js'

export function addCharacteriseCommand(program: Command, io: Io): void {
  const command = program
    .command('characterise')
    .argument('<trace>', 'a table of jobs: CSV, TSV or Parquet (gz as well), SWF, sacct --parsable2')
    .description('What recorded these jobs: arrivals, sizes, run times, waits, outcomes, skew.')
  addAnswerOptions(addTraceOptions(command), { html: true })
    .addHelpText(
      'after',
      '\nExamples:\n  halftone characterise jobs.csv.gz --html jobs.html\n  halftone characterise log.swf.gz --json | jq .arrivals\n',
    )
    .action(async (path: string, options: TraceOptions & AnswerOptions) => {
      const trace = await traceFor(io, path, options)
      const study = orStop(io, characterise(trace), options)
      await give(io, options, {
        value: study,
        text: () => characterisationText(study, { ...style(io), issues: trace.issues }),
        page: () => characterisationPage(study, { issues: trace.issues }),
      })
    })
}
