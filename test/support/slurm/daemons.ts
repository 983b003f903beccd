import { type ChildProcess, spawn } from 'node:child_process'
import { accessSync, chmodSync, constants, mkdtempSync, openSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

/** Where programs of system services lie as well, which a user’s PATH leaves out. */
export const SYSTEM_PATH = `${process.env['PATH'] ?? ''}${delimiter}/usr/local/sbin${delimiter}/usr/sbin${delimiter}/sbin`

/** The first of these programs that is not installed; undefined when all are. */
export function missingProgram(...names: string[]): string | undefined {
  const directories = SYSTEM_PATH.split(delimiter).filter(Boolean)
  return names.find((name) => !directories.some((directory) => isExecutable(join(directory, name))))
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** Daemons of one test cluster, and the directory in which all they write lies. */
export interface Daemons {
  readonly directory: string
  start(name: string, program: string, args: readonly string[], environment?: Readonly<Record<string, string>>): void
  signal(name: string, signal: NodeJS.Signals): void
  /** Kills a daemon and waits until it is gone. */
  kill(name: string): Promise<void>
  isAlive(name: string): boolean
  /** The end of what a daemon wrote, for the message of a failed test. */
  logOf(name: string): string
  /** Kills everything that was started and all it started, and removes the directory. */
  stop(): Promise<void>
}

/**
 * A guard stands beside the daemons from the beginning: it holds the other end of a pipe of this process, and when that closes, by `stop` or
 * because this process died, it kills whatever has the directory in its environment, and removes the directory.
 */
export function openDaemons(prefix: string): Daemons {
  // Sockets may have 107 characters at most, and slurmd appends up to 45 of its own: so not in a deep temporary directory.
  const directory = mkdtempSync(join('/tmp', prefix))
  chmodSync(directory, 0o755)
  const guard = spawn(process.execPath, [fileURLToPath(new URL('./guard.mjs', import.meta.url)), directory], {
    stdio: ['pipe', 'ignore', 'inherit'],
    detached: true,
  })
  const children = new Map<string, ChildProcess>()
  const logOf = (name: string): string => join(directory, `${name}.log`)
  const child = (name: string): ChildProcess => {
    const known = children.get(name)
    if (known === undefined) throw new Error(`no daemon ${name} was started`)
    return known
  }
  const alive = (name: string): boolean => child(name).exitCode === null && child(name).signalCode === null
  return {
    directory,
    start(name, program, args, environment = {}) {
      const log = openSync(logOf(name), 'a')
      const env = { PATH: SYSTEM_PATH, HOME: '/', LC_ALL: 'C', HALFTONE_TEST_CLUSTER: directory, ...environment }
      children.set(name, spawn(program, args, { cwd: '/', env, stdio: ['ignore', log, log] }))
    },
    signal: (name, signal) => void child(name).kill(signal),
    async kill(name) {
      child(name).kill('SIGKILL')
      while (alive(name)) await sleep(10)
    },
    isAlive: alive,
    logOf: (name) => readFileSync(logOf(name), 'utf8').slice(-2_000),
    async stop() {
      const gone = new Promise<void>((resolve) => guard.once('exit', () => resolve()))
      guard.stdin!.end()
      await gone
    },
  }
}

/** Ports on the loopback interface that were free just now. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer()
      await new Promise<void>((resolve, reject) => server.on('error', reject).listen(0, '127.0.0.1', resolve))
      return server
    }),
  )
  const ports = servers.map((server) => (server.address() as { port: number }).port)
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}

/** Waits until something holds; fails with what was awaited. */
export async function until(what: string, seconds: number, holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + seconds * 1000
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`not within ${seconds} s: ${what}`)
    await sleep(50)
  }
}
