/** What a client and the daemon of an embedded cluster say to each other, one line each way. */
import type { Capabilities, ClusterAction, Enacted, Observation, ObserveOptions, Refusal } from '../../model/index.js'
import type { Calibration } from './calibrate.js'
import type { Anchor } from './clock.js'

export type Request =
  | { readonly call: 'hello' }
  | { readonly call: 'capabilities' }
  | { readonly call: 'observe'; readonly options?: ObserveOptions }
  | { readonly call: 'enact'; readonly action: ClusterAction }
  | { readonly call: 'status' }
  /** The caller steers no more. */
  | { readonly call: 'release' }
  /** The daemon ends; refused while jobs live, unless they are to be cancelled. */
  | { readonly call: 'stop'; readonly cancel: boolean }

export interface Answers {
  hello: { readonly anchor: Anchor }
  capabilities: Capabilities
  observe: Observation
  enact: Enacted | Refusal
  status: EmbeddedStatus
  release: { readonly released: boolean }
  stop: { readonly stopping: true } | Refusal
}

export interface Asked {
  readonly id: number
  /** Which controller asks. */
  readonly controller: string
  readonly request: Request
}

export interface Answered {
  readonly id: number
  readonly answer?: unknown
  /** The daemon met a bug. */
  readonly fault?: string
}

export interface EmbeddedStatus {
  readonly process: number
  readonly directory: string
  readonly upSeconds: number
  readonly slots: number
  readonly nodes: number
  readonly engine: 'shared' | 'exclusive'
  readonly discipline: string
  readonly liveJobs: number
  readonly runningTasks: number
  readonly mechanism: string
  /** Why it is not a better one. */
  readonly mechanismNote?: string
  readonly normalShare: number
  /** Absent: the speeds were not measured. */
  readonly calibration?: Calibration
  readonly lease?: { readonly holder: string; readonly secondsLeft: number }
  readonly journalBytes: number
}
