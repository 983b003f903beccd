/**
 * Policies compared on the same luck: every replication draws its jobs alike for all of them, and intervals are put around the differences replication by
 * replication. That takes far fewer jobs than comparing two separate answers.
 */
import type { PairedDifference, Policy, Prediction, Refusal, Scenario } from '../model/index.js'
import { JOBS_AT_MOST } from './predictor.js'
import { openRace, type SimulatedRaceOptions } from './race.js'

export interface CompareOptions extends SimulatedRaceOptions {
  /** Wanted half-width of the interval of each mean, relative to the mean. Default 0.05. */
  readonly precision?: number
  /** Jobs simulated in all, shared out evenly. */
  readonly jobsAtMost?: number
  /** Called now and then with the share done, 0 to 1. */
  readonly progress?: (share: number) => void
}

export interface Compared {
  readonly policy: Policy
  readonly outcome: Prediction | Refusal
  /** Absent for the first policy, and where either was refused. */
  readonly against?: readonly PairedDifference[]
}

/** Every policy of a race (`openRace`) played until its means are sharp, the first of them what the others are held against. */
export function comparePolicies(scenario: Scenario, policies: readonly Policy[], options: CompareOptions): Compared[] {
  const { precision = 0.05, jobsAtMost = JOBS_AT_MOST, progress, ...rest } = options
  const race = openRace(scenario, policies, { ...rest, jobsAtMost: jobsAtMost / Math.max(1, policies.length) })
  policies.forEach((_, place) => {
    race.sharpen([place], precision)
    progress?.((place + 1) / policies.length)
  })
  return policies.map((policy, place) => {
    const against = place === 0 ? undefined : race.difference(place, 0)
    return { policy, outcome: race.prediction(place), ...(against ? { against } : {}) }
  })
}
