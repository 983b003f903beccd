/** Starts the daemon of an embedded cluster as a process of its own, and connects to it. */
import { spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { isRefusal, type Refusal, refuse } from '../../model/index.js'
import { type EmbeddedDriver, embeddedDriver } from './client.js'
import { type Place, placeAt, preparePlace } from './place.js'
import { type EmbeddedOptions, EmbeddedSettings } from './settings.js'

const DAEMON = new URL('./daemon-main.js', import.meta.url)
/** Long enough for a journal of some hundred megabytes on a loaded machine. */
const START_SECONDS = 60

export interface StartedCluster {
  readonly driver: EmbeddedDriver
  readonly socket: string
  /** The daemon’s process. */
  readonly process: number
  /** Cancels what lives, ends the daemon and waits until it is gone. */
  stop(): Promise<void>
}

/** Starts a cluster that outlives this process unless `stop` is called; a refusal with the daemon’s own reason where it does not come up. */
export async function startEmbedded(options: EmbeddedOptions): Promise<StartedCluster | Refusal> {
  const read = EmbeddedSettings.safeParse(options)
  if (!read.success)
    return refuse('unsupported', read.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '))
  const place = placeAt(read.data.directory)
  const refusal = preparePlace(place) ?? (await refusesSecond(place))
  if (refusal) return refusal
  const log = openSync(place.log, 'w', 0o600)
  const settings = JSON.stringify({ ...read.data, directory: place.directory })
  const child = spawn(process.execPath, [fileURLToPath(DAEMON), settings], {
    detached: true,
    cwd: place.directory,
    stdio: ['ignore', log, log],
  })
  closeSync(log)
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  child.once('error', () => undefined)
  child.unref()
  const deadline = performance.now() + START_SECONDS * 1000
  while (performance.now() < deadline && child.exitCode === null && child.signalCode === null) {
    const driver = await embeddedDriver({ socket: place.socket })
    if (isRefusal(driver)) await wait(20)
    else if (!(await isServedBy(driver, child.pid!))) await driver.close()
    else {
      const stopping = (): Promise<void> => {
        child.ref()
        return stop(driver, ended)
      }
      return { driver, socket: place.socket, process: child.pid!, stop: stopping }
    }
  }
  return whyNot(place.log)
}

async function refusesSecond({ socket, directory }: Place): Promise<Refusal | undefined> {
  const driver = await embeddedDriver({ socket })
  if (isRefusal(driver)) return undefined
  await driver.close()
  return refuse('unsupported', `a daemon serves ${directory} already`)
}

/** Of two that are started at once one takes the lock, and the other is to hear that it did not. */
async function isServedBy(driver: EmbeddedDriver, process: number): Promise<boolean> {
  const status = await driver.status()
  return !isRefusal(status) && status.process === process
}

async function stop(driver: EmbeddedDriver, ended: Promise<void>): Promise<void> {
  const answer = await driver.stopCluster(true)
  if (!isRefusal(answer)) await ended
  await driver.close()
}

/** The refusal that the daemon wrote as its last word, or what else it said. */
function whyNot(log: string): Refusal {
  const last = readFileSync(log, 'utf8').trim().split('\n').at(-1) ?? ''
  try {
    const said: unknown = JSON.parse(last)
    if (isRefusal(said)) return said
  } catch {
    // no refusal: what it said is told as it is
  }
  return refuse('no-data', `the daemon did not come up: ${last.slice(0, 200) || 'it said nothing'}`)
}
