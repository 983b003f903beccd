/**
 * The driver of a cluster in virtual time: the same contract as a real one, so that a controller can be tried on a trace. Its clock moves when
 * somebody sleeps on it. Several drivers may watch and steer one cluster.
 */
import {
  ACTION_KINDS,
  type ActionKind,
  type Capabilities,
  type ClusterAction,
  type Driver,
  type Enacted,
  isRefusal,
  type JobSpec,
  type Permission,
  type Refusal,
  refuse,
} from '../../model/index.js'
import { ReplayCluster, type ReplaySettings } from './cluster.js'

export interface ReplayDriverOptions {
  /**
   * Seconds of work at speed 1 of a task of a job that is submitted through the driver, undefined where its command is not known here. Absent:
   * nothing can be submitted.
   */
  readonly workSeconds?: (spec: JobSpec, stage: JobSpec['stages'][number], task: number) => number | undefined
  /** Speeds that a job may have. Default 0.1 to 10. */
  readonly speeds?: { readonly least: number; readonly most: number }
}

export function driverOf(cluster: ReplayCluster, options: ReplayDriverOptions = {}): Driver {
  const { workSeconds, speeds = { least: 0.1, most: 10 } } = options
  const capabilities: Capabilities = {
    driver: 'replay',
    through: ['virtual time'],
    actions: permissions(workSeconds !== undefined),
    speeds: { ...speeds, mechanism: 'work in virtual time goes faster or slower' },
  }
  const enact = (action: ClusterAction): Enacted | Refusal => {
    const permission = capabilities.actions[action.kind]
    if (!permission.permitted) return refuse('unsupported', permission.reason)
    const taken = action.kind === 'submit' ? submit(action.spec) : act(action)
    if (isRefusal(taken)) return taken
    const { jobId, note } = taken
    return { kind: 'enacted', ...(jobId === undefined ? {} : { jobId }), ...(note === undefined ? {} : { note }) }
  }
  const submit = (spec: JobSpec) => {
    const stages = spec.stages.map((stage) => {
      const work = Array.from({ length: stage.tasks }, (_, task) => workSeconds!(spec, stage, task))
      return work.includes(undefined) ? undefined : { ...stage, workSeconds: work as number[] }
    })
    const unknown = stages.indexOf(undefined)
    if (unknown >= 0)
      return refuse('no-data', `how long stage ${spec.stages[unknown]!.name} of job ${spec.key} takes is not known`)
    return cluster.submit({ ...spec, submitSeconds: cluster.clock.now(), stages: stages.map((stage) => stage!) })
  }
  const act = (action: Exclude<ClusterAction, { kind: 'submit' }>) => {
    if (action.kind === 'sprint' && !(action.speed >= speeds.least && action.speed <= speeds.most))
      return refuse('unsupported', 'a job may have a speed from least to most', { speed: action.speed, ...speeds })
    const taken = cluster.scheduler.act(action, cluster.clock.now())
    if (!isRefusal(taken)) cluster.enact(taken.decisions)
    return taken
  }
  return {
    name: 'replay',
    clock: cluster.clock,
    capabilities: () => Promise.resolve(capabilities),
    observe: (asked) => Promise.resolve(cluster.scheduler.observe(cluster.clock.now(), asked)),
    enact: (action) => Promise.resolve(enact(action)),
    close: () => Promise.resolve(),
  }
}

/** A cluster in virtual time and its driver at once. */
export function replayDriver(settings: ReplaySettings & ReplayDriverOptions): Driver | Refusal {
  const cluster = ReplayCluster.open(settings)
  return isRefusal(cluster) ? cluster : driverOf(cluster, settings)
}

function permissions(submits: boolean): Record<ActionKind, Permission> {
  const all = Object.fromEntries(ACTION_KINDS.map((kind) => [kind, { permitted: true }])) as Record<ActionKind, Permission>
  if (submits) return all
  return { ...all, submit: { permitted: false, reason: 'how long a submitted job would take is not known in this replay' } }
}
