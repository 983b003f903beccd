import type { Command } from 'commander'
import { isRefusal, type Refusal, reportOf } from '../model/index.js'
import { policyComparisonPage, policyComparisonText } from '../report/index.js'
import { compareDeflation } from '../study/index.js'
import { give, progressFor, stopForIssues, stopForRefusal, style } from './answer.js'
import type { Io } from './io.js'
import {
  addAnswerOptions,
  addClusterOptions,
  addSeed,
  addTraceOptions,
  addWorkloadOptions,
  collect,
  namesOf,
  share,
} from './options.js'
import { type QuestionOptions, questionFor } from './question.js'

interface DeflateCliOptions extends Omit<QuestionOptions, 'drop'> {
  readonly drop?: readonly string[]
  readonly seed: number
  readonly precision?: number
  readonly policies?: readonly string[]
}

/** `halftone deflate`: what dropping a share of the low class’s tasks does, beside evicting it and beside letting it wait. */
export function addDeflateCommand(program: Command, io: Io): void {
  const command = program
    .command('deflate')
    .argument('<question>', 'a scenario (YAML or JSON), or a trace')
    .description('Drop some tasks of low-priority jobs instead of evicting them: policies side by side on the same luck.')
    .option(
      '--policies <list>',
      'policies by name, drop ratios in percent from the highest class down, the first is what others are held against: "P,NP,DA(0,20),NPS,DiAS(0,20)"; by default those that may gain something',
      namesOf,
    )
    .option(
      '--drop <class[.stage]=ratio>',
      'and a policy that drops so, by class or by stage, such as low=20% or low.map=0.2; may be given several times',
      collect,
    )
    .option('--precision <share>', 'wanted half-width of the interval of each mean, such as 1%', share)
  addSeed(addAnswerOptions(addClusterOptions(addWorkloadOptions(addTraceOptions(command))), { html: true }))
    .addHelpText(
      'after',
      '\nExamples:\n  halftone deflate examples/dias.yaml\n  halftone deflate examples/dias.yaml --policies "P,NP,DA(0,10),DA(0,40)" --html deflate.html\n  halftone deflate examples/dias.yaml --drop low.map=0.3\n',
    )
    .action(async (path: string, { drop, ...options }: DeflateCliOptions) => {
      const { scenario, replay } = await questionFor(io, path, options)
      const bar = progressFor(io, 'simulating', options)
      const answer = compareDeflation({
        scenario,
        ...(replay ? { replay } : {}),
        ...(options.policies ? { policies: options.policies } : {}),
        ...(drop ? { drops: drop } : {}),
        ...(options.precision === undefined ? {} : { precision: options.precision }),
        seed: options.seed,
        progress: (done) => bar.update(done),
      })
      bar.stop()
      if (!answer.ok) return stopForIssues(io, reportOf(answer.issues), options)
      const { comparison } = answer
      if (comparison.policies.every(({ outcome }) => isRefusal(outcome)))
        return stopForRefusal(io, comparison.policies[0]!.outcome as Refusal, options)
      await give(io, options, {
        value: comparison,
        text: () => policyComparisonText(comparison, style(io)),
        page: () => policyComparisonPage(comparison),
      })
    })
}
