/**
 * The jobs of a trace as a replay sees them, in order of submission: columns of equal length. Times in seconds.
 * Only jobs with a known submission, run time above 0 and at least one slot (or, with `cpus` or `memoryMib`, some of those) are in it; what was
 * left out is counted where it was made.
 */
export interface ReplayJobs {
  readonly count: number
  /** Ascending, the first at 0. */
  readonly submitSeconds: Float64Array
  /** Time the job runs on its slots at speed 1. */
  readonly runSeconds: Float64Array
  readonly slots: Int32Array
  /** Index into the workload’s classes. */
  readonly classIndex: Uint16Array
  /** The user’s own estimate of the run time, where the trace has one (NaN where not): what backfill plans with. */
  readonly estimateSeconds?: Float64Array
  /** Index of the user, for fair share. */
  readonly userIndex?: Int32Array
  /** What each job asks for besides slots, in all: counted under `resources: all`. NaN where the trace does not say. */
  readonly cpus?: Float64Array
  readonly memoryMib?: Float64Array
  /** Part of each slot that the job holds, above 0 to 1; 1 or NaN: whole slots. */
  readonly slotShare?: Float64Array
}
