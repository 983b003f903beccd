/** Starts to serve an embedded cluster in this process: takes its lock, reads its journal, takes its tasks over, opens its socket. */
import { chmodSync, rmSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { getPriority, setPriority } from 'node:os'
import { isRefusal, type Refusal, refuse } from '../../model/index.js'
import { takeLock } from '../ledger/lock.js'
import type { SchedulerDiscipline } from '../scheduler/index.js'
import { calibrate } from './calibrate.js'
import { cgroupTreeAt, cgroupTrees } from './cgroup.js'
import { anchoredClock, anchorHere, bootId, monotonic } from './clock.js'
import { Daemon } from './daemon.js'
import { type ClusterShape, JOURNAL_SCHEMA, Journal, readJournal } from './journal.js'
import { linesOver } from './lines.js'
import { chooseMechanism } from './mechanism.js'
import { type Place, placeAt, preparePlace } from './place.js'
import type { Answered, Asked } from './protocol.js'
import type { EmbeddedSettings } from './settings.js'
import { ClusterState } from './state.js'

/** Serves until it is told to stop; a refusal where it cannot begin. */
export async function serveCluster(settings: EmbeddedSettings): Promise<Refusal | undefined> {
  const place = placeAt(settings.directory)
  const refusal = preparePlace(place)
  if (refusal) return refusal
  const lock = takeLock(place.lock)
  if (!lock.ok) return refuse('unsupported', `a daemon serves ${place.directory} already`)
  const entries = readJournal(place.journal)
  if (isRefusal(entries)) return entries
  const journal = new Journal(place.journal)
  const [made] = entries
  const shape = made?.entry === 'made' ? made.shape : shapeOf(settings)
  const different = made && refusesShape(shape, shapeOf(settings), place)
  if (different) return different
  if (made === undefined) journal.write({ entry: 'made', schema: JOURNAL_SCHEMA, shape }, true)
  const state = new ClusterState(shape, settings.leaseSeconds)
  for (const entry of entries) state.take(entry, monotonic())
  const { cgroups, cgroupParent, slots } = settings
  const trees = cgroupParent === undefined ? cgroupTrees() : [cgroupTreeAt(cgroupParent)]
  const mechanism = chooseMechanism({ cgroups, group: `halftone-${place.id}`, slots }, trees)
  const calibration = settings.calibrate ? await calibrate(mechanism.control, settings.normalShare) : undefined
  const latest = entries.reduce((time, entry) => ('at' in entry ? Math.max(time, entry.at) : time), 0)
  const anchor = state.anchor !== undefined && state.anchor.boot === bootId() ? state.anchor : anchorHere(latest)
  const { mechanism: name } = mechanism.control
  journal.write({ entry: 'opened', at: anchoredClock(anchor).now(), process: process.pid, anchor, mechanism: name }, true)
  const niceness = goFirst()
  const daemon = new Daemon({
    place,
    settings,
    shape,
    state,
    journal,
    anchor,
    mechanism,
    calibration,
    niceness,
    unlock: lock.release,
  })
  await daemon.takeOver()
  const server = createServer((socket) => serveClient(daemon, socket))
  rmSync(place.socket, { force: true })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(place.socket, resolve)
  })
  chmodSync(place.socket, 0o600)
  process.on('SIGHUP', () => undefined)
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.once(signal, () => {
      daemon.close(`ended by ${signal}; tasks run on`, false)
      process.exit(0)
    })
  await daemon.stopped()
  // whoever asked for it is to hear so
  await new Promise((resolve) => setTimeout(resolve, 50))
  daemon.close('stopped', true)
  process.exit(0)
}

function serveClient(daemon: Daemon, socket: Socket): void {
  socket.on('error', () => undefined)
  const lines = linesOver(socket, (value) => {
    const { id, controller, request } = value as Asked
    let answered: Answered
    try {
      answered = { id, answer: daemon.answer(request, String(controller)) }
    } catch (error) {
      answered = { id, fault: (error as Error).message }
      process.stderr.write(`${(error as Error).stack}\n`)
    }
    lines.send(answered)
  })
}

/** Where that is permitted, the daemon and its keeper go before tasks that want all processors, so that no slot waits for them; the niceness of others. */
function goFirst(): number {
  const niceness = getPriority()
  try {
    setPriority(Math.max(-20, niceness - 10))
  } catch {
    // not permitted: then they wait their turn
  }
  return niceness
}

function shapeOf({ slots, nodes, engine, discipline }: EmbeddedSettings): ClusterShape {
  return {
    nodes: Array.from({ length: nodes }, (_, i) => ({ name: `node-${i + 1}`, slots: slots / nodes })),
    engine,
    discipline: discipline as SchedulerDiscipline,
  }
}

/** The jobs of a journal belong to slots and an engine; the discipline may have been changed since and is what the journal says. */
function refusesShape(was: ClusterShape, asked: ClusterShape, { directory }: Place): Refusal | undefined {
  const told = ({ nodes, engine }: ClusterShape): string => `${nodes.length} nodes with ${nodes[0]!.slots} slots each, ${engine}`
  if (told(was) === told(asked)) return undefined
  return refuse('unsupported', `the cluster at ${directory} was made with ${told(was)}, not ${told(asked)}`)
}
