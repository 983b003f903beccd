import { type Command, Option } from 'commander'
import { type Driver, type Issue, reportOf } from '../model/index.js'
import { CLUSTERS, openDriver, readScenario, type Where } from '../study/index.js'
import { orStop, stopForIssues, stopForRefusal } from './answer.js'
import type { Io } from './io.js'
import { type AnswerOptions, positive, share } from './options.js'

/** Which cluster a command works on, and how it is reached. */
export interface OnOptions extends AnswerOptions {
  readonly on: (typeof CLUSTERS)[number]
  readonly dir?: string
  readonly slurmConf?: string
  readonly spool?: string
  readonly rest?: string
  readonly tokenFile?: string
  readonly normalShare?: number
  readonly replay?: string
  readonly jobs?: number
  readonly seed?: number
}

export function addOnOptions(command: Command): Command {
  return addReachOptions(
    command.addOption(new Option('--on <cluster>', 'which cluster').choices([...CLUSTERS]).makeOptionMandatory()),
  )
}

/** How the cluster that `--on` names is reached. */
export function addReachOptions(command: Command): Command {
  return command
    .option('--dir <folder>', 'for embedded: the directory of the cluster')
    .option('--slurm-conf <file>', 'for slurm: its slurm.conf; default $SLURM_CONF')
    .option(
      '--spool <folder>',
      'for slurm: where records of submitted jobs are kept, seen by all nodes; default ~/.halftone/slurm',
    )
    .option('--rest <url>', 'for slurm: slurmrestd, http://host:port or unix:/path of a socket')
    .option('--token-file <file>', 'for slurm: file with the JSON Web Token for slurmrestd, readable by its owner only')
    .option(
      '--normal-share <share>',
      'for slurm: share of a core that a slot has at normal speed, so that a sprint can give more',
      share,
    )
    .option('--replay <scenario>', 'for replay: the scenario (YAML or JSON) whose jobs are played in virtual time')
    .option('--jobs <n>', 'for replay: so many jobs arrive in all, where the scenario has laws and no trace', positive)
}

/**
 * The driver of the options, or the end of the command; to be closed by the caller. `controller` names who steers, so that whoever takes over from a
 * dead process need not wait until that one is given up.
 */
export async function driverFor(io: Io, options: OnOptions, controller?: string): Promise<Driver> {
  return orStop<Driver>(io, await openDriver(await whereFor(io, options, controller)), options)
}

/** What the options say of the cluster, or the end of the command. */
export async function whereFor(io: Io, options: OnOptions, controller?: string): Promise<Where> {
  const idle = idleOptions(options)
  if (idle.length > 0) stopForIssues(io, reportOf(idle), options)
  const { on, dir, replay: path, slurmConf, spool, rest, tokenFile, normalShare } = options
  if (on === 'embedded') {
    if (dir === undefined) return missing(io, options, '--dir', 'names the directory of the cluster')
    return { on, directory: dir, ...(controller === undefined ? {} : { controller }) }
  }
  if (on === 'replay') {
    if (path === undefined) return missing(io, options, '--replay', 'names the scenario whose jobs are played')
    const reading = await readScenario(path)
    if (!reading.ok)
      return reading.refusal && reading.issues.counts.length === 0
        ? stopForRefusal(io, reading.refusal, options)
        : stopForIssues(io, reading.issues, options)
    const { scenario, replay } = reading.question
    return { on, scenario, ...(replay ? { replay } : {}), seed: options.seed ?? 1, jobs: options.jobs ?? 10_000 }
  }
  return {
    on,
    ...(spool === undefined ? {} : { spool }),
    ...(slurmConf === undefined ? {} : { conf: slurmConf }),
    ...(rest === undefined ? {} : { rest: { url: rest, ...(tokenFile === undefined ? {} : { tokenFile }) } }),
    ...(normalShare === undefined ? {} : { normalShare }),
  }
}

/** Which options say something about which cluster. */
const BELONGS: Readonly<
  Record<'dir' | 'slurmConf' | 'spool' | 'rest' | 'tokenFile' | 'normalShare' | 'replay' | 'jobs', Where['on']>
> = {
  dir: 'embedded',
  slurmConf: 'slurm',
  spool: 'slurm',
  rest: 'slurm',
  tokenFile: 'slurm',
  normalShare: 'slurm',
  replay: 'replay',
  jobs: 'replay',
}

function idleOptions(options: OnOptions): Issue[] {
  return Object.entries(BELONGS).flatMap(([key, on]) => {
    if (options[key as keyof typeof BELONGS] === undefined || on === options.on) return []
    const place = `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
    return [
      { code: 'idle-option', severity: 'error', place, message: `says something about ${on}, but the cluster is ${options.on}` },
    ]
  })
}

function missing(io: Io, options: OnOptions, place: string, what: string): never {
  const issue: Issue = { code: 'missing-option', severity: 'error', place, message: `--on ${options.on} needs it: it ${what}` }
  return stopForIssues(io, reportOf([issue]), options)
}
