import { availableParallelism } from 'node:os'
import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import { isRefusal, type Refusal, reportOf, type Scenario, slotCount } from '../model/index.js'
import { trialPage, trialText } from '../report/index.js'
import { ownCluster, readScenario, runTrial, type TrialedCluster } from '../study/index.js'
import { give, progressFor, stopForIssues, stopForRefusal, style } from './answer.js'
import { EXIT, type Io } from './io.js'
import { addOnOptions, driverFor, type OnOptions } from './on.js'
import { addAnswerOptions, addSeed, durationSeconds, namesOf, positive, share } from './options.js'

interface TrialOptions extends OnOptions {
  readonly policies: readonly string[]
  readonly for: number
  readonly load?: number
  readonly seed: number
  readonly profileJobs: number
  readonly every?: number
  readonly work: string
  readonly slots?: number
  readonly resume?: boolean
}

/** Between two looks: Slurm answers in tenths of a second, the embedded cluster in milliseconds. */
const EVERY_SECONDS = { slurm: 0.5, embedded: 0.1, replay: 1 } as const

/** `halftone trial`: real work on a real cluster under one policy after another, measured beside what was foreseen. */
export function addTrialCommand(program: Command, io: Io): void {
  const command = program
    .command('trial')
    .argument('<scenario>', 'a scenario (YAML or JSON) whose classes say what they run')
    .description(
      'Run real jobs under one policy after another on the same arrivals, and hold what is measured against what was foreseen.',
    )
    .option(
      '--policies <list>',
      'policies by name: P, NP, DA(0,20), NPS, DiAS(0,20), in-force, plan, or DiAS:plan (drop and sprint as the plan finds them)',
      namesOf,
      ['P', 'NP', 'DiAS:plan'],
    )
    .option('--for <time>', 'time for everything, such as 10m', durationSeconds, 600)
    .option(
      '--load <share>',
      'brings the arrivals to this load, nothing dropped; otherwise they come as the scenario says',
      share,
    )
    .option('--profile-jobs <n>', 'jobs of each class that are run alone beforehand, to measure what they take', positive, 6)
    .option('--every <time>', 'time between two looks at the cluster', durationSeconds)
    .option('--work <folder>', 'where data, jobs and what was measured so far come to lie; seen by all nodes', 'out/trial')
    .option('--slots <n>', 'for embedded without --dir: slots of the cluster that is started for the trial', positive)
    .option('--resume', 'goes on where a trial with the same question was cut short')
  addSeed(addAnswerOptions(addOnOptions(command), { html: true }))
    .addHelpText(
      'after',
      '\nWithout --dir, --on embedded starts a cluster of worker processes on this machine and ends it afterwards.\n\nExamples:\n  halftone trial examples/trial.yaml --on embedded --for 5m --load 0.7 --html trial.html\n  halftone trial examples/trial.yaml --on slurm --normal-share 0.2 --policies "P,NP,DiAS(0,20)"\n',
    )
    .action(async (path: string, options: TrialOptions) => {
      const reading = await readScenario(path)
      if (!reading.ok) return stopForIssues(io, reading.issues, options)
      const { scenario } = reading.question
      const work = resolve(options.work)
      const stopping = new AbortController()
      const stop = (): void => stopping.abort()
      process.once('SIGINT', stop).once('SIGTERM', stop)
      const bar = progressFor(io, 'trying', options)
      try {
        const answer = await runTrial({
          scenario,
          cluster: () => clusterFor(io, scenario, work, options),
          policies: options.policies,
          forSeconds: options.for,
          ...(options.load === undefined ? {} : { load: options.load }),
          seed: options.seed,
          profileJobs: options.profileJobs,
          everySeconds: options.every ?? EVERY_SECONDS[options.on],
          directory: work,
          resume: options.resume === true,
          progress: (done, said) => bar.update(done, said),
          signal: stopping.signal,
        })
        bar.stop()
        if (isRefusal(answer)) return stopForRefusal(io, answer, options)
        if (!answer.ok) return stopForIssues(io, reportOf(answer.issues), options)
        const { report } = answer
        await give(io, options, {
          value: report,
          text: () => trialText(report, style(io)),
          page: () => trialPage(report),
        })
        if (report.policies.some(({ classes }) => classes.some(({ unfinished }) => unfinished > 0))) io.exitCode = EXIT.refused
      } finally {
        bar.stop()
        process.off('SIGINT', stop).off('SIGTERM', stop)
      }
    })
}

async function clusterFor(io: Io, scenario: Scenario, work: string, options: TrialOptions): Promise<TrialedCluster | Refusal> {
  if (options.on !== 'embedded' || options.dir !== undefined) {
    const driver = await driverFor(io, options)
    return { driver, leave: () => driver.close() }
  }
  return ownCluster(scenario, {
    directory: join(work, 'cluster'),
    slots: options.slots ?? slotCount(scenario.cluster),
    processors: availableParallelism(),
  })
}
