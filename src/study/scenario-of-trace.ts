import {
  type Caveat,
  type Cluster,
  caveat,
  type Goal,
  isRefusal,
  type Levers,
  type Policy,
  type Refusal,
  type ReplayJobs,
  refuse,
  type Scenario,
  type Trace,
} from '../model/index.js'
import { type FittedWorkload, offeredSlots, type WorkloadOptions, workloadFromTrace } from '../workload/index.js'

/** What a trace does not say and a scenario needs. */
export interface AskedOfTrace extends WorkloadOptions {
  /** Slots of the cluster. */
  readonly slots?: number
  /** Or how busy it was: mean busy share, 0 to 1. Default 0.8, where the trace does not tell its size. */
  readonly utilisation?: number
  /** The policy in force. Default first come first served from one pool. */
  readonly discipline?: Policy['discipline']
  readonly goal?: Goal
  readonly levers?: Levers
}

export interface TraceScenario {
  readonly scenario: Scenario
  readonly replay: ReplayJobs
  readonly fitted: FittedWorkload
}

const ASSUMED_UTILISATION = 0.8

/**
 * The scenario that a trace comes from, as far as it can be told: its workload, a cluster as large as said, as the trace’s header says, or as large as makes
 * it busy to `utilisation`, and the policy in force. What was assumed is a caveat of the workload.
 */
export function scenarioOfTrace(trace: Trace, asked: AskedOfTrace = {}): TraceScenario | Refusal {
  const fitted = workloadFromTrace(trace, asked)
  if (isRefusal(fitted)) return fitted
  const { cluster, assumed } = clusterOf(trace, fitted.replay, asked)
  const largest = fitted.replay.slots.reduce((most, slots) => Math.max(most, slots), 0)
  const slots = cluster.nodes[0]!.slots
  if (largest > slots) {
    return refuse(
      'unsupported',
      `the largest job holds ${largest} ${trace.slotUnit}s, the cluster has ${slots}: give it more slots`,
      { largest, slots },
    )
  }
  const policy: Policy = {
    schema: 'halftone/policy/1',
    name: `${asked.discipline ?? 'fcfs'}, in force`,
    discipline: asked.discipline ?? 'fcfs',
    engine: 'shared',
    placement: 'pool',
    drop: {},
  }
  if (asked.discipline === undefined)
    assumed.push(caveat('policy-assumed', 'the trace does not say its policy: first come first served from one pool is assumed'))
  const workload = {
    ...fitted.workload,
    caveats: [
      ...assumed.map(({ code, message }) => ({ code, message })),
      ...(fitted.workload.caveats ?? []),
      ...trace.notes.map(({ code, message }) => ({ code, message })),
    ],
  }
  const scenario: Scenario = {
    schema: 'halftone/scenario/1',
    name: fitted.workload.name,
    workload,
    cluster,
    policy,
    ...(asked.goal ? { goal: asked.goal } : {}),
    levers: asked.levers ?? { disciplines: disciplinesFor(fitted, policy.discipline) },
  }
  return { scenario, replay: fitted.replay, fitted }
}

/** Disciplines worth trying where nobody said: what needs no knowledge that the trace lacks. */
function disciplinesFor({ workload, replay }: FittedWorkload, inForce: Policy['discipline']): Policy['discipline'][] {
  const found = new Set<Policy['discipline']>([inForce])
  if (new Set(workload.classes.map(({ priority }) => priority)).size > 1) found.add('priority-nonpreemptive')
  if (replay.estimateSeconds) found.add('easy-backfill')
  if (replay.userIndex) found.add('fair-share')
  found.add('las')
  return [...found]
}

function clusterOf(trace: Trace, replay: ReplayJobs, asked: AskedOfTrace): { cluster: Cluster; assumed: Caveat[] } {
  const cluster = (slots: number): Cluster => ({
    schema: 'halftone/cluster/1',
    name: `${slots} ${trace.slotUnit}s`,
    nodes: [{ name: trace.slotUnit, count: 1, slots, speed: 1 }],
  })
  if (asked.slots !== undefined) return { cluster: cluster(asked.slots), assumed: [] }
  const told = trace.notes.find(({ code }) => code === 'max-processors')?.numbers?.['value']
  if (told !== undefined && asked.utilisation === undefined) {
    return {
      cluster: cluster(told),
      assumed: [
        caveat(
          'cluster-from-header',
          `the trace’s header says ${told} processors; that they were all there all the time is assumed`,
        ),
      ],
    }
  }
  const utilisation = asked.utilisation ?? ASSUMED_UTILISATION
  const largest = replay.slots.reduce((most, slots) => Math.max(most, slots), 1)
  const slots = Math.max(largest, Math.ceil(offeredSlots(replay) / utilisation))
  const message = `the trace does not say how large its cluster was: ${slots} ${trace.slotUnit}s make it ${Math.round(100 * utilisation)} % busy on average (--slots or --utilisation says otherwise)`
  return { cluster: cluster(slots), assumed: [caveat('cluster-assumed', message)] }
}
