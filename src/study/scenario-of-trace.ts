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
  slotCount,
  type Trace,
} from '../model/index.js'
import { type FittedWorkload, offeredSlots, type WorkloadOptions, workloadFromTrace } from '../workload/index.js'

/** What a trace does not say and a scenario needs. */
export interface AskedOfTrace extends WorkloadOptions {
  /** The cluster, node by node. */
  readonly cluster?: Cluster
  /** Or its slots. */
  readonly slots?: number
  /** Or how busy it was: mean busy share, 0 to 1. Default 0.8, where the trace does not tell its size. */
  readonly utilisation?: number
  /** The policy in force. Default first come first served from one pool. */
  readonly discipline?: Policy['discipline']
  /** How jobs are placed. Default `pool`. */
  readonly placement?: Policy['placement']
  readonly goal?: Goal
  /** Disciplines that a plan may choose from. Default: what needs no knowledge that the trace lacks. */
  readonly disciplines?: readonly Policy['discipline'][]
  /** By class name, or `all`: how much of its data a job may go without, and what that loses (a straight line, assumed). */
  readonly drops?: Readonly<Record<string, { readonly ratio: number; readonly loss: number }>>
  /** How jobs may sprint; a class `all` stands for every class. */
  readonly sprint?: Levers['sprint']
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
  const slots = slotCount(cluster)
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
    placement: asked.placement ?? 'pool',
    drop: {},
  }
  if (asked.discipline === undefined)
    assumed.push(caveat('policy-assumed', 'the trace does not say its policy: first come first served from one pool is assumed'))
  const names = fitted.workload.classes.map(({ name }) => name)
  const drops = expanded(asked.drops ?? {}, names)
  const workload: Scenario['workload'] = {
    ...fitted.workload,
    classes: fitted.workload.classes.map((jobClass) => {
      const drop = drops[jobClass.name]
      if (!drop || jobClass.work.kind === 'stages') return jobClass
      return {
        ...jobClass,
        work: { ...jobClass.work, divisible: true },
        accuracy: { source: 'assumed', points: [{ dropRatio: drop.ratio, loss: drop.loss }] },
      }
    }),
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
    ...goalWith(asked.goal, drops),
    levers: {
      disciplines: asked.disciplines ? [...asked.disciplines] : disciplinesFor(fitted, policy.discipline),
      ...(asked.drops
        ? { dropRatioAtMost: Object.fromEntries(Object.entries(drops).map(([name, { ratio }]) => [name, ratio])) }
        : {}),
      ...(asked.sprint
        ? { sprint: { ...asked.sprint, classes: asked.sprint.classes.includes('all') ? names : asked.sprint.classes } }
        : {}),
    },
  }
  return { scenario, replay: fitted.replay, fitted }
}

/** Values by class name; what stands for `all` goes to every class that has no value of its own. */
function expanded<T>(values: Readonly<Record<string, T>>, names: readonly string[]): Record<string, T> {
  const { all, ...own } = values
  return { ...(all === undefined ? {} : Object.fromEntries(names.map((name) => [name, all]))), ...own }
}

/** The goal, with what a drop may lose as the floor of accuracy where the goal names none. */
function goalWith(goal: Goal | undefined, drops: Readonly<Record<string, { readonly loss: number }>>): { goal?: Goal } {
  const floors = Object.entries(drops)
  if (!goal && floors.length === 0) return {}
  const base: Goal = goal ?? { schema: 'halftone/goal/1', classes: {}, minimise: 'response' }
  const classes = { ...base.classes }
  for (const [name, { loss }] of floors) classes[name] = { accuracyLossAtMost: loss, ...(classes[name] ?? { weight: 1 }) }
  return { goal: { ...base, classes } }
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
  if (asked.cluster !== undefined) return { cluster: asked.cluster, assumed: [] }
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
