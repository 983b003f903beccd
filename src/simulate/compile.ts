/** A scenario made ready to run: laws become functions, names become indices, the policy becomes numbers. */
import {
  type Arrival,
  type Cluster,
  couldHold,
  demandOf,
  droppedShare,
  dropRatioOf,
  lawMoments,
  type Needs,
  type Power,
  type Refusal,
  type ReplayJobs,
  refuse,
  type Scenario,
  type Sprint,
  type Stage,
  slotCount,
  type Work,
  type WorkPhase,
  wattsAtSpeed,
} from '../model/index.js'
import type { Rng } from '../num/index.js'
import { arrivalRate } from './arrivals.js'
import type { DisciplineRule } from './discipline.js'
import { disciplineRule } from './disciplines/index.js'
import { counterOf, countMean, countMost, type FillTimes, fillerOf } from './laws.js'
import { markedRates } from './markedArrivals.js'
import { NodePool } from './nodePool.js'
import { type Pool, poolOf, SlotPool } from './pool.js'
import { type RateSettings, rateSettings } from './rates.js'
import type { SprintSettings } from './sprint.js'

export interface CompiledStage {
  readonly name: string
  readonly setup: FillTimes | undefined
  readonly setupMean: number
  readonly tasks: (rng: Rng) => number
  readonly taskTime: FillTimes
  readonly taskMean: number
  readonly tasksMean: number
  readonly dropRatio: number
  /** All tasks are started and the last ones cut, instead of never being started. */
  readonly cutsStragglers: boolean
  readonly slotsPerTask: number
  /** Tasks that may run at once; 2³¹ − 1 where nothing limits them. */
  readonly runningAtMost: number
  readonly needs: Needs | undefined
  /** Share of the work that a faster processor speeds up. */
  readonly processorBound: number
}

const NO_LIMIT = 0x7fffffff

export interface CompiledClass {
  readonly name: string
  readonly priority: number
  readonly arrival: Arrival
  /** Mean arrivals per second; of a replayed class once the trace is known, 0 before. */
  readonly rate: number
  /** Share of a gang job’s run time that is left under the policy’s drop ratio. */
  readonly keptShare: number
  /** Share of the data not processed, for the accuracy curve. */
  readonly droppedShare: number
  /** Of a job of tasks; an array is one stage. */
  readonly stages: readonly CompiledStage[] | undefined
  /** Its tasks do not depend on one another: one that is lost leaves the others. */
  readonly isArray: boolean
  /** What a gang needs besides its slots. */
  readonly needs: Needs | undefined
  /** Run times of gang jobs, whatever their size. */
  readonly runTime: FillTimes | undefined
  /** Where run times depend on the size: draws the size, and the law of each. */
  readonly bySlots: { readonly draw: (rng: Rng) => number; readonly of: (slots: number) => FillTimes } | undefined
  /** Mean run time of a slot’s share of the work: E[slots × run time] / E[slots]; of a job where every job has one slot. */
  readonly runMean: number
  /** Absent when every job has one slot (or the whole cluster, under the exclusive engine). */
  readonly slotsOf: ((rng: Rng) => number) | undefined
  readonly slotsMean: number
  /** Parts of each job’s work by share, and how much of each a sprint speeds up. */
  readonly phases: readonly WorkPhase[] | undefined
  readonly failures: { readonly ratePerRunningSecond: number; readonly retriesAtMost: number } | undefined
  /** Work after which an attempt is stopped for good; infinite where it is not. */
  readonly stopAfterSeconds: number
}

export interface CompiledScenario {
  readonly scenario: Scenario
  readonly classes: readonly CompiledClass[]
  readonly classPriority: Int32Array
  readonly exclusive: boolean
  readonly replayed: boolean
  /** Some jobs take slots task by task: stages or arrays under the shared engine. */
  readonly byTask: boolean
  /** Jobs ask for CPUs, memory or parts of slots. */
  readonly hasNeeds: boolean
  readonly rule: DisciplineRule
  readonly sprint: SprintSettings | undefined
  readonly power: Power | undefined
  /** Speed of each slot, for list scheduling on the whole cluster. */
  readonly slotSpeeds: Float64Array
  /** Slots that jobs of the engine share: 1 when the engine is exclusive. */
  readonly capacity: number
  /** Where all slots are alike and jobs need not fit on nodes: how many servers of what speed. */
  readonly oneSlot: { readonly servers: number; readonly speed: number } | undefined
  /** What slows running jobs down; absent where nothing does. */
  readonly rates: RateSettings | undefined
  /** A fresh pool for a run of so many jobs. */
  pool(holders: number): Pool
}

/** Compiles; refuses what this engine cannot do and what can never run. `rule` replaces the policy’s discipline. */
export function compileScenario(scenario: Scenario, replay?: ReplayJobs, rule?: DisciplineRule): CompiledScenario | Refusal {
  const { workload, cluster, policy } = scenario
  const exclusive = policy.engine === 'exclusive'
  const refusal = unsupported(scenario, replay)
  if (refusal) return refusal
  const marked = markedRates(workload)
  const classes = workload.classes.map((jobClass, k): CompiledClass => {
    const { name, priority, arrival, work } = jobClass
    const rate =
      arrival.kind === 'replay'
        ? replayRate(replay, k)
        : arrival.kind === 'marked'
          ? (marked.get(name) ?? 0)
          : arrivalRate(arrival)
    const dropped = droppedShare(policy, jobClass)
    const base = {
      name,
      priority,
      arrival,
      rate,
      droppedShare: dropped,
      failures: jobClass.failures,
      stopAfterSeconds: policy.stopAfterSeconds?.[name] ?? Number.POSITIVE_INFINITY,
      isArray: work.kind === 'array',
      needs: work.kind === 'gang' ? work.needs : undefined,
      phases: jobClass.phases,
    }
    if (work.kind === 'stages' || work.kind === 'array') {
      const stages =
        work.kind === 'array'
          ? [compileArray(work, dropped, policy.dropping === 'straggler')]
          : work.stages.map((stage) => compileStage(stage, dropRatioOf(policy, name, stage), policy.dropping === 'straggler'))
      return {
        ...base,
        keptShare: 1,
        stages,
        runTime: undefined,
        bySlots: undefined,
        runMean: 0,
        slotsOf: undefined,
        slotsMean: 1,
      }
    }
    if (work.kind === 'gang') {
      const one = exclusive || work.slots === 1
      return {
        ...base,
        keptShare: 1 - dropped,
        stages: undefined,
        ...runTimesOf(work, one),
        slotsOf: one ? undefined : counterOf(work.slots),
        slotsMean: one ? 1 : countMean(work.slots),
      }
    }
    return {
      ...base,
      keptShare: 1 - dropped,
      stages: undefined,
      runTime: undefined,
      bySlots: undefined,
      runMean: 0,
      slotsOf: undefined,
      slotsMean: 1,
    }
  })
  const hasNeeds = asksForMore(scenario)
  const slotSpeeds = new Float64Array(slotCount(cluster))
  let at = 0
  for (const group of cluster.nodes) {
    slotSpeeds.fill(group.speed, at, at + group.count * group.slots)
    at += group.count * group.slots
  }
  const { sprint } = policy
  return {
    scenario,
    classes,
    classPriority: Int32Array.from(classes, (jobClass) => jobClass.priority),
    exclusive,
    replayed: workload.classes.some((jobClass) => jobClass.arrival.kind === 'replay'),
    byTask: !exclusive && classes.some((jobClass) => jobClass.stages !== undefined),
    hasNeeds,
    rule: rule ?? disciplineRule(policy),
    power: cluster.power,
    slotSpeeds,
    capacity: exclusive ? 1 : slotSpeeds.length,
    oneSlot: exclusive
      ? { servers: 1, speed: 1 }
      : slotSpeeds.every((speed) => speed === slotSpeeds[0])
        ? { servers: slotSpeeds.length, speed: slotSpeeds[0] }
        : undefined,
    rates: exclusive
      ? undefined
      : rateSettings(
          scenario,
          classes.map(({ rate, runMean, keptShare }) => rate * runMean * keptShare),
        ),
    pool: (holders) =>
      exclusive
        ? new SlotPool('count', [{ nodes: 1, slots: 1, speed: 1 }], holders)
        : hasNeeds
          ? new NodePool(cluster, policy.placement)
          : poolOf(cluster, policy.placement, holders),
    sprint: sprint && compileSprint(sprint, cluster, classes, exclusive ? 1 : slotSpeeds.length),
  }
}

function compileSprint(
  sprint: Sprint,
  { power }: Scenario['cluster'],
  classes: readonly CompiledClass[],
  slots: number,
): SprintSettings {
  const { origin, speed, budget, steps, afterExhaustion, toggleDelaySeconds, toggleOffDelaySeconds } = sprint
  return {
    origin,
    speed,
    timeoutSeconds: Float64Array.from(classes, ({ name }) => sprint.timeoutSeconds[name] ?? Number.POSITIVE_INFINITY),
    toggleDelaySeconds,
    ...(budget ? { budget } : {}),
    ...(steps ? { steps } : {}),
    ...(afterExhaustion ? { afterExhaustion } : {}),
    ...(toggleOffDelaySeconds ? { toggleOffDelaySeconds } : {}),
    ...(power ? { power: { extraWatts: (at: number) => wattsAtSpeed(power, at) - power.busyWatts, slots } } : {}),
  }
}

function compileStage(stage: Stage, dropRatio: number, cutsStragglers: boolean): CompiledStage {
  return {
    name: stage.name,
    setup: stage.setup && fillerOf(stage.setup),
    setupMean: stage.setup ? lawMoments(stage.setup).mean : 0,
    tasks: counterOf(stage.tasks),
    taskTime: fillerOf(stage.taskTime),
    taskMean: lawMoments(stage.taskTime).mean,
    tasksMean: countMean(stage.tasks),
    dropRatio,
    cutsStragglers: cutsStragglers && dropRatio > 0,
    slotsPerTask: 1,
    runningAtMost: NO_LIMIT,
    needs: stage.needs,
    processorBound: stage.processorBound ?? 1,
  }
}

function compileArray(array: Extract<Work, { kind: 'array' }>, dropRatio: number, cutsStragglers: boolean): CompiledStage {
  const { tasks, taskTime, slotsPerTask, runningAtMost, needs } = array
  return {
    ...compileStage({ name: 'tasks', tasks, taskTime, droppable: true }, dropRatio, cutsStragglers),
    slotsPerTask,
    runningAtMost: runningAtMost ?? NO_LIMIT,
    needs,
  }
}

/** Do jobs ask for anything but whole slots? Needs that no node limits count for nothing. */
function asksForMore({ workload, cluster }: Scenario): boolean {
  const limits = cluster.nodes.some(({ cpus, memoryMib, slots }) => cpus !== undefined || memoryMib !== undefined || slots === 0)
  const some = (needs: Needs | undefined): boolean => needs !== undefined && (needs.cpus > 0 || needs.memoryMib > 0)
  return workload.classes.some(({ work }) => {
    if (work.kind === 'replay') return work.resources === 'all'
    if (work.kind === 'stages') return limits && work.stages.some((stage) => some(stage.needs))
    return (limits && some(work.needs)) || (work.kind === 'gang' && work.slots === 0)
  })
}

/** What can be said without running: work of kinds that cannot be mixed, gangs that never fit, drops of what cannot be divided. */
export function unsupported(scenario: Scenario, replay?: ReplayJobs): Refusal | undefined {
  const { workload, policy } = scenario
  const replays = workload.classes.filter((jobClass) => jobClass.arrival.kind === 'replay' || jobClass.work.kind === 'replay')
  if (replays.length > 0) {
    const mixed = workload.classes.find((jobClass) => jobClass.arrival.kind !== 'replay' || jobClass.work.kind !== 'replay')
    if (mixed)
      return refuse(
        'unsupported',
        `class ${mixed.name} is not replayed as a whole while others are: replay arrivals and work of all classes or of none`,
      )
    if (replay && replay.count === 0) return refuse('no-data', 'the trace has no job that can be replayed')
  }
  if (policy.engine === 'exclusive') {
    const asks = workload.classes.find(({ work }) => {
      if (work.kind === 'replay') return work.resources === 'all'
      return work.kind === 'stages' ? work.stages.some(({ needs }) => needs !== undefined) : work.needs !== undefined
    })
    if (asks)
      return refuse(
        'unsupported',
        `class ${asks.name} needs CPUs or memory: under the exclusive engine one job has the whole cluster, and nobody asks for parts of it`,
      )
  }
  if (policy.sprint?.budget && 'joules' in policy.sprint.budget && scenario.cluster.power === undefined)
    return refuse('unsupported', 'a sprint budget in joules needs cluster.power: what idle, busy and sprinting draw')
  const inTasks =
    policy.engine === 'shared' && workload.classes.some(({ work }) => work.kind === 'stages' || work.kind === 'array')
  const phased = workload.classes.find(({ phases }) => inTasks && phases && phases.length > 1)
  if (phased)
    return refuse(
      'unsupported',
      `class ${phased.name}: several phases are for gangs alone and for the exclusive engine; beside tasks give one phase, or stages their processorBound`,
    )
  if (policy.preemption && policy.preemption.restartDelaySeconds + policy.preemption.evictionSeconds > 0 && !inTasks)
    return refuse(
      'unsupported',
      'what an eviction costs besides lost work is for jobs of tasks on shared slots: leave policy.preemption out',
    )
  const { interference, storage } = scenario.cluster
  const named = [
    ...(interference ?? []).flatMap(({ jobClass, neighbour }) => [jobClass, neighbour]),
    ...Object.keys(policy.stopAfterSeconds ?? {}),
  ]
  const stranger = named.find((name) => !workload.classes.some((jobClass) => jobClass.name === name))
  if (stranger !== undefined)
    return refuse('unsupported', `there is no class ${stranger} for cluster.interference or policy.stopAfterSeconds to speak of`)
  const slows = (interference !== undefined && interference.length > 0) || storage !== undefined
  const tasks = workload.classes.some(({ work }) => work.kind === 'stages' || work.kind === 'array')
  if (slows && (policy.engine === 'exclusive' || tasks))
    return refuse(
      'unsupported',
      'interference and storage are for gangs that share the cluster, without arrays or stages beside them',
    )
  if (interference?.length && policy.placement === 'pool')
    return refuse('unsupported', 'interference needs to know who is on which node: give the policy a placement, packed or spread')
  const pool = poolOf(scenario.cluster, policy.placement, 0)
  for (const { name, work } of workload.classes) {
    const drop = policy.drop[name]
    const drops = drop !== undefined && drop !== 0
    if ((work.kind === 'gang' || work.kind === 'replay') && drops && !work.divisible)
      return refuse(
        'unsupported',
        `class ${name} is not divisible: its jobs cannot run on a share of their data (policy.drop.${name})`,
      )
    if (work.kind !== 'stages' && drops && typeof drop !== 'number')
      return refuse('unsupported', `class ${name} has no stages: give one drop ratio (policy.drop.${name})`)
    if (work.kind === 'array' && drops && !work.droppable)
      return refuse('unsupported', `the tasks of class ${name} may not be dropped (policy.drop.${name})`)
    const lacks = policy.engine === 'shared' ? lacking(scenario.cluster, policy.placement, work) : undefined
    if (lacks) return refuse('infeasible', `a job of class ${name} ${lacks}`)
    if (work.kind === 'gang') {
      const most = countMost(work.slots)
      if (!pool.everFits(most))
        return refuse('infeasible', `a job of class ${name} needs ${most} slots together, which this cluster never has`, {
          slotsNeeded: most,
          slots: pool.capacity,
        })
    }
  }
  if (replay && replays.some(({ work }) => work.kind === 'replay' && work.resources === 'all')) {
    const never = neverHeld(scenario, replay)
    if (never > 0)
      return refuse(
        'infeasible',
        `${never} jobs of the trace need slots, CPUs and memory that no nodes of this cluster have together`,
        {
          jobs: never,
        },
      )
  }
  if (replay && replays.length > 0) {
    let most = 0
    for (let i = 0; i < replay.count; i++) if (replay.slots[i] > most) most = replay.slots[i]
    if (!pool.everFits(most))
      return refuse('infeasible', `a job of the trace needs ${most} slots together, which this cluster never has`, {
        slotsNeeded: most,
        slots: pool.capacity,
      })
  }
  return undefined
}

/** What of a class’s work this cluster never has together, in words. */
function lacking(cluster: Cluster, placement: Scenario['policy']['placement'], work: Work): string | undefined {
  const never = (what: string, slots: number, needs: Needs | undefined): string | undefined => {
    const demand = demandOf(slots, needs)
    if (couldHold(cluster, placement, demand)) return undefined
    const parts = [
      `${slots} slots`,
      ...(demand.cpus > 0 ? [`${demand.cpus} CPUs`] : []),
      ...(demand.memoryMib > 0 ? [`${demand.memoryMib} MiB`] : []),
    ]
    return `needs ${parts.join(', ')} together${what}, which this cluster never has`
  }
  if (work.kind === 'gang') return work.needs && never('', countMost(work.slots), work.needs)
  if (work.kind === 'array') return never(' for a task', work.slotsPerTask, work.needs)
  if (work.kind !== 'stages') return undefined
  return work.stages.map((stage) => never(` for a task of ${stage.name}`, 1, stage.needs)).find((one) => one !== undefined)
}

/** How many jobs of a trace the empty cluster could not hold, all resources counted. */
function neverHeld({ cluster, policy }: Scenario, { count, slots, cpus, memoryMib }: ReplayJobs): number {
  const known = new Map<string, boolean>()
  let never = 0
  for (let i = 0; i < count; i++) {
    const demand = { slots: slots[i], cpus: cpus?.[i] || 0, memoryMib: memoryMib?.[i] || 0 }
    const key = `${demand.slots} ${demand.cpus} ${demand.memoryMib}`
    let holds = known.get(key)
    if (holds === undefined) {
      holds = couldHold(cluster, policy.placement, demand)
      known.set(key, holds)
    }
    if (!holds) never++
  }
  return never
}

function replayRate(replay: ReplayJobs | undefined, k: number): number {
  if (replay === undefined || replay.count < 2) return 0
  let jobs = 0
  for (let i = 0; i < replay.count; i++) if (replay.classIndex[i] === k) jobs++
  return jobs / Math.max(replay.submitSeconds[replay.count - 1] - replay.submitSeconds[0], Number.MIN_VALUE)
}

/** How the run times of gang jobs are drawn: from one law, or by size. */
function runTimesOf(work: Extract<Work, { kind: 'gang' }>, one: boolean): Pick<CompiledClass, 'runTime' | 'bySlots' | 'runMean'> {
  const table = work.runTimeBySlots
  if (!table) return { runTime: fillerOf(work.runTime), bySlots: undefined, runMean: lawMoments(work.runTime).mean }
  const draw = counterOf(work.slots)
  const laws = [...table.map(({ runTime }) => runTime), work.runTime]
  const fillers = laws.map(fillerOf)
  const means = laws.map((law) => lawMoments(law).mean)
  const indexOf = (slots: number): number => {
    const at = table.findIndex(({ slotsAtMost }) => slots <= slotsAtMost)
    return at < 0 ? table.length : at
  }
  const { counts, probabilities } = typeof work.slots === 'number' ? { counts: [work.slots], probabilities: [1] } : work.slots
  const weights = counts.map((slots, i) => probabilities[i]! * (one ? 1 : slots))
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  return {
    runTime: (rng, out, from, count) => {
      for (let i = from; i < from + count; i++) fillers[indexOf(draw(rng))]!(rng, out, i, 1)
    },
    bySlots: { draw, of: (slots) => fillers[indexOf(slots)]! },
    runMean: counts.reduce((sum, slots, i) => sum + weights[i]! * means[indexOf(slots)]!, 0) / total,
  }
}
