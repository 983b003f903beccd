/**
 * Jobs as stages of tasks on C slots, one job at a time on the cluster (exclusive engine): the job's time as a service law.
 *
 * Exponential task times (E3): with i tasks left the next ends at rate min(i, C)/m, so a stage of n tasks is n exponential phases in series —
 * exact, transform and all. Constant task times (E4): ⌈n/C⌉ waves of the task time — exact. Other task times: the makespan of list scheduling
 * (`listMakespan`), entered as a constant plus phases with the same mean, variance and skewness — a caveat says so.
 *
 * Dropping (E2): a class with drop ratio θ keeps ⌈n(1 − θ)⌉ of n tasks. Source: specs, E2–E4.
 */
import type { Caveat, CountLaw, DropRatio, Law, Refusal, Stage, Work } from '../model/index.js'
import { caveat, keptTasks, refuse, stageDropRatio, waveCount } from '../model/index.js'
import { gaussLegendre, Rng } from '../num/index.js'
import type { PhasePart, ServiceLaw } from './law.js'
import type { PhaseChain } from './phase-chain.js'
import { concatenateChains, mixtureChain, seriesChain } from './phase-chain.js'
import { lawOfParts, lawQuantile, scaleLaw, scvOf, serviceLaw, twoMomentChain } from './service-law.js'
import type { SprintTimer } from './sprint-law.js'
import { sprintLaw } from './sprint-law.js'

/** Counts with their probabilities, normalised. */
function countTable(count: CountLaw): { readonly count: number; readonly probability: number }[] {
  if (typeof count === 'number') return [{ count, probability: 1 }]
  const total = count.probabilities.reduce((sum, p) => sum + p, 0)
  return count.counts
    .map((value, i) => ({ count: value, probability: (count.probabilities[i] ?? 0) / total }))
    .filter((row) => row.probability > 0)
}

/** Most constants-and-chains a job may be a mixture of before the law is refused. */
const PARTS_AT_MOST = 2000
/** Most exponential phases of one job. */
const PHASES_AT_MOST = 200_000

/**
 * The service law of a job of stages on `slots` slots that it has to itself, with tasks dropped and a sprint timer from dispatch.
 *
 * Refuses work of another kind, and work so mixed that its law would have more than 2,000 parts.
 */
export function stagesServiceLaw(
  work: Work,
  slots: number,
  dropRatio: DropRatio = 0,
  sprint?: SprintTimer,
): ServiceLaw | Refusal {
  if (work.kind !== 'stages') return refuse('unsupported', `work of kind ${work.kind} has no stages`)
  let parts: PhasePart[] = [{ probability: 1, shift: 0 }]
  const caveats: Caveat[] = []
  let phases = 0
  for (const stage of work.stages) {
    const pieces = [
      ...(stage.setup === undefined ? [] : [setupParts(stage, stage.setup, caveats)]),
      taskParts(stage, slots, stageDropRatio(stage, dropRatio), caveats),
    ]
    for (const piece of pieces) {
      if (parts.length * piece.length > PARTS_AT_MOST)
        return refuse('unsupported', `the task counts mix to more than ${PARTS_AT_MOST} different jobs; simulate`, {
          parts: parts.length * piece.length,
        })
      phases += piece.reduce((sum, part) => sum + (part.chain?.rate.length ?? 0), 0)
      if (phases > PHASES_AT_MOST)
        return refuse('unsupported', `the job has more than ${PHASES_AT_MOST} exponential phases; simulate`, { phases })
      parts = inSequence(parts, piece)
    }
  }
  const law = lawOfParts('stages', parts, caveats)
  return sprint === undefined ? law : sprintLaw(law, sprint)
}

/**
 * The service law of a gang job that has its slots to itself: its run time, shortened to (1 − θ) of itself where it is divisible.
 * Refuses work of another kind, and a drop ratio by stage.
 */
export function gangServiceLaw(work: Work, dropRatio: DropRatio = 0, sprint?: SprintTimer): ServiceLaw | Refusal {
  if (work.kind !== 'gang') return refuse('unsupported', `work of kind ${work.kind} is not a gang`)
  if (typeof dropRatio !== 'number') return refuse('unsupported', 'a gang job has no stages to drop from')
  if (dropRatio > 0 && !work.divisible)
    return refuse('unsupported', 'a gang job that is not divisible cannot run on a share of its data')
  const law = serviceLaw(work.runTime)
  const kept = dropRatio > 0 ? scaleLaw(law, 1 - dropRatio) : law
  return sprint === undefined ? kept : sprintLaw(kept, sprint)
}

function inSequence(left: readonly PhasePart[], right: readonly PhasePart[]): PhasePart[] {
  return left.flatMap((a) =>
    right.map((b) => {
      const chain = a.chain === undefined ? b.chain : b.chain === undefined ? a.chain : concatenateChains(a.chain, b.chain)
      return { probability: a.probability * b.probability, shift: a.shift + b.shift, ...(chain === undefined ? {} : { chain }) }
    }),
  )
}

function setupParts(stage: Stage, setup: Law, caveats: Caveat[]): readonly PhasePart[] {
  const law = serviceLaw(setup)
  if (law.parts !== undefined && law.parts.length <= 8) return law.parts
  caveats.push(
    caveat(
      'setup-fitted',
      `setup of stage ${stage.name}: the ${law.name} law was replaced by phases with its mean and variance`,
      {
        path: `stages.${stage.name}.setup`,
        numbers: { meanSeconds: law.mean, scv: scvOf(law) },
      },
    ),
  )
  return [{ probability: 1, shift: 0, chain: twoMomentChain(law.mean, scvOf(law)) }]
}

function taskParts(stage: Stage, slots: number, dropRatio: number, caveats: Caveat[]): readonly PhasePart[] {
  const table = countTable(stage.tasks).map((row) => ({ count: keptTasks(row.count, dropRatio), probability: row.probability }))
  if (stage.taskTime.kind === 'exponential') {
    const mean = stage.taskTime.meanSeconds
    return [{ probability: 1, shift: 0, chain: exponentialStage(table, slots, mean) }]
  }
  if (stage.taskTime.kind === 'constant') {
    const seconds = stage.taskTime.seconds
    return sumByShift(table.map((row) => ({ probability: row.probability, shift: waveCount(row.count, slots) * seconds })))
  }
  const task = serviceLaw(stage.taskTime)
  let error = 0
  const parts = table.map((row) => {
    const makespan = listMakespan(task, row.count, slots)
    error = Math.max(error, makespan.standardError / makespan.mean)
    return { probability: row.probability, ...shiftedPhases(makespan) }
  })
  caveats.push(
    caveat(
      'stage-makespan-fitted',
      `stage ${stage.name}: tasks are ${task.name}; the stage’s time is the makespan of list scheduling (sampled on a fixed stream beyond one wave), fitted by a constant plus phases with its mean, variance and skewness`,
      { path: `stages.${stage.name}.taskTime`, numbers: { taskScv: scvOf(task), relativeStandardError: error } },
    ),
  )
  return parts
}

/**
 * The wave-level law of a stage (E4): ⌈n/C⌉ waves one after another with a barrier between them, each wave a chain with the mean and squared coefficient of variation given (those of the
 * maximum of C tasks, `listMakespan(task, C, C)`), the last partial one with its own where given. Block-bidiagonal: as many phases as waves × phases of a wave, far fewer than
 * tasks. Random counts branch at the end of each wave.
 *
 * An upper bound for independent tasks, since real slots do not wait at barriers; near exact when the coefficient of variation of the tasks is below about 0.3.
 */
export function waveLevelChain(
  tasks: CountLaw,
  slots: number,
  wave: { readonly mean: number; readonly scv: number },
  partialWave: { readonly mean: number; readonly scv: number } = wave,
): PhaseChain {
  const block = twoMomentChain(wave.mean, wave.scv)
  const last = partialWave === wave ? block : twoMomentChain(partialWave.mean, partialWave.scv)
  const byShape = new Map<string, { probability: number; waves: number; partial: boolean }>()
  for (const { count, probability } of countTable(tasks)) {
    const partial = last !== block && count % slots !== 0
    const waves = partial ? Math.floor(count / slots) : waveCount(count, slots)
    const key = `${waves} ${partial}`
    const seen = byShape.get(key)
    byShape.set(key, { probability: probability + (seen?.probability ?? 0), waves, partial })
  }
  const shapes = [...byShape.values()]
  if (shapes.every((shape) => !shape.partial)) return repeatedChain(block, shapes)
  return mixtureChain(
    shapes.map(({ probability, waves, partial }) => {
      const blocks = [...Array.from({ length: waves }, () => block), ...(partial ? [last] : [])]
      return { probability, chain: blocks.reduce((left, right) => concatenateChains(left, right)) }
    }),
  )
}

/** Blocks in series; after block w the job ends with Pr[W = w | W ≥ w]. */
function repeatedChain(
  block: PhaseChain,
  shapes: readonly { readonly probability: number; readonly waves: number }[],
): PhaseChain {
  const most = shapes.reduce((largest, { waves }) => Math.max(largest, waves), 1)
  const atLeast = (w: number) => shapes.reduce((sum, { probability, waves }) => sum + (waves >= w ? probability : 0), 0)
  const size = block.rate.length
  const initial = new Float64Array(most * size)
  initial.set(block.initial)
  const rate = new Float64Array(most * size)
  const exit = new Float64Array(most * size)
  const first = new Int32Array(most * size + 1)
  const to: number[] = []
  const probability: number[] = []
  for (let w = 0; w < most; w++) {
    const onward = w + 1 < most ? atLeast(w + 2) / atLeast(w + 1) : 0
    for (let i = 0; i < size; i++) {
      const phase = w * size + i
      rate[phase] = block.rate[i]!
      exit[phase] = block.exit[i]! * (1 - onward)
      for (let e = block.first[i]!; e < block.first[i + 1]!; e++) {
        to.push(w * size + block.to[e]!)
        probability.push(block.probability[e]!)
      }
      if (block.exit[i]! > 0 && onward > 0)
        for (let j = 0; j < size; j++)
          if (block.initial[j]! > 0) {
            to.push((w + 1) * size + j)
            probability.push(block.exit[i]! * onward * block.initial[j]!)
          }
      first[phase + 1] = to.length
    }
  }
  return { initial, rate, first, to: Int32Array.from(to), probability: Float64Array.from(probability), exit }
}

function sumByShift(parts: readonly PhasePart[]): PhasePart[] {
  const byShift = new Map<number, number>()
  for (const { probability, shift } of parts) byShift.set(shift, (byShift.get(shift) ?? 0) + probability)
  return [...byShift].map(([shift, probability]) => ({ probability, shift }))
}

/** Phases M_n → … → M_1 with rates min(i, C)/m, entered at the drawn number of tasks (E3). */
function exponentialStage(
  table: readonly { readonly count: number; readonly probability: number }[],
  slots: number,
  mean: number,
): PhaseChain {
  const most = table.reduce((largest, row) => Math.max(largest, row.count), 1)
  const rates = new Float64Array(most)
  for (let k = 0; k < most; k++) rates[k] = Math.min(most - k, slots) / mean
  const chain = seriesChain(rates)
  if (table.length === 1) return chain
  const initial = new Float64Array(most)
  for (const row of table) initial[most - row.count]! += row.probability
  return { ...chain, initial }
}

/** Mean, variance and third central moment of a stage's time; the standard error of the mean where it was sampled. */
export interface Makespan {
  readonly mean: number
  readonly variance: number
  readonly thirdCentral: number
  readonly standardError: number
}

/**
 * The makespan of `tasks` independent tasks on `slots` slots, each free slot taking the next task.
 *
 * One wave (n ≤ C): the maximum of n, by quadrature of 1 − F(t)^n — exact. More: sampled on a fixed stream, task times in Latin-hypercube samples
 * over the replications. Above 20,000 tasks, where the start of the last task is a sum of many: E = ((n − 1)m − (C − 1)r)/C + E max(one task,
 * C − 1 residual ones), r = m(1 + c²)/2 the mean residual.
 */
export function listMakespan(task: ServiceLaw, tasks: number, slots: number): Makespan {
  if (tasks <= slots) return maximumOf(task, tasks)
  return tasks > 20_000 ? longMakespan(task, tasks, slots) : sampledMakespan(task, tasks, slots)
}

function maximumOf(law: ServiceLaw, n: number): Makespan {
  return momentsByTail(
    (t) => -Math.expm1(n * Math.log1p(-Math.min(1, tailOf(law, t)))),
    lawQuantile(law, 1 - 1e-10 / n),
    law.mean,
  )
}

function tailOf(law: ServiceLaw, t: number): number {
  return law.survival!(t)
}

/** Moments of a positive time from its tail on [0, far]. */
function momentsByTail(tail: (t: number) => number, far: number, scale: number): Makespan {
  const rule = gaussLegendre(12)
  const raw = [0, 0, 0]
  let left = 0
  let width = scale / 16
  while (left < far) {
    const right = Math.min(far, left + width)
    const half = (right - left) / 2
    for (let i = 0; i < rule.nodes.length; i++) {
      const x = left + half * (1 + rule.nodes[i]!)
      const weight = half * rule.weights[i]! * tail(x)
      raw[0]! += weight
      raw[1]! += 2 * x * weight
      raw[2]! += 3 * x * x * weight
    }
    left = right
    if (left > 4 * scale) width *= 1.3
  }
  return central(raw[0]!, raw[1]!, raw[2]!, 0)
}

function central(m1: number, m2: number, m3: number, standardError: number): Makespan {
  const variance = Math.max(0, m2 - m1 * m1)
  return { mean: m1, variance, thirdCentral: m3 - 3 * m1 * m2 + 2 * m1 ** 3, standardError }
}

function sampledMakespan(task: ServiceLaw, tasks: number, slots: number): Makespan {
  const replications = Math.max(100, Math.min(800, Math.floor(200_000 / tasks)))
  const table = quantileTable(task, 1024)
  const rng = new Rng(1, 'list-makespan')
  const order = new Int32Array(replications)
  const times = new Float64Array(replications * tasks)
  for (let i = 0; i < tasks; i++) {
    for (let r = 0; r < replications; r++) order[r] = r
    for (let r = replications - 1; r > 0; r--) {
      const j = rng.below(r + 1)
      const swap = order[r]!
      order[r] = order[j]!
      order[j] = swap
    }
    for (let r = 0; r < replications; r++) times[r * tasks + i] = fromTable(table, (order[r]! + rng.uniform()) / replications)
  }
  const raw = [0, 0, 0]
  const free = new Float64Array(slots)
  for (let r = 0; r < replications; r++) {
    const makespan = schedule(times, r * tasks, tasks, free)
    raw[0]! += makespan / replications
    raw[1]! += makespan ** 2 / replications
    raw[2]! += makespan ** 3 / replications
  }
  return central(raw[0]!, raw[1]!, raw[2]!, Math.sqrt(Math.max(0, raw[1]! - raw[0]! ** 2) / replications))
}

/** Ends of slots as a binary heap with the earliest on top. */
function schedule(times: Float64Array, from: number, tasks: number, free: Float64Array): number {
  const slots = free.length
  free.fill(0)
  let last = 0
  for (let i = 0; i < tasks; i++) {
    const end = free[0]! + times[from + i]!
    if (end > last) last = end
    let hole = 0
    for (;;) {
      let child = 2 * hole + 1
      if (child >= slots) break
      if (child + 1 < slots && free[child + 1]! < free[child]!) child++
      if (free[child]! >= end) break
      free[hole] = free[child]!
      hole = child
    }
    free[hole] = end
  }
  return last
}

/** Quantiles at (i + ½)/size, with straight lines between; mean preserved by a factor. */
function quantileTable(law: ServiceLaw, size: number): Float64Array {
  const table = new Float64Array(size)
  for (let i = 0; i < size; i++) table[i] = lawQuantile(law, (i + 0.5) / size)
  const mean = table.reduce((sum, value) => sum + value, 0) / size
  return table.map((value) => (value * law.mean) / mean)
}

function fromTable(table: Float64Array, u: number): number {
  const at = u * table.length - 0.5
  const low = Math.max(0, Math.min(table.length - 2, Math.floor(at)))
  return Math.max(0, table[low]! + (table[low + 1]! - table[low]!) * (at - low))
}

function longMakespan(task: ServiceLaw, tasks: number, slots: number): Makespan {
  const residual = task.secondMoment / (2 * task.mean)
  const far = lawQuantile(task, 1 - 1e-10 / slots)
  const step = far / 2048
  const residualTail = new Float64Array(2049)
  for (let i = 2047; i >= 0; i--)
    residualTail[i] = residualTail[i + 1]! + (step * (tailOf(task, i * step) + tailOf(task, (i + 1) * step))) / 2 / task.mean
  const last = momentsByTail(
    (t) => {
      const cell = Math.min(2047, Math.floor(t / step))
      const equilibrium = residualTail[cell]! + ((residualTail[cell + 1]! - residualTail[cell]!) * (t - cell * step)) / step
      return 1 - (1 - tailOf(task, t)) * (1 - Math.min(1, equilibrium)) ** (slots - 1)
    },
    far,
    task.mean,
  )
  const start = ((tasks - 1) * task.mean - (slots - 1) * residual) / slots
  const startVariance = (tasks * scvOf(task) * task.mean ** 2) / slots ** 2
  return { mean: start + last.mean, variance: startVariance + last.variance, thirdCentral: last.thirdCentral, standardError: 0 }
}

/** A constant plus phases with the mean, variance and (as far as a sum of equal phases can) skewness given. */
function shiftedPhases({ mean, variance, thirdCentral }: Makespan): {
  readonly shift: number
  readonly chain?: PhaseChain
} {
  const deviation = Math.sqrt(variance)
  if (deviation <= 1e-9 * mean) return { shift: mean }
  const skewness = Math.max(0.1, thirdCentral / deviation ** 3)
  // A gamma of shape k has skewness 2/√k: the constant is what the mean has beyond it.
  const restMean = Math.min(mean, (2 / skewness) * deviation)
  const chain = twoMomentChain(restMean, variance / restMean ** 2)
  return { shift: mean - restMean, chain }
}
