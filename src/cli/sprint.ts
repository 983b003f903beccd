import type { Command } from 'commander'
import { policyComparisonPage, policyComparisonText } from '../report/index.js'
import { compareSprinting, type Sprinting } from '../study/index.js'
import { give, orStop, progressFor, style } from './answer.js'
import type { Io } from './io.js'
import {
  addAnswerOptions,
  addClusterOptions,
  addSeed,
  addSpeedTableOptions,
  addTraceOptions,
  addWorkloadOptions,
  share,
  sprintOf,
} from './options.js'
import { type QuestionOptions, questionFor } from './question.js'

interface SprintCliOptions extends QuestionOptions {
  readonly seed: number
  readonly precision?: number
}

/** `halftone sprint`: the best timeout for a sprint lever, beside the timeouts that others would choose. */
export function addSprintCommand(program: Command, io: Io): void {
  const command = program
    .command('sprint')
    .argument('<question>', 'a scenario (YAML or JSON) with policy.sprint or levers.sprint, or a trace with --sprint')
    .description('When to run faster: the best timeout found by model, beside big burst and other rules of thumb.')
    .option('--sprint <classes=speed[:budget[:refill]]>', 'for a trace: these classes may run faster', sprintOf)
    .option('--precision <share>', 'wanted half-width of the interval of each mean, such as 1%', share)
  addSeed(addAnswerOptions(addSpeedTableOptions(addClusterOptions(addWorkloadOptions(addTraceOptions(command)))), { html: true }))
    .addHelpText('after', '\nExample:\n  halftone sprint examples/sprint.yaml --html sprint.html\n')
    .action(async (path: string, options: SprintCliOptions) => {
      const { scenario, replay } = await questionFor(io, path, options)
      const bar = progressFor(io, 'searching', options)
      const answer = compareSprinting({
        scenario,
        ...(replay ? { replay } : {}),
        ...(options.precision === undefined ? {} : { precision: options.precision }),
        seed: options.seed,
        progress: (done) => bar.update(done),
      })
      bar.stop()
      const { comparison } = orStop<Sprinting>(io, answer, options)
      await give(io, options, {
        value: comparison,
        text: () => policyComparisonText(comparison, style(io)),
        page: () => policyComparisonPage(comparison),
      })
    })
}
