/** What a site’s Slurm is and permits, asked once: its version, accounting, preemption, qualities of service, and what this user may do. */
import { userInfo } from 'node:os'
import { isRefusal, type Refusal } from '../../model/index.js'
import type { SlurmCommands } from './command.js'

export interface QualityOfService {
  readonly name: string
  readonly priority: number
  /** Those whose running jobs it takes the slots of. */
  readonly preempts: readonly string[]
  readonly preemptMode: string
}

export interface Site {
  readonly version: string
  /** slurm.conf as the controller has it, by name in small letters. */
  readonly config: ReadonlyMap<string, string>
  readonly accounting: boolean
  readonly qualities: readonly QualityOfService[]
  /** Why the qualities are not known, where they are not. */
  readonly noQualities?: string
  readonly operator: boolean
  readonly tiers: ReadonlyMap<string, number>
  readonly maxArraySize: number
  readonly minJobAgeSeconds: number
}

export async function discoverSite(commands: SlurmCommands): Promise<Site | Refusal> {
  const [text, partitions] = await Promise.all([
    commands.run('scontrol', ['show', 'config']),
    commands.run('scontrol', ['--oneliner', 'show', 'partition']),
  ])
  if (isRefusal(text)) return text
  const config = parseConfig(text)
  const accounting = config.get('accountingstoragetype') === 'accounting_storage/slurmdbd'
  const [qos, level] = accounting
    ? await Promise.all([
        commands.run('sacctmgr', ['-n', '-P', 'show', 'qos', 'format=name,priority,preempt,preemptmode']),
        commands.run('sacctmgr', ['-n', '-P', 'show', 'user', `where`, `name=${userInfo().username}`, 'format=adminlevel']),
      ])
    : ['', '']
  const name = userInfo().username
  const isSlurmUser = process.getuid?.() === 0 || (config.get('slurmuser') ?? '').startsWith(`${name}(`)
  return {
    version: config.get('slurm_version') ?? 'of unknown version',
    config,
    accounting,
    qualities: isRefusal(qos) ? [] : parseQualities(qos),
    ...(isRefusal(qos)
      ? { noQualities: qos.message }
      : accounting
        ? {}
        : { noQualities: 'the site keeps no accounts (no slurmdbd)' }),
    operator: isSlurmUser || (!isRefusal(level) && /^(Administrator|Operator)/m.test(level)),
    tiers: isRefusal(partitions) ? new Map() : parseTiers(partitions),
    maxArraySize: Number(config.get('maxarraysize') ?? 1001),
    minJobAgeSeconds: Number.parseInt(config.get('minjobage') ?? '300', 10),
  }
}

function parseConfig(text: string): ReadonlyMap<string, string> {
  return new Map(
    text.split('\n').flatMap((line): [string, string][] => {
      const parts = /^([\w[\]]+)\s*= (.*)$/.exec(line)
      return parts === null ? [] : [[parts[1]!.toLowerCase(), parts[2]!.trim()]]
    }),
  )
}

function parseQualities(text: string): QualityOfService[] {
  return text.split('\n').flatMap((line) => {
    const [name, priority, preempts, preemptMode] = line.split('|')
    if (preemptMode === undefined) return []
    return [{ name: name!, priority: Number(priority), preempts: preempts === '' ? [] : preempts!.split(','), preemptMode }]
  })
}

function parseTiers(text: string): ReadonlyMap<string, number> {
  return new Map(
    text.split('\n').flatMap((line): [string, number][] => {
      const name = /PartitionName=(\S+)/.exec(line)?.[1]
      const tier = /PriorityTier=(\d+)/.exec(line)?.[1]
      return name === undefined || tier === undefined ? [] : [[name, Number(tier)]]
    }),
  )
}
