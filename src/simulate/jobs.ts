/**
 * The jobs of one replication, drawn beforehand: arrivals, sizes and slots in order of arrival.
 *
 * Common random numbers: what a job brings depends on the seed, the replication, the class and the job’s number in its class, never on
 * the policy. Jobs made of tasks draw from a generator of their own, so that dropping tasks of one leaves the others as they were; tasks
 * are kept from the front of the draw, which for tasks drawn alike is a uniform choice without replacement, and which makes a job under a
 * larger drop ratio a part of the same job under a smaller one.
 */
import { demandOf, keptTasks, type ReplayJobs } from '../model/index.js'
import { Rng } from '../num/index.js'
import { arrivalsOf, type FillArrivals } from './arrivals.js'
import type { CompiledClass, CompiledScenario, CompiledStage } from './compile.js'
import type { RunJobs } from './engine.js'
import { withFailures } from './failures.js'
import { Makespan } from './makespan.js'
import { markedStreams } from './markedArrivals.js'
import type { JobNeeds } from './nodePool.js'
import { Workspace } from './workspace.js'

const BLOCK = 1024
/** Staged jobs are costly to draw, so fewer are drawn ahead. */
const STAGED_BLOCK = 32

/** Draws `count` jobs of the replication. Deterministic in (scenario’s workload, drop ratios, seed, replication, count). */
export function drawJobs(
  compiled: CompiledScenario,
  seed: number,
  replication: number,
  count: number,
  space = new Workspace(),
): RunJobs {
  const arrival = space.float64('arrival', count)
  const classIndex = space.uint16('class', count)
  const size = space.float64('size', count)
  const slots = space.int32('slots', count)
  const marked = markedStreams(compiled.scenario.workload, seed, replication)
  const streams = compiled.classes.map(
    (jobClass) => new ClassStream(compiled, jobClass, seed, replication, marked.get(jobClass.name)),
  )
  if (streams.length === 1) {
    const [stream] = streams
    classIndex.fill(0)
    stream.times(arrival)
    stream.sizes(size, 0, count)
    stream.slots(slots, 0, count)
    return withFailures(compiled, withNeeds(compiled, { count, arrival, size, slots, classIndex }), seed, replication)
  }
  // One block of coming jobs a class, merged by time.
  const n = streams.length
  const block = streams.some((stream) => stream.staged) ? STAGED_BLOCK : BLOCK
  const times = new Float64Array(n * block + 1)
  const sizes = new Float64Array(n * block)
  const widths = new Int32Array(n * block)
  const at = new Int32Array(n)
  const head = new Float64Array(n)
  const refill = (k: number): void => {
    const from = k * block
    streams[k].times(times.subarray(from, from + block))
    streams[k].sizes(sizes, from, block)
    streams[k].slots(widths, from, block)
    at[k] = from
    head[k] = times[from]
  }
  for (let k = 0; k < n; k++) refill(k)
  let merged = 0
  if (n === 2 && streams.every((stream) => stream.oneSlot)) {
    slots.fill(1)
    while (merged < count) {
      merged = mergeTwo(times, sizes, block, at, { arrival, size, classIndex }, merged, count)
      for (let k = 0; k < n; k++) if (at[k] === (k + 1) * block) refill(k)
    }
  }
  for (let i = merged; i < count; i++) {
    let k = 0
    let least = head[0]
    for (let c = 1; c < n; c++) {
      const time = head[c]
      if (time < least) {
        least = time
        k = c
      }
    }
    const row = at[k]
    arrival[i] = least
    classIndex[i] = k
    size[i] = sizes[row]
    slots[i] = widths[row]
    const after = row + 1
    if (after === (k + 1) * block) refill(k)
    else {
      at[k] = after
      head[k] = times[after]
    }
  }
  return withFailures(compiled, withNeeds(compiled, { count, arrival, size, slots, classIndex }), seed, replication)
}

/**
 * Merges the coming jobs of two classes by time, from where each stands to the end of a block of either. Which one is next is a coin that no
 * processor foresees, so it is a number to reckon with and not a branch. Returns how many jobs there are then.
 */
function mergeTwo(
  times: Float64Array,
  sizes: Float64Array,
  block: number,
  at: Int32Array,
  { arrival, size, classIndex }: { arrival: Float64Array; size: Float64Array; classIndex: Uint16Array },
  from: number,
  to: number,
): number {
  let i = from
  let a = at[0]
  let b = at[1]
  const last = 2 * block
  let ofFirst = times[a]
  let ofSecond = times[b]
  while (i < to && a < block && b < last) {
    const second = ((ofSecond < ofFirst) as unknown as number) | 0
    const row = a + (b - a) * second
    arrival[i] = times[row]
    size[i] = sizes[row]
    classIndex[i++] = second
    a += 1 - second
    b += second
    // the one behind the end of a block is read and not used
    ofFirst = times[a]
    ofSecond = times[b]
  }
  at[0] = a
  at[1] = b
  return i
}

/**
 * Jobs of stages that arrive at given instants (ascending), what they bring drawn from the laws of their classes: what a run that was watched
 * might have been. The n-th job of a class brings the same tasks whatever the policy.
 */
export function drawJobsArriving(
  compiled: CompiledScenario,
  { arrival, classIndex }: { readonly arrival: Float64Array; readonly classIndex: Uint16Array },
  seed: number,
  replication: number,
): RunJobs {
  const count = arrival.length
  const size = new Float64Array(count)
  const makers = compiled.classes.map((jobClass) => {
    if (jobClass.stages === undefined) throw new Error(`class ${jobClass.name} is not one of jobs of stages`)
    return compiled.exclusive
      ? new StageSizes(jobClass.stages, compiled.slotSpeeds, taskStream(jobClass.name, seed, replication))
      : undefined
  })
  const seen = new Int32Array(makers.length)
  for (let i = 0; i < count; i++) size[i] = makers[classIndex[i]]?.size(seen[classIndex[i]]++) ?? 0
  const jobs = { count, arrival, size, slots: new Int32Array(count).fill(1), classIndex }
  return withFailures(compiled, withNeeds(compiled, jobs), seed, replication)
}

/** The jobs of a trace under this policy: run times shortened where the class is divisible and deflated. */
export function replayedJobs(compiled: CompiledScenario, replay: ReplayJobs, seed = 0): RunJobs {
  const { count, submitSeconds, classIndex, estimateSeconds, userIndex } = replay
  const kept = Float64Array.from(compiled.classes, (jobClass) => jobClass.keptShare)
  const deflates = kept.some((share) => share !== 1)
  let size = replay.runSeconds
  if (deflates) {
    size = new Float64Array(count)
    for (let i = 0; i < count; i++) size[i] = replay.runSeconds[i] * kept[classIndex[i]]
  }
  let estimate: Float64Array | undefined
  if (estimateSeconds !== undefined) {
    estimate = new Float64Array(count)
    for (let i = 0; i < count; i++) estimate[i] = Number.isNaN(estimateSeconds[i]) ? size[i] : estimateSeconds[i]
  }
  const jobs = {
    count,
    arrival: submitSeconds,
    size,
    slots: compiled.exclusive ? new Int32Array(count).fill(1) : replay.slots,
    classIndex,
    ...(compiled.hasNeeds ? { needs: replayedNeeds(replay) } : {}),
    ...(estimate ? { estimate } : {}),
    ...(userIndex ? { owner: userIndex } : {}),
  }
  return withFailures(compiled, jobs, seed, 0)
}

/** What a trace says that its jobs need besides whole slots. */
function replayedNeeds({ count, cpus, memoryMib, slotShare }: ReplayJobs): JobNeeds {
  return {
    cpus: cpus ?? new Float64Array(count),
    memoryMib: memoryMib ?? new Float64Array(count),
    ...(slotShare ? { share: slotShare } : {}),
  }
}

/** Jobs with what their classes need besides slots; jobs of tasks say it stage by stage. */
export function withNeeds(compiled: CompiledScenario, jobs: RunJobs): RunJobs {
  if (!compiled.hasNeeds || jobs.needs !== undefined) return jobs
  const needs = { cpus: new Float64Array(jobs.count), memoryMib: new Float64Array(jobs.count) }
  for (let i = 0; i < jobs.count; i++) {
    const own = compiled.classes[jobs.classIndex[i]].needs
    if (own === undefined) continue
    const demand = demandOf(jobs.slots[i], own)
    needs.cpus[i] = demand.cpus
    needs.memoryMib[i] = demand.memoryMib
  }
  return { ...jobs, needs }
}

/** What the jobs of one class bring, in order; times, sizes and slots each from their own stream. */
class ClassStream {
  /** Fills with the next arrival times. */
  readonly times: FillArrivals
  readonly staged: boolean
  readonly oneSlot: boolean
  private readonly runRng: Rng
  private readonly slotsRng: Rng
  private ordinal = 0
  private drawn = new Int32Array(0)
  private readonly maker: StageSizes | undefined

  constructor(
    compiled: CompiledScenario,
    private readonly jobClass: CompiledClass,
    seed: number,
    replication: number,
    marked: FillArrivals | undefined,
  ) {
    const name = `replication ${replication}/class ${jobClass.name}`
    const { arrival, stages } = jobClass
    if (arrival.kind === 'replay') throw new Error('a replayed class has no law to draw from')
    if (arrival.kind === 'marked' && marked === undefined) throw new Error('a marked class without a process that brings it')
    this.times = arrival.kind === 'marked' ? marked! : arrivalsOf(arrival, new Rng(seed, `${name}/arrivals`))
    this.runRng = new Rng(seed, `${name}/run times`)
    this.slotsRng = new Rng(seed, `${name}/slots`)
    this.maker =
      stages && compiled.exclusive
        ? new StageSizes(stages, compiled.slotSpeeds, taskStream(jobClass.name, seed, replication))
        : undefined
    this.staged = this.maker !== undefined
    this.oneSlot = jobClass.slotsOf === undefined
  }

  /** Run times of the next jobs; 0 where tasks bring their own. */
  sizes(out: Float64Array, from: number, count: number): void {
    const { maker, jobClass } = this
    if (maker !== undefined) for (let i = from; i < from + count; i++) out[i] = maker.size(this.ordinal++)
    else if (jobClass.stages !== undefined) out.fill(0, from, from + count)
    else {
      if (jobClass.bySlots) this.sizesBySlots(jobClass.bySlots, out, from, count)
      else jobClass.runTime!(this.runRng, out, from, count)
      if (jobClass.keptShare !== 1) for (let i = from; i < from + count; i++) out[i] *= jobClass.keptShare
    }
  }

  /** Run times that depend on the size: the sizes of the same jobs are drawn here and given out by `slots`, which is asked next. */
  private sizesBySlots(
    { draw, of }: NonNullable<CompiledClass['bySlots']>,
    out: Float64Array,
    from: number,
    count: number,
  ): void {
    if (this.drawn.length < count) this.drawn = new Int32Array(count)
    for (let i = 0; i < count; i++) {
      const slots = draw(this.slotsRng)
      this.drawn[i] = slots
      of(slots)(this.runRng, out, from + i, 1)
    }
  }

  /** Slots of the jobs whose sizes were asked for last. */
  slots(out: Int32Array, from: number, count: number): void {
    const { slotsOf } = this.jobClass
    if (slotsOf === undefined) out.fill(1, from, from + count)
    else if (this.jobClass.bySlots) for (let i = 0; i < count; i++) out[from + i] = this.drawn[i]!
    else for (let i = from; i < from + count; i++) out[i] = slotsOf(this.slotsRng)
  }
}

/** A generator for each (job, stage) of a class, the same for the same job whatever was asked before. */
export class StageStreams {
  private readonly bases: readonly Int32Array[]

  constructor(stages: readonly CompiledStage[], base: Rng) {
    this.bases = stages.map((_, s) => base.stream(`stage ${s}`).state.slice())
  }

  /** Sets `rng` to the start of stage s of the n-th job. */
  seed(rng: Rng, n: number, s: number): void {
    seedFor(rng, this.bases[s], n)
  }
}

/** The stream that the task times of a class come from. */
export function taskStream(className: string, seed: number, replication: number): Rng {
  return new Rng(seed, `replication ${replication}/class ${className}/tasks`)
}

/** Time that a job of stages takes on the whole cluster: setups and stages one after another, tasks list-scheduled on all slots. */
export class StageSizes {
  private readonly rng = new Rng(0)
  private readonly streams: StageStreams
  private tasks = new Float64Array(256)
  private readonly makespans: readonly Makespan[]

  constructor(
    private readonly stages: readonly CompiledStage[],
    slotSpeeds: Float64Array,
    base: Rng,
  ) {
    this.streams = new StageStreams(stages, base)
    this.makespans = stages.map((stage) => new Makespan(laneSpeeds(slotSpeeds, stage)))
  }

  /** The n-th job of the class; `ends` takes the time at which each of its stages is over. */
  size(n: number, ends?: Float64Array): number {
    let total = 0
    for (let s = 0; s < this.stages.length; s++) {
      const stage = this.stages[s]
      const makespan = this.makespans[s]
      this.streams.seed(this.rng, n, s)
      if (stage.setup !== undefined) {
        stage.setup(this.rng, this.tasks, 0, 1)
        total += this.tasks[0] / makespan.topSpeed
      }
      const drawn = stage.tasks(this.rng)
      const kept = keptTasks(drawn, stage.dropRatio)
      const started = stage.cutsStragglers ? drawn : kept
      if (started > this.tasks.length) this.tasks = new Float64Array(2 * started)
      stage.taskTime(this.rng, this.tasks, 0, started)
      total += stage.cutsStragglers ? makespan.untilEnded(this.tasks, started, kept) : makespan.of(this.tasks, kept)
      if (ends !== undefined) ends[s] = total
    }
    return total
  }
}

/** How many tasks of a stage run side by side on the whole cluster, and how fast each: at the speed of its slowest slot. */
function laneSpeeds(slotSpeeds: Float64Array, { slotsPerTask, runningAtMost }: CompiledStage): Float64Array {
  if (slotsPerTask === 1 && runningAtMost >= slotSpeeds.length) return slotSpeeds
  const fastest = slotSpeeds.slice().sort().reverse()
  const lanes = Math.max(1, Math.min(runningAtMost, Math.floor(fastest.length / slotsPerTask)))
  return Float64Array.from({ length: lanes }, (_, lane) => fastest[(lane + 1) * slotsPerTask - 1])
}

/** Sets a generator to the n-th of a family given by a base state: splitmix over the base words and n, then twelve rounds. */
export function seedFor(rng: Rng, base: Int32Array, n: number): void {
  const { state } = rng
  let h = Math.imul(n ^ 0x5bd1e995, 0x9e3779b1) ^ Math.imul(Math.floor(n / 4294967296), 0x85ebca6b)
  for (let i = 0; i < 3; i++) {
    h = (h + 0x9e3779b9) | 0
    let t = h ^ base[i] ^ (h >>> 16)
    t = Math.imul(t, 0x21f0aaad)
    t ^= t >>> 15
    t = Math.imul(t, 0x735a2d97)
    state[i] = t ^ (t >>> 15)
  }
  state[3] = 1
  for (let i = 0; i < 12; i++) rng.bits()
}
