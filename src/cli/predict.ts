import { type Command, Option } from 'commander'
import { askAll, choose } from '../grey/index.js'
import { type HeldOut, isRefusal, type Prediction, type PredictOptions, reportOf } from '../model/index.js'
import { heldOutText, predictionPage, predictionText, refusalText } from '../report/index.js'
import { type FittedModelFile, holdOut, measuredPredictor, predictors, readNoun, timed } from '../study/index.js'
import { give, orStop, progressFor, stopForIssues, stopForRefusal, style } from './answer.js'
import type { Io } from './io.js'
import { addAnswerOptions, addClusterOptions, addSeed, addTraceOptions, addWorkloadOptions, share } from './options.js'
import { askedOf, type QuestionOptions, questionFor } from './question.js'
import { traceFor } from './trace.js'

interface PredictCliOptions extends QuestionOptions {
  readonly with: 'choose' | 'analytic' | 'simulated' | 'learned' | 'all'
  readonly seed: number
  readonly precision?: number
  readonly heldOut?: number
  readonly model?: string
}

export function addPredictCommand(program: Command, io: Io): void {
  const command = program
    .command('predict')
    .argument('<question>', 'a scenario (YAML or JSON), or a trace')
    .description('How each class fares under the policy in force, with an interval on every figure.')
    .addOption(
      new Option('--with <predictor>', 'which model answers: the cheapest that holds, a named one, or all side by side')
        .choices(['choose', 'analytic', 'simulated', 'learned', 'all'])
        .default('choose'),
    )
    .option('--model <file>', 'a model that halftone compare kept: it takes part, and what was measured decides who answers')
    .option('--precision <share>', 'wanted half-width of the interval of each mean, such as 2%', share)
  command.option(
    '--held-out <share>',
    'for a trace: foresee its last part from the rest, beside what was recorded there, such as 0.33',
    share,
  )
  addSeed(addAnswerOptions(addClusterOptions(addWorkloadOptions(addTraceOptions(command))), { html: true }))
    .addHelpText(
      'after',
      '\nExamples:\n  halftone predict examples/dias.yaml --with all\n  halftone predict jobs.csv.gz --slots 256 --html prediction.html\n  halftone predict log.sacct.gz --slots 112 --held-out 0.33\n',
    )
    .action(async (path: string, options: PredictCliOptions) => {
      if (options.heldOut !== undefined) return predictHeldOut(io, path, options, options.heldOut)
      const { scenario, replay } = await questionFor(io, path, options)
      const bar = progressFor(io, 'predicting', options)
      const asked: PredictOptions = {
        seed: options.seed,
        ...(replay ? { replay } : {}),
        ...(options.precision === undefined ? {} : { precision: options.precision }),
        progress: (done) => bar.update(done),
      }
      const context = { scenario: scenario.name, policy: scenario.policy, seed: options.seed }
      const kept = options.model === undefined ? undefined : modelFor(io, options.model, options)
      const able = kept ? [...predictors, timed(kept.predictor)] : predictors
      if (options.with !== 'all') {
        const asks = able.filter(
          ({ kind }) => options.with === 'choose' || (options.with === 'learned' && kind === 'grey') || kind === options.with,
        )
        const answer = choose(asks, scenario, asked, kept?.measured)
        bar.stop()
        const prediction = orStop<Prediction>(io, answer, options)
        await give(io, options, {
          value: prediction,
          text: () => predictionText(prediction, { ...style(io), ...context }),
          page: () => predictionPage(prediction, context),
        })
        return
      }
      const answers = askAll(able, scenario, asked)
      bar.stop()
      const held = answers.filter(({ answer }) => !isRefusal(answer))
      const best = held.at(-1)?.answer as Prediction | undefined
      if (!best) {
        const refusal = answers[0]!.answer
        return isRefusal(refusal) ? stopForRefusal(io, refusal, options) : undefined
      }
      await give(io, options, {
        value: answers.map(({ predictor, answer }) => ({ predictor: predictor.kind, answer })),
        text: () =>
          answers
            .map(({ predictor, answer }) =>
              isRefusal(answer)
                ? `${predictor.kind}:\n${refusalText(answer, style(io))}`
                : predictionText(answer, { ...style(io), ...context }),
            )
            .join('\n'),
        page: () => predictionPage(best, context),
      })
    })
}

/** The kept model of a file; ends the command where it is none, or does not fit scenarios. */
function modelFor(io: Io, path: string, options: PredictCliOptions): FittedModelFile {
  const read = readNoun(path, 'measured-model')
  if (!read.ok) return stopForIssues(io, reportOf(read.issues), options)
  return orStop<FittedModelFile>(io, measuredPredictor(read.value, predictors), options)
}

async function predictHeldOut(io: Io, path: string, options: PredictCliOptions, share: number): Promise<void> {
  const trace = await traceFor(io, path, options)
  const bar = progressFor(io, 'predicting', options)
  const answer = holdOut(trace, askedOf(io, trace, options), share, options.seed)
  bar.stop()
  const heldOut = orStop<HeldOut>(io, answer, options)
  await give(io, options, { value: heldOut, text: () => heldOutText(heldOut, style(io)) })
}
