import {
  type Caveat,
  type ClassRule,
  caveat,
  type JobColumns,
  type LabelColumn,
  type Refusal,
  refuse,
  type Trace,
} from '../model/index.js'

/** Which class each row of a trace belongs to. */
export interface Classification {
  readonly rule: ClassRule
  /** Class names, highest priority first. */
  readonly names: readonly string[]
  /** Priority of each class, 1 the highest; classes that the trace does not order all have 1. */
  readonly priorities: readonly number[]
  /** Class of each row, or −1 where the row lacks the column. */
  readonly index: Int32Array
  readonly caveats: readonly Caveat[]
}

const MOST_CLASSES = 4

/** The rule that suits a trace: by priority where it has several, else by queue, else by group where there are few, else by size, else one class. */
export function defaultClassRule(trace: Trace): ClassRule {
  const { jobs } = trace
  if (jobs.priority && distinct(jobs.priority, 2).length > 1) return { by: 'priority' }
  if (jobs.queue && jobs.queue.labels.length > 1) return { by: 'queue' }
  if (jobs.group && jobs.group.labels.length > 1 && jobs.group.labels.length <= 2 * MOST_CLASSES) return { by: 'group' }
  if (jobs.slots && distinct(jobs.slots, 2).length > 1) return { by: 'size' }
  return { by: 'all' }
}

/**
 * Classes of a trace’s rows by priority, queue, group, user or size.
 *
 * `priority` and `size`: one class a value where there are at most four values, else split at `boundaries` (inclusive upper bounds) or, where
 * none are given, at values that part the rows most evenly into three. Larger priorities go first unless the trace says otherwise; smaller
 * sizes go first. `queue`, `group` and `user`: the `most` (default 4) largest by rows, the rest as one class; the trace does not order them.
 * Refuses (`unsupported`) where the trace lacks the column.
 */
export function classifyJobs(trace: Trace, rule: ClassRule): Classification | Refusal {
  const { jobs } = trace
  switch (rule.by) {
    case 'all':
      return { rule, names: ['all'], priorities: [1], index: new Int32Array(jobs.count), caveats: [] }
    case 'priority':
      return jobs.priority
        ? byValue(jobs.priority, rule, 'priority', trace.priorityOrder !== 'smaller-first')
        : lacks(trace, 'priority')
    case 'size':
      return jobs.slots ? byValue(jobs.slots, rule, `${trace.slotUnit.toLowerCase()}s`, false) : lacks(trace, 'size')
    case 'queue':
      return jobs.queue ? byLabel(jobs, jobs.queue, rule, 'queue') : lacks(trace, 'queue')
    case 'group':
      return jobs.group ? byLabel(jobs, jobs.group, rule, 'group') : lacks(trace, 'group')
    case 'user':
      return jobs.user ? byLabel(jobs, jobs.user, rule, 'user') : lacks(trace, 'user')
  }
}

function lacks(trace: Trace, column: string): Refusal {
  return refuse('unsupported', `${trace.source.path} has no ${column} to tell classes apart by: choose another rule`)
}

function distinct(values: Float64Array, atMost = Number.POSITIVE_INFINITY): number[] {
  const seen = new Set<number>()
  for (const value of values) {
    if (!Number.isNaN(value)) seen.add(value)
    if (seen.size >= atMost) break
  }
  return [...seen].sort((a, b) => a - b)
}

function byValue(values: Float64Array, rule: ClassRule, what: string, largerFirst: boolean): Classification {
  const seen = distinct(values)
  const separate = rule.boundaries === undefined && seen.length <= MOST_CLASSES
  const bounds = rule.boundaries ? [...rule.boundaries].sort((a, b) => a - b) : separate ? seen.slice(0, -1) : evenBounds(values)
  const classOf = (value: number): number => {
    let at = 0
    while (at < bounds.length && value > bounds[at]!) at++
    return largerFirst ? bounds.length - at : at
  }
  const ranges = Array.from({ length: bounds.length + 1 }, (_, i) => {
    const inside = seen.filter((value) => classOf(value) === (largerFirst ? bounds.length - i : i))
    if (inside.length === 0) return `${what} none`
    return inside.length === 1 ? `${what} ${inside[0]}` : `${what} ${inside[0]}–${inside.at(-1)}`
  })
  const index = new Int32Array(values.length)
  for (let row = 0; row < values.length; row++) index[row] = Number.isNaN(values[row]!) ? -1 : classOf(values[row]!)
  const caveats = what.startsWith('priority')
    ? []
    : [
        caveat(
          'priority-assumed',
          'the trace has no priorities: classes are ordered by size, smallest first, should a policy ask for an order',
        ),
      ]
  return { rule, names: largerFirst ? ranges.reverse() : ranges, priorities: ranges.map((_, i) => i + 1), index, caveats }
}

/** Two values that part the rows into three as even as they can be. */
function evenBounds(values: Float64Array): number[] {
  const sorted = values.filter((value) => !Number.isNaN(value)).sort()
  const bounds = [sorted[Math.floor(sorted.length / 3)]!, sorted[Math.floor((2 * sorted.length) / 3)]!]
  return [...new Set(bounds)].filter((bound) => bound < sorted.at(-1)!)
}

function byLabel(jobs: JobColumns, column: LabelColumn, rule: ClassRule, what: string): Classification {
  const rows = new Float64Array(column.labels.length)
  for (const code of column.codes) if (code >= 0) rows[code] = rows[code]! + 1
  const most = rule.most ?? MOST_CLASSES
  const order = [...rows.keys()].filter((code) => rows[code]! > 0).sort((a, b) => rows[b]! - rows[a]! || a - b)
  const own = order.length <= most + 1 ? order : order.slice(0, most)
  const names = own.map((code) => named(what, column.labels[code]!))
  const rest = order.length - own.length
  if (rest > 0) names.push(`other ${what}s (${rest})`)
  const classOf = new Int32Array(column.labels.length).fill(own.length)
  own.forEach((code, i) => {
    classOf[code] = i
  })
  const index = new Int32Array(jobs.count)
  for (let row = 0; row < jobs.count; row++) index[row] = column.codes[row]! < 0 ? -1 : classOf[column.codes[row]!]!
  const message = `the trace does not order its ${what}s: all classes have the same priority`
  return {
    rule,
    names,
    priorities: names.map(() => 1),
    index,
    caveats: names.length > 1 ? [caveat('priority-unknown', message)] : [],
  }
}

/** A label by itself; a bare number with what it numbers. */
function named(what: string, label: string): string {
  return /^-?\d*$/.test(label) ? `${what} ${label}`.trim() : label
}
