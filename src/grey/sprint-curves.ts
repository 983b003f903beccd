/**
 * Mean response against the speed of sprints, one curve a condition: simulated at the nodes ln s = k/16 that are asked for, cubic in ln R between them.
 * A calibration and predictions near it need four to six simulations of a condition, whatever the number of questions; common random numbers make the curve smooth.
 * It is off by less than 0.3 % from the simulation at that very speed in 99 questions of 100, and by up to 3 % where a budget just begins to suffice and the curve has a kink
 * (a test compares them).
 */
import { Rng } from '../num/index.js'
import { type SprintCondition, type Sprinting, type SprintPaths, sprintCapacity, sprintPaths } from './sprint-paths.js'

export interface SprintCurves {
  /** Seconds; 0 where the load is at or above what the server can do for ever. */
  responseSeconds(condition: SprintCondition, speed: number): number
  /** How sprints go at a speed: simulated once a condition and speed. */
  sprinting(condition: SprintCondition, speed: number): Sprinting
}

export interface SprintCurvesOptions {
  /** Seed of the paths; 1 unless given. */
  readonly seed?: number
  /** Paths of the simulator and queries on each; 3 of 60,000 unless given. */
  readonly paths?: number
  readonly queries?: number
}

const NODES_PER_UNIT = 16
/** Nearer to the capacity than this share the curve is too steep to be interpolated. */
const ROOM = 0.05

/** Curves over paths that are drawn at the first question; what was simulated is kept as long as this object. */
export function sprintCurves({ seed = 1, paths = 3, queries = 60_000 }: SprintCurvesOptions = {}): SprintCurves {
  let drawn: SprintPaths | undefined
  const curves = new Map<string, Map<number, number>>()
  const sprints = new Map<string, Sprinting>()
  const keyOf = (condition: SprintCondition): string =>
    `${condition.arrivalRatePerSecond} ${condition.serviceRatePerSecond} ${condition.serviceScv} ${condition.timeoutSeconds} ${condition.budgetSeconds} ${condition.windowSeconds}`
  const pathsNow = (): SprintPaths => {
    drawn ??= sprintPaths({ rng: new Rng(seed, 'sprint paths'), paths, queries })
    return drawn
  }
  return {
    sprinting(condition, speed) {
      const key = `${keyOf(condition)} ${speed}`
      const known = sprints.get(key) ?? pathsNow().sprinting(condition, speed)
      sprints.set(key, known)
      return known
    },
    responseSeconds(condition, speed) {
      if (condition.arrivalRatePerSecond >= sprintCapacity(condition, speed)) return 0
      const simulated = pathsNow()
      const at = Math.log(Math.max(1, speed)) * NODES_PER_UNIT
      const first = Math.max(0, Math.floor(at) - 1)
      const lowest = Math.exp(first / NODES_PER_UNIT)
      if (condition.arrivalRatePerSecond >= (1 - ROOM) * sprintCapacity(condition, lowest))
        return simulated.meanResponseSeconds(condition, speed)
      const key = keyOf(condition)
      const curve = curves.get(key) ?? new Map<number, number>()
      curves.set(key, curve)
      const node = (k: number): number => {
        const known = curve.get(k)
        if (known !== undefined) return known
        const value = Math.log(simulated.meanResponseSeconds(condition, Math.exp(k / NODES_PER_UNIT)))
        curve.set(k, value)
        return value
      }
      // Lagrange’s cubic through the four nodes around
      const [a, b, c, d] = [node(first), node(first + 1), node(first + 2), node(first + 3)]
      const t = at - first
      const value =
        (-a * (t - 1) * (t - 2) * (t - 3)) / 6 +
        (b * t * (t - 2) * (t - 3)) / 2 -
        (c * t * (t - 1) * (t - 3)) / 2 +
        (d * t * (t - 1) * (t - 2)) / 6
      return Math.exp(value)
    },
  }
}
