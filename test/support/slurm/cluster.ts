/**
 * A Slurm cluster of virtual nodes for a test: real daemons on the loopback interface, everything they write in one directory that goes when
 * the test ends, however it ends. Nothing is installed here; where a program is missing, `slurmIsMissing` says which.
 */
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { freePorts, missingProgram, openDaemons, SYSTEM_PATH, until } from './daemons.js'

export interface SlurmClusterOptions {
  readonly nodes?: number
  readonly processors?: number
  /** slurmdbd and MariaDB: accounts, and the qualities of service low, normal and high of which the higher preempt the lower. */
  readonly accounting?: boolean
  readonly rest?: boolean
}

export interface SlurmCluster {
  readonly conf: string
  readonly directory: string
  readonly nodes: readonly string[]
  readonly slots: number
  /** Address of slurmrestd, and the file that holds a token for root. */
  readonly rest: { readonly url: string; readonly tokenFile: string; readonly user: string }
  /** Runs one of Slurm’s tools and returns what it printed. */
  command(program: string, ...args: string[]): Promise<string>
  /** A fresh token that runs out after so many seconds. */
  token(seconds: number): Promise<string>
  /** A daemon by name: `slurmctld`, `slurmrestd`, or a node. */
  signal(name: string, signal: NodeJS.Signals): void
  kill(name: string): Promise<void>
  start(name: string): Promise<void>
  stop(): Promise<void>
}

const run = promisify(execFile)

/** Why no Slurm can be started here; undefined where it can. */
export function slurmIsMissing({
  accounting = false,
  rest = false,
}: Pick<SlurmClusterOptions, 'accounting' | 'rest'> = {}): string | undefined {
  if (process.getuid?.() !== 0) return 'Slurm’s daemons need root to run jobs'
  const programs = ['munged', 'slurmctld', 'slurmd', 'sbatch', 'squeue', 'scontrol']
  if (rest) programs.push('slurmrestd')
  if (accounting) programs.push('slurmdbd', 'sacctmgr', 'mariadbd', 'mariadb-install-db')
  const missing = missingProgram(...programs)
  return missing === undefined ? undefined : `${missing} is not installed`
}

export async function startSlurm(options: SlurmClusterOptions = {}): Promise<SlurmCluster> {
  const { nodes: count = 2, processors = 2, accounting = false, rest = false } = options
  const daemons = openDaemons('ht-slurm-')
  try {
    return await startIn(daemons, count, processors, accounting, rest)
  } catch (cause) {
    await daemons.stop()
    throw cause
  }
}

async function startIn(
  daemons: ReturnType<typeof openDaemons>,
  count: number,
  processors: number,
  accounting: boolean,
  rest: boolean,
): Promise<SlurmCluster> {
  const { directory } = daemons
  const at = (...parts: string[]): string => join(directory, ...parts)
  const [controller, database, restPort, sql, ...nodePorts] = (await freePorts(4 + count)) as [
    number,
    number,
    number,
    number,
    ...number[],
  ]
  const nodes = nodePorts.map((_, i) => `t${i + 1}`)
  const environment = { SLURM_CONF: at('slurm.conf') }
  const command = async (program: string, ...args: string[]): Promise<string> => {
    const { stdout } = await run(program, args, { env: { PATH: SYSTEM_PATH, LC_ALL: 'C', ...environment }, timeout: 20_000 })
    return stdout
  }
  const works =
    (program: string, ...args: string[]) =>
    () =>
      command(program, ...args).then(
        () => true,
        () => false,
      )

  mkdirSync(at('controller'))
  for (const node of nodes) mkdirSync(at(node))
  writeFileSync(at('munge.key'), randomBytes(1024), { mode: 0o600 })
  writeFileSync(at('jwt.key'), randomBytes(32), { mode: 0o600 })
  const ports = { controller, database, nodes: nodePorts }
  writeFileSync(at('slurm.conf'), slurmConf(directory, nodes, processors, ports, accounting))

  daemons.start('munged', 'munged', [
    '--foreground',
    `--key-file=${at('munge.key')}`,
    `--socket=${at('munge')}`,
    `--pid-file=${at('munged.pid')}`,
    `--log-file=${at('munged.own')}`,
    `--seed-file=${at('munged.seed')}`,
  ])
  await until('munged answers', 20, works('munge', '-n', '-S', at('munge')))
  if (accounting) await startAccounting(daemons, command, { database, sql })

  const starts: Record<string, () => Promise<void>> = {
    slurmctld: async () => {
      daemons.start('slurmctld', 'slurmctld', ['-D'], environment)
      await until('slurmctld answers', 30, works('squeue', '--noheader'))
    },
    slurmrestd: async () => {
      // the interfaces to the accounts refuse to start where there are none
      const plugins = accounting ? [] : ['-s', 'openapi/v0.0.38']
      const args = ['-u', 'nobody', '-g', 'nogroup', '-a', 'rest_auth/jwt', ...plugins, `127.0.0.1:${restPort}`]
      daemons.start('slurmrestd', 'slurmrestd', args, { ...environment, SLURM_JWT: 'daemon' })
      await until('slurmrestd listens', 20, () =>
        fetch(`http://127.0.0.1:${restPort}/openapi`).then(
          () => true,
          () => false,
        ),
      )
    },
  }
  for (const node of nodes) starts[node] = async () => daemons.start(node, 'slurmd', ['-D', '-N', node], environment)
  await starts['slurmctld']!()
  for (const node of nodes) await starts[node]!()
  const isUp = async (): Promise<boolean> => !/unk|down|\*/.test(await command('sinfo', '--noheader', '--Node', '--format=%t'))
  await until('all nodes are up', 30, isUp)
  if (accounting) await addQualities(command)
  const token = async (seconds: number): Promise<string> =>
    (await command('scontrol', 'token', 'username=root', `lifespan=${seconds}`)).trim().replace(/^SLURM_JWT=/, '')
  if (rest) {
    await starts['slurmrestd']!()
    writeFileSync(at('token'), await token(3_600), { mode: 0o600 })
  }
  return {
    conf: at('slurm.conf'),
    directory,
    nodes,
    slots: count * processors,
    rest: { url: `http://127.0.0.1:${restPort}`, tokenFile: at('token'), user: 'root' },
    command,
    token,
    signal: daemons.signal,
    kill: daemons.kill,
    start: (name) => starts[name]!(),
    stop: daemons.stop,
  }
}

function slurmConf(
  directory: string,
  nodes: readonly string[],
  processors: number,
  ports: { readonly controller: number; readonly database: number; readonly nodes: readonly number[] },
  accounting: boolean,
): string {
  const lines = [
    'ClusterName=halftone',
    `SlurmctldHost=${hostname().split('.')[0]}(127.0.0.1)`,
    `SlurmctldPort=${ports.controller}`,
    'SlurmUser=root',
    'CommunicationParameters=NoInAddrAny,NoCtldInAddrAny',
    // cred_expire is also how long a requeued job is held back; below 5 Slurm takes it for 120
    `AuthInfo=socket=${directory}/munge,cred_expire=5`,
    'AuthAltTypes=auth/jwt',
    `AuthAltParameters=jwt_key=${directory}/jwt.key`,
    `StateSaveLocation=${directory}/controller`,
    `SlurmdSpoolDir=${directory}/%n`,
    `SlurmctldPidFile=${directory}/slurmctld.pid`,
    `SlurmdPidFile=${directory}/%n.pid`,
    'ProctrackType=proctrack/linuxproc',
    'TaskPlugin=task/none',
    'JobAcctGatherType=jobacct_gather/linux',
    'MpiDefault=none',
    'SwitchType=switch/none',
    'PropagateResourceLimits=NONE',
    'SlurmdParameters=config_overrides',
    'ReturnToService=2',
    'SlurmdTimeout=5',
    'MessageTimeout=5',
    'KillWait=2',
    'SelectType=select/cons_tres',
    'SelectTypeParameters=CR_CPU',
    'SchedulerType=sched/backfill',
    'SchedulerParameters=batch_sched_delay=1,sched_interval=1,sched_min_interval=50000,bf_interval=1,bf_continue,default_queue_depth=1000',
    'MinJobAge=300',
    'PriorityType=priority/multifactor',
    'PriorityCalcPeriod=1',
    'PriorityWeightPartition=1000000',
    'JobCompType=jobcomp/filetxt',
    `JobCompLoc=${directory}/jobcomp.txt`,
  ]
  if (accounting)
    lines.push(
      'PriorityWeightQOS=1000000',
      'PreemptType=preempt/qos',
      'PreemptMode=REQUEUE',
      'AccountingStorageType=accounting_storage/slurmdbd',
      'AccountingStorageHost=127.0.0.1',
      `AccountingStoragePort=${ports.database}`,
      `AccountingStoragePass=${directory}/munge`,
    )
  for (const [i, node] of nodes.entries())
    lines.push(
      `NodeName=${node} NodeHostname=localhost NodeAddr=127.0.0.1 Port=${ports.nodes[i]} CPUs=${processors} RealMemory=1024 State=UNKNOWN`,
    )
  lines.push('PartitionName=batch Nodes=ALL Default=YES DefaultTime=60 MaxTime=INFINITE State=UP', '')
  return lines.join('\n')
}

async function startAccounting(
  daemons: ReturnType<typeof openDaemons>,
  command: (program: string, ...args: string[]) => Promise<string>,
  ports: { readonly database: number; readonly sql: number },
): Promise<void> {
  const at = (name: string): string => join(daemons.directory, name)
  const password = randomBytes(18).toString('hex')
  const install = [
    '--no-defaults',
    '--user=root',
    `--datadir=${at('mariadb')}`,
    '--auth-root-authentication-method=socket',
    '--auth-root-socket-user=root',
    '--skip-test-db',
  ]
  await run('mariadb-install-db', install, { env: { PATH: SYSTEM_PATH, LC_ALL: 'C' }, timeout: 60_000 })
  daemons.start('mariadbd', 'mariadbd', [
    '--no-defaults',
    '--user=root',
    `--datadir=${at('mariadb')}`,
    `--socket=${at('sql')}`,
    `--pid-file=${at('mariadb.pid')}`,
    '--bind-address=127.0.0.1',
    `--port=${ports.sql}`,
    '--skip-name-resolve',
    '--innodb-buffer-pool-size=64M',
    '--innodb-log-file-size=64M',
    '--innodb-lock-wait-timeout=900',
    '--innodb-flush-log-at-trx-commit=2',
  ])
  const sql = (statement: string): Promise<string> =>
    command('mariadb', '--no-defaults', `--socket=${at('sql')}`, '--user=root', '-e', statement)
  await until('MariaDB answers', 60, () =>
    sql('SELECT 1').then(
      () => true,
      () => false,
    ),
  )
  await sql(
    `CREATE DATABASE accounts; CREATE USER slurm@'127.0.0.1' IDENTIFIED BY '${password}'; GRANT ALL ON accounts.* TO slurm@'127.0.0.1'`,
  )
  const conf = [
    `AuthInfo=socket=${at('munge')}`,
    'DbdHost=localhost',
    'DbdAddr=127.0.0.1',
    `DbdPort=${ports.database}`,
    'CommunicationParameters=NoInAddrAny',
    'SlurmUser=root',
    `PidFile=${at('slurmdbd.pid')}`,
    'StorageType=accounting_storage/mysql',
    'StorageHost=127.0.0.1',
    `StoragePort=${ports.sql}`,
    'StorageUser=slurm',
    `StoragePass=${password}`,
    'StorageLoc=accounts',
    '',
  ]
  writeFileSync(at('slurmdbd.conf'), conf.join('\n'), { mode: 0o600 })
  daemons.start('slurmdbd', 'slurmdbd', ['-D'], { SLURM_CONF: at('slurmdbd.conf') })
  await until('slurmdbd answers', 60, () =>
    command('sacctmgr', '-n', '-i', 'show', 'cluster').then(
      () => true,
      () => false,
    ),
  )
}

/** Three qualities of service, of which the higher preempt the lower, and an account that may use them all. */
async function addQualities(command: (program: string, ...args: string[]) => Promise<string>): Promise<void> {
  const manage = (...args: string[]): Promise<string> => command('sacctmgr', '-Q', '-i', ...args)
  await manage('add', 'qos', 'low', 'priority=0')
  await manage('add', 'qos', 'high', 'priority=1000', 'preempt=low', 'preemptmode=requeue')
  await manage('modify', 'qos', 'normal', 'set', 'priority=100')
  await manage('add', 'account', 'research')
  await manage('add', 'user', 'root', 'account=research', 'qos=low,normal,high', 'defaultqos=normal')
  await manage('modify', 'user', 'root', 'set', 'defaultaccount=research')
}
