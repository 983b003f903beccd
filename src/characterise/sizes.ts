import type { Characterisation } from '../model/index.js'
import { argsort } from '../num/index.js'
import { ascending, describe } from './distribution.js'
import { countByGroup, type Groups, knownRows, type Rows, shareOf } from './rows.js'

/**
 * Sizes as groups, ascending: powers of two each for themselves, what lies between two of them together, 0 apart, shares of one slot together.
 * Rows without a size, or with a negative one, are in none. Only groups with rows are there.
 */
export interface SizeGroups extends Groups {
  readonly low: readonly number[]
  readonly high: readonly number[]
}

/** Position of a size on the ladder 0 · (0,1) · 1 · 2 · (2,4) · 4 · (4,8) · 8 …; −1 where it has none. */
function rung(slots: number): number {
  if (!(slots >= 0) || slots === Number.POSITIVE_INFINITY) return -1
  if (slots === 0) return 0
  if (slots < 1) return 1
  let power = 0
  let bound = 1
  while (bound * 2 <= slots) {
    bound *= 2
    power++
  }
  return 2 + 2 * power + (slots > bound ? 1 : 0)
}

/** Groups the rows by size; undefined where the trace has no sizes. */
export function sizeGroups(slots: Float64Array | undefined): SizeGroups | undefined {
  if (!slots) return undefined
  const rungs = new Int32Array(slots.length)
  const low = new Map<number, number>()
  const high = new Map<number, number>()
  let whole = true
  let lastSlots = Number.NaN
  let lastRung = -1
  for (let i = 0; i < slots.length; i++) {
    const value = slots[i]!
    if (value !== lastSlots) {
      lastSlots = value
      lastRung = rung(value)
      if (lastRung > 1 && !Number.isInteger(value)) whole = false
      if (lastRung >= 0) {
        low.set(lastRung, Math.min(value, low.get(lastRung) ?? value))
        high.set(lastRung, Math.max(value, high.get(lastRung) ?? value))
      }
    }
    rungs[i] = lastRung
  }
  const present = [...low.keys()].sort((a, b) => a - b)
  const group = new Int32Array((present.at(-1) ?? 0) + 1).fill(-1)
  for (const [g, r] of present.entries()) group[r] = g
  for (let i = 0; i < rungs.length; i++) if (rungs[i]! >= 0) rungs[i] = group[rungs[i]!]!
  return {
    of: rungs,
    labels: present.map((r) => rungLabel(r, whole)),
    low: present.map((r) => low.get(r)!),
    high: present.map((r) => high.get(r)!),
  }
}

function rungLabel(r: number, whole: boolean): string {
  if (r === 0) return '0'
  if (r === 1) return 'under 1'
  const bound = 2 ** ((r - 2) >> 1)
  if (r % 2 === 0) return String(bound)
  if (!whole) return `over ${bound}, under ${2 * bound}`
  return bound === 2 ? '3' : `${bound + 1}–${2 * bound - 1}`
}

/** How many slots rows ask for, by count and by the slot-time they hold. Null where the trace has no sizes. */
export function sizes(rows: Rows, groups: SizeGroups | undefined): Characterisation['sizes'] {
  const { slots } = rows.jobs
  if (!slots || !groups || groups.labels.length === 0) return null
  const sorted = ascending(slots, 0)
  const counts = countByGroup(groups)
  const held = new Float64Array(groups.labels.length)
  for (let i = 0; i < groups.of.length; i++) {
    const g = groups.of[i]!
    if (g >= 0 && rows.resource[i]! >= 0) held[g] = held[g]! + rows.resource[i]!
  }
  const byValue = new Map<number, number>()
  for (let i = 0; i < sorted.length; ) {
    const from = i
    while (i < sorted.length && sorted[i] === sorted[from]) i++
    byValue.set(sorted[from]!, i - from)
  }
  const { slotShare } = rows.jobs
  let sharing = 0
  if (slotShare) for (let i = 0; i < rows.count; i++) if (slots[i]! > 0 && slotShare[i]! < 1) sharing++
  return {
    distribution: describe(sorted)!,
    sharing: slotShare ? { rows: sharing, share: sharing / sorted.length } : null,
    buckets: groups.labels.map((label, g) => ({
      label,
      low: groups.low[g]!,
      high: groups.high[g]!,
      rows: counts[g]!,
      share: counts[g]! / sorted.length,
      slotSeconds: held[g]!,
      slotTimeShare: shareOf(held[g]!, rows.totalResource),
    })),
    values: [...byValue]
      .sort((a, b) => b[1] - a[1] || a[0] - b[0])
      .slice(0, 20)
      .map(([value, count]) => ({ slots: value, rows: count, share: count / sorted.length })),
  }
}

const WORK_CLASSES = [
  { label: 'S: up to 1 h', atMostHours: 1 },
  { label: 'M: 1–10 h', atMostHours: 10 },
  { label: 'L: 10–100 h', atMostHours: 100 },
  { label: 'XL: over 100 h', atMostHours: null },
] as const

/** Resource-time of rows, with the four classes by resource-hours of Sia (SOSP’23). Null where no run time is known. */
export function work(resource: Float64Array): Characterisation['work'] {
  const distribution = describe(resource)
  if (!distribution) return null
  const counts = [0, 0, 0, 0]
  const held = [0, 0, 0, 0]
  for (let i = 0; i < resource.length; i++) {
    const seconds = resource[i]!
    const hours = seconds / 3600
    const c = hours <= 1 ? 0 : hours <= 10 ? 1 : hours <= 100 ? 2 : 3
    counts[c]!++
    held[c] = held[c]! + seconds
  }
  return {
    distribution,
    classes: WORK_CLASSES.map(({ label, atMostHours }, c) => ({
      label,
      atMostHours,
      rows: counts[c]!,
      share: counts[c]! / distribution.count,
      resourceShare: shareOf(held[c]!, distribution.sum),
    })),
  }
}

/** Tasks a job where rows are task attempts that name their job: distinct names of tasks where there are any, rows otherwise. */
export function fanOut(rows: Rows): Characterisation['fanOut'] {
  const { id, name } = rows.jobs
  if (rows.trace.unit !== 'task-attempt' || !id) return null
  const tasks = new Float64Array(id.labels.length)
  if (name) {
    // distinct (job, task) pairs: sort them by task within job
    const key = new Float64Array(rows.count)
    for (let i = 0; i < rows.count; i++)
      key[i] = id.codes[i]! < 0 || name.codes[i]! < 0 ? Number.NaN : id.codes[i]! * name.labels.length + name.codes[i]!
    const order = argsort(key, knownRows(key))
    let last = -1
    for (let i = 0; i < order.length; i++) {
      const row = order[i]!
      if (key[row] === last) continue
      last = key[row]!
      tasks[id.codes[row]!] = tasks[id.codes[row]!]! + 1
    }
  } else for (const code of id.codes) if (code >= 0) tasks[code] = tasks[code]! + 1
  const sorted = tasks.filter((count) => count > 0).sort()
  const distribution = describe(sorted)
  return distribution && { jobs: sorted.length, tasksPerJob: distribution }
}
