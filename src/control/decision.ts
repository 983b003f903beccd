import type { ClusterAction } from '../model/index.js'

/** An action that the steering wants done now, and why. */
export interface Decision {
  readonly action: ClusterAction
  readonly reason: string
  /** It only takes back what was done before: nothing holds it back. */
  readonly restores?: true
}
