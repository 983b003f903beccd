/**
 * Slurm as a cluster that halftone watches and steers. What Slurm forgets of a job stands in the spool; what a site does not permit is refused
 * with the reason; a controller that does not answer is a refusal within the time limit. Looks and actions of one driver never overlap.
 */
import { rmSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import {
  type Capabilities,
  type ClusterAction,
  DISCIPLINES,
  type Discipline,
  type Driver,
  type Enacted,
  isRefusal,
  LIVE_STATES,
  type Observation,
  type ObserveOptions,
  type Refusal,
  refuse,
} from '../../model/index.js'
import {
  cancel,
  deflate,
  drain,
  holdOrRelease,
  inflate,
  nodeState,
  prioritise,
  requeue,
  resume,
  type Subject,
  type Workshop,
} from './actions.js'
import { type Attempts, type ReadLog, readAttempts } from './attempts.js'
import { capabilitiesOf, type Means, nothingPermitted } from './capabilities.js'
import { slurmCommands } from './command.js'
import { controllerOf, refusesConnection } from './controller.js'
import { fallbackGateway } from './fallback.js'
import { foldForeign, foldOwn } from './fold.js'
import { type History, type HistoryOptions, readHistory } from './history.js'
import { discoverLevels, isFlat, levelOf, niceStepOf, priorityOf } from './levels.js'
import { parseStageName } from './name.js'
import { openQuota, type Quota } from './quota.js'
import { ranksOf } from './ranks.js'
import { type JobRecord, openSpool, spoolRefusal, writeChanged } from './record.js'
import { type RestGateway, restGateway } from './rest.js'
import { isHeld, type QueueRow } from './row.js'
import type { PriorityLevel, SlurmSettings } from './settings.js'
import { discoverSite, type Site } from './site.js'
import { directoryOf, idOf, submitJob } from './submit.js'
import { toolsGateway } from './tools.js'

const DEFAULT_TIMEOUT_SECONDS = 10
/** A job that was submitted so recently may not have been listed when the queue was read. */
const YOUNG_SECONDS = 10

export interface SlurmDriver extends Driver {
  /** Ended jobs as a table that reads as a trace of the format `sacct`. */
  history(options: HistoryOptions): Promise<History | Refusal>
  /** After a controller died: jobs that it left sprinting go back to speed 1, control groups of ended jobs and held copies of arrays go. Says what it did. */
  restore(): Promise<readonly string[] | Refusal>
}

/** Every job that the queue or the spool knows, and arrays that are copies of one: their submission was taken, and not answered. */
interface Look {
  readonly at: number
  readonly subjects: readonly Subject[]
  readonly copies: readonly QueueRow[]
  /** What is wrong with records that could not be read. */
  readonly damaged: readonly string[]
}

export function slurmDriver(settings: SlurmSettings): SlurmDriver {
  const { clock, conf } = settings
  const timeoutSeconds = settings.timeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS
  const commands = slurmCommands({ ...(conf === undefined ? {} : { conf }), timeoutSeconds })
  const rest: RestGateway | undefined = settings.rest && restGateway(settings.rest, clock, timeoutSeconds)
  // Over a socket without a token slurmrestd acts as its own user, and with another’s token as that one; the tools act as this one.
  const submitsByRest = settings.rest?.tokenFile !== undefined && settings.rest.user === userInfo().username
  const gateway = fallbackGateway({ rest, tools: toolsGateway(commands), clock, submitsByRest })
  const spool = openSpool(settings.spool)
  const workshop: Workshop = { commands, gateway, spool, settings }
  const logs = new Map<string, ReadLog>()
  let means: Means | undefined
  let lastLook = Number.NEGATIVE_INFINITY
  let turn: Promise<unknown> = Promise.resolve()

  /** One thing after the other, so that no look sees an action half done. */
  const inTurn = <Answer>(work: () => Promise<Answer>): Promise<Answer> => {
    const mine = turn.then(work, work)
    turn = mine
    return mine
  }

  const answers = async (): Promise<Refusal | undefined> => {
    const host = means && controllerOf(means.site)
    return host !== undefined && (await refusesConnection(host.address, host.port))
      ? refuse('no-data', `slurmctld does not run: ${host.address}:${host.port} refuses connections`)
      : undefined
  }

  const discover = async (): Promise<Means | Refusal> => {
    if (means !== undefined) return means
    const site = await discoverSite(commands)
    if (isRefusal(site)) return site
    const nodes = await gateway.nodes()
    if (isRefusal(nodes)) return nodes
    means = {
      site,
      levels: settings.levels ?? discoverLevels(site),
      quota: openQuota(settings.quota, spool.root, nodes, site),
    }
    return means
  }

  const disciplineNow = ({ levels }: Means): Discipline | undefined => {
    const said = spool.readSetting('discipline')
    const known = DISCIPLINES.find((one) => one === said && one in levels)
    return known ?? (['priority-nonpreemptive', ...DISCIPLINES] as const).find((one) => one in levels)
  }
  const levelFor = (found: Means, priority: number): PriorityLevel => {
    const discipline = disciplineNow(found)
    if (discipline === undefined) return {}
    const levels = found.levels[discipline] ?? []
    return levelOf(levels, isFlat(discipline) ? 1 : priority, niceStepOf(found.site))
  }

  const attemptsOf = (key: string): Attempts => {
    const path = join(spool.directoryOf(key), 'log')
    const known = logs.get(key)
    const read = readAttempts(path, known)
    if (read !== known) logs.set(key, read)
    return read.attempts
  }

  const look = async (found: Means, options: ObserveOptions): Promise<Look | Refusal> => {
    const rows = await gateway.queue()
    if (isRefusal(rows)) return rows
    const at = Math.max(lastLook, clock.now())
    lastLook = at
    const byArray = new Map<number, QueueRow[]>()
    for (const row of rows) {
      const list = byArray.get(row.arrayId)
      if (list === undefined) byArray.set(row.arrayId, [row])
      else list.push(row)
    }
    const order = { ranks: ranksOf(rows, found.site.tiers) }
    const each = options.tasks === true
    const subjects: Subject[] = []
    const damaged: string[] = []
    for (const key of await spool.keys()) {
      const record = spool.read(key)
      if (isRefusal(record)) {
        damaged.push(record.message)
        continue
      }
      const id = record && idOf(record)
      if (record === undefined || id === undefined) continue
      const arrays = Object.values(record.arrays).flat()
      const own = arrays.flatMap((array) => byArray.get(array) ?? [])
      for (const array of arrays) byArray.delete(array)
      if (record.ended !== undefined && !(record.ended.endSeconds >= (options.endedSince ?? Number.POSITIVE_INFINITY))) continue
      const forgotten = own.length === 0 && record.released && at - record.submitSeconds > YOUNG_SECONDS
      const job = foldOwn({ record, id, rows: own, attempts: attemptsOf(key), forgotten }, order, each)
      subjects.push({ job, rows: own, record })
    }
    const levels = found.levels[disciplineNow(found) ?? 'fcfs'] ?? []
    const copies: QueueRow[] = []
    for (const lines of byArray.values()) {
      const [first] = lines as [QueueRow, ...QueueRow[]]
      const { name, user, queue, qos } = first
      const own = parseStageName(name)
      const record = own && spool.read(own.key)
      if (record !== undefined && !isRefusal(record) && record.released) {
        copies.push(first)
        continue
      }
      const className = settings.classOf?.({ name, user, queue, qos }) ?? own?.className
      const priority = priorityOf(levels, first, niceStepOf(found.site))
      const labels = { ...(className === undefined ? {} : { className }), ...(priority === undefined ? {} : { priority }) }
      subjects.push({ job: foldForeign(lines, labels, order, each), rows: lines })
    }
    return { subjects, at, copies, damaged }
  }

  /** Tasks that have started since are given the speed of their job; groups of jobs that have ended go. */
  const tendGroups = ({ subjects }: Look, quota: Quota | Refusal): void => {
    if (isRefusal(quota)) return
    const live = new Map(
      subjects.flatMap(({ job, record }) => (record && LIVE_STATES.has(job.state) ? [[record.spec.key, record] as const] : [])),
    )
    for (const key of new Set(quota.groups().map((group) => group.key))) {
      const record = live.get(key)
      if (record === undefined) quota.sweep(key)
      else quota.apply(key, record.speed, record.processors)
    }
  }

  /** What a job’s end leaves to do: it is written down, since Slurm forgets it, and the directory that was made for it goes. */
  const settle = ({ job, record }: Subject): void => {
    if (record === undefined || LIVE_STATES.has(job.state) || record.ended !== undefined || !record.released) return
    const { startSeconds, endSeconds } = job
    const state = job.state as NonNullable<JobRecord['ended']>['state']
    spool.write({ ...record, ended: { state, endSeconds: endSeconds!, ...(startSeconds === undefined ? {} : { startSeconds }) } })
    if (record.spec.directory === undefined) rmSync(directoryOf(spool, record.spec), { recursive: true, force: true })
  }

  /** Says why, where an end could not be written down: the look itself is none the worse. */
  const settleAll = ({ subjects }: Look): string[] => {
    try {
      for (const subject of subjects) settle(subject)
      return []
    } catch (cause) {
      return [spoolRefusal(spool.root, cause).message]
    }
  }

  const observe = async (options: ObserveOptions): Promise<Observation | Refusal> => {
    const silent = await answers()
    if (silent !== undefined) return silent
    const found = await discover()
    if (isRefusal(found)) return found
    const nodes = await gateway.nodes()
    if (isRefusal(nodes)) return nodes
    const looked = await look(found, options)
    if (isRefusal(looked)) return looked
    tendGroups(looked, found.quota)
    const troubles = [
      ...settleAll(looked),
      ...(gateway.trouble === undefined ? [] : [`slurmrestd is not used for now: ${gateway.trouble}`]),
    ]
    const since = options.endedSince ?? Number.POSITIVE_INFINITY
    const jobs = looked.subjects
      .map(({ job }) => job)
      .filter((job) => LIVE_STATES.has(job.state) || (job.endSeconds ?? 0) >= since)
    const discipline = disciplineNow(found)
    return {
      atSeconds: looked.at,
      nodes: nodes.map((node) => {
        const { name, processors, busyProcessors, reason } = node
        return {
          name,
          slots: processors,
          busySlots: busyProcessors,
          state: nodeState(node),
          ...(reason === undefined ? {} : { reason }),
        }
      }),
      jobs,
      ...(discipline === undefined ? {} : { discipline }),
      ...missingOf(since, looked, found.site, troubles),
    }
  }

  const subjectOf = async (found: Means, id: string): Promise<Subject | Refusal> => {
    const looked = await look(found, { tasks: true, endedSince: 0 })
    if (isRefusal(looked)) return looked
    const subject = looked.subjects.find(({ job }) => job.id === id)
    return subject ?? refuse('unsupported', `there is no job ${id} in the queue of Slurm, nor was it submitted by halftone`)
  }

  const sprint = ({ job, record }: Subject, speed: number, quota: Quota): Enacted | Refusal => {
    if (record === undefined)
      return refuse('unsupported', `job ${job.id} was not submitted by halftone, which sets the speed of its own jobs only`)
    if (!LIVE_STATES.has(job.state)) return refuse('unsupported', `job ${job.id} has ended (${job.state})`)
    if (speed < quota.least || speed > quota.most)
      return refuse(
        'unsupported',
        `speed ${speed} is outside ${quota.least.toFixed(2)} to ${quota.most.toFixed(2)} (${quota.mechanism})`,
      )
    const changed = { ...record, speed }
    spool.write(changed)
    tellGroup(changed, quota)
    quota.apply(record.spec.key, speed, record.processors)
    return { kind: 'enacted' }
  }

  /** Tasks that start later read their quota from this file. */
  const tellGroup = (record: JobRecord, quota: Quota | Refusal): void => {
    if (!isRefusal(quota))
      writeChanged(join(spool.directoryOf(record.spec.key), 'group'), quota.groupFile(record.speed, record.processors))
  }

  const onNode = async (action: Extract<ClusterAction, { kind: 'drain' | 'resume' }>): Promise<Enacted | Refusal> => {
    const nodes = await gateway.nodes()
    if (isRefusal(nodes)) return nodes
    const node = nodes.find(({ name }) => name === action.node)
    if (node === undefined) return refuse('unsupported', `there is no node ${action.node}`)
    return action.kind === 'drain' ? drain(workshop, node, action.reason) : resume(workshop, node)
  }

  const enact = async (action: ClusterAction): Promise<Enacted | Refusal> => {
    const silent = await answers()
    if (silent !== undefined) return silent
    const found = await discover()
    if (isRefusal(found)) return found
    const permission = capabilitiesOf(found).actions[action.kind]
    if (!permission.permitted) return refuse('unsupported', permission.reason)
    switch (action.kind) {
      case 'submit': {
        const submitter = {
          ...workshop,
          maxArraySize: found.site.maxArraySize,
          prepared: (record: JobRecord) => tellGroup(record, found.quota),
        }
        return submitJob(submitter, action.spec, levelFor(found, action.spec.priority))
      }
      case 'discipline':
        if (!(action.discipline in found.levels))
          return refuse(
            'unsupported',
            `${action.discipline} is not to be had here; there are ${Object.keys(found.levels).join(', ')}`,
          )
        spool.writeSetting('discipline', action.discipline)
        return { kind: 'enacted', note: 'holds for jobs submitted from now on' }
      case 'drain':
      case 'resume':
        return onNode(action)
    }
    const subject = await subjectOf(found, action.job)
    if (isRefusal(subject)) return subject
    switch (action.kind) {
      case 'prioritise':
        return prioritise(workshop, subject, action.priority, levelFor(found, action.priority))
      case 'deflate':
        return deflate(workshop, subject, action)
      case 'inflate':
        return inflate(workshop, subject, action, levelFor(found, subject.job.priority ?? 1))
      case 'sprint':
        return isRefusal(found.quota) ? found.quota : sprint(subject, action.speed, found.quota)
      case 'hold':
      case 'release':
        return holdOrRelease(workshop, subject, action.kind)
      case 'requeue':
        return requeue(workshop, subject)
      case 'cancel':
        return cancel(workshop, subject)
    }
  }

  const restore = async (): Promise<readonly string[] | Refusal> => {
    const found = await discover()
    if (isRefusal(found)) return found
    const looked = await look(found, { endedSince: 0 })
    if (isRefusal(looked)) return looked
    tendGroups(looked, found.quota)
    const did: string[] = []
    for (const { arrayId } of looked.copies.filter(isHeld)) {
      const said = await commands.run('scancel', [String(arrayId)])
      did.push(isRefusal(said) ? `array ${arrayId} is a copy and stays: ${said.message}` : `array ${arrayId}, a copy, cancelled`)
    }
    for (const subject of looked.subjects) {
      const { job, record } = subject
      if (record !== undefined && LIVE_STATES.has(job.state) && record.speed !== 1 && !isRefusal(found.quota)) {
        sprint(subject, 1, found.quota)
        did.push(`job ${job.id}: speed ${record.speed} back to 1`)
      } else settle(subject)
    }
    return did
  }

  return {
    name: 'slurm',
    clock,
    capabilities: () =>
      inTurn(async (): Promise<Capabilities> => {
        const found = await discover()
        if (isRefusal(found)) return nothingPermitted(found.message)
        const version = await rest?.version()
        return capabilitiesOf(version === undefined ? found : { ...found, rest: version })
      }),
    observe: (options = {}) => inTurn(() => observe(options)),
    // What cannot be written down is refused, mostly before it is done.
    enact: (action) => inTurn(() => enact(action).catch((cause: unknown) => spoolRefusal(spool.root, cause))),
    history: (options) =>
      inTurn(async () => {
        const found = await discover()
        return isRefusal(found) ? found : readHistory(commands, found.site, options)
      }),
    restore: () => inTurn(restore),
    close: () =>
      inTurn(async () => {
        if (means !== undefined && !isRefusal(means.quota)) means.quota.close()
      }),
  }
}

/** What a look could not see: jobs that Slurm has forgotten, and whatever slurmrestd would have said. */
function missingOf(
  since: number,
  { at, copies, damaged }: Look,
  site: Site,
  troubles: readonly string[],
): { readonly missing?: readonly string[] } {
  const missing = [
    ...damaged,
    ...troubles,
    ...copies
      .filter(isHeld)
      .map(({ arrayId }) => `array ${arrayId} is a held copy of a job whose submission was not answered: restore() cancels it`),
    ...(since < at - site.minJobAgeSeconds
      ? [`other people’s jobs that ended more than ${site.minJobAgeSeconds} s ago (MinJobAge) stand in the history only`]
      : []),
  ]
  return missing.length === 0 ? {} : { missing }
}
