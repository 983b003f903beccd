import type { Policy } from './policy.js'
import type { PairedDifference } from './policy-comparison.js'
import type { Prediction, Times } from './prediction.js'
import type { Refusal } from './refusal.js'
import type { ReplayJobs } from './replay.js'
import type { Scenario } from './scenario.js'

/** A policy whose responses are known without error (by formula), class by class: played along, it says how lucky the draws were. */
export interface KnownPolicy {
  readonly policy: Policy
  readonly response: readonly Times[]
}

export interface RaceOptions {
  readonly seed: number
  readonly replay?: ReplayJobs
  /** Jobs that one policy may take in all. */
  readonly jobsAtMost?: number
  /** What is simulated is corrected by how far this policy’s simulation is off what is known of it. */
  readonly known?: KnownPolicy
  /** Seconds on a clock that only goes forward; without it what a policy cost is in jobs alone. */
  readonly now?: () => number
}

/** Policies under way on the same luck: each can be played on until it is sharp enough, and any two compared replication by replication. */
export interface Race {
  /** Plays each of these policies, by place, until its widest mean is within `precision` (relative half-width) or its jobs are used up. */
  sharpen(places: readonly number[], precision: number): void
  /** What is known of a policy by now. */
  prediction(place: number): Prediction | Refusal
  /** Response under the first minus response under the second, class by class; undefined where they were not played on the same luck. */
  difference(place: number, from: number): readonly PairedDifference[] | undefined
}

/** Opens a race of these policies for the scenario. */
export type OpenRace = (scenario: Scenario, policies: readonly Policy[], options: RaceOptions) => Race
