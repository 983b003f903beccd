import {
  type Caveat,
  type ClassRule,
  caveat,
  isRefusal,
  type JobClass,
  type Refusal,
  type ReplayJobs,
  type Trace,
  type Workload,
} from '../model/index.js'
import { fitArrivalLaw } from './arrivals.js'
import { type Classification, classifyJobs, defaultClassRule } from './classes.js'
import { type Replay, replayJobs, type Window } from './replay.js'
import { fitRunTimes } from './run-times.js'
import { fitCounts, type SizeGroup, sizeGroups } from './sizes.js'

/** How a trace becomes a workload. */
export interface WorkloadOptions {
  readonly name?: string
  readonly classes?: ClassRule
  readonly window?: Window
  /** `replay`: the trace’s own jobs, one by one; `poisson`, `time-of-day` and `map`: fitted. Default `replay`. */
  readonly arrivals?: 'replay' | 'poisson' | 'time-of-day' | 'map'
  /** For fitted arrivals: the law of run times is fitted, or the empirical one. Default `fit`. */
  readonly runTimes?: 'fit' | 'empirical'
  /** May jobs run on a share of their data? By class name, or for all. Default: none may. */
  readonly divisible?: boolean | readonly string[]
  /** What replayed jobs ask for: slots, or CPUs, memory and parts of slots as well. Default `slots`. */
  readonly resources?: 'slots' | 'all'
}

/** A workload with the jobs it came from. */
export interface FittedWorkload {
  readonly workload: Workload
  readonly replay: ReplayJobs
  /** Row of the trace of each replayed job. */
  readonly rows: Int32Array
  readonly classification: Classification
}

/**
 * The workload of a trace: its classes, and for each class laws fitted to its jobs or their replay. What was left out, what was assumed and how far each
 * law is from the data are caveats of the workload. Refuses where the trace has no column for the class rule, or no job that can be replayed.
 */
export function workloadFromTrace(trace: Trace, options: WorkloadOptions = {}): FittedWorkload | Refusal {
  const classification = classifyJobs(trace, options.classes ?? defaultClassRule(trace))
  if (isRefusal(classification)) return classification
  const replay = replayJobs(trace, classification, options.window, options.resources)
  if (isRefusal(replay)) return replay
  const arrivals = options.arrivals ?? 'replay'
  const present = classification.names.map((_, i) => i).filter((i) => replay.jobs.classIndex.includes(i))
  const caveats: Caveat[] = [...leftOut(replay), ...classification.caveats]
  const classes = present.map((index, position): JobClass => {
    const name = classification.names[index]!
    const divisible = Array.isArray(options.divisible) ? options.divisible.includes(name) : options.divisible === true
    const identity = { name, priority: classification.priorities[index]! }
    const resources = options.resources === 'all' ? { resources: options.resources } : {}
    if (arrivals === 'replay')
      return { ...identity, arrival: { kind: 'replay' }, work: { kind: 'replay', divisible, ...resources } }
    const mine = [...replay.jobs.classIndex.keys()].filter((job) => replay.jobs.classIndex[job] === index)
    const pick = (column: ArrayLike<number>): Float64Array => Float64Array.from(mine, (job) => column[job]!)
    const path = `classes[${position}]`
    const arrival = fitArrivalLaw(pick(replay.jobs.submitSeconds), arrivals, `${path}.arrival`)
    const censored = stillRunning(trace, classification, index)
    const how = options.runTimes ?? 'fit'
    const [slots, runs] = [pick(replay.jobs.slots), pick(replay.jobs.runSeconds)]
    const groups = sizeGroups(slots)
    const last = groups.at(-1)!
    const of = (group: SizeGroup): Float64Array =>
      runs.filter((_, i) => slots[i]! > group.above && slots[i]! <= group.slotsAtMost)
    const runTime = fitRunTimes(of(last), how, { path: `${path}.work.runTime`, ...(groups.length === 1 ? { censored } : {}) })
    const bySlots = groups.slice(0, -1).map((group, i) => {
      const fit = fitRunTimes(of(group), how, { path: `${path}.work.runTimeBySlots[${i}]` })
      caveats.push(...fit.caveats)
      return { slotsAtMost: group.slotsAtMost, runTime: fit.law }
    })
    caveats.push(...arrival.caveats, ...runTime.caveats)
    if (mine.length < 100)
      caveats.push(
        caveat('small-sample', `${name} has only ${mine.length} jobs: its laws are guesses`, {
          path,
          numbers: { jobs: mine.length },
        }),
      )
    return {
      ...identity,
      arrival: arrival.arrival,
      work: {
        kind: 'gang',
        slots: fitCounts(slots),
        runTime: runTime.law,
        ...(bySlots.length > 0 ? { runTimeBySlots: bySlots } : {}),
        divisible,
      },
    }
  })
  // classes without a replayable job vanish, so the replay counts classes anew
  const renumbered = replay.jobs.classIndex.map((index) => present.indexOf(index))
  const workload: Workload = {
    schema: 'halftone/workload/1',
    name: options.name ?? trace.source.path.replace(/^.*[/\\]/, ''),
    classes,
    trace: { path: trace.source.path, format: trace.source.format, classes: classification.rule },
    caveats: caveats.map(plain),
  }
  return { workload, replay: { ...replay.jobs, classIndex: renumbered }, rows: replay.rows, classification }
}

function plain({ code, message, path, numbers }: Caveat): NonNullable<Workload['caveats']>[number] {
  return { code, message, ...(path ? { path } : {}), ...(numbers ? { numbers: { ...numbers } } : {}) }
}

/** How long the jobs of a class had been running that the trace saw start but not end. */
function stillRunning({ jobs }: Trace, { index }: Classification, wanted: number): number[] {
  const { startSeconds, endSeconds } = jobs
  if (!startSeconds || !endSeconds) return []
  let last = Number.NEGATIVE_INFINITY
  for (let row = 0; row < jobs.count; row++) {
    if (endSeconds[row]! > last) last = endSeconds[row]!
    if (jobs.submitSeconds[row]! > last) last = jobs.submitSeconds[row]!
  }
  const elapsed: number[] = []
  for (let row = 0; row < jobs.count; row++) {
    const start = startSeconds[row]!
    if (index[row] === wanted && Number.isNaN(endSeconds[row]!) && Number.isNaN(jobs.runSeconds[row]!) && start < last)
      elapsed.push(last - start)
  }
  return elapsed
}

const REASONS: Readonly<Record<keyof Replay['left'], string>> = {
  noSubmit: 'without a submission time',
  beforeTrace: 'submitted before the trace began',
  noRunTime: 'without a run time (still running, never started, or their end is not in the trace)',
  zeroRunTime: 'with a run time of 0 or below',
  noSlots: 'that asked for no slots',
  noClass: 'without a class',
  outsideWindow: 'outside the window',
}

function leftOut({ left, roundedUp, jobs }: Replay): Caveat[] {
  const found = Object.entries(left).filter(([, count]) => count > 0)
  const caveats: Caveat[] = []
  if (found.length > 0) {
    const said = found
      .map(([reason, count]) => `${count.toLocaleString('en-GB')} ${REASONS[reason as keyof Replay['left']]}`)
      .join('; ')
    caveats.push(
      caveat('jobs-left-out', `${jobs.count.toLocaleString('en-GB')} jobs are in the workload; left out: ${said}`, {
        numbers: { used: jobs.count, ...left },
      }),
    )
  }
  if (roundedUp > 0)
    caveats.push(
      caveat(
        'shared-slots',
        `${roundedUp.toLocaleString('en-GB')} jobs asked for part of a slot and are counted as holding it whole`,
        { numbers: { jobs: roundedUp } },
      ),
    )
  return caveats
}
