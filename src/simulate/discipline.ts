/**
 * What a discipline is to the engine: an order of the waiting and, where running jobs may be interrupted, an order of urgency between
 * the waiting and the running. One file a discipline in `disciplines/`; `docs/simulate.md` shows how to add one.
 */

/** The jobs of a run as a discipline sees them: columns indexed by job number, which is the order of arrival. Times in seconds. */
export interface JobTable {
  readonly count: number
  /** Index into the workload’s classes. */
  readonly classIndex: Uint16Array
  /** Time needed on its slots at speed 1; of a job of tasks: with as many slots as it can use at once. */
  readonly size: Float64Array
  /** Slots that it needs to start; of a job of tasks: that its next task needs. */
  readonly slots: Int32Array
  /** Slots that it really holds where it needs parts of slots; `slots` where absent. */
  readonly width?: Int32Array | Float64Array
  /** What the user said the job would take, its size where nothing was said; of a job of tasks: the mean time of those of its stage. */
  readonly estimate: Float64Array
  /** Whose job it is: the user where the trace names one, the class otherwise. */
  readonly owner: Int32Array | Uint16Array
  /** Priority by class index: 1 is the highest. */
  readonly classPriority: Int32Array
  readonly owners: number
  /** Work left at speed 1, as of now. */
  remaining(job: number, now: number): number
  /** Slots × seconds held so far, lost attempts included. */
  attained(job: number, now: number): number
}

/**
 * The jobs that wait, in the discipline’s order. Ties go by order of arrival. A job that was evicted joins again and takes the place that
 * its order gives it.
 */
export interface WaitingQueue {
  readonly length: number
  add(job: number, now: number): void
  /** The next job, or −1. */
  head(now: number): number
  /** Takes a job out: the head, or one further back where backfilling found it. */
  take(job: number, now: number): void
  /** The owner’s job began or stopped running on so many slots (a positive or negative number). Fair share listens. */
  usage?(owner: number, slots: number, now: number): void
  /** Numbers to go on from, and back. Only for what the waiting jobs alone do not tell. */
  save?(): Float64Array
  restore?(saved: Float64Array): void
}

export interface DisciplineRule {
  readonly name: string
  /** Whether running jobs may be interrupted, and whether their work is then kept. */
  readonly interrupts: 'never' | 'resume' | 'restart'
  /** A fresh empty queue. */
  queue(jobs: JobTable): WaitingQueue
  /** Smaller is more urgent. A waiting job may evict running ones of strictly larger urgency. Needed where `interrupts` is not `never`. */
  urgency?(jobs: JobTable, job: number, now: number): number
  /** A waiting job’s place changes while some of its tasks run (its remaining or attained work does). The engine of tasks then puts it in order anew. */
  readonly drifts?: boolean
  /** Slot-seconds at which a running job must be looked at again, ascending (levels of attained service). */
  readonly levels?: readonly number[]
  /** Whether jobs behind a blocked head may start: as long as they do not delay the head, or do not delay anybody before them. */
  readonly backfill?: 'easy' | 'conservative'
}
