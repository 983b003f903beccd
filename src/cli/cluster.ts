import { type Command, Option } from 'commander'
import {
  type EmbeddedDriver,
  type EmbeddedOptions,
  type EmbeddedStatus,
  embeddedDriver,
  placeAt,
  SCHEDULER_DISCIPLINES,
  startEmbedded,
} from '../drivers/index.js'
import { type Observation, type ObservedJob, type Refusal, reportOf } from '../model/index.js'
import { bytes, count, counted, duration, type Ink, ink, number, parts, percent, table } from '../report/index.js'
import { readNoun } from '../study/index.js'
import { give, orStop, stopForIssues, style } from './answer.js'
import type { Io } from './io.js'
import { type AnswerOptions, addAnswerOptions, durationSeconds, positive, share } from './options.js'

interface DirOptions extends AnswerOptions {
  readonly dir: string
}

interface StartOptions extends DirOptions {
  readonly slots: number
  readonly nodes: number
  readonly normalShare: number
  readonly discipline: string
  readonly engine: 'shared' | 'exclusive'
  readonly lease: string
  readonly diskMib: number
  readonly outputMib: number
  readonly cgroups: boolean
  readonly cgroupParent?: string
  readonly calibrate: boolean
}

/** `halftone cluster`: an embedded cluster, worker processes on this machine: start it, look at it, end it. */
export function addClusterCommand(program: Command, io: Io): void {
  const cluster = program
    .command('cluster')
    .description('An embedded cluster: slots on this machine that run real tasks as processes.')
  addStart(cluster, io)
  command(cluster, 'status', 'What the cluster is made of, how speeds are controlled, and who steers.').action(
    async (options: DirOptions) => {
      const status = await asking(io, options, (driver) => driver.status())
      await give(io, options, { value: status, text: () => statusText(status) })
    },
  )
  command(cluster, 'jobs', 'Jobs that live, and with --all those that are over.')
    .option('--all', 'jobs that are over as well, as far back as the cluster remembers')
    .action(async (options: DirOptions & { all?: boolean }) => {
      const seen = await asking(io, options, (driver) => driver.observe(options.all ? { endedSince: 0 } : {}))
      await give(io, options, { value: seen, text: () => jobsText(seen, ink(style(io))) })
    })
  addAnswerOptions(
    cluster
      .command('submit')
      .argument('<file>', 'the job (YAML or JSON): key, className, priority, stages with tasks and command')
      .description('Submit a job, once: the same key again is the same job.')
      .requiredOption('--dir <folder>', 'the directory of the cluster'),
    { html: false },
  ).action(async (file: string, options: DirOptions) => {
    const read = readNoun(file, 'job')
    const spec = read.ok ? read.value : stopForIssues(io, reportOf(read.issues), options)
    const answer = await asking(io, options, (driver) => driver.enact({ kind: 'submit', spec }))
    await give(io, options, { value: answer, text: () => parts(`${answer.jobId}`, answer.note) })
  })
  command(cluster, 'stop', 'End the cluster. Refused while jobs live, unless they are to be cancelled.')
    .option('--cancel', 'cancel the jobs that live')
    .action(async (options: DirOptions & { cancel?: boolean }) => {
      const answer = await asking(io, options, (driver) => driver.stopCluster(options.cancel === true))
      await give(io, options, { value: answer, text: () => `The cluster at ${options.dir} is being stopped.\n` })
    })
}

function command(cluster: Command, name: string, what: string): Command {
  return addAnswerOptions(
    cluster.command(name).description(what).requiredOption('--dir <folder>', 'the directory of the cluster'),
    { html: false },
  )
}

function addStart(cluster: Command, io: Io): void {
  command(cluster, 'start', 'Start a cluster, or one again that was ended or killed: it knows its jobs.')
    .option('--slots <n>', 'tasks that run at once', positive, 4)
    .option('--nodes <n>', 'nodes that share the slots out evenly', positive, 1)
    .option('--normal-share <share>', 'share of a processor that a task has at normal speed', share, 0.4)
    .addOption(new Option('--discipline <name>').choices(SCHEDULER_DISCIPLINES).default('priority-nonpreemptive'))
    .addOption(
      new Option('--engine <kind>', 'jobs side by side, or one at a time').choices(['shared', 'exclusive']).default('shared'),
    )
    .option('--lease <time>', 'a controller that is silent for so long has its speeds and discipline taken back', '15s')
    .option('--disk-mib <n>', 'what the directory of a job may hold', positive, 1024)
    .option('--output-mib <n>', 'what a task may print', positive, 16)
    .option('--no-cgroups', 'control speeds by signals although control groups may be writable')
    .option('--cgroup-parent <path>', 'a control group to make groups in, where not the daemon’s own')
    .option('--no-calibrate', 'do not measure the speeds that are really obtained')
    .action(async (options: StartOptions) => {
      const started = orStop(io, await startEmbedded(settingsOf(options)), options)
      const status = orStop<EmbeddedStatus>(io, await started.driver.status(), options)
      await started.driver.close()
      await give(io, options, { value: status, text: () => statusText(status) })
    })
}

function settingsOf(options: StartOptions): EmbeddedOptions {
  const { dir, slots, nodes, normalShare, discipline, engine, lease, diskMib, outputMib, cgroups, cgroupParent, calibrate } =
    options
  return {
    directory: dir,
    slots,
    nodes,
    normalShare,
    discipline,
    engine,
    // what is no time is told by the settings with the rest that is wrong
    leaseSeconds: durationSeconds(lease) ?? -1,
    diskMiB: diskMib,
    outputMiB: outputMib,
    cgroups: cgroups ? 'auto' : 'never',
    ...(cgroupParent === undefined ? {} : { cgroupParent }),
    calibrate,
  }
}

/** Asks the cluster of the options one thing; ends the command where it refuses. */
async function asking<T>(io: Io, options: DirOptions, ask: (driver: EmbeddedDriver) => Promise<T | Refusal>): Promise<T> {
  const driver = orStop<EmbeddedDriver>(io, await embeddedDriver({ socket: placeAt(options.dir).socket }), options)
  try {
    return orStop<T>(io, await ask(driver), options)
  } finally {
    await driver.close()
  }
}

function statusText(status: EmbeddedStatus): string {
  const { calibration, lease, mechanismNote } = status
  const speed = calibration
    ? `measured: ${percent(calibration.normal.got)} of a processor at speed 1, ${percent(calibration.most.got)} at the most, which is ${number(calibration.speedUp)} times the work`
    : `not measured: ${percent(status.normalShare)} of a processor at speed 1`
  const rows = [
    ['daemon', `process ${status.process}, up ${duration(status.upSeconds)}, in ${status.directory}`],
    ['slots', `${count(status.slots)} on ${counted(status.nodes, 'node')}, ${status.engine}, ${status.discipline}`],
    ['jobs', `${count(status.liveJobs)} live, ${counted(status.runningTasks, 'task')} running`],
    ['speed', `${status.mechanism}; ${speed}`],
    ...(mechanismNote === undefined ? [] : [['', mechanismNote]]),
    [
      'steered',
      lease === undefined ? 'by nobody' : `by ${lease.holder}, for ${duration(lease.secondsLeft)} unless it is heard of`,
    ],
    ['journal', bytes(status.journalBytes)],
  ]
  return `${rows.map(([name, text]) => `${name!.padEnd(9)}${text}`).join('\n')}\n`
}

function jobsText(seen: Observation, pen: Ink): string {
  if (seen.jobs.length === 0) return 'No jobs.\n'
  const columns = ['job', 'key', 'class', 'state', 'reason'].map((head) => ({ head }))
  const figures = ['priority', 'speed', 'tasks', 'age', 'wasted'].map((head) => ({ head, align: 'right' as const }))
  return parts(
    table(
      [...columns.slice(0, 4), ...figures, ...columns.slice(4)],
      seen.jobs.map((job) => rowOf(job, seen.atSeconds)),
      pen,
    ),
  )
}

function rowOf(job: ObservedJob, now: number): string[] {
  const stages = job.stages ?? []
  const ended = stages.reduce((sum, stage) => sum + stage.ended, 0)
  const kept = stages.reduce((sum, stage) => sum + stage.tasks - stage.withdrawn, 0)
  return [
    job.id,
    job.key ?? '',
    job.className ?? '',
    job.state,
    String(job.priority ?? ''),
    number(job.speed),
    `${count(ended)}/${count(kept)}`,
    duration((job.endSeconds ?? now) - job.submitSeconds),
    duration(job.wastedSeconds ?? 0),
    job.reason ?? '',
  ]
}
