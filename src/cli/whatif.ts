import type { Command } from 'commander'
import { type JobQuestion, type Policy, reportOf, type WhatIf } from '../model/index.js'
import { whatIfPage, whatIfText } from '../report/index.js'
import { readNoun, whatIf } from '../study/index.js'
import { give, orStop, progressFor, stopForIssues, style } from './answer.js'
import { addQueueOptions, type QueueOptions, queueFor } from './eta.js'
import type { Io } from './io.js'

interface WhatIfCliOptions extends QueueOptions {
  readonly submit?: string
  readonly policy?: string
  readonly withoutNodes?: string
}

/** `halftone whatif`: who would wait longer or shorter. */
export function addWhatIfCommand(program: Command, io: Io): void {
  const command = program
    .command('whatif')
    .description('Who would wait longer or shorter if a job came, a plan were applied, or nodes went away? Nothing is done.')
    .option('--submit <file>', 'a job that would come (YAML or JSON): slots, user, name, limitSeconds, count …')
    .option('--policy <file>', 'a plan that halftone plan wrote, or a policy (YAML or JSON)')
    .option('--without-nodes <names>', 'nodes that would go away, with commas between them')
  addQueueOptions(command)
    .addHelpText(
      'after',
      '\nExamples:\n  halftone whatif --submit job.yaml --on slurm --history log.sacct.gz\n  halftone whatif --without-nodes gpu1,gpu2 --on examples/queue/snapshot.json --history examples/queue/history.sacct.gz\n',
    )
    .action(async (options: WhatIfCliOptions) => {
      const change = {
        ...(options.submit === undefined ? {} : { submit: jobFrom(io, options.submit, options) }),
        ...(options.policy === undefined ? {} : { policy: policyFrom(io, options.policy, options) }),
        ...(options.withoutNodes === undefined
          ? {}
          : { withoutNodes: options.withoutNodes.split(',').map((name) => name.trim()) }),
      }
      const { observation, history } = await queueFor(io, options)
      const bar = progressFor(io, 'playing the queue both ways', options)
      const answer = whatIf(
        {
          observation,
          ...(history ? { history } : {}),
          ...(options.discipline ? { discipline: options.discipline } : {}),
          ...{ arrivals: options.arrivals, futures: options.futures, seed: options.seed },
          progress: (done) => bar.update(done),
        },
        change,
      )
      bar.stop()
      const answered = orStop<WhatIf>(io, answer, options)
      await give(io, options, {
        value: answered,
        text: () => whatIfText(answered, style(io)),
        page: () => whatIfPage(answered),
      })
    })
}

function jobFrom(io: Io, path: string, options: WhatIfCliOptions): JobQuestion {
  const read = readNoun(path, 'job-question')
  return read.ok ? read.value : stopForIssues(io, reportOf(read.issues), options)
}

/** The chosen policy of a plan, or the policy itself. */
function policyFrom(io: Io, path: string, options: WhatIfCliOptions): Policy {
  const plan = readNoun(path)
  if (!plan.ok) return stopForIssues(io, reportOf(plan.issues), options)
  if (plan.noun === 'plan') return (plan.value as unknown as { chosen: { policy: Policy } }).chosen.policy
  if (plan.noun === 'policy') return plan.value as Policy
  return stopForIssues(
    io,
    reportOf([
      { code: 'wrong-noun', severity: 'error', place: path, message: `expected a plan or a policy, this is a ${plan.noun}` },
    ]),
    options,
  )
}
