import type { Command } from 'commander'
import { type BurstableStudy, reportOf } from '../model/index.js'
import { burstablePage, burstableText } from '../report/index.js'
import { compareBurstable, readNoun } from '../study/index.js'
import { give, orStop, progressFor, stopForIssues, style } from './answer.js'
import type { Io } from './io.js'
import { type AnswerOptions, addAnswerOptions, addSeed } from './options.js'

interface BurstableCliOptions extends AnswerOptions {
  readonly seed: number
}

/** `halftone burstable`: how many burstable instances a node holds under their SLOs. */
export function addBurstableCommand(program: Command, io: Io): void {
  const command = program
    .command('burstable')
    .argument('<question>', 'workloads with their SLOs, the nodes, and the types on sale (YAML or JSON)')
    .description(
      'How many burstable instances fit a node under their SLOs: types on sale beside sizes and timeouts found by model.',
    )
  addSeed(addAnswerOptions(command, { html: true }))
    .addHelpText('after', '\nExample:\n  halftone burstable examples/burstable.yaml --html burstable.html\n')
    .action(async (path: string, options: BurstableCliOptions) => {
      const question = readNoun(path, 'burstable')
      if (!question.ok) stopForIssues(io, reportOf(question.issues), options)
      const bar = progressFor(io, 'placing', options)
      const answer = compareBurstable({ question: question.value, seed: options.seed, progress: (done) => bar.update(done) })
      bar.stop()
      const study = orStop<BurstableStudy>(io, answer, options)
      await give(io, options, {
        value: study,
        text: () => burstableText(study, style(io)),
        page: () => burstablePage(study),
      })
    })
}
