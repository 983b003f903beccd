/** Opens the cluster that a command is to watch or steer, by what its options say. */
import { homedir } from 'node:os'
import { join } from 'node:path'
import {
  type EmbeddedDriver,
  embeddedDriver,
  placeAt,
  type ReplayDriverOptions,
  replayDriver,
  type SlurmDriver,
  slurmDriver,
  systemClock,
} from '../../drivers/index.js'
import { type Driver, isRefusal, type Refusal, type ReplayJobs, type Scenario } from '../../model/index.js'
import { jobsOfScenario } from './replay-jobs.js'

export type Where =
  | {
      readonly on: 'embedded'
      /** The directory of a cluster that runs. */
      readonly directory: string
      /** Who steers: a controller that takes over from another under the same name need not wait until that one is given up. */
      readonly controller?: string
    }
  | {
      readonly on: 'slurm'
      /** Directory for the records of submitted jobs, seen by all nodes under the same path. Default: `.halftone/slurm` of the user. */
      readonly spool?: string
      readonly conf?: string
      readonly rest?: { readonly url: string; readonly tokenFile?: string; readonly user?: string }
      /** Share of a core that a slot has at speed 1; absent: Slurm’s jobs cannot sprint. */
      readonly normalShare?: number
    }
  | {
      readonly on: 'replay'
      readonly scenario: Scenario
      readonly replay?: ReplayJobs
      readonly seed: number
      /** So many jobs arrive in all. */
      readonly jobs: number
    }

/** Some drivers can tell more than the contract asks for. */
export type Opened<W extends Where> = W extends { readonly on: 'slurm' }
  ? SlurmDriver
  : W extends { readonly on: 'embedded' }
    ? EmbeddedDriver
    : Driver

export const CLUSTERS = ['embedded', 'slurm', 'replay'] as const

/** A driver, to be closed by the caller, or why there is none. It has not looked at the cluster yet. */
export async function openDriver<W extends Where>(where: W): Promise<Opened<W> | Refusal>
export async function openDriver(where: Where): Promise<Driver | Refusal> {
  if (where.on === 'replay') return openReplay(where)
  if (where.on === 'embedded') {
    const { directory, controller } = where
    return embeddedDriver({ socket: placeAt(directory).socket, ...(controller === undefined ? {} : { controller }) })
  }
  const { spool, conf, rest, normalShare } = where
  return slurmDriver({
    clock: systemClock,
    spool: spool || join(homedir(), '.halftone', 'slurm'),
    ...(conf === undefined ? {} : { conf }),
    ...(rest === undefined ? {} : { rest }),
    ...(normalShare === undefined ? {} : { quota: { normalShare } }),
  })
}

function openReplay({ scenario, replay, seed, jobs }: Extract<Where, { on: 'replay' }>): Driver | Refusal {
  const { nodes } = scenario.cluster
  const playable = jobsOfScenario(scenario, seed, replay?.count ?? jobs, replay)
  if (isRefusal(playable)) return playable
  const most = scenario.policy.sprint ?? scenario.levers?.sprint
  const speeds: ReplayDriverOptions['speeds'] = { least: 0.1, most: Math.max(10, most?.speed ?? 1) }
  const { discipline, engine } = scenario.policy
  return replayDriver({ nodes: nodes.flatMap(nodesOf), discipline, engine, jobs: playable, speeds })
}

function nodesOf({ name, count, slots, speed }: Scenario['cluster']['nodes'][number]) {
  return Array.from({ length: count }, (_, i) => ({
    name: count === 1 ? name : `${name}-${i}`,
    slots,
    ...(speed === undefined ? {} : { speed }),
  }))
}
