/** What tells somebody to stop waiting: an `AbortSignal`, said without the types of a platform. */
export interface StopSignal {
  readonly aborted: boolean
  addEventListener(type: 'abort', listener: () => void): void
  removeEventListener(type: 'abort', listener: () => void): void
}

/** What time it is, and waiting, handed to whatever needs them: real in a program, virtual in a replay or a test. */
export interface Clock {
  /** Seconds since 1970, or since the beginning of a replay. It may jump where the machine’s clock is set. */
  now(): number
  /** Seconds that only ever grow, for durations: not touched by setting the machine’s clock. */
  monotonic(): number
  /** Returns after so many seconds, at once for 0 or less, or as soon as the signal is aborted (without an error). */
  sleep(seconds: number, signal?: StopSignal): Promise<void>
}
