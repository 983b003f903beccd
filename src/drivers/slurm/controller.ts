/** Whether slurmctld runs at all: its port tells within a millisecond what the tools find out by trying for many seconds. */
import { connect } from 'node:net'
import type { Site } from './site.js'

export interface ControllerAddress {
  readonly address: string
  readonly port: number
}

/** Where the one controller listens; undefined where there are several, of which any may answer. */
export function controllerOf({ config }: Pick<Site, 'config'>): ControllerAddress | undefined {
  const host = config.get('slurmctldhost[0]')
  if (host === undefined || config.has('slurmctldhost[1]')) return undefined
  const address = config.get('slurmctldaddr')
  const port = Number.parseInt(config.get('slurmctldport') ?? '', 10)
  const named = /\(([^)]+)\)/.exec(host)?.[1] ?? host
  return Number.isInteger(port) ? { address: address === undefined || address === '(null)' ? named : address, port } : undefined
}

/** True where nobody listens. Anything else (a name that does not resolve, no answer at all) is left to the tools. */
export function refusesConnection(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 1_000 })
    const tell = (refused: boolean): void => {
      socket.destroy()
      resolve(refused)
    }
    socket.on('connect', () => tell(false))
    socket.on('timeout', () => tell(false))
    socket.on('error', (cause: NodeJS.ErrnoException) => tell(cause.code === 'ECONNREFUSED'))
  })
}
