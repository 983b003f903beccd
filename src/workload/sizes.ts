import type { CountLaw } from '../model/index.js'

/**
 * The law of a count (slots of a job) as observed: every value with its share where there are at most `most` values, else the values between
 * equally likely bounds drawn together as their rounded mean.
 */
export function fitCounts(values: ArrayLike<number>, most = 32): CountLaw {
  const seen = new Map<number, number>()
  for (let i = 0; i < values.length; i++) seen.set(values[i]!, (seen.get(values[i]!) ?? 0) + 1)
  const counts = [...seen.keys()].sort((a, b) => a - b)
  if (counts.length === 1) return counts[0]!
  if (counts.length <= most) return { counts, probabilities: counts.map((count) => seen.get(count)! / values.length) }
  const groups = new Map<number, { total: number; rows: number }>()
  let before = 0
  for (const count of counts) {
    const rows = seen.get(count)!
    const group = Math.min(most - 1, Math.floor((most * before) / values.length))
    const sum = groups.get(group) ?? { total: 0, rows: 0 }
    groups.set(group, { total: sum.total + count * rows, rows: sum.rows + rows })
    before += rows
  }
  const merged = new Map<number, number>()
  for (const { total, rows } of groups.values())
    merged.set(Math.max(1, Math.round(total / rows)), (merged.get(Math.max(1, Math.round(total / rows))) ?? 0) + rows)
  const kept = [...merged.keys()].sort((a, b) => a - b)
  return kept.length === 1 ? kept[0]! : { counts: kept, probabilities: kept.map((count) => merged.get(count)! / values.length) }
}

/** Jobs of more slots than `above` and at most `slotsAtMost`. */
export interface SizeGroup {
  readonly above: number
  readonly slotsAtMost: number
}

const GROUPS = 6
const FEWEST = 30

/**
 * Sizes that are told apart where run times are fitted by size: at most six groups of at least 30 jobs each, ascending; a size of its own for the sizes that most
 * jobs have, neighbours together otherwise. One group where there are too few jobs or a single size.
 */
export function sizeGroups(slots: ArrayLike<number>): SizeGroup[] {
  const seen = new Map<number, number>()
  for (let i = 0; i < slots.length; i++) seen.set(slots[i]!, (seen.get(slots[i]!) ?? 0) + 1)
  const sizes = [...seen.keys()].sort((a, b) => a - b)
  const groups = sizes.map((size) => ({ slotsAtMost: size, jobs: seen.get(size)! }))
  const merge = (at: number): void => {
    const [low, high] = groups.splice(at, 2) as [(typeof groups)[number], (typeof groups)[number]]
    groups.splice(at, 0, { slotsAtMost: high.slotsAtMost, jobs: low.jobs + high.jobs })
  }
  for (;;) {
    const smallest = groups.reduce((least, { jobs }, i) => (jobs < groups[least]!.jobs ? i : least), 0)
    if (groups.length === 1 || (groups.length <= GROUPS && groups[smallest]!.jobs >= FEWEST)) break
    // to the smaller of its neighbours
    const [before, after] = [
      groups[smallest - 1]?.jobs ?? Number.POSITIVE_INFINITY,
      groups[smallest + 1]?.jobs ?? Number.POSITIVE_INFINITY,
    ]
    merge(before <= after ? smallest - 1 : smallest)
  }
  return groups.map(({ slotsAtMost }, i) => ({ above: groups[i - 1]?.slotsAtMost ?? 0, slotsAtMost }))
}
