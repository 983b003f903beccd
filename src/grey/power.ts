import type { Samples, Table } from '../learn/index.js'
import { quantile } from '../num/index.js'
import { columnOf, type Parameter, type SideAnswer, type WhiteModel } from './white.js'

/** What is asked about a GPU that runs slower to draw less. */
export type PowerQuestion = 'seconds' | 'watts' | 'joules'

/**
 * Time, power and energy of one job on a GPU under a power cap.
 *
 *   busy power = smallest of cap and demand, softly: P = (cap^−s + demand^−s)^(−1/s)
 *   speed f    : (P − static) / (demand − static) = f · (v + (1 − v) · f^β)            dynamic power f·V²: the voltage falls with the clock down to a floor v
 *   busy time  = T (1 − host) ((memory^γ + ((1 − memory) / f)^γ) / (memory^γ + (1 − memory)^γ))^(1/γ): the longer of memory and compute, softly
 *   host time  = T · host at static power: the clock moves neither memory nor host
 *   f kept above leastSpeed f₀, softly: (f⁸ + f₀⁸)^(1/8), and P then what that clock draws
 *   time = busy + host,   energy = busy · P + host · static,   power = energy / time
 *
 * Column: `capWatts`. If the other quantities were measured, as `seconds` and `watts`, they help: power tells the demand, time tells what the clock costs. For one job at one batch size; for many, `perGroup`,
 * which finds out what belongs to the machine (β, v, s) from all jobs together.
 *
 * The clock does not go below `leastSpeed`: there the GPU draws more than the cap, as an A40 at 100 W does (up to 121 W). Only caps that low tell where that is, so below the lowest cap measured the answer may be far off; a fit tests
 * that step on the lowest cap that it has and says `steep-below` where it fails.
 *
 * Holds where a cap slows the core clock alone.
 *
 * Source: energy and caps as in Zeus (You, Chung and Chowdhury, NSDI 2023); dynamic power C·V²·f.
 */
export function powerCapModel(question: PowerQuestion): WhiteModel {
  const asked = (table: Table, p: Float64Array, one: PowerQuestion): Float64Array =>
    columnOf(table, 'capWatts').map((cap) => underCap(cap, p)[one])
  return {
    name: `${question} under a power cap`,
    columns: ['capWatts'],
    parameters: capParameters(1, 250),
    scaled: (samples) => {
      const caps = columnOf(samples.features, 'capWatts')
      return capParameters(
        secondsOf(question, samples),
        caps.reduce((a, b) => Math.max(a, b), 0),
      )
    },
    predict: (table, p) => asked(table, p, question),
    side: sidesOf(question, asked),
    monotone: question === 'watts' ? { capWatts: 1 } : question === 'seconds' ? { capWatts: -1 } : {},
    grows: ['capWatts'],
    shrinks: 'capWatts',
  }
}

function capParameters(seconds: number, largestCap: number): Parameter[] {
  return [
    { name: 'uncappedSeconds', low: seconds / 100, high: seconds * 10, prior: seconds, spread: 1, positive: true },
    { name: 'memoryShare', low: 0, high: 0.99, prior: 0.2, spread: 0.2 },
    { name: 'hostShare', low: 0, high: 0.99, prior: 0.1, spread: 0.2 },
    { name: 'demandWatts', low: largestCap * 0.1, high: largestCap * 3, prior: largestCap * 0.8, spread: 0.5, positive: true },
    { name: 'staticWatts', low: largestCap * 0.02, high: largestCap * 0.5, prior: largestCap * 0.2, spread: 0.4, positive: true },
    { name: 'voltageFloor', low: 0.02, high: 1, prior: 0.4, spread: 0.4, positive: true },
    { name: 'voltageExponent', low: 1, high: 60, prior: 5, spread: 1, positive: true },
    { name: 'capSharpness', low: 2, high: 100, prior: 10, spread: 0.7, positive: true },
    { name: 'capHeld', low: 0.7, high: 1.2, prior: 0.98, spread: 0.05, positive: true },
    { name: 'overlap', low: 1, high: 10, prior: 2, spread: 0.5, positive: true },
    { name: 'leastSpeed', low: 0.02, high: 0.6, prior: 0.15, spread: 0.7, positive: true },
  ]
}

function underCap(cap: number, p: Float64Array): Record<PowerQuestion, number> {
  const [uncapped, memory, host, demandAsked, fixed, floor, exponent, sharpness, heldShare, overlap, slowest] = p
  const demand = Math.max(demandAsked, fixed * 1.05)
  const held = cap * heldShare
  const most = Math.max(held, demand)
  const least = Math.min(held, demand)
  const allowed = Math.max(least * (1 + (least / most) ** sharpness) ** (-1 / sharpness), fixed)
  const full = demand * (1 + (demand / Math.max(held, demand * 4)) ** sharpness) ** (-1 / sharpness)
  const wished = speedAt(Math.min(1, (allowed - fixed) / (full - fixed)), floor, exponent)
  // below its slowest clock a GPU draws more than the cap
  const speed = Math.min(1, (wished ** 8 + slowest ** 8) ** (1 / 8))
  const watts = Math.max(allowed, fixed + (full - fixed) * speed * (floor + (1 - floor) * speed ** exponent))
  const whole = memory ** overlap + (1 - memory) ** overlap
  const busy = uncapped * (1 - host) * ((memory ** overlap + ((1 - memory) / speed) ** overlap) / whole) ** (1 / overlap)
  const idle = uncapped * host
  const joules = busy * watts + idle * fixed
  return { seconds: busy + idle, watts: joules / (busy + idle), joules }
}

/** The clock, as a share of the full one, at which dynamic power is this share: f (v + (1 − v) f^β) = share, by Newton from above (the left side is convex). */
function speedAt(share: number, floor: number, exponent: number): number {
  let f = 1
  for (let k = 0; k < 30; k++) {
    const raised = (1 - floor) * f ** exponent
    const step = (f * (floor + raised) - share) / (floor + (exponent + 1) * raised)
    f -= step
    if (Math.abs(step) < 1e-9) break
  }
  return Math.max(f, 0.02)
}

/**
 * Time, power and energy of one kernel or job at a core clock.
 *
 *   time  = (compute^γ + memory^γ)^(1/γ),   compute = c / f, memory = m: the longer of the two, softly
 *   power = static + dynamic · f (v + (1 − v) f^β),   f in GHz: voltage with a floor
 *
 * Column: `clockMegahertz`. If the other quantities were measured, as `seconds` and `watts`, energy uses both.
 *
 * Holds where the clock asked for is the clock run at and memory keeps its own.
 *
 * Source: roofline (Williams, Waterman and Patterson 2009), softly; dynamic power C·V²·f.
 */
export function clockModel(question: PowerQuestion): WhiteModel {
  const asked = (table: Table, p: Float64Array, one: PowerQuestion): Float64Array =>
    columnOf(table, 'clockMegahertz').map((clock) => atClock(clock / 1000, p)[one])
  return {
    name: `${question} at a clock`,
    columns: ['clockMegahertz'],
    parameters: clockParameters(1, 100),
    scaled: (samples) => clockParameters(secondsOf(question, samples), wattsOf(question, samples)),
    predict: (table, p) => asked(table, p, question),
    side: sidesOf(question, asked),
    monotone: question === 'watts' ? { clockMegahertz: 1 } : question === 'seconds' ? { clockMegahertz: -1 } : {},
    grows: ['clockMegahertz'],
    shrinks: 'clockMegahertz',
  }
}

function clockParameters(seconds: number, watts: number): Parameter[] {
  return [
    { name: 'computeSecondsAtOneGigahertz', low: seconds / 1000, high: seconds * 100, prior: seconds, spread: 1, positive: true },
    { name: 'memorySeconds', low: seconds / 1000, high: seconds * 10, prior: seconds / 3, spread: 1, positive: true },
    { name: 'overlap', low: 1, high: 20, prior: 4, spread: 0.7, positive: true },
    { name: 'staticWatts', low: watts / 100, high: watts * 3, prior: watts / 3, spread: 0.7, positive: true },
    {
      name: 'dynamicWattsAtOneGigahertz',
      low: watts / 100,
      high: watts * 10,
      prior: (watts * 2) / 3,
      spread: 0.7,
      positive: true,
    },
    { name: 'voltageFloor', low: 0.02, high: 1, prior: 0.4, spread: 0.4, positive: true },
    { name: 'voltageExponent', low: 1, high: 60, prior: 5, spread: 1, positive: true },
  ]
}

function atClock(gigahertz: number, p: Float64Array): Record<PowerQuestion, number> {
  const [compute, memory, overlap, fixed, dynamic, floor, exponent] = p
  const longer = Math.max(compute / gigahertz, memory)
  const seconds = longer * ((compute / gigahertz / longer) ** overlap + (memory / longer) ** overlap) ** (1 / overlap)
  const watts = fixed + dynamic * gigahertz * (floor + (1 - floor) * gigahertz ** exponent)
  return { seconds, watts, joules: seconds * watts }
}

/** The two other quantities as side answers; energy of the target tells one from the other. */
function sidesOf(
  question: PowerQuestion,
  asked: (table: Table, p: Float64Array, one: PowerQuestion) => Float64Array,
): readonly SideAnswer[] {
  return (['seconds', 'watts'] as const)
    .filter((one) => one !== question)
    .map((column) => ({ column, predict: (table, p) => asked(table, p, column) }))
}

function secondsOf(question: PowerQuestion, samples: Samples): number {
  if (question === 'seconds') return middle(samples.target)
  return middle(
    measuredOf(samples, 'seconds') ?? (question === 'joules' ? samples.target.map((value) => value / 150) : Float64Array.of(1)),
  )
}

function wattsOf(question: PowerQuestion, samples: Samples): number {
  return middle(question === 'watts' ? samples.target : (measuredOf(samples, 'watts') ?? Float64Array.of(150)))
}

function measuredOf({ measured }: Samples, name: string): Float64Array | undefined {
  const at = measured?.names.indexOf(name) ?? -1
  return at < 0 ? undefined : measured!.columns[at]
}

function middle(values: Float64Array): number {
  return quantile(Float64Array.from(values).sort(), 0.5)
}
