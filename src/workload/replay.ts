import { type Refusal, type ReplayJobs, refuse, type Trace } from '../model/index.js'
import type { Classification } from './classes.js'

/** The jobs of a trace that a replay can run, and how many rows it could not and why. */
export interface Replay {
  readonly jobs: ReplayJobs
  /** Row of the trace of each job. */
  readonly rows: Int32Array
  readonly left: Readonly<
    Record<'noSubmit' | 'beforeTrace' | 'noRunTime' | 'zeroRunTime' | 'noSlots' | 'noClass' | 'outsideWindow', number>
  >
  /** Jobs whose request was a fraction of a slot or shared slots, and is counted in whole slots. None where all resources are carried. */
  readonly roundedUp: number
}

/** A window of the trace’s own clock, in seconds from its origin. */
export interface Window {
  readonly fromSeconds?: number
  readonly toSeconds?: number
}

/**
 * The replayable jobs of a trace in order of submission, ties in the order of the file: known submission inside the window and not before the
 * trace began, run time above 0, at least one slot (fractions are rounded up; a trace without sizes counts one slot a job), and a class. Refuses `no-data` where none is left.
 *
 * With `resources: all` the jobs bring their CPUs (where the trace counts cores), memory (where it counts MiB) and parts of slots as well, and jobs that ask for
 * CPUs or memory without slots are among them.
 */
export function replayJobs(
  trace: Trace,
  classes: Classification,
  window: Window = {},
  resources: 'slots' | 'all' = 'slots',
): Replay | Refusal {
  const { jobs } = trace
  const all = resources === 'all'
  const cpu = all && trace.cpuUnit === 'core' ? jobs.cpu : undefined
  const memory = all && trace.memoryUnit === 'MiB' ? jobs.memory : undefined
  const from = window.fromSeconds ?? Number.NEGATIVE_INFINITY
  const to = window.toSeconds ?? Number.POSITIVE_INFINITY
  const left = { noSubmit: 0, beforeTrace: 0, noRunTime: 0, zeroRunTime: 0, noSlots: 0, noClass: 0, outsideWindow: 0 }
  const kept = new Int32Array(jobs.count)
  let count = 0
  for (let row = 0; row < jobs.count; row++) {
    const submit = jobs.submitSeconds[row]!
    const run = jobs.runSeconds[row]!
    if (Number.isNaN(submit)) left.noSubmit++
    else if (jobs.leftTruncated?.[row] === 1) left.beforeTrace++
    else if (submit < from || submit >= to) left.outsideWindow++
    else if (Number.isNaN(run)) left.noRunTime++
    else if (run <= 0) left.zeroRunTime++
    else if (jobs.slots && !(jobs.slots[row]! > 0) && !((cpu?.[row] ?? 0) > 0 || (memory?.[row] ?? 0) > 0)) left.noSlots++
    else if (classes.index[row]! < 0) left.noClass++
    else kept[count++] = row
  }
  if (count === 0) return refuse('no-data', `no job of ${trace.source.path} can be replayed`, { ...left })
  const rows = kept.slice(0, count).sort((a, b) => jobs.submitSeconds[a]! - jobs.submitSeconds[b]! || a - b)
  const first = jobs.submitSeconds[rows[0]!]!
  const has = { slots: jobs.slots, estimate: jobs.estimateSeconds, user: jobs.user }
  const result = {
    count,
    submitSeconds: new Float64Array(count),
    runSeconds: new Float64Array(count),
    slots: new Int32Array(count).fill(1),
    classIndex: new Uint16Array(count),
    ...(has.estimate ? { estimateSeconds: new Float64Array(count) } : {}),
    ...(has.user ? { userIndex: new Int32Array(count) } : {}),
    ...(cpu ? { cpus: new Float64Array(count) } : {}),
    ...(memory ? { memoryMib: new Float64Array(count) } : {}),
    ...(all && has.slots ? { slotShare: new Float64Array(count).fill(1) } : {}),
  }
  let roundedUp = 0
  for (let i = 0; i < count; i++) {
    const row = rows[i]!
    result.submitSeconds[i] = jobs.submitSeconds[row]! - first
    result.runSeconds[i] = jobs.runSeconds[row]!
    result.classIndex[i] = classes.index[row]!
    if (has.slots) {
      const slots = Math.max(has.slots[row]!, 0) || 0
      result.slots[i] = Math.ceil(slots)
      if (result.slotShare) {
        if (slots > 0) result.slotShare[i] = ((jobs.slotShare?.[row] || 1) * slots) / Math.ceil(slots)
      } else if (!Number.isInteger(slots) || (jobs.slotShare !== undefined && jobs.slotShare[row]! < 1)) roundedUp++
    }
    if (result.estimateSeconds) result.estimateSeconds[i] = has.estimate![row]!
    if (result.userIndex) result.userIndex[i] = has.user!.codes[row]!
    if (result.cpus) result.cpus[i] = cpu![row]!
    if (result.memoryMib) result.memoryMib[i] = memory![row]!
  }
  return { jobs: result, rows, left, roundedUp }
}

/** Mean number of busy slots over a replay were no job ever to wait: Σ slots · run time / span of submissions. */
export function offeredSlots(jobs: ReplayJobs): number {
  let slotSeconds = 0
  for (let i = 0; i < jobs.count; i++) slotSeconds += jobs.slots[i]! * jobs.runSeconds[i]!
  const span = jobs.submitSeconds[jobs.count - 1]!
  return span > 0 ? slotSeconds / span : slotSeconds
}
