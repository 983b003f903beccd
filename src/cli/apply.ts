import { createHash } from 'node:crypto'
import { resolve } from 'node:path'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { ACTION_KINDS, type ActionKind, isRefusal, reportOf } from '../model/index.js'
import { type ApplyReport, applyText } from '../report/index.js'
import { type Applied, applyIntended, intend, readWanted, takeBackApplied, type Wanted } from '../study/index.js'
import { give, orStop, progressFor, stopForIssues, stopForRefusal, style } from './answer.js'
import { EXIT, type Io } from './io.js'
import { addOnOptions, driverFor, type OnOptions } from './on.js'
import { addAnswerOptions, addSeed } from './options.js'

/** What `apply` and `watch` have in common beside the cluster. */
export interface SteerOptions extends OnOptions {
  readonly commit?: boolean
  readonly ledger?: string
  readonly scenario?: string
  readonly classBy?: 'queue' | 'user' | 'name'
  readonly choice?: 'random' | 'even'
  readonly irreversible?: ActionKind[]
  readonly seed: number
}

interface ApplyOptions extends SteerOptions {
  readonly undo?: boolean
}

export const DEFAULT_LEDGER = 'halftone-ledger.jsonl'

export function addSteerOptions(command: Command): Command {
  return addSeed(addOnOptions(command))
    .option('--commit', 'really do it; without, nothing on the cluster is touched')
    .option('--ledger <file>', `where what is done is journalled; default ${DEFAULT_LEDGER} with --commit`)
    .option('--scenario <file>', 'for a plan or a policy: the scenario that says the priorities and stages of its classes')
    .addOption(
      new Option('--class-by <column>', 'what names the class of a job that was submitted without one').choices([
        'queue',
        'user',
        'name',
      ]),
    )
    .addOption(new Option('--choice <how>', 'which tasks are dropped').choices(['random', 'even']))
    .option(
      '--irreversible <kind>',
      'leave for actions that nothing takes back, such as cancel for early termination; several times',
      kinds,
    )
}

/** `halftone apply`: brings a cluster to what a policy wants of it now, all of it or none. */
export function addApplyCommand(program: Command, io: Io): void {
  const command = program
    .command('apply')
    .argument('[policy]', 'a plan, a scenario or a policy (YAML or JSON)')
    .description('What a plan would do to a live cluster now; with --commit does it, journalled, all of it or none.')
    .option('--undo', 'instead take back what was applied last, by the ledger')
  addAnswerOptions(addSteerOptions(command), { html: false })
    .addHelpText(
      'after',
      '\nExit code 1: something failed, and what was done before was taken back.\n\nExamples:\n  halftone apply plan.json --on slurm --scenario scenario.yaml\n  halftone apply plan.json --on slurm --scenario scenario.yaml --commit --ledger plan.ledger\n  halftone apply --undo --on slurm --ledger plan.ledger --commit\n',
    )
    .action(async (path: string | undefined, options: ApplyOptions) => {
      const report = await (options.undo ? undone(io, options) : applied(io, path, options))
      await give(io, options, { value: report, text: () => applyText(report, style(io)) })
      if (report.failure !== undefined) io.exitCode = EXIT.refused
    })
}

async function applied(io: Io, path: string | undefined, options: ApplyOptions): Promise<ApplyReport> {
  const wanted = wantedFor(io, path, options)
  const ledger = options.ledger ?? DEFAULT_LEDGER
  const driver = await driverFor(io, options, controllerOf(ledger))
  const bar = progressFor(io, 'applying', options)
  try {
    const { classBy, choice, seed, irreversible } = options
    const asked = {
      driver,
      wanted,
      seed,
      ...(classBy ? { classBy } : {}),
      ...(choice ? { choice } : {}),
      ...(irreversible ? { irreversible } : {}),
    }
    const intended = orStop(io, await intend(asked), options) as Exclude<Awaited<ReturnType<typeof intend>>, { kind: 'refusal' }>
    const common = {
      schema: 'halftone/apply/1',
      policy: wanted.policy.name,
      driver: driver.name,
      caveats: intended.caveats,
    } as const
    if (!options.commit) {
      const rows = intended.decisions.map((decision, i) => ({ ...decision, undo: intended.undo[i]!, outcome: 'would' as const }))
      return { ...common, commit: false, rows }
    }
    const onStep = (done: number, of: number): void => bar.update(done / of)
    const { steps, failure } = answered(io, options, await applyIntended(asked, intended, ledger, { onStep }))
    const rows = steps.map((step, i) => ({ ...step, undo: intended.undo[i]! }))
    return { ...common, commit: true, rows, ledger, ...(failure === undefined ? {} : { failure }) }
  } finally {
    bar.stop()
    await driver.close()
  }
}

async function undone(io: Io, options: ApplyOptions): Promise<ApplyReport> {
  const ledger = options.ledger ?? DEFAULT_LEDGER
  const driver = await driverFor(io, options, controllerOf(ledger))
  try {
    const { steps, failure } = answered(io, options, await takeBackApplied(driver, ledger, options.commit === true))
    const rows = steps.map((step) => ({
      ...step,
      undo: step.undo ?? [],
      ...(options.commit ? {} : { outcome: 'would' as const }),
    }))
    const common = { schema: 'halftone/apply/1', policy: 'taking back', driver: driver.name, caveats: [], ledger } as const
    return { ...common, commit: options.commit === true, rows, ...(failure === undefined ? {} : { failure }) }
  } finally {
    await driver.close()
  }
}

function answered(io: Io, options: ApplyOptions, answer: Applied): Extract<Applied, { ok: true }> {
  if (isRefusal(answer)) return stopForRefusal(io, answer, options)
  return answer.ok ? answer : stopForIssues(io, answer.issues, options)
}

/** What is to be brought about, or the end of the command. */
export function wantedFor(io: Io, path: string | undefined, options: SteerOptions): Wanted {
  if (path === undefined) {
    const issue = {
      code: 'missing-policy',
      severity: 'error',
      place: 'policy',
      message: 'name a plan, a scenario or a policy',
    } as const
    return stopForIssues(io, reportOf([issue]), options)
  }
  const reading = readWanted(path, options.scenario)
  return reading.ok ? reading.wanted : stopForIssues(io, reading.issues, options)
}

/** Who steers by this ledger: one at a time, whichever process it is. */
export function controllerOf(ledger: string): string {
  return `ledger-${createHash('sha256').update(resolve(ledger)).digest('hex').slice(0, 12)}`
}

function kinds(text: string, before: readonly ActionKind[] = []): ActionKind[] {
  const found = ACTION_KINDS.find((kind) => kind === text)
  if (found === undefined) throw new InvalidArgumentError(`expected one of ${ACTION_KINDS.join(', ')}`)
  return [...before, found]
}
