import { type Command, Option } from 'commander'
import { searchPlan } from '../plan/index.js'
import { planPage, planText } from '../report/index.js'
import { openRace } from '../simulate/index.js'
import { predictors } from '../study/index.js'
import { give, orStop, progressFor, style } from './answer.js'
import { EXIT, type Io } from './io.js'
import {
  addAnswerOptions,
  addClusterOptions,
  addSeed,
  addSpeedTableOptions,
  addTraceOptions,
  addWorkloadOptions,
  collect,
  disciplinesOf,
  dropOf,
  share,
  sprintOf,
} from './options.js'
import { type QuestionOptions, questionFor } from './question.js'

interface PlanCliOptions extends QuestionOptions {
  readonly seed: number
  readonly precision?: number
}

export function addPlanCommand(program: Command, io: Io): void {
  const command = program
    .command('plan')
    .argument('<question>', 'a scenario (YAML or JSON) with its goal and levers, or a trace')
    .description('Which policy meets the goals at the least price, beside the policy in force.')
    .option('--goal <target>', 'a target, such as interactive.p95=2h or training.loss=2%; may be given several times', collect)
    .addOption(
      new Option(
        '--minimise <what>',
        'what is to be least once every target holds: the loss of accuracy unless said otherwise, responses where there is no target',
      ).choices(['accuracy-loss', 'response', 'energy', 'cost']),
    )
    .option('--disciplines <list>', 'for a trace: the disciplines to choose from', disciplinesOf)
    .option(
      '--drop <class=ratio:loss>',
      'for a trace: jobs of this class (or all) may go without so much of their data, which loses so much; several times',
      dropOf,
    )
    .option('--sprint <classes=speed[:budget[:refill]]>', 'for a trace: these classes may run faster', sprintOf)
    .option('--precision <share>', 'wanted half-width of the interval of each mean, such as 2%', share)
  addSeed(addAnswerOptions(addSpeedTableOptions(addClusterOptions(addWorkloadOptions(addTraceOptions(command)))), { html: true }))
    .addHelpText(
      'after',
      '\nExit code 1: no policy within the levers meets the goals; the plan is the one that comes nearest.\n\nExamples:\n  halftone plan examples/dias.yaml --html plan.html\n  halftone plan jobs.csv.gz --slots 256 --goal "interactive.p95=2h"\n  halftone plan log.sacct.gz --slots 112 --drop training=0.2:0.03 --sprint interactive=1.15:2h:0.1 --minimise response\n',
    )
    .action(async (path: string, options: PlanCliOptions) => {
      const { scenario, replay } = await questionFor(io, path, options)
      const bar = progressFor(io, 'searching', options)
      const [screen, confirm] = [
        predictors.find(({ kind }) => kind === 'analytic'),
        predictors.find(({ kind }) => kind === 'simulated'),
      ]
      const answer = searchPlan(scenario, {
        ...(screen ? { screen } : {}),
        confirm: confirm!,
        race: openRace,
        seed: options.seed,
        ...(replay ? { replay } : {}),
        ...(options.precision === undefined ? {} : { precision: options.precision }),
        now: () => performance.now() / 1000,
        progress: (done) => bar.update(done),
      })
      bar.stop()
      const plan = orStop(io, answer, options)
      await give(io, options, { value: plan, text: () => planText(plan, style(io)), page: () => planPage(plan) })
      if (!plan.meetsGoals) io.exitCode = EXIT.refused
    })
}
