/**
 * The keeper: the process that all tasks are children of. It starts what it is told to and remembers how it ended until it is told to forget, so that
 * a daemon that was killed and started again finds its tasks running, and learns how those ended that did so in between. It decides nothing.
 */
import { spawn } from 'node:child_process'
import { chmodSync, closeSync, openSync, rmSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { getPriority, setPriority } from 'node:os'
import { identityOf, type ProcessIdentity } from '../ledger/process.js'
import { type Lines, linesOver } from './lines.js'

/** What a daemon tells the keeper. */
export type KeeperOrder =
  | {
      readonly order: 'start'
      readonly name: string
      readonly command: readonly string[]
      readonly environment: Readonly<Record<string, string>>
      readonly directory: string
      readonly output: string
      readonly errors: string
    }
  | { readonly order: 'forget'; readonly name: string }
  | { readonly order: 'quit' }

/** What the keeper says: all that it knows to whoever connects, then what happens. */
export type KeeperNews =
  | { readonly news: 'known'; readonly tasks: readonly KeptTask[] }
  | { readonly news: 'started'; readonly name: string; readonly process: ProcessIdentity }
  | { readonly news: 'ended'; readonly name: string; readonly end: KeptEnd }

export interface KeptTask {
  readonly name: string
  readonly process?: ProcessIdentity
  readonly end?: KeptEnd
}

/** How a task ended; `failure`: it could not be started. */
export interface KeptEnd {
  readonly code?: number
  readonly signal?: string
  readonly failure?: string
}

/** Serves one daemon at a time on the socket, the latest to come, until it is told to quit; tasks get this niceness. */
export function keep(socketPath: string, niceness: number): void {
  const tasks = new Map<string, { process?: ProcessIdentity; end?: KeptEnd }>()
  let daemon: { readonly socket: Socket; readonly lines: Lines } | undefined
  const say = (news: KeeperNews): void => daemon?.lines.send(news)
  const ended = (name: string, end: KeptEnd): void => {
    const task = tasks.get(name)
    if (task === undefined || task.end !== undefined) return
    task.end = end
    say({ news: 'ended', name, end })
  }
  const start = (order: Extract<KeeperOrder, { order: 'start' }>): void => {
    const { name } = order
    // the same attempt is never started twice
    if (tasks.has(name)) return
    tasks.set(name, {})
    let files: number[] = []
    try {
      files = [order.output, order.errors].map((path) => openSync(path, 'a', 0o600))
      const child = spawn(order.command[0]!, order.command.slice(1), {
        cwd: order.directory,
        env: order.environment,
        detached: true,
        stdio: ['ignore', files[0]!, files[1]!],
      })
      child.on('error', (error) => ended(name, { failure: error.message }))
      child.on('exit', (code, signal) => ended(name, { ...(code === null ? {} : { code }), ...(signal ? { signal } : {}) }))
      // the keeper may go before others, its tasks may not
      if (child.pid !== undefined && getPriority() !== niceness) setPriority(child.pid, niceness)
      const process = child.pid === undefined ? undefined : identityOf(child.pid)
      if (process === undefined) return
      tasks.get(name)!.process = process
      say({ news: 'started', name, process })
    } catch (error) {
      ended(name, { failure: (error as Error).message })
    } finally {
      for (const file of files) closeSync(file)
    }
  }
  const server = createServer((socket) => {
    daemon?.socket.destroy()
    const lines = linesOver(socket, (value) => {
      const order = value as KeeperOrder
      if (order.order === 'start') start(order)
      else if (order.order === 'forget') tasks.delete(order.name)
      else server.close(() => process.exit(0))
      if (order.order === 'quit') socket.destroy()
    })
    daemon = { socket, lines }
    socket.on('error', () => undefined)
    socket.on('close', () => {
      if (daemon?.socket === socket) daemon = undefined
    })
    say({ news: 'known', tasks: [...tasks].map(([name, task]) => ({ name, ...task })) })
  })
  rmSync(socketPath, { force: true })
  server.listen(socketPath, () => chmodSync(socketPath, 0o600))
}
