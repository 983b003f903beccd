import type { Sprint } from '../model/index.js'

/**
 * A burstable instance: it runs at its baseline share of a core for ever, and at the whole of it while it has credits. One credit is one
 * core-minute at full speed.
 */
export interface BurstableType {
  readonly name: string
  readonly cores: number
  /** Share of each core that it may use for ever. */
  readonly baseline: number
  readonly creditsPerHour: number
  readonly creditsAtMost: number
}

/** Instance types of AWS’s T2 family. Source: AWS documentation, as quoted in specs/sprint.md 2.5. */
export const T2: readonly BurstableType[] = [
  { name: 't2.micro', cores: 1, baseline: 0.1, creditsPerHour: 6, creditsAtMost: 144 },
  { name: 't2.small', cores: 1, baseline: 0.2, creditsPerHour: 12, creditsAtMost: 288 },
  { name: 't2.medium', cores: 2, baseline: 0.2, creditsPerHour: 24, creditsAtMost: 576 },
]

/**
 * The sprint that a burstable type is: speed 1/baseline against the baseline, a bucket of the credits in seconds of sprint of one core,
 * refilled at the rate that the credits come in. A sprint second burns one core-second of credit. `timeoutSeconds` 0 for a class is AWS’s
 * own policy: burst whenever there is demand and credit.
 */
export function burstableSprint(type: BurstableType, timeoutSeconds: Sprint['timeoutSeconds']): Sprint {
  return {
    origin: 'arrival',
    speed: 1 / type.baseline,
    timeoutSeconds,
    toggleDelaySeconds: 0,
    budget: {
      seconds: (type.creditsAtMost * 60) / type.cores,
      refillPerSecond: (type.creditsPerHour * 60) / 3_600 / type.cores,
      onThresholdSeconds: 0.5,
    },
  }
}
