import { type Command, Option } from 'commander'
import { stringify } from 'yaml'
import { type Scenario, slotCount, type Workload } from '../model/index.js'
import { bullets, duration, heading, ink, number, parts, plain, rate, table } from '../report/index.js'
import { scenarioOfTrace } from '../study/index.js'
import { give, orStop, style } from './answer.js'
import type { Io } from './io.js'
import {
  type AnswerOptions,
  addAnswerOptions,
  addClusterOptions,
  addTraceOptions,
  addWorkloadOptions,
  type TraceOptions,
  type WorkloadCliOptions,
} from './options.js'
import { askedOf } from './question.js'
import { traceFor } from './trace.js'

export function addWorkloadCommand(program: Command, io: Io): void {
  const command = program
    .command('workload')
    .argument('<trace>', 'a table of jobs')
    .description('The classes of jobs in a trace and their laws, fitted or replayed, with the error of every fit.')
    .addOption(new Option('--scenario', 'the whole scenario, cluster and policy included: a file to edit and to plan with'))
    .option('--yaml', 'print YAML instead of the table')
  addAnswerOptions(addClusterOptions(addWorkloadOptions(addTraceOptions(command))), { html: false })
    .addHelpText(
      'after',
      '\nExamples:\n  halftone workload jobs.csv.gz --by priority --arrivals time-of-day\n  halftone workload log.sacct.gz --scenario --slots 112 --yaml > scenario.yaml\n',
    )
    .action(
      async (
        path: string,
        options: TraceOptions & WorkloadCliOptions & AnswerOptions & { scenario?: boolean; yaml?: boolean },
      ) => {
        const trace = await traceFor(io, path, options)
        const found = orStop(io, scenarioOfTrace(trace, askedOf(io, trace, options)), options)
        const value: Scenario | Workload = options.scenario ? found.scenario : found.fitted.workload
        const { classIndex, runSeconds, slots } = found.replay
        await give(io, options, {
          value,
          text: () =>
            options.yaml ? stringify(value) : workloadText(found.scenario, { classIndex, runSeconds, slots }, style(io)),
        })
      },
    )
}

interface Columns {
  readonly classIndex: Uint16Array
  readonly runSeconds: Float64Array
  readonly slots: Int32Array
}

function workloadText(
  scenario: Scenario,
  { classIndex, runSeconds, slots }: Columns,
  look: { colour: boolean; width: number },
): string {
  const pen = ink(look)
  const { workload, cluster } = scenario
  const rows = workload.classes.map(({ name, priority, arrival, work }, i) => {
    let [jobs, seconds, held] = [0, 0, 0]
    for (let job = 0; job < classIndex.length; job++) {
      if (classIndex[job] !== i) continue
      jobs++
      seconds += runSeconds[job]!
      held += runSeconds[job]! * slots[job]!
    }
    const law = work.kind === 'gang' ? work.runTime.kind : work.kind
    const arrivals = arrival.kind === 'poisson' ? `Poisson, ${rate(arrival.ratePerSecond)}` : arrival.kind
    return [plain(name, 30), String(priority), number(jobs, 6), arrivals, law, duration(seconds / jobs), number(held / seconds)]
  })
  const columns = [
    { head: 'Class' },
    { head: 'Priority', align: 'right' as const },
    { head: 'Jobs', align: 'right' as const },
    { head: 'Arrivals' },
    { head: 'Run times' },
    { head: 'Mean run', align: 'right' as const },
    { head: 'Slots, by time', align: 'right' as const },
  ]
  return parts(
    heading(`Workload of ${plain(workload.name, 60)}`, pen),
    table(columns, rows, pen),
    `Cluster: ${slotCount(cluster)} slots`,
    bullets(
      (workload.caveats ?? []).map(({ message, path }) => plain(`${path ? `${path}: ` : ''}${message}`, 400)),
      pen,
    ),
  )
}
