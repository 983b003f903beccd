/** The daemon’s end of the line to its keeper: finds the one that runs, or starts one. */
import { spawn } from 'node:child_process'
import { connect, type Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { KeeperNews, KeeperOrder, KeptTask } from './keeper.js'
import { type Lines, linesOver } from './lines.js'

const KEEPER = new URL('./keeper-main.js', import.meta.url)

export interface KeeperLine {
  /** What the keeper knew when the line was opened. */
  readonly known: readonly KeptTask[]
  tell(order: KeeperOrder): void
}

/** Opens the line; `news` is called with what happens, `lost` when the keeper is gone; `niceness` is that of tasks. */
export async function openKeeper(
  socketPath: string,
  niceness: number,
  news: (news: KeeperNews) => void,
  lost: () => void,
): Promise<KeeperLine> {
  for (let tries = 0; tries < 10; tries++) {
    const socket = (await reach(socketPath)) ?? (await startKeeper(socketPath, niceness))
    const line = await greeted(socket, news, lost)
    // one that is just dying may take a call and never answer it
    if (line !== undefined) return line
  }
  throw new Error(`the keeper of tasks at ${socketPath} hangs up`)
}

/** The line once the keeper has said what it knows; undefined where it hangs up before. */
function greeted(socket: Socket, news: (news: KeeperNews) => void, lost: () => void): Promise<KeeperLine | undefined> {
  return new Promise((resolve) => {
    let open = false
    const lines: Lines = linesOver(socket, (value) => {
      const said = value as KeeperNews
      if (said.news !== 'known') return news(said)
      open = true
      resolve({ known: said.tasks, tell: (order) => lines.send(order) })
    })
    socket.on('error', () => undefined)
    socket.on('close', () => (open ? lost() : resolve(undefined)))
  })
}

function reach(path: string): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = connect(path)
    socket.once('connect', () => resolve(socket))
    socket.once('error', () => resolve(undefined))
  })
}

async function startKeeper(path: string, niceness: number): Promise<Socket> {
  const child = spawn(process.execPath, [fileURLToPath(KEEPER), path, String(niceness)], { detached: true, stdio: 'ignore' })
  child.unref()
  for (let tries = 0; tries < 1000; tries++) {
    const socket = await reach(path)
    if (socket !== undefined) return socket
    await wait(10)
  }
  throw new Error(`the keeper of tasks did not answer at ${path}`)
}
