import { type Command, InvalidArgumentError, Option } from 'commander'
import type { Report } from '../control/index.js'
import { serveMetrics } from '../drivers/index.js'
import { type ActionKind, isRefusal, type LiveStatus, type Metric, reportOf } from '../model/index.js'
import { actionInWords, counted, liveMetrics, liveText } from '../report/index.js'
import { openDriver, openSession, type Session, startGuardian } from '../study/index.js'
import { stopForIssues, stopForRefusal, style } from './answer.js'
import { addSteerOptions, controllerOf, DEFAULT_LEDGER, type SteerOptions, wantedFor } from './apply.js'
import { EXIT, type Io } from './io.js'
import { whereFor } from './on.js'
import { durationSeconds, positive, share } from './options.js'

interface WatchOptions extends SteerOptions {
  readonly policy: string
  readonly every: number
  readonly for?: number
  readonly metrics?: number
  readonly keep?: boolean
  readonly chargeBy?: 'cpu' | 'time'
  readonly actionsPerMinute?: number
  readonly blastShare?: number
  readonly modelError?: number
  readonly quiet?: boolean
}

/** `halftone watch`: the controller. Looks, decides, and with --commit acts, one journalled step at a time. */
export function addWatchCommand(program: Command, io: Io): void {
  const command = program
    .command('watch')
    .description(
      'Watch a live cluster under a policy, and with --commit steer it: what sprints, drops and priorities want, one step at a time.',
    )
    .requiredOption('--policy <file>', 'a plan, a scenario or a policy (YAML or JSON)')
    .option('--every <time>', 'between two looks', time, 1)
    .option('--for <time>', 'end after so long; default: until it is interrupted', time)
    .option('--keep', 'leave priorities and discipline as they are when it ends; sprints always end, dropped tasks stay dropped')
    .addOption(
      new Option('--charge-by <what>', 'what a sprint drains: processor time where it is measured, or time').choices([
        'cpu',
        'time',
      ]),
    )
    .option('--actions-per-minute <n>', 'guard: at most so many actions a minute', positive)
    .option('--blast-share <share>', 'guard: at most this share of the live jobs touched in a minute', share)
    .option('--model-error <share>', 'guard: hands off where mean responses differ more than this from the prediction', share)
    .option('--metrics <port>', 'serve what is seen to Prometheus, on this machine alone', positive)
    .option('--json', 'one line of JSON a look')
    .option('-q, --quiet', 'only the last state')
  addSteerOptions(command)
    .addHelpText(
      'after',
      '\nA dry run unless --commit is given. Interrupting it takes back what is not to stay.\nExit code 1: something could not be taken back; the ledger says what.\n\nExamples:\n  halftone watch --on slurm --policy plan.json --scenario scenario.yaml\n  halftone watch --on embedded --dir cluster --policy scenario.yaml --commit --ledger live.jsonl --metrics 9109\n  halftone watch --on replay --replay scenario.yaml --policy scenario.yaml --for 2h --commit --json\n',
    )
    .action((options: WatchOptions) => watch(io, options))
}

async function watch(io: Io, options: WatchOptions): Promise<void> {
  const wanted = wantedFor(io, options.policy, options)
  const ledger = options.ledger ?? (options.commit ? DEFAULT_LEDGER : undefined)
  if (options.on === 'replay' && options.for === undefined) {
    const message = '--on replay needs it: virtual time has no end by itself'
    stopForIssues(io, reportOf([{ code: 'missing-option', severity: 'error', place: '--for', message }]), options)
  }
  const where = await whereFor(io, options, ledger === undefined ? undefined : controllerOf(ledger))
  const opened = await openDriver(where)
  const driver = isRefusal(opened) ? stopForRefusal(io, opened, options) : opened
  const screen = new Screen(io, options)
  try {
    const opening = await openSession({
      driver,
      wanted,
      commit: options.commit === true,
      ...(ledger === undefined ? {} : { ledgerPath: ledger }),
      everySeconds: options.every,
      guardian: (path) => startGuardian(where, path),
      onStatus: (status, { reports }) => screen.show(status, reports),
      ...settingsOf(options),
    })
    if (isRefusal(opening)) stopForRefusal(io, opening, options)
    else if (!opening.ok) stopForIssues(io, opening.issues, options)
    else await play(io, options, opening.session, screen)
  } finally {
    await driver.close()
  }
}

/** Runs until interrupted or until the time is over, and puts back what is not to stay. */
async function play(io: Io, options: WatchOptions, session: Session, screen: Screen): Promise<void> {
  const { controller, caveats, recovered } = session
  for (const text of caveats) io.err(`${text}\n`)
  if (recovered.length > 0) io.err(`an earlier controller had died: ${counted(recovered.length, 'step')} put in order\n`)
  const metrics =
    options.metrics === undefined ? undefined : await serveMetrics({ port: options.metrics, read: () => screen.metrics() })
  if (isRefusal(metrics)) {
    await controller.stop('no port for metrics')
    await session.close()
    return stopForRefusal(io, metrics, options)
  }
  const interrupt = new AbortController()
  const abort = (): void => interrupt.abort()
  for (const signal of SIGNALS) process.on(signal, abort)
  try {
    await controller.run(interrupt.signal, options.for)
  } finally {
    const failed = await controller.stop(interrupt.signal.aborted ? 'interrupted' : 'the time is over')
    for (const signal of SIGNALS) process.off(signal, abort)
    await metrics?.close()
    await session.close()
    screen.end(failed)
    if (failed.length > 0) io.exitCode = EXIT.refused
  }
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Shows what is seen: redrawn on a terminal, a line an action elsewhere, a line of JSON a look where asked for. */
class Screen {
  private last: LiveStatus | undefined

  constructor(
    private readonly io: Io,
    private readonly options: WatchOptions,
  ) {}

  show(status: LiveStatus, reports: readonly Report[]): void {
    this.last = status
    const { io, options } = this
    if (options.json) io.out(`${JSON.stringify(status)}\n`)
    else if (options.quiet) return
    else if (io.errIsTerminal) io.out(`\u001b[H\u001b[J${liveText(status, style(io))}`)
    else
      for (const { action, reason, outcome, note } of reports)
        if (outcome !== 'would' && outcome !== 'held-back' && outcome !== 'kept')
          io.out(`${status.atSeconds.toFixed(1)} ${outcome} ${actionInWords(action)}: ${reason}${note ? ` (${note})` : ''}\n`)
  }

  end(failed: readonly Report[]): void {
    const { io, options, last } = this
    if (last && !options.json && !io.errIsTerminal) io.out(liveText(last, style(io)))
    for (const { action, note } of failed) io.err(`could not be taken back: ${actionInWords(action)}: ${note ?? ''}\n`)
  }

  metrics(): Metric[] {
    return this.last === undefined ? [] : liveMetrics(this.last)
  }
}

function settingsOf({
  keep,
  chargeBy,
  classBy,
  choice,
  seed,
  irreversible,
  actionsPerMinute,
  blastShare,
  modelError,
}: WatchOptions) {
  const kept: readonly ActionKind[] = ['prioritise', 'discipline']
  const blast = blastShare === undefined ? {} : { blast: { share: blastShare, windowSeconds: 60, always: 1 } }
  return {
    seed,
    ...(keep ? { keep: kept } : {}),
    ...(chargeBy ? { chargeBy } : {}),
    ...(classBy ? { classBy } : {}),
    ...(choice ? { choice } : {}),
    guard: {
      ...(irreversible ? { irreversible } : {}),
      ...(actionsPerMinute === undefined ? {} : { actionsPerMinute }),
      ...(modelError === undefined ? {} : { modelError: { atMost: modelError, jobsAtLeast: 30 } }),
      ...blast,
    },
  }
}

function time(text: string): number {
  const seconds = durationSeconds(text)
  if (seconds === undefined || !(seconds > 0)) throw new InvalidArgumentError('expected a time, such as 1s or 10m')
  return seconds
}
