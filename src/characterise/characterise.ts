import { type Characterisation, type Refusal, refuse, type Trace } from '../model/index.js'
import { arrivals } from './arrivals.js'
import { caveats } from './caveats.js'
import { ascending, sortColumn } from './distribution.js'
import { durations, type Groupings } from './durations.js'
import { estimates } from './estimates.js'
import { heterogeneity } from './heterogeneity.js'
import { missing } from './missing.js'
import { names } from './names.js'
import { notDerivable } from './not-derivable.js'
import { outcomeGroups, outcomes } from './outcomes.js'
import { queues } from './queues.js'
import { countByGroup, deriveRows, groupByLabel, groupByNumber, type Rows } from './rows.js'
import { fanOut, sizeGroups, sizes, work } from './sizes.js'
import { skew } from './skew.js'
import { utilisation } from './utilisation.js'
import { response, slowdown, waiting } from './waiting.js'

export interface CharacteriseOptions {
  /**
   * Slots of the cluster: gives utilisation as a share, and splits waits by whether there was room. Default: the processors that the trace’s own
   * header names (SWF’s MaxProcs), where slots are processors.
   */
  readonly capacitySlots?: number
  /** Run times below this count as this much in the slowdown. Default 10 s. */
  readonly boundedSlowdownSeconds?: number
  /** Most groups of a grouping by queue or priority; the rest of the queues becomes one group. Default 24. */
  readonly groupsAtMost?: number
}

/**
 * The whole checklist of a workload study about one trace, as plain JSON with every point of every plot.
 *
 * Times in seconds. What the trace cannot answer is null and listed in `notDerivable` with its reason; what was left out of a figure is a caveat.
 * Definitions are in `docs/characterise.md`. O(n log n) in rows, about 100 bytes a row beside the trace; the trace is not changed.
 * Refuses (`no-data`) a trace without rows.
 *
 * @example
 * const study = characterise(trace)
 * if (!isRefusal(study)) study.durations?.overall.quantiles.p99
 */
export function characterise(trace: Trace, options: CharacteriseOptions = {}): Characterisation | Refusal {
  if (trace.jobs.count === 0) return refuse('no-data', `${trace.source.path} has no usable row`, { rows: trace.source.rows })
  const { capacitySlots = processorsOf(trace), boundedSlowdownSeconds = 10, groupsAtMost = 24 } = options
  const rows = deriveRows(trace)
  const run = sortColumn(rows.duration)
  const wait = rows.wait && sortColumn(rows.wait)
  const resource = rows.held || rows.duration !== rows.run ? ascending(rows.resource) : run.values
  const groupings = groupingsOf(rows, groupsAtMost)
  const size = sizeGroups(trace.jobs.slots)
  const withSize = { ...groupings, size }

  const definitions: Characterisation['definitions'] = {
    quantile: 'linear interpolation between order statistics (type 7, SQL quantile_cont)',
    moments: 'of the empirical law (divisor n)',
    resource: trace.jobs.slots ? 'slot-seconds' : 'row-seconds',
    boundedSlowdownSeconds,
  }
  const found = {
    arrivals: arrivals(rows),
    sizes: sizes(rows, size),
    work: work(resource),
    fanOut: fanOut(rows),
    durations: durations(run, withSize),
    waiting: wait ? waiting(rows, wait, withSize, capacitySlots) : null,
    response: response(rows),
    slowdown: slowdown(rows, boundedSlowdownSeconds),
    outcomes: outcomes(rows, run, groupings.outcome),
    utilisation: utilisation(rows, capacitySlots),
    skew: skew(rows, resource),
    names: names(rows),
    queues: queues(rows, run, wait),
    heterogeneity: heterogeneity(rows),
    estimates: estimates(rows),
    missing: missing(rows),
  }
  return {
    schema: 'halftone/characterisation/1',
    source: source(rows),
    definitions,
    ...found,
    censored: {
      started: rows.counts.censoredStarted,
      neverStarted: rows.counts.censoredWaiting,
      negativeWait: rows.counts.negativeWait,
      negativeRun: rows.counts.negativeRun,
    },
    issues: trace.issues.counts.map(({ code, severity, count, message }) => ({ code, severity, count, message })),
    notDerivable: notDerivable(rows, found),
    caveats: caveats(rows, { ...found, definitions }),
  }
}

/** The size of the cluster where the trace itself tells it: a note `max-processors` of its reader. */
function processorsOf(trace: Trace): number | undefined {
  const value = trace.notes.find((note) => note.code === 'max-processors')?.numbers?.['value']
  return trace.slotUnit === 'processor' && value !== undefined && value > 0 ? value : undefined
}

/** Classes are priorities where these tell rows apart and are few, else queues. */
function groupingsOf(rows: Rows, most: number): Groupings {
  const { priority, queue, outcome } = rows.jobs
  const byPriority = priority && groupByNumber(priority, most)
  const byQueue = queue && groupByLabel(queue, most)
  const tells = (groups: typeof byPriority) => groups !== undefined && countByGroup(groups).length > 1
  const classesBy = tells(byPriority)
    ? 'priority'
    : byQueue && byQueue.labels.length > 0
      ? 'queue'
      : byPriority?.labels.length
        ? 'priority'
        : null
  return {
    size: undefined,
    outcome: outcomeGroups(outcome),
    queue: byQueue,
    classes: classesBy === 'priority' ? byPriority : classesBy === 'queue' ? byQueue : undefined,
    classesBy,
  }
}

function source(rows: Rows): Characterisation['source'] {
  const { source, unit, slotUnit, clock, jobs } = rows.trace
  let first = Number.POSITIVE_INFINITY
  let last = Number.NEGATIVE_INFINITY
  for (let i = 0; i < jobs.count; i++) {
    const t = jobs.submitSeconds[i]!
    if (t < first) first = t
    if (t > last) last = t
  }
  const finite = (value: number) => (Number.isFinite(value) ? value : null)
  return {
    path: source.path,
    format: source.format,
    unit,
    slotUnit,
    rows: source.rows,
    used: jobs.count,
    bytes: source.bytes,
    clock:
      clock.kind === 'unix'
        ? { kind: 'unix', originUnixSeconds: clock.originUnixSeconds, timeZone: clock.timeZone }
        : { kind: 'relative', originUnixSeconds: null, timeZone: null },
    firstSubmitSeconds: finite(first),
    lastSubmitSeconds: finite(last),
    lastEventSeconds: finite(rows.lastEvent),
  }
}
