/** The directory of an embedded cluster: who may see it, and where what is in it. */
import { createHash } from 'node:crypto'
import { existsSync, lstatSync, mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type Refusal, refuse } from '../../model/index.js'

export interface Place {
  readonly directory: string
  /** Names the cluster among others of this machine. */
  readonly id: string
  readonly socket: string
  readonly keeperSocket: string
  readonly lock: string
  readonly journal: string
  readonly log: string
  /** A working directory for each job, and what its tasks print. */
  readonly sandboxes: string
  readonly outputs: string
}

/** Longest path of a socket that the system takes. */
const LONGEST_SOCKET = 107

/** Where things are in a cluster’s directory. */
export function placeAt(directory: string): Place {
  const at = resolve(directory)
  const id = createHash('sha256').update(at).digest('hex').slice(0, 10)
  return {
    directory: at,
    id,
    socket: join(at, 'cluster.sock'),
    keeperSocket: join(at, 'keeper.sock'),
    lock: join(at, 'daemon.lock'),
    journal: join(at, 'journal.jsonl'),
    log: join(at, 'daemon.log'),
    sandboxes: join(at, 'jobs'),
    outputs: join(at, 'outputs'),
  }
}

/** Makes the directory, readable by its owner only, or says why it is not to be used. */
export function preparePlace(place: Place): Refusal | undefined {
  const { directory } = place
  if (place.keeperSocket.length > LONGEST_SOCKET)
    return refuse('unsupported', `the path of ${directory} is too long for a socket in it: take a shorter one`, {
      characters: place.keeperSocket.length,
      most: LONGEST_SOCKET,
    })
  if (!existsSync(directory)) mkdirSync(directory, { recursive: true, mode: 0o700 })
  const refusal = refusesPlace(directory)
  if (refusal) return refusal
  for (const path of [place.sandboxes, place.outputs]) mkdirSync(path, { recursive: true, mode: 0o700 })
  return undefined
}

/** Refuses a directory that somebody else owns or may enter: who can write to its socket can run programs as its owner. */
export function refusesPlace(directory: string): Refusal | undefined {
  let stat: ReturnType<typeof lstatSync>
  try {
    stat = lstatSync(directory)
  } catch {
    return refuse('no-data', `there is no cluster at ${directory}`)
  }
  if (!stat.isDirectory()) return refuse('unsupported', `${directory} is not a directory`)
  if (stat.uid !== process.getuid?.()) return refuse('unsupported', `${directory} belongs to user ${stat.uid}, not to you`)
  if ((stat.mode & 0o077) !== 0)
    return refuse('unsupported', `others may enter ${directory}: chmod 700 it, or name one that does not exist yet`)
  return undefined
}
