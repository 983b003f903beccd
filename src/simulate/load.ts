/**
 * How loaded a scenario is, class by class, before anything is run: the share of the cluster (or of the exclusive engine) that its work
 * needs in the long run.
 *
 * What sprinting can give back is credited in full, what eviction with restart throws away is added (specs/deflate.md E7), so a total of 1
 * or more means that the queue grows without end. Gangs on nodes and strict queues can be unstable below 1: that shows only in a run.
 */
import { demandOf, type Needs, type Scenario, speedUnderSprint } from '../model/index.js'
import { Rng } from '../num/index.js'
import type { CompiledClass, CompiledScenario } from './compile.js'
import { StageSizes } from './jobs.js'
import type { SprintSettings } from './sprint.js'

export interface Load {
  /** Share of capacity that each class needs, waste not included, at normal speed. */
  readonly classes: readonly number[]
  /** The total, with waste by restarts and after sprinting. */
  readonly total: number
  /** The total at normal speed without waste. */
  readonly nominal: number
  /** Mean job size in seconds by class. */
  readonly meanSizes: readonly number[]
}

const SAMPLE = 2000

/** Load of a scenario made of laws. Sizes of staged jobs are sampled with a fixed seed (2,000 jobs a class); the rest is exact. */
export function loadOf(compiled: CompiledScenario): Load {
  const { classes, capacity, exclusive, sprint, rule } = compiled
  const top = exclusive ? 1 : averageSpeed(compiled)
  const samples = classes.map((jobClass) => sampleSizes(compiled, jobClass))
  const meanSizes = classes.map((jobClass, k) => (jobClass.stages && exclusive ? mean(samples[k]) : exactMean(jobClass)))
  const needs = classes.map((jobClass, k) => (jobClass.rate * jobClass.slotsMean * meanSizes[k]) / (capacity * top))
  const nominal = needs.reduce((a, b) => a + b, 0)
  let total = nominal
  if (rule.interrupts === 'restart' && capacity === 1) {
    // E7: a job of work w that meets higher arrivals at rate a holds the engine for (e^{aw} − 1)/a
    total = 0
    classes.forEach((jobClass, k) => {
      const above = classes.reduce((sum, other) => sum + (other.priority < jobClass.priority ? other.rate : 0), 0)
      const held =
        above === 0
          ? meanSizes[k]
          : (meanSizes[k] / mean(samples[k])) * mean(samples[k].map((w) => Math.expm1(above * w) / above))
      total += jobClass.rate * held
    })
  }
  // CPUs and memory may be scarcer than slots.
  total += Math.max(0, ...scarcer(compiled, meanSizes).map((share) => share - nominal))
  // What attempts that fail or are stopped add to (or take off) the time on slots, by sampling the same sizes.
  classes.forEach((jobClass, k) => {
    if (jobClass.failures === undefined && jobClass.stopAfterSeconds === Number.POSITIVE_INFINITY) return
    total += needs[k] * (mean(timeWithFailures(jobClass, exclusive, samples[k])) / mean(samples[k]) - 1)
  })
  // Storage is a second bottleneck: the share of its bandwidth that all reading needs.
  const { rates } = compiled
  if (rates?.demand) {
    const reading = classes.reduce((sum, jobClass, k) => sum + jobClass.rate * meanSizes[k] * rates.demand![k], 0)
    total = Math.max(total, reading / rates.bytesPerSecond)
  }
  const fastest = sprint?.steps?.at(-1)?.speed ?? sprint?.speed ?? 1
  if (sprint !== undefined && fastest > 1) {
    const sprints = (k: number): boolean => sprint.timeoutSeconds[k] !== Number.POSITIVE_INFINITY
    // With a queue without end every timer from arrival has run out; timers from dispatch spare what comes before them.
    const faster = classes.map((one, k) => {
      if (!sprints(k)) return 1
      // what its parts make of it, as if each were sprinted alike
      const sprinted = partsOf(compiled, one).reduce((sum, [share, bound]) => sum + share / speedUnderSprint(bound, fastest), 0)
      const gain = 1 - sprinted
      if (sprint.origin === 'arrival') return 1 - gain
      const T = sprint.timeoutSeconds[k]
      const over = mean(samples[k].map((w) => Math.max(0, w - T))) / mean(samples[k])
      return 1 - over * gain
    })
    const saved = needs.reduce((sum, need, k) => sum + need * (1 - faster[k]), 0)
    total -= Math.min(saved, refillOf(sprint) * (fastest - 1))
  }
  return { classes: needs, total, nominal, meanSizes }
}

/** The parts of a job’s work: share of it, and how much of that a sprint speeds up. Stages on the exclusive engine by their sampled lengths. */
function partsOf({ exclusive, slotSpeeds }: CompiledScenario, { phases, stages, name }: CompiledClass): [number, number][] {
  if (phases) return phases.map(({ share, processorBound }) => [share, processorBound])
  if (!stages?.some(({ processorBound }) => processorBound !== 1)) return [[1, 1]]
  const lengths = stages.map(({ tasksMean, taskMean, dropRatio }) => tasksMean * taskMean * (1 - dropRatio))
  if (exclusive) {
    lengths.fill(0)
    const sizes = new StageSizes(stages, slotSpeeds, new Rng(1, `load/${name}`))
    const ends = new Float64Array(stages.length)
    for (let i = 0; i < SAMPLE; i++) {
      sizes.size(i, ends)
      for (let s = 0; s < ends.length; s++) lengths[s] += ends[s] - (s > 0 ? ends[s - 1] : 0)
    }
  }
  const total = lengths.reduce((a, b) => a + b, 0)
  return stages.map(({ processorBound }, s) => [lengths[s] / total, processorBound])
}

/** Sprint seconds of the whole cluster (or of one job) that the budget gives back each second. */
function refillOf({ budget, power, speed }: SprintSettings): number {
  if (budget === undefined) return Number.POSITIVE_INFINITY
  const [size, refill] = 'joules' in budget ? [budget.joules, budget.refillWatts] : [budget.seconds, budget.refillPerSecond]
  const perSecond = budget.windowSeconds === undefined ? refill : size / budget.windowSeconds
  return 'joules' in budget ? perSecond / power!.extraWatts(speed) : perSecond
}

function timeWithFailures(jobClass: CompiledClass, exclusive: boolean, sizes: Float64Array): Float64Array {
  const { failures, name, stages, isArray } = jobClass
  // a job of stages is stopped as a whole: its tasks are not
  const stopAfterSeconds = stages && !isArray && !exclusive ? Number.POSITIVE_INFINITY : jobClass.stopAfterSeconds
  const rng = new Rng(2, `load/${name}`)
  return sizes.map((size) => {
    let held = 0
    for (let tries = failures?.retriesAtMost ?? 0; ; tries--) {
      const fails = failures ? rng.exponential() / failures.ratePerRunningSecond : Number.POSITIVE_INFINITY
      held += Math.min(size, fails, stopAfterSeconds)
      if (fails >= Math.min(size, stopAfterSeconds) || tries === 0) return held
    }
  })
}

function exactMean(jobClass: CompiledClass): number {
  if (jobClass.stages === undefined) return jobClass.runMean * jobClass.keptShare
  // shared engine: slot-seconds of all tasks
  return jobClass.stages.reduce(
    (sum, stage) => sum + stage.tasksMean * (1 - stage.dropRatio) * stage.taskMean * stage.slotsPerTask,
    0,
  )
}

/** Shares of the cluster’s CPUs and of its memory that all work needs in the long run; none where nobody asks or nothing limits. */
function scarcer({ classes, scenario, hasNeeds }: CompiledScenario, meanSizes: readonly number[]): number[] {
  if (!hasNeeds) return []
  return (['cpus', 'memoryMib'] as const).flatMap((resource) => {
    const has = scenario.cluster.nodes.reduce(
      (sum, group) => sum + group.count * (group[resource] ?? Number.POSITIVE_INFINITY),
      0,
    )
    const speed = averageSpeedOfNodes(scenario.cluster.nodes)
    let need = 0
    classes.forEach((jobClass, k) => {
      const of = (slots: number, needs: Needs | undefined): number => demandOf(slots, needs)[resource]
      if (jobClass.stages === undefined) need += jobClass.rate * meanSizes[k] * of(jobClass.slotsMean, jobClass.needs)
      else
        for (const stage of jobClass.stages)
          need += jobClass.rate * stage.tasksMean * (1 - stage.dropRatio) * stage.taskMean * of(stage.slotsPerTask, stage.needs)
    })
    return has === Number.POSITIVE_INFINITY ? [] : [need / (has * speed)]
  })
}

function averageSpeedOfNodes(nodes: Scenario['cluster']['nodes']): number {
  const count = nodes.reduce((sum, group) => sum + group.count, 0)
  return nodes.reduce((sum, group) => sum + group.count * group.speed, 0) / count
}

function averageSpeed({ slotSpeeds }: CompiledScenario): number {
  return slotSpeeds.length === 0 ? 1 : slotSpeeds.reduce((a, b) => a + b, 0) / slotSpeeds.length
}

function sampleSizes(compiled: CompiledScenario, jobClass: CompiledClass): Float64Array {
  const out = new Float64Array(SAMPLE)
  const rng = new Rng(1, `load/${jobClass.name}`)
  if (jobClass.stages && !compiled.exclusive) {
    // tasks on shared slots: each by itself, as often as its stage has them
    const counts = jobClass.stages.map((stage) => stage.tasksMean * (1 - stage.dropRatio))
    const all = counts.reduce((a, b) => a + b, 0)
    for (let i = 0; i < SAMPLE; i++) {
      let left = rng.uniform() * all
      let s = 0
      while (s < counts.length - 1 && left >= counts[s]) left -= counts[s++]
      jobClass.stages[s].taskTime(rng, out, i, 1)
    }
  } else if (jobClass.stages) {
    const sizes = new StageSizes(jobClass.stages, compiled.slotSpeeds, rng)
    for (let i = 0; i < SAMPLE; i++) out[i] = sizes.size(i)
  } else if (jobClass.runTime) {
    jobClass.runTime(rng, out, 0, SAMPLE)
    for (let i = 0; i < SAMPLE; i++) out[i] *= jobClass.keptShare
  }
  return out
}

function mean(values: Float64Array): number {
  return values.reduce((a, b) => a + b, 0) / values.length
}
